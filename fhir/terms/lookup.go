// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"mach/fhir"
	"mach/issue"
)

// A Concept is all that is known of a code.
type Concept struct {
	System, Version, Name string // of the code system
	Code, Display         string
	Definition            string
	Inactive, Abstract    bool
	Designations          []Designation
	Properties            []Property
	Parents, Children     []string
}

// A Property of a concept; Value is a value[x] as the system has it.
type Property struct {
	Code  string
	Value fhir.Node
}

// Lookup finds a code (http://hl7.org/fhir/R4/codesystem-operation-lookup.html).
// lang chooses the display, "" = that of the system. The error is an
// [issue.Error] of code not-found: the system is not loaded, or has no such
// code.
func (s *Set) Lookup(system, version, code, lang string) (Concept, error) {
	c := Coding{System: system, Version: version, Code: code}
	if g := grammarOf(system); g != nil {
		if !g(code) {
			return Concept{}, issue.New(issue.NotFound, "terms.code.unknown", code, system)
		}
		return Concept{System: system, Name: system, Code: code, Display: code}, nil
	}
	sys := s.now.Load().system(c.canonical())
	if sys == nil {
		return Concept{}, issue.New(issue.NotFound, unknown["CodeSystem"], c.canonical())
	}
	at, ok := sys.find(code)
	if !ok {
		return Concept{}, issue.New(issue.NotFound, sys.lacking(), code, system)
	}
	return sys.concept(at, lang), nil
}

// lacking is the key for a code that the system does not have.
func (s *system) lacking() string {
	if s.complete {
		return "terms.code.unknown"
	}
	return "terms.code.fragment"
}

func (s *system) concept(at int32, lang string) Concept {
	c := &s.concepts[at]
	out := Concept{
		System: s.url, Version: s.version, Name: s.doc.Get("name").String(), Code: c.code, Display: s.display(at, lang),
		Definition: c.node.Get("definition").String(), Inactive: c.inactive, Abstract: c.abstract,
	}
	if out.Name == "" {
		out.Name = s.url
	}
	s.each(at, "designation", func(d fhir.Node) { out.Designations = append(out.Designations, designationOf(d)) })
	s.each(at, "property", func(p fhir.Node) {
		out.Properties = append(out.Properties, Property{Code: p.Get("code").String(), Value: propertyValue(p)})
	})
	for _, i := range c.parents {
		out.Parents = append(out.Parents, s.concepts[i].code)
	}
	for _, i := range c.children {
		out.Children = append(out.Children, s.concepts[i].code)
	}
	return out
}

// The outcomes of [Set.Subsumes], codes of
// http://hl7.org/fhir/R4/valueset-concept-subsumption-outcome.html.
const (
	Equivalent  = "equivalent"
	SubsumesB   = "subsumes"    // a is above b
	SubsumedBy  = "subsumed-by" // a is below b
	NotSubsumed = "not-subsumed"
)

// Subsumes relates two codes of a system by its hierarchy, whatever it calls
// the hierarchy's meaning. The error is that of [Set.Lookup].
func (s *Set) Subsumes(system, version, a, b string) (string, error) {
	c := Coding{System: system, Version: version}
	sys := s.now.Load().system(c.canonical())
	if sys == nil {
		return "", issue.New(issue.NotFound, unknown["CodeSystem"], c.canonical())
	}
	x, okA := sys.find(a)
	y, okB := sys.find(b)
	switch {
	case !okA:
		return "", issue.New(issue.NotFound, sys.lacking(), a, system)
	case !okB:
		return "", issue.New(issue.NotFound, sys.lacking(), b, system)
	case x == y:
		return Equivalent, nil
	case sys.isA(y, x):
		return SubsumesB, nil
	case sys.isA(x, y):
		return SubsumedBy, nil
	}
	return NotSubsumed, nil
}
