// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

func dutyRows(ctx context.Context, p dutyData, list []OnDuty) []worklist.Row {
	var rows []worklist.Row
	for _, o := range list {
		row := worklist.Row{ID: "duty-" + o.Schedule, Name: o.Name, Why: web.T(ctx, "detection.period.days", web.Date(ctx, o.From), web.Date(ctx, o.To)), Tone: tag.Info}
		if p.Keeps {
			row.Post, row.Action = "/canh-bao/truc/"+o.Schedule, web.Link{Text: web.T(ctx, "detection.duty.end")}
		}
		rows = append(rows, row)
	}
	return rows
}

func workerOptions(ctx context.Context, list []Worker) []field.Option {
	out := []field.Option{{Text: web.T(ctx, "detection.duty.choose")}}
	for _, w := range list {
		out = append(out, field.Option{Value: w.Practitioner, Text: w.Name})
	}
	return out
}

func monthOptions(ctx context.Context, list []vn.Month) []field.Option {
	var out []field.Option
	for _, m := range list {
		out = append(out, field.Option{Value: m.String(), Text: monthName(ctx, m)})
	}
	return out
}

func chosen(p scoreData) *web.Form {
	f := &web.Form{}
	f.Set("thang", p.Month.String())
	return f
}

func monthName(ctx context.Context, m vn.Month) string {
	return web.T(ctx, "detection.month", int(m.Month), strconv.Itoa(m.Year))
}

// percent is a share in words; too few to say it below leastShare.
func percent(ctx context.Context, n, m int) string {
	if m == 0 {
		return "–"
	}
	if s, ok := share(n, m); ok {
		return web.Number(ctx, s, 1) + " %"
	}
	return web.T(ctx, "detection.score.few", n, m)
}

func hours(ctx context.Context, s Score) string {
	if s.Answered == 0 {
		return "–"
	}
	return web.Number(ctx, s.Hours, 1)
}

// What the peers reach: China's CIDARS answers 97.1 % of its signals, half of
// them within 1.1 hours; of Zambia's verified alerts 67 % were events.
const (
	targetAnswered = 97.0
	targetHours    = 1.1
	targetVerified = 67.0
)

func scoreItems(ctx context.Context, s Score) []stat.Item {
	target := func(v float64, unit string) string {
		return web.T(ctx, "detection.score.target", web.Number(ctx, v, 1)+" "+unit)
	}
	return []stat.Item{
		{Name: web.T(ctx, "detection.score.alerts"), Value: web.Int(ctx, s.Alerts)},
		{Name: web.T(ctx, "detection.score.answered"), Value: percent(ctx, s.Answered, s.Alerts), Note: target(targetAnswered, "%")},
		{Name: web.T(ctx, "detection.score.in_time"), Value: percent(ctx, s.InTime, s.Alerts)},
		{Name: web.T(ctx, "detection.score.hours"), Value: hours(ctx, s), Note: target(targetHours, web.T(ctx, "detection.hours"))},
		{Name: web.T(ctx, "detection.score.verified"), Value: percent(ctx, s.Verified, s.Real), Note: target(targetVerified, "%")},
		{Name: web.T(ctx, "detection.score.ppv"), Value: percent(ctx, s.Verified, s.Answered)},
		{Name: web.T(ctx, "detection.score.missed"), Value: web.Int(ctx, s.Missed), Danger: s.Missed > 0},
	}
}

// scoreTable lists the units below: those who leave the most unanswered first.
func scoreTable(ctx context.Context, p scoreData) table.Props {
	t := table.Props{Caption: web.T(ctx, "detection.score.below"), Hidden: true, First: true, Cols: []table.Col{
		{Head: web.T(ctx, "detection.col.unit"), Wide: true}, {Head: web.T(ctx, "detection.score.alerts"), Num: true}, {Head: web.T(ctx, "detection.score.answered"), Num: true},
		{Head: web.T(ctx, "detection.score.hours"), Num: true}, {Head: web.T(ctx, "detection.score.ppv"), Num: true}, {Head: web.T(ctx, "detection.score.missed"), Num: true}}}
	units := slices.Collect(maps.Keys(p.Below))
	slices.SortFunc(units, func(x, y vn.UnitID) int {
		a, b := p.Below[x], p.Below[y]
		return cmp.Or((b.Alerts-b.Answered)-(a.Alerts-a.Answered), b.Missed-a.Missed, cmp.Compare(x, y))
	})
	for _, u := range units {
		s := p.Below[u]
		t.Rows = append(t.Rows, []table.Cell{{Text: unitName(ctx, p.names[u]), Href: "/canh-bao/bang-diem?don-vi=" + queryCode(p.names[u]) + "&thang=" + p.Month.String()}, {Text: web.Int(ctx, s.Alerts)},
			{Text: percent(ctx, s.Answered, s.Alerts)}, {Text: hours(ctx, s)}, {Text: percent(ctx, s.Verified, s.Answered)}, {Text: web.Int(ctx, s.Missed), Strong: s.Missed > 0}})
	}
	return t
}
