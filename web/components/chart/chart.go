// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"cmp"
	"context"
	"math"
	"time"

	"mach/i18n"
	"mach/web"
)

// Series is one line. Values stand at the positions of the labels.
type Series struct {
	Name     string
	Values   []float64
	Decimals int // in the table, when more than the chart's: a computed limit
}

// Band is a range: usual values, or uncertainty.
type Band struct {
	Name      string
	Low, High []float64
}

// Limit is a threshold or target, one value for all positions.
type Limit struct {
	Name  string
	Value float64
}

// Foot says where the numbers come from and what is not in them.
type Foot struct {
	Source  string
	At      time.Time // last updated
	Missing string    // who has not reported; "" = nobody is missing
}

// LineProps are a line chart. The first series is the one it is about.
type LineProps struct {
	ID       string
	Title    string // the finding
	Unit     string
	Period   string   // what a label is: "Tuần"; head of the table's first column
	Labels   []string // under the axis
	Heads    []string // in the table, with what is special; nil = Labels
	Series   []Series
	Band     *Band
	Limit    *Limit
	Off      []bool // positions that are days off: shaded; nil = none
	Alarm    []bool // positions of the first series that are marked; nil = none
	Partial  int    // how many of the first series' last positions are not complete yet
	Decimals int
	Half     bool // half a page wide: one of two side by side
	Foot     Foot
}

// Bar is one column.
type Bar struct {
	Label string
	Value float64 // NaN = missing
}

// BarsProps are columns over time, from zero.
type BarsProps struct {
	ID       string
	Title    string
	Unit     string
	Period   string
	Bars     []Bar
	Limit    *Limit
	Partial  int
	Decimals int
	Half     bool
	Foot     Foot
}

// Rank is one row of a ranking.
type Rank struct {
	Name, Href string
	Value      float64 // NaN = missing
	Note       string  // "12/14 trạm đã gửi"
	Step       int     // colour step of the map beside it, 0 palest … 5; see cartogram.Step
	Here       bool    // the reader's own place
}

// RankingProps are rows in the order given, longest bar = greatest value.
type RankingProps struct {
	ID       string
	Title    string
	Unit     string
	Head     string // head of the names: "Xã, phường"
	Rows     []Rank
	Target   *Limit
	Decimals int
	Foot     Foot
}

// head names position i in the table.
func (p LineProps) head(i int) string {
	if i < len(p.Heads) {
		return p.Heads[i]
	}
	return p.Labels[i]
}

func (p LineProps) scale(s size) scale {
	lists := [][]float64{}
	for _, one := range p.Series {
		lists = append(lists, one.Values)
	}
	if p.Band != nil {
		lists = append(lists, p.Band.Low, p.Band.High)
	}
	if p.Limit != nil {
		lists = append(lists, []float64{p.Limit.Value})
	}
	lo, hi := bounds(lists...)
	sc := scale{size: s, top: 26, bottom: 26, n: len(p.Labels)}
	sc.lo, sc.hi, sc.step = fit(lo, hi, false)
	if whole(lists...) {
		sc.counts()
	}
	sc.left = 12 + sc.room(p.Decimals)
	sc.right = 14
	for _, l := range p.ends(sc) {
		// A line alone has no name at its end, but its last value.
		sc.right = math.Max(sc.right, 18+textWidth(cmp.Or(l.text, i18n.Short(i18n.Vietnamese, sc.hi, 2))))
	}
	sc.right = math.Min(sc.right, 0.38*s.w)
	return sc
}

// open is how many of a series' last positions are not complete: what came
// before the first series (last year) is.
func (p LineProps) open(series int) int {
	if series > 0 {
		return 0
	}
	return p.Partial
}

// label is a name at the end of a line.
type label struct {
	text   string
	x, y   float64
	series int
}

// ends places each series' name beside its last value, and the limit's at its
// line: series is -1 for it. A series alone needs no name: the title has it.
func (p LineProps) ends(s scale) []label {
	var out []label
	var ys []float64
	for n, one := range p.Series {
		for i := min(len(one.Values), s.n) - 1; i >= 0; i-- {
			if !missing(one.Values[i]) {
				name := one.Name
				if len(p.Series) == 1 {
					name = ""
				}
				out = append(out, label{name, s.x(i) + 8, 0, n})
				ys = append(ys, s.y(one.Values[i]))
				break
			}
		}
	}
	if p.Limit != nil {
		out = append(out, label{p.Limit.Name, s.w - s.right + 6, 0, -1})
		ys = append(ys, s.y(p.Limit.Value))
	}
	for i, y := range apart(ys, 15, s.top+4, s.h-s.bottom-2) {
		out[i].y = y + 4
	}
	return out
}

// last is the position and value that a series ends with; -1 when it is empty.
func last(values []float64) (int, float64) {
	for i := len(values) - 1; i >= 0; i-- {
		if !missing(values[i]) {
			return i, values[i]
		}
	}
	return -1, math.NaN()
}

func lastOf(values []float64) float64 {
	_, v := last(values)
	return v
}

// greatest is the position and value of the first maximum; -1 when empty.
func greatest(values []float64) (int, float64) {
	at, best := -1, math.Inf(-1)
	for i, v := range values {
		if !missing(v) && v > best {
			at, best = i, v
		}
	}
	return at, best
}

// gaps counts missing values before the last known one: what is still to come
// is no gap.
func gaps(values []float64) int {
	end, _ := last(values)
	n := 0
	for _, v := range values[:end+1] {
		if missing(v) {
			n++
		}
	}
	return n
}

// said is the chart in a sentence, for those who cannot see it.
func said(ctx context.Context, title, unit string, decimals int, labels []string, values []float64) string {
	i, v := last(values)
	k, top := greatest(values)
	if i < 0 || i >= len(labels) || k >= len(labels) {
		return title + ". " + web.T(ctx, "chart.nothing")
	}
	s := title + ". " + web.T(ctx, "chart.said", web.Quantity(ctx, v, decimals, unit), labels[i],
		web.Quantity(ctx, top, decimals, unit), labels[k])
	if g := gaps(values); g > 0 {
		s += " " + web.T(ctx, "chart.said_gaps", g)
	}
	return s
}

func (p BarsProps) values() []float64 {
	out := make([]float64, len(p.Bars))
	for i, b := range p.Bars {
		out[i] = b.Value
	}
	return out
}

func (p BarsProps) labels() []string {
	out := make([]string, len(p.Bars))
	for i, b := range p.Bars {
		out[i] = b.Label
	}
	return out
}

func (p BarsProps) scale(s size) scale {
	lo, hi := bounds(p.values())
	if p.Limit != nil {
		lo, hi = math.Min(lo, p.Limit.Value), math.Max(hi, p.Limit.Value)
	}
	sc := scale{size: s, top: 26, bottom: 26, right: 12, n: len(p.Bars), centred: true}
	if p.Limit != nil {
		sc.right = math.Min(0.3*s.w, 12+textWidth(p.Limit.Name))
	}
	sc.lo, sc.hi, sc.step = fit(math.Min(lo, 0), hi, true)
	if whole(p.values()) {
		sc.counts()
	}
	sc.left = 12 + sc.room(p.Decimals)
	return sc
}

// thick is the width of a column.
func (s scale) thick() float64 {
	return math.Min(44, 0.68*(s.w-s.left-s.right)/float64(max(s.n, 1)))
}

// widest is the width of the widest label.
func widest(labels []string) float64 {
	w := 0.0
	for _, l := range labels {
		w = math.Max(w, textWidth(l))
	}
	return w
}

// share is a bar's length in percent of the greatest value of a ranking.
func (p RankingProps) share(v float64) float64 {
	top := 0.0
	for _, r := range p.Rows {
		if !missing(r.Value) {
			top = math.Max(top, r.Value)
		}
	}
	if p.Target != nil {
		top = math.Max(top, p.Target.Value)
	}
	if top == 0 || missing(v) || v < 0 {
		return 0
	}
	return 100 * v / top
}

// tick writes a grid value with the decimals its step needs.
func tick(ctx context.Context, v, step float64, decimals int) string {
	return web.Number(ctx, v, tickDecimals(step, decimals))
}

func tickDecimals(step float64, decimals int) int {
	for n := range 3 {
		if s := step * math.Pow10(n); math.Abs(s-math.Round(s)) < 1e-9 {
			return n
		}
	}
	return max(decimals, 2)
}
