// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

// villagers visit the homes of a village.
var villagers = web.Roles(store.VillageWorker)

func (m *Module) villageRoutes(mux *web.Mux) {
	mux.Get("/tram/thon", villagers, m.villagePage)
	mux.Get("/tram/thon/{id}/bao", villagers, m.tellPage)
	mux.Post("/tram/thon/{id}/bao", villagers, m.tell)
	mux.Get("/tram/tin-hieu", Front, m.signalsPart)
	mux.Post("/tram/tin-hieu/{id}/nhan", care, m.takeUp)
}

// How far the page of a village looks: who was to come lately or soon, and what
// was told in the last week.
const (
	dueBefore = 21
	dueAfter  = 7
	toldDays  = 7
)

// villageData is the home of a village health worker.
type villageData struct {
	Day   vn.Date
	Due   []Due
	Told  []Signal
	Query string
	Found []Person
}

func (m *Module) villagePage(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	p := villageData{Day: web.Today(r), Query: strings.TrimSpace(r.URL.Query().Get("q"))}
	var err error
	if p.Due, err = m.Due(ctx, a, p.Day-dueBefore, p.Day+dueAfter); err != nil {
		return err
	}
	if p.Told, err = m.Signals(ctx, a, (p.Day - toldDays).Time(), false); err != nil {
		return err
	}
	if p.Found, err = m.Find(ctx, a, p.Query, mostFound); err != nil {
		return err
	}
	return web.Render(w, r, villagePage(p))
}

// tellData is the form of a signal.
type tellData struct {
	Person Person
	Form   *web.Form
}

func (m *Module) tellData(r *http.Request, f *web.Form) (tellData, error) {
	doc, err := m.store.For(web.Actor(r)).Read(r.Context(), "Patient", r.PathValue("id"))
	if err != nil {
		return tellData{}, err
	}
	return tellData{personOf(doc, m.units), f}, nil
}

func (m *Module) tellPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.tellData(r, web.Blank(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, tellPage(p))
}

func (m *Module) tell(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	words := f.Text("words", 500)
	if f.OK() {
		if err := f.Add(m.Tell(r.Context(), web.Actor(r), r.PathValue("id"), web.OnceKey(r), words)); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.tellData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, tellPage(p))
	}
	web.Flash(w, r, "station.signal.sent")
	return web.Redirect(w, r, "/tram/thon")
}

// signalsData is what the day list of the station shows of the villages.
type signalsData struct {
	Open []Signal
	Care bool // the reader takes them up
}

func (m *Module) signals(r *http.Request) (p signalsData, err error) {
	p.Care = care.Allows(web.SessionOf(r.Context()))
	p.Open, err = m.Signals(r.Context(), web.Actor(r), m.now(), true)
	return p, err
}

func (m *Module) signalsPart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.signals(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, signals(p))
}

func (m *Module) takeUp(w http.ResponseWriter, r *http.Request) error {
	if err := m.TakeUp(r.Context(), web.Actor(r), r.PathValue("id"), web.OnceKey(r)); err != nil {
		return err
	}
	web.Flash(w, r, "station.signal.taken")
	return web.Redirect(w, r, "/tram")
}

func tellPath(patient string) string { return "/tram/thon/" + url.PathEscape(patient) + "/bao" }

func tellLink(ctx context.Context, patient string) web.Link {
	return web.Link{Text: web.T(ctx, "station.signal.do"), Href: tellPath(patient)}
}

// dueRows are people to remind: the day, where they live, how to reach them.
func dueRows(ctx context.Context, p villageData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Due))
	for i, d := range p.Due {
		rows[i] = worklist.Row{
			ID: "due-" + d.appointment, Lead: web.Date(ctx, d.Day), Name: d.Name, Meta: meta(ctx, d.Sex, d.Birth), Why: reach(d.Person),
			Tone: tag.Plain, State: web.T(ctx, "station.due.soon"), Action: tellLink(ctx, d.Patient),
		}
		switch late := int(p.Day - d.Day); {
		case late > 0:
			rows[i].Tone, rows[i].State = tag.Warning, web.T(ctx, "station.due.late", late)
		case late == 0:
			rows[i].Tone, rows[i].State = tag.Info, web.T(ctx, "station.due.today")
		}
	}
	return rows
}

// reach is where somebody lives and the phone.
func reach(p Person) string {
	if p.Phone == "" {
		return p.Address
	}
	return strings.TrimPrefix(p.Address+" · "+vn.Phone(p.Phone).String(), " · ")
}

func residentRows(ctx context.Context, people []Person) []worklist.Row {
	rows := make([]worklist.Row, len(people))
	for i, p := range people {
		rows[i] = worklist.Row{ID: "p-" + p.Patient, Name: p.Name, Meta: meta(ctx, p.Sex, p.Birth), Why: reach(p), Action: tellLink(ctx, p.Patient)}
	}
	return rows
}

// toldRows are signals as their village sees them.
func toldRows(ctx context.Context, list []Signal) []worklist.Row {
	rows := make([]worklist.Row, len(list))
	for i, s := range list {
		rows[i] = worklist.Row{
			ID: "s-" + s.ID, Lead: web.DateTime(ctx, s.Sent), Name: s.Name, Meta: s.Sender, Why: s.Words,
			Tone: tag.Warning, State: web.T(ctx, "station.signal.waits"),
		}
		if !s.Received.IsZero() {
			rows[i].Tone, rows[i].State = tag.Good, web.T(ctx, "station.signal.received", web.DateTime(ctx, s.Received))
		}
	}
	return rows
}

// signalRows are open signals as the station sees them.
func signalRows(ctx context.Context, p signalsData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Open))
	for i, s := range p.Open {
		rows[i] = worklist.Row{
			ID: "s-" + s.ID, Lead: web.DateTime(ctx, s.Sent), Name: s.Name, Href: "/tram/nguoi/" + url.PathEscape(s.Patient),
			Meta: meta(ctx, s.Sex, s.Birth), Why: web.T(ctx, "station.signal.from", s.Words, s.Sender, reach(s.Person)),
		}
		if p.Care {
			rows[i].Post, rows[i].Action = "/tram/tin-hieu/"+url.PathEscape(s.ID)+"/nhan", web.Link{Text: web.T(ctx, "station.signal.take")}
		}
	}
	return rows
}
