// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/outbreak"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// state judges one disease in the world's commune.
func (w *world) state(disease string) State {
	w.t.Helper()
	w.calm()
	list, err := w.States(ctx, w.actor(store.StationDirector), w.commune.ID, []vn.UnitID{w.commune.ID}, disease, w.today())
	if err != nil {
		w.t.Fatal(err)
	}
	if len(list) != 1 {
		w.t.Fatalf("%d states", len(list))
	}
	return list[0]
}

// novembers writes cases in the same month and week of the five years before.
func (w *world) novembers(icd string, perYear ...int) {
	for i, n := range perYear {
		week := vn.WeekOf(w.today())
		day := vn.Week{Year: week.Year - 1 - i, Number: week.Number}.Start()
		w.history(icd, icd, w.commune, day, n)
	}
}

// A week 53 is judged although hardly any year before has one.
func TestWeek53IsComparedWithWeek52(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Advance(vn.Week{Year: 2026, Number: 53}.Start().Time().Add(34 * time.Hour).Sub(w.now()))
		for i, n := range []int{5, 7, 4, 6, 8} {
			w.history("w52", "A97.9", w.commune, vn.Week{Year: 2025 - i, Number: 52}.Start(), n)
		}
		w.history("now", "A97.9", w.commune, w.today(), 8)
		s := w.state("dengue")
		if s.WeekOf.String() != "2026-W53" || s.Week.State != outbreak.StateWarning || len(s.Week.Used) != 5 || s.Week.Mean != 6 {
			t.Errorf("%v: %+v", s.WeekOf, s.Week)
		}
		words, err := content.Catalogue()
		if err != nil {
			t.Fatal(err)
		}
		said := notes(web.WithVisit(ctx, words, i18n.Vietnamese, webtest.As(store.StationDirector), w.now()), s)
		if !strings.Contains(strings.Join(said, " "), "tuần 52") {
			t.Errorf("the page does not say what it was compared with: %s", said)
		}
	})
}

func TestStateArticle16(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.novembers("A97.9", 5, 7, 4, 6, 8)
		if s := w.state("dengue"); s.Month.State != outbreak.StateBelow || s.Month.Article != "16.1b" || !s.Endemic {
			t.Errorf("before: %+v", s.Month)
		}
		w.history("now", "A97.9", w.commune, w.today(), 9)
		s := w.state("dengue")
		if s.Month.State != outbreak.StateBelow || s.MonthN != 9 || s.Week.State != outbreak.StateWarning {
			t.Errorf("nine: %+v, week %+v", s.Month, s.Week)
		}
		w.history("more", "A97.9", w.commune, w.today(), 1)
		s = w.state("dengue")
		if s.Month.State != outbreak.StateEpidemic || s.MonthN != 10 || len(s.Month.Used) != 5 || s.Month.Mean != 6 || s.Alarm() != 2 {
			t.Errorf("ten: %+v", s.Month)
		}
		// The list of the commune finds it without being asked for the disease.
		list, err := w.States(ctx, w.actor(store.CDC), w.commune.Parent, vn.IDs(w.units.Communes(w.commune.Parent, w.today())), "", w.today())
		if err != nil || len(list) != 1 || list[0].Unit.ID != w.commune.ID {
			t.Errorf("list %v, %v", list, err)
		}
	})
}

func TestStateWithoutHistory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("now", "A97.9", w.commune, w.today(), 30)
		if s := w.state("dengue"); s.Month.State != outbreak.StateShort || s.Week.State != outbreak.StateShort || s.Alarm() != 0 {
			t.Errorf("dengue: %+v", s.Month)
		}
		// Not endemic: cases near each other count as linked.
		w.history("cholera", "A00.9", w.commune, w.today(), 4)
		if s := w.state("cholera"); s.Month.State != outbreak.StateBelow || s.Week.State != outbreak.StateWarning || s.Month.Article != "16.1c" {
			t.Errorf("four of cholera: %+v %+v", s.Month, s.Week)
		}
		w.history("cholera2", "A00.9", w.commune, w.today(), 1)
		if s := w.state("cholera"); s.Month.State != outbreak.StateEpidemic || !s.LinkedAssumed {
			t.Errorf("five of cholera: %+v", s.Month)
		}
	})
}

func TestEpidemicYearsAreLeftOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.novembers("A97.9", 5, 70, 4, 6, 8, 7)
		w.history("now", "A97.9", w.commune, w.today(), 10)
		if s := w.state("dengue"); s.Month.State != outbreak.StateBelow {
			t.Errorf("nobody declared: %+v", s.Month)
		}
		director := w.actor(store.StationDirector)
		on := vn.NewDate(2024, time.November, 20)
		id, err := w.Declare(ctx, director, Notice{Disease: "dengue", Unit: w.commune.ID, On: on, Place: "Thôn Đoài", Advice: "Diệt loăng quăng"}, "k1")
		if err != nil {
			t.Fatal(err)
		}
		w.calm()
		if _, err := w.Declare(ctx, director, Notice{Disease: "dengue", Unit: w.commune.ID, On: on, Place: "Thôn Đoài", Advice: "Diệt loăng quăng"}, "k2"); err == nil {
			t.Error("declared twice")
		}
		if _, err := w.End(ctx, director, Notice{Disease: "dengue", Unit: w.commune.ID, On: on.AddDays(-1), Place: "x", Advice: "y"}, "k3"); err == nil {
			t.Error("ended before it began")
		}
		if _, err := w.End(ctx, director, Notice{Disease: "dengue", Unit: w.commune.ID, On: on.AddDays(20), Place: "Thôn Đoài", Advice: "Tiếp tục theo dõi"}, "k4"); err != nil {
			t.Fatal(err)
		}
		s := w.state("dengue")
		if s.Month.State != outbreak.StateEpidemic || len(s.Month.LeftOut) == 0 || s.Month.LeftOut[0].Year != 2024 || s.Open() || s.Declared == nil {
			t.Errorf("with 2024 left out: %+v", s.Month)
		}
		n, err := w.Notice(ctx, director, id)
		if err != nil || n.Form != "01" || n.Unit != w.commune.ID || n.On != on || n.Place != "Thôn Đoài" {
			t.Errorf("notice %+v, %v", n, err)
		}
	})
}

func TestOnlyTheDirectorDeclares(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n := Notice{Disease: "dengue", Unit: w.commune.ID, On: w.today(), Place: "Thôn Đoài", Advice: "Diệt loăng quăng"}
		elsewhere := w.actor(store.StationDirector)
		elsewhere.Unit = w.other.ID
		for _, a := range []store.Actor{w.actor(store.Doctor), w.actor(store.CDC), w.actor(store.Chairman), elsewhere} {
			if _, err := w.Declare(ctx, a, n, ""); err == nil {
				t.Errorf("%s of %v declared an epidemic", a.Role, a.Unit)
			}
		}
	})
}

// A disease never recorded in Viet Nam is warned of by the risk that an event
// was assessed with (TT 15/2026 Articles 21.2 and 22); until then the page asks
// for the assessment and does not say that all is well.
func TestDiseaseNeverSeen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.put(storetest.System(), fhir.Condition{ID: "never", Extension: []fhir.Extension{w.unit(w.commune)},
			ClinicalStatus:     fhir.Code(fhir.ConditionClinical, "active", ""),
			VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""),
			Category:           []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
			Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A98.4"}}},
			Subject:            fhir.Ref("Patient", "p1"), RecordedDate: w.today().String()})
		for _, c := range []struct {
			risk outbreak.Risk
			want outbreak.State
		}{{"", outbreak.StateAssess}, {outbreak.RiskLow, outbreak.StateBelow}, {outbreak.RiskMedium, outbreak.StateWarning}, {outbreak.RiskVeryHigh, outbreak.StateWarning}} {
			w.Assessed(func(_ context.Context, _ store.Actor, unit vn.UnitID, disease string) (outbreak.Risk, error) {
				if unit != w.commune.ID || disease != "ebola" {
					t.Errorf("the risk of %s in %v is asked for", disease, unit)
				}
				return c.risk, nil
			})
			if s := w.state("ebola"); s.Week.State != c.want || s.Week.Article != "22" || s.Week.Note != outbreak.NoteNever || s.Month.State != outbreak.StateBelow {
				t.Errorf("risk %q: %+v, want %s", c.risk, s.Week, c.want)
			}
		}
		w.Assessed(nil)
	})
}

func TestUnsentDraftsReachTheCDC(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, icd := range []string{"A97.0", "B05.9", "B08.4"} {
			p := fmt.Sprintf("p%d", i)
			w.person(p, "Người "+p, w.commune)
			w.visit(visit{id: "v" + p, patient: p, icd: icd, words: icd, at: w.now()})
		}
		share := shareOf(string(store.CDC), content.SurveillanceOn(w.today()).Escalation)
		for _, c := range []struct {
			after           time.Duration
			warned, overdue int
		}{{0, 0, 0}, {19 * time.Hour, 1, 0}, {25 * time.Hour, 1, 1}, {37 * time.Hour, 3, 1}, {49 * time.Hour, 3, 3}} {
			list, err := w.Unsent(ctx, w.actor(store.CDC), w.commune.Parent, []vn.UnitID{w.commune.ID}, share, w.now().Add(c.after))
			if err != nil {
				t.Fatal(err)
			}
			var got Unsent
			if len(list) > 0 {
				got = list[0]
			}
			if got.Warned != c.warned || got.Overdue != c.overdue {
				t.Errorf("after %v: %+v, want %d and %d", c.after, got, c.warned, c.overdue)
			}
		}
	})
}

func TestCurve(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.novembers("A97.9", 5, 7, 4, 6, 8)
		w.history("now", "A97.9", w.commune, w.today(), 3)
		w.calm()
		c, err := w.Curve(ctx, w.actor(store.CDC), w.commune.Parent, "dengue", w.today())
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Now) != 11 || c.Now[10] != 3 || c.Past[0].Months[10] != 5 || c.Past[4].Months[10] != 8 {
			t.Errorf("%+v", c)
		}
		if c.Past[4].Months[0] != -1 || c.Past[3].Months[0] != 0 {
			t.Errorf("months before surveillance are not unknown: %v", c.Past)
		}
		if c.Lines[10].Mean != 6 {
			t.Errorf("November: %+v", c.Lines[10])
		}
	})
}

// Thirty thousand minimal cases are counted in a few seconds.
func BenchmarkHistory(b *testing.B) {
	w := benchWorld(b)
	day := vn.NewDate(2022, time.January, 1)
	for b.Loop() {
		w.history(fmt.Sprintf("h%d", b.N), "A97.9", w.commune, day, 500)
		day++
	}
	b.ReportMetric(float64(500*b.N)/b.Elapsed().Seconds(), "cases/s")
}

func benchWorld(b *testing.B) *world {
	units, err := unitsOnce()
	if err != nil {
		b.Fatal(err)
	}
	clock := storetest.NewClock()
	m := New(nil, units, content.Diseases(), content.OurLaw(), clock.Now)
	s := storetest.New(b, storetest.Follow(m.Follower()))
	m.store = s
	w := &world{Module: m, t: b, s: s, clock: clock}
	w.commune = units.Communes(units.Provinces(w.today())[0].ID, w.today())[0]
	return w
}
