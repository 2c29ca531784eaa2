// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"regexp"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// A filter says of a concept of its system whether it passes.
type filter func(at int32) bool

// longestPattern bounds regular expressions. They run in linear time (RE2).
const longestPattern = 1000

// newFilter compiles ValueSet.compose.include.filter for a system, by
// http://hl7.org/fhir/R4/valueset-filter-operator.html. A regular expression
// must match the whole value.
func newFilter(s *system, n fhir.Node) (filter, error) {
	property, op, value := n.Get("property").String(), n.Get("op").String(), n.Get("value").String()
	switch op {
	case "is-a", "descendent-of", "is-not-a", "generalizes":
		return s.related(op, value), nil
	case "=":
		return s.holding(property, func(v string) bool { return v == value }), nil
	case "in", "not-in":
		var list []string
		for v := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(v))
		}
		in := s.holding(property, func(v string) bool { return slices.Contains(list, v) })
		if op == "in" {
			return in, nil
		}
		return func(at int32) bool { return !in(at) }, nil
	case "exists":
		there := s.holding(property, func(string) bool { return true })
		if value == "true" {
			return there, nil
		}
		return func(at int32) bool { return !there(at) }, nil
	case "regex":
		if len(value) > longestPattern {
			return nil, issue.New(issue.TooCostly, "terms.filter.regex", value[:40]).At(n.Path())
		}
		pattern, err := regexp.Compile(`^(?:` + value + `)$`)
		if err != nil {
			return nil, issue.New(issue.Value, "terms.filter.regex", value).At(n.Path())
		}
		return s.holding(property, pattern.MatchString), nil
	}
	return nil, issue.New(issue.Value, "terms.filter.op", op).At(n.Path())
}

// related passes concepts by their place in the hierarchy. A code that the
// system does not have relates to nothing. It walks at each question, so that a
// filter costs nothing to make.
func (s *system) related(op, code string) filter {
	at, known := s.find(code)
	switch op {
	case "is-a":
		return func(i int32) bool { return known && s.isA(i, at) }
	case "descendent-of":
		return func(i int32) bool { return known && i != at && s.isA(i, at) }
	case "generalizes":
		return func(i int32) bool { return known && s.isA(at, i) }
	}
	return func(i int32) bool { return !known || !s.isA(i, at) } // is-not-a
}

// holding passes concepts of which some value of a property passes. The code,
// the display and the codes next above and below are properties too.
func (s *system) holding(property string, pass func(string) bool) filter {
	near := func(list []int32) bool {
		return slices.ContainsFunc(list, func(i int32) bool { return pass(s.concepts[i].code) })
	}
	switch property {
	case "code", "concept":
		return func(at int32) bool { return pass(s.concepts[at].code) }
	case "display":
		return func(at int32) bool { return pass(s.concepts[at].display) }
	case "parent":
		return func(at int32) bool { return near(s.concepts[at].parents) }
	case "child":
		return func(at int32) bool { return near(s.concepts[at].children) }
	}
	return func(at int32) bool {
		found := false
		s.each(at, "property", func(p fhir.Node) {
			if found || p.Get("code").String() != property {
				return
			}
			v := propertyValue(p)
			if v.Kind() == fhir.Object { // a Coding
				v = v.Get("code")
			}
			found = pass(v.String())
		})
		return found
	}
}
