// SPDX-License-Identifier: Apache-2.0

package path

// combining are the functions of http://hl7.org/fhirpath/N1/#combining.
func combining() map[string]function {
	return map[string]function{
		"union": {1, 1, func(a []expr) step {
			return func(r *run, in, out Collection) (Collection, error) {
				other, err := r.argument(a[0])
				if err == nil {
					out, err = union(r, in, other, out)
				}
				r.give(other)
				return out, err
			}
		}},
		"combine": {1, 2, func(a []expr) step {
			return func(r *run, in, out Collection) (Collection, error) {
				other, err := r.argument(a[0])
				out = append(append(out, in...), other...)
				r.give(other)
				return out, err
			}
		}},
	}
}

// union appends the values of both, each once.
func union(r *run, a, b, out Collection) (Collection, error) {
	s := set{r: r, all: r.take()}
	out, err := s.append(a, out)
	if err == nil {
		out, err = s.append(b, out)
	}
	r.give(s.all)
	return out, err
}
