// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// Who does what; policies/8-events.cedar decides, these keep pages from
// offering what would be refused.
var (
	verifying = []store.Role{store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.CDC}
	deciding  = []store.Role{store.StationDirector, store.CDC}
	watching  = append([]store.Role{store.VillageWorker, store.Chairman, store.Department, store.Ministry}, verifying...)

	watchers  = web.Roles(watching...)
	villagers = web.Roles(store.VillageWorker)
	verifiers = web.Roles(verifying...)
	reporters = web.Roles(store.Doctor, store.Midwife, store.StationDirector, store.CDC) // of cases (module surveillance)
	citizens  = web.Roles(store.Person)
)

// Routes registers the pages under /su-kien.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/su-kien", watchers, m.boardPage)
	mux.Get("/su-kien/bang", watchers, m.boardPart)
	mux.Get("/su-kien/moi", watchers, m.newPage)
	mux.Post("/su-kien", watchers, m.signal)
	mux.Get("/su-kien/nguoi-dan", citizens, m.citizenPage)
	mux.Post("/su-kien/nguoi-dan", citizens, m.citizenSignal)
	mux.Get("/su-kien/hom-nay", verifiers, m.todayPage)
	mux.Get("/su-kien/thon", villagers, m.villagePage)
	mux.Post("/su-kien/thon/hoi/{contact}", villagers, m.villageAsk)
	mux.Get("/su-kien/da-bao", web.AnyStaff, m.calledPart)
	mux.Get("/su-kien/o-dich", verifiers, m.namesPart)
	mux.Get("/su-kien/{id}", watchers, m.eventPage)
	mux.Post("/su-kien/{id}/buoc/{step}", verifiers, m.step)
	mux.Get("/su-kien/{id}/bao-cao", watchers, m.dailyPage)
	mux.Get("/su-kien/{id}/bao-cao/{step}", watchers, m.paperPage)
	mux.Get("/su-kien/{id}/ca-benh", verifiers, m.linesPage)
	mux.Get("/su-kien/{id}/ca-benh.csv", verifiers, m.linesFile)
	mux.Post("/su-kien/{id}/ca-benh/{report}", verifiers, m.join)
	mux.Get("/su-kien/{id}/tiep-xuc", verifiers, m.contactsPage)
	mux.Post("/su-kien/{id}/tiep-xuc", verifiers, m.trace)
	mux.Post("/su-kien/{id}/tiep-xuc/{contact}", verifiers, m.ask)
	mux.Post("/su-kien/{id}/viec", verifiers, m.assign)
	mux.Post("/su-kien/{id}/viec/{task}", verifiers, m.finish)
}

func path(id string) string { return "/su-kien/" + url.PathEscape(id) }

// boardData is the board of a unit, as one reader sees it.
type boardData struct {
	Unit    vn.Unit
	Path    []vn.Unit // those above that the reader may open, highest first
	Events  []Event
	Tallies map[string]Tally
	Over    bool // those that have ended are shown
	More    bool
	Signals bool // the reader follows contacts
	Follows int  // contacts of the reader, a village health worker, not asked today
	Village bool
	Rules   []content.Escalation
	units   *vn.Units
}

// maxBoard is how many events a board shows.
const maxBoard = 200

func (m *Module) board(r *http.Request) (boardData, error) {
	ctx, a := r.Context(), web.Actor(r)
	unit, err := m.area(r)
	if err != nil {
		return boardData{}, err
	}
	p := boardData{Unit: unit, Over: r.URL.Query().Get("xem") == "xong", Signals: verifiers.Allows(web.SessionOf(ctx)), Rules: content.SurveillanceOn(web.Today(r)).Escalation, units: m.units}
	for _, u := range m.units.Path(unit.ID) {
		if u.ID != unit.ID && m.units.Within(u.ID, a.Oversees(m.units)) {
			p.Path = append(p.Path, u)
		}
	}
	if p.Events, p.More, err = m.Events(ctx, a, unit, p.Over, maxBoard); err != nil {
		return p, err
	}
	if p.Tallies, err = m.Tallies(ctx, a, unit); err != nil {
		return p, err
	}
	if p.Village = villagers.Allows(web.SessionOf(ctx)); p.Village {
		followed, err := m.Followed(ctx, a)
		if err != nil {
			return p, err
		}
		for _, c := range followed {
			if c.DueOn(web.Today(r)) {
				p.Follows++
			}
		}
	}
	return p, nil
}

// area is the unit that is asked for, or the reader's own.
func (m *Module) area(r *http.Request) (vn.Unit, error) {
	own := web.Actor(r).Oversees(m.units)
	unit, ok := m.units.At(own, web.Today(r))
	if code := r.URL.Query().Get("don-vi"); code != "" {
		unit, ok = m.units.ByCode(code, web.Today(r))
	}
	if !ok || !m.units.Within(unit.ID, own) {
		return unit, issue.New(issue.NotFound, "events.unit.none")
	}
	return unit, nil
}

func (m *Module) boardPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.board(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, boardPage(p))
}

func (m *Module) boardPart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.board(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, boardList(p))
}

// newData is the form of a signal.
type newData struct {
	Form      *web.Form
	Diseases  []content.Disease
	Units     []vn.Unit // to choose among; one = the reader's own; none: a province first
	Provinces []vn.Unit
	Alike     []Event // that it may belong to
	Alert     string
	units     *vn.Units
}

// newPage opens the form, filled in from the link of an alert: benh or
// hoi-chung, xa, canh-bao. The link names no person.
func (m *Module) newPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := web.Blank(r)
	for from, to := range map[string]string{"benh": "disease", "hoi-chung": "syndrome", "canh-bao": "alert", "xa": "unit"} {
		f.Set(to, q.Get(from))
	}
	if q.Get("canh-bao") != "" {
		f.Set("source", "alert")
	}
	p, err := m.newData(r, f)
	if err != nil {
		return err
	}
	return web.Render(w, r, newPage(p))
}

func (m *Module) newData(r *http.Request, f *web.Form) (newData, error) {
	ctx, a := r.Context(), web.Actor(r)
	p := newData{Form: f, Diseases: open(m.diseases.List(web.Today(r))), Alert: f.Get("alert"), units: m.units}
	own, _ := m.units.At(a.Oversees(m.units), web.Today(r))
	switch own.Level {
	case vn.LevelCommune:
		p.Units = []vn.Unit{own}
		f.Set("unit", own.Code)
	case vn.LevelProvince:
		p.Units = m.units.Communes(own.ID, web.Today(r))
	default:
		p.Units, p.Provinces = m.communes(r, f.Get("unit"))
	}
	unit, ok := m.units.ByCode(f.Get("unit"), web.Today(r))
	if !ok || f.Get("disease")+f.Get("syndrome") == "" {
		return p, nil
	}
	var err error
	p.Alike, err = m.Alike(ctx, a, Tidings{Unit: unit.ID, Disease: f.Get("disease")})
	return p, err
}

// communes are those of the province that a commune lies in or that the reader
// has chosen; else the provinces to choose among.
func (m *Module) communes(r *http.Request, code string) (communes, provinces []vn.Unit) {
	on := web.Today(r)
	for _, c := range []string{code, r.URL.Query().Get("tinh")} {
		if u, ok := m.units.ByCode(c, on); ok && m.units.ProvinceOf(u.ID) != 0 {
			return m.units.Communes(m.units.ProvinceOf(u.ID), on), nil
		}
	}
	return nil, m.units.Provinces(on)
}

// news reads the form of a signal.
func (m *Module) news(r *http.Request, f *web.Form) News {
	n := News{Place: f.Text("place", 200), Words: f.Text("words", 2000), Since: f.Date("since"), Sick: -1, Dead: -1, Phone: f.Text("phone", 30),
		Tidings: Tidings{Source: f.Choice("source", Sources...), Disease: f.Get("disease"), Syndrome: f.Text("syndrome", 200), Alert: f.Text("alert", 100)}}
	if n.Disease != "" {
		n.Syndrome = ""
	}
	if u, ok := m.units.ByCode(f.Get("unit"), web.Today(r)); ok {
		n.Unit = u.ID
	}
	if v, ok := f.Int("sick", 0, 100_000); ok {
		n.Sick = v
	}
	if v, ok := f.Int("dead", 0, 100_000); ok {
		n.Dead = v
	}
	if n.Phone != "" {
		if _, err := vn.ParsePhone(n.Phone); err != nil {
			f.Fail("phone", issue.Value, "events.phone.wrong")
		}
	}
	switch same := f.Get("same"); same {
	case "":
	case "new":
		n.Anew = true
	default:
		n.Attach = same
	}
	return n
}

func (m *Module) signal(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	n := m.news(r, f)
	if n.Source == "" && f.OK() {
		f.Required("source")
	}
	id := ""
	if f.OK() {
		var err error
		id, err = m.Signal(r.Context(), web.Actor(r), n, web.OnceKey(r))
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.newData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, newPage(p))
	}
	web.Flash(w, r, "events.signalled")
	return web.Redirect(w, r, path(id))
}

// citizenData is the form of somebody who has signed in to their own book.
type citizenData struct {
	Form             *web.Form
	Units, Provinces []vn.Unit
	Home             vn.Unit
	Told             []Event // what the person has told of
}

func (m *Module) citizenData(r *http.Request, f *web.Form) (citizenData, error) {
	a := web.Actor(r)
	p := citizenData{Form: f}
	d, err := m.store.For(a).Read(r.Context(), "Patient", a.Patient)
	if err != nil {
		return p, err
	}
	p.Home = m.homeOf(d, web.Today(r))
	code := cmp.Or(f.Get("unit"), p.Home.Code)
	p.Units, p.Provinces = m.communes(r, code)
	f.Set("unit", code)
	p.Told, err = m.Told(r.Context(), a)
	return p, err
}

func (m *Module) citizenPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.citizenData(r, web.Blank(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, citizenPage(p))
}

// citizenSignal takes what a person tells. They see no list of events, so
// nothing is offered as the same: who triages finds it beside the others.
func (m *Module) citizenSignal(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	n := m.news(r, f)
	n.Source, n.Disease, n.Alert, n.Attach, n.Anew = "citizen", "", "", "", true
	if f.OK() {
		if _, err := m.Signal(r.Context(), web.Actor(r), n, web.OnceKey(r)); f.Add(err) != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.citizenData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, citizenPage(p))
	}
	web.Flash(w, r, "events.citizen.thanks")
	return web.Redirect(w, r, "/su-kien/nguoi-dan")
}

// namesPart lists the open foci of a disease in the reader's place whose names
// have what is typed: what the field of a case report offers.
func (m *Module) namesPart(w http.ResponseWriter, r *http.Request) error {
	unit, err := m.area(r)
	if err != nil {
		return err
	}
	list, _, err := m.Events(r.Context(), web.Actor(r), unit, false, maxBoard)
	if err != nil {
		return err
	}
	disease, typed := r.URL.Query().Get("benh"), vn.Fold(r.URL.Query().Get("focus"))
	list = slices.DeleteFunc(list, func(e Event) bool {
		return !e.Stage.Active() || disease != "" && e.Disease != disease || !strings.Contains(vn.Fold(e.Focus), typed)
	})
	return web.Fragment(w, r, focusNames(list))
}
