// SPDX-License-Identifier: Apache-2.0

// Package chart draws lines, bars and rankings as SVG on the server.
//
// A missing value (NaN) is a gap, never a zero; bars start at zero; names
// stand on the lines; each chart carries its table, its source and what is
// missing. A chart is drawn twice, for wide and narrow screens, so that its
// words stay readable on a phone.
package chart

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"mach/i18n"
)

// size is one drawing: width and height in units, about CSS pixels.
type size struct{ w, h float64 }

var wide, half, narrow = size{640, 264}, size{560, 244}, size{360, 232}

// scale maps values to y and positions to x inside the margins.
type scale struct {
	size
	left, right, top, bottom float64
	lo, hi, step             float64
	n                        int
	centred                  bool // positions are middles of columns, not points
}

func (s scale) y(v float64) float64 {
	return s.h - s.bottom - (v-s.lo)/(s.hi-s.lo)*(s.h-s.top-s.bottom)
}

func (s scale) x(i int) float64 {
	span := s.w - s.left - s.right
	if s.centred {
		return s.left + (float64(i)+0.5)*span/float64(max(s.n, 1))
	}
	return s.left + float64(i)*span/float64(max(s.n-1, 1))
}

// ticks returns the values of the grid lines, lowest first.
func (s scale) ticks() []float64 {
	var out []float64
	for k := 0; k <= 12; k++ {
		v := s.lo + float64(k)*s.step
		if v > s.hi+s.step/1e6 {
			break
		}
		out = append(out, v)
	}
	return out
}

// fit chooses round bounds for values. Zero is included when asked, or when
// the values come near it, so that a small change does not look like a cliff.
func fit(lo, hi float64, zero bool) (from, to, step float64) {
	if math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return 0, 1, 1
	}
	if lo > 0 && (zero || lo < 0.6*hi) {
		lo = 0
	}
	if hi < 0 && zero {
		hi = 0
	}
	// Below a millionth of the values a difference is lost in their rounding.
	if least := 1e-6 * math.Max(math.Abs(lo), math.Abs(hi)); hi-lo <= least {
		hi = lo + math.Max(1, least)
	}
	raw := (hi - lo) / 4
	mag := math.Pow(10, math.Floor(math.Log10(raw)))
	step = 10 * mag
	for _, m := range []float64{1, 2, 2.5, 5} {
		if raw <= m*mag {
			step = m * mag
			break
		}
	}
	from, to = math.Floor(lo/step)*step, math.Ceil(hi/step)*step
	return from, to, step
}

// bounds returns the least and greatest of the values that are there.
func bounds(lists ...[]float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, l := range lists {
		for _, v := range l {
			if !missing(v) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	return lo, hi
}

// whole reports whether all values that are there count something.
func whole(lists ...[]float64) bool {
	for _, l := range lists {
		if slices.ContainsFunc(l, func(v float64) bool { return !missing(v) && v != math.Trunc(v) }) {
			return false
		}
	}
	return true
}

// counts lets no grid line stand between whole numbers.
func (s *scale) counts() {
	if s.step < 1 {
		s.step, s.lo, s.hi = 1, math.Floor(s.lo), math.Ceil(s.hi)
	}
}

// room is the width of the numbers on the grid lines.
func (s scale) room(decimals int) float64 {
	w := 0.0
	for _, v := range s.ticks() {
		w = math.Max(w, textWidth(i18n.Number(i18n.Vietnamese, v, tickDecimals(s.step, decimals))))
	}
	return w
}

func missing(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// at is the value of a series at i; missing beyond its end.
func at(values []float64, i int) float64 {
	if i < 0 || i >= len(values) {
		return math.NaN()
	}
	return values[i]
}

// path draws values from i = from up to to (exclusive), lifting the pen at gaps.
func (s scale) path(values []float64, from, to int) string {
	var b strings.Builder
	down := false
	for i := from; i < to; i++ {
		v := at(values, i)
		if missing(v) {
			down = false
			continue
		}
		if down {
			b.WriteByte('L')
		} else {
			b.WriteByte('M')
		}
		down = true
		b.WriteString(num(s.x(i)) + " " + num(s.y(v)))
	}
	return b.String()
}

// area draws the band between low and high, one piece between gaps.
func (s scale) area(low, high []float64) string {
	var b strings.Builder
	for i := 0; i < s.n; {
		if missing(at(low, i)) || missing(at(high, i)) {
			i++
			continue
		}
		j := i
		for j < s.n && !missing(at(low, j)) && !missing(at(high, j)) {
			j++
		}
		b.WriteString("M")
		for k := i; k < j; k++ {
			b.WriteString(num(s.x(k)) + " " + num(s.y(high[k])) + " ")
		}
		for k := j - 1; k >= i; k-- {
			b.WriteString(num(s.x(k)) + " " + num(s.y(low[k])) + " ")
		}
		b.WriteString("z")
		i = j
	}
	return b.String()
}

// alone returns the positions whose neighbours are missing: they would be
// invisible as a line.
func alone(values []float64) []int {
	var out []int
	for i, v := range values {
		if !missing(v) && missing(at(values, i-1)) && missing(at(values, i+1)) {
			out = append(out, i)
		}
	}
	return out
}

// every returns the positions that get a label under the axis, so that labels
// of the given width do not touch; the last position always has one.
func (s scale) every(width float64) []int {
	if s.n == 0 {
		return nil
	}
	room := int((s.w - s.left - s.right) / (width + 10))
	step := max(1, int(math.Ceil(float64(s.n)/float64(max(room, 1)))))
	var out []int
	for i := s.n - 1; i >= 0; i -= step {
		out = append([]int{i}, out...)
	}
	return out
}

// apart moves label heights so that they stand at least gap apart, in order.
func apart(ys []float64, gap, lo, hi float64) []float64 {
	out := append([]float64(nil), ys...)
	order := make([]int, len(ys))
	for i := range order {
		order[i] = i
	}
	for i := range order { // few labels: insertion sort keeps it plain
		for j := i; j > 0 && ys[order[j]] < ys[order[j-1]]; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	for n := 1; n < len(order); n++ {
		if d := out[order[n-1]] + gap - out[order[n]]; d > 0 {
			out[order[n]] += d
		}
	}
	for n := len(order) - 1; n >= 0; n-- {
		limit := hi
		if n < len(order)-1 {
			limit = out[order[n+1]] - gap
		}
		out[order[n]] = math.Max(lo, math.Min(out[order[n]], limit))
	}
	return out
}

// textWidth is about the width of a text at 12 units, semi-bold, by count of
// its letters: Vietnamese marks take no width.
func textWidth(s string) float64 { return 7.1 * float64(len([]rune(s))) }

func num(f float64) string {
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

// step1 is the width of one position of a drawing of columns.
func (s scale) step1() float64 { return (s.w - s.left - s.right) / float64(max(s.n, 1)) }

// mark is a small triangle that points down on the column of height v.
func (s scale) mark(i int, v float64) string {
	x, y := s.x(i), math.Max(s.y(v)-4, s.top-10)
	return "M" + num(x) + " " + num(y) + "l-4.5 -8h9z"
}
