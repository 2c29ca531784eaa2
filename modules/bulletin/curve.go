// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"fmt"
	"math"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// curve is the course of one disease in one unit with what was to be expected.
type curve struct {
	course
	shown   int              // how many periods at the end are drawn
	points  []outbreak.Point // of the shown periods; nil when not judged (days, months)
	legal   []outbreak.Verdict
	nowcast []outbreak.Now // of the shown periods; Row -1 = none
	rule    content.DetectionRule
	law     *content.Law
	outside []layer
	// epidemic are the years with an epidemic in the commune: left out of the
	// law's lines (Article 16.1b). Above communes the lines are a comparison only.
	epidemic func(year int) bool
}

// layer is a forecast from outside by period of the curve, and beyond.
type layer struct {
	file   forecastFile
	points map[vn.Date]forecast
}

// at is the index in the course of shown period i.
func (c curve) at(i int) int { return len(c.dates) - c.shown + i }

// baselineWeeks are the weeks that the detector looks back on before the first
// week shown: the years, half a window, and the weeks of one more that ISO years have.
func baselineWeeks(r content.DetectionRule) int { return r.Years*53 + r.HalfWindow + 1 }

// flexible is the weekly detector with the settings of the disease, but for the
// least number of cases: the line is drawn below it too.
func flexible(r content.DetectionRule, level vn.Level) outbreak.FarringtonFlexible {
	f := outbreak.Noufaily()
	f.Years, f.Half, f.Levels, f.Skip = r.Years, r.HalfWindow, r.Levels, r.SkipWeeks
	f.Threshold, f.Alpha = r.Reweight, r.Alpha(level)
	f.Least = outbreak.Least{0, 1}
	return f
}

// Curve reads the course and judges it.
func (m *Module) curve(ctx context.Context, a store.Actor, unit vn.Unit, d content.Disease, s step, axis int, on vn.Date) (curve, error) {
	rule, err := m.rules(ctx, unit.ID, d.ID)
	if err != nil {
		return curve{}, err
	}
	c := curve{shown: s.shown(), rule: rule(d, on), law: m.law}
	n := c.shown
	switch s {
	case byWeek:
		n += max(baselineWeeks(c.rule), 53*m.law.On(on).LookbackYears)
	case byMonth:
		n += 12 * m.law.On(on).LookbackYears
	}
	if c.course, err = m.course(ctx, a, unit, d.ID, s, axis, n, on); err != nil {
		return c, err
	}
	if s == byWeek {
		if err := c.judge(unit.Level); err != nil {
			return c, fmt.Errorf("judging %s in %v: %w", d.ID, unit.ID, err)
		}
		if c.outside, err = m.layers(ctx, a, unit.ID, d.ID, c.dates[c.at(0)], on.AddDays(7*26)); err != nil {
			return c, err
		}
	}
	if s != byDay {
		years, err := m.epidemics(ctx, a, unit, on)
		if err != nil {
			return c, err
		}
		c.epidemic = years.of(d.ID)
		c.legal = c.lines(on)
	}
	if s != byMonth {
		list, err := m.delays(ctx, a, unit, d.ID, axis, on.AddDays(-triangleDays))
		if err != nil {
			return c, err
		}
		c.nowcast = c.estimate(list, on)
	}
	return c, nil
}

func (c *curve) judge(level vn.Level) error {
	c.points = make([]outbreak.Point, c.shown)
	var work outbreak.Work
	if err := flexible(c.rule, level).Eval(c.series(), c.at(0), len(c.dates), &work, c.points); err != nil {
		return err
	}
	for i := range c.points { // too few cases are no signal, whatever the bound
		recent := 0
		for k := max(0, c.at(i)+1-c.rule.LeastWeeks); k <= c.at(i); k++ {
			recent += c.cases[k].total()
		}
		c.points[i].Alarm = c.points[i].Alarm && recent >= c.rule.LeastCases
	}
	return nil
}

// legal are the settings of the law that compare with years before.
func legal(s content.SurveillanceSettings) outbreak.Rules {
	return outbreak.Rules{BaselineYears: s.BaselineYears, MinValidYears: s.MinValidYears, Population: s.Divisor == "n",
		EpidemicSD: s.EpidemicSD, WarningSD: s.WarningSD, WarnAboveEpidemic: s.WarnAboveUpper,
		LinkedMonth: s.LinkedMonth, LinkedWeek: s.LinkedWeek, ConfirmedA: s.ConfirmedA}
}

// lines are mean + 1 SD and + 2 SD of the same week or month of the years
// before, for each period shown (TT 15/2026 Articles 16 and 22). They are drawn
// whatever the disease; whether the law asks for them, the page of the commune
// says.
func (c *curve) lines(on vn.Date) []outbreak.Verdict {
	settings := c.law.On(on)
	at := make(map[vn.Date]int, len(c.dates))
	for i, d := range c.dates {
		at[d] = i
	}
	out := make([]outbreak.Verdict, c.shown)
	for i := range out {
		k := c.at(i)
		f := outbreak.Facts{Group: "B", Endemic: true, Count: c.cases[k].total()}
		for y := 1; y <= settings.LookbackYears; y++ {
			j, ok := at[c.yearsAgo(c.dates[k], y, settings.Week53)]
			if !ok {
				continue
			}
			n := c.known(j)
			f.Past = append(f.Past, outbreak.Year{Year: c.year(c.dates[k]) - y, Count: int(max(n, 0)), Missing: n < 0,
				Epidemic: c.epidemic != nil && c.epidemic(c.year(c.dates[k])-y)})
		}
		if c.step == byMonth {
			out[i] = outbreak.Epidemic(legal(settings), f)
		} else {
			out[i] = outbreak.Warning(legal(settings), f)
		}
	}
	return out
}

// epidemicYears says in which years a commune had an epidemic of a disease; nil
// for units above.
type epidemicYears func(disease string, year int) bool

// of are the years of a disease.
func (e epidemicYears) of(disease string) func(year int) bool {
	if e == nil {
		return nil
	}
	return func(year int) bool { return e(disease, year) }
}

// epidemics reads the years in which a commune had an epidemic: listed in
// content, or declared by form 01.
func (m *Module) epidemics(ctx context.Context, a store.Actor, unit vn.Unit, on vn.Date) (epidemicYears, error) {
	if unit.Level != vn.LevelCommune {
		return nil, nil
	}
	list, err := m.foci(ctx, a, unit, vn.Reform.AddDays(-366*100), on)
	if err != nil {
		return nil, err
	}
	var path []string
	for _, u := range m.units.Path(unit.ID) {
		if u.Level != vn.LevelNation {
			path = append([]string{u.Code}, path...)
		}
	}
	return func(disease string, year int) bool {
		return m.law.EpidemicYear(disease, path, year) || slices.ContainsFunc(list, func(f focus) bool {
			return f.disease == disease && f.notice && f.from.Year() <= year && (!f.ended.Known() || f.ended.Year() >= year)
		})
	}, nil
}

// year is the year that a period belongs to.
func (c *curve) year(d vn.Date) int {
	if c.step == byMonth {
		return d.Year()
	}
	return vn.WeekOf(d).Year
}

// yearsAgo is the first day of the same month or week some years before; the
// zero Date for a week 53 where that year has none and none stands in.
func (c *curve) yearsAgo(d vn.Date, years, last int) vn.Date {
	if c.step == byMonth {
		m := vn.MonthOf(d)
		return vn.Month{Year: m.Year - years, Month: m.Month}.Start()
	}
	w := vn.WeekOf(d)
	w.Year -= years
	if w.Number > vn.WeeksIn(w.Year) {
		if w.Number = last; last == 0 {
			return vn.ZeroDate
		}
	}
	return w.Start()
}

// triangleDays is how far back delays are learned from, longestDelay where the
// last element of the triangle begins, shortest how many cases it takes.
const (
	triangleDays = 120
	longestDelay = 28
	fewestCases  = 30
)

// estimate adds what is still on its way to the last periods: delays of the
// last months, day by day, summed up to periods. nil when too few cases teach
// the delays. All of them must be known: an estimate of a week is the sum of
// its days, and what their intervals add up to is too wide, not too narrow.
func (c *curve) estimate(list []delayed, on vn.Date) []outbreak.Now {
	triangle := make(outbreak.Triangle, triangleDays+1)
	for t := range triangle {
		triangle[t] = make([]int32, longestDelay+1)
	}
	n := 0
	for _, x := range list {
		t, d := int(x.day-on)+triangleDays, int(x.reported-x.day)
		if t < 0 || t > triangleDays || x.reported > on {
			continue
		}
		triangle[t][min(max(d, 0), longestDelay)] += int32(x.cases)
		n += x.cases
	}
	if n < fewestCases {
		return nil
	}
	days, err := triangle.Nowcast(0.95)
	if err != nil {
		return nil
	}
	out := make([]outbreak.Now, c.shown)
	for i := range out {
		out[i].Row = -1
	}
	for i := range out {
		from, to := c.dates[c.at(i)], min(c.step.end(c.dates[c.at(i)]), on)
		if int(on-from) > longestDelay+7 {
			continue
		}
		sum := outbreak.Now{Row: i}
		for d := from; d <= to; d++ {
			x := days[int(d-on)+triangleDays]
			mean := x.Estimate // medians of days do not add up to that of a week
			if x.Reason == outbreak.NoBaseline {
				mean = x.Median
			}
			sum.Seen, sum.Estimate = sum.Seen+x.Seen, sum.Estimate+mean
			sum.Low, sum.High = sum.Low+x.Low, sum.High+x.High
		}
		sum.High = max(sum.High, sum.Estimate)
		if sum.Estimate-sum.Seen >= 0.5 {
			out[i] = sum
		}
	}
	return out
}

// years are the same periods of the years before, latest first; NaN where
// nothing is known.
func (c *curve) years(on vn.Date) map[int][]float64 {
	settings := c.law.On(on)
	at := make(map[vn.Date]int, len(c.dates))
	for i, d := range c.dates {
		at[d] = i
	}
	out := map[int][]float64{}
	for y := 1; y <= settings.BaselineYears; y++ {
		values, some := make([]float64, c.shown), false
		for i := range values {
			values[i] = math.NaN()
			if j, ok := at[c.yearsAgo(c.dates[c.at(i)], y, settings.Week53)]; ok && c.known(j) >= 0 {
				values[i], some = float64(c.known(j)), true
			}
		}
		if some {
			out[y] = values
		}
	}
	return out
}

// short reports whether no shown period could be judged for want of history.
func (c *curve) short() bool {
	short := false
	for _, p := range c.points {
		if p.Reason == outbreak.Judged {
			return false
		}
		short = short || p.Reason == outbreak.ShortHistory || p.Reason == outbreak.NoBaseline
	}
	return short
}

// empty reports whether no case is shown.
func (c *curve) empty() bool {
	for i := range c.shown {
		if c.cases[c.at(i)].total() > 0 {
			return false
		}
	}
	return true
}
