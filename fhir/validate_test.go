// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestValidate: one fault each, with its rule and place.
func TestValidate(t *testing.T) {
	const observation = `"resourceType":"Observation","status":"final","code":{"text":"x"}`
	for _, c := range []struct{ name, json, want string }{
		{"nothing", observation, ""},
		{"unknown type", `"resourceType":"Visit"`, "fhir.resource_type Visit.resourceType"},
		{"data type", `"resourceType":"HumanName"`, "fhir.resource_type HumanName.resourceType"},
		{"abstract type", `"resourceType":"DomainResource"`, "fhir.resource_type DomainResource.resourceType"},
		{"unknown element", observation + `,"colour":"red"`, "fhir.unknown Observation.colour"},
		{"unknown deep down", observation + `,"subject":{"ref":"Patient/1"}`, "fhir.unknown Observation.subject.ref"},
		{"choice without type", observation + `,"value":"x"`, "fhir.unknown Observation.value"},
		{"choice of a type it has not", observation + `,"valueDecimal":1`, "fhir.unknown Observation.valueDecimal"},
		{"two choices", observation + `,"valueString":"x","valueInteger":1`, "fhir.choice Observation.valueInteger"},
		{"value with extension", observation + `,"valueString":"x","_valueString":{"id":"a"}`, ""},
		{"extension instead of value", observation + `,"_valueString":{"extension":[{"url":"urn:x:u","valueCode":"c"}]}`, ""},
		{"missing", `"resourceType":"Observation"`, "fhir.required Observation.status; fhir.required Observation.code"},
		{"missing choice", `"resourceType":"Immunization","status":"completed","vaccineCode":{"text":"x"},"patient":{"display":"x"}`,
			"fhir.required Immunization.occurrence"},
		{"missing in a part", observation + `,"component":[{"valueString":"x"}]`, "fhir.required Observation.component[0].code"},
		{"content reference", observation + `,"component":[{"code":{"text":"x"},"referenceRange":[{"txt":"x"}]}]`,
			"fhir.unknown Observation.component[0].referenceRange[0].txt"},
		{"not an array", observation + `,"category":{"text":"x"}`, "fhir.array Observation.category"},
		{"an array", observation + `,"subject":[{"display":"x"}]`, "fhir.single Observation.subject"},
		{"number for string", observation + `,"valueString":7`, "fhir.type Observation.valueString"},
		{"string for number", observation + `,"valueInteger":"7"`, "fhir.type.quoted Observation.valueInteger"},
		{"string for object", observation + `,"subject":"Patient/1"`, "fhir.type Observation.subject"},
		{"string for boolean", observation + `,"valueBoolean":"true"`, "fhir.type.quoted Observation.valueBoolean"},
		{"fraction for integer", observation + `,"valueInteger":7.5`, "fhir.format Observation.valueInteger"},
		{"large integer", observation + `,"valueInteger":2147483648`, "fhir.format Observation.valueInteger"},
		{"smallest integer", observation + `,"valueInteger":-2147483648`, ""},
		{"empty string", observation + `,"valueString":""`, "fhir.text Observation.valueString"},
		{"control character", observation + `,"valueString":"\u0007"`, "fhir.text Observation.valueString"},
		{"empty object", observation + `,"subject":{}`, "fhir.empty Observation.subject"},
		{"empty array", observation + `,"category":[]`, "fhir.empty Observation.category"},
		{"null", observation + `,"subject":null`, "fhir.null Observation.subject"},
		{"null in an array", observation + `,"category":[null]`, "fhir.null Observation.category[0]"},
		{"date", observation + `,"effectiveDateTime":"2026-02-30"`, "fhir.format Observation.effectiveDateTime"},
		{"time without zone", observation + `,"effectiveDateTime":"2026-02-20T08:00:00"`, "fhir.format Observation.effectiveDateTime"},
		{"instant is a date", observation + `,"issued":"2026-02-20"`, "fhir.format Observation.issued"},
		{"time", observation + `,"valueTime":"24:00:00"`, "fhir.format Observation.valueTime"},
		{"uri", observation + `,"implicitRules":"a b"`, "fhir.format Observation.implicitRules"},
		{"id", observation + `,"id":"a_b"`, "fhir.format Observation.id"},
		{"code with a space at its end", observation + `,"language":"vi "`, "fhir.format Observation.language"},
		{"bad code", `"resourceType":"Observation","status":"done","code":{"text":"x"}`, "fhir.code Observation.status"},
		{"bad concept", `"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"coding":[{"system":"http://x","code":"active"}]}`,
			"fhir.code Condition.clinicalStatus"},
		{"concept of words where a code is required", `"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"text":"x"}`,
			"fhir.code Condition.clinicalStatus"},
		{"one good code of two", `"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"coding":[{"code":"x"},
			{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}`, ""},
		{"arrays of primitives", `"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,{"id":"x"}]}]`, ""},
		{"both null", `"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,null]}]`,
			"fhir.null Patient.name[0].given[1]; fhir.null Patient.name[0]._given[1]"},
		{"shadow of an object", `"resourceType":"Patient","_name":{"id":"x"}`, "fhir.unknown Patient._name"},
		{"extension with both", observation + `,"extension":[{"url":"urn:x:u","valueCode":"c","extension":[{"url":"urn:x:u","valueCode":"c"}]}]`,
			"fhir.extension Observation.extension[0]"},
		{"extension with nothing", observation + `,"extension":[{"url":"urn:x:u"}]`, "fhir.extension Observation.extension[0]"},
		{"modifier extension where none is", `"resourceType":"Patient","name":[{"modifierExtension":[{"url":"urn:x:u","valueCode":"c"}]}]`,
			"fhir.unknown Patient.name[0].modifierExtension"},
		{"reference", observation + `,"subject":{"reference":"Patient/1/x"}`, "fhir.reference.form Observation.subject.reference"},
		{"reference to an unknown type", observation + `,"subject":{"reference":"Person2/1"}`, "fhir.reference.form Observation.subject.reference"},
		{"reference to the wrong type", observation + `,"subject":{"reference":"Encounter/1"}`, "fhir.reference.target Observation.subject.reference"},
		{"absolute reference", observation + `,"subject":{"reference":"https://x/Patient/1"}`, ""},
		{"absolute reference to the wrong type", observation + `,"subject":{"reference":"https://x/Encounter/1"}`,
			"fhir.reference.target Observation.subject.reference"},
		{"search outside a transaction", observation + `,"subject":{"reference":"Patient?identifier=1"}`,
			"fhir.reference.form Observation.subject.reference"},
		{"contained", observation + `,"subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]`, ""},
		{"contained of the wrong type", observation + `,"subject":{"reference":"#p"},"contained":[{"resourceType":"Task","id":"p","status":"draft","intent":"order"}]`,
			"fhir.reference.target Observation.subject.reference"},
		{"not contained", observation + `,"subject":{"reference":"#q"},"contained":[{"resourceType":"Patient","id":"p"}]`,
			"fhir.reference.contained Observation.subject.reference"},
		{"contained without id", observation + `,"contained":[{"resourceType":"Patient"}]`, "fhir.required Observation.contained[0].id"},
		{"contained in contained", observation + `,"contained":[{"resourceType":"Patient","id":"p","contained":[{"resourceType":"Patient","id":"q"}]}]`,
			"fhir.contained.nested Observation.contained[0].contained"},
		{"entry", `"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation"}}]`,
			"fhir.required Bundle.entry[0].resource.status; fhir.required Bundle.entry[0].resource.code"},
		{"entry is no resource", `"resourceType":"Bundle","type":"collection","entry":[{"resource":{"id":"1"}}]`,
			"fhir.resource_type Bundle.entry[0].resource.resourceType"},
		{"search in a transaction", `"resourceType":"Bundle","type":"transaction","entry":[{"resource":{` + observation +
			`,"subject":{"reference":"Patient?identifier=1"}},"request":{"method":"POST","url":"Observation"}}]`, ""},
		{"relative url", observation + `,"extension":[{"url":"u","valueCode":"c"}]`, "fhir.absolute Observation.extension[0].url"},
		{"relative url inside", observation + `,"extension":[{"url":"urn:x:u","extension":[{"url":"c","valueCode":"c"}]}]`, ""},
		{"relative url in a value inside", observation + `,"extension":[{"url":"urn:x:u","extension":[{"url":"c","valueAge":{"extension":[{"url":"d","valueCode":"c"}]}}]}]`,
			"fhir.absolute Observation.extension[0].extension[0].valueAge.extension[0].url"},
		{"relative system", `"resourceType":"Patient","identifier":[{"system":"cccd","value":"1"}]`, "fhir.absolute Patient.identifier[0].system"},
		{"ids of elements", `"resourceType":"Patient","name":[{"id":"a","text":"x"},{"id":"a","text":"y"}]`, "fhir.id.twice Patient.name[1].id"},
		{"id of an element with a space", `"resourceType":"Patient","name":[{"id":"a b","text":"x"}]`, "fhir.format Patient.name[0].id"},
		{"attachment", `"resourceType":"Patient","photo":[{"data":"aGVsbG8=","size":5},{"data":"aGVsbG8=","size":6}]`, "fhir.attachment.size Patient.photo[1].size"},
		{"not base64", `"resourceType":"Patient","photo":[{"data":"%%"}]`, "fhir.format Patient.photo[0].data"},
		{"full URLs", `"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"Patient/1","resource":{"resourceType":"Patient","id":"1"}},
			{"fullUrl":"http://x/Patient/1","resource":{"resourceType":"Patient","id":"2"}}]`, "fhir.absolute Bundle.entry[0].fullUrl; fhir.bundle.fullurl Bundle.entry[1].fullUrl"},
		{"what a search found", `"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"a"},{"relation":"self","url":"a"}],
			"entry":[{"resource":{"resourceType":"Patient"}},{"resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"outcome"}}]`,
			"fhir.bundle.link Bundle.link[1]; fhir.required Bundle.entry[0].resource; fhir.bundle.outcome Bundle.entry[1].resource"},
		{"supplement", `"resourceType":"CodeSystem","status":"draft","content":"complete","supplements":"http://x"`, "fhir.supplement CodeSystem.content"},
		{"resourceType in a data type", `"resourceType":"Patient","name":[{"resourceType":"HumanName"}]`,
			"fhir.unknown Patient.name[0].resourceType"},
	} {
		var found []string
		for _, is := range Validate(mustParse(t, "{"+c.json+"}")) {
			found = append(found, is.Key+" "+is.Path)
		}
		if got := strings.Join(found, "; "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestNarrative: what a narrative may hold, and what not.
func TestNarrative(t *testing.T) {
	for _, c := range []struct{ div, want string }{
		{`<div xmlns="http://www.w3.org/1999/xhtml">Nguyễn &amp; <b class='x'>An</b><br/></div>`, ""},
		{`<div><img src="#a" alt=""/></div>`, ""},
		{`<div><!-- <script> --> x</div>`, ""},
		{` <div>x</div>` + "\n", ""},
		{`<div xmlns="http://www.w3.org/1999/xhtml">x</div>`, ""}, {`<div xmlns="">x</div>`, "namespace"}, {`<div xmlns="http://www.w3.org/1999/html">x</div>`, "namespace"},
		{`<div xmlns="http://www.w3.org/1999/xhtml"><p xmlns="http://www.w3.org/2000/svg">x</p></div>`, "namespace"},
		{`x`, "form"}, {`<p>x</p>`, "form"}, {`<div>x`, "form"}, {`<div>x</p>`, "form"}, {`<div>x</div><div>y</div>`, "form"},
		{`<div>x</div>y`, "form"}, {`<div><![CDATA[x]]></div>`, "form"}, {`<div>a & b</div>`, "form"},
		{`<div>a&#160;b&#xA0;&lt;</div>`, ""}, {`<div>a&nbsp;b</div>`, "entity nbsp"}, {`<div title="&copy;">b</div>`, "entity copy"}, {`<div><a href="?a=1&b=2">b</a></div>`, "form"}, {`<div>a&#x;</div>`, "form"}, {`<div>a&#-1;</div>`, "form"}, {`<div id=x>y</div>`, "form"},
		{`<div/>`, "empty"}, {`<div> <p></p></div>`, "empty"},
		{`<div><script>x</script></div>`, "element script"}, {`<div><iframe/></div>`, "element iframe"}, {`<div><form>x</form></div>`, "element form"},
		{`<div onclick="x">y</div>`, "attribute onclick"}, {`<div><a href=" JavaScript:x">y</a></div>`, "attribute href"},
		{strings.Repeat("<div>", 300) + "x" + strings.Repeat("</div>", 300), "form"},
	} {
		fault, name := NarrativeFault(c.div)
		if got := strings.TrimSpace(fault + " " + name); got != c.want {
			t.Errorf("%.60s: %q, want %q", c.div, got, c.want)
		}
	}
}

// TestHostile: documents made to cost as much as they can take time in
// proportion to their size.
func TestHostile(t *testing.T) {
	repeat := func(n int, f func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = f(i)
		}
		return strings.Join(parts, ",")
	}
	const many = 50_000
	for _, c := range []struct{ name, json string }{
		{"nulls with twins", `{"resourceType":"Patient","name":[{"given":[` + repeat(many, func(int) string { return "null" }) +
			`],"_given":[` + repeat(many, func(int) string { return `{"id":"x"}` }) + `]}]}`},
		{"references to contained", `{"resourceType":"List","contained":[` +
			repeat(many, func(i int) string { return fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i) }) + `],"entry":[` +
			repeat(many, func(i int) string { return fmt.Sprintf(`{"item":{"reference":"#p%d"}}`, i) }) + `]}`},
		{"composites", `{"resourceType":"Observation","code":{"coding":[` + repeat(many, func(i int) string { return fmt.Sprintf(`{"code":"c%d"}`, i) }) +
			`]},"valueCodeableConcept":{"coding":[` + repeat(many, func(i int) string { return fmt.Sprintf(`{"code":"d%d"}`, i) }) + `]}}`},
		{"composites from the root", `{"resourceType":"MolecularSequence","referenceSeq":{"chromosome":{"coding":[` +
			repeat(many, func(i int) string { return fmt.Sprintf(`{"code":"c%d"}`, i) }) + `]}},"variant":[` +
			repeat(many, func(i int) string { return fmt.Sprintf(`{"start":%d,"end":1}`, i) }) + `]}`},
		{"wide objects", `{"resourceType":"X","a":[` + repeat(many/MaxMembers, func(int) string {
			return "{" + repeat(MaxMembers, func(i int) string { return fmt.Sprintf(`"k%dx":1`, i) }) + "}"
		}) + `]}`},
		{"faults", `{"resourceType":"Patient","name":[` + repeat(many, func(int) string { return `{"x":1}` }) + `]}`},
	} {
		start := time.Now()
		d := mustParse(t, c.json)
		issues, found := Validate(d), Extract(d)
		// Proportional work takes milliseconds; quadratic work, minutes.
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: %v for %d kB", c.name, took, len(c.json)>>10)
		}
		if len(issues) > maxIssues || len(found) > maxIndexes+maxComposites {
			t.Errorf("%s: %d issues, %d indexes", c.name, len(issues), len(found))
		}
	}
}
