// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"net/http"

	"mach/issue"
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
	if p.Call == nil && f.Sent() { // refused: what was typed stays on the screen
		p.Call, err = m.known(r.Context(), web.Actor(r), call)
	}
	return p, err
}

// known is a contact as far as the actor may still see them, followed or not; of
// one who was handed on nothing but the id is left.
func (m *Module) known(ctx context.Context, a store.Actor, id string) (*Contact, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanContact, `select `+contactColumns+` from events_contact x where x.id = ?`, id)
	if err != nil {
		return nil, fmt.Errorf("a contact: %w", err)
	}
	return &append(rows, Contact{ID: id})[0], nil
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
	if issue.Is(err, issue.NotFound) { // the station took the contact back while the worker was on the way
		f.Fail("result", issue.NotFound, "events.contact.handed")
	} else if err != nil {
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
