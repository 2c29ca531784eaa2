// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestValidateCommand: one OperationOutcome a resource, in their order, by R4,
// by our profiles and by those of a package; faults end it with 1.
func TestValidateCommand(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	two := write("two.ndjson", `{"resourceType":"Patient","gender":"male"}`+"\n"+
		`{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"period":{"start":"2026-11-22","end":"2026-11-21"}}`+"\n")
	person := write("person.json", `{"resourceType":"Patient","gender":"male","language":"en"}`)
	strict := write("strict.json", `{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/p"},"occurrenceString":"x",
		"vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"207","display":"Sởi"}]}}`)
	remarks := write("remarks.json", "\ufeff{ // a person\n\"resourceType\":\"Patient\",\n\"gender\":\"male\" /* or not */}")
	if err := os.Mkdir(filepath.Join(dir, "package"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("package/StructureDefinition-p.json", `{"resourceType":"StructureDefinition","url":"https://x.vn/p","type":"Patient",
		"differential":{"element":[{"id":"Patient.language","path":"Patient.language","fixedCode":"vi"}]}}`)
	for _, c := range []struct {
		cmd   validateCmd
		fault error
		says  []string
	}{
		{validateCmd{Files: []string{person}}, nil, []string{`"severity":"warning"`}},
		{validateCmd{Files: []string{two}}, ErrFaults, []string{`invariant.dom-6`, `"expression":["Encounter.period"]`}},
		{validateCmd{Files: []string{person}, Profile: []string{"https://mach.vn/fhir/StructureDefinition/mach-patient"}}, ErrFaults, []string{`profile.min`}},
		{validateCmd{Files: []string{person}, Profile: []string{"https://x.vn/p"}, Package: []string{filepath.Join(dir, "package")}}, ErrFaults, []string{`Patient.language`}},
		{validateCmd{Files: []string{person}, Profile: []string{"https://x.vn/none"}}, ErrFaults, []string{`profile.unknown`}},
		{validateCmd{Files: []string{person}, Package: []string{filepath.Join(dir, "none")}}, ErrUsage, nil},
		{validateCmd{Files: []string{strict}}, nil, []string{`terms.display`}},
		{validateCmd{Files: []string{strict}, Strict: true}, ErrFaults, []string{`"severity":"error"`}},
		{validateCmd{Files: []string{strict}, References: true}, ErrFaults, []string{`Immunization.patient.reference`}},
		{validateCmd{Files: []string{remarks}}, ErrFaults, []string{`fhir.json.`}},
		{validateCmd{Files: []string{remarks}, Comments: true}, nil, []string{`"severity":"warning"`}},
	} {
		c.cmd.Lang = "en"
		var out bytes.Buffer
		if err := c.cmd.Run(t.Context(), Streams{Out: &out, Err: &out}); !errors.Is(err, c.fault) || (c.fault == nil) != (err == nil) {
			t.Errorf("%+v ends with %v", c.cmd, err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		for i, want := range c.says {
			if i >= len(lines) || !strings.Contains(lines[i], want) {
				t.Errorf("%+v: line %d has no %s:\n%s", c.cmd, i+1, want, out.String())
			}
		}
	}
}
