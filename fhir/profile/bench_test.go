// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mach/fhir"
	"mach/fhir/fhirtest"
	"mach/fhir/terms"
)

const pressure = `{"resourceType":"Observation","id":"0193b2f1-0000-7000-8000-000000000003","status":"final",
	"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
	"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Huyết áp"}]},
	"subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e"},"effectiveDateTime":"2026-11-21T08:30:00+07:00",
	"performer":[{"reference":"Practitioner/a"}],"component":[
	{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":128,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
	{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":82,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`

// BenchmarkValidate measures what a write path pays: shape and invariants, with
// Mạch's profiles and R4's terminology at hand; then a profile too.
func BenchmarkValidate(b *testing.B) {
	v, err := New(Options{Definitions: coreProfiles(b), Terms: terms.R4(), Errors: true})
	if err != nil {
		b.Fatal(err)
	}
	doc, err := fhir.ParseString(pressure)
	if err != nil {
		b.Fatal(err)
	}
	run := func(d *fhir.Doc, profiles ...string) func(b *testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, is := range v.Validate(d, profiles...) {
					if is.Severity == "error" {
						b.Fatal(is)
					}
				}
			}
		}
	}
	b.Run("Observation", run(doc))
	b.Run("Observation of a profile", run(doc, "https://mach.vn/fhir/StructureDefinition/mach-vital-signs"))
	files, _ := filepath.Glob(filepath.Join(fhirtest.Suite(b, "synthea"), "*.json.gz"))
	if len(files) > 0 {
		bundle := synthea(b, files[0])
		b.Run("Synthea bundle", func(b *testing.B) {
			run(bundle)(b)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(bundle.Get("entry").Len()), "µs/resource")
		})
	}
}

func synthea(t testing.TB, file string) *fhir.Doc {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	d, err := fhir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// coreProfiles are Mạch's own.
func coreProfiles(t testing.TB) []*fhir.Doc {
	t.Helper()
	docs, err := ReadFolder(os.DirFS("../../content/profiles"))
	if err != nil || len(docs) < 15 {
		t.Fatalf("%d profiles, %v", len(docs), err)
	}
	return docs
}
