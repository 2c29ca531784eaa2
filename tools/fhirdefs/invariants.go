// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// An invariant is a rule of a type, or of one element of it.
type invariant struct {
	member     string // the element; "" for values of the type
	key        string
	severity   string // e or w
	text       string
	expression string
}

// corrections are expressions of R4 that do not say what their words say, by
// key and with what is put instead. Each has its reason.
var corrections = map[string]struct{ from, to string }{
	// "more than one" is written as more than two; FHIR-25497, mended in R4B.
	"que-12": {"enableWhen.count() > 2", "enableWhen.count() > 1"},
	// Types of FHIR have small initials: no answer is ever a System.Boolean.
	"que-7": {"answer is Boolean", "answer is boolean"},
	// The quotes make the path a string, which is never a code; mended in R4B.
	"sdf-24": {"'type.code'='Reference'", "type.code='Reference'"},
	"sdf-25": {"'type.code'='CodeableConcept'", "type.code='CodeableConcept'"},
}

// vacuous are invariants about an element that may be absent; their expressions
// give nothing then, which is not true. In R4B they begin with a test.
var vacuous = map[string]string{"bdl-8": "fullUrl", "ras-2": "probability"}

// compileInvariants takes the rules that a definition makes for an element, and
// leaves those that its snapshot repeats from the type that declares them.
func compileInvariants(s *structure, e element, member string) []invariant {
	var out []invariant
	for _, c := range e.Constraint {
		if c.Source != "" && c.Source != s.URL || c.Expression == "" {
			continue
		}
		severity := "e"
		if c.Severity == "warning" {
			severity = "w"
		}
		out = append(out, invariant{member, c.Key, severity, oneLine(c.Human), oneLine(corrected(c))})
	}
	return out
}

// corrected returns the expression, mended where it is known to be wrong. A
// correction that no longer fits stops the program.
func corrected(c constraint) string {
	if element := vacuous[c.Key]; element != "" {
		return element + ".empty() or (" + c.Expression + ")"
	}
	mend, ok := corrections[c.Key]
	if !ok {
		return c.Expression
	}
	if !strings.Contains(c.Expression, mend.from) {
		panic(fmt.Sprintf("%s does not hold %q", c.Key, mend.from))
	}
	return strings.Replace(c.Expression, mend.from, mend.to, 1)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// constrain gives the rules of an element to the part that it is, or, where it
// is of a data type, to its owner.
func (t typeDefs) constrain(s *structure, e element, owner, name string) {
	if len(e.Type) == 1 && (e.Type[0].Code == "BackboneElement" || e.Type[0].Code == "Element") && strings.Contains(e.Path, ".") {
		part := e.Path
		if t[part] == nil {
			t[part] = &typeDef{kind: "part"}
		}
		t[part].invariants = append(t[part].invariants, compileInvariants(s, e, "")...)
		return
	}
	t[owner].invariants = append(t[owner].invariants, compileInvariants(s, e, strings.TrimSuffix(name, "[x]"))...)
}

// String gives the rule's line: severity and element, key, expression, text.
//
//	?e per-1 start.hasValue().not() or …<TAB>If present, start SHALL have a lower value than end
//	?e.div txt-1 htmlChecks()<TAB>The narrative SHALL contain only …
func (v invariant) String() string {
	at := ""
	if v.member != "" {
		at = "." + v.member
	}
	return fmt.Sprintf("?%s%s %s %s\t%s", v.severity, at, v.key, v.expression, v.text)
}
