// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
)

// What pages of another origin may send and read. Cookies are never among it:
// such a page speaks with a token of its own.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsSent    = "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer, X-Requested-With"
	corsRead    = "Content-Location, ETag, Last-Modified, Location, Retry-After, WWW-Authenticate, X-Progress, X-Request-Id"
)

// shared answers the questions of CORS (Fetch standard, section 3.2) for mounts
// and services: pages of origins that [Options].Origin knows may ask.
func (m *Mux) shared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if m.opt.Origin != nil {
			w.Header().Add("Vary", "Origin")
		}
		if origin == "" || m.opt.Origin == nil || !m.opt.Origin(r.Context(), origin) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Expose-Headers", corsRead)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", corsSent)
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
