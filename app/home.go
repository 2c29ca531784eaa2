// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"io/fs"
	"net/http"

	"rsc.io/qr"

	"mach/access"
	"mach/demo"
	"mach/issue"
	"mach/web"
)

// sessions gives the web kit what it wants to know of a session.
type sessions struct{ of *access.Sessions }

func (s sessions) Resolve(r *http.Request) (web.Session, error) {
	found, err := s.of.Resolve(r)
	if err != nil {
		return web.Session{}, err
	}
	return web.Session{
		Actor: found.Actor, Home: found.Home, Lang: found.Lang, Locked: found.Locked, Shared: found.Shared, Since: found.Since,
	}, nil
}

// home registers the first page and, in a demonstration, the role switcher.
func (a *App) home(mux *web.Mux) {
	mux.Get("/{$}", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		switch home := web.SessionOf(r.Context()).Home; {
		case home != "":
			return web.Redirect(w, r, home)
		case a.Config.Demo() && access.Local(access.OriginOf(r).Address, a.Config.LAN):
			return web.Redirect(w, r, "/vai")
		}
		return web.Redirect(w, r, "/sign-in")
	})
	if !a.Config.Demo() {
		return
	}
	mux.Get("/vai", web.Public, a.rolesPage)
	mux.Post("/vai", web.Public, a.becomeRole).Repeatable()
	mux.Get("/vai/qr", web.Public, a.qrCode)
}

// rolesPage lists the sign-ins of the demonstration.
func (a *App) rolesPage(w http.ResponseWriter, r *http.Request) error {
	if !access.Local(access.OriginOf(r).Address, a.Config.LAN) {
		return issue.New(issue.NotFound, "app.demo.local")
	}
	list, err := demo.SignIns(a.Config.Data)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // still being filled: the page says so
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, rolesPage(list, a.Config.LAN))
}

// becomeRole makes a one-time link and follows it.
func (a *App) becomeRole(w http.ResponseWriter, r *http.Request) error {
	if !access.Local(access.OriginOf(r).Address, a.Config.LAN) {
		return issue.New(issue.NotFound, "app.demo.local")
	}
	path, err := a.Access.Links.DemoLink(r.Context(), web.ParseForm(r).Get("login"))
	if err != nil {
		return err
	}
	return web.Redirect(w, r, path)
}

// qrCode is the address of this page, for a phone on the same network.
func (a *App) qrCode(w http.ResponseWriter, r *http.Request) error {
	code, err := qr.Encode(web.OwnAddress(r)+"/vai", qr.M)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(code.PNG())
	return err
}
