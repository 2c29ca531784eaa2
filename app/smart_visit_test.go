// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"mach/access"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// encounters puts n visits of a person on record, one a day of a month, named
// after their status and order.
func (w *world) encounters(patient string, n int, status, month string) {
	for i := range n {
		d, err := fhir.New(fhir.Encounter{ID: fmt.Sprintf("%s-%s-%d", status, patient, i), Status: status, Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"},
			Subject: fhir.Ref("Patient", patient), Period: fhir.Period{Start: fmt.Sprintf("%s-%02dT08:30:00+07:00", month, i+1)},
			ServiceProvider: fhir.Ref("Organization", "tram-a"), ReasonCode: []fhir.CodeableConcept{{Text: fmt.Sprintf("lý do %d", i)}}})
		w.ok(err)
		_, err = w.app.Store.For(system()).Commit(w.Context(), store.Put(d))
		w.ok(err)
	}
}

// TestStartsAtAVisit: an application that starts by itself at a visit is given
// one of the person's that its user sees, or none.
func TestStartsAtAVisit(t *testing.T) {
	w := newWorld(t, storetest.Place{Dir: t.TempDir()})
	w.encounters(w.alpha.id, 22, "finished", "2027-10")
	w.encounters(w.alpha.id, 1, "in-progress", "2026-01")
	w.encounters(w.alpha.id, 1, "cancelled", "2027-11")
	w.encounters(w.bravo.id, 1, "finished", "2027-10")
	w.settle()
	c, _, err := w.app.Access.Clients.Register(t.Context(), system(), access.Client{Name: "Sổ Xanh", Kind: access.ClientPublic, Redirects: []string{answerTo}, Scopes: []string{"launch/encounter", "user/*.rs"}})
	w.ok(err)
	const verifier = "a-verifier-of-more-than-forty-three-characters-000"
	sum := sha256.Sum256([]byte(verifier))
	q := asks(c)
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("scope", "launch/encounter user/Patient.r")
	at := "/smart/authorize?" + q.Encode()
	doctor, person := w.users["bac-si-a"], w.users["nguoi-alpha"]
	open, done, theirs := "in-progress-"+w.alpha.id+"-0", "finished-"+w.alpha.id+"-21", "finished-"+w.bravo.id+"-0"
	w.choosesOf(w.get(doctor, at+"&patient="+w.alpha.id).Body.String(), open, done, "finished-"+w.alpha.id+"-3")
	own := w.get(person, at).Body.String() // a visit that goes on is not in one's own book yet
	w.choosesOf(own, done, "finished-"+w.alpha.id+"-20", "finished-"+w.alpha.id+"-2")
	role := regexp.MustCompile(`role=([^"&]+)`).FindStringSubmatch(own)
	if role == nil {
		t.Fatal("the person's record is not in the way on")
	}
	if page := w.get(doctor, at+"&patient="+w.alpha.id+"&encounter="+open).Body.String(); !strings.Contains(page, `name="encounter" value="`+open) {
		t.Error("the visit is not on the page that asks")
	}
	if page := w.get(doctor, "/tram/luot-kham/"+open).Body.String(); !strings.Contains(page, "/ung-dung/cua/"+w.alpha.id+"?encounter="+open) {
		t.Errorf("no way from the visit to applications:\n%s", page)
	}
	newcomer := w.resident("moi-den", "Lê Thị Zqnew", "001090000999", "1990-01-01", "tram-a", w.commune(province, 0))
	w.settle()
	if got := w.get(doctor, at+"&patient="+newcomer.id); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "Chưa có lượt khám nào") || !strings.Contains(got.Body.String(), `value="allow"`) {
		t.Errorf("who has no visit is asked for one: %d", got.Code)
	}
	if got := w.get(doctor, at+"&patient="+w.alpha.id+"&encounter="+theirs); got.Code != http.StatusNotFound {
		t.Errorf("another's visit: %d", got.Code)
	}
	for name, x := range map[string]struct {
		who  *user
		form url.Values
		want string // visit of the token answer; "-" = refused
	}{
		"a doctor":                         {doctor, url.Values{"patient": {w.alpha.id}, "encounter": {open}}, open},
		"without":                          {doctor, url.Values{"patient": {w.alpha.id}}, ""},
		"another's visit":                  {doctor, url.Values{"patient": {w.alpha.id}, "encounter": {theirs}}, "-"},
		"the person":                       {person, url.Values{"role": {role[1]}, "encounter": {done}}, done},
		"the person, one that is not seen": {person, url.Values{"role": {role[1]}, "encounter": {open}}, "-"},
		"the person, another's":            {person, url.Values{"role": {role[1]}, "encounter": {theirs}}, "-"},
	} {
		x.form.Set("request", q.Encode())
		if got := w.startsAt(x.who, x.form, url.Values{"grant_type": {"authorization_code"}, "client_id": {c.ID}, "redirect_uri": {answerTo}, "code_verifier": {verifier}}); got != x.want {
			t.Errorf("%s starts at %q, want %q", name, got, x.want)
		}
	}
}

// choosesOf reads which visits a page offers: twenty, the first two and the last
// of which are named.
func (w *world) choosesOf(page, first, second, last string) {
	w.Helper()
	var got []string
	for _, m := range regexp.MustCompile(`encounter=([a-z0-9-]+)"`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[1])
	}
	if len(got) != 20 || got[0] != first || got[1] != second || got[19] != last || !strings.Contains(page, "lý do 21") {
		w.Errorf("to choose of: %v", got)
	}
}

// startsAt agrees, exchanges the code and returns the visit of the answer; "-"
// when the choice is refused as not there.
func (w *world) startsAt(u *user, form, exchange url.Values) string {
	w.Helper()
	form.Set("do", "allow")
	form.Set("scope", "user/Patient.r")
	led := w.post(u, "/smart/authorize", form)
	if led.Code == http.StatusNotFound {
		return "-"
	}
	to, err := url.Parse(led.Header().Get("Location"))
	w.ok(err)
	exchange["code"] = to.Query()["code"]
	got := w.send(nil, http.MethodPost, "/smart/token", strings.NewReader(exchange.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	var answer struct{ Encounter, Patient string }
	w.ok(json.Unmarshal(got.Body.Bytes(), &answer))
	if got.Code != http.StatusOK || answer.Patient != w.alpha.id {
		w.Errorf("%d %s", got.Code, got.Body)
	}
	return answer.Encounter
}
