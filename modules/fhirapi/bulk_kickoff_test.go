// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/web"
)

// refusing is a BulkJobs that finds a parameter wrong.
type refusing struct {
	jobs
	err error
}

func (r *refusing) Export(context.Context, store.Door, string, string, [][2]string, bool) (string, error) {
	return "", r.err
}

// TestKickOff: what is wrong with the request for a job is a 400.
func TestKickOff(t *testing.T) {
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	r := &refusing{}
	mux := web.New(web.Options{Catalogue: cat, Sessions: tokens{}, Log: quiet()})
	m := New(storetest.New(t), quiet(), time.Unix(0, 0))
	m.ServeBulk(r, "/fhir/$bulk")
	m.Routes(mux)
	for _, c := range []struct {
		err    error
		prefer string
		status int
		path   string
	}{
		{nil, "", 400, "Prefer"},
		{nil, "return=minimal", 400, "Prefer"},
		{issue.New(issue.Value, "fhirapi.since", "x").At("_since"), "respond-async", 400, "_since"},
		{issue.New(issue.Invalid, "search.type.unknown", "x").At("_type"), "respond-async", 400, "_type"},
		{issue.New(issue.NotSupported, "bulk.format", "x").At("_outputFormat"), "respond-async", 400, "_outputFormat"},
		{issue.New(issue.Forbidden, "bulk.forbidden"), "respond-async", 403, ""},
	} {
		r.err = c.err
		asked := httptest.NewRequest("GET", "http://mach.test/fhir/$export", nil)
		asked.Header.Set("Authorization", "Bearer all")
		asked.Header.Set("Prefer", c.prefer)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, asked)
		doc, err := fhir.Parse(w.Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got := doc.Get("issue", "0", "expression", "0").String(); w.Code != c.status || got != c.path {
			t.Errorf("Prefer %q, %v: %d at %q", c.prefer, c.err, w.Code, got)
		}
	}
}
