// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mach/issue"
)

// failure is an error page: what happened, where, and what to do next.
type failure struct {
	kind   string // key part: web.fail.<kind>.title, .text
	icon   string
	status int
	issues []issue.Issue // shown in words when people can mend them
	retry  int           // seconds
	again  string        // path to try again; "" when that makes no sense
	back   string        // page they came from; "" when unknown
	home   string
	id     string // request id, to quote on the phone
}

// Fail answers with the page of err and logs it once. People read what they
// can mend; anything else is "failing" with a number to quote. A forbidden
// page looks exactly like one that does not exist.
func (m *Mux) Fail(w http.ResponseWriter, r *http.Request, err error) {
	v := visitOf(r.Context())
	switch {
	case errors.Is(err, errSignIn):
		m.elsewhere(w, r, v, PathSignIn)
		return
	case errors.Is(err, errLocked):
		m.elsewhere(w, r, v, PathLock)
		return
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = issue.New(issue.TooLong, "web.fail.too_large")
	}
	f := m.failure(r, v, err)
	if f.status >= 500 {
		m.opt.Log.ErrorContext(r.Context(), "request failed", "request", v.id, "pattern", v.pattern, "error", err)
	} else {
		m.opt.Log.InfoContext(r.Context(), "request refused", "request", v.id, "pattern", v.pattern, "status", f.status, "error", err)
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.retry))
	}
	page := failPage(f)
	if v.partial {
		page = failPart(f)
	}
	if err := render(w, r, f.status, page); err != nil {
		m.opt.Log.ErrorContext(r.Context(), "error page failed", "request", v.id, "error", err)
		http.Error(w, "500", http.StatusInternalServerError)
	}
}

func (m *Mux) failure(r *http.Request, v *visit, err error) failure {
	f := failure{status: issue.Status(err), id: v.id, home: homeOf(v.session)}
	if r.Method == http.MethodGet {
		f.again = v.path
	}
	if ref, err := url.Parse(r.Referer()); err == nil && ref.Host == r.Host && ref.RequestURI() != v.path {
		f.back = LocalPath(ref.RequestURI(), "")
	}
	var e *issue.Error
	if errors.As(err, &e) {
		f.retry = e.Retry
	}
	switch f.status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		f.kind, f.icon, f.status, f.again = "not_found", "search-x", http.StatusNotFound, ""
		if issue.Of(err)[0].Key == "web.fail.cross" {
			f.kind, f.icon, f.status = "cross", "shield-alert", http.StatusForbidden
		}
	case http.StatusUnauthorized:
		f.kind, f.icon = "login", "key-round"
	case http.StatusConflict, http.StatusPreconditionFailed:
		f.kind, f.icon, f.issues = "conflict", "git-compare", issue.Of(err)
		switch f.issues[0].Key {
		case "web.fail.twice", "web.fail.other", "web.fail.shown":
			f.kind, f.icon = "sent", "circle-check"
		}
	case http.StatusRequestEntityTooLarge:
		f.kind, f.icon = "too_large", "file-warning"
	case http.StatusTooManyRequests:
		f.kind, f.icon, f.retry = "throttled", "hourglass", max(f.retry, 1)
		if list := issue.Of(err); list[0].Key != "web.fail.throttled" {
			f.issues = list // why, and what else can be done
		}
	case http.StatusServiceUnavailable:
		f.kind, f.icon, f.retry = "busy", "hourglass", max(f.retry, 5)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		f.kind, f.icon, f.issues = "refused", "circle-alert", issue.Of(err)
		if r.Method == http.MethodGet { // nothing was sent, and the same address says the same
			f.kind, f.again = "unopened", ""
		}
	default:
		f.kind, f.icon, f.status = "failing", "wrench", http.StatusInternalServerError
	}
	return f
}

// elsewhere sends people to sign in or unlock and back to where they were.
// After a POST that is the page with the form, where their draft waits.
func (m *Mux) elsewhere(w http.ResponseWriter, r *http.Request, v *visit, path string) {
	next := withoutWords(v.path)
	if r.Method != http.MethodGet || v.partial {
		next = ""
		if ref, err := url.Parse(r.Referer()); err == nil && ref.Host == r.Host {
			next = withoutWords(LocalPath(ref.RequestURI(), ""))
		}
	}
	if next != "" && next != "/" {
		path += "?next=" + url.QueryEscape(next)
	}
	v.once = ""
	_ = Redirect(w, r, path)
}

// withoutWords takes what was searched for out of a local path: a name or a
// number has no business in an address that is handed on.
func withoutWords(path string) string {
	at, query, ok := strings.Cut(path, "?")
	if !ok {
		return path
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return at
	}
	for _, name := range []string{"q", "tim", "name", "number", "year"} {
		values.Del(name)
	}
	if len(values) == 0 {
		return at
	}
	return at + "?" + values.Encode()
}

func homeOf(s Session) string {
	if s.Home != "" {
		return s.Home
	}
	return "/"
}
