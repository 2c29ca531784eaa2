// SPDX-License-Identifier: Apache-2.0

package vn

// Circle is one commune on the cartogram.
type Circle struct {
	Unit UnitID
	// X and Y are kilometres east and south of the map's corner, R the radius.
	X, Y, R float64
	// Inset is empty on the mainland's map, else names the inset.
	Inset string
}

// Cartogram returns a circle for each commune of the unit today, in code order.
func Cartogram(u *Units, id UnitID) []Circle { return nil }
