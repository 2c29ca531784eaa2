// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mach/outbreak"
	"mach/vn"
	"mach/web"
	"mach/web/components/chart"
	"mach/web/components/field"
	"mach/web/components/table"
	"mach/web/components/tag"
)

// exportHref is an export of what the page shows.
func exportHref(v view, file, level string) string {
	q := url.Values{"don-vi": {codeOf(v.Unit)}, "benh": {v.Disease.ID}, "tu": {vn.WeekOf(v.On).Start().AddDays(-7 * 52).String()}}
	if level != "" {
		q.Set("cap", level)
	}
	if v.Axis == axisOnset {
		q.Set("theo", byOnset)
	}
	return base + file + "?" + q.Encode()
}

// analystViews are the SQL views that analysts read (tables/0002_analysts).
func analystViews() []string {
	return []string{"bulletin_weekly_cases", "bulletin_weekly_reporting", "bulletin_foci"}
}

// publicEdition is the edition of the paper that leaves the health system.
const publicEdition = "cong-khai"

func paperHref(v view, b bulletin, edition string) string {
	q := url.Values{"don-vi": {codeOf(v.Unit)}, "tuan": {b.week.String()}}
	if edition != "" {
		q.Set("ban", edition)
	}
	return pathBulletin + "/pdf?" + q.Encode()
}

// weeksOffered is how many weeks the bulletin offers to choose.
const weeksOffered = 53

func weekOptions(ctx context.Context, v view) []field.Option {
	var out []field.Option
	for i := range weeksOffered {
		w := vn.WeekOf(v.On).Add(-i)
		out = append(out, field.Option{Value: w.String(), Text: weekName(ctx, w)})
	}
	return out
}

func weekChoice(b bulletin) *web.Form {
	f := &web.Form{}
	f.Set("tuan", b.week.String())
	return f
}

// change compares with the week before, in words.
func change(ctx context.Context, now, before int) string {
	switch {
	case now > before:
		return web.T(ctx, "bulletin.more", now-before)
	case now < before:
		return web.T(ctx, "bulletin.fewer", before-now)
	}
	return web.T(ctx, "bulletin.same")
}

// publicSum is a sum as a sentence of the public edition tells it.
func publicSum(ctx context.Context, n int, p parts) string {
	text := web.Int(ctx, edition{public: true}.least(n, p))
	if p.hidden > 0 {
		return web.T(ctx, "bulletin.least", text)
	}
	return text
}

// summary is the bulletin in a few sentences.
func summary(ctx context.Context, b bulletin) []string {
	n := func(v int) string { return web.Int(ctx, v) }
	out := []string{web.T(ctx, "bulletin.summary.cases", n(b.cases.total()), change(ctx, b.cases.total(), b.before), n(b.cases.confirmed))}
	switch {
	case b.silent:
		out[0] = web.T(ctx, "bulletin.summary.silent")
	case b.public: // the difference would give away the total
		out[0] = web.T(ctx, "bulletin.summary.cases.public", publicSum(ctx, b.cases.total(), b.caseParts))
	case b.before < 0:
		out[0] = web.T(ctx, "bulletin.summary.cases.first", n(b.cases.total()), n(b.cases.confirmed))
	}
	switch {
	case b.silent:
	case b.cases.died == 0:
		out = append(out, web.T(ctx, "bulletin.summary.nodeaths"))
	case b.public:
		out = append(out, web.T(ctx, "bulletin.summary.deaths", publicSum(ctx, b.cases.died, b.deathParts)))
	default:
		out = append(out, web.T(ctx, "bulletin.summary.deaths", n(b.cases.died)))
	}
	var top []string
	for _, d := range b.diseases[:min(3, len(b.diseases))] {
		if d.now.total() > 0 {
			top = append(top, web.T(ctx, "bulletin.summary.one", named(ctx, d.disease.Name), d.now.total()))
		}
	}
	if len(top) > 0 {
		out = append(out, web.T(ctx, "bulletin.summary.top", strings.Join(top, ", ")))
	}
	switch {
	case b.public:
	case len(b.alerts) == 0:
		out = append(out, web.T(ctx, "bulletin.summary.noalerts"))
	default:
		out = append(out, web.T(ctx, "bulletin.summary.alerts", len(b.alerts)))
	}
	open := 0
	for _, f := range b.foci {
		if !f.ended.Known() {
			open++
		}
	}
	return append(out, web.T(ctx, "bulletin.summary.foci", open), completeness(ctx, b)[0])
}

// completeness says who sent and who did not.
func completeness(ctx context.Context, b bulletin) []string {
	s := b.sent
	share := web.Number(ctx, 100*float64(s.sent)/float64(max(s.communes, 1)), 0)
	out := []string{web.T(ctx, "bulletin.sent", s.sent, s.communes, share, s.late)}
	if s.quiet > 0 {
		key := "bulletin.sent.quiet"
		if b.unit.Level == vn.LevelNation {
			key = "bulletin.sent.quiet.nation"
		}
		out = append(out, web.T(ctx, key, s.quiet))
	}
	if len(s.silentUnits) == 0 {
		return append(out, web.T(ctx, "bulletin.sent.nosilent"))
	}
	const named = 12
	var names []string
	for _, u := range s.silentUnits[:min(named, len(s.silentUnits))] {
		names = append(names, u.Full())
	}
	if more := len(s.silentUnits) - named; more > 0 {
		names = append(names, web.T(ctx, "bulletin.sent.more", more))
	}
	return append(out, web.T(ctx, "bulletin.sent.silent", len(s.silentUnits), strings.Join(names, ", ")))
}

func alertTable(ctx context.Context, b bulletin) table.Props {
	t := table.Props{Caption: web.T(ctx, "bulletin.alerts"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "bulletin.alerts.none"), Cols: []table.Col{
		{Head: web.T(ctx, "bulletin.col.disease"), Wide: true}, {Head: web.T(ctx, "bulletin.col.place")}, {Head: web.T(ctx, "bulletin.col.opened")},
		{Head: web.T(ctx, "bulletin.cases"), Num: true}, {Head: web.T(ctx, "bulletin.col.why")}, {Head: web.T(ctx, "bulletin.col.answer")},
	}}
	for _, x := range b.alerts {
		answer := table.Cell{Of: tag.Tag(tag.Warning, web.T(ctx, "bulletin.alerts.open"))}
		if x.Answer != "" {
			answer = table.Cell{Text: web.T(ctx, x.Answer)}
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: diseaseName(ctx, x.Disease), Href: x.Href}, {Text: b.names[x.Unit]}, {Text: web.Date(ctx, x.Opened)},
			{Text: web.Int(ctx, x.Cases)}, {Text: web.T(ctx, x.Why)}, answer})
	}
	return t
}

// diseaseTable is the bulletin's main table.
func diseaseTable(ctx context.Context, v view, b bulletin) table.Props {
	t := table.Props{Caption: web.T(ctx, "bulletin.diseases"), Hidden: true, First: true, Empty: web.T(ctx, "bulletin.diseases.none"), Cols: []table.Col{
		{Head: web.T(ctx, "bulletin.col.disease"), Wide: true}, {Head: web.T(ctx, "bulletin.col.week"), Num: true}, {Head: web.T(ctx, "bulletin.col.confirmed"), Num: true},
		{Head: web.T(ctx, "bulletin.col.before"), Num: true}, {Head: web.T(ctx, "bulletin.col.bound"), Num: true}, {Head: web.T(ctx, "bulletin.col.died"), Num: true},
		{Head: web.T(ctx, "bulletin.col.year"), Num: true}, {Head: web.T(ctx, "bulletin.col.lastyear"), Num: true}, {Head: web.T(ctx, "bulletin.col.says")},
	}}
	for _, d := range b.diseases {
		key := d.says()
		says := table.Cell{Text: web.T(ctx, key)}
		switch key {
		case saysAlarm:
			says = table.Cell{Of: tag.Tag(tag.Danger, web.T(ctx, key))}
		case saysLine:
			says = table.Cell{Of: tag.Tag(tag.Warning, web.T(ctx, key))}
		}
		t.Rows = append(t.Rows, []table.Cell{
			{Text: named(ctx, d.disease.Name), Href: v.with(pathCurve, "benh", d.disease.ID)}, {Text: d.count(ctx, d.now.total()), Strong: true},
			{Text: d.count(ctx, d.now.confirmed)}, {Text: orDash(ctx, d.before)}, {Text: d.bound(ctx)}, {Text: d.count(ctx, d.now.died)},
			{Text: web.Int(ctx, d.year.total())}, {Text: orDash(ctx, d.lastYear)}, says,
		})
	}
	return t
}

// What the bulletin says of a disease in its week.
const (
	saysAlarm = "bulletin.says.alarm"
	saysLine  = "bulletin.says.line"
)

func (d diseaseWeek) says() string {
	switch {
	case d.silent:
		return "bulletin.says.silent"
	case d.now.total() == 0:
		return "bulletin.says.none"
	case d.expected.Reason == outbreak.Judged && d.expected.Alarm:
		return saysAlarm
	case d.legal.Used != nil && d.legal.State != outbreak.StateShort && float64(d.now.total()) > d.legal.Line:
		return saysLine
	case d.expected.Reason == outbreak.Judged || d.expected.Reason == outbreak.TooFewCases:
		return "bulletin.says.usual"
	}
	return "bulletin.says.short"
}

// count is a number of the week; a dash when nobody was heard of in it.
func (d diseaseWeek) count(ctx context.Context, n int) string {
	if d.silent {
		n = -1
	}
	return orDash(ctx, n)
}

// bound is the statistical bound of the week; a dash where there is none.
func (d diseaseWeek) bound(ctx context.Context) string {
	if d.now.total() == 0 || d.expected.Reason != outbreak.Judged {
		return orDash(ctx, -1)
	}
	return web.Number(ctx, d.expected.Bound, 0)
}

// orDash is a count; a dash for -1, which is not known.
func orDash(ctx context.Context, n int) string {
	if n < 0 {
		return web.Number(ctx, nan(), 0)
	}
	return web.Int(ctx, n)
}

func fociTable(ctx context.Context, b bulletin) table.Props {
	t := table.Props{Caption: web.T(ctx, "bulletin.foci"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "bulletin.foci.none"), Cols: []table.Col{
		{Head: web.T(ctx, "bulletin.col.disease"), Wide: true}, {Head: web.T(ctx, "bulletin.col.place")}, {Head: web.T(ctx, "bulletin.col.since")}, {Head: web.T(ctx, "bulletin.col.state")},
	}}
	for _, f := range b.foci {
		state := tag.Tag(tag.Warning, web.T(ctx, "bulletin.foci.open"))
		switch {
		case f.ended.Known():
			state = tag.Tag(tag.Good, web.T(ctx, "bulletin.foci.closed", web.Date(ctx, f.ended)))
		case f.epidemic:
			state = tag.Tag(tag.Danger, web.T(ctx, "bulletin.foci.epidemic"))
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: diseaseName(ctx, f.disease)}, {Text: b.names[f.unit]}, {Text: web.Date(ctx, f.from)}, {Of: state}})
	}
	return t
}

// trendProps are the cases of all diseases, week by week.
func trendProps(ctx context.Context, v view, b bulletin) chart.BarsProps {
	p := chart.BarsProps{ID: "trend", Title: web.T(ctx, "bulletin.trend", trendWeeks), Unit: web.T(ctx, "bulletin.cases"), Period: web.T(ctx, "bulletin.step.tuan"),
		Foot: chart.Foot{Source: source(ctx, v), At: v.Now}}
	for i, w := range b.weeks {
		p.Bars = append(p.Bars, chart.Bar{Label: periodLabel(byWeek, w.Start()), Value: b.trend[i]})
	}
	if b.partial {
		p.Partial = 1
	}
	return p
}

// heatWhy, heatTitle and heatFoot say what the map of completeness shows.
func heatTitle(ctx context.Context, v view, h heat) string {
	return web.T(ctx, "bulletin.complete.title", v.Unit.Full(), len(h.weeks), web.Number(ctx, mean(h.share[:max(len(h.share)-1, 0)]), 0)) // without the week under way
}

func heatWhy(ctx context.Context, v view, h heat) string {
	silent := 0
	for _, r := range h.rows {
		if n := len(r.states); n > 1 && r.states[n-2] == stateSilent {
			silent++
		}
	}
	if v.Unit.Level == vn.LevelNation {
		return web.T(ctx, "bulletin.complete.why.nation", h.never, len(h.rows))
	}
	return web.T(ctx, "bulletin.complete.why", silent, len(h.rows), h.never)
}

func heatFoot(ctx context.Context, v view, h heat) chart.Foot {
	f := chart.Foot{Source: web.T(ctx, "bulletin.complete.source", v.Unit.Full()), At: v.Now}
	if h.never > 0 {
		f.Missing = web.T(ctx, "bulletin.complete.never", h.never)
	}
	return f
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return sum / float64(max(len(list), 1))
}

func heatHead(ctx context.Context, v view) string {
	if v.Unit.Level == vn.LevelNation {
		return web.T(ctx, "bulletin.col.province")
	}
	return web.T(ctx, "bulletin.col.commune")
}

// newest turns a list: the newest week stands first, so that a phone shows it
// without scrolling.
func newest[T any](list []T) []T {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// heatWeek is the number of a week; of the first column, and of the last week
// of a year, with its year.
func heatWeek(n int, d vn.Date) string {
	w := vn.WeekOf(d)
	if n == 0 || w.Number == vn.WeeksIn(w.Year) {
		return periodLabel(byWeek, d)
	}
	return strconv.Itoa(w.Number)
}

// heatMark is a state as a sign, so that it is seen without colour.
func heatMark(s state) string {
	return map[state]string{stateSent: "●", stateLate: "◐", stateQuiet: "·", stateSilent: "×"}[s]
}

func heatSaid(ctx context.Context, row heatRow, i int) string {
	s := row.sent[i]
	return web.T(ctx, "bulletin.state."+row.states[i].String()) + ": " + web.T(ctx, "bulletin.complete.cell", s.visits, s.cases, s.late)
}

// heatStep is the share of communes that sent something, in six steps.
func heatStep(row heatRow, i int) string {
	return strconv.Itoa(row.heard[i] * 5 / max(row.communes, 1))
}

func forecastTable(ctx context.Context, v view, files []forecastFile) table.Props {
	t := table.Props{Caption: web.T(ctx, "bulletin.forecast.list"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "bulletin.forecast.none.yet"), Cols: []table.Col{
		{Head: web.T(ctx, "bulletin.col.source"), Wide: true}, {Head: web.T(ctx, "bulletin.col.made")}, {Head: web.T(ctx, "bulletin.col.loaded")},
		{Head: web.T(ctx, "bulletin.col.rows"), Num: true}, {Head: web.T(ctx, "bulletin.col.act")},
	}}
	for _, f := range files {
		t.Rows = append(t.Rows, []table.Cell{{Text: f.source}, {Text: web.Date(ctx, f.made)}, {Text: web.DateTime(ctx, f.loaded)}, {Text: web.Int(ctx, f.rows)}, {Of: drop(f)}})
	}
	return t
}

// forecastSample is a file as it must look.
func forecastSample(v view) string {
	week := vn.WeekOf(v.On)
	lines := []string{strings.Join(forecastColumns, ",")}
	for i := 1; i <= 2; i++ {
		lines = append(lines, strings.Join([]string{codeOf(v.Unit), v.Disease.ID, week.Add(i).String(), strconv.Itoa(10 + 2*i), strconv.Itoa(6 + i), strconv.Itoa(17 + 4*i), "D-MOSS", v.On.String()}, ","))
	}
	return strings.Join(lines, "\n")
}
