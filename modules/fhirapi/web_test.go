// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/web"
)

// tokens is a Sessions with two good tokens.
type tokens struct{}

func (tokens) Resolve(r *http.Request) (web.Session, error) {
	switch r.Header.Get("Authorization") {
	case "":
		return web.Session{}, nil
	case "Bearer all":
		return web.Session{Actor: storetest.System()}, nil
	case "Bearer app": // asks as fast as it can
		a := storetest.System()
		a.Scopes = []string{"system/*.cruds"}
		return web.Session{Actor: a}, nil
	case "Bearer locked":
		return web.Session{Actor: storetest.System(), Locked: true}, nil
	}
	return web.Session{}, issue.New(issue.Login, "fhirapi.token.missing")
}

// client talks to a server over a fresh store.
type client struct {
	t *testing.T
	h http.Handler
	m *Module
	s *store.Store
}

// numbered waits until the log has n lines: on PostgreSQL that follows a commit.
func (c client) numbered(n int64) {
	c.t.Helper()
	for range 500 {
		if last, err := c.s.Last(c.t.Context()); err != nil {
			c.t.Fatal(err)
		} else if last >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.t.Fatalf("the log does not reach %d", n)
}

func each(t *testing.T, test func(t *testing.T, c client)) {
	t.Helper()
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		mux := web.New(web.Options{Catalogue: cat, Sessions: tokens{}, Log: quiet(), AppRate: 1 << 20})
		m := New(s, quiet(), time.Unix(0, 0))
		m.Routes(mux)
		test(t, client{t, mux, m, s})
	})
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// reply is what came back.
type reply struct {
	*http.Response
	t    *testing.T
	body string
}

// do sends "METHOD path" with headers "Name: value".
func (c client) do(line, body string, headers ...string) reply {
	c.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, "http://mach.test/fhir"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer all")
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(name, value); value == "" {
			r.Header.Del(name)
		}
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{w.Result(), c.t, string(b)}
}

func (r reply) status(want int) reply {
	r.t.Helper()
	if r.StatusCode != want {
		r.t.Fatalf("status %d, want %d: %.600s", r.StatusCode, want, r.body)
	}
	return r
}

func (r reply) doc() *fhir.Doc {
	r.t.Helper()
	if ct := r.Header.Get("Content-Type"); ct != "application/fhir+json; charset=utf-8" {
		r.t.Fatalf("content type %q: %.200s", ct, r.body)
	}
	d, err := fhir.Parse([]byte(r.body))
	if err != nil {
		r.t.Fatalf("%v: %.400s", err, r.body)
	}
	if d.Type() == "Bundle" || d.Type() == "OperationOutcome" || d.Type() == "CapabilityStatement" {
		for _, is := range fhir.Validate(d) {
			r.t.Errorf("our own %s is not valid: %v", d.Type(), is)
		}
	}
	return d
}

// outcome checks the code, the rule and the path of the first issue.
func (r reply) outcome(code, rule, path string) reply {
	r.t.Helper()
	first := r.doc().Get("issue", "0")
	if got := first.Get("code").String(); got != code {
		r.t.Errorf("issue code %q, want %q", got, code)
	}
	if got := first.Get("details", "coding", "code").String(); rule != "" && got != rule {
		r.t.Errorf("rule %q, want %q", got, rule)
	}
	if got := first.Get("expression", "0").String(); path != "" && got != path {
		r.t.Errorf("path %q, want %q", got, path)
	}
	if text := first.Get("details", "text").String(); text == "" || strings.Contains(text, "⟦") {
		r.t.Errorf("no words for %q: %q", rule, text)
	}
	return r
}

func ids(d *fhir.Doc) []string {
	var all []string
	for e := range d.Each("entry") {
		if e.Get("search", "mode").String() == "match" {
			all = append(all, e.Get("resource", "id").String())
		}
	}
	return all
}

const patient = `{"resourceType": "Patient", "id": "mine", "name": [{"family": "Nguyễn"}],  "multipleBirthInteger": 2}`

// TestLife follows one resource from creation to deletion.
func TestLife(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		made := c.do("POST /Patient", patient).status(201)
		doc := made.doc()
		id := doc.ID()
		if id == "mine" || id == "" {
			t.Fatalf("a create keeps the client's id: %q", id)
		}
		if got, want := made.Header.Get("Location"), "http://mach.test/fhir/Patient/"+id+"/_history/1"; got != want {
			t.Errorf("Location %q, want %q", got, want)
		}
		if made.Header.Get("ETag") != `W/"1"` || made.Header.Get("Last-Modified") == "" {
			t.Errorf("headers %v", made.Header)
		}
		read := c.do("GET /Patient/"+id, "").status(200)
		if read.body != made.body || !strings.Contains(read.body, `"multipleBirthInteger":2`) {
			t.Errorf("read %s, created %s", read.body, made.body)
		}
		c.do("GET /Patient/"+id, "", `If-None-Match: W/"1"`).status(304)
		c.do("GET /Patient/"+id, "", "If-Modified-Since: "+read.Header.Get("Last-Modified")).status(304)
		if c.do("HEAD /Patient/"+id, "").status(200).body != "" {
			t.Error("HEAD has a body")
		}
		next := strings.Replace(doc.Text(), "Nguyễn", "Trần", 1)
		c.do("PUT /Patient/"+id, next, `If-Match: W/"7"`).status(412).outcome("conflict", "store.version.stale", "")
		c.do("PUT /Patient/"+id, next, `If-Match: nonsense`).status(412)
		if got := c.do("PUT /Patient/"+id, next, `If-Match: W/"1"`).status(200).doc(); got.VersionID() != "2" {
			t.Errorf("version %s", got.VersionID())
		}
		c.do("PUT /Patient/"+id, next, `If-Match: W/"1"`).status(412)
		if got := c.do("PUT /Patient/"+id, next).status(200).doc(); got.VersionID() != "2" {
			t.Errorf("the same content made version %s", got.VersionID())
		}
		if got := c.do("GET /Patient/"+id+"/_history/1", "").status(200); got.body != made.body {
			t.Errorf("version 1: %s", got.body)
		}
		c.do("GET /Patient/"+id+"/_history/9", "").status(404).outcome("not-found", "store.not_found", "")
		c.do("DELETE /Patient/"+id, "").status(204)
		c.do("GET /Patient/"+id, "").status(410).outcome("deleted", "store.deleted", "")
		history := c.do("GET /Patient/"+id+"/_history", "").status(200).doc()
		var methods []string
		for e := range history.Each("entry") {
			methods = append(methods, e.Get("request", "method").String()+" "+e.Get("response", "etag").String())
		}
		if want := []string{`DELETE W/"3"`, `PUT W/"2"`, `POST W/"1"`}; !slices.Equal(methods, want) {
			t.Errorf("history %q, want %q", methods, want)
		}
		if n := history.Get("total").Raw(); n != "3" {
			t.Errorf("a history of %s versions, not 3", n)
		}
		for _, path := range []string{"/Patient/" + id, "/Patient", ""} {
			none := c.do("GET "+path+"/_history?_count=0", "").status(200).doc()
			for range 100 { // PostgreSQL numbers the log after the commit
				if none.Get("total").Raw() == "3" {
					break
				}
				time.Sleep(20 * time.Millisecond)
				none = c.do("GET "+path+"/_history?_count=0", "").status(200).doc()
			}
			if none.Get("total").Raw() != "3" || none.Get("entry").Exists() {
				t.Errorf("%s: no entries of %s", path, none.Text())
			}
		}
		c.do("GET /Patient/never", "").status(404)
		c.do("DELETE /Patient/never", "").status(404)
	})
}

func TestPutMayCreate(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Patient/mine", patient).status(201)
		c.do("PUT /Patient/other", patient).status(400).outcome("invalid", "fhirapi.id.other", "Patient.id")
		c.do("PUT /Patient/mine", `{"resourceType":"Group","id":"mine"}`).status(400).outcome("invalid", "fhirapi.type.other", "resourceType")
		minimal := c.do("PUT /Patient/mine", strings.Replace(patient, "2", "3", 1), "Prefer: return=minimal").status(200)
		if minimal.body != "" || minimal.Header.Get("ETag") != `W/"2"` {
			t.Errorf("minimal: %q, %v", minimal.body, minimal.Header)
		}
		c.do("PUT /Patient/mine", patient, "Prefer: return=OperationOutcome").status(200).outcome("informational", "fhirapi.ok", "")
	})
}

func TestConditionalCreate(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		one := `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":"1"}]}`
		first := c.do("POST /Patient", one, "If-None-Exist: identifier=urn:s|1").status(201).doc()
		again := c.do("POST /Patient", one, "If-None-Exist: Patient?identifier=urn:s%7C1").status(200).doc()
		if first.ID() != again.ID() {
			t.Errorf("created twice: %s, %s", first.ID(), again.ID())
		}
		c.do("POST /Patient", one).status(201)
		c.do("POST /Patient", one, "If-None-Exist: identifier=urn:s|1").status(412).outcome("multiple-matches", "", "")
		c.do("POST /Patient", one, "If-None-Exist: nonsense=1").status(400).outcome("invalid", "search.param.unknown", "")
	})
}

// TestRefusals: a clear error for whatever comes, and nothing left behind.
func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for _, r := range []struct {
			line, body string
			headers    []string
			status     int
			code, rule string
			path       string
		}{
			{line: "GET /Patient/1", headers: []string{"Authorization: "}, status: 401, code: "login", rule: "fhirapi.token.missing"},
			{line: "GET /Patient/1", headers: []string{"Authorization: Bearer forged"}, status: 401, code: "login"},
			{line: "GET /Patient/1", headers: []string{"Authorization: Bearer locked"}, status: 401, code: "login"},
			{line: "GET /Nonsense/1", status: 404, code: "not-supported", rule: "search.type.unknown"},
			{line: "GET /Patient/1/nonsense", status: 404, code: "not-supported", rule: "fhirapi.path.unknown"},
			{line: "GET /Patient/$nonsense", status: 404, code: "not-supported"},
			{line: "PATCH /Patient/1", body: "x", headers: []string{"Content-Type: text/plain"}, status: 415, code: "not-supported", rule: "fhirapi.patch.media"},
			{line: "DELETE /metadata", status: 405, code: "not-supported", rule: "fhirapi.method"},
			{line: "DELETE /Patient", status: 400, code: "invalid", rule: "search.query.empty"},
			{line: "DELETE /Patient?_count=1&gender=male", status: 400, code: "invalid", rule: "fhirapi.condition.param", path: "_count"},
			{line: "GET /Patient/1?_summary=all", status: 400, code: "invalid", rule: "fhirapi.summary", path: "_summary"},
			{line: "POST /metadata", status: 405, code: "not-supported"},
			{line: "GET /Patient/1", headers: []string{"Accept: application/fhir+xml"}, status: 406, code: "not-supported"},
			{line: "GET /Patient/1?_format=xml", status: 406, code: "not-supported"},
			{line: "POST /Patient", body: "<Patient/>", headers: []string{"Content-Type: application/fhir+xml"}, status: 415, code: "not-supported"},
			{line: "POST /Patient", body: `{"resourceType":"Patient",`, status: 400, code: "structure"},
			{line: "POST /Patient", body: `[]`, status: 400, code: "structure"},
			{line: "POST /Patient", body: `{"resourceType":"Patient","gender":1}`, code: "structure", path: "Patient.gender"},
			{line: "POST /Patient", body: `{"resourceType":"Patient","nonsense":1}`, code: "structure", path: "Patient.nonsense"},
			{line: "POST /Patient", body: `{"resourceType":"Patient","gender":"x"}`, code: "code-invalid", path: "Patient.gender"},
			{line: "POST /Observation", body: `{"resourceType":"Observation"}`, code: "required"},
			{line: "POST /Observation", body: patient, status: 400, code: "invalid", rule: "fhirapi.type.other"},
			{line: "POST /Patient", body: `{"resourceType":"Patient","text":"` + strings.Repeat("x", maxBody) + `"}`, status: 413, code: "too-long", rule: "fhirapi.body.large"},
			{line: "PUT /Patient/a_b", body: `{"resourceType":"Patient","id":"a_b"}`, status: 400, code: "invalid", rule: "fhirapi.id.form"},
			{line: "GET /Patient?birthdate=yesterday", status: 400, code: "invalid", rule: "search.value.date", path: "birthdate"},
			{line: "GET /Patient?name=%zz", status: 400, code: "invalid", rule: "search.query.malformed"},
			{line: "GET /Patient?nonsense=1", headers: []string{"Prefer: handling=strict"}, status: 400, code: "invalid", rule: "search.param.unknown"},
			{line: "GET /Patient?_cursor=AAAA", status: 400, code: "invalid", rule: "search.cursor.invalid"},
			{line: "POST ", body: `{"resourceType":"Bundle","type":"collection"}`, status: 400, code: "invalid", rule: "fhirapi.bundle.type"},
		} {
			got := c.do(r.line, r.body, r.headers...)
			if r.status == 0 && got.StatusCode/100 == 4 {
				r.status = got.StatusCode
			}
			t.Run(fmt.Sprintf("%s %.20s", r.line, r.body), func(t *testing.T) {
				got.t = t
				got.status(r.status).outcome(r.code, r.rule, r.path)
				if got.StatusCode == 401 && got.Header.Get("WWW-Authenticate") != `Bearer realm="Mach FHIR"` { // a header is ASCII
					t.Errorf("WWW-Authenticate: %s", got.Header.Get("WWW-Authenticate"))
				}
			})
		}
		if n := c.do("GET /Patient?_summary=count", "").status(200).doc().Get("total").Int(); n != 0 {
			t.Errorf("%d patients were left behind", n)
		}
	})
}

// TestLanguages: the outcome speaks the reader's language.
func TestLanguages(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		vi := c.do("GET /Patient/1", "", "Accept-Language: vi").status(404).body
		en := c.do("GET /Patient/1", "", "Accept-Language: en").status(404).body
		if vi == en || !strings.Contains(vi, "Không") {
			t.Errorf("vi %s\nen %s", vi, en)
		}
	})
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for i := range 5 {
			c.do(fmt.Sprintf("PUT /Patient/p%d", i), fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","name":[{"family":"Đặng %d"}],"birthDate":"200%d-01-01"}`, i, i, i)).status(201)
			c.do(fmt.Sprintf("PUT /Condition/c%d", i), fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","subject":{"reference":"Patient/p%d"},"code":{"coding":[{"code":"A90"}]}}`, i, i)).status(201)
		}
		page := c.do("GET /Patient?family=dang&_sort=-birthdate&_count=2&nonsense=1&_total=accurate", "").status(200).doc()
		if got := ids(page); !slices.Equal(got, []string{"p4", "p3"}) || page.Get("total").Int() != 5 {
			t.Errorf("page %v, total %d", got, page.Get("total").Int())
		}
		links := map[string]string{}
		for l := range page.Each("link") {
			links[l.Get("relation").String()] = strings.TrimPrefix(l.Get("url").String(), "http://mach.test/fhir")
		}
		if strings.Contains(links["self"], "nonsense") || !strings.Contains(page.Text(), `"mode":"outcome"`) {
			t.Errorf("an ignored parameter is not reported: %s", page.Text())
		}
		if got := ids(c.do("GET "+links["next"], "").status(200).doc()); !slices.Equal(got, []string{"p2", "p1"}) {
			t.Errorf("second page %v", got)
		}
		posted := c.do("POST /Condition/_search?_include=Condition:subject", "code=A90&patient=p1", "Content-Type: application/x-www-form-urlencoded").status(200).doc()
		if got := ids(posted); !slices.Equal(got, []string{"c1"}) || !strings.Contains(posted.Text(), `"mode":"include"`) {
			t.Errorf("posted search %v: %s", got, posted.Text())
		}
	})
}

// TestTransaction: references between entries lead to what was written; one
// bad entry writes nothing; the error counts entries.
func TestTransaction(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		good := `{"resourceType":"Bundle","type":"transaction","entry":[
			{"request":{"method":"GET","url":"Patient?identifier=urn:s|7"}},
			{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Patient","id":"ignored","identifier":[{"system":"urn:s","value":"7"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:s|7"}},
			{"resource":{"resourceType":"Condition","subject":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}},"request":{"method":"POST","url":"Condition"}},
			{"resource":{"resourceType":"Group","id":"g","type":"person","actual":true},"request":{"method":"PUT","url":"Group/g"}}]}`
		answer := c.do("POST ", good).status(200).doc()
		var got []string
		for e := range answer.Each("entry") {
			got = append(got, e.Get("response", "status").String()+" "+e.Get("resource", "resourceType").String())
		}
		if want := []string{"200 OK Bundle", "201 Created Patient", "201 Created Condition", "201 Created Group"}; !slices.Equal(got, want) {
			t.Errorf("answers %q, want %q", got, want)
		}
		patient := answer.Get("entry", "1", "resource", "id").String()
		if ref := answer.Get("entry", "2", "resource", "subject", "reference").String(); ref != "Patient/"+patient || patient == "ignored" {
			t.Errorf("the condition refers to %q, the patient is %q", ref, patient)
		}
		if first := answer.Get("entry", "0", "resource", "entry", "0", "resource", "id").String(); first != patient {
			t.Errorf("a GET in a transaction sees %q, not what it wrote", first)
		}
		again := c.do("POST ", good, "Prefer: return=minimal").status(200).doc()
		if s := again.Get("entry", "1", "response", "status").String(); s != "200 OK" || again.Get("entry", "1", "resource").Exists() {
			t.Errorf("again: %s", again.Text())
		}
		before := c.do("GET /Patient?_summary=count", "").doc().Get("total").Int()
		twice := strings.Replace(good, `{"resource":{"resourceType":"Condition"`, `{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Condition"`, 1)
		c.do("POST ", twice).status(422).outcome("invariant", "invariant.bdl-7", "Bundle.entry[2].fullUrl")
		bad := strings.Replace(strings.ReplaceAll(good, "s|7", "s|8"), `"type":"person"`, `"type":"nonsense"`, 1)
		c.do("POST ", bad).outcome("code-invalid", "", "Bundle.entry[3].resource.type")
		if after := c.do("GET /Patient?_summary=count", "").doc().Get("total").Int(); after != before {
			t.Errorf("a refused transaction wrote %d patients", after-before)
		}
		// A read that fails undoes no write, and hides none.
		done := c.do("POST ", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"GET","url":"Group/g"}},{"request":{"method":"DELETE","url":"Group/g"}}]}`).status(200).doc()
		if read, wrote := done.Get("entry", "0", "response"), done.Get("entry", "1", "response"); read.Get("status").String() != "410 Gone" ||
			read.Get("outcome", "issue", "0", "expression", "0").String() != "Bundle.entry[0]" || wrote.Get("status").String() != "204 No Content" {
			t.Errorf("a read of what it deletes: %s", done.Text())
		}
	})
}

// TestConditionalReference: a reference by identifier leads to the one resource
// that has it; what else it asks, or asks of nobody or many, is refused.
func TestConditionalReference(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		send := func(query string) reply {
			return c.do("POST ", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Condition","subject":{"reference":"Patient?`+query+`"}},"request":{"method":"POST","url":"Condition"}}]}`)
		}
		one := `{"resourceType":"Patient","id":"%s","name":[{"family":"An"}],"identifier":[{"system":"urn:s","value":"1"}]}`
		send("identifier=urn:s|1").status(412).outcome("conflict", "store.reference.none", "")
		c.do("PUT /Patient/p", fmt.Sprintf(one, "p")).status(201)
		if ref := send("identifier=urn:s|1").status(200).doc().Get("entry", "0", "resource", "subject", "reference").String(); ref != "Patient/p" {
			t.Errorf("it leads to %q", ref)
		}
		send("name=An").status(200)
		send("").status(422).outcome("value", "fhir.reference.form", "Bundle.entry[0].resource.subject.reference")
		c.do("PUT /Patient/q", fmt.Sprintf(one, "q")).status(201)
		send("identifier=urn:s|1").status(412).outcome("multiple-matches", "store.reference.many", "")
	})
}

func TestBatch(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		answer := c.do("POST ", `{"resourceType":"Bundle","type":"batch","entry":[
			{"resource":{"resourceType":"Patient","id":"b"},"request":{"method":"PUT","url":"Patient/b"}},
			{"resource":{"resourceType":"Patient","gender":"x"},"request":{"method":"POST","url":"Patient"}},
			{"request":{"method":"GET","url":"Patient/none"}},
			{"request":{"method":"GET"}},
			{"request":{"method":"PATCH","url":"Patient/b"}},
			{"request":{"method":"GET","url":"Patient/b"}},
			{"request":{"method":"DELETE","url":"Patient/b"}}]}`).status(200).doc()
		var got []string
		for e := range answer.Each("entry") {
			got = append(got, e.Get("response", "status").String()[:3]+" "+e.Get("response", "outcome", "issue", "0", "expression", "0").String())
		}
		want := []string{"201 ", "422 Bundle.entry[1].resource.gender", "404 Bundle.entry[2]", "422 Bundle.entry[3].request", "415 Bundle.entry[4]", "200 ", "204 "}
		if !slices.Equal(got, want) {
			t.Errorf("answers %q, want %q", got, want)
		}
	})
}

// TestCapability: what the statement says is what the router does.
func TestCapability(t *testing.T) {
	// What none lacks is asked for with a value.
	plain := map[string]string{"_id": "x", "_lastUpdated": "ge2026-01-01", "_list": "x", "_text": "x", "_content": "x"}
	each(t, func(t *testing.T, c client) {
		d := c.do("GET /metadata", "", "Authorization: ").status(200).doc()
		n := 0
		for r := range d.Get("rest", "0").Each("resource") {
			n++
			typ := r.Get("type").String()
			for p := range r.Each("searchParam") {
				if typ != "Observation" && typ != "Patient" {
					continue
				}
				name := p.Get("name").String()
				question := name + ":missing=true"
				if value := plain[name]; value != "" {
					question = name + "=" + value
				}
				if got := c.do("GET /"+typ+"?"+question+"&_count=1", "", "Prefer: handling=strict"); got.StatusCode != 200 {
					t.Errorf("%s?%s is in the statement: %s", typ, name, got.body)
				}
			}
		}
		if n != len(fhir.Types()) || n < 140 {
			t.Errorf("%d types", n)
		}
		shapes := map[string]string{"read": "GET /Group/x", "vread": "GET /Group/x/_history/1", "update": "PUT /Group/x", "delete": "DELETE /Group/x",
			"history-instance": "GET /Group/x/_history", "create": "POST /Group", "search-type": "GET /Group", "patch": "PATCH /Group/x", "history-type": "GET /Group/_history",
			"history-system": "GET /_history", "search-system": "GET /?_type=Group", "transaction": "POST ", "batch": "POST "}
		for _, code := range append(slices.Clone(interactions), systemActions...) {
			if got := c.do(shapes[code], ""); shapes[code] == "" || got.StatusCode == 405 || strings.Contains(got.body, "fhirapi.path.unknown") {
				t.Errorf("%s is in the statement, but %q says %d", code, shapes[code], got.StatusCode)
			}
		}
	})
}
