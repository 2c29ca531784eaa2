// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mach/fhir"
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
						own := strings.Contains(r.Get("searchRevInclude").Raw(), `"Basic:by"`) // of a parameter that may point to any type
						return own && r.Get("type").String() == "Basic" && p.Get("type").String() == "reference" && p.Get("definition").String() == "https://x.vn/by" &&
							strings.Contains(r.Get("searchInclude").Raw(), `"Basic:by"`)
					}
				}
			}
			return false
		}
		until := func(want bool) {
			t.Helper()
			for end := time.Now().Add(time.Minute); listed() != want; time.Sleep(20 * time.Millisecond) {
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

// TestStatementIncludes: each searchInclude and searchRevInclude of the statement
// is taken, and the latter are all by which R4 lets resources point to the type.
func TestStatementIncludes(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		stated := map[string][]string{}
		for r := range c.do("GET /metadata", "").status(200).doc().Get("rest", "0").Each("resource") {
			typ := r.Get("type").String()
			for _, kind := range []string{"Include", "RevInclude"} {
				var list []string
				for i := range r.Get("search" + kind).Len() {
					list = append(list, r.Get("search"+kind, strconv.Itoa(i)).String())
				}
				if kind == "RevInclude" {
					stated[typ] = list
				}
				if typ != "Patient" && typ != "Observation" && typ != "Location" && typ != "SubstanceProtein" { // the others are alike
					continue
				}
				for some := range slices.Chunk(list, maxIncludes) {
					c.do("GET /"+typ+"?_"+strings.ToLower(kind)+"="+strings.Join(some, "&_"+strings.ToLower(kind)+"="), "", "Prefer: handling=strict").status(200)
				}
			}
		}
		for _, typ := range fhir.Types() {
			for _, p := range fhir.Params(typ) {
				for _, target := range fhir.Types() {
					can := p.Kind == fhir.ParamReference && (len(p.Targets) == 0 || slices.Contains(p.Targets, target))
					if slices.Contains(stated[target], typ+":"+p.Code) != can {
						t.Errorf("_revinclude=%s:%s for %s: stated %v", typ, p.Code, target, !can)
					}
				}
			}
		}
	})
}
