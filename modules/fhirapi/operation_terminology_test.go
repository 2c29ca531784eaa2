// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/fhir/terms"
	"mach/store"
	"mach/store/storetest"
	"mach/web"
)

// colours are a code system with a hierarchy, and a value set of it.
const (
	colours = `{"resourceType":"CodeSystem","id":"colours","url":"https://x.vn/colours","version":"1","name":"Colours","status":"active","content":"complete",
		"language":"vi","concept":[{"code":"red","display":"Đỏ","designation":[{"language":"en","value":"Red"}],"concept":[{"code":"crimson","display":"Đỏ thẫm"},{"code":"rose","display":"Hồng"}]},
		{"code":"blue","display":"Xanh","property":[{"code":"inactive","valueBoolean":true},{"code":"pigment","valueString":"lam"},{"code":"paint","valueCoding":{"system":"https://x.vn/paint","code":"B1"}}]}],
		"property":[{"code":"inactive","type":"boolean"},{"code":"pigment","type":"string"},{"code":"paint","type":"Coding"}]}`
	reds = `{"resourceType":"ValueSet","id":"reds","url":"https://x.vn/reds","status":"active","compose":{"include":[{"system":"https://x.vn/colours",
		"filter":[{"property":"concept","op":"is-a","value":"red"}]}]}}`
	paints = `{"resourceType":"ConceptMap","id":"paints","url":"https://x.vn/paints","status":"active","group":[{"source":"https://x.vn/colours","target":"https://x.vn/paint",
		"element":[{"code":"red","target":[{"code":"R1","display":"Paint 1","equivalence":"wider"}]}]}]}`
)

// value finds a parameter of an answer.
func (r reply) value(name string) string {
	r.t.Helper()
	for p := range r.doc().Each("parameter") {
		if p.Get("name").String() == name {
			return valueOf(p).String()
		}
	}
	return ""
}

func TestTerminology(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for path, body := range map[string]string{"/CodeSystem/colours": colours, "/ValueSet/reds": reds, "/ConceptMap/paints": paints} {
			c.do("PUT "+path, body).status(201)
		}
		t.Run("expand", c.expands)
		t.Run("validate", c.validates)
		t.Run("lookup", c.looksUp)
		t.Run("translate", c.translates)
		t.Run("closure", c.closes)
	})
}

// codes lists the codes of an expansion.
func (r reply) codes() string {
	r.t.Helper()
	var codes []string
	for x := range r.doc().Get("expansion").Each("contains") {
		codes = append(codes, x.Get("code").String())
	}
	return strings.Join(codes, " ")
}

func (c client) expands(t *testing.T) {
	c.t = t
	for path, want := range map[string]string{
		"/ValueSet/$expand?url=https://x.vn/reds":                                             "red crimson rose",
		"/ValueSet/reds/$expand":                                                              "red crimson rose",
		"/ValueSet/reds/$expand?filter=do":                                                    "red crimson",
		"/ValueSet/reds/$expand?filter=" + "%C4%91%E1%BB%8F%20th%E1%BA%ABm":                   "crimson",
		"/ValueSet/reds/$expand?count=1&offset=1":                                             "crimson",
		"/ValueSet/reds/$expand?count=0":                                                      "",
		"/ValueSet/$expand?url=https://x.vn/colours?fhir_vs%26activeOnly=x&count=5":           "-",
		"/ValueSet/$expand?url=https://x.vn/colours%3Ffhir_vs&activeOnly=true":                "red crimson rose",
		"/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender":            "male female other unknown",
		"/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&filter=%21": "",
	} {
		r := c.do("GET "+path, "")
		if want == "-" {
			r.status(404).outcome("not-found", "terms.valueset.unknown", "")
			continue
		}
		if got := r.status(200).codes(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	vi := c.do("GET /ValueSet/reds/$expand?count=1", "", "Accept-Language: en-GB,en;q=0.9").doc()
	if got := vi.Get("expansion", "contains", "0", "display").String(); got != "Red" {
		t.Errorf("in English: %s", got)
	}
	inline := strings.Replace(reds, `"https://x.vn/reds"`, `"https://x.vn/other"`, 1)
	post := c.do("POST /ValueSet/$expand", `{"resourceType":"Parameters","parameter":[{"name":"filter","valueString":"hong"},{"name":"valueSet","resource":`+inline+`}]}`)
	if got := post.status(200).codes(); got != "rose" {
		t.Errorf("a value set in the body: %s", got)
	}
	c.do("GET /ValueSet/$expand", "").status(422).outcome("required", "fhirapi.param.missing", "url")
	c.do("GET /ValueSet/reds/$expand?count=x", "").status(400).outcome("invalid", "terms.param.number", "count")
	c.do("GET /ValueSet/reds/$expand?activeOnly=x", "").status(400).outcome("invalid", "terms.param.flag", "activeOnly")
	c.do("GET /ValueSet/reds/$expand?filter="+strings.Repeat("x", 300), "").status(403).outcome("too-costly", "terms.param.long", "filter")
	c.do("GET /ValueSet/$expand?url=http://dicom.nema.org/resources/ontology/DCM%3Ffhir_vs", "").status(403).outcome("too-costly", "terms.expand.costly", "")
	c.do("GET /ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/ucum-units", "").status(404).outcome("not-supported", "terms.system.unlisted", "")
	c.do("PUT /ValueSet/reds", strings.Replace(reds, `"is-a"`, `"descendent-of"`, 1)).status(200)
	if got := c.do("GET /ValueSet/$expand?url=https://x.vn/reds", "").codes(); got != "crimson rose" {
		t.Errorf("after a change: %s", got)
	}
	c.do("DELETE /ValueSet/reds", "")
	waits(t, func() bool { return c.do("GET /ValueSet/$expand?url=https://x.vn/reds", "").StatusCode == 404 })
	c.do("PUT /ValueSet/reds", reds)
}

// waits until something is so: the log gets its numbers a moment after a commit.
func waits(t *testing.T, so func() bool) {
	t.Helper()
	for range 200 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("never so")
}

func (c client) validates(t *testing.T) {
	c.t = t
	for path, want := range map[string]string{
		"/ValueSet/$validate-code?url=https://x.vn/reds&code=rose&system=https://x.vn/colours": "true",
		"/ValueSet/$validate-code?url=https://x.vn/reds&code=rose":                             "true",
		"/ValueSet/reds/$validate-code?code=blue&system=https://x.vn/colours":                  "false",
		"/ValueSet/reds/$validate-code?code=red&system=https://x.vn/colours&display=RED":       "true",
		"/ValueSet/reds/$validate-code?code=red&system=https://x.vn/colours&display=green":     "false",
		"/CodeSystem/$validate-code?url=https://x.vn/colours&code=blue":                        "true",
		"/CodeSystem/colours/$validate-code?code=green":                                        "false",
		"/CodeSystem/$validate-code?url=http://unitsofmeasure.org&code=mg/dL":                  "true",
		"/CodeSystem/$validate-code?url=http://snomed.info/sct&code=1":                         "false",
	} {
		r := c.do("GET "+path, "").status(200)
		if got := r.value("result"); got != want || (want == "false") != (r.value("message") != "") {
			t.Errorf("%s: %s", path, r.body)
		}
	}
	concept := `{"resourceType":"Parameters","parameter":[{"name":"codeableConcept","valueCodeableConcept":{"coding":[{"system":"https://x.vn/colours","code":"blue"},{"system":"https://x.vn/colours","code":"red"}]}}]}`
	if r := c.do("POST /ValueSet/reds/$validate-code", concept).status(200); r.value("result") != "true" || r.value("code") != "red" {
		t.Errorf("a concept: %s", r.body)
	}
	if r := c.do("POST /CodeSystem/$validate-code", concept).status(200); r.value("code") != "blue" {
		t.Errorf("a concept: %s", r.body)
	}
	c.do("GET /ValueSet/reds/$validate-code", "").status(422).outcome("required", "fhirapi.param.missing", "code")
	c.do("GET /ValueSet/$validate-code?code=x&url=https://x.vn/none", "").status(404).outcome("not-found", "terms.valueset.unknown", "")
}

func (c client) looksUp(t *testing.T) {
	c.t = t
	r := c.do("GET /CodeSystem/$lookup?system=https://x.vn/colours&code=red", "").status(200)
	if r.value("name") != "Colours" || r.value("display") != "Đỏ" || !strings.Contains(r.body, `"crimson"`) || !strings.Contains(r.body, `"Red"`) {
		t.Errorf("red: %s", r.body)
	}
	r = c.do("POST /CodeSystem/$lookup", `{"resourceType":"Parameters","parameter":[{"name":"coding","valueCoding":{"system":"https://x.vn/colours","code":"blue"}},{"name":"property","valueCode":"inactive"}]}`).status(200)
	if !strings.Contains(r.body, `{"name":"value","valueBoolean":true}`) || strings.Contains(r.body, "child") {
		t.Errorf("blue: %s", r.body)
	}
	r = c.do("GET /CodeSystem/$lookup?system=https://x.vn/colours&code=blue", "").status(200)
	for _, want := range []string{`{"name":"value","valueString":"lam"}`, `{"name":"value","valueCoding":{"system":"https://x.vn/paint","code":"B1"}}`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("blue lacks %s: %s", want, r.body)
		}
	}
	c.do("GET /CodeSystem/$lookup?system=https://x.vn/colours&code=green", "").status(404).outcome("not-found", "terms.code.unknown", "")
	c.do("GET /CodeSystem/$lookup?system=https://x.vn/none&code=green", "").status(404).outcome("not-found", "terms.system.unknown", "")
	c.do("GET /CodeSystem/$lookup?code=green", "").status(422).outcome("required", "fhirapi.param.missing", "system")
	for codes, want := range map[[2]string]string{{"red", "rose"}: "subsumes", {"rose", "red"}: "subsumed-by", {"red", "red"}: "equivalent", {"rose", "crimson"}: "not-subsumed"} {
		path := fmt.Sprintf("?codeA=%s&codeB=%s", codes[0], codes[1])
		if got := c.do("GET /CodeSystem/$subsumes"+path+"&system=https://x.vn/colours", "").status(200).value("outcome"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		if got := c.do("GET /CodeSystem/colours/$subsumes"+path, "").status(200).value("outcome"); got != want {
			t.Errorf("%s by id: %s, want %s", path, got, want)
		}
	}
	c.do("GET /CodeSystem/colours/$subsumes?codeA=red", "").status(422).outcome("required", "fhirapi.param.missing", "codeB")
}

func (c client) translates(t *testing.T) {
	c.t = t
	for path, want := range map[string]string{
		"/ConceptMap/$translate?url=https://x.vn/paints&code=red&system=https://x.vn/colours":                                                              "true R1",
		"/ConceptMap/paints/$translate?code=red&system=https://x.vn/colours":                                                                               "true R1",
		"/ConceptMap/paints/$translate?code=rose&system=https://x.vn/colours":                                                                              "false ",
		"/ConceptMap/paints/$translate?code=R1&system=https://x.vn/paint&reverse=true":                                                                     "true red",
		"/ConceptMap/$translate?targetsystem=https://x.vn/paint&code=red&system=https://x.vn/colours":                                                      "true R1",
		"/ConceptMap/$translate?url=http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3&code=male&system=http://hl7.org/fhir/administrative-gender": "true M",
	} {
		r := c.do("GET "+path, "").status(200)
		concept := ""
		for p := range r.doc().Each("parameter") {
			for part := range p.Each("part") {
				if part.Get("name").String() == "concept" {
					concept = part.Get("valueCoding", "code").String()
				}
			}
		}
		if got := r.value("result") + " " + concept; got != want {
			t.Errorf("%s: %s", path, r.body)
		}
	}
	c.do("GET /ConceptMap/$translate?code=x", "").status(422).outcome("required", "fhirapi.param.missing", "url")
	c.do("GET /ConceptMap/$translate?code=x&url=https://x.vn/none", "").status(404).outcome("not-found", "terms.map.unknown", "")
}

func (c client) closes(t *testing.T) {
	c.t = t
	ask := func(more string) reply {
		return c.do("POST /$closure", `{"resourceType":"Parameters","parameter":[{"name":"name","valueString":"mine"}`+more+`]}`)
	}
	concept := func(code string) string {
		return `,{"name":"concept","valueCoding":{"system":"https://x.vn/colours","code":"` + code + `"}}`
	}
	ask(concept("red")).status(404) // not begun yet
	if first := ask("").status(200).doc(); first.Get("version").String() != "1" || first.Get("group").Exists() {
		t.Errorf("a new table: %s", first.Text())
	}
	if r := ask(concept("red")).status(200); strings.Contains(r.body, "group") {
		t.Errorf("one code relates to nothing: %s", r.body)
	}
	lines := `"group":[{"element":[{"code":"rose","target":[{"code":"red","equivalence":"subsumes"}]}],"source":"https://x.vn/colours","target":"https://x.vn/colours"}]`
	if r := ask(concept("rose") + concept("blue")).status(200); !strings.Contains(r.body, lines) || r.doc().Get("version").String() != "3" {
		t.Errorf("two more: %s", r.body)
	}
	if r := ask(concept("rose")).status(200); strings.Contains(r.body, "group") {
		t.Errorf("known codes: %s", r.body)
	}
	if r := ask(`,{"name":"version","valueId":"2"}`).status(200); !strings.Contains(r.body, lines) {
		t.Errorf("since version 2: %s", r.body)
	}
	if r := ask(`,{"name":"version","valueId":"3"}`).status(200); strings.Contains(r.body, "group") {
		t.Errorf("since version 3: %s", r.body)
	}
	c.do("POST /$closure", `{"resourceType":"Parameters"}`).status(422).outcome("required", "fhirapi.param.missing", "name")
	c.do("GET /$closure?name=mine", "").status(405)
}

// TestTerminologyOfOthers: what one process writes, another uses.
func TestTerminologyOfOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, stop := context.WithCancel(t.Context())
		follows := NewTerminology(s, terms.R4())
		done := make(chan struct{})
		go func() { follows.Follow(ctx, func(err error) { t.Error(err) }); close(done) }()
		defer func() { stop(); <-done }()
		door := s.For(storetest.System())
		if _, err := door.Commit(ctx, store.Create(docOf(t, reds)), store.Create(docOf(t, colours))); err != nil {
			t.Fatal(err)
		}
		waits(t, func() bool {
			list, err := follows.Set.List("https://x.vn/reds")
			return err == nil && list.Has("https://x.vn/colours", "rose")
		})
	})
}

// TestTerminologyIsJudged: without the right to find value sets there is no
// expansion, not even of those that came with the program.
func TestTerminologyIsJudged(t *testing.T) {
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	closed := storetest.Guarded(closedGuard{})
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		mux := web.New(web.Options{Catalogue: cat, Sessions: tokens{}, Log: slog.New(slog.DiscardHandler)})
		New(s, quiet(), time.Unix(0, 0)).Routes(mux)
		c := client{t: t, h: http.Handler(mux)}
		c.do("GET /ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender", "").status(403).outcome("forbidden", "search.forbidden", "")
		c.do("GET /CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male", "").status(403)
		c.do("GET /ConceptMap/$translate?targetsystem=x&code=male", "").status(403)
	}, closed)
}

// closedGuard lets nobody find anything.
type closedGuard struct{ storetest.AllowAll }

// Reach reaches nothing.
func (closedGuard) Reach(store.Actor, store.Action, string) store.Reach { return store.Reach{} }

func docOf(t *testing.T, text string) *fhir.Doc {
	t.Helper()
	d, err := fhir.ParseString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
