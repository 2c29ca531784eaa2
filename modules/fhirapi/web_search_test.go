// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What others get wrong: searches by name and code that return nothing, marks,
// _count=0, parameters and _filter that pass unseen.
func TestSearchRegressions(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Patient/a", `{"resourceType":"Patient","id":"a","name":[{"family":"Nguyễn","given":["Thị Đào"]}],"address":[{"city":"Huế"}]}`).status(201)
		c.do("PUT /Condition/k", `{"resourceType":"Condition","id":"k","subject":{"reference":"Patient/a"},"onsetDateTime":"2026-03-01","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"A90"}]}}`).status(201)
		c.do("PUT /Condition/m", `{"resourceType":"Condition","id":"m","subject":{"reference":"Patient/a"},"onsetDateTime":"2025-03-01T08:00:00+07:00"}`).status(201)
		c.do("PUT /Location/l", `{"resourceType":"Location","id":"l","position":{"latitude":16.46,"longitude":107.59}}`).status(201)
		for query, want := range map[string]string{
			"Patient?name=nguyen": "a", "Patient?family=nguyen": "a", "Patient?given=thi dao": "a", "Patient?address=hue": "a", "Patient?name=tran": "",
			"Condition?code=A90": "k", "Condition?code=http://hl7.org/fhir/sid/icd-10|A90": "k", "Condition?onset-date=2026-03": "k", "Condition?code=A91": "",
			"Condition?onset-date=2025-03-01T08:00:00+07:00": "m", "Condition?onset-date=2025-03-01T08:00:00%2B07:00": "m", "Condition?onset-date=2025-03-01T01:00:00.000Z": "m",
			"Condition?onset-date=2025-03-01T01:00:00.001Z": "", "Condition?onset-date=ne2025-03-01T01:00:00.000Z": "k",
			"Patient?_has:Condition:patient:code=A90": "a", "Condition?code=A90&subject=http://mach.test/fhir/Patient/a": "k", "Condition?code=A90&patient.name=nguyen": "k",
			"Location?near=16.4|107.6|20|km": "l", "Location?near=16.4|107.6|2|km": "", "Patient?_count=0": "",
		} {
			if got := strings.Join(ids(c.do("GET /"+strings.ReplaceAll(query, " ", "%20"), "").status(200).doc()), " "); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if n := c.do("GET /Patient?_count=0", "").status(200).doc().Get("total").Int(); n != 1 {
			t.Errorf("total %d", n)
		}
		for query, want := range map[string]string{"": "2", "_count=2": "2", "_count=1": "", "_total=none": "", "_count=1&_total=accurate": "2"} {
			if got := c.do("GET /Condition?"+query, "").status(200).doc().Get("total").Raw(); got != want {
				t.Errorf("Condition?%s: total %q, want %q", query, got, want)
			}
		}
		c.do("GET /Patient?nonsense=1", "", "Prefer: handling=strict").status(400)
		for _, query := range []string{"_filter=name eq a", "_contained=true", "_query=x", "_list=$current-problems", "_revinclude=*"} {
			if got := c.do("GET /Patient?"+strings.ReplaceAll(query, " ", "%20"), ""); got.StatusCode != 400 {
				t.Errorf("%s: %d", query, got.StatusCode)
			}
		}
	})
}

// TestCompartmentSearch: members by any parameter of the definition, with
// conditions, pages, links and includes as in any search.
func TestCompartmentSearch(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for _, id := range []string{"a", "b"} {
			c.do("PUT /Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`).status(201)
		}
		c.do("PUT /Encounter/e", `{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"}}`).status(201)
		for id, rest := range map[string]string{
			"own": `"code":{"text":"x"},"subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/e"}`,
			"by":  `"code":{"text":"x"},"subject":{"reference":"Patient/b"},"performer":[{"reference":"Patient/a"}]`,
			"w":   `"code":{"coding":[{"code":"29463-7"}]},"subject":{"reference":"Patient/a"},"performer":[{"reference":"Patient/a"}]`,
			"far": `"code":{"coding":[{"code":"29463-7"}]},"subject":{"reference":"Patient/b"}`,
		} {
			c.do("PUT /Observation/"+id, `{"resourceType":"Observation","id":"`+id+`","status":"final",`+rest+`}`).status(201)
		}
		for query, want := range map[string]string{
			"Patient/a/Observation": "by own w", "Patient/a/Observation?code=29463-7": "w", "Patient/b/Observation": "by far", "Patient/nobody/Observation": "",
			"Patient/a/*?_type=Observation,Patient": "a by own w",
			"Encounter/e/Observation":               "own", "Encounter/e/Encounter": "e", "Patient/a/Patient": "a", "Patient/a/Observation?patient=b": "by",
		} {
			got := ids(c.do("GET /"+query, "").status(200).doc())
			if slices.Sort(got); strings.Join(got, " ") != want {
				t.Errorf("%s: %v, want %s", query, got, want)
			}
		}
		if n := c.do("GET /Patient/a/Observation?_include=Observation:encounter", "").status(200).doc().Get("entry").Len(); n != 4 {
			t.Errorf("%d with the visit", n)
		}
		page := c.do("GET /Patient/a/Observation?_count=2&_total=accurate", "").status(200).doc()
		next := linkOf(page, "next")
		if !strings.HasPrefix(next, "/Patient/a/Observation?") || page.Get("total").Int() != 3 || len(ids(page)) != 2 || len(ids(c.do("GET "+next, "").status(200).doc())) != 1 {
			t.Errorf("pages: %s", page.Text())
		}
		posted := c.do("POST /Patient/a/Observation/_search", "code=29463-7", "Content-Type: application/x-www-form-urlencoded").status(200).doc()
		if got := linkOf(posted, "self"); fmt.Sprint(ids(posted)) != "[w]" || got != "/Patient/a/Observation?code=29463-7" {
			t.Errorf("posted: %v, %s", ids(posted), got)
		}
		posted = c.do("POST /Patient/a/_search", "_type=Patient,Observation", "Content-Type: application/x-www-form-urlencoded").status(200).doc()
		if got := linkOf(posted, "self"); len(ids(posted)) != 4 || !strings.HasPrefix(got, "/Patient/a/*?_type=") {
			t.Errorf("posted for several types: %v, %s", ids(posted), got)
		}
		batch := c.do("POST /", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/a/Observation?code=29463-7"}}]}`).status(200).doc()
		if got := batch.Get("entry", "0", "resource", "entry", "0", "resource", "id").String(); got != "w" {
			t.Errorf("in a batch: %q", got)
		}
		c.do("GET /Patient/a/Organization", "").status(404).outcome("not-supported", "search.compartment.unknown", "")
		c.do("GET /Organization/a/Observation", "").status(404).outcome("not-supported", "search.compartment.unknown", "")
		c.do("GET /Patient/a/Nonsense", "").status(404)
		c.do("POST /Patient/a/Observation", "{}").status(405)
		if got := c.do("GET /metadata", "").status(200).doc().Get("rest", "0", "compartment"); got.Len() != 5 || got.Get("3").String() != "http://hl7.org/fhir/CompartmentDefinition/practitioner" {
			t.Errorf("the statement lists %s", got.Raw())
		}
	})
}

// TestSearchTypes: several types are one list of pages.
func TestSearchTypes(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for i := range 3 {
			c.do(fmt.Sprintf("PUT /Patient/p%d", i), fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","meta":{"tag":[{"code":"x"}]}}`, i)).status(201)
			c.do(fmt.Sprintf("PUT /Location/l%d", i), fmt.Sprintf(`{"resourceType":"Location","id":"l%d","meta":{"tag":[{"code":"x"}]}}`, i)).status(201)
		}
		var all []string
		for next := "?_type=Patient,Location,Basic&_tag=x&_count=2"; next != ""; {
			page := c.do("GET "+next, "").status(200).doc()
			if n := len(ids(page)); n > 2 || len(all) > 10 {
				t.Fatalf("a page of %d after %v", n, all)
			}
			all, next = append(all, ids(page)...), ""
			for l := range page.Each("link") {
				if l.Get("relation").String() == "next" {
					next = strings.TrimPrefix(l.Get("url").String(), "http://mach.test/fhir")
				}
			}
		}
		slices.Sort(all)
		if strings.Join(all, " ") != "l0 l1 l2 p0 p1 p2" {
			t.Errorf("found %v", all)
		}
		if n := c.do("GET ?_type=Patient,Location&_tag=x&_summary=count", "").status(200).doc().Get("total").Int(); n != 6 {
			t.Errorf("total %d", n)
		}
		for _, query := range []string{"", "?_type=Patient,Location&_sort=_id", "?_type=Nonsense", "?_type=Patient&gender:nonsense=x"} {
			if got := c.do("GET "+query, "", "Prefer: handling=strict"); got.StatusCode < 400 || got.StatusCode >= 500 {
				t.Errorf("%s: %d", query, got.StatusCode)
			}
		}
	})
}

// TestElementsOfType: _elements with a type concerns that type alone, and a path
// that is no element of the resource itself is refused.
func TestElementsOfType(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Patient/a", `{"resourceType":"Patient","id":"a","gender":"male","birthDate":"1990-04-02"}`).status(201)
		c.do("PUT /Condition/k", `{"resourceType":"Condition","id":"k","subject":{"reference":"Patient/a"},"onsetDateTime":"2026-03-01"}`).status(201)
		page := c.do("GET /Condition?_include=Condition:subject&_elements=Patient.birthDate,Condition.onset", "").status(200).doc()
		condition, patient := page.Get("entry", "0", "resource"), page.Get("entry", "1", "resource")
		if !condition.Get("onsetDateTime").Exists() || patient.Get("gender").Exists() || patient.Get("birthDate").String() != "1990-04-02" {
			t.Errorf("%s", page.Text())
		}
		for _, wrong := range []string{"Patient.nonsense", "Nonsense.birthDate", "subject.reference", "Patient.name.family", "Patient."} {
			c.do("GET /Condition?_elements="+wrong, "").status(400).outcome("invalid", "fhirapi.elements", "_elements")
		}
	})
}
