// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/web"
)

// Site is a module behind the real router, asked by one actor after another.
// Its clock hurries, so that no limit on requests is met.
type Site struct {
	t   testing.TB
	mux *web.Mux
	who *asking
}

type asking struct{ store.Actor }

func (a *asking) Resolve(*http.Request) (web.Session, error) {
	return web.Session{Actor: a.Actor, Home: "/"}, nil
}

// NewSite serves the routes as seen at an instant; the test closes it.
func NewSite(t testing.TB, now time.Time, routes func(*web.Mux)) *Site {
	t.Helper()
	words, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	s := &Site{t: t, who: &asking{}}
	s.mux = web.New(web.Options{Catalogue: words, Sessions: s.who, Log: slog.New(slog.DiscardHandler), Now: func() time.Time {
		now = now.Add(100 * time.Millisecond)
		return now
	}})
	routes(s.mux)
	t.Cleanup(s.mux.Close)
	return s
}

// Get asks for a path as the actor and returns the answer.
func (s *Site) Get(who store.Actor, path string) *httptest.ResponseRecorder {
	return s.do(who, http.MethodGet, path, "")
}

// Post sends a form as the actor, with a key of its own: name, value, name,
// value …
func (s *Site) Post(who store.Actor, path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{"_once": {rand.Text()}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return s.do(who, http.MethodPost, path, form.Encode())
}

// Send answers the form with the action as it stands on a page, with its key
// and what is written in it; pairs are what is typed over it.
func (s *Site) Send(who store.Actor, page, action string, pairs ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	form := formOn(s.t, page, action)
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return s.do(who, http.MethodPost, action, form.Encode())
}

// formOn reads the form with the action: hidden fields, inputs and areas.
func formOn(t testing.TB, page, action string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	for n := range doc.Descendants() {
		if n.Data != "form" || attr(n, "action") != action {
			continue
		}
		for c := range n.Descendants() {
			switch {
			case c.Data == "textarea":
				form.Add(attr(c, "name"), text(c))
			case c.Data == "input" && attr(c, "type") == "radio" && !has(c, "checked"):
			case c.Data == "input":
				form.Add(attr(c, "name"), attr(c, "value"))
			}
		}
	}
	if !form.Has("_once") {
		t.Fatalf("no form for %s on the page", action)
	}
	return form
}

func (s *Site) do(who store.Actor, method, path, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	s.who.Actor = who
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// Page asks for a page in both languages, reports what [Faults] finds, and
// returns it in Vietnamese. Every text of want must stand in that.
func (s *Site) Page(who store.Actor, path string, want ...string) string {
	s.t.Helper()
	var vietnamese string
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for _, lang := range i18n.Langs() {
		w := s.Get(who, path+sep+"lang="+string(lang))
		if w.Code != http.StatusOK {
			s.t.Errorf("%s for %s answers %d", path, who.Role, w.Code)
			return ""
		}
		for _, fault := range Faults(w.Body.String()) {
			s.t.Errorf("%s for %s in %s: %s", path, who.Role, lang, fault)
		}
		if lang == i18n.Vietnamese {
			vietnamese = w.Body.String()
		}
	}
	for _, text := range want {
		if !strings.Contains(vietnamese, text) {
			s.t.Errorf("%s for %s does not say %q", path, who.Role, text)
		}
	}
	return vietnamese
}
