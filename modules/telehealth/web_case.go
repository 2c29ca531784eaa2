// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"context"
	"fmt"
	"net/http"

	"mach/store"
	"mach/web"
)

// caseData is the page of one consultation as one reader sees it.
type caseData struct {
	Case
	Steps    []Step
	Record   *Record // nil for the coordinator, who needs the question only
	Advice   Words
	Decision Words
	Experts  []Expert // for the coordinator, while asked
	Form     *web.Form
	Does     act
	Room     bool  // the reader may enter the live room now
	Treating bool  // the reader is a doctor of the facility that asked
	Seen     State // the state the page was loaded in; "" = now
}

// act is what the reader can do now.
type act struct{ Accept, Cancel, Conclude, Decide bool }

func (m *Module) caseData(r *http.Request) (caseData, error) {
	ctx, a := r.Context(), web.Actor(r)
	c, err := m.One(ctx, a, r.PathValue("id"))
	if err != nil {
		return caseData{}, err
	}
	p := caseData{Case: c, Form: web.Blank(r), Does: acts(c, a), Treating: c.Treats(a), Room: m.rooms.Offered() && c.Takes(a.Practitioner) && c.State.Meets()}
	if p.Steps, err = m.Steps(ctx, a, c); err != nil {
		return p, fmt.Errorf("moves of a consultation: %w", err)
	}
	if p.Does.Accept {
		if p.Experts, err = m.Experts(ctx, a, c.Hospital, web.Today(r)); err != nil {
			return p, fmt.Errorf("experts of a hospital: %w", err)
		}
	}
	if a.Role != store.Coordinator {
		rec, err := m.record(ctx, a, c.Encounter)
		if err != nil {
			return p, fmt.Errorf("record of a consultation: %w", err)
		}
		p.Record = &rec
	}
	if p.Advice, err = m.advice(ctx, a, c); err != nil {
		return p, fmt.Errorf("conclusion of a consultation: %w", err)
	}
	if p.Decision, err = m.decision(ctx, a, c); err != nil {
		return p, fmt.Errorf("decision on a consultation: %w", err)
	}
	return p, nil
}

func acts(c Case, a store.Actor) act {
	return act{
		Accept:   c.State == Asked && a.Role == store.Coordinator && a.Facility == c.Hospital,
		Cancel:   c.State.move(Cancelled) == nil && c.Treats(a),
		Conclude: c.State.move(Concluded) == nil && advises(c, a) == nil,
		Decide:   c.State == Concluded && c.Treats(a),
	}
}

func (m *Module) casePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.caseData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, casePage(p))
}

// statePart is what changes under a reader's eyes: state, clock, moves, the
// way into the room. Forms are never touched; when another act has become due,
// it says so.
func (m *Module) statePart(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	c, err := m.One(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := caseData{Case: c, Seen: State(r.URL.Query().Get("o")), Room: m.rooms.Offered() && c.Takes(a.Practitioner) && c.State.Meets()}
	if p.Steps, err = m.Steps(ctx, a, c); err != nil {
		return fmt.Errorf("moves of a consultation: %w", err)
	}
	return web.Fragment(w, r, stateLive(p))
}

// send runs one act of a case's page and shows the page again when it is
// refused.
func (m *Module) send(w http.ResponseWriter, r *http.Request, flash, next string, do func(ctx context.Context, a store.Actor, id, key string, f *web.Form) error) error {
	f, id := web.ParseForm(r), r.PathValue("id")
	if err := f.Err(); err != nil {
		return err
	}
	if err := f.Add(do(r.Context(), web.Actor(r), id, web.OnceKey(r), f)); err != nil {
		return err
	}
	if !f.OK() {
		p, err := m.caseData(r)
		if err != nil {
			return err
		}
		p.Form = f
		return web.Refuse(w, r, casePage(p))
	}
	web.Flash(w, r, flash)
	if next == "" {
		next = path(id)
	}
	return web.Redirect(w, r, next)
}

func (m *Module) accept(w http.ResponseWriter, r *http.Request) error {
	return m.send(w, r, "telehealth.accepted", "", func(ctx context.Context, a store.Actor, id, key string, f *web.Form) error {
		return m.Accept(ctx, a, id, key, f.Get("expert"))
	})
}

// decline leads back to the list: the hospital's access has ended with it.
func (m *Module) decline(w http.ResponseWriter, r *http.Request) error {
	return m.send(w, r, "telehealth.declined", "/hoi-chan", func(ctx context.Context, a store.Actor, id, key string, f *web.Form) error {
		return m.Decline(ctx, a, id, key, f.Text("reason", 2000))
	})
}

func (m *Module) cancel(w http.ResponseWriter, r *http.Request) error {
	return m.send(w, r, "telehealth.cancelled", "", func(ctx context.Context, a store.Actor, id, key string, f *web.Form) error {
		return m.Cancel(ctx, a, id, key, f.Text("reason", 2000))
	})
}

func (m *Module) conclude(w http.ResponseWriter, r *http.Request) error {
	return m.send(w, r, "telehealth.concluded", "", func(ctx context.Context, a store.Actor, id, key string, f *web.Form) error {
		return m.Conclude(ctx, a, id, key, f.Text("conclusion", 8000), f.Text("diagnosis", 200))
	})
}

func (m *Module) decide(w http.ResponseWriter, r *http.Request) error {
	return m.send(w, r, "telehealth.decided", "", func(ctx context.Context, a store.Actor, id, key string, f *web.Form) error {
		return m.Decide(ctx, a, id, key, Decision(f.Get("decision")), f.Text("reason", 2000))
	})
}
