// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mach/demo"
	"mach/e2e/harness"
	"mach/store"
)

// shots is the folder for pictures.
var shots = flag.String("shots", "", "folder for pictures of the main pages")

// TestShots takes the main pages as people see them: at a desk and on a phone,
// in both languages. Somebody has to look at them.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("-shots DIR takes pictures")
	}
	dir, err := filepath.Abs(*shots)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := server(t)
	seed(t, s)
	doctor := s.Client(t, s.Of(t, store.Doctor))
	open := link(t, doctor.Get(t, "/tram").Body, `/tram/luot-kham/[0-9a-f-]{36}`) // those who wait stand first
	b := harness.Open(t)
	for _, shot := range []struct {
		name, path string
		who        demo.SignIn
	}{
		{"01-today", "/tram", s.Of(t, store.Nurse)},
		{"02-reception", "/tram/tiep-don?q=ng", s.Of(t, store.Receptionist)},
		{"03-visit-open", open, s.Of(t, store.Doctor)},
		{"04-visit-signed", finished(t, doctor), s.Of(t, store.Doctor)},
		{"05-book", "/so", s.Of(t, store.Person)},
		{"06-who-read", "/so/ai-da-xem", s.Of(t, store.Person)},
		{"07-surveillance", "/dich", s.Of(t, store.CDC)},
		{"08-draft", link(t, s.Client(t, s.Of(t, store.StationDirector)).Get(t, "/dich").Body, `/dich/ca-moi/[0-9a-f-]{36}`), s.Of(t, store.StationDirector)},
		{"09-board", "/bang", s.Of(t, store.Department)},
		{"10-consultation", link(t, doctor.Get(t, "/hoi-chan").Body, `/hoi-chan/[0-9a-f-]{36}`), s.Of(t, store.Doctor)},
		{"11-announcement", link(t, s.Client(t, s.Of(t, store.Ministry)).Get(t, "/mang").Body, `/mang/thong-bao/[0-9a-f]+[0-9a-f-]*`), s.Of(t, store.Ministry)},
		{"12-alerts", "/canh-bao", s.Of(t, store.CDC)},
		{"13-events", "/su-kien", s.Of(t, store.CDC)},
		{"14-bulletin", "/dich/ban-tin", s.Of(t, store.CDC)},
		{"15-curve", "/dich/dien-bien", s.Of(t, store.CDC)},
		{"16-roles", "/vai", demo.SignIn{}},
	} {
		p := b.Desk(s, shot.name)
		if shot.who.Login != "" {
			p.Become(shot.who)
		}
		for _, lang := range []string{"vi", "en"} {
			for _, width := range []int64{1440, 390} {
				p.Resize(width, 900)
				p.Go(withLang(shot.path, lang)).Pause()
				p.Picture(filepath.Join(dir, strings.Join([]string{shot.name, lang, map[int64]string{1440: "1440", 390: "390"}[width]}, "-")+".png"))
			}
		}
	}
}

// finished is the visit of a consultation, which seed has signed.
func finished(t *testing.T, c *harness.Client) string {
	t.Helper()
	at := link(t, c.Get(t, "/hoi-chan").Body, `/hoi-chan/[0-9a-f-]{36}`)
	return link(t, c.Get(t, at).Body, `/tram/luot-kham/[0-9a-f-]{36}`)
}
