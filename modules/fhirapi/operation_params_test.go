// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"strings"
	"testing"

	"mach/fhir"
)

// TestOperationsFit: what the table says of an operation of R4 is what R4 says,
// or less of it.
func TestOperationsFit(t *testing.T) {
	for _, o := range operations() {
		if !strings.HasPrefix(o.url(), "http://hl7.org/fhir/OperationDefinition/") {
			continue
		}
		def, ok := fhir.OperationOf(o.url())
		if !ok {
			t.Errorf("R4 has no %s", o.url())
			continue
		}
		for at, may := range map[level]bool{onSystem: def.System, onType: def.Type, onInstance: def.Instance} {
			if o.level&at != 0 && !may {
				t.Errorf("%s is no operation of level %d", o.url(), at)
			}
		}
		for _, typ := range o.on {
			if !slices.Contains(def.Types, typ) {
				t.Errorf("%s is no operation of %s", o.url(), typ)
			}
		}
		if o.on == nil && o.level != onSystem && !slices.Equal(def.Types, []string{"Resource"}) {
			t.Errorf("%s is an operation of %v alone", o.url(), def.Types)
		}
	}
}

// TestOperationParameters: how many, of which form, and whether they are known.
func TestOperationParameters(t *testing.T) {
	const strict = "Prefer: handling=strict"
	of := func(parameters string) string {
		return `{"resourceType":"Parameters","parameter":[` + parameters + `]}`
	}
	code := `{"name":"system","valueUri":"http://hl7.org/fhir/administrative-gender"},{"name":"code","valueString":"male"}`
	rows := []struct {
		line, body, prefer string
		status             int
		key, at            string
	}{
		{"GET /CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male&_pretty=true", "", strict, 200, "", ""},
		{"GET /CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male&property=a&property=b", "", strict, 200, "", ""},
		{"GET /CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male&colour=red", "", "", 200, "", ""},
		{"GET /CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male&colour=red", "", strict, 400, "fhirapi.param.unknown", "colour"},
		{"GET /CodeSystem/$lookup?code=male&code=female", "", "", 400, "fhirapi.param.many", "code"},
		{"GET /CodeSystem/$lookup?coding=male", "", "", 422, "fhirapi.param.form", "coding"},
		{"POST /CodeSystem/$lookup", of(code), strict, 200, "", ""},
		{"POST /CodeSystem/$lookup", of(code + `,{"name":"colour","valueCode":"red"}`), "", 200, "", ""},
		{"POST /CodeSystem/$lookup", of(code + `,{"name":"colour","valueCode":"red"}`), strict, 400, "fhirapi.param.unknown", "colour"},
		{"POST /CodeSystem/$lookup?code=male", of(code), "", 400, "fhirapi.param.many", "code"},
		{"POST /CodeSystem/$lookup", of(`{"name":"coding","valueString":"male"}`), "", 422, "fhirapi.param.form", "coding"},
		{"POST /CodeSystem/$lookup", of(`{"name":"code","valueCoding":{"code":"male"}}`), "", 422, "fhirapi.param.form", "code"},
		{"POST /CodeSystem/$lookup", `{"resourceType":"Patient"}`, "", 400, "fhirapi.type.other", "resourceType"},
		{"POST /$closure", of(`{"name":"name","valueString":""}`), "", 422, "fhirapi.param.missing", "name"},
		{"POST /Patient/p/$meta-add", of(`{"name":"meta","valueString":"x"}`), "", 422, "fhirapi.param.form", "meta"},
		{"POST /ValueSet/$expand", of(`{"name":"valueSet","resource":{"resourceType":"Patient"}}`), "", 422, "fhirapi.param.form", "valueSet"},
		{"POST /ValueSet/$expand?count=1", `{"resourceType":"ValueSet","status":"active","compose":{"include":[{"system":"http://hl7.org/fhir/administrative-gender"}]}}`, strict, 200, "", ""},
		{"POST /ConceptMap/$translate", of(code + `,{"name":"dependency","valueUri":"urn:x"}`), "", 422, "fhirapi.param.form", "dependency"},
		{"POST /ConceptMap/$translate", of(code + `,{"name":"dependency","part":[{"name":"concept","valueCode":"x"}]}`), "", 422, "fhirapi.param.form", "concept"},
		{"GET /Observation/$lastn?patient=p&max=1&max=2", "", "", 400, "fhirapi.param.many", "max"},
	}
	each(t, func(t *testing.T, c client) {
		for _, x := range rows {
			got := c.do(x.line, x.body, x.prefer)
			if got.StatusCode != x.status {
				t.Errorf("%s %s: status %d, want %d: %.300s", x.line, x.body, got.StatusCode, x.status, got.body)
			} else if x.key != "" {
				got.outcome(got.doc().Get("issue", "0", "code").String(), x.key, x.at)
			}
		}
	})
}
