// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/store"
	"mach/store/storetest"
	"mach/web"
)

// jobs remembers what it was asked.
type jobs struct{ asked string }

func (j *jobs) Export(_ context.Context, _ store.Door, _, level string, params [][2]string, lenient bool) (string, error) {
	j.asked = "export " + level
	if lenient {
		j.asked = "lenient " + j.asked
	}
	for _, p := range params {
		j.asked += " " + p[0] + "=" + p[1]
	}
	return "7", nil
}

func (j *jobs) Import(_ context.Context, _ store.Door, _, _ string, body io.Reader) (string, error) {
	b, err := io.ReadAll(body)
	j.asked = "import " + string(b)
	return "7", err
}

func (j *jobs) ImportFrom(_ context.Context, _ store.Door, _, _ string, urls []string) (string, error) {
	j.asked = "import from " + strings.Join(urls, " ")
	return "7", nil
}

// TestBulk: $export and $import are jobs: what is asked reaches them, the
// answer says where to go on; who would wait is refused.
func TestBulk(t *testing.T) {
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	var j jobs
	mux := web.New(web.Options{Catalogue: cat, Sessions: tokens{}, Log: quiet()})
	m := New(storetest.New(t), quiet(), time.Unix(0, 0))
	m.ServeBulk(&j, "/fhir/$bulk")
	m.Routes(mux)
	for _, c := range []struct{ line, media, body, asked string }{
		{"GET /$export?_type=Patient&_since=2026-01-01T00:00:00Z", "", "", "export  _type=Patient _since=2026-01-01T00:00:00Z"},
		{"GET /Patient/$export", "", "", "export Patient"},
		{"GET /Group/g/$export", "", "", "export Group/g"},
		{"POST /Patient/$export", jsonType, `{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient"},{"name":"patient","valueReference":{"reference":"Patient/1"}}]}`, "export Patient _type=Patient patient=Patient/1"},
		{"POST /$import", "application/fhir+ndjson", "{}\n{}\n", "import {}\n{}\n"},
		{"POST /$import", jsonType, `{"resourceType":"Parameters","parameter":[{"name":"input","part":[{"name":"url","valueUrl":"https://a.example/1"}]}]}`, "import from https://a.example/1"},
	} {
		method, path, _ := strings.Cut(c.line, " ")
		for _, async := range []bool{true, false} {
			j.asked = ""
			r := httptest.NewRequest(method, "http://mach.test/fhir"+path, strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer all")
			if c.media != "" {
				r.Header.Set("Content-Type", c.media)
			}
			if async {
				r.Header.Set("Prefer", "respond-async")
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if async && (w.Code != 202 || j.asked != c.asked || w.Header().Get("Content-Location") != "http://mach.test/fhir/$bulk/7") {
				t.Errorf("%s: %d, asked %q, go on at %q: %s", c.line, w.Code, j.asked, w.Header().Get("Content-Location"), w.Body)
			}
			if r.Header.Set("Prefer", "respond-async, handling=lenient"); async && strings.HasPrefix(c.asked, "export") && c.body == "" {
				w = httptest.NewRecorder()
				if mux.ServeHTTP(w, r); j.asked != "lenient "+c.asked {
					t.Errorf("%s: asked %q", c.line, j.asked)
				}
				continue
			}
			if !async && (w.Code/100 != 4 || j.asked != "") {
				t.Errorf("%s without Prefer: %d, asked %q", c.line, w.Code, j.asked)
			}
		}
	}
}
