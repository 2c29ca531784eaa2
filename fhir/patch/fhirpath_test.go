// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"mach/fhir"
	"mach/fhir/fhirtest"
	"mach/issue"
)

// TestFHIRPathSuite applies the cases of FHIR/fhir-test-cases; those that also
// ask for the difference of two resources are applied as well.
func TestFHIRPathSuite(t *testing.T) {
	var all struct {
		Cases []struct {
			Name  string `xml:"name,attr"`
			Input struct {
				XML []byte `xml:",innerxml"`
			} `xml:"input"`
			Diff struct {
				XML []byte `xml:",innerxml"`
			} `xml:"diff"`
			Want struct {
				XML []byte `xml:",innerxml"`
			} `xml:"output"`
			Error *struct{} `xml:"error"`
		} `xml:"case"`
	}
	text := bytes.ReplaceAll(suite(t, "fhir-patch-tests.xml"), []byte("\r\n"), []byte("\n")) // as XML reads it
	if err := xml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, c := range all.Cases {
		c.Want.XML = bytes.ReplaceAll(c.Want.XML, []byte("&quot;"), []byte(`"`)) // in a narrative both are the same
		p, err := ParseFHIRPath(fhirtest.FromXML(t, c.Diff.XML))
		var got *fhir.Doc
		if err == nil {
			got, err = p.Apply(fhirtest.FromXML(t, c.Input.XML))
		}
		switch {
		case c.Error != nil && err == nil:
			t.Errorf("%s: accepted", c.Name)
		case c.Error == nil && err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case c.Error == nil && !alike(t, got.Text(), fhirtest.FromXML(t, c.Want.XML).Text()):
			t.Errorf("%s:\n%s, want\n%s", c.Name, got.Text(), fhirtest.FromXML(t, c.Want.XML).Text())
		default:
			passed++
		}
	}
	fmt.Printf("fhirpath patch: %d of %d pass\n", passed, len(all.Cases))
	fhirtest.Aim(t, "fhirpath patch", passed, len(all.Cases), 33, 100)
}

// op writes an operation; parts are name and JSON member: `path "valueString":"x"`.
func op(parts ...string) string {
	var list []string
	for _, p := range parts {
		name, value, _ := strings.Cut(p, " ")
		list = append(list, `{"name":"`+name+`",`+value+`}`)
	}
	return `{"name":"operation","part":[` + strings.Join(list, ",") + `]}`
}

func parameters(t *testing.T, ops ...string) *fhir.Doc {
	t.Helper()
	d, err := fhir.ParseString(`{"resourceType":"Parameters","parameter":[` + strings.Join(ops, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestFHIRPath: what the suite does not ask: choices, primitives with
// extensions, lists that are not there, other bytes.
func TestFHIRPath(t *testing.T) {
	const doc = `{"resourceType":"Patient", "name":[{"given":["a","b"],"_given":[null,{"id":"x"}]}],"birthDate":"1950","_birthDate":{"id":"d"},"multipleBirthInteger":1,"x":1.50}`
	for _, c := range []struct{ op, want string }{
		{op(`type "valueCode":"delete"`, `path "valueString":"Patient.birthDate"`), `{"resourceType":"Patient", "name":[{"given":["a","b"],"_given":[null,{"id":"x"}]}],"multipleBirthInteger":1,"x":1.50}`},
		{op(`type "valueCode":"delete"`, `path "valueString":"Patient.photo"`), doc},
		{op(`type "valueCode":"delete"`, `path "valueString":"Patient.name[0].given[0]"`), `{"resourceType":"Patient", "name":[{"given":["b"],"_given":[{"id":"x"}]}],"birthDate":"1950","_birthDate":{"id":"d"},"multipleBirthInteger":1,"x":1.50}`},
		{op(`type "valueCode":"move"`, `path "valueString":"Patient.name[0].given"`, `source "valueInteger":1`, `destination "valueInteger":0`), `{"resourceType":"Patient", "name":[{"given":["b","a"],"_given":[{"id":"x"},null]}],"birthDate":"1950","_birthDate":{"id":"d"},"multipleBirthInteger":1,"x":1.50}`},
		{op(`type "valueCode":"add"`, `path "valueString":"Patient"`, `name "valueString":"deceased"`, `value "valueBoolean":true`), `{"deceasedBoolean":true,` + doc[1:]},
		{op(`type "valueCode":"insert"`, `path "valueString":"Patient.telecom"`, `index "valueInteger":0`, `value "valueContactPoint":{"value":"1"}`), `{"telecom":[{"value":"1"}],` + doc[1:]},
		{op(`type "valueCode":"replace"`, `path "valueString":"Patient.name.where('a' in given).given.first()"`, `value "valueString":"c"`), strings.Replace(doc, `"a"`, `"c"`, 1)},
	} {
		p, err := ParseFHIRPath(parameters(t, c.op))
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		d, err := fhir.ParseString(doc)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Apply(d); err != nil {
			t.Errorf("%s: %v", c.op, err)
		} else if got.Text() != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.op, got.Text(), c.want)
		}
	}
}

func TestFHIRPathRefusals(t *testing.T) {
	d, err := fhir.ParseString(`{"resourceType":"Patient","gender":"male","name":[{"text":"a"},{"text":"b"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		op(`type "valueCode":"grow"`, `path "valueString":"Patient"`):                                                "structure patch.operation.fhirpath at Parameters.parameter[0]",
		strings.Replace(op(`type "valueCode":"delete"`, `path "valueString":"Patient.gender"`), "operation", "x", 1): "structure patch.operation.fhirpath at Parameters.parameter[0]",
		op(`type "valueCode":"delete"`):                                                                                                       "structure patch.missing at Parameters.parameter[0]",
		op(`type "valueCode":"replace"`, `path "valueString":"Patient.gender"`):                                                               "structure patch.missing at Parameters.parameter[0]",
		op(`type "valueCode":"delete"`, `path "valueString":"Patient.("`):                                                                     "structure patch.path at Parameters.parameter[0]",
		op(`type "valueCode":"delete"`, `path "valueString":"Patient.name"`):                                                                  "value patch.several at Parameters.parameter[0]",
		op(`type "valueCode":"delete"`, `path "valueString":"Patient"`):                                                                       "value patch.path at Parameters.parameter[0]",
		op(`type "valueCode":"replace"`, `path "valueString":"1 + 1"`, `value "valueString":"x"`):                                             "value patch.path at Parameters.parameter[0]",
		op(`type "valueCode":"replace"`, `path "valueString":"Patient.birthDate"`, `value "valueDate":"2000"`):                                "value patch.absent at Parameters.parameter[0]",
		op(`type "valueCode":"add"`, `path "valueString":"Patient"`, `name "valueString":"gender"`, `value "valueCode":"male"`):               "value patch.exists at Parameters.parameter[0]",
		op(`type "valueCode":"insert"`, `path "valueString":"Patient.name"`, `index "valueInteger":3`, `value "valueHumanName":{"text":"c"}`): "value patch.index at Parameters.parameter[0]",
		op(`type "valueCode":"move"`, `path "valueString":"Patient.name"`, `source "valueInteger":0`, `destination "valueInteger":2`):         "value patch.index at Parameters.parameter[0]",
	} {
		p, err := ParseFHIRPath(parameters(t, text))
		if err == nil {
			_, err = p.Apply(d)
		}
		if e, ok := err.(*issue.Error); !ok || e.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// FuzzFHIRPath: whatever comes, the result is a resource or an *issue.Error.
func FuzzFHIRPath(f *testing.F) {
	f.Add(`{"resourceType":"Patient","name":[{"given":["a"]}]}`, `{"resourceType":"Parameters","parameter":[`+op(`type "valueCode":"insert"`, `path "valueString":"Patient.name[0].given"`, `index "valueInteger":0`, `value "valueString":"x"`)+`]}`)
	f.Add(`{"resourceType":"Patient","birthDate":"1950"}`, `{"resourceType":"Parameters","parameter":[`+op(`type "valueCode":"add"`, `path "valueString":"Patient"`, `name "valueString":"contact"`, `value "part":[{"name":"gender","valueCode":"male"}]`)+`]}`)
	f.Fuzz(func(t *testing.T, doc, text string) {
		d, err := fhir.ParseString(doc)
		if err != nil {
			return
		}
		params, err := fhir.ParseString(text)
		if err != nil {
			return
		}
		p, err := ParseFHIRPath(params)
		if err == nil {
			_, err = p.Apply(d)
		}
		if _, ours := err.(*issue.Error); err != nil && !ours {
			t.Fatal(err)
		}
	})
}
