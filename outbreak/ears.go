// SPDX-License-Identifier: Apache-2.0

package outbreak

import "math"

// EARSMethod is a method of the Early Aberration Reporting System of the CDC
// (Hutwagner et al. 2003, J Urban Health 80:i89; Fricker et al. 2008, Stat Med
// 27:3407).
type EARSMethod string

// The methods. EARSC1 compares with the steps just before, EARSC2 leaves two
// steps between, so that an outbreak does not hide itself, EARSC3 adds what the
// two steps before stood above it.
const (
	EARSC1 EARSMethod = "C1"
	EARSC2 EARSMethod = "C2"
	EARSC3 EARSMethod = "C3"
)

// EARS compares a count with mean and standard deviation of a few steps before.
// It needs no past years: for daily and new series.
type EARS struct {
	Method   EARSMethod `json:"method"`
	Baseline int        `json:"baseline"` // steps compared with: 3 or more
	MinSigma float64    `json:"minSigma"` // least standard deviation
	Alpha    float64    `json:"alpha"`    // one-sided level of the normal bound
	// Current lets C3 add the count judged to those of the two steps before,
	// as published. R's earsC, and so the default, adds those two alone and
	// puts its bound as far above the count as they fall short, which alarms
	// one step late.
	Current bool `json:"current"`
	// Offset compares counts in proportion to Series.Pop: visits, or the factor
	// of the day of the week.
	Offset bool `json:"populationOffset"`
	// Poisson takes the standard deviation to be that of a Poisson count at
	// least, as on a day off, whose few counts swing more than those compared
	// with would on its scale.
	Poisson bool `json:"poisson"`
}

// DefaultEARS are the usual settings of a method.
func DefaultEARS(m EARSMethod) EARS {
	e := EARS{Method: m, Baseline: 7, Alpha: 0.001}
	if m == EARSC3 {
		e.Alpha = 0.025
	}
	return e
}

// Name returns "ears".
func (e EARS) Name() string { return "ears" }

// Eval judges steps of a series. A missing count in the steps compared with
// leaves no bound; where the count itself is missing the bound is told.
func (e EARS) Eval(s Series, from, to int, _ *Work, out []Point) error {
	if err := s.check(from, to, out); err != nil {
		return err
	}
	switch {
	case e.Method != EARSC1 && e.Method != EARSC2 && e.Method != EARSC3:
		return badSetting("method", e.Method)
	case e.Baseline < 3:
		return badSetting("baseline", e.Baseline)
	case !(e.MinSigma >= 0) || math.IsInf(e.MinSigma, 1):
		return badSetting("minSigma", e.MinSigma)
	case !(e.Alpha > 0 && e.Alpha < 1):
		return badSetting("alpha", e.Alpha)
	}
	z := normalQuantile(1 - e.Alpha)
	for k := from; k < to; k++ {
		out[k-from] = e.point(s, k, z)
	}
	return nil
}

func (e EARS) point(s Series, k int, z float64) Point {
	p := Point{At: k, Observed: max(s.Count[k], Missing)}
	lag, back := 2, 0 // back: steps before k that C3 looks at too
	switch e.Method {
	case EARSC1:
		lag = 0
	case EARSC3:
		back = 2
	}
	if k-back-lag-e.Baseline < 0 {
		p.Reason = ShortHistory
		return p
	}
	mean, sd, ok := e.moments(s, k-lag, k)
	carried := 0.0 // what the steps before stood above their own bound of one SD
	for i := 1; ok && i <= back; i++ {
		var above float64
		above, ok = e.above(s, k-i)
		carried += above
	}
	if ok && math.IsInf(carried, 1) && sd == 0 {
		ok = false // no scale on which to take off what was carried
	}
	if !ok {
		p.Reason = NoBaseline
		return p
	}
	p.Expected, p.Bound = mean, mean+sd*z
	switch {
	case e.Method != EARSC3:
	case e.Current:
		p.Bound = max(0, mean+sd*(1+z-carried))
	case p.Observed == Missing:
		p.Reason = NoBaseline
		return p
	default:
		p.Bound = max(0, float64(p.Observed)+sd*(z-carried))
	}
	if p.Observed == Missing {
		p.Reason = NotReported
		return p
	}
	if sd > 0 {
		p.Statistic = (float64(p.Observed) - mean) / sd
	}
	p.Alarm = float64(p.Observed) > p.Bound
	return p
}

// above is how far, in standard deviations, a count stood more than one
// standard deviation above the mean of its C2; not ok without counts, or where
// all compared are equal to it.
func (e EARS) above(s Series, k int) (float64, bool) {
	mean, sd, ok := e.moments(s, k-2, k)
	y, known := e.value(s, k, k)
	if !ok || !known {
		return 0, false
	}
	d := y - mean
	if sd == 0 && d == 0 {
		return 0, false
	}
	return max(0, d/sd-1), true
}

// moments are mean and standard deviation of the Baseline steps before k, as
// counts of step at; not ok if one is missing.
func (e EARS) moments(s Series, k, at int) (mean, sd float64, ok bool) {
	n := float64(e.Baseline)
	for t := k - e.Baseline; t < k; t++ {
		y, ok := e.value(s, t, at)
		if !ok {
			return 0, 0, false
		}
		mean += y
	}
	mean /= n
	for t := k - e.Baseline; t < k; t++ {
		y, _ := e.value(s, t, at)
		sd += (y - mean) * (y - mean)
	}
	sd = max(e.MinSigma, math.Sqrt(sd/(n-1)))
	if e.Poisson {
		sd = max(sd, math.Sqrt(mean))
	}
	return mean, sd, true
}

// value is the count of step t, in proportion to step at.
func (e EARS) value(s Series, t, at int) (float64, bool) {
	y := float64(s.Count[t])
	if !e.Offset || s.Pop == nil {
		return y, y >= 0
	}
	if p, q := s.Pop[t], s.Pop[at]; p > 0 && q > 0 && p <= farMean && q <= farMean && q/p <= farMean {
		return y * q / p, y >= 0
	}
	return 0, false
}
