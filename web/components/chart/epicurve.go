// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"math"
	"strings"

	"mach/i18n"
	"mach/web"
)

// Cases are what one period of an epidemic curve holds, by how sure they are.
type Cases struct {
	Confirmed, Probable, Suspect int
	// Silent is set when nobody reported: then the numbers are no zeros.
	Silent bool
	// Alarm marks the period; Mark says why in a word or two.
	Alarm bool
	Mark  string
}

// Total counts the cases of all classes.
func (c Cases) Total() int { return c.Confirmed + c.Probable + c.Suspect }

// Range is an estimate with its band; NaN = none.
type Range struct{ Value, Low, High float64 }

// Layer is a line with a band that came from elsewhere: a forecast. It may
// reach beyond the bars.
type Layer struct {
	Name   string
	Points []Range
}

// EpiProps are an epidemic curve: columns by class, the confirmed at the
// bottom, with what was to be expected and where the lines of the law stand.
// Lists but Cases may be nil; each stands at the positions of Labels.
type EpiProps struct {
	ID       string
	Title    string // the finding
	Unit     string
	Period   string   // what a label is: "Tuần"
	Labels   []string // under the axis; may be more than Cases: the time ahead
	Heads    []string // in the table, with the exact dates; nil = Labels
	Cases    []Cases
	Expected []float64 // mean, when nothing happens
	Bound    []float64 // the highest that is nothing unusual
	Warn     []float64 // line of the law, mean + 1 SD
	Line     []float64 // line of the law, mean + 2 SD
	Nowcast  []Range   // with what is still on its way
	Years    []Series  // the same periods of the years before
	Layers   []Layer
	Partial  int // how many of the last positions of Cases are not complete yet
	Foot     Foot
}

func (p EpiProps) values() []float64 {
	out := make([]float64, len(p.Cases))
	for i, c := range p.Cases {
		out[i] = float64(c.Total())
		if c.Silent {
			out[i] = math.NaN()
		}
	}
	return out
}

// confirmed is how many of the cases of position i are; NaN where nobody
// reported and in the time ahead.
func (p EpiProps) confirmed(i int) float64 {
	if i >= len(p.Cases) || p.Cases[i].Silent {
		return math.NaN()
	}
	return float64(p.Cases[i].Confirmed)
}

func (p EpiProps) scale(s size) scale {
	lists := [][]float64{p.values(), p.Expected, p.Bound, p.Warn, p.Line}
	for _, y := range p.Years {
		lists = append(lists, y.Values)
	}
	for _, l := range append([]Layer{{Points: p.Nowcast}}, p.Layers...) {
		for _, r := range l.Points {
			lists = append(lists, []float64{r.Value, r.High})
		}
	}
	_, hi := bounds(lists...)
	if math.IsInf(hi, 0) || hi < 4 {
		hi = 4 // a single case is no tower
	}
	sc := scale{size: s, top: 26, bottom: 26, right: 12, n: len(p.Labels), centred: true}
	sc.lo, sc.hi, sc.step = fit(0, hi, true)
	sc.left = 12 + textWidth(i18n.Short(i18n.Vietnamese, sc.hi, 2))
	for _, l := range p.names(sc) {
		sc.right = math.Max(sc.right, 10+textWidth(l.text))
	}
	sc.right = math.Min(sc.right, 0.3*s.w)
	return sc
}

// named is a line with a name at its end.
type named struct {
	name, class string
	values      []float64
}

// lines are the lines of the curve that carry a name, in drawing order.
func (p EpiProps) lines(t func(string) string) []named {
	var out []named
	for _, l := range []named{
		{t("chart.epi.warn.short"), "warn", p.Warn}, {t("chart.epi.line.short"), "law", p.Line},
		{t("chart.epi.expected.short"), "expected", p.Expected},
	} {
		if i, _ := last(l.values); i >= 0 {
			out = append(out, l)
		}
	}
	for _, l := range p.Layers {
		values := make([]float64, len(l.Points))
		for i, r := range l.Points {
			values[i] = r.Value
		}
		out = append(out, named{l.Name, "layer", values})
	}
	return out
}

// names places the names at the right edge, at the height of the last values of
// their lines: a forecast may go on where the others end. The short names are the same length in both languages, near enough for room.
func (p EpiProps) names(s scale) []label {
	var out []label
	var ys []float64
	for n, l := range p.lines(short) {
		_, v := last(l.values)
		out, ys = append(out, label{l.name, s.x(s.n-1) + s.thick()/2 + 5, 0, n}), append(ys, s.y(v))
	}
	for i, y := range apart(ys, 14, s.top+4, s.h-s.bottom-2) {
		out[i].y = y + 4
	}
	return out
}

// short stands for the names of the lines where only their room is asked.
func short(key string) string {
	if strings.HasSuffix(key, "expected.short") {
		return "dự kiến"
	}
	return "+1 SD"
}

// stack is one column of the curve: heights from the bottom.
type stack struct {
	class    string
	from, to float64
}

func (c Cases) stacks() []stack {
	a, b := float64(c.Confirmed), float64(c.Confirmed+c.Probable)
	return []stack{{"confirmed", 0, a}, {"probable", a, b}, {"suspect", b, float64(c.Total())}}
}

// low and high split ranges for [scale.area].
func split(list []Range) (low, high []float64) {
	for _, r := range list {
		low, high = append(low, r.Low), append(high, r.High)
	}
	return low, high
}

// zeros is a lower edge at the axis for a band that begins there.
func zeros(n int) []float64 { return make([]float64, n) }

// head is the name of position i in the table.
func (p EpiProps) head(i int) string {
	if i < len(p.Heads) {
		return p.Heads[i]
	}
	return p.Labels[i]
}

func rangeAt(list []Range, i int) Range {
	if i < len(list) {
		return list[i]
	}
	return Range{math.NaN(), math.NaN(), math.NaN()}
}

func (p EpiProps) alarms() (n int) {
	for _, c := range p.Cases {
		if c.Alarm {
			n++
		}
	}
	return n
}

func (p EpiProps) silent() (n int) {
	for _, c := range p.Cases {
		if c.Silent {
			n++
		}
	}
	return n
}

func (p EpiProps) estimated() bool {
	for _, r := range p.Nowcast {
		if !missing(r.Value) {
			return true
		}
	}
	return false
}

func known(values []float64) bool { i, _ := last(values); return i >= 0 }

// ChannelProps are an endemic channel: this year's course on the quartiles of
// the years before.
type ChannelProps struct {
	ID             string
	Title          string
	Unit           string
	Period         string
	Labels         []string
	Now            []float64
	Q1, Median, Q3 []float64
	Partial        int
	Foot           Foot
}

func (p ChannelProps) scale(s size) scale {
	_, hi := bounds(p.Now, p.Q3)
	if math.IsInf(hi, 0) || hi < 4 {
		hi = 4
	}
	sc := scale{size: s, top: 26, bottom: 26, right: 14, n: len(p.Labels)}
	sc.lo, sc.hi, sc.step = fit(0, hi*1.08, true) // room above the third quartile: the zone of epidemic
	sc.left = 12 + textWidth(i18n.Short(i18n.Vietnamese, sc.hi, 2))
	return sc
}

// top is the upper edge of the drawing, for the zone that has no end.
func (p ChannelProps) top(s scale) []float64 {
	out := make([]float64, s.n)
	for i := range out {
		out[i] = s.hi
		if missing(at(p.Q3, i)) {
			out[i] = math.NaN()
		}
	}
	return out
}

// Zone is where a value lies in the channel, as the words are keyed: success,
// security, alarm, epidemic; "" where the channel or the value is not known.
func Zone(v, q1, median, q3 float64) string {
	switch {
	case missing(v) || missing(q1) || missing(median) || missing(q3):
		return ""
	case v > q3:
		return "epidemic"
	case v > median:
		return "alarm"
	case v > q1:
		return "security"
	}
	return "success"
}

func zoneName(ctx context.Context, zone string) string {
	if zone == "" {
		return i18n.Missing
	}
	return web.T(ctx, "chart.channel."+zone)
}
