// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"slices"
)

// Quartiles are the three bounds of an endemic channel in one period: below Q1
// is success, to the median security, to Q3 alarm, above it epidemic.
type Quartiles struct{ Q1, Median, Q3 float64 }

// Channel returns the quartiles of the same period of the years before (the
// endemic channel by quartiles; Bortman 1999, Rev Panam Salud Publica 5:1, has
// it beside that of geometric means). Missing counts are left out; false when
// fewer than least remain. Between two counts the quartile is interpolated, as
// R's quantile does by default (type 7): of five years they are the second, the
// third and the fourth.
func Channel(years []int32, least int) (Quartiles, bool) {
	known := make([]float64, 0, len(years))
	for _, n := range years {
		if n >= 0 {
			known = append(known, float64(n))
		}
	}
	if len(known) < max(least, 1) {
		return Quartiles{}, false
	}
	slices.Sort(known)
	at := func(p float64) float64 {
		x := p * float64(len(known)-1)
		i := int(math.Floor(x))
		if i+1 >= len(known) {
			return known[i]
		}
		return known[i] + (x-float64(i))*(known[i+1]-known[i])
	}
	return Quartiles{at(0.25), at(0.5), at(0.75)}, true
}
