// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"mach/fhir"
	"mach/fhir/ucum"
	"mach/issue"
)

// paramNear finds places: latitude|longitude|distance|unit, R4
// location.html#positional. It lies in ic, in cells of one degree of longitude,
// each in the order of latitude.
const paramNear = "near"

const (
	nearDefault = 50_000.0  // metres, where no distance is given
	nearMax     = 2_000_000 // further than this a country is no help
	earthRadius = 6_371_008.8
)

// placeValue reads latitude|longitude[|distance[|unit]].
func placeValue(p fhir.Param, text string) (value, *issue.Error) {
	bad := issue.New(issue.Invalid, "search.value.near", p.Code, text).At(p.Code)
	parts := splitEscaped(text, '|')
	if len(parts) < 2 || len(parts) > 4 {
		return value{}, bad
	}
	v := value{at: nearDefault}
	var err1, err2, err3 error
	v.lo, err1 = strconv.ParseFloat(parts[0], 64)
	v.hi, err2 = strconv.ParseFloat(parts[1], 64)
	if len(parts) > 2 && parts[2] != "" {
		unit := "km"
		if len(parts) == 4 && parts[3] != "" {
			unit = unescape(parts[3])
		}
		v.at, err3 = metres(parts[2], unit)
	}
	if err1 != nil || err2 != nil || err3 != nil || !(math.Abs(v.lo) <= 90 && math.Abs(v.hi) <= 180 && v.at >= 0 && v.at <= nearMax) {
		return value{}, bad
	}
	return v, nil
}

func metres(text, unit string) (float64, error) {
	n, _, err := apd.NewFromString(text)
	if err != nil || len(text) > 40 {
		return 0, fmt.Errorf("no distance")
	}
	m, err := ucum.Convert(n, unit, "m")
	if err != nil {
		return 0, err
	}
	return m.Float64()
}

// near reports whether a place is within the distance, along the great circle.
func (v *value) near(x *fhir.Index) bool {
	lat1, lat2 := v.lo*math.Pi/180, x.Low*math.Pi/180
	sinLat, sinLong := math.Sin((lat2-lat1)/2), math.Sin((x.High-v.hi)*math.Pi/180/2)
	h := sinLat*sinLat + math.Cos(lat1)*math.Cos(lat2)*sinLong*sinLong
	return 2*earthRadius*math.Asin(math.Sqrt(min(1, h))) <= v.at
}

// cellOf is the cell of a longitude.
func cellOf(long float64) int { return (int(math.Floor(long)) + 360) % 360 }

func cellHash(cell int) int64 { return hash64("near" + strconv.Itoa(cell)) }

// cells are those that places within the distance may lie in, and the latitudes.
func (v *value) cells() (hs []int64, from, to float64) {
	reach := v.at/earthRadius*180/math.Pi + 1e-6
	from, to = v.lo-reach, v.lo+reach
	wide := 180.0
	if widest := math.Max(math.Abs(from), math.Abs(to)); widest < 89 {
		wide = math.Min(180, reach/math.Cos(widest*math.Pi/180))
	}
	first, last := int(math.Floor(v.hi-wide)), int(math.Floor(v.hi+wide))
	for c := first; c <= last && len(hs) < 360; c++ {
		hs = append(hs, cellHash(((c%360)+360)%360))
	}
	return hs, from, to
}

// places walks the cells around one place or several.
func (o *path) places(p *predicate) *path {
	o.table, o.class, o.key = "ic", classRange, "d.lo"
	at := paramHash(p.typ, p.param.Code)
	var parts []part
	for i := range p.any {
		hs, from, to := p.any[i].cells()
		cond, args := inList("d.h", hs)
		parts = append(parts, part{where: "d.p = ? and " + cond + " and d.lo >= ? and d.lo <= ?", args: append(append([]any{at}, args...), from, to), strewn: len(hs) > 1,
			holds: func(r row) bool {
				return r.table == tableComposite && r.p == at && slices.Contains(hs, r.h) && from <= r.lo && r.lo <= to
			}})
	}
	return o.of(parts)
}
