// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"testing"

	"mach/content"
	"mach/fhir"
	"mach/fhir/profile"
	"mach/fhir/terms"
)

// core are the profiles of ours that the demonstration holds to, by type.
var core = map[string]string{
	"Patient": "mach-patient", "Practitioner": "mach-practitioner", "Organization": "mach-organization", "Encounter": "mach-encounter",
	"Condition": "mach-condition", "Observation": "mach-vital-signs", "Immunization": "mach-immunization",
}

// TestProfiles: all that is generated is valid FHIR, breaks no invariant, uses
// no extension without a definition, and conforms to our core profiles.
func TestProfiles(t *testing.T) {
	s, a, units := opened(t)
	if err := fill(t, t.Context(), t.TempDir(), s, a, units, quiet); err != nil {
		t.Fatal(err)
	}
	definitions, err := profile.ReadFolder(content.Profiles())
	if err != nil {
		t.Fatal(err)
	}
	v, err := profile.New(profile.Options{Definitions: definitions, Terms: terms.R4(), Errors: true, Extensions: true, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	checked := map[string]int{}
	for ref, text := range stored(t, s) {
		d, err := fhir.ParseString(text)
		if err != nil {
			t.Fatal(ref, err)
		}
		var profiles []string
		if name := core[d.Type()]; name != "" && !laboratory(d) {
			profiles = []string{"https://mach.vn/fhir/StructureDefinition/" + name}
		}
		checked[d.Type()]++
		if checked[d.Type()] > 300 { // of what there is most of
			continue
		}
		for _, is := range v.Validate(d, profiles...) {
			t.Errorf("%s: %s %v at %s", ref, is.Key, is.Args, is.Path)
		}
	}
	for typ := range core {
		if checked[typ] == 0 {
			t.Errorf("no %s among %v", typ, checked)
		}
	}
}

// laboratory reports whether the resource is a laboratory's: the core profile
// of observations is that of vital signs.
func laboratory(d *fhir.Doc) bool {
	return d.Type() == "Observation" && d.Get("category", "coding", "code").String() == "laboratory"
}
