// SPDX-License-Identifier: Apache-2.0

package path

// existence are the functions of http://hl7.org/fhirpath/N1/#existence.
func existence() map[string]function {
	return map[string]function{
		"empty":  plain(func(_ *run, in, out Collection) (Collection, error) { return truthOf(len(in) == 0).append(out), nil }),
		"exists": {0, 1, exists},
		"all":    {1, 1, all},
		"not": plain(func(_ *run, in, out Collection) (Collection, error) {
			t, err := truthIn(in)
			return t.not().append(out), err
		}),
		"allTrue":  booleans(false, true),
		"allFalse": booleans(true, true),
		"anyTrue":  booleans(true, false),
		"anyFalse": booleans(false, false),
		"count": plain(func(_ *run, in, out Collection) (Collection, error) {
			return append(out, Value{data: int64(len(in))}), nil
		}),
		"distinct": plain(func(r *run, in, out Collection) (Collection, error) { return r.distinct(in, out) }),
		"isDistinct": plain(func(r *run, in, out Collection) (Collection, error) {
			d, err := r.distinct(in, r.take())
			n := len(d)
			r.give(d)
			return truthOf(n == len(in)).append(out), err
		}),
		"subsetOf":   {1, 1, func(a []expr) step { return subset(a[0], false) }},
		"supersetOf": {1, 1, func(a []expr) step { return subset(a[0], true) }},
	}
}

func exists(a []expr) step {
	if len(a) == 0 {
		return func(_ *run, in, out Collection) (Collection, error) { return truthOf(len(in) > 0).append(out), nil }
	}
	return func(r *run, in, out Collection) (Collection, error) {
		found := false
		err := r.each(in, func(int) (bool, error) {
			t, err := r.truth(a[0])
			found = t == isTrue
			return !found, err
		})
		return truthOf(found).append(out), err
	}
}

func all(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		whole := true
		err := r.each(in, func(int) (bool, error) {
			t, err := r.truth(a[0])
			whole = t == isTrue
			return whole, err
		})
		return truthOf(whole).append(out), err
	}
}

// booleans looks for a value: that it is found gives !result.
func booleans(look, result bool) function {
	return plain(func(_ *run, in, out Collection) (Collection, error) {
		found := false
		for _, v := range in {
			b, ok := v.system().(bool)
			if !ok {
				return out, wrongType("Boolean")
			}
			found = found || b == look
		}
		return truthOf(found != result).append(out), nil
	})
}

// distinct appends the values of in, each once.
func (r *run) distinct(in, out Collection) (Collection, error) {
	s := set{r: r, all: r.take()}
	out, err := s.append(in, out)
	r.give(s.all)
	return out, err
}

// append appends the values of in that are new in the set.
func (s *set) append(in, out Collection) (Collection, error) {
	for _, v := range in {
		if s.add(v) {
			out = append(out, v)
		}
		if err := s.r.spend(0); err != nil {
			return out, err
		}
	}
	return out, nil
}

// subset is subsetOf, and supersetOf with the sides turned.
func subset(e expr, turned bool) step {
	return func(r *run, in, out Collection) (Collection, error) {
		other, err := r.argument(e)
		if err != nil {
			return out, err
		}
		a, b := in, other
		if turned {
			a, b = b, a
		}
		s, within := r.setOf(b), true
		for _, v := range a {
			if within = s.has(v); !within {
				break
			}
			if err := r.spend(0); err != nil {
				return out, err
			}
		}
		r.give(other)
		return truthOf(within).append(out), nil
	}
}
