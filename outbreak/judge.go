// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"slices"

	"mach/vn"
)

// Watched is one weekly series as the tiers see it.
type Watched struct {
	Series
	Level vn.Level
	// Around gives what the province of a commune counts, asked for only where
	// the commune's own history is short; nil when not known.
	Around func() Around
}

// Around is the province of a commune, week by week beside the commune's series.
type Around struct {
	Count  []int32   // of the province, the commune included
	People []float64 // of its communes that had been heard of by then
	Own    float64   // people of the commune itself
}

// Judgement is what the tiers say of a series in a week.
type Judgement struct {
	Tier   Tier
	Method string
	Point
	Window int     // weeks that the evidence is strongest over
	Chance float64 // see Finding.Chance
}

// Judge judges one week of a series by the tier that it belongs to
// (surveillance.md 2), as a national run does; false when nothing is to be
// judged or no method comes to a point. It looks at no week more than Span
// before.
func (d Disease) Judge(x Watched, week int, w *Work) (Judgement, bool) {
	j, c, fits := d.open(week, x.Level, func(at int) int32 { return x.Count[at] })
	if fits {
		j, c = d.fit(j, x, week, w)
	}
	return j, c == classFitted
}

// Fits reports whether Judge would ask a method about the week. It looks at the
// weeks of the gate only.
func (d Disease) Fits(s Series, week int, level vn.Level) bool {
	_, _, fits := d.open(week, level, func(at int) int32 { return s.Count[at] })
	return fits
}

// Alarms reports whether what was judged is a finding: an alarm by its method, or
// by what the last weeks hold together.
func (d Disease) Alarms(j Judgement, level vn.Level) bool {
	return j.Alarm || j.Chance <= d.Settings.alpha(level)
}

// Span is how many weeks before the one judged are looked at, at most.
func (s Settings) Span() int { return 53*s.Years + s.HalfWindow + 1 }

func (s Settings) alpha(level vn.Level) float64 {
	if level == vn.LevelCommune {
		return s.AlphaCommune
	}
	return s.AlphaAbove
}

// open says what is known before anything is fitted. fits: a method is to be
// asked; else the class says why not, or the rule for immediate diseases holds.
func (d *Disease) open(week int, level vn.Level, count func(at int) int32) (j Judgement, c class, fits bool) {
	if d.Daily {
		return j, classElsewhere, false
	}
	observed := count(week)
	if observed == Missing {
		return j, classSilent, false
	}
	commune := level == vn.LevelCommune
	if d.Immediate && commune {
		if observed == 0 {
			return j, classGated, false
		}
		return Judgement{TierImmediate, MethodRule, Point{At: week, Observed: observed, Alarm: true, Dispersion: 1}, 1, leastP}, classFitted, false
	}
	recent := 0
	for at := max(0, week-d.Settings.GateWeeks+1); at <= week; at++ {
		recent += int(max(count(at), 0))
	}
	if recent < d.Settings.GateCases {
		j.Tier = TierRare
		return j, classGated, !commune && observed > 0
	}
	j.Tier = TierShort
	return j, classGated, true
}

// fit asks the methods of the tier, of the last Span weeks: so the answer does
// not depend on what lies before.
func (d *Disease) fit(j Judgement, x Watched, week int, w *Work) (Judgement, class) {
	from := max(0, week-d.Settings.Span())
	x.Count, week = x.Count[from:week+1], week-from
	if x.Dates != nil {
		x.Dates = x.Dates[from : from+week+1]
	}
	if around := x.Around; around != nil {
		x.Around = func() Around {
			a := around()
			return Around{a.Count[from : from+week+1], a.People[from : from+week+1], a.Own}
		}
	}
	var c class
	if j.Tier == TierRare {
		j, c = d.rare(j, x, week, 0, w)
	} else {
		j, c = d.frequent(j, x, week, w)
	}
	j.At += from
	return j, c
}

// rare compares with the weeks just before and, where a regression found
// nothing to fit, with the same weeks of past years.
func (d *Disease) rare(j Judgement, x Watched, week, years int, w *Work) (Judgement, class) {
	set := &d.Settings
	j.Method = MethodBayes
	return d.by(BayesNB{Years: years, Half: set.RareWeeks, Current: years == 0, Alpha: set.RareAlpha}, j, x, week, years*(2*set.RareWeeks+1), w)
}

// frequent fits what the history allows: five years with a trend, fewer than
// MinYears without one and beside the province, none at all beside the province
// or by the rule for rare diseases.
func (d *Disease) frequent(j Judgement, x Watched, week int, w *Work) (Judgement, class) {
	f := Noufaily()
	set := &d.Settings
	f.Half, f.Levels, f.Skip, f.Threshold = set.HalfWindow, set.Levels, set.SkipWeeks, set.Reweight
	f.Years = x.years(week, f.Half, set.Years)
	f.Least = Least{set.GateCases, set.GateWeeks}
	f.Alpha = set.alpha(x.Level)
	if f.Years == 0 {
		if got, ok := d.beside(j, x, week, w); ok {
			return got, classFitted
		}
		return d.rare(j, x, week, 0, w)
	}
	switch f.Trend = f.Years >= set.MinYears; {
	case f.Trend && d.Wave:
		j.Tier = TierWave
	case f.Trend:
		j.Tier = TierFrequent
	}
	j.Method = MethodFarrington
	got, c := d.by(f, j, x, week, f.Years*(2*f.Half+1), w)
	switch {
	case c != classFitted:
		return d.rare(j, x, week, f.Years, w)
	case got.Alarm:
	case got.Tier == TierWave && x.Level != vn.LevelCommune:
		got = d.rise(got, x, week, w)
	case got.Tier == TierShort:
		if other, ok := d.beside(j, x, week, w); ok && other.Alarm && other.Chance < got.Chance {
			got = other
		}
	}
	return got, c
}

// waveWeeks is how far back a wave may have begun.
const waveWeeks = 13

// rise asks of a disease that comes in waves whether counts have been rising
// slowly, which no week shows by itself: the generalised likelihood ratio over
// the last quarter, against the season of the years before. It replaces the
// weekly answer when that does not alarm.
func (d *Disease) rise(j Judgement, x Watched, week int, w *Work) Judgement {
	if week < waveWeeks {
		return j
	}
	g := DefaultGLR()
	bar, alpha := g.Bar, max(0, j.Dispersion-1)/j.Expected // variance φµ = µ + αµ²
	if !(alpha <= 1e6) {
		return j
	}
	g.Bar, g.Most, g.Cases, g.Alpha, g.Season = math.MaxFloat64, waveWeeks, false, &alpha, Season{Waves: 2, Trend: true} // no new beginning inside the quarter
	var out [waveWeeks + 1]Point
	if err := g.Eval(x.Series, week-waveWeeks, week+1, w, out[:]); err != nil {
		return j
	}
	p := out[waveWeeks]
	chance := slow(p.Statistic, waveWeeks+1)
	if p.Reason != Judged || p.Statistic < bar || chance >= j.Chance {
		return j
	}
	p.Alarm = true
	j.Point, j.Method, j.Window, j.Chance = p, MethodGLR, waveWeeks+1, chance
	return j
}

// slow is the probability of a ratio of likelihoods that may have begun in any
// of so many weeks: by Wilks its root is half a normal.
func slow(ratio float64, weeks int) float64 {
	return max(leastP, min(1, float64(weeks)*0.5*math.Erfc(math.Sqrt(max(0, ratio)))))
}

// beside compares a commune whose own history is short with its province: as
// many cases are expected as its people would have at the province's rate of
// the last GateWeeks weeks, times how the commune stood to that before, drawn to
// 1 as if priorCases cases said so (surveillance.md 2, tier 2b). The last two
// weeks count by themselves, and the last quarter by the ratio of likelihoods,
// so that slow rises count too.
func (d *Disease) beside(j Judgement, x Watched, week int, w *Work) (Judgement, bool) {
	if x.Level != vn.LevelCommune || x.Around == nil {
		return j, false
	}
	around := x.Around()
	first := max(0, week-waveWeeks)
	mean := w.rates(len(x.Count))
	seen, expected := float64(priorCases), float64(priorCases)
	for k := range mean {
		cases, people := 0.5, 0.0
		for at := max(0, k-d.Settings.GateWeeks+1); at <= k; at++ {
			if c := around.Count[at]; c >= 0 {
				cases += float64(c)
				people += around.People[at]
			}
		}
		if mean[k] = 0; people > 0 {
			mean[k] = around.Own * cases / people
		}
		if c := x.Count[k]; k < first && c >= 0 && mean[k] > 0 {
			seen, expected = seen+float64(c), expected+mean[k]
		}
	}
	sum := 0.0
	for k := first; k <= week; k++ {
		if mean[k] *= seen / expected; !(mean[k] > 0) {
			return j, false
		}
		sum += mean[k]
	}
	alpha := (d.Settings.Dispersion - 1) * float64(week-first+1) / sum
	g := DefaultGLR()
	g.Bar, g.Most, g.Cases, g.Alpha, g.Mean = math.MaxFloat64, waveWeeks, false, &alpha, mean[first:week+1]
	var out [waveWeeks + 1]Point
	if err := g.Eval(x.Series, first, week+1, w, out[:week-first+1]); err != nil {
		return j, false
	}
	p := out[week-first]
	if p.Reason != Judged {
		return j, false
	}
	var ok bool
	if p.Bound, ok = (counts{p.Expected, d.Settings.Dispersion}).quantile(d.Settings.AlphaCommune); !ok {
		return j, false
	}
	j.Tier, j.Method, j.Point = TierShort, MethodProvince, p
	j.Window, j.Chance = Weigh(x.Series, p, 0, d.Settings)
	if rise := slow(p.Statistic, week-first+1); rise < j.Chance {
		j.Window, j.Chance = week-first+1, rise
	}
	j.Chance = min(1, 2*j.Chance) // the better of two
	j.Alarm = j.Chance <= d.Settings.AlphaCommune
	return j, true
}

// by lets a detector judge that compares with the given number of weeks.
func (d *Disease) by(detector Detector, j Judgement, x Watched, week, weeks int, w *Work) (Judgement, class) {
	var out [1]Point
	if err := detector.Eval(x.Series, week, week+1, w, out[:]); err != nil {
		return j, classFailed // settings out of range are refused before
	}
	j.Point = out[0]
	switch j.Reason {
	case Judged:
		j.Window, j.Chance = Weigh(x.Series, j.Point, weeks, d.Settings)
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

// years is how many years of baseline, at most so many, a series has: the week
// a year ago and the half window around it were reported, and at least half of
// all weeks since.
func (s Series) years(week, half, most int) int {
	for years := most; years > 0; years-- {
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
