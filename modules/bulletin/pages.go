// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"math"
	"strconv"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/tabs"
)

func named(ctx context.Context, w content.Words) string { return w.In(web.LangOf(ctx)) }

// tabRow are the pictures of the same unit and disease.
func tabRow(ctx context.Context, v view) []tabs.Tab {
	var out []tabs.Tab
	for _, t := range []struct{ key, path string }{
		{"bulletin.tab.week", pathBulletin}, {"bulletin.tab.curve", pathCurve}, {"bulletin.tab.channel", pathChannel}, {"bulletin.tab.map", pathMap},
		{"bulletin.tab.complete", pathComplete}, {"bulletin.tab.spread", pathSpread}, {"bulletin.tab.data", pathData},
	} {
		out = append(out, tabs.Tab{Text: web.T(ctx, t.key), Href: v.with(t.path), Current: t.path == v.At})
	}
	if v.Loads {
		out = append(out, tabs.Tab{Text: web.T(ctx, "bulletin.tab.forecast"), Href: v.with(pathForecast), Current: v.At == pathForecast})
	}
	return out
}

func unitOptions(v view) []field.Option {
	out := make([]field.Option, len(v.Choices))
	for i, u := range v.Choices {
		out[i] = field.Option{Value: codeOf(u), Text: u.Full()}
	}
	return out
}

func diseaseOptions(ctx context.Context, v view) []field.Option {
	out := make([]field.Option, len(v.Diseases))
	for i, d := range v.Diseases {
		out[i] = field.Option{Value: d.ID, Text: named(ctx, d.Name)}
	}
	return out
}

func axisOptions(ctx context.Context) []field.Option {
	return []field.Option{{Value: byReport, Text: web.T(ctx, "bulletin.axis."+byReport)}, {Value: byOnset, Text: web.T(ctx, "bulletin.axis."+byOnset)}}
}

func stepOptions(ctx context.Context) []field.Option {
	var out []field.Option
	for _, s := range []step{byDay, byWeek, byMonth} {
		out = append(out, field.Option{Value: string(s), Text: web.T(ctx, "bulletin.step."+string(s))})
	}
	return out
}

// choice is the form in which the reader chooses, as it stands.
func choice(v view) *web.Form {
	f := &web.Form{}
	f.Set("don-vi", codeOf(v.Unit))
	f.Set("benh", v.Disease.ID)
	f.Set("buoc", string(v.Step))
	f.Set("theo", byReport)
	if v.Axis == axisOnset {
		f.Set("theo", byOnset)
	}
	if v.Years {
		f.Set("nam", "1")
	}
	return f
}

// periodLabel is a period under the axis.
func periodLabel(s step, d vn.Date) string {
	p := d.Partial()
	switch s {
	case byDay:
		return strconv.Itoa(int(p.Day)) + "/" + strconv.Itoa(int(p.Month))
	case byMonth:
		return strconv.Itoa(int(p.Month)) + "/" + strconv.Itoa(p.Year%100)
	}
	w := vn.WeekOf(d)
	return strconv.Itoa(w.Number) + "/" + strconv.Itoa(w.Year%100)
}

// tableHead is a period in the narrow table beside a curve.
func tableHead(ctx context.Context, s step, d vn.Date) string {
	switch s {
	case byDay:
		return web.Date(ctx, d)
	case byMonth:
		return periodLabel(s, d)
	}
	w := vn.WeekOf(d)
	return periodLabel(s, d) + " · " + shortDate(w.Start()) + "–" + shortDate(w.End())
}

// periodIn is a period inside a sentence.
func periodIn(ctx context.Context, s step, d vn.Date) string {
	switch s {
	case byDay:
		return web.Date(ctx, d)
	case byMonth:
		return web.T(ctx, "bulletin.month.low", int(d.Partial().Month), strconv.Itoa(d.Year()))
	}
	w := vn.WeekOf(d)
	return web.T(ctx, "bulletin.week.low", w.Number, strconv.Itoa(w.Year), shortDate(w.Start()), shortDate(w.End()))
}

// weekName is a week with its days: "Tuần 46/2026 (9/11–15/11)".
func weekName(ctx context.Context, w vn.Week) string {
	return web.T(ctx, "bulletin.week", w.Number, strconv.Itoa(w.Year), shortDate(w.Start()), shortDate(w.End()))
}

func shortDate(d vn.Date) string {
	p := d.Partial()
	return strconv.Itoa(int(p.Day)) + "/" + strconv.Itoa(int(p.Month))
}

// source is where the numbers come from.
func source(ctx context.Context, v view) string { return web.T(ctx, "bulletin.source", v.Unit.Full()) }

// judgedWeek is the newest period shown that is over, and whether there is one.
func (c curve) judgedWeek(on vn.Date) int {
	for i := c.shown - 1; i >= 0; i-- {
		if c.step.end(c.dates[c.at(i)]) < on {
			return i
		}
	}
	return 0
}

// unfinished is how many of the last periods shown are not over.
func (c curve) unfinished(on vn.Date) int { return c.shown - 1 - c.judgedWeek(on) }

// finding is the title of the curve, why its sentence: what the newest full
// period shows and against what.
func finding(ctx context.Context, v view, c curve) string {
	i := c.judgedWeek(v.On)
	k := c.at(i)
	name, period := named(ctx, v.Disease.Name), periodIn(ctx, c.step, c.dates[k])
	if c.known(k) < 0 {
		return web.T(ctx, "bulletin.curve.title.silent", name, v.Unit.Full(), period)
	}
	n := c.cases[k].total()
	if len(c.points) > 0 && c.points[i].Reason == outbreak.Judged {
		switch p := c.points[i]; {
		case p.Alarm:
			return web.T(ctx, "bulletin.curve.title.alarm", name, v.Unit.Full(), period, n)
		case float64(n) > p.Bound:
			return web.T(ctx, "bulletin.curve.title.above", name, v.Unit.Full(), period, n)
		default:
			return web.T(ctx, "bulletin.curve.title.usual", name, v.Unit.Full(), period, n)
		}
	}
	return web.T(ctx, "bulletin.curve.title.count", name, v.Unit.Full(), period, n)
}

// why says in sentences what the newest full period rests on.
func why(ctx context.Context, v view, c curve) string {
	i := c.judgedWeek(v.On)
	k := c.at(i)
	if c.known(k) < 0 {
		return web.T(ctx, "bulletin.why.silent")
	}
	n, out := c.cases[k].total(), ""
	if c.step == byDay {
		out = web.T(ctx, "bulletin.why.day")
	}
	if len(c.points) > 0 {
		p := c.points[i]
		switch {
		case p.Reason == outbreak.Judged && p.Alarm:
			out = web.T(ctx, "bulletin.why.alarm", n, web.Number(ctx, p.Expected, 1), web.Number(ctx, p.Bound, 0), web.Number(ctx, 100*c.rule.Alpha(v.Unit.Level), 1), c.rule.Years)
		case p.Reason == outbreak.Judged && float64(n) > p.Bound:
			out = web.T(ctx, "bulletin.why.few", n, web.Number(ctx, p.Expected, 1), web.Number(ctx, p.Bound, 0), c.rule.LeastCases, c.rule.LeastWeeks)
		case p.Reason == outbreak.Judged:
			out = web.T(ctx, "bulletin.why.usual", n, web.Number(ctx, p.Expected, 1), web.Number(ctx, p.Bound, 0))
		default:
			out = web.T(ctx, "bulletin.why."+p.Reason.String())
		}
	}
	if len(c.legal) > 0 {
		if l := c.legal[i]; l.Used != nil && l.State != outbreak.StateShort {
			key := "below"
			switch x := float64(n); {
			case x > l.Line:
				key = "line"
			case x > l.Warn:
				key = "warn"
			}
			out += " " + web.T(ctx, "bulletin.why.legal."+key, len(l.Used), web.Number(ctx, l.Mean, 1), web.Number(ctx, l.Warn, 1), web.Number(ctx, l.Line, 1))
		}
	}
	return out
}

// missing says what is not in a curve.
func missing(ctx context.Context, v view, c curve) string {
	out := ""
	add := func(text string) {
		if out != "" {
			out += " "
		}
		out += text
	}
	silent := 0
	for i := range c.shown {
		if c.silent[c.at(i)] {
			silent++
		}
	}
	if silent > 0 {
		add(web.T(ctx, "bulletin.missing.silent", silent, c.shown))
	}
	if c.short() {
		add(web.T(ctx, "bulletin.missing.short", c.rule.MinYears))
	}
	if c.axis == axisOnset {
		add(web.T(ctx, "bulletin.missing.onset"))
	}
	if c.step != byMonth && c.nowcast == nil && !c.empty() {
		add(web.T(ctx, "bulletin.missing.nowcast", fewestCases))
	}
	return out
}

func nan() float64 { return math.NaN() }
