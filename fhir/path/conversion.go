// SPDX-License-Identifier: Apache-2.0

package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// conversion are the functions of http://hl7.org/fhirpath/N1/#conversion.
func conversion() map[string]function {
	all := map[string]function{
		"iif":                {2, 3, iif},
		"toQuantity":         {0, 1, quantityIn},
		"convertsToQuantity": {0, 1, func(a []expr) step { return exists1(quantityIn(a)) }},
	}
	for name, convert := range map[string]func(s any) any{
		"Boolean": toBoolean, "Integer": toInteger, "Long": toInteger, "Decimal": toDecimal,
		"Date": toDate, "DateTime": toDateTime, "Time": toTime,
		"String": func(s any) any {
			if text, ok := systemText(s); ok {
				return text
			}
			return nil
		},
	} {
		all["to"+name] = onOne(func(v Value) (any, error) { return convert(v.system()), nil })
		all["convertsTo"+name] = onOne(func(v Value) (any, error) { return convert(v.system()) != nil, nil })
	}
	return all
}

// exists1 turns a conversion into the question whether there is one.
func exists1(s step) step {
	return func(r *run, in, out Collection) (Collection, error) {
		if len(in) == 0 {
			return out, nil
		}
		found, err := s(r, in, r.take())
		n := len(found)
		r.give(found)
		return truthOf(n > 0).append(out), err
	}
}

// iif evaluates its arguments on its input.
func iif(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		if len(in) > 1 {
			return out, notSingle()
		}
		saved, mark := r.this, len(r.vars)
		r.this = in
		t, err := r.truth(a[0])
		switch {
		case err != nil:
		case t == isTrue:
			out, err = a[1](r, out)
		case len(a) > 2:
			out, err = a[2](r, out)
		}
		r.this, r.vars = saved, r.vars[:mark]
		return out, err
	}
}

func toBoolean(s any) any {
	switch s := s.(type) {
	case bool:
		return s
	case string:
		switch strings.ToLower(s) {
		case "true", "t", "yes", "y", "1", "1.0":
			return true
		case "false", "f", "no", "n", "0", "0.0":
			return false
		}
	case int64, *apd.Decimal:
		d := asDecimal(s)
		switch {
		case d.IsZero():
			return false
		case d.Cmp(apd.New(1, 0)) == 0:
			return true
		}
	}
	return nil
}

func toInteger(s any) any {
	switch s := s.(type) {
	case int64:
		return s
	case bool:
		if s {
			return int64(1)
		}
		return int64(0)
	case string:
		if v, ok := parseNumber(strings.TrimPrefix(s, "+")); ok {
			if n, ok := v.data.(int64); ok {
				return n
			}
		}
	}
	return nil
}

func toDecimal(s any) any {
	switch s := s.(type) {
	case int64:
		return apd.New(s, 0)
	case *apd.Decimal:
		return s
	case bool:
		n, _ := toInteger(s).(int64)
		return apd.New(n, 0)
	case string:
		if d, ok := parseDecimal(strings.TrimPrefix(s, "+")); ok && !strings.ContainsAny(s, "eE") {
			return d
		}
	}
	return nil
}

func toDate(s any) any {
	switch s := s.(type) {
	case string:
		if m, ok := parseMoment(s); ok {
			return m.asDate()
		}
	case Moment:
		if s.Kind != Time {
			return s.asDate()
		}
	}
	return nil
}

// asDate drops the time.
func (m Moment) asDate() Moment {
	return Moment{Kind: Date, prec: min(m.prec, pDay), year: m.year, month: m.month, day: m.day}
}

func toDateTime(s any) any {
	switch s := s.(type) {
	case string:
		if m, ok := parseMoment(s); ok {
			m.Kind = DateTime
			return m
		}
	case Moment:
		if s.Kind != Time {
			s.Kind = DateTime
			return s
		}
	}
	return nil
}

func toTime(s any) any {
	switch s := s.(type) {
	case string:
		if m, ok := parseTime(strings.TrimPrefix(s, "T")); ok {
			return m
		}
	case Moment:
		if s.Kind == Time {
			return s
		}
	}
	return nil
}

// quantityIn is toQuantity([unit]).
func quantityIn(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		q, ok := toQuantity(v.system())
		if !ok {
			return out, nil
		}
		if len(a) > 0 {
			unit, given, err := r.text(a[0])
			if err != nil || !given {
				return out, err
			}
			if q, ok = q.in(unit); !ok {
				return out, nil
			}
		}
		return append(out, Value{data: q}), nil
	}
}

func toQuantity(s any) (Quantity, bool) {
	switch s := s.(type) {
	case Quantity:
		return s, true
	case bool:
		n, _ := toInteger(s).(int64)
		return Quantity{Value: apd.New(n, 0), Unit: "1"}, true
	case string:
		return parseQuantity(s)
	}
	d := asDecimal(s)
	return Quantity{Value: d, Unit: "1"}, d != nil
}

// toText is toString() of a value.
func toText(v Value) (string, bool) { return systemText(v.system()) }

func systemText(s any) (string, bool) {
	switch s := s.(type) {
	case string:
		return s, true
	case bool:
		if s {
			return "true", true
		}
		return "false", true
	case int64:
		return apd.New(s, 0).Text('f'), true
	case *apd.Decimal:
		return decimalText(s), true
	case Moment:
		return s.String(), true
	case Quantity:
		return s.String(), true
	}
	return "", false
}
