// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"

	"mach/issue"
)

// FewCases is the least number of cases in a window whose Rt is shown as a
// number: below it the spread of the posterior is more than 0.3 of its mean
// (Cori et al. 2013, Am J Epidemiol 178:1505, web appendix: 11 under the usual
// prior).
const FewCases = 12

// Incidence are the new cases of each day by onset. Local were infected here;
// Imported infect but were infected elsewhere. Weekly counts must be spread
// over days before.
type Incidence struct{ Local, Imported []float64 }

// Arrivals makes the incidence of all cases of each day, of which some may be
// imported (nil: none). Those of the first day are imported: nobody before
// them could have infected them.
func Arrivals(all, imported []float64) Incidence {
	c := Incidence{Local: make([]float64, len(all)), Imported: make([]float64, len(all))}
	for t, n := range all {
		switch {
		case t == 0:
			c.Imported[t] = n
		case imported != nil:
			c.Local[t], c.Imported[t] = n-imported[t], imported[t]
		default:
			c.Local[t] = n
		}
	}
	return c
}

func (c Incidence) check(windows []Window) error {
	if len(c.Local) != len(c.Imported) {
		return issue.New(issue.Invariant, "outbreak.rt.incidence").At("incidence")
	}
	for t := range c.Local {
		if !amount(c.Local[t]) || !amount(c.Imported[t]) {
			return issue.New(issue.Value, "outbreak.rt.incidence").At("incidence")
		}
	}
	for _, w := range windows {
		if w.From < 1 || w.To < w.From || w.To >= len(c.Local) {
			return issue.New(issue.Value, "outbreak.rt.window").At("window")
		}
	}
	return nil
}

// amount reports whether x is a number of people.
func amount(x float64) bool { return x >= 0 && x <= farMean }

// SerialInterval is the distribution of the days between the onset of a case
// and of those it infected; element s is the share of s days. Element 0 is 0.
type SerialInterval []float64

func (w SerialInterval) check() error {
	sum := 0.0
	for s, p := range w {
		if !(p >= 0 && p <= 1) || s == 0 && p != 0 {
			return issue.New(issue.Value, "outbreak.rt.interval").At("si_distr")
		}
		sum += p
	}
	if len(w) == 0 || sum > 1.01 {
		return issue.New(issue.Value, "outbreak.rt.interval").At("si_distr")
	}
	return nil
}

// Mean returns the mean of what is carried.
func (w SerialInterval) Mean() float64 {
	sum := 0.0
	for s, p := range w {
		sum += float64(s) * p
	}
	return sum
}

// DiscreteInterval spreads a gamma distribution of the given mean and standard
// deviation, moved by one day, over the days 0…n−1 (Cori et al. 2013, web
// appendix 11; EpiEstim's discr_si). What lies beyond is left out, so that the
// sum may be below 1.
func DiscreteInterval(mean, sd float64, n int) (SerialInterval, error) {
	if !(mean > 1 && sd > 0 && mean <= 1e4 && sd <= 1e4) || n < 1 || n > 1e5 {
		return nil, issue.New(issue.Value, "outbreak.rt.interval").At("mean_si")
	}
	a, b := (mean-1)*(mean-1)/(sd*sd), sd*sd/(mean-1)
	w := make(SerialInterval, n)
	for s := 1; s < n; s++ {
		k := float64(s)
		at := func(x float64) float64 { return lowerGamma(a, x/b) }
		next := func(x float64) float64 { return lowerGamma(a+1, x/b) }
		w[s] = max(0, k*at(k)+(k-2)*at(k-2)-2*(k-1)*at(k-1)+a*b*(2*next(k-1)-next(k-2)-next(k)))
	}
	return w, nil
}

// Spread is a normal distribution cut at Min and Max.
type Spread struct{ Mean, SD, Min, Max float64 }

// at returns the quantile p; a Spread of SD 0 is its mean.
func (s Spread) at(p float64) float64 {
	if s.SD == 0 {
		return min(s.Mean, s.Max)
	}
	low, high := 1-normalAbove((s.Min-s.Mean)/s.SD), 1-normalAbove((s.Max-s.Mean)/s.SD)
	return min(max(s.Mean+s.SD*normalQuantile(low+p*(high-low)), s.Min), s.Max)
}

// UncertainInterval is a serial interval whose mean and standard deviation are
// themselves known only roughly: count intervals of n days, evenly spread over
// what is likely and always the same (points of Halton; EpiEstim's
// uncertain_si draws them). No standard deviation is above its mean.
func UncertainInterval(mean, sd Spread, n, count int) ([]SerialInterval, error) {
	for _, s := range []Spread{mean, sd} {
		if !(s.SD >= 0 && s.Min <= s.Mean && s.Mean <= s.Max && s.Min > 0) || math.IsInf(s.Max, 1) {
			return nil, issue.New(issue.Value, "outbreak.rt.interval").At("mean_si")
		}
	}
	if count < 1 || count > 1e4 || mean.Min <= 1 {
		return nil, issue.New(issue.Value, "outbreak.rt.interval").At("mean_si")
	}
	var all []SerialInterval
	for i := 1; len(all) < count && i <= 20*count; i++ {
		m, below := mean.at(halton(i, 2)), sd
		if below.Max = min(sd.Max, m); below.Max < sd.Min {
			continue
		}
		s := below.at(halton(i, 3))
		w, err := DiscreteInterval(m, s, n)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	if all == nil {
		return nil, issue.New(issue.Value, "outbreak.rt.interval").At("std_si")
	}
	return all, nil
}

// halton is the i-th number of the sequence of Halton: i's digits behind the
// point, in reverse.
func halton(i, base int) float64 {
	sum, f := 0.0, 1.0
	for ; i > 0; i /= base {
		f /= float64(base)
		sum += f * float64(i%base)
	}
	return sum
}

// Window is a span of days, both included, counted from 0. Day 0 is in none:
// nobody before it could have infected.
type Window struct{ From, To int }

// Windows returns all windows of the given length among n days, by their last day.
func Windows(n, length int) []Window {
	var out []Window
	for to := length; length > 0 && to < n; to++ {
		out = append(out, Window{to - length + 1, to})
	}
	return out
}

// Prior is the gamma distribution of Rt before the data, by its moments.
type Prior struct{ Mean, SD float64 }

// UsualPrior is that of Cori et al.: wide, and high, so that an epidemic is not
// taken for over by too few data.
var UsualPrior = Prior{Mean: 5, SD: 5}

// Rt is the reproduction number of one window: how many others one case
// infects under the conditions of these days.
type Rt struct {
	Window
	Cases float64 // local cases in the window
	// Reason is Judged when the numbers may be shown; TooFewCases when they
	// are there but say little (FewCases); NoBaseline when nobody was there to
	// infect, and the numbers are the prior's; ShortHistory, without numbers,
	// when the window ends within one serial interval of the first day.
	Reason   Reason
	Mean, SD float64
	post     []gammaDist // equally likely; several for an uncertain interval
}

// Known reports whether there are numbers.
func (r Rt) Known() bool { return len(r.post) > 0 }

// Quantile returns the value that Rt does not exceed with probability p, for
// 0 < p < 1; 0 when it is not known.
func (r Rt) Quantile(p float64) float64 {
	if !r.Known() || !(p > 0 && p < 1) {
		return 0
	}
	low, high := math.Inf(1), 0.0
	for _, g := range r.post {
		q := g.quantile(p)
		low, high = min(low, q), max(high, q)
	}
	for high-low > 1e-12*high { // of the mixture: between those of its parts
		mid := low + (high-low)/2
		if r.Below(mid) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return low + (high-low)/2
}

// Below returns the probability that Rt is x or less.
func (r Rt) Below(x float64) float64 {
	sum := 0.0
	for _, g := range r.post {
		sum += g.below(x)
	}
	return sum / max(1, float64(len(r.post)))
}
