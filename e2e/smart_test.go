// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mach/e2e/harness"
	"mach/i18n"
	"mach/store"
)

// appHTML is an application that others could have written: it starts by
// fhirclient, reads observations, refreshes its token and says what it got.
const appHTML = `<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>Sổ Xanh</title></head><body><main><h1>Sổ Xanh</h1>
<pre id="out">đang tải</pre><button id="again">Đọc lại</button></main><script src="/fhir-client.js"></script><script>
const out = document.getElementById("out"), say = (x) => { out.textContent = JSON.stringify(x); };
const bearer = (c) => ({ headers: { Authorization: "Bearer " + c.state.tokenResponse.access_token } });
FHIR.oauth2.ready().then(async (c) => {
	const first = c.state.tokenResponse.access_token;
	const patient = await c.patient.read();
	const found = await c.request("Observation?_count=200");
	const kinds = [...new Set((found.entry || []).map((e) => e.resource.category[0].coding[0].code))].sort();
	const others = (found.entry || []).filter((e) => e.resource.subject.reference !== "Patient/" + c.patient.id).length;
	const lab = await fetch(c.state.serverUrl + "/Observation/story-lab", bearer(c));
	await c.refresh();
	const after = await fetch(c.state.serverUrl + "/Patient/" + c.patient.id, bearer(c));
	say({ patient: patient.id, user: c.user.fhirUser || "", found: (found.entry || []).length, kinds, others, lab: lab.status,
		refreshed: first !== c.state.tokenResponse.access_token && after.status === 200, scope: c.state.tokenResponse.scope, visit: c.state.tokenResponse.encounter || "", banner: c.state.tokenResponse.need_patient_banner });
	document.getElementById("again").onclick = async () => say({ again: (await fetch(c.state.serverUrl + "/Patient/" + c.patient.id, bearer(c))).status });
}).catch((e) => say({ error: String(e) }));
</script></body></html>`

// said is what the application says.
type said struct {
	Patient, User, Scope, Error, Visit string
	Found, Others, Lab, Again          int
	Kinds                              []string
	Refreshed, Banner                  bool
}

// application serves one at an origin of its own. start are the options of
// FHIR.oauth2.authorize.
func application(t *testing.T) (*httptest.Server, *string) {
	t.Helper()
	library := filepath.Join(harness.Root(t), "tools", "outside", "node_modules", "fhirclient", "build", "fhir-client.js")
	if _, err := os.Stat(library); err != nil {
		t.Skip("skipped: no npm programs; run npm ci in tools/outside")
	}
	start := new(string)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /fhir-client.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, library) })
	mux.HandleFunc("GET /launch", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><title>…</title><script src="/fhir-client.js"></script><script>FHIR.oauth2.authorize(%s)</script>`, *start)
	})
	mux.HandleFunc("GET /app", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, appHTML) })
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	return app, start
}

func options(v map[string]any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// hears waits for what the application says.
func hears(t *testing.T, p *harness.Page, part string) (x said) {
	t.Helper()
	p.See(part)
	text := p.Texts("#out")[0]
	if err := json.Unmarshal([]byte(text), &x); err != nil || x.Error != "" {
		t.Fatalf("the application says %s %v", text, err)
	}
	return x
}

// TestApplications starts an application of others' making, by fhirclient, from
// a person's page and by itself: each sees what its scopes and its user leave,
// and nothing after it was taken back.
func TestApplications(t *testing.T) {
	s, vi := server(t), says(t, i18n.Vietnamese)
	app, start := application(t)
	nurse, person := s.Of(t, store.Nurse), s.Of(t, store.Person)
	admin := s.Client(t, s.Of(t, store.Administrator))
	made := admin.Post(t, "/ung-dung/quan-ly/moi", "name", "Sổ Cam", "vendor", "Công ty Thử", "kind", "public", "redirects", app.URL+"/app", "launch", app.URL+"/launch", "origins", app.URL,
		"scopes", "launch launch/patient openid fhirUser offline_access patient/Patient.r patient/Observation.rs")
	id := made.ID()
	t.Cleanup(func() { admin.Post(t, "/ung-dung/quan-ly/"+id+"/dong") })

	// A resident of the nurse's station with a measurement and a test result.
	token := strings.TrimSpace(s.Run(t, "token", "--data", s.Data, "--scope", "system/*.cruds"))
	lent := strings.TrimSpace(s.Run(t, "token", "--data", s.Data, "--scope", "user/*.rs", "--login", nurse.Login))
	bundle := s.FHIR(t, lent, "GET", "/Patient?_count=1", nil)
	patient := bundle["entry"].([]any)[0].(map[string]any)["resource"].(map[string]any)["id"].(string)
	for at, category := range map[string]string{"story-vital": "vital-signs", "story-lab": "laboratory"} {
		s.FHIR(t, token, "PUT", "/Observation/"+at, map[string]any{"resourceType": "Observation", "id": at, "status": "final", "subject": map[string]any{"reference": "Patient/" + patient},
			"code": map[string]any{"text": at}, "effectiveDateTime": "2026-11-01",
			"category": []any{map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": category}}}}})
	}

	// From the person's page, with a scope that has a query.
	*start = options(map[string]any{"clientId": id, "redirectUri": app.URL + "/app", "pkceMode": "required",
		"scope": "launch openid fhirUser offline_access patient/Patient.r patient/Observation.rs?category=vital-signs user/Patient.rs"})
	b := harness.Open(t)
	desk := b.Desk(s, "nurse-app").Become(nurse).Allow("status of 404")
	desk.Go("/tram/nguoi/" + patient)
	desk.See(vi("smart.start.open", "Sổ Cam"))
	desk.Click(vi("smart.start.open", "Sổ Cam"))
	desk.See(vi("smart.ask", "Sổ Cam"), vi("smart.scope.patient.see", vi("smart.type.Observation")), vi("smart.value.vital-signs"))
	desk.Click(vi("smart.ask.yes"))
	got := hears(t, desk, `"refreshed"`)
	if got.Patient != patient || got.Found == 0 || got.Others != 0 || strings.Join(got.Kinds, " ") != "vital-signs" || got.Lab != http.StatusNotFound || !got.Refreshed || !got.Banner ||
		!strings.HasPrefix(got.User, "Practitioner/") && !strings.Contains(got.User, "/fhir/Practitioner/") || strings.Contains(got.Scope, "user/") {
		t.Errorf("from the person's page: %+v", got)
	}
	desk.Quiet()

	// By itself, for a person on a phone.
	*start = options(map[string]any{"clientId": id, "redirectUri": app.URL + "/app", "iss": s.URL + "/fhir", "pkceMode": "required",
		"scope": "launch/patient openid fhirUser offline_access patient/Patient.r patient/Observation.rs"})
	phone := b.Phone(s, "person-app").Become(person).Allow("status of 404")
	phone.Away(app.URL + "/launch")
	phone.See(vi("smart.ask", "Sổ Cam"), vi("smart.own"))
	phone.Click(vi("smart.ask.yes"))
	got = hears(t, phone, `"refreshed"`)
	if got.Patient == "" || got.Patient == patient && nurse.Login == person.Login || got.Others != 0 || !got.Refreshed || !strings.Contains(got.User, "Patient/"+got.Patient) {
		t.Errorf("by itself: %+v", got)
	}
	phone.Click("Đọc lại")
	if x := hears(t, phone, `"again"`); x.Again != http.StatusOK {
		t.Errorf("reading again: %d", x.Again)
	}
	// Taken back elsewhere, while the application lies open.
	mine := s.Client(t, person)
	grant := regexp.MustCompile(`/ung-dung/([0-9a-f-]{36})/rut`).FindStringSubmatch(mine.Get(t, "/ung-dung").Body)
	if grant == nil {
		t.Fatal("the person does not see the application")
	}
	mine.Post(t, "/ung-dung/"+grant[1]+"/rut")
	phone.Allow("status of 401")
	phone.Click("Đọc lại")
	if x := hears(t, phone, `"again":401`); x.Again != http.StatusUnauthorized {
		t.Errorf("after it was taken back: %d", x.Again)
	}

	// By itself at a visit, once it may ask for that; its tokens lose what is
	// taken from it.
	change := func(scopes string) {
		admin.Post(t, "/ung-dung/quan-ly/"+id+"/sua", "name", "Sổ Cam", "redirects", app.URL+"/app", "launch", app.URL+"/launch", "origins", app.URL, "scopes", scopes)
	}
	change("launch/encounter openid fhirUser offline_access patient/Patient.r patient/Observation.rs")
	name := bundle["entry"].([]any)[0].(map[string]any)["resource"].(map[string]any)["name"].([]any)[0].(map[string]any)["text"].(string)
	s.FHIR(t, token, "PUT", "/Encounter/story-visit", map[string]any{"resourceType": "Encounter", "id": "story-visit", "status": "in-progress", "class": map[string]any{"code": "AMB"},
		"subject": map[string]any{"reference": "Patient/" + patient}, "period": map[string]any{"start": "2026-11-01T08:30:00+07:00"}, "reasonCode": []any{map[string]any{"text": "Ho ba ngày"}}})
	*start = options(map[string]any{"clientId": id, "redirectUri": app.URL + "/app", "iss": s.URL + "/fhir", "scope": "launch/encounter openid fhirUser offline_access patient/Patient.r patient/Observation.rs"})
	desk.Away(app.URL + "/launch")
	desk.Fill(vi("smart.choose.name"), name)
	desk.Follow(vi("account.place.search"))
	desk.ClickCSS(`a[href*="patient=` + patient + `"]`)
	desk.See(vi("smart.visit.choose"), "Ho ba ngày")
	desk.ClickCSS(`a[href*="encounter=story-visit"]`)
	desk.See(vi("smart.visit.at"), vi("smart.visit.in-progress"))
	desk.Click(vi("smart.ask.yes"))
	if got = hears(t, desk, `"refreshed"`); got.Patient != patient || got.Visit != "story-visit" || !got.Refreshed {
		t.Errorf("at a visit: %+v", got)
	}
	change("launch/encounter openid fhirUser offline_access patient/Observation.rs")
	desk.Click("Đọc lại")
	if x := hears(t, desk, `"again"`); x.Again != http.StatusNotFound {
		t.Errorf("after the scope was taken away: %d", x.Again)
	}
}
