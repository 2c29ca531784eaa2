// SPDX-License-Identifier: Apache-2.0

package fhir

import "testing"

// TestOperationDefinitions: the operations of R4 are all there, each can be
// called somewhere, and their parameters are of types that R4 has.
func TestOperationDefinitions(t *testing.T) {
	all := Operations()
	if len(all) != 46 {
		t.Errorf("%d operations", len(all))
	}
	for _, o := range all {
		if got, ok := OperationOf(o.URL()); !ok || got.Code != o.Code || o.Code == "" {
			t.Errorf("%s is found as %v", o.URL(), got)
		}
		if !o.System && !o.Type && !o.Instance || len(o.Types) == 0 {
			t.Errorf("%s can be called nowhere", o.ID)
		}
		checkParams(t, o.ID, o.In)
		checkParams(t, o.ID, o.Out)
	}
	if _, ok := OperationOf("http://hl7.org/fhir/OperationDefinition/Patient-purge"); ok {
		t.Error("$purge is found")
	}
	o, _ := OperationOf("http://hl7.org/fhir/OperationDefinition/ConceptMap-translate")
	d := o.In[len(o.In)-2]
	if d.Name != "dependency" || d.Max != -1 || len(d.Parts) != 2 || d.Parts[1].Type != "CodeableConcept" || len(o.Out) != 3 || !o.Type || o.System {
		t.Errorf("$translate is read as %+v", o)
	}
}

func checkParams(t *testing.T, of string, params []OperationParam) {
	t.Helper()
	for _, p := range params {
		known := p.Type == "Any" || InfoOf(p.Type) != nil // Any stands in four definitions for Resource
		if p.Name == "" || p.Max == 0 || p.Max > 0 && p.Min > p.Max || known == (len(p.Parts) > 0) {
			t.Errorf("%s: %+v", of, p)
		}
		checkParams(t, of, p.Parts)
	}
}
