// SPDX-License-Identifier: Apache-2.0

package app

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/modules/events"
	"mach/store"
	"mach/vn"
)

// TestNextLevelIsCalled: a draft that its station leaves unsent past its clock
// calls the director and who is on duty at the CDC, an event who is told by its
// step: once each, and with no word of who is ill.
func TestNextLevelIsCalled(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.enter("cdc-hai", store.CDC, "cdc", w.province(province).ID, "")
		today := vn.DateOf(time.Now())
		w.settle()
		if got := w.post(w.users["cdc"], "/canh-bao/truc", url.Values{"who": {"cb-cdc"}, "from": {today.String()}, "to": {today.AddDays(1).String()}}); got.Code != http.StatusSeeOther {
			w.Fatalf("the roster: %d\n%s", got.Code, got.Body)
		}
		signed := fhir.Instant(time.Now().AddDate(0, 0, -3))
		w.put(fhir.Encounter{ID: "kham-cu", Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", w.bravo.id),
			Period: fhir.Period{Start: signed, End: signed}, ServiceProvider: fhir.Ref("Organization", "tram-b"), Diagnosis: []fhir.EncounterDiagnosis{{Condition: fhir.Ref("Condition", "chan-doan-cu")}}},
			fhir.Condition{ID: "chan-doan-cu", ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""), VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
				Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
				Code:     fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "B05.9"}}, Text: "zqcalldiag"},
				Subject:  fhir.Ref("Patient", w.bravo.id), Encounter: fhir.Ref("Encounter", "kham-cu"), RecordedDate: signed})
		w.settle()
		about := events.Overdue{Key: "k", Event: "e", Disease: "measles", Clock: events.ClockVerify, To: store.CDC, Unit: w.commune(province, 1).ID, Due: time.Now()}
		for range 2 {
			_, err := w.app.callToLate(w.Context())
			w.ok(err)
			w.ok(w.app.callToEvent(w.Context(), about))
		}
		place, _ := w.app.Units.Get(w.commune(province, 1).ID)
		draft, signal := "1 ca bệnh chưa báo cáo, gần hết hạn hoặc đã quá hạn · "+place.Full(), "1 dấu hiệu quá 24 giờ chưa xác minh · Sởi, "+place.Full()
		for login, want := range map[string][2]int{"cdc": {1, 1}, "truong-tram-b": {1, 0}, "cdc-hai": {}, "truong-tram-a": {}, "bac-si-b": {}, "cdc-xa": {}, "bo": {}, "so": {}, "ban-kin": {}} {
			page := html.UnescapeString(w.get(w.users[login], "/mang/chua-xac-nhan").Body.String())
			if got := [2]int{strings.Count(page, draft), strings.Count(page, signal)}; got != want {
				w.Errorf("%s is called %v times to the draft and the signal, want %v:\n%s", login, got, want, page)
			}
			page = html.UnescapeString(w.get(w.users[login], "/mang/chua-xac-nhan?lang=en").Body.String())
			if got := [2]int{strings.Count(page, "1 case not reported, near the limit or past it · "+place.Full()), strings.Count(page, "1 signal not verified after 24 hours · Measles, "+place.Full())}; got != want {
				w.Errorf("%s is called %v times in English, want %v:\n%s", login, got, want, page)
			}
			inbox := w.get(w.users[login], "/mang").Body.String()
			for _, secret := range []string{w.bravo.name, w.bravo.number, "zqcalldiag", w.bravo.id} {
				if strings.Contains(page+inbox, secret) {
					w.Errorf("a call tells %s of %s", login, secret)
				}
			}
		}
	})
}
