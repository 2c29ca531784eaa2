// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"strings"
	"testing"

	"mach/fhir"
	"mach/issue"
)

// definitionOf makes a profile from a differential.
func definitionOf(t testing.TB, url, typ, elements string) *fhir.Doc {
	t.Helper()
	d, err := fhir.ParseString(fmt.Sprintf(`{"resourceType":"StructureDefinition","url":%q,"type":%q,"derivation":"constraint",
		"baseDefinition":"http://hl7.org/fhir/StructureDefinition/%s","differential":{"element":[%s]}}`, url, typ, typ, elements))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// found lists the errors that a profile finds in a resource, as "rule at path".
func found(t testing.TB, opt Options, json string, profiles ...string) string {
	t.Helper()
	opt.Errors = true
	v, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	d, err := fhir.ParseString("{" + json + "}")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, is := range v.Validate(d, profiles...) {
		out = append(out, is.Key+" "+is.Path)
	}
	return strings.Join(out, "; ")
}

// TestSlicing: how values fall into slices, by each kind of discriminator.
func TestSlicing(t *testing.T) {
	const observation = `"resourceType":"Observation","status":"final","code":{"text":"x"}`
	const patient = `"resourceType":"Patient"`
	by := func(kind, path, rest string) string {
		return fmt.Sprintf(`"slicing":{"discriminator":[{"type":%q,"path":%q}]%s}`, kind, path, rest)
	}
	bySystem := `{"id":"Patient.identifier","path":"Patient.identifier",` + by("value", "system", `,"rules":"RULES"ORDER`) + `},
		{"id":"Patient.identifier:a","path":"Patient.identifier","sliceName":"a","min":1,"max":"1"},
		{"id":"Patient.identifier:a.system","path":"Patient.identifier.system","min":1,"fixedUri":"urn:a"},
		{"id":"Patient.identifier:a.value","path":"Patient.identifier.value","min":1},
		{"id":"Patient.identifier:b","path":"Patient.identifier","sliceName":"b"},
		{"id":"Patient.identifier:b.system","path":"Patient.identifier.system","min":1,"fixedUri":"urn:b"}`
	system := func(rules, order string) string {
		return strings.NewReplacer("RULES", rules, "ORDER", order).Replace(bySystem)
	}
	byPattern := `{"id":"Observation.category","path":"Observation.category",` + by("pattern", "$this", `,"rules":"open"`) + `},
		{"id":"Observation.category:v","path":"Observation.category","sliceName":"v","min":1,
			"patternCodeableConcept":{"coding":[{"system":"urn:c","code":"v"}]}}`
	byType := `{"id":"Observation.value[x]","path":"Observation.value[x]",` + by("type", "$this", `,"rules":"closed"`) + `},
		{"id":"Observation.value[x]:valueQuantity","path":"Observation.value[x]","sliceName":"valueQuantity","type":[{"code":"Quantity"}]},
		{"id":"Observation.value[x]:valueQuantity.code","path":"Observation.value[x].code","min":1}`
	byExists := `{"id":"Patient.telecom","path":"Patient.telecom",` + by("exists", "period", `,"rules":"open"`) + `},
		{"id":"Patient.telecom:now","path":"Patient.telecom","sliceName":"now","max":"1"},
		{"id":"Patient.telecom:now.period","path":"Patient.telecom.period","max":"0"},
		{"id":"Patient.telecom:once","path":"Patient.telecom","sliceName":"once"},
		{"id":"Patient.telecom:once.period","path":"Patient.telecom.period","min":1}`
	byCode := `{"id":"Observation.component","path":"Observation.component",` + by("value", "code.coding.code", `,"rules":"open"`) + `},
		{"id":"Observation.component:s","path":"Observation.component","sliceName":"s","min":1,"max":"1"},
		{"id":"Observation.component:s.code","path":"Observation.component.code","patternCodeableConcept":{"coding":[{"system":"urn:c","code":"s"}]}},
		{"id":"Observation.component:s.valueQuantity","path":"Observation.component.valueQuantity","min":1}`
	byNeeded := `{"id":"Observation.component","path":"Observation.component",` + by("value", "code.coding.code", `,"rules":"open"`) + `},
		{"id":"Observation.component:s","path":"Observation.component","sliceName":"s","min":1,"max":"1"},
		{"id":"Observation.component:s.code.coding","path":"Observation.component.code.coding",` + by("value", "code", `,"rules":"open"`) + `},
		{"id":"Observation.component:s.code.coding:u","path":"Observation.component.code.coding","sliceName":"u","min":1},
		{"id":"Observation.component:s.code.coding:u.code","path":"Observation.component.code.coding.code","fixedCode":"s"}`
	byTarget := `{"id":"Observation.performer","path":"Observation.performer",` + by("type", "resolve()", `,"rules":"closed"`) + `},
		{"id":"Observation.performer:o","path":"Observation.performer","sliceName":"o","max":"1",
			"type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]}`
	component := func(code, rest string) string {
		return `{"code":{"coding":[{"system":"urn:c","code":"` + code + `"}]}` + rest + `}`
	}
	const a, b, c = `{"system":"urn:a","value":"1"}`, `{"system":"urn:b"}`, `{"system":"urn:c"}`
	for _, k := range []struct{ name, typ, elements, json, want string }{
		{"in its slice", "Patient", system("open", ""), patient + `,"identifier":[` + a + `,` + b + `,` + c + `]`, ""},
		{"too few", "Patient", system("open", ""), patient + `,"identifier":[` + b + `]`, "profile.min Patient.identifier"},
		{"none at all", "Patient", system("open", ""), patient, "profile.min Patient.identifier"},
		{"too many", "Patient", system("open", ""), patient + `,"identifier":[` + a + `,` + a + `]`, "profile.max Patient.identifier"},
		{"wrong inside", "Patient", system("open", ""), patient + `,"identifier":[{"system":"urn:a"}]`, "profile.min Patient.identifier[0].value"},
		{"closed", "Patient", system("closed", ""), patient + `,"identifier":[` + a + `,` + c + `]`, "profile.slice.closed Patient.identifier[1]"},
		{"open at end", "Patient", system("openAtEnd", ""), patient + `,"identifier":[` + c + `,` + a + `]`, "profile.slice.order Patient.identifier[1]"},
		{"ordered", "Patient", system("open", `,"ordered":true`), patient + `,"identifier":[` + b + `,` + a + `]`, "profile.slice.order Patient.identifier[1]"},
		{"by pattern", "Observation", byPattern, observation + `,"category":[{"text":"w","coding":[{"system":"urn:c","code":"v","display":"V"}]}]`, ""},
		{"by pattern, not there", "Observation", byPattern, observation + `,"category":[{"coding":[{"system":"urn:d","code":"v"}]}]`, "profile.min Observation.category"},
		{"by type", "Observation", byType, observation + `,"valueQuantity":{"value":1,"system":"urn:u","code":"x"}`, ""},
		{"by type, wrong inside", "Observation", byType, observation + `,"valueQuantity":{"value":1}`, "profile.min Observation.valueQuantity.code"},
		{"by type, none of them", "Observation", byType, observation + `,"valueString":"x"`, "profile.slice.closed Observation.valueString"},
		{"by exists", "Patient", byExists, patient + `,"telecom":[{"system":"phone","value":"1"},{"system":"phone","value":"2","period":{"end":"2020"}}]`, ""},
		{"by exists, too many", "Patient", byExists, patient + `,"telecom":[{"system":"phone","value":"1"},{"system":"phone","value":"2"}]`, "profile.max Patient.telecom"},
		{"by a code of a pattern", "Observation", byCode, observation + `,"component":[` + component("s", `,"valueQuantity":{"value":1}`) + `,` + component("t", ``) + `]`, ""},
		{"by a code, wrong inside", "Observation", byCode, observation + `,"component":[` + component("s", ``) + `]`, "profile.min Observation.component[0].valueQuantity"},
		{"by a slice inside", "Observation", byNeeded, observation + `,"component":[{"code":{"coding":[{"system":"urn:d","code":"t"},{"system":"urn:c","code":"s"}]}}]`, ""},
		{"by a slice inside, not there", "Observation", byNeeded, observation + `,"component":[` + component("t", ``) + `]`, "profile.min Observation.component"},
		{"by the type of a target", "Observation", byTarget, observation + `,"performer":[{"reference":"Organization/o"}]`, ""},
		{"by the type of a target, another", "Observation", byTarget, observation + `,"performer":[{"reference":"Practitioner/p"}]`, "profile.slice.closed Observation.performer[0]"},
	} {
		opt := Options{Definitions: []*fhir.Doc{definitionOf(t, "urn:p", k.typ, k.elements)}}
		if got := found(t, opt, k.json, "urn:p"); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.name, got, k.want)
		}
	}
}

// TestRules: what a profile asks beside slices, and where it is asked.
func TestRules(t *testing.T) {
	const patient = `"resourceType":"Patient"`
	profiles := []*fhir.Doc{
		definitionOf(t, "urn:base", "Patient", `{"id":"Patient.name","path":"Patient.name","min":1}`),
		definitionOf(t, "urn:fixed", "Patient", `{"id":"Patient.language","path":"Patient.language","fixedCode":"vi"}`),
		definitionOf(t, "urn:one", "Patient", `{"id":"Patient.name","path":"Patient.name","max":"1"},{"id":"Patient.photo","path":"Patient.photo","max":"0"}`),
		definitionOf(t, "urn:type", "Patient", `{"id":"Patient.deceased[x]","path":"Patient.deceased[x]","type":[{"code":"dateTime"}]}`),
		definitionOf(t, "urn:target", "Patient", `{"id":"Patient.generalPractitioner","path":"Patient.generalPractitioner",
			"type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Practitioner"]}]}`),
		definitionOf(t, "urn:rule", "Patient", `{"id":"Patient","path":"Patient","constraint":[{"key":"x-1","severity":"error","human":"A phone","expression":"telecom.exists()"}]}`),
		definitionOf(t, "urn:entry", "Bundle", `{"id":"Bundle.entry","path":"Bundle.entry","min":1}`),
		definitionOf(t, "urn:x", "Extension", `{"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{"code":"code"}]}`),
	}
	derived, err := fhir.ParseString(`{"resourceType":"StructureDefinition","url":"urn:derived","type":"Patient","baseDefinition":"urn:base",
		"differential":{"element":[{"id":"Patient.gender","path":"Patient.gender","min":1}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	context, err := profiles[7].Set("context", []map[string]string{{"type": "element", "expression": "Patient.contact.name"}})
	if err != nil {
		t.Fatal(err)
	}
	context, err = context.Set("url", "urn:there")
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Definitions: append(profiles, derived, context)}
	for _, k := range []struct{ name, json, profile, want string }{
		{"missing", patient, "urn:base", "profile.min Patient.name"},
		{"there", patient + `,"name":[{"text":"A"}]`, "urn:base", ""},
		{"of its base too", patient + `,"gender":"male"`, "urn:derived", "profile.min Patient.name"},
		{"claimed", patient + `,"meta":{"profile":["urn:base|1.0"]}`, "", "profile.min Patient.name"},
		{"claimed in an entry", `"resourceType":"Bundle","type":"collection","entry":[{"resource":{` + patient + `,"meta":{"profile":["urn:base"]}}}]`, "",
			"profile.min Bundle.entry[0].resource.name"},
		{"not known", patient, "urn:none", "profile.unknown Patient"},
		{"its own type", patient, "http://hl7.org/fhir/StructureDefinition/Patient", ""},
		{"of another type", patient, "urn:entry", "profile.other_type Patient"},
		{"fixed", patient + `,"language":"en"`, "urn:fixed", "profile.fixed Patient.language"},
		{"too many", patient + `,"name":[{"text":"A"},{"text":"B"}]`, "urn:one", "profile.max Patient.name"},
		{"forbidden", patient + `,"photo":[{"url":"http://x/y"}]`, "urn:one", "profile.max Patient.photo"},
		{"of a type", patient + `,"deceasedBoolean":true`, "urn:type", "profile.type Patient.deceasedBoolean"},
		{"of a target", patient + `,"generalPractitioner":[{"reference":"Organization/o"}]`, "urn:target", "fhir.reference.target Patient.generalPractitioner[0]"},
		{"a rule", patient, "urn:rule", "profile.invariant Patient"},
		{"an extension", patient + `,"extension":[{"url":"urn:x","valueString":"a"}]`, "", "profile.type Patient.extension[0].valueString"},
		{"an extension that may stand there", patient + `,"contact":[{"name":{"text":"A","extension":[{"url":"urn:there","valueCode":"a"}]}}]`, "", ""},
		{"an extension that may not", patient + `,"name":[{"text":"A","extension":[{"url":"urn:there","valueCode":"a"}]}]`, "", "profile.extension.context Patient.name[0].extension[0]"},
		{"an invariant of R4", patient + `,"contact":[{"gender":"male"}]`, "", "invariant.pat-1 Patient.contact[0]"},
		{"contained and not referred to", patient + `,"contained":[{"resourceType":"Organization","id":"o","name":"O"}]`, "", "invariant.dom-3 Patient.contained[0]"},
		{"contained and referred to", patient + `,"contained":[{"resourceType":"Organization","id":"o","name":"O"}],"managingOrganization":{"reference":"#o"}`, "", ""},
	} {
		var asked []string
		if k.profile != "" {
			asked = append(asked, k.profile)
		}
		if got := found(t, opt, k.json, asked...); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.name, got, k.want)
		}
	}
}

// TestOptions: what is only asked when it is wanted.
func TestOptions(t *testing.T) {
	const patient = `"resourceType":"Patient","name":[{"text":"<b>A</b>"}],"extension":[{"url":"http://x/y","valueCode":"a"}]`
	if got := found(t, Options{}, patient); got != "" {
		t.Error(got)
	}
	if got := found(t, Options{Plain: true, Extensions: true}, patient); got != "profile.markup Patient.name[0].text; profile.extension.unknown Patient.extension[0]" {
		t.Error(got)
	}
	v, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := fhir.ParseString(`{"resourceType":"Patient","meta":{"profile":["urn:none"]}}`)
	if err != nil {
		t.Fatal(err)
	}
	issues := v.Validate(d)
	if issue.List(issues) != nil || len(issues) != 2 || issues[0].Key != "invariant.dom-6" || issues[1].Key != "profile.unknown" {
		t.Errorf("advice: %v", issues)
	}
}

// TestSNOMED: the check digit of SNOMED CT, and the outer form of ECL.
func TestSNOMED(t *testing.T) {
	for code, want := range map[string]bool{
		"840539006": true, "276885007": true, "276885007x": false, "840539007": false, "1": false, "900000000000207008": true,
		"71388002:363703001=129264002": true, "": false,
	} {
		if isSNOMED(code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
	for text, want := range map[string]bool{
		"<< 404684003": true, "<< 404684003 |Clinical finding| MINUS (< 276885007 OR 276885007)": true, "*": true,
		"404684003 << 404684003": false, "<< ": false, "(404684003": false,
	} {
		if isECL(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// TestCoreProfiles: our own definitions are valid, and say what they say in
// words.
func TestCoreProfiles(t *testing.T) {
	docs := coreProfiles(t)
	v, err := New(Options{Definitions: docs, Errors: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		for _, is := range v.Validate(d) {
			t.Errorf("%s: %s %v at %s", d.Ref(), is.Key, is.Args, is.Path)
		}
		for e := range d.Get("differential").Each("element") {
			for k := range e.Each("constraint") {
				if key := k.Get("key").String(); !spoken(key) {
					t.Errorf("%s: no words for %s", d.Ref(), key)
				}
			}
		}
	}
	const person = `"resourceType":"Patient","name":[{"text":"Nguyễn Văn An","family":"Nguyễn","given":["Văn","An"]}]`
	for _, k := range []struct{ json, want string }{
		{person + `,"identifier":[{"system":"https://mach.vn/id/personal","value":"024190000001"},{"system":"https://mach.vn/id/insurance","value":"DN4012345678901"}]`, ""},
		{person + `,"identifier":[{"system":"https://mach.vn/id/personal","value":"24190000001"}]`, "invariant.mach-personal Patient.identifier[0].value"},
		{person + `,"identifier":[{"system":"https://mach.vn/id/insurance","value":"DN9012345678901"}]`, "invariant.mach-insurance Patient.identifier[0].value"},
		{`"resourceType":"Patient","name":[{"text":"An Nguyễn","family":"Nguyễn"}]`, "invariant.mach-name Patient.name[0]"},
		{`"resourceType":"Patient","gender":"male"`, "profile.min Patient.name"},
		{person + `,"address":[{"text":"x","extension":[{"url":"https://mach.vn/ext/unit","valueCoding":{"system":"https://mach.vn/cs/unit","version":"2025-07-01"}}]}]`,
			"profile.min Patient.address[0].extension[0].valueCoding.code"},
		{person + `,"extension":[{"url":"https://mach.vn/ext/ethnic","valueCoding":{"code":"99"}}]`, "invariant.mach-ethnic Patient.extension[0].valueCoding.code"},
	} {
		if got := found(t, Options{Definitions: docs}, k.json, "https://mach.vn/fhir/StructureDefinition/mach-patient"); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.json, got, k.want)
		}
	}
}
