// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"net/http"
	"net/url"
	"slices"

	"mach/access"
	"mach/issue"
	"mach/web"
)

// mine lists the applications that have access to one's own account.
func (m *Module) mine(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	list, err := m.access.Apps.Mine(r.Context(), a)
	if err != nil {
		return err
	}
	return web.Render(w, r, minePage(citizen(a), list))
}

func (m *Module) takeBack(w http.ResponseWriter, r *http.Request) error {
	if err := m.access.Apps.Take(r.Context(), web.Actor(r), r.PathValue("id")); err != nil {
		return err
	}
	web.Flash(w, r, "smart.taken")
	return web.Redirect(w, r, "/ung-dung")
}

// startData are the applications that can be started at a record.
type startData struct {
	Patient, Encounter string
	List               []access.Client
}

func (m *Module) startable(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	one, err := m.patient(ctx, web.Actor(r), r.PathValue("patient"))
	if err != nil {
		return err
	}
	d := startData{Patient: one.ID, Encounter: r.URL.Query().Get("encounter")}
	if d.List, err = m.access.Clients.Launchable(ctx, web.Actor(r)); err != nil {
		return err
	}
	return web.Fragment(w, r, startList(d))
}

// start sends the browser to an application with a one-time secret that says
// which record is at hand (SMART App Launch 2.2, section 2.0.6). Following the
// link twice makes two secrets, each for one start.
func (m *Module) start(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	list, err := m.access.Clients.Launchable(ctx, a)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(c access.Client) bool { return c.ID == r.PathValue("client") })
	if i < 0 {
		return issue.New(issue.NotFound, "access.client.unknown")
	}
	c := list[i]
	u, err := url.Parse(c.Launch)
	if err != nil {
		return issue.New(issue.NotFound, "access.client.unknown")
	}
	one, err := m.patient(ctx, a, r.PathValue("patient"))
	if err != nil {
		return err
	}
	at := access.At{Patient: one.ID}
	if id := r.URL.Query().Get("encounter"); id != "" {
		doc, err := m.store.For(a).Read(ctx, "Encounter", id)
		if err != nil {
			return err
		}
		if doc.Get("subject").RefID("Patient") != one.ID {
			return issue.New(issue.NotFound, "access.not_found")
		}
		at.Encounter = id
	}
	secret, err := m.access.Apps.Launch(ctx, a, c.ID, at)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("iss", m.base(r))
	q.Set("launch", secret)
	u.RawQuery = q.Encode()
	return web.Redirect(w, r, u.String())
}
