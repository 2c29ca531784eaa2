// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// Whatever is written of reports of one case, by whatever way, the links come to
// rest: no more versions are written, every link leads to a report that counts for
// the same disease and is not linked itself, and it says what is known; and no case
// is counted twice.
func TestLinksComeToRest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := rand.New(rand.NewPCG(4, 9))
		w.someone("024190123456", "a", "b")
		w.someone("024190123457", "c")
		accounts := []store.Actor{storetest.System(), w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province")}
		pick := func(list ...string) string { return list[r.IntN(len(list))] }
		for round := range 32 {
			for range 1 + r.IntN(5) {
				w.clock.Advance(time.Minute)
				n := r.IntN(6)
				id, patient := fmt.Sprint("r", n), []string{"a", "a", "b", "b", "b", "c"}[n]
				if r.IntN(6) == 0 {
					w.drop(id)
					continue
				}
				c := w.foreign(id, patient, pick("A97.0", "A97.0", "B05.9"), pick("provisional", "provisional", "differential", "confirmed", "refuted"), pick("", "", w.today().String()))
				if r.IntN(3) == 0 {
					other := fhir.Ref("Condition", fmt.Sprint("r", r.IntN(6)))
					c.Extension = append(c.Extension, fhir.Extension{URL: pick(casereport.ExtSameCase, casereport.ExtOtherCase), ValueReference: &other})
				}
				w.put(accounts[r.IntN(len(accounts))], c)
			}
			w.clock.Advance(twinLost + time.Minute) // what has not come by now leads nowhere
			was := ""
			for turn := range 12 {
				w.ok(w.linkTwins(ctx, slog.New(slog.DiscardHandler), words(t), time.Time{}))
				now := w.links()
				if now == was {
					break
				}
				if was = now; turn == 11 {
					t.Fatalf("round %d: still changing:\n%s", round, now)
				}
			}
			rows, err := w.twins(ctx, `, coalesce(o.report, ''), coalesce(o.version, 0) `+caseFrom+` left join surveillance_case o on o.report = c.same_as
				where c.same_as <> '' and c.claimed in ('suspect', 'probable', 'confirmed') and (o.report is null or o.same_as <> '' or o.disease <> c.disease or o.class not in ('suspect', 'probable', 'confirmed') or c.died >= 0 and o.died < 0 and c.written > o.judged)`)
			if err != nil || len(rows) != 0 {
				t.Fatalf("round %d: %+v, %v\n%s", round, rows, err, w.links())
			}
			rows, err = w.alone(ctx, time.Time{})
			rows = slices.DeleteFunc(rows, func(two twin) bool { // somebody found them to be two
				apart, err := w.apart(ctx, two.Report, two.stands)
				w.ok(err)
				return apart
			})
			if err != nil || len(rows) != 0 {
				t.Fatalf("round %d: counted twice: %+v, %v\n%s", round, rows, err, w.links())
			}
		}
	})
}

// links are the reports with their versions, classes and links.
func (w *world) links() string {
	w.t.Helper()
	w.calm()
	list, err := store.List(ctx, w.s.For(storetest.System()), vn.Nation, w.scanCase, `select `+caseColumns+caseFrom+` order by c.report`)
	if err != nil {
		w.t.Fatal(err)
	}
	out := ""
	for _, c := range list {
		out += fmt.Sprintf("%s v%d %s %s %s died %v → %s\n", c.Report, c.Version, c.Patient, c.Disease, c.Class, c.Died, c.SameAs)
	}
	return out
}
