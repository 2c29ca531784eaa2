// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"fmt"
	"testing"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// A draft calls each level when its share of the clock is over, as long as nobody
// sends it; one of a labelled disease never does.
func TestLate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.person("p2", "Trần Văn Kín Đáo", w.commune)
		begun := w.clock.Now()
		w.visit(visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: begun})
		w.visit(visit{id: "v2", patient: "p2", icd: "A53.9", words: "Giang mai", at: begun})
		d, err := w.Draft(t.Context(), w.actor(store.Doctor), "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		rules := content.SurveillanceOn(vn.DateOf(begun)).Escalation
		director, cdc := mark(d.Since, d.Due, rules[0].Share), mark(d.Since, d.Due, rules[1].Share)
		for _, c := range []struct {
			at   time.Time
			want string
			next time.Time
		}{
			{director.Add(-time.Minute), "", director},
			{director, "station-director c-v1", cdc},
			{cdc, "station-director c-v1, cdc c-v1", time.Time{}},
			{d.Due.AddDate(0, 0, daysLate).Add(-time.Hour), "station-director c-v1, cdc c-v1", time.Time{}},
			{d.Due.AddDate(0, 0, daysLate+1), "", time.Time{}},
		} {
			w.clock.Advance(c.at.Sub(w.clock.Now()))
			list, next, err := w.Late(t.Context())
			got := ""
			for i, l := range list {
				if i > 0 {
					got += ", "
				}
				got += fmt.Sprintf("%s %s", l.To, l.Draft)
				if l.Facility != station || l.Place != w.commune.ID || !l.Due.Equal(d.Due) {
					t.Errorf("%+v", l)
				}
			}
			if err != nil || got != c.want || !next.Equal(c.next) {
				t.Errorf("at %v: %q, next %v, %v; want %q, next %v", c.at, got, next, err, c.want, c.next)
			}
		}
	})
}
