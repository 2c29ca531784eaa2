// SPDX-License-Identifier: Apache-2.0

package path

import (
	"maps"
	"sync"
)

// A function takes min to max arguments. build makes its step from the compiled
// arguments, which are evaluated on $this of the caller unless the function says
// otherwise.
type function struct {
	min, max int
	build    func(a []expr) step
}

// functions returns all functions by name, but is, as and ofType, whose argument
// is a type.
var functions = sync.OnceValue(func() map[string]function {
	all := map[string]function{}
	for _, group := range []map[string]function{
		existence(), filtering(), subsetting(), combining(), conversion(), stringFunctions(),
		mathFunctions(), treeFunctions(), utility(), boundaries(), fhirFunctions(),
	} {
		maps.Copy(all, group)
	}
	return all
})

// plain is a function without arguments.
func plain(s step) function { return function{build: func([]expr) step { return s }} }

// onOne is a function without arguments on a single value; empty gives empty. f
// returns nil for no result.
func onOne(f func(v Value) (any, error)) function {
	return plain(func(_ *run, in, out Collection) (Collection, error) {
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		return result(f(v))(out)
	})
}

// result appends a computed value unless it is nil.
func result(v any, err error) func(out Collection) (Collection, error) {
	return func(out Collection) (Collection, error) {
		if err != nil || v == nil {
			return out, err
		}
		if s, ok := v.(string); ok {
			return appendText(out, s)
		}
		return append(out, Value{data: v}), nil
	}
}

// one returns the value of a collection that must have at most one.
func one(in Collection) (Value, bool, error) {
	switch len(in) {
	case 0:
		return Value{}, false, nil
	case 1:
		return in[0], true, nil
	}
	return Value{}, false, notSingle()
}

// each calls f for every value of in, which is $this then; f returns false to
// stop. Variables defined inside end with each turn.
func (r *run) each(in Collection, f func(i int) (bool, error)) error {
	saved, mark := r.scope, len(r.vars)
	for i := range in {
		r.this, r.index = in[i:i+1:i+1], i
		more, err := f(i)
		r.vars = r.vars[:mark]
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	r.scope = saved
	return r.spend(len(in))
}
