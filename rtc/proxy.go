// SPDX-License-Identifier: Apache-2.0

package rtc

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// doors are the paths of LiveKit that browsers need. Everything else of it —
// above all /twirp, which steers rooms — is closed from outside.
var doors = map[string]bool{
	"/rtc": true, "/rtc/validate": true, "/rtc/v1": true, "/rtc/v1/validate": true,
}

// Proxy returns the handler of /rtc and below: the signalling of the embedded
// server, so that one public port is enough. It lets the WebSocket through and
// nothing that steers rooms; the token in the URL is the right to enter, so
// this URL must stay out of logs. Without an embedded server it answers 404,
// while the process is down 503 with Retry-After.
func (e *Engine) Proxy() http.Handler {
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if to, err := e.base(); err == nil {
				if u, err := url.Parse(to); err == nil {
					r.SetURL(u)
				}
			}
			// The session belongs to us, not to the media process.
			r.Out.Header.Del("Cookie")
			r.Out.Header.Del("Authorization")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { down(w) },
		ErrorLog:     slog.NewLogLogger(e.log.Handler(), slog.LevelDebug),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case e.child == nil || !doors[r.URL.Path]:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		case e.child.address() == "":
			down(w)
		default:
			p.ServeHTTP(w, r)
		}
	})
}

func down(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}
