// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
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
	"token":  {Actor: store.Actor{Account: "t", Role: store.Nurse, Scopes: []string{"user/*.rs"}}},
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

func (s *server) words(t *testing.T, key string) string {
	t.Helper()
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return cat.T(i18n.Vietnamese, key)
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
	s.Mount("/fhir", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(w http.ResponseWriter, _ *http.Request, err error) { w.WriteHeader(issue.Status(err)) })
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
		{"token", "/public", 404, ""}, // scopes are for the mount alone
		{"token", "/signed", 404, ""},
		{"token", "/nurse", 404, ""},
		{"token", "/fhir/Patient", 200, ""},
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
		"conflict":  {issue.New(issue.Conflict, "store.version.stale"), 409, "người khác sửa"},
		"sent":      {issue.New(issue.Conflict, "web.fail.twice"), 409, "đã được gửi"},
		"stale":     {issue.New(issue.Precondition, "store.version.stale"), 412, "người khác sửa"},
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

// A list that does not show yet what a form wrote is not passed over in
// silence, whether the form says something itself or not.
func TestFlashOfALateView(t *testing.T) {
	db := storetest.New(t, storetest.Follow(store.Follower{Name: "slow", Version: 1,
		Apply: func(context.Context, store.Tx, store.Change, *fhir.Doc, *fhir.Doc) error {
			return errors.New("not today")
		}}))
	s := newServer(t)
	write := func(say string) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			receipt, err := db.For(storetest.Nurse("t")).Commit(r.Context(), store.Create(fhir.MustNew(fhir.Patient{})))
			if err == nil {
				err = db.Await(r.Context(), receipt, "slow")
			}
			if err != nil {
				return err
			}
			if say != "" {
				web.Flash(w, r, say)
			}
			return web.Redirect(w, r, "/page")
		}
	}
	s.Post("/silent", web.Public, write(""))
	s.Post("/saying", web.Public, write("peers.published"))
	s.Get("/page", web.Public, func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, page("Trang")) })
	for path, want := range map[string]string{
		"/silent": "Đã lưu. Danh sách sẽ cập nhật trong giây lát.",
		"/saying": s.words(t, "peers.published") + " Danh sách sẽ cập nhật trong giây lát.",
	} {
		var last string
		for _, c := range s.ask(ask{path: path, form: url.Values{}}).Result().Cookies() {
			last = c.Name + "=" + c.Value // a browser keeps the last
		}
		if body := s.ask(ask{path: "/page", header: []string{"Cookie", last}}).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s: the page does not say %q", path, want)
		}
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
