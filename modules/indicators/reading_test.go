// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"slices"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

func (s scene) read(r Reading, period string) Figure {
	s.t.Helper()
	var err error
	if r.Period, err = ParsePeriod(period); err != nil {
		s.t.Fatal(err)
	}
	v, err := s.Read(s.t.Context(), storetest.System(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// What was corrected later had not been corrected then; what came later was not
// there.
func TestAFigureAsItStood(t *testing.T) {
	each(t, func(s scene) {
		d := s.today() - 1
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d), visit("w", "p", 0, "finished", d))
		s.put(diagnosis("early", "p", "v", "I10", "confirmed", d))
		then := s.clock.Now()
		position, err := s.store.Last(t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		s.clock.Advance(25 * time.Hour)
		s.put(visit("v", "p", 0, "entered-in-error", d), visit("x", "p", 0, "finished", d), visit("y", "p", 0, "finished", d))
		s.commit(store.Delete("Condition", "early"))
		last, err := s.store.Last(t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		for _, c := range []struct {
			name      string
			indicator string
			asOf      time.Time
			numerator int64
			position  int64
			complete  bool
		}{
			{"now", "care.visits", time.Time{}, 3, last, true},
			{"before the correction", "care.visits", then, 2, position, true},
			{"on the day itself", "care.visits", then.Add(-24 * time.Hour), 0, 0, false},
			{"in the year 3000", "care.visits", time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC), 3, last, true},
			{"people now", "ncd.hypertension", time.Time{}, 0, last, true},
			{"people before the correction", "ncd.hypertension", then, 1, position, true},
		} {
			for _, unit := range []vn.UnitID{s.communes[0].ID, s.communes[0].Parent, vn.Nation} {
				v := s.read(Reading{Indicator: c.indicator, Unit: unit, Map: s.today(), AsOf: c.asOf}, d.String())
				if v.Numerator != c.numerator || v.Position != c.position || v.Complete != c.complete || v.Unsure != 0 {
					s.t.Errorf("%s, unit %d: %+v", c.name, unit, v)
				}
			}
		}
		future := Reading{Indicator: "care.visits", Unit: vn.Nation, Map: s.today(), AsOf: s.clock.Now().AddDate(1, 0, 0)}
		if v := s.read(future, s.today().String()); v.Complete {
			s.t.Error("a day that runs is complete when asked as of next year")
		}
		if v := s.value("care.visits", s.communes[0].ID, d.String()); v != 3 {
			s.t.Errorf("the board shows %d after readings of the past", v)
		}
		s.clock.Advance(-25 * time.Hour)
	})
}

// divided finds a commune of the old map that became several of one other
// province.
func (s scene) divided() (vn.Unit, []vn.Unit) {
	s.t.Helper()
	for _, u := range s.units.Communes(vn.Nation, vn.Reform-1) {
		next := s.units.Successors(u.ID, vn.Reform)
		elsewhere := func(n vn.Unit) bool { return n.Parent != next[0].Parent || n.Parent == s.communes[0].Parent }
		if len(next) > 1 && !slices.ContainsFunc(next, elsewhere) {
			return u, next
		}
	}
	s.t.Fatal("no commune was divided")
	return vn.Unit{}, nil
}

// A case of a commune that was merged counts in today's commune on today's map
// and in the old one on the map of its time, whichever of the two was recorded.
func TestTwoMaps(t *testing.T) {
	each(t, func(s scene) {
		was := s.units.Predecessors(s.communes[0].ID, vn.Reform-1)
		if len(was) < 2 || len(s.units.Successors(was[0].ID, vn.Reform)) != 1 {
			s.t.Fatalf("%v was not merged", s.communes[0].Full())
		}
		oldProvince := s.units.Path(was[0].ID)[1]
		cut, parts := s.divided()
		d, _ := vn.ParseDate("2024-06-03")
		s.put(s.patient("p", 0, true), visit("base", "p", 0, "planned", d))
		s.put(
			caseReport("old", "p", "base", "A97.1", "confirmed", d, was[0]),
			caseReport("beside", "p", "base", "A97.1", "confirmed", d, was[1]),
			caseReport("late", "p", "base", "A97.1", "confirmed", d, s.communes[0]), // recorded on today's map
			caseReport("cut", "p", "base", "A97.1", "confirmed", d, cut),
		)
		now, then := s.today(), vn.Reform-1
		for _, c := range []struct {
			name              string
			unit              vn.UnitID
			on                vn.Date
			numerator, unsure int64
		}{
			{"the commune of today", s.communes[0].ID, now, 3, 0},
			{"its neighbour", s.communes[1].ID, now, 0, 0},
			{"the province of today", s.communes[0].Parent, now, 3, 0},
			{"the province of the parts", parts[0].Parent, now, 1, 0},
			{"a part of the divided commune", parts[0].ID, now, 0, 1},
			{"the old commune", was[0].ID, then, 1, 1}, // the late one was in it or in one beside
			{"the old commune beside", was[1].ID, then, 1, 1},
			{"the divided commune", cut.ID, then, 1, 0},
			{"the old province", oldProvince.ID, then, 3, 0},
			{"the nation then", vn.Nation, then, 4, 0},
			{"the nation now", vn.Nation, now, 4, 0},
		} {
			v := s.read(Reading{Indicator: "surv.dengue", Unit: c.unit, Map: c.on}, "2024")
			known := c.unsure == 0 && v.HasRate
			if v.Numerator != c.numerator || v.Unsure != c.unsure || v.Complete != known {
				s.t.Errorf("%s: %d and %d unsure, complete %v; want %d and %d", c.name, v.Numerator, v.Unsure, v.Complete, c.numerator, c.unsure)
			}
			if c.on == now { // boards show the map of today
				if n := s.value("surv.dengue", c.unit, "2024"); n != c.numerator {
					s.t.Errorf("%s: the board shows %d, want %d", c.name, n, c.numerator)
				}
			}
		}
		v := s.read(Reading{Indicator: "surv.dengue", Unit: was[0].ID, Map: then}, "2024")
		if v.Denominator != 0 || v.HasRate {
			s.t.Errorf("nobody counted the people of %s: %+v", was[0].Full(), v)
		}
		if _, err := s.Read(t.Context(), storetest.System(), Reading{Indicator: "none", Unit: vn.Nation}); !issue.Is(err, issue.NotFound) {
			s.t.Errorf("an indicator that is none: %v", err)
		}
	})
}
