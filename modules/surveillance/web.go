// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// carers see drafts and cases of their place, reporters send them, readers
// see figures and the state of the law.
var (
	carers    = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter)
	reporters = web.Roles(store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter)
	// senders open a draft: those who report, and the closed desk its own.
	senders   = web.Roles(store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter, store.ClosedDesk)
	openers   = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter, store.CDC, store.Institute, store.ClosedDesk)
	followers = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter, store.CDC, store.Institute)
	updaters  = web.Roles(store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter, store.CDC, store.ClosedDesk)
	readers   = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.Chairman, store.Department, store.CDC, store.Institute, store.Ministry)
	directors = web.Roles(store.StationDirector)
	homes     = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter,
		store.Chairman, store.Department, store.CDC, store.Institute, store.Ministry)
)

// Routes registers the pages under /dich.
func (m *Module) Routes(mux *web.Mux) {
	m.deskRoutes(mux)
	m.toldRoutes(mux)
	mux.Get("/dich", homes, m.homePage)
	mux.Get("/dich/cho-gui", carers, m.draftsPart)
	mux.Get("/dich/luot-kham/{encounter}", carers, m.boxPart)
	mux.Get("/dich/ca-moi/{cause}", senders, m.draftPage)
	mux.Post("/dich/ca-moi/{cause}", senders, m.send)
	mux.Post("/dich/ca-moi/{cause}/khong-phai", senders, m.refute)
	mux.Get("/dich/ca/{report}", openers, m.casePage)
	mux.Post("/dich/ca/{report}", updaters, m.update)
	mux.Get("/dich/xa/{commune}/{disease}", readers, m.statePage)
	mux.Post("/dich/xa/{commune}/{disease}/cong-bo", directors, m.declare)
	mux.Post("/dich/xa/{commune}/{disease}/ket-thuc", directors, m.end)
	mux.Get("/dich/thong-bao/{notice}", readers, m.noticePage)
	mux.Get("/dau-vet/surveillance/{encounter}", carers, m.trace)
}

// homeData is the first page, as one reader sees it.
type homeData struct {
	Unit      vn.Unit
	Path      []vn.Unit // those above that the reader may open, highest first
	Drafts    *draftsData
	Figures   bool // the reader sees figures
	Settings  bool // the reader finds the settings of alerts here alone
	States    []State
	Cases     []Case
	ShowCases bool
	Unsent    []place
	Disease   content.Disease
	Diseases  []content.Disease
	Curve     *Curve
	Map       []spot
	Ranks     []spot // provinces, on the page of the nation
	Silent    int    // how many of these, or of the communes on the map, are silent; of a commune's own page 1 or 0
	Nowhere   int    // cases of the weeks on the map that no commune of it has
	Now       time.Time
	Month     vn.Month
	All       bool // the whole lists, not only their heads
	Desk      bool // the reader looks after cases
}

// headOf is how many lines of a list are shown until somebody asks for all.
const headOf = 20

// shown is how many of n lines the page shows.
func (p homeData) shown(n int) int {
	if p.All {
		return n
	}
	return min(n, headOf)
}

// draftsData is the list of what waits to be sent.
type draftsData struct {
	Drafts []Draft
	Rules  []content.Escalation
	Closed int
	Now    time.Time
	Sends  bool
}

// place is a commune with its unsent drafts.
type place struct {
	Unit vn.Unit
	Unsent
}

// spot is a unit with a number.
type spot struct {
	Unit   vn.Unit
	Count  int
	Alarm  bool
	Silent bool // nothing was heard from it, in the time or ever: the count is unknown, not zero
	Circle vn.Circle
	Border content.Border
}

func (m *Module) homePage(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	p := homeData{Now: web.Now(ctx), Month: vn.MonthOf(web.Today(r)), All: r.URL.Query().Get("tat-ca") == "1"}
	if carers.Allows(web.SessionOf(ctx)) {
		d, err := m.waiting(r)
		if err != nil {
			return err
		}
		p.Drafts = &d
	}
	p.Desk, p.Settings = deskers.Allows(web.SessionOf(ctx)), a.Role == store.Institute
	if p.Figures = readers.Allows(web.SessionOf(ctx)); p.Figures {
		if err := m.figures(r, a, &p); err != nil {
			return err
		}
	}
	return web.Render(w, r, homePage(p))
}

// figures fills what is counted for the unit that is asked for, or the
// reader's own.
func (m *Module) figures(r *http.Request, a store.Actor, p *homeData) error {
	own := a.Oversees(m.units)
	unit, ok := m.units.At(own, web.Today(r))
	if code := r.URL.Query().Get("don-vi"); code != "" {
		unit, ok = m.units.ByCode(code, web.Today(r))
	}
	if !ok || !m.units.WithinOn(unit.ID, own, web.Today(r)) {
		return issue.New(issue.NotFound, "surveillance.unit.none")
	}
	p.Unit = unit
	if region, ok := m.units.Get(own); ok && region.Level == vn.LevelRegion && unit.ID != own {
		p.Path = append(p.Path, region)
	}
	for _, u := range m.units.Path(unit.ID) {
		if u.ID != unit.ID && m.units.WithinOn(u.ID, own, web.Today(r)) {
			p.Path = append(p.Path, u)
		}
	}
	p.Diseases = open(m.diseases.List(web.Today(r)))
	if unit.Level == vn.LevelNation || unit.Level == vn.LevelRegion {
		return m.nation(r, a, p)
	}
	return m.area(r, a, p)
}

// open leaves out the diseases of the closed desk.
func open(list []content.Disease) []content.Disease {
	return slices.DeleteFunc(list, func(d content.Disease) bool { return d.Closed })
}

// area fills the page of a province or a commune.
func (m *Module) area(r *http.Request, a store.Actor, p *homeData) error {
	ctx, on := r.Context(), web.Today(r)
	communes := vn.IDs(m.units.Communes(p.Unit.ID, on))
	var err error
	if p.States, err = m.States(ctx, a, p.Unit.ID, communes, "", on); err != nil {
		return err
	}
	p.Disease = m.chosen(r, p.States)
	curve, err := m.Curve(ctx, a, p.Unit.ID, p.Disease.ID, on)
	if err != nil {
		return err
	}
	p.Curve = &curve
	if followers.Allows(web.SessionOf(ctx)) {
		p.ShowCases = true
		limit := headOf + 1
		if p.All {
			limit = 500
		}
		if p.Cases, err = m.Cases(ctx, a, p.Unit, r.URL.Query().Get("benh"), on.AddDays(-60), limit); err != nil {
			return err
		}
	}
	if err := m.spots(r, a, p, communes); err != nil || p.Unit.Level != vn.LevelProvince {
		return err
	}
	rules := content.SurveillanceOn(on).Escalation
	list, err := m.Unsent(ctx, a, p.Unit.ID, communes, shareOf(string(store.CDC), rules), p.Now)
	for _, u := range list {
		if unit, ok := m.units.Get(u.Place); ok {
			p.Unsent = append(p.Unsent, place{unit, u})
		}
	}
	return err
}

// chosen is the disease asked for, else that of the gravest state, else dengue.
func (m *Module) chosen(r *http.Request, states []State) content.Disease {
	if d, ok := m.diseases.ByID(r.URL.Query().Get("benh")); ok && !d.Closed {
		return d
	}
	if len(states) > 0 {
		return states[0].Disease
	}
	d, _ := m.diseases.ByID("dengue")
	return d
}

// weeksOnMap is how far back the map looks.
const weeksOnMap = 4

// spots fills the map of a province with the last weeks, and says which communes
// are silent; of a commune the latter alone.
func (m *Module) spots(r *http.Request, a store.Actor, p *homeData, communes []vn.UnitID) error {
	on := web.Today(r)
	var starts []vn.Date
	for i := range weeksOnMap {
		starts = append(starts, vn.WeekOf(on).Start().AddDays(-7*i))
	}
	from := starts[weeksOnMap-1]
	cells, err := m.cells(r.Context(), a, p.Unit.ID, append([]vn.UnitID{p.Unit.ID}, communes...), p.Disease.ID, spanWeek, starts)
	if err != nil {
		return err
	}
	began, err := m.since(r.Context(), a, p.Unit.ID, m.province(p.Unit.ID))
	if err != nil {
		return err
	}
	unheard, err := m.silent(r.Context(), a, p.Unit.ID, communes, [][2]vn.Date{{from, on}}, began, on)
	if err != nil {
		return err
	}
	sums := map[vn.UnitID]int{}
	for _, c := range cells {
		if c.class.Counts() {
			sums[c.unit] += c.value
		}
	}
	alarm := map[vn.UnitID]bool{}
	for _, s := range p.States {
		if s.Disease.ID == p.Disease.ID && s.Alarm() == 2 {
			alarm[s.Unit.ID] = true
		}
	}
	silent := func(u vn.UnitID) bool { return sums[u] == 0 && unheard(u, from, on) }
	if p.Unit.Level != vn.LevelProvince {
		p.Silent = bit(silent(p.Unit.ID))
		return nil
	}
	drawn := m.maps.Of(p.Unit.ID, on)
	p.Nowhere = sums[p.Unit.ID]
	for _, c := range drawn.Circles {
		if u, ok := m.units.At(c.Unit, on); ok {
			s := spot{Unit: u, Count: sums[c.Unit], Alarm: alarm[c.Unit], Silent: silent(c.Unit), Circle: c, Border: drawn.Borders[c.Unit]}
			p.Map, p.Silent = append(p.Map, s), p.Silent+bit(s.Silent)
			p.Nowhere -= s.Count
		}
	}
	return nil
}

// nation fills the page of the ministry, or of a region: provinces by cases of
// the month.
func (m *Module) nation(r *http.Request, a store.Actor, p *homeData) error {
	on := web.Today(r)
	p.Disease = m.chosen(r, nil)
	provinces := m.units.Children(p.Unit.ID, on)
	cells, err := m.cells(r.Context(), a, p.Unit.ID, vn.IDs(provinces), p.Disease.ID, spanMonth, []vn.Date{vn.MonthOf(on).Start()})
	if err != nil {
		return err
	}
	sums := map[vn.UnitID]int{}
	for _, c := range cells {
		if c.class.Counts() {
			sums[c.unit] += c.value
		}
	}
	reporting, err := m.reporting(r.Context(), a, p.Unit.ID, vn.IDs(provinces))
	if err != nil {
		return err
	}
	for _, u := range provinces {
		s := spot{Unit: u, Count: sums[u.ID], Silent: !reporting[u.ID]}
		if s.Silent {
			p.Silent++
		}
		p.Ranks = append(p.Ranks, s)
	}
	slices.SortStableFunc(p.Ranks, func(x, y spot) int { return rank(y) - rank(x) })
	return nil
}

// rank orders provinces: the most cases first, those unknown last.
func rank(s spot) int {
	if s.Silent {
		return -1
	}
	return s.Count
}

func (m *Module) waiting(r *http.Request) (draftsData, error) {
	ctx, a := r.Context(), web.Actor(r)
	d := draftsData{Now: web.Now(ctx), Rules: content.SurveillanceOn(web.Today(r)).Escalation, Sends: reporters.Allows(web.SessionOf(ctx))}
	var err error
	if d.Drafts, err = m.Drafts(ctx, a, 200); err != nil {
		return d, err
	}
	d.Closed, err = m.Closed(ctx, a, web.Today(r).AddDays(-30))
	return d, err
}

func (m *Module) draftsPart(w http.ResponseWriter, r *http.Request) error {
	d, err := m.waiting(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, waiting(d))
}

// boxData is the box on the page of a visit.
type boxData struct {
	Encounter string
	Drafts    []Draft
	Cases     map[string]Case // by id of the report
	Alone     []Case          // reports of the visit that no draft leads to
	Rules     []content.Escalation
	Now       time.Time
	Sends     bool
}

func (m *Module) box(r *http.Request) (boxData, error) {
	ctx, a := r.Context(), web.Actor(r)
	b := boxData{Encounter: r.PathValue("encounter"), Cases: map[string]Case{}, Now: web.Now(ctx),
		Rules: content.SurveillanceOn(web.Today(r)).Escalation, Sends: reporters.Allows(web.SessionOf(ctx))}
	var err error
	if b.Drafts, err = m.DraftsOf(ctx, a, b.Encounter); err != nil {
		return b, err
	}
	cases, err := m.CasesOf(ctx, a, b.Encounter)
	if err != nil {
		return b, err
	}
	for _, c := range cases {
		b.Cases[c.Report] = c
		if !slices.ContainsFunc(b.Drafts, func(d Draft) bool { return d.Report == c.Report }) {
			b.Alone = append(b.Alone, c)
		}
	}
	return b, nil
}

func (m *Module) boxPart(w http.ResponseWriter, r *http.Request) error {
	b, err := m.box(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, box(b))
}

// trace lists what the visit fed here: a draft or report, the counts of week
// and month, the state of the commune.
func (m *Module) trace(w http.ResponseWriter, r *http.Request) error {
	b, err := m.box(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, traces(b))
}

// stateData is the page of one disease in one commune.
type stateData struct {
	State
	Curve    Curve
	Declares bool // the reader is the director of this commune's station
	Form     *web.Form
	Base     string // path of the page
}

func (m *Module) stateData(r *http.Request, f *web.Form) (stateData, error) {
	ctx, a, on := r.Context(), web.Actor(r), web.Today(r)
	unit, ok := m.units.ByCode(r.PathValue("commune"), on)
	disease, known := m.diseases.ByID(r.PathValue("disease"))
	if !ok || !known || unit.Level != vn.LevelCommune || disease.Closed || !m.units.WithinOn(unit.ID, a.Oversees(m.units), on) {
		return stateData{}, issue.New(issue.NotFound, "surveillance.unit.none")
	}
	communes := []vn.UnitID{unit.ID}
	states, err := m.States(ctx, a, unit.ID, communes, disease.ID, on)
	if err != nil {
		return stateData{}, err
	}
	if len(states) == 0 {
		return stateData{}, issue.New(issue.NotFound, "surveillance.unit.none")
	}
	p := stateData{State: states[0], Form: f, Declares: m.mayDeclare(a, unit.ID) == nil, Base: statePath(unit, disease)}
	p.Curve, err = m.Curve(ctx, a, unit.ID, disease.ID, on)
	return p, err
}

func statePath(u vn.Unit, d content.Disease) string { return "/dich/xa/" + u.Code + "/" + d.ID }

func (m *Module) statePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.stateData(r, web.Blank(r, "on", web.Today(r).String()))
	if err != nil {
		return err
	}
	return web.Render(w, r, statePage(p))
}

func (m *Module) declare(w http.ResponseWriter, r *http.Request) error {
	return m.announce(w, r, m.Declare, "surveillance.epidemic.declared")
}

func (m *Module) end(w http.ResponseWriter, r *http.Request) error {
	return m.announce(w, r, m.End, "surveillance.epidemic.ended")
}

func (m *Module) announce(w http.ResponseWriter, r *http.Request, act actOf, done string) error {
	f, ctx, a := web.ParseForm(r), r.Context(), web.Actor(r)
	unit, ok := m.units.ByCode(r.PathValue("commune"), web.Today(r))
	if !ok {
		return issue.New(issue.NotFound, "surveillance.unit.none")
	}
	n := Notice{Disease: r.PathValue("disease"), Unit: unit.ID, On: f.Date("on"), Place: f.Text("place", 500), Advice: f.Text("advice", 2000)}
	id := ""
	if f.OK() {
		var err error
		id, err = act(ctx, a, n, web.OnceKey(r))
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.stateData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, statePage(p))
	}
	web.Flash(w, r, done)
	return web.Redirect(w, r, "/dich/thong-bao/"+url.PathEscape(id))
}

// noticeData is form 01 or 02 on paper.
type noticeData struct {
	Notice
	Disease content.Disease
	Unit    vn.Unit
	Agency  string
	Signer  string
	Issued  time.Time
}

func (m *Module) noticePage(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	n, err := m.Notice(ctx, a, r.PathValue("notice"))
	if err != nil {
		return err
	}
	p := noticeData{Notice: n, Issued: casereport.Instant(n.Sent), Signer: n.Signer}
	p.Disease, _ = m.diseases.ByID(n.Disease)
	p.Unit, _ = m.units.Get(n.Unit)
	if org, err := m.store.For(a).Read(ctx, "Organization", n.Facility); err == nil {
		p.Agency = org.Get("name").String()
	}
	return web.Render(w, r, noticePage(p))
}
