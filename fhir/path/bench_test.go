// SPDX-License-Identifier: Apache-2.0

package path

import (
	"testing"

	"mach/fhir"
)

// patient is a resource for tests without the suite.
const patient = `{"resourceType":"Patient","id":"p1","active":true,
"name":[{"use":"official","family":"Nguyễn","given":["Văn","An"],"period":{"start":"2020-01-01"}},{"use":"usual","given":["An"]}],
"telecom":[{"system":"phone","value":"0901","use":"mobile","rank":1},{"system":"email","value":"a@b.vn"}],
"gender":"male","birthDate":"1974-12-25","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1974-12-25T14:35:45+07:00"}]},
"multipleBirthInteger":2,"address":[{"city":"Hà Nội","line":["1 Tràng Tiền",null],"_line":[null,{"extension":[{"url":"http://x","valueDecimal":1.50}]}]}],
"contact":[{"name":{"family":"Trần"}}],"contained":[{"resourceType":"Organization","id":"o1","name":"Trạm"}],
"managingOrganization":{"reference":"#o1"},"generalPractitioner":[{"reference":"Practitioner/7"}]}`

func parsePatient(t testing.TB) *fhir.Doc {
	t.Helper()
	d, err := fhir.ParseString(patient)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// invariants are typical expressions: of R4 and of search parameters.
var invariants = []struct{ name, text string }{
	{"contained", "contained.contained.empty()"},
	{"exists", "name.exists() or telecom.exists()"},
	{"where", "telecom.where(system = 'phone').value"},
	{"as", "(multipleBirth as boolean)"},
	{"period", "name.period.all(start.hasValue().not() or end.hasValue().not() or (start <= end))"},
	{"quantity", "birthDate < today() - 10 years"},
	{"references", "contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical) | %resource.descendants().as(uri) | %resource.descendants().as(url))) or descendants().where(reference = '#').exists() or descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()"},
}

func BenchmarkCompile(b *testing.B) {
	for _, v := range invariants {
		b.Run(v.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compile(v.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBool(b *testing.B) {
	focus := parsePatient(b).Root()
	for _, v := range invariants {
		b.Run(v.name, func(b *testing.B) {
			e := MustCompile(v.text)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = e.Bool(focus, nil)
			}
		})
	}
}
