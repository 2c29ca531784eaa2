// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"mach/content"
	"mach/store"
	"mach/web"
)

// always is somebody who is signed in, whatever the request says.
type always struct{}

func (always) Resolve(*http.Request) (web.Session, error) {
	return web.Session{Actor: store.Actor{Account: "somebody", Role: store.Nurse}}, nil
}

// TestOtherOrigins: only pages of origins that are known read answers, only of
// mounts and services, and never with cookies. A service is posted to from
// anywhere and knows no session; a page is not.
func TestOtherOrigins(t *testing.T) {
	who := ""
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	m := web.New(web.Options{Catalogue: cat, Sessions: always{}, Origin: func(_ context.Context, origin string) bool { return origin == "https://app.example.vn" }})
	see := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who = web.Actor(r).Account
		w.WriteHeader(http.StatusNoContent)
	})
	fail := func(w http.ResponseWriter, _ *http.Request, err error) { http.Error(w, err.Error(), http.StatusTeapot) }
	m.Mount("/fhir", see, fail)
	m.Service("/smart/token", see, fail)
	m.Post("/form", web.Public, func(w http.ResponseWriter, r *http.Request) error { see(w, r); return nil })
	for _, c := range []struct {
		method, path, origin string
		shared               bool
		status               int
	}{
		{"OPTIONS", "/fhir/Patient", "https://app.example.vn", true, http.StatusNoContent},
		{"GET", "/fhir/Patient", "https://app.example.vn", true, http.StatusNoContent},
		{"GET", "/fhir/Patient", "https://evil.example", false, http.StatusNoContent},
		{"GET", "/fhir/Patient", "https://app.example.vn.evil.example", false, http.StatusNoContent},
		{"GET", "/fhir/Patient", "null", false, http.StatusNoContent},
		{"POST", "/fhir/Patient", "https://app.example.vn", false, http.StatusForbidden},
		{"POST", "/smart/token", "https://app.example.vn", true, http.StatusNoContent},
		{"POST", "/smart/token", "https://evil.example", false, http.StatusNoContent},
		{"POST", "/form", "https://app.example.vn", false, http.StatusForbidden},
	} {
		r := httptest.NewRequest(c.method, "https://mach.example.vn"+c.path, nil)
		r.Header.Set("Origin", c.origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if c.method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "GET")
		}
		got := httptest.NewRecorder()
		who = "nobody asked"
		m.ServeHTTP(got, r)
		h := got.Header()
		if got.Code != c.status || (h.Get("Access-Control-Allow-Origin") == c.origin) != c.shared || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s from %s: %d, %v", c.method, c.path, c.origin, got.Code, h)
		}
		if c.path == "/fhir/Patient" && c.method == "GET" && who != "somebody" {
			t.Errorf("a mount knows %q", who)
		}
		if c.path == "/smart/token" && who != "" {
			t.Errorf("a service knows %q", who)
		}
	}
}
