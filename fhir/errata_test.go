// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"testing"

	"mach/fhir"
	"mach/fhir/fhirtest"
	"mach/issue"
)

// TestExamplesAreValid: none of the official examples is refused but for what
// errata.txt says of it, and every line of that is needed.
func TestExamplesAreValid(t *testing.T) {
	errata, n, refused, excused := fhirtest.ReadErrata(), 0, 0, 0
	fhir.EachExample(t, func(name, text string) {
		d, err := fhir.ParseString(text)
		if err != nil {
			t.Fatal(name, err)
		}
		found := fhir.Validate(d)
		if errata.Excuse(d, found) {
			excused++
		}
		if n++; issue.List(found) != nil {
			refused++
			t.Errorf("%s: %v", name, issue.List(found))
		}
	})
	errata.AllNeeded(t, "fhir.") // package profile has the others
	t.Logf("%d of %d official examples refused, %d excused", refused, n, excused)
}

// TestNoIDExcuses: what has the id of an example with a known fault is checked as
// everything is.
func TestNoIDExcuses(t *testing.T) {
	d, err := fhir.ParseString(`{"resourceType":"CapabilityStatement","id":"example","url":"x","status":"active","date":"2026","kind":"requirements","fhirVersion":"4.0.1","format":["json"]}`)
	if err != nil {
		t.Fatal(err)
	}
	found := fhir.Validate(d)
	if len(found) != 1 || fhirtest.Erratum(d, found[0]) != "CapabilityStatement/example fhir.absolute CapabilityStatement.url" || issue.List(found) == nil {
		t.Errorf("found %v", found)
	}
	if !fhirtest.ReadErrata().Excuse(d, found) || issue.List(found) != nil {
		t.Error("errata.txt does not excuse it")
	}
}
