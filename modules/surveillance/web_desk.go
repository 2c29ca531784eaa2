// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"net/http"
	"strconv"
	"time"

	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

var (
	// deskers have cases to look after; takers acknowledge what is handed to
	// them; comparers say which reports are of one case.
	deskers   = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter, store.CDC)
	takers    = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.CDC)
	comparers = web.Roles(store.StationDirector, store.Doctor, store.CDC)
	centres   = web.Roles(store.CDC)
	closers   = web.Roles(store.ClosedDesk)
)

// deskRoutes are the pages on which cases are looked after once they are told.
func (m *Module) deskRoutes(mux *web.Mux) {
	mux.Get("/dich/viec", deskers, m.deskPage)
	mux.Post("/dich/giao/{task}", takers, m.acknowledge)
	mux.Post("/dich/ca/{report}/giao", centres, m.hand)
	mux.Get("/dich/trung/{report}/{other}", comparers, m.pairPage)
	mux.Post("/dich/trung/{report}/{other}", comparers, m.decide)
	mux.Get("/dich/ban-kin", closers, m.closedPage)
}

// daysOfDesk is how far back the desk looks.
const daysOfDesk = 60

// deskData is what waits for a desk, and what became of its reports.
type deskData struct {
	In, Out  []Handover
	Messages []Message
	Deaths   []Death
	Results  []Result
	Pairs    []Pair
	ToHand   []Case
	News     []News
	Now      time.Time
	Centre   bool
	Answers  bool // the reader makes cases of messages
	Compares bool
	unit     func(vn.UnitID) string
}

func (m *Module) deskPage(w http.ResponseWriter, r *http.Request) error {
	ctx, a, since := r.Context(), web.Actor(r), web.Today(r).AddDays(-daysOfDesk)
	s := web.SessionOf(ctx)
	p := deskData{Now: web.Now(ctx), Centre: centres.Allows(s), Answers: reporters.Allows(s), Compares: comparers.Allows(s), unit: m.unitName}
	unit, ok := m.units.At(a.Oversees(m.units), web.Today(r))
	if !ok {
		return issue.New(issue.NotFound, "surveillance.unit.none")
	}
	var err error
	for _, read := range []func() error{
		func() error { p.In, err = m.Handovers(ctx, a, false, since); return err },
		func() error { p.Messages, err = m.Messages(ctx, a, since); return err },
		func() error { p.Deaths, err = m.Deaths(ctx, a, since); return err },
		func() error { p.Results, err = m.Results(ctx, a, since); return err },
		func() error { p.News, err = m.News(ctx, a, since); return err },
		func() error {
			if p.Compares {
				p.Pairs, err = m.Pairs(ctx, a, unit, since)
			}
			return err
		},
		func() error {
			if p.Centre {
				p.ToHand, err = m.ToHand(ctx, a, since, 50)
			}
			return err
		},
		func() error {
			if p.Centre {
				p.Out, err = m.Handovers(ctx, a, true, since)
			}
			return err
		},
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return web.Render(w, r, deskPage(p))
}

func (m *Module) unitName(id vn.UnitID) string {
	u, _ := m.units.Get(id)
	return u.Full()
}

func (m *Module) acknowledge(w http.ResponseWriter, r *http.Request) error {
	if err := m.Acknowledge(r.Context(), web.Actor(r), r.PathValue("task"), web.OnceKey(r)); err != nil {
		return err
	}
	web.Flash(w, r, "reporting.handover.taken")
	return web.Redirect(w, r, "/dich/viec")
}

func (m *Module) hand(w http.ResponseWriter, r *http.Request) error {
	if err := m.Hand(r.Context(), web.Actor(r), r.PathValue("report"), web.OnceKey(r)); err != nil {
		return err
	}
	web.Flash(w, r, "reporting.handover.given")
	return web.Redirect(w, r, "/dich/viec")
}

// pairData is two reports side by side.
type pairData struct {
	A, B Sent
	Form *web.Form
	unit func(vn.UnitID) string
}

func (m *Module) pairData(r *http.Request, f *web.Form) (p pairData, err error) {
	p = pairData{Form: f, unit: m.unitName}
	if p.A, err = m.Open(r.Context(), web.Actor(r), r.PathValue("report")); err != nil {
		return p, err
	}
	p.B, err = m.Open(r.Context(), web.Actor(r), r.PathValue("other"))
	if err == nil && p.A.Disease != p.B.Disease {
		err = issue.New(issue.NotFound, "surveillance.case.none")
	}
	return p, err
}

func (m *Module) pairPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.pairData(r, web.Blank(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, pairPage(p))
}

// decide merges the second report with the first, or says that they are two
// cases; which also undoes a merge.
func (m *Module) decide(w http.ResponseWriter, r *http.Request) error {
	f, ctx, a := web.ParseForm(r), r.Context(), web.Actor(r)
	version, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil {
		f.Fail("", issue.Invalid, "surveillance.case.version")
	}
	what, reason := f.Choice("what", "same", "other"), f.Text("reason", 500)
	if what == "" {
		f.Fail("what", issue.Required, "web.field.required")
	}
	if f.OK() {
		act := m.Merge
		if what == "other" {
			act = m.Part
		}
		if err := f.Add(act(ctx, a, r.PathValue("other"), r.PathValue("report"), version, web.OnceKey(r), reason)); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.pairData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, pairPage(p))
	}
	web.Flash(w, r, "reporting.alike.done."+what)
	return web.Redirect(w, r, casePath(r.PathValue("other")))
}

// closedData is the page of the closed desk.
type closedData struct {
	Drafts []Draft
	Cases  []Case
	Rules  []content.Escalation
	Now    time.Time
	unit   func(vn.UnitID) string
}

func (m *Module) closedPage(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	p := closedData{Now: web.Now(ctx), Rules: content.SurveillanceOn(web.Today(r)).Escalation, unit: m.unitName}
	var err error
	if p.Drafts, err = m.ClosedDrafts(ctx, a, 200); err != nil {
		return err
	}
	if p.Cases, err = m.ClosedCases(ctx, a, web.Today(r).AddDays(-365), 200); err != nil {
		return err
	}
	return web.Render(w, r, closedPage(p))
}

// besides is what stands beside a report: results, reports alike, to whom it
// was handed.
type besides struct {
	Results []Result
	Alike   []Case
	Handed  []Handover
	Hands   bool   // the reader may hand it on
	Takes   string // Task that waits for the reader; "" = none
	Death   time.Time
}

func (m *Module) besides(r *http.Request, s Sent) (besides, error) {
	ctx, a := r.Context(), web.Actor(r)
	var b besides
	if closers.Allows(web.SessionOf(ctx)) {
		return b, nil
	}
	var err error
	if b.Results, err = m.ResultsOf(ctx, a, s.Case.Report); err != nil {
		return b, err
	}
	if b.Handed, err = m.HandoversOf(ctx, a, s.Case.Report); err != nil {
		return b, err
	}
	for _, h := range b.Handed {
		if h.To == a.Facility && h.Seen.IsZero() {
			b.Takes = h.Task
		}
	}
	b.Hands = centres.Allows(web.SessionOf(ctx)) && len(b.Handed) == 0 && s.Patient != "" && s.Class.Counts()
	if comparers.Allows(web.SessionOf(ctx)) && s.SameAs == "" {
		b.Alike, err = m.Alike(ctx, a, keyOfRow(s.Name, s.Sex, s.Birth, s.Answers["number"], s.Unit), s.Disease, s.Day, s.Case.Report)
	}
	return b, err
}

// keyOfRow is the key of a person as a list shows them.
func keyOfRow(name, sex, birth, number string, unit vn.UnitID) Key {
	k := Key{Name: name, Sex: sex, Number: number, Unit: unit}
	if p, err := vn.ParsePartialDate(birth); err == nil && p.Known() {
		k.Year = int(p.Year)
	}
	return k
}
