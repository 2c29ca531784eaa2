// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"strings"
	"testing"
	"time"

	"mach/store"
)

// TestStatementKnowsOwnParameters: the CapabilityStatement lists a parameter of a
// SearchParameter resource while, and only while, one may search by it.
func TestStatementKnowsOwnParameters(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		if err := c.s.Start(t.Context()); err != nil && !strings.Contains(err.Error(), "started") {
			t.Fatal(err)
		}
		listed := func() bool {
			for r := range c.do("GET /metadata", "").status(200).doc().Get("rest", "0").Each("resource") {
				for p := range r.Each("searchParam") {
					if p.Get("name").String() == "by" {
						return r.Get("type").String() == "Basic" && p.Get("type").String() == "reference" && p.Get("definition").String() == "https://x.vn/by" &&
							strings.Contains(r.Get("searchInclude").Raw(), `"Basic:by"`)
					}
				}
			}
			return false
		}
		until := func(want bool) {
			t.Helper()
			for end := time.Now().Add(20 * time.Second); listed() != want; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("listed: %v", !want)
				}
			}
		}
		until(false)
		c.do("PUT /SearchParameter/by", `{"resourceType":"SearchParameter","id":"by","url":"https://x.vn/by","name":"By","status":"active","description":"by","code":"by","base":["Basic"],"type":"reference","expression":"Basic.author"}`).status(201)
		until(true)
		c.do("GET /Basic?by=Practitioner/p", "", "Prefer: handling=strict").status(200)
		if _, err := c.s.For(store.SystemActor()).Commit(t.Context(), store.Delete("SearchParameter", "by")); err != nil {
			t.Fatal(err)
		}
		until(false)
	})
}
