// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/web"
)

// TestBounds: what would cost too much is refused before it costs.
func TestBounds(t *testing.T) {
	entries := func(n int, request string) string {
		return `{"resourceType":"Bundle","type":"batch","entry":[` + strings.TrimSuffix(strings.Repeat(`{"request":`+request+`},`, n), ",") + `]}`
	}
	each(t, func(t *testing.T, c client) {
		const search, posted, history = `{"method":"GET","url":"Patient?name=a"}`, `{"method":"POST","url":"Patient/_search"}`, `{"method":"GET","url":"Patient/a/_history"}`
		for _, one := range []string{search, posted, history} {
			c.do("POST ", entries(maxSearches+1, one)).status(403).outcome("too-costly", "fhirapi.bundle.searches", "Bundle.entry")
		}
		c.do("POST ", entries(maxSearches, search)).status(200)
		c.do("POST ", entries(maxSearches+1, `{"method":"GET","url":"Patient/a"}`)).status(200)
		include := "_include=Condition:subject&"
		c.do("GET /Condition?"+strings.Repeat(include, maxIncludes+1), "").status(403).outcome("too-costly", "fhirapi.includes", "_include")
		c.do("GET /Condition?"+strings.Repeat(include, maxIncludes), "").status(200)
		// The name of a parameter is no path of a resource.
		got := c.do("POST ", entries(1, `{"method":"GET","url":"Patient?.foo=1"}`), "Prefer: handling=strict").status(200).doc()
		if at := got.Get("entry", "0", "response", "outcome", "issue", "0", "expression", "0").String(); at != "Bundle.entry[0]..foo" {
			t.Errorf("an empty parameter is at %q", at)
		}
	})
}

// TestHistoryPages: every version stands on one page, a PUT is a PUT, and
// _since ends the walk.
func TestHistoryPages(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for n := 1; n <= 5; n++ {
			c.do("PUT /Patient/h", fmt.Sprintf(`{"resourceType":"Patient","id":"h","multipleBirthInteger":%d}`, n))
		}
		next, seen, pages := "/Patient/h/_history?_count=2", []string{}, 0
		for next != "" {
			page := c.do("GET "+next, "").status(200).doc()
			pages++
			for e := range page.Each("entry") {
				seen = append(seen, e.Get("request", "method").String()+e.Get("request", "url").String()+e.Get("response", "etag").String())
			}
			next = linkOf(page, "next")
		}
		if want := []string{`PUTPatient/hW/"5"`, `PUTPatient/hW/"4"`, `PUTPatient/hW/"3"`, `PUTPatient/hW/"2"`, `PUTPatient/hW/"1"`}; !slices.Equal(seen, want) || pages != 3 {
			t.Errorf("%d pages, %q", pages, seen)
		}
		third := c.do("GET /Patient/h/_history/3", "").doc().LastUpdated()
		page := c.do("GET /Patient/h/_history?_since="+third.Format("2006-01-02T15:04:05.000000Z"), "").status(200).doc()
		if n := page.Get("entry").Len(); n != 3 || linkOf(page, "next") != "" {
			t.Errorf("since the third: %d, next %q", n, linkOf(page, "next"))
		}
		c.do("GET /Patient/h/_history?_since=yesterday", "").status(400).outcome("invalid", "fhirapi.since", "_since")
		c.do("GET /Patient/h/_history?_cursor=x", "").status(400).outcome("invalid", "search.cursor.invalid", "_cursor")
	})
}

func linkOf(page *fhir.Doc, relation string) string {
	for l := range page.Each("link") {
		if l.Get("relation").String() == relation {
			return strings.TrimPrefix(l.Get("url").String(), "http://mach.test/fhir")
		}
	}
	return ""
}

// TestPanic: a fault of ours is an OperationOutcome too.
func TestPanic(t *testing.T) {
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	mux := web.New(web.Options{Catalogue: cat, Sessions: tokens{}, Log: quiet()})
	New(nil, quiet(), time.Unix(0, 0)).Routes(mux) // no store: every read panics
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://mach.test/fhir/Patient/1", nil)
	r.Header.Set("Authorization", "Bearer all")
	mux.ServeHTTP(w, r)
	reply{w.Result(), t, w.Body.String()}.status(500).outcome("exception", "", "")
}
