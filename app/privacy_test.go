// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mach/store"
)

// mayKnow says who may read a marker of a closed file of alpha.
func mayKnow(u *user, kind, marker string) bool {
	switch u.login {
	case "bac-si-a", "nguoi-alpha":
		return true
	case "ho-sinh-a":
		return kind == "sti" || kind == "reproductive"
	case "duoc-a": // medicines only
		return (kind == "mental" || kind == "reproductive") && (strings.HasSuffix(marker, "drug") || strings.HasSuffix(marker, "dose"))
	case "ban-kin": // the drafts of labelled diseases, and the one report: what the disease is, nothing else of the record
		return (kind == "hiv" || kind == "sti") && strings.HasSuffix(marker, "diag") || kind == "hiv" && marker == ""
	case "chuyen-gia-h": // named, while the consultation is open
		return kind == "mental" || kind == "reproductive"
	}
	return false
}

// mayMeet says who may learn of a person at all.
func mayMeet(u *user, w *world, p patient) bool {
	near := "-a"
	if p.id == w.bravo.id {
		near = "-b"
	}
	switch u.role {
	case store.Person, store.Guardian:
		return strings.HasSuffix(u.login, strings.TrimPrefix(p.id, "be"))
	case store.Coordinator, store.Expert: // alpha's case is at hospital H, which named one expert
		return p.id == w.alpha.id && strings.HasSuffix(u.login, "-h")
	case store.CDC: // alpha has a case report
		return p.id == w.alpha.id && u.login == "cdc"
	case store.ClosedDesk: // alpha has drafts and a report there
		return p.id == w.alpha.id
	}
	return strings.HasSuffix(u.login, near)
}

// walked are the paths behind one GET pattern.
func (w *world) walked(pattern string) []string {
	visits := []string{}
	for _, p := range []patient{w.alpha, w.bravo} {
		for _, id := range p.visits {
			visits = append(visits, id)
		}
	}
	slices.Sort(visits)
	a := w.commune(province, 0)
	var cases, reports, causes []string
	for _, ref := range w.all() {
		typ, id, _ := strings.Cut(ref, "/")
		switch typ {
		case "ServiceRequest":
			cases = append(cases, id)
		case "Condition":
			reports, causes = append(reports, id), append(causes, id)
		}
	}
	pool := map[string][]string{
		"{encounter}": visits, "{patient}": {w.alpha.id, w.bravo.id}, "{cause}": causes, "{report}": reports, "{notice}": {"khong-co"},
		"{unit}":      {"1", fmt.Sprint(w.province(province).ID), fmt.Sprint(a.ID)},
		"{indicator}": {"care.visits", "care.follow_up", "surv.cases", "surv.dengue", "tele.consultations", "book.coverage"},
		"{commune}":   {a.Code}, "{disease}": {"dengue", "hiv"},
	}
	pool["{id}"] = []string{"khong-co", w.alpha.id}
	switch {
	case strings.Contains(pattern, "/luot-kham/"):
		pool["{id}"] = visits
	case strings.HasPrefix(pattern, "/tram/nguoi/"):
		pool["{id}"] = []string{w.alpha.id, w.bravo.id}
	case strings.HasPrefix(pattern, "/hoi-chan/"):
		pool["{id}"] = cases
	case strings.HasPrefix(pattern, "/danh-ba/"):
		pool["{id}"] = []string{"tram-a", "tram-b", fmt.Sprint(a.ID)}
	}
	paths := []string{pattern}
	for name, values := range pool {
		var next []string
		for _, p := range paths {
			if !strings.Contains(p, name) {
				next = append(next, p)
				continue
			}
			for _, v := range values {
				next = append(next, strings.Replace(p, name, v, 1))
			}
		}
		paths = next
	}
	return paths
}

// pages are all paths that the walk asks for.
func (w *world) pages() []string {
	var paths []string
	for _, r := range w.mux.RouteList() {
		skip := r.Path == "/live" || // a stream without an end; it carries no data (mayFollow)
			r.Path == "/sign-in/link/{secret}" || strings.HasPrefix(r.Path, "/vai")
		if r.Method != http.MethodGet || skip {
			continue
		}
		paths = append(paths, w.walked(strings.TrimSuffix(r.Path, "{$}"))...)
	}
	visit, a := w.alpha.visits["hiv"], w.commune(province, 0)
	paths = append(paths, "/tram/tiep-don?q=zqalp", "/tram/tiep-don?q=zqbra", "/tram/tiep-don?q=hiv", "/danh-ba?q=zqalp", "/danh-ba/ho?q=zqalp",
		"/hoi-chan/moi?encounter="+visit, "/hoi-chan/moi?encounter="+w.alpha.visits["open"], "/hoi-chan/moi?encounter="+w.bravo.visits["far"],
		"/hoi-chan?xem=xong", "/dich?benh=hiv", "/dich?tat-ca=1", fmt.Sprintf("/bang/%d/surv.cases?ky=month", a.ID))
	for at := range w.glass {
		paths = append(paths, at, strings.Replace(at, "khan-cap", "ra-soat", 1))
	}
	paths = append(paths, "/fhir/_history", "/fhir/_history?_count=100")
	fhirTypes := map[string]bool{}
	for _, ref := range w.all() {
		typ, _, _ := strings.Cut(ref, "/")
		if typ == "Practitioner" || typ == "PractitionerRole" || typ == "Organization" {
			continue
		}
		paths = append(paths, "/fhir/"+ref, "/fhir/"+ref+"/_history", "/fhir/"+ref+"/_history/1")
		fhirTypes[typ] = true
	}
	for typ := range fhirTypes {
		paths = append(paths, "/fhir/"+typ, "/fhir/"+typ+"?_total=accurate&_count=100", "/fhir/"+typ+"/_history", "/fhir/"+typ+"/_history?_count=100")
	}
	return append(paths, "/fhir/Condition?code=B24", "/fhir/Condition?code=B24&_total=accurate&_summary=count",
		"/fhir/Patient?_has:Condition:patient:code=B24", "/fhir/Encounter?_include=Encounter:diagnosis", "/fhir/Patient?_revinclude=Condition:patient",
		"/fhir/Encounter?diagnosis.code=B24", "/fhir/Patient?name=zqalpha", "/fhir/Patient?identifier="+w.alpha.number)
}

// TestNobodyLearnsWhatIsNotTheirs walks every GET route, and the FHIR service,
// as every role: no word of a closed file, no trace of a person, reaches who
// may not know it. Two strangers have opened a record in an emergency.
func TestNobodyLearnsWhatIsNotTheirs(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.emergency()
		for _, path := range w.pages() {
			for _, login := range w.order {
				u := w.users[login]
				got := w.get(u, path)
				if got.Code >= http.StatusInternalServerError {
					w.Errorf("%s as %s: %d", path, login, got.Code)
				}
				w.judge(u, path, got.Body.String())
			}
			if got := w.get(nil, path); got.Code == http.StatusOK {
				w.judge(&user{login: "nobody"}, path, got.Body.String())
			}
		}
		w.counts()
		w.glasses()
		w.metered()
		w.quiet()
	})
}

// judge looks for what the reader may not know.
func (w *world) judge(u *user, path, body string) {
	w.Helper()
	for kind := range closedKinds {
		for _, m := range markers(kind) {
			if strings.Contains(body, m) && !mayKnow(u, kind, m) {
				w.Errorf("%s tells %s: %s", path, u.login, m)
			}
		}
		if u.role == store.Guardian && strings.Contains(body, w.alpha.visits[kind]) && !strings.Contains(path, w.alpha.visits[kind]) {
			w.Errorf("%s tells a guardian of a visit with a closed file (%s)", path, kind)
		}
	}
	for _, m := range []string{"zqwrongdiag", "zqwrongwhy"} {
		if strings.Contains(body, m) && !mayKnow(u, "hiv", m) {
			w.Errorf("%s tells %s what a corrected diagnosis was: %s", path, u.login, m)
		}
	}
	if u.role == store.Receptionist || u.role == store.Coordinator || u.role == store.VillageWorker {
		if strings.Contains(body, "zqopendiag") && u.role != store.Coordinator || strings.Contains(body, "zqfardiag") {
			w.Errorf("%s tells %s a diagnosis", path, u.login)
		}
	}
	if w.glass[path] { // the breaker's own page; others get none, see glasses
		if strings.Contains(body, "zqalpha") && u.login != "bac-si-b" && u.login != "dieu-duong-b" {
			w.Errorf("%s shows %s what another opened", path, u.login)
		}
		return
	}
	for _, p := range []patient{w.alpha, w.bravo} {
		if !mayMeet(u, w, p) && (strings.Contains(body, p.name) || strings.Contains(body, p.number) && !strings.Contains(path, p.number)) {
			w.Errorf("%s tells %s of %s", path, u.login, p.name)
		}
	}
	if (!mayMeet(u, w, w.alpha) || u.role == store.ClosedDesk) && (strings.Contains(body, "zqopen") || strings.Contains(body, "zqwrong")) {
		w.Errorf("%s shows %s the record of alpha", path, u.login)
	}
	if !mayMeet(u, w, w.bravo) && strings.Contains(body, "zqfar") {
		w.Errorf("%s shows %s the record of bravo", path, u.login)
	}
}

// counts: totals of a closed condition are nought for who may not see it, and
// no figure of a unit counts it.
func (w *world) counts() {
	for _, login := range w.order {
		u := w.users[login]
		for kind, code := range closedKinds {
			n := total(w.get(u, "/fhir/Condition?_total=accurate&_summary=count&code="+code))
			if want := mayKnow(u, kind, ""); (n > 0) != want {
				w.Errorf("%s counts %d of %s, allowed: %v", login, n, code, want)
			}
		}
	}
	a := w.commune(province, 0)
	for _, login := range []string{"chu-tich", "so", "bo", "cdc", "dieu-duong-a", "truong-tram-a"} {
		u := w.users[login]
		v, err := w.app.indicators.Value(w.Context(), w.actor(u, a), "surv.cases", a.ID, weekOfToday())
		if err != nil || v.Numerator != 1 {
			w.Errorf("%s reads %d reported cases in the commune, not the open one alone: %v", login, v.Numerator, err)
		}
	}
	// Two of the six visits are open. Who oversees the place counts all, who
	// serves its persons only what the lists show.
	for login, want := range map[string]int64{"chu-tich": 6, "so": 6, "bo": 6, "bac-si-a": 6, "dieu-duong-a": 2, "ho-sinh-a": 2, "truong-tram-a": 2} {
		v, err := w.app.indicators.Value(w.Context(), w.actor(w.users[login], a), "care.visits", a.ID, weekOfToday())
		if err != nil || v.Numerator != want {
			w.Errorf("%s counts %d visits in the commune, not %d: %v", login, v.Numerator, want, err)
		}
	}
}

// glasses: each breaker reads what was opened, and nobody reads with another's.
func (w *world) glasses() {
	shown := map[string]string{}
	for at := range w.glass {
		for _, login := range []string{"bac-si-b", "dieu-duong-b"} {
			if got := w.get(w.users[login], at); got.Code == http.StatusOK {
				shown[login] += got.Body.String()
			}
		}
	}
	for login, want := range map[string]bool{"bac-si-b": true, "dieu-duong-b": false} {
		body := shown[login]
		if !strings.Contains(body, "zqopendiag") || strings.Contains(body, "zqopenreason") != want {
			w.Errorf("the emergency of %s does not show what it opened, or more", login)
		}
	}
}

// metered: the figures of operation stand on their own listener and name
// nobody.
func (w *world) metered() {
	w.app.metrics.watch(w.app, w.mux.Streams)
	ask := func(h http.Handler, path string) *httptest.ResponseRecorder {
		got := httptest.NewRecorder()
		h.ServeHTTP(got, httptest.NewRequest(http.MethodGet, path, nil))
		return got
	}
	page := ask(w.app.metrics.handler(), "/metrics").Body.String()
	if !strings.Contains(page, `mach_http_requests_total{method="GET",pattern="/tram/luot-kham/{id}"`) || !strings.Contains(page, "mach_log_changes") {
		w.Errorf("the metrics count nothing: %.300s", page)
	}
	public := w.app.front(w.mux)
	if got := ask(public, "/metrics"); got.Code != http.StatusNotFound {
		w.Errorf("the metrics are served to all: %d", got.Code)
	}
	page += ask(public, "/healthz").Body.String() + ask(public, "/readyz").Body.String()
	for _, secret := range append(w.secrets(), "bac-si", "Cán bộ") {
		if strings.Contains(page, secret) {
			w.Errorf("the metrics hold %q", secret)
		}
	}
}

// secrets are words that stand nowhere but in records and sessions.
func (w *world) secrets() []string {
	return []string{"zq", "Zq", w.alpha.number, w.bravo.number, w.alpha.id, w.alpha.visits["hiv"], "Nguyễn", w.users["bac-si-a"].cookie}
}

// quiet: nothing personal in the server's log.
func (w *world) quiet() {
	log := w.log.String()
	for _, secret := range w.secrets() {
		if i := strings.Index(log, secret); i >= 0 {
			w.Errorf("the log holds %q: %.200s", secret, log[max(0, i-80):])
		}
	}
	if !strings.Contains(log, `"pattern":"/tram/luot-kham/{id}"`) {
		w.Error("the log was not looked at: it has no requests")
	}
}

// TestOthersAndNothingLookAlike: what exists but is not the reader's answers
// like what does not exist: same status, same body but for ids.
func TestOthersAndNothingLookAlike(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.emergency()
		glass := slices.Sorted(maps.Keys(w.glass))[0]
		hiv, far, random := w.alpha.visits["hiv"], w.bravo.visits["far"], store.NewID()
		for _, c := range []struct{ login, pattern, id string }{
			{"bac-si-b", "/tram/luot-kham/%s", hiv}, {"dieu-duong-a", "/tram/luot-kham/%s", hiv}, {"bac-si-a", "/tram/luot-kham/%s", far},
			{"bac-si-a", "/tram/luot-kham/%s/dong", far}, {"bac-si-b", "/tram/nguoi/%s", w.alpha.id}, {"phong-kham", "/tram/nguoi/%s", w.alpha.id},
			{"bac-si-b", "/fhir/Patient/%s", w.alpha.id}, {"bac-si-b", "/fhir/Patient/%s/_history", w.alpha.id}, {"bo", "/fhir/Patient/%s", w.alpha.id},
			{"dieu-duong-a", "/fhir/Encounter/%s", hiv},
			{"chuyen-gia-h2", "/fhir/Encounter/%s", w.alpha.visits["open"]}, {"chuyen-gia-h2", "/fhir/Patient/%s", w.alpha.id},
			{"dieu-duong-a", "/tai-khoan/khan-cap/%s", strings.TrimPrefix(glass, "/tai-khoan/khan-cap/")}, {"truong-tram-a", "/fhir/Encounter/%s/_history/1", hiv}, {"me-alpha", "/fhir/Encounter/%s", hiv}, {"me-alpha", "/so/luot-kham/%s", hiv},
			{"nguoi-bravo", "/so/luot-kham/%s", hiv}, {"nguoi-bravo", "/fhir/Encounter/%s", hiv}, {"cdc-xa", "/fhir/Patient/%s", w.alpha.id},
			{"dieu-duong-a", "/dau-vet/station/%s", hiv}, {"dieu-duong-a", "/dau-vet/book/%s", hiv}, {"dieu-duong-a", "/dau-vet/indicators/%s", hiv},
			{"dieu-duong-a", "/dich/luot-kham/%s", hiv}, {"dieu-duong-a", "/dau-vet/surveillance/%s", hiv}, {"dieu-duong-a", "/dau-vet/telehealth/%s", hiv},
			{"truong-tram-a", "/dich/ca/%s", "bao-cao-kin"}, {"cdc", "/dich/ca/%s", "bao-cao-kin"},
		} {
			u := w.users[c.login]
			there, not := w.get(u, fmt.Sprintf(c.pattern, c.id)), w.get(u, fmt.Sprintf(c.pattern, random))
			if there.Code != not.Code {
				w.Errorf("%s as %s: %d, but %d for nothing", c.pattern, c.login, there.Code, not.Code)
			}
			if a, b := headers(there), headers(not); a != b {
				w.Errorf("%s as %s: the headers differ\n%s\n%s", c.pattern, c.login, a, b)
			}
			if a, b := plain(there.Body.String(), c.id), plain(not.Body.String(), random); a != b {
				w.Errorf("%s as %s: the answers differ\n%s\n%s", c.pattern, c.login, a, b)
			}
		}
	})
}

// headers are what an answer says beside its body; its own number is taken out.
func headers(r *httptest.ResponseRecorder) string {
	h := r.Result().Header.Clone()
	h.Del("X-Request-Id")
	h.Del("Content-Length") // of the body, which is compared
	var b strings.Builder
	_ = h.Write(&b)
	return b.String()
}

// plain takes out what differs between any two answers.
func plain(body, id string) string {
	body = strings.ReplaceAll(body, id, "ID")
	return requestIDs.ReplaceAllString(body, "R")
}
