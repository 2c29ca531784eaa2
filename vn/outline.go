// SPDX-License-Identifier: Apache-2.0

package vn

import "math"

// Point is a place on the flat map in kilometres, X east of 106° and Y south of
// the equator; areas are true.
type Point struct{ X, Y float64 }

// Project places longitude and latitude, in degrees, on the flat map.
func Project(lon, lat float64) Point {
	x, y := project(lon, lat)
	return Point{x, y}
}

// Simplify leaves out the points of a line that lie within the tolerance, in
// kilometres, of the line without them (Douglas and Peucker 1973). The first and
// the last point stay.
func Simplify(line []Point, tolerance float64) []Point {
	if len(line) < 3 {
		return line
	}
	keep := make([]bool, len(line))
	keep[0], keep[len(line)-1] = true, true
	type span struct{ from, to int }
	for todo := []span{{0, len(line) - 1}}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		farthest, at := tolerance, -1
		for i := s.from + 1; i < s.to; i++ {
			if d := fromSegment(line[i], line[s.from], line[s.to]); d > farthest {
				farthest, at = d, i
			}
		}
		if at >= 0 {
			keep[at] = true
			todo = append(todo, span{s.from, at}, span{at, s.to})
		}
	}
	out := line[:0:0]
	for i, p := range line {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// fromSegment is the distance of p from the segment between a and b.
func fromSegment(p, a, b Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	if length := dx*dx + dy*dy; length > 0 {
		t := min(max(((p.X-a.X)*dx+(p.Y-a.Y)*dy)/length, 0), 1)
		a = Point{a.X + t*dx, a.Y + t*dy}
	}
	return math.Hypot(p.X-a.X, p.Y-a.Y)
}
