// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mach/access"
	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

var unitsOnce = sync.OnceValues(content.Units)

// scene is a store with stations in three communes, two of one province.
type scene struct {
	*Module
	t        *testing.T
	clock    *storetest.Clock
	communes []vn.Unit
}

func each(t *testing.T, test func(s scene), more ...storetest.Option) {
	t.Helper()
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := content.Indicators()
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m, err := New(s, units, definitions, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		s.Follow(m.Follower())
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		sc := scene{m, t, clock, communesOf(t, units, "24", "01")}
		for i, u := range sc.communes {
			sc.put(fhir.Organization{ID: station(i), Name: "Trạm Y tế " + u.Full(), Address: []fhir.Address{{Extension: unit(u)}}})
		}
		test(sc)
	}, append([]storetest.Option{storetest.Idle(), storetest.Placed(units), storetest.Configure(func(c *store.Config) {
		c.Now = clock.Now
		c.Sensitivity = content.Sensitivity
	})}, more...)...)
}

// communesOf gives two communes of the first province and one of the second.
func communesOf(t *testing.T, units *vn.Units, first, second string) []vn.Unit {
	t.Helper()
	today := vn.DateOf(storetest.NewClock().Now())
	a, _ := units.ByCode(first, today)
	b, _ := units.ByCode(second, today)
	here, there := units.Communes(a.ID, today), units.Communes(b.ID, today)
	if len(here) < 2 || len(there) < 1 {
		t.Fatal("communes are missing")
	}
	return []vn.Unit{here[0], here[1], there[0]}
}

func station(i int) string { return fmt.Sprintf("tram-%d", i) }

func unit(u vn.Unit) []fhir.Extension {
	from := u.From
	if !from.Known() {
		from = vn.Reform - 1 // of the old map
	}
	return []fhir.Extension{fhir.Unit(u.Code, from.String(), u.Full())}
}

func (s scene) put(resources ...any) {
	s.t.Helper()
	storetest.Put(s.t, s.store, "indicators", resources...)
}

func (s scene) commit(ops ...store.Op) {
	s.t.Helper()
	storetest.Commit(s.t, s.store, "indicators", ops...)
}

func (s scene) patient(id string, at int, active bool) fhir.Patient {
	return fhir.Patient{ID: id, Active: &active, Identifier: []fhir.Identifier{{System: "urn:other", Value: id}, {System: fhir.IDPersonal, Value: id}}, ManagingOrganization: fhir.Ref("Organization", station(at)),
		Address: []fhir.Address{{Use: "home", Extension: unit(s.communes[at])}}}
}

func visit(id, patient string, at int, status string, day vn.Date) fhir.Encounter {
	return fhir.Encounter{ID: id, Status: status, Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", patient),
		ServiceProvider: fhir.Ref("Organization", station(at)), Period: fhir.Period{Start: noon(day)}}
}

// noon is the middle of the day in Viet Nam.
func noon(day vn.Date) string { return fhir.Instant(day.Time().Add(12 * time.Hour)) }

func diagnosis(id, patient, encounter, code, status string, day vn.Date) fhir.Condition {
	return fhir.Condition{ID: id, VerificationStatus: fhir.Code(fhir.ConditionVerStatus, status, ""),
		Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
		Code:     fhir.Code(fhir.ICD10, code, ""), Subject: fhir.Ref("Patient", patient), Encounter: fhir.Ref("Encounter", encounter),
		RecordedDate: noon(day)}
}

func caseReport(id, patient, encounter, code, status string, day vn.Date, u vn.Unit) fhir.Condition {
	c := diagnosis(id, patient, encounter, code, status, day)
	c.Category = []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")}
	c.Extension = unit(u)
	return c
}

func (s scene) value(id string, u vn.UnitID, period string) int64 {
	s.t.Helper()
	p, err := ParsePeriod(period)
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := s.Value(s.t.Context(), storetest.System(), id, u, p)
	if err != nil {
		s.t.Fatal(err)
	}
	return v.Numerator
}

// levels are the values for commune 0, its neighbour, the province, the nation.
func (s scene) levels(id, period string) [4]int64 {
	return [4]int64{s.value(id, s.communes[0].ID, period), s.value(id, s.communes[1].ID, period),
		s.value(id, s.communes[0].Parent, period), s.value(id, vn.Nation, period)}
}

func (s scene) want(what, id, period string, want [4]int64) {
	s.t.Helper()
	if got := s.levels(id, period); got != want {
		s.t.Errorf("%s: %s in %s is %v for commune, neighbour, province, nation; want %v", what, id, period, got, want)
	}
}

func TestEventsCountOnTheirDay(t *testing.T) {
	each(t, func(s scene) {
		s.put(s.patient("p", 0, true))
		d := s.today()
		s.put(visit("v", "p", 0, "in-progress", d))
		s.want("before the signature", "care.visits", d.String(), [4]int64{})
		s.put(visit("v", "p", 0, "finished", d), visit("w", "p", 1, "finished", d), visit("x", "p", 2, "finished", d-1))
		s.want("signed", "care.visits", d.String(), [4]int64{1, 1, 2, 2})
		s.want("signed", "care.visits", Week(d).String(), [4]int64{1, 1, 2, 3})
		s.put(visit("v", "p", 0, "finished", d-30))
		s.want("the day was corrected", "care.visits", d.String(), [4]int64{0, 1, 1, 1})
		s.want("the day was corrected", "care.visits", Month(d-30).String(), [4]int64{1, 0, 1, 1})
		s.put(visit("v", "p", 0, "entered-in-error", d-30))
		s.commit(store.Delete("Encounter", "w"))
		s.want("taken back", "care.visits", "2026", [4]int64{0, 0, 0, 1})
	})
}

func TestCorrectedDiagnosisMovesTheFigure(t *testing.T) {
	each(t, func(s scene) {
		d := s.today()
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d))
		s.put(caseReport("c", "p", "v", "A97.0", "provisional", d, s.communes[1]))
		s.want("reported where the person lives", "surv.dengue", d.String(), [4]int64{0, 1, 1, 1})
		s.put(caseReport("c", "p", "v", "B08.4", "confirmed", d, s.communes[1]))
		s.want("another disease", "surv.dengue", d.String(), [4]int64{})
		s.want("another disease", "surv.hand_foot_mouth", d.String(), [4]int64{0, 1, 1, 1})
		s.put(caseReport("c", "p", "v", "B08.4", "confirmed", d, s.communes[0]))
		s.want("another commune", "surv.cases", d.String(), [4]int64{1, 0, 1, 1})
		same, other := caseReport("same", "p", "v", "B08.4", "confirmed", d, s.communes[0]), fhir.Ref("Condition", "c")
		same.Extension = append(same.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &other})
		s.put(same)
		s.want("the same case reported twice", "surv.cases", d.String(), [4]int64{1, 0, 1, 1})
		s.want("the same case reported twice", "surv.hand_foot_mouth", d.String(), [4]int64{1, 0, 1, 1})
		s.put(caseReport("c", "p", "v", "B08.4", "refuted", d, s.communes[0]))
		s.want("not a case", "surv.cases", "2026", [4]int64{})
	})
}

func TestPersonCountsOnceFromTheFirstDay(t *testing.T) {
	each(t, func(s scene) {
		d := s.today()
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d), visit("w", "p", 1, "finished", d))
		s.put(diagnosis("late", "p", "v", "I10", "confirmed", d-1))
		s.put(diagnosis("early", "p", "w", "I11.9", "confirmed", d-40))
		s.want("the earliest decides", "ncd.hypertension", d.String(), [4]int64{0, 1, 1, 1})
		s.want("after it, for ever", "ncd.hypertension", (d - 40).String(), [4]int64{0, 1, 1, 1})
		s.want("before it", "ncd.hypertension", (d - 41).String(), [4]int64{})
		s.commit(store.Delete("Condition", "early"))
		s.want("the next one takes over", "ncd.hypertension", d.String(), [4]int64{1, 0, 1, 1})
		s.put(diagnosis("late", "p", "v", "J00", "confirmed", d-1))
		s.want("none is left", "ncd.hypertension", d.String(), [4]int64{})
	})
}

func TestPersonWithoutADateCountsFromTheDayItCame(t *testing.T) {
	each(t, func(s scene) {
		came := s.today()
		s.put(s.patient("p", 0, true))
		s.clock.Advance(5 * 24 * time.Hour)
		moved := s.patient("p", 0, true)
		moved.Gender = "male"
		s.put(moved)
		s.want("a later version", "book.coverage", came.String(), [4]int64{1, 0, 1, 1})
		s.put(s.patient("p", 1, true))
		s.want("moved house", "book.coverage", came.String(), [4]int64{0, 1, 1, 1})
		s.put(s.patient("p", 1, false))
		s.want("no longer active", "book.coverage", s.today().String(), [4]int64{})
		s.clock.Advance(-5 * 24 * time.Hour)
	})
}

// The list of one hundred counts one record for each personal number, outpatient
// visits, dengue under its old codes too, and consultations that were concluded.
func TestWhatIsCounted(t *testing.T) {
	each(t, func(s scene) {
		d := s.today()
		nameless := s.patient("q", 0, true)
		nameless.Identifier = nil
		admitted := visit("in", "p", 0, "finished", d)
		admitted.Class.Code = "IMP"
		ask := func(id, status string) fhir.ServiceRequest {
			return fhir.ServiceRequest{ID: id, Status: status, Intent: "order", Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "consultation", "")},
				Subject: fhir.Ref("Patient", "p"), Encounter: fhir.Ref("Encounter", "v"), AuthoredOn: noon(d)}
		}
		s.put(s.patient("p", 0, true), nameless, visit("v", "p", 0, "finished", d), admitted, ask("asked", "active"), ask("done", "completed"),
			caseReport("old", "p", "v", "A91", "confirmed", d, s.communes[0]), caseReport("new", "p", "v", "A97.1", "confirmed", d, s.communes[0]))
		s.want("a record without a number", "book.coverage", d.String(), [4]int64{1, 0, 1, 1})
		s.want("who was admitted", "care.visits", d.String(), [4]int64{1, 0, 1, 1})
		s.want("old codes", "surv.dengue", d.String(), [4]int64{2, 0, 2, 2})
		s.want("not concluded", "tele.consultations", d.String(), [4]int64{1, 0, 1, 1})
	})
}

func TestCasesAboutNobodyAreNoPeople(t *testing.T) {
	each(t, func(s scene) {
		d := s.today()
		s.put(fhir.Group{ID: "crowd", Type: "person", Actual: true, Extension: unit(s.communes[0])})
		for i := range 3 {
			c := caseReport(fmt.Sprint("c", i), "p", "v", "A97.0", "confirmed", d, s.communes[0])
			c.Subject, c.Encounter = fhir.Ref("Group", "crowd"), fhir.Reference{}
			n := diagnosis(fmt.Sprint("n", i), "p", "v", "I10", "confirmed", d)
			n.Subject, n.Encounter = fhir.Ref("Group", "crowd"), fhir.Reference{}
			s.put(c, n)
		}
		s.want("events", "surv.dengue", d.String(), [4]int64{3, 0, 3, 3})
		s.want("people", "ncd.hypertension", d.String(), [4]int64{})
	})
}

func TestRatesCarryTheirDenominator(t *testing.T) {
	each(t, func(s scene) {
		d := s.today()
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d), visit("w", "p", 0, "finished", d))
		for _, u := range []vn.UnitID{s.communes[0].ID, s.communes[0].Parent, vn.Nation} {
			v, err := s.Value(s.t.Context(), storetest.System(), "care.visits", u, Day(d))
			people, missing := s.population(u, d)
			if err != nil || v.Denominator != int64(people) || v.Missing != missing || v.HasRate != (people > 0) {
				s.t.Errorf("unit %d: %+v, %v", u, v, err)
			}
			if v.HasRate && v.Rate != 2/float64(people)*1000 {
				s.t.Errorf("unit %d: rate %v of %d", u, v.Rate, people)
			}
		}
		if v, err := s.Value(s.t.Context(), storetest.System(), "care.follow_up", vn.Nation, Day(d)); err != nil || v.Rate != 0 || !v.HasRate || v.Denominator != 0 {
			s.t.Errorf("a plain count: %+v, %v", v, err)
		}
		if _, err := s.Value(s.t.Context(), storetest.System(), "none", vn.Nation, Day(d)); !issue.Is(err, issue.NotFound) {
			s.t.Errorf("an indicator that is none: %v", err)
		}
	})
}

// What belongs to no commune below is not lost from the shares.
func TestSharesHoldWhatHasNoCommune(t *testing.T) {
	each(t, func(s scene) {
		old := s.units.Predecessors(s.communes[0].ID, vn.Reform-1)[0]
		province, _ := s.units.Get(s.communes[0].Parent)
		d := s.today()
		s.put(s.patient("p", 0, true), visit("base", "p", 0, "planned", d))
		for i, u := range []vn.Unit{s.communes[0], province, old} {
			s.put(caseReport(fmt.Sprint("c", i), "p", "base", "A97.1", "confirmed", d, u))
		}
		stray := diagnosis("stray", "p", "base", "A97.1", "confirmed", d)
		stray.Category, stray.Subject, stray.Encounter = []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")}, fhir.Ref("Group", "x"), fhir.Reference{}
		s.put(stray)
		s.sharesSum()
		shares, err := s.Shares(s.t.Context(), storetest.System(), "surv.dengue", vn.Nation, Day(d))
		if last := shares[len(shares)-1]; err != nil || last.Unit.ID != vn.Nation || last.Value < 1 {
			s.t.Errorf("the rest stands under %+v, %v", last, err)
		}
		shares, err = s.Shares(s.t.Context(), storetest.System(), "care.visits", vn.Nation, Day(d))
		if last := shares[len(shares)-1]; err != nil || last.Unit.ID == vn.Nation {
			s.t.Errorf("a rest of nothing: %+v, %v", last, err)
		}
	})
}

func TestWhatStandsBehindIsJudged(t *testing.T) {
	judge := storetest.JudgeFunc(func(a store.Actor, act store.Action, l store.Labels, _ []store.Relation) store.Decision {
		return store.Decision{Allow: a.Role == store.System || l.ID != "hidden" && act != store.ActFigures, Reason: "test"}
	})
	each(t, func(s scene) {
		d := s.today()
		s.put(s.patient("p", 0, true), visit("open", "p", 0, "finished", d), visit("hidden", "p", 0, "finished", d))
		nurse := storetest.Nurse(station(0))
		items, err := s.Items(s.t.Context(), nurse, "care.visits", s.communes[0].ID, Day(d), 10)
		if err != nil || len(items) != 1 || items[0].ID != "open" || items[0].Type != "Encounter" || items[0].Patient != "p" {
			s.t.Errorf("items %+v, %v", items, err)
		}
		fed, err := s.Fed(s.t.Context(), nurse, s.communes[0].ID, []string{"Encounter/open", "Encounter/hidden"})
		if err != nil || len(fed) != 1 || fed[0].ID != "care.visits" {
			s.t.Errorf("fed %v, %v", fed, err)
		}
		if fed, err = s.Fed(s.t.Context(), nurse, s.communes[0].ID, []string{"Encounter/hidden"}); err != nil || fed != nil {
			s.t.Errorf("fed by what is hidden: %v, %v", fed, err)
		}
		if _, err := s.Value(s.t.Context(), nurse, "care.visits", s.communes[0].ID, Day(d)); !issue.Is(err, issue.Forbidden) {
			s.t.Errorf("a figure that is forbidden: %v", err)
		}
	}, storetest.Guarded(judge))
}

// Under the real policies each reads what its place allows: the CDC case
// reports, not visits; sensitive diagnoses only who may open them.
func TestWhatStandsBehindUnderTheRealPolicies(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(s scene) {
		d := s.today()
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d))
		s.put(caseReport("c", "p", "v", "A97.1", "confirmed", d, s.communes[0]), caseReport("hiv", "p", "v", "B20", "confirmed", d, s.communes[0]))
		for _, c := range []struct {
			role   store.Role
			at     string
			unit   vn.UnitID
			visits int
			cases  []string
		}{
			{store.Doctor, station(0), s.communes[0].ID, 1, []string{"c"}}, // reports of labelled diseases are the closed desk's
			{store.Nurse, station(0), s.communes[0].ID, 1, []string{"c"}},
			{store.CDC, "cdc", s.communes[0].Parent, 0, []string{"c"}},
			{store.CDC, "cdc", s.communes[2].Parent, 0, nil},
			{store.ClosedDesk, "cdc", s.communes[0].Parent, 0, []string{"hiv"}},
			{store.Chairman, "ubnd", s.communes[0].ID, 0, nil},
			{store.Ministry, "moh", vn.Nation, 0, nil},
		} {
			a := storetest.Actor(c.role, c.at)
			a.Unit = c.unit
			visits, err := s.Items(s.t.Context(), a, "care.visits", s.communes[0].ID, Day(d), 10)
			if err != nil || len(visits) != c.visits {
				s.t.Errorf("%s sees %d visits, %v; want %d", c.role, len(visits), err, c.visits)
			}
			items, err := s.Items(s.t.Context(), a, "surv.cases", s.communes[0].ID, Day(d), 10)
			var ids []string
			for _, it := range items {
				ids = append(ids, it.ID)
			}
			slices.Sort(ids)
			if err != nil || !slices.Equal(ids, c.cases) {
				s.t.Errorf("%s of unit %d sees cases %v, %v; want %v", c.role, c.unit, ids, err, c.cases)
			}
		}
	}, storetest.Guarded(policy))
}

// A visit with a closed file counts for who oversees the place or may open it,
// and not for who would set the figure beside the list.
func TestClosedVisitsCountForWhoMayKnow(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(s scene) {
		d := s.today()
		closed := visit("closed", "p", 0, "finished", d)
		closed.ReasonCode = []fhir.CodeableConcept{fhir.Code(fhir.ICD10, "B20", "")}
		s.put(s.patient("p", 0, true), visit("open", "p", 0, "finished", d), closed)
		commune := s.communes[0]
		for _, c := range []struct {
			role  store.Role
			unit  vn.UnitID
			count int64
			list  int
		}{
			{store.Doctor, commune.ID, 2, 2}, {store.Nurse, commune.ID, 1, 1}, {store.Midwife, commune.ID, 1, 1},
			{store.StationDirector, commune.ID, 1, 1}, {store.VillageWorker, commune.ID, 1, 0},
			{store.Chairman, commune.ID, 2, 0}, {store.Department, commune.Parent, 2, 0}, {store.Ministry, vn.Nation, 2, 0},
		} {
			a := storetest.Actor(c.role, station(0))
			a.Unit = c.unit
			v, err := s.Value(s.t.Context(), a, "care.visits", commune.ID, Day(d))
			if err != nil || v.Numerator != c.count {
				s.t.Errorf("%s counts %d visits, %v; want %d", c.role, v.Numerator, err, c.count)
			}
			days, err := s.Days(s.t.Context(), a, "care.visits", commune.ID, d, d)
			if err != nil || len(days) != 1 || days[0].Value != c.count {
				s.t.Errorf("the course of %s: %v, %v; want %d", c.role, days, err, c.count)
			}
			f, err := s.Read(s.t.Context(), a, Reading{Indicator: "care.visits", Unit: commune.ID, Period: Day(d), Map: d})
			if err != nil || f.Numerator != c.count {
				s.t.Errorf("%s reads %d visits, %v; want %d", c.role, f.Numerator, err, c.count)
			}
			items, err := s.Items(s.t.Context(), a, "care.visits", commune.ID, Day(d), 10)
			if err != nil || len(items) != c.list {
				s.t.Errorf("%s sees %d visits, %v; want %d", c.role, len(items), err, c.list)
			}
		}
	}, storetest.Guarded(policy))
}
