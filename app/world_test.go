// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/access"
	"mach/fhir"
	"mach/modules/indicators"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
)

// world is a small Mạch with its real parts and real policies: two stations of
// one province with a patient each, and somebody in every role.
type world struct {
	*testing.T
	app   *App
	mux   *web.Mux
	log   *lines
	users map[string]*user // by login
	order []string         // logins as they were made
	alpha patient          // of station tram-a; has closed files
	bravo patient          // of station tram-b
	glass map[string]bool  // addresses of alpha's record in an emergency
}

// user is somebody signed in.
type user struct {
	login, cookie string
	role          store.Role
}

// patient is a person with the visits made for them.
type patient struct {
	id, name, number string
	visits           map[string]string // by kind: hiv, sti, mental, reproductive, open
}

// lines is the server's log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// eachWorld runs the test on SQLite and, when there is a server, PostgreSQL.
func eachWorld(t *testing.T, test func(w *world)) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) { test(newWorld(t, p)) })
}

// The provinces of the facilities.
const province, farProvince = "24", "01"

func newWorld(t *testing.T, p storetest.Place) *world {
	t.Helper()
	w := &world{T: t, log: &lines{}, users: map[string]*user{}}
	// The marker of a demonstration opens one-time links: everybody comes in by one.
	if err := os.WriteFile(filepath.Join(p.Dir, demoMarker), []byte(`{"done":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), Config{Data: p.Dir, Database: p.Database, LiveKit: "none", Site: "test", Level: "debug"}, w.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.ok(a.Close()) })
	w.app, w.mux = a, a.routes()
	w.ok(a.Store.Start(t.Context()))
	w.places()
	w.people()
	w.visits()
	w.settle()
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// commune returns the n-th commune of a province.
func (w *world) commune(province string, n int) vn.Unit {
	today := vn.DateOf(time.Now())
	u, ok := w.app.Units.ByCode(province, today)
	if !ok {
		w.Fatalf("no province %s", province)
	}
	return w.app.Units.Communes(u.ID, today)[n]
}

func (w *world) put(resources ...any) {
	w.Helper()
	var ops []store.Op
	for _, r := range resources {
		d, err := fhir.New(r)
		w.ok(err)
		ops = append(ops, store.Put(d))
	}
	_, err := w.app.Store.For(system()).Commit(w.Context(), ops...)
	w.ok(err)
}

func unitExtension(u vn.Unit) []fhir.Extension {
	return []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Name)}
}

func (w *world) places() {
	province24 := w.province(province)
	for _, p := range []struct {
		id, kind string
		unit     vn.Unit
	}{
		{"tram-a", "station", w.commune(province, 0)}, {"tram-b", "station", w.commune(province, 1)},
		{"phong-kham", "clinic", w.commune(province, 0)}, {"vien-h", "hospital-province", province24}, {"vien-k", "hospital-province", province24},
		{"cdc", "cdc", province24}, {"cdc-xa", "cdc", w.province(farProvince)}, {"so", "department", province24},
		{"uy-ban", "committee", w.commune(province, 0)}, {"bo", "ministry", w.nation()},
	} {
		o := fhir.Organization{ID: p.id, Name: "Cơ sở " + p.id, Type: []fhir.CodeableConcept{fhir.Code(fhir.Base+"/cs/facility-type", p.kind, "")}}
		if p.unit.ID != vn.Nation { // which has no code
			o.Address = []fhir.Address{{Extension: unitExtension(p.unit)}}
		}
		w.put(o)
	}
}

func (w *world) province(code string) vn.Unit {
	u, _ := w.app.Units.ByCode(code, vn.DateOf(time.Now()))
	return u
}

func (w *world) nation() vn.Unit {
	u, _ := w.app.Units.Get(vn.Nation)
	return u
}

func (w *world) people() {
	a, b := w.commune(province, 0), w.commune(province, 1)
	born := time.Now().AddDate(-4, 0, 0).Format(time.DateOnly)
	w.alpha = w.resident("be-alpha", "Nguyễn Văn Zqalpha", "024222000017", born, "tram-a", a)
	w.bravo = w.resident("be-bravo", "Trần Thị Zqbravo", "024322000025", born, "tram-b", b)
	for _, u := range []struct {
		login, facility string
		role            store.Role
		unit            vn.UnitID
		patient         string
	}{
		{"tiep-don-a", "tram-a", store.Receptionist, a.ID, ""}, {"dieu-duong-a", "tram-a", store.Nurse, a.ID, ""},
		{"bac-si-a", "tram-a", store.Doctor, a.ID, ""}, {"ho-sinh-a", "tram-a", store.Midwife, a.ID, ""},
		{"duoc-a", "tram-a", store.Pharmacist, a.ID, ""}, {"tiem-a", "tram-a", store.ImmunisationOff, a.ID, ""},
		{"thon-a", "tram-a", store.VillageWorker, a.ID, ""}, {"truong-tram-a", "tram-a", store.StationDirector, a.ID, ""},
		{"tiep-don-b", "tram-b", store.Receptionist, b.ID, ""}, {"dieu-duong-b", "tram-b", store.Nurse, b.ID, ""},
		{"bac-si-b", "tram-b", store.Doctor, b.ID, ""}, {"truong-tram-b", "tram-b", store.StationDirector, b.ID, ""},
		{"thon-b", "tram-b", store.VillageWorker, b.ID, ""},
		{"phong-kham", "phong-kham", store.PrivateClinic, a.ID, ""}, {"chu-tich", "uy-ban", store.Chairman, a.ID, ""},
		{"so", "so", store.Department, w.province(province).ID, ""}, {"bo", "bo", store.Ministry, vn.Nation, ""},
		{"cdc", "cdc", store.CDC, w.province(province).ID, ""}, {"cdc-xa", "cdc-xa", store.CDC, w.province(farProvince).ID, ""},
		{"ban-kin", "cdc", store.ClosedDesk, w.province(province).ID, ""}, {"bao-cao", "vien-h", store.HospitalReporter, w.province(province).ID, ""},
		{"dieu-phoi-h", "vien-h", store.Coordinator, w.province(province).ID, ""}, {"dieu-phoi-k", "vien-k", store.Coordinator, w.province(province).ID, ""},
		{"chuyen-gia-h", "vien-h", store.Expert, w.province(province).ID, ""}, {"chuyen-gia-h2", "vien-h", store.Expert, w.province(province).ID, ""},
		{"chuyen-gia-k", "vien-k", store.Expert, w.province(province).ID, ""},
		{"ra-soat", "so", store.AccessReviewer, w.province(province).ID, ""}, {"quan-tri", "so", store.Administrator, w.province(province).ID, ""},
		{"nguoi-alpha", "", store.Person, 0, w.alpha.id}, {"nguoi-bravo", "", store.Person, 0, w.bravo.id},
		{"me-alpha", "", store.Guardian, 0, w.alpha.id}, {"me-bravo", "", store.Guardian, 0, w.bravo.id},
	} {
		w.enter(u.login, u.role, u.facility, u.unit, u.patient)
	}
}

func (w *world) resident(id, name, number, born, station string, home vn.Unit) patient {
	w.put(fhir.Patient{ID: id, Active: new(true), Gender: "male", BirthDate: born,
		Name:                 []fhir.HumanName{{Text: name, Family: strings.Fields(name)[0], Given: strings.Fields(name)[1:]}},
		Identifier:           []fhir.Identifier{fhir.PersonalNumber(number)},
		Address:              []fhir.Address{{Use: "home", Text: "Thôn " + id, Extension: unitExtension(home)}},
		ManagingOrganization: fhir.Ref("Organization", station)})
	return patient{id: id, name: strings.Fields(name)[2], number: number, visits: map[string]string{}}
}

// enter makes an account and signs it in by a one-time link.
func (w *world) enter(login string, role store.Role, facility string, unit vn.UnitID, patient string) {
	w.Helper()
	ctx, practitioner := context.Background(), ""
	name := "Cán bộ " + login
	if facility != "" {
		practitioner = "cb-" + login
		w.put(fhir.Practitioner{ID: practitioner, Name: []fhir.HumanName{{Text: name}}},
			fhir.PractitionerRole{ID: "vai-" + login, Active: new(true), Practitioner: fhir.Ref("Practitioner", practitioner),
				Organization: fhir.Ref("Organization", facility), Code: []fhir.CodeableConcept{fhir.Code(fhir.Base+"/cs/role", string(role), "")},
				Period: fhir.Period{Start: "2026-01-01"}})
	}
	n := access.NewAccount{Login: login, Name: name, Practitioner: practitioner}
	if role == store.Person {
		n.Patient = patient
	}
	acc, _, err := w.app.Access.Accounts.Add(ctx, system(), n)
	w.ok(err)
	_, err = w.app.Access.Accounts.Assign(ctx, system(), access.Assignment{Account: acc.ID, Role: role, Facility: facility,
		FacilityName: "Cơ sở " + facility, Unit: unit, Patient: patient})
	w.ok(err)
	if role == store.Guardian {
		w.ok(w.app.Store.Relate(ctx, store.Relation{Patient: patient, Account: acc.ID, Kind: access.KindGuardian, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}))
	}
	link, err := w.app.Access.Links.DemoLink(ctx, login)
	w.ok(err)
	got := w.send(nil, http.MethodGet, link, nil)
	u := &user{login: login, role: role}
	for _, c := range got.Result().Cookies() {
		if c.HttpOnly && c.Name == "mach_session" {
			u.cookie = c.Value
		}
	}
	if u.cookie == "" {
		w.Fatalf("%s did not sign in: %d %v", login, got.Code, got.Result().Header)
	}
	w.users[login] = u
	w.order = append(w.order, login)
}

// markers are the words of a visit that nobody else may read.
func markers(kind string) []string {
	return []string{"zq" + kind + "reason", "zq" + kind + "diag", "zq" + kind + "drug", "zq" + kind + "dose", "zq" + kind + "advice"}
}

// closedKinds are the labels with a diagnosis of each.
var closedKinds = map[string]string{"hiv": "B24", "sti": "A53.9", "mental": "F20.9", "reproductive": "O04.9"}

func (w *world) visits() {
	for _, kind := range []string{"hiv", "sti", "mental", "reproductive"} {
		w.visit("bac-si-a", &w.alpha, kind, closedKinds[kind])
	}
	w.visit("bac-si-a", &w.alpha, "open", "A97.0")
	w.visit("bac-si-b", &w.bravo, "far", "J06.9")
	w.mistaken()
	w.report(w.alpha.visits["open"])
	w.consult(w.alpha.visits["open"])
}

// visit goes through the station's own pages.
func (w *world) visit(doctor string, p *patient, kind, code string) {
	w.Helper()
	m := markers(kind)
	w.visitWith(w.users[doctor], p, kind, code, m)
}

// visitWith opens a visit, fills it with words and signs it.
func (w *world) visitWith(u *user, p *patient, kind, code string, m []string) {
	w.Helper()
	opened := w.post(u, "/tram/nguoi/"+p.id+"/so", url.Values{})
	at := opened.Header().Get("Location")
	id, ok := strings.CutPrefix(at, "/tram/luot-kham/")
	if !ok {
		w.Fatalf("no visit opened: %d %q\n%s\n%s", opened.Code, at, opened.Body, w.log)
	}
	p.visits[kind] = id
	if got := w.post(u, at+"/do", url.Values{"temperature": {"37,8"}}); got.Code != http.StatusSeeOther {
		w.Fatalf("measuring in %s: %d\n%s", kind, got.Code, got.Body)
	}
	version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(w.get(u, at).Body.String())
	if version == nil {
		w.Fatalf("no form on %s", at)
	}
	got := w.post(u, at+"/kham", url.Values{"version": {version[1]}, "reason": {m[0]}, "diagnosis1": {code + " " + m[1]}, "medicine1": {m[2]},
		"dose1": {m[3]}, "advice": {m[4]}, "follow_up": {time.Now().AddDate(0, 0, 7).Format(time.DateOnly)}, "act": {"sign"}})
	if got.Code != http.StatusSeeOther {
		w.Fatalf("signing %s: %d\n%s", kind, got.Code, got.Body)
	}
}

// mistaken is a visit whose first diagnosis was of a closed file, and wrong.
func (w *world) mistaken() {
	w.Helper()
	w.visit("bac-si-a", &w.alpha, "wrong", "B24")
	u, at := w.users["bac-si-a"], "/tram/luot-kham/"+w.alpha.visits["wrong"]
	which := regexp.MustCompile(`name="condition"[^>]*value="([^"]+)"`).FindStringSubmatch(w.get(u, at+"/sua").Body.String())
	if which == nil {
		w.Fatal("no diagnosis to correct")
	}
	got := w.post(u, at+"/sua", url.Values{"condition": {which[1]}, "diagnosis": {"J06.9 Viêm họng"}, "reason": {"zqwrongwhy"}})
	if got.Code != http.StatusSeeOther {
		w.Fatalf("correcting: %d\n%s", got.Code, got.Body)
	}
}

// report sends the case report of the open visit, so that the CDC has one, and
// writes one of a closed disease as an import may bring it.
func (w *world) report(encounter string) {
	w.Helper()
	w.settle()
	u := w.users["bac-si-a"]
	cause := regexp.MustCompile(`/dich/ca-moi/([A-Za-z0-9-]+)`).FindStringSubmatch(w.get(u, "/dich/luot-kham/"+encounter).Body.String())
	if cause == nil {
		w.Fatal("no draft of a case report")
	}
	got := w.post(u, "/dich/ca-moi/"+cause[1], url.Values{"disease": {"dengue"}, "class": {"suspect"}, "onset": {time.Now().Format(time.DateOnly)}})
	if got.Code != http.StatusSeeOther {
		w.Fatalf("the case report was not sent: %d %s", got.Code, regexp.MustCompile(`field-error" id="([^"]+)"`).FindAllString(got.Body.String(), -1))
	}
	w.put(map[string]any{"resourceType": "Condition", "id": "bao-cao-kin", "subject": map[string]any{"reference": "Patient/" + w.alpha.id},
		"encounter":          map[string]any{"reference": "Encounter/" + w.alpha.visits["hiv"]},
		"category":           []any{fhir.Code(fhir.CSCategory, "case-report", "")},
		"verificationStatus": fhir.Code(fhir.ConditionVerStatus, "confirmed", ""), "recordedDate": fhir.Instant(time.Now()),
		"code": map[string]any{"coding": []any{map[string]any{"system": fhir.ICD10, "code": "B24"}}, "text": "zqhivdiag"}})
}

// consult asks the hospital about the open visit and lets it name an expert.
func (w *world) consult(encounter string) {
	w.Helper()
	at := w.post(w.users["bac-si-a"], "/hoi-chan", url.Values{"encounter": {encounter}, "hospital": {"vien-h"}, "urgency": {"routine"}, "question": {"zqopenquestion"}}).Header().Get("Location")
	if !strings.HasPrefix(at, "/hoi-chan/") {
		w.Fatalf("no consultation: %q", at)
	}
	got := w.post(w.users["dieu-phoi-h"], at+"/nhan", url.Values{"expert": {"cb-chuyen-gia-h"}})
	if got.Code != http.StatusSeeOther {
		w.Fatalf("accepting: %d\n%s", got.Code, got.Body)
	}
}

// emergency lets strangers of station tram-b open alpha's record: a doctor the
// whole of it, a nurse the summary.
func (w *world) emergency() {
	w.Helper()
	w.glass = map[string]bool{}
	for _, login := range []string{"bac-si-b", "dieu-duong-b"} {
		u := w.users[login]
		at := w.post(u, "/tai-khoan/khan-cap", url.Values{"patient": {w.alpha.id}, "reason": {"Bất tỉnh ngoài đường"}}).Header().Get("Location")
		if !strings.HasPrefix(at, "/tai-khoan/khan-cap/") {
			w.Fatalf("%s breaks no glass: %q", login, at)
		}
		if login == "bac-si-b" {
			if got := w.post(u, at+"/day-du", url.Values{"reason": {"Cần xem lần khám trước"}}); got.Code != http.StatusSeeOther {
				w.Fatalf("the rest stays shut: %d", got.Code)
			}
		}
		w.glass[at] = true
	}
}

// settle waits until every view has all that was written.
func (w *world) settle() {
	w.Helper()
	w.ok(w.app.caughtUp(w.Context()))
}

func (w *world) get(u *user, path string) *httptest.ResponseRecorder {
	return w.send(u, http.MethodGet, path, nil)
}

func (w *world) post(u *user, path string, form url.Values) *httptest.ResponseRecorder {
	if !form.Has("_once") {
		form.Set("_once", store.NewID())
	}
	return w.send(u, http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

// send asks the real server and looks at what every answer owes.
func (w *world) send(u *user, method, path string, body *strings.Reader, headers ...string) *httptest.ResponseRecorder {
	w.Helper()
	for {
		var r *http.Request
		if body == nil {
			r = httptest.NewRequest(method, path, nil)
		} else {
			_, err := body.Seek(0, 0)
			w.ok(err)
			r = httptest.NewRequest(method, path, body)
		}
		r.RemoteAddr = "127.0.0.1:4000"
		if u != nil {
			r.AddCookie(&http.Cookie{Name: "mach_session", Value: u.cookie})
		}
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		got := httptest.NewRecorder()
		w.mux.ServeHTTP(got, r)
		if got.Code == http.StatusTooManyRequests {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		w.owed(method, path, got)
		return got
	}
}

// owed checks the headers of every answer, errors included.
func (w *world) owed(method, path string, got *httptest.ResponseRecorder) {
	w.Helper()
	h := got.Result().Header
	csp := h.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-") {
		w.Errorf("%s %s %d: content policy %q", method, path, got.Code, csp)
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
		w.Errorf("%s %s %d: headers are missing: %v", method, path, got.Code, h)
	}
	static := strings.HasPrefix(path, "/static/") || strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/fhir/metadata") || path == "/offline" || path == "/sw.js" || path == "/manifest.webmanifest" || path == "/kit"
	if cache := h.Get("Cache-Control"); !static && got.Body.Len() > 0 && !strings.Contains(cache, "no-store") {
		w.Errorf("%s %s %d: Cache-Control %q", method, path, got.Code, cache)
	}
	for _, c := range got.Result().Cookies() {
		if c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode || !c.HttpOnly && c.Name != "mach_sent" {
			w.Errorf("%s %s: cookie %s is %v, HttpOnly %v", method, path, c.Name, c.SameSite, c.HttpOnly)
		}
	}
	where, _ := url.QueryUnescape(oneTimeCode.ReplaceAllString(h.Get("Location"), ""))
	for _, secret := range []string{"zq", "Zq", w.alpha.number, w.bravo.number} {
		if secret != "" && strings.Contains(where, secret) {
			w.Errorf("%s %s leads to an address with personal data: %s", method, path, where)
		}
	}
}

// all returns "Type/id" of everything that was ever written.
func (w *world) all() []string {
	w.Helper()
	var out []string
	known := map[string]bool{}
	for after := int64(0); ; {
		list, err := w.app.Store.Changes(w.Context(), after, 1000)
		w.ok(err)
		if len(list) == 0 {
			return out
		}
		for _, c := range list {
			after = c.Seq
			if ref := c.Type + "/" + c.ID; !known[ref] {
				known[ref] = true
				out = append(out, ref)
			}
		}
	}
}

// head is the number of the last change.
func (w *world) head() int64 {
	w.Helper()
	w.settle()
	last := int64(0)
	for {
		list, err := w.app.Store.Changes(w.Context(), last, 1000)
		w.ok(err)
		if len(list) == 0 {
			return last
		}
		last = list[len(list)-1].Seq
	}
}

// total is the total of a search bundle; 0 when it was refused.
func total(got *httptest.ResponseRecorder) int {
	var b struct{ Total int }
	if got.Code != http.StatusOK || json.Unmarshal(got.Body.Bytes(), &b) != nil {
		return 0
	}
	return b.Total
}

var requestIDs = regexp.MustCompile(`[A-Z2-7]{16}|[A-Z2-7]{26}|[0-9a-f-]{36}`)

func weekOfToday() indicators.Period { return indicators.Week(vn.DateOf(time.Now())) }

// actor is who the session of u acts as, at the facility in unit.
func (w *world) actor(u *user, unit vn.Unit) store.Actor {
	a := store.Actor{Account: "test", Role: u.role, Unit: unit.ID, Purpose: access.PurposeOf(u.role), Request: store.NewID()}
	switch u.role {
	case store.Ministry:
		a.Unit = vn.Nation
	case store.CDC, store.Department:
		a.Unit = w.province(province).ID
	}
	return a
}
