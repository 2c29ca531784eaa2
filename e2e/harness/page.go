// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mach/demo"
)

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

func (b *Browser) open(s *Server, name string, width, height int64, kind ...chromedp.ContextOption) *Page {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, kind...)
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

// Away opens an address of somebody else's.
func (p *Page) Away(url string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		p.Fail("opening %s: %v", url, err)
	}
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
