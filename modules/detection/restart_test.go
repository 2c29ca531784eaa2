// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

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
