// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"math"
	"strconv"
	"time"

	"mach/content"
	"mach/vn"
	"mach/web"
	"mach/web/components/chart"
	"mach/web/components/stat"
	"mach/web/components/table"
)

// syndrome is the syndrome with an id, by its newest definition.
func syndrome(id string) (content.Syndrome, bool) {
	for _, s := range content.Syndromes(lastList) {
		if s.ID == id {
			return s, true
		}
	}
	return content.Syndrome{}, false
}

// Syndrome reports whether the alert is of a syndrome, not of a disease.
func (a Alert) Syndrome() bool {
	_, ok := syndrome(a.Disease)
	return ok
}

func syndromeName(ctx context.Context, s content.Syndrome) string {
	return s.Name.In(web.LangOf(ctx))
}

// finding says what a day shows: 12 of 60 visits, usually 3.1.
func (d syndromeDay) finding(ctx context.Context) string {
	switch {
	case d.Visits == 0:
		return web.T(ctx, "detection.syndrome.silent.day")
	case math.IsNaN(d.Expected):
		return web.T(ctx, "detection.syndrome.of", d.Cases, d.Visits)
	}
	return web.T(ctx, "detection.syndrome.finding", d.Cases, d.Visits, web.Number(ctx, d.Expected, 1))
}

// head names a day in the table, with the day of the week and what is special.
func (d syndromeDay) head(ctx context.Context) string {
	s := web.T(ctx, "detection.weekday."+strconv.Itoa(int(d.Day.Weekday()))) + " " + web.Date(ctx, d.Day)
	if d.Holiday != "" {
		s += " · " + web.T(ctx, "holiday."+d.Holiday)
	}
	return s
}

// sharesOf draws the share of visits of a syndrome, day by day.
func sharesOf(ctx context.Context, p picture, place vn.Unit, at drawn) chart.LineProps {
	out := chart.LineProps{ID: "pic-" + p.ID, Title: syndromeName(ctx, p.Syndrome), Unit: web.T(ctx, "detection.syndrome.unit"), Period: web.T(ctx, "detection.syndrome.day"),
		Decimals: 1, Partial: 1, Half: at.half, Foot: chart.Foot{Source: web.T(ctx, "detection.syndrome.source", unitName(ctx, place)), At: at.now}}
	if d, ok := p.newest(); ok {
		out.Title = web.T(ctx, "detection.syndrome.title", syndromeName(ctx, p.Syndrome), web.Date(ctx, d.Day), d.finding(ctx))
	}
	share, expected := chart.Series{Name: web.T(ctx, "detection.syndrome.share")}, chart.Series{Name: web.T(ctx, "detection.syndrome.expected")}
	band := chart.Band{Name: web.T(ctx, "detection.syndrome.band")}
	silent := 0
	for _, d := range p.Days {
		_, month, day := d.Day.Date()
		out.Labels, out.Heads = append(out.Labels, strconv.Itoa(day)+"/"+strconv.Itoa(int(month))), append(out.Heads, d.head(ctx))
		share.Values, expected.Values = append(share.Values, d.share(float64(d.Cases))), append(expected.Values, d.share(d.Expected))
		low := 0.0
		if math.IsNaN(d.Bound) || d.Visits == 0 {
			low = math.NaN()
		}
		band.Low, band.High = append(band.Low, low), append(band.High, math.Min(100, d.share(d.Bound)))
		out.Off, out.Alarm = append(out.Off, d.Off), append(out.Alarm, d.Alarm)
		if d.Visits == 0 && !d.Off {
			silent++
		}
	}
	out.Series = []chart.Series{share}
	if p.Judged {
		out.Series, out.Band = append(out.Series, expected), &band
	} else {
		out.Foot.Missing = web.T(ctx, "detection.syndrome.short")
	}
	if silent > 0 && p.Judged {
		out.Foot.Missing = web.T(ctx, "detection.syndrome.silent.days", silent)
	}
	return out
}

// overview is the newest day of each syndrome, beside the pictures.
func overview(ctx context.Context, p syndromesData) table.Props {
	t := table.Props{Caption: web.T(ctx, "detection.syndrome.overview"), Hidden: true, First: true, Stack: true,
		Cols: []table.Col{{Head: web.T(ctx, "detection.syndrome"), Wide: true}, {Head: web.T(ctx, "detection.syndrome.day")}, {Head: web.T(ctx, "detection.syndrome.cases"), Num: true},
			{Head: web.T(ctx, "detection.syndrome.visits"), Num: true}, {Head: web.T(ctx, "detection.syndrome.usual"), Num: true}, {Head: web.T(ctx, "detection.syndrome.bound"), Num: true},
			{Head: web.T(ctx, "detection.syndrome.week"), Num: true}, {Head: web.T(ctx, "detection.syndrome.state")}}}
	for _, x := range p.Pictures {
		d, ok := x.newest()
		if !ok {
			continue
		}
		state := table.Cell{Text: web.T(ctx, "detection.syndrome.state.usual")}
		if a, ok := p.Alerts[x.ID]; ok {
			state = table.Cell{Text: web.T(ctx, "detection.syndrome.state.alert"), Href: a.Path(), Strong: true}
		} else if d.Alarm {
			state = table.Cell{Text: web.T(ctx, "detection.syndrome.state.alarm"), Strong: true}
		} else if math.IsNaN(d.Expected) {
			state = table.Cell{Text: web.T(ctx, "detection.syndrome.state.short")}
		}
		week := 0
		for _, one := range x.Days[max(0, len(x.Days)-7):] {
			week += one.Cases
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: syndromeName(ctx, x.Syndrome), Href: "#pic-" + x.ID}, {Text: web.Date(ctx, d.Day)}, {Text: web.Int(ctx, d.Cases)},
			{Text: web.Int(ctx, d.Visits)}, {Text: web.Number(ctx, d.Expected, 1)}, {Text: web.Number(ctx, d.Bound, 1)}, {Text: web.Int(ctx, week)}, state})
	}
	return t
}

// leadOfSyndromes is the finding of the page.
func leadOfSyndromes(ctx context.Context, p syndromesData) string {
	n := 0
	for _, x := range p.Pictures {
		if d, ok := x.newest(); ok && d.Alarm {
			n++
		}
	}
	if n == 0 {
		return web.T(ctx, "detection.syndrome.lead.none")
	}
	return web.T(ctx, "detection.syndrome.lead", n)
}

func trailOfSyndromes(ctx context.Context, p syndromesData) []web.Link {
	var out []web.Link
	for _, u := range p.Path {
		out = append(out, web.Link{Text: unitName(ctx, u), Href: syndromesPath(u)})
	}
	return append(out, web.Link{Text: unitName(ctx, p.Unit)})
}

func syndromesPath(u vn.Unit) string { return "/canh-bao/hoi-chung?don-vi=" + queryCode(u) }

// shortSyndrome is the reason of an alert of a syndrome in a list.
func shortSyndrome(ctx context.Context, a Alert) string {
	key := "detection.syndrome.alert"
	if a.Rule == RuleGroup {
		key = "detection.syndrome.alert.group"
	}
	return web.T(ctx, key, a.Cases, period(ctx, a))
}

// whySyndrome answers "why this alert": what was seen, of how many visits,
// against what, and who agrees.
func whySyndrome(ctx context.Context, p alertData) []string {
	name, place := diseaseName(ctx, p.Alert.Disease), unitName(ctx, p.Place)
	var out []string
	if p.Alert.Rule == RuleGroup {
		out = append(out, web.T(ctx, "detection.syndrome.why.group", name, place, p.Cases, period(ctx, p.Alert)))
	}
	if v := p.Sighted.Verdict; v != nil {
		d := p.Sighted.now(*v)
		out = append(out, web.T(ctx, "detection.syndrome.why", web.Date(ctx, v.Day), place, d.finding(ctx), name, web.Number(ctx, math.Floor(d.Bound), 0)))
		if p.P < 1 {
			out = append(out, web.T(ctx, "detection.syndrome.why.p", chance(ctx, p.P)))
		}
	}
	out = append(out, web.T(ctx, "detection.syndrome.why.words"))
	return append(out, complete(ctx, p))
}

// factsOfSyndrome are the figures of the newest day that stood out.
func factsOfSyndrome(ctx context.Context, p alertData) []stat.Item {
	v := p.Sighted.Verdict
	if v == nil {
		return nil
	}
	d := p.Sighted.now(*v)
	return []stat.Item{{Name: web.T(ctx, "detection.syndrome.usual"), Value: web.Number(ctx, d.Expected, 1), Note: web.T(ctx, "detection.fact.bound", web.Number(ctx, math.Floor(d.Bound), 0))}}
}

// now is the day of a verdict as it stands by now; as it was judged, when it is
// no longer in the picture.
func (x sighted) now(v SyndromeVerdict) syndromeDay {
	for _, d := range x.Picture.Days {
		if d.Day == v.Day && d.Visits > 0 && !math.IsNaN(d.Expected) {
			return d
		}
	}
	return syndromeDay{Day: v.Day, Cases: v.Cases, Visits: v.Visits, Expected: v.Expected, Bound: v.Bound}
}

// drawn says how a picture stands on its page.
type drawn struct {
	now  time.Time
	half bool // beside another one
}
