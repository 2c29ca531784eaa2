// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func TestSet(t *testing.T) {
	s := of(fstest.MapFS{
		"manifest.json":     {Data: []byte(`{"app.css":"app.1234.css","f.woff2":"f.9.woff2"}`)},
		"app.1234.css":      {Data: []byte("p{}")},
		"app.1234.css.gz":   {Data: []byte("zipped")},
		"f.9.woff2":         {Data: []byte("font")},
		"secret.css":        {Data: []byte("x")},
		".gitignore":        {Data: []byte("*")},
		"app.1234.css.copy": {Data: []byte("x")},
	})
	if !s.Built() || s.URL("app.css") != "/static/app.1234.css" || s.URL("none.js") != "/static/none.js" {
		t.Errorf("urls %s %s", s.URL("app.css"), s.URL("none.js"))
	}
	cases := []struct {
		path, accept, body, encoding, kind string
		status                             int
	}{
		{"/static/app.1234.css", "gzip, br", "zipped", "gzip", "text/css; charset=utf-8", 200},
		{"/static/app.1234.css", "", "p{}", "", "text/css; charset=utf-8", 200},
		{"/static/f.9.woff2", "gzip", "font", "", "font/woff2", 200},
		{"/static/manifest.json", "", "404 page not found\n", "", "text/plain; charset=utf-8", 404},
		{"/static/.gitignore", "", "404 page not found\n", "", "text/plain; charset=utf-8", 404},
		{"/static/secret.css", "", "404 page not found\n", "", "text/plain; charset=utf-8", 404},
		{"/static/../secret.css", "", "404 page not found\n", "", "text/plain; charset=utf-8", 404},
	}
	for _, c := range cases {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		h := w.Header()
		if w.Code != c.status || w.Body.String() != c.body || h.Get("Content-Encoding") != c.encoding || h.Get("Content-Type") != c.kind {
			t.Errorf("%s: %d %q %v", c.path, w.Code, w.Body, h)
		}
		if c.status == 200 && h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s may not be kept: %q", c.path, h.Get("Cache-Control"))
		}
	}
}

// A binary built before "make assets" still serves its pages.
func TestUnbuilt(t *testing.T) {
	s := of(fstest.MapFS{".gitignore": {Data: []byte("*")}})
	if s.Built() || s.URL("app.css") != "/static/app.css" {
		t.Errorf("built %v, %s", s.Built(), s.URL("app.css"))
	}
}
