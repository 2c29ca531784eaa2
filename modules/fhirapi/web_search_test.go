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
