// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"testing"

	"mach/fhir"
	"mach/issue"
)

func put(t testing.TB, s *Set, key, text string) {
	t.Helper()
	d, err := fhir.ParseString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(key, d); err != nil {
		t.Fatal(err)
	}
}

// TestR4: every resource that comes with the program can be read, and every
// value set of it compiled.
func TestR4(t *testing.T) {
	s := R4()
	st := s.now.Load()
	n, listed := 0, 0
	for _, list := range st.byURL {
		for _, src := range list {
			n++
			d, err := src.doc()
			if err != nil || d.Type() != src.typ || d.Get("url").String() != src.url || d.Get("version").String() != src.version {
				t.Errorf("%s %s: %v", src.typ, src.url, err)
				continue
			}
			if src.typ != "ValueSet" {
				continue
			}
			v, err := st.valueSet(src.url)
			if err != nil {
				if !issue.Is(err, issue.NotFound) {
					t.Errorf("%s: %v", src.url, err)
				}
				continue
			}
			if _, err := v.list(); err == nil {
				listed++
			}
		}
	}
	if n < 1500 || listed < 700 {
		t.Errorf("%d resources, %d value sets can be listed", n, listed)
	}
	t.Logf("%d resources, %d value sets can be listed", n, listed)
}

func TestValidateR4(t *testing.T) {
	s := R4()
	const vs = "http://hl7.org/fhir/ValueSet/"
	const v3 = "http://terminology.hl7.org/CodeSystem/v3-"
	for _, c := range []struct {
		set, system, code string
		valid, unknown    bool
	}{
		{"administrative-gender", "", "male", true, false},
		{"administrative-gender|4.0.1", "http://hl7.org/fhir/administrative-gender", "male", true, false},
		{"administrative-gender", "", "Male", false, false},
		{"administrative-gender", "http://elsewhere", "male", false, false},
		{"marital-status", v3 + "MaritalStatus", "M", true, false},
		{"marital-status", v3 + "NullFlavor", "UNK", true, false},
		{"marital-status", v3 + "MaritalStatus", "NI", false, false},
		{"marital-status", v3 + "NullFlavor", "NI", false, false},
		{"mimetypes", "", "text/plain; charset=utf-8", true, false},
		{"mimetypes", "", "nonsense", false, false},
		{"all-languages", "urn:ietf:bcp:47", "vi-VN", true, false},
		{"all-languages", "urn:ietf:bcp:47", "no language", false, false},
		{"ucum-units", fhir.UCUM, "mm[Hg]", true, false},
		{"ucum-units", fhir.UCUM, "mmHg", false, false},
		{"procedure-code", fhir.SNOMED, "386661006", false, true},
		{"resource-types", "", "Patient", true, false},
		{"all-types", "", "Type", true, false},
	} {
		r, err := s.ValidateCode(vs+c.set, c.system, c.code, "")
		if err != nil || r.Valid != c.valid || r.Unknown != c.unknown {
			t.Errorf("%s of %q in %s: %+v %v", c.code, c.system, c.set, r, err)
		}
	}
	if _, err := s.ValidateCode(vs+"nowhere", "", "x", ""); !issue.Is(err, issue.NotFound) {
		t.Errorf("an unknown value set: %v", err)
	}
	if r, _ := s.ValidateCode(vs+"administrative-gender", "", "male", "FEMALE"); !r.Valid || !r.WrongDisplay || r.Issue == nil {
		t.Errorf("a wrong display: %+v", r)
	}
	if r, _ := s.ValidateCode(vs+"administrative-gender", "", "male", " male"); r.WrongDisplay || r.Display != "Male" {
		t.Errorf("a right display: %+v", r)
	}
}
