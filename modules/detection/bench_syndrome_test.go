// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// BenchmarkVisit is the CPU of the follower for one visit for a syndrome: its
// reason, then its diagnosis. Two years of visits stand behind it, and every
// day judged is over the least count in the commune, the province and the
// nation. The bar is 2 ms.
func BenchmarkVisit(b *testing.B) {
	units, err := unitsOnce()
	if err != nil {
		b.Fatal(err)
	}
	clock := storetest.NewClock()
	m := New(nil, units, content.Diseases(), content.OurLaw(), nil, clock.Now)
	follower, spent := m.Follower(), time.Duration(0)
	apply := follower.Apply
	follower.Apply = func(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
		began := cpu()
		err := apply(ctx, tx, c, now, before)
		spent += cpu() - began
		return err
	}
	opts := options(units, clock)
	opts[0] = storetest.Follow(follower)
	w := newWorld(b, storetest.New(b, opts...), units, clock)
	clock.Advance(2 * 24 * time.Hour) // a Monday
	w.stations()
	w.come(w.ordinary(station, 730, 6)...)
	w.come(w.thisMorning("warm", "Đau lưng", 40)...)
	w.calm()
	visits := 0
	spent = 0
	for n := 0; b.Loop(); n++ {
		for i := range 20 {
			id := fmt.Sprintf("b%d-%d", n, i)
			visit := w.encounter(came{id: id, day: w.today(), hour: i, reason: []string{"Tiêu chảy", "Sốt, ho", "Đau lưng"}[i%3]})
			w.put(storetest.System(), visit, diagnosis("c"+id, id, []string{"A09", "J10.1", "M54.5"}[i%3], "confirmed"))
			visits++
		}
		if n%4 == 3 {
			w.clock.Advance(24 * time.Hour)
		}
	}
	w.calm()
	b.ReportMetric(float64(spent.Microseconds())/float64(visits), "µs-CPU/visit")
}
