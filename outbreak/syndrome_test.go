// SPDX-License-Identifier: Apache-2.0

package outbreak_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"mach/outbreak"
)

// year is 400 days of visits for a syndrome: about one visit in ten, a third as
// many on Sundays and none for a week at Tết.
func year(seed uint64) outbreak.SyndromeDays {
	r := rand.New(rand.NewPCG(seed, 5))
	var d outbreak.SyndromeDays
	for k := range 400 {
		kind, visits := uint8(k%7), 60.0
		switch {
		case k >= 380 && k < 387:
			kind, visits = outbreak.Holiday, 0
		case kind == 6:
			visits = 20
		}
		n := int32(math.Round(visits * (0.9 + 0.2*r.Float64())))
		ill := int32(0)
		for range n {
			if r.Float64() < 0.1 {
				ill++
			}
		}
		d.Count, d.Visits, d.Kind = append(d.Count, ill), append(d.Visits, n), append(d.Kind, kind)
	}
	return d
}

func TestSyndrome(t *testing.T) {
	var w outbreak.Work
	y := outbreak.UsualSyndrome()
	judge := func(d outbreak.SyndromeDays, day, told int) outbreak.SyndromePoint {
		p, err := y.Eval(d, day, told, &w)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}

	t.Run("weekdays, Sundays and Tết are no news", func(t *testing.T) {
		wrong, days := 0, 0
		for seed := range uint64(5) {
			d := year(seed)
			for day := 200; day < 400; day++ {
				p := judge(d, day, 0)
				if days++; p.Alarm {
					wrong++
				}
				if d.Kind[day] == 6 && (p.Factor > 0.6 || p.Expected > 5) {
					t.Errorf("a Sunday has factor %v, %v expected", p.Factor, p.Expected)
				}
			}
		}
		if 100*wrong > days {
			t.Errorf("%d alarms in %d days of nothing", wrong, days)
		}
	})
	t.Run("a jump is an alarm", func(t *testing.T) {
		d := year(1)
		d.Count[360] += 25
		if p := judge(d, 360, 0); !p.Alarm || p.Witnesses < 2 || !p.C2.Alarm {
			t.Errorf("%+v", p)
		}
	})
	t.Run("one witness is not enough, another source makes two", func(t *testing.T) {
		for seed := range uint64(20) {
			for extra := range int32(20) {
				d := year(seed)
				d.Count[360] += extra
				p := judge(d, 360, 0)
				if p.Alarm != (p.Witnesses >= 2 && p.Observed >= 3) {
					t.Fatalf("%+v", p)
				}
				if p.Witnesses == 1 && p.Observed >= 3 {
					if p := judge(d, 360, 1); !p.Alarm || p.Witnesses != 2 {
						t.Errorf("%+v", p)
					}
					return
				}
			}
		}
		t.Error("never a single witness")
	})
	t.Run("silence is no zero", func(t *testing.T) {
		d := year(1)
		d.Count[360] = outbreak.Missing
		if p := judge(d, 360, 3); p.Alarm || p.Reason != outbreak.NotReported {
			t.Errorf("%+v", p)
		}
		for k := 340; k < 360; k++ {
			d.Count[k] = outbreak.Missing
		}
		d.Count[360] = 9
		if p := judge(d, 360, 0); p.Alarm || p.Reason == outbreak.Judged {
			t.Errorf("after twenty silent days: %+v", p)
		}
	})
	t.Run("fewer than three are no alarm", func(t *testing.T) {
		d := year(1)
		clear(d.Count)
		d.Count[360] = 2
		if p := judge(d, 360, 5); p.Alarm {
			t.Errorf("%+v", p)
		}
	})
	if _, err := y.Eval(outbreak.SyndromeDays{Count: []int32{1}}, 0, 0, &w); err == nil {
		t.Error("counts without days are taken")
	}
}
