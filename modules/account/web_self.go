// SPDX-License-Identifier: Apache-2.0

package account

import (
	"net/http"
	"net/url"

	"mach/access"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/web"
)

func withNext(path, next string) string {
	if next = web.LocalPath(next, ""); next == "" || next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

// selfData is one's own account.
type selfData struct {
	Account  access.Account
	Now      access.Session
	Roles    []access.Assignment
	Sessions []access.Session
	Wards    []access.Guardianship
	Glasses  []access.Glass // of the own record, for citizens
	Citizen  bool
	Code     bool // the role needs one-time codes
}

func (m *Module) selfPage(w http.ResponseWriter, r *http.Request) error {
	d, err := m.self(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, selfPage(d))
}

func (m *Module) self(r *http.Request) (d selfData, err error) {
	ctx, a := r.Context(), web.Actor(r)
	if d.Now, err = m.session(r); err != nil {
		return d, err
	}
	if d.Account, err = m.access.Accounts.Get(ctx, a.Account); err != nil {
		return d, err
	}
	if d.Roles, err = m.access.Sessions.Roles(ctx, d.Now); err != nil {
		return d, err
	}
	if d.Sessions, err = m.access.Sessions.List(ctx, a); err != nil {
		return d, err
	}
	if d.Wards, err = m.access.Guardians.Mine(ctx, a); err != nil {
		return d, err
	}
	d.Citizen = a.Role == store.Person || a.Role == store.Guardian
	d.Code = m.access.Accounts.NeedsCode(a.Role)
	d.Glasses, err = m.access.Emergency.Notices(ctx, a)
	return d, err
}

func (m *Module) changeRole(w http.ResponseWriter, r *http.Request) error {
	s, err := m.session(r)
	if err != nil {
		return err
	}
	f := web.ParseForm(r)
	opened, err := m.access.Sessions.ChangeRole(r.Context(), s, f.Get("role"), r.PostFormValue("pin"), access.OriginOf(r))
	if err == nil {
		return m.enter(w, r, opened, "")
	}
	if issue.Is(err, issue.Forbidden) {
		return err
	}
	m.retryAfter(w, err)
	if err := take(f, err); err != nil {
		return err
	}
	forget(f, "pin")
	return web.Refuse(w, r, rolePage(f))
}

func (m *Module) setLang(w http.ResponseWriter, r *http.Request) error {
	lang := i18n.Lang(web.ParseForm(r).Get("lang"))
	if err := m.access.Accounts.SetLang(r.Context(), web.Actor(r), lang); err != nil {
		return err
	}
	return web.Redirect(w, r, "/tai-khoan?lang="+url.QueryEscape(string(lang)))
}

func (m *Module) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := m.access.Sessions.End(r.Context(), web.Actor(r), web.ParseForm(r).Get("id")); err != nil {
		return err
	}
	web.Flash(w, r, "account.sessions.ended")
	return web.Redirect(w, r, "/tai-khoan")
}

func (m *Module) passwordPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, passwordPage(web.Blank(r)))
}

func (m *Module) changePassword(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	fresh := r.PostFormValue("password")
	if fresh != r.PostFormValue("again") {
		f.Fail("again", "value", "account.password.differs")
	}
	if f.OK() {
		if err := take(f, m.access.Accounts.ChangePassword(r.Context(), web.Actor(r), r.PostFormValue("old"), fresh)); err != nil {
			return err
		}
	}
	if !f.OK() {
		forget(f, "old", "password", "again")
		return web.Refuse(w, r, passwordPage(f))
	}
	web.Flash(w, r, "account.password.changed")
	return web.Redirect(w, r, "/tai-khoan")
}

func (m *Module) pinPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, pinPage(web.Blank(r)))
}

func (m *Module) setPIN(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	if err := take(f, m.access.Accounts.SetPIN(r.Context(), web.Actor(r), r.PostFormValue("password"), f.Get("pin"))); err != nil {
		return err
	}
	if !f.OK() {
		forget(f, "password", "pin")
		return web.Refuse(w, r, pinPage(f))
	}
	web.Flash(w, r, "account.pin.changed")
	return web.Redirect(w, r, "/tai-khoan")
}

// codeData is the page that sets up one-time codes.
type codeData struct {
	Form        *web.Form
	Secret, URI string
}

func (m *Module) codePage(w http.ResponseWriter, r *http.Request) error {
	secret, uri, err := m.access.Accounts.OfferCode(r.Context(), web.Actor(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, codePage(codeData{Form: web.Blank(r), Secret: secret, URI: uri}))
}

func (m *Module) setCode(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	secret := f.Get("secret")
	if err := take(f, m.access.Accounts.ConfirmCode(r.Context(), web.Actor(r), r.PostFormValue("password"), secret, f.Get("totp"))); err != nil {
		return err
	}
	if !f.OK() {
		forget(f, "password", "totp")
		// The same secret again: it is in the person's app already.
		_, uri, err := m.access.Accounts.OfferCode(r.Context(), web.Actor(r))
		if err != nil {
			return err
		}
		return web.Refuse(w, r, codePage(codeData{Form: f, Secret: secret, URI: withSecret(uri, secret)}))
	}
	web.Flash(w, r, "account.code.changed")
	return web.Redirect(w, r, "/tai-khoan")
}

// withSecret puts another secret into an authenticator's address.
func withSecret(uri, secret string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("secret", secret)
	u.RawQuery = q.Encode()
	return u.String()
}
