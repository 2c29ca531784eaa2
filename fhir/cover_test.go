// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"slices"
	"testing"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		typ, code string
		want      []string
	}{
		{"Observation", "combo-code", []string{"code", "component-code"}},
		{"Observation", "combo-value-quantity", []string{"component-value-quantity", "value-quantity"}},
		{"Observation", "combo-code-value-quantity", []string{"code-value-quantity", "component-code-value-quantity"}},
		{"Observation", "patient", []string{"subject"}},
		{"Patient", "phone", []string{"telecom"}},
		{"AuditEvent", "patient", []string{"agent", "entity"}},
		{"Bundle", "composition", nil}, // "message" takes another type from the same place
		{"Observation", "code", nil},
		{"Observation", "date", nil},
		{"Patient", "deceased", nil},
	} {
		if p, ok := ParamOf(c.typ, c.code); !ok || !slices.Equal(p.Covers, c.want) {
			t.Errorf("%s.%s: %v, want %v", c.typ, c.code, p.Covers, c.want)
		}
	}
}

// Whatever a covered parameter finds is found by one that covers it, which has
// none of its own: rows of that one are enough.
func TestCoversFindAll(t *testing.T) {
	d, err := ParseString(`{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
		"subject":{"reference":"Patient/p"},"valueQuantity":{"value":5,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"},
		"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
		{"code":{"text":"position"},"valueCodeableConcept":{"coding":[{"code":"lying"}]},"dataAbsentReason":{"coding":[{"code":"unknown"}]}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	all, covered := Extract(d), 0
	for _, ix := range all {
		p, _ := ParamOf("Observation", ix.Param)
		if p.Covers == nil {
			continue
		}
		covered++
		if !slices.ContainsFunc(all, func(o Index) bool {
			c, _ := ParamOf("Observation", o.Param)
			return slices.Contains(p.Covers, o.Param) && c.Covers == nil && o.same(&ix)
		}) {
			t.Errorf("%s finds what %v do not: %+v", ix.Param, p.Covers, ix)
		}
	}
	if covered < 10 {
		t.Errorf("%d values of covered parameters", covered)
	}
}
