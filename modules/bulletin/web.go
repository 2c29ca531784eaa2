// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// readers see figures of their unit and of those below it; loaders may put a
// forecast beside them.
var (
	readers = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.Chairman, store.Department, store.CDC, store.Institute, store.Ministry)
	loaders = web.Roles(store.CDC, store.Department, store.Ministry)
)

// Paths of the pages.
const (
	pathBulletin = "/dich/ban-tin"
	pathCurve    = "/dich/dien-bien"
	pathChannel  = "/dich/kenh-dich"
	pathMap      = "/dich/ban-do"
	pathComplete = "/dich/day-du"
	pathSpread   = "/dich/lay-lan"
	pathData     = "/dich/so-lieu"
	pathForecast = "/dich/du-bao"
)

// Routes registers the pages under /dich and the exports under /so-lieu; fail
// answers programs.
func (m *Module) Routes(mux *web.Mux, fail func(http.ResponseWriter, *http.Request, error)) {
	mux.Get(pathBulletin, readers, m.bulletinPage)
	mux.Get(pathBulletin+"/pdf", readers, m.paper)
	mux.Get(pathCurve, readers, m.curvePage)
	mux.Get(pathChannel, readers, m.channelPage)
	mux.Get(pathMap, readers, m.mapPage)
	mux.Get(pathComplete, readers, m.completePage)
	mux.Get(pathSpread, readers, m.spreadPage)
	mux.Get(pathData, readers, m.dataPage)
	mux.Get(pathForecast, loaders, m.forecastPage)
	mux.Post(pathForecast, loaders, m.forecastLoad).MaxBody(maxForecast + 64<<10)
	mux.Post(pathForecast+"/{file}/bo", loaders, m.forecastDrop)
	m.mount(mux, fail)
}

// view is what every page of pictures is about.
type view struct {
	At       string // path of the page
	Unit     vn.Unit
	Own      vn.Unit   // what the reader answers for
	Path     []vn.Unit // those above that the reader may open, highest first
	Choices  []vn.Unit // those the reader may choose: the own, and the ones below the unit
	Disease  content.Disease
	Diseases []content.Disease
	Axis     int
	Step     step
	Years    bool // the years before are drawn over it
	On       vn.Date
	Now      time.Time
	Lists    bool // the reader may have the line list
	Loads    bool // and load forecasts
}

// The values of the parameter theo.
const (
	byReport = "bao-cao"
	byOnset  = "khoi-phat"
)

// view reads what the page is asked for. Units outside of what the reader
// answers for are not found.
func (m *Module) view(r *http.Request, at string) (view, error) {
	a, on, q := web.Actor(r), web.Today(r), r.URL.Query()
	v := view{At: at, On: on, Now: web.Now(r.Context()), Step: byWeek, Years: q.Get("nam") != ""}
	own, ok := m.units.At(a.Oversees(m.units), on)
	if !ok {
		return v, issue.New(issue.NotFound, "bulletin.unit.none")
	}
	v.Own, v.Unit = own, own
	if code := q.Get("don-vi"); code != "" {
		v.Unit, ok = m.coded(code, on)
	}
	if !ok || !m.units.WithinOn(v.Unit.ID, own.ID, on) {
		return v, issue.New(issue.NotFound, "bulletin.unit.none")
	}
	if v.Unit.Level == vn.LevelRegion { // nothing is counted for one: its provinces are looked at one by one
		if list := m.units.Children(v.Unit.ID, on); len(list) > 0 {
			v.Unit = list[0]
		}
	}
	for _, u := range m.units.Path(v.Unit.ID) {
		if u.ID != v.Unit.ID && m.units.WithinOn(u.ID, own.ID, on) {
			v.Path = append(v.Path, u)
		}
	}
	v.Choices = m.choices(v, on)
	v.Diseases = m.open(on)
	v.Disease = m.chosen(q.Get("benh"), v.Diseases)
	if q.Get("theo") == byOnset {
		v.Axis = axisOnset
	}
	if s := step(q.Get("buoc")); s == byDay || s == byMonth {
		v.Step = s
	}
	v.Lists, v.Loads = m.lister(a, v.Unit.ID), mayLoad(a)
	return v, nil
}

// choices are the units of the select: those below the province of the unit, or
// the provinces.
func (m *Module) choices(v view, on vn.Date) []vn.Unit {
	if v.Own.Level == vn.LevelCommune {
		return nil
	}
	out := slices.Clone(v.Path)
	around := v.Unit
	if v.Unit.Level == vn.LevelCommune {
		around, _ = m.units.At(m.units.ProvinceOf(v.Unit.ID), on)
	} else {
		out = append(out, v.Unit)
	}
	below := m.units.Communes(around.ID, on)
	if around.Level == vn.LevelNation {
		below = m.units.Provinces(on)
	}
	below = slices.Clone(below)
	if v.Own.Level == vn.LevelRegion {
		below = append(below, m.units.Children(v.Own.ID, on)...)
		below = slices.DeleteFunc(below, func(u vn.Unit) bool { return slices.ContainsFunc(out, func(x vn.Unit) bool { return x.ID == u.ID }) })
	}
	slices.SortStableFunc(below, func(x, y vn.Unit) int { return cmp.Compare(vn.SortKey(x.Name), vn.SortKey(y.Name)) })
	return append(out, below...)
}

// chosen is the disease asked for, else dengue, else the first.
func (m *Module) chosen(id string, list []content.Disease) content.Disease {
	for _, want := range []string{id, "dengue"} {
		if i := slices.IndexFunc(list, func(d content.Disease) bool { return d.ID == want }); i >= 0 {
			return list[i]
		}
	}
	if len(list) == 0 {
		return content.Disease{}
	}
	return list[0]
}

// with is the address of another page about the same, with further parameters.
func (v view) with(path string, pairs ...string) string {
	q := url.Values{"don-vi": {codeOf(v.Unit)}, "benh": {v.Disease.ID}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return path + "?" + q.Encode()
}

func (m *Module) curvePage(w http.ResponseWriter, r *http.Request) error {
	v, err := m.view(r, pathCurve)
	if err != nil {
		return err
	}
	c, err := m.curve(r.Context(), web.Actor(r), v.Unit, v.Disease, v.Step, v.Axis, v.On)
	if err != nil {
		return err
	}
	return web.Render(w, r, curvePage(v, c))
}

func (m *Module) channelPage(w http.ResponseWriter, r *http.Request) error {
	v, err := m.view(r, pathChannel)
	if err != nil {
		return err
	}
	c, err := m.channel(r.Context(), web.Actor(r), v.Unit, v.Disease.ID, v.On)
	if err != nil {
		return err
	}
	return web.Render(w, r, channelPage(v, c))
}

func (m *Module) mapPage(w http.ResponseWriter, r *http.Request) error {
	v, err := m.view(r, pathMap)
	if err != nil {
		return err
	}
	if v.Unit.Level == vn.LevelNation {
		p, err := m.provinces(r.Context(), web.Actor(r), v.Disease.ID, v.On)
		if err != nil {
			return err
		}
		return web.Render(w, r, provincesPage(v, p))
	}
	if v.Unit.Level == vn.LevelCommune { // a commune is seen among its neighbours by who may see them
		if up, ok := m.units.At(m.units.ProvinceOf(v.Unit.ID), v.On); ok && m.units.WithinOn(up.ID, v.Own.ID, v.On) {
			return web.Redirect(w, r, v.with(pathMap, "don-vi", up.Code))
		}
	}
	p, err := m.picture(r.Context(), web.Actor(r), v.Unit, v.Disease.ID, v.On)
	if err != nil {
		return err
	}
	return web.Render(w, r, mapPage(v, p))
}

// heatWeeks is how many weeks the map of completeness shows.
const heatWeeks = 26

// heat is completeness by unit and week.
type heat struct {
	weeks []vn.Date
	rows  []heatRow
	share []float64 // of the units, week by week, that sent something
	never int       // of them that never sent anything
}

// heatRow is one unit: states of a commune, or how many communes of a province
// sent something.
type heatRow struct {
	unit     vn.Unit
	states   []state
	sent     []share
	heard    []int
	communes int
}

// never reports whether no commune of the province sent anything in the weeks:
// that is no row of zeros.
func (r heatRow) never() bool {
	return r.states == nil && !slices.ContainsFunc(r.heard, func(n int) bool { return n > 0 })
}

func (m *Module) completePage(w http.ResponseWriter, r *http.Request) error {
	v, err := m.view(r, pathComplete)
	if err != nil {
		return err
	}
	h, err := m.heat(r, v)
	if err != nil {
		return err
	}
	return web.Render(w, r, completePage(v, h))
}

func (m *Module) heat(r *http.Request, v view) (heat, error) {
	from := vn.WeekOf(v.On).Start().AddDays(-7 * (heatWeeks - 1))
	if v.Unit.Level == vn.LevelNation {
		return m.heatNation(r, from, v.On)
	}
	communes := m.units.Communes(v.Unit.ID, v.On)
	sends, err := m.sending(r.Context(), web.Actor(r), v.Unit.ID, vn.IDs(communes), from, v.On)
	h := heat{weeks: sends.weeks, share: make([]float64, len(sends.weeks))}
	for _, c := range communes {
		row := heatRow{unit: c, states: sends.states[c.ID], sent: sends.sent[c.ID]}
		any := false
		for i, s := range row.states {
			if s == stateSent || s == stateLate {
				h.share[i] += 100 / float64(len(communes))
			}
			any = any || s != stateUnknown
		}
		if !any {
			h.never++
		}
		h.rows = append(h.rows, row)
	}
	slices.SortStableFunc(h.rows, func(x, y heatRow) int { return cmp.Compare(mutes(y), mutes(x)) })
	return h, err
}

// mutes is how many of the weeks a commune was silent in: those most silent
// stand first.
func mutes(r heatRow) (n int) {
	for _, s := range r.states {
		if s == stateSilent {
			n++
		}
	}
	return n
}

func (m *Module) heatNation(r *http.Request, from, on vn.Date) (heat, error) {
	list, err := m.heardIn(r.Context(), web.Actor(r), from, on)
	h := heat{share: make([]float64, heatWeeks)}
	for i := range heatWeeks {
		h.weeks = append(h.weeks, from.AddDays(7*i))
	}
	all := 0
	for _, p := range m.units.Provinces(on) {
		row := heatRow{unit: p, heard: make([]int, heatWeeks), communes: len(m.units.Communes(p.ID, on))}
		for _, x := range list {
			if x.province == p.ID {
				row.heard[int(x.week-from)/7] = x.communes
			}
		}
		if row.never() {
			h.never++
		}
		all += row.communes
		h.rows = append(h.rows, row)
	}
	for i := range h.share {
		for _, row := range h.rows {
			h.share[i] += 100 * float64(row.heard[i]) / float64(max(all, 1))
		}
	}
	return h, err
}

func (m *Module) spreadPage(w http.ResponseWriter, r *http.Request) error {
	v, err := m.view(r, pathSpread)
	if err != nil {
		return err
	}
	s, err := m.spread(r.Context(), web.Actor(r), v.Unit, v.Disease.ID, v.On)
	if err != nil {
		return err
	}
	return web.Render(w, r, spreadPage(v, s))
}

// askedWeek is the week of a bulletin: the one asked for, else the last that is
// over. A week to come is not found.
func askedWeek(r *http.Request) (vn.Week, error) {
	current := vn.WeekOf(web.Today(r))
	text := r.URL.Query().Get("tuan")
	if text == "" {
		return current.Add(-1), nil
	}
	w, err := vn.ParseWeek(text)
	if err != nil || w.Compare(current) > 0 {
		return w, issue.New(issue.NotFound, "bulletin.week.none")
	}
	return w, nil
}

func (m *Module) bulletinOf(r *http.Request) (view, bulletin, error) {
	v, err := m.view(r, pathBulletin)
	if err != nil {
		return v, bulletin{}, err
	}
	week, err := askedWeek(r)
	if err != nil {
		return v, bulletin{}, err
	}
	b, err := m.bulletin(r.Context(), web.Actor(r), v.Unit, week)
	return v, b, err
}

func (m *Module) bulletinPage(w http.ResponseWriter, r *http.Request) error {
	v, b, err := m.bulletinOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, bulletinPage(v, b))
}

// paper answers with the bulletin as PDF, made to the end before its first
// byte leaves.
func (m *Module) paper(w http.ResponseWriter, r *http.Request) error {
	_, b, err := m.bulletinOf(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	ed := edition{public: r.URL.Query().Get("ban") == publicEdition, agency: web.Actor(r).FacilityName, at: web.Now(ctx)}
	var file bytes.Buffer
	if err := b.print(ctx, &file, ed); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `inline; filename="`+b.paperName(ed)+`"`)
	w.Write(file.Bytes()) // an error here: the reader went away
	return nil
}
