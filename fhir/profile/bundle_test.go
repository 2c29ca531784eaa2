// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mach/fhir"
)

// TestBundles: what a document and a message have to bring along, and how
// references are resolved among their entries.
func TestBundles(t *testing.T) {
	entry := func(url, resource string) string {
		if url != "" {
			url = `"fullUrl":"` + url + `",`
		}
		return `,{` + url + `"resource":{` + resource + `}}`
	}
	document := func(url, composition, rest string) string {
		return `"resourceType":"Bundle","type":"document","timestamp":"2026-11-22T08:00:00+07:00","identifier":{"system":"urn:s","value":"1"},
			"entry":[` + entry(url, `"resourceType":"Composition","id":"c","status":"final","type":{"text":"x"},"date":"2026-11-22","title":"x",`+composition)[1:] + rest + `]`
	}
	message := func(focus, rest string) string {
		return `"resourceType":"Bundle","type":"message","entry":[` + entry("http://a.vn/MessageHeader/m",
			`"resourceType":"MessageHeader","id":"m","eventUri":"urn:e","source":{"endpoint":"http://a.vn"},"focus":[{"reference":"`+focus+`"}]`)[1:] + rest + `]`
	}
	author := func(ref string) string { return `"author":[{"reference":"` + ref + `"}]` }
	doctor := func(version string) string {
		return `"resourceType":"Practitioner","id":"d","meta":{"versionId":"` + version + `"}`
	}
	const by, at = "http://a.vn/Composition/c", "http://a.vn/Practitioner/d"
	const author0 = "Bundle.entry[0].resource.author[0].reference"
	for _, k := range []struct{ name, json, want string }{
		{"relative", document(by, author("Practitioner/d"), entry(at, doctor("1"))), ""},
		{"absolute", document(by, author(at), entry(at, doctor("1"))), ""},
		{"uuid", document("urn:uuid:0193b2f1-0000-7000-8000-000000000001", author("urn:uuid:0193b2f1-0000-7000-8000-000000000002"),
			entry("urn:uuid:0193b2f1-0000-7000-8000-000000000002", doctor("1"))), ""},
		{"in words", document(by, `"author":[{"display":"An"}]`, ""), ""},
		{"contained", document(by, `"contained":[{`+doctor("1")[:len(doctor("1"))-len(`,"meta":{"versionId":"1"}`)]+`}],`+author("#d"), ""), ""},
		{"not there", document(by, author("Practitioner/e"), entry(at, doctor("1"))), "profile.bundle.absent " + author0},
		{"of another server", document("http://b.vn/Composition/c", author("Practitioner/d"), entry(at, doctor("1"))), "profile.bundle.absent " + author0},
		{"of a version", document(by, author("Practitioner/d/_history/2"), entry(at, doctor("1"))+entry(at, doctor("2"))), ""},
		{"of no version", document(by, author("Practitioner/d/_history/3"), entry(at, doctor("1"))+entry(at, doctor("2"))), "profile.bundle.absent " + author0},
		{"of two versions", document(by, author("Practitioner/d"), entry(at, doctor("1"))+entry(at, doctor("2"))), "profile.bundle.several " + author0},
		{"deep inside", document(by, `"author":[{"display":"An"}],"section":[{"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},"section":[{"entry":[{"reference":"Observation/o"}]}]}]`, ""),
			"profile.bundle.absent Bundle.entry[0].resource.section[0].section[0].entry[0].reference"},
		{"attester and event", document(by, `"author":[{"display":"An"}],"attester":[{"mode":"legal","party":{"reference":"Organization/o"}}],"event":[{"detail":[{"reference":"Procedure/p"}]}]`, ""),
			"profile.bundle.absent Bundle.entry[0].resource.attester[0].party.reference; profile.bundle.absent Bundle.entry[0].resource.event[0].detail[0].reference"},
		{"message", message("Practitioner/d", entry(at, doctor("1"))), ""},
		{"message without data", message("Practitioner/e", entry(at, doctor("1"))), "profile.bundle.absent Bundle.entry[0].resource.focus[0].reference"},
	} {
		if got := found(t, Options{}, k.json); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.name, got, k.want)
		}
	}
}

// TestHostileDocument: many references to many entries cost in proportion.
func TestHostileDocument(t *testing.T) {
	var entries, refs strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&entries, `,{"fullUrl":"http://a.vn/Patient/p","resource":{"resourceType":"Patient","id":"p","meta":{"versionId":"%d"}}}`, i)
		fmt.Fprintf(&refs, `,{"reference":"Patient/p/_history/%d"}`, i)
	}
	d, err := fhir.ParseString(`{"resourceType":"Bundle","type":"document","entry":[{"fullUrl":"http://a.vn/Composition/c","resource":{"resourceType":"Composition","id":"c",
		"section":[{"entry":[` + refs.String()[1:] + `]}]}}` + entries.String() + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	n := d.Root()
	began := time.Now()
	(&check{Validator: &Validator{}}).bundle(n)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestStricter: what may be asked beside R4's own rules.
func TestStricter(t *testing.T) {
	const patient, example = `"resourceType":"Patient"`, `"photo":[{"url":"https://www.example.org/a"}]`
	own := `"extension":[{"url":"http://example.com/own","valueCode":"c"}]`
	for _, k := range []struct {
		name       string
		opt        Options
		json, want string
	}{
		{"an example", Options{}, patient + `,` + example, ""},
		{"no examples", Options{Real: true}, patient + `,` + example, "profile.example Patient.photo[0].url"},
		{"a real address", Options{Real: true}, patient + `,"photo":[{"url":"https://example.vn/a?x=example.org"}]`, ""},
		{"an extension that is an example", Options{Extensions: true}, patient + `,` + own, ""},
		{"no such extension", Options{Extensions: true, Real: true}, patient + `,` + own,
			"profile.extension.unknown Patient.extension[0]; profile.example Patient.extension[0].url"},
		{"references", Options{}, patient + `,"managingOrganization":{"reference":"Organization/o"}`, ""},
		{"references that lead nowhere", Options{References: true}, patient + `,"managingOrganization":{"reference":"Organization/o"}`,
			"profile.reference.absent Patient.managingOrganization.reference"},
		{"references that lead elsewhere", Options{References: true}, patient + `,"managingOrganization":{"reference":"http://b.vn/Organization/o"}`, ""},
		{"references within", Options{References: true}, `"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Patient","id":"p"}},
			{"name":"b","resource":{"resourceType":"Coverage","status":"active","payor":[{"display":"x"}],"beneficiary":{"reference":"Patient/p"}}}]`, ""},
	} {
		if got := found(t, k.opt, k.json); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.name, got, k.want)
		}
	}
}

// TestFilterExpressions: what filters of a value set may ask for.
func TestFilterExpressions(t *testing.T) {
	set := func(language, expression string) string {
		return `"resourceType":"ValueSet","status":"active","extension":[{"url":"` + setParameter + `","extension":[{"url":"name","valueCode":"p-one"}]},
			{"url":"` + setParameter + `","extension":[{"url":"name","valueCode":"two"}]}],"compose":{"include":[{"system":"urn:s","filter":[
			{"property":"p","op":"=","_value":{"extension":[{"url":"` + expressionAt + `","valueExpression":{"language":"` + language + `","expression":"` + expression + `"}}]}}]}]}`
	}
	const at = " ValueSet.compose.include[0].filter[0]._value.extension[0].valueExpression"
	for expression, want := range map[string]string{
		"%p-one": "", "%two and %`p-one`": "", "%two-1": "", "'%no' = %two": "", "%resource.id = %vs-x": "",
		"%p-one3": "profile.valueset.parameter" + at, "%p": "profile.valueset.parameter" + at, "$ and %two": "profile.expression" + at,
	} {
		if got := found(t, Options{}, set("text/fhirpath", expression)); got != want {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
	}
	if got := found(t, Options{}, set("text/cql", "%two")); got != "profile.valueset.language"+at {
		t.Errorf("CQL: %s", got)
	}
}

// TestWarningsLeaveRoom: advice on many resources hides no error of the last.
func TestWarningsLeaveRoom(t *testing.T) {
	v, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := fhir.ParseString(`{"resourceType":"Bundle","type":"collection","entry":[` + strings.Repeat(`{"resource":{"resourceType":"Patient"}},`, 2*maxIssues) +
		`{"resource":{"resourceType":"Patient","contact":[{"gender":"male"}]}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	issues := v.Validate(d)
	last := issues[len(issues)-1]
	if want := fmt.Sprintf("Bundle.entry[%d].resource.contact[0]", 2*maxIssues); len(issues) != maxWarnings+1 || last.Key != "invariant.pat-1" || last.Path != want {
		t.Errorf("%d issues, the last %s at %s", len(issues), last.Key, last.Path)
	}
}
