// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/a-h/templ"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render answers 200 with a whole page. It is rendered to the end before the
// first byte leaves, so a fault never cuts a page in half. As the answer of a
// form the page is shown once: sent again, the form is told so.
func Render(w http.ResponseWriter, r *http.Request, page templ.Component) error {
	if r.Method == http.MethodPost {
		visitOf(r.Context()).landed(w, r, "")
	}
	return render(w, r, http.StatusOK, page)
}

// Refuse answers 422 with the form again, its values kept and its errors
// shown.
func Refuse(w http.ResponseWriter, r *http.Request, page templ.Component) error {
	return render(w, r, http.StatusUnprocessableEntity, page)
}

// Fragment answers 200 with a part of a page, for htmx or for a panel that
// another module's page includes by URL. Who comes to it by the link that
// stands there without JavaScript gets it in a frame.
func Fragment(w http.ResponseWriter, r *http.Request, part templ.Component) error {
	// The service worker keeps the mode of a request, not its destination.
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		part = alone(part)
	}
	return render(w, r, http.StatusOK, part)
}

func render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	b := buffers.Get().(*bytes.Buffer)
	defer func() { b.Reset(); buffers.Put(b) }()
	if err := c.Render(r.Context(), b); err != nil {
		return fmt.Errorf("rendering: %w", err)
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	if err != nil {
		return nil // the reader went away: nobody to tell
	}
	return nil
}

// Redirect answers 303 to a path of ours, or to the address of a sign-in
// service. For htmx it asks the browser to leave the page instead of swapping.
func Redirect(w http.ResponseWriter, r *http.Request, to string) error {
	v := visitOf(r.Context())
	v.flashLate(w, r)
	v.landed(w, r, to)
	if v.partial {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// LocalPath returns next when it is a path of this site, else fallback: for
// return addresses that came in with a request.
func LocalPath(next, fallback string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return fallback
	}
	return next
}
