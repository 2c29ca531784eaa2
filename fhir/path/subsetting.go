// SPDX-License-Identifier: Apache-2.0

package path

// subsetting are the functions of http://hl7.org/fhirpath/N1/#subsetting.
func subsetting() map[string]function {
	return map[string]function{
		"single": plain(func(_ *run, in, out Collection) (Collection, error) {
			if len(in) > 1 {
				return out, notSingle()
			}
			return append(out, in...), nil
		}),
		"first": plain(func(_ *run, in, out Collection) (Collection, error) { return append(out, in[:min(1, len(in))]...), nil }),
		"last": plain(func(_ *run, in, out Collection) (Collection, error) {
			return append(out, in[max(0, len(in)-1):]...), nil
		}),
		"tail": plain(func(_ *run, in, out Collection) (Collection, error) { return append(out, in[min(1, len(in)):]...), nil }),
		"skip": {1, 1, part(func(in Collection, n int64) Collection {
			return in[min(max(n, 0), int64(len(in))):]
		})},
		"take": {1, 1, part(func(in Collection, n int64) Collection {
			return in[:min(max(n, 0), int64(len(in)))]
		})},
		"intersect": {1, 1, func(a []expr) step { return keep(a[0], true) }},
		"exclude":   {1, 1, func(a []expr) step { return keep(a[0], false) }},
	}
}

func part(cut func(in Collection, n int64) Collection) func(a []expr) step {
	return func(a []expr) step {
		return func(r *run, in, out Collection) (Collection, error) {
			n, ok, err := r.whole(a[0])
			if err != nil || !ok {
				return out, err
			}
			return append(out, cut(in, n)...), nil
		}
	}
}

// keep appends the values that are in another collection, each once, or all that
// are not.
func keep(e expr, within bool) step {
	return func(r *run, in, out Collection) (Collection, error) {
		other, err := r.argument(e)
		if err != nil {
			return out, err
		}
		s, kept := r.setOf(other), set{r: r}
		for _, v := range in {
			if s.has(v) == within && (!within || kept.add(v)) {
				out = append(out, v)
			}
			if err := r.spend(0); err != nil {
				return out, err
			}
		}
		r.give(other)
		return out, nil
	}
}
