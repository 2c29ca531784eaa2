// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"

	"mach/issue"
)

// Syndrome judges a syndrome by the day (surveillance.md 2, tier 4): visits for
// influenza-like illness, acute watery diarrhoea and so on. Few people come on
// Sundays and nobody at Tết, so counts are first divided by what such a day
// usually has; and an alarm needs two witnesses.
type Syndrome struct {
	Learn int // days that the factors are learnt from: 182
	Skip  int // last days that they are not learnt from: 7
	Least int // cases on the day below which nothing alarms: 3
	Agree int // witnesses needed: 2
}

// UsualSyndrome are the settings of surveillance.md 2.
func UsualSyndrome() Syndrome { return Syndrome{Learn: 182, Skip: 7, Least: 3, Agree: 2} }

// Holiday is the kind of a public holiday, Tết among them; the other kinds are
// the days of the week, Monday 0 to Sunday 6.
const Holiday = 7

// SyndromeDays are a syndrome's visits and all visits, day by day, oldest first;
// Missing where nothing was reported.
type SyndromeDays struct {
	Count, Visits []int32
	Kind          []uint8
}

// SyndromePoint is the verdict on one day. The points' counts are divided by the
// day's factor, in thousandths; C2 and C3 are of the counts, Share is C2 of the
// share among all visits.
type SyndromePoint struct {
	At            int
	Observed      int32
	Factor        float64 // what such a day usually has, over an average day
	Expected      float64 // cases expected on the day: the mean of C2 times Factor
	C2, C3, Share Point
	Witnesses     int // of C2, C3, Share and those told
	Alarm         bool
	Reason        Reason
}

// thousandths keep what division leaves of whole counts.
const thousandths = 1000

// leastSigma is the least standard deviation of an EARS baseline, in cases.
const leastSigma = 0.5

// Eval judges one day. told is how many other witnesses say that something
// rises on that day: a scan, another source.
func (y Syndrome) Eval(d SyndromeDays, day, told int, w *Work) (SyndromePoint, error) {
	n := len(d.Count)
	if len(d.Visits) != n || len(d.Kind) != n || day < 0 || day >= n || told < 0 {
		return SyndromePoint{}, issue.New(issue.Value, "outbreak.series.range").At("day")
	}
	p := SyndromePoint{At: day, Observed: max(d.Count[day], Missing), Factor: 1}
	if p.Observed == Missing {
		p.Reason = NotReported
		return p, nil
	}
	factors, mean := y.factors(d, day)
	p.Factor = factors[d.Kind[day]%(Holiday+1)]
	// A count varies at least as Poisson does, and on a day with few visits the
	// more when it is divided: seven alike days make the eighth no miracle.
	sigma := max(leastSigma, math.Sqrt(mean/p.Factor))
	first := max(0, day-20) // C3 looks eleven days back
	counts, shares := make([]int32, day-first+1), make([]int32, day-first+1)
	usual := y.usualVisits(d, day)
	for i := range counts {
		k := first + i
		counts[i], shares[i] = Missing, Missing
		if d.Count[k] < 0 {
			continue
		}
		counts[i] = scaled(float64(d.Count[k]) / factors[d.Kind[k]%(Holiday+1)])
		if d.Visits[k] > 0 && usual > 0 {
			shares[i] = scaled(float64(d.Count[k]) / float64(d.Visits[k]) * usual)
		}
	}
	for _, m := range []struct {
		method EARSMethod
		counts []int32
		to     *Point
	}{{EARSC2, counts, &p.C2}, {EARSC3, counts, &p.C3}, {EARSC2, shares, &p.Share}} {
		e := DefaultEARS(m.method)
		e.MinSigma, e.Current = sigma*thousandths, true
		var out [1]Point
		if err := e.Eval(Series{Freq: 365, Count: m.counts}, day-first, day-first+1, w, out[:]); err != nil {
			return p, err
		}
		if *m.to = out[0]; out[0].Alarm {
			p.Witnesses++
		}
	}
	p.Witnesses += told
	p.Reason = p.C2.Reason
	p.Expected = p.C2.Expected / thousandths * p.Factor
	p.Alarm = p.Witnesses >= y.Agree && int(p.Observed) >= y.Least
	return p, nil
}

func scaled(x float64) int32 { return int32(math.Round(min(x*thousandths, math.MaxInt32/2))) }

// factors are what a day of each kind has over an average day, and the count of
// an average day. A kind that was met on fewer than three days is an average
// day; a first Tết is a Sunday.
func (y Syndrome) factors(d SyndromeDays, day int) ([Holiday + 1]float64, float64) {
	var sum, days [Holiday + 1]float64
	all, n := 0.0, 0.0
	for k := max(0, day-y.Learn-y.Skip); k < day-y.Skip; k++ {
		if d.Count[k] >= 0 {
			kind := d.Kind[k] % (Holiday + 1)
			sum[kind] += float64(d.Count[k])
			days[kind]++
			all += float64(d.Count[k])
			n++
		}
	}
	var out [Holiday + 1]float64
	for kind := range out {
		if out[kind] = 1; kind == Holiday {
			out[kind] = out[6]
		}
		// Half a case more on either side: a kind that never had one is not impossible.
		if days[kind] >= 3 {
			out[kind] = (sum[kind] + 0.5) / days[kind] / ((all + 0.5) / n)
		}
		out[kind] = max(out[kind], 0.1)
	}
	return out, all / max(n, 1)
}

// usualVisits is the mean of the days learnt from on which anybody came.
func (y Syndrome) usualVisits(d SyndromeDays, day int) float64 {
	sum, n := 0.0, 0.0
	for k := max(0, day-y.Learn-y.Skip); k < day-y.Skip; k++ {
		if d.Visits[k] > 0 {
			sum += float64(d.Visits[k])
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
