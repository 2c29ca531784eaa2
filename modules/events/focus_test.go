// SPDX-License-Identifier: Apache-2.0

package events

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mach/casereport"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Cases belong to a focus by the name on their report; those nearby are offered
// with what they share, and join by a new version of the report and its form.
func TestLineList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director, cdc := t.Context(), w.as(store.StationDirector), w.as(store.CDC)
		id := w.focus("measles")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.person("p2", "Nguyễn Văn Hùng", "Thôn Đông, xã")
		w.person("p3", "Nguyễn Thị Mai", "Thôn Đoài, xã")
		w.person("p4", "Lê Văn Tư", "Thôn Tây, xã")
		w.report("p1", "B05.9", "Thôn Đoài A", "Mầm non Hoa Sen", w.today()-3)
		w.report("p2", "B05.9", "", "Mầm non HOA SEN", w.today()-2)
		w.report("p3", "B05.9", "", "", w.today()-1)
		w.report("p4", "B05.9", "", "", w.today()-1)
		for _, a := range []store.Actor{director, cdc, w.as(store.Nurse)} {
			e, err := w.Event(ctx, a, id)
			if err != nil {
				t.Fatal(err)
			}
			cases, err := w.Cases(ctx, a, e)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := w.Lines(ctx, a, cases)
			if err != nil || len(lines) != 1 || lines[0].Answers["name"] != "Nguyễn Thị Lan" || lines[0].Answers["workplace"] != "Mầm non Hoa Sen" {
				t.Fatalf("%s: %+v, %v", a.Role, lines, err)
			}
			if cases, err = w.Near(ctx, a, e); err != nil {
				t.Fatal(err)
			}
			near, err := w.Lines(ctx, a, cases)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]Exposure{}
			for _, l := range shared(lines, near) {
				got[l.Patient] = l.Shared
			}
			if diff := cmp.Diff(map[string][]Exposure{"p2": {{"workplace", "case-p1"}}, "p3": {{"hamlet", "case-p1"}}, "p4": nil}, got); diff != "" {
				t.Errorf("%s: %s", a.Role, diff)
			}
		}
		for _, role := range []store.Role{store.Ministry, store.Chairman, store.VillageWorker} {
			if cases, err := w.Cases(ctx, w.as(role), w.event(id)); err != nil || len(cases) > 0 {
				t.Errorf("%s sees %d cases, %v", role, len(cases), err)
			}
		}
		with := Exposure{"workplace", "case-p1"}
		for _, wrong := range []Exposure{{"workplace", "case-p4"}, {"moon", "case-p1"}, {"workplace", "case-p2"}} {
			if err := w.Join(ctx, cdc, id, "case-p2", wrong, w.key()); !issue.Is(err, issue.NotFound) {
				t.Errorf("linked with %v: %v", wrong, err)
			}
		}
		for range 2 {
			if err := w.Join(ctx, cdc, id, "case-p2", with, w.key()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Join(ctx, cdc, id, "case-p3", Exposure{}, w.key()); err != nil {
			t.Fatal(err)
		}
		cases, err := w.Cases(ctx, cdc, w.event(id))
		if err != nil || len(cases) != 3 || !cmp.Equal(cases[1].Exposed, []Exposure{with}) {
			t.Fatalf("%+v, %v", cases, err)
		}
		lines, err := w.Lines(ctx, cdc, cases)
		if err != nil {
			t.Fatal(err)
		}
		if pairs := unlinked(lines); len(pairs) != 1 || pairs[0].Line.Patient != "p3" || pairs[0].With.Patient != "p1" || pairs[0].Kind != "hamlet" {
			t.Errorf("offered %+v", pairs)
		}
		d, err := w.s.For(cdc).Read(ctx, "QuestionnaireResponse", "form-p2")
		if err != nil {
			t.Fatal(err)
		}
		answers := map[string]string{}
		formAnswers(d, answers)
		if answers["focus"] != "Thôn Đoài A" || answers["workplace"] != "Mầm non HOA SEN" || d.Get("status").String() != "amended" {
			t.Errorf("the form says %v", answers)
		}
		tally, err := w.tally(ctx, cdc, w.event(id))
		if err != nil || tally.Suspect != 3 {
			t.Errorf("%+v, %v", tally, err)
		}
		w.rebuilt()
	})
}

// A name is taken while a focus of the disease has it in the province.
func TestNamesOfFoci(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.focus("measles")
		n := w.news("measles")
		n.Unit, n.Anew = w.other.ID, true
		id := w.signal(w.neighbour(store.Nurse), n)
		w.take(w.neighbour(store.Nurse), id, Draft{Kind: Verified})
		d := Draft{Kind: Focus, Name: "  thôn đoài  A", Place: "Thôn", Since: w.today(), Words: "x"}
		wantRefused(t, w.Take(t.Context(), w.neighbour(store.StationDirector), id, dated(d), w.key()), issue.BusinessRule, "name")
		d.Name = "Thôn Đoài B"
		w.take(w.neighbour(store.StationDirector), id, d)
	})
}

// A second focus in the same hamlet has its own cases, whoever counts them: those
// of the first stay with it, also when it is opened again after the second.
func TestSecondFocusOfAName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		report := func(patient string, day vn.Date) {
			t.Helper()
			w.person(patient, "Nguyễn Thị Lan", "Thôn Đoài, xã")
			w.report(patient, "A97.0", "Thôn Đoài A", "", day)
		}
		first := w.focus("dengue")
		for i, p := range []string{"p1", "p2", "p3"} {
			report(p, w.today()-vn.Date(18-i))
		}
		w.take(director, first, Draft{Kind: Closed, At: w.today()})
		w.wait(20 * 24 * time.Hour)
		n := w.news("dengue")
		n.Since = w.today() - 2
		second := w.signal(w.as(store.VillageWorker), n)
		w.take(w.as(store.Nurse), second, Draft{Kind: Verified})
		w.take(director, second, Draft{Kind: Focus, Name: "Thôn Đoài A", Place: "Thôn Đoài", Since: w.today() - 2})
		report("p4", w.today())
		report("p5", w.today()-1)
		want := func(id string, cases int) {
			t.Helper()
			e := w.event(id)
			tally, err := w.tally(ctx, director, e)
			if err != nil || tally.Cases() != cases {
				t.Errorf("%d cases, %v, want %d", tally.Cases(), err, cases)
			}
			if list, err := w.Cases(ctx, director, e); err != nil || len(list) != cases {
				t.Errorf("the line list has %d, %v, want %d", len(list), err, cases)
			}
			if f, err := w.counted(ctx, director, e, w.today()); err != nil || f.Cases != cases {
				t.Errorf("the daily report has %d, %v, want %d", f.Cases, err, cases)
			}
			all, err := w.Tallies(ctx, director, w.commune)
			if err != nil || e.Stage.Active() && all[id].Cases() != cases {
				t.Errorf("the board has %d, %v, want %d", all[id].Cases(), err, cases)
			}
		}
		want(first, 3)
		want(second, 2)
		w.wait(20 * 24 * time.Hour)
		w.take(director, second, Draft{Kind: Closed, At: w.today()})
		w.wait(24 * time.Hour)
		w.take(director, first, Draft{Kind: Focus, Name: "Thôn Đoài A", Place: "Thôn Đoài", Since: w.event(first).Since})
		report("p6", w.today())
		want(first, 4)
		want(second, 2)
	})
}

// A suspect case whose diagnosis is corrected holds no focus any more, nor does
// one that was merged meanwhile when it stands again; put back, it does.
func TestCorrectedDiagnosisHoldsNoFocus(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, about := w.focus("measles"), "d"
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài")
		report := func(same string) {
			c := fhir.Condition{ID: "r", Extension: []fhir.Extension{ext(w.commune), {URL: casereport.ExtFocus, ValueString: "Thôn Đoài A"}}, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
				VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
				Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "B05.9"}}}, Subject: fhir.Ref("Patient", "p1"),
				Evidence: []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("Condition", about)}}}}
			if same != "" {
				other := fhir.Ref("Condition", same)
				c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &other})
			}
			w.put(c)
		}
		diagnosis := func(icd string) {
			w.put(fhir.Condition{ID: about, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""), VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
				Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")}, Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}},
				Subject: fhir.Ref("Patient", "p1"), RecordedDate: w.today().String()})
		}
		diagnosis("B05.9")
		for i, c := range []struct {
			do   func()
			want int
		}{
			{func() { report("") }, 1},
			{func() { diagnosis("L50.9") }, 0},
			{func() { diagnosis("B05.9") }, 1},
			{func() { report("other") }, 0},
			{func() { diagnosis("L50.9"); w.wait(24 * time.Hour); report("") }, 0},
			{func() { diagnosis("B05.9") }, 1},
			{func() { report("other") }, 0},
			{func() { about = "late"; report("") }, 1}, // as an import may bring them
			{func() { diagnosis("B05.9") }, 1},
			{func() { diagnosis("L50.9") }, 0},
		} {
			c.do()
			if tally, err := w.tally(t.Context(), w.as(store.StationDirector), w.event(id)); err != nil || tally.Suspect != c.want {
				t.Errorf("%d: %+v, %v, want %d suspect", i, tally, err, c.want)
			}
		}
		w.rebuilt()
	})
}

// Contacts are called once a day; fever is fever whatever was ticked; they are
// seen by those who follow them and by nobody else.
func TestContacts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, nurse, director := t.Context(), w.as(store.Nurse), w.as(store.StationDirector)
		id := w.focus("measles")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		report := w.report("p1", "B05.9", "Thôn Đoài A", "", w.today()-3)
		c := Contact{Case: report, Name: "Trần  Văn Bình", Phone: "0987654321", Relation: "household", First: w.today() - 1}
		wantRefused(t, w.Trace(ctx, nurse, id, Contact{Case: report, Name: "x", First: w.today()}, 21, w.key()), issue.Required, "phone")
		wantRefused(t, w.Trace(ctx, nurse, id, Contact{Case: "nobody", Name: "x", Phone: "0987654321", First: w.today()}, 21, w.key()), issue.BusinessRule, "case")
		if err := w.Trace(ctx, nurse, id, c, 2, w.key()); err != nil {
			t.Fatal(err)
		}
		due := func(a store.Actor) []Contact {
			t.Helper()
			unit, _ := w.units.At(a.Oversees(w.units), w.today())
			list, _, err := w.DueContacts(ctx, a, unit, 10)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := due(nurse); len(list) != 1 || list[0].Name != "Trần Văn Bình" || list[0].Patient != "p1" || list[0].Last != w.today()+1 {
			t.Fatalf("%+v", list)
		}
		for _, a := range []store.Actor{w.as(store.Ministry), w.as(store.Chairman), w.as(store.VillageWorker), w.as(store.Receptionist), w.neighbour(store.Nurse)} {
			if list := due(a); len(list) > 0 {
				t.Errorf("%s sees contacts", a.Account)
			}
		}
		person := w.as(store.Person)
		if _, err := w.s.For(person).Read(ctx, "Task", due(nurse)[0].ID); !issue.Is(err, issue.NotFound) {
			t.Errorf("the case reads who the contacts are: %v", err)
		}
		contact := due(w.as(store.CDC))[0].ID
		wantRefused(t, w.Ask(ctx, nurse, contact, "", "", 0, w.today(), w.key()), issue.Required, "result")
		if err := w.Ask(ctx, nurse, contact, "well", "hơi mệt", 38.2, w.today(), w.key()); err != nil {
			t.Fatal(err)
		}
		list, err := w.Contacts(ctx, director, id)
		if err != nil || len(list) != 1 || !list[0].Ill() || list[0].Checks[0].Words != "38,2 °C · hơi mệt" || list[0].DueOn(w.today()) {
			t.Fatalf("%+v, %v", list, err)
		}
		f, err := w.counted(ctx, director, w.event(id), w.today())
		if err != nil || f != (Figures{Cases: 1, Contacts: 1, Seen: 1}) {
			t.Errorf("%+v, %v", f, err)
		}
		if len(due(nurse)) != 0 {
			t.Error("called, and still due")
		}
		w.wait(24 * time.Hour)
		if len(due(nurse)) != 1 {
			t.Error("not due on the next day")
		}
		if err := w.Ask(ctx, nurse, contact, "case", "", 0, w.today(), w.key()); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, w.Ask(ctx, nurse, contact, "well", "", 0, w.today(), w.key()), issue.Conflict, "")
		w.rebuilt()
	})
}

// What was found on the latest day counts, in whichever order it was entered.
func TestIll(t *testing.T) {
	for _, c := range []struct {
		checks []Check
		want   bool
	}{
		{nil, false},
		{[]Check{{Day: 101, Result: "fever"}, {Day: 100, Result: "well"}}, true},
		{[]Check{{Day: 101, Result: "well"}, {Day: 100, Result: "symptoms"}}, false},
		{[]Check{{Day: 101, Result: "fever"}, {Day: 101, Result: "well"}}, false}, // put right on the same day
		{[]Check{{Day: 101, Result: "fever"}, {Day: 100, Result: "left"}}, false}, // nobody follows them any more
	} {
		if got := (Contact{Checks: c.checks}).Ill(); got != c.want {
			t.Errorf("%+v: %t", c.checks, got)
		}
	}
}

// The figures of a daily report are those of its day, also when it is sent later:
// whoever fell ill, died, was traced or called since is not among them.
func TestReportOfADayThatIsOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, nurse, director := t.Context(), w.as(store.Nurse), w.as(store.StationDirector)
		id := w.focus("measles")
		report := func(patient string, day, died vn.Date) string {
			t.Helper()
			w.person(patient, "Nguyễn Văn Hùng", "Thôn Đoài, xã")
			return w.died(w.report(patient, "B05.9", "Thôn Đoài A", "", day), died)
		}
		ask := func(name, result string) {
			t.Helper()
			list, err := w.Contacts(ctx, director, id)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(list, func(c Contact) bool { return c.Name == name })
			if err := w.Ask(ctx, nurse, list[i].ID, result, "", 0, w.today(), w.key()); err != nil {
				t.Fatal(err)
			}
		}
		first := report("p1", w.today()-3, w.today()-1)
		trace := func(name string) {
			t.Helper()
			if err := w.Trace(ctx, nurse, id, Contact{Case: first, Name: name, Phone: "0987654321", First: w.today()}, 21, w.key()); err != nil {
				t.Fatal(err)
			}
		}
		trace("An")
		trace("Bình")
		ask("An", "well")
		day := w.today()
		want := Figures{Cases: 1, Deaths: 1, Contacts: 2, Seen: 1}
		if f, err := w.counted(ctx, director, w.event(id), day); err != nil || f != want {
			t.Errorf("on the day: %+v, %v", f, err)
		}
		w.wait(24 * time.Hour)
		ask("An", "well")
		ask("Bình", "case")
		trace("Cường")
		report("p2", w.today(), vn.ZeroDate)
		report("p3", w.today(), w.today())
		w.take(director, id, Draft{Kind: Daily, At: day})
		w.take(director, id, Draft{Kind: Daily, At: w.today()})
		steps, err := w.Steps(ctx, director, id)
		if err != nil {
			t.Fatal(err)
		}
		today := Figures{Cases: 3, New: 2, Deaths: 2, Contacts: 2, Seen: 2}
		if sent := steps[len(steps)-2:]; sent[0].Figures != want || sent[1].Figures != today {
			t.Errorf("sent later: %+v, want %+v; today: %+v, want %+v", sent[0].Figures, want, sent[1].Figures, today)
		}
		w.rebuilt()
	})
}

// Tasks are given and done; what is overdue is counted.
func TestDuties(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		id := w.focus("dengue")
		wantRefused(t, w.Assign(ctx, director, id, Duty{What: "Phun hóa chất"}, w.key()), issue.Required, "who")
		if err := w.Assign(ctx, director, id, Duty{What: "Phun hóa chất", Who: "Đội cơ động", Due: w.today() - 1}, w.key()); err != nil {
			t.Fatal(err)
		}
		list, err := w.Duties(ctx, w.as(store.Ministry), id)
		if err != nil || len(list) != 1 || list[0].Who != "Đội cơ động" || !list[0].Done.IsZero() {
			t.Fatalf("%+v, %v", list, err)
		}
		if tally, err := w.tally(ctx, director, w.event(id)); err != nil || tally.Late != 1 || tally.Duties != 1 {
			t.Errorf("%+v, %v", tally, err)
		}
		if err := w.Finish(ctx, w.as(store.Chairman), id, list[0].ID, w.key()); !refused(err) {
			t.Errorf("the chairman finished a task: %v", err)
		}
		for range 2 {
			if err := w.Finish(ctx, w.as(store.Nurse), id, list[0].ID, w.key()); err != nil {
				t.Fatal(err)
			}
		}
		if list, err = w.Duties(ctx, director, id); err != nil || list[0].Done.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		w.rebuilt()
	})
}

// What two lines share depends on the commune for hamlets, not for schools.
func TestShared(t *testing.T) {
	line := func(patient string, unit vn.UnitID, address, work string) Line {
		return Line{Case: Case{Patient: patient, Unit: unit, Class: casereport.Suspect}, Answers: map[string]string{"address": address, "workplace": work}}
	}
	focus := []Line{line("a", 1, "Thôn Đoài, xã Một", "Trường Hai Bà Trưng")}
	near := shared(focus, []Line{
		line("none", 1, "Thôn Đông, xã Một", ""), line("namesake", 2, "Thôn Đoài, xã Hai", ""), line("school", 2, "", "trường hai bà trưng"),
		line("hamlet", 1, "thôn đoài, xã Một", ""), line("word", 1, "Thôn Đoài", ""),
	})
	got := map[string]int{}
	for _, l := range near {
		got[l.Patient] = len(l.Shared)
	}
	if diff := cmp.Diff(map[string]int{"none": 0, "namesake": 0, "school": 1, "hamlet": 1, "word": 0}, got); diff != "" {
		t.Error(diff)
	}
	if len(near[0].Shared) == 0 {
		t.Error("those that share nothing stand first")
	}
}
