// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// AsApp opens a window of the browser's own profile: others are private
// windows, in which nothing is installed.
func (b *Browser) AsApp(s *Server, name string) *Page {
	b.t.Helper()
	return b.open(s, name, 1440, 900)
}

// Uninstallable says why the browser would not install the page as an app, nor
// take its manifest without complaint; nothing when it would.
func (p *Page) Uninstallable() []string {
	p.t.Helper()
	var out []string
	manifest, err := chromedp.Call(p.ctx, page.GetAppManifest, page.GetAppManifestParams{})
	p.must("reading the manifest", err)
	if manifest.URL == "" {
		out = append(out, "no manifest")
	}
	for _, e := range manifest.Errors {
		out = append(out, fmt.Sprintf("manifest, line %d: %s", e.Line, e.Message))
	}
	found, err := chromedp.Call(p.ctx, page.GetInstallabilityErrors, cdp.Empty{})
	p.must("asking whether the page can be installed", err)
	for _, e := range found.InstallabilityErrors {
		out = append(out, e.ErrorID)
	}
	return out
}
