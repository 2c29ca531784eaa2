// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/fhir"
)

// drawSystem makes a code system of up to twenty codes in a random hierarchy,
// with a property p.
func drawSystem(t *rapid.T, url string) map[string]any {
	content := rapid.SampledFrom([]string{"complete", "fragment"}).Draw(t, "content")
	var concepts []any
	n := rapid.IntRange(1, 20).Draw(t, "codes")
	for i := range n {
		c := map[string]any{"code": fmt.Sprint("c", i), "display": rapid.SampledFrom([]string{"Đỏ", "Xanh lá", "Vàng"}).Draw(t, "display")}
		var properties []any
		if i > 0 && rapid.Bool().Draw(t, "child") {
			properties = append(properties, map[string]any{"code": "parent", "valueCode": fmt.Sprint("c", rapid.IntRange(0, n-1).Draw(t, "parent"))})
		}
		if v := rapid.SampledFrom([]string{"", "x", "y", "xy"}).Draw(t, "p"); v != "" {
			properties = append(properties, map[string]any{"code": "p", "valueString": v})
		}
		if rapid.IntRange(0, 4).Draw(t, "retired") == 0 {
			properties = append(properties, map[string]any{"code": "status", "valueCode": "retired"})
		}
		if len(properties) > 0 {
			c["property"] = properties
		}
		concepts = append(concepts, c)
	}
	return map[string]any{"resourceType": "CodeSystem", "url": url, "status": "active", "content": content, "concept": concepts}
}

// drawPart makes an include or exclude.
func drawPart(t *rapid.T, sets int) map[string]any {
	p := map[string]any{}
	code := func() string { return fmt.Sprint("c", rapid.IntRange(0, 22).Draw(t, "code")) }
	kind := rapid.SampledFrom([]string{"whole", "list", "filter", "set"}).Draw(t, "kind")
	if kind != "set" {
		p["system"] = rapid.SampledFrom([]string{"urn:a", "urn:b"}).Draw(t, "system")
	}
	switch kind {
	case "list":
		p["concept"] = []any{map[string]any{"code": code()}, map[string]any{"code": code(), "display": "Tím"}}
	case "filter":
		f := rapid.SampledFrom([][3]string{
			{"concept", "is-a", code()}, {"concept", "descendent-of", code()}, {"concept", "is-not-a", code()}, {"concept", "generalizes", code()},
			{"p", "=", "x"}, {"p", "exists", "true"}, {"p", "exists", "false"}, {"p", "regex", "x.*"}, {"code", "regex", "c1.?"},
			{"p", "in", "x,y"}, {"p", "not-in", "x,y"}, {"parent", "=", code()}, {"child", "exists", "true"}, {"display", "=", "Đỏ"},
		}).Draw(t, "filter")
		p["filter"] = []any{map[string]any{"property": f[0], "op": f[1], "value": f[2]}}
	}
	if sets > 0 && (kind == "set" || rapid.IntRange(0, 3).Draw(t, "and a set") == 0) {
		p["valueSet"] = []any{fmt.Sprint("urn:vs", rapid.IntRange(0, sets-1).Draw(t, "set"))}
	}
	return p
}

func newDoc(t *rapid.T, v any) *fhir.Doc {
	d, err := fhir.New(v)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestExpansionIsValidation: a code is in the expansion of a value set exactly
// when it is valid in it, whatever the set is made of; and no state of the set
// changes an answer.
func TestExpansionIsValidation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		for _, url := range []string{"urn:a", "urn:b"} {
			if err := s.Put("CodeSystem/"+url, newDoc(t, drawSystem(t, url))); err != nil {
				t.Fatal(err)
			}
		}
		n := rapid.IntRange(1, 4).Draw(t, "sets")
		for i := range n {
			compose := map[string]any{"include": []any{drawPart(t, i)}}
			if rapid.Bool().Draw(t, "two") {
				compose["include"] = []any{drawPart(t, i), drawPart(t, i)}
			}
			if rapid.Bool().Draw(t, "active") {
				compose["inactive"] = false
			}
			if rapid.Bool().Draw(t, "without") {
				compose["exclude"] = []any{drawPart(t, i)}
			}
			d := newDoc(t, map[string]any{"resourceType": "ValueSet", "url": fmt.Sprint("urn:vs", i), "status": "active", "compose": compose})
			if err := s.Put(fmt.Sprint("ValueSet/", i), d); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n {
			holds(t, s, fmt.Sprint("urn:vs", i))
		}
	})
}

func holds(t *rapid.T, s *Set, set string) {
	codes, err := s.List(set)
	if err != nil {
		t.Fatal(err)
	}
	valid := 0
	for _, system := range []string{"urn:a", "urn:b", "urn:c"} {
		for i := range 24 {
			code := fmt.Sprint("c", i)
			r, err := s.ValidateCode(set, system, code, "")
			if err != nil {
				t.Fatal(err)
			}
			if r.Valid != codes.Has(system, code) || r.Valid && r.Unknown || (r.Valid == (r.Issue != nil)) {
				t.Fatalf("%s of %s in %s: %+v, listed %v", code, system, set, r, codes.Has(system, code))
			}
			if r.Valid {
				valid++
			}
		}
	}
	if valid != codes.Len() {
		t.Fatalf("%s lists %d codes, %d are valid", set, codes.Len(), valid)
	}
	pages(t, s, set, codes)
}

// pages reads the expansion page by page, and by filters.
func pages(t *rapid.T, s *Set, set string, codes *Codes) {
	size := rapid.IntRange(1, 7).Draw(t, "size")
	seen := map[string]bool{}
	for offset := 0; ; offset += size {
		d, err := s.Expand(set, ExpandQuery{Offset: offset, Count: size, At: time.Unix(0, 0)})
		if err != nil || d.Get("expansion", "total").Int() != codes.Len() {
			t.Fatal(err, d.Text())
		}
		n := 0
		for c := range d.Get("expansion").Each("contains") {
			n++
			key := c.Get("system").String() + c.Get("code").String()
			if seen[key] || !codes.Has(c.Get("system").String(), c.Get("code").String()) {
				t.Fatalf("%s twice, or not of the set", key)
			}
			seen[key] = true
		}
		if n < size {
			break
		}
	}
	if len(seen) != codes.Len() {
		t.Fatalf("%d codes on pages, %d in all", len(seen), codes.Len())
	}
	d, err := s.Expand(set, ExpandQuery{Filter: "xanh L", Count: -1, At: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for c := range d.Get("expansion").Each("contains") {
		if words := c.Get("display").String(); words != "Xanh lá" && words != "Tím" { // Tím hides what its system says
			t.Fatalf("the filter lets %q pass", words)
		}
	}
}

// TestFilters: the operators of R4, one by one.
func TestFilters(t *testing.T) {
	s := New()
	put(t, s, "CodeSystem/a", `{"resourceType":"CodeSystem","url":"urn:a","status":"active","content":"complete","concept":[
		{"code":"1","display":"One","property":[{"code":"p","valueString":"x"}],"concept":[
			{"code":"1.1","property":[{"code":"p","valueCode":"y"}],"concept":[{"code":"1.1.1"}]},
			{"code":"1.2","property":[{"code":"p","valueCoding":{"code":"x"}},{"code":"parent","valueCode":"2"}]}]},
		{"code":"2","property":[{"code":"q","valueBoolean":true},{"code":"n","valueInteger":7}]}]}`)
	for _, c := range [][4]string{
		{"concept", "is-a", "1", "1 1.1 1.1.1 1.2"}, {"concept", "is-a", "2", "1.2 2"}, {"concept", "descendent-of", "1", "1.1 1.1.1 1.2"},
		{"concept", "is-not-a", "1", "2"}, {"concept", "generalizes", "1.1.1", "1 1.1 1.1.1"}, {"concept", "generalizes", "1.2", "1 1.2 2"},
		{"concept", "is-a", "nothing", ""}, {"concept", "is-not-a", "nothing", "1 1.1 1.1.1 1.2 2"},
		{"p", "=", "x", "1 1.2"}, {"p", "exists", "true", "1 1.1 1.2"}, {"p", "exists", "false", "1.1.1 2"}, {"q", "=", "true", "2"}, {"n", "=", "7", "2"},
		{"p", "in", "x, y", "1 1.1 1.2"}, {"p", "not-in", "x", "1.1 1.1.1 2"}, {"code", "regex", `1\..`, "1.1 1.2"}, {"display", "=", "One", "1"},
		{"parent", "=", "1", "1.1 1.2"}, {"child", "=", "1.2", "1 2"}, {"p", "regex", "[xy]", "1 1.1 1.2"},
	} {
		d, err := fhir.New(map[string]any{"resourceType": "ValueSet", "status": "active", "compose": map[string]any{"include": []any{
			map[string]any{"system": "urn:a", "filter": []any{map[string]any{"property": c[0], "op": c[1], "value": c[2]}}}}}})
		if err != nil {
			t.Fatal(err)
		}
		e, err := s.ExpandIn(d, ExpandQuery{Count: -1})
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		var got []string
		for x := range e.Get("expansion").Each("contains") {
			got = append(got, x.Get("code").String())
		}
		if strings.Join(got, " ") != c[3] {
			t.Errorf("%v: %v", c, got)
		}
	}
}

// FuzzFilter: no filter hangs or panics, and what it passes is valid.
func FuzzFilter(f *testing.F) {
	for _, seed := range [][3]string{{"concept", "is-a", "c1"}, {"p", "regex", "(x+)+$"}, {"p", "in", ",,"}, {"code", "regex", "[["}, {"parent", "exists", "true"}} {
		f.Add(seed[0], seed[1], seed[2], "c1 Đỏ")
	}
	s := New()
	put(f, s, "CodeSystem/a", `{"resourceType":"CodeSystem","url":"urn:a","content":"complete","concept":[{"code":"c1","display":"Đỏ","property":[{"code":"p","valueString":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}],"concept":[{"code":"c2"}]}]}`)
	f.Fuzz(func(t *testing.T, property, op, value, text string) {
		d, err := fhir.New(map[string]any{"resourceType": "ValueSet", "url": "urn:x", "compose": map[string]any{"include": []any{
			map[string]any{"system": "urn:a", "filter": []any{map[string]any{"property": property, "op": op, "value": value}}}}}})
		if err != nil {
			return
		}
		e, err := s.ExpandIn(d, ExpandQuery{Filter: text, Count: -1})
		if err != nil {
			return
		}
		for x := range e.Get("expansion").Each("contains") {
			if r, err := s.ValidateIn(d, CodingOf(x)); err != nil || !r.Valid {
				t.Fatalf("%s is listed: %+v %v", x.Raw(), r, err)
			}
		}
	})
}
