// SPDX-License-Identifier: Apache-2.0

package path

import (
	"time"

	"github.com/cockroachdb/apd/v3"
)

// boundaries are lowBoundary, highBoundary, precision and comparable of 3.0
// (https://build.fhir.org/ig/HL7/FHIRPath/#boundary-functions).
func boundaries() map[string]function {
	return map[string]function{
		"lowBoundary":  {0, 1, func(a []expr) step { return boundary(a, false) }},
		"highBoundary": {0, 1, func(a []expr) step { return boundary(a, true) }},
		"precision": onOne(func(v Value) (any, error) {
			switch s := v.system().(type) {
			case int64:
				return int64(0), nil
			case *apd.Decimal:
				return int64(scale(s)), nil
			case Moment:
				return s.written(), nil
			}
			return nil, wrongType("Decimal")
		}),
		"comparable": {1, 1, func(a []expr) step {
			return func(r *run, in, out Collection) (Collection, error) {
				other, ok, err := r.single(a[0])
				if err != nil || !ok {
					return out, err
				}
				v, ok, err := one(in)
				if err != nil || !ok {
					return out, err
				}
				q, ok := v.system().(Quantity)
				p, ok2 := other.system().(Quantity)
				if !ok || !ok2 {
					return out, wrongType("Quantity")
				}
				_, known := q.compare(p)
				return append(out, Value{data: known}), nil
			}
		}},
	}
}

// maxPlaces is the greatest precision of a boundary, in digits after the point.
const maxPlaces = 28

// boundary takes the least or greatest that a value may be, in the precision
// asked for or the greatest one of its type.
func boundary(a []expr, high bool) step {
	return func(r *run, in, out Collection) (Collection, error) {
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		asked := int64(-1)
		if len(a) > 0 {
			if asked, ok, err = r.whole(a[0]); err != nil || !ok || asked < 0 {
				return out, err
			}
		}
		switch s := v.system().(type) {
		case int64, *apd.Decimal:
			if d := decimalBoundary(asDecimal(s), asked, high); d != nil {
				out = append(out, Value{data: d})
			}
			return out, nil
		case Quantity:
			if d := decimalBoundary(s.Value, asked, high); d != nil {
				s.Value = d
				out = append(out, Value{data: s})
			}
			return out, nil
		case Moment:
			if m, ok := s.boundaryAt(asked, high); ok {
				out = append(out, Value{data: m})
			}
			return out, nil
		}
		return out, wrongType("Decimal")
	}
}

// decimalBoundary moves by half of the last digit. Away from zero the result is
// rounded, towards zero it is cut.
func decimalBoundary(d *apd.Decimal, asked int64, high bool) *apd.Decimal {
	places := int32(8)
	if asked >= 0 {
		places = int32(min(asked, maxPlaces+1))
	}
	if places > maxPlaces {
		return nil
	}
	half := apd.New(5, -scale(d)-1)
	c := arithmetic()
	c.Precision = maxNumber
	var moved apd.Decimal
	if high {
		_, _ = c.Add(&moved, d, half)
	} else {
		_, _ = c.Sub(&moved, d, half)
	}
	how := apd.RoundDown
	if high != moved.Negative {
		how = apd.RoundHalfUp
	}
	return quantize(&moved, places, how)
}

// written is the precision in digits: 4 for a year, 8 for a day, 17 for
// milliseconds; for times from the hour.
func (m Moment) written() int64 {
	n := [...]int64{4, 6, 8, 10, 12, 14, 17}[m.prec]
	if m.Kind == Time {
		n -= 8
	}
	return n
}

// boundaryAt fills up to a precision in digits.
func (m Moment) boundaryAt(asked int64, high bool) (Moment, bool) {
	most := [...]int64{8, 17, 9}[m.Kind]
	if asked < 0 {
		asked = most
	}
	p := pYear
	for ; p <= pFraction; p++ {
		if (Moment{Kind: m.Kind, prec: p}).written() == asked {
			break
		}
	}
	if p > pFraction || m.Kind == Time && p < pHour {
		return m, false
	}
	full := m.boundary(high)
	full.prec = p
	if p > pDay && m.Kind != Time {
		full.Kind = DateTime
		if !m.zoned {
			full.zoned, full.offset = true, int(eastmost/time.Minute)
			if high {
				full.offset = int(westmost / time.Minute)
			}
		}
	} else if p <= pDay {
		full.zoned = false
	}
	if p == pFraction {
		full.places = 3
	}
	return full, true
}
