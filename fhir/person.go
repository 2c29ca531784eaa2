// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strings"

	"mach/vn"
)

// PrintedName is a person's name as printed; imported people may have only
// parts, in which case family comes first as in Viet Nam. "" when there is none.
func PrintedName(person Node) string {
	if text := person.Get("name", "text").String(); text != "" {
		return vn.NormalName(text)
	}
	parts := []string{person.Get("name", "family").String()}
	for given := range person.Get("name", "0").Each("given") {
		parts = append(parts, given.String())
	}
	return vn.NormalName(strings.Join(parts, " "))
}

// Identified is the first identifier of the system; "" when there is none.
func Identified(d *Doc, system string) string {
	for id := range d.Each("identifier") {
		if id.Get("system").String() == system {
			return id.Get("value").String()
		}
	}
	return ""
}

// IDOf is the id in a relative reference, "Patient/p" → "p"; "" when it has
// none.
func IDOf(reference string) string {
	_, id, _ := strings.Cut(reference, "/")
	return id
}
