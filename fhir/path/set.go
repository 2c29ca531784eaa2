// SPDX-License-Identifier: Apache-2.0

package path

// A set holds values, each once by equality. Strings are found by a map when
// there are many.
type set struct {
	r     *run
	all   Collection
	texts map[string]bool
	other Collection // of all, what is no plain text; only beside texts
}

// few is the size up to which a set is searched one by one.
const few = 16

// setOf returns a set of the values of c, which must not be changed meanwhile.
func (r *run) setOf(c Collection) *set {
	s := &set{r: r}
	for _, v := range c {
		s.keep(v)
	}
	return s
}

// has reports whether a value equal to v is in the set.
func (s *set) has(v Value) bool {
	if s.texts == nil {
		s.r.steps += len(s.all)
		return s.r.has(s.all, v)
	}
	if t, ok := v.plainText(); ok {
		s.r.steps++
		return s.texts[t]
	}
	s.r.steps += len(s.other)
	return s.r.has(s.other, v)
}

// add puts v into the set and reports whether it is new there.
func (s *set) add(v Value) bool {
	if s.has(v) {
		return false
	}
	s.keep(v)
	return true
}

func (s *set) keep(v Value) {
	s.all = append(s.all, v)
	switch {
	case s.texts != nil:
		s.sort(v)
	case len(s.all) > few:
		s.texts = map[string]bool{}
		for _, v := range s.all {
			s.sort(v)
		}
	}
}

func (s *set) sort(v Value) {
	if t, ok := v.plainText(); ok {
		s.texts[t] = true
	} else {
		s.other = append(s.other, v)
	}
}
