// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"net/http"
	"slices"
	"time"

	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// readers see alerts of their place, answerers say what came of them, keepers
// write the duty roster.
var (
	readers   = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.CDC, store.Department, store.Ministry)
	answerers = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.CDC, store.Ministry)
	keepers   = web.Roles(store.StationDirector, store.CDC)
)

// Routes registers the pages under /canh-bao and /dich/cai-dat.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/canh-bao", readers, m.inboxPage)
	mux.Get("/canh-bao/danh-sach", readers, m.inboxPart)
	mux.Get("/canh-bao/dang-cho", web.AnyStaff, m.waitingPart)
	mux.Get("/canh-bao/da-tra-loi", readers, m.donePage)
	mux.Get("/canh-bao/hoi-chung", readers, m.syndromesPage)
	mux.Get("/canh-bao/bang-diem", readers, m.scorePage)
	mux.Get("/canh-bao/truc", readers, m.dutyPage)
	mux.Post("/canh-bao/truc", keepers, m.addDuty)
	mux.Post("/canh-bao/truc/{schedule}", keepers, m.endDuty)
	mux.Get("/canh-bao/{disease}/{unit}/{week}", readers, m.alertPage)
	mux.Post("/canh-bao/{disease}/{unit}/{week}", answerers, m.answer)
	mux.Get("/canh-bao/{disease}/{unit}/{week}/tinh-lai", readers, m.replayPage)
	m.settingsRoutes(mux)
}

// inboxData is the list of a desk.
type inboxData struct {
	Unit    vn.Unit
	Path    []vn.Unit // those above that the reader may open, highest first
	Desk    Desk
	Silent  []Quiet
	Weeks   int // without a word: silent
	Rules   []content.Escalation
	Now     time.Time
	Answers bool
	Empty   bool // nobody below has ever reported
	Duty    []OnDuty
	names   map[vn.UnitID]vn.Unit

	Clusters []Cluster // of the latest scan
	Scanned  vn.Date   // its day; vn.ZeroDate when there was none
	Span     int       // days that it looked at
	Night    *Night    // of the nation's desk only
}

// unit is the unit that is asked for, or the reader's own; NotFound for one
// that is not theirs.
func (m *Module) unit(r *http.Request) (unit vn.Unit, path []vn.Unit, err error) {
	own := web.Actor(r).Oversees(m.units)
	unit, ok := m.units.At(own, web.Today(r))
	if code := r.URL.Query().Get("don-vi"); code != "" && code != codeNation {
		unit, ok = m.units.ByCode(code, web.Today(r))
	}
	if !ok || !m.units.Within(unit.ID, own) {
		return unit, nil, issue.New(issue.NotFound, "detection.unit.none")
	}
	for _, u := range m.units.Path(unit.ID) {
		if u.ID != unit.ID && m.units.Within(u.ID, own) {
			path = append(path, u)
		}
	}
	return unit, path, nil
}

// names are the units that a list speaks of.
func (m *Module) names(alerts []Alert, silent []Quiet, clusters ...Cluster) map[vn.UnitID]vn.Unit {
	out := map[vn.UnitID]vn.Unit{}
	for _, a := range alerts {
		out[a.Unit], _ = m.units.Get(a.Unit)
	}
	for _, q := range silent {
		out[q.Unit], _ = m.units.Get(q.Unit)
	}
	for _, c := range clusters {
		for _, u := range append([]vn.UnitID{c.Centre}, c.Units...) {
			out[u], _ = m.units.Get(u)
		}
	}
	return out
}

func (m *Module) inbox(r *http.Request) (inboxData, error) {
	ctx, a := r.Context(), web.Actor(r)
	p := inboxData{Now: web.Now(ctx), Rules: content.SurveillanceOn(web.Today(r)).Escalation, Answers: answerers.Allows(web.SessionOf(ctx))}
	var err error
	if p.Unit, p.Path, err = m.unit(r); err != nil {
		return p, err
	}
	list, err := m.Waiting(ctx, a, p.Unit.ID)
	if err != nil {
		return p, err
	}
	rule := content.DetectionOn(web.Today(r))
	p.Desk, p.Weeks = desk(list, p.Unit.Level, rule.Budget(p.Unit.Level), p.Now), rule.SilentWeeks
	if p.Silent, err = m.Silent(ctx, a, p.Unit.ID, vn.WeekOf(web.Today(r)).Start().AddDays(-7*rule.SilentWeeks)); err != nil {
		return p, err
	}
	if p.Duty, err = m.OnDuty(ctx, a, p.Unit.ID, web.Today(r)); err != nil {
		return p, err
	}
	if p.Clusters, p.Scanned, err = m.Clusters(ctx, a, p.Unit.ID, "", web.Today(r)); err != nil {
		return p, err
	}
	p.Span = content.DetectionOn(p.Scanned).Scan.Days
	if p.Unit.ID == vn.Nation {
		if p.Night, err = m.lastNight(ctx, a); err != nil {
			return p, err
		}
	}
	p.names = m.names(list, p.Silent, p.Clusters...)
	p.Empty, err = m.unheard(ctx, a, p.Unit.ID)
	return p, err
}

func (m *Module) inboxPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.inbox(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, inboxPage(p))
}

func (m *Module) inboxPart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.inbox(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, inboxList(p))
}

// waitingPart is what first screens include: the alerts that wait for the reader,
// nothing when none does.
func (m *Module) waitingPart(w http.ResponseWriter, r *http.Request) error {
	if !readers.Allows(web.SessionOf(r.Context())) {
		return web.Fragment(w, r, waiting(inboxData{}))
	}
	p, err := m.inbox(r)
	if err != nil {
		return err
	}
	p.Desk.Shown = p.told(web.Actor(r))
	return web.Fragment(w, r, waiting(p))
}

// told are the alerts of the desk that the reader is told of without asking:
// all for who is on duty, and for everybody while nobody is; those whose clock
// has reached their role, for the others.
func (p inboxData) told(a store.Actor) []Alert {
	if len(p.Duty) == 0 || slices.ContainsFunc(p.Duty, func(o OnDuty) bool { return o.Practitioner == a.Practitioner }) {
		return p.Desk.Shown
	}
	var out []Alert
	for _, one := range p.Desk.Shown {
		if c := one.ClockAt(p.Now, p.Rules); c.Overdue || c.Level == string(a.Role) {
			out = append(out, one)
		}
	}
	return out
}

// doneData are the alerts of the last weeks that were answered or withdrawn.
type doneData struct {
	Unit   vn.Unit
	Alerts []Alert
	Since  vn.Date
	names  map[vn.UnitID]vn.Unit
}

// daysDone is how far back answered alerts are listed.
const daysDone = 60

func (m *Module) donePage(w http.ResponseWriter, r *http.Request) error {
	unit, _, err := m.unit(r)
	if err != nil {
		return err
	}
	p := doneData{Unit: unit, Since: web.Today(r).AddDays(-daysDone)}
	if p.Alerts, err = m.Done(r.Context(), web.Actor(r), unit.ID, p.Since); err != nil {
		return err
	}
	p.names = m.names(p.Alerts, nil)
	return web.Render(w, r, donePage(p))
}

// alertData is the page of one alert.
type alertData struct {
	Alert
	Disease  content.Disease
	Place    vn.Unit
	Clock    Clock
	Rule     content.DetectionRule
	Sighted  *sighted // of a syndrome; nil for a disease
	Verdict  *Verdict // it rests on; nil when on none
	Weeks    []Week   // six years, oldest first
	Classes  map[vn.Date]Classes
	Verdicts []Verdict
	Replies  []Reply
	Events   []Event
	Behind   []Alert  // that it is shown instead of
	Cluster  *Cluster // the newest that it belongs to; nil when to none
	Rescans  bool     // whether the reader may have its scan made again: it looks at the whole nation
	names    map[vn.UnitID]vn.Unit
	Heard    Heard
	Law      *LegalFlag
	Duty     []OnDuty
	Form     *web.Form
	Answers  bool
	Today    vn.Date
	Now      time.Time
}

// yearsShown is how many years the picture of an alert lays over each other,
// besides the current one.
const yearsShown = 5

// ruleOf is what was decided for an alert on the day it opened.
func (m *Module) ruleOf(ctx context.Context, d content.Disease, alert Alert) (content.DetectionRule, error) {
	rules, err := m.Decided(ctx, alert.Unit, alert.Disease)
	return rules(d, vn.DateOf(alert.Opened)), err
}

func (m *Module) alertData(r *http.Request, f *web.Form) (alertData, error) {
	ctx, a, today := r.Context(), web.Actor(r), web.Today(r)
	key := r.PathValue("disease") + "/" + r.PathValue("unit") + "/" + r.PathValue("week")
	alert, err := m.Alert(ctx, a, key)
	if err != nil {
		return alertData{}, err
	}
	p := alertData{Alert: alert, Form: f, Today: today, Now: web.Now(ctx), Answers: answerers.Allows(web.SessionOf(ctx))}
	p.Disease, _ = m.diseases.ByID(alert.Disease)
	p.Place, _ = m.units.Get(alert.Unit)
	if p.Rule, err = m.ruleOf(ctx, p.Disease, alert); err != nil {
		return p, err
	}
	p.Clock = alert.ClockAt(p.Now, content.SurveillanceOn(today).Escalation)
	current := vn.WeekOf(today).Start()
	if p.Weeks, err = m.Weeks(ctx, a, alert.Disease, alert.Unit, current.AddDays(-364*(yearsShown+1)), current); err != nil {
		return p, err
	}
	if p.Classes, err = m.Classes(ctx, a, alert.Disease, p.Place, current.AddDays(-7*weeksDrawn)); err != nil {
		return p, err
	}
	since := current.AddDays(-7 * weeksDrawn)
	if alert.Week.Known() {
		since = min(since, alert.Week)
	}
	if p.Verdicts, err = m.Verdicts(ctx, a, alert.Disease, alert.Unit, since); err != nil {
		return p, err
	}
	for i, v := range p.Verdicts {
		if v.Week == alert.Week {
			p.Verdict = &p.Verdicts[i]
		}
	}
	if p.Replies, err = m.Replies(ctx, a, alert); err != nil {
		return p, err
	}
	if p.Behind, err = m.Gathered(ctx, a, alert); err != nil {
		return p, err
	}
	clusters, err := m.clustersOf(ctx, a, alert)
	if err != nil {
		return p, err
	}
	if len(clusters) > 0 {
		p.Cluster, p.Rescans = &clusters[0], m.units.Within(vn.Nation, a.Oversees(m.units))
	}
	p.names = m.names(p.Behind, nil, clusters...)
	if p.Events, err = m.Events(ctx, a, alert); err != nil {
		return p, err
	}
	if p.Heard, err = m.heardOf(ctx, a, alert.Unit, current); err != nil {
		return p, err
	}
	if p.Duty, err = m.OnDuty(ctx, a, alert.Unit, today); err != nil {
		return p, err
	}
	err = m.beside(r, &p)
	return p, err
}

// beside adds what of an alert only a syndrome has, and what only a disease.
func (m *Module) beside(r *http.Request, p *alertData) error {
	var err error
	if p.Sighted, err = m.sighted(r, p.Alert); err != nil || p.Sighted != nil || m.legal == nil || p.Place.Level != vn.LevelCommune {
		return err
	}
	flag, err := m.legal(r.Context(), web.Actor(r), p.Unit, p.Alert.Disease, p.Today)
	p.Law = &flag
	return err
}

func (m *Module) alertPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.alertData(r, web.Blank(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, alertPage(p))
}

func (m *Module) answer(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	key := r.PathValue("disease") + "/" + r.PathValue("unit") + "/" + r.PathValue("week")
	kind, words := Kind(f.Get("answer")), f.Get("words")
	if words == "" && kind != Explained { // one tap says it all
		words = web.T(r.Context(), "detection.answer.words."+string(kind))
	}
	if err := f.Add(m.Answer(r.Context(), web.Actor(r), key, kind, words, web.OnceKey(r))); err != nil {
		return err
	}
	if !f.OK() {
		p, err := m.alertData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, alertPage(p))
	}
	web.Flash(w, r, "detection.answered")
	return web.Redirect(w, r, pathOf(key))
}
