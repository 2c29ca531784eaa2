// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
	"mach/web"
	"mach/web/components/cartogram"
	"mach/web/components/chart"
	"mach/web/components/table"
)

// epiProps draws a curve with all that belongs on it.
func epiProps(ctx context.Context, v view, c curve) chart.EpiProps {
	p := chart.EpiProps{
		ID: "curve", Title: finding(ctx, v, c), Unit: web.T(ctx, "bulletin.cases"), Period: web.T(ctx, "bulletin.step."+string(c.step)),
		Partial: c.unfinished(v.On), Foot: chart.Foot{Source: source(ctx, v), At: v.Now, Missing: missing(ctx, v, c)},
	}
	add := func(list *[]float64, ok bool, value float64) {
		if !ok {
			value = nan()
		}
		*list = append(*list, value)
	}
	for i := range c.shown {
		k := c.at(i)
		t := c.cases[k]
		x := chart.Cases{Confirmed: t.confirmed, Probable: t.probable, Suspect: t.suspect, Silent: c.known(k) < 0}
		if len(c.points) > 0 {
			point := c.points[i]
			judged := point.Reason == outbreak.Judged
			if x.Alarm = judged && point.Alarm; x.Alarm {
				x.Mark = web.T(ctx, "bulletin.mark", web.Number(ctx, point.Expected, 1), web.Number(ctx, point.Bound, 0))
			}
			add(&p.Expected, judged, point.Expected)
			add(&p.Bound, judged, point.Bound)
		}
		if len(c.legal) > 0 {
			l := c.legal[i]
			ok := l.Used != nil && l.State != outbreak.StateShort
			add(&p.Warn, ok, l.Warn)
			add(&p.Line, ok, l.Line)
		}
		if len(c.nowcast) > 0 {
			r := chart.Range{Value: nan(), Low: nan(), High: nan()}
			if n := c.nowcast[i]; n.Row >= 0 {
				r = chart.Range{Value: n.Estimate, Low: n.Low, High: n.High}
			}
			p.Nowcast = append(p.Nowcast, r)
		}
		p.Cases = append(p.Cases, x)
		p.Labels, p.Heads = append(p.Labels, periodLabel(c.step, c.dates[k])), append(p.Heads, tableHead(ctx, c.step, c.dates[k]))
	}
	if v.Years && c.step != byDay {
		years := c.years(v.On)
		for _, y := range slices.Sorted(maps.Keys(years)) {
			p.Years = append(p.Years, chart.Series{Name: "−" + strconv.Itoa(y), Values: years[y]})
		}
	}
	outside(ctx, &p, c)
	return p
}

// outside lays the forecasts over the curve, the time ahead included.
func outside(ctx context.Context, p *chart.EpiProps, c curve) {
	last := c.dates[len(c.dates)-1]
	ahead := 0
	for _, l := range c.outside {
		for week := range l.points {
			ahead = max(ahead, int(week-last)/7)
		}
	}
	for n := 1; n <= ahead; n++ {
		d := c.step.add(last, n)
		p.Labels, p.Heads = append(p.Labels, periodLabel(c.step, d)), append(p.Heads, tableHead(ctx, c.step, d))
	}
	for _, l := range c.outside {
		out := chart.Layer{Name: l.file.source}
		for i := range len(p.Labels) {
			r := chart.Range{Value: nan(), Low: nan(), High: nan()}
			if x, ok := l.points[c.step.add(c.dates[c.at(0)], i)]; ok {
				r = chart.Range{Value: x.value, Low: x.low, High: x.high}
			}
			out.Points = append(out.Points, r)
		}
		p.Layers = append(p.Layers, out)
	}
}

// channelProps draws the year on its channel.
func channelProps(ctx context.Context, v view, c channel) chart.ChannelProps {
	p := chart.ChannelProps{
		ID: "channel", Unit: web.T(ctx, "bulletin.cases"), Period: web.T(ctx, "bulletin.step.tuan"), Now: c.now, Q1: c.q1, Median: c.median, Q3: c.q3,
		Foot: chart.Foot{Source: source(ctx, v), At: v.Now},
	}
	for _, w := range c.weeks {
		p.Labels = append(p.Labels, strconv.Itoa(w.Number))
	}
	p.Partial = 1
	if v.On == vn.WeekOf(v.On).End() {
		p.Partial = 0
	}
	p.Title = channelTitle(ctx, v, c)
	return p
}

// channelWeek is the newest week that is over; -1 in the first week of a year.
func channelWeek(v view) int { return vn.WeekOf(v.On).Number - 2 }

func channelTitle(ctx context.Context, v view, c channel) string {
	i := channelWeek(v)
	name := named(ctx, v.Disease.Name)
	if i < 0 || !c.judged {
		return web.T(ctx, "bulletin.channel.title", name, v.Unit.Full(), strconv.Itoa(c.year))
	}
	zone := chart.Zone(c.now[i], c.q1[i], c.median[i], c.q3[i])
	if zone == "" {
		return web.T(ctx, "bulletin.channel.title", name, v.Unit.Full(), strconv.Itoa(c.year))
	}
	return web.T(ctx, "bulletin.channel.title."+zone, name, v.Unit.Full(), c.weeks[i].Number, int(c.now[i]))
}

func channelWhy(ctx context.Context, v view, c channel) string {
	i := channelWeek(v)
	if i >= 0 && c.silent[i] {
		return web.T(ctx, "bulletin.why.silent")
	}
	if i < 0 || !c.judged || chart.Zone(c.now[i], c.q1[i], c.median[i], c.q3[i]) == "" {
		return web.T(ctx, "bulletin.channel.why.none")
	}
	return web.T(ctx, "bulletin.channel.why", c.years[i], c.weeks[i].Number, web.Number(ctx, c.q1[i], 1), web.Number(ctx, c.median[i], 1), web.Number(ctx, c.q3[i], 1), int(c.now[i]))
}

// mapProps draws the communes of a province, or a commune alone.
func mapProps(ctx context.Context, v view, p picture) cartogram.Props {
	out := cartogram.Props{
		ID: "map", Unit: web.T(ctx, "bulletin.cases"), Head: web.T(ctx, "bulletin.col.commune"), Steps: []float64{1, 3, 6, 12, 24}, Hollow: true,
		RingName: web.T(ctx, "bulletin.map.ring"), Foot: chart.Foot{Source: source(ctx, v), At: v.Now, Missing: mapMissing(ctx, p)},
	}
	top := spot{}
	for _, s := range p.spots {
		c := cartogram.Circle{X: s.circle.X, Y: s.circle.Y, R: s.circle.R, Border: s.border, Name: s.unit.Full(),
			Href: v.with(pathCurve, "don-vi", codeOf(s.unit)), Value: float64(s.cases), Estimated: s.circle.Estimated}
		if s.circle.Inset != "" {
			c.Inset = web.TOr(ctx, "map.inset."+s.circle.Inset, s.circle.Inset)
		}
		if s.silent {
			c.Value = nan()
		}
		if s.cases > top.cases {
			top = s
		}
		out.Circles = append(out.Circles, c)
	}
	for i := range out.Circles {
		if top.cases > 0 && p.spots[i].unit.ID == top.unit.ID {
			out.Circles[i].Label = top.unit.Name
		}
	}
	for _, c := range p.clusters {
		x, y, r := p.around(c)
		out.Rings = append(out.Rings, cartogram.Ring{X: x, Y: y, R: r, Name: clusterWords(ctx, c)})
	}
	name := named(ctx, v.Disease.Name)
	out.Title = web.T(ctx, "bulletin.map.title.none", name, mapWeeks, v.Unit.Full())
	if top.cases > 0 {
		out.Title = web.T(ctx, "bulletin.map.title", name, mapWeeks, p.total, v.Unit.Full(), top.unit.Full(), top.cases)
	}
	return out
}

// mapMissing says what the map does not show.
func mapMissing(ctx context.Context, p picture) string {
	var out []string
	if p.nowhere > 0 {
		out = append(out, web.T(ctx, "bulletin.map.nowhere", p.nowhere))
	}
	if p.silent > 0 {
		out = append(out, web.T(ctx, "bulletin.map.silent", p.silent))
	}
	return strings.Join(out, " ")
}

func clusterWords(ctx context.Context, c Cluster) string {
	if c.Others > 0 {
		return web.T(ctx, "bulletin.map.cluster.part", len(c.Units), c.Others, shortDate(c.From), web.Int(ctx, int(min(c.Recurrence, 36500))))
	}
	return web.T(ctx, "bulletin.map.cluster", len(c.Units), shortDate(c.From), c.Cases, web.Number(ctx, c.Expected, 1), web.Int(ctx, int(min(c.Recurrence, 36500))))
}

// mapWhy says what the circles mean, or why there are none.
func mapWhy(ctx context.Context, p picture) string {
	switch {
	case !p.scanned:
		return web.T(ctx, "bulletin.map.unscanned")
	case len(p.clusters) == 0:
		for _, s := range p.spots { // more than the half is no cluster to a scan, but the whole matter
			if s.cases >= fewestHalf && 2*s.cases > p.total {
				return web.T(ctx, "bulletin.map.half", s.unit.Full(), s.cases, p.total)
			}
		}
		return web.T(ctx, "bulletin.map.noring")
	}
	return web.T(ctx, "bulletin.map.why", p.found)
}

// mapSince says that the map shows less than its weeks, because nobody watched
// before; "" when it shows all.
func mapSince(ctx context.Context, p picture) string {
	if p.since <= p.from {
		return ""
	}
	return web.T(ctx, "bulletin.map.since", mapWeeks, web.Date(ctx, p.since))
}

// ranking is the provinces by cases.
func ranking(ctx context.Context, v view, p picture) chart.RankingProps {
	out := chart.RankingProps{
		ID: "provinces", Unit: web.T(ctx, "bulletin.cases"), Head: web.T(ctx, "bulletin.col.province"),
		Title: web.T(ctx, "bulletin.map.title.nation", named(ctx, v.Disease.Name), mapWeeks, p.total),
		Foot:  chart.Foot{Source: source(ctx, v), At: v.Now, Missing: mapMissing(ctx, p)},
	}
	list := slices.Clone(p.spots)
	slices.SortStableFunc(list, func(x, y spot) int {
		if x.silent != y.silent {
			return bit(x.silent) - bit(y.silent)
		}
		return y.cases - x.cases
	})
	for _, s := range list {
		r := chart.Rank{Name: s.unit.Full(), Value: float64(s.cases), Step: 3, Href: v.with(pathMap, "don-vi", codeOf(s.unit))}
		if s.silent {
			r.Value, r.Step = nan(), -1
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

// spreadProps draws Rt with its band; gaps where too few cases say nothing.
func spreadProps(ctx context.Context, v view, s spread) chart.LineProps {
	n := len(s.days)
	mean, low, high := make([]float64, n), make([]float64, n), make([]float64, n)
	p := chart.LineProps{
		ID: "spread", Unit: "Rt", Period: web.T(ctx, "bulletin.step.ngay"), Decimals: 2, Limit: &chart.Limit{Name: "Rt = 1", Value: 1},
		Band: &chart.Band{Name: web.T(ctx, "bulletin.spread.band"), Low: low, High: high}, Foot: chart.Foot{Source: source(ctx, v), At: v.Now},
	}
	few := 0
	for i, r := range s.rt {
		mean[i], low[i], high[i] = nan(), nan(), nan()
		if r.Reason == outbreak.Judged {
			mean[i], low[i], high[i] = r.Mean, r.Quantile(0.025), r.Quantile(0.975)
		} else {
			few++
		}
		p.Labels = append(p.Labels, shortDate(s.days[i]))
	}
	p.Series = []chart.Series{{Name: "Rt", Values: mean, Decimals: 2}}
	if few > 0 {
		p.Foot.Missing = web.T(ctx, "bulletin.spread.gaps", few, outbreak.FewCases)
	}
	p.Title = spreadTitle(ctx, v, s)
	return p
}

func spreadTitle(ctx context.Context, v view, s spread) string {
	name := named(ctx, v.Disease.Name)
	r, day, ok := s.latest()
	if !ok {
		return web.T(ctx, "bulletin.spread.title.few", name, v.Unit.Full())
	}
	key := "open"
	switch low, high := r.Quantile(0.025), r.Quantile(0.975); {
	case day < s.days[len(s.days)-1]-spreadWindow:
		key = "old"
	case low > 1:
		key = "up"
	case high < 1 && s.fellBefore(day):
		key = "down"
	}
	return web.T(ctx, "bulletin.spread.title."+key, name, v.Unit.Full(), shortDate(day), web.Number(ctx, r.Mean, 2),
		web.Number(ctx, r.Quantile(0.025), 2), web.Number(ctx, r.Quantile(0.975), 2))
}

func spreadWhy(ctx context.Context, s spread) string {
	key := "bulletin.spread.why.onset"
	if s.axis == axisDiagnosis {
		key = "bulletin.spread.why.diagnosis"
	}
	source := ""
	if s.interval.Source != "" {
		source = " (" + s.interval.Source + ")"
	}
	out := web.T(ctx, key, spreadWindow, web.Number(ctx, s.interval.Mean, 1), web.Number(ctx, s.interval.SD, 1), source)
	switch {
	case s.interval.Verified:
		return out
	case source == "":
		return out + " " + web.T(ctx, "bulletin.spread.unverified")
	}
	return out + " " + web.T(ctx, "bulletin.spread.unverified.sd")
}

// clusterTable lists the clusters beside the map.
func clusterTable(ctx context.Context, p picture) table.Props {
	t := table.Props{Caption: web.T(ctx, "bulletin.map.ring"), Hidden: true, First: true, Stack: true, Cols: []table.Col{
		{Head: web.T(ctx, "bulletin.col.communes"), Wide: true}, {Head: web.T(ctx, "bulletin.col.since")}, {Head: web.T(ctx, "bulletin.cases"), Num: true},
		{Head: web.T(ctx, "bulletin.col.expected"), Num: true}, {Head: web.T(ctx, "bulletin.col.recurrence"), Num: true},
	}}
	names := map[vn.UnitID]string{}
	for _, s := range p.spots {
		names[s.unit.ID] = s.unit.Full()
	}
	for _, c := range p.clusters {
		var in []string
		for _, id := range c.Units {
			if name, ok := names[id]; ok {
				in = append(in, name)
			}
		}
		where, cases, expected := strings.Join(in, ", "), web.Int(ctx, c.Cases), web.Number(ctx, c.Expected, 1)
		if others := len(c.Units) - len(in) + c.Others; others > 0 {
			where = web.T(ctx, "bulletin.map.others", where, others)
		}
		if c.Others > 0 {
			cases, expected = "–", "–"
		}
		t.Rows = append(t.Rows, table.Text(where, web.Date(ctx, c.From), cases, expected, web.Int(ctx, int(min(c.Recurrence, 36500)))))
	}
	return t
}

func diseaseName(ctx context.Context, id string) string {
	if d, ok := content.Diseases().ByID(id); ok {
		return named(ctx, d.Name)
	}
	return id
}
