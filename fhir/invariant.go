// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"slices"
	"strings"
)

// An Invariant is a rule that R4 makes in FHIRPath, for the values of a type or
// of one element of it. Each stands once, where it is declared.
type Invariant struct {
	Key        string // "per-1"
	Warning    bool   // a breach is a warning, not an error
	Member     string // the element, without [x]; "" for values of the type itself
	Expression string
	Text       string // English, of R4
}

// A Binding is a value set that a coded element is bound to.
type Binding struct {
	ValueSet string // canonical URL without version
	Required bool   // else extensible
}

// Invariants returns the rules declared by a type: "Patient", "Patient.contact",
// "Period", "DomainResource"; nil when it has none. Those of its bases are
// theirs. The caller may change the slice.
func Invariants(typ string) []Invariant {
	s := r4().types[typ]
	if s == nil {
		return nil
	}
	return slices.Clone(s.invariants)
}

// Bindings returns, by the name of the element, the value sets that elements of
// a type are bound to and that [Validate] does not know.
func Bindings(typ string) map[string]Binding {
	s := r4().types[typ]
	if s == nil {
		return nil
	}
	bound := map[string]Binding{}
	for _, e := range s.elements {
		if e.bound.ValueSet != "" {
			bound[e.name] = e.bound
		}
	}
	return bound
}

// newInvariant reads "?e.member key expression<TAB>text".
func newInvariant(line string) Invariant {
	rule, text, _ := strings.Cut(line, "\t")
	head, rule, _ := strings.Cut(rule, " ")
	key, expression, _ := strings.Cut(rule, " ")
	severity, member, _ := strings.Cut(head[1:], ".")
	return Invariant{Key: key, Warning: severity == "w", Member: member, Expression: expression, Text: text}
}
