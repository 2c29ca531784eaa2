// SPDX-License-Identifier: Apache-2.0

package path

import "slices"

// filtering are the functions of http://hl7.org/fhirpath/N1/#filtering-and-projection,
// with repeatAll and sort of 3.0.
func filtering() map[string]function {
	return map[string]function{
		"where":     {1, 1, where},
		"select":    {1, 1, selects},
		"repeat":    {1, 1, func(a []expr) step { return repeats(a[0], true) }},
		"repeatAll": {1, 1, func(a []expr) step { return repeats(a[0], false) }},
		"aggregate": {1, 2, aggregate},
		"sort":      {0, 16, func([]expr) step { return nil }}, // the compiler calls sortStep
		"coalesce":  {1, 64, coalesce},
	}
}

func where(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		err := r.each(in, func(i int) (bool, error) {
			t, err := r.truth(a[0])
			if t == isTrue {
				out = append(out, in[i])
			}
			return true, err
		})
		return out, err
	}
}

func selects(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		err := r.each(in, func(int) (more bool, err error) {
			if out, err = a[0](r, out); err == nil && len(out) > maxCollection {
				err = tooCostly()
			}
			return true, err
		})
		return out, err
	}
}

// repeats applies an expression to its own results until nothing comes; repeat
// takes each value once.
func repeats(e expr, once bool) step {
	return func(r *run, in, out Collection) (Collection, error) {
		taken := set{r: r}
		input := in
		for len(input) > 0 {
			var found, fresh Collection
			err := r.each(input, func(int) (more bool, err error) {
				if found, err = e(r, found); err == nil && len(found) > maxCollection {
					err = tooCostly()
				}
				return true, err
			})
			if err != nil {
				return out, err
			}
			if fresh = found; once {
				if fresh, err = taken.append(found, nil); err != nil {
					return out, err
				}
			}
			if out = append(out, fresh...); len(out) > maxCollection {
				return out, tooCostly()
			}
			if err := r.spend(len(fresh)); err != nil {
				return out, err
			}
			input = fresh
		}
		return out, nil
	}
}

// aggregate evaluates with $total, which begins as the second argument
// (http://hl7.org/fhirpath/N1/#aggregates).
func aggregate(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		saved := r.total
		r.total = nil
		if len(a) > 1 {
			c, err := r.argument(a[1])
			if err != nil {
				return out, err
			}
			r.total = slices.Clone(c)
			r.give(c)
		}
		total := r.total
		err := r.each(in, func(int) (bool, error) {
			r.total = total
			c, err := r.argument(a[0])
			total = slices.Clone(c)
			r.give(c)
			return true, err
		})
		r.total = saved
		return append(out, total...), err
	}
}

// coalesce gives the first argument that is not empty.
func coalesce(a []expr) step {
	return func(r *run, _, out Collection) (Collection, error) {
		for _, e := range a {
			c, err := r.argument(e)
			if err != nil {
				return out, err
			}
			n := len(c)
			out = append(out, c...)
			r.give(c)
			if n > 0 {
				break
			}
		}
		return out, nil
	}
}

// sortStep sorts by keys, or by the values themselves. What has no key comes
// last, and first when descending.
func sortStep(keys []expr, down []bool) step {
	if len(keys) == 0 {
		keys, down = []expr{func(r *run, out Collection) (Collection, error) { return append(out, r.this...), nil }}, []bool{false}
	}
	return func(r *run, in, out Collection) (Collection, error) {
		type row struct {
			value Value
			keys  Collection // the zero Value where there is none
		}
		if err := r.spend(4 * len(in) * len(keys)); err != nil {
			return out, err
		}
		rows := make([]row, 0, len(in))
		err := r.each(in, func(i int) (bool, error) {
			w := row{value: in[i], keys: make(Collection, len(keys))}
			for k, e := range keys {
				v, _, err := r.single(e)
				if err != nil {
					return false, err
				}
				w.keys[k] = v
			}
			rows = append(rows, w)
			return true, nil
		})
		if err != nil {
			return out, err
		}
		slices.SortStableFunc(rows, func(x, y row) int {
			for k := range keys {
				n, fault := orderKeys(x.keys[k], y.keys[k])
				if fault != nil && err == nil {
					err = fault
				}
				if down[k] {
					n = -n
				}
				if n != 0 {
					return n
				}
			}
			return 0
		})
		for _, w := range rows {
			out = append(out, w.value)
		}
		return out, err
	}
}

func orderKeys(x, y Value) (int, error) {
	a, b := x == Value{}, y == Value{}
	switch {
	case a && b:
		return 0, nil
	case a:
		return 1, nil
	case b:
		return -1, nil
	}
	n, _, err := order(x, y)
	return n, err
}
