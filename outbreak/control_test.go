// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// controls are the detectors of this file's tests, in all their variants.
func controls() []Detector {
	half, none := 0.3, 0.0
	var all []Detector
	for _, m := range []EARSMethod{EARSC1, EARSC2, EARSC3} {
		all = append(all, DefaultEARS(m), EARS{Method: m, Baseline: 14, MinSigma: 0.5, Alpha: 0.05, Current: true})
	}
	for _, tr := range []CUSUMTransform{CUSUMStandard, CUSUMRossi, CUSUMAnscombe} {
		all = append(all, CUSUM{K: 1.04, H: 2.26, Transform: tr}, CUSUM{K: 0.5, H: 4, Transform: tr, Reset: true})
	}
	all = append(all, DefaultBayesNB(), BayesNB{Years: 2, Half: 4, Current: true, Alpha: 0.01}, BayesNB{Years: 1, Half: 2, Alpha: 0.2})
	for _, a := range []*float64{nil, &none, &half} {
		for _, change := range []GLRChange{GLRIntercept, GLREpidemic} {
			g := DefaultGLR()
			g.Alpha, g.Change = a, change
			all = append(all, g)
			g.Theta, g.Season, g.Cases = &half, Season{Trend: true}, a == nil
			all = append(all, g)
		}
		g := DefaultGLR()
		g.Alpha, g.Dir, g.Least, g.Most, g.Season = a, GLRDecrease, 2, 10, Season{Waves: 2}
		all = append(all, g)
	}
	return all
}

func countSeries(r *rand.Rand, n int, mean, missing float64) Series {
	s := Series{Freq: 52, Count: make([]int32, n)}
	for t := range s.Count {
		s.Count[t] = poissonNumber(r, mean*(1+0.5*math.Cos(2*math.Pi*float64(t)/52))*gammaNumber(r, 0.2))
		if r.Float64() < missing {
			s.Count[t] = Missing
		}
	}
	return s
}

// TestControls: what a detector says is finite, does not depend on what its
// scratch memory held, and an alarm has a count above its bound.
func TestControls(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(4, seed))
		s := countSeries(r, 180, math.Exp(6*r.Float64()-2), float64(seed%2)*0.05)
		used := Work{}
		for _, d := range controls() {
			out, again := make([]Point, 60), make([]Point, 60)
			if err := d.Eval(s, 120, 180, &used, out); err != nil {
				t.Fatal(err)
			}
			if err := d.Eval(s, 120, 180, &Work{buf: slices.Repeat([]float64{math.NaN()}, 5000)}, again); err != nil {
				t.Fatal(err)
			}
			for i, p := range out {
				soundPoint(t, d, p)
				if p != again[i] {
					t.Fatalf("%s %+v: %+v, and with other scratch memory %+v", d.Name(), d, p, again[i])
				}
			}
		}
	}
}

func soundPoint(t *testing.T, d Detector, p Point) {
	t.Helper()
	for _, v := range []float64{p.Expected, p.Bound, p.Dispersion, p.P, p.Plugin, p.Slope, p.Statistic} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("%s %+v: %+v", d.Name(), d, p)
		}
	}
	if p.Alarm && (p.Observed == Missing || p.Reason != Judged && p.Reason != OutOfRange) {
		t.Fatalf("%s: an alarm without a count: %+v", d.Name(), p)
	}
}

// TestEARS: bounds move with the level of the counts and with their unit; C3
// remembers the two steps before; what is missing leaves no bound.
func TestEARS(t *testing.T) {
	y := []int32{3, 5, 2, 4, 6, 3, 5, 4, 12, 9, 4, 3, 5, 6, 4}
	at := func(e EARS, y []int32, k int) Point {
		out := make([]Point, 1)
		if err := e.Eval(Series{Freq: 365, Count: y}, k, k+1, nil, out); err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	moved := make([]int32, len(y))
	for i, c := range y {
		moved[i] = 3*c + 100
	}
	for _, m := range []EARSMethod{EARSC1, EARSC2, EARSC3} {
		for k := 12; k < len(y); k++ {
			p, q := at(DefaultEARS(m), y, k), at(DefaultEARS(m), moved, k)
			if p.Reason != Judged || p.Bound > 0 && !near(3*p.Bound+100, q.Bound, 1e-12) {
				t.Errorf("%s at %d: %v, counts moved %v", m, k, p, q)
			}
		}
	}
	published := DefaultEARS(EARSC3)
	published.Current = true
	if !at(published, append(y[:11:11], 9), 11).Alarm { // 12 and 9 stand in the baseline's memory
		t.Error("C3 forgets the two steps before")
	}
	for _, m := range []EARSMethod{EARSC1, EARSC2, EARSC3} {
		if p := at(DefaultEARS(m), y, 6); p.Reason != ShortHistory {
			t.Errorf("%s at 6: %v", m, p.Reason)
		}
		gap := slices.Clone(y)
		gap[9] = Missing
		if p := at(DefaultEARS(m), gap, 12); p.Reason != NoBaseline {
			t.Errorf("%s with a gap: %v", m, p.Reason)
		}
	}
	last := slices.Clone(y)
	last[14] = Missing
	if p := at(DefaultEARS(EARSC2), last, 14); p.Reason != NotReported || p.Bound == 0 || p.Alarm {
		t.Errorf("a count to come: %+v", p)
	}
}

// TestCUSUM: from the bound on the step alarms, below it not; the sum begins
// anew after an alarm only if asked to.
func TestCUSUM(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for range 30 {
		s := countSeries(r, 80, 8, 0)
		for _, tr := range []CUSUMTransform{CUSUMStandard, CUSUMRossi, CUSUMAnscombe} {
			c := CUSUM{K: 1.04, H: 2.26, Transform: tr, Reset: true}
			out := make([]Point, 20)
			if err := c.Eval(s, 60, 80, nil, out); err != nil {
				t.Fatal(err)
			}
			for i, p := range out {
				for _, y := range []int32{int32(math.Ceil(p.Bound)), int32(math.Ceil(p.Bound)) - 1} {
					changed := Series{Freq: 52, Count: slices.Clone(s.Count)}
					changed.Count[60+i] = y
					other := make([]Point, 20)
					if err := c.Eval(changed, 60, 80, nil, other); err != nil {
						t.Fatal(err)
					}
					if want := float64(y) >= p.Bound; y >= 0 && other[i].Alarm != want {
						t.Fatalf("%s: a count of %d under a bound of %v alarms: %v", tr, y, p.Bound, other[i].Alarm)
					}
				}
			}
		}
	}
	high := Series{Freq: 52, Count: append(slices.Repeat([]int32{4}, 60), 30, 4, 4)}
	for _, reset := range []bool{false, true} {
		out := make([]Point, 3)
		if err := (CUSUM{K: 1, H: 3, Transform: CUSUMStandard, Reset: reset}).Eval(high, 60, 63, nil, out); err != nil {
			t.Fatal(err)
		}
		if !out[0].Alarm || out[1].Alarm == reset {
			t.Errorf("reset %v: %+v", reset, out[:2])
		}
	}
}

// TestBayesNB: a step alarms exactly when the count or more is less likely
// than alpha; the window is what it says.
func TestBayesNB(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for range 50 {
		s := countSeries(r, 150, math.Exp(4*r.Float64()-2), 0.02)
		b := BayesNB{Years: r.IntN(3), Half: 1 + r.IntN(5), Current: true, Alpha: 0.05}
		out := make([]Point, 30)
		if err := b.Eval(s, 120, 150, nil, out); err != nil {
			t.Fatal(err)
		}
		for _, p := range out {
			if p.Reason == Judged && p.Alarm != (p.P <= b.Alpha*(1+1e-9)) {
				t.Fatalf("%+v: %+v", b, p)
			}
		}
	}
	// 1 + 2 + 3 cases in three steps before: mean 6.5/3.
	out := make([]Point, 1)
	s := Series{Freq: 4, Count: []int32{9, 9, 9, 1, 2, 3, 5}}
	if err := (BayesNB{Half: 3, Current: true, Alpha: 0.05}).Eval(s, 6, 7, nil, out); err != nil || !near(out[0].Expected, 6.5/3, 1e-12) {
		t.Errorf("%+v, %v", out[0], err)
	}
	// The same step a year before and its neighbours: 9, 9 and 1.
	if err := (BayesNB{Years: 1, Half: 1, Alpha: 0.05}).Eval(s, 6, 7, nil, out); err != nil || !near(out[0].Expected, 19.5/3, 1e-12) {
		t.Errorf("%+v, %v", out[0], err)
	}
}
