// SPDX-License-Identifier: Apache-2.0

package outbreak

import "math"

// GLRChange is what begins with an outbreak.
type GLRChange string

// The changes: the mean is multiplied (GLRIntercept), or cases begin to infect,
// so that a share of the last count comes on top (GLREpidemic).
const (
	GLRIntercept GLRChange = "intercept"
	GLREpidemic  GLRChange = "epi"
)

// GLRDirection is which way counts change.
type GLRDirection string

// The directions.
const (
	GLRIncrease GLRDirection = "inc"
	GLRDecrease GLRDirection = "dec"
)

// GLR asks at each step whether the counts since some earlier step are better
// explained by a change of size unknown than by the expected mean (generalised
// likelihood ratio; Höhle and Paul 2008, Comput Stat Data Anal 52:4357), and
// begins anew after each alarm. It finds slow rises of any size, and follows
// seasons where CUSUM does not.
type GLR struct {
	Bar    float64      `json:"c.ARL"` // alarm from this logarithm of the ratio on
	Change GLRChange    `json:"change"`
	Dir    GLRDirection `json:"dir"`
	// Theta is the size of the change when it is known: the logarithm of the
	// factor, or the share of the last count. Nil: unknown.
	Theta *float64 `json:"theta"`
	Least int      `json:"Mtilde"` // a change is believed from so many steps on: 1 or more
	Most  int      `json:"M"`      // a change lies at most so many steps back; −1: no limit
	// Alpha is the dispersion: the variance is µ + Alpha·µ². 0 is Poisson; nil
	// is estimated with the mean.
	Alpha *float64 `json:"alpha"`
	// Mean are the expected counts of the steps judged. Nil: Season is fitted
	// to all steps before the first one judged.
	Mean   []float64 `json:"-"`
	Season Season    `json:"-"`
	// Cases asks for the bound, the least count that would have alarmed, which
	// costs more than the statistic.
	Cases bool `json:"-"`
}

// DefaultGLR looks for rises against one yearly wave, the dispersion estimated.
func DefaultGLR() GLR {
	return GLR{Bar: 5, Change: GLRIntercept, Dir: GLRIncrease, Least: 1, Most: -1, Season: Season{Waves: 1}, Cases: true}
}

// Name returns "glr".
func (g GLR) Name() string { return "glr" }

// Eval judges steps of a series; what was before the first of them only gives
// the expected mean. Missing counts say nothing for or against a change.
func (g GLR) Eval(s Series, from, to int, w *Work, out []Point) error {
	if err := s.check(from, to, out); err != nil {
		return err
	}
	if err := g.check(to - from); err != nil {
		return err
	}
	mean, alpha, reason := g.expected(s, from, to, w)
	if reason != Judged {
		for k := from; k < to; k++ {
			out[k-from] = Point{At: k, Observed: max(s.Count[k], Missing), Reason: reason}
		}
		return nil
	}
	r := ratio{g: g, alpha: alpha, y: s.Count, mean: mean, first: from, start: from}
	for k := from; k < to; k++ {
		mu := mean[k-from]
		p := Point{At: k, Observed: max(s.Count[k], Missing), Expected: mu, Dispersion: 1 + alpha*mu}
		p.Statistic = r.statistic(k, s.Count[k])
		if p.Observed == Missing {
			p.Reason = NotReported
		} else if g.Cases {
			p.Bound, p.Reason = r.bound(k)
		}
		if p.Alarm = p.Observed != Missing && p.Statistic >= g.Bar; p.Alarm {
			r.start, r.sum = k+1, 0
		} else if g.Theta != nil {
			r.sum = p.Statistic
		}
		out[k-from] = p
	}
	return nil
}

func (g GLR) check(n int) error {
	switch {
	case !(g.Bar > 0) || math.IsInf(g.Bar, 1):
		return badSetting("c.ARL", g.Bar)
	case g.Change != GLRIntercept && g.Change != GLREpidemic:
		return badSetting("change", g.Change)
	case g.Dir != GLRIncrease && (g.Dir != GLRDecrease || g.Change == GLREpidemic):
		return badSetting("dir", g.Dir)
	case g.Theta != nil && !(math.Abs(*g.Theta) <= 100 && (*g.Theta >= 0 || g.Change == GLRIntercept)):
		return badSetting("theta", *g.Theta)
	case g.Least < 1:
		return badSetting("Mtilde", g.Least)
	case g.Most != -1 && g.Most < g.Least:
		return badSetting("M", g.Most)
	case g.Alpha != nil && !(*g.Alpha >= 0 && *g.Alpha <= 1e6):
		return badSetting("alpha", *g.Alpha)
	case g.Mean != nil && len(g.Mean) != n:
		return badSetting("mu0", len(g.Mean))
	}
	for _, m := range g.Mean {
		if !(m > 0 && m <= farMean) {
			return badSetting("mu0", m)
		}
	}
	return g.Season.check()
}

// expected gives mean and dispersion of the steps judged, when nothing happens.
func (g GLR) expected(s Series, from, to int, w *Work) (mean []float64, alpha float64, reason Reason) {
	if g.Mean != nil && g.Alpha != nil {
		return g.Mean, *g.Alpha, Judged
	}
	f, reason := g.Season.fit(s, from, g.Alpha, w)
	if reason != Judged {
		return nil, 0, reason
	}
	if mean = g.Mean; mean == nil {
		mean = w.floats(to - from)
		for k := from; k < to; k++ {
			if mean[k-from] = f.at(k); !(mean[k-from] > 0 && mean[k-from] <= farMean) {
				return nil, 0, OutOfRange
			}
		}
	}
	return mean, f.alpha, Judged
}

// ratio is the running state of the likelihood ratio.
type ratio struct {
	g     GLR
	alpha float64
	y     []int32
	mean  []float64 // of step first and on
	first int
	start int     // first step after the last alarm
	sum   float64 // of known changes
	terms []term  // of the steps looked at, latest first
}

// term is one step within the span that may have changed: its count, its mean,
// and the count before. One that says nothing is 0.
type term struct{ y, mu, before float64 }

// term gives step t, its count replaced by y in step k, which is judged.
func (r *ratio) term(t, k int, y int32) term {
	if t < k {
		y = r.y[t]
	}
	x := term{y: float64(y), mu: r.mean[t-r.first]}
	if r.g.Change == GLREpidemic && t > 0 {
		x.before = float64(r.y[t-1])
	}
	if y < 0 || r.g.Change == GLREpidemic && (t == 0 || x.before < 0) {
		return term{}
	}
	return x
}

// statistic is the likelihood ratio at step k if its count were y.
func (r *ratio) statistic(k int, y int32) float64 {
	if r.g.Theta != nil {
		return max(0, r.sum+r.gain([]term{r.term(k, k, y)}, *r.g.Theta))
	}
	best, size := 0.0, 0.0
	least := r.fill(k, y)
	var cases, means, got float64
	for n, x := range r.terms {
		cases, means = cases+x.y, means+x.mu
		if n+1 >= least {
			got, size = r.span(n+1, cases, means, size)
			best = max(best, got)
		}
	}
	return best
}

// fill lists the terms that a change may cover at step k if its count were y,
// and returns how many of them it must.
func (r *ratio) fill(k int, y int32) (least int) {
	oldest := r.start
	if r.g.Most > 0 {
		oldest = max(oldest, k-r.g.Most)
	}
	r.terms = r.terms[:0]
	for t := k; t >= oldest; t-- {
		if x := r.term(t, k, y); x.mu > 0 {
			r.terms = append(r.terms, x)
		}
		if k-t+1 < r.g.Least {
			least = len(r.terms) + 1
		}
	}
	return max(least, 1)
}

// span is the ratio when the change covers the latest n terms, of which cases
// and means are the sums, and the size of the change, sought from a guess.
func (r *ratio) span(n int, cases, means, guess float64) (ratio, size float64) {
	if r.alpha == 0 && r.g.Change == GLRIntercept {
		return poissonRatio(cases, means, r.g.Dir), 0
	}
	terms := r.terms[:n]
	slope, _ := r.slope(terms, 0)
	if slope == 0 || (slope > 0) != (r.g.Dir == GLRIncrease) {
		return 0, guess
	}
	size = r.best(terms, guess)
	return r.gain(terms, size), size
}

// poissonRatio is the ratio in closed form: the factor is cases/means.
func poissonRatio(cases, means float64, dir GLRDirection) float64 {
	if cases == means || (cases > means) != (dir == GLRIncrease) {
		return 0
	}
	if cases == 0 {
		return means
	}
	return cases*math.Log(cases/means) - (cases - means)
}

// gain is what a change of the given size explains, in logarithms.
func (r *ratio) gain(terms []term, size float64) float64 {
	factor := math.Exp(size)
	sum := 0.0
	for _, x := range terms {
		m, log := x.mu*factor, size
		if r.g.Change == GLREpidemic {
			if x.before == 0 {
				continue
			}
			m = x.mu + size*x.before
			log = math.Log(m / x.mu)
		}
		switch {
		case x.mu == 0:
		case r.alpha == 0:
			sum += x.y*log - (m - x.mu)
		default:
			sum += x.y*log - (x.y+1/r.alpha)*math.Log1p(r.alpha*(m-x.mu)/(1+r.alpha*x.mu))
		}
	}
	return sum
}

// slope and bend are the first two derivatives of gain by the size.
func (r *ratio) slope(terms []term, size float64) (slope, bend float64) {
	if r.g.Change == GLREpidemic {
		for _, x := range terms {
			m := x.mu + size*x.before
			v := m * (1 + r.alpha*m)
			slope += x.before * (x.y - m) / v
			bend -= x.before * x.before * (v + (x.y-m)*(1+2*r.alpha*m)) / (v * v)
		}
		return slope, bend
	}
	factor := math.Exp(size)
	for _, x := range terms {
		m := x.mu * factor
		v := 1 + r.alpha*m
		slope += (x.y - m) / v
		bend -= (1 + r.alpha*x.y) * m / (v * v)
	}
	return slope, bend
}

// best is the size that explains the terms best, in the direction in which the
// gain grows from size 0: Newton's steps from the guess, kept where the slope
// changes its sign.
func (r *ratio) best(terms []term, guess float64) float64 {
	away := 1.0
	if r.g.Dir == GLRDecrease {
		away = -1
	}
	near, far, size := 0.0, math.Inf(1), max(guess*away, 1.0/16)
	for range 200 {
		slope, bend := r.slope(terms, size*away)
		if slope *= away; slope > 0 {
			near = size
		} else {
			far = size
		}
		next := size - slope/bend
		switch {
		case next > near && next < far:
		case math.IsInf(far, 1):
			if next = 2 * size; size > 100 && r.g.Change == GLRIntercept {
				return size * away // no case at all: the lower the better
			}
		default:
			next = near + (far-near)/2
		}
		if math.Abs(next-size) <= 1e-13*next {
			return next * away
		}
		size = next
	}
	return size * away
}

// bound is the count from which on step k alarms; when falls are looked for,
// the count down to which it does, −1 when none is low enough.
func (r *ratio) bound(k int) (float64, Reason) {
	if r.g.Dir == GLRDecrease {
		high := int32(math.Ceil(min(r.mean[k-r.first], 1e9))) + 1
		return float64(search(-1, high, func(y int32) bool { return r.statistic(k, y) < r.g.Bar }) - 1), Judged
	}
	const most = 1 << 30
	if r.g.Theta != nil {
		b := search(-1, most, func(y int32) bool { return r.statistic(k, y) >= r.g.Bar })
		return inRange(b, most)
	}
	least := r.fill(k, 0)
	bound := int32(most)
	if x := r.term(k, k, 0); x.mu == 0 || r.g.Change == GLREpidemic && x.before == 0 {
		return 0, OutOfRange // the count itself says nothing
	}
	var cases, means float64
	for n, x := range r.terms {
		cases, means = cases+x.y, means+x.mu
		alarms := func(y int32) bool {
			r.terms[0].y = float64(y)
			got, _ := r.span(n+1, cases+float64(y), means, 0)
			return got >= r.g.Bar
		}
		// Few spans lower the bound: most are asked once.
		if n+1 >= least && alarms(bound-1) {
			bound = search(-1, bound-1, alarms)
		}
	}
	return inRange(bound, most)
}

func inRange(bound, most int32) (float64, Reason) {
	if bound == most {
		return 0, OutOfRange
	}
	return float64(bound), Judged
}

// search is the least number in (low, high] from which on is holds, high if
// for none below.
func search(low, high int32, is func(int32) bool) int32 {
	for step := int32(1); high-low > step; step *= 2 { // most lie near the low end
		if is(low + step) {
			high = low + step
			break
		}
		low += step
		if step > 1<<28 {
			break
		}
	}
	for high-low > 1 {
		if mid := low + (high-low)/2; is(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}
