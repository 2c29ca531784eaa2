// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/demo"
	"mach/e2e/harness"
	"mach/store"
	"mach/web"
)

// pattern is a GET route with what its addresses look like.
type pattern struct {
	harness.Route
	path  string
	match *regexp.Regexp
	quiet bool // no page: a stream, a script, a picture; its own test below
}

// noPages are the GET routes that answer no HTML, with what they answer.
var noPages = map[string]string{
	"/live": "text/event-stream", "/manifest.webmanifest": "application/manifest+json", "/sw.js": "text/javascript",
	"/su-kien/{id}/ca-benh.csv": "text/csv", "/favicon.ico": "image/svg+xml", "/vai/qr": "image/png", "/hoi-chan/{id}/phong/nguoi": "application/json", "/dich/ban-tin/pdf": "application/pdf",
}

// mounts are the prefixes that route below themselves, with the files there and
// what they answer; nil for those whose own tests ask everything (fhirapi, bulk).
var mounts = map[string]map[string]string{
	"/so-lieu/":    {"so-ca.csv": "text/csv", "so-ca.json": "application/json", "so-ca.xml": "application/adx+xml", "danh-sach.csv": "text/csv", "danh-sach.json": "application/json"},
	"/fhir/":       nil,
	"/fhir/$bulk/": nil,
}

// kindOf is what a path that is no page answers as; false for pages.
func kindOf(path string) (string, bool) {
	if kind, ok := noPages[path]; ok {
		return kind, true
	}
	at := strings.LastIndexByte(path, '/') + 1
	kind, ok := mounts[path[:at]][path[at:]]
	return kind, ok
}

func patternsOf(routes []harness.Route) []*pattern {
	var out []*pattern
	for _, r := range routes {
		if r.Method == "*" { // the handler asks who it is
			for name := range mounts[r.Path] {
				at := r.Path + name
				out = append(out, &pattern{harness.Route{Method: "GET", Path: at, Who: string(web.AnyStaff)}, at, regexp.MustCompile("^" + regexp.QuoteMeta(at) + `(\?.*)?$`), true})
			}
		}
		if r.Method != "GET" {
			continue
		}
		_, quiet := kindOf(r.Path)
		expr := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllStringFunc(regexp.QuoteMeta(r.Path), func(s string) string {
			if s == `\{\$\}` {
				return ""
			}
			return "[^/?]+"
		})
		out = append(out, &pattern{r, r.Path, regexp.MustCompile("^" + expr + `(\?.*)?$`), quiet})
	}
	// The router prefers the pattern with more written out; so does match.
	slices.SortStableFunc(out, func(a, b *pattern) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
	return out
}

func match(patterns []*pattern, at string) *pattern {
	i := slices.IndexFunc(patterns, func(p *pattern) bool { return p.match.MatchString(at) })
	if i < 0 {
		return nil
	}
	return patterns[i]
}

// TestEveryRoute opens every page of every role in both languages: no key lacks
// its words. What differs from the pages that other roles were shown is seen in
// the browser, on a desk and on a phone: axe finds nothing, nothing sticks out,
// the console is quiet. Every route is seen there once in English too.
func TestEveryRoute(t *testing.T) {
	s := server(t)
	seed(t, s)
	w := &walk{
		s: s, b: harness.Open(t), axe: harness.Axe(t), patterns: patternsOf(s.Routes(t)),
		parts: map[string]bool{}, visited: map[string]int{}, english: map[string]bool{}, known: map[string][]string{},
	}
	began := time.Now()
	for _, a := range roles(s) { // what each role can reach by links
		w.reach(t, a)
	}
	t.Logf("%d routes; links followed in %s", len(w.patterns), time.Since(began).Round(time.Second))
	t.Run("roles", func(t *testing.T) {
		for _, a := range append([]demo.SignIn{{Login: "nobody"}}, roles(s)...) {
			t.Run(a.Login, func(t *testing.T) { t.Parallel(); w.role(t, a) })
		}
	})
	for _, r := range s.Routes(t) {
		if _, known := mounts[r.Path]; r.Method == "*" && strings.HasSuffix(r.Path, "/") && !known {
			t.Errorf("nobody says what stands below %s", r.Path)
		}
	}
	for _, p := range w.patterns {
		if w.visited[p.path] == 0 {
			t.Errorf("GET %s (%s): no role has seen this page", p.path, p.Who)
		}
	}
	t.Logf("%d visits, %d pages seen in the browser, %s", w.visits, w.seen, time.Since(began).Round(time.Second))
}

// besides are sign-ins to whom the seed puts cases and an emergency, when they
// are not the first of their role.
var besides = []string{"expert.province", "coordinator.province", "access.reviewer.department"}

// roles is one sign-in for each role, and those besides.
func roles(s *harness.Server) []demo.SignIn {
	var out []demo.SignIn
	for _, a := range s.SignIns {
		if !slices.ContainsFunc(out, func(b demo.SignIn) bool { return b.Role == a.Role }) || slices.Contains(besides, a.Login) {
			out = append(out, a)
		}
	}
	return out
}

// walk is what the roles' walks share.
type walk struct {
	s        *harness.Server
	b        *harness.Browser
	axe      string
	patterns []*pattern

	mu      sync.Mutex
	parts   map[string]bool                // of pages that were shown, by route and by width
	visited map[string]int                 // by path of the route: how often it answered 200
	english map[string]bool                // routes opened in English
	known   map[string][]string            // addresses of a route that somebody found
	found   map[string]map[string][]string // the same by login
	visits  int                            // pages asked for
	seen    int                            // pages opened in the browser
}

// open says whether a sign-in may open the route.
func open(p *pattern, a demo.SignIn) bool {
	var s web.Session
	s.Actor.Role = a.Role
	return web.Who(p.Who).Allows(s) && (a.Role == "" || web.Who(p.Who) != web.Public)
}

// plainOnes are the addresses that need no id.
func (w *walk) plainOnes(a demo.SignIn) []string {
	var out []string
	for _, p := range w.patterns {
		if open(p, a) && (!strings.Contains(p.path, "{") || p.path == "/{$}") {
			out = append(out, strings.TrimSuffix(p.path, "{$}"))
		}
	}
	return out
}

func (w *walk) reach(t *testing.T, a demo.SignIn) {
	found := crawl(t, w.s.Client(t, a), w.patterns, append([]string{a.Home}, w.plainOnes(a)...))
	if w.found == nil {
		w.found = map[string]map[string][]string{}
	}
	w.found[a.Login] = found
	for path, list := range found {
		w.known[path] = append(w.known[path], list...)
	}
}

// addresses are what a role opens of a route: an address it found, else one
// that somebody else found, which may well be refused.
func (w *walk) addresses(p *pattern, a demo.SignIn) []string {
	switch list := w.found[a.Login][p.path]; {
	case p.path == "/{$}":
		return []string{"/"}
	case p.path == "/sign-in/link/{secret}":
		return []string{"/sign-in/link/used-or-unknown"}
	case p.path == "/hoi-chan/{id}/phong/nguoi": // asked by the room's script
		for _, room := range w.known["/hoi-chan/phong/{id}"] {
			list = append(list, "/hoi-chan/"+room[strings.LastIndexByte(room, '/')+1:]+"/phong/nguoi")
		}
		return list
	case p.path == "/su-kien/{id}/ca-benh.csv": // a file, beside its page
		for _, page := range w.found[a.Login]["/su-kien/{id}/ca-benh"] {
			list = append(list, page+".csv")
		}
		return list[:min(1, len(list))]
	case p.path == "/hoi-chan/moi": // about a visit
		if i := slices.IndexFunc(list, func(s string) bool { return strings.Contains(s, "encounter=") }); i >= 0 {
			return list[i : i+1]
		}
		return list[:min(1, len(list))]
	case p.path == "/smart/authorize":
		return w.asking(a)
	case len(list) > 0:
		return list[:1]
	case !strings.Contains(p.path, "{"):
		return []string{p.path}
	case len(w.known[p.path]) > 0:
		return w.known[p.path][:1]
	}
	return nil
}

// asking is what an application asks: before a record is chosen and, of somebody
// who works with persons, after; then of a visit, to choose and chosen.
func (w *walk) asking(a demo.SignIn) []string {
	client := w.known["/ung-dung/quan-ly/{id}"]
	if len(client) == 0 {
		return nil
	}
	q := url.Values{"response_type": {"code"}, "client_id": {client[0][strings.LastIndexByte(client[0], '/')+1:]}, "redirect_uri": {w.s.URL + "/offline"},
		"scope": {"launch/patient openid fhirUser offline_access patient/Patient.r patient/Observation.rs?category=vital-signs user/Practitioner.r"}, "state": {"x"},
		"aud": {w.s.URL + "/fhir"}, "code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"}}
	out := []string{"/smart/authorize?" + q.Encode()}
	if list := w.found[a.Login]["/tram/nguoi/{id}"]; len(list) > 0 {
		id, _, _ := strings.Cut(list[0][strings.LastIndexByte(list[0], '/')+1:], "?")
		q.Set("patient", id)
		out = append(out, "/smart/authorize?"+q.Encode())
	}
	q.Set("scope", "launch/encounter patient/Patient.r")
	out = append(out, "/smart/authorize?"+q.Encode())
	q.Set("encounter", "")
	return append(out, "/smart/authorize?"+q.Encode())
}

// role walks everything that one sign-in may open.
func (w *walk) role(t *testing.T, a demo.SignIn) {
	desk := w.b.For(t).Desk(w.s, a.Login)
	client := w.s.Nobody(t)
	if a.Role != "" {
		desk.Become(a)
		client = w.s.Client(t, a)
	}
	desk.Allow("status of 404").Allow("status of 422").Allow("status of 410").Allow("status of 401").Allow("status of 403")
	for _, p := range w.patterns {
		if !open(p, a) {
			continue
		}
		for _, at := range w.addresses(p, a) {
			if p.quiet {
				w.notPage(t, client, p, at)
				continue
			}
			if w.words(t, client, p, a, at) {
				w.look(t, desk, p, a, at)
			}
		}
	}
}

// look opens one page as it is seen.
func (w *walk) look(t *testing.T, p *harness.Page, route *pattern, a demo.SignIn, at string) {
	p.Resize(1440, 900)
	p.Go(at)
	status := p.Status()
	w.mu.Lock()
	w.seen++
	inEnglish := !w.english[route.path] && status < 400
	w.english[route.path] = w.english[route.path] || inEnglish
	w.mu.Unlock()
	w.judge(t, p, route, a, at)
	if inEnglish {
		p.Go(withLang(at, "en"))
		w.judge(t, p, route, a, at+" in English")
		p.Go(withLang(at, "vi"))
	}
}

func withLang(at, lang string) string {
	if strings.Contains(at, "?") {
		return at + "&lang=" + lang
	}
	return at + "?lang=" + lang
}

// judge checks the page that lies open at both widths.
func (w *walk) judge(t *testing.T, p *harness.Page, route *pattern, a demo.SignIn, at string) {
	text := p.Text()
	if i := strings.Index(text, "⟦"); i >= 0 {
		t.Errorf("%s: %s lacks words: %s", a.Login, at, text[i:min(len(text), i+80)])
	}
	for _, width := range []int64{1440, 390} {
		p.Whole(width)
		if by, what := p.Overflow(); by > 0 {
			t.Errorf("%s: %s sticks out by %d px at %d px: %s", a.Login, at, by, width, what)
		}
		if w.shown(fmt.Sprint(width), append(p.Shape(), "page "+route.path)) {
			continue
		}
		for _, v := range p.Violations(w.axe) {
			t.Errorf("%s: %s at %d px: %s", a.Login, at, width, v)
		}
	}
	p.Quiet()
}

// shown says whether each of the parts of a page was shown before, there.
func (w *walk) shown(where string, parts []string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := true
	for _, part := range parts {
		key := where + " " + part
		all = all && w.parts[key]
		w.parts[key] = true
	}
	return all
}

// words asks for the page in both languages without a browser: each word is
// there. It says whether something on the page was not shown before on this route.
func (w *walk) words(t *testing.T, c *harness.Client, route *pattern, a demo.SignIn, at string) bool {
	unlike := false
	for _, lang := range []string{"en", "vi"} {
		got := c.Get(t, withLang(at, lang))
		if i := strings.Index(got.Body, "⟦"); i >= 0 {
			t.Errorf("%s: %s in %s lacks words: %s", a.Login, at, lang, got.Body[i:min(len(got.Body), i+80)])
		}
		if strings.HasPrefix(got.Body, "<!DOCTYPE html>") && !strings.Contains(got.Body, `<html lang="`+lang+`">`) {
			t.Errorf("%s: %s in %s does not say so", a.Login, at, lang)
		}
		if got.Status >= 500 || got.Status == 429 {
			t.Errorf("%s: %s answers %d", a.Login, at, got.Status)
		}
		w.mu.Lock()
		if lang == "vi" {
			w.visits++
			if got.Status < 400 || route.path == "/sign-in/link/{secret}" {
				w.visited[route.path]++
			}
		}
		w.mu.Unlock()
		unlike = lang == "vi" && !w.shown(route.path, skeleton(got.Body))
	}
	return unlike
}

var (
	frame = regexp.MustCompile(`(?s)<head>.*?</head>|<header class="top".*?</header>|<nav class="rail".*?</nav>`)
	tags  = regexp.MustCompile(`<([a-z0-9]+)(?:[^>]*?class="([^"]*)")?[^>]*>`)
)

// skeleton is the tags and classes of the page within its frame.
func skeleton(body string) []string {
	out := []string{"page"}
	for _, m := range tags.FindAllStringSubmatch(frame.ReplaceAllString(body, ""), -1) {
		out = append(out, m[1]+"."+m[2])
	}
	return out
}

// notPage checks what is no page: that it answers as what it is.
func (w *walk) notPage(t *testing.T, c *harness.Client, p *pattern, at string) {
	if p.path == "/live" {
		at += "?topics=view:book"
	}
	if strings.Contains(at, "{") {
		return
	}
	status, kind := c.Kind(t, at)
	want, _ := kindOf(p.path)
	_, page := noPages[p.path]
	if status == 404 && p.path != "/live" || !page && status == 403 {
		return // not for this role
	}
	if status != 200 || !strings.HasPrefix(kind, want) {
		t.Errorf("GET %s answers %d as %s, want 200 as %s", at, status, kind, want)
	}
	w.mu.Lock()
	w.visited[p.path]++
	w.mu.Unlock()
}

// TestWhoSeesNames keeps the walk honest: a role that may open no person finds
// no address of one.
func TestWhoSeesNames(t *testing.T) {
	s := server(t)
	patterns := patternsOf(s.Routes(t))
	for _, role := range []store.Role{store.Chairman, store.Department, store.Ministry, store.Administrator} {
		a := s.Of(t, role)
		found := crawl(t, s.Client(t, a), patterns, []string{a.Home})
		for _, path := range []string{"/tram/nguoi/{id}", "/tram/luot-kham/{id}", "/dich/ca/{report}"} {
			if list := found[path]; len(list) > 0 {
				t.Errorf("%s comes by links to %s", role, list[0])
			}
		}
	}
}
