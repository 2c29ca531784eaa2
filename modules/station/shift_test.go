// SPDX-License-Identifier: Apache-2.0

package station

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/web/webtest"
)

// named is somebody of the role at the station, with an account of their own.
func named(t *testing.T, m *Module, role store.Role, name string) store.Actor {
	a := here(t, m, role)
	a.Account, a.Practitioner, a.Name = "acc-"+name, "prac-"+name, name
	return a
}

// At the change of shift another doctor goes on with the visit; the record says
// who measured, who wrote which line and who signed.
func TestAnotherDoctorTakesOver(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		ctx := t.Context()
		put(t, m, resident(t, m, 1, longName, "1990-05-04", "027090001234"))
		nurse, first, second := named(t, m, store.Nurse, "Hoa"), named(t, m, store.Doctor, "Lan"), named(t, m, store.Doctor, "Minh")
		elsewhere := second
		elsewhere.Facility = "tram-khac"
		id, err := m.Arrive(ctx, nurse, "p1", "a")
		ok(t, err)
		ok(t, m.Measure(ctx, nurse, id, "m", Vitals{"temperature": 39.2}))
		draft := exam
		draft.Medicines = []Medicine{{"Paracetamol 500 mg", "1 viên khi sốt"}, {"Oresol", "pha 1 gói"}}
		ok(t, m.Examine(ctx, first, id, versionOf(t, m, first, id), "e1", draft))
		if v, err := m.Visit(ctx, second, id); err != nil || listed(v.Who.Measured) != "Hoa" || listed(v.Who.Wrote) != "Lan" || listed(v.Who.Signed) != "" {
			t.Fatalf("the draft was made by %+v, %v", v.Who, err)
		}

		changed := draft
		changed.Diagnoses = []Diagnosis{draft.Diagnoses[0]}            // one taken off
		changed.Medicines = []Medicine{{"Oresol", "pha 2 gói"}}        // one taken off, one changed
		changed.Advice, changed.FollowUp = draft.Advice, exam.FollowUp // as they were
		if err := m.Examine(ctx, elsewhere, id, versionOf(t, m, first, id), "x", changed); !issue.Is(err, issue.NotFound) {
			t.Errorf("a doctor of another station: %v", err)
		}
		ok(t, m.Examine(ctx, second, id, versionOf(t, m, second, id), "e2", changed))
		ok(t, m.Sign(ctx, second, id, versionOf(t, m, second, id), "s", changed))

		v, err := m.Visit(ctx, first, id)
		ok(t, err)
		if !v.Signed() || !slices.Equal(v.Diagnoses, changed.Diagnoses) || !slices.Equal(v.Medicines, changed.Medicines) || v.Advice != exam.Advice || v.FollowUp != exam.FollowUp {
			t.Errorf("signed: %+v", v)
		}
		if listed(v.Who.Measured) != "Hoa" || listed(v.Who.Wrote) != "Lan, Minh" || listed(v.Who.Signed) != "Minh" {
			t.Errorf("the record names %+v", v.Who)
		}
		for _, d := range v.parts {
			by := map[string]string{"Condition": d.Get("recorder", "display").String(), "MedicationRequest": d.Get("requester", "display").String(), "CarePlan": d.Get("author", "display").String()}[d.Type()]
			if want := map[string]string{"Condition": "Lan", "MedicationRequest": "Minh", "CarePlan": "Lan"}[d.Type()]; by != want {
				t.Errorf("the %s was written by %q, not %q", d.Type(), by, want)
			}
		}
		site := webtest.NewSite(t, clock, m.Routes)
		site.Page(nurse, "/tram/luot-kham/"+id, "Đo: Hoa", "Ghi: Lan, Minh", "Ký: Minh")
	})
}

// A name that the record does not hold comes from the directory.
func TestWhoIsNamedByTheDirectory(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		put(t, m, resident(t, m, 1, longName, "1990-05-04", "027090001234"),
			fhir.Practitioner{ID: "cu", Name: []fhir.HumanName{{Text: "Ngô Văn Cũ"}}},
			fhir.Encounter{ID: "kham-cu", Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", "p1"),
				Period: fhir.Period{Start: "2026-11-20T01:00:00Z"}, ServiceProvider: fhir.Ref("Organization", station),
				Participant: []fhir.EncounterParticipant{{Individual: fhir.Ref("Practitioner", "cu")}, {Individual: fhir.Ref("Practitioner", "khong-con")}}})
		site := webtest.NewSite(t, clock, m.Routes)
		site.Page(here(t, m, store.Doctor), "/tram/luot-kham/kham-cu", "Ký: Ngô Văn Cũ")
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func versionOf(t *testing.T, m *Module, a store.Actor, id string) int64 {
	t.Helper()
	v, err := m.Visit(t.Context(), a, id)
	ok(t, err)
	return v.Version
}

// Two receptionists at one moment never give the same number, and a sub-site
// has a queue of its own.
func TestNumbersAtOneMoment(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		const people = 16
		put(t, m, fhir.Organization{ID: "diem-1", Name: "Điểm trạm số 1", PartOf: fhir.Ref("Organization", station),
			Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "substation", "")}})
		for n := range people {
			put(t, m, resident(t, m, n, fmt.Sprintf("Nguyễn Văn Số %d", n), "1990-05-04", ""))
		}
		errs := make([]error, people)
		var wg sync.WaitGroup
		for n := range people {
			wg.Go(func() {
				a := named(t, m, store.Receptionist, fmt.Sprint("tiep-don-", n))
				if n%4 == 0 {
					a.Site = "diem-1"
				}
				_, errs[n] = m.Arrive(t.Context(), a, fmt.Sprintf("p%d", n), "k")
			})
		}
		wg.Wait()
		for _, err := range errs {
			ok(t, err)
		}
		seat, sub := here(t, m, store.Nurse), here(t, m, store.Nurse)
		sub.Site = "diem-1"
		given := map[string][]int{}
		for _, w := range today(t, m, seat) {
			n, err := strconv.Atoi(w.Number)
			ok(t, err)
			given[w.Facility] = append(given[w.Facility], n)
		}
		for site, want := range map[string]int{station: people * 3 / 4, "diem-1": people / 4} {
			got := given[site]
			slices.Sort(got)
			if len(got) != want || got[0] != 1 || len(slices.Compact(got)) != want {
				t.Errorf("%s gave the numbers %v to %d people", site, given[site], want)
			}
		}
		own := today(t, m, sub)
		if len(own) != people/4 || slices.ContainsFunc(own, func(w Waiting) bool { return w.Facility != "diem-1" }) {
			t.Errorf("the sub-site's queue: %+v", own)
		}
		// The visit of a sub-site is the station's record.
		ok(t, m.Measure(t.Context(), sub, own[0].Encounter, "m", Vitals{"pulse": 80}))
		ok(t, m.Measure(t.Context(), seat, own[0].Encounter, "m2", Vitals{"pulse": 82}))
	})
}

func today(t *testing.T, m *Module, a store.Actor) []Waiting {
	t.Helper()
	rows, err := m.Today(t.Context(), a, m.today())
	ok(t, err)
	return rows
}

// A visit opened by a clock that goes ahead is signed or left all the same; it
// ends when it began.
func TestClockGoesAhead(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		ctx, clock := t.Context(), m.now
		nurse, doctor := named(t, m, store.Nurse, "Hoa"), named(t, m, store.Doctor, "Lan")
		for n, end := range map[int]func(id string) error{
			1: func(id string) error { return m.Sign(ctx, doctor, id, versionOf(t, m, doctor, id), "s", exam) },
			2: func(id string) error { return m.Leave(ctx, nurse, id, "l") },
		} {
			put(t, m, resident(t, m, n, longName, "1990-05-04", fmt.Sprintf("02709000123%d", n)))
			m.now = func() time.Time { return clock().Add(5 * time.Hour) }
			id, err := m.Arrive(ctx, nurse, fmt.Sprintf("p%d", n), fmt.Sprint("a", n))
			m.now = clock
			ok(t, err)
			ok(t, end(id))
			if v, err := m.Visit(ctx, doctor, id); err != nil || !v.Ended.Equal(v.Arrived) || v.Ended.IsZero() {
				t.Errorf("%d: from %v to %v, %v", n, v.Arrived, v.Ended, err)
			}
		}
	})
}
