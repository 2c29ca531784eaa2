// SPDX-License-Identifier: Apache-2.0

package path

import (
	"github.com/cockroachdb/apd/v3"
)

// mathFunctions are the functions of http://hl7.org/fhirpath/N1/#math-1. What
// has no real result, such as the root of -1, is empty.
func mathFunctions() map[string]function {
	return map[string]function{
		"abs":      onOne(abs),
		"ceiling":  whole(apd.RoundCeiling),
		"floor":    whole(apd.RoundFloor),
		"truncate": whole(apd.RoundDown),
		"exp":      decimal1(func(c *apd.Context, out, d *apd.Decimal) error { return fault(c.Exp(out, d)) }),
		"ln":       decimal1(func(c *apd.Context, out, d *apd.Decimal) error { return fault(c.Ln(out, d)) }),
		"sqrt":     decimal1(func(c *apd.Context, out, d *apd.Decimal) error { return fault(c.Sqrt(out, d)) }),
		"log":      {1, 1, logarithm},
		"power":    {1, 1, power},
		"round":    {0, 1, round},
	}
}

func fault(_ apd.Condition, err error) error { return err }

func abs(v Value) (any, error) {
	switch s := v.system().(type) {
	case int64:
		return max(s, -s), nil
	case *apd.Decimal:
		return new(apd.Decimal).Abs(s), nil
	case Quantity:
		s.Value = new(apd.Decimal).Abs(s.Value)
		return s, nil
	}
	return nil, wrongType("Decimal")
}

// whole rounds to an integer.
func whole(how apd.Rounder) function {
	return onOne(func(v Value) (any, error) {
		s := v.system()
		if n, ok := s.(int64); ok {
			return n, nil
		}
		d := asDecimal(s)
		if d == nil {
			return nil, wrongType("Decimal")
		}
		if d = quantize(d, 0, how); d != nil {
			if n, ok := toInt(d); ok {
				return n, nil
			}
		}
		return nil, nil
	})
}

// small are the working digits of functions that need series; they are rounded
// to what people write.
const small = 24

// decimal1 is a function on a number that gives a decimal; its failure is empty.
func decimal1(f func(c *apd.Context, out, d *apd.Decimal) error) function {
	return onOne(func(v Value) (any, error) {
		d := v.decimal()
		if d == nil {
			return nil, wrongType("Decimal")
		}
		c := arithmetic()
		c.Precision = small
		var out apd.Decimal
		if f(c, &out, d) != nil || out.Form != apd.Finite {
			return nil, nil
		}
		return shorten(&out), nil
	})
}

// number evaluates an argument that must be a number.
func (r *run) number(e expr) (*apd.Decimal, bool, error) {
	v, ok, err := r.single(e)
	if err != nil || !ok {
		return nil, false, err
	}
	d := v.decimal()
	if d == nil {
		return nil, false, wrongType("Decimal")
	}
	return d, true, nil
}

func logarithm(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		base, ok, err := r.number(a[0])
		if err != nil || !ok {
			return out, err
		}
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		d := v.decimal()
		if d == nil {
			return out, wrongType("Decimal")
		}
		c := arithmetic()
		c.Precision = small
		var x, y apd.Decimal
		if fault(c.Ln(&x, d)) != nil || fault(c.Ln(&y, base)) != nil || y.IsZero() {
			return out, nil
		}
		c.Precision = digits
		if fault(c.Quo(&x, &x, &y)) != nil {
			return out, nil
		}
		c.Precision = small - 4
		_, _ = c.Round(&x, &x)
		return append(out, Value{data: shorten(&x)}), nil
	}
}

func power(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		exponent, ok, err := r.number(a[0])
		if err != nil || !ok {
			return out, err
		}
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		s := v.system()
		d := asDecimal(s)
		if d == nil {
			return out, wrongType("Decimal")
		}
		c := arithmetic()
		x := *apd.New(1, 0) // 0 to the power of 0 too
		if !exponent.IsZero() && (fault(c.Pow(&x, d, exponent)) != nil || x.Form != apd.Finite) {
			return out, nil
		}
		if _, isInt := s.(int64); isInt && !exponent.Negative {
			if n, ok := toInt(&x); ok && quantize(&x, 0, apd.RoundDown).Cmp(&x) == 0 {
				return append(out, Value{data: n}), nil
			}
		}
		return append(out, Value{data: shorten(&x)}), nil
	}
}

func round(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		places := int64(0)
		if len(a) > 0 {
			if places, ok, err = r.whole(a[0]); err != nil || !ok {
				return out, err
			}
		}
		s := v.system()
		q, isQuantity := s.(Quantity)
		d := asDecimal(s)
		if isQuantity {
			d = q.Value
		}
		if d == nil || places < 0 || places > digits {
			return out, wrongType("Decimal")
		}
		if int32(places) < scale(d) {
			d = quantize(d, int32(places), apd.RoundHalfUp)
		}
		if d == nil {
			return out, nil
		}
		if isQuantity {
			q.Value = d
			return append(out, Value{data: q}), nil
		}
		return append(out, Value{data: d}), nil
	}
}
