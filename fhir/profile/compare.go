// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"strings"

	"mach/fhir"
)

// equal reports whether two values are the same; the order of members does not
// count, and neither does how a number is written beyond its digits.
func equal(a, b fhir.Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhir.Object:
		if a.Len() != b.Len() {
			return false
		}
		for name, m := range b.Fields() {
			if !equal(a.Member(name), m) {
				return false
			}
		}
		return true
	case fhir.Array:
		x, y := a.First(), b.First()
		for x.Exists() && y.Exists() {
			if !equal(x, y) {
				return false
			}
			x, y = x.After(a), y.After(b)
		}
		return !x.Exists() && !y.Exists()
	}
	return a.String() == b.String()
}

// fits reports whether a value has at least what a pattern has: each member,
// and of an array each item somewhere (ElementDefinition.pattern[x]).
func fits(a, pattern fhir.Node) bool {
	switch pattern.Kind() {
	case fhir.Object:
		for name, m := range pattern.Fields() {
			if !fits(a.Member(name), m) {
				return false
			}
		}
		return a.Kind() == fhir.Object
	case fhir.Array:
		for p := range pattern.Items() {
			if !anyFits(a, p) {
				return false
			}
		}
		return a.Kind() == fhir.Array
	}
	return equal(a, pattern)
}

func anyFits(array, pattern fhir.Node) bool {
	for v := range array.Items() {
		if fits(v, pattern) {
			return true
		}
	}
	return false
}

// show writes a fixed value or pattern for a message.
func show(n fhir.Node) string {
	text := n.String()
	if text == "" {
		text = strings.Join(strings.Fields(n.Raw()), " ")
	}
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return text
}
