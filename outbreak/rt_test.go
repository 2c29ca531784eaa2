// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(a, b, rel float64) bool { return math.Abs(a-b) <= rel*math.Max(math.Abs(a), math.Abs(b)) }

// TestGamma: the quantile undoes the probability, over shapes of one case and
// of millions; two closed forms are met.
func TestGamma(t *testing.T) {
	for _, shape := range []float64{1e-3, 0.1, 0.5, 1, 2, 7.3, 100, 1e4, 3e6} {
		d := gammaDist{shape: shape, scale: 0.7}
		last := 0.0
		for _, p := range []float64{1e-6, 0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975, 1 - 1e-6} {
			q := d.quantile(p)
			if got := d.below(q); !near(got, p, 1e-9) && q > 1e-290 {
				t.Errorf("shape %v: below the quantile of %v: %v", shape, p, got)
			}
			if q < last {
				t.Errorf("shape %v: quantile of %v is %v, below %v", shape, p, q, last)
			}
			last = q
		}
	}
	for _, x := range []float64{1e-9, 0.1, 1, 5, 40} {
		if got, want := lowerGamma(1, x), -math.Expm1(-x); !near(got, want, 1e-12) {
			t.Errorf("P(1, %v) = %v, want %v", x, got, want)
		}
		if got, want := lowerGamma(0.5, x), math.Erf(math.Sqrt(x)); !near(got, want, 1e-12) {
			t.Errorf("P(1/2, %v) = %v, want %v", x, got, want)
		}
	}
}

// TestDiscreteInterval: shares of all days add up to one and keep the mean.
func TestDiscreteInterval(t *testing.T) {
	for _, c := range [][2]float64{{2.6, 1.5}, {5, 5}, {14.9, 3.9}, {22.4, 6.1}, {1.2, 0.3}} {
		w, err := DiscreteInterval(c[0], c[1], 400)
		if err != nil {
			t.Fatal(err)
		}
		if w[0] != 0 || !near(sum(w), 1, 1e-9) || !near(w.Mean(), c[0], 1e-6) {
			t.Errorf("%v: day 0 %v, sum %v, mean %v", c, w[0], sum(w), w.Mean())
		}
	}
}

func epidemic(r *rand.Rand, days int, mean float64) Incidence {
	all, imported := make([]float64, days), make([]float64, days)
	for t := range all {
		all[t] = float64(poissonNumber(r, mean))
		imported[t] = float64(r.IntN(int(all[t]) + 1))
	}
	all[0]++
	return Arrivals(all, imported)
}

// TestCoriProperties: more cases never lower Rt of their window; the unit of
// counting is nothing to the mean when the prior is wide; a window before the
// first interval has no numbers; few cases are said to be few; quantiles rise.
func TestCoriProperties(t *testing.T) {
	si, err := DiscreteInterval(3, 1.5, 30)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(3, seed))
		c := epidemic(r, 40, 1+20*r.Float64())
		windows := Windows(40, 1+r.IntN(14))
		now, err := Cori(c, UsualPrior, windows, si)
		if err != nil {
			t.Fatal(err)
		}
		i := r.IntN(len(windows))
		c.Local[windows[i].To]++
		more, err := Cori(c, UsualPrior, windows, si)
		if err != nil {
			t.Fatal(err)
		}
		for k, x := range now {
			switch early := float64(x.To+1) <= si.Mean(); {
			case x.Known() == early:
				t.Fatalf("window %v known %v, mean interval %v", x.Window, x.Known(), si.Mean())
			case early:
				if x.Reason != ShortHistory || x.Quantile(0.5) != 0 || x.Mean != 0 {
					t.Fatalf("a window too early has numbers: %+v", x)
				}
				continue
			case (x.Cases < FewCases) != (x.Reason == TooFewCases):
				t.Fatalf("%v cases, reason %v", x.Cases, x.Reason)
			}
			if k == i && more[k].Mean <= x.Mean {
				t.Fatalf("one case more lowers Rt from %v to %v", x.Mean, more[k].Mean)
			}
			if a, b, c := x.Quantile(0.025), x.Quantile(0.5), x.Quantile(0.975); !(a < b && b < c && a < x.Mean && x.Mean < c) {
				t.Fatalf("quantiles %v %v %v, mean %v", a, b, c, x.Mean)
			}
		}
	}
}

// TestCoriFinds: a growing epidemic of known R is found, imported cases or not.
func TestCoriFinds(t *testing.T) {
	si, _ := DiscreteInterval(3, 1.5, 30)
	r := rand.New(rand.NewPCG(1, 2))
	for _, want := range []float64{0.6, 1, 1.8} {
		all, imported := make([]float64, 60), make([]float64, 60)
		for t := range all {
			force := 0.0
			for s := 1; s <= t && s < len(si); s++ {
				force += all[t-s] * si[s]
			}
			imported[t] = float64(poissonNumber(r, 5))
			all[t] = imported[t] + float64(poissonNumber(r, want*force))
		}
		all[0]++
		found, err := Cori(Arrivals(all, imported), UsualPrior, []Window{{30, 59}}, si)
		if err != nil {
			t.Fatal(err)
		}
		if low, high := found[0].Quantile(0.001), found[0].Quantile(0.999); want < low || want > high {
			t.Errorf("R %v: found %v to %v", want, low, high)
		}
	}
}

// TestUncertainInterval: an interval known exactly is the plain estimate, and
// less knowledge widens it; the same question has the same answer.
func TestUncertainInterval(t *testing.T) {
	c := epidemic(rand.New(rand.NewPCG(5, 5)), 40, 10)
	windows := Windows(40, 7)
	sharp, err := UncertainInterval(Spread{Mean: 4, Min: 4, Max: 4}, Spread{Mean: 2, Min: 2, Max: 2}, 40, 3)
	if err != nil {
		t.Fatal(err)
	}
	vague, err := UncertainInterval(Spread{4, 1, 2, 6}, Spread{2, 0.5, 1, 3}, 40, 200)
	if err != nil || len(vague) != 200 {
		t.Fatal(len(vague), err)
	}
	mean := 0.0
	for _, w := range vague {
		mean += w.Mean() / 200
	}
	if !near(mean, 4, 0.01) {
		t.Errorf("the mean of vague intervals is %v, want 4", mean)
	}
	si, _ := DiscreteInterval(4, 2, 40)
	plain, _ := Cori(c, UsualPrior, windows, si)
	exact, _ := Cori(c, UsualPrior, windows, sharp...)
	loose, _ := Cori(c, UsualPrior, windows, vague...)
	again, _ := Cori(c, UsualPrior, windows, vague...)
	for i, p := range plain {
		if !p.Known() {
			continue
		}
		if !near(p.Mean, exact[i].Mean, 1e-12) || !near(p.SD, exact[i].SD, 1e-6) || !near(p.Quantile(0.9), exact[i].Quantile(0.9), 1e-9) {
			t.Errorf("window %v: %v %v, with a sharp interval %v %v", p.Window, p.Mean, p.SD, exact[i].Mean, exact[i].SD)
		}
		if loose[i].Known() && loose[i].SD < p.SD*0.9 {
			t.Errorf("window %v: SD %v, with a vague interval %v", p.Window, p.SD, loose[i].SD)
		}
		if loose[i].Mean != again[i].Mean {
			t.Error("two answers to one question")
		}
	}
	if _, err := UncertainInterval(Spread{4, 1, 0.5, 6}, Spread{2, 0, 2, 2}, 40, 5); err == nil {
		t.Error("a mean interval below a day is taken")
	}
}

// TestWallingaTeunis: every case but the first ones was infected by one, so
// that the sum over all days is the number of the rest; the deviation agrees
// with drawing infectors.
func TestWallingaTeunis(t *testing.T) {
	si := SerialInterval{0, 0.3, 0.4, 0.3}
	r := rand.New(rand.NewPCG(8, 8))
	all := make([]float64, 30)
	for t := range all {
		all[t] = float64(1 + r.IntN(9))
	}
	c := Arrivals(all, nil)
	whole, err := WallingaTeunis(c, []Window{{1, 29}}, si)
	if err != nil {
		t.Fatal(err)
	}
	byFirst, total := 0.0, sum(all[1:])
	for t := 1; t <= 3; t++ { // day 0 infects on days 1 to 3
		force := 0.0
		for s := 1; s <= t; s++ {
			force += all[t-s] * si[s]
		}
		byFirst += all[t] * all[0] * si[t] / force
	}
	if got := whole[0].Mean * total; !near(got, total-byFirst, 1e-12) {
		t.Errorf("cases of days 1 to 29 infected %v, want %v", got, total-byFirst)
	}
	w := Window{10, 14}
	one, err := WallingaTeunis(c, []Window{w}, si)
	if err != nil {
		t.Fatal(err)
	}
	var m, m2 float64
	const draws = 20000
	for range draws {
		infected := 0.0
		for t := w.From + 1; t < 30; t++ {
			var inside, force float64
			for s := 1; s < len(si); s++ {
				f := all[t-s] * si[s]
				force += f
				if t-s >= w.From && t-s <= w.To {
					inside += f
				}
			}
			for range int(all[t]) {
				if r.Float64()*force < inside {
					infected++
				}
			}
		}
		x := infected / one[0].Cases
		m += x / draws
		m2 += x * x / draws
	}
	if !near(one[0].Mean, m, 0.01) || !near(one[0].SD, math.Sqrt(m2-m*m), 0.05) {
		t.Errorf("mean %v SD %v, drawn %v %v", one[0].Mean, one[0].SD, m, math.Sqrt(m2-m*m))
	}
	if none, err := WallingaTeunis(Arrivals(make([]float64, 9), nil), []Window{{2, 4}}, si); err != nil || none[0].Reason != NoBaseline {
		t.Errorf("no cases: %+v, %v", none, err)
	}
}

// FuzzRt: whatever the counts and settings, no number is NaN or infinite, and
// no estimate is below 0.
func FuzzRt(f *testing.F) {
	f.Add(uint64(1), 3.0, 2.0, 5.0, 5.0, uint8(7))
	f.Add(uint64(2), 1.0001, 9.0, 1e-3, 1e3, uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, mean, sd, prior, spread float64, window uint8) {
		si, err := DiscreteInterval(mean, sd, 40)
		if err != nil {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		c := epidemic(r, 40, math.Exp(10*r.Float64()-3))
		windows := Windows(40, int(window%30))
		finite := func(all ...float64) {
			for _, x := range all {
				if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
					t.Fatalf("%v %v %v %v: %v", mean, sd, prior, spread, all)
				}
			}
		}
		if found, err := Cori(c, Prior{prior, spread}, windows, si); err == nil {
			for _, x := range found {
				finite(x.Mean, x.SD, x.Quantile(0.5))
			}
		}
		if found, err := WallingaTeunis(c, windows, si); err == nil {
			for _, x := range found {
				finite(x.Mean, x.SD)
			}
		}
	})
}
