// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"net/http"
	"slices"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// homeOf is the commune that a person's record names as home, on today's map.
func (m *Module) homeOf(d *fhir.Doc, on vn.Date) vn.Unit {
	for a := range d.Each("address") {
		c := a.Extension(fhir.ExtUnit).Get("valueCoding")
		from, err := vn.ParseDate(c.Get("version").String())
		if err != nil {
			from = vn.Reform
		}
		if u, ok := m.units.ByCode(c.Get("code").String(), from); ok {
			u, _ = m.units.At(m.units.Latest(u.ID), on)
			return u
		}
	}
	return vn.Unit{}
}

// eventData is the page of one event as one reader sees it.
type eventData struct {
	Event
	Unit    vn.Unit
	Rule    content.FocusRule
	Steps   []Step // those that the reader may see, oldest first
	Tally   Tally
	Ends    Closing
	Duties  []Duty
	Notices []Notice
	Rivals  []Event
	Phone   string
	Acts    []Kind // that the reader may take now, the next one first
	Act     Kind   // whose form is shown; "" = none
	Task    bool   // the form of a task is shown
	Form    *web.Form
	Works   bool // the reader verifies and traces
	Rules   []content.Escalation
	Due     []vn.Date // days without a daily report
	Picked  []content.Disease
	On      vn.Date // of Daily: the day that is offered
	Counted Figures // of that day
}

func (m *Module) eventData(r *http.Request, f *web.Form) (eventData, error) {
	ctx, a := r.Context(), web.Actor(r)
	e, err := m.Event(ctx, a, r.PathValue("id"))
	if err != nil {
		return eventData{}, err
	}
	p := eventData{Event: e, Form: f, Rule: content.FocusRuleOn(e.Disease, web.Today(r)), Works: slices.Contains(verifying, a.Role), Rules: content.SurveillanceOn(web.Today(r)).Escalation,
		Due: e.Unreported(web.Today(r))}
	p.Unit, _ = m.units.Get(e.Unit)
	if p.Steps, err = m.Steps(ctx, a, e.ID); err != nil {
		return p, err
	}
	if p.Tally, err = m.tally(ctx, a, e); err != nil {
		return p, err
	}
	if p.Stage.Active() {
		if p.Ends, err = m.closing(ctx, a, e, p.Tally, web.Today(r)); err != nil {
			return p, err
		}
	}
	if p.Duties, err = m.Duties(ctx, a, e.ID); err != nil {
		return p, err
	}
	if p.Notices, err = m.Notices(ctx, a, e); err != nil {
		return p, err
	}
	if p.Phone, err = m.Phone(ctx, a, p.Steps); err != nil {
		return p, err
	}
	p.Acts = acts(e, a.Role, p.Notices, len(p.Due) > 0)
	if slices.Contains(p.Acts, Discarded) {
		p.Rivals, err = m.Rivals(ctx, a, e)
	}
	p.Picked = open(m.diseases.List(web.Today(r)))
	return p, err
}

// acts are the steps that a role may take now, the most likely next one first.
func acts(e Event, role store.Role, notices []Notice, due bool) []Kind {
	if !slices.Contains(verifying, role) {
		return nil
	}
	named := func(form, id string) bool {
		return slices.ContainsFunc(notices, func(n Notice) bool { return n.Form == form && n.ID != id })
	}
	order := map[Stage][]Kind{
		IsSignal: {Verified, Triaged, Discarded}, IsTriaged: {Verified, Discarded},
		IsEvent: {Risk, Focus, Closed, Discarded}, IsFocus: {Daily, Closed, Risk, Focus}, IsEpidemic: {Daily, Closed, Risk, Level, Focus},
		IsClosed: {Review, Focus}, IsDiscarded: {Triaged, Review},
	}[e.Stage]
	order = slices.Clone(order)
	switch {
	case e.Stage == IsEvent && e.Risk != "":
		order = []Kind{Focus, Risk, Closed, Discarded}
	case e.Stage == IsFocus && named("01", e.Notice):
		order = append([]Kind{Declared}, order...)
	case e.Ended == "" && e.Notice != "" && named("02", ""):
		order = append([]Kind{Contained}, order...)
	case e.Stage.Active() && !due: // reported today: the report can still be added to
		order = append(order[1:], Daily)
	}
	return slices.DeleteFunc(order, func(k Kind) bool {
		return !e.Stage.Allows(k) || k.category() == categoryDecision && !slices.Contains(deciding, role)
	})
}

func (m *Module) eventPage(w http.ResponseWriter, r *http.Request) error {
	f := web.Blank(r)
	p, err := m.eventData(r, f)
	if err != nil {
		return err
	}
	if len(p.Acts) > 0 {
		p.Act = p.Acts[0]
	}
	if k := Kind(r.URL.Query().Get("buoc")); slices.Contains(p.Acts, k) {
		p.Act = k
	}
	if p.Task = p.Works && p.Stage.Open() && r.URL.Query().Get("buoc") == "viec"; p.Task {
		p.Act = ""
	}
	p.prefill(f, web.Today(r))
	if err := m.count(r, &p); err != nil {
		return err
	}
	return web.Render(w, r, eventPage(p))
}

// prefill fills in what is known of the step that is offered.
func (p eventData) prefill(f *web.Form, today vn.Date) {
	switch p.Act {
	case Focus:
		name := p.Event.Focus
		if name == "" {
			name = p.Place + " · " + p.Unit.Full()
		}
		f.Set("name", name)
		f.Set("place", p.Place)
		if p.Since.Known() {
			f.Set("since", p.Since.String())
		}
	case Risk:
		f.Set("level", p.Event.Risk)
		for _, t := range p.Triggers {
			f.Append("triggers", t)
		}
	case Level:
		for _, x := range p.Findings {
			f.Append("findings", x)
		}
	case Declared, Contained:
		form := map[Kind]string{Declared: "01", Contained: "02"}[p.Act]
		for _, n := range p.Notices {
			if n.Form == form && f.Get("about") == "" {
				f.Set("about", n.ID)
			}
		}
	case Verified:
		f.Set("disease", p.Disease)
	case Daily:
		if len(p.Due) > 0 {
			f.Set("at", p.Due[0].String())
		} else {
			f.Set("at", today.String())
		}
	case Closed:
		f.Set("at", today.String())
	}
}

// count counts what a daily report would hold of the day in its form.
func (m *Module) count(r *http.Request, p *eventData) error {
	if p.Act != Daily {
		return nil
	}
	var err error
	if p.On, err = vn.ParseDate(p.Form.Get("at")); err != nil {
		p.On = web.Today(r)
	}
	p.Counted, err = m.counted(r.Context(), web.Actor(r), p.Event, p.On)
	return err
}

// step takes a step whose form was sent.
func (m *Module) step(w http.ResponseWriter, r *http.Request) error {
	f, kind := web.ParseForm(r), Kind(r.PathValue("step"))
	if !kind.known() || kind == Signal || kind == Told {
		return issue.New(issue.NotFound, "events.none")
	}
	d := Draft{Kind: kind, At: f.Date("at"), Words: f.Text("words", 4000), Reason: f.Get("reason"), Marks: f.All("triggers"), About: f.Get("about"),
		Place: f.Text("place", 200), Name: f.Text("name", 200), Since: f.Date("since"), Disease: f.Get("disease")}
	switch kind {
	case Risk:
		d.Reason = f.Get("level")
	case Level:
		d.Marks = f.All("findings")
	}
	return m.send(w, r, f, kind, "events.done."+string(kind), func(ctx context.Context, a store.Actor, id, key string) error {
		return m.Take(ctx, a, id, d, key)
	})
}

// send does one thing to an event and shows its page again when it is refused.
func (m *Module) send(w http.ResponseWriter, r *http.Request, f *web.Form, kind Kind, done string, do func(ctx context.Context, a store.Actor, id, key string) error) error {
	id := r.PathValue("id")
	if f.OK() {
		if err := f.Add(do(r.Context(), web.Actor(r), id, web.OnceKey(r))); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.eventData(r, f)
		if err != nil {
			return err
		}
		p.Act, p.Task = kind, kind == ""
		if err := m.count(r, &p); err != nil {
			return err
		}
		return web.Refuse(w, r, eventPage(p))
	}
	web.Flash(w, r, done)
	next := path(id)
	if kind == Daily {
		next += "/bao-cao"
	}
	return web.Redirect(w, r, next)
}

func (m *Module) assign(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	d := Duty{What: f.Text("what", 500), Who: f.Text("who", 200), Due: f.Date("due")}
	return m.send(w, r, f, "", "events.duty.assigned", func(ctx context.Context, a store.Actor, id, key string) error {
		return m.Assign(ctx, a, id, d, key)
	})
}

func (m *Module) finish(w http.ResponseWriter, r *http.Request) error {
	return m.send(w, r, web.ParseForm(r), "", "events.duty.finished", func(ctx context.Context, a store.Actor, id, key string) error {
		return m.Finish(ctx, a, id, r.PathValue("task"), key)
	})
}

// dailyPage lists the daily reports of a focus, and the days without one.
func (m *Module) dailyPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.eventData(r, web.Blank(r))
	if err != nil {
		return err
	}
	if p.Event.Focus == "" {
		return issue.New(issue.NotFound, "events.focus.none")
	}
	if slices.Contains(p.Acts, Daily) {
		p.Act = Daily
		p.prefill(p.Form, web.Today(r))
	}
	if err := m.count(r, &p); err != nil {
		return err
	}
	return web.Render(w, r, dailyPage(p))
}
