// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"cmp"
	"context"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// State is what the law says today about one disease in one commune, with
// every number it rests on.
type State struct {
	Disease content.Disease
	Unit    vn.Unit
	On      vn.Date
	Endemic bool
	Basis   string // of the endemicity

	Month, Week    outbreak.Verdict // Article 16 for the month so far, Article 22 for the week so far
	MonthOf        vn.Month
	WeekOf         vn.Week
	MonthN, WeekN  int  // cases counted so far
	MonthSilent    bool // nothing came from the commune in it: no case is no zero
	WeekSilent     bool
	First          int // of the month, as first reported
	Declared       *Epidemic
	End            outbreak.Verdict // Article 16.3: of an epidemic, were one declared
	Linked         int              // largest linked group of the month; in lists exact only where it can reach a line
	LinkedAssumed  bool             // some of it by nearness in time only
	LinkedGapDays  int
	Week53         int     // the week that a week 53 is compared with; 0 = none
	SettingsOf     vn.Date // first day of the settings used
	SettingsDivide string  // "n-1" or "n"
}

// Alarm ranks states: 0 quiet, 1 warning, 2 above the line of Article 16.
func (s State) Alarm() int {
	switch {
	case s.Month.State == outbreak.StateEpidemic:
		return 2
	case s.Week.State == outbreak.StateWarning:
		return 1
	}
	return 0
}

// excess is how many cases the month lies above its line, negative below; 0
// where there is no line.
func (s State) excess() float64 {
	switch {
	case s.Month.State == outbreak.StateShort:
		return 0
	case s.Month.Needed > 0:
		return float64(max(s.Month.Linked, s.Month.Confirmed) - s.Month.Needed)
	}
	return float64(s.MonthN) - s.Month.Line
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Open reports whether an epidemic is declared and not ended.
func (s State) Open() bool { return s.Declared != nil && s.Declared.End == "" }

// rules turns the dated settings into those of the judge.
func rules(s content.SurveillanceSettings) outbreak.Rules {
	return outbreak.Rules{
		BaselineYears: s.BaselineYears, MinValidYears: s.MinValidYears, Population: s.Divisor == "n",
		EpidemicSD: s.EpidemicSD, WarningSD: s.WarningSD, WarnAboveEpidemic: s.WarnAboveUpper,
		LinkedMonth: s.LinkedMonth, LinkedWeek: s.LinkedWeek, ConfirmedA: s.ConfirmedA,
	}
}

// States judges every disease of every commune that has a case this month or
// this week, or an open epidemic: declared ones first, then the gravest, those
// farthest above their line before the others. unit says
// whose figures they are, for the guard. Closed diseases are left out. With
// disease and one commune it judges that pair even without a case.
func (m *Module) States(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, disease string, on vn.Date) ([]State, error) {
	b, err := m.book(ctx, a, unit, communes, disease, on)
	if err != nil {
		return nil, err
	}
	var out []State
	asked := b.asked(communes, disease)
	if b.risks, err = m.risks(ctx, a, asked, on); err != nil {
		return nil, err
	}
	if b.unheard, err = m.silent(ctx, a, unit, places(asked), b.compared(), b.from, on); err != nil {
		return nil, err
	}
	for _, i := range asked {
		if s, ok := m.judge(b, i); ok {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y State) int {
		return cmp.Or(bit(y.Open())-bit(x.Open()), y.Alarm()-x.Alarm(), cmp.Compare(y.excess(), x.excess()), y.MonthN-x.MonthN,
			cmp.Compare(x.Disease.ID, y.Disease.ID), cmp.Compare(x.Unit.Code, y.Unit.Code))
	})
	return out, nil
}

// book is what judging needs, read at once.
type book struct {
	on        vn.Date
	settings  content.SurveillanceSettings
	from      vn.Date // first month that was surveyed; vn.ZeroDate = never
	years     int     // looked back
	months    map[period]tally
	weeks     map[period]tally
	days      map[illnessIn][]outbreak.LinkedCase
	epidemics map[illnessIn][]Epidemic
	risks     map[illnessIn]outbreak.Risk // of diseases never recorded in Viet Nam
	unheard   unheard
}

type period struct {
	illnessIn
	start vn.Date
}

// tally is the cases of a period.
type tally struct{ all, confirmed, first int }

func (m *Module) book(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, disease string, on vn.Date) (book, error) {
	all := communes
	b := book{on: on, settings: m.law.On(on), epidemics: map[illnessIn][]Epidemic{}}
	var err error
	if b.from, err = m.since(ctx, a, unit, m.province(unit)); err != nil {
		return b, err
	}
	b.years = lookback(b.settings, on, b.from)
	if b.months, err = m.tallies(ctx, a, unit, communes, disease, spanMonth, sameMonths(on, b.years)); err != nil {
		return b, err
	}
	if b.weeks, err = m.tallies(ctx, a, unit, communes, disease, spanWeek, sameWeeks(on, b.years, b.settings.Week53)); err != nil {
		return b, err
	}
	if len(communes) > 1 {
		communes = b.linking(communes)
	}
	first := min(vn.MonthOf(on).Start(), vn.WeekOf(on).Start())
	if b.days, err = m.linkable(ctx, a, unit, communes, disease, first-vn.Date(4*b.settings.LinkedGapDays), on); err != nil {
		return b, err
	}
	list, err := m.Epidemics(ctx, a, unit, all, disease)
	for _, e := range list {
		i := illnessIn{e.Disease, e.Unit}
		b.epidemics[i] = append(b.epidemics[i], e)
	}
	return b, err
}

// risks reads how diseases never recorded in Viet Nam were assessed.
func (m *Module) risks(ctx context.Context, a store.Actor, asked []illnessIn, on vn.Date) (map[illnessIn]outbreak.Risk, error) {
	out := map[illnessIn]outbreak.Risk{}
	for _, i := range asked {
		if m.risk == nil || !m.law.Never(i.disease, on) {
			continue
		}
		r, err := m.risk(ctx, a, i.unit, i.disease)
		if err != nil {
			return nil, err
		}
		out[i] = r
	}
	return out, nil
}

// lookback is how many years are looked at: those of the baseline, and beyond
// them, where there was surveillance, as many as may replace epidemic years.
func lookback(s content.SurveillanceSettings, on, from vn.Date) int {
	years := s.BaselineYears
	if from.Known() {
		years = max(years, on.Year()-from.Year())
	}
	return min(years, s.LookbackYears)
}

// linking lists the communes with enough cases of one disease that linked ones
// among them could reach a line of Articles 16 or 22.
func (b book) linking(communes []vn.UnitID) []vn.UnitID {
	enough := map[vn.UnitID]bool{}
	for p, t := range b.months {
		enough[p.unit] = enough[p.unit] || p.start == vn.MonthOf(b.on).Start() && t.all >= b.settings.LinkedMonth
	}
	for p, t := range b.weeks {
		enough[p.unit] = enough[p.unit] || p.start == vn.WeekOf(b.on).Start() && t.all >= b.settings.LinkedWeek
	}
	var out []vn.UnitID
	for _, c := range communes {
		if enough[c] {
			out = append(out, c)
		}
	}
	return out
}

// province is the province of a unit, or the unit itself above: the area whose
// reporting shows since when there is surveillance.
func (m *Module) province(id vn.UnitID) vn.UnitID {
	for _, u := range m.units.Path(id) {
		if u.Level == vn.LevelProvince {
			return u.ID
		}
	}
	return id
}

// sameMonths are the month of the day and the same month of the years before,
// newest first.
func sameMonths(on vn.Date, years int) []vn.Date {
	month := vn.MonthOf(on)
	out := []vn.Date{month.Start()}
	for y := 1; y <= years; y++ {
		out = append(out, vn.Month{Year: month.Year - y, Month: month.Month}.Start())
	}
	return out
}

// sameWeeks are the week of the day and the weeks of the same number before,
// newest first; last stands for a week 53 in a year without one, which is left
// out when last is 0.
func sameWeeks(on vn.Date, years, last int) []vn.Date {
	week := vn.WeekOf(on)
	out := []vn.Date{week.Start()}
	for y := 1; y <= years; y++ {
		past := vn.Week{Year: week.Year - y, Number: week.Number}
		if past.Number > vn.WeeksIn(past.Year) {
			past.Number = last
		}
		if past.Number > 0 {
			out = append(out, past.Start())
		}
	}
	return out
}

// asked lists what is to be judged, in order.
func (b book) asked(communes []vn.UnitID, disease string) []illnessIn {
	set := map[illnessIn]bool{}
	if disease != "" && len(communes) == 1 {
		set[illnessIn{disease, communes[0]}] = true
	}
	month, week := vn.MonthOf(b.on).Start(), vn.WeekOf(b.on).Start()
	for p, t := range b.months {
		if p.start == month && t.all > 0 {
			set[p.illnessIn] = true
		}
	}
	for p, t := range b.weeks {
		if p.start == week && t.all > 0 {
			set[p.illnessIn] = true
		}
	}
	for i, list := range b.epidemics {
		if slices.ContainsFunc(list, func(e Epidemic) bool { return e.End == "" }) {
			set[i] = true
		}
	}
	out := make([]illnessIn, 0, len(set))
	for i := range set {
		out = append(out, i)
	}
	slices.SortFunc(out, func(x, y illnessIn) int {
		return cmp.Or(cmp.Compare(x.disease, y.disease), cmp.Compare(x.unit, y.unit))
	})
	return out
}

// places are the communes of what is asked, each once.
func places(asked []illnessIn) []vn.UnitID {
	var out []vn.UnitID
	for _, i := range asked {
		out = append(out, i.unit)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// compared are the days of the months and weeks that are counted and compared with.
func (b book) compared() (out [][2]vn.Date) {
	for _, start := range sameMonths(b.on, b.years) {
		out = append(out, month(start))
	}
	for _, start := range sameWeeks(b.on, b.years, b.settings.Week53) {
		out = append(out, week(start))
	}
	return out
}

// judge applies Articles 16 and 22 to one disease in one commune; false for
// closed and unknown diseases and for units that are no more.
func (m *Module) judge(b book, i illnessIn) (State, bool) {
	disease, ok := m.diseases.ByID(i.disease)
	unit, found := m.units.At(i.unit, b.on)
	if !ok || disease.Closed || !found || unit.Level != vn.LevelCommune {
		return State{}, false
	}
	s := State{
		Disease: disease, Unit: unit, On: b.on, MonthOf: vn.MonthOf(b.on), WeekOf: vn.WeekOf(b.on),
		LinkedGapDays: b.settings.LinkedGapDays, Week53: b.settings.Week53, SettingsOf: b.settings.From, SettingsDivide: b.settings.Divisor,
	}
	path := m.codes(i.unit)
	s.Endemic, s.Basis = m.law.Endemic(i.disease, path, b.on)
	declared := b.epidemics[i]
	epidemic := m.inEpidemic(i.disease, path, declared)
	facts := func(counts map[period]tally, starts []vn.Date, span func(vn.Date) [2]vn.Date, year func(vn.Date) int) (f outbreak.Facts, now tally, silent bool) {
		unknown := func(start vn.Date) bool {
			return counts[period{i, start}].all == 0 && b.unheard(i.unit, start, min(span(start)[1], b.on))
		}
		now = counts[period{i, starts[0]}]
		f = outbreak.Facts{Group: disease.Group, Endemic: s.Endemic, Count: now.all, Confirmed: now.confirmed,
			Linked: outbreak.LargestLinked(b.days[i], starts[0], b.on, b.settings.LinkedGapDays),
			Never:  m.law.Never(i.disease, b.on), Risk: b.risks[i]}
		for _, start := range starts[1:] {
			y := year(start)
			f.Past = append(f.Past, outbreak.Year{Year: y, Count: counts[period{i, start}].all, Epidemic: epidemic(y), Missing: unknown(start)})
		}
		return f, now, unknown(starts[0])
	}
	r := rules(b.settings)
	ofMonth, now, silent := facts(b.months, sameMonths(b.on, b.years), month, vn.Date.Year)
	s.Month, s.MonthN, s.First, s.Linked, s.MonthSilent = outbreak.Epidemic(r, ofMonth), now.all, now.first, ofMonth.Linked, silent
	if s.End = outbreak.Ending(r, ofMonth); silent && s.End.State == outbreak.StateBelow { // nothing heard is not under the line
		s.End.State = outbreak.StateShort
	}
	ofWeek, now, silent := facts(b.weeks, sameWeeks(b.on, b.years, b.settings.Week53), week, func(d vn.Date) int { return vn.WeekOf(d).Year })
	s.Week, s.WeekN, s.WeekSilent = outbreak.Warning(r, ofWeek), now.all, silent
	s.LinkedAssumed = slices.ContainsFunc(b.days[i], func(c outbreak.LinkedCase) bool { return c.Focus == "" })
	if len(declared) > 0 {
		s.Declared = &declared[0]
	}
	return s, true
}

// inEpidemic reports whether a year had an epidemic: listed in content, or
// declared here.
func (m *Module) inEpidemic(disease string, path []string, declared []Epidemic) func(year int) bool {
	return func(year int) bool {
		return m.law.EpidemicYear(disease, path, year) || slices.ContainsFunc(declared, func(e Epidemic) bool {
			return e.From.Year() <= year && (e.End == "" || e.Ended.Year() >= year)
		})
	}
}

// epidemicYears is inEpidemic for a commune; no year for units above.
func (m *Module) epidemicYears(ctx context.Context, a store.Actor, unit vn.UnitID, disease string) (func(year int) bool, error) {
	if u, ok := m.units.Get(unit); !ok || u.Level != vn.LevelCommune {
		return func(int) bool { return false }, nil
	}
	declared, err := m.Epidemics(ctx, a, unit, []vn.UnitID{unit}, disease)
	return m.inEpidemic(disease, m.codes(unit), declared), err
}

// codes are the codes of the unit and of those above it, lowest first, without
// the nation: as content asks for them.
func (m *Module) codes(id vn.UnitID) []string {
	var out []string
	for _, u := range m.units.Path(id) {
		if u.Level != vn.LevelNation {
			out = append(out, u.Code)
		}
	}
	slices.Reverse(out)
	return out
}
