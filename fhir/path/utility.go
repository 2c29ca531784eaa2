// SPDX-License-Identifier: Apache-2.0

package path

import (
	"slices"

	"mach/issue"
)

// utility are the functions of http://hl7.org/fhirpath/N1/#utility-functions and
// of types (http://hl7.org/fhirpath/N1/#reflection), with defineVariable and the
// parts of moments of 3.0.
func utility() map[string]function {
	all := map[string]function{
		"trace":          {1, 2, trace},
		"defineVariable": {1, 2, define},
		"now": plain(func(r *run, _, out Collection) (Collection, error) {
			return append(out, Value{data: MomentOf(r.clock())}), nil
		}),
		"today": plain(func(r *run, _, out Collection) (Collection, error) {
			return append(out, Value{data: MomentOf(r.clock()).asDate()}), nil
		}),
		"timeOfDay": plain(func(r *run, _, out Collection) (Collection, error) {
			m := MomentOf(r.clock())
			return append(out, Value{data: Moment{Kind: Time, prec: m.prec, places: m.places, year: 1, month: 1, day: 1, clock: m.clock}}), nil
		}),
		"type": plain(func(_ *run, in, out Collection) (Collection, error) {
			for _, v := range in {
				out = append(out, Value{data: typeOf(v)})
			}
			return out, nil
		}),
	}
	for name, p := range map[string]precision{
		"yearOf": pYear, "monthOf": pMonth, "dayOf": pDay, "hourOf": pHour, "minuteOf": pMinute, "secondOf": pSecond, "millisecondOf": pFraction,
	} {
		all[name] = onOne(func(v Value) (any, error) { return v.momentPart(p) })
	}
	all["dateOf"] = onOne(func(v Value) (any, error) { return toDate(v.system()), nil })
	all["timeOf"] = onOne(func(v Value) (any, error) {
		m, ok := v.system().(Moment)
		if !ok || m.prec < pHour {
			return nil, nil
		}
		return Moment{Kind: Time, prec: m.prec, places: m.places, year: 1, month: 1, day: 1, clock: m.clock}, nil
	})
	all["timezoneOffsetOf"] = onOne(func(v Value) (any, error) {
		m, ok := v.system().(Moment)
		if !ok || !m.zoned {
			return nil, nil
		}
		d, _ := decimals("/", asDecimal(int64(m.offset)), asDecimal(int64(60)))
		return d, nil
	})
	return all
}

// momentPart is yearOf() and so on, empty when it is not written.
func (v Value) momentPart(p precision) (any, error) {
	m, ok := v.system().(Moment)
	if !ok {
		return nil, wrongType("DateTime")
	}
	if m.prec < p || m.Kind == Time && p < pHour {
		return nil, nil
	}
	switch p {
	case pSecond:
		return m.part(pSecond) / 1e9, nil
	case pFraction:
		return m.part(pSecond) / 1e6 % 1000, nil
	}
	return m.part(p), nil
}

// trace tells the surroundings what goes by.
func trace(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		name, _, err := r.text(a[0])
		if err != nil {
			return out, err
		}
		if r.env.Trace != nil {
			told := slices.Clone(in)
			if len(a) > 1 {
				told = nil
				err = r.each(in, func(int) (more bool, err error) {
					told, err = a[1](r, told)
					return true, err
				})
			}
			r.env.Trace(name, told)
		}
		return append(out, in...), err
	}
}

// reserved are the names that defineVariable may not take.
var reserved = []string{"context", "resource", "rootResource", "ucum", "sct", "loinc", "terminologies"}

// define is defineVariable: the name stands for a collection in the rest of the
// expression.
func define(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		name, ok, err := r.text(a[0])
		if err != nil {
			return out, err
		}
		taken := slices.ContainsFunc(r.vars, func(v variable) bool { return v.name == name })
		if _, given := r.env.Vars[name]; !ok || taken || given || slices.Contains(reserved, name) {
			return out, issue.New(issue.Invalid, "path.redefined", name)
		}
		value := slices.Clone(in)
		if len(a) > 1 {
			saved := r.this
			r.this = in
			c, err := r.argument(a[1])
			r.this = saved
			if err != nil {
				return out, err
			}
			value = slices.Clone(c)
			r.give(c)
		}
		r.vars = append(r.vars, variable{name, value})
		return append(out, in...), r.hold(value)
	}
}
