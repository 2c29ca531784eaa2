// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mach/fhir"
	"mach/fhir/fhirtest"
	"mach/issue"
)

// suite returns a file of the public patch suites, or skips the test.
func suite(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(fhirtest.Suite(t, "patch"), name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inside wraps JSON in a resource, since a Doc is one, and returns it.
func inside(t testing.TB, text string) fhir.Node {
	t.Helper()
	d, err := fhir.ParseString(`{"resourceType":"Basic","x":` + text + `}`)
	if err != nil {
		t.Fatal(err)
	}
	return d.Get("x")
}

// TestJSONSuite runs the cases of FHIR/fhir-test-cases.
func TestJSONSuite(t *testing.T) {
	var cases []struct {
		Comment, Error       string
		Doc, Patch, Expected json.RawMessage
	}
	if err := json.Unmarshal(suite(t, "json-patch-tests.json"), &cases); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, c := range cases {
		p, err := ParseJSON(string(c.Patch))
		var got string
		if err == nil {
			got, err = p.apply(inside(t, string(c.Doc)), fhir.MaxSize)
		}
		switch {
		case c.Error != "" && err == nil:
			t.Errorf("%s: accepted, want %s", c.Comment, c.Error)
		case c.Error == "" && err != nil:
			t.Errorf("%s: %v", c.Comment, err)
		case c.Error == "" && !alike(t, got, string(c.Expected)):
			t.Errorf("%s: %s, want %s", c.Comment, got, c.Expected)
		default:
			passed++
		}
	}
	fmt.Printf("json patch: %d of %d pass\n", passed, len(cases))
	fhirtest.Aim(t, "json patch", passed, len(cases), 16, 100)
}

func alike(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatalf("%v: %s", err, a)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestJSON: what the suite does not ask. Untouched bytes stay.
func TestJSON(t *testing.T) {
	const doc = `{"resourceType":"Observation", "a" : {"x":1.50,"y":[1, 2,3]},"q":"\u00e9"}`
	for _, c := range []struct{ patch, want string }{
		{`[]`, doc},
		{`[{"op":"replace","path":"/q","value":1.0e2}]`, `{"resourceType":"Observation","a":{"x":1.50,"y":[1, 2,3]},"q":1.0e2}`},
		{`[{"op":"add","path":"/a/y/-","value":4}]`, `{"resourceType":"Observation","a":{"x":1.50,"y":[1,2,3,4]},"q":"\u00e9"}`},
		{`[{"op":"add","path":"/a/y/1","value":null}]`, `{"resourceType":"Observation","a":{"x":1.50,"y":[1,null,2,3]},"q":"\u00e9"}`},
		{`[{"op":"test","path":"/a/x","value":15e-1},{"op":"test","path":"/q","value":"é"},{"op":"test","path":"/a","value":{"y":[1,2,3],"x":1.5}}]`, ""},
		{`[{"op":"copy","from":"/a/y","path":"/a/y/0"},{"op":"remove","path":"/a/y/0/0"}]`, `{"resourceType":"Observation","a":{"x":1.50,"y":[[2,3],1,2,3]},"q":"\u00e9"}`},
		{`[{"op":"move","from":"/a/x","path":"/a/x"},{"op":"move","from":"/a","path":"/b"}]`, `{"resourceType":"Observation","q":"\u00e9","b":{"x":1.50,"y":[1, 2,3]}}`},
		{`[{"op":"add","path":"/t~1~01","value":0},{"op":"remove","path":"/q"},{"op":"remove","path":"/a"}]`, `{"resourceType":"Observation","t/~1":0}`},
		{`[{"op":"replace","path":"","value":{"resourceType":"Basic"}}]`, `{"resourceType":"Basic"}`},
	} {
		p, err := ParseJSON(c.patch)
		if err != nil {
			t.Errorf("%s: %v", c.patch, err)
			continue
		}
		d, err := fhir.ParseString(doc)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Apply(d)
		if err != nil {
			t.Errorf("%s: %v", c.patch, err)
		} else if c.want != "" && got.Text() != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.patch, got.Text(), c.want)
		}
	}
}

// TestJSONRefusals: each with its own rule, and no change.
func TestJSONRefusals(t *testing.T) {
	d, err := fhir.ParseString(`{"resourceType":"Patient","a":[1,2],"b":{"c":1}}`)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{}`:                                        "structure patch.malformed",
		`[`:                                         "structure patch.malformed",
		`[]]`:                                       "structure patch.malformed",
		`[],"x":[]`:                                 "structure patch.malformed",
		`[1]`:                                       "structure patch.operation at patch[0]",
		`[{"op":"grow","path":"/a"}]`:               "structure patch.operation at patch[0]",
		`[{"op":"add","path":"/a"}]`:                "structure patch.missing at patch[0]",
		`[{"op":"remove"}]`:                         "structure patch.missing at patch[0]",
		`[{"op":"move","path":"/a"}]`:               "structure patch.missing at patch[0]",
		`[{"op":"remove","path":"a"}]`:              "structure patch.pointer at patch[0]",
		`[{"op":"remove","path":""}]`:               "value patch.absent at patch[0]",
		`[{"op":"remove","path":"/z"}]`:             "value patch.absent at patch[0]",
		`[{"op":"remove","path":"/a/2"}]`:           "value patch.absent at patch[0]",
		`[{"op":"remove","path":"/a/-"}]`:           "value patch.absent at patch[0]",
		`[{"op":"remove","path":"/a/01"}]`:          "value patch.absent at patch[0]",
		`[{"op":"add","path":"/a/3","value":1}]`:    "value patch.absent at patch[0]",
		`[{"op":"add","path":"/a/-1","value":1}]`:   "value patch.absent at patch[0]",
		`[{"op":"add","path":"/b/c/d","value":1}]`:  "value patch.absent at patch[0]",
		`[{"op":"replace","path":"/z","value":1}]`:  "value patch.absent at patch[0]",
		`[{"op":"move","from":"/b","path":"/b/c"}]`: "value patch.inside at patch[0]",
		`[{"op":"test","path":"/a","value":[2,1]}]`: "value patch.test at patch[0]",
		`[{"op":"remove","path":"/a"},{"op":"test","path":"/a","value":1}]`:                                  "value patch.absent at patch[1]",
		`[{"op":"add","path":"/\"","value":1}]`:                                                              "value patch.result",
		`[{"op":"remove","path":"/resourceType"}]`:                                                           "value patch.result",
		`[` + strings.Repeat(`{"op":"remove","path":"/a"},`, maxOperations) + `{"op":"remove","path":"/a"}]`: "too-costly patch.large",
	} {
		p, err := ParseJSON(text)
		if err == nil {
			_, err = p.Apply(d)
		}
		if e, ok := err.(*issue.Error); !ok || e.Error() != want {
			t.Errorf("%.80s: %v, want %s", text, err, want)
		}
	}
	p, err := ParseJSON(`[` + strings.TrimSuffix(strings.Repeat(`{"op":"copy","from":"/b","path":"/b/x"},`, 30), ",") + `]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.apply(d.Root(), 1000); !issue.Is(err, issue.TooLong) {
		t.Errorf("copies of copies: %v", err)
	}
	if d.Text() != `{"resourceType":"Patient","a":[1,2],"b":{"c":1}}` {
		t.Errorf("the resource became %s", d.Text())
	}
}

func TestSameNumber(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"1", "1.0", true}, {"0", "-0.00", true}, {"100", "1e2", true}, {"0.015", "1.5E-2", true}, {"1e999999999999999999999", "1", false},
		{"-1", "1", false}, {"10", "1", false}, {"1e400", "1e401", false}, {"1234567890.12345678901", "1234567890.12345678902", false},
	} {
		if sameNumber(c.a, c.b) != c.same || sameNumber(c.b, c.a) != c.same {
			t.Errorf("%s and %s: not %v", c.a, c.b, c.same)
		}
	}
}

// FuzzJSON: whatever comes, the result is a resource or an *issue.Error, and
// applying twice gives the same.
func FuzzJSON(f *testing.F) {
	f.Add(`{"resourceType":"Patient","a":[1,{"b":2}]}`, `[{"op":"copy","from":"/a","path":"/a/0"},{"op":"move","from":"/a/1","path":"/c"}]`)
	f.Add(`{"resourceType":"Patient"}`, `[{"op":"add","path":"/x~1y","value":{}},{"op":"test","path":"","value":{"resourceType":"Patient","x/y":{}}}]`)
	f.Fuzz(func(t *testing.T, doc, text string) {
		d, err := fhir.ParseString(doc)
		if err != nil {
			return
		}
		p, err := ParseJSON(text)
		if err != nil {
			return
		}
		first, err := p.Apply(d)
		if _, ours := err.(*issue.Error); err != nil && !ours {
			t.Fatal(err)
		}
		again, failed := p.Apply(d)
		if (err == nil) != (failed == nil) || err == nil && first.Text() != again.Text() {
			t.Fatalf("twice is not the same: %v, %v", err, failed)
		}
		if d.Text() != doc {
			t.Fatal("the resource was changed")
		}
	})
}
