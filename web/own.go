// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"mach/issue"
	"mach/web/assets"
)

// own registers the kit's own routes. Static files need no session and stay
// out of the route list.
func (m *Mux) own() {
	m.mux.Handle("GET "+assets.Prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visitOf(r.Context()).pattern = assets.Prefix
		m.assets.ServeHTTP(w, r)
	}))
	m.mux.Handle("/", m.serve(&Route{Who: Public, max: m.opt.MaxBody, twice: true}, m.nowhere, m.Fail))
	m.Get(pathLive, SignedIn, m.live)
	m.Get("/offline", Public, func(w http.ResponseWriter, r *http.Request) error {
		visitOf(r.Context()).session = Session{} // it is kept on the device: it knows nobody
		return Render(w, r, offlinePage())
	})
	m.Get("/manifest.webmanifest", Public, m.manifest)
	m.Get("/sw.js", Public, m.worker)
	m.Get("/favicon.ico", Public, func(w http.ResponseWriter, r *http.Request) error {
		return Redirect(w, r, m.assets.URL("icon.svg"))
	})
}

// nowhere answers paths nobody registered.
func (m *Mux) nowhere(w http.ResponseWriter, r *http.Request) error {
	if p := r.URL.Path; len(p) > 1 && strings.HasSuffix(p, "/") && r.Method == http.MethodGet {
		if to := LocalPath(strings.TrimRight(p, "/"), ""); to != "" {
			return Redirect(w, r, to)
		}
	}
	return issue.New(issue.NotFound, "web.fail.not_found")
}

func (m *Mux) manifest(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose,omitempty"`
	}
	b, err := json.Marshal(map[string]any{
		"name": T(ctx, "web.app.name"), "short_name": "Mạch", "description": T(ctx, "web.app.about"),
		"lang": string(LangOf(ctx)), "start_url": "/", "scope": "/", "display": "standalone",
		"background_color": "#f5f7f6", "theme_color": "#0b6e4f",
		"icons": []icon{
			{m.assets.URL("icon.svg"), "any", "image/svg+xml", ""},
			{m.assets.URL("icon-maskable.svg"), "any", "image/svg+xml", "maskable"},
			{m.assets.URL("icon-192.png"), "192x192", "image/png", ""},
			{m.assets.URL("icon-512.png"), "512x512", "image/png", ""},
		},
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(b)
	return nil
}

// worker serves the service worker with the list of files it keeps. It keeps
// the bundle and the offline page; never a page with a record on it.
func (m *Mux) worker(w http.ResponseWriter, _ *http.Request) error {
	code, err := m.assets.Read("sw.js")
	if err != nil {
		return issue.New(issue.NotFound, "web.fail.not_found")
	}
	var keep []string
	for _, u := range m.assets.URLs() {
		if !strings.Contains(u, "room.") && !strings.Contains(u, "sw.") && !strings.Contains(u, "latin-ext") {
			keep = append(keep, u)
		}
	}
	slices.Sort(keep)
	list, err := json.Marshal(append(keep, "/offline"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write([]byte("self.KEEP=" + string(list) + ";\n"))
	_, _ = w.Write(code)
	return nil
}
