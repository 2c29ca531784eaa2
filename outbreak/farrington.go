// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"slices"
)

// Farrington is the classic method (C. P. Farrington et al., J. R. Statist.
// Soc. A 159, 1996): a quasi-Poisson regression on the steps around the same
// step of past years. The names in JSON are those of R's `farrington`.
type Farrington struct {
	Years    int     `json:"b"`        // years looked back
	Half     int     `json:"w"`        // steps on each side of the same step
	Reweight bool    `json:"reweight"` // counts that may be past outbreaks weigh less
	Alpha    float64 `json:"alpha"`    // of the two-sided interval whose upper end is the bound
	Trend    bool    `json:"trend"`    // keep a slope that is significant and harmless
	Least    Least   `json:"limit54"`
	Power    string  `json:"powertrans"` // PowerSkew, PowerVariance or PowerNone
	// Offset takes the population as a factor.
	Offset bool `json:"-"`
	// AsR fits also where there is no verdict, gives none where one of the steps
	// that Least looks at is missing, whatever the others hold, and alarms by
	// R's score. For comparing with R alone.
	AsR bool `json:"-"`
}

// Least are the cases, and the steps up to now in which they must lie, below
// which nothing is judged: few cases are no matter for statistics (Farrington
// et al. 3.8).
type Least [2]int

// The transformations under which a count is taken as normally distributed.
const (
	PowerSkew     = "2/3"  // takes away the skewness
	PowerVariance = "1/2"  // makes the variance constant
	PowerNone     = "none" // none
)

// ClassicFarrington returns the settings of the paper, which are R's defaults.
func ClassicFarrington() Farrington {
	return Farrington{Years: 5, Half: 3, Reweight: true, Alpha: 0.05, Trend: true, Least: Least{5, 4}, Power: PowerSkew}
}

// Name returns "farrington".
func (f Farrington) Name() string { return "farrington" }

// Eval judges steps of a series.
func (f Farrington) Eval(s Series, from, to int, w *Work, out []Point) error {
	if err := s.check(from, to, out); err != nil {
		return err
	}
	if err := checkSettings(f.Years, f.Half, f.Alpha, f.Least, f.Power); err != nil {
		return err
	}
	for k := from; k < to; k++ {
		out[k-from] = f.point(s, k, &w.glm)
	}
	return nil
}

func (f Farrington) point(s Series, k int, g *glm) Point {
	p := begin(s, k, f.Least, f.AsR)
	if p.Reason != Judged && !f.AsR {
		return p
	}
	if reason := f.baseline(s, k, g); reason != Judged {
		p.Reason = reason
		return p
	}
	c, ok := g.forecast(course{years: f.Years, trend: f.Trend, pTrend: 0.05, reweight: f.Reweight, threshold: 1}, 0, s.factor(k, f.Offset))
	if !ok {
		p.Reason = NotConverged
		return p
	}
	c.describe(&p)
	bound := c.powerBound(f.Power, f.Alpha/2)
	p.conclude(c, bound, true)
	return p
}

// baseline gives the regression the steps around the same step of past years,
// as far as the series goes back.
func (f Farrington) baseline(s Series, k int, g *glm) Reason {
	g.reset(1)
	for i := f.Years; i >= 1; i-- {
		at, ok := s.yearsAgo(k, i)
		if !ok {
			return ShortHistory
		}
		for j := max(0, at-f.Half); j <= min(at+f.Half, k-1); j++ {
			s.addTo(g, 0, j, float64(j-k), f.Offset)
		}
	}
	return g.enough(0)
}

// begin starts the point of step k and says whether it can be judged.
func begin(s Series, k int, least Least, asR bool) Point {
	p := Point{At: k, Observed: max(s.Count[k], Missing)}
	recent := s.Count[max(0, k-least[1]+1) : k+1]
	switch {
	case p.Observed == Missing, asR && slices.ContainsFunc(recent, func(y int32) bool { return y < 0 }):
		p.Reason = NotReported
	case s.recent(k, least[1]) < int64(least[0]):
		p.Reason = TooFewCases
	}
	return p
}

// describe writes what the regression found into the point.
func (c forecast) describe(p *Point) {
	p.Expected, p.Dispersion, p.Trend, p.Slope = c.mean, c.phi, c.trend, c.slope
}

// conclude writes the bound, and the alarm if the point is open to one.
func (p *Point) conclude(c forecast, bound float64, ok bool) {
	if !ok || math.IsNaN(bound) || math.IsInf(bound, 0) {
		if p.Reason == Judged {
			p.Reason = OutOfRange
		}
		return
	}
	y := float64(p.Observed)
	p.Bound = bound
	if bound > c.mean {
		p.Statistic = (y - c.mean) / (bound - c.mean)
	}
	p.Alarm = p.Reason == Judged && y > 0 && y > bound
}

// powerBound is the bound under a transformation to normality, with the errors
// of the prediction and of a new count (Farrington et al. 3.7).
func (c forecast) powerBound(power string, alpha float64) float64 {
	z, spread := normalQuantile(1-alpha), c.phi+c.variance/c.mean
	switch power {
	case PowerSkew:
		u := math.Cbrt(c.mean*c.mean) + z*math.Sqrt(4.0/9*math.Cbrt(c.mean)*spread)
		return u * math.Sqrt(u)
	case PowerVariance:
		u := math.Sqrt(c.mean) + z*math.Sqrt(spread/4)
		return u * u
	}
	return c.mean + z*math.Sqrt(c.mean*spread)
}

// powerTail is the probability of the count or more under the transformation.
func (c forecast) powerTail(power string, y float64) float64 {
	spread := c.phi + c.variance/c.mean
	switch power {
	case PowerSkew:
		return normalAbove((math.Cbrt(y*y) - math.Cbrt(c.mean*c.mean)) / math.Sqrt(4.0/9*math.Cbrt(c.mean)*spread))
	case PowerVariance:
		return normalAbove((math.Sqrt(y) - math.Sqrt(c.mean)) / math.Sqrt(spread/4))
	}
	return normalAbove((y - c.mean) / math.Sqrt(c.mean*spread))
}

// chance writes the probability of the count or more.
func (p *Point) chance(v float64) {
	if p.Observed != Missing && !math.IsNaN(v) {
		p.P, p.HasP = v, true
	}
}
