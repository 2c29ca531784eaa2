// SPDX-License-Identifier: Apache-2.0

package outbreak

import "mach/vn"

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

// EstimateDayFactors learns the factors from days in a row with their visits,
// Missing when not reported: each kind's visits over those that the level of the
// weeks around would bring. Little data leave a factor near 1; of a day off that
// was never seen the factor is that of Sundays. Use the visits for all reasons:
// an outbreak must not teach what is usual.
func EstimateDayFactors(visits []int32, kinds []DayKind) DayFactors {
	var f DayFactors
	for k := range f {
		f[k] = 1
	}
	// Sums up to each day: of visits, and of the factors of the days reported.
	sum, days := make([]float64, len(visits)+1), make([]float64, len(visits)+1)
	for t, n := range visits {
		sum[t+1] = sum[t] + float64(max(n, 0))
	}
	for range factorRounds {
		for t, n := range visits {
			days[t+1] = days[t]
			if n >= 0 {
				days[t+1] += f[kinds[t]]
			}
		}
		var seen, usual DayFactors
		for t, n := range visits {
			if n < 0 {
				continue
			}
			from, to := max(0, t-factorSpan), min(len(visits), t+factorSpan+1)
			seen[kinds[t]] += float64(n)
			usual[kinds[t]] += (sum[to] - sum[from]) / (days[to] - days[from])
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
	return f
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
	// Chance is the probability of so many visits or more when nothing happens,
	// by whichever of counts and shares finds them more usual; 1 where either
	// was not judged.
	Chance float64
}

// SyndromeSeries are the visits for one syndrome in one place on the days on
// which it reported, ascending: a day without any visit is no day of it, for a
// closed door is no zero.
type SyndromeSeries struct {
	Dates  []vn.Date
	Kinds  []DayKind // of the days
	Cases  []int32   // visits for the syndrome
	Visits []float64 // visits for all reasons
}

// SyndromeBaseline is how many days a day is compared with. The first day that
// is judged has that many and four more before it.
const SyndromeBaseline = 28

// JudgeSyndrome judges day k. Scan says that a scan found a cluster that holds
// the place on the day; second that a source of its own alarms.
func JudgeSyndrome(s SyndromeSeries, f DayFactors, k int, scan, second bool, w *Work) (SyndromeDay, error) {
	byDay := Series{Freq: 365, Dates: s.Dates, Count: s.Cases, Pop: make([]float64, len(s.Kinds))}
	for t, kind := range s.Kinds {
		byDay.Pop[t] = f[kind]
	}
	byVisits := byDay
	byVisits.Pop = s.Visits
	c2, c3 := DefaultEARS(EARSC2), DefaultEARS(EARSC3)
	// Four weeks to compare with, because days are made alike. Rare syndromes
	// have weeks without a visit: one visit is no alarm then.
	c2.Offset, c2.Poisson, c2.MinSigma, c2.Baseline, c2.Alpha = true, true, 0.5, SyndromeBaseline, 0.01
	c3.Offset, c3.Poisson, c3.MinSigma, c3.Baseline, c3.Current = true, true, 0.5, SyndromeBaseline, true
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
	day.Chance = max(chance(byDay, k), chance(byVisits, k))
	return day, nil
}

// leastDispersion is that of visits for a syndrome: households come together.
const leastDispersion = 1.2

// chance is the probability of the count of step k or more: negative binomial,
// with the rate of the steps that C2 compares with and, as Jeffreys would have
// it, half a case more; dispersed as they are, and as an unknown rate is, at
// least. 1 where they are not there.
func chance(s Series, k int) float64 {
	from, to := k-2-SyndromeBaseline, k-2
	if from < 0 || s.Count[k] < 0 || !(s.Pop[k] > 0) {
		return 1
	}
	cases, pop := 0.5, 0.0
	for t := from; t < to; t++ {
		if s.Count[t] < 0 || !(s.Pop[t] > 0) {
			return 1
		}
		cases, pop = cases+float64(s.Count[t]), pop+s.Pop[t]
	}
	rate, pearson := cases/pop, 0.0
	for t := from; t < to; t++ {
		d := float64(s.Count[t]) - rate*s.Pop[t]
		pearson += d * d / (rate * s.Pop[t])
	}
	d := counts{rate * s.Pop[k], max(leastDispersion, 1+s.Pop[k]/pop, pearson/(SyndromeBaseline-1))}
	if !d.valid() || d.mean > farMean {
		return 1
	}
	return d.atLeast(float64(s.Count[k]))
}
