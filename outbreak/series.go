// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"mach/issue"
	"mach/vn"
)

// Series are the counts of one disease in one place in equal steps of time,
// oldest first. Detectors only read them, so many series may share Dates and Pop.
type Series struct {
	// Freq is the number of steps in a year: 52 for weeks, 12 for months, 365
	// for days.
	Freq int
	// Dates are the first days of the steps. Then "a year ago" is the same
	// calendar date, so that weeks 53 and leap days fall right. Nil: a year ago
	// is Freq steps ago.
	Dates []vn.Date
	// Count is what was seen in each step; Missing (any negative number) is
	// not known, which is no zero.
	Count []int32
	// Pop are the people at risk, or the visits, or any other measure that the
	// counts are in proportion to. Nil: constant.
	Pop []float64
}

// Missing is the count of a step nobody reported.
const Missing int32 = -1

// Reason says why a point has no bound.
type Reason uint8

// The reasons. A Judged point alone has a bound that counts and may alarm.
const (
	Judged       Reason = iota
	NotReported         // the count itself is missing
	ShortHistory        // the steps that the method looks back on are not there
	NoBaseline          // they are there, but too few of them hold counts
	TooFewCases         // fewer recent cases than the method's least: not alarming, not fitted unless asked
	NotConverged        // the regression found no answer, as over a baseline without cases
	OutOfRange          // the numbers left the range in which the quantiles are computed
)

var reasons = [...]string{"judged", "not-reported", "short-history", "no-baseline", "too-few-cases", "not-converged", "out-of-range"}

// String gives the reason as the words of the catalogue are keyed.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return "unknown"
}

// Point is what a detector says about one step. Numbers that a method does not
// have, or did not come to, are 0; none is ever NaN or infinite.
type Point struct {
	At       int    // index into Series.Count
	Observed int32  // the count, Missing when not reported
	Reason   Reason // why there is no bound; Judged when there is one
	Alarm    bool   // above the bound, by the method's own rule

	Expected   float64 // mean expected when nothing happens
	Bound      float64 // the highest count that is nothing unusual
	Dispersion float64 // variance / mean, 1 or more
	P          float64 // probability of the count or more when nothing happens; 0 with HasP false when not computed
	HasP       bool
	// Plugin is the mean that the quantile was taken of (Noufaily: "nbPlugin"
	// takes the expected mean, "muan" its upper limit).
	Plugin float64
	Trend  bool    // the regression kept its slope
	Slope  float64 // of the logarithm, a step
	// Statistic is what the method adds up or ranks by: the exceedance score
	// (y−µ)/(U−µ) of the Farringtons, C of CUSUM, the likelihood ratio of GLR.
	Statistic float64
}

// Detector judges steps [from, to) of a series, 0-based, into out, which must
// hold to−from points. The same series, settings and range give the same
// points bit for bit, whatever the Work held before. An error means settings
// or a range that cannot be; what the data lack is said by Point.Reason.
type Detector interface {
	Name() string
	Eval(s Series, from, to int, w *Work, out []Point) error
}

// Work is the scratch memory of a detector. The zero value is ready; it grows
// to the longest series it met, and then a fit allocates nothing. It must not
// be used from two goroutines at once.
type Work struct {
	glm  glm
	buf  []float64
	rate []float64
}

// rates returns n numbers of any content beside floats.
func (w *Work) rates(n int) []float64 {
	if cap(w.rate) < n {
		w.rate = make([]float64, n+n/2)
	}
	return w.rate[:n]
}

// floats returns n numbers of any content, valid until the next call.
func (w *Work) floats(n int) []float64 {
	if cap(w.buf) < n {
		w.buf = make([]float64, n+n/2)
	}
	return w.buf[:n]
}

// check refuses a series that contradicts itself and a range outside of it.
func (s Series) check(from, to int, out []Point) error {
	n := len(s.Count)
	switch {
	case s.Freq < 1:
		return issue.New(issue.Value, "outbreak.series.freq").At("freq")
	case s.Dates != nil && len(s.Dates) != n:
		return issue.New(issue.Invariant, "outbreak.series.dates").At("dates")
	case s.Pop != nil && len(s.Pop) != n:
		return issue.New(issue.Invariant, "outbreak.series.population").At("population")
	case from < 0 || to < from || to > n || len(out) < to-from:
		return issue.New(issue.Value, "outbreak.series.range").At("from")
	}
	return nil
}

// recent sums the counts of the n steps that end with step k; missing counts
// add nothing.
func (s Series) recent(k, n int) int64 {
	var sum int64
	for i := max(0, k-n+1); i <= k; i++ {
		sum += int64(max(s.Count[i], 0))
	}
	return sum
}
