// SPDX-License-Identifier: Apache-2.0

package outbreak

import "math"

// FarringtonFlexible is the method of Noufaily et al. (Stat Med 32, 2013), the
// weekly detector of England and Wales: all weeks of the past years, with a
// factor of Levels periods for the season, the last weeks left out. The names
// in JSON are those of R's `farringtonFlexible`.
type FarringtonFlexible struct {
	Years     int     `json:"b"`
	Half      int     `json:"w"`
	Levels    int     `json:"noPeriods"`            // 1: the windows of the classic method alone
	Skip      int     `json:"pastWeeksNotIncluded"` // last steps left out; negative: as many as Half
	Reweight  bool    `json:"reweight"`
	Threshold float64 `json:"weightsThreshold"`
	Alpha     float64 `json:"alpha"` // one-sided
	Trend     bool    `json:"trend"`
	TrendP    float64 `json:"pThresholdTrend"`
	Least     Least   `json:"limit54"`
	Power     string  `json:"powertrans"`
	Offset    bool    `json:"populationOffset"`
	BoundBy   string  `json:"thresholdMethod"` // BoundDelta, BoundPlugin or BoundMuan
	AsR       bool    `json:"-"`               // as for Farrington
}

// The ways to the bound.
const (
	BoundDelta  = "delta"    // normal after a power transformation, with both errors
	BoundPlugin = "nbPlugin" // quantile of a negative binomial with the mean fitted
	BoundMuan   = "muan"     // the same with the upper limit of the mean
)

// Noufaily returns the settings of the paper: ten periods, 26 weeks left out,
// the slope always kept, the quantile of the negative binomial.
func Noufaily() FarringtonFlexible {
	f := DefaultFlexible()
	f.Levels, f.Skip, f.TrendP, f.Alpha, f.BoundBy = 10, 26, 1, 0.005, BoundPlugin
	return f
}

// DefaultFlexible returns the settings that R takes for those not said.
func DefaultFlexible() FarringtonFlexible {
	return FarringtonFlexible{Years: 5, Half: 3, Levels: 1, Skip: -1, Reweight: true, Threshold: 2.58, Alpha: 0.05,
		Trend: true, TrendP: 0.05, Least: Least{5, 4}, Power: PowerSkew, BoundBy: BoundDelta}
}

// Name returns "farringtonFlexible".
func (f FarringtonFlexible) Name() string { return "farringtonFlexible" }

// Eval judges steps of a series.
func (f FarringtonFlexible) Eval(s Series, from, to int, w *Work, out []Point) error {
	if err := s.check(from, to, out); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	for k := from; k < to; k++ {
		out[k-from] = f.point(s, k, &w.glm)
	}
	return nil
}

func (f FarringtonFlexible) check() error {
	switch {
	case f.Levels < 1 || f.Levels > 400:
		return badSetting("noPeriods", f.Levels)
	case !(f.Threshold > 0):
		return badSetting("weightsThreshold", f.Threshold)
	case math.IsNaN(f.TrendP):
		return badSetting("pThresholdTrend", f.TrendP)
	case f.BoundBy != BoundDelta && f.BoundBy != BoundPlugin && f.BoundBy != BoundMuan:
		return badSetting("thresholdMethod", f.BoundBy)
	}
	return checkSettings(f.Years, f.Half, f.Alpha, f.Least, f.Power)
}

func (f FarringtonFlexible) point(s Series, k int, g *glm) Point {
	p := begin(s, k, f.Least, f.AsR)
	if p.Reason != Judged && !f.AsR {
		return p
	}
	if reason := f.baseline(s, k, g); reason != Judged {
		p.Reason = reason
		return p
	}
	c, ok := g.forecast(course{years: f.Years, trend: f.Trend, pTrend: f.TrendP, reweight: f.Reweight,
		threshold: f.Threshold, looseError: true}, f.Levels-1, s.factor(k, f.Offset))
	if !ok {
		p.Reason = NotConverged
		return p
	}
	c.describe(&p)
	f.bound(&p, c)
	return p
}

// bound takes the bound and the probability from the forecast.
func (f FarringtonFlexible) bound(p *Point, c forecast) {
	y := float64(p.Observed)
	if f.BoundBy == BoundDelta {
		p.chance(c.powerTail(f.Power, y))
		p.conclude(c, c.powerBound(f.Power, f.Alpha), true)
		return
	}
	d := counts{mean: c.mean, phi: c.phi}
	if f.BoundBy == BoundMuan {
		d.mean = math.Exp(c.eta + normalQuantile(1-f.Alpha)*c.etaError)
	}
	if d.valid() {
		p.Plugin = d.mean
		p.chance(d.atLeast(y))
	}
	bound, ok := d.quantile(f.Alpha)
	p.conclude(c, bound, ok)
	if f.AsR && ok && bound < c.eta {
		// R's score sets counts against the logarithm of the mean.
		p.Alarm = p.Reason == Judged && y > 0 && (y-c.eta)/(bound-c.eta) > 1
	}
}

// baseline gives the regression the steps from the oldest window on: those in a
// window around the same step of a year have the last level, those between two
// windows are cut into the others (surveillance.md 4, steps 1 to 3).
func (f FarringtonFlexible) baseline(s Series, k int, g *glm) Reason {
	g.reset(f.Levels)
	last, skip := f.Levels-1, f.Skip
	if skip < 0 {
		skip = f.Half
	}
	end := k - skip // the first step that is left out
	at, ok := s.yearsAgo(k, f.Years)
	if !ok || at-f.Half < -1 { // R bears that the first step of all is not there
		return ShortHistory
	}
	for i := f.Years; i >= 1; i-- {
		next, ok := s.yearsAgo(k, i-1)
		if !ok {
			return ShortHistory
		}
		for j := max(0, at-f.Half); j <= at+f.Half && j < end; j++ {
			s.addTo(g, last, j, f.time(s, j, k), f.Offset)
		}
		if last > 0 {
			f.between(s, at+f.Half+1, next-f.Half, end, k, g)
		}
		at = next
	}
	for j := k - f.Half; j < end; j++ { // the window around k itself
		s.addTo(g, last, j, f.time(s, j, k), f.Offset)
	}
	return g.enough(last)
}

// between cuts [from, to) into the levels of the season, the first of them one
// step longer where the length is no multiple, and adds what lies before end.
func (f FarringtonFlexible) between(s Series, from, to, end, k int, g *glm) {
	blocks := f.Levels - 1
	short, longer := (to-from)/blocks, (to-from)%blocks
	for level := range blocks {
		length := short
		if level < longer {
			length++
		}
		for range length {
			if from < end {
				s.addTo(g, level, from, f.time(s, from, k), f.Offset)
			}
			from++
		}
	}
}

// time is the time of step j as seen from k, in steps. Months differ in length:
// with dates they count as days over the length of the first.
func (f FarringtonFlexible) time(s Series, j, k int) float64 {
	if s.Freq != 12 || s.Dates == nil {
		return float64(j - k)
	}
	return float64(s.Dates[j]-s.Dates[k]) / float64(s.Dates[1]-s.Dates[0])
}
