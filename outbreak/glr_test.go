// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestGLRStatistic: the ratio is the greatest over all sizes and beginnings,
// tried on a fine grid.
func TestGLRStatistic(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	for _, alpha := range []float64{0, 0.2} {
		for _, change := range []GLRChange{GLRIntercept, GLREpidemic} {
			for range 20 {
				s := Series{Freq: 52, Count: make([]int32, 12)}
				mean := make([]float64, 8)
				for i := range s.Count {
					s.Count[i] = poissonNumber(r, 5)
				}
				for i := range mean {
					mean[i] = 1 + 5*r.Float64()
				}
				g := GLR{Bar: 1e6, Change: change, Dir: GLRIncrease, Least: 1, Most: -1, Alpha: &alpha, Mean: mean}
				out := make([]Point, 8)
				if err := g.Eval(s, 4, 12, &Work{}, out); err != nil {
					t.Fatal(err)
				}
				x := ratio{g: g, alpha: alpha, y: s.Count, mean: mean, first: 4}
				best := 0.0
				for from := 4; from < 12; from++ {
					var terms []term
					for k := from; k < 12; k++ {
						terms = append(terms, x.term(k, 11, s.Count[11]))
					}
					for size := 0.0; size < 6; size += 0.001 {
						best = max(best, x.gain(terms, size))
					}
				}
				if got := out[7].Statistic; got < best-1e-12 || got > best+1e-3 {
					t.Errorf("alpha %v, %s: %v, on a grid %v", alpha, change, got, best)
				}
			}
		}
	}
}

// TestGLRBound: from the bound on a step alarms, below it not; and the
// Poisson ratio is the limit of the negative binomial one.
func TestGLRBound(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	for _, alpha := range []float64{0, 0.3} {
		for _, dir := range []GLRDirection{GLRIncrease, GLRDecrease} {
			s := countSeries(r, 120, 10, 0)
			g := DefaultGLR()
			g.Alpha, g.Dir, g.Bar = &alpha, dir, 2
			out, other := make([]Point, 20), make([]Point, 20)
			if err := g.Eval(s, 100, 120, &Work{}, out); err != nil {
				t.Fatal(err)
			}
			for i, p := range out {
				for _, y := range []int32{int32(p.Bound) - 1, int32(p.Bound), int32(p.Bound) + 1} {
					if y < 0 {
						continue
					}
					changed := Series{Freq: 52, Count: slices.Clone(s.Count)}
					changed.Count[100+i] = y
					if err := g.Eval(changed, 100, 120, &Work{}, other); err != nil {
						t.Fatal(err)
					}
					want := float64(y) >= p.Bound
					if dir == GLRDecrease {
						want = float64(y) <= p.Bound
					}
					if other[i].Alarm != want {
						t.Fatalf("alpha %v %s: a count of %d at a bound of %v alarms: %v", alpha, dir, y, p.Bound, other[i].Alarm)
					}
				}
			}
		}
	}
	s := countSeries(r, 120, 10, 0)
	zero, small := 0.0, 1e-9
	a, b := make([]Point, 20), make([]Point, 20)
	for alpha, out := range map[*float64][]Point{&zero: a, &small: b} {
		g := DefaultGLR()
		g.Alpha = alpha
		if err := g.Eval(s, 100, 120, &Work{}, out); err != nil {
			t.Fatal(err)
		}
	}
	for i := range a {
		if math.Abs(a[i].Statistic-b[i].Statistic) > 1e-6 {
			t.Errorf("Poisson %v, negative binomial nearly so %v", a[i].Statistic, b[i].Statistic)
		}
	}
}

// TestSeason: a season and its dispersion are found again.
func TestSeason(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	s := Series{Freq: 52, Count: make([]int32, 52*40)}
	for k := range s.Count {
		mu := math.Exp(2 + 0.4*math.Cos(2*math.Pi*float64(k)/52) - 0.3*math.Sin(4*math.Pi*float64(k)/52) + 0.01*float64(k)/52)
		s.Count[k] = poissonNumber(r, mu*gammaNumber(r, 0.15))
	}
	f, reason := (Season{Waves: 2, Trend: true}).fit(s, len(s.Count), nil, &Work{})
	if reason != Judged {
		t.Fatal(reason)
	}
	for i, want := range []float64{2, 0.01, 0.4, 0, 0, -0.3} {
		if math.Abs(f.coef[i]-want) > 0.05 {
			t.Errorf("coefficient %d: %v, want %v", i, f.coef[i], want)
		}
	}
	if math.Abs(f.alpha-0.15) > 0.02 {
		t.Errorf("alpha %v, want 0.15", f.alpha)
	}
	for _, c := range []struct {
		season Season
		counts []int32
		want   Reason
	}{
		{Season{Waves: 1}, slices.Repeat([]int32{3}, 51), ShortHistory},
		{Season{Waves: 1}, slices.Repeat([]int32{0}, 99), NotConverged},
		{Season{Waves: 1}, slices.Repeat([]int32{Missing}, 99), NoBaseline},
		{Season{}, slices.Repeat([]int32{3}, 9), Judged}, // no more even than this: Poisson
	} {
		if f, got := c.season.fit(Series{Freq: 52, Count: c.counts}, len(c.counts), nil, &Work{}); got != c.want || f.alpha != 0 {
			t.Errorf("%+v over %d counts: %v, alpha %v", c.season, len(c.counts), got, f.alpha)
		}
	}
}

// FuzzControls: no counts and no settings give a number that is none.
func FuzzControls(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, uint8(12), uint8(1), 0.01, 2.0)
	f.Add(slices.Repeat([]byte{0, 255, 3}, 60), uint8(110), uint8(7), 0.5, 1e-3)
	f.Fuzz(func(t *testing.T, cells []byte, from, scale uint8, alpha, bar float64) {
		if len(cells) > 200 || int(from) > len(cells) {
			return
		}
		s := Series{Freq: 1 + int(scale%60), Count: make([]int32, len(cells))}
		for i, c := range cells {
			if s.Count[i] = Missing; c != 255 {
				s.Count[i] = int32(c%16) << (scale % 27)
			}
		}
		out := make([]Point, len(cells)-int(from))
		for _, d := range controls() {
			switch x := d.(type) {
			case EARS:
				x.Alpha = alpha
				d = x
			case BayesNB:
				x.Alpha = alpha
				d = x
			case CUSUM:
				x.K, x.H = alpha, bar
				d = x
			case GLR:
				x.Bar = bar
				d = x
			}
			if err := d.Eval(s, int(from), len(cells), &Work{}, out); err != nil {
				continue
			}
			for _, p := range out {
				soundPoint(t, d, p)
			}
		}
	})
}
