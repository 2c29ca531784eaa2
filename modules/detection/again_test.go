// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/outbreak"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// only is the list of diseases with one alone.
func only(t testing.TB, id string) *content.DiseaseList {
	t.Helper()
	const path = "surveillance/diseases.csv"
	b, err := os.ReadFile("../../content/" + path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(b), "\n")
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, id+",") {
			head += "\n" + strings.TrimSpace(line)
		}
	}
	list, err := content.ReadDiseases(fstest.MapFS{path: {Data: []byte(head)}})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wantAsFullRun wants the view, as it stands, to say of every series of dengue
// what the full run says, number by number.
func (w *world) wantAsFullRun(what string) {
	w.t.Helper()
	w.calm()
	position, err := w.s.Position(ctx, "detection")
	if err != nil {
		w.t.Fatal(err)
	}
	m := *w.Module
	m.diseases = only(w.t, "dengue")
	n, err := m.fullRun(ctx, position)
	if err != nil {
		w.t.Fatal(err)
	}
	alarms := 0
	for _, v := range n.held {
		alarms += flag(v.Alarm)
	}
	if alarms == 0 {
		w.t.Errorf("%s: no series is an alarm, the test tells nothing", what)
	}
	for _, k := range n.suspects()[:min(3, len(n.suspects()))] {
		w.t.Errorf("%s: %s in %v, week of %v: the view holds %+v", what, k.disease, k.unit, k.week, n.held[k])
	}
}

// What is heard late changes what other series are compared with: visits of a
// year ago that were entered just now, a commune whose people count in the
// province, cases of years ago. So do a week that begins and settings that come
// into force. The view says what the full run says without a night.
func TestHeardLate(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	each(t, func(t *testing.T, w *world) {
		w.stations()
		third := w.units.Communes(w.provinceOf(w.commune.ID), w.today())[2]
		w.put(storetest.System(), fhir.Organization{ID: "tram-third", Name: "Trạm y tế " + third.Full(), Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")},
			Address: []fhir.Address{{Extension: []fhir.Extension{place1(third)}}}})
		current := vn.WeekOf(w.today()).Start()
		counts, late := wavy(w.today(), 230, 3), []came{}
		var visits []came
		for ago := 100; ago > 0; ago-- {
			x := came{id: fmt.Sprint("v", ago), day: current.AddDays(-7 * ago), reason: "Đau lưng"}
			if ago > 48 && ago < 56 {
				late = append(late, x)
				delete(counts, x.day)
			} else {
				visits = append(visits, x)
			}
		}
		w.history("h", "A97.0", w.commune, counts)
		w.history("n", "A97.0", w.next, wavy(w.today(), 26, 3))
		w.come(visits...)
		w.flow(func() {
			for i := range 40 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: []vn.Unit{w.commune, w.next, w.next, w.next}[i%4]})
			}
		})
		judged := func(of vn.Unit) Verdict {
			t.Helper()
			list, err := w.Verdicts(ctx, w.actor(store.CDC), "dengue", of.ID, current)
			if err != nil || len(list) != 1 || !list[0].Alarm {
				t.Fatalf("%s: %+v, %v", of.Full(), list, err)
			}
			return list[0]
		}
		w.wantAsFullRun("in time")
		before, beside := judged(w.commune), judged(w.next)
		w.come(late...)
		w.wantAsFullRun("visits of a year ago")
		if is := judged(w.commune); is.Expected >= before.Expected || is.Seq == before.Seq {
			t.Errorf("silent weeks are zeros now: %+v, before %+v", is, before)
		}
		w.come(came{id: "third", at: "tram-third", day: current.AddDays(-7 * 20)})
		w.wantAsFullRun("people heard of")
		if is := judged(w.next); is.Method != beside.Method || is.Expected >= beside.Expected {
			t.Errorf("more people in the province: %+v, before %+v", is, beside)
		}
		w.history("l", "A97.0", w.commune, map[vn.Date]int{current.AddDays(-7 * 104): 9, current.AddDays(-7 * 10): 9})
		come := func() { // with every visit two series
			w.flow(func() {
				for i := range 8 {
					w.come(came{id: fmt.Sprintf("day-%s-%d", w.today(), i), at: []string{station, "tram-next"}[i%2], day: w.today()})
				}
			})
		}
		w.report(report{id: "others", icd: "A97.0", at: w.next})
		if err := w.settleDue(ctx, daySettle); err != nil {
			t.Fatal(err)
		}
		w.wantAsFullRun("cases of years ago, and one of today, when settled")
		w.history("m", "A97.0", w.commune, map[vn.Date]int{current.AddDays(-7 * 106): 9})
		w.clock.Advance(24 * time.Hour)
		come()
		w.wantAsFullRun("cases of years ago, a day later")
		s := w.propose(w.actor(store.Ministry), "dengue", values(content.FieldYears, 3.0, content.FieldLeastCases, 2.0), w.today()+3)
		if err := w.DecideSettings(ctx, w.another(store.Ministry), s.ID, Approved, "Đúng", newID()); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			w.clock.Advance(24 * time.Hour)
			come()
			w.wantAsFullRun(w.today().String())
		}
		if n, err := w.RunNight(ctx, w.today()-1); err != nil || n.Differ != 0 || n.Cells != 0 {
			t.Errorf("the night: %+v, %v", n, err)
		}
		w.wantReplays(20)
		w.wantRebuilt()
	})
}

// Visits of long ago that are entered now teach what each kind of day brings: once
// that is settled, the view says what a run from nothing says.
func TestSyndromesLearnLate(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	each(t, func(t *testing.T, w *world) {
		w.stations()
		kind := func(day vn.Date) outbreak.DayKind { return outbreak.KindOf(calendar(), day) }
		differ := func() int {
			t.Helper()
			w.calm()
			list, _, err := w.checkSyndromes(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		stands := func() bool {
			t.Helper()
			days, err := w.asked(storetest.System(), vn.Nation, 0).alarmDays(ctx, w.commune.ID, w.today())
			if err != nil {
				t.Fatal(err)
			}
			return days[dayAlarm{"watery-diarrhoea", w.today()}]
		}
		w.come(w.ordinary(station, 60, 4)...)
		w.come(w.thisMorning("now", "Tiêu chảy", 6)...)
		if n := differ(); n != 0 || !stands() {
			t.Fatalf("%d days differ, today stands out: %v", n, stands())
		}
		var old []came
		for ago := 400; ago >= 100; ago-- {
			n := 1
			if kind(w.today()-vn.Date(ago)) == kind(w.today()) {
				n = 12
			}
			for i := range n {
				old = append(old, came{id: fmt.Sprintf("old-%d-%d", ago, i), day: w.today() - vn.Date(ago), reason: "Khám định kỳ"})
			}
		}
		w.come(old...)
		if differ() == 0 {
			t.Error("nothing is learnt: the test tells nothing")
		}
		if err := w.settleDue(ctx, daySettle); err != nil {
			t.Fatal(err)
		}
		if n := differ(); n != 0 || stands() {
			t.Errorf("settled: %d days differ, today stands out: %v", n, stands())
		}
		w.wantRebuilt()
	})
}

// A date of years ago that was a mistake makes years of zeros of what is unknown,
// until it is corrected or gone; what was judged on it is replayed on it.
func TestMistakenDate(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	each(t, func(t *testing.T, w *world) {
		w.stations()
		current := vn.WeekOf(w.today()).Start()
		from := current.AddDays(-7 * 260)
		w.history("h", "A97.0", w.commune, wavy(w.today(), 60, 3))
		weeks := func(of vn.UnitID) string {
			t.Helper()
			w.calm()
			list, err := w.Weeks(ctx, w.actor(store.CDC), "dengue", of, from, current.AddDays(-7))
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(list)
		}
		report := func(day vn.Date) {
			w.report(report{id: "x", icd: "A97.0", at: w.commune, day: day})
			for i := range 20 {
				w.report(report{id: fmt.Sprintf("%v-%d", day, i), icd: "A97.0", at: w.commune})
			}
		}
		visit := func(day vn.Date) { w.come(came{id: "v", day: day, reason: "Đau lưng"}) }
		unit, province := w.commune.ID, w.provinceOf(w.commune.ID)
		report(w.today())
		visit(w.today())
		known, above := weeks(unit), weeks(province)
		for _, c := range []struct {
			what             string
			mistake, correct func()
		}{
			{"a case", func() { report(current.AddDays(-7 * 250)) }, func() { report(w.today()) }},
			{"a visit", func() { visit(current.AddDays(-7 * 200)) }, func() { visit(w.today()) }},
			{"both", func() { report(current.AddDays(-7 * 250)); visit(current.AddDays(-7 * 250)) }, func() { report(w.today()); visit(w.today()) }},
			{"a case that is deleted", func() { report(current.AddDays(-7 * 250)) }, func() { w.drop("Condition", "x") }},
			{"a visit that is deleted", func() { visit(current.AddDays(-7 * 200)) }, func() { w.drop("Encounter", "v"); w.come(came{id: "v2", day: w.today(), reason: "Đau lưng"}) }},
		} {
			c.mistake()
			if weeks(unit) == known {
				t.Errorf("%s: the mistake tells nothing", c.what)
			}
			w.wantAsFullRun(c.what)
			w.clock.Advance(time.Minute)
			c.correct()
			if got := weeks(unit); got != known {
				t.Errorf("%s was corrected: %s, before %s", c.what, got, known)
			}
			if got := weeks(province); got != above {
				t.Errorf("%s was corrected, in the province: %s, before %s", c.what, got, above)
			}
			w.wantAsFullRun(c.what + " corrected")
		}
		w.wantReplays(10)
		w.wantRebuilt()
	})
}
