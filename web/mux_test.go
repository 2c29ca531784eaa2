// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"mach/content"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// byHeader gives each test request the session its header names.
type byHeader map[string]web.Session

func (s byHeader) Resolve(r *http.Request) (web.Session, error) {
	if r.Header.Get("As") == "forged" {
		return web.Session{}, issue.New(issue.Login, "web.fail.form")
	}
	return s[r.Header.Get("As")], nil
}

var people = byHeader{
	"nurse":  webtest.As(store.Nurse),
	"doctor": webtest.As(store.Doctor),
	"person": {Actor: store.Actor{Account: "p", Role: store.Person, Name: "Ngô Văn An"}, Home: "/so"},
	"locked": {Actor: store.Actor{Account: "l", Role: store.Nurse}, Locked: true},
	"saved":  {Actor: store.Actor{Account: "s", Role: store.Nurse}, Lang: i18n.English},
}

type server struct {
	*web.Mux
	log *bytes.Buffer
	now time.Time
}

func newServer(t *testing.T) *server {
	t.Helper()
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{log: &bytes.Buffer{}, now: webtest.Now}
	s.Mux = web.New(web.Options{Catalogue: cat, Sessions: people, Demo: true, Now: func() time.Time { return s.now },
		Log: slog.New(slog.NewJSONHandler(s.log, nil))})
	return s
}

type ask struct {
	method, path, as string
	form             url.Values
	header           []string // key, value …
	body             string
}

func (s *server) ask(a ask) *httptest.ResponseRecorder {
	method, body := a.method, a.body
	if method == "" {
		method = http.MethodGet
	}
	if a.form != nil {
		method, body = http.MethodPost, a.form.Encode()
	}
	r := httptest.NewRequest(method, a.path, strings.NewReader(body))
	if a.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if a.as != "" {
		r.Header.Set("As", a.as)
	}
	for i := 0; i+1 < len(a.header); i += 2 {
		r.Header.Set(a.header[i], a.header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func page(title string) templ.Component {
	return web.Staff(web.Chrome{Title: title})
}

func TestWho(t *testing.T) {
	s := newServer(t)
	ok := func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, page("Trang")) }
	s.Get("/public", web.Public, ok)
	s.Get("/signed", web.SignedIn, ok)
	s.Get("/staff", web.AnyStaff, ok)
	s.Get("/nurse", web.Roles(store.Nurse, store.Midwife), ok)
	cases := []struct {
		as, path string
		status   int
		to       string
	}{
		{"", "/public", 200, ""},
		{"", "/signed?a=1", 303, "/sign-in?next=%2Fsigned%3Fa%3D1"},
		{"", "/staff", 303, "/sign-in?next=%2Fstaff"},
		{"nurse", "/signed", 200, ""},
		{"nurse", "/staff", 200, ""},
		{"nurse", "/nurse", 200, ""},
		{"doctor", "/nurse", 404, ""},
		{"person", "/signed", 200, ""},
		{"person", "/staff", 404, ""},
		{"locked", "/nurse", 303, "/khoa?next=%2Fnurse"},
		{"locked", "/public", 200, ""},
		{"forged", "/public", 401, ""},
		{"nurse", "/nowhere", 404, ""},
		{"nurse", "/nurse/", 303, "/nurse"},
	}
	for _, c := range cases {
		w := s.ask(ask{path: c.path, as: c.as})
		if w.Code != c.status || w.Header().Get("Location") != c.to {
			t.Errorf("%s as %q: %d %s, want %d %s", c.path, c.as, w.Code, w.Header().Get("Location"), c.status, c.to)
		}
		if w.Code == 200 || w.Code >= 400 {
			for _, f := range webtest.Faults(w.Body.String()) {
				t.Errorf("%s as %q: %s", c.path, c.as, f)
			}
		}
	}
}

// A page one may not see answers exactly as one that does not exist.
func TestForbiddenLooksMissing(t *testing.T) {
	s := newServer(t)
	s.Get("/secret", web.Roles(store.Administrator), func(http.ResponseWriter, *http.Request) error { return nil })
	s.Get("/denied", web.AnyStaff, func(http.ResponseWriter, *http.Request) error {
		return issue.New(issue.Forbidden, "web.fail.not_found")
	})
	body := func(path string) string {
		w := s.ask(ask{path: path, as: "nurse"})
		if w.Code != 404 {
			t.Errorf("%s: status %d", path, w.Code)
		}
		return strings.ReplaceAll(w.Body.String(), url.QueryEscape(path), "")
	}
	missing := strings.ReplaceAll(body("/missing"), "/missing", "")
	for _, path := range []string{"/secret", "/denied"} {
		if got := strings.ReplaceAll(body(path), path, ""); got != missing {
			t.Errorf("%s differs from a page that does not exist", path)
		}
	}
}

func TestFailures(t *testing.T) {
	s := newServer(t)
	errs := map[string]struct {
		err    error
		status int
		says   string
	}{
		"conflict":  {issue.New(issue.Conflict, "web.fail.twice"), 409, "người khác sửa"},
		"stale":     {issue.New(issue.Precondition, "web.fail.twice"), 412, "người khác sửa"},
		"large":     {issue.New(issue.TooLong, "web.fail.too_large"), 413, "quá lớn"},
		"throttled": {&issue.Error{Issues: issue.New(issue.Throttled, "web.fail.throttled").Issues, Retry: 7}, 429, "sau 7 giây"},
		"busy":      {issue.New(issue.Timeout, "web.fail.throttled"), 503, "đang bận"},
		"refused":   {issue.New(issue.BusinessRule, "web.field.range", "1", "2"), 422, "Nhập một số từ 1 đến 2."},
		"gone":      {issue.New(issue.Deleted, "web.fail.not_found"), 404, "Không có trang này"},
		"failing":   {errors.New("password=hunter2"), 500, "gặp sự cố"},
	}
	for name, e := range errs {
		s.Get("/"+name, web.Public, func(http.ResponseWriter, *http.Request) error { return e.err })
	}
	s.Get("/panic", web.Public, func(http.ResponseWriter, *http.Request) error { panic("secret words") })
	for name, e := range errs {
		for _, as := range []string{"", "nurse", "person"} {
			w := s.ask(ask{path: "/" + name, as: as})
			if w.Code != e.status || !strings.Contains(w.Body.String(), e.says) {
				t.Errorf("%s: status %d, want %d and %q", name, w.Code, e.status, e.says)
			}
			for _, f := range webtest.Faults(w.Body.String()) {
				t.Errorf("%s as %q: %s", name, as, f)
			}
			if strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("%s shows the text of an exception", name)
			}
		}
	}
	w := s.ask(ask{path: "/panic"})
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret words") || strings.Contains(s.log.String(), "secret words") {
		t.Errorf("panic: status %d, or its value is shown or logged", w.Code)
	}
	if !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
		t.Error("the page of a fault lacks the request id to quote")
	}
	if w := s.ask(ask{path: "/throttled"}); w.Header().Get("Retry-After") != "7" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	if w := s.ask(ask{path: "/conflict", header: []string{"HX-Request", "true"}}); strings.Contains(w.Body.String(), "<html") {
		t.Error("a part of a page fails with a whole page")
	}
}

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

func TestFlash(t *testing.T) {
	s := newServer(t)
	s.Post("/do", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		web.Flash(w, r, "web.field.range", "<b>", "2")
		return web.Redirect(w, r, "/page")
	})
	s.Get("/page", web.Public, func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, page("Trang")) })
	c, _, _ := strings.Cut(s.ask(ask{path: "/do", form: url.Values{}}).Header().Get("Set-Cookie"), ";")
	w := s.ask(ask{path: "/page", header: []string{"Cookie", c}})
	if !strings.Contains(w.Body.String(), "Nhập một số từ &lt;b&gt; đến 2.") || !strings.Contains(w.Header().Get("Set-Cookie"), "mach_flash=;") {
		t.Errorf("message missing or not dropped: %v", w.Header())
	}
	w = s.ask(ask{path: "/page", header: []string{"Cookie", "mach_flash=bm90IGpzb24"}})
	if w.Code != 200 || strings.Contains(w.Body.String(), `class="flash"`) {
		t.Error("a broken cookie is shown")
	}
}

func TestRedirects(t *testing.T) {
	s := newServer(t)
	s.Post("/do", web.Public, func(w http.ResponseWriter, r *http.Request) error { return web.Redirect(w, r, "/to") })
	w := s.ask(ask{path: "/do", form: url.Values{}, header: []string{"HX-Request", "true"}})
	if w.Code != 204 || w.Header().Get("HX-Redirect") != "/to" {
		t.Errorf("htmx: %d %v", w.Code, w.Header())
	}
	cases := map[string]string{
		"/tram?a=1#x": "/tram?a=1#x", "": "/", "tram": "/", "//evil.example": "/", "/\\evil.example": "/",
		"https://evil.example/": "/", "javascript:alert(1)": "/", "/a\r\nb": "/", "/%2f/evil": "/%2f/evil",
	}
	for in, want := range cases {
		if got := web.LocalPath(in, "/"); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRouteList(t *testing.T) {
	s := newServer(t)
	none := func(http.ResponseWriter, *http.Request) error { return nil }
	s.Post("/a", web.Roles(store.Nurse, store.Doctor), none)
	s.Get("/a", web.SignedIn, none)
	var got []string
	for _, r := range s.RouteList() {
		if r.Path == "/a" {
			got = append(got, r.Method+" "+r.Path+" "+string(r.Who))
		}
	}
	if strings.Join(got, ", ") != "GET /a signed-in, POST /a doctor nurse" {
		t.Errorf("%v", got)
	}
}

func TestToday(t *testing.T) {
	s := newServer(t)
	s.now = time.Date(2026, 11, 20, 17, 30, 0, 0, time.UTC) // 00:30 on the 21st in Viet Nam
	s.Get("/d", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		if web.Today(r) != vn.NewDate(2026, 11, 21) {
			t.Errorf("today is %s", web.Today(r))
		}
		return web.Fragment(w, r, templ.Raw(web.Date(r.Context(), web.Today(r))))
	})
	if got := s.ask(ask{path: "/d"}).Body.String(); got != "21/11/2026" {
		t.Error(got)
	}
}

func TestCancelled(t *testing.T) {
	s := newServer(t)
	s.Get("/slow", web.Public, func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/slow", nil).WithContext(ctx))
	if strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Error("a reader who left is logged as a fault")
	}
}
