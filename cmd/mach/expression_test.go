// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestExpressionLast(t *testing.T) {
	for given, want := range map[string]string{
		"fhirpath;-1 < 2":              "fhirpath;--;-1 < 2",
		"fhirpath;-(1);-f;x.json":      "fhirpath;-f;x.json;--;-(1)",
		"fhirpath;-f;-;name":           "fhirpath;-f;-;name",
		"fhirpath;--typed;-fx;-A.b":    "fhirpath;--typed;-fx;--;-A.b",
		"fhirpath;-f;x.json;--;-first": "fhirpath;-f;x.json;--;-first",
		"validate;-1":                  "validate;-1",
		"":                             "",
	} {
		if got := expressionLast(strings.Split(given, ";")); !slices.Equal(got, strings.Split(want, ";")) {
			t.Errorf("%s: %q, want %s", given, got, want)
		}
	}
}
