// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEverything: a record and a visit, in pages, since and by type.
func TestEverything(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		put := func(ref, rest string) {
			typ, id, _ := strings.Cut(ref, "/")
			c.do("PUT /"+ref, `{"resourceType":"`+typ+`","id":"`+id+`"`+rest+`}`).status(201)
		}
		put("Organization/o", `,"name":"x"`)
		put("Patient/a", `,"managingOrganization":{"reference":"Organization/o"}`)
		put("Patient/b", "")
		put("Encounter/e", `,"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"}`)
		for i := range 5 {
			put(fmt.Sprintf("Observation/a%d", i), fmt.Sprintf(`,"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"effectiveDateTime":"202%d-05-01"`, i))
		}
		put("Observation/b", `,"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/b"}`)
		put("Condition/c", `,"subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/e"}`)
		walk := func(next string) []string {
			var all []string
			for next != "" {
				page := c.do("GET "+next, "").status(200).doc()
				for e := range page.Each("entry") {
					all = append(all, e.Get("resource", "resourceType").String()+"/"+e.Get("resource", "id").String())
				}
				next = linkOf(page, "next")
			}
			slices.Sort(all)
			return all
		}
		want := []string{"Condition/c", "Encounter/e", "Observation/a0", "Observation/a1", "Observation/a2", "Observation/a3", "Observation/a4", "Organization/o", "Patient/a"}
		if got := walk("/Patient/a/$everything"); !slices.Equal(got, want) {
			t.Errorf("everything: %q", got)
		}
		if got := slices.Compact(walk("/Patient/a/$everything?_count=2")); !slices.Equal(got, want) {
			t.Errorf("everything in pages: %q", got)
		}
		if got := walk("/Patient/a/$everything?_type=Condition,Patient"); !slices.Equal(got, []string{"Condition/c", "Patient/a"}) {
			t.Errorf("two types: %q", got)
		}
		if got := walk("/Patient/a/$everything?_type=Observation&start=2021&end=2022-05-01"); !slices.Equal(got, []string{"Observation/a1", "Observation/a2"}) {
			t.Errorf("some years: %q", got)
		}
		since := c.do("GET /Condition/c", "").doc().LastUpdated().Format("2006-01-02T15:04:05.000000Z")
		if got := walk("/Patient/a/$everything?_since=" + since); !slices.Equal(got, []string{"Condition/c"}) {
			t.Errorf("since: %q", got)
		}
		if got := walk("/Encounter/e/$everything?_count=1"); !slices.Equal(got, []string{"Condition/c", "Encounter/e", "Organization/o", "Patient/a"}) {
			t.Errorf("of a visit: %q", got)
		}
		c.do("GET /Patient/nobody/$everything", "").status(404).outcome("not-found", "store.not_found", "")
		c.do("GET /Patient/a/$everything?_type=Nonsense", "").status(400).outcome("invalid", "search.type.unknown", "_type")
	})
}

func TestLastn(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		put := func(id, date, code string) {
			c.do("PUT /Observation/"+id, `{"resourceType":"Observation","id":"`+id+`","status":"final","code":`+code+`,"subject":{"reference":"Patient/a"},"effectiveDateTime":"`+date+`"}`).status(201)
		}
		c.do("PUT /Patient/a", `{"resourceType":"Patient","id":"a"}`).status(201)
		const weight, local = `{"coding":[{"system":"http://loinc.org","code":"29463-7"}]}`, `{"coding":[{"system":"urn:s","code":"w"},{"system":"http://loinc.org","code":"29463-7"}]}`
		put("w1", "2020-01-01", weight)
		put("w3", "2022-01-01", local)
		put("w2", "2021-01-01", weight)
		put("t1", "2019-01-01", `{"text":"t"}`)
		put("t2", "2018-01-01", `{"text":"t"}`)
		for query, want := range map[string]string{
			"patient=a": "[w3 t1]", "patient=a&max=2": "[w3 w2 t1 t2]", "subject=Patient/a&code=29463-7&max=5": "[w3 w2 w1]", "patient=b": "[]",
		} {
			if got := ids(c.do("GET /Observation/$lastn?"+query, "").status(200).doc()); fmt.Sprint(got) != want {
				t.Errorf("%s: %v, want %s", query, got, want)
			}
		}
		body := `{"resourceType":"Parameters","parameter":[{"name":"patient","valueString":"a"},{"name":"max","valuePositiveInt":2},{"name":"code","valueString":"29463-7"}]}`
		if got := ids(c.do("POST /Observation/$lastn", body).status(200).doc()); fmt.Sprint(got) != "[w3 w2]" {
			t.Errorf("posted: %v", got)
		}
		c.do("PUT /Observation/p1", `{"resourceType":"Observation","id":"p1","status":"preliminary","code":`+weight+`,"subject":{"reference":"Patient/a"},"effectiveDateTime":"2023-01-01"}`).status(201)
		posted := func(more string) reply {
			return c.do("POST /Observation/$lastn", `{"resourceType":"Parameters","parameter":[{"name":"subject","valueReference":{"reference":"Patient/a"}}`+more+`]}`)
		}
		for more, want := range map[string]string{
			``:                                       "[p1 t1]",
			`,{"name":"status","valueCode":"final"}`: "[w3 t1]",
			`,{"name":"status","valueCode":"final"},{"name":"date","valueString":"lt2022-01-01"},{"name":"max","valuePositiveInt":9}`: "[w2 w1 t1 t2]",
			`,{"name":"code","valueCoding":{"system":"urn:s","code":"w"}}`:                                                            "[w3]",
			`,{"name":"code","valueCoding":{"code":"29463-7"}}`:                                                                       "[p1]",
			`,{"name":"code","valueCoding":{"code":"29463-7,w"}}`:                                                                     "[]",
			`,{"name":"performer","valueReference":{"reference":"Practitioner/p"}}`:                                                   "[]",
			`,{"name":"code:not","valueString":"29463-7"}`:                                                                            "[t1]",
		} {
			if got := ids(posted(more).status(200).doc()); fmt.Sprint(got) != want {
				t.Errorf("posted %s: %v, want %s", more, got, want)
			}
		}
		posted(`,{"name":"colour","valueString":"red"}`).status(400).outcome("invalid", "search.param.unknown", "colour")
		posted(`,{"name":"code","valueCodeableConcept":{"text":"t"}}`).status(422).outcome("value", "fhirapi.param.form", "code")
		posted(`,{"name":"code","part":[{"name":"x"}]}`).status(422).outcome("value", "fhirapi.param.form", "code")
		posted(`,{"name":"_count","valueInteger":1}`).status(400).outcome("invalid", "fhirapi.condition.param", "_count")
		c.do("GET /Observation/$lastn?code=x", "").status(422).outcome("required", "fhirapi.param.missing", "")
		c.do("GET /Observation/$lastn?patient=a&max=0", "").status(400).outcome("invalid", "search.value.count", "max")
	})
}
