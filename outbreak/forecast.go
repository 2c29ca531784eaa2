// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"slices"

	"mach/issue"
	"mach/vn"
)

// course says how a Farrington method comes from a baseline to a forecast.
type course struct {
	years     int
	trend     bool
	pTrend    float64 // p-value under which a slope is kept
	reweight  bool
	threshold float64 // residual above which a count weighs less
	// looseError takes the error of the mean from the dispersion in which the
	// weights of the points stand for those of the regression, as
	// `farringtonFlexible` does after reweighting.
	looseError bool
}

// forecast is what the regression expects now.
type forecast struct {
	mean     float64
	eta      float64 // ln mean
	etaError float64 // its standard error
	variance float64 // of the mean
	phi      float64 // dispersion, 1 or more
	trend    bool
	slope    float64
}

// forecast fits the baseline, takes away a slope that is not wanted, and
// predicts time 0 in a level (surveillance.md 4, steps 4 to 9).
func (g *glm) forecast(c course, level int, factor float64) (forecast, bool) {
	if !(factor > 0) {
		return forecast{}, false
	}
	f, ok := g.attempt(c, c.trend, level, factor)
	if ok && f.trend && !g.keepsTrend(c, f) {
		f, ok = g.attempt(c, false, level, factor)
	}
	return f, ok
}

func (g *glm) attempt(c course, trend bool, level int, factor float64) (forecast, bool) {
	for i := range g.points {
		g.points[i].prior = 1
	}
	if !g.fitOrFlat(trend) {
		return forecast{}, false
	}
	if len(g.points) <= g.rank { // nothing left to tell chance from
		if g.trend {
			return g.attempt(c, false, level, factor)
		}
		return forecast{}, false
	}
	working, loose := g.dispersions()
	if c.reweight {
		g.reweight(max(1, working), c.threshold)
		if !g.fitOrFlat(g.trend) {
			return forecast{}, false
		}
		working, loose = g.dispersions()
	}
	phi := max(1, working)
	errorPhi := phi
	g.trendPhi = working
	if c.looseError {
		if c.reweight {
			g.trendPhi = loose
		}
		errorPhi = g.trendPhi
	}
	f := forecast{eta: g.coef[level], phi: phi, trend: g.trend, slope: g.slope}
	f.mean = max(leastMu, math.Exp(f.eta)*factor)
	f.eta += math.Log(factor)
	f.etaError = math.Sqrt(errorPhi * g.leverage(level, 0))
	f.variance = f.mean * f.mean * f.etaError * f.etaError
	return f, !math.IsNaN(f.mean+f.etaError+phi) && !math.IsInf(f.mean, 0)
}

// fitOrFlat fits, and without a slope when it does not converge with one.
func (g *glm) fitOrFlat(trend bool) bool { return g.fit(trend) || trend && g.fit(false) }

// leastSlope and leastPhi are rounding alone, as over counts that are all the
// same.
const (
	leastSlope = 1e-12
	leastPhi   = 1e-20
)

// keepsTrend reports whether a slope stays: three years at least, significant,
// and no forecast above everything seen (Farrington et al. 3.3).
func (g *glm) keepsTrend(c course, f forecast) bool {
	if c.years < 3 || math.Abs(f.slope) < leastSlope && g.trendPhi < leastPhi {
		return false
	}
	most := 0.0
	for i := range g.points {
		most = max(most, g.points[i].y)
	}
	t := f.slope / math.Sqrt(g.trendPhi/g.spread)
	return f.mean <= most && studentTwoSided(t, float64(len(g.points)-g.rank)) < c.pTrend
}

// studentTwoSided is the probability of |T| ≥ |t| in Student's distribution.
func studentTwoSided(t, free float64) float64 {
	if free <= 0 {
		return 1
	}
	x, rest, a, b := free/(free+t*t), t*t/(free+t*t), free/2, 0.5
	front := math.Exp(lgamma(a+b) - lgamma(a) - lgamma(b) + a*math.Log(x) + b*math.Log(rest))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(a, b, x) / a
	}
	return 1 - front*betaFraction(b, a, rest)/b
}

// addTo gives the regression step j of a baseline, at a time in steps. Missing
// counts are left out.
func (s Series) addTo(g *glm, level, j int, time float64, offset bool) {
	pop := s.factor(j, offset)
	if s.Count[j] >= 0 && pop > 0 {
		g.add(level, s.Count[j], time, pop)
	}
}

// factor is the population at step k where it is an offset, else 1.
func (s Series) factor(k int, offset bool) float64 {
	if !offset || s.Pop == nil {
		return 1
	}
	return s.Pop[k]
}

// yearsAgo is the step a number of years before k; negative when it lies before
// the series, and not ok when the dates have a hole there. With dates it holds
// the same calendar date, for weeks moved to the nearest day that is the same
// day of the week; 29 February becomes 1 March.
func (s Series) yearsAgo(k, years int) (at int, ok bool) {
	if s.Dates == nil {
		return k - years*s.Freq, true
	}
	year, month, day := s.Dates[k].Date()
	date := vn.NewDate(year-years, month, day)
	if !date.Known() {
		date = vn.NewDate(year-years, 3, 1)
	}
	step := 1
	switch s.Freq {
	case 52:
		step = 7
		shift := (int(s.Dates[k]-date)%7 + 7) % 7
		if shift > 3 {
			shift -= 7
		}
		date = date.AddDays(shift)
	case 365:
	default:
		return k - years*s.Freq, true
	}
	if date < s.Dates[0] {
		return -int(s.Dates[0]-date) / step, true
	}
	return slices.BinarySearch(s.Dates, date)
}

// enough reports whether the baseline can carry a regression that is asked for
// the level.
func (g *glm) enough(level int) Reason {
	for _, run := range g.runs {
		if run.level == level && len(g.points) > 1 {
			return Judged
		}
	}
	return NoBaseline
}

func checkSettings(years, half int, alpha float64, least Least, power string) error {
	switch {
	case years < 1 || years > 50:
		return badSetting("b", years)
	case half < 0 || half > 200:
		return badSetting("w", half)
	case !(alpha > 0 && alpha < 1):
		return badSetting("alpha", alpha)
	case least[1] < 0:
		return badSetting("limit54", least)
	case power != PowerSkew && power != PowerVariance && power != PowerNone:
		return badSetting("powertrans", power)
	}
	return nil
}

func badSetting(name string, value any) error {
	return issue.New(issue.Value, "outbreak.setting", value, name).At(name)
}
