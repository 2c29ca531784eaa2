// SPDX-License-Identifier: Apache-2.0

package store

import (
	"testing"

	"mach/fhir"
	"mach/issue"
)

// A parameter that could not find what it says is not served, and so refused or
// reported as unknown: what memberOf holds changes without the resource.
func TestOwnParametersNotServed(t *testing.T) {
	for _, c := range []struct {
		kind, expression string
		code             issue.Code
	}{
		{"token", "Patient.maritalStatus", ""},
		{"token", "Patient.maritalStatus.where(memberOf('http://example.org/vs'))", issue.NotSupported},
		{"special", "Patient.maritalStatus", issue.NotSupported},
		{"token", "Patient.maritalStatus.", issue.Invalid},
		{"token", "Patient.maritalStatus.unknown()", issue.Invalid},
	} {
		d, err := fhir.New(searchParameter("own", "own", c.kind, c.expression, "Patient"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := newOwn(d)
		if served := c.code == ""; served != (err == nil) || served && p == nil || !served && !issue.Is(err, c.code) {
			t.Errorf("%s %s: %v, %v", c.kind, c.expression, p, err)
		}
	}
}
