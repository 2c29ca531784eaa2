// SPDX-License-Identifier: Apache-2.0

package account

import (
	"net/http"
	"strconv"
	"strings"

	"mach/access"
	"mach/issue"
	"mach/web"
)

// signInData is the sign-in page.
type signInData struct {
	Form   *web.Form
	Next   string // where to go afterwards; "" = the role's home
	Shared bool   // somebody signed in on this device before
}

func (m *Module) signInPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	d := signInData{Form: web.Blank(r, "login", q.Get("login")), Next: web.LocalPath(q.Get("next"), "")}
	return m.showSignIn(w, r, d)
}

func (m *Module) showSignIn(w http.ResponseWriter, r *http.Request, d signInData) error {
	recent, err := m.access.Sessions.Recents(r.Context(), access.OriginOf(r).Device)
	if err != nil {
		return err
	}
	d.Shared = len(recent) > 0
	if d.Form.Sent() {
		return web.Refuse(w, r, signInPage(d))
	}
	return web.Render(w, r, signInPage(d))
}

// signIn is POST /sign-in with login, password, totp.
func (m *Module) signIn(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	if f.Err() != nil {
		return f.Err()
	}
	opened, err := m.access.Sessions.SignIn(r.Context(), access.Attempt{
		// The password as typed: spaces at its ends are part of it.
		Login: f.Get("login"), Password: r.PostFormValue("password"), Code: f.Get("totp"), From: access.OriginOf(r)})
	if err == nil {
		return m.enter(w, r, opened, f.Get("next"))
	}
	m.retryAfter(w, err)
	if err := take(f, err); err != nil {
		return err
	}
	forget(f, "password", "totp")
	return m.showSignIn(w, r, signInData{Form: f, Next: web.LocalPath(f.Get("next"), "")})
}

// retryAfter tells a program how long to wait, as the page tells a person.
func (m *Module) retryAfter(w http.ResponseWriter, err error) {
	if e, ok := err.(*issue.Error); ok && e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
}

// enter sets the cookies and goes on.
func (m *Module) enter(w http.ResponseWriter, r *http.Request, o access.Opened, next string) error {
	m.access.Sessions.SetCookies(w, r, o)
	return web.Redirect(w, r, web.LocalPath(next, o.Home))
}

// link follows a one-time link of the demonstration.
func (m *Module) link(w http.ResponseWriter, r *http.Request) error {
	opened, err := m.access.Sessions.Follow(r.Context(), r.PathValue("secret"), m.lan, access.OriginOf(r))
	if err != nil {
		return err
	}
	return m.enter(w, r, opened, "")
}

func (m *Module) signOut(w http.ResponseWriter, r *http.Request) error {
	s, err := m.session(r)
	if err != nil {
		return err
	}
	if err := m.access.Sessions.SignOut(r.Context(), s); err != nil {
		return err
	}
	m.access.Sessions.ClearCookies(w, r)
	return web.Redirect(w, r, "/sign-in")
}

// lockData is the lock.
type lockData struct {
	Form *web.Form
	Next string
	Name string
	Link bool // a demonstration's session: it may choose another role instead
}

func (m *Module) lockPage(w http.ResponseWriter, r *http.Request) error {
	s, err := m.session(r)
	if err != nil {
		return err
	}
	next := web.LocalPath(r.URL.Query().Get("next"), "")
	switch {
	case s.ID == "":
		return web.Redirect(w, r, "/sign-in")
	case !s.Locked:
		return web.Redirect(w, r, web.LocalPath(next, s.Home))
	}
	return web.Render(w, r, lockPage(lockData{Form: web.Blank(r), Next: next, Name: s.Actor.Name, Link: s.How == "link"}))
}

// awake tells that somebody is typing on a page that asks for nothing: like any
// POST it keeps the session from locking.
func (m *Module) awake(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// lock locks at once; the page comes back to where it was, without what was
// searched for there: that would stand in the address.
func (m *Module) lock(w http.ResponseWriter, r *http.Request) error {
	s, err := m.session(r)
	if err != nil {
		return err
	}
	if s.ID == "" {
		return web.Redirect(w, r, "/sign-in")
	}
	if err := m.access.Sessions.Lock(r.Context(), s); err != nil {
		return err
	}
	next, _, _ := strings.Cut(web.ParseForm(r).Get("next"), "?")
	return web.Redirect(w, r, withNext("/khoa", next))
}

func (m *Module) unlock(w http.ResponseWriter, r *http.Request) error {
	s, err := m.session(r)
	if err != nil {
		return err
	}
	if s.ID == "" {
		return web.Redirect(w, r, "/sign-in")
	}
	f := web.ParseForm(r)
	next := web.LocalPath(f.Get("next"), s.Home)
	err = m.access.Sessions.Unlock(r.Context(), s, r.PostFormValue("pin"), access.OriginOf(r))
	if err == nil {
		return web.Redirect(w, r, next)
	}
	m.retryAfter(w, err)
	if err := take(f, err); err != nil {
		return err
	}
	forget(f, "pin")
	return web.Refuse(w, r, lockPage(lockData{Form: f, Next: next, Name: s.Actor.Name, Link: s.How == "link"}))
}

// switchData lists who may come back on this computer.
type switchData struct {
	Form   *web.Form
	Next   string
	People []access.Recent
	Chosen access.Recent // asked for the PIN; zero = nobody chosen yet
}

func (m *Module) switchPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	d, err := m.recents(r, q.Get("ai"))
	if err != nil {
		return err
	}
	if len(d.People) == 0 {
		return web.Redirect(w, r, "/sign-in")
	}
	d.Form = web.Blank(r)
	return web.Render(w, r, switchPage(d))
}

func (m *Module) recents(r *http.Request, chosen string) (switchData, error) {
	people, err := m.access.Sessions.Recents(r.Context(), access.OriginOf(r).Device)
	d := switchData{People: people}
	for _, p := range people {
		if p.Account == chosen && p.PIN {
			d.Chosen = p
		}
	}
	return d, err
}

func (m *Module) switchUser(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	opened, err := m.access.Sessions.Switch(r.Context(), f.Get("account"), f.Get("pin"), access.OriginOf(r))
	if err == nil {
		return m.enter(w, r, opened, "")
	}
	if err := take(f, err); err != nil {
		return err
	}
	d, err := m.recents(r, f.Get("account"))
	if err != nil {
		return err
	}
	forget(f, "pin")
	d.Form = f
	return web.Refuse(w, r, switchPage(d))
}

func (m *Module) forgetUser(w http.ResponseWriter, r *http.Request) error {
	err := m.access.Sessions.Forget(r.Context(), web.ParseForm(r).Get("account"), access.OriginOf(r).Device)
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/doi-nguoi")
}
