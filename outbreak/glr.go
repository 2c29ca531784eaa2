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
	oldest := r.start
	if r.g.Most > 0 {
		oldest = max(oldest, k-r.g.Most)
	}
	best, slope, size := 0.0, 0.0, 0.0
	var cases, means float64
	r.terms = r.terms[:0]
	for t := k; t >= oldest; t-- {
		x := r.term(t, k, y)
		if x.mu > 0 {
			r.terms = append(r.terms, x)
			d, _ := r.slope(r.terms[len(r.terms)-1:], 0)
			slope, cases, means = slope+d, cases+x.y, means+x.mu
		}
		switch {
		case k-t+1 < r.g.Least || x.mu == 0:
		case r.alpha == 0 && r.g.Change == GLRIntercept:
			best = max(best, poissonRatio(cases, means, r.g.Dir))
		case slope != 0 && (slope > 0) == (r.g.Dir == GLRIncrease):
			size = r.best(size)
			best = max(best, r.gain(r.terms, size))
		}
	}
	return best
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
func (r *ratio) best(guess float64) float64 {
	away := 1.0
	if r.g.Dir == GLRDecrease {
		away = -1
	}
	near, far, size := 0.0, math.Inf(1), max(guess*away, 1.0/16)
	for range 200 {
		slope, bend := r.slope(r.terms, size*away)
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

// root finds where f changes its sign between a and b, by the method of
// Ridders with bisection where that fails.
func root(f func(float64) float64, a, b float64) float64 {
	fa, fb := f(a), f(b)
	for range 100 {
		mid := a + (b-a)/2
		fm := f(mid)
		if fm == 0 || math.Abs(b-a) <= 1e-12*(math.Abs(a)+math.Abs(b)) {
			return mid
		}
		x := mid
		if s := math.Sqrt(fm*fm - fa*fb); s > 0 {
			x = mid + (mid-a)*math.Copysign(1, fa-fb)*fm/s
		}
		fx := f(x)
		switch {
		case fx == 0:
			return x
		case (fm > 0) != (fx > 0):
			a, fa, b, fb = mid, fm, x, fx
		case (fa > 0) != (fx > 0):
			b, fb = x, fx
		default:
			a, fa = x, fx
		}
	}
	return a + (b-a)/2
}

// bound is the count from which on step k alarms; when falls are looked for,
// the count down to which it does.
func (r *ratio) bound(k int) (float64, Reason) {
	alarms := func(y int32) bool { return r.statistic(k, y) >= r.g.Bar }
	if r.g.Dir == GLRDecrease {
		if !alarms(0) {
			return -1, Judged // no count is low enough
		}
		high := int32(math.Ceil(min(r.mean[k-r.first], 1e9)))
		return float64(search(0, high, func(y int32) bool { return !alarms(y) }) - 1), Judged
	}
	high := int32(8)
	for !alarms(high) {
		if high > 1<<29 {
			return 0, OutOfRange // no count is an alarm yet: Least steps have not passed
		}
		high *= 2
	}
	return float64(search(-1, high, alarms)), Judged
}

// search is the least number in (low, high] from which on is holds.
func search(low, high int32, is func(int32) bool) int32 {
	for high-low > 1 {
		if mid := low + (high-low)/2; is(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}
