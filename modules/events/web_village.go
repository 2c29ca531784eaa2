// SPDX-License-Identifier: Apache-2.0

package events

import (
	"net/http"

	"mach/store"
	"mach/web"
)

// villageData is the contacts whom a village health worker follows.
type villageData struct {
	Contacts []Contact
	Call     *Contact
	Form     *web.Form
}

func (m *Module) village(r *http.Request, f *web.Form, call string) (villageData, error) {
	p := villageData{Form: f}
	var err error
	if p.Contacts, err = m.Followed(r.Context(), web.Actor(r)); err != nil {
		return p, err
	}
	for i, c := range p.Contacts {
		if c.ID == call {
			p.Call = &p.Contacts[i]
		}
	}
	return p, nil
}

func (m *Module) villagePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.village(r, web.Blank(r, "on", web.Today(r).String()), r.URL.Query().Get("goi"))
	if err != nil {
		return err
	}
	return web.Render(w, r, villagePage(p))
}

func (m *Module) villageAsk(w http.ResponseWriter, r *http.Request) error {
	f, contact := web.ParseForm(r), r.PathValue("contact")
	done, err := m.askOf(r, f, contact)
	if err != nil {
		return err
	}
	if f.OK() {
		web.Flash(w, r, done)
		return web.Redirect(w, r, "/su-kien/thon")
	}
	p, err := m.village(r, f, contact)
	if err != nil {
		return err
	}
	return web.Refuse(w, r, villagePage(p))
}

// calledPart is what first screens include: events of which the reader's level
// was told, because a clock ran out.
func (m *Module) calledPart(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	if a.Role != store.CDC && a.Role != store.Department {
		return web.Fragment(w, r, called(nil))
	}
	unit, err := m.area(r)
	if err != nil {
		return err
	}
	list, err := m.CalledTo(r.Context(), a, unit)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, called(list))
}
