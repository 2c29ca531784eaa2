// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/fhir/terms"
)

func ourTerminology(t *testing.T) *terms.Set {
	t.Helper()
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	set, err := terminology(content.SiteAt(nil), units)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestTerminology: the code systems made of our content are valid resources,
// and every value set that our profiles bind to can be listed, but the one of a
// system that nobody has.
func TestTerminology(t *testing.T) {
	set := ourTerminology(t)
	for system, want := range map[string]int{
		fhir.ICD10: 700, fhir.LOINC: 10, fhir.CVX: 74, fhir.CSUnit: 3000, fhir.CSFacilityType: 5, fhir.CSRole: 10,
		fhir.Base + "/cs/occupation": 5, fhir.Base + "/cs/ethnic": 55, fhir.Base + "/cs/disease": 50,
	} {
		d, err := set.Find("CodeSystem", system)
		if err != nil {
			t.Errorf("%s: %v", system, err)
			continue
		}
		for _, is := range fhir.Validate(d) {
			t.Errorf("%s: %v", system, is)
		}
		list, err := set.List(system + "?fhir_vs")
		if err != nil || list.Len() < want || list.Partial() == (d.Get("content").String() == "complete") {
			t.Errorf("%s has %d codes, want %d at least: %v", system, list.Len(), want, err)
		}
	}
	for _, c := range []struct{ set, system, code string }{
		{"icd-10", fhir.ICD10, "A97.0"}, {"icd-10", fhir.ICD10, "A97"}, {"vaccine", fhir.CVX, "08"}, {"unit", fhir.CSUnit, "24"},
		{"role", fhir.CSRole, "doctor"}, {"facility-type", fhir.CSFacilityType, "station"},
	} {
		if r, err := set.ValidateCode(fhir.Base+"/fhir/ValueSet/"+c.set, c.system, c.code, ""); err != nil || !r.Valid {
			t.Errorf("%s is not in %s: %+v %v", c.code, c.set, r, err)
		}
	}
}

// TestICD: the hierarchy of ICD-10 from chapter to subcategory, in Vietnamese
// with English beside, and found as people type.
func TestICD(t *testing.T) {
	set := ourTerminology(t)
	below, err := set.Codes("below", fhir.ICD10, "A92-A99")
	if err != nil {
		t.Fatal(err)
	}
	dengue := false
	for _, c := range below {
		dengue = dengue || c == [2]string{fhir.ICD10, "A97.0"}
	}
	if !dengue {
		t.Errorf("below A92-A99: %v", below)
	}
	for b, want := range map[string]string{"A97.0": terms.SubsumesB, "A90-A91": "", "B99-B99": terms.SubsumesB, "C00-D48": terms.NotSubsumed} {
		if got, _ := set.Subsumes(fhir.ICD10, "", "A00-B99", b); got != want {
			t.Errorf("A00-B99 and %s: %q, want %q", b, got, want)
		}
	}
	for filter, lang := range map[string]string{"sot xuat huyet dengue": "vi", "SỐT XUẤT HUYẾT Dengue": "vi", "dengue without": "en", "A97": "vi"} {
		d, err := set.Expand(fhir.ICD10+"?fhir_vs", terms.ExpandQuery{Filter: filter, Count: 20, Language: lang, Selectable: true, At: time.Unix(0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(d.Text(), `"A97`) || strings.Contains(d.Text(), "-A99") {
			t.Errorf("%q finds %s", filter, d.Text())
		}
	}
}
