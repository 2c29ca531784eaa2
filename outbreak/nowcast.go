// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"

	"mach/issue"
)

// Triangle is the reporting triangle: row t are the cases of day t, oldest day
// first, element d those reported d days later; the last element holds all
// later reports too. The last row is today: row t is known up to element
// len−1−t, and what stands behind is not read.
type Triangle [][]int32

// Delays is how late reports come, from all days of a triangle. Element d is
// about a delay of d days.
type Delays struct {
	// Hazard is the reverse-time hazard: the share reported after exactly d
	// days among those reported within d days. 0 and not Known when none were.
	Hazard []float64
	Known  []bool
	// Within is the share reported within d days, of all that are reported
	// within the last delay.
	Within []float64
	// spread is the variance of the logarithm of Within (Greenwood's sum).
	spread []float64
}

func (tr Triangle) check() error {
	for t, row := range tr {
		if len(row) == 0 || len(row) != len(tr[0]) {
			return issue.New(issue.Invariant, "outbreak.nowcast.triangle").At("triangle")
		}
		for d := range tr.known(t) + 1 {
			if row[d] < 0 {
				return issue.New(issue.Value, "outbreak.nowcast.triangle").At("triangle")
			}
		}
	}
	if len(tr) == 0 {
		return issue.New(issue.Required, "outbreak.nowcast.triangle").At("triangle")
	}
	return nil
}

// known is the longest delay that row t can show today.
func (tr Triangle) known(t int) int { return min(len(tr)-1-t, len(tr[t])-1) }

// seen are the cases of row t reported within d days.
func (tr Triangle) seen(t, d int) float64 {
	n := 0.0
	for _, c := range tr[t][:d+1] {
		n += float64(c)
	}
	return n
}

// Delays estimates the delays by the method of Lawless (1994, Can J Stat
// 22:15): each day counts in the hazards of the delays that it can show, so
// that days still open do not make delays look short.
func (tr Triangle) Delays() (Delays, error) {
	if err := tr.check(); err != nil {
		return Delays{}, err
	}
	n := len(tr[0])
	f := Delays{make([]float64, n), make([]bool, n), make([]float64, n), make([]float64, n)}
	for d := range n {
		var exactly, within float64
		for t := 0; t < len(tr)-d; t++ {
			exactly += float64(tr[t][d])
			within += tr.seen(t, d)
		}
		if within > 0 {
			f.Hazard[d], f.Known[d] = exactly/within, true
			if d > 0 && exactly < within {
				f.spread[d] = exactly / (within - exactly) / within
			}
		}
	}
	share, spread := 1.0, 0.0
	for d := n - 1; d >= 0; d-- {
		f.Within[d] = share
		share *= 1 - f.Hazard[d]
		f.spread[d], spread = spread, spread+f.spread[d]
	}
	return f, nil
}

// Now is what is known of one day of a triangle.
type Now struct {
	Row  int
	Seen float64 // reported so far
	// Share is how much of the day is reported by now, after the usual delay.
	Share float64
	// Estimate is Seen/Share; 0 when nothing is reported within this delay,
	// and then Reason is NoBaseline.
	Estimate float64
	Reason   Reason
	// Median, Low and High are of the predictive distribution of all cases of
	// the day, Low and High at (1∓level)/2.
	Median, Low, High float64
}

// at fills in what does not depend on the interval.
func (f Delays) at(tr Triangle, t int) Now {
	d := tr.known(t)
	x := Now{Row: t, Seen: tr.seen(t, d), Share: f.Within[d]}
	if x.Share == 0 {
		x.Reason = NoBaseline
		return x
	}
	x.Estimate = x.Seen / x.Share
	return x
}

// Lawless gives Lawless's interval for each row, as R's surveillance does: a
// normal distribution about the estimate with the variance of a binomial
// number of reports, cut at what is seen. It is too narrow when few are seen
// and knows neither the error of the delays nor their swings: use Nowcast
// where people decide. support bounds the counts considered, 0 for no bound;
// R takes 300 and gives a quantile beyond it as 0.
func (tr Triangle) Lawless(level float64, support int) ([]Now, error) {
	f, err := tr.Delays()
	if err != nil {
		return nil, err
	}
	if !(level > 0 && level < 1) {
		return nil, issue.New(issue.Value, "outbreak.nowcast.level").At("alpha")
	}
	out := make([]Now, len(tr))
	for t := range tr {
		x := f.at(tr, t)
		sd := 0.0
		if x.Share > 0 {
			sd = math.Sqrt(x.Estimate * (1 - x.Share) / x.Share)
		}
		at := func(p float64) float64 {
			k := x.Seen
			if sd > 0 {
				cut := normalAbove((x.Seen - x.Estimate) / sd)
				k = max(k, math.Ceil(x.Estimate+sd*normalQuantile(p*cut)))
			}
			if support > 0 && k > float64(support) {
				return 0
			}
			return k
		}
		x.Median, x.Low, x.High = at(0.5), at((1-level)/2), at((1+level)/2)
		out[t] = x
	}
	return out, nil
}
