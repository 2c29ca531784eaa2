// SPDX-License-Identifier: Apache-2.0

package outbreak

import "math"

// CUSUMTransform makes a Poisson count nearly standard normal.
type CUSUMTransform string

// The transforms: (y−µ)/√µ; that of Rossi et al. 1999 (Stat Med 18:2111); that
// of Anscombe.
const (
	CUSUMStandard CUSUMTransform = "standard"
	CUSUMRossi    CUSUMTransform = "rossi"
	CUSUMAnscombe CUSUMTransform = "anscombe"
)

// CUSUM adds up what counts stand above their mean, less K each step, and
// alarms from H on: for rises too slow for a bound on one count. The mean is
// that of all steps before the first one judged.
type CUSUM struct {
	K         float64        `json:"k"`
	H         float64        `json:"h"`
	Transform CUSUMTransform `json:"trans"`
	// Reset begins from nothing after an alarm; otherwise an outbreak alarms
	// until the sum has worn off.
	Reset bool `json:"reset"`
}

// DefaultCUSUM are the settings of Rossi et al.: a false alarm in about 500
// steps, a doubled mean found in 7.
func DefaultCUSUM() CUSUM { return CUSUM{K: 1.04, H: 2.26, Transform: CUSUMStandard} }

// Name returns "cusum".
func (c CUSUM) Name() string { return "cusum" }

// Eval judges steps of a series, the sum being 0 before the first of them. The
// bound is the count that would have reached H. A missing count leaves the sum
// as it is; where nothing was ever counted before there is no scale.
func (c CUSUM) Eval(s Series, from, to int, _ *Work, out []Point) error {
	if err := s.check(from, to, out); err != nil {
		return err
	}
	switch {
	case !(c.K >= 0 && c.K <= farMean):
		return badSetting("k", c.K)
	case !(c.H > 0 && c.H <= farMean):
		return badSetting("h", c.H)
	case c.Transform != CUSUMStandard && c.Transform != CUSUMRossi && c.Transform != CUSUMAnscombe:
		return badSetting("trans", c.Transform)
	}
	mean, n := meanOf(s.Count[:from])
	total := 0.0
	for k := from; k < to; k++ {
		p := &out[k-from]
		*p = Point{At: k, Observed: max(s.Count[k], Missing), Expected: mean}
		switch {
		case n == 0:
			p.Reason = ShortHistory
			continue
		case mean == 0:
			p.Reason = NoBaseline
			continue
		}
		p.Bound = c.Transform.count(c.H+c.K-total, mean)
		if p.Observed == Missing {
			p.Reason, p.Statistic = NotReported, total
			continue
		}
		total = max(0, total+c.Transform.of(float64(p.Observed), mean)-c.K)
		p.Statistic, p.Alarm = total, total >= c.H
		if p.Alarm && c.Reset {
			total = 0
		}
	}
	return nil
}

// of is the transformed count.
func (t CUSUMTransform) of(y, mean float64) float64 {
	switch t {
	case CUSUMRossi:
		return (y - 3*mean + 2*math.Sqrt(y*mean)) / (2 * math.Sqrt(mean))
	case CUSUMAnscombe:
		return 1.5 * (math.Cbrt(y*y) - math.Cbrt(mean*mean)) / math.Pow(mean, 1.0/6)
	}
	return (y - mean) / math.Sqrt(mean)
}

// count is the count whose transform is z, the next whole one for the standard
// transform as in R; 0 when no count is so low. Of Rossi's two roots R takes
// the square of the lower one too when z is very low, and so do we.
func (t CUSUMTransform) count(z, mean float64) float64 {
	root := math.Sqrt(mean)
	switch t {
	case CUSUMRossi:
		d := 4*mean + 2*root*z
		if d < 0 {
			return 0
		}
		r := math.Sqrt(d) - root
		return r * r
	case CUSUMAnscombe:
		return math.Pow(max(0, math.Cbrt(mean*mean)+z*math.Pow(mean, 1.0/6)/1.5), 1.5)
	}
	return max(0, math.Ceil(mean+root*z))
}

// meanOf is the mean of the counts that are known, and their number.
func meanOf(y []int32) (mean float64, n int) {
	for _, c := range y {
		if c >= 0 {
			mean += float64(c)
			n++
		}
	}
	if n > 0 {
		mean /= float64(n)
	}
	return mean, n
}
