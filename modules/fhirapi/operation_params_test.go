// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// TestParametersServed: what the definition of an operation knows is read by its
// name, or else refused; nothing is refused that no definition knows.
func TestParametersServed(t *testing.T) {
	var source strings.Builder
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if name == "operation.go" || name == "operation_params.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	known := map[string]bool{}
	for _, o := range operations() {
		params, _ := o.accepts()
		for _, p := range params {
			known[p.Name] = true
			if _, not := unserved[p.Name]; !not && !strings.Contains(source.String(), strconv.Quote(p.Name)) {
				t.Errorf("$%s drops %s in silence", o.name, p.Name)
			}
		}
	}
	for name := range unserved {
		if !known[name] {
			t.Errorf("no operation knows %s", name)
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
		{"POST /ConceptMap/$translate", of(code + `,{"name":"dependency","part":[{"name":"element","valueUri":"urn:x"}]}`), "", 400, "fhirapi.param.unserved", "dependency"},
		{"GET /ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&excludeNested=false&excludePostCoordinated=true&date=", "", strict, 200, "", ""},
		{"GET /ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&exclude-system=urn:x", "", "", 400, "fhirapi.param.unserved", "exclude-system"},
		{"POST /ValueSet/$expand", of(`{"name":"url","valueUri":"http://hl7.org/fhir/ValueSet/administrative-gender"},{"name":"system-version","valueCanonical":"urn:x|1"}`), "", 400, "fhirapi.param.unserved", "system-version"},
		{"GET /ValueSet/$expand?context=urn:x&contextDirection=incoming", "", "", 400, "fhirapi.param.unserved", "context"},
		{"GET /CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male&date=2020", "", "", 400, "fhirapi.param.unserved", "date"},
		{"GET /CodeSystem/$validate-code?url=http://hl7.org/fhir/administrative-gender&code=male&abstract=true", "", "", 200, "", ""},
		{"POST /CodeSystem/$validate-code?url=http://hl7.org/fhir/administrative-gender", of(`{"name":"code","valueCode":"male"},{"name":"abstract","valueBoolean":false}`), "", 400, "fhirapi.param.unserved", "abstract"},
		{"GET /CodeSystem/$subsumes?system=http://hl7.org/fhir/administrative-gender&codeA=male&codeB=male&date=2020", "", "", 200, "", ""}, // R4 knows none there
		{"GET /Observation/$lastn?patient=p&date=2020", "", "", 200, "", ""},
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
