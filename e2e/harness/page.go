// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"mach/demo"
)

//go:embed find.js
var find string

// patience is how long a page may take to show what a story waits for.
const patience = 15 * time.Second

// Page is one window of one person, with cookies and storage of its own. Its
// methods end the test when people could not have done the same.
type Page struct {
	Name string

	t      testing.TB
	s      *Server
	ctx    context.Context
	close  context.CancelFunc
	watch  *watch
	scope  string // CSS selector that narrows what is found; "" = the page
	width  int64
	height int64
	plain  bool // without JavaScript: parts stay links
}

// Desk opens a window as wide as a station's screen.
func (b *Browser) Desk(s *Server, name string) *Page { return b.page(s, name, 1440, 900) }

// Phone opens a window as wide as a common phone.
func (b *Browser) Phone(s *Server, name string) *Page { return b.page(s, name, 390, 844) }

func (b *Browser) page(s *Server, name string, width, height int64) *Page {
	b.t.Helper()
	return b.open(s, name, width, height, chromedp.WithNewBrowserContext())
}

func (b *Browser) open(s *Server, name string, width, height int64, kind chromedp.ContextOption) *Page {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, kind)
	p := &Page{Name: name, t: b.t, s: s, ctx: ctx, close: cancel, width: width, height: height}
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatalf("a window for %s: %v", name, err)
	}
	p.watch = watchOf(ctx)
	p.Resize(width, height)
	b.t.Cleanup(p.end)
	return p
}

// Again opens another window of the same person: cookies and storage are shared.
func (p *Page) Again(b *Browser) *Page {
	p.t.Helper()
	id := chromedp.FromContext(p.ctx).BrowserContextID
	return b.open(p.s, p.Name, p.width, p.height, chromedp.WithExistingBrowserContext(id))
}

// Kill ends the window at once, as a power cut does.
func (p *Page) Kill() { p.close() }

// Resize makes the window another size.
func (p *Page) Resize(width, height int64) {
	p.t.Helper()
	p.width, p.height = width, height
	opts := []chromedp.EmulateViewportOption{}
	if width < 600 {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	p.do("sizing the window", chromedp.EmulateViewport(width, height, opts...))
}

// WithoutJavaScript switches the page's scripts off.
func (p *Page) WithoutJavaScript() *Page {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.must("switching JavaScript off", err)
	p.plain = true
	return p
}

// Within narrows what is found to the first element of a CSS selector.
func (p *Page) Within(css string) *Page {
	q := *p
	q.scope = css
	return &q
}

// Become signs in by the role switcher of the demonstration.
func (p *Page) Become(a demo.SignIn) *Page {
	p.t.Helper()
	p.Go("/vai")
	form := fmt.Sprintf("form:has(input[name=login][value=%q]) button", a.Login)
	p.leave("taking the role "+a.Login, func() { p.clickCSS(form) })
	return p
}

// SignIn signs in by the real form, with a one-time code where the role needs it.
func (p *Page) SignIn(a demo.SignIn) *Page {
	p.t.Helper()
	p.Go("/sign-in")
	p.FillCSS("input[name=login]", a.Login)
	p.FillCSS("input[name=password]", a.Password)
	if code := Code(p.t, a); code != "" {
		p.FillCSS("input[name=totp]", code)
	}
	p.leave("signing in as "+a.Login, func() { p.clickCSS("main button[type=submit]") })
	return p
}

// Go opens a path of the server and waits until its parts are loaded.
func (p *Page) Go(path string) *Page {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(p.s.URL+path)); err != nil {
		p.Fail("opening %s: %v", path, err)
	}
	p.Settle()
	return p
}

// Settle waits until nothing is still being loaded into the page.
func (p *Page) Settle() {
	p.t.Helper()
	p.until("the parts of the page", p.settled)
}

func (p *Page) settled() bool {
	a, err := p.Within("").ask("settled", p.plain)
	return err == nil && a.OK
}

// Path is the path and query of the page.
func (p *Page) Path() string {
	p.t.Helper()
	at := Eval[string](p, "location.href")
	u, err := url.Parse(at)
	p.must("reading the address", err)
	return u.RequestURI()
}

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

// leave does something that leads to another page and waits until it is there.
func (p *Page) leave(what string, do func()) {
	p.t.Helper()
	Eval[chromedp.Void](p, "window.__left = true, undefined")
	do()
	p.until(what+" to lead to another page", p.settled)
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

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(what, chromedp.Do(ctx, steps...))
}

func (p *Page) must(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.Fail("%s: %v", what, err)
	}
}

// Fail ends the test and leaves the evidence of this page.
func (p *Page) Fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("%s: %s\nevidence: %s", p.Name, fmt.Sprintf(format, args...), p.Keep("failed-"+p.Name))
}

// Keep saves picture, HTML and console of the page and returns where.
func (p *Page) Keep(name string) string {
	base := filepath.Join(Evidence(p.t), strings.NewReplacer(" ", "-", "/", "-").Replace(name))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), patience)
	defer cancel()
	var errs []error
	if png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		errs = append(errs, os.WriteFile(base+".png", png, 0o644))
	}
	if html, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.documentElement.outerHTML")); err == nil {
		errs = append(errs, os.WriteFile(base+".html", []byte(html), 0o644))
	}
	errs = append(errs, os.WriteFile(base+".console.txt", []byte(strings.Join(p.watch.all(), "\n")), 0o644))
	if err := errors.Join(errs...); err != nil {
		return err.Error()
	}
	return base + ".png"
}

// Picture saves the whole page as a PNG file.
func (p *Page) Picture(file string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	p.must("taking a picture", err)
	p.must("writing a picture", os.WriteFile(file, png, 0o644))
}

// Allow says that a message of the console is meant to come: a page that is
// refused, for one. The rest still fails the test.
func (p *Page) Allow(part string) *Page { p.watch.allow(part); return p }

// Quiet fails the test when the page's console has complained.
func (p *Page) Quiet() {
	p.t.Helper()
	if bad := p.watch.bad(); len(bad) > 0 {
		p.t.Errorf("%s: the console complains on %s:\n%s\nevidence: %s", p.Name, p.Path(), strings.Join(bad, "\n"), p.Keep("console-"+p.Name))
	}
}

// end closes the window; a test that failed elsewhere keeps its evidence too.
func (p *Page) end() {
	if p.ctx.Err() != nil {
		return
	}
	if bad := p.watch.bad(); len(bad) > 0 {
		p.t.Errorf("%s: the console complained:\n%s", p.Name, strings.Join(bad, "\n"))
	}
	if p.t.Failed() {
		p.Keep("at-the-end-" + p.Name)
	}
	p.close()
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
