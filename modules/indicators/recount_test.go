// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// fact is one resource of the model: what it is, kept apart from how the
// module stores it.
type fact struct {
	kind, id, patient, code, status string
	at                              int // commune
	day                             vn.Date
	came                            vn.Date // Patient: since when it counts
}

func (f fact) key() string { return f.kind + "/" + f.id }

// counted says, without the definitions, which indicators the fact feeds.
func (f fact) counted() []string {
	var out []string
	switch f.kind {
	case "Patient":
		if f.status == "active" {
			out = append(out, "book.coverage")
		}
	case "Encounter":
		if f.status == "finished" {
			out = append(out, "care.visits")
		}
	case "Diagnosis":
		if f.status == "confirmed" && strings.HasPrefix(f.code, "I1") {
			out = append(out, "ncd.hypertension")
		}
		if f.status == "confirmed" && strings.HasPrefix(f.code, "E1") {
			out = append(out, "ncd.diabetes")
		}
	case "Case":
		if f.status == "refuted" {
			break
		}
		out = append(out, "surv.cases")
		if f.code == "A97.1" {
			out = append(out, "surv.dengue")
		}
		if f.code == "B08.4" {
			out = append(out, "surv.hand_foot_mouth")
		}
	}
	return out
}

type cell struct {
	indicator string
	unit      vn.UnitID
	day       vn.Date
}

// recount is the naive answer: all facts, no differences.
func recount(s scene, facts map[string]fact) map[cell]int64 {
	out := map[cell]int64{}
	add := func(indicator string, f fact) {
		for _, u := range s.units.Path(s.communes[f.at].ID) {
			out[cell{indicator, u.ID, f.day}]++
		}
	}
	earliest := map[[2]string]fact{} // of indicator and person
	for _, f := range facts {
		for _, indicator := range f.counted() {
			if f.kind != "Patient" && f.kind != "Diagnosis" {
				add(indicator, f)
				continue
			}
			if f.kind == "Patient" {
				f.day = f.came
			}
			k := [2]string{indicator, f.patient}
			if was, ok := earliest[k]; !ok || f.day < was.day || f.day == was.day && f.id < was.id {
				earliest[k] = f
			}
		}
	}
	for k, f := range earliest {
		add(k[0], f)
	}
	return out
}

// cells reads what the view holds.
func (s scene) cells() map[cell]int64 {
	s.t.Helper()
	type line struct {
		cell
		value int64
	}
	rows, err := store.Figures(s.t.Context(), s.store.For(storetest.System()), vn.Nation, func(scan store.Scan) (line, error) {
		var l line
		var unit, day int64
		err := scan(&l.indicator, &unit, &day, &l.value)
		l.unit, l.day = vn.UnitID(unit), vn.Date(day)
		return l, err
	}, `select indicator, unit, day, sum(value) from indicators_cell group by indicator, unit, day`)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[cell]int64{}
	for _, r := range rows {
		out[r.cell] = r.value
	}
	return out
}

// write turns the fact into a write of its resource.
func (s scene) write(f fact) store.Op {
	var r any
	switch f.kind {
	case "Patient":
		r = s.patient(f.id, f.at, f.status == "active")
	case "Encounter":
		r = visit(f.id, f.patient, f.at, f.status, f.day)
	case "Diagnosis":
		r = diagnosis(f.id, f.patient, fmt.Sprint("base-", f.at), f.code, f.status, f.day)
	case "Case":
		r = caseReport(f.id, f.patient, "base-0", f.code, f.status, f.day, s.communes[f.at])
	}
	return store.Put(fhir.MustNew(r))
}

// After 500 random writes, corrections and deletions every cell equals the
// naive recount, the view equals its rebuild, and the shares sum to the whole.
func TestCellsEqualARecount(t *testing.T) {
	each(t, func(s scene) {
		today := s.today()
		base := make([]any, 0, 3)
		for i := range s.communes {
			base = append(base, visit(fmt.Sprint("base-", i), "nobody", i, "planned", today))
		}
		s.put(base...)
		facts := map[string]fact{}
		owner := map[string]fact{} // the first of the key, also after its deletion
		step := func(t *rapid.T) {
			var ops []store.Op
			touched := map[string]bool{}
			for range rapid.IntRange(1, 8).Draw(t, "ops") {
				f := draw(t, today)
				was, had := facts[f.key()]
				if touched[f.key()] {
					continue
				}
				touched[f.key()] = true
				if had && rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
					typ := f.kind
					if typ == "Case" || typ == "Diagnosis" {
						typ = "Condition"
					}
					ops = append(ops, store.Delete(typ, f.id))
					delete(facts, f.key())
					continue
				}
				if first, ok := owner[f.key()]; ok {
					f.patient = first.patient // a record never changes its person
					if f.kind == "Encounter" || f.kind == "Diagnosis" {
						f.at = first.at // nor its facility
					}
				} else {
					owner[f.key()] = f
				}
				f.came = s.today()
				if had && was.status == "active" {
					f.came = was.came
				}
				facts[f.key()] = f
				ops = append(ops, s.write(f))
			}
			s.commit(ops...)
			s.clock.Advance(time.Duration(rapid.IntRange(0, 20).Draw(t, "hours")) * time.Hour)
		}
		seeds := rapid.Custom(func(t *rapid.T) int { step(t); return 0 })
		for i := range 130 { // more than 500 operations
			seeds.Example(i)
		}
		want := recount(s, facts)
		if got := s.cells(); !maps.Equal(got, want) {
			for k, n := range want {
				if got[k] != n {
					s.t.Errorf("%v is %d, want %d", k, got[k], n)
				}
			}
			s.t.Errorf("%d cells, want %d", len(got), len(want))
		}
		if len(want) < 80 {
			s.t.Errorf("only %d cells: the test says little", len(want))
		}
		if line, err := s.store.CheckView(s.t.Context(), "indicators"); err != nil || !line.OK {
			s.t.Errorf("%+v, %v", line, err)
		}
		s.sharesSum()
	})
}

// draw makes a random fact. A code that starts differently than the model's
// two letters never occurs, so the model may be short.
func draw(t *rapid.T, today vn.Date) fact {
	f := fact{
		kind: rapid.SampledFrom([]string{"Patient", "Encounter", "Diagnosis", "Case"}).Draw(t, "kind"),
		at:   rapid.IntRange(0, 2).Draw(t, "at"), day: today - vn.Date(rapid.IntRange(0, 6).Draw(t, "day")),
		patient: fmt.Sprint("p", rapid.IntRange(0, 5).Draw(t, "patient")),
	}
	f.id = fmt.Sprint(strings.ToLower(f.kind), "-", rapid.IntRange(0, 24).Draw(t, "id"))
	switch f.kind {
	case "Patient":
		f.id, f.status = f.patient, rapid.SampledFrom([]string{"active", "active", "gone"}).Draw(t, "status")
	case "Encounter":
		f.status = rapid.SampledFrom([]string{"finished", "finished", "in-progress", "entered-in-error"}).Draw(t, "status")
	case "Diagnosis":
		f.code = rapid.SampledFrom([]string{"I10", "I11.9", "E11.9", "J00"}).Draw(t, "code")
		f.status = rapid.SampledFrom([]string{"confirmed", "confirmed", "provisional"}).Draw(t, "status")
	case "Case":
		f.code = rapid.SampledFrom([]string{"A97.1", "B08.4", "B05.9"}).Draw(t, "code")
		f.status = rapid.SampledFrom([]string{"provisional", "confirmed", "refuted"}).Draw(t, "status")
	}
	return f
}

func (s scene) sharesSum() {
	s.t.Helper()
	p, _ := ParsePeriod("2026")
	for _, f := range s.folds {
		for _, u := range []vn.UnitID{vn.Nation, s.communes[0].Parent} {
			shares, err := s.Shares(s.t.Context(), storetest.System(), f.ID, u, p)
			sum := int64(0)
			for _, one := range shares {
				sum += one.Value
			}
			if whole := s.value(f.ID, u, "2026"); err != nil || sum != whole {
				s.t.Errorf("%s of unit %d: shares sum to %d, the whole is %d, %v", f.ID, u, sum, whole, err)
			}
		}
		days, err := s.Days(s.t.Context(), storetest.System(), f.ID, vn.Nation, p.From, p.To)
		sum := int64(0)
		for _, d := range days {
			sum += d.Value
		}
		if f.Kind == "flow" && (err != nil || len(days) != 365 || sum != s.value(f.ID, vn.Nation, "2026")) {
			s.t.Errorf("%s: %d days sum to %d, %v", f.ID, len(days), sum, err)
		}
	}
}
