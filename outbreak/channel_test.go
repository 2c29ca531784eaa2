// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestChannel(t *testing.T) {
	for _, c := range []struct {
		years []int32
		least int
		want  Quartiles
		ok    bool
	}{
		{[]int32{5, 1, 4, 2, 3}, 3, Quartiles{2, 3, 4}, true},
		{[]int32{10, 0, 20, 30}, 3, Quartiles{7.5, 15, 22.5}, true}, // R: quantile(c(0, 10, 20, 30))
		{[]int32{7, Missing, 7, Missing, 7}, 3, Quartiles{7, 7, 7}, true},
		{[]int32{7, Missing, 7, Missing, Missing}, 3, Quartiles{}, false},
		{[]int32{0, 0, 0, 0, 0}, 3, Quartiles{}, true},
		{nil, 0, Quartiles{}, false},
	} {
		if got, ok := Channel(c.years, c.least); got != c.want || ok != c.ok {
			t.Errorf("Channel(%v, %d) = %v, %v; want %v, %v", c.years, c.least, got, ok, c.want, c.ok)
		}
	}
}

// The order of the years does not matter; the bounds rise and lie within the
// counts; a year more of any count moves no bound beyond it.
func TestChannelProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		years := rapid.SliceOfN(rapid.Int32Range(0, 1000), 3, 10).Draw(t, "years")
		q, ok := Channel(years, 3)
		least, most := float64(slices.Min(years)), float64(slices.Max(years))
		if !ok || q.Q1 < least || q.Median < q.Q1 || q.Q3 < q.Median || q.Q3 > most {
			t.Fatalf("%v of %v", q, years)
		}
		turned := slices.Clone(years)
		slices.Reverse(turned)
		if r, _ := Channel(append(turned, Missing), 3); r != q {
			t.Fatalf("%v, in another order %v", q, r)
		}
	})
}
