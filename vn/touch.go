// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"cmp"
	"math"
	"slices"
)

// touching is how far apart the centres of two communes may lie that are taken
// as touching: this many times the sum of the radii of discs of their areas.
// Equal hexagons that touch lie 0.95 apart, the next ones 1.65.
const touching = 1.3

// Touching says which of the communes border on each other, both ways, each list
// ascending. No outlines of clear terms exist, so it is judged by centres and
// areas. One whose place is not known touches none.
func (u *Units) Touching(communes []Unit) map[UnitID][]UnitID {
	type disc struct {
		id   UnitID
		x, y float64
		r    float64
	}
	areas := u.areas(communes)
	var discs []disc
	widest := 0.0
	for i, c := range communes {
		if c.Located() && inset(c) == "" {
			p := Project(c.Lon, c.Lat)
			d := disc{c.ID, p.X, p.Y, touching * math.Sqrt(areas[i]/math.Pi)}
			widest = max(widest, d.r)
			discs = append(discs, d)
		}
	}
	slices.SortFunc(discs, func(a, b disc) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.id, b.id)) })
	out := map[UnitID][]UnitID{}
	for i, a := range discs {
		for _, b := range discs[i+1:] {
			if b.x-a.x > a.r+widest {
				break
			}
			if math.Hypot(a.x-b.x, a.y-b.y) <= a.r+b.r {
				out[a.id], out[b.id] = append(out[a.id], b.id), append(out[b.id], a.id)
			}
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}
