// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"mach/i18n"
	"mach/issue"
	"mach/store"
)

// Paths of package access that layouts link to.
const (
	PathSignIn  = "/sign-in"
	PathSignOut = "/sign-out"
	PathLock    = "/khoa"
	PathSwitch  = "/doi-nguoi"
)

const (
	cookieLang  = "mach_lang"
	cookieFlash = "mach_flash"
	cookieSent  = "mach_sent" // key of the form just answered: its draft may go
)

// observe is the outermost layer: request id, language, headers, panics, log.
func (m *Mux) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := m.opt.Now()
		v := &visit{mux: m, fail: m.Fail, cat: m.opt.Catalogue, assets: m.assets, now: start, demo: m.opt.Demo,
			id: rand.Text()[:16], path: r.URL.RequestURI(), partial: r.Header.Get("HX-Request") == "true"}
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		rec := newRecorder(w, r)
		v.lang = m.language(rec, r)
		m.headers(rec, r, v)
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				m.opt.Log.ErrorContext(r.Context(), "handler panicked", "request", v.id, "pattern", v.pattern,
					"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
				if !rec.wrote {
					v.fail(rec, r, fmt.Errorf("panic in %s", v.pattern))
				}
			}
			rec.close()
			if m.opt.Seen != nil {
				m.opt.Seen(r.Method, v.pattern, rec.status, m.opt.Now().Sub(start))
			}
			m.opt.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("request", v.id), slog.String("method", r.Method), slog.String("pattern", v.pattern),
				slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
				slog.Duration("took", m.opt.Now().Sub(start)), slog.String("account", v.session.Actor.Account),
				slog.String("role", string(v.session.Actor.Role)))
		}()
		next.ServeHTTP(rec, r)
	})
}

// headers writes what every answer carries. Styles, scripts and images come
// from us alone; nobody frames us.
func (m *Mux) headers(w http.ResponseWriter, r *http.Request, v *visit) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy())
	h.Set("Cache-Control", "no-store") // until a handler knows that it holds nobody's data
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()")
	h.Set("X-Request-Id", v.id)
	if m.secure(r) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func policy(connect ...string) string { return policyWith(connect, nil) }

func policyWith(connect, forms []string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
		"media-src 'self' blob:; font-src 'self'; manifest-src 'self'; worker-src 'self'; " +
		"connect-src " + strings.Join(append([]string{"'self'"}, connect...), " ") + "; form-action " + strings.Join(append([]string{"'self'"}, forms...), " ") + "; frame-ancestors 'none'; base-uri 'none'"
}

// AllowConnect lets the page being answered open connections to origins such
// as "wss://media.example": for the live room. Call it before Render.
func AllowConnect(w http.ResponseWriter, origins ...string) {
	w.Header().Set("Content-Security-Policy", policy(origins...))
}

// AllowForm lets the forms of the page being answered lead on to an address
// elsewhere, by the redirect that answers them: back to an application. Browsers
// hold the whole way of a form against the policy. Call it before Render.
func AllowForm(w http.ResponseWriter, origin string) {
	if strings.ContainsAny(origin, " ;,'\"\r\n") {
		return
	}
	w.Header().Set("Content-Security-Policy", policyWith(nil, []string{origin}))
}

func (m *Mux) secure(r *http.Request) bool { return m.opt.Secure || r.TLS != nil }

// Secure reports whether the asker reached us by HTTPS. What a header says of
// that is not believed; the installation says whether TLS ends before us.
func Secure(r *http.Request) bool {
	m := visitOf(r.Context()).mux
	return r.TLS != nil || m != nil && m.opt.Secure
}

// cookie writes a cookie of the kit: no secrets, so scripts may read it when
// open is set.
func (m *Mux) cookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration, open bool) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second),
		SameSite: http.SameSiteLaxMode, Secure: m.secure(r), HttpOnly: !open})
}

// language is ?lang= (kept in a cookie), else the cookie, else what the
// browser prefers.
func (m *Mux) language(w http.ResponseWriter, r *http.Request) i18n.Lang {
	if strings.Contains(r.URL.RawQuery, "lang=") {
		if l, ok := i18n.ParseLang(r.URL.Query().Get("lang")); ok {
			m.cookie(w, r, cookieLang, string(l), 365*24*time.Hour, false)
			return l
		}
	}
	if c, err := r.Cookie(cookieLang); err == nil {
		if l, ok := i18n.ParseLang(c.Value); ok {
			return l
		}
	}
	return i18n.Accept(r.Header.Get("Accept-Language"))
}

// guard refuses writes that another site started.
func (m *Mux) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" && !m.services[r.URL.Path] {
			if err := m.cross.Check(r); err != nil {
				m.Fail(w, r, issue.New(issue.Forbidden, "web.fail.cross"))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// serve is the layer around one route: session, limits, who, body, form key.
func (m *Mux) serve(route *Route, h Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.pattern, v.fail = route.Path, fail
		if err := m.admit(w, r, v, route); err != nil {
			fail(w, r, err)
			return
		}
		if err := m.answer(w, r, v, route, h); err != nil {
			fail(w, r, err)
		}
	})
}

var errSignIn = errors.New("nobody is signed in")
var errLocked = errors.New("the session is locked")

func (m *Mux) admit(w http.ResponseWriter, r *http.Request, v *visit, route *Route) error {
	if err := m.named(r); err != nil {
		return err
	}
	if m.opt.Sessions != nil && !route.service {
		s, err := m.opt.Sessions.Resolve(r)
		if err != nil {
			return cmp.Or(m.slow(store.Actor{}, r), err) // guessers of tokens are slowed like all
		}
		v.session = s
		if _, err := r.Cookie(cookieLang); err != nil && s.Lang != "" && r.URL.Query().Get("lang") == "" {
			v.lang = s.Lang
		}
	}
	if err := m.slow(v.session.Actor, r); err != nil {
		return err
	}
	// Scopes are understood by a mount alone: a page would forget them.
	if v.session.Actor.Scopes != nil && !route.mount() {
		v.session = Session{}
		return issue.New(issue.Forbidden, "web.fail.not_found")
	}
	if !route.Who.Allows(v.session) {
		if v.session.Actor.Role == "" {
			return errSignIn
		}
		return issue.New(issue.NotFound, "web.fail.not_found")
	}
	if v.session.Locked && route.Who != Public {
		return errLocked
	}
	r.Body = http.MaxBytesReader(w, r.Body, route.max)
	v.flash = m.takeFlash(w, r)
	return nil
}

// slow counts the request; issue.Throttled when there were too many.
func (m *Mux) slow(a store.Actor, r *http.Request) error {
	wait := m.limits.take(a, address(r))
	if wait == 0 {
		return nil
	}
	e := issue.New(issue.Throttled, "web.fail.throttled")
	e.Retry = 1 + int(wait/time.Second)
	return e
}

// address is the client's address; a whole /64 for IPv6, which one house has.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return host
}
