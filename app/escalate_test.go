// SPDX-License-Identifier: Apache-2.0

package app

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
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

// TestClosedDeskIsCalled: a draft of a labelled disease that waits past its clock
// calls the closed desk of its province, once, and not again after a restart;
// nobody else is called, and the call names no disease, no person and no commune.
func TestClosedDeskIsCalled(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.labelled()
		for n := range 3 {
			if n == 2 {
				w.restart()
			}
			_, err := w.app.callToLate(w.Context())
			w.ok(err)
		}
		place, _ := w.app.Units.Get(w.commune(province, 1).ID)
		title := "1 phiếu báo ca bệnh chờ gửi ở bàn kín, gần hết hạn hoặc đã quá hạn · " + w.province(province).Full()
		for login, u := range w.users {
			if u.role == store.Person || u.role == store.Guardian {
				continue
			}
			called := w.get(u, "/mang/chua-xac-nhan").Body.String()
			want := 0
			if login == "ban-kin" {
				want = 1
			}
			page := html.UnescapeString(called)
			if got := strings.Count(page, title); got != want || want == 0 && strings.Contains(page, "bàn kín") {
				w.Errorf("%s is called %d times, want %d:\n%s", login, got, want, page)
			}
			page += html.UnescapeString(w.get(u, "/mang").Body.String())
			if link := regexp.MustCompile(`/mang/thong-bao/[^"/]+`).FindString(called); want == 1 {
				notice := html.UnescapeString(w.get(u, link).Body.String())
				if !strings.Contains(notice, `href="/dich/ban-kin"`) {
					w.Errorf("the call does not lead to the closed desk:\n%s", notice)
				}
				page += main(w.get(u, link))
			}
			for _, secret := range []string{w.bravo.name, w.bravo.number, w.bravo.id, "zqcallkin", "A53", "iang mai", place.Name} {
				if want == 1 && strings.Contains(page, secret) {
					w.Errorf("the call tells %s of %q", login, secret)
				}
			}
		}
	})
}

// labelled is a diagnosis of a labelled disease of bravo that nobody has reported
// in two weeks.
func (w *world) labelled() {
	w.Helper()
	signed := fhir.Instant(time.Now().AddDate(0, 0, -14))
	w.put(fhir.Encounter{ID: "kham-kin", Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", w.bravo.id),
		Period: fhir.Period{Start: signed, End: signed}, ServiceProvider: fhir.Ref("Organization", "tram-b"), Diagnosis: []fhir.EncounterDiagnosis{{Condition: fhir.Ref("Condition", "chan-doan-kin")}}},
		fhir.Condition{ID: "chan-doan-kin", ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""), VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
			Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
			Code:     fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A53.9"}}, Text: "zqcallkin"},
			Subject:  fhir.Ref("Patient", w.bravo.id), Encounter: fhir.Ref("Encounter", "kham-kin"), RecordedDate: signed})
	w.settle()
}
