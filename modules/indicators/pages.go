// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mach/content"
	"mach/i18n"
	"mach/vn"
	"mach/web"
	"mach/web/components/cartogram"
	"mach/web/components/chart"
	"mach/web/components/figure"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/worklist"
)

func name(ctx context.Context, i content.Indicator) string {
	long, _ := names(ctx, i)
	return long
}

func short(ctx context.Context, i content.Indicator) string {
	_, s := names(ctx, i)
	return s
}

func up(ctx context.Context, path []vn.Unit) web.Link {
	if len(path) == 0 {
		return web.Link{}
	}
	above := path[len(path)-1]
	return web.Link{Text: above.Full(), Href: boardPath(above.ID)}
}

func figurePath(unit vn.UnitID, v Value) string {
	return boardPath(unit) + "/" + v.Indicator.ID + "?ky=" + v.Period.String()
}

// periodWord says the period as people do.
func periodWord(ctx context.Context, p Period) string {
	switch p.Kind {
	case "day":
		return web.T(ctx, "indicators.day", web.Date(ctx, p.From))
	case "week":
		return web.T(ctx, "indicators.week", strconv.Itoa(vn.WeekOf(p.From).Number), dayMonth(p.From), dayMonth(p.From+6))
	case "month":
		return web.T(ctx, "indicators.month", p.String()[5:]+"/"+p.String()[:4])
	}
	return web.T(ctx, "indicators.year", p.String())
}

func tileOf(ctx context.Context, u vn.Unit, t tile) figure.Props {
	f := figure.Props{
		ID: "tile-" + t.Value.Indicator.ID, Label: short(ctx, t.Value.Indicator),
		Value: web.Int(ctx, int(t.Value.Numerator)), Unit: web.T(ctx, "indicators.unit."+t.Value.Indicator.Unit),
		Period: periodWord(ctx, t.Value.Period), Href: figurePath(u.ID, t.Value),
	}
	if t.Value.Indicator.Kind == "people" {
		f.Period = web.T(ctx, "indicators.until", web.Date(ctx, t.Value.Period.To))
		return f
	}
	compare(ctx, &f, t)
	return f
}

// compare says the difference from the same days before; whether it is
// welcome depends on the indicator.
func compare(ctx context.Context, f *figure.Props, t tile) {
	now, before := t.Value.Numerator, t.Before.Numerator
	key := "indicators.than." + t.Value.Period.Kind
	switch {
	case now > before:
		f.Trend, f.Compare = figure.Up, web.T(ctx, key+".up", web.Int(ctx, int(now-before)))
		f.Bad, f.Good = t.Value.Indicator.Direction == "down", t.Value.Indicator.Direction == "up"
	case now < before:
		f.Trend, f.Compare = figure.Down, web.T(ctx, key+".down", web.Int(ctx, int(before-now)))
		f.Bad, f.Good = t.Value.Indicator.Direction == "up", t.Value.Indicator.Direction == "down"
	default:
		f.Trend, f.Compare = figure.Flat, web.T(ctx, key+".same")
	}
}

func childCols(ctx context.Context) []table.Col {
	cols := []table.Col{{Head: web.T(ctx, "indicators.place"), Wide: true}}
	for _, c := range boardColumns {
		cols = append(cols, table.Col{Head: web.T(ctx, "indicators.col."+c.id), Num: true})
	}
	return cols
}

func childCells(ctx context.Context, whole vn.UnitID, rows []childRow) [][]table.Cell {
	out := make([][]table.Cell, len(rows))
	for i, r := range rows {
		out[i] = []table.Cell{{Text: r.Unit.Full(), Href: boardPath(r.Unit.ID)}}
		if r.Unit.ID == whole {
			out[i][0] = table.Cell{Text: web.T(ctx, "indicators.elsewhere")}
		}
		for _, v := range r.Values {
			c := table.Cell{Text: web.Int(ctx, int(v.Value)), Strong: v.Value > 0}
			if v.Silent {
				c.Text = i18n.Missing
			}
			out[i] = append(out[i], c)
		}
	}
	return out
}

func foot(ctx context.Context, tiles []tile) chart.Foot {
	f := chart.Foot{Source: web.T(ctx, "indicators.source"), At: web.Now(ctx)}
	for _, t := range tiles {
		if words := running(ctx, t.Value.Period); words != "" {
			f.Missing = words
		}
	}
	return f
}

// running says that a period has not ended; "" when it has.
func running(ctx context.Context, p Period) string {
	if p.To < vn.DateOf(web.Now(ctx)) {
		return ""
	}
	return web.T(ctx, "indicators.running", periodWord(ctx, p))
}

// method lists what the figure is made of: what is counted, by what it is
// divided, where both come from, and whether it is whole.
func method(ctx context.Context, f figureData) []stat.Item {
	v := f.Value
	say := func(key string, args ...any) string { return web.T(ctx, "indicators."+key, args...) }
	list := []stat.Item{
		{Name: say("numerator"), Value: v.Indicator.Numerator(web.LangOf(ctx))},
		{Name: say("denominator"), Value: say("denominator.none")},
		{Name: say("sources"), Value: say("source")},
		{Name: say("complete"), Value: say("complete.yes", web.Date(ctx, v.Period.To))},
	}
	if v.Indicator.Per.Population {
		year := strconv.Itoa(content.PopulationYear)
		list[1].Value = say("denominator.population", year)
		if v.HasRate {
			list[1].Value = say("denominator.people", web.Int(ctx, int(v.Denominator)), year)
		}
		list[2].Value += "; " + say("source.population", year)
	}
	var missing []string
	if words := running(ctx, v.Period); words != "" {
		missing = append(missing, words)
	}
	if n := silent(f.Shares); n > 0 {
		missing = append(missing, say("silent", n, len(f.Shares)))
	}
	if v.Missing > 0 {
		missing = append(missing, say("no_population", v.Missing))
	}
	if missing != nil {
		list[3].Value = say("complete.no", strings.Join(missing, "; "))
	}
	return list
}

func wholeFigure(ctx context.Context, f figureData) figure.Props {
	v := f.Value
	p := figure.Props{
		Label: short(ctx, v.Indicator), Value: web.Int(ctx, int(v.Numerator)),
		Unit: web.T(ctx, "indicators.unit."+v.Indicator.Unit), Period: periodWord(ctx, v.Period),
	}
	if n := silent(f.Shares); n > 0 {
		p.Partial = web.T(ctx, "indicators.silent", n, len(f.Shares))
	}
	if v.Indicator.Per.Population {
		if v.HasRate {
			p.Compare = web.T(ctx, "indicators.rate", web.Number(ctx, v.Rate, 2), web.Int(ctx, int(v.Indicator.Per.Factor)),
				web.Int(ctx, int(v.Denominator)), strconv.Itoa(content.PopulationYear))
		} else {
			p.Compare = web.T(ctx, "indicators.rate.unknown")
		}
	}
	return p
}

func periodWords(ctx context.Context, f figureData) []worklist.Word {
	words := make([]worklist.Word, len(f.Periods))
	for i, p := range f.Periods {
		words[i] = worklist.Word{
			Text: periodWord(ctx, p), Current: p.String() == f.Value.Period.String(),
			Href: boardPath(f.Unit.ID) + "/" + f.Value.Indicator.ID + "?ky=" + p.String(),
		}
	}
	return words
}

func courseOf(ctx context.Context, f figureData) chart.LineProps {
	return lineOf(ctx, "course", f.Value, f.Course)
}

// lineOf draws the daily course of one figure; today is not complete yet.
func lineOf(ctx context.Context, id string, v Value, days []DayValue) chart.LineProps {
	p := chart.LineProps{
		ID: id, Title: courseTitle(ctx, v, days),
		Unit: web.T(ctx, "indicators.unit."+v.Indicator.Unit), Period: web.T(ctx, "indicators.date"),
		Partial: 1, Foot: foot(ctx, []tile{{Value: v}}),
	}
	s := chart.Series{Name: short(ctx, v.Indicator)}
	for _, d := range days {
		p.Labels = append(p.Labels, dayMonth(d.Day))
		s.Values = append(s.Values, float64(d.Value))
	}
	p.Series = []chart.Series{s}
	return p
}

// courseTitle is the finding of a course: the last seven whole days against the
// seven before.
func courseTitle(ctx context.Context, v Value, days []DayValue) string {
	name := short(ctx, v.Indicator)
	if len(days) < 15 {
		return web.T(ctx, "indicators.course", name, courseDays)
	}
	mean := func(week []DayValue) string {
		sum := int64(0)
		for _, d := range week {
			sum += d.Value
		}
		return web.Number(ctx, float64(sum)/7, 1)
	}
	whole := days[:len(days)-1] // today is not over
	return web.T(ctx, "indicators.course.weeks", name, mean(whole[len(whole)-7:]), mean(whole[len(whole)-14:len(whole)-7]))
}

// silent counts the units whose value is not known.
func silent(shares []Share) int {
	n := 0
	for _, s := range shares {
		if s.Silent {
			n++
		}
	}
	return n
}

// value is what a chart draws of a share: a gap where nothing was ever counted.
func (s Share) value() float64 {
	if s.Silent {
		return math.NaN()
	}
	return float64(s.Value)
}

// steps divide the map's values into six classes of one hue.
func steps(shares []Share) []float64 {
	top := int64(0)
	for _, s := range shares {
		top = max(top, s.Value)
	}
	out := []float64{1} // zero stands apart
	for i := 1; i <= 4; i++ {
		v := math.Ceil(float64(top) * float64(i) / 5)
		if v > out[len(out)-1] {
			out = append(out, v)
		}
	}
	return out
}

// mapOf draws the communes below the unit. For the nation each commune takes
// the value of its province, so that the map says what the ranking says.
func mapOf(ctx context.Context, f figureData) cartogram.Props {
	values := make(map[vn.UnitID]Share, len(f.Shares))
	for _, s := range f.Shares {
		if s.Unit.ID != f.Unit.ID { // what has no place is not drawn
			values[s.Unit.ID] = s
		}
	}
	p := cartogram.Props{
		ID: "map", Title: web.T(ctx, "indicators.map", short(ctx, f.Value.Indicator)), Head: web.T(ctx, "indicators.place"),
		Unit: web.T(ctx, "indicators.unit."+f.Value.Indicator.Unit), Steps: steps(f.Shares), NoTable: true,
		Foot: foot(ctx, []tile{{Value: f.Value}}),
	}
	for _, c := range f.Map.Circles {
		s, ok := values[c.Unit]
		if !ok {
			s, ok = values[f.provinceOf(c.Unit)]
		}
		if !ok {
			continue
		}
		p.Circles = append(p.Circles, cartogram.Circle{
			X: c.X, Y: c.Y, R: c.R, Border: f.Map.Borders[c.Unit], Inset: insetName(ctx, c.Inset), Name: s.Unit.Full(), Value: s.value(), Estimated: c.Estimated,
			Href: boardPath(s.Unit.ID) + "/" + f.Value.Indicator.ID + "?ky=" + f.Value.Period.String(),
		})
	}
	return p
}

// boardMap is the map beside the list of a board, of the column it is sorted by.
func boardMap(ctx context.Context, b boardData) cartogram.Props {
	f := figureData{Unit: b.Unit, Map: b.Map}
	for _, t := range b.Tiles {
		if t.Value.Indicator.ID == boardColumns[boardSort].id {
			f.Value = t.Value
		}
	}
	for _, r := range b.Children {
		f.Shares = append(f.Shares, r.Values[boardSort])
	}
	return mapOf(ctx, f)
}

// insetName names the frame of a far archipelago.
func insetName(ctx context.Context, inset string) string {
	if inset == "" {
		return ""
	}
	return web.T(ctx, "indicators.inset."+inset)
}

func rankingOf(ctx context.Context, f figureData) chart.RankingProps {
	p := chart.RankingProps{
		ID: "ranking", Title: web.T(ctx, "indicators.ranking"), Head: web.T(ctx, "indicators.place"),
		Unit: web.T(ctx, "indicators.unit."+f.Value.Indicator.Unit), Foot: foot(ctx, []tile{{Value: f.Value}}),
	}
	bounds := steps(f.Shares)
	shares := slices.Clone(f.Shares)
	slices.SortStableFunc(shares, byValue)
	for _, s := range shares {
		if s.Unit.ID == f.Unit.ID {
			p.Rows = append(p.Rows, chart.Rank{
				Name: web.T(ctx, "indicators.elsewhere"), Value: float64(s.Value), Step: cartogram.Paint(float64(s.Value), bounds),
			})
			continue
		}
		p.Rows = append(p.Rows, chart.Rank{
			Name: s.Unit.Full(), Value: s.value(), Step: cartogram.Paint(s.value(), bounds),
			Href: boardPath(s.Unit.ID) + "/" + f.Value.Indicator.ID + "?ky=" + f.Value.Period.String(),
		})
	}
	return p
}

// halfLine is a course on half a page.
func halfLine(ctx context.Context, c course) chart.LineProps {
	p := lineOf(ctx, "course-"+strings.ReplaceAll(c.Value.Indicator.ID, ".", "-"), c.Value, c.Days)
	p.Half = true
	return p
}

// dayMonth is a day on an axis, where the year is understood: 21/11.
func dayMonth(d vn.Date) string {
	p := d.Partial()
	return fmt.Sprintf("%02d/%02d", p.Day, p.Month)
}
