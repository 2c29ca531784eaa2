// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"mach/issue"
	"mach/vn"
)

// DayKind is what kind of day the visits of a day are like.
type DayKind uint8

// The kinds: 0 to 6 are Sunday to Saturday; then days off by law, those of Tết,
// and the first working day after days off.
const (
	DayOff DayKind = 7 + iota
	DayTet
	DayBack
	dayKinds
)

// KindOf returns the kind of a day. A Saturday or Sunday that is worked in
// place of another day is like a Friday.
func KindOf(c *vn.Calendar, d vn.Date) DayKind {
	if h, ok := c.Holiday(d); ok {
		switch {
		case h.Working:
			return DayKind(5)
		case h.Key == "tet":
			return DayTet
		}
		return DayOff
	}
	if c.Working(d) {
		before := d.AddDays(-1)
		for !c.Working(before) && before > d-15 {
			if h, ok := c.Holiday(before); ok && !h.Working {
				return DayBack
			}
			before = before.AddDays(-1)
		}
	}
	return DayKind(d.Weekday())
}

// DayFactors say how many visits each kind of day brings, an average day being 1.
type DayFactors [dayKinds]float64

const (
	factorSpan   = 14  // days on each side that give the level around a day
	factorWeight = 5.0 // visits that a factor of 1, or of a Sunday, counts for
	factorRounds = 8
)

// EstimateDayFactors learns the factors from the days [0, until) of a daily
// series: each kind's visits over those that the level of the weeks around
// would bring. Little data leave a factor near 1; of a day off that was never
// seen the factor is that of Sundays. Use the visits for all reasons: an
// outbreak must not teach what is usual.
func EstimateDayFactors(s Series, c *vn.Calendar, until int) (DayFactors, error) {
	var f DayFactors
	for k := range f {
		f[k] = 1
	}
	if err := s.check(0, until, make([]Point, until)); until > 0 && err != nil {
		return f, err
	}
	if s.Dates == nil || s.Freq != 365 {
		return f, issue.New(issue.Value, "outbreak.series.dates").At("dates")
	}
	kinds := make([]DayKind, until)
	for t := range kinds {
		kinds[t] = KindOf(c, s.Dates[t])
	}
	for range factorRounds {
		var seen, usual DayFactors
		for t, kind := range kinds {
			if s.Count[t] < 0 {
				continue
			}
			var visits, days float64
			for u := max(0, t-factorSpan); u < min(until, t+factorSpan+1); u++ {
				if s.Count[u] >= 0 {
					visits, days = visits+float64(s.Count[u]), days+f[kinds[u]]
				}
			}
			seen[kind] += float64(s.Count[t])
			usual[kind] += visits / days
		}
		week := 0.0
		for k := range DayKind(7) {
			f[k] = (seen[k] + factorWeight) / (usual[k] + factorWeight)
			week += f[k] / 7
		}
		for k := range DayKind(7) {
			f[k] /= week
		}
		for k, like := range map[DayKind]float64{DayOff: f[0], DayTet: f[0], DayBack: f[1]} {
			f[k] = (seen[k]/week + factorWeight*like) / (usual[k] + factorWeight)
		}
	}
	return f, nil
}

// Of returns the factor of each day, as the Pop of a series.
func (f DayFactors) Of(c *vn.Calendar, days []vn.Date) []float64 {
	out := make([]float64, len(days))
	for t, d := range days {
		out[t] = f[KindOf(c, d)]
	}
	return out
}

// SyndromeSource is one of four looks at a syndrome.
type SyndromeSource string

// The sources: EARS C2 and C3 of the counts, a scan that found a cluster here,
// and a second source, which is the share of all visits unless there is
// another (telehealth, medicines sold).
const (
	SourceC2     SyndromeSource = "c2"
	SourceC3     SyndromeSource = "c3"
	SourceScan   SyndromeSource = "scan"
	SourceSecond SyndromeSource = "second"
)

// SyndromeDay is what the sources say of one day. Alarm needs two of them: one
// alone is noise more often than not (surveillance.md, tier 4).
type SyndromeDay struct {
	C2, C3, Share Point // of counts by kind of day, and of shares of visits
	Agree         []SyndromeSource
	Alarm         bool
}

// SyndromeSeries are the visits for one syndrome in one place, by day.
type SyndromeSeries struct {
	Dates  []vn.Date
	Cases  []int32   // visits for the syndrome, Missing when not reported
	Visits []float64 // visits for all reasons
}

// JudgeSyndrome judges day k. Scan says that a scan found a cluster that holds
// the place on the day; second that a source of its own alarms.
func JudgeSyndrome(s SyndromeSeries, f DayFactors, c *vn.Calendar, k int, scan, second bool, w *Work) (SyndromeDay, error) {
	byDay := Series{Freq: 365, Dates: s.Dates, Count: s.Cases, Pop: f.Of(c, s.Dates)}
	byVisits := byDay
	byVisits.Pop = s.Visits
	c2, c3 := DefaultEARS(EARSC2), DefaultEARS(EARSC3)
	// Four weeks to compare with, because days are made alike. Rare syndromes
	// have weeks without a visit: one visit is no alarm then.
	c2.Offset, c2.Poisson, c2.MinSigma, c2.Baseline, c2.Alpha = true, true, 0.5, 28, 0.01
	c3.Offset, c3.Poisson, c3.MinSigma, c3.Baseline, c3.Current = true, true, 0.5, 28, true
	var day SyndromeDay
	for _, look := range []struct {
		ears EARS
		s    Series
		to   *Point
	}{{c2, byDay, &day.C2}, {c3, byDay, &day.C3}, {c2, byVisits, &day.Share}} {
		var out [1]Point
		if err := look.ears.Eval(look.s, k, k+1, w, out[:]); err != nil {
			return day, err
		}
		*look.to = out[0]
	}
	for _, x := range []struct {
		source SyndromeSource
		says   bool
	}{{SourceC2, day.C2.Alarm}, {SourceC3, day.C3.Alarm}, {SourceScan, scan}, {SourceSecond, second || day.Share.Alarm}} {
		if x.says {
			day.Agree = append(day.Agree, x.source)
		}
	}
	day.Alarm = len(day.Agree) >= 2
	return day, nil
}
