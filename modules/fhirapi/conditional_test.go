// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

const person = `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":"%s"}],"gender":"%s"}`

// TestConditionalUpdate follows the table of R4 http.html section 3.1.0.4.3.
func TestConditionalUpdate(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		one := fmt.Sprintf(person, "1", "male")
		made := c.do("PUT /Patient?identifier=urn:s|1", one).status(201).doc()
		again := c.do("PUT /Patient?identifier=urn:s|1", fmt.Sprintf(person, "1", "female")).status(200).doc()
		if again.ID() != made.ID() || again.VersionID() != "2" || again.Get("gender").String() != "female" {
			t.Errorf("updated %s", again.Text())
		}
		if same := c.do("PUT /Patient?identifier=urn:s|1", again.Text()).status(200).doc(); same.VersionID() != "2" {
			t.Errorf("the same content made version %s", same.VersionID())
		}
		withID := func(id, number string) string {
			return strings.Replace(fmt.Sprintf(person, number, "male"), `"identifier"`, `"id":"`+id+`","identifier"`, 1)
		}
		c.do("PUT /Patient?identifier=urn:s|1", withID("other", "1")).status(400).outcome("invalid", "fhirapi.id.other", "Patient.id")
		if doc := c.do("PUT /Patient?identifier=urn:s|2", withID("mine", "2")).status(201).doc(); doc.ID() != "mine" {
			t.Errorf("created %s", doc.ID())
		}
		c.do("PUT /Patient?identifier=urn:s|3", withID("mine", "3")).status(409).outcome("duplicate", "store.id.taken", "")
		c.do("PUT /Patient?identifier=urn:s|1", one, `If-Match: W/"1"`).status(412).outcome("conflict", "store.version.stale", "")
		c.do("PUT /Patient?identifier=urn:s|1", one, `If-Match: W/"2"`).status(200)
		c.do("PUT /Patient?identifier=urn:s|9", one, `If-Match: W/"2"`).status(412)
		c.do("POST /Patient", one).status(201)
		c.do("PUT /Patient?identifier=urn:s|1", one).status(412).outcome("multiple-matches", "store.unless.many", "")
		c.do("PUT /Patient?nonsense=1", one).status(400).outcome("invalid", "search.param.unknown", "")
		c.do("PUT /Patient/fresh", strings.Replace(one, `"identifier"`, `"id":"fresh","identifier"`, 1), "If-None-Match: *").status(201)
		c.do("PUT /Patient/fresh", strings.Replace(one, `"identifier"`, `"id":"fresh","identifier"`, 1), "If-None-Match: *").status(412).outcome("conflict", "store.id.taken", "Patient")
		part := c.do("GET /Patient/fresh?_summary=true", "").status(200).body
		c.do("PUT /Patient/fresh", part).status(422).outcome("business-rule", "fhirapi.subsetted", "Patient.meta.tag")
		c.do("PUT /Patient?_id=fresh", part).status(422).outcome("business-rule", "fhirapi.subsetted", "Patient.meta.tag")
		c.do("DELETE /Patient/fresh", "").status(204)
		back := c.do("PUT /Patient/fresh", strings.Replace(one, `"identifier"`, `"id":"fresh","identifier"`, 1)).status(201)
		if got := back.Header.Get("ETag"); got != `W/"3"` {
			t.Errorf("came back as %s", got)
		}
	})
}

// TestConditionalDelete: nobody, one, several; several only when the service
// says so.
func TestConditionalDelete(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for range 3 {
			c.do("POST /Patient", fmt.Sprintf(person, "7", "male")).status(201)
		}
		// Nobody has asked for a second page of anything yet: no key of cursors is there.
		c.do("POST /Patient", fmt.Sprintf(person, "7", "male"), "If-None-Exist: identifier=urn:s|7").status(412).outcome("multiple-matches", "store.unless.many", "")
		one := c.do("POST /Patient", fmt.Sprintf(person, "8", "male")).status(201).doc()
		c.do("DELETE /Patient?identifier=urn:s|9", "").status(204)
		c.do("DELETE /Patient?identifier=urn:s|8", "", `If-Match: W/"4"`).status(412)
		c.do("DELETE /Patient?identifier=urn:s|8", "").status(204)
		c.do("GET /Patient/"+one.ID(), "").status(410)
		c.do("DELETE /Patient?identifier=urn:s|7", "").status(412).outcome("multiple-matches", "store.unless.many", "")
		c.m.DeleteMany(2)
		c.do("DELETE /Patient?identifier=urn:s|7", "").status(412).outcome("multiple-matches", "store.unless.many", "")
		if c.m.DeleteMany(1 << 20); c.m.deletes != mostDeletes {
			t.Errorf("one request may delete %d", c.m.deletes)
		}
		c.m.DeleteMany(3)
		defer c.m.DeleteMany(1)
		if !strings.Contains(c.do("GET /metadata", "", "Host: other.test").body, `"conditionalDelete":"multiple"`) {
			t.Error("the statement does not tell that several may be deleted")
		}
		c.do("DELETE /Patient?identifier=urn:s|7", "").status(204)
		if n := c.do("GET /Patient?_summary=count", "").status(200).doc().Get("total").Int(); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}

func TestPatch(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		const media = "Content-Type: application/json-patch+json"
		doc := c.do("POST /Observation", `{"resourceType":"Observation","status":"preliminary","code":{"text":"x"},"valueQuantity":{"value":1.50}}`).status(201).doc()
		at := "/Observation/" + doc.ID()
		next := c.do("PATCH "+at, `[{"op":"replace","path":"/status","value":"final"}]`, media).status(200).doc()
		if next.VersionID() != "2" || next.Get("status").String() != "final" || next.Get("valueQuantity", "value").Raw() != "1.50" {
			t.Errorf("patched %s", next.Text())
		}
		for _, other := range []string{"application/json", "application/fhir+json"} {
			body := c.do("PATCH "+at, ` [{"op":"replace","path":"/status","value":"final"}]`, "Content-Type: "+other).status(415).outcome("not-supported", "fhirapi.patch.media", "").body
			if !strings.Contains(body, "application/json-patch+json") {
				t.Errorf("a JSON Patch as %s: %s", other, body)
			}
		}
		c.do("PATCH "+at, `[{"op":"test","path":"/status","value":"preliminary"}]`, media).status(422).outcome("value", "patch.test", "patch[0]")
		c.do("PATCH "+at, `[{"op":"replace","path":"/status","value":"nonsense"}]`, media).status(422).outcome("code-invalid", "", "Observation.status")
		c.do("PATCH "+at, `[{"op":"replace","path":"/id","value":"else"}]`, media).status(422).outcome("value", "fhirapi.patch.id", "Observation.id")
		c.do("PATCH "+at, `[{]`, media).status(400).outcome("structure", "patch.malformed", "")
		c.do("PATCH "+at, `[]`, media, `If-Match: W/"1"`).status(412)
		c.do("PATCH "+at, `[{"op":"remove","path":"/valueQuantity"}]`, media, `If-Match: W/"2"`).status(200)
		c.do("PATCH "+at, `<diff/>`, "Content-Type: application/xml-patch+xml").status(415).outcome("not-supported", "fhirapi.patch.media", "")
		set := `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.code.text"},{"name":"value","valueString":"y"}]}]}`
		if got := c.do("PATCH "+at, set).status(200).doc(); got.Get("code", "text").String() != "y" {
			t.Errorf("patched by FHIRPath: %s", got.Text())
		}
		c.do("PATCH "+at, strings.Replace(set, "replace", "grow", 1)).status(400).outcome("structure", "patch.operation.fhirpath", "Parameters.parameter[0]")
		c.do("PATCH "+at, strings.Replace(set, ".text", ".nonsense", 1)).status(422).outcome("value", "patch.absent", "Parameters.parameter[0]")
		c.do("PATCH /Observation/nobody", `[]`, media).status(404)
		c.do("PATCH /Observation?status=final", `[{"op":"add","path":"/issued","value":"2026-01-01T00:00:00Z"}]`, media).status(200)
		c.do("PATCH /Observation?status=amended", `[]`, media).status(404)
		c.do("DELETE "+at, "").status(204)
		c.do("PATCH "+at, `[]`, media).status(410)
	})
}

// TestPatchInBundles: JSON Patch travels as a Binary, and references of the
// transaction lead where they should.
func TestPatchInBundles(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Patient/p", strings.Replace(fmt.Sprintf(person, "1", "male"), `"identifier"`, `"id":"p","identifier"`, 1)).status(201)
		patch := base64.StdEncoding.EncodeToString([]byte(`[{"op":"replace","path":"/gender","value":"female"}]`))
		entry := func(url string) string {
			return `{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"` + patch + `"},"request":{"method":"PATCH","url":"` + url + `"}}`
		}
		bundle := func(kind string, entries ...string) string {
			return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`
		}
		got := c.do("POST ", bundle("transaction", entry("Patient?identifier=urn:s|1"),
			`{"resource":{"resourceType":"Condition","subject":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}},"request":{"method":"POST","url":"Condition"}}`,
			`{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:s","value":"2"}]},"request":{"method":"PUT","url":"Patient?identifier=urn:s|2"}}`,
			`{"request":{"method":"DELETE","url":"Patient?identifier=urn:s|3"}}`)).status(200).doc()
		if ref := got.Get("entry", "1", "resource", "subject", "reference").String(); ref != "Patient/p" || got.Get("entry", "0", "resource", "gender").String() != "female" {
			t.Errorf("answered %s", got.Text())
		}
		var statuses []string
		for e := range got.Each("entry") {
			statuses = append(statuses, e.Get("response", "status").String()[:3])
		}
		if fmt.Sprint(statuses) != "[200 201 201 204]" {
			t.Errorf("statuses %v", statuses)
		}
		c.do("POST ", bundle("transaction", entry("Patient/p"), strings.Replace(entry("Patient?identifier=urn:s|1"), "1111-1111", "1111-2222", 1))).status(400).outcome("invalid", "store.commit.twice", "")
		c.do("POST ", bundle("transaction", entry("Patient/nobody"))).status(404).outcome("not-found", "store.not_found", "Bundle.entry[0]")
		if status := c.do("POST ", bundle("batch", entry("Patient/p"))).status(200).doc().Get("entry", "0", "response", "status").String(); status != "200 OK" {
			t.Errorf("in a batch: %s", status)
		}
		drop := `{"resource":{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.gender"}]}]},"request":{"method":"PATCH","url":"Patient/p"}}`
		if got := c.do("POST ", bundle("transaction", drop)).status(200).doc().Get("entry", "0", "resource"); got.Get("id").String() != "p" || got.Get("gender").Exists() {
			t.Errorf("patched by FHIRPath in a transaction: %s", got.Raw())
		}
	})
}

// TestManyAtOnce: 64 conditional creates, and 64 conditional updates, make
// exactly one resource each.
func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		const n = 64
		for _, how := range []struct{ line, header, number string }{
			{"POST /Patient", "If-None-Exist: identifier=urn:s|64&gender=male", "64"},
			{"PUT /Patient?identifier=urn:s|65&gender=male", "Prefer: return=representation", "65"},
		} {
			ids, created := map[string]bool{}, 0
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					r := c.do(how.line, fmt.Sprintf(person, how.number, "male"), how.header)
					mu.Lock()
					defer mu.Unlock()
					if r.StatusCode == 201 {
						created++
					} else if r.StatusCode != 200 {
						t.Errorf("%s: %d: %.300s", how.line, r.StatusCode, r.body)
						return
					}
					ids[r.doc().ID()] = true
				})
			}
			wg.Wait()
			if len(ids) != 1 || created != 1 {
				t.Errorf("%s: %d created, ids %v", how.line, created, ids)
			}
		}
	})
}

// TestHistories: of a type and of everything, paged, since and at.
func TestHistories(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for n := 1; n <= 3; n++ {
			c.do("PUT /Patient/a", fmt.Sprintf(`{"resourceType":"Patient","id":"a","multipleBirthInteger":%d}`, n))
			c.do("PUT /Group/g", fmt.Sprintf(`{"resourceType":"Group","id":"g","type":"person","actual":true,"quantity":%d}`, n))
		}
		c.do("DELETE /Patient/a", "").status(204)
		c.numbered(7)
		walk := func(next string) (seen []string, pages int) {
			for next != "" {
				page := c.do("GET "+next, "").status(200).doc()
				pages++
				for e := range page.Each("entry") {
					seen = append(seen, e.Get("request", "method").String()+" "+e.Get("request", "url").String()+" "+e.Get("response", "etag").String())
				}
				next = linkOf(page, "next")
			}
			return seen, pages
		}
		if got, pages := walk("/Patient/_history?_count=3"); fmt.Sprint(got) != `[DELETE Patient/a W/"4" PUT Patient/a W/"3" PUT Patient/a W/"2" PUT Patient/a W/"1"]` || pages != 2 {
			t.Errorf("of a type: %d pages, %q", pages, got)
		}
		all, _ := walk("/_history?_count=2")
		if len(all) != 7 || all[0] != `DELETE Patient/a W/"4"` || all[1] != `PUT Group/g W/"3"` {
			t.Errorf("of everything: %q", all)
		}
		third := c.do("GET /Group/g/_history/3", "").doc().LastUpdated()
		second := c.do("GET /Group/g/_history/2", "").doc().LastUpdated()
		stamp := func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }
		if got, _ := walk("/Group/_history?_since=" + stamp(third)); fmt.Sprint(got) != `[PUT Group/g W/"3"]` {
			t.Errorf("since the third: %q", got)
		}
		for _, path := range []string{"/Group/_history", "/Group/g/_history"} {
			for _, count := range []string{"", "&_count=1"} {
				if got, _ := walk(path + "?_at=" + stamp(second) + count); fmt.Sprint(got) != `[PUT Group/g W/"2"]` {
					t.Errorf("%s at the second%s: %q", path, count, got)
				}
			}
		}
		if got, _ := walk("/Group/g/_history?_at=1999"); got != nil {
			t.Errorf("at 1999: %q", got)
		}
		for _, path := range []string{"/Group/g/_history", "/Group/_history", "/_history"} {
			c.do("GET "+path+"?_list=1", "").status(400).outcome("not-supported", "fhirapi.history.param", "_list")
			c.do("GET "+path+"?_type=Group", "").status(200)
			c.do("GET "+path+"?_type=Group", "", "Prefer: handling=strict").status(400).outcome("invalid", "fhirapi.history.param", "_type")
			c.do("GET "+path+"?_count=1&_since=2020-01-01T00:00:00Z&_format=json&_pretty=true&_summary=true", "", "Prefer: handling=strict").status(200)
		}
		c.do("GET /_history?_at=never", "").status(400).outcome("invalid", "fhirapi.since", "_at")
		summary := c.do("GET /Group/_history?_elements=type", "").status(200).doc().Get("entry", "0", "resource")
		if summary.Get("quantity").Exists() || !strings.Contains(summary.Raw(), "SUBSETTED") {
			t.Errorf("elements of a history: %s", summary.Raw())
		}
	})
}

// TestViews: _summary and _elements on reads and searches.
func TestViews(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Patient/v", `{"resourceType":"Patient","id":"v","birthDate":"2000-01-01","photo":[{"title":"x"}],"gender":"male"}`).status(201)
		for path, want := range map[string][2]string{
			"/Patient/v?_summary=true":                 {`"birthDate"`, `"photo"`},
			"/Patient/v?_elements=photo":               {`"photo"`, `"birthDate"`},
			"/Patient/v/_history/1?_elements=gender":   {`"gender"`, `"photo"`},
			"/Patient?_summary=data&_elements=gender":  {`"gender"`, `"photo"`},
			"/Patient?_elements=gender":                {`_elements=gender`, `"photo"`},
			"/Patient/v?_summary=false":                {`"photo"`, "SUBSETTED"},
			"/Patient?_summary=count":                  {`"total":1`, `"entry"`},
			"/Patient?_count=0":                        {`"total":1`, `"entry"`},
			"/Patient/v?_pretty=true":                  {"\n  \"resourceType\"", "SUBSETTED"},
			"/Patient/v?_format=application/fhir+json": {`"photo"`, "SUBSETTED"},
		} {
			got := c.do("GET "+path, "").status(200).body
			if !strings.Contains(got, want[0]) || strings.Contains(got, want[1]) {
				t.Errorf("%s: %s", path, got)
			}
		}
	})
}

// TestEncodings: gzip in requests, bounded; versions and charsets we do not
// speak are refused.
func TestEncodings(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		zipped := func(text string) string {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write([]byte(text))
			_ = z.Close()
			return b.String()
		}
		const enc = "Content-Encoding: gzip"
		c.do("POST /Patient", zipped(patient), enc).status(201)
		c.do("POST /Patient", patient, enc).status(400).outcome("structure", "fhirapi.body.broken", "")
		c.do("POST /Patient", zipped(patient)[:40], enc).status(400).outcome("structure", "fhirapi.body.broken", "")
		c.do("POST /Patient", zipped(`{"resourceType":"`+strings.Repeat("x", maxBody)+`"}`), enc).status(413).outcome("too-long", "fhirapi.body.large", "")
		c.do("POST /Patient", patient, "Content-Encoding: br").status(415).outcome("not-supported", "fhirapi.encoding", "")
		c.do("POST /Patient", patient, "Content-Type: application/fhir+json; fhirVersion=5.0").status(415)
		c.do("POST /Patient", patient, "Content-Type: application/fhir+json; charset=latin1").status(415)
		c.do("POST /Patient", patient, "Content-Type: application/fhir+json; fhirVersion=4.0; charset=UTF-8").status(201)
		c.do("GET /Patient", "", "Accept: application/fhir+json; fhirVersion=3.0").status(406)
		posted := c.do("POST /Patient/_search", zipped("_count=1"), enc, "Content-Type: application/x-www-form-urlencoded").status(200).doc()
		if len(ids(posted)) != 1 {
			t.Errorf("a zipped search: %s", posted.Text())
		}
	})
}
