// SPDX-License-Identifier: Apache-2.0

package path

// treeFunctions are the functions of http://hl7.org/fhirpath/N1/#tree-navigation.
func treeFunctions() map[string]function {
	return map[string]function{
		"children": plain(func(r *run, in, out Collection) (Collection, error) {
			from := len(out)
			for _, v := range in {
				out = v.children(out)
			}
			return out, r.spend(len(out) - from)
		}),
		"descendants": plain(descendants),
	}
}

// descendants appends children, then their children, and so on.
func descendants(r *run, in, out Collection) (Collection, error) {
	from := len(out)
	for _, v := range in {
		out = v.children(out)
	}
	for i := from; i < len(out); i++ {
		if out = out[i].children(out); len(out) > maxCollection {
			return out, tooCostly()
		}
	}
	return out, r.spend(len(out) - from)
}
