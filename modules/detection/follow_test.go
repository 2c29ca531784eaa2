// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// One suspected case of the 24-hour list is an alert, seen by the station, the
// CDC and the ministry, and by nobody of another place.
func TestOneCaseOfMeasles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "B05.9", at: w.commune})
		w.want("one case", vn.Nation, "measles "+w.commune.Code+" immediate 1")
		key := "measles/" + w.commune.Code + "/" + vn.WeekOf(w.today()).String()
		for _, role := range []store.Role{store.Nurse, store.StationDirector, store.CDC, store.Department, store.Ministry} {
			a, err := w.Alert(ctx, w.actor(role), key)
			if err != nil || a.Push != PushAlways || a.Due.Sub(a.Opened) != 24*time.Hour {
				t.Errorf("%s: %+v, %v", role, a, err)
			}
		}
		for _, role := range []store.Role{store.Receptionist, store.Chairman, store.Administrator} {
			if _, err := w.Alert(ctx, w.actor(role), key); !issue.Is(err, issue.NotFound) {
				t.Errorf("%s sees it: %v", role, err)
			}
		}
		elsewhere := w.actor(store.Doctor)
		elsewhere.Unit, elsewhere.Facility = w.other.ID, "khac"
		if _, err := w.Alert(ctx, elsewhere, key); !issue.Is(err, issue.NotFound) {
			t.Errorf("another station sees it: %v", err)
		}
		w.report(report{id: "r2", icd: "B05.9", at: w.commune})
		w.report(report{id: "r3", icd: "B05.9", at: w.next})
		w.want("attached", w.commune.ID, "measles "+w.commune.Code+" immediate 2")
		w.want("another commune has its own", vn.Nation, "measles "+w.commune.Code+" immediate 2", "measles "+w.next.Code+" immediate 1")
	})
}

// Three possibly linked cases of a 48-hour disease in a week are an alert, two
// are none; history raises nothing.
func TestLinkedCases(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("old", "A97.0", w.commune, map[vn.Date]int{w.today() - 200: 9, w.today() - 90: 4})
		week := vn.WeekOf(w.today()).Start()
		w.flow(func() {
			for i := range 2 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune, day: week})
			}
		})
		w.want("two cases", w.commune.ID)
		w.report(report{id: "r3", icd: "A97.0", at: w.commune})
		w.want("three cases", w.commune.ID, "dengue "+w.commune.Code+" linked-week 3")
	})
}

// A death of any notifiable disease is an alert, and an alert that learns of one
// says so.
func TestDeath(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "A97.0", at: w.commune})
		w.want("one case", vn.Nation)
		w.report(report{id: "r1", icd: "A97.0", at: w.commune, died: true})
		w.want("died", vn.Nation, "dengue "+w.commune.Code+" death 1")
		w.report(report{id: "r2", icd: "B05.9", at: w.commune})
		w.report(report{id: "r2", icd: "B05.9", at: w.commune, died: true})
		w.want("measles too", vn.Nation, "dengue "+w.commune.Code+" death 1", "measles "+w.commune.Code+" death 1")
	})
}

// A death that was answered is not raised again by cases that live; another death
// is.
func TestDeathIsAnsweredOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "A97.0", at: w.commune, died: true})
		w.calm()
		doctor, key := w.actor(store.Doctor), "dengue/"+w.commune.Code+"/"+vn.WeekOf(w.today()).String()
		if err := w.Answer(ctx, doctor, key, Explained, "Ca từ nơi khác đến", "k1"); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(20 * 24 * time.Hour)
		w.report(report{id: "r2", icd: "A97.0", at: w.commune})
		w.want("a case that lives", vn.Nation)
		w.report(report{id: "r3", icd: "A97.0", at: w.commune, died: true})
		w.want("another death, and who fell ill in its week", vn.Nation, "dengue "+w.commune.Code+" death 2")
		w.report(report{id: "r4", icd: "A97.0", at: w.commune})
		w.want("not answered yet", vn.Nation, "dengue "+w.commune.Code+" death 3")
		w.report(report{id: "r3", icd: "A97.0", at: w.next, died: true})
		w.want("moved", vn.Nation, "dengue "+w.next.Code+" death 1")
		w.report(report{id: "r3", icd: "A97.0", at: w.commune, died: true})
		w.want("moved back", vn.Nation, "dengue "+w.commune.Code+" death 3")
	})
}

// The death of one case is news once, whichever of its reports says it: when one
// that told of it is merged into another, answered or not; when the day of the
// diagnosis is corrected with it; and when only the merged one knew of it.
func TestDeathOfReportsOfOneCase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for vn.WeekOf(w.today()) != vn.WeekOf(w.today()-1) {
			w.clock.Advance(24 * time.Hour)
		}
		alert := "dengue " + w.commune.Code + " death "
		w.report(report{id: "r2", icd: "A97.0", at: w.commune})
		first := report{id: "r1", icd: "A97.0", at: w.commune, day: w.today()}
		w.report(first)
		first.day, first.died = w.today()-1, true
		w.report(first)
		w.want("died, and the day corrected", vn.Nation, alert+"2")
		first.same = "r2"
		w.report(first)
		w.want("merged with one that lives", vn.Nation)
		w.report(report{id: "r2", icd: "A97.0", at: w.commune, day: first.day, died: true})
		w.want("which is told", vn.Nation, alert+"1")
		w.report(report{id: "r3", icd: "A97.0", at: w.commune, day: first.day, died: true, same: "r2"})
		doctor, key := w.actor(store.Doctor), "dengue/"+w.commune.Code+"/"+vn.WeekOf(w.today()).String()
		if err := w.Answer(ctx, doctor, key, Explained, "Ca từ nơi khác đến", "k1"); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(20 * 24 * time.Hour)
		w.report(report{id: "r2", icd: "A97.0", at: w.commune, day: first.day, died: true, class: casereport.Refuted})
		first.same = ""
		w.report(first)
		w.want("answered, and the first stands again", vn.Nation)
		w.report(report{id: "r5", icd: "A97.0", at: w.commune, died: true, same: "r4"})
		w.want("of one that has not come", vn.Nation)
		w.report(report{id: "r4", icd: "A97.0", at: w.commune, died: true})
		w.want("only the merged one knew", vn.Nation, alert+"1")
	})
}

// What was taken back withdraws the alert; what is given back opens it again.
func TestWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "B05.9", at: w.commune})
		w.report(report{id: "r1", icd: "B05.9", at: w.commune, class: casereport.Refuted})
		w.want("refuted", vn.Nation)
		w.report(report{id: "r1", icd: "B05.9", at: w.commune, class: casereport.Confirmed})
		w.want("confirmed after all", vn.Nation, "measles "+w.commune.Code+" immediate 1")
		w.report(report{id: "r1", icd: "B05.9", at: w.next})
		w.want("moved", vn.Nation, "measles "+w.next.Code+" immediate 1")
		w.drop("Condition", "r1")
		w.want("deleted", vn.Nation)
	})
}

// Labelled diseases never have a row.
func TestClosedDiseases(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.flow(func() {
			for i, icd := range []string{"B20", "A53.9", "B20", "A53.9", "A53.9"} {
				w.report(report{id: fmt.Sprint("r", i), icd: icd, at: w.commune})
			}
		})
		w.want("closed", vn.Nation)
		if d := w.dump(); strings.Contains(d, "hiv") || strings.Contains(d, "syphilis") {
			t.Errorf("closed diseases in the view:\n%s", d)
		}
	})
}

// An answer closes the alert; until it has cooled down reports attach, then a
// new one opens.
func TestAnswerAndCoolDown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "B05.9", at: w.commune})
		w.calm()
		key := "measles/" + w.commune.Code + "/" + vn.WeekOf(w.today()).String()
		doctor := w.actor(store.Doctor)
		if err := w.Answer(ctx, doctor, key, Explained, "  ", "k0"); !issue.Is(err, issue.Required) {
			t.Errorf("no reason asked: %v", err)
		}
		if err := w.Answer(ctx, doctor, key, Real, "có", "k0"); !issue.Is(err, issue.Value) {
			t.Errorf("real is said by a signal: %v", err)
		}
		if err := w.Answer(ctx, w.actor(store.Department), key, Explained, "x", "k0"); err == nil {
			t.Error("the department answered")
		}
		if err := w.Answer(ctx, doctor, key, Explained, "Ca từ nơi khác đến", "k1"); err != nil {
			t.Fatal(err)
		}
		w.want("answered", vn.Nation)
		a, err := w.Alert(ctx, doctor, key)
		if err != nil || a.Answer != Explained || a.Answered.IsZero() {
			t.Errorf("%+v, %v", a, err)
		}
		replies, err := w.Replies(ctx, w.actor(store.CDC), a)
		if err != nil || len(replies) != 1 || replies[0].Words != "Ca từ nơi khác đến" {
			t.Errorf("%+v, %v", replies, err)
		}
		w.report(report{id: "r2", icd: "B05.9", at: w.commune})
		w.want("cooling down", vn.Nation)
		if a, _ := w.Alert(ctx, doctor, key); a.Reports != 2 {
			t.Errorf("%d reports, want 2", a.Reports)
		}
		w.clock.Advance(8 * 24 * time.Hour)
		w.report(report{id: "r3", icd: "B05.9", at: w.commune})
		w.want("after a week", vn.Nation, "measles "+w.commune.Code+" immediate 3")
		if err := w.Answer(ctx, w.actor(store.CDC), "measles/"+w.commune.Code+"/"+vn.WeekOf(w.today()).String(), Duplicate, "đã có", "k2"); err != nil {
			t.Errorf("the CDC could not answer: %v", err)
		}
	})
}

// A signal that names the alert answers it; while its event goes on, reports
// attach, and cases of its open focus are taken out.
func TestEventOfAnAlert(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "B05.9", at: w.commune})
		w.calm()
		key := "measles/" + w.commune.Code + "/" + vn.WeekOf(w.today()).String()
		w.step("s0", "s0", "signal", "measles", w.other, onAlert(key))
		w.want("a signal of elsewhere answers nothing", vn.Nation, "measles "+w.commune.Code+" immediate 1")
		w.step("s1", "s1", "signal", "measles", w.commune, onAlert(key))
		w.want("answered by a signal", vn.Nation)
		w.step("s2", "s1", "focus", "measles", w.commune, ofFocus("Trường Liên Bão"))
		w.clock.Advance(10 * 24 * time.Hour)
		w.report(report{id: "r2", icd: "B05.9", at: w.commune})
		w.want("the event goes on", vn.Nation)
		w.step("s3", "s1", "closed", "measles", w.commune)
		w.clock.Advance(24 * time.Hour)
		w.report(report{id: "r3", icd: "B05.9", at: w.commune})
		w.want("closed: a new case is news", vn.Nation, "measles "+w.commune.Code+" immediate 3")
	})
}

func TestCasesOfOpenFociAreTakenOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.step("s1", "s1", "signal", "dengue", w.commune)
		w.step("s2", "s1", "focus", "dengue", w.commune, ofFocus("Thôn Đoài"))
		w.flow(func() {
			for i := range 3 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune, focus: "thôn đoài"})
			}
		})
		w.want("all of the focus", vn.Nation)
		w.flow(func() {
			for i := range 3 {
				w.report(report{id: fmt.Sprint("q", i), icd: "A97.0", at: w.commune})
			}
		})
		w.want("three besides", vn.Nation, "dengue "+w.commune.Code+" linked-week 6")
	})
}

// Clocks go wrong: a case of a day to come counts on the day it was reported.
func TestClockSkew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "B05.9", at: w.commune, day: w.today() + 40})
		w.want("skewed", vn.Nation, "measles "+w.commune.Code+" immediate 1")
		a, err := w.Alert(ctx, w.actor(store.CDC), "measles/"+w.commune.Code+"/"+vn.WeekOf(w.today()).String())
		if err != nil || a.Since != w.today() {
			t.Errorf("since %v, %v", a.Since, err)
		}
	})
}

// A suspect case rests on its diagnosis: corrected, it no longer counts.
func TestCorrectedDiagnosis(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", w.commune)
		diagnosed := func(icd string) { w.put(storetest.System(), visited(icd, w.clock.Now())) }
		diagnosed("B05.9")
		w.report(report{id: "r1", icd: "B05.9", patient: "p1", cause: "c1"})
		w.want("sent", vn.Nation, "measles "+w.commune.Code+" immediate 1")
		diagnosed("J11.1")
		w.want("corrected", vn.Nation)
		diagnosed("B05.9")
		w.want("put back", vn.Nation, "measles "+w.commune.Code+" immediate 1")
	})
	each(t, func(t *testing.T, w *world) { // as an import may bring them
		w.person("p1", w.commune)
		w.report(report{id: "r1", icd: "B05.9", patient: "p1", cause: "c1"})
		w.put(storetest.System(), visited("B05.9", w.clock.Now()))
		w.want("reported before its diagnosis", vn.Nation, "measles "+w.commune.Code+" immediate 1")
		w.put(storetest.System(), visited("J11.1", w.clock.Now()))
		w.want("corrected", vn.Nation)
	})
}

// A merged report stands where its diagnosis stands now when it counts again, and
// one that names no day counts on the first.
func TestStandsAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", w.commune)
		w.put(storetest.System(), visited("B05.9", w.clock.Now()))
		r := report{id: "r1", icd: "B05.9", patient: "p1", cause: "c1", same: "other", day: vn.ZeroDate}
		w.report(r)
		w.clock.Advance(9 * 24 * time.Hour)
		w.put(storetest.System(), visited("J11.1", w.clock.Now()))
		r.same = ""
		w.report(r)
		w.want("rests on influenza now", vn.Nation)
		w.put(storetest.System(), visited("B05.9", w.clock.Now()))
		w.want("put back", vn.Nation, "measles "+w.commune.Code+" immediate 1")
		if a, err := w.Alert(ctx, w.actor(store.CDC), "measles/"+w.commune.Code+"/"+vn.WeekOf(w.today()).String()); err != nil || a.Since != w.today()-9 {
			t.Errorf("since %v, %v", a.Since, err)
		}
	})
}

// visited is the diagnosis of a visit of p1.
func visited(icd string, at time.Time) fhir.Condition {
	return fhir.Condition{ID: "c1", ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
		Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}}, Subject: fhir.Ref("Patient", "p1"), RecordedDate: fhir.Instant(at)}
}

// An old commune's case counts where it lies today.
func TestMergedCommune(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var old vn.Unit
		for _, u := range w.units.Predecessors(w.commune.ID, vn.Reform-1) {
			if w.units.Latest(u.ID) == w.commune.ID {
				old = u
			}
		}
		if old.ID == 0 {
			t.Fatal("no commune was merged into this one whole")
		}
		old.From = vn.Reform - 1 // a day on which its code held
		w.report(report{id: "r1", icd: "B05.9", at: old})
		w.want("merged", vn.Nation, "measles "+w.commune.Code+" immediate 1")
	})
}

// Communes are merged in the middle of a week: what was reported under the old
// code on Monday and under the new one on Wednesday is one series, as in a view
// built from nothing.
func TestMergedInMidWeek(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := slices.IndexFunc(w.units.Predecessors(w.commune.ID, vn.Reform-1), func(u vn.Unit) bool { return w.units.Latest(u.ID) == w.commune.ID })
		if old < 0 || vn.WeekOf(vn.Reform-1) != vn.WeekOf(vn.Reform+1) {
			t.Fatal("no commune was merged into this one whole, or not in mid-week")
		}
		before := w.units.Predecessors(w.commune.ID, vn.Reform-1)[old]
		before.From = vn.Reform - 1
		w.clock.Advance((vn.Reform - 1).Time().Add(8 * time.Hour).Sub(w.clock.Now()))
		w.flow(func() {
			for i := range 2 {
				w.report(report{id: fmt.Sprint("old", i), icd: "A97.0", at: before})
			}
		})
		w.clock.Advance(48 * time.Hour)
		w.report(report{id: "new", icd: "A97.0", at: w.commune})
		w.want("one series", vn.Nation, "dengue "+w.commune.Code+" linked-week 3")
		w.wantRebuilt()
	})
}

// A station that had visits and falls silent is silent, not zero.
func TestSilence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", w.commune)
		w.visit("v1", "p1", w.clock.Now())
		first := vn.WeekOf(w.today()).Start()
		w.clock.Advance(28 * 24 * time.Hour)
		w.visit("v2", "p1", w.clock.Now())
		w.calm()
		last := vn.WeekOf(w.today()).Start()
		weeks, err := w.Weeks(ctx, w.actor(store.CDC), "dengue", w.commune.ID, first.AddDays(-7), last)
		var got []int
		for _, x := range weeks {
			got = append(got, x.Count)
		}
		if err != nil || fmt.Sprint(got) != "[-1 0 -1 -1 -1 0]" {
			t.Errorf("weeks %v, %v", got, err)
		}
		w.clock.Advance(28 * 24 * time.Hour)
		silent, err := w.Silent(ctx, w.actor(store.CDC), w.provinceOf(w.commune.ID), vn.WeekOf(w.today()).Start().AddDays(-14))
		if err != nil || len(silent) != 1 || silent[0].Unit != w.commune.ID {
			t.Errorf("silent %+v, %v", silent, err)
		}
	})
}

// Whatever happens in whatever order: the followed view equals the rebuilt one.
func TestViewEqualsRebuild(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	each(t, func(t *testing.T, w *world) {
		for i := range 3 {
			w.person(fmt.Sprintf("p%d", i), []vn.Unit{w.commune, w.next, w.other}[i])
		}
		w.lazy = true
		runs, most := 0, 40
		if strings.HasSuffix(t.Name(), "postgres") {
			most = 6 // the same code on a slower database
		}
		rapid.Check(t, func(t *rapid.T) {
			if runs++; runs > most {
				return
			}
			for range rapid.IntRange(5, 25).Draw(t, "steps") {
				w.random(t)
			}
			w.calm()
			before := w.dump()
			if err := w.s.Rebuild(ctx, "detection"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.dump()); diff != "" {
				t.Fatalf("followed (-), rebuilt (+)\n%s", diff)
			}
		})
	})
}

// random does one random thing.
func (w *world) random(t *rapid.T) {
	n := rapid.IntRange(0, 6).Draw(t, "n")
	icds := []string{"A97.0", "A97.2", "B05.9", "A53.9", "J11.1", "A20.0"}
	places := []vn.Unit{w.commune, w.next, w.other, {}}
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1, 2, 3:
		w.report(report{id: fmt.Sprint("r", n), icd: rapid.SampledFrom(icds).Draw(t, "icd"), at: rapid.SampledFrom(places).Draw(t, "at"),
			patient: fmt.Sprint("p", n%3), day: w.today() - vn.Date(rapid.IntRange(-3, 80).Draw(t, "ago")), died: n == 0,
			class: rapid.SampledFrom([]casereport.Class{casereport.Suspect, casereport.Confirmed, casereport.Refuted}).Draw(t, "class"),
			focus: rapid.SampledFrom([]string{"", "", "Thôn Đoài"}).Draw(t, "focus"), same: rapid.SampledFrom([]string{"", "", "r0", "r1"}).Draw(t, "same")})
	case 4:
		w.drop("Condition", fmt.Sprint("r", n))
	case 5:
		w.person(fmt.Sprint("p", n%3), rapid.SampledFrom(places[:3]).Draw(t, "home"))
	case 6:
		w.clock.Advance(time.Duration(rapid.IntRange(1, 9).Draw(t, "days")) * 24 * time.Hour)
	case 9: // entered late
		w.visit(fmt.Sprint("e", n), fmt.Sprint("p", n%3), w.clock.Now().AddDate(0, 0, -rapid.IntRange(0, 80).Draw(t, "late")))
	case 7:
		kind := rapid.SampledFrom([]string{"signal", "focus", "closed", "discarded"}).Draw(t, "kind")
		w.step("s"+kind, "ssignal", kind, "dengue", w.commune, ofFocus("Thôn Đoài"))
	case 8:
		w.calm()
		list, err := w.Waiting(ctx, w.actor(store.Ministry), vn.Nation)
		if err != nil || len(list) == 0 {
			return
		}
		a := w.actor(store.Ministry)
		if err := w.Answer(ctx, a, list[0].Key, DataError, "x", newID()); err != nil {
			t.Fatal(err)
		}
	}
}

// rules are escalations: share, role, share, role …
func rules(pairs ...any) []content.Escalation {
	var out []content.Escalation
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, content.Escalation{Share: pairs[i].(float64), To: pairs[i+1].(string)})
	}
	return out
}
