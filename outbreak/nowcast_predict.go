// SPDX-License-Identifier: Apache-2.0

package outbreak

import "mach/issue"

const (
	// nearDays is how many days on each side say how many cases a day is likely
	// to have, before its own reports are looked at.
	nearDays = 6
	// leastShape and mostShape bound how much they say: as much as that many
	// cases of the day.
	leastShape, mostShape = 2, 20
)

// Nowcast estimates all cases of each day of a triangle with an interval that
// holds the truth in level of the days. What is still to come, given what is
// seen, is negative binomial: Poisson counts whose mean is known from the days
// around and from the day itself. Its variance is widened by the error of the
// delays, and by as much as nowcasts of past days of this triangle at the same
// delay would have missed beyond that, so that reports coming in batches or a
// change of delays show. Median is the best single number; Estimate is Lawless's.
func (tr Triangle) Nowcast(level float64) ([]Now, error) {
	f, err := tr.Delays()
	if err != nil {
		return nil, err
	}
	if !(level > 0 && level < 1) {
		return nil, issue.New(issue.Value, "outbreak.nowcast.level").At("alpha")
	}
	p := predictor{tr: tr, delays: f}
	p.learn()
	out := make([]Now, len(tr))
	for t := range tr {
		d := tr.known(t)
		x := f.at(tr, t)
		x.Median, x.Low, x.High = x.Seen, x.Seen, x.Seen
		if d < len(f.Within)-1 {
			mean, variance := p.unseen(x.Seen, f.Within[d], p.near(t, len(tr)-1))
			late := max(1-f.Within[d], 1e-9)
			variance += mean * mean * (p.miss[d] + f.spread[d]/(late*late))
			if mean > 0 {
				x.add(counts{mean: mean, phi: max(1, variance/mean)}, (1-level)/2)
			}
		}
		out[t] = x
	}
	return out, nil
}

// add puts the quantiles of what is still to come on what is seen. A count
// belongs to the interval when half its own probability and that of all counts
// farther out are together more than the tail: whole tails would make the
// interval of few cases hold too often.
func (x *Now) add(rest counts, tail float64) {
	within := func(k float64) float64 { return (rest.atLeast(k) + rest.atLeast(k+1)) / 2 }
	median, ok := rest.quantile(0.5)
	low, okLow := rest.quantile(1 - tail)
	high, okHigh := rest.quantile(tail)
	if !ok || !okLow || !okHigh {
		x.Reason = OutOfRange
		return
	}
	if 1-within(low) <= tail {
		low++
	}
	if high > 0 && within(high) <= tail {
		high--
	}
	x.Median, x.Low, x.High = x.Seen+median, x.Seen+min(low, median), x.Seen+max(high, median)
}

// predictor is what nowcasts of one triangle share.
type predictor struct {
	tr     Triangle
	delays Delays
	shape  float64 // of the gamma distribution of a day's mean about its neighbours'
	// miss is the square of the share by which nowcasts of past days missed,
	// beyond what they expected to, by delay.
	miss []float64
}

// near is the mean number of cases of the days around t, as known on day now.
func (p *predictor) near(t, now int) float64 {
	var seen, share float64
	for s := max(0, t-nearDays); s <= min(now, t+nearDays); s++ {
		d := min(now-s, len(p.tr[s])-1)
		seen += p.tr.seen(s, d)
		share += p.delays.Within[d]
	}
	if share == 0 {
		return 0
	}
	return seen / share
}

// unseen are mean and variance of the cases of a day still to be reported, of
// which n are, when the share f is usual by then and near is usual for a day.
func (p *predictor) unseen(n, f, near float64) (mean, variance float64) {
	near = max(near, 0.5/float64(2*nearDays+1)) // nobody near: not half a case in all of them
	mean = (p.shape + n) * (1 - f) / (p.shape/near + f)
	return mean, mean + mean*mean/(p.shape+n)
}

// learn nowcasts the past days that are complete by now, at each delay; the
// delays beside it count too, because complete days are few.
func (p *predictor) learn() {
	n := len(p.delays.Within)
	var uneven, squared float64
	for t := 0; t < len(p.tr)-n+1; t++ {
		near := p.near(t, t)
		e := p.tr.seen(t, n-1) - near
		uneven += e*e - near
		squared += near * near
	}
	p.shape = min(max(squared/max(uneven, squared/mostShape), leastShape), mostShape)
	if squared == 0 {
		p.shape = leastShape
	}
	p.miss = make([]float64, n)
	over, square := make([]float64, n), make([]float64, n)
	for d := range n - 1 {
		for t := 0; t < len(p.tr)-n+1; t++ {
			seen := p.tr.seen(t, d)
			mean, variance := p.unseen(seen, p.delays.Within[d], p.near(t, t+d))
			e := p.tr.seen(t, n-1) - seen - mean
			over[d] += e*e - variance
			square[d] += mean * mean
		}
	}
	for d := range n - 1 {
		from, to := max(0, d-1), min(n-1, d+2)
		if all := sum(square[from:to]); all > 0 {
			p.miss[d] = max(0, sum(over[from:to])/all)
		}
	}
}
