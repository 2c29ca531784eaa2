// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// Late, corrected, refuted, moved, deleted and labelled cases: the counts follow
// the newest versions in every unit above, on both axes, and a view built from
// nothing is the same.
func TestCountsFollowTheNewestVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 10
		w.report(
			report{id: "a", icd: "A97.0", home: w.commune, day: day, onset: day - 2, class: casereport.Confirmed},
			report{id: "b", icd: "A97.0", home: w.other, day: day},
			report{id: "c", icd: "A97.0", home: w.commune, day: day, died: true},
			report{id: "secret", icd: "A53.9", home: w.commune, day: day}, // closed desk
		)
		w.report(report{id: "b", icd: "A97.0", home: w.other, day: day, class: casereport.Refuted})
		w.report(report{id: "c", icd: "A97.0", home: w.other, day: day + 1, class: casereport.Probable, died: true})
		for _, c := range []struct {
			unit vn.UnitID
			axis int
			want tally
		}{
			{w.commune.ID, axisDiagnosis, tally{confirmed: 1}},
			{w.other.ID, axisDiagnosis, tally{probable: 1, died: 1}},
			{w.province.ID, axisDiagnosis, tally{confirmed: 1, probable: 1, died: 1}},
			{vn.Nation, axisDiagnosis, tally{confirmed: 1, probable: 1, died: 1}},
			{vn.Nation, axisOnset, tally{confirmed: 1}},
		} {
			if got := w.sum(c.unit, "", c.axis); got != c.want {
				t.Errorf("unit %d by axis %d: %+v, want %+v", c.unit, c.axis, got, c.want)
			}
		}
		storetest.Commit(t, w.s, "bulletin", store.Delete("Condition", "a"))
		if got := w.sum(vn.Nation, "", axisDiagnosis); got.total() != 1 {
			t.Errorf("after the deletion %+v", got)
		}
		w.rebuilt()
	})
}

// A date years ago that was a mistake, once corrected, does not make the commune
// heard of since then: its silent years would count as years without a case.
func TestCorrectedDate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 3
		mistaken := day.AddMonths(-12 * 6)
		for _, on := range []vn.Date{mistaken, day} {
			w.report(report{id: "r", icd: "A97.0", home: w.commune, day: on})
			first, err := w.begins(t.Context(), w.actor(store.CDC), w.commune.ID, []vn.UnitID{w.commune.ID})
			if got := first[w.commune.ID].any; err != nil || got != vn.WeekOf(on).Start() {
				t.Errorf("with a case on %v it is heard of since %v, %v", on, got, err)
			}
			list, err := w.heardIn(t.Context(), w.actor(store.Ministry), vn.WeekOf(mistaken).Start(), w.today())
			if err != nil || len(list) != 1 || list[0].week != vn.WeekOf(on).Start() || list[0].communes != 1 {
				t.Errorf("with a case on %v the nation heard %+v, %v", on, list, err)
			}
		}
		w.rebuilt()
	})
}

// A report that was deleted, and one that came back, is heard of as often as it
// stands.
func TestDeletedReport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 3
		for i, c := range []struct {
			do   func()
			want int
		}{
			{func() { w.report(report{id: "r", icd: "A97.0", home: w.commune, day: day}) }, 1},
			{func() { storetest.Commit(t, w.s, "bulletin", store.Delete("Condition", "r")) }, 0},
			{func() { w.report(report{id: "r", icd: "A97.0", home: w.commune, day: day}) }, 1},
		} {
			c.do()
			rows, err := w.sentBy(t.Context(), w.actor(store.CDC), w.commune.ID, []vn.UnitID{w.commune.ID}, vn.WeekOf(day).Start(), w.today())
			n := 0
			for _, r := range rows {
				n += r.cases
			}
			if err != nil || n != c.want {
				t.Errorf("%d: heard of %d times, want %d; %v", i, n, c.want, err)
			}
		}
		w.rebuilt()
	})
}

// rebuilt fails when a view built from nothing differs.
func (w *world) rebuilt() {
	w.t.Helper()
	line, err := w.s.CheckView(w.t.Context(), "bulletin")
	if err != nil || !line.OK {
		w.t.Errorf("rebuilt: %+v, %v", line, err)
	}
}

// A merged report stands where its diagnosis stands now when it counts again, and
// one that names no day counts on the first.
func TestStandsAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p", "Nguyễn Thị Lan")
		day := w.today()
		w.put(diagnosis("d", "p", "A97.0", day))
		r := report{id: "r", icd: "A97.0", day: vn.ZeroDate, patient: "p", cause: "d", same: "other"}
		w.report(r)
		w.clock.Advance(9 * 24 * time.Hour)
		w.put(diagnosis("d", "p", "J06.9", day))
		r.same = ""
		w.report(r)
		if got := w.sum(w.commune.ID, "dengue", axisDiagnosis); got.total() != 0 {
			t.Errorf("rests on a cold: %d cases", got.total())
		}
		w.put(diagnosis("d", "p", "A97.0", day))
		days, err := store.Figures(t.Context(), w.s.For(storetest.System()), vn.Nation, func(scan store.Scan) (vn.Date, error) {
			var on int64
			err := scan(&on)
			return vn.Date(on), err
		}, `select distinct day from bulletin_count where value > 0`)
		if err != nil || !slices.Equal(days, []vn.Date{day}) {
			t.Errorf("counted on %v, want %v; %v", days, day, err)
		}
		w.rebuilt()
	})
}

// A suspect case whose diagnosis is corrected no longer counts, and counts again
// when the diagnosis is put back.
func TestCorrectedDiagnosis(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p", "Nguyễn Thị Lan")
		day := w.today() - 3
		w.put(diagnosis("d", "p", "A97.0", day))
		w.report(report{id: "r", icd: "A97.0", day: day, patient: "p", cause: "d"})
		for i, c := range []struct {
			icd  string
			want int
		}{{"A97.0", 1}, {"J06.9", 0}, {"B05.9", 0}, {"A97.0", 1}} {
			w.put(diagnosis("d", "p", c.icd, day))
			if got := w.sum(w.commune.ID, "dengue", axisDiagnosis); got.total() != c.want { // of the person's home
				t.Errorf("step %d, %s: %d cases, want %d", i, c.icd, got.total(), c.want)
			}
		}
		w.rebuilt()
	})
}

func diagnosis(id, patient, icd string, day vn.Date) fhir.Condition {
	return fhir.Condition{ID: id, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
		Category:           []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
		Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}},
		Subject:            fhir.Ref("Patient", patient), RecordedDate: day.String()}
}

func visit(id, patient string, day vn.Date) fhir.Encounter {
	return fhir.Encounter{ID: id, Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", patient),
		Period: fhir.Period{Start: fhir.Instant(day.Time())}, ServiceProvider: fhir.Ref("Organization", station)}
}

// Weeks without a visit are silent once there were visits, from the second on;
// what is reported late is late; a week that is not over is never silent.
func TestStates(t *testing.T) {
	monday := vn.WeekOf(vn.Reform).Start()
	on := monday.AddDays(7*5 + 2) // Wednesday of the sixth week
	visits, none, late, cases := share{visits: 3}, share{}, share{cases: 2, late: 1}, share{cases: 1}
	always := begun{monday, monday}
	for _, c := range []struct {
		name  string
		sent  []share
		since begun
		want  []state
	}{
		{"silent", []share{visits, none, none, none, visits, none}, always, []state{stateSent, stateSilent, stateSilent, stateSilent, stateSent, stateQuiet}},
		{"one week is no silence", []share{visits, none, visits, late, none, none}, always, []state{stateSent, stateQuiet, stateSent, stateLate, stateQuiet, stateQuiet}},
		{"cases only", []share{cases, none, none, none, none, none}, begun{monday, vn.ZeroDate}, []state{stateSent, stateQuiet, stateQuiet, stateQuiet, stateQuiet, stateQuiet}},
		{"begins later", []share{none, none, visits, none, none, none}, begun{monday + 14, monday + 14}, []state{stateUnknown, stateUnknown, stateSent, stateSilent, stateSilent, stateQuiet}},
		{"never", make([]share, 6), begun{vn.ZeroDate, vn.ZeroDate}, make([]state, 6)},
	} {
		if got := states(c.sent, monday, c.since, 2, on); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A week that is over without anything from a commune that had sent visits is
// blank, as the detection takes it; the week under way is as the one before it.
func TestBlankWeeks(t *testing.T) {
	monday := vn.WeekOf(vn.Reform).Start()
	on := monday.AddDays(7*4 + 2) // Wednesday of the fifth week
	visits, none, late, cases := share{visits: 3}, share{}, share{cases: 2, late: 1}, share{cases: 1}
	for _, c := range []struct {
		name  string
		sent  []share
		since begun
		want  string
	}{
		{"one week", []share{visits, none, visits, late, none}, begun{monday, monday}, "-x---"},
		{"until today", []share{visits, visits, none, none, none}, begun{monday, monday}, "--xxx"},
		{"heard of this week", []share{visits, none, none, none, cases}, begun{monday, monday}, "-xxx-"},
		{"cases only", []share{cases, none, none, cases, none}, begun{monday, vn.ZeroDate}, "-----"},
		{"cases, later visits", []share{cases, none, visits, none, none}, begun{monday, monday + 14}, "---xx"},
		{"begins later", []share{none, none, visits, none, none}, begun{monday + 14, monday + 14}, "xx-xx"},
		{"never", make([]share, 5), begun{vn.ZeroDate, vn.ZeroDate}, "xxxxx"},
	} {
		s := sending{on: on, since: map[vn.UnitID]begun{1: c.since}, states: map[vn.UnitID][]state{1: states(c.sent, monday, c.since, 2, on)}}
		got := ""
		for i := range c.sent {
			s.weeks = append(s.weeks, monday.AddDays(7*i))
			got += map[bool]string{true: "x", false: "-"}[s.blank(1, i)]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if all := s.unheard(1, monday, on); all != (strings.Count(c.want, "x") == 5) {
			t.Errorf("%s: unheard of in all weeks: %v", c.name, all)
		}
	}
}

// A silent commune's weeks are unknown, not zero, on the curve, in the map and
// in the bulletin.
func TestSilentIsNotZero(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p", "Nguyễn Thị Lan")
		weeks := w.weeks(8)
		w.put(visit("v", "p", weeks[7]))
		w.report(report{id: "x", icd: "A97.0", home: w.other, day: weeks[7]})
		c, err := w.course(t.Context(), w.actor(store.CDC), w.commune, "dengue", byWeek, axisDiagnosis, 9, w.today())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.known(0); got != 0 {
			t.Errorf("the week with a visit and no case: %d, want 0", got)
		}
		for i := 1; i < 8; i++ {
			if got := c.known(i); got >= 0 {
				t.Errorf("week %d without anything: %d, want unknown", i, got)
			}
		}
		p, err := w.picture(t.Context(), w.actor(store.CDC), w.province, "dengue", w.today())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.spots {
			if s.unit.ID == w.commune.ID && !s.silent {
				t.Error("the silent commune is drawn as a zero")
			}
		}
		b, err := w.bulletin(t.Context(), w.actor(store.CDC), w.province, vn.WeekOf(weeks[0]))
		if err != nil || len(b.sent.silentUnits) == 0 || b.sent.sent != 0 {
			t.Errorf("completeness %+v, %v", b.sent, err)
		}
	})
}

// Foci and epidemics: open, declared, closed; a form of an epidemic and the
// focus of the same place are one.
func TestFoci(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 20
		w.put(w.step("f", stepFocus, "signal", day), w.step("n", formOpens, "", day+2))
		list, err := w.foci(t.Context(), w.actor(store.CDC), w.province, day, w.today())
		if err != nil {
			t.Fatal(err)
		}
		if list = merged(list); len(list) != 1 || !list[0].epidemic || list[0].from != day || list[0].ended.Known() {
			t.Errorf("focus and epidemic: %+v", list)
		}
		w.put(w.step("e", formCloses, "n", day+8), w.step("c", stepClosed, "signal", day+9))
		if list, err = w.foci(t.Context(), w.actor(store.CDC), w.commune, day, w.today()); err != nil {
			t.Fatal(err)
		}
		if list = merged(list); len(list) != 1 || list[0].ended != day+9 {
			t.Errorf("closed: %+v", list)
		}
		if list, err = w.foci(t.Context(), w.actor(store.CDC), w.province, day+15, w.today()); err != nil || len(list) != 0 {
			t.Errorf("after it: %+v, %v", list, err)
		}
		if list, err = w.foci(t.Context(), w.actor(store.CDC), w.other, day, w.today()); err != nil || len(list) != 0 {
			t.Errorf("elsewhere: %+v, %v", list, err)
		}
		w.rebuilt()
	})
}

// A focus that was opened again, perhaps on the day it was closed, is open from
// then on, and is over by what closes it after that.
func TestFocusOpenedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 40
		want := func(from, to, ended vn.Date, listed bool) {
			t.Helper()
			list, err := w.foci(t.Context(), w.actor(store.CDC), w.province, from, to)
			if err != nil || (len(list) == 1) != listed || listed && (list[0].ended != ended || list[0].from != day) {
				t.Errorf("from %v to %v: %+v, %v", from, to, list, err)
			}
		}
		w.put(w.step("f", stepFocus, "signal", day), w.step("c", stepClosed, "signal", day+16), w.step("again", stepFocus, "signal", day+16))
		want(w.today()-7, w.today(), vn.ZeroDate, true)
		w.put(w.step("c2", stepClosed, "signal", day+18), w.step("third", stepFocus, "signal", day+30))
		want(w.today()-7, w.today(), vn.ZeroDate, true)
		want(day+20, day+26, 0, false) // it was closed in that week
		want(day+10, day+26, day+18, true)
		w.put(w.step("c", stepClosed, "signal", day+16)) // written again: it stays in its place
		want(w.today()-7, w.today(), vn.ZeroDate, true)
		w.put(w.step("c3", stepClosed, "signal", day+35))
		want(day+30, w.today(), day+35, true)
		want(day+36, w.today(), 0, false)
		w.rebuilt()
	})
}

// What analysts read by SQL has codes, names and dates, and survives a rebuild.
func TestAnalystsViews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 10
		w.report(report{id: "a", icd: "A97.0", home: w.commune, day: day}, report{id: "b", icd: "A97.0", home: w.commune, day: day})
		read := func() string {
			rows, err := store.Figures(t.Context(), w.s.For(storetest.System()), vn.Nation, func(scan store.Scan) (string, error) {
				var unit, week string
				var n int
				err := scan(&unit, &week, &n)
				return fmt.Sprintf("%s %.10s %d", unit, week, n), err
			}, `select unit_code, cast(week_start as text), sum(cases) from bulletin_weekly_cases where unit_level = 'commune' and by_date = 'diagnosis' group by unit_code, week_start`)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(rows)
		}
		want := fmt.Sprintf("[%s %s 2]", w.commune.Code, vn.WeekOf(day).Start())
		if got := read(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if err := w.s.Rebuild(t.Context(), "bulletin"); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != want {
			t.Errorf("after a rebuild %s, want %s", got, want)
		}
	})
}

// To the nation a province that nothing came from is silent; what did not come
// from the communes of the others is not taken for "no case" alone.
func TestNationHeard(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 7
		w.report(report{id: "r", icd: "A97.0", home: w.commune, day: day})
		nation, _ := w.units.Get(vn.Nation)
		s, err := w.complete(t.Context(), w.actor(store.Ministry), nation, vn.WeekOf(day), w.today())
		here, all := len(w.units.Communes(w.province.ID, w.today())), len(w.units.Communes(vn.Nation, w.today()))
		if err != nil || s.communes != all || s.sent != 1 || s.quiet != here-1 || len(s.silentUnits) != len(w.units.Provinces(w.today()))-1 {
			t.Errorf("%d of %d sent, %d quiet, %d silent; %v", s.sent, s.communes, s.quiet, len(s.silentUnits), err)
		}
	})
}

// A province whose only commune fell silent is not known, no zero: on the curve,
// the channel and in the bulletin, on the page and on paper.
func TestSilentProvince(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p", "Nguyễn Thị Lan")
		weeks := w.weeks(9)
		for i := 5; i < 9; i++ {
			w.put(visit(fmt.Sprint("v", i), "p", weeks[i]))
			w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", home: w.commune, day: weeks[i]})
		}
		for _, unit := range []vn.Unit{w.commune, w.province} {
			c, err := w.course(t.Context(), w.actor(store.CDC), unit, "dengue", byWeek, axisDiagnosis, 10, w.today())
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for i := range c.dates {
				got += fmt.Sprint(c.known(i), " ")
			}
			if got != "1 1 1 1 -1 -1 -1 -1 -1 -1 " {
				t.Errorf("%s: %s", unit.Full(), got)
			}
			b, err := w.bulletin(t.Context(), w.actor(store.CDC), unit, vn.WeekOf(weeks[1]))
			if err != nil || !b.silent || b.before != -1 || !math.IsNaN(b.trend[trendWeeks-1]) || b.trend[trendWeeks-5] != 1 {
				t.Errorf("%s: silent %v, before %d, trend %v; %v", unit.Full(), b.silent, b.before, b.trend, err)
			}
			if len(b.diseases) != 1 || b.diseases[0].says() != "bulletin.says.silent" || b.diseases[0].before != -1 {
				t.Errorf("%s: %+v", unit.Full(), b.diseases)
			}
			b, err = w.bulletin(t.Context(), w.actor(store.CDC), unit, vn.WeekOf(weeks[5]))
			if err != nil || b.silent || b.before != 1 || b.cases.total() != 1 {
				t.Errorf("%s, before: %+v, %v", unit.Full(), b, err)
			}
		}
		monthly, err := w.course(t.Context(), w.actor(store.CDC), w.province, "dengue", byMonth, axisDiagnosis, 3, w.today())
		if err != nil || monthly.known(0)+monthly.known(1) < 4 || monthly.known(2) > 0 {
			t.Errorf("months %v, %v", monthly.totals(), err)
		}
		w.report(report{id: "cdc", icd: "J10.1", home: w.other, day: weeks[1]}) // of another commune
		c, err := w.course(t.Context(), w.actor(store.CDC), w.province, "dengue", byWeek, axisDiagnosis, 3, w.today())
		if err != nil || c.known(1) != 0 {
			t.Errorf("the week in which another commune was heard of: %d, %v", c.known(1), err)
		}
	})
}

// The same weeks of the year before, all of them or none.
func TestLastYear(t *testing.T) {
	ones := func(from vn.Week, n int) course {
		c := course{step: byWeek, cases: make([]tally, n), silent: make([]bool, n), since: from.Start()}
		for i := range n {
			c.dates, c.cases[i] = append(c.dates, from.Add(i).Start()), tally{suspect: 1}
		}
		return c
	}
	for _, x := range []struct {
		name string
		c    course
		w    vn.Week
		want int
	}{
		{"all weeks", ones(vn.Week{Year: 2024, Number: 40}, 110), vn.Week{Year: 2026, Number: 46}, 46},
		{"begun in the year", ones(vn.Week{Year: 2025, Number: 39}, 70), vn.Week{Year: 2026, Number: 46}, -1},
		{"53 weeks beside 52", ones(vn.Week{Year: 2024, Number: 1}, 160), vn.Week{Year: 2026, Number: 53}, 52},
	} {
		c := x.c
		if x.name == "begun in the year" { // the course looks further back than the reports
			c.dates = append([]vn.Date{}, c.dates...)
			for i := 1; i <= 60; i++ {
				c.dates, c.cases, c.silent = append([]vn.Date{c.dates[0].AddDays(-7)}, c.dates...), append([]tally{{}}, c.cases...), append([]bool{false}, c.silent...)
			}
		}
		if got, p := c.lastYear(x.w); got != x.want || p.hidden != max(x.want, 0) {
			t.Errorf("%s: %d, %+v, want %d", x.name, got, p, x.want)
		}
	}
}

// Which closed disease a diagnosis names stands in no table.
func TestClosedDiagnosesAreNotKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p", "Nguyễn Thị Lan")
		for i, icd := range []string{"A97.0", "B20", "A53.9"} {
			w.put(diagnosis(fmt.Sprint("dx", i), "p", icd, w.today()))
		}
		rows, err := store.Figures(t.Context(), w.s.For(storetest.System()), vn.Nation, func(scan store.Scan) (string, error) {
			var s string
			return s, scan(&s)
		}, `select disease from bulletin_cause order by disease`)
		if err != nil || fmt.Sprint(rows) != "[dengue]" {
			t.Errorf("%v, %v", rows, err)
		}
	})
}
