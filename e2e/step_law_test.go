// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"mach/e2e/harness"
)

// escalates: another visit of the station was signed 40 hours ago and nobody
// has reported its dengue; eight hours of the clock are left. The director has
// been told, and the province sees that the commune is late, but not who is
// ill, until the director decides.
func (st *story) escalates(director, cdc *harness.Page) {
	vi := st.vi
	before := st.unsent(cdc)
	st.forgotten(40 * time.Hour)
	late := []string{cardName, vi("surveillance.clock.left", vi("surveillance.span.hours", 7)), vi("surveillance.level.cdc")}
	director.Until("the forgotten case, escalated", func() bool {
		return slices.ContainsFunc(director.Texts("li"), func(line string) bool { return hasAll(line, late) })
	})
	cdc.Go("/dich").Never(cardName)
	if n := st.unsent(cdc); n != before+1 {
		cdc.Fail("%d cases of %s are not sent in time, want %d", n, st.person.Place, before+1)
	}
	director.FollowNear(cardName, vi("surveillance.draft.open"))
	director.Fill(vi("surveillance.refute.label"), "Xét nghiệm NS1 âm tính, sốt do viêm họng.")
	director.Follow(vi("surveillance.refute.do")).See(vi("surveillance.refuted"))
	if n := st.unsent(cdc.Go("/dich")); n != before {
		cdc.Fail("%d cases of %s are not sent in time after the director has decided, want %d", n, st.person.Place, before)
	}
}

// forgotten writes a signed visit for dengue of some time ago, about the person
// whom reception has registered, as another system would.
func (st *story) forgotten(ago time.Duration) {
	token := strings.TrimSpace(st.s.Run(st, "token", "--scope", "system/*.cruds"))
	visit := st.s.FHIR(st, token, "GET", "/Encounter/"+path.Base(st.visit), nil)
	found := st.s.FHIR(st, token, "GET", "/Patient?identifier="+url.QueryEscape("https://mach.vn/id/personal|"+cardNumber), nil)
	entries, _ := found["entry"].([]any)
	if len(entries) != 1 {
		st.Fatalf("%d people have the number of the card", len(entries))
	}
	id := entries[0].(map[string]any)["resource"].(map[string]any)["id"].(string)
	code := func(system, code string) map[string]any {
		return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
	}
	at, subject := time.Now().Add(-ago).Format(time.RFC3339), map[string]any{"reference": "Patient/" + id}
	st.s.FHIR(st, token, "PUT", "/Encounter/forgotten", map[string]any{
		"resourceType": "Encounter", "id": "forgotten", "status": "finished",
		"class":   map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
		"subject": subject, "period": map[string]any{"start": at, "end": at}, "serviceProvider": visit["serviceProvider"],
	})
	st.s.FHIR(st, token, "PUT", "/Condition/forgotten-diagnosis", map[string]any{
		"resourceType": "Condition", "id": "forgotten-diagnosis", "subject": subject, "recordedDate": at,
		"encounter":          map[string]any{"reference": "Encounter/forgotten"},
		"clinicalStatus":     code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
		"verificationStatus": code("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
		"category":           []any{code("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")},
		"code":               code("http://hl7.org/fhir/sid/icd-10", "A97.0"),
	})
}

// unsent is how many late drafts of the person's commune the CDC's page counts.
func (st *story) unsent(cdc *harness.Page) int {
	for _, line := range harness.Eval[[]string](cdc, `[...document.querySelectorAll("table")].filter(t => t.caption?.textContent.trim() === "`+st.vi("surveillance.unsent")+`")
		.flatMap(t => [...t.rows]).map(r => [...r.cells].map(c => c.textContent.trim()).join("|"))`) {
		if cells := strings.Split(line, "|"); strings.Contains(cells[0], st.person.Place) {
			return number(st.T, cells[1])
		}
	}
	return 0
}

// declares: the screen computes, a person declares. The doctor of the station
// finds no form and is refused; its director issues form 01, and the commune
// has an epidemic for everybody who may see it.
func (st *story) declares(director, cdc *harness.Page) {
	vi, at := st.vi, cdc.Path()
	doctor := st.s.Client(st, st.doctor)
	if page := doctor.Get(st, at); page.Status != http.StatusOK || strings.Contains(page.Body, at+"/cong-bo") {
		st.Errorf("the doctor's page of the commune, status %d, offers to declare", page.Status)
	}
	words := []string{"on", inDays(0), "place", "Thôn Đoài", "advice", "Diệt loăng quăng, ngủ màn."}
	if a := doctor.Try(st, at+"/cong-bo", words...); a.Status != http.StatusNotFound { // no such address for doctors
		st.Errorf("the doctor declared an epidemic: status %d", a.Status)
	}
	director.Go(at).See(vi("surveillance.epidemic.declare")).Never(vi("surveillance.declared.open", today()))
	director.Fill(vi("surveillance.notice.place"), "Thôn Đoài")
	director.Fill(vi("surveillance.notice.advice"), "Diệt loăng quăng, ngủ màn.")
	director.Follow(vi("surveillance.epidemic.declare")).See(vi("surveillance.notice.form.01"), "Thôn Đoài")
	director.Go(at).See(vi("surveillance.declared.open", today()), vi("surveillance.epidemic.end"))
	cdc.Go(at).See(vi("surveillance.declared.open", today())).Never(vi("surveillance.epidemic.end"))
}
