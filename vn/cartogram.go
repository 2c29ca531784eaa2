// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"cmp"
	"math"
	"slices"
)

// Circle is one commune on the cartogram.
type Circle struct {
	Unit UnitID
	// X and Y are its centre in kilometres east and south of the map's corner,
	// R its radius in kilometres: πR² is 7/10 of the area of the commune.
	X, Y, R float64
	// Estimated is set when the area is not known and the circle has an equal
	// share of what the other communes leave of the province.
	Estimated bool
	// Inset names the frame in which a far archipelago stands, "hoang-sa" or
	// "truong-sa"; empty on the map itself.
	Inset string
}

// Insets of the two archipelagos, which lie too far out for the map's scale.
// They always belong to it.
const (
	insetHoangSa  = "hoang-sa"
	insetTruongSa = "truong-sa"
	codeHoangSa   = "20333"
	codeTruongSa  = "22736"
)

// fill is the share of the land that circles cover: enough to look like a
// country, little enough that pushing them apart moves them only a little.
const fill = 0.7

// Cartogram returns a circle for each commune of the unit on the day, in code
// order: area-true, at its centre, pushed apart as little as is needed that none
// covers another by more than a hundredth of its radius. The same units give the
// same map. The nation takes about 0.2 s: keep the result. nil
// when there are no communes.
func Cartogram(u *Units, id UnitID, on Date) []Circle {
	communes := u.Communes(id, on)
	areas := u.areas(communes)
	circles := make([]Circle, len(communes))
	for i, c := range communes {
		lon, lat := c.Lon, c.Lat
		if p, ok := u.Get(c.Parent); ok && !c.Located() {
			lon, lat = p.Lon, p.Lat
		}
		x, y := project(lon, lat)
		circles[i] = Circle{Unit: c.ID, X: x, Y: y, R: math.Sqrt(fill * areas[i] / math.Pi), Estimated: c.AreaKm2 == 0, Inset: inset(c)}
	}
	onMap := make([]*Circle, 0, len(circles))
	for i := range circles {
		if circles[i].Inset == "" {
			onMap = append(onMap, &circles[i])
		}
	}
	separate(onMap)
	frame(circles, onMap)
	return circles
}

func inset(c Unit) string {
	switch {
	case c.Kind != KindSpecial:
	case c.Code == codeHoangSa:
		return insetHoangSa
	case c.Code == codeTruongSa:
		return insetTruongSa
	}
	return ""
}

// project is the sinusoidal projection on 106° east, which keeps areas.
func project(lon, lat float64) (x, y float64) {
	const kmPerDegree = 111.2
	return (lon - 106) * math.Cos(lat*math.Pi/180) * kmPerDegree, -lat * kmPerDegree
}

// areas returns the area of each commune in km². Where it is not known, the
// province's communes without one share what is left of the province.
func (u *Units) areas(communes []Unit) []float64 {
	left := map[UnitID]float64{}
	without := map[UnitID]float64{}
	for _, c := range communes {
		left[c.Parent] += c.AreaKm2
		if c.AreaKm2 == 0 {
			without[c.Parent]++
		}
	}
	areas := make([]float64, len(communes))
	for i, c := range communes {
		areas[i] = c.AreaKm2
		if c.AreaKm2 == 0 {
			p, _ := u.Get(c.Parent)
			areas[i] = max((p.AreaKm2-left[c.Parent])/without[c.Parent], smallest)
		}
	}
	return areas
}

// smallest is the least area assumed for a commune, in km².
const smallest = 5

// separate moves circles until they hardly overlap. In the first half of the
// rounds every circle is drawn back to its true place, less and less.
func separate(circles []*Circle) {
	const (
		rounds = 600
		fresh  = 20 // rounds for which a list of neighbours is good
	)
	home := make([]Circle, len(circles))
	for i, c := range circles {
		home[i] = *c
	}
	var near [][2]*Circle
	for round := range rounds {
		if round%fresh == 0 {
			near = neighbours(circles)
		}
		if pull := 0.1 * (1 - 2*float64(round)/rounds); pull > 0 {
			for i, c := range circles {
				c.X += pull * (home[i].X - c.X)
				c.Y += pull * (home[i].Y - c.Y)
			}
		}
		moved := false
		for _, pair := range near {
			moved = apart(pair[0], pair[1]) || moved
		}
		if !moved && round > rounds/2 && round%fresh == 0 {
			return
		}
	}
}

// neighbours lists the pairs that may come to overlap within a few rounds,
// west to east.
func neighbours(circles []*Circle) [][2]*Circle {
	const slack = 4 // km
	sorted := slices.SortedFunc(slices.Values(circles), func(a, b *Circle) int {
		return cmp.Or(cmp.Compare(a.X-a.R, b.X-b.R), cmp.Compare(a.Unit, b.Unit))
	})
	near := make([][2]*Circle, 0, 12*len(circles))
	for i, a := range sorted {
		for _, b := range sorted[i+1:] {
			if b.X-b.R > a.X+a.R+slack {
				break
			}
			if need := a.R + b.R + slack; math.Abs(a.Y-b.Y) < need && math.Hypot(a.X-b.X, a.Y-b.Y) < need {
				near = append(near, [2]*Circle{a, b})
			}
		}
	}
	return near
}

// apart separates one pair.
func apart(a, b *Circle) bool {
	dx, dy := b.X-a.X, b.Y-a.Y
	need := a.R + b.R
	if math.Abs(dy) >= need || math.Abs(dx) >= need {
		return false
	}
	d := math.Hypot(dx, dy)
	if d >= need {
		return false
	}
	if d < 1e-6 { // one place: part them by their ids, not by chance
		dx, dy, d = 1, float64(a.Unit%7)-3, math.Hypot(1, float64(a.Unit%7)-3)
		need += d
	}
	overlap := need - d
	share := b.R * b.R / (a.R*a.R + b.R*b.R)
	a.X -= dx / d * overlap * share
	a.Y -= dy / d * overlap * share
	b.X += dx / d * overlap * (1 - share)
	b.Y += dy / d * overlap * (1 - share)
	return overlap > 0.005*min(a.R, b.R)
}

// frame puts the insets east of the map, as near to their latitude as it
// reaches, and the corner of everything at 0, 0.
func frame(circles []Circle, onMap []*Circle) {
	if len(circles) == 0 {
		return
	}
	west, north, east, south := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, c := range onMap {
		west, east = min(west, c.X-c.R), max(east, c.X+c.R)
		north, south = min(north, c.Y-c.R), max(south, c.Y+c.R)
	}
	if len(onMap) == 0 {
		west, east, north, south = 0, 0, 0, 0
	}
	gap := 0.06*(south-north) + 10
	for i := range circles {
		c := &circles[i]
		if c.Inset != "" {
			c.X = east + gap + c.R
			c.Y = min(max(c.Y, north+c.R), max(south-c.R, north+c.R))
		}
		c.X -= west
		c.Y -= north
	}
}
