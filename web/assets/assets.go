// SPDX-License-Identifier: Apache-2.0

// Package assets holds the bundled styles, scripts, fonts and icons.
//
// dist is made by "make assets" (go run -C tools ./assets) and not committed;
// its .gitignore is, so that a bare "go build" works. Names carry a hash of
// their content, so browsers keep them for a year.
//
//	set := assets.Open()
//	set.URL("app.css") // "/static/app.4f2a91c0.css"
package assets

import (
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// Prefix is the path under which files are served.
const Prefix = "/static/"

// Set is the bundled files. It is immutable and safe for concurrent use.
type Set struct {
	files fs.FS
	names map[string]string // plain name → hashed name
	plain map[string]string // hashed name → plain name
}

// Open returns the files compiled into this binary.
var Open = sync.OnceValue(func() *Set {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("assets: impossible: " + err.Error())
	}
	return of(files)
})

func of(files fs.FS) *Set {
	s := &Set{files: files, names: map[string]string{}, plain: map[string]string{}}
	if b, err := fs.ReadFile(files, "manifest.json"); err == nil {
		_ = json.Unmarshal(b, &s.names) // a broken manifest is an absent one
	}
	for plain, hashed := range s.names {
		s.plain[hashed] = plain
	}
	return s
}

// Built reports whether "make assets" has run before this binary was built.
func (s *Set) Built() bool { return len(s.names) > 0 }

// URL returns where name is served; a path that does not exist when the files
// were not built.
func (s *Set) URL(name string) string {
	if hashed, ok := s.names[name]; ok {
		return Prefix + hashed
	}
	return Prefix + name
}

// URLs returns where every file is served, for the service worker.
func (s *Set) URLs() []string {
	var out []string
	for _, hashed := range s.names {
		out = append(out, Prefix+hashed)
	}
	return out
}

// ServeHTTP serves hashed files for a year, compressed where a compressed
// copy was built.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, Prefix)
	if _, ok := s.plain[name]; !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", kind(name))
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if b, err := fs.ReadFile(s.files, name+".gz"); err == nil {
			h.Set("Content-Encoding", "gzip")
			h.Set("Vary", "Accept-Encoding")
			_, _ = w.Write(b)
			return
		}
	}
	b, err := fs.ReadFile(s.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(b)
}

// Read returns the content of a file by its plain name.
func (s *Set) Read(name string) ([]byte, error) {
	if hashed, ok := s.names[name]; ok {
		name = hashed
	}
	return fs.ReadFile(s.files, name)
}

func kind(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".svg":
		return "image/svg+xml"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}
