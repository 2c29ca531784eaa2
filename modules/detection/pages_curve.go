// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"math"
	"strconv"

	"mach/outbreak"
	"mach/vn"
	"mach/web"
	"mach/web/components/chart"
)

// weeksDrawn is how many weeks the picture of an alert shows.
const weeksDrawn = 26

// curve draws the last weeks of the series with what was to be expected.
func curve(ctx context.Context, p alertData) chart.EpiProps {
	weeks := p.Weeks[max(0, len(p.Weeks)-weeksDrawn):]
	out := chart.EpiProps{
		ID: "curve", Title: curveTitle(ctx, p), Unit: web.T(ctx, "detection.cases"), Period: web.T(ctx, "detection.week"), Partial: 1,
		Foot: chart.Foot{Source: web.T(ctx, "detection.chart.source", unitName(ctx, p.Place)), At: p.Heard.Last, Missing: silentWeeks(ctx, weeks)},
	}
	verdicts := map[vn.Date]Verdict{}
	for _, v := range p.Verdicts {
		verdicts[v.Week] = v
	}
	nan := math.NaN()
	for _, w := range weeks {
		number := strconv.Itoa(vn.WeekOf(w.Start).Number)
		out.Labels = append(out.Labels, number)
		out.Heads = append(out.Heads, weekHead(ctx, w.Start))
		c := chart.Cases{Suspect: p.Classes[w.Start].Suspect, Probable: p.Classes[w.Start].Probable, Confirmed: p.Classes[w.Start].Confirmed, Silent: w.Count < 0}
		v, ok := verdicts[w.Start]
		expected, bound := nan, nan
		if ok && v.Reason == "judged" {
			if expected, bound = v.Expected, v.Bound; v.Method == outbreak.MethodGLR {
				bound = nan
			}
		}
		if c.Alarm = ok && v.Alarm; c.Alarm {
			c.Mark = markOf(ctx, v)
		}
		out.Cases, out.Expected, out.Bound = append(out.Cases, c), append(out.Expected, expected), append(out.Bound, bound)
	}
	return out
}

// weekHead is a week with its days: "Tuần 46 · 9/11–15/11".
func weekHead(ctx context.Context, start vn.Date) string {
	short := func(d vn.Date) string {
		p := d.Partial()
		return strconv.Itoa(int(p.Day)) + "/" + strconv.Itoa(int(p.Month))
	}
	return web.T(ctx, "detection.week.head", vn.WeekOf(start).Number, short(start), short(start.AddDays(6)))
}

// markOf says why a week is an alarm: by itself, or with those before it.
func markOf(ctx context.Context, v Verdict) string {
	if v.Span > 1 && float64(v.Observed) <= v.Bound {
		return web.T(ctx, "detection.mark.together", v.Span)
	}
	return web.T(ctx, "detection.mark")
}

func curveTitle(ctx context.Context, p alertData) string {
	if v := p.Verdict; v != nil && v.Method != outbreak.MethodGLR {
		return web.T(ctx, "detection.chart.title.bound", vn.WeekOf(v.Week).Number, v.Observed, web.Number(ctx, v.Bound, 0))
	}
	return web.T(ctx, "detection.chart.title", diseaseName(ctx, p.Alert.Disease), unitName(ctx, p.Place), p.Cases)
}

func silentWeeks(ctx context.Context, weeks []Week) string {
	n := 0
	for _, w := range weeks {
		if w.Count < 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return web.T(ctx, "detection.chart.silent", n)
}

// years lays the same weeks of the years before over this one. A year of which
// too little is known is left out.
func years(ctx context.Context, p alertData) (chart.LineProps, bool) {
	const n = 52
	out := chart.LineProps{
		ID: "years", Unit: web.T(ctx, "detection.cases"), Period: web.T(ctx, "detection.week"),
		Foot: chart.Foot{Source: web.T(ctx, "detection.chart.source", unitName(ctx, p.Place)), At: p.Heard.Last},
	}
	year := vn.WeekOf(p.Today).Year
	lines := map[int][]float64{}
	for i := range n {
		out.Labels = append(out.Labels, strconv.Itoa(i+1))
	}
	for _, w := range p.Weeks {
		if at := vn.WeekOf(w.Start); w.Count >= 0 && at.Number <= n {
			if lines[at.Year] == nil {
				lines[at.Year] = blank(n)
			}
			lines[at.Year][at.Number-1] = float64(w.Count)
		}
	}
	low, high, past := blank(n), blank(n), 0
	for y := year - yearsShown; y < year; y++ {
		if lines[y] == nil {
			continue
		}
		past++
		for i, v := range lines[y] {
			low[i], high[i] = nanMin(low[i], v), -nanMin(-high[i], -v)
		}
	}
	if past == 0 {
		return out, false
	}
	if lines[year] == nil { // its first days
		lines[year] = blank(n)
	}
	out.Partial = n - vn.WeekOf(p.Today).Number + 1
	out.Series = []chart.Series{{Name: strconv.Itoa(year), Values: lines[year]}}
	if lines[year-1] != nil {
		out.Series = append(out.Series, chart.Series{Name: strconv.Itoa(year - 1), Values: lines[year-1]})
	}
	out.Band = &chart.Band{Name: web.T(ctx, "detection.years.band", past), Low: low, High: high}
	out.Title = web.T(ctx, "detection.years", diseaseName(ctx, p.Alert.Disease), strconv.Itoa(year), past)
	if past < p.Rule.MinYears {
		out.Foot.Missing = web.T(ctx, "detection.years.short", past, p.Rule.MinYears)
	}
	return out, true
}

func blank(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// nanMin is the lesser number; NaN counts as none.
func nanMin(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b) || a < b:
		return a
	}
	return b
}
