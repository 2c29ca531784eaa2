// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	_ "embed" // the script that finds things
	"encoding/json"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed find.js
var find string

// patience is how long a page may take to show what a story waits for.
const patience = 15 * time.Second

// Value is what the field with the label holds.
func (p *Page) Value(label string) string {
	p.t.Helper()
	a, err := p.ask("field", label)
	p.must("reading "+label, err)
	if a.Missing != "" {
		p.Fail("there is no field %q on %s; there are %q", label, p.Path(), a.Have)
	}
	return a.Value
}

// Text is everything that can be read on the page, spaces made single.
func (p *Page) Text() string {
	p.t.Helper()
	a, err := p.ask("text", nil)
	p.must("reading the page", err)
	return a.Text
}

// Texts are the words of every visible element of a selector.
func (p *Page) Texts(css string) []string {
	p.t.Helper()
	a, err := p.ask("texts", css)
	p.must("reading "+css, err)
	return a.List
}

// Links are the addresses the page leads to or loads, as written.
func (p *Page) Links() []string {
	p.t.Helper()
	a, err := p.ask("links", nil)
	p.must("reading links", err)
	return a.List
}

// See waits until all the words can be read, without a reload.
func (p *Page) See(words ...string) *Page {
	p.t.Helper()
	return p.SeeWithin(patience, words...)
}

// SeeWithin is See with a limit of its own.
func (p *Page) SeeWithin(limit time.Duration, words ...string) *Page {
	p.t.Helper()
	var missing, text string
	ok := p.waitFor(limit, func() bool {
		a, err := p.ask("text", nil)
		if err != nil || a.Missing != "" {
			missing = p.scope
			return false
		}
		text = a.Text
		for _, w := range words {
			if !strings.Contains(text, w) {
				missing = w
				return false
			}
		}
		return true
	})
	if !ok {
		p.Fail("“%s” is not on %s; it says: %s", missing, p.Path(), clip(text, 1500))
	}
	return p
}

// Never fails when one of the words can be read now.
func (p *Page) Never(words ...string) *Page {
	p.t.Helper()
	text := p.Text()
	for _, w := range words {
		if strings.Contains(text, w) {
			p.Fail("“%s” stands on %s and must not", w, p.Path())
		}
	}
	return p
}

// Until waits for a condition that only the story knows.
func (p *Page) Until(what string, ok func() bool) {
	p.t.Helper()
	p.until(what, ok)
}

// Eval answers a JavaScript expression as the page sees it.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	p.must("evaluating "+clip(expression, 80), err)
	return v
}

// answer is what find.js says.
type answer struct {
	X, Y       float64
	Free, OK   bool
	Over       string
	Missing    string
	Have, List []string
	Text       string
	Tag, Type  string
	Value      string
}

func (p *Page) ask(what string, arg any) (answer, error) {
	var a answer
	b, err := json.Marshal([]any{what, arg, p.scope})
	if err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](find+"(..."+string(b)+")"))
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(raw, &a)
}

func (p *Page) until(what string, ok func() bool) {
	p.t.Helper()
	if !p.wait(ok) {
		p.Fail("waited %s for %s on %s", patience, what, p.Path())
	}
}

func (p *Page) wait(ok func() bool) bool { return p.waitFor(patience, ok) }

func (p *Page) waitFor(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(60 * time.Millisecond) {
		if ok() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
