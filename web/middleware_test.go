// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"mach/issue"
	"mach/web"
)

func TestHeaders(t *testing.T) {
	s := newServer(t)
	s.Get("/page", web.Public, func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, page("Trang")) })
	s.Get("/room", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		web.AllowConnect(w, "wss://media.example")
		return web.Render(w, r, page("Phòng"))
	})
	for _, path := range []string{"/page", "/missing", "/static/none.css", "/offline"} {
		w := s.ask(ask{path: path})
		csp := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self';"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: weak headers %v", path, w.Header())
		}
	}
	if w := s.ask(ask{path: "/page"}); w.Header().Get("Cache-Control") != "no-store" {
		t.Error("a page may be cached")
	}
	if csp := s.ask(ask{path: "/room"}).Header().Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self' wss://media.example;") {
		t.Errorf("room policy %q", csp)
	}
}

func TestCrossOrigin(t *testing.T) {
	s := newServer(t)
	n := 0
	s.Post("/do", web.Public, func(w http.ResponseWriter, r *http.Request) error { n++; return web.Redirect(w, r, "/") })
	s.Mount("/fhir", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n++ }), func(w http.ResponseWriter, _ *http.Request, err error) {
		w.WriteHeader(issue.Status(err))
	})
	cases := []struct {
		name, path string
		header     []string
		status     int
	}{
		{"same origin", "/do", []string{"Sec-Fetch-Site", "same-origin"}, 303},
		{"typed", "/do", nil, 303},
		{"cross site", "/do", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"old browser", "/do", []string{"Origin", "https://evil.example"}, 403},
		{"api without token", "/fhir/Patient", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"api with token", "/fhir/Patient", []string{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer x"}, 200},
	}
	for _, c := range cases {
		before := n
		w := s.ask(ask{method: http.MethodPost, path: c.path, header: c.header})
		if w.Code != c.status || (n > before) != (c.status < 400) {
			t.Errorf("%s: status %d, want %d; handled %v", c.name, w.Code, c.status, n > before)
		}
	}
}

func TestLanguage(t *testing.T) {
	s := newServer(t)
	s.Get("/l", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		return web.Fragment(w, r, templ.Raw(string(web.Lang(r))))
	})
	cases := []struct {
		name, path, as, want string
		header               []string
	}{
		{"nothing said", "/l", "", "vi", nil},
		{"browser", "/l", "", "en", []string{"Accept-Language", "fr-FR,en-GB;q=0.9,vi;q=0.5"}},
		{"other browser", "/l", "", "vi", []string{"Accept-Language", "ja"}},
		{"account", "/l", "saved", "en", []string{"Accept-Language", "vi"}},
		{"cookie beats account", "/l", "saved", "vi", []string{"Cookie", "mach_lang=vi"}},
		{"asked", "/l?lang=en", "", "en", []string{"Cookie", "mach_lang=vi"}},
		{"asked for nonsense", "/l?lang=xx", "", "vi", nil},
	}
	for _, c := range cases {
		w := s.ask(ask{path: c.path, as: c.as, header: c.header})
		if w.Body.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, w.Body, c.want)
		}
	}
	if c := s.ask(ask{path: "/l?lang=en"}).Header().Get("Set-Cookie"); !strings.HasPrefix(c, "mach_lang=en;") {
		t.Errorf("cookie %q", c)
	}
}

func TestBodyLimit(t *testing.T) {
	s := newServer(t)
	read := func(w http.ResponseWriter, r *http.Request) error {
		if f := web.ParseForm(r); f.Err() != nil {
			return f.Err()
		}
		return web.Redirect(w, r, "/")
	}
	s.Post("/small", web.Public, read)
	s.Post("/large", web.Public, read).MaxBody(8 << 20)
	s.Post("/raw", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.ReadAll(r.Body)
		return err
	})
	big := url.Values{"a": {strings.Repeat("x", 2<<20)}}
	for path, want := range map[string]int{"/small": 413, "/large": 303} {
		if w := s.ask(ask{path: path, form: big}); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if w := s.ask(ask{method: http.MethodPost, path: "/raw", body: strings.Repeat("x", 2<<20)}); w.Code != 413 {
		t.Errorf("raw: %d", w.Code)
	}
	if w := s.ask(ask{method: http.MethodPost, path: "/small", body: "%zz", header: []string{"Content-Type", "application/x-www-form-urlencoded"}}); w.Code != 400 {
		t.Errorf("broken form: %d", w.Code)
	}
}

// One account's flood stops that account, and nobody else at its address.
func TestThrottle(t *testing.T) {
	s := newServer(t)
	s.Get("/x", web.Public, func(w http.ResponseWriter, r *http.Request) error { return web.Fragment(w, r, templ.Raw("x")) })
	count := func(as string) (ok int) {
		for range 400 {
			if s.ask(ask{path: "/x", as: as}).Code == 200 {
				ok++
			}
		}
		return ok
	}
	if n := count("nurse"); n != 150 {
		t.Errorf("%d requests passed, want the burst of 150", n)
	}
	if w := s.ask(ask{path: "/x", as: "nurse"}); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", w.Code)
	}
	if w := s.ask(ask{path: "/x", as: "person"}); w.Code != 200 {
		t.Errorf("a neighbour is locked out: %d", w.Code)
	}
	s.now = s.now.Add(10 * time.Second)
	if w := s.ask(ask{path: "/x", as: "nurse"}); w.Code != 200 {
		t.Errorf("after a pause: %d", w.Code)
	}
}

func TestGzip(t *testing.T) {
	s := newServer(t)
	s.Get("/page", web.Public, func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, page("Trang")) })
	s.Get("/tiny", web.Public, func(w http.ResponseWriter, r *http.Request) error { return web.Fragment(w, r, templ.Raw("x")) })
	plain := s.ask(ask{path: "/offline"}).Body.String()
	w := s.ask(ask{path: "/offline", header: []string{"Accept-Encoding", "gzip"}})
	if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("headers %v", w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if err != nil || string(got) != plain {
		t.Errorf("decompressed page differs: %v", err)
	}
	if w := s.ask(ask{path: "/tiny", header: []string{"Accept-Encoding", "gzip"}}); w.Header().Get("Content-Encoding") != "" || w.Body.String() != "x" {
		t.Errorf("tiny answer: %v %q", w.Header(), w.Body)
	}
}

// The log tells pattern, status and account; never the path, where names and
// numbers of people may stand.
func TestLogWithoutPersons(t *testing.T) {
	s := newServer(t)
	s.Get("/nguoi/{id}", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		return issue.New(issue.NotFound, "web.fail.not_found")
	})
	s.ask(ask{path: "/nguoi/024153000123?q=Ngo+Van+An", as: "nurse"})
	line := s.log.String()
	for _, private := range []string{"024153000123", "Ngo", "Trâm"} {
		if strings.Contains(line, private) {
			t.Errorf("the log tells %q: %s", private, line)
		}
	}
	for _, want := range []string{`"pattern":"/nguoi/{id}"`, `"status":404`, `"account":"test"`, `"role":"nurse"`} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %s: %s", want, line)
		}
	}
}
