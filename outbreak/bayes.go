// SPDX-License-Identifier: Apache-2.0

package outbreak

// BayesNB compares a count with the few counts around it and around the same
// step of past years: these are Poisson with a mean unknown before (Jeffreys'
// prior), so that the next count is negative binomial (Riebler 2004; Höhle
// 2007, Comput Stat 22:571). It holds for rare diseases, where a regression
// finds nothing to fit.
type BayesNB struct {
	Years   int     `json:"b"`    // past years compared with, 0 or more
	Half    int     `json:"w"`    // steps before, and each side of the step in past years
	Current bool    `json:"actY"` // compare with the Half steps just before too
	Alpha   float64 `json:"alpha"`
}

// DefaultBayesNB compares with the six steps before.
func DefaultBayesNB() BayesNB { return BayesNB{Half: 6, Current: true, Alpha: 0.05} }

// Name returns "bayes-nb".
func (b BayesNB) Name() string { return "bayes-nb" }

// Eval judges steps of a series. Missing counts are not compared with; where
// the count itself is missing the bound is told.
func (b BayesNB) Eval(s Series, from, to int, _ *Work, out []Point) error {
	if err := s.check(from, to, out); err != nil {
		return err
	}
	switch {
	case b.Years < 0 || b.Years > 100:
		return badSetting("b", b.Years)
	case b.Half < 0 || b.Half > s.Freq:
		return badSetting("w", b.Half)
	case b.Years == 0 && (!b.Current || b.Half == 0):
		return badSetting("actY", b.Current)
	case !(b.Alpha > 0 && b.Alpha < 1):
		return badSetting("alpha", b.Alpha)
	}
	for k := from; k < to; k++ {
		out[k-from] = b.point(s, k)
	}
	return nil
}

func (b BayesNB) point(s Series, k int) Point {
	p := Point{At: k, Observed: max(s.Count[k], Missing)}
	oldest := k - b.Years*s.Freq - b.Half
	if b.Years == 0 {
		oldest = k - b.Half
	}
	if oldest < 0 {
		p.Reason = ShortHistory
		return p
	}
	var n, cases float64
	add := func(from, to int) {
		for _, c := range s.Count[from:to] {
			if c >= 0 {
				n++
				cases += float64(c)
			}
		}
	}
	if b.Current {
		add(k-b.Half, k)
	}
	for i := 1; i <= b.Years; i++ {
		at := k - i*s.Freq
		add(at-b.Half, min(at+b.Half+1, k))
	}
	if n == 0 {
		p.Reason = NoBaseline
		return p
	}
	next := counts{mean: (cases + 0.5) / n, phi: (n + 1) / n}
	bound, ok := next.quantile(b.Alpha)
	if !ok {
		p.Reason = OutOfRange
		return p
	}
	p.Expected, p.Dispersion, p.Bound = next.mean, next.phi, bound
	if p.Observed == Missing {
		p.Reason = NotReported
		return p
	}
	p.P, p.HasP = next.atLeast(float64(p.Observed)), true
	p.Alarm = float64(p.Observed) > bound
	return p
}
