// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strings"
	"testing"
)

func TestTypeInfo(t *testing.T) {
	for name, want := range map[string]string{
		"Patient": "Patient DomainResource Resource", "Bundle": "Bundle Resource",
		"Patient.contact": "Patient.contact BackboneElement Element", "Bundle.entry": "Bundle.entry BackboneElement Element",
		"Timing.repeat": "Timing.repeat Element", "Timing": "Timing BackboneElement Element",
		"url": "url uri Element", "HumanName": "HumanName Element", "Age": "Age Quantity Element",
		"Resource": "Resource", "boolean": "boolean Element", "Extension": "Extension Element",
	} {
		info := InfoOf(name)
		var chain []string
		for b := info; b != nil; b = b.Base {
			chain = append(chain, b.Name)
		}
		if got := strings.Join(chain, " "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if InfoOf("Nonsense") != nil || InfoOf("") != nil {
		t.Error("a type that R4 does not have has information")
	}
}

func TestElementInfo(t *testing.T) {
	value := InfoOf("Observation").Element("value")
	if !value.Choice || value.Many || len(value.Types) != 11 {
		t.Fatalf("Observation.value: %+v", value)
	}
	m := InfoOf("Observation").Member("valueQuantity")
	if m == nil || m.Element != value || m.Type != InfoOf("Quantity") || m.Twin != "_valueQuantity" {
		t.Errorf("Observation.valueQuantity: %+v", m)
	}
	if InfoOf("Observation").Element("valueQuantity") != nil || InfoOf("Observation").Member("value") != nil {
		t.Error("the two names of a choice are mixed up")
	}
	if InfoOf("string").Element("extension") == nil {
		t.Error("a primitive has no extensions")
	}
	item := InfoOf("Questionnaire").Element("item").Types[0].Type
	if !item.Part || item.Element("item").Types[0].Type != item {
		t.Error("items of questionnaires do not nest")
	}
	for name, info := range typeInfos() {
		if info.Name != name || info.Base == nil && name != "Resource" && name != "Element" {
			t.Errorf("%s: %s has no base", name, info.Name)
		}
		for _, e := range info.Elements {
			for _, et := range e.Types {
				if et.Type == nil || et.Element != e {
					t.Errorf("%s.%s: a type is unknown", name, e.Name)
				}
			}
		}
	}
}
