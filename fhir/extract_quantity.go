// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"math"

	"github.com/cockroachdb/apd/v3"

	"mach/fhir/ucum"
)

// SystemUCUM is the system of units that are converted; SystemBaseUnits stands in
// [Index.System] for quantities in the base units of UCUM.
const (
	SystemUCUM      = "http://unitsofmeasure.org"
	SystemBaseUnits = "http://unitsofmeasure.org#base"
)

// quantity adds a number with its unit, or from the low to the high of a Range.
func (x *extractor) quantity(p *program, leaf string, v Node) {
	ix := Index{Param: p.Code, Kind: p.Kind, Low: -math.MaxFloat64, High: math.MaxFloat64}
	unit := ""
	switch leaf {
	case "Range":
		low, high := v.member("low"), v.member("high")
		if n := low.member("value"); n.Kind() == Number {
			ix.Low = n.Float()
		}
		if n := high.member("value"); n.Kind() == Number {
			ix.High = n.Float()
		}
		if !low.Exists() {
			low = high
		}
		ix.System, ix.Value, unit = unitOf(low)
	case "Money":
		ix.Low, ix.High = v.interval()
		ix.System, ix.Value = "urn:iso:std:iso:4217", v.member("currency").String()
	default:
		if p.Kind == ParamNumber {
			ix.Low, ix.High = v.Float(), v.Float()
			break
		}
		ix.Low, ix.High = v.interval()
		ix.System, ix.Value, unit = unitOf(v)
	}
	if p.Kind == ParamNumber {
		ix.System, ix.Value, unit = "", "", ""
	}
	if ix.Low == -math.MaxFloat64 && ix.High == math.MaxFloat64 {
		return
	}
	x.add(ix)
	if base, ok := ix.inBaseUnits(); ok {
		x.add(base)
	}
	if unit != ix.Value && unit != "" {
		ix.System, ix.Value = "", unit
		x.add(ix)
	}
}

// inBaseUnits returns a quantity of UCUM in base units, by which 1 g and 1000 mg
// are found as one. Not ok when UCUM does not know the unit.
func (ix Index) inBaseUnits() (Index, bool) {
	if ix.Kind != ParamQuantity || ix.System != SystemUCUM || ix.Value == "" {
		return ix, false
	}
	var ok bool
	ix.Low, ix.High, ix.Value, ok = BaseUnits(ix.Low, ix.High, ix.Value)
	ix.System = SystemBaseUnits
	return ix, ok
}

// BaseUnits brings a range from a unit of UCUM into base units. An end that is
// open, ±math.MaxFloat64, stays so.
func BaseUnits(low, high float64, unit string) (lo, hi float64, base string, ok bool) {
	ends := [2]float64{low, high}
	for i, end := range ends {
		if i == 1 && high == low {
			ends[1] = ends[0]
			break
		}
		v := new(apd.Decimal)
		open := math.Abs(end) == math.MaxFloat64
		if !open {
			if _, err := v.SetFloat64(end); err != nil {
				return 0, 0, "", false
			}
		}
		in, name, err := ucum.Canonical(v, unit)
		if err != nil {
			return 0, 0, "", false
		}
		if base = name; open {
			continue
		}
		if ends[i], err = in.Float64(); err != nil {
			return 0, 0, "", false
		}
	}
	return min(ends[0], ends[1]), max(ends[0], ends[1]), base, true
}

// place adds where a Location is.
func (x *extractor) place(p *program, v Node) {
	lat, long := v.member("latitude"), v.member("longitude")
	if lat.Kind() == Number && long.Kind() == Number {
		x.add(Index{Param: p.Code, Kind: ParamSpecial, Low: lat.Float(), High: long.Float()})
	}
}

// interval returns the numbers that a Quantity may be: its value, or everything
// to one side of it.
func (n Node) interval() (low, high float64) {
	low, high = -math.MaxFloat64, math.MaxFloat64
	value := n.member("value")
	if value.Kind() != Number {
		return low, high
	}
	f := value.Float()
	switch n.member("comparator").String() {
	case "<", "<=":
		return low, f
	case ">", ">=":
		return f, high
	}
	return f, f
}

// unitOf returns the coded unit of a Quantity and the unit as printed. Without a
// code the printed one stands in its place.
func unitOf(q Node) (system, code, unit string) {
	system, code, unit = q.member("system").String(), q.member("code").String(), q.member("unit").String()
	if code == "" {
		return "", unit, unit
	}
	return system, code, unit
}
