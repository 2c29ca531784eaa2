// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mach/content"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// Who sees settings, proposes changes and decides about them.
var (
	settingsReaders   = web.Roles(store.CDC, store.Institute, store.Department, store.Ministry)
	settingsProposers = web.Roles(store.CDC, store.Ministry)
	settingsDeciders  = web.Roles(store.Department, store.Ministry)
)

const settingsPath = "/dich/cai-dat"

func (m *Module) settingsRoutes(mux *web.Mux) {
	mux.Get(settingsPath, settingsReaders, m.settingsPage)
	mux.Get(settingsPath+"/{disease}", settingsReaders, m.settingPage)
	mux.Post(settingsPath+"/{disease}", settingsProposers, m.proposeSettings)
	mux.Get(settingsPath+"/{disease}/{setting}", settingsReaders, m.changePage)
	mux.Post(settingsPath+"/{disease}/{setting}", settingsDeciders, m.decideSettings)
}

// settingsData is the list of diseases with their settings.
type settingsData struct {
	Unit  vn.Unit
	Rows  []settingsRow
	Open  []Setting // that wait, or are still to begin
	Today vn.Date
	Law   content.SurveillanceSettings
	names map[vn.UnitID]vn.Unit
	all   map[string]settingsRow
}

// settingsRow is a disease with what holds for it in the reader's area.
type settingsRow struct {
	Disease content.Disease
	Rule    content.DetectionRule
	Default content.DetectionRule
	Latest  *Setting // in force; nil = the default
}

func (m *Module) settingsData(r *http.Request) (settingsData, error) {
	a, today := web.Actor(r), web.Today(r)
	p := settingsData{Today: today, Law: m.law.On(today), names: map[vn.UnitID]vn.Unit{}, all: map[string]settingsRow{}}
	p.Unit, _ = m.units.At(a.Oversees(m.units), today)
	list, err := m.Settings(r.Context(), a, p.Unit.ID, "")
	if err != nil {
		return p, err
	}
	for _, d := range m.diseases.List(today) {
		if d.Closed {
			continue
		}
		row := settingsRow{Disease: d, Rule: m.decidedOn(d, list, today).rule(p.Unit.ID), Default: m.law.Detection(d, today)}
		for _, s := range inForce(d, list, today) {
			if s.Unit == vn.Nation || s.Unit == p.Unit.ID {
				row.Latest = &s
			}
		}
		p.Rows, p.all[d.ID] = append(p.Rows, row), row
	}
	lang := web.Lang(r)
	slices.SortStableFunc(p.Rows, func(x, y settingsRow) int {
		return strings.Compare(vn.Fold(x.Disease.Name.In(lang)), vn.Fold(y.Disease.Name.In(lang)))
	})
	for _, s := range list {
		if len(s.decidable(today)) > 0 {
			p.Open = append(p.Open, s)
			p.names[s.Unit], _ = m.units.Get(s.Unit)
		}
	}
	return p, nil
}

func (m *Module) settingsPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.settingsData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, settingsPage(p))
}

// settingData is the page of one disease.
type settingData struct {
	Disease  content.Disease
	Unit     vn.Unit
	Rule     content.DetectionRule // in force in the reader's area
	Default  content.DetectionRule
	Bounds   []content.DetectionBound // that the reader may propose
	Tiers    []content.Tier           // none for a province
	Form     *web.Form                // the values
	Send     *web.Form                // day and reason
	Change   *content.DetectionChange // that was tried; nil = none
	Trial    *Trial
	Span     int          // weeks tried
	Came     map[Kind]int // alerts of the last year by answer; "" = none yet
	History  []Setting
	Waits    *Setting // a change of the disease and area that waits
	Proposes bool
	Today    vn.Date
	classes  map[vn.Date]Classes
	names    map[vn.UnitID]vn.Unit
}

// spans are how far back a trial may go, in weeks.
var spans = [...]int{52, 104}

// settingOf is the disease that the path names, and the reader's area.
func (m *Module) settingOf(r *http.Request) (settingData, []Setting, error) {
	a, today := web.Actor(r), web.Today(r)
	p := settingData{Today: today, Proposes: settingsProposers.Allows(web.SessionOf(r.Context())), Span: spans[0], names: map[vn.UnitID]vn.Unit{}}
	var ok bool
	if p.Disease, ok = m.diseases.ByID(r.PathValue("disease")); !ok || p.Disease.Closed {
		return p, nil, issue.New(issue.NotFound, "settings.disease.none")
	}
	p.Unit, _ = m.units.At(a.Oversees(m.units), today)
	list, err := m.Settings(r.Context(), a, p.Unit.ID, p.Disease.ID)
	if err != nil {
		return p, nil, err
	}
	p.Rule, p.Default = m.decidedOn(p.Disease, list, today).rule(p.Unit.ID), m.law.Detection(p.Disease, today)
	for i, s := range list {
		p.names[s.Unit], _ = m.units.Get(s.Unit)
		if s.Unit == p.Unit.ID && s.state(today) == settingWaits {
			p.Waits = &list[i]
		}
	}
	p.History = list
	for _, b := range content.DetectionBounds() {
		if b.Local || p.Unit.ID == vn.Nation {
			p.Bounds = append(p.Bounds, b)
		}
	}
	if p.Unit.ID == vn.Nation {
		p.Tiers = content.DetectionTiers(p.Disease)
	}
	p.Came, err = m.came(r.Context(), a, p.Disease.ID, p.Unit.ID, today.AddDays(-365))
	return p, list, err
}

// came counts the alerts of a disease in an area that opened since a day by what
// people answered: what a decision to take more or fewer of them rests on.
func (m *Module) came(ctx context.Context, a store.Actor, disease string, area vn.UnitID, since vn.Date) (map[Kind]int, error) {
	out := map[Kind]int{}
	where, args := m.within(area)
	_, err := figures(ctx, m, a, area, "answers to alerts", func(scan store.Scan) (int, error) {
		var k Kind
		var n int
		err := scan(&k, &n)
		out[k] = n
		return n, err
	}, `select answer, count(*) from detection_alert where disease = ? and opened >= ? and (answer <> '' or holds = 1)`+where+` group by answer`,
		append([]any{disease, since.Time().UnixMicro()}, args...)...)
	return out, err
}

// begin is the form with what holds now.
func (p settingData) begin(r *http.Request) *web.Form {
	f := web.Blank(r, "tier", tierName(p.Rule.Tier), "ky", strconv.Itoa(p.Span))
	for _, b := range p.Bounds {
		f.Set(string(b.Field), i18n.Short(web.Lang(r), p.Rule.Value(b.Field), 4))
	}
	return f
}

// read is the change that a form asks for; what is wrong stands in the form.
func (p settingData) read(f *web.Form) content.DetectionChange {
	c := content.DetectionChange{Values: map[content.DetectionField]float64{}}
	for _, b := range p.Bounds {
		name := string(b.Field)
		if f.Required(name) == "" {
			continue
		}
		v, ok := f.Decimal(name, b.Least, b.Most)
		if ok && b.Whole {
			_, ok = f.Int(name, int(b.Least), int(b.Most))
		}
		if ok {
			c.Values[b.Field] = v
		}
	}
	if len(p.Tiers) > 0 {
		var names []string
		for _, t := range p.Tiers {
			names = append(names, tierName(t))
		}
		f.Required("tier")
		if name := f.Choice("tier", names...); name != "" {
			t := p.Tiers[slices.Index(names, name)]
			c.Tier = &t
		}
	}
	return c
}

// spanOf is how many weeks are tried.
func spanOf(f *web.Form) int {
	if f.Get("ky") == "104" {
		return spans[1]
	}
	return spans[0]
}

// try fills in what the change would have told.
func (m *Module) try(ctx context.Context, a store.Actor, p *settingData, list []Setting, unit vn.UnitID, c content.DetectionChange) error {
	old := m.decidedOn(p.Disease, list, p.Today)
	will := m.decidedOn(p.Disease, list, p.Today)
	if unit == vn.Nation {
		will.base = will.base.With(c)
	} else {
		will.provinces[unit] = c
	}
	t, err := m.TrySettings(ctx, a, p.Disease, p.Unit, old, will, p.Span)
	if err != nil {
		return err
	}
	p.Trial, p.Change = &t, &c
	for _, x := range t.Alerts {
		p.names[x.Unit], _ = m.units.Get(x.Unit)
		p.names[x.Within], _ = m.units.Get(x.Within)
	}
	p.classes, err = m.Classes(ctx, a, p.Disease.ID, p.Unit, t.From)
	return err
}

func (m *Module) settingPage(w http.ResponseWriter, r *http.Request) error {
	p, list, err := m.settingOf(r)
	if err != nil {
		return err
	}
	p.Form, p.Send = p.begin(r), web.Blank(r, "from", p.Today.AddDays(7).String())
	if r.URL.Query().Has("thu") && p.Proposes {
		p.Form = web.ParseForm(r)
		p.Span = spanOf(p.Form)
		if c := p.read(p.Form); p.Form.OK() {
			if err := m.try(r.Context(), web.Actor(r), &p, list, p.Unit.ID, c); err != nil {
				return err
			}
		} else {
			return web.Refuse(w, r, settingPage(p))
		}
	}
	return web.Render(w, r, settingPage(p))
}

func (m *Module) proposeSettings(w http.ResponseWriter, r *http.Request) error {
	p, list, err := m.settingOf(r)
	if err != nil {
		return err
	}
	f := web.ParseForm(r)
	c := p.read(f)
	from, words := f.Date("from"), f.Get("words")
	if f.OK() {
		if err := f.Add(m.ProposeSettings(r.Context(), web.Actor(r), p.Disease.ID, c, from, words, web.OnceKey(r))); err != nil {
			return err
		}
	}
	if !f.OK() {
		p.Send, p.Span = f, spanOf(f)
		p.Form = p.begin(r)
		for _, b := range p.Bounds {
			p.Form.Set(string(b.Field), f.Value(string(b.Field)))
		}
		p.Form.Set("tier", f.Value("tier"))
		if c.Fits(p.Disease, p.Unit.ID != vn.Nation) {
			if err := m.try(r.Context(), web.Actor(r), &p, list, p.Unit.ID, c); err != nil {
				return err
			}
		}
		return web.Refuse(w, r, settingPage(p))
	}
	web.Flash(w, r, "settings.proposed")
	return web.Redirect(w, r, settingsPath+"/"+p.Disease.ID)
}

// changeData is the page of one change: what it changes, what it would have
// told, who decided.
type changeData struct {
	settingData
	Setting Setting
	Old     content.DetectionRule
	New     content.DetectionRule
	Form    *web.Form
	May     []Decision // what the reader may do
	Own     bool       // the reader proposed it
}

func (m *Module) changeData(r *http.Request, f *web.Form) (changeData, error) {
	p, list, err := m.settingOf(r)
	if err != nil {
		return changeData{}, err
	}
	c := changeData{settingData: p, Form: f}
	i := slices.IndexFunc(list, func(s Setting) bool { return s.ID == r.PathValue("setting") })
	if i < 0 {
		return c, issue.New(issue.NotFound, "settings.none")
	}
	c.Setting = list[i]
	a := web.Actor(r)
	// What held when it was proposed, and what it makes of that.
	c.Old = m.decidedOn(p.Disease, slices.DeleteFunc(slices.Clone(list), func(s Setting) bool { return s.ID == c.Setting.ID }), p.Today).rule(c.Setting.Unit)
	c.New = c.Old.With(c.Setting.Change)
	open := c.Setting.decidable(p.Today)
	c.Own = c.Setting.Author == a.Account || c.Setting.Practitioner == a.Practitioner
	if decidesSettings(a.Role) && !c.Own && m.units.Within(c.Setting.Unit, p.Unit.ID) {
		c.May = open
	}
	if len(open) > 0 && p.Unit.Level != vn.LevelRegion { // nothing is counted for a region
		if r.URL.Query().Get("ky") == "104" {
			c.Span = spans[1]
		}
		err = m.try(r.Context(), a, &c.settingData, list, c.Setting.Unit, c.Setting.Change)
	}
	return c, err
}

func (m *Module) changePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.changeData(r, web.Blank(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, changePage(p))
}

func (m *Module) decideSettings(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	f.Required("decision")
	kind := Decision(f.Choice("decision", string(Approved), string(Refused), string(TakenBack)))
	if f.OK() {
		if err := f.Add(m.DecideSettings(r.Context(), web.Actor(r), r.PathValue("setting"), kind, f.Get("words"), web.OnceKey(r))); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.changeData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, changePage(p))
	}
	web.Flash(w, r, "settings.done."+string(kind))
	return web.Redirect(w, r, settingsPath+"/"+r.PathValue("disease"))
}
