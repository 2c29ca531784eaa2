// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"mach/store"
	"mach/vn"
)

// A burst in three neighbouring communes is found and ringed; the same cases
// give the same cluster; spread over the weeks they give none.
func TestScanFindsABurst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		communes := slices.Clone(w.units.Communes(w.province.ID, w.today()))
		centre := communes[20]
		slices.SortFunc(communes, func(x, y vn.Unit) int {
			return int(1e6 * (math.Hypot(x.Lon-centre.Lon, x.Lat-centre.Lat) - math.Hypot(y.Lon-centre.Lon, y.Lat-centre.Lat)))
		})
		var list []report
		for i, c := range communes { // a case now and then everywhere
			list = append(list, report{id: fmt.Sprintf("b-%d", i), icd: "A97.0", home: c, day: w.today().AddDays(-(i*7)%26 - 1)})
		}
		for n := range 18 {
			list = append(list, report{id: fmt.Sprintf("c-%d", n), icd: "A97.0", home: communes[n%3], day: w.today().AddDays(-(n / 3) % 3)})
		}
		w.report(list...)
		p, err := w.picture(t.Context(), w.actor(store.CDC), w.province, "dengue", w.today())
		if err != nil || len(p.clusters) == 0 {
			t.Fatalf("%+v, %v", p.clusters, err)
		}
		for _, c := range communes[:3] {
			if !slices.Contains(p.clusters[0].places, c.ID) {
				t.Errorf("%s is not in the cluster", c.Full())
			}
		}
		x, y, r := p.around(p.clusters[0])
		for _, s := range p.spots {
			if slices.Contains(p.clusters[0].places, s.unit.ID) && math.Hypot(s.circle.X-x, s.circle.Y-y)+s.circle.R > r+1e-9 {
				t.Errorf("%s sticks out of the ring", s.unit.Full())
			}
		}
		w.Module.scans = map[scanOf][]cluster{} // nothing is remembered
		again, err := w.picture(t.Context(), w.actor(store.CDC), w.province, "dengue", w.today())
		if err != nil || fmt.Sprint(again.clusters) != fmt.Sprint(p.clusters) {
			t.Errorf("again %+v, %v", again.clusters, err)
		}
		if quiet, err := w.picture(t.Context(), w.actor(store.CDC), w.province, "measles", w.today()); err != nil || len(quiet.clusters) != 0 || quiet.total != 0 {
			t.Errorf("of a disease without cases: %+v, %v", quiet.clusters, err)
		}
	})
}
