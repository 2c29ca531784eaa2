// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"mach/issue"
)

const patient = `{
  "resourceType": "Patient",
  "meta": { "versionId": "7", "profile": ["https://mach.vn/p"], "security": [{"code": "hiv"}] },
  "name": [
    {"text": "Nguyễn Văn \u00c1", "family": "Nguy\u1ec5n", "given": ["Văn", "Á"]},
    {"text": "\ud83d\ude00 \"x\" \\ \/"}
  ],
  "active": true,
  "multipleBirthInteger": 2
}`

func mustParse(t testing.TB, s string) *Doc {
	t.Helper()
	d, err := ParseString(s)
	if err != nil {
		t.Fatalf("parsing %.80s: %v", s, err)
	}
	return d
}

func TestGet(t *testing.T) {
	d := mustParse(t, patient)
	for _, c := range []struct{ path, want string }{
		{"resourceType", "Patient"},
		{"name.0.family", "Nguyễn"},
		{"name.family", "Nguyễn"}, // the first, when no index is given
		{"name.0.given.1", "Á"},
		{"name.0.text", "Nguyễn Văn Á"},
		{"name.1.text", `😀 "x" \ /`},
		{"name.2.text", ""},
		{"meta.security.code", "hiv"},
		{"multipleBirthInteger", "2"},
		{"active", "true"},
		{"active.x.y", ""},
		{"meta", ""},
	} {
		if got := d.Get(strings.Split(c.path, ".")...).String(); got != c.want {
			t.Errorf("Get(%s) = %q, want %q", c.path, got, c.want)
		}
	}
	if !d.Get("active").Bool() || d.Get("multipleBirthInteger").Int() != 2 || d.Get("name").Len() != 2 {
		t.Error("Bool, Int or Len is wrong")
	}
	if n := d.Get("nothing", "0"); n.Exists() || n.Kind() != Absent || n.Raw() != "" || n.Path() != "" {
		t.Error("an absent node is not empty")
	}
	if got := d.Get("name", "0", "given", "1").Path(); got != "Patient.name[0].given[1]" {
		t.Errorf("Path = %s", got)
	}
	var names []string
	for name := range d.Root().Fields() {
		names = append(names, name)
	}
	if got := strings.Join(names, " "); got != "resourceType meta name active multipleBirthInteger" {
		t.Errorf("Fields = %s", got)
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1)
	wide := `{"resourceType":"X"`
	for i := range MaxMembers {
		wide += `,"m` + strings.Repeat("x", i%7) + time.Duration(i).String() + `":1`
	}
	for _, c := range []struct{ name, json, key, path string }{
		{"empty", ``, "fhir.json.object", ""},
		{"array", `[]`, "fhir.json.object", ""},
		{"byte order mark", "\ufeff{}", "fhir.json.object", ""},
		{"no type", `{"id":"1"}`, "fhir.json.resource_type", "resourceType"},
		{"type is a number", `{"resourceType":1}`, "fhir.json.resource_type", "resourceType"},
		{"trailing", `{"resourceType":"Patient"} x`, "fhir.json.trailing", ""},
		{"two values", `{"resourceType":"Patient"}{}`, "fhir.json.trailing", ""},
		{"duplicate", `{"resourceType":"Patient","name":[{"text":"a","text":"b"}]}`, "fhir.json.duplicate", "Patient.name[0]"},
		{"leading zero", `{"resourceType":"Patient","x":01}`, "fhir.json.syntax", "Patient"},
		{"plus", `{"resourceType":"Patient","x":+1}`, "fhir.json.syntax", "Patient.x"},
		{"point", `{"resourceType":"Patient","x":1.}`, "fhir.json.syntax", "Patient.x"},
		{"exponent", `{"resourceType":"Patient","x":1e}`, "fhir.json.syntax", "Patient.x"},
		{"NaN", `{"resourceType":"Patient","x":NaN}`, "fhir.json.syntax", "Patient.x"},
		{"comment", `{"resourceType":"Patient"/**/}`, "fhir.json.syntax", "Patient"},
		{"comma", `{"resourceType":"Patient",}`, "fhir.json.syntax", "Patient"},
		{"array comma", `{"resourceType":"Patient","x":[1,]}`, "fhir.json.syntax", "Patient.x[1]"},
		{"single quotes", `{'resourceType':'Patient'}`, "fhir.json.syntax", ""},
		{"open string", `{"resourceType":"Patient","x":"abc`, "fhir.json.syntax", "Patient.x"},
		{"open object", `{"resourceType":"Patient"`, "fhir.json.syntax", "Patient"},
		{"line break in string", "{\"resourceType\":\"Patient\",\"x\":\"a\nb\"}", "fhir.json.control", "Patient.x"},
		{"bad escape", `{"resourceType":"Patient","x":"\x"}`, "fhir.json.escape", "Patient.x"},
		{"half a pair", `{"resourceType":"Patient","x":"\ud83d"}`, "fhir.json.escape", "Patient.x"},
		{"second half", `{"resourceType":"Patient","x":"\ude00"}`, "fhir.json.escape", "Patient.x"},
		{"pair of firsts", `{"resourceType":"Patient","x":"\ud83d\ud83d"}`, "fhir.json.escape", "Patient.x"},
		{"NUL", `{"resourceType":"Patient","x":"\u0000"}`, "fhir.json.escape", "Patient.x"},
		{"UTF-8", "{\"resourceType\":\"Patient\",\"x\":\"\xff\"}", "fhir.json.utf8", ""},
		{"surrogate in UTF-8", "{\"resourceType\":\"Patient\",\"x\":\"\xed\xa0\x80\"}", "fhir.json.utf8", ""},
		{"escaped name", `{"resourceType":"Patient","\u0061":1}`, "fhir.json.name", "Patient"},
		{"empty name", `{"resourceType":"Patient","":1}`, "fhir.json.name", "Patient"},
		{"long name", `{"resourceType":"Patient","` + strings.Repeat("x", 256) + `":1}`, "fhir.json.name", "Patient"},
		{"depth", deep, "fhir.json.depth", strings.TrimPrefix(strings.Repeat(".a", MaxDepth), ".")},
		{"width", wide + "}", "fhir.json.members", "X"},
	} {
		_, err := ParseString(c.json)
		var e *issue.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error is %v, want an issue", c.name, err)
			continue
		}
		if got := e.Issues[0]; got.Key != c.key || got.Path != c.path {
			t.Errorf("%s: %s at %q, want %s at %q", c.name, got.Key, got.Path, c.key, c.path)
		}
	}
}

func TestParseLineAndColumn(t *testing.T) {
	_, err := ParseString("{\"resourceType\":\"Patient\",\n  \"x\": tru}")
	if is := issue.Of(err)[0]; is.Args[0] != 2 || is.Args[1] != 8 {
		t.Errorf("fault at %v, want line 2, column 8", is.Args)
	}
}

func TestWithMeta(t *testing.T) {
	at := time.Date(2026, 11, 21, 8, 30, 0, 123456789, time.UTC)
	const stamp = `"2026-11-21T08:30:00.123456Z"`
	for _, c := range []struct{ name, in, want string }{
		{"bare", `{"resourceType":"Patient"}`,
			`{"resourceType":"Patient","id":"a","meta":{"versionId":"2","lastUpdated":` + stamp + `}}`},
		{"id and type in odd places", `{ "id":"b", "x":1.50, "resourceType":"Patient" }`,
			`{ "id":"a","meta":{"versionId":"2","lastUpdated":` + stamp + `}, "x":1.50, "resourceType":"Patient" }`},
		{"meta kept", `{"resourceType":"Patient","meta":{"tag":[{"code":"x"}],"versionId":"1"}}`,
			`{"resourceType":"Patient","id":"a","meta":{"lastUpdated":` + stamp + `,"tag":[{"code":"x"}],"versionId":"2"}}`},
		{"empty meta", `{"resourceType":"Patient","meta":{}}`,
			`{"resourceType":"Patient","id":"a","meta":{"lastUpdated":` + stamp + `,"versionId":"2"}}`},
		{"meta is no object", `{"resourceType":"Patient","meta":null}`,
			`{"resourceType":"Patient","id":"a","meta":{"versionId":"2","lastUpdated":` + stamp + `}}`},
	} {
		d := mustParse(t, c.in).WithMeta("a", "2", at)
		if !sameMembers(d.Text(), c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, d.Text(), c.want)
		}
		if d.ID() != "a" || d.VersionID() != "2" || !d.LastUpdated().Equal(at.Truncate(time.Microsecond)) {
			t.Errorf("%s: id %q, version %q, updated %v", c.name, d.ID(), d.VersionID(), d.LastUpdated())
		}
	}
}

// sameMembers compares JSON texts as values, numbers by their digits.
func sameMembers(a, b string) bool {
	var values [2]any
	for i, s := range []string{a, b} {
		dec := json.NewDecoder(strings.NewReader(s))
		dec.UseNumber()
		if dec.Decode(&values[i]) != nil {
			return false
		}
	}
	p, _ := json.Marshal(values[0])
	q, _ := json.Marshal(values[1])
	return bytes.Equal(p, q)
}

func TestWithoutVersion(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"resourceType":"X"}`, `{"resourceType":"X"}`},
		{`{"resourceType":"X", "meta":{"versionId":"1"} , "y":1}`, `{"resourceType":"X" , "y":1}`},
		{`{"meta":{"versionId":"1","lastUpdated":"z"},"resourceType":"X"}`, `{"resourceType":"X"}`},
		{`{"resourceType":"X","meta":{"versionId":"1","source":"s","lastUpdated":"z"}}`, `{"resourceType":"X","meta":{"source":"s"}}`},
		{`{"resourceType":"X","meta":{"lastUpdated":"z","versionId":"1","source":"s"}}`, `{"resourceType":"X","meta":{"source":"s"}}`},
	} {
		if got := mustParse(t, c.in).WithoutVersion().Text(); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestSet(t *testing.T) {
	const in = `{"resourceType":"Task","status":"requested", "note":[{"text":"a"}]}`
	for _, c := range []struct {
		path string
		v    any
		want string
	}{
		{"status", "completed", `{"resourceType":"Task","status":"completed", "note":[{"text":"a"}]}`},
		{"note[0].text", `b "c"`, `{"resourceType":"Task","status":"requested", "note":[{"text":"b \"c\""}]}`},
		{"note[1].text", "b", `{"resourceType":"Task","status":"requested", "note":[{"text":"a"},{"text":"b"}]}`},
		{"note", nil, `{"resourceType":"Task","status":"requested"}`},
		{"status", nil, `{"resourceType":"Task", "note":[{"text":"a"}]}`},
		{"resourceType", nil, `{"status":"requested", "note":[{"text":"a"}]}`},
		{"note[0]", nil, `{"resourceType":"Task","status":"requested", "note":[]}`},
		{"gone", nil, in},
		{"executionPeriod.start", "2026", `{"executionPeriod":{"start":"2026"},"resourceType":"Task","status":"requested", "note":[{"text":"a"}]}`},
		{"meta.security[0]", Coding{Code: "hiv"}, `{"meta":{"security":[{"code":"hiv"}]},"resourceType":"Task","status":"requested", "note":[{"text":"a"}]}`},
	} {
		d, err := mustParse(t, in).Set(c.path, c.v)
		if err != nil {
			if c.path == "resourceType" {
				continue // a resource without a type is none
			}
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if d.Text() != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.path, d.Text(), c.want)
		}
	}
	for _, path := range []string{"", "note[3].text", "status.x", "note.text.x", "a..b"} {
		if _, err := mustParse(t, in).Set(path, "x"); err == nil {
			t.Errorf("Set(%q) is accepted", path)
		}
	}
}

func TestNewAndInto(t *testing.T) {
	d := MustNew(Patient{
		ID:     "p1",
		Active: new(false),
		Name:   []HumanName{{Text: "Nguyễn <An>", Family: "Nguyễn"}},
		Link:   nil,
	})
	const want = `{"resourceType":"Patient","id":"p1","active":false,"name":[{"text":"Nguyễn <An>","family":"Nguyễn"}]}`
	if d.Text() != want {
		t.Errorf("New:\n got %s\nwant %s", d.Text(), want)
	}
	var p Patient
	if err := d.Into(&p); err != nil || *p.Active || p.Name[0].Family != "Nguyễn" {
		t.Errorf("Into: %+v, %v", p, err)
	}
	q := MustNew(Observation{Status: "final", ValueQuantity: Measure("1.50", "kg", "kg")})
	if got := q.Get("valueQuantity", "value").Raw(); got != "1.50" {
		t.Errorf("decimal became %s", got)
	}
	var o Observation
	if err := q.Into(&o); err != nil || o.ValueQuantity.Value != "1.50" {
		t.Errorf("Into: %+v, %v", o.ValueQuantity, err)
	}
	if _, err := New(Location{Position: Position{Longitude: "x"}}); err == nil {
		t.Error("a decimal that is no number is accepted")
	}
	b := MustNew(Bundle{Type: "collection", Entry: []BundleEntry{{Resource: Raw(d.Text())}}})
	if got := b.Get("entry", "0", "resource").Raw(); got != want {
		t.Errorf("entry resource is %s", got)
	}
}
