// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"math/rand/v2"
	"testing"
)

// delayWorld makes triangles of which the truth is known.
type delayWorld struct {
	name          string
	mean          func(t int) float64
	days, longest int
	delay, sd     float64 // of reports, in days
	burst         float64 // variance of the share that is reported on a day
	extra         float64 // variance of the mean of a day
}

func (w delayWorld) make(r *rand.Rand) (Triangle, []float64) {
	share := make([]float64, w.longest+1)
	g := gammaDist{shape: w.delay * w.delay / w.sd / w.sd, scale: w.sd * w.sd / w.delay}
	for d := range share {
		share[d] = g.below(float64(d+1)) - g.below(float64(d))
	}
	share[w.longest] += 1 - g.below(float64(w.longest+1))
	tr, truth := make(Triangle, w.days), make([]float64, w.days)
	for t := range tr {
		tr[t] = make([]int32, w.longest+1)
		level := w.mean(t) * gammaNumber(r, w.extra)
		swing, total := make([]float64, w.longest+1), 0.0
		for d := range share {
			swing[d] = share[d] * gammaNumber(r, w.burst)
			total += swing[d]
		}
		for d := range share {
			n := poissonNumber(r, level*swing[d]/total)
			truth[t] += float64(n)
			if d <= w.days-1-t {
				tr[t][d] = n
			} else {
				tr[t][d] = -7 // must not be read
			}
		}
	}
	return tr, truth
}

// gammaNumber has mean 1 and the given variance.
func gammaNumber(r *rand.Rand, variance float64) float64 {
	if variance == 0 {
		return 1
	}
	return gammaDist{shape: 1 / variance, scale: variance}.quantile(min(max(r.Float64(), 1e-12), 1-1e-12))
}

func poissonNumber(r *rand.Rand, mean float64) int32 {
	if mean <= 0 {
		return 0
	}
	k, _ := counts{mean: mean, phi: 1}.quantile(1 - r.Float64())
	return int32(k)
}

// TestNowcastCovers: the 95 % interval holds the truth in 90–98 of 100 days
// that are not all reported yet, whatever the epidemic and the delays do.
func TestNowcastCovers(t *testing.T) {
	flat := func(m float64) func(int) float64 { return func(int) float64 { return m } }
	rise := func(m, g float64) func(int) float64 {
		return func(t int) float64 { return m * math.Exp(g*float64(t)) }
	}
	for _, w := range []delayWorld{
		{name: "few", mean: flat(3), days: 60, longest: 14, delay: 5, sd: 3},
		{name: "some", mean: flat(20), days: 60, longest: 14, delay: 5, sd: 3},
		{name: "many", mean: flat(300), days: 60, longest: 14, delay: 5, sd: 3},
		{name: "short delays", mean: flat(30), days: 45, longest: 10, delay: 2, sd: 2},
		{name: "long delays", mean: flat(30), days: 90, longest: 28, delay: 10, sd: 6},
		{name: "rise", mean: rise(1, 0.07), days: 60, longest: 14, delay: 5, sd: 3},
		{name: "steep rise", mean: rise(0.5, 0.12), days: 50, longest: 14, delay: 4, sd: 3},
		{name: "fall", mean: rise(200, -0.06), days: 60, longest: 14, delay: 5, sd: 3},
		{name: "wave", mean: func(t int) float64 { return 40 * math.Exp(-float64(t-45)*float64(t-45)/150) }, days: 60, longest: 14, delay: 5, sd: 3},
		{name: "uneven days", mean: flat(30), days: 60, longest: 14, delay: 5, sd: 3, extra: 0.3},
		{name: "bursts", mean: flat(30), days: 60, longest: 14, delay: 5, sd: 3, burst: 0.5},
		{name: "bursts, many", mean: flat(300), days: 60, longest: 14, delay: 5, sd: 3, burst: 0.5},
		{name: "young triangle", mean: flat(30), days: 25, longest: 14, delay: 5, sd: 3},
	} {
		r := rand.New(rand.NewPCG(1, uint64(len(w.name))))
		in, all, lawless := 0, 0, 0
		for range 100 {
			tr, truth := w.make(r)
			now, err := tr.Nowcast(0.95)
			if err != nil {
				t.Fatal(err)
			}
			old, err := tr.Lawless(0.95, 0)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range now {
				if x.Share >= 0.95 {
					continue
				}
				all++
				if x.Low <= truth[i] && truth[i] <= x.High {
					in++
				}
				if old[i].Low <= truth[i] && truth[i] <= old[i].High {
					lawless++
				}
			}
		}
		share := float64(in) / float64(all)
		t.Logf("%-14s %.3f of %d (Lawless's own interval: %.3f)", w.name, share, all, float64(lawless)/float64(all))
		if share < 0.9 || share > 0.98 {
			t.Errorf("%s: %.3f of %d days are within the interval, want 0.90 to 0.98", w.name, share, all)
		}
	}
}

// TestDelays: with complete days only, the delays are the plain shares; days
// still open do not bend them.
func TestDelays(t *testing.T) {
	tr := Triangle{{4, 3, 2, 1}, {8, 6, 4, 2}, {4, 3, 2, 0}, {4, 3, 9, 9}, {8, 9, 9, 9}}
	f, err := tr.Delays()
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range []float64{0.4, 0.7, 0.9, 1} {
		if !near(f.Within[d], want, 1e-12) {
			t.Errorf("within %d days: %v, want %v", d, f.Within[d], want)
		}
	}
	for _, bad := range []Triangle{nil, {{}}, {{1, 2}, {1}}, {{1, -1}, {0, 0}}} {
		if _, err := bad.Nowcast(0.95); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

// TestNowcastProperties: the interval holds what is seen and the median, more
// reports never lower the estimate, the last complete day is known, a wider
// level is a wider interval, and the same triangle has the same answer.
func TestNowcastProperties(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(2, seed))
		w := delayWorld{mean: func(int) float64 { return 15 }, days: 30 + r.IntN(30), longest: 7 + r.IntN(7), delay: 4, sd: 3, burst: r.Float64() / 2}
		tr, _ := w.make(r)
		now, err := tr.Nowcast(0.95)
		if err != nil {
			t.Fatal(err)
		}
		wide, _ := tr.Nowcast(0.99)
		again, _ := tr.Nowcast(0.95)
		for i, x := range now {
			if x != again[i] {
				t.Fatal("two answers to one question")
			}
			if x.Low < x.Seen || x.Median < x.Low || x.High < x.Median || wide[i].High < x.High || wide[i].Low > x.Low {
				t.Fatalf("%+v, at 0.99 %+v", x, wide[i])
			}
			if complete := i < len(tr)-w.longest; complete && (x.Low != x.Seen || x.High != x.Seen || x.Share != 1) {
				t.Fatalf("a complete day has an interval: %+v", x)
			}
		}
	}
}

// FuzzNowcast: no triangle gives a number that is NaN, infinite or below what
// is seen.
func FuzzNowcast(f *testing.F) {
	f.Add(uint8(3), []byte{1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add(uint8(1), []byte{0, 255, 0})
	f.Fuzz(func(t *testing.T, columns uint8, cells []byte) {
		n := int(columns%20) + 1
		var tr Triangle
		for ; len(cells) >= n && len(tr) < 60; cells = cells[n:] {
			row := make([]int32, n)
			for d := range row {
				row[d] = int32(cells[d]) * int32(cells[d]) * int32(cells[0]%3)
			}
			tr = append(tr, row)
		}
		now, err := tr.Nowcast(0.95)
		if err != nil {
			return
		}
		lawless, err := tr.Lawless(0.95, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range append(now, lawless...) {
			for _, v := range []float64{x.Seen, x.Share, x.Estimate, x.Low, x.Median, x.High} {
				if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
					t.Fatalf("row %d: %+v", i, x)
				}
			}
			if x.Low < x.Seen || x.High < x.Low {
				t.Fatalf("row %d: %+v", i, x)
			}
		}
	})
}
