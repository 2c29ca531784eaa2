// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
	"mach/web"
	"mach/web/components/cartogram"
	"mach/web/components/chart"
)

func monthLabels(ctx context.Context) []string {
	var out []string
	for m := range 12 {
		out = append(out, web.T(ctx, "surveillance.month.axis", m+1))
	}
	return out
}

// curveChart draws this year against the years before: the band is their
// range, the second line that of Article 16.
func curveChart(ctx context.Context, id string, c Curve, disease content.Disease, unit vn.Unit, at time.Time) chart.LineProps {
	nan := math.NaN()
	now, line := make([]float64, 12), make([]float64, 12)
	low, high := make([]float64, 12), make([]float64, 12)
	for m := range 12 {
		now[m], line[m], low[m], high[m] = nan, nan, nan, nan
		if m < len(c.Now) && c.Now[m] >= 0 {
			now[m] = float64(c.Now[m])
		}
		if m < len(c.Lines) && c.Lines[m].State != outbreak.StateShort {
			line[m] = c.Lines[m].Line
		}
		for _, y := range c.Past {
			if n := float64(y.Months[m]); n >= 0 {
				if math.IsNaN(low[m]) {
					low[m], high[m] = n, n
				}
				low[m], high[m] = math.Min(low[m], n), math.Max(high[m], n)
			}
		}
	}
	name := web.T(ctx, "surveillance.chart.line")
	if unit.Level != vn.LevelCommune {
		name = web.T(ctx, "surveillance.chart.line.above")
	}
	missing := ""
	if slices.Contains(c.Now, -1) {
		missing = web.T(ctx, "surveillance.chart.silent") + " "
	}
	if slices.ContainsFunc(c.Lines, func(v outbreak.Verdict) bool { return v.State == outbreak.StateShort }) {
		missing += web.T(ctx, "surveillance.chart.short")
	}
	return chart.LineProps{
		ID: id, Title: curveTitle(ctx, c, disease), Unit: web.T(ctx, "surveillance.cases.unit"), Period: web.T(ctx, "surveillance.month"),
		Labels:  monthLabels(ctx),
		Series:  []chart.Series{{Name: strconv.Itoa(c.Year), Values: now}, {Name: name, Values: line, Decimals: 1}},
		Partial: max(0, 12-max(len(c.Now)-1, 0)), // the month under way, and those to come
		Band:    &chart.Band{Name: web.T(ctx, "surveillance.chart.band", len(c.Past)), Low: low, High: high},
		Foot:    chart.Foot{Source: web.T(ctx, "surveillance.chart.source", unit.Full()), At: at, Missing: missing},
	}
}

// beside is a chart on half a page.
func beside(p chart.LineProps) chart.LineProps {
	p.Half = true
	return p
}

// curveTitle is the finding of the chart.
func curveTitle(ctx context.Context, c Curve, disease content.Disease) string {
	name := named(ctx, disease.Name)
	if len(c.Now) == 0 || len(c.Lines) < len(c.Now) {
		return name
	}
	m := len(c.Now) - 1
	v := c.Lines[m]
	switch n := float64(c.Now[m]); {
	case n < 0:
		return web.T(ctx, "surveillance.chart.title.silent", name, m+1)
	case v.State == outbreak.StateShort:
		return web.T(ctx, "surveillance.chart.title.short", name, m+1, c.Now[m])
	case n > v.Line:
		return web.T(ctx, "surveillance.chart.title.over", name, m+1, c.Now[m])
	default:
		return web.T(ctx, "surveillance.chart.title.below", name, m+1, c.Now[m])
	}
}

func mapProps(ctx context.Context, p homeData) cartogram.Props {
	out := cartogram.Props{
		ID: "map", Unit: web.T(ctx, "surveillance.cases.unit"), Head: web.T(ctx, "surveillance.col.commune"),
		Steps: []float64{1, 3, 6, 12, 24}, Hollow: true, Alarm: web.T(ctx, "surveillance.article16.epidemic"),
		Foot: chart.Foot{Source: web.T(ctx, "surveillance.chart.source", p.Unit.Full()), At: p.Now},
	}
	total, top := 0, spot{}
	for _, s := range p.Map {
		total += s.Count
		if s.Count > top.Count {
			top = s
		}
		out.Circles = append(out.Circles, cartogram.Circle{
			X: s.Circle.X, Y: s.Circle.Y, R: s.Circle.R, Border: s.Border, Name: s.Unit.Full(), Href: statePath(s.Unit, p.Disease),
			Value: s.value(), Alarm: s.Alarm, Inset: insetName(ctx, s.Circle.Inset), Estimated: s.Circle.Estimated,
		})
	}
	for i := range out.Circles { // the finding's place is written on the map
		if total > 0 && p.Map[i].Unit.ID == top.Unit.ID {
			out.Circles[i].Label = top.Unit.Name
		}
	}
	out.Title = web.T(ctx, "surveillance.map.none", named(ctx, p.Disease.Name), weeksOnMap)
	var missing []string
	if p.Nowhere > 0 {
		missing = append(missing, web.T(ctx, "surveillance.map.nowhere", p.Nowhere))
	}
	if p.Silent > 0 {
		missing = append(missing, web.T(ctx, "surveillance.map.silent", p.Silent, len(p.Map), weeksOnMap))
	}
	out.Foot.Missing = strings.Join(missing, " ")
	if p.Silent > 0 && p.Silent == len(p.Map) {
		out.Title = web.T(ctx, "surveillance.map.title.silent", named(ctx, p.Disease.Name), weeksOnMap)
	}
	if total == 0 && p.Nowhere > 0 {
		out.Title = web.T(ctx, "surveillance.map.title.nowhere", named(ctx, p.Disease.Name), weeksOnMap, p.Nowhere)
	}
	if total > 0 {
		out.Title = web.T(ctx, "surveillance.map.title", named(ctx, p.Disease.Name), weeksOnMap, total+p.Nowhere, top.Unit.Full(), top.Count)
	}
	return out
}

// value is the number as pictures take it: NaN where it is not known.
func (s spot) value() float64 {
	if s.Silent {
		return math.NaN()
	}
	return float64(s.Count)
}

func insetName(ctx context.Context, inset string) string {
	if inset == "" {
		return ""
	}
	return web.TOr(ctx, "map.inset."+inset, inset)
}

func ranking(ctx context.Context, p homeData) chart.RankingProps {
	out := chart.RankingProps{
		ID: "provinces", Title: web.T(ctx, "surveillance.nation.title", named(ctx, p.Disease.Name), int(p.Month.Month)), Unit: web.T(ctx, "surveillance.cases.unit"),
		Head: web.T(ctx, "surveillance.col.province"), Foot: chart.Foot{Source: web.T(ctx, "surveillance.chart.source", p.Unit.Full()), At: p.Now},
	}
	for _, s := range p.Ranks {
		r := chart.Rank{Name: s.Unit.Full(), Value: s.value(), Step: 3, Href: "/dich?don-vi=" + s.Unit.Code + "&benh=" + p.Disease.ID}
		if s.Silent {
			r.Step = -1
		}
		out.Rows = append(out.Rows, r)
	}
	if p.Silent > 0 {
		out.Foot.Missing = web.T(ctx, "surveillance.nation.silent", p.Silent, len(p.Ranks))
	}
	return out
}
