// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"testing"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// An alert calls each level when its clock reaches it, where that level stands,
// and nobody once it is answered or withdrawn.
func TestLate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "B05.9", at: w.commune})
		w.report(report{id: "r2", icd: "B05.9", at: w.next})
		list, err := w.Waiting(ctx, w.actor(store.CDC), w.commune.Parent)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d alerts, %v", len(list), err)
		}
		one := list[0]
		if one.Unit != w.commune.ID {
			one = list[1]
		}
		rules := content.SurveillanceOn(vn.DateOf(w.clock.Now())).Escalation
		check := func(at time.Time, want ...Late) {
			t.Helper()
			w.clock.Advance(at.Sub(w.clock.Now()))
			got, next, err := w.Late(ctx)
			if err != nil || len(got) != len(want) || next.IsZero() != (len(want) == 2 || len(want) == 0 && at.After(one.Due)) {
				t.Fatalf("at %v: %+v, next %v, %v", at, got, next, err)
			}
			for i, l := range got {
				if l.Key != want[i].Key || l.To != want[i].To || l.At != want[i].At {
					t.Errorf("at %v: %s calls %s of %v", at, l.Key, l.To, l.At)
				}
			}
		}
		answer := func(key string) {
			t.Helper()
			if err := w.Answer(ctx, w.actor(store.CDC), key, Explained, "Sốt phát ban sau tiêm", key); err != nil {
				t.Fatal(err)
			}
		}
		answer("measles/" + w.next.Code + "/" + vn.WeekOf(w.today()).String())
		check(one.reaches(rules[0]).Add(-time.Second))
		director := Late{Alert: one, To: store.StationDirector, At: w.commune.ID}
		check(one.reaches(rules[0]), director)
		check(one.reaches(rules[1]), director, Late{Alert: one, To: store.CDC, At: w.commune.Parent})
		check(one.Due.Add(time.Hour), director, Late{Alert: one, To: store.CDC, At: w.commune.Parent})
		answer(one.Key)
		check(one.Due.Add(2 * time.Hour))

		// One that another explains calls its own commune alone, one of a province the
		// province, one of the nation nobody.
		province := w.commune.Parent
		for _, c := range []struct {
			alert         Alert
			director, cdc vn.UnitID
		}{
			{Alert{Unit: w.commune.ID, Province: province, Parent: "p"}, w.commune.ID, 0},
			{Alert{Unit: province, Province: province}, 0, province},
			{Alert{Unit: vn.Nation}, 0, 0},
		} {
			if d, p := w.over(c.alert, store.StationDirector), w.over(c.alert, store.CDC); d != c.director || p != c.cdc {
				t.Errorf("%+v: %v, %v", c.alert, d, p)
			}
		}
	})
}
