// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// Stopped in the middle of a run, the view goes on where it stood: it equals one
// that was never stopped.
func TestRestart(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		clock := storetest.NewClock()
		begin := func(t *testing.T) *world {
			w := newWorld(t, storetest.Open(t, p, options(units, clock)...), units, clock)
			w.lazy = true
			return w
		}
		for round := range 3 {
			t.Run(fmt.Sprint("run ", round), func(t *testing.T) { // the store is closed at its end, wherever the view stands
				w := begin(t)
				if round == 0 {
					w.history("h", "A97.0", w.commune, wavy(w.today(), 170, 2))
				}
				w.come(w.ordinary(station, 45, 6)...)
				for i := range 8 {
					w.come(came{id: fmt.Sprintf("v%d-%d", round, i), day: w.today() - vn.Date(i%3), hour: i, reason: "Tiêu chảy"})
					w.report(report{id: fmt.Sprintf("r%d-%d", round, i), icd: []string{"A97.0", "B05.9"}[i%2], at: []vn.Unit{w.commune, w.next}[i/4], day: w.today() - vn.Date(i)})
				}
			})
		}
		w := begin(t)
		w.calm()
		before := w.dump()
		if err := w.s.Rebuild(ctx, "detection"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, w.dump()); diff != "" {
			t.Fatalf("stopped three times (-), rebuilt (+)\n%s", diff)
		}
		w.wantReplays(10)
		w.wantReplayedSyndromes(1)
	})
}

// merged is the map on which a unit becomes part of another on a day.
func merged(t *testing.T, units *vn.Units, from, into vn.UnitID, on vn.Date) *vn.Units {
	t.Helper()
	tables := vn.Tables{Units: slices.Clone(units.All()), Edges: []vn.Edge{{From: from, To: into, On: on, Full: true}}}
	for i, x := range tables.Units {
		if tables.Edges = append(tables.Edges, slices.DeleteFunc(units.Lineage(x.ID), func(e vn.Edge) bool { return e.From != x.ID })...); x.ID == from {
			tables.Units[i].To = on
		}
	}
	u, err := vn.NewUnits(tables)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A map that is imported makes the view anew: what was counted in a commune that is
// no more is counted where its people are now, history and alerts with it, and what
// was answered there stays answered.
func TestAnotherMap(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		clock := storetest.NewClock()
		var commune, gone vn.Unit
		var had []Week
		cases := func(w *world, of vn.Unit) []Week {
			t.Helper()
			list, err := w.Weeks(ctx, w.actor(store.CDC), "dengue", of.ID, vn.WeekOf(w.today()).Start().AddDays(-7*100), vn.WeekOf(w.today()).Start().AddDays(-7*3))
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		t.Run("before", func(t *testing.T) {
			w := newWorld(t, storetest.Open(t, p, options(units, clock)...), units, clock)
			commune, gone = w.commune, w.next
			w.history("a", "A97.0", commune, wavy(w.today(), 120, 1))
			w.history("b", "A97.0", gone, wavy(w.today(), 120, 2))
			w.report(report{id: "r1", icd: "B05.9", at: gone})
			w.want("before", vn.Nation, "measles "+gone.Code+" immediate 1")
			key := "measles/" + gone.Code + "/" + vn.WeekOf(w.today()).String()
			if err := w.Answer(ctx, w.actor(store.CDC), key, Explained, "Sốt phát ban sau tiêm", "once"); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(21 * 24 * time.Hour)
			w.calm()
			had = cases(w, commune)
			for i, x := range cases(w, gone) {
				if had[i].Start != x.Start {
					t.Fatal("other weeks")
				}
				had[i].Count += max(x.Count, 0)
			}
		})
		now := merged(t, units, gone.ID, commune.ID, vn.DateOf(clock.Now())-7)
		w := newWorld(t, storetest.Open(t, p, options(now, clock)...), now, clock)
		w.calm()
		for i, x := range cases(w, commune) {
			if x.Start != had[i].Start || x.Count != had[i].Count {
				t.Fatalf("week of %v: %d, both had %d", x.Start, x.Count, had[i].Count)
			}
		}
		w.want("answered on the map before", vn.Nation)
		var open int
		if err := w.asked(storetest.System(), vn.Nation, 0).rows(ctx, `select count(*) from detection_alert where unit = ? or answer = ''`, []any{int64(gone.ID)},
			func(scan func(...any) error) error { return scan(&open) }); err != nil || open > 0 {
			t.Errorf("%d alerts of a commune that is no more, or open again, %v", open, err)
		}
		w.wantRebuilt()
	})
}
