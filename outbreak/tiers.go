// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"slices"
)

// class is what became of a series in a week; it is kept for every series.
type class uint8

const (
	classElsewhere class = iota // a syndrome, judged by the day
	classSilent
	classGated
	classShort
	classFailed
	classFitted
)

// judged is a series that a method came to a point for.
type judged struct {
	place  int32
	foci   int32
	tier   Tier
	method string
	window int     // weeks that the evidence is strongest over
	chance float64 // see Finding.Chance
	Point
}

// scratch is the memory of one thread: that of the detectors, and the counts of
// the series that is being judged.
type scratch struct {
	Work
	of     series
	filled bool
	counts []int32
}

// judge judges one series in one week (surveillance.md 2). ok is false when no
// method came to a point, and class says why.
func (n *Nation) judge(disease, place, week int, w *scratch) (j judged, c class) {
	d := &n.catalogue.Diseases[disease]
	if d.Daily {
		return j, classElsewhere
	}
	count := func(at int) int32 { return n.count(disease, place, at) }
	observed := count(week)
	if observed == Missing {
		return j, classSilent
	}
	j.place, j.foci = int32(place), n.focusCases(disease, place, week)
	commune := place < len(n.catalogue.Communes)
	if d.Immediate && commune {
		if observed == 0 {
			return j, classGated
		}
		j.tier, j.method = TierImmediate, MethodRule
		j.Point = Point{At: week, Observed: observed, Alarm: true, Dispersion: 1}
		j.window, j.chance = 1, leastP
		return j, classFitted
	}
	set := &d.Settings
	recent := 0
	for at := max(0, week-set.GateWeeks+1); at <= week; at++ {
		recent += int(max(count(at), 0))
	}
	if recent < set.GateCases {
		if j.tier = TierRare; commune || observed == 0 {
			return j, classGated
		}
		return n.rare(j, disease, week, 0, w)
	}
	return n.frequent(j, disease, week, w)
}

// rare compares with the weeks just before and, where a regression found
// nothing to fit, with the same weeks of past years.
func (n *Nation) rare(j judged, disease, week, years int, w *scratch) (judged, class) {
	set := &n.catalogue.Diseases[disease].Settings
	j.method = MethodBayes
	return n.by(BayesNB{Years: years, Half: set.RareWeeks, Current: years == 0, Alpha: set.RareAlpha}, j, disease, week, years*(2*set.RareWeeks+1), w)
}

// frequent fits what the history allows: five years with a trend, fewer than
// MinYears without one, none at all by the rule for rare diseases.
func (n *Nation) frequent(j judged, disease, week int, w *scratch) (judged, class) {
	d := &n.catalogue.Diseases[disease]
	f := Noufaily()
	f.Years = n.years(disease, int(j.place), week, f.Half, w)
	f.Least = Least{d.Settings.GateCases, d.Settings.GateWeeks}
	f.Alpha = d.Settings.AlphaAbove
	if int(j.place) < len(n.catalogue.Communes) {
		f.Alpha = d.Settings.AlphaCommune
	}
	if j.tier = TierShort; f.Years == 0 {
		return n.rare(j, disease, week, 0, w)
	}
	switch f.Trend = f.Years >= d.Settings.MinYears; {
	case f.Trend && d.Wave:
		j.tier = TierWave
	case f.Trend:
		j.tier = TierFrequent
	}
	j.method = MethodFarrington
	got, c := n.by(f, j, disease, week, f.Years*(2*f.Half+1), w)
	if c != classFitted {
		return n.rare(j, disease, week, f.Years, w)
	}
	if j.tier == TierWave && int(j.place) >= len(n.catalogue.Communes) {
		got = n.rise(got, disease, week, w)
	}
	return got, c
}

// waveWeeks is how far back a wave may have begun.
const waveWeeks = 13

// rise asks of a disease that comes in waves whether counts have been rising
// slowly, which no week shows by itself: the generalised likelihood ratio over
// the last quarter, against the season of the years before. It replaces the
// weekly answer when that does not alarm.
func (n *Nation) rise(j judged, disease, week int, w *scratch) judged {
	if j.Alarm || week < waveWeeks {
		return j
	}
	g := DefaultGLR()
	bar, alpha := g.Bar, max(0, j.Dispersion-1)/j.Expected // variance φµ = µ + αµ²
	if !(alpha <= 1e6) {
		return j
	}
	g.Bar, g.Most, g.Cases, g.Alpha, g.Season = math.MaxFloat64, waveWeeks, false, &alpha, Season{Waves: 2, Trend: true} // no new beginning inside the quarter
	var out [waveWeeks + 1]Point
	if err := g.Eval(n.series(disease, int(j.place), w), week-waveWeeks, week+1, &w.Work, out[:]); err != nil {
		return j
	}
	p := out[waveWeeks]
	// By Wilks the root of the ratio is half a normal; the beginning is one of waveWeeks + 1.
	chance := (waveWeeks + 1) * 0.5 * math.Erfc(math.Sqrt(max(0, p.Statistic)))
	if p.Reason != Judged || p.Statistic < bar || chance >= j.chance {
		return j
	}
	p.Alarm = true
	j.Point, j.method, j.window, j.chance = p, MethodGLR, waveWeeks+1, max(chance, leastP)
	return j
}

// by lets a detector judge that compares with the given number of weeks.
func (n *Nation) by(detector Detector, j judged, disease, week, weeks int, w *scratch) (judged, class) {
	s := n.series(disease, int(j.place), w)
	var out [1]Point
	if err := detector.Eval(s, week, week+1, &w.Work, out[:]); err != nil {
		return j, classFailed // settings out of range are refused before
	}
	j.Point = out[0]
	switch j.Reason {
	case Judged:
		j.window, j.chance = Weigh(s, j.Point, weeks, n.catalogue.Diseases[disease].Settings)
		return j, classFitted
	case ShortHistory, NoBaseline:
		return j, classShort
	}
	return j, classFailed
}

// Weigh is the probability of what was seen when nothing happens, as the
// evidence that series are compared by, and over how many weeks it is least. p
// is a point of a weekly series whose mean was fitted to so many weeks, 0 when
// that is not known. The chance differs from Point.P, which is the method's own,
// in three things, because over 150,000 series the smallest probabilities are
// otherwise those of the worst fits:
//   - A mean fitted to few cases is drawn towards that of the whole baseline,
//     as if it held priorCases more cases: a season without a case in five years
//     gives a mean of 0, and then one case is a miracle.
//   - The dispersion is at least Settings.Dispersion: a fit to few cases does
//     not see it.
//   - The last two weeks together count too, for the cases of an outbreak do not
//     keep to weeks; the smaller probability of the two is doubled (Bonferroni).
func Weigh(s Series, p Point, weeks int, set Settings) (window int, chance float64) {
	mean := p.Expected
	if weeks > 0 {
		sum, known := 0.5, 1.0
		for _, c := range s.Count[max(0, p.At-52*set.Years):max(0, p.At-26)] {
			if c >= 0 {
				sum += float64(c)
				known++
			}
		}
		mean = (float64(weeks)*mean + priorCases) / (float64(weeks) + priorCases*known/sum)
	}
	phi := max(p.Dispersion, set.Dispersion)
	one := counts{mean, phi}.atLeast(float64(p.Observed))
	two := one
	if p.At > 0 && s.Count[p.At-1] >= 0 {
		two = counts{2 * mean, phi}.atLeast(float64(p.Observed) + float64(s.Count[p.At-1]))
	}
	if two < one {
		return 2, max(leastP, min(1, 2*two))
	}
	return 1, max(leastP, min(1, 2*one))
}

// priorCases is what the whole baseline weighs against the weeks of the season.
const priorCases = 2

// leastP is the smallest probability that evidence rests on.
const leastP = 1e-300

// years is how many years of baseline a series has: the week a year ago and the
// half window around it were reported, and at least half of all weeks since.
func (n *Nation) years(disease, place, week, half int, w *scratch) int {
	s := n.series(disease, place, w)
	set := n.catalogue.Diseases[disease].Settings
	for years := set.Years; years > 0; years-- {
		at, ok := s.yearsAgo(week, years)
		if !ok || at-half < 0 {
			continue
		}
		reported := 0
		for _, c := range s.Count[at-half : week] {
			if c >= 0 {
				reported++
			}
		}
		window := slices.ContainsFunc(s.Count[at-half:at+half+1], func(c int32) bool { return c >= 0 })
		if window && 2*reported >= week-at+half {
			return years
		}
	}
	return 0
}

// count is a cell without the cases of open foci.
func (n *Nation) count(disease, place, week int) int32 {
	c := n.Count(disease, place, week)
	if c > 0 {
		c = max(0, c-n.focusCases(disease, place, week))
	}
	return c
}

func (n *Nation) focusCases(disease, place, week int) int32 {
	sum := int32(0)
	if len(n.foci) > 0 {
		for _, f := range n.foci[series{int32(disease), int32(place)}] {
			if int(f.week) == week {
				sum += f.cases
			}
		}
	}
	return sum
}

// series widens a series into the scratch; it stays until the next call.
func (n *Nation) series(disease, place int, w *scratch) Series {
	if of := (series{int32(disease), int32(place)}); !w.filled || w.of != of {
		w.of, w.filled = of, true
		w.counts = w.counts[:0]
		for week := range n.tensor.Weeks {
			w.counts = append(w.counts, n.count(disease, place, week))
		}
	}
	return Series{Freq: 52, Dates: n.dates, Count: w.counts}
}

// complete is the share of commune-weeks reported in the weeks of the gate.
func (n *Nation) complete(disease, place, week int) float64 {
	first := max(0, week-n.catalogue.Diseases[disease].Settings.GateWeeks+1)
	all, reported := week-first+1, 0
	communes := len(n.catalogue.Communes)
	for at := first; at <= week; at++ {
		if place >= communes {
			_, those := n.sums.row(disease, place-communes)
			reported += int(those[at])
		} else if n.tensor.At(disease, place, at) != Missing {
			reported++
		}
	}
	if place >= communes {
		all *= max(1, n.sums.members[place-communes])
	}
	return float64(reported) / float64(all)
}

// evidence is −ln p, weighed by severity.
func evidence(p, severity float64) float64 { return -math.Log(max(p, leastP)) * severity }
