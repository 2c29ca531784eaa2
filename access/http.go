// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
)

// The cookies. Both hold only a random secret.
const (
	sessionCookie = "mach_session"
	deviceCookie  = "mach_device"
)

const deviceAge = 365 * 24 * time.Hour

// Resolve finds the session of a request by bearer token or cookie. Nobody is
// the zero Session without an error; so is a forged or ended cookie. A bad
// bearer token is an error of code Login, for the application to see.
//
// Being looked at by the person keeps a session from locking; background
// requests of a page that lies open do not.
func (s *Sessions) Resolve(r *http.Request) (Session, error) {
	ctx := r.Context()
	if h := r.Header.Get("Authorization"); h != "" {
		if scheme, _, _ := strings.Cut(h, " "); strings.EqualFold(scheme, "Basic") {
			return Session{}, nil // an application proves itself at the token endpoint; it is nobody here
		}
		token, ok := bearer(h)
		if !ok {
			return Session{}, issue.New(issue.Login, "access.token.invalid")
		}
		a, err := s.db.of(hashSecret(token), func() (store.Actor, error) { return s.tokens.Bearer(ctx, token) })
		if err != nil {
			return Session{}, err
		}
		return Session{ID: a.Session, Actor: a, Home: Home(a.Role), How: "token"}, nil
	}
	secret := cookie(r, sessionCookie)
	if secret == "" {
		return Session{}, nil
	}
	hash := hashSecret(secret)
	open, err := s.open(ctx, "s.hash = ?", hash)
	if err != nil || len(open) == 0 {
		return Session{}, err
	}
	found := open[0]
	if now := s.now(); !found.Locked && byHand(r) && now.Sub(found.Seen) > touchEvery {
		if err := s.exec(ctx, "touching a session", `update access_session set seen = ? where hash = ? and ended = 0`, micro(now), hash); err != nil {
			return Session{}, err
		}
		found.Seen = now
	}
	return found, nil
}

// byHand reports whether a person did something: sent a form or went to a
// page. A part that a page loads by itself, or a stream, is no sign of life.
func byHand(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true
	}
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode == "navigate" || mode == "" && r.Header.Get("HX-Request") == ""
}

func bearer(h string) (string, bool) {
	scheme, token, ok := strings.Cut(h, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// OriginOf reads where a request comes from.
func OriginOf(r *http.Request) Origin {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return Origin{Address: host, Agent: r.UserAgent(), Device: cookie(r, deviceCookie), Session: cookie(r, sessionCookie)}
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if errors.Is(err, http.ErrNoCookie) || err != nil || len(c.Value) > 100 {
		return ""
	}
	return c.Value
}

// SetCookies gives the browser a session just opened. A person's session
// outlives the browser; a worker's does not.
func (s *Sessions) SetCookies(w http.ResponseWriter, r *http.Request, o Opened) {
	age := 0
	if personal(o.Actor.Role) {
		age = int(personAbsolute / time.Second)
	}
	s.set(w, r, sessionCookie, o.secret, age)
	if o.device != "" {
		s.set(w, r, deviceCookie, o.device, int(deviceAge/time.Second))
	}
}

// ClearCookies takes the session from the browser; the device stays known.
func (s *Sessions) ClearCookies(w http.ResponseWriter, r *http.Request) {
	s.set(w, r, sessionCookie, "", -1)
}

func (s *Sessions) set(w http.ResponseWriter, r *http.Request, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil || s.cfg.Secure})
}
