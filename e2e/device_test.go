// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"mach/e2e/harness"
	"mach/i18n"
)

// TestInstallable asks the browser whether Mạch can be put on a device, and
// fetches every icon of the manifest in the size it says.
func TestInstallable(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a server and a browser")
	}
	s := harness.Empty(t)
	p := harness.Open(t).AsApp(s, "app").Go("/sign-in")
	if why := p.Uninstallable(); len(why) > 0 {
		p.Fail("cannot be installed: %q", why)
	}
	wrong := harness.Eval[[]string](p, `fetch("/manifest.webmanifest").then((r) => r.json()).then((m) => Promise.all(m.icons.map((i) => new Promise((done) => {
		const img = new Image();
		img.onload = () => done(i.sizes === "any" || i.sizes === img.naturalWidth + "x" + img.naturalHeight ? "" : i.src + " is " + img.naturalWidth + " wide");
		img.onerror = () => done(i.src + " does not load");
		img.src = i.src;
	})))).then((list) => list.filter((e) => e))`)
	if len(wrong) > 0 {
		p.Fail("icons: %q", wrong)
	}
}

// TestServerAway stops the server under a page: the next page is the offline
// page, dressed and without a name on it, and its button leads on once the
// server is back. The worker keeps nothing but files and that page.
func TestServerAway(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a server and a browser")
	}
	s := harness.Empty(t)
	p := harness.Open(t).Desk(s, "away").Go("/sign-in?lang=vi")
	vi := says(t, i18n.Vietnamese)
	p.See(vi("account.sign_in.do"))
	if !harness.Eval[bool](p, "navigator.serviceWorker.ready.then((r) => new Promise((done) => { const look = () => r.active.state === 'activated' ? done(true) : setTimeout(look, 50); look(); }))") {
		p.Fail("no worker")
	}
	kept := harness.Eval[[]string](p, "caches.keys().then((all) => Promise.all(all.map((k) => caches.open(k).then((c) => c.keys())))).then((l) => l.flat().map((r) => new URL(r.url).pathname))")
	if !slices.Contains(kept, "/offline") || len(kept) < 10 {
		p.Fail("the worker keeps %q", kept)
	}
	for _, path := range kept {
		if path != "/offline" && !strings.HasPrefix(path, "/static/") {
			p.Fail("the worker keeps %s", path)
		}
	}
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	p.Allow("Failed to load resource").Allow("net::ERR")
	p.Go("/tram").See("Mất kết nối mạng", "No network", "Tải lại")
	if font := harness.Eval[string](p, "document.fonts.ready.then(() => [...document.fonts].some((f) => f.status === 'loaded') ? getComputedStyle(document.querySelector('.button-primary')).backgroundColor : 'no font')"); font != "rgb(11, 110, 79)" {
		p.Fail("the offline page is not dressed: %s", font)
	}
	if broken := harness.Eval[int](p, "fetch(document.querySelector('.fail-icon use').href.baseVal.split('#')[0]).then((r) => r.status)"); broken != 200 {
		p.Fail("the icons are not kept: %d", broken)
	}
	s.Serve(t, at.Host)
	p.Follow("Tải lại").See(vi("account.sign_in.do"))
}

// TestNoteDoesNotMoveThePage: that figures are being updated is said without
// moving anything, at a desk and on a phone.
func TestNoteDoesNotMoveThePage(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a server and a browser")
	}
	s := harness.Empty(t)
	b := harness.Open(t)
	for _, p := range []*harness.Page{b.Desk(s, "desk"), b.Phone(s, "phone")} {
		p.Go("/kit/trang-thai")
		moved := harness.Eval[[]string](p, `(() => {
			const note = document.querySelector(".asof"), rest = [...document.querySelectorAll("main *")].filter((e) => !note.contains(e));
			const where = () => rest.map((e) => { const r = e.getBoundingClientRect(); return r.x + " " + r.y + " " + r.width + " " + r.height; });
			const n = note.getBoundingClientRect(), head = document.querySelector(".page-head").getBoundingClientRect();
			const out = [];
			if (n.height < 10 || n.bottom > head.top + 1) out.push("the note lies over the heading or is not there");
			if (note.scrollWidth > note.clientWidth) out.push("the note is cut off");
			const before = where();
			note.remove();
			where().forEach((w, i) => { if (w !== before[i]) out.push(rest[i].outerHTML.slice(0, 80)); });
			return out.slice(0, 5);
		})()`)
		if len(moved) > 0 {
			p.Fail("%q", moved)
		}
	}
}
