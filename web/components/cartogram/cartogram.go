// SPDX-License-Identifier: Apache-2.0

// Package cartogram draws one area-true circle a place, coloured in steps of
// one hue, beside a table of the same. Islands far out stand in insets. Value
// and name can be read without colour: in the title of each circle, in the
// line under the map and in the table.
package cartogram

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"mach/content"
	"mach/web"
	"mach/web/components/chart"
)

// Circle is one place. X and Y are kilometres east and south, R the radius in
// kilometres; an inset has its own origin.
type Circle struct {
	X, Y, R    float64
	Name, Href string
	Value      float64 // NaN = not known
	Inset      string  // name of the inset; "" = the main map
	Label      string  // written on the map: few, short
	Alarm      bool    // a ring around it, and a word in the table
	Estimated  bool    // its area is not known: the circle has a usual one
	// Border is its true outline in the kilometres of X and Y, drawn instead of
	// the circle; the zero Border is none.
	Border content.Border
}

// Props are a map. Steps are the bounds between colour steps, rising, at most
// five: len(Steps)+1 steps.
type Props struct {
	ID       string
	Title    string // the finding
	Unit     string
	Head     string // head of the names: "Xã, phường"
	Circles  []Circle
	Steps    []float64
	Decimals int
	Alarm    string // what the ring means
	Foot     chart.Foot
	NoTable  bool // a ranking beside it is its table
	Hollow   bool // what has none is drawn empty: none is not the same as few
	Rings    []Ring
	RingName string // what the rings mean
}

// Ring is a circle around several places: a cluster. X, Y and R are kilometres
// of the main map.
type Ring struct {
	X, Y, R float64
	Name    string
}

// Step returns the colour step of v, 0 palest; -1 when v is not known. A value
// equal to a bound belongs to the step above.
func Step(v float64, bounds []float64) int {
	if math.IsNaN(v) {
		return -1
	}
	n := 0
	for _, b := range bounds {
		if v >= b {
			n++
		}
	}
	return n
}

// paint is the class of a step out of n+1: the palest and the darkest of the
// scale are always used, the ones between are spread.
func paint(step, n int) string {
	if step < 0 {
		return "step-none"
	}
	if n == 0 {
		return "step-3"
	}
	return "step-" + strconv.Itoa(int(math.Round(float64(step)*5/float64(n))))
}

// Paint returns the colour number of v for a ranking beside the map: 0 … 5,
// or -1.
func Paint(v float64, bounds []float64) int {
	s := Step(v, bounds)
	if s < 0 || len(bounds) == 0 {
		return s
	}
	return int(math.Round(float64(s) * 5 / float64(len(bounds))))
}

// drawn is the map laid out: pixels, circles in drawing order.
type drawn struct {
	w, h   float64
	dots   []dot
	frames []frame
	rings  []dot // at their place
}

type dot struct {
	Circle
	class   string
	x, y, r float64
	place   string // the transform of the border
}

// box is what the place takes up.
func (c Circle) box() (minX, minY, maxX, maxY float64) {
	if b := c.Border; b.Path != "" {
		return b.MinX, b.MinY, b.MaxX, b.MaxY
	}
	return c.X - c.R, c.Y - c.R, c.X + c.R, c.Y + c.R
}

type frame struct {
	name       string
	x, y, w, h float64
}

const (
	mapWidth  = 520.0
	mapHeight = 620.0
	insetW    = 132.0
	insetH    = 104.0
	least     = 2.2 // least radius in units: still to be hit with a finger
)

// lay fits the main map into the page, largest circles first so that small
// ones stay on top, and the insets beside or under it.
func lay(p Props) drawn {
	var main []Circle
	insets := map[string][]Circle{}
	var names []string
	for _, c := range p.Circles {
		if c.Inset == "" {
			main = append(main, c)
			continue
		}
		if insets[c.Inset] == nil {
			names = append(names, c.Inset)
		}
		insets[c.Inset] = append(insets[c.Inset], c)
	}
	d := drawn{w: mapWidth}
	if len(names) == 0 {
		d.h = d.place(p, main, 0, 0, mapWidth, mapHeight, 6, false)
		return d
	}
	if tall(main) { // insets beside it, in the sea: the first at the top, the others at the bottom
		d.h = d.place(p, main, 0, 0, mapWidth-insetW-16, mapHeight, 6, false)
		for i, n := range names {
			y := 8.0
			if i > 0 {
				y = d.h - float64(len(names)-i)*(insetH+26)
			}
			d.inset(p, n, insets[n], mapWidth-insetW-1, y)
		}
		return d
	}
	d.h = d.place(p, main, 0, 0, mapWidth, mapHeight, 6, false)
	for i, n := range names {
		d.inset(p, n, insets[n], 1+float64(i%3)*(insetW+24), d.h+12+float64(i/3)*(insetH+30))
	}
	d.h += 12 + float64((len(names)+2)/3)*(insetH+30)
	return d
}

// tall reports whether a map leaves room beside it.
func tall(cs []Circle) bool {
	minX, minY, maxX, maxY := extent(cs)
	return maxY-minY > 1.2*(maxX-minX)
}

func extent(cs []Circle) (minX, minY, maxX, maxY float64) {
	minX, minY, maxX, maxY = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, c := range cs {
		left, top, right, bottom := c.box()
		minX, maxX = math.Min(minX, left), math.Max(maxX, right)
		minY, maxY = math.Min(minY, top), math.Max(maxY, bottom)
	}
	return minX, minY, maxX, maxY
}

// inset draws circles in a frame with its name under it.
func (d *drawn) inset(p Props, name string, cs []Circle, x, y float64) {
	d.frames = append(d.frames, frame{name, x, y, insetW, insetH})
	d.place(p, cs, x, y, insetW, insetH, 10, true)
}

// place fits circles into a box with pad around them, in its middle or at its
// top, and returns the height used.
func (d *drawn) place(p Props, cs []Circle, x0, y0, w, h, pad float64, middle bool) float64 {
	if len(cs) == 0 {
		return 60
	}
	minX, minY, maxX, maxY := extent(cs)
	k := math.Min((w-2*pad)/math.Max(maxX-minX, 1e-6), (h-2*pad)/math.Max(maxY-minY, 1e-6))
	usedW, usedH := (maxX-minX)*k+2*pad, (maxY-minY)*k+2*pad
	ox, oy := x0+(w-usedW)/2+pad, y0+pad
	if middle {
		oy += (h - usedH) / 2
	}
	start := len(d.dots)
	whole := "translate(" + num(ox-minX*k) + " " + num(oy-minY*k) + ") scale(" + strconv.FormatFloat(k, 'f', 5, 64) + ")"
	for _, c := range cs {
		d.dots = append(d.dots, dot{Circle: c, class: paint(Step(c.Value, p.Steps), len(p.Steps)),
			x: ox + (c.X-minX)*k, y: oy + (c.Y-minY)*k, r: math.Max(c.R*k, least), place: whole})
	}
	if !middle {
		for _, r := range p.Rings {
			d.rings = append(d.rings, dot{Circle: Circle{Name: r.Name}, x: ox + (r.X-minX)*k, y: oy + (r.Y-minY)*k, r: r.R*k + 5})
		}
	}
	if p.Hollow {
		for i := range d.dots[start:] {
			if c := &d.dots[start+i]; c.Value == 0 {
				c.class = "step-hollow"
			}
		}
	}
	slices.SortStableFunc(d.dots[start:], func(a, b dot) int { return cmp.Compare(b.r, a.r) })
	return usedH
}

// key is the class of step i in the legend.
func key(p Props, i int) string {
	if i == 0 && p.Hollow {
		return "step-hollow"
	}
	return paint(i, len(p.Steps))
}

// ring is the radius of the mark around a place in alarm: around a circle, or
// small in the middle of an outline.
func ring(c dot) float64 {
	if c.Border.Path != "" {
		return 6
	}
	return c.r + 2.5
}

// labelY is where a name stands: in the middle of a large place, above a small
// or marked one.
func labelY(c dot) float64 {
	if c.r >= 16 && !c.Alarm || c.Border.Path != "" {
		return c.y + 3.5
	}
	return c.y - ring(c) - 5
}

// ranges are the legend's steps in words, palest first.
func ranges(ctx context.Context, p Props) []string {
	if len(p.Steps) == 0 {
		return nil
	}
	n := func(f float64) string { return web.Number(ctx, f, p.Decimals) }
	if counted(p) {
		return counts(ctx, p.Steps, n)
	}
	out := []string{web.T(ctx, "map.below", n(p.Steps[0]))}
	for i := 1; i < len(p.Steps); i++ {
		out = append(out, web.T(ctx, "map.between", n(p.Steps[i-1]), n(p.Steps[i])))
	}
	return append(out, web.T(ctx, "map.from", n(p.Steps[len(p.Steps)-1])))
}

// counted reports whether the values are counts, not rates.
func counted(p Props) bool {
	whole := func(f float64) bool { return math.IsNaN(f) || f == math.Trunc(f) }
	return p.Decimals == 0 && !slices.ContainsFunc(p.Steps, func(f float64) bool { return !whole(f) }) &&
		!slices.ContainsFunc(p.Circles, func(c Circle) bool { return !whole(c.Value) })
}

// counts are the ranges of whole numbers: 0, 1–8, 9–17, from 18.
func counts(ctx context.Context, steps []float64, n func(float64) string) []string {
	var out []string
	from := 0.0
	for _, next := range steps {
		if next-1 > from {
			out = append(out, n(from)+"–"+n(next-1))
		} else {
			out = append(out, n(from))
		}
		from = next
	}
	return append(out, web.T(ctx, "map.from", n(from)))
}

// unknown counts the circles without a value.
func unknown(p Props) int {
	n := 0
	for _, c := range p.Circles {
		if math.IsNaN(c.Value) {
			n++
		}
	}
	return n
}

// estimated counts the circles whose area is a guess.
func estimated(p Props) int {
	n := 0
	for _, c := range p.Circles {
		if c.Estimated && c.Border.Path == "" {
			n++
		}
	}
	return n
}

// said is a circle in words.
func said(ctx context.Context, p Props, c Circle) string {
	if math.IsNaN(c.Value) {
		return c.Name + ": " + web.T(ctx, "map.unknown")
	}
	return c.Name + ": " + web.Quantity(ctx, c.Value, p.Decimals, p.Unit)
}

func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }
