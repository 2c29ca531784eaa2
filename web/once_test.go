// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mach/web"
)

func TestOnce(t *testing.T) {
	s := newServer(t)
	n, fail := 0, true
	s.Post("/do", web.SignedIn, func(w http.ResponseWriter, r *http.Request) error {
		if web.OnceKey(r) != "k" {
			t.Errorf("key %q", web.OnceKey(r))
		}
		if fail {
			return web.Refuse(w, r, page("Sai"))
		}
		n++
		return web.Redirect(w, r, "/done")
	})
	send := func(as string) *httptest.ResponseRecorder {
		return s.ask(ask{path: "/do", as: as, form: url.Values{"_once": {"k"}}})
	}
	if w := send("nurse"); w.Code != 422 {
		t.Fatalf("refused form: %d", w.Code)
	}
	fail = false
	for range 3 {
		w := send("nurse")
		if w.Code != 303 || w.Header().Get("Location") != "/done" {
			t.Fatalf("status %d %v", w.Code, w.Header())
		}
		if c := w.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "mach_sent=k;") || strings.Contains(c, "HttpOnly") {
			t.Errorf("the page's script is not told that the form was answered: %q", c)
		}
	}
	if n != 1 {
		t.Errorf("answered %d times, want once", n)
	}
	if send("person"); n != 2 {
		t.Error("another account's key was taken for this one")
	}
}

// The same key with other words must not vanish behind the first answer; a page
// that is shown once is not made again.
func TestOnceToldApart(t *testing.T) {
	s := newServer(t)
	n := 0
	s.Post("/do", web.SignedIn, func(w http.ResponseWriter, r *http.Request) error { n++; return web.Redirect(w, r, "/done") })
	s.Post("/secret", web.SignedIn, func(w http.ResponseWriter, r *http.Request) error { n++; return web.Render(w, r, page("Mật khẩu")) })
	for _, c := range []struct {
		path, key, value string
		status           int
	}{{"/do", "k", "37", 303}, {"/do", "k", "73", 409}, {"/do", "k", "37", 303}, {"/secret", "k", "37", 409}, {"/secret", "p", "", 200}, {"/secret", "p", "", 409}} {
		w := s.ask(ask{path: c.path, as: "nurse", form: url.Values{"_once": {c.key}, "value": {c.value}}})
		if w.Code != c.status {
			t.Errorf("%s %s %q: %d, want %d", c.path, c.key, c.value, w.Code, c.status)
		}
	}
	if n != 2 {
		t.Errorf("answered %d times, want twice", n)
	}
}

// While the first form is in work the second is told to wait.
func TestOnceAtTheSameTime(t *testing.T) {
	s := newServer(t)
	entered, leave := make(chan bool), make(chan bool)
	s.Post("/do", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		entered <- true
		<-leave
		return web.Redirect(w, r, "/done")
	})
	form := url.Values{"_once": {"k"}}
	first := make(chan int)
	go func() { first <- s.ask(ask{path: "/do", form: form}).Code }()
	<-entered
	if w := s.ask(ask{path: "/do", form: form}); w.Code != 409 {
		t.Errorf("second form: %d, want 409", w.Code)
	}
	leave <- true
	if code := <-first; code != 303 {
		t.Errorf("first form: %d", code)
	}
}
