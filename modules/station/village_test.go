// SPDX-License-Identifier: Apache-2.0

package station

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web/webtest"
)

// asked is a signed visit after which somebody was asked to come back.
func asked(id, patient, facility string, visit, back vn.Date) []any {
	at := fhir.Instant(visit.Time().Add(9 * time.Hour))
	return []any{
		fhir.Encounter{ID: id, Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", patient),
			Period: fhir.Period{Start: at, End: at}, ServiceProvider: fhir.Ref("Organization", facility)},
		fhir.Appointment{ID: "back-" + id, Status: "booked", Description: "Khám lại sốt xuất huyết", Start: fhir.Instant(back.Time().Add(8 * time.Hour)), End: fhir.Instant(back.Time().Add(8*time.Hour + 20*time.Minute)),
			SupportingInformation: []fhir.Reference{fhir.Ref("Encounter", id)},
			Participant:           []fhir.AppointmentParticipant{{Actor: fhir.Ref("Patient", patient), Status: "accepted"}}},
	}
}

// A village health worker sees who has not come back, where they live and how
// to reach them, not why, and nobody of another station.
func TestWhomToRemind(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		worker, today := here(t, m, store.VillageWorker), m.today()
		sub := fhir.Organization{ID: "diem-1", Name: "Điểm trạm 1", Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "substation", "")}, PartOf: fhir.Ref("Organization", station)}
		late, soon, came, far := resident(t, m, 1, "Nguyễn Văn Trễ", "1990-01-01", ""), resident(t, m, 2, "Lê Thị Sắp", "1991-01-01", ""),
			resident(t, m, 3, "Trần Văn Đến", "1992-01-01", ""), resident(t, m, 4, "Phạm Văn Xa", "1993-01-01", "")
		late.Telecom = []fhir.ContactPoint{{System: "phone", Value: "+84912000111"}}
		soon.ManagingOrganization = fhir.Ref("Organization", "diem-1")
		put(t, m, sub, fhir.Organization{ID: "tram-xa", Name: "Trạm xa"})
		put(t, m, late, soon, came, far, stranger(t, m))
		for _, list := range [][]any{
			asked("v1", "p1", station, today-10, today-3), asked("v2", "p2", station, today-4, today+5), asked("v3", "p3", station, today-10, today-2),
			asked("v3b", "p3", station, today-1, today+90), // came again
			asked("v4", "p4", station, today-90, today-60), asked("v9", "p9", "tram-xa", today-9, today-1),
		} {
			put(t, m, list...)
		}
		due, err := m.Due(t.Context(), worker, today-dueBefore, today+dueAfter)
		ok(t, err)
		if len(due) != 2 || due[0].Name != "Nguyễn Văn Trễ" || due[0].Day != today-3 || due[1].Name != "Lê Thị Sắp" {
			t.Fatalf("to remind %+v", due)
		}
		worker.Site = "diem-1"
		if due, err = m.Due(t.Context(), worker, today-dueBefore, today+dueAfter); err != nil || len(due) != 1 || due[0].Name != "Lê Thị Sắp" {
			t.Errorf("of the sub-site %+v, %v", due, err)
		}
		site := webtest.NewSite(t, clock, m.Routes)
		worker.Site = ""
		page := site.Page(worker, "/tram/thon", "Nguyễn Văn Trễ", "quá hẹn 3 ngày", "0912 000 111", "Thôn Hoài Thượng", "Lê Thị Sắp", "sắp đến hẹn")
		if strings.Contains(page, "Khám lại sốt xuất huyết") || strings.Contains(page, "Trần Văn Lạ") {
			t.Error("the page tells why, or of another station")
		}
		for _, role := range []store.Role{store.Nurse, store.Chairman, store.Person} {
			if w := site.Get(here(t, m, role), "/tram/thon"); w.Code == http.StatusOK {
				t.Errorf("%s opens the village", role)
			}
		}
	})
}

// A signal stands on the day list of the station until somebody takes it up,
// and the village sees that.
func TestSignals(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		worker, nurse, reception := named(t, m, store.VillageWorker, "Na"), named(t, m, store.Nurse, "Hoa"), here(t, m, store.Receptionist)
		put(t, m, fhir.Organization{ID: "tram-xa", Name: "Trạm xa"}, resident(t, m, 1, longName, "1990-05-04", ""), stranger(t, m))
		ctx := t.Context()
		for patient, code := range map[string]issue.Code{"p9": issue.NotFound, "none": issue.NotFound} {
			if err := m.Tell(ctx, worker, patient, "k-"+patient, "Sốt cao"); !issue.Is(err, code) {
				t.Errorf("about %s: %v", patient, err)
			}
		}
		if err := m.Tell(ctx, worker, "p1", "k", "  "); !issue.Is(err, issue.Required) {
			t.Errorf("without words: %v", err)
		}
		if err := m.Tell(ctx, named(t, m, store.Chairman, "Long"), "p1", "k", "Sốt"); err == nil {
			t.Error("the chairman sent a signal about a person")
		}
		site := webtest.NewSite(t, clock, m.Routes)
		site.Page(worker, "/tram/thon?q="+"hoang+bao", longName, tellPath("p1"))
		site.Page(worker, tellPath("p1"), longName, "Đã thấy gì")
		if w := site.Post(worker, tellPath("p1"), "words", ""); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("an empty signal answers %d", w.Code)
		}
		if w := site.Post(worker, tellPath("p1"), "words", "Sốt cao 3 ngày, nổi ban"); w.Code != http.StatusSeeOther {
			t.Fatalf("the signal answers %d", w.Code)
		}
		open, err := m.Signals(ctx, nurse, clock, true)
		ok(t, err)
		if len(open) != 1 || open[0].Words != "Sốt cao 3 ngày, nổi ban" || open[0].Sender != "Na" || open[0].Patient != "p1" || !open[0].Received.IsZero() {
			t.Fatalf("open signals %+v", open)
		}
		take := "/tram/tin-hieu/" + open[0].ID + "/nhan"
		if part := site.Page(reception, "/tram/tin-hieu", longName, "Sốt cao 3 ngày, nổi ban", "Na"); strings.Contains(part, take) {
			t.Error("reception takes signals up")
		}
		site.Page(nurse, "/tram/tin-hieu", take)
		site.Page(nurse, "/tram", "Sốt cao 3 ngày, nổi ban", take) // also without JavaScript
		site.Page(worker, "/tram/thon", "chờ trạm nhận")
		elsewhere := nurse
		elsewhere.Facility, elsewhere.Account = "tram-xa", "acc-x"
		if list, err := m.Signals(ctx, elsewhere, clock, true); err != nil || len(list) != 0 {
			t.Errorf("another station sees %+v, %v", list, err)
		}
		if w := site.Post(nurse, take); w.Code != http.StatusSeeOther {
			t.Errorf("taking up answers %d", w.Code)
		}
		ok(t, m.TakeUp(ctx, nurse, open[0].ID, "again")) // changes nothing
		if open, err = m.Signals(ctx, nurse, clock, true); err != nil || len(open) != 0 {
			t.Errorf("still open: %+v, %v", open, err)
		}
		told, err := m.Signals(ctx, worker, clock.Add(-time.Hour), false)
		if err != nil || len(told) != 1 || told[0].Received.IsZero() {
			t.Errorf("told %+v, %v", told, err)
		}
		site.Page(worker, "/tram/thon", "trạm nhận")
		if line, err := m.store.CheckView(ctx, "station"); err != nil || !line.OK {
			t.Errorf("%+v, %v", line, err)
		}
	})
}
