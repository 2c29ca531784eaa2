// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"testing"
	"time"

	"mach/fhir"
	"mach/fhir/terms"
)

// FuzzValidate: any resource, and any profile, is checked without a panic,
// within bounds of issues and of time.
func FuzzValidate(f *testing.F) {
	docs := coreProfiles(f)
	for _, d := range docs {
		f.Add(`{"resourceType":"Patient","name":[{"text":"A"}]}`, d.Text())
	}
	f.Add(pressure, `{"resourceType":"StructureDefinition","url":"urn:p","type":"Observation","differential":{"element":[
		{"path":"Observation.component","slicing":{"discriminator":[{"type":"value","path":"code.coding.code"}],"rules":"closed"}},
		{"path":"Observation.component","sliceName":"a","min":1},{"path":"Observation.value[x]","patternQuantity":{"code":"x"}}]}}`)
	f.Add(`{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"a"}],"_birthDate":{"extension":[{"url":"a:b"}]}}`, `{"resourceType":"Patient"}`)
	f.Fuzz(func(t *testing.T, resource, definition string) {
		d, err := fhir.ParseString(resource)
		if err != nil {
			return
		}
		all, urls := docs, []string{"https://mach.vn/fhir/StructureDefinition/mach-" + d.Type()}
		if p, err := fhir.ParseString(definition); err == nil {
			all, urls = append(docs[:len(docs):len(docs)], p), append(urls, p.Get("url").String())
		}
		v, err := New(Options{Definitions: all, Terms: terms.R4(), Extensions: true, Plain: true})
		if err != nil {
			return
		}
		start := time.Now()
		if found := v.Validate(d, urls...); len(found) > maxIssues+100 {
			t.Fatalf("%d issues", len(found))
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("%v for %d bytes", took, len(resource))
		}
	})
}
