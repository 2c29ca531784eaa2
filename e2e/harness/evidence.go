// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

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
