// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"mach/vn"
)

// Nothing is entered before it happens, however early in the day the
// demonstration begins, and the stations have visits and a queue of today all
// the same. Only appointments lie ahead.
func TestNothingIsAheadOfItsTime(t *testing.T) {
	moment := regexp.MustCompile(`"(\d{4}-\d\d-\d\dT[^"]+)"`)
	for _, began := range []struct{ hour, minute int }{{0, 10}, {3, 0}, {6, 20}} {
		now := at(plan().Date, began.hour, began.minute)
		t.Run(now.In(vn.Zone).Format("15:04"), func(t *testing.T) {
			s, a, units := openedAt(t, func() time.Time { return now })
			p := plan().Begun(now)
			p.People = 200 // enough for a queue
			if err := Fill(t.Context(), t.TempDir(), s, a, units, p, quiet); err != nil {
				t.Fatal(err)
			}
			today, signed, waiting := 0, 0, 0
			for ref, text := range stored(t, s) {
				if strings.HasPrefix(ref, "Appointment/") {
					continue
				}
				for _, m := range moment.FindAllStringSubmatch(text, -1) {
					when, err := time.Parse(time.RFC3339, m[1])
					if err != nil {
						t.Fatal(ref, err)
					}
					if when.After(now) {
						t.Errorf("%s says %s, and it is %s", ref, m[1], now.In(vn.Zone).Format(time.RFC3339))
					}
					if vn.DateOf(when) == p.Date {
						today++
						if strings.HasPrefix(ref, "Encounter/") && strings.Contains(text, `"finished"`) {
							signed++
						}
						if strings.HasPrefix(ref, "Encounter/") && strings.Contains(text, `"arrived"`) {
							waiting++
						}
					}
				}
			}
			if today < 100 || signed == 0 || waiting == 0 {
				t.Errorf("%d moments of today, %d of signed visits, %d of the queue", today, signed, waiting)
			}
		})
	}
}

// A plan keeps the moment only while it matters.
func TestBegun(t *testing.T) {
	p := plan()
	for _, c := range []struct {
		now  time.Time
		want int
	}{{at(p.Date, 0, 0), 1}, {at(p.Date, 6, 59), 6*3600 + 59*60}, {at(p.Date, 7, 0), 0}, {at(p.Date+1, 3, 0), 0}, {at(p.Date-1, 23, 0), 0}} {
		if got := p.Begun(c.now).Early; got != c.want {
			t.Errorf("begun at %s: %d, want %d", c.now.In(vn.Zone), got, c.want)
		}
	}
}
