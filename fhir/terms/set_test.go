// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"fmt"
	"strings"
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

// TestBounds: value sets that name each other over and over, or that take a
// large system over and over, are refused instead of worked at.
func TestBounds(t *testing.T) {
	s := R4()
	put(t, s, "ValueSet/0", `{"resourceType":"ValueSet","url":"urn:0","compose":{"include":[{"system":"http://hl7.org/fhir/administrative-gender"}]}}`)
	for i := 1; i <= 18; i++ {
		part := fmt.Sprintf(`{"valueSet":["urn:%d"]}`, i-1)
		put(t, s, fmt.Sprint("ValueSet/", i), fmt.Sprintf(`{"resourceType":"ValueSet","url":"urn:%d","compose":{"include":[%s,%s,%s]}}`, i, part, part, part))
	}
	if _, err := s.ValidateCode("urn:18", "urn:x", "y", ""); !issue.Is(err, issue.TooCostly) {
		t.Errorf("3^18 questions: %v", err)
	}
	if r, err := s.ValidateCode("urn:6", "", "male", ""); err != nil || !r.Valid {
		t.Errorf("3^6 questions: %+v %v", r, err)
	}
	many := strings.Repeat(`{"system":"http://dicom.nema.org/resources/ontology/DCM","filter":[{"property":"display","op":"regex","value":"(a+)+b"}]},`, 4000)
	d, err := fhir.ParseString(`{"resourceType":"ValueSet","url":"urn:m","compose":{"include":[` + strings.TrimSuffix(many, ",") + `]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ExpandIn(d, ExpandQuery{}); !issue.Is(err, issue.TooCostly) {
		t.Errorf("4,000 filters over a system: %v", err)
	}
	put(t, s, "ValueSet/a", `{"resourceType":"ValueSet","url":"urn:a","compose":{"include":[{"valueSet":["urn:b"]}]}}`)
	put(t, s, "ValueSet/b", `{"resourceType":"ValueSet","url":"urn:b","compose":{"include":[{"valueSet":["urn:a"]}]}}`)
	if _, err := s.List("urn:a"); err == nil || issue.Of(err)[0].Key != "terms.valueset.cycle" {
		t.Errorf("a circle: %v", err)
	}
	put(t, s, "CodeSystem/c", `{"resourceType":"CodeSystem","url":"urn:c","content":"complete","concept":[{"code":"1","property":[{"code":"parent","valueCode":"2"}]},{"code":"2","property":[{"code":"parent","valueCode":"1"}]}]}`)
	if got, err := s.Subsumes("urn:c", "", "1", "2"); err != nil || got != SubsumesB {
		t.Errorf("a hierarchy in a circle: %s %v", got, err)
	}
	if _, err := s.Subsumes("urn:c", "", "1", "3"); !issue.Is(err, issue.NotFound) {
		t.Errorf("a code that is not there: %v", err)
	}
}

// TestStates: what is put wins over what came with the program, the newest
// version wins, and what is removed gives way again.
func TestStates(t *testing.T) {
	s := R4()
	const gender = "http://hl7.org/fhir/ValueSet/administrative-gender"
	has := func(set, code string) bool {
		r, err := s.ValidateCode(set, "urn:g", code, "")
		return err == nil && r.Valid
	}
	own := func(version, code string) string {
		return `{"resourceType":"ValueSet","url":"` + gender + `","version":"` + version + `","compose":{"include":[{"system":"urn:g","concept":[{"code":"` + code + `"}]}]}}`
	}
	put(t, s, "ValueSet/1", own("1.9", "old"))
	put(t, s, "ValueSet/2", own("1.10", "new"))
	if !has(gender, "new") || has(gender, "old") || !has(gender+"|1.9", "old") {
		t.Error("the newest version does not count")
	}
	s.Remove("ValueSet/2")
	if !has(gender, "old") || has(gender, "new") || has(gender+"|1.10", "new") {
		t.Error("the removed version still counts")
	}
	s.Remove("ValueSet/1")
	s.Remove("ValueSet/1")
	if r, err := s.ValidateCode(gender, "", "male", ""); err != nil || !r.Valid {
		t.Errorf("what came with the program is gone: %v", err)
	}
	put(t, s, "CodeSystem/s", `{"resourceType":"CodeSystem","url":"urn:s","content":"complete","valueSet":"urn:all","concept":[{"code":"a","display":"A"}]}`)
	put(t, s, "CodeSystem/more", `{"resourceType":"CodeSystem","url":"urn:more","content":"supplement","supplements":"urn:s","concept":[{"code":"a","designation":[{"language":"vi","value":"Chữ a"}]}]}`)
	if c, err := s.Lookup("urn:s", "", "a", "vi"); err != nil || c.Display != "Chữ a" {
		t.Errorf("a supplement adds nothing: %+v %v", c, err)
	}
	if list, err := s.List("urn:all"); err != nil || !list.Has("urn:s", "a") {
		t.Errorf("the value set of a system: %v", err)
	}
	s.Remove("CodeSystem/s")
	if _, err := s.List("urn:all"); !issue.Is(err, issue.NotFound) {
		t.Errorf("the value set of a removed system: %v", err)
	}
	for _, text := range []string{`{"resourceType":"Patient"}`, `{"resourceType":"ValueSet"}`} {
		d, _ := fhir.ParseString(text)
		if s.Put("x", d) == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
