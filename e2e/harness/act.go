// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Click presses what has the words on it and stays on the page.
func (p *Page) Click(words string) {
	p.t.Helper()
	p.press("press", words)
}

// Follow presses what has the words on it and waits for the page it leads to.
func (p *Page) Follow(words string) *Page {
	p.t.Helper()
	p.leave("pressing “"+words+"”", func() { p.press("press", words) })
	return p
}

// FollowNear is Follow in the smallest row or card that has the other words.
func (p *Page) FollowNear(near, words string) *Page {
	p.t.Helper()
	p.leave("pressing “"+words+"” beside “"+near+"”", func() { p.press("near", []string{near, words}) })
	return p
}

// Submit presses Ctrl+Enter, the primary action of the form at hand.
func (p *Page) Submit() *Page {
	p.t.Helper()
	return p.FollowKey("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl))
}

// FollowKey presses a key and waits for the page it leads to.
func (p *Page) FollowKey(keys string, opts ...chromedp.KeyOption) *Page {
	p.t.Helper()
	p.leave("a key", func() { p.Press(keys, opts...) })
	return p
}

func (p *Page) clickCSS(css string) {
	p.t.Helper()
	p.press("css", css)
}

// ClickCSS presses the first visible element of a selector.
func (p *Page) ClickCSS(css string) {
	p.t.Helper()
	p.clickCSS(css)
}

// press waits for the thing, moves the mouse there and clicks.
func (p *Page) press(what string, arg any) {
	p.t.Helper()
	a := p.spot(what, arg)
	p.do(fmt.Sprintf("clicking %v", arg), chromedp.MouseClickXY(a.X, a.Y))
}

// spot waits until the thing is there and nothing lies over it.
func (p *Page) spot(what string, arg any) answer {
	p.t.Helper()
	var last answer
	ok := p.wait(func() bool {
		a, err := p.ask(what, arg)
		last = a
		return err == nil && a.Missing == "" && a.Free
	})
	switch {
	case ok:
	case last.Missing != "":
		p.Fail("%v is not on the page %s; there are %q", arg, p.Path(), last.Have)
	default:
		p.Fail("%v cannot be pressed: %s lies over it", arg, last.Over)
	}
	return last
}

// Fill types a value into the field with the label, in place of what it holds.
func (p *Page) Fill(label, value string) {
	p.t.Helper()
	p.press("field", label)
	_, err := p.ask("clear", label)
	p.must("emptying "+label, err)
	p.Type(value)
}

// FillCSS is Fill for a field found by a selector.
func (p *Page) FillCSS(css, value string) {
	p.t.Helper()
	p.press("css", css)
	p.Type(value)
}

// Type puts text where the cursor is, as one paste.
func (p *Page) Type(text string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text})
	p.must("typing", err)
}

// Press presses keys one by one; kb has the names of special ones.
func (p *Page) Press(keys string, opts ...chromedp.KeyOption) {
	p.t.Helper()
	p.do("pressing keys", chromedp.KeyEvent(keys, opts...))
}

// Choose marks the radio or check box with the label.
func (p *Page) Choose(label string) {
	p.t.Helper()
	p.press("choose", label)
}

// Select takes the first option that has the words.
func (p *Page) Select(label, option string) {
	p.t.Helper()
	a, err := p.ask("select", []string{label, option})
	p.must("selecting "+option, err)
	if a.Missing != "" {
		p.Fail("%s has no option %q; there are %q", label, option, a.Have)
	}
}

// leave does something that leads to another page and waits until it is there.
func (p *Page) leave(what string, do func()) {
	p.t.Helper()
	Eval[chromedp.Void](p, "window.__left = true, undefined")
	do()
	p.until(what+" to lead to another page", p.settled)
}
