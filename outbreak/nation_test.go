// SPDX-License-Identifier: Apache-2.0

package outbreak_test

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mach/outbreak"
	"mach/outbreak/outbreaktest"
	"mach/vn"
)

// small is a nation of four diseases, one of each kind that is judged
// differently, in 24 communes.
func small(seed uint64) (*outbreak.Tensor, *outbreak.Catalogue) {
	t, c := outbreaktest.Quiet(outbreaktest.Shape{Diseases: 4, Provinces: 3, Communes: 24, Weeks: 290, Rarest: 1, Commonest: 120, Dispersion: 1.6}, seed)
	c.Diseases[0].Immediate, c.Diseases[3].Wave = true, true
	for u := range c.Communes {
		c.Communes[u].People = float64(9000 + 500*u)
	}
	for _, u := range []int{2, 9} { // heard of for a year and a half, and for half a year
		for d := range c.Diseases {
			for week := range 180 + 8*u {
				t.Set(d, u, week, -1)
			}
		}
	}
	return t, c
}

func clone(t *outbreak.Tensor) *outbreak.Tensor {
	out := *t
	out.Count = slices.Clone(t.Count)
	return &out
}

func mustRun(t interface{ Fatal(...any) }, n *outbreak.Tensor, c *outbreak.Catalogue, o outbreak.Options) (outbreak.Verdicts, outbreak.Stats) {
	v, s, err := outbreak.Run(n, c, o)
	if err != nil {
		t.Fatal(err)
	}
	return v, s
}

// Late, corrected and withdrawn cases, stations that fall silent and speak
// again, foci that open and close, weeks that go on: what changed alone gives
// what everything gives, bit for bit.
func TestIncrementalEqualsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts, c := small(uint64(rapid.IntRange(0, 3).Draw(t, "nation")))
		n, err := outbreak.NewNation(counts, c)
		if err != nil {
			t.Fatal(err)
		}
		week := 275
		for range rapid.IntRange(1, 5).Draw(t, "nights") {
			o := outbreak.For(week)
			o.Back, o.Threads = rapid.IntRange(0, 8).Draw(t, "back"), rapid.IntRange(1, 3).Draw(t, "threads")
			for range rapid.IntRange(0, 3).Draw(t, "foci") {
				o.Foci = append(o.Foci, outbreak.FocusCases{Disease: rapid.IntRange(0, 3).Draw(t, "d"), Commune: rapid.IntRange(0, 23).Draw(t, "u"),
					Week: week - rapid.IntRange(0, 3).Draw(t, "w"), Cases: rapid.IntRange(0, 9).Draw(t, "cases")})
			}
			for range rapid.IntRange(0, 2).Draw(t, "open") {
				at := vn.Date(counts.Start) + vn.Date(7*(week-rapid.IntRange(1, 12).Draw(t, "age")))
				o.Open = append(o.Open, outbreak.OpenAlert{Alert: outbreak.Alert{Disease: rapid.IntRange(0, 3).Draw(t, "d"), Place: rapid.IntRange(0, 27).Draw(t, "p"), Opened: at},
					Raised: at, Closed: rapid.Bool().Draw(t, "closed")})
			}
			for range rapid.IntRange(0, 12).Draw(t, "changes") {
				back := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5, 9, 60, 200}).Draw(t, "late")
				n.Set(rapid.IntRange(0, 3).Draw(t, "d"), rapid.IntRange(0, 23).Draw(t, "u"), week-back, int32(rapid.IntRange(-1, 30).Draw(t, "count")))
			}
			got, stats, err := n.Judge(o)
			if err != nil {
				t.Fatal(err)
			}
			o.Threads = 1
			want, all := mustRun(t, clone(counts), c, o)
			all.Computed, stats.Computed = 0, 0
			if !reflect.DeepEqual(got, want) || stats != all {
				t.Fatalf("week %d: %d findings %+v, from nothing %d %+v", week, len(got), stats, len(want), all)
			}
			for _, f := range got {
				if bad := impossible(f); bad != "" {
					t.Fatalf("%s: %+v", bad, f)
				}
			}
			week += rapid.IntRange(0, 2).Draw(t, "weeks go on")
		}
	})
}

// impossible names what no finding may be.
func impossible(f outbreak.Finding) string {
	for _, x := range []float64{f.Expected, f.Bound, f.Dispersion, f.P, f.Statistic, f.Slope, f.Chance, f.Adjusted, f.Evidence, f.Complete} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return "not a number"
		}
	}
	switch {
	case f.Chance <= 0 || f.Chance > 1 || f.Adjusted < 0 || f.Adjusted > 1 || f.Complete < 0 || f.Complete > 1:
		return "no probability"
	case f.Settings == "" || f.Method == "":
		return "says not what it was judged by"
	case (f.Status == outbreak.Pushed || f.Status == outbreak.Attached) != (f.Alert != outbreak.Alert{}):
		return "pushed or attached without an alert, or an alert without either"
	case f.Observed < 0:
		return "silence is judged"
	}
	return ""
}

// Only what changed is computed again.
func TestIncrementalIsIncremental(t *testing.T) {
	counts, c := small(1)
	n, err := outbreak.NewNation(counts, c)
	if err != nil {
		t.Fatal(err)
	}
	o := outbreak.For(280)
	o.Back = 8
	for i, step := range []struct {
		set  func()
		want int
	}{
		{func() {}, 9 * 4 * 28},
		{func() {}, 0},
		{func() { n.Set(2, 7, 280, 9) }, 3 + 1}, // and a commune of short history, set beside the province
		{func() { n.Set(2, 7, 280, 9) }, 0},
		{func() { n.Set(2, 7, 277, -1) }, 4 * (3 + 1)},
		{func() { n.Set(1, 3, 100, 2); n.Set(1, 4, 280, 3) }, 9*3 + 1},
		{func() { o.Week++ }, 4 * 28},
		{func() { o.Foci = []outbreak.FocusCases{{Disease: 1, Commune: 2, Week: 281, Cases: 1}} }, 3},
		{func() {}, 0},
		{func() { o.Foci = nil }, 3},
	} {
		step.set()
		_, s, err := n.Judge(o)
		if err != nil || s.Computed != step.want {
			t.Errorf("step %d: %d points computed, want %d; %v", i, s.Computed, step.want, err)
		}
	}
}

// Places may be numbered in any way, and the calendar may begin in any year: the
// findings are the same of the same communes.
func TestNumbersOfPlacesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts, c := small(5)
		for range 6 {
			counts.Set(rapid.IntRange(0, 3).Draw(t, "d"), rapid.IntRange(0, 23).Draw(t, "u"), 289, int32(rapid.IntRange(0, 25).Draw(t, "n")))
		}
		turn := rapid.Permutation(numbers(24)).Draw(t, "order")
		moved, names := outbreak.NewTensor(counts.Start, 4, 24, 290), *c
		names.Communes = make([]outbreak.Commune, 24)
		for u, to := range turn {
			place := c.Communes[u]
			place.Near = nil
			for _, near := range c.Communes[u].Near {
				place.Near = append(place.Near, int32(turn[near]))
			}
			names.Communes[to] = place
			for d := range 4 {
				copy(moved.Row(d, to), counts.Row(d, u))
			}
		}
		a, _ := mustRun(t, counts, c, outbreak.For(289))
		b, _ := mustRun(t, moved, &names, outbreak.For(289))
		if len(a) != len(b) {
			t.Fatalf("%d findings, renumbered %d", len(a), len(b))
		}
		chance := map[[2]int]float64{}
		for _, f := range a {
			if f.Place < 24 {
				f.Place = turn[f.Place]
			}
			chance[[2]int{f.Disease, f.Place}] = f.Chance
		}
		for _, f := range b {
			if want, ok := chance[[2]int{f.Disease, f.Place}]; !ok || math.Abs(f.Chance-want) > 1e-9*want {
				t.Fatalf("disease %d in %d: %v, before renumbering %v", f.Disease, f.Place, f.Chance, want)
			}
		}
	})
}

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// One more case this week never makes a finding go away or less likely.
func TestACaseMoreNeverReassures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts, c := small(uint64(rapid.IntRange(0, 3).Draw(t, "nation")))
		d, u := rapid.IntRange(0, 3).Draw(t, "d"), rapid.IntRange(0, 23).Draw(t, "u")
		had := 0.0
		for n := range 14 {
			counts.Set(d, u, 289, int32(n))
			v, _ := mustRun(t, counts, c, outbreak.For(289))
			at := slices.IndexFunc(v, func(f outbreak.Finding) bool { return f.Disease == d && f.Place == u })
			if at < 0 {
				if had > 0 {
					t.Fatalf("with %d cases there is no finding any more", n)
				}
				continue
			}
			if v[at].Evidence < had-1e-9 {
				t.Fatalf("%d cases: evidence %v after %v", n, v[at].Evidence, had)
			}
			had = v[at].Evidence
		}
	})
}

// Remapped counts keep every case; a week is silent when a part of it was.
func TestRemap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, n := outbreak.NewTensor(outbreaktest.Monday, 2, rapid.IntRange(1, 6).Draw(t, "old"), 3), rapid.IntRange(1, 4).Draw(t, "new")
		to := make([]int32, from.Communes)
		for i := range to {
			to[i] = int32(rapid.IntRange(-1, n-1).Draw(t, "to"))
		}
		for d := range 2 {
			for u := range to {
				for w := range 3 {
					from.Set(d, u, w, int32(rapid.SampledFrom([]int{-1, 0, 1, 7, 40000}).Draw(t, "count")))
				}
			}
		}
		got, err := from.Remap(to, n)
		if err != nil {
			t.Fatal(err)
		}
		for d := range 2 {
			for u := range n {
				for w := range 3 {
					want, parts := int32(0), 0
					for old, at := range to {
						if int(at) != u {
							continue
						}
						parts++
						if c := from.At(d, old, w); c < 0 || want < 0 {
							want = outbreak.Missing
						} else {
							want = min(want+c, math.MaxUint16-1)
						}
					}
					if parts == 0 {
						want = outbreak.Missing
					}
					if c := got.At(d, u, w); c != want {
						t.Fatalf("%d, want %d", c, want)
					}
				}
			}
		}
	})
	if _, err := outbreak.NewTensor(0, 1, 2, 1).Remap([]int32{0}, 1); err == nil {
		t.Error("a table of another map is taken")
	}
	if _, err := outbreak.NewTensor(0, 1, 1, 1).Remap([]int32{1}, 1); err == nil {
		t.Error("a commune that is not on the new map is taken")
	}
}

// A small nation: quiet weeks push next to nothing, and outbreaks put in are
// found. The bench asks the same of the whole country.
func TestQuietAndInjected(t *testing.T) {
	shape := outbreaktest.Shape{Diseases: 20, Provinces: 8, Communes: 600, Weeks: 300, Rarest: 0.3, Commonest: 900, Dispersion: 1.6}
	counts, c := outbreaktest.Quiet(shape, 11)
	_, s := mustRun(t, counts, c, outbreak.For(299))
	if s.Series != 20*609 || s.Pushed > 4 || s.Fitted < 500 || s.Silent+s.Gated+s.Short+s.Failed+s.Fitted != s.Series {
		t.Errorf("a quiet week: %+v", s)
	}
	in := outbreaktest.Inject(counts, 25, 8, 15, 11)
	v, _ := mustRun(t, counts, c, outbreak.For(299))
	if got := outbreaktest.Judge(v, c, in); got.Top < 22 || got.Pushed == 0 || 10*got.True < 6*got.Pushed {
		t.Errorf("25 outbreaks: %+v", got)
	}
}

func FuzzNation(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 4, 5, 6, 255}, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, back uint8) {
		counts := outbreak.NewTensor(outbreaktest.Monday, 2, 3, 120)
		c := &outbreak.Catalogue{Provinces: []vn.UnitID{9}, Communes: []outbreak.Commune{{Near: []int32{1}}, {Near: []int32{0, 2}}, {Near: []int32{1}}},
			Diseases: []outbreak.Disease{{Code: "a", Settings: outbreak.Usual()}, {Code: "b", Wave: true, Settings: outbreak.Usual()}}}
		n, err := outbreak.NewNation(counts, c)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+2 < len(b); i += 3 {
			n.Set(int(b[i])%2, int(b[i])/2%3, int(b[i+1])%120, int32(b[i+2])-1)
		}
		o := outbreak.For(119)
		o.Back = int(back) % 9
		v, _, err := n.Judge(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range v {
			if bad := impossible(f); bad != "" {
				t.Fatalf("%s: %+v", bad, f)
			}
		}
	})
}
