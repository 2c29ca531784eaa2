// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"mach/issue"
)

var fuzzSeeds = []string{
	`{}`, `{"resourceType":"Patient"}`, patient,
	`{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":-1.50e+3,"comparator":"<"}}`,
	`{"resourceType":"Patient","birthDate":"2024-02-30","_birthDate":{"extension":[{"url":"u","valueCode":"c"}]}}`,
	`{"resourceType":"Patient","name":[{"given":[null,"a"],"_given":[{"id":"x"},null]}]}`,
	`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Task"},"request":{"method":"POST","url":"Task"}}]}`,
	`{"resourceType":"Condition","subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}`,
	`{"resourceType":"Observation","effectiveTiming":{"event":["2026-11-21T08:30:00.999999999Z","x"]},"code":{"coding":[{},{"code":7}]}}`,
	`{"resourceType":"Patient","x":"\ud83d\ude00\u0041\\"}`, `{"resourceType":"Patient","x":[[[[]]]]}`,
	`{"resourceType":"Patient","id":"a","id":"b"}`, `[1,2]`, `{"resourceType":"Patient","x":1e999}`,
	`{"meta":7,"resourceType":"Patient","id":{}}`,
}

// stricter are the reasons for refusing what is JSON.
var stricter = map[string]bool{
	"fhir.json.object": true, "fhir.json.resource_type": true, "fhir.json.name": true, "fhir.json.escape": true,
	"fhir.json.depth": true, "fhir.json.members": true, "fhir.json.nodes": true, "fhir.json.size": true,
}

// FuzzParse: the same texts are JSON here and for jsontext, apart from the
// limits of this package; nothing panics, and the splices keep the rest.
func FuzzParse(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add([]byte(s))
	}
	at := time.Date(2026, 11, 21, 8, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, b []byte) {
		valid := jsontext.Value(b).IsValid()
		d, err := Parse(b)
		if err != nil {
			if is := issue.Of(err); valid && !stricter[is[0].Key] {
				t.Fatalf("refused as %v, but jsontext accepts", err)
			}
			return
		}
		if !valid {
			t.Fatal("accepted, but jsontext refuses")
		}
		var want bytes.Buffer
		if err := json.Compact(&want, b); err != nil || d.Compact().Text() != want.String() {
			t.Fatalf("Compact gives %s", d.Compact().Text())
		}
		walk(t, d.Root())
		stored := d.WithMeta("x", "2", at)
		if stored.ID() != "x" || stored.VersionID() != "2" || !stored.LastUpdated().Equal(at) {
			t.Fatalf("WithMeta gives %s", stored.Text())
		}
		if meta := d.Get("meta"); d.ID() == "x" && (meta.Kind() == Object || !meta.Exists()) && !stored.Equal(d) {
			t.Fatalf("not the same without the version: %s", stored.Text())
		}
	})
}

// walk visits every value in every way.
func walk(t *testing.T, n Node) {
	if !jsontext.Value(n.Raw()).IsValid() {
		t.Fatalf("%s is %q", n.Path(), n.Raw())
	}
	if n.Kind() == String {
		var want string
		if json.Unmarshal([]byte(n.Raw()), &want) != nil || n.String() != want {
			t.Fatalf("%s: %q is read as %q", n.Path(), n.Raw(), n.String())
		}
	}
	_, _, _ = n.Int(), n.Float(), n.Bool()
	for c := range n.Items() {
		if c != n {
			walk(t, c)
		}
	}
	for name, c := range n.Fields() {
		if n.Get(name) != c {
			t.Fatalf("Get(%s) is another node", name)
		}
		walk(t, c)
	}
}

// FuzzResource: looking at a document never panics and stays within bounds.
func FuzzResource(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s, "name[0].text", "x")
	}
	for _, c := range benchDocs {
		f.Add(c.doc.Text(), "meta.tag[0].code", "y")
	}
	f.Fuzz(func(t *testing.T, s, path, value string) {
		d, err := ParseString(s)
		if err != nil {
			return
		}
		if issues := Validate(d); len(issues) > maxIssues {
			t.Fatalf("%d issues", len(issues))
		}
		if found := Extract(d); len(found) > maxIndexes+maxComposites {
			t.Fatalf("%d indexes", len(found))
		}
		Patients(d)
		if set, err := d.Set(path, value); err == nil && set.Compact() == nil {
			t.Fatal("no document")
		}
		if _, err := d.Set(path, nil); err != nil && issue.Of(err)[0].Code == issue.Exception {
			t.Fatal(err)
		}
	})
}

// FuzzSearchValues: search values of any kind are read or refused.
func FuzzSearchValues(f *testing.F) {
	for _, s := range []string{"2026", "2026-11-21T08:30:00.5+07:00", "5.40", "-1e2", "0.0", "9999-12-31", "1e-300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if from, to, ok := TimeSpan(s); ok && from >= to {
			t.Fatalf("%q: from %d to %d", s, from, to)
		}
		if low, high, ok := NumberSpan(s); ok && low > high {
			t.Fatalf("%q: from %v to %v", s, low, high)
		}
		SplitReference(s)
		for _, p := range primitives {
			p.wellFormed(s)
		}
	})
}
