// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFHIRPathCommand holds the contract: what is printed, and which failures
// are wrong use (exit 2) and which faults (exit 1).
func TestFHIRPathCommand(t *testing.T) {
	const patient = `{"resourceType":"Patient","name":[{"given":["Văn","An"]}],"gender":"male","maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]},"birthDate":"1974-12-25","multipleBirthInteger":2}`
	packaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(packaged, "vs.json"), []byte(`{"resourceType":"ValueSet","url":"http://none.example/ValueSet/x","status":"active",
		"compose":{"include":[{"system":"http://hl7.org/fhir/administrative-gender","concept":[{"code":"male"}]}]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cmd  fhirpathCmd
		want string
	}{
		{fhirpathCmd{Expr: "name.given", File: "-"}, `["Văn","An"]`},
		{fhirpathCmd{Expr: "name", File: "-"}, `[{"given":["Văn","An"]}]`},
		{fhirpathCmd{Expr: "name.given.first() | 1.50 | birthDate | 2 'mg'", File: "-", Typed: true},
			`[{"type":"string","value":"Văn"},{"type":"System.Decimal","value":1.50},{"type":"date","value":"1974-12-25"},{"type":"System.Quantity","value":"2 'mg'"}]`},
		{fhirpathCmd{Expr: "photo", File: "-"}, `[]`},
		{fhirpathCmd{Expr: "1 + 1"}, `[2]`},
		{fhirpathCmd{Expr: "multipleBirthInteger", File: "-", Lenient: true}, `[2]`},
		{fhirpathCmd{Expr: "multipleBirthInteger", File: "-"}, "fault"},
		{fhirpathCmd{Expr: "name.given + 1", File: "-"}, "fault"},
		{fhirpathCmd{Expr: "gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", File: "-"}, `[true]`},
		{fhirpathCmd{Expr: "birthDate.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", File: "-"}, `[false]`},
		{fhirpathCmd{Expr: "maritalStatus.memberOf('http://hl7.org/fhir/ValueSet/marital-status')", File: "-"}, `[true]`},
		{fhirpathCmd{Expr: "gender.memberOf('http://none.example/ValueSet/x')", File: "-"}, "fault"},
		{fhirpathCmd{Expr: "gender.memberOf('http://none.example/ValueSet/x')", File: "-", Package: []string{packaged}}, `[true]`},
		{fhirpathCmd{Expr: "birthDate.memberOf('http://none.example/ValueSet/x')", File: "-", Package: []string{packaged}}, `[false]`},
		{fhirpathCmd{Expr: "name.", File: "-"}, "wrong use"},
		{fhirpathCmd{Expr: "name", File: "no such file"}, "wrong use"},
	} {
		c.cmd.Lang = "en"
		var out, trace bytes.Buffer
		err := c.cmd.Run(context.Background(), Streams{In: strings.NewReader(patient), Out: &out, Err: &trace})
		got := strings.TrimSpace(out.String())
		switch {
		case errors.Is(err, ErrUsage):
			got += "wrong use"
		case err != nil:
			got += "fault"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.cmd.Expr, got, c.want, err)
		}
	}
}
