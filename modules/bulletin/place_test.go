// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"mach/store"
	"mach/vn"
)

// The clusters that the detection found are ringed: all communes of one that are
// on the map lie within its ring.
func TestClustersAreRinged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		communes := w.units.Communes(w.province.ID, w.today())
		found := Cluster{Units: []vn.UnitID{communes[3].ID, communes[4].ID, communes[20].ID, w.units.Communes(w.units.Provinces(w.today())[0].ID, w.today())[0].ID}, From: w.today() - 5, To: w.today() - 1, Cases: 23, Expected: 8.2, Recurrence: 900}
		w.clusters = func(_ context.Context, _ store.Actor, unit vn.UnitID, disease string, on vn.Date) ([]Cluster, bool, error) {
			if unit != w.province.ID || on != w.today() {
				t.Errorf("asked of %d on %v", unit, on)
			}
			if disease != "dengue" {
				return nil, true, nil
			}
			return []Cluster{found, found, found, found}, true, nil
		}
		p, err := w.picture(t.Context(), w.actor(store.CDC), w.province, "dengue", w.today())
		if err != nil || len(p.clusters) != mostRings || !p.scanned {
			t.Fatalf("%+v, %v", p.clusters, err)
		}
		if p.found != 4 {
			t.Errorf("%d clusters found, want 4", p.found)
		}
		x, y, r := p.around(p.clusters[0])
		inside := 0
		for _, s := range p.spots {
			if slices.Contains(found.Units, s.unit.ID) {
				inside++
				if math.Hypot(s.circle.X-x, s.circle.Y-y)+s.circle.R > r+1e-9 {
					t.Errorf("%s sticks out of the ring", s.unit.Full())
				}
			}
		}
		if inside != 3 {
			t.Errorf("%d communes on the map", inside)
		}
		if quiet, err := w.picture(t.Context(), w.actor(store.CDC), w.province, "measles", w.today()); err != nil || len(quiet.clusters) != 0 || !quiet.scanned {
			t.Errorf("of a disease without clusters: %+v, %v", quiet.clusters, err)
		}
		w.clusters = nil
		if none, err := w.picture(t.Context(), w.actor(store.CDC), w.province, "dengue", w.today()); err != nil || none.scanned {
			t.Errorf("nobody scans: %+v, %v", none.clusters, err)
		}
	})
}

// A commune on its own map has its cases.
func TestMapOfACommune(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 7 {
			w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", home: w.commune, day: w.today() - 2})
		}
		p, err := w.picture(t.Context(), w.actor(store.Nurse), w.commune, "dengue", w.today())
		if err != nil || p.total != 7 || p.nowhere != 0 || len(p.spots) != 1 || p.spots[0].cases != 7 {
			t.Errorf("%d cases, %d nowhere, %+v; %v", p.total, p.nowhere, p.spots, err)
		}
	})
}
