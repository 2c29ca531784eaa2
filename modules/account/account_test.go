// SPDX-License-Identifier: Apache-2.0

package account

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

const password = "mưa rơi trên mái lá"

var system = store.Actor{Account: "system", Name: "Mạch", Role: store.System, Purpose: store.Operations}

// world is the pages on a real store, real sessions and a clock of its own.
type world struct {
	t       *testing.T
	mux     *web.Mux
	access  *access.Access
	store   *store.Store
	module  *Module
	secrets map[string]string // one-time code secret by login
	mu      sync.Mutex
	now     time.Time
	station string // Organization id
	commune vn.UnitID
}

type sessions struct{ of *access.Sessions }

func (s sessions) Resolve(r *http.Request) (web.Session, error) {
	f, err := s.of.Resolve(r)
	return web.Session{Actor: f.Actor, Home: f.Home, Lang: f.Lang, Locked: f.Locked, Shared: f.Shared, Since: f.Since}, err
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: webtest.Now, secrets: map[string]string{}}
	units, err := content.Units()
	w.must(err)
	policy, err := access.NewPolicy(content.Policies(), units)
	w.must(err)
	unitOf := func(code, version string) vn.UnitID {
		on, _ := vn.ParseDate(version)
		u, _ := units.ByCode(code, on)
		return u.ID
	}
	w.store = storetest.New(t, storetest.Guarded(policy), storetest.Configure(func(c *store.Config) { c.Now, c.UnitOf = w.clock, unitOf }))
	calendar, err := content.Calendar()
	w.must(err)
	w.access, err = access.Open(context.Background(), w.store, access.Config{Key: bytes.Repeat([]byte{3}, 32), Now: w.clock, Calendar: calendar, Policy: policy, Demo: true})
	w.must(err)
	cat, err := content.Catalogue()
	w.must(err)
	w.mux = web.New(web.Options{Catalogue: cat, Sessions: sessions{w.access.Sessions}, Now: w.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	w.module = New(w.access, w.store, units, w.identify, false, w.clock)
	w.module.Routes(w.mux)
	w.station = w.commit(map[string]any{"resourceType": "Organization", "name": "Trạm y tế xã Liên Bão", "active": true,
		"address": []any{map[string]any{"text": "xã Liên Bão, Bắc Ninh", "extension": []any{map[string]any{
			"url": "https://mach.vn/ext/unit", "valueCoding": map[string]any{"system": "https://mach.vn/cs/unit", "code": "09340", "version": "2025-07-01"}}}}}})
	u, ok := units.ByCode("09340", vn.DateOf(w.now))
	if !ok {
		t.Fatal("no commune 09340")
	}
	w.commune = u.ID
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) commit(v map[string]any) string {
	w.t.Helper()
	r, err := w.store.For(system).Commit(context.Background(), store.Create(fhir.MustNew(v)))
	w.must(err)
	return r.Docs[0].ID()
}

// identify knows one person, by number and year.
func (w *world) identify(_ context.Context, _ store.Actor, number vn.PersonalID, year int) ([]Stranger, error) {
	if number != "027085001234" || year != 1985 {
		return nil, nil
	}
	return []Stranger{{Patient: w.patient(nil), Name: "Ngô Văn An", Sex: "male", Year: "1985", Place: "xã Liên Bão"}}, nil
}

func (w *world) patient(more map[string]any) string {
	doc := map[string]any{"resourceType": "Patient", "active": true, "gender": "male", "birthDate": "1985-03-02", "name": []any{map[string]any{"text": "Ngô Văn An"}}}
	for k, v := range more {
		doc[k] = v
	}
	return w.commit(doc)
}

// account adds somebody with one role.
func (w *world) account(login string, s access.Assignment, pin string) access.Account {
	w.t.Helper()
	ctx := context.Background()
	acc, secret, err := w.access.Accounts.Add(ctx, system, access.NewAccount{Login: login, Name: "Nguyễn Thị " + login, Password: password, PIN: pin,
		Patient: s.Patient, Code: w.access.Accounts.NeedsCode(s.Role)})
	w.must(err)
	w.secrets[login] = secret
	s.Account = acc.ID
	if s.Facility == "" && s.Patient == "" {
		s.Facility, s.FacilityName, s.Unit = w.station, "Trạm y tế xã Liên Bão", w.commune
	}
	_, err = w.access.Accounts.Assign(ctx, system, s)
	w.must(err)
	return acc
}

// browser keeps cookies.
type browser struct {
	w       *world
	cookies map[string]string
	headers map[string]string
}

func (w *world) browser() *browser { return &browser{w, map[string]string{}, map[string]string{}} }

func (b *browser) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.RemoteAddr = "127.0.0.1:5000"
	for k, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	for k, v := range b.headers {
		r.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	b.w.mux.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return rec
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	b.w.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

func (b *browser) post(path string, pairs ...string) *httptest.ResponseRecorder {
	b.w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

// goes posts and expects to be led to a path.
func (b *browser) goes(to, path string, pairs ...string) string {
	b.w.t.Helper()
	rec := b.post(path, pairs...)
	got := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(got, to) {
		b.w.t.Fatalf("POST %s: %d to %q, want %q\n%s", path, rec.Code, got, to, rec.Body)
	}
	return got
}

// page gets a page in both languages and checks it.
func (b *browser) page(path string, want ...string) string {
	b.w.t.Helper()
	var body string
	for _, lang := range []i18n.Lang{i18n.English, i18n.Vietnamese} {
		b.cookies["mach_lang"] = string(lang)
		rec := b.get(path)
		body = rec.Body.String()
		if rec.Code != http.StatusOK {
			b.w.t.Fatalf("GET %s in %s: %d to %q\n%s", path, lang, rec.Code, rec.Header().Get("Location"), body)
		}
		b.w.faultless(path, body)
	}
	for _, s := range want {
		if !strings.Contains(body, s) {
			b.w.t.Errorf("GET %s lacks %q", path, s)
		}
	}
	return body
}

func (w *world) faultless(path, body string) {
	w.t.Helper()
	for _, f := range webtest.Faults(body) {
		w.t.Errorf("%s: %s", path, f)
	}
}

// as signs somebody in.
func (w *world) as(login, home string) *browser {
	w.t.Helper()
	b := w.browser()
	code := ""
	if s := w.secrets[login]; s != "" {
		code, _ = access.CodeAt(s, w.clock())
	}
	b.goes(home, "/sign-in", "login", login, "password", password, "totp", code)
	return b
}
