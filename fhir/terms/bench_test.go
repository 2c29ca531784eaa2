// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mach/fhir"
)

// icd is a system as large as the national list of ICD-10 (15,844 rows), with
// Vietnamese names and English ones as designations.
func icd(b *testing.B) *Set {
	b.Helper()
	words := strings.Fields("viêm sốt xuất huyết lao phổi tăng huyết áp đái tháo đường nhiễm khuẩn mạn tính cấp tính không đặc hiệu tổn thương gãy xương bệnh khác")
	var concepts []any
	for i := range 15_844 {
		category := fmt.Sprintf("%c%02d", 'A'+i/700, i/7%100)
		code, name := category, ""
		if i%7 > 0 {
			code = fmt.Sprintf("%s.%d", category, i%7)
		}
		for k := range 6 {
			name += words[(i*31+i/5*k+k*k*7)%len(words)] + " "
		}
		c := map[string]any{"code": code, "display": name, "designation": []any{map[string]any{"language": "en", "value": fmt.Sprint("disease number ", i)}}}
		if i%7 > 0 {
			c["property"] = []any{map[string]any{"code": "parent", "valueCode": category}}
		}
		concepts = append(concepts, c)
	}
	d, err := fhir.New(map[string]any{"resourceType": "CodeSystem", "url": fhir.ICD10, "status": "active", "content": "fragment", "concept": concepts})
	if err != nil {
		b.Fatal(err)
	}
	s := R4()
	if err := s.Put("CodeSystem/icd", d); err != nil {
		b.Fatal(err)
	}
	put(b, s, "ValueSet/icd", `{"resourceType":"ValueSet","url":"urn:icd","status":"active","compose":{"include":[{"system":"`+fhir.ICD10+`"}]}}`)
	return s
}

// BenchmarkExpandFilter types three words into a list of 15,844 codes and reads
// the first twenty.
func BenchmarkExpandFilter(b *testing.B) {
	s := icd(b)
	q := ExpandQuery{Filter: "sot xuat h", Count: 20, Language: "vi", At: time.Unix(0, 0)}
	for b.Loop() {
		if d, err := s.Expand("urn:icd", q); err != nil || d.Get("expansion", "total").Int() == 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstUse compiles such a system and lists it.
func BenchmarkFirstUse(b *testing.B) {
	s := icd(b)
	d, err := s.Find("CodeSystem", fhir.ICD10)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.Put("CodeSystem/icd", d); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Expand("urn:icd", ExpandQuery{Filter: "x", At: time.Unix(0, 0)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidateCode(b *testing.B) {
	s := icd(b)
	b.Run("required", func(b *testing.B) {
		for b.Loop() {
			if r, err := s.ValidateCode("http://hl7.org/fhir/ValueSet/administrative-gender", "", "female", ""); err != nil || !r.Valid {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("icd10", func(b *testing.B) {
		for b.Loop() {
			if r, err := s.ValidateCode("urn:icd", fhir.ICD10, "B10.3", ""); err != nil || !r.Valid {
				b.Fatal(r, err)
			}
		}
	})
}

func BenchmarkR4(b *testing.B) {
	for b.Loop() {
		R4()
	}
}
