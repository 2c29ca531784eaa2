// SPDX-License-Identifier: Apache-2.0

package outbreak_test

import (
	"reflect"
	"slices"
	"testing"

	"mach/outbreak"
	"mach/vn"
)

// newcomer is a province whose counts are level, and in it a commune heard of
// for 30 weeks that has a twentieth of the people.
func newcomer() (s outbreak.Series, around outbreak.Around) {
	const weeks = 120
	s = outbreak.Series{Freq: 52, Count: slices.Repeat([]int32{outbreak.Missing}, weeks)}
	around = outbreak.Around{Count: slices.Repeat([]int32{40}, weeks), People: slices.Repeat([]float64{200_000}, weeks), Own: 10_000}
	for i := range weeks {
		s.Dates = append(s.Dates, vn.Date(20000+7*i))
		if i >= 90 {
			s.Count[i] = 2
		}
	}
	return s, around
}

// A commune of short history is set beside its province (tier 2b): what rises in
// both is the province's, what rises in it alone is its own.
func TestShortHistoryBesideTheProvince(t *testing.T) {
	d := outbreak.Disease{Code: "x", Settings: outbreak.Usual()}
	for _, c := range []struct {
		name   string
		change func(s outbreak.Series, a outbreak.Around)
		alarm  bool
		most   float64
	}{
		{"as the province", func(outbreak.Series, outbreak.Around) {}, false, 1},
		{"an outbreak", func(s outbreak.Series, a outbreak.Around) { s.Count[119] += 12; a.Count[119] += 12 }, true, 2e-3},
		{"a slow rise", func(s outbreak.Series, a outbreak.Around) {
			for k := 112; k < 120; k++ {
				s.Count[k] += 4
				a.Count[k] += 4
			}
		}, true, 5e-3},
		{"a wave everywhere", func(s outbreak.Series, a outbreak.Around) {
			for k := 110; k < 120; k++ {
				s.Count[k], a.Count[k] = 6, 120
			}
		}, false, 1},
		{"twice the province's rate from the beginning", func(s outbreak.Series, _ outbreak.Around) {
			for k := 90; k < 120; k++ {
				s.Count[k] = 4
			}
		}, false, 1},
	} {
		s, a := newcomer()
		c.change(s, a)
		j, ok := d.Judge(outbreak.Watched{Series: s, Level: vn.LevelCommune, Around: func() outbreak.Around { return a }}, 119, new(outbreak.Work))
		if !ok || j.Method != outbreak.MethodProvince || j.Tier != outbreak.TierShort || j.Alarm != c.alarm || j.Chance > c.most || j.Chance <= 0 || j.At != 119 {
			t.Errorf("%s: %+v, %v", c.name, j, ok)
		}
		if j, _ := d.Judge(outbreak.Watched{Series: s, Level: vn.LevelCommune}, 119, new(outbreak.Work)); j.Method != outbreak.MethodBayes {
			t.Errorf("%s, nothing known around it: %+v", c.name, j)
		}
	}
}

// A series says the same whatever lies before the weeks that are looked at, and
// the same as the national run, in each tier.
func TestJudgeIsTheNationalRun(t *testing.T) {
	counts, c := small(2)
	for d := range c.Diseases {
		counts.Set(d, 2, 289, 15)
		counts.Set(d, 9, 289, 14)
		counts.Set(d, 20, 289, 19)
	}
	found, _ := mustRun(t, counts, c, outbreak.For(289))
	methods := map[string]int{}
	var w outbreak.Work
	for _, f := range found {
		if f.Method == outbreak.MethodGroup || f.Place >= len(c.Communes) {
			continue
		}
		d, parent := c.Diseases[f.Disease], c.Parent(f.Place)-len(c.Communes)
		x := outbreak.Watched{Series: outbreak.Series{Freq: 52, Dates: counts.Dates()}, Level: vn.LevelCommune}
		around := outbreak.Around{People: make([]float64, counts.Weeks), Count: make([]int32, counts.Weeks), Own: c.Communes[f.Place].People}
		for week := range counts.Weeks {
			x.Count = append(x.Count, counts.At(f.Disease, f.Place, week))
			for u, near := range c.Communes {
				if k := counts.At(f.Disease, u, week); near.Province == parent && k >= 0 {
					around.Count[week] += k
					around.People[week] += near.People
				}
			}
		}
		cut := 289 - d.Settings.Span()
		for _, from := range []int{0, cut} {
			y := x
			y.Count, y.Dates = x.Count[from:], x.Dates[from:]
			y.Around = func() outbreak.Around {
				return outbreak.Around{Count: around.Count[from:], People: around.People[from:], Own: around.Own}
			}
			j, ok := d.Judge(y, 289-from, &w)
			j.At += from
			if want := (outbreak.Judgement{Tier: f.Tier, Method: f.Method, Point: f.Point, Window: f.Window, Chance: f.Chance}); !ok || !reflect.DeepEqual(j, want) {
				t.Errorf("disease %d in %d from week %d: %+v, the run says %+v", f.Disease, f.Place, from, j, want)
			}
		}
		methods[f.Method]++
	}
	if methods[outbreak.MethodRule] == 0 || methods[outbreak.MethodFarrington] == 0 || methods[outbreak.MethodProvince] == 0 {
		t.Errorf("not every method was asked: %v", methods)
	}
}

func TestTogether(t *testing.T) {
	row := func(p int) []int { return []int{p - 1, p + 1} }
	for _, c := range []struct {
		rising []int
		least  int
		want   []int
	}{
		{nil, 3, nil}, {[]int{1, 2}, 3, nil}, {[]int{1, 2, 3, 7, 9, 11}, 3, []int{1, 2, 3}}, {[]int{1, 3, 5}, 3, nil}, {[]int{1, 2, 4, 5}, 2, []int{1, 2, 4, 5}},
	} {
		if got := outbreak.Together(c.rising, row, c.least); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.rising, got, c.want)
		}
	}
}
