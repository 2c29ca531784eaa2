// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// BenchmarkCase is the CPU of the follower for one case of a frequent disease:
// its commune, its province and the nation have five years of cases, and all
// three are fitted. The bar is 2 ms.
func BenchmarkCase(b *testing.B) {
	units, err := unitsOnce()
	if err != nil {
		b.Fatal(err)
	}
	clock := storetest.NewClock()
	m := New(nil, units, content.Diseases(), content.OurLaw(), nil, clock.Now)
	follower, spent := m.Follower(), time.Duration(0)
	apply := follower.Apply
	cases := 0
	opts := options(units, clock)
	follower.Apply = func(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
		if c.Type != "Condition" {
			return apply(ctx, tx, c, now, before)
		}
		began := cpu()
		err := apply(ctx, tx, c, now, before)
		spent += cpu() - began
		cases++
		return err
	}
	opts[0] = storetest.Follow(follower)
	s := storetest.New(b, opts...)
	w := newWorld(b, s, units, clock)
	w.history("h", "A97.0", w.commune, wavy(w.today(), 276, 3))
	w.history("n", "A97.0", w.next, wavy(w.today(), 276, 2))
	w.report(report{id: "warm", icd: "A97.0", at: w.commune})
	spent, cases = 0, 0
	for n := 0; b.Loop(); n++ {
		for i := range 20 {
			w.report(report{id: fmt.Sprintf("r%d-%d", n, i), icd: "A97.0", at: w.commune, day: w.today() - vn.Date(i%3)})
		}
		w.clock.Advance(time.Hour)
	}
	w.calm()
	b.ReportMetric(float64(spent.Microseconds())/float64(cases), "µs-CPU/case")
}

// cpu is what this process has used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
