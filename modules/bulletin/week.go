// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// bulletin is the weekly bulletin of a province, a commune or the nation.
type bulletin struct {
	unit     vn.Unit
	week     vn.Week
	until    vn.Date // last day that counts: the week's Sunday, or today
	partial  bool    // the week is not over
	public   bool    // the edition that leaves the health system
	diseases []diseaseWeek
	cases    tally
	before   int  // cases of the week before; -1 = not known
	silent   bool // nobody was heard of in the week: no case is no zero
	alerts   []Alert
	foci     []focus
	sent     sums
	since    vn.Date
	trend    []float64            // cases of all diseases week by week, the bulletin's the last
	weeks    []vn.Week            // of trend
	names    map[vn.UnitID]string // of the units of alerts and foci

	// By disease, for the public edition.
	caseParts, deathParts parts
	trendParts            []parts
}

// diseaseWeek is one line of the bulletin.
type diseaseWeek struct {
	disease  content.Disease
	now      tally
	before   int  // the week before; -1 = not known
	silent   bool // nobody was heard of in the week
	expected outbreak.Point
	legal    outbreak.Verdict
	year     tally // from week 1 to this one
	lastYear int   // the same weeks of the year before; -1 = not known

	yearParts, lastParts parts // by week
}

// sums says how complete the week is.
type sums struct {
	communes, sent, late, quiet, silent int
	silentUnits                         []vn.Unit
}

// trendWeeks are the weeks of the small picture.
const trendWeeks = 26

// bulletin reads all that the bulletin says.
func (m *Module) bulletin(ctx context.Context, a store.Actor, unit vn.Unit, w vn.Week) (bulletin, error) {
	today := vn.DateOf(m.now())
	b := bulletin{unit: unit, week: w, until: min(w.End(), today)}
	b.partial = b.until < w.End()
	var err error
	if b.since, err = m.since(ctx, a, unit.ID); err != nil {
		return b, err
	}
	if err := m.bulletinDiseases(ctx, a, &b); err != nil {
		return b, err
	}
	if b.sent, err = m.complete(ctx, a, unit, w, b.until); err != nil {
		return b, err
	}
	if b.foci, err = m.foci(ctx, a, unit, w.Start(), b.until); err != nil {
		return b, err
	}
	b.foci = slices.DeleteFunc(merged(b.foci), func(f focus) bool { d, ok := m.diseases.ByID(f.disease); return !ok || d.Closed })
	if m.alerts != nil {
		if b.alerts, err = m.alerts(ctx, a, unit.ID, w.Start(), b.until); err != nil {
			return b, fmt.Errorf("alerts of the bulletin: %w", err)
		}
	} else {
		b.alerts = b.signals()
	}
	b.names = map[vn.UnitID]string{}
	name := func(id vn.UnitID) {
		if u, ok := m.units.Get(id); ok {
			b.names[id] = u.Full()
		}
	}
	for _, x := range b.alerts {
		name(x.Unit)
	}
	for _, f := range b.foci {
		name(f.unit)
	}
	return b, nil
}

// bulletinDiseases fills in the diseases that had cases in the week, in the
// year before it, or are well above what was expected.
func (m *Module) bulletinDiseases(ctx context.Context, a store.Actor, b *bulletin) error {
	on := b.until
	settings := m.law.On(on)
	n := 53 + max(53*settings.BaselineYears+4, 53*settings.LookbackYears)
	first := b.week.Start().AddDays(-7 * (n - 1))
	days, err := m.read(ctx, a, span{unit: b.unit.ID, axis: axisDiagnosis, from: first, to: on, weekly: true})
	if err != nil {
		return err
	}
	weekly := map[string][]tally{}
	for _, c := range days {
		if weekly[c.disease] == nil {
			weekly[c.disease] = make([]tally, n)
		}
		weekly[c.disease][int(vn.WeekOf(c.day).Start()-first)/7].add(c.tally)
	}
	dates := make([]vn.Date, n)
	for i := range dates {
		dates[i] = first.AddDays(7 * i)
	}
	all, told := together(m.open(on), weekly, n)
	b.trendParts = told[n-trendWeeks:]
	blank, err := m.blanks(ctx, a, b.unit, byWeek, dates, all, on)
	if err != nil {
		return err
	}
	b.draw(dates, all, blank)
	epidemic, err := m.epidemics(ctx, a, b.unit, on)
	if err != nil {
		return err
	}
	rules, err := m.rules(ctx, b.unit.ID, "")
	if err != nil {
		return err
	}
	for _, d := range m.open(on) {
		counts := weekly[d.ID]
		if counts == nil {
			continue
		}
		c := course{step: byWeek, dates: dates, cases: counts, silent: make([]bool, n), since: b.since, last: on}
		c.hush(blank)
		line, ok, err := m.diseaseWeek(d, c, rules(d, on), epidemic.of(d.ID), b.unit.Level, b.week)
		if err != nil {
			return err
		}
		b.cases.add(line.now)
		if ok {
			b.diseases = append(b.diseases, line)
		}
	}
	slices.SortStableFunc(b.diseases, func(x, y diseaseWeek) int {
		return cmp.Or(cmp.Compare(y.now.total(), x.now.total()), cmp.Compare(y.year.total(), x.year.total()))
	})
	return nil
}

// together are the cases of the diseases in each of n weeks.
func together(list []content.Disease, weekly map[string][]tally, n int) ([]int, []parts) {
	all, told := make([]int, n), make([]parts, n)
	for _, d := range list {
		for i, t := range weekly[d.ID] {
			all[i] += t.total()
			told[i].cases(t.total())
		}
	}
	return all, told
}

// draw sets what is told of all diseases together: the cases of the weeks, and
// which of them are blank.
func (b *bulletin) draw(weeks []vn.Date, cases []int, blank []bool) {
	n := len(weeks)
	b.silent = blank[n-1]
	if b.before = cases[n-2]; blank[n-2] {
		b.before = -1
	}
	b.trend = make([]float64, trendWeeks)
	for i := range b.trend {
		k := n - trendWeeks + i
		if b.weeks, b.trend[i] = append(b.weeks, vn.WeekOf(weeks[k])), float64(cases[k]); blank[k] {
			b.trend[i] = math.NaN()
		}
	}
}

// diseaseWeek judges the last week of the course; false when there is nothing
// to say of the year.
func (m *Module) diseaseWeek(d content.Disease, c course, rule content.DetectionRule, epidemic func(year int) bool, level vn.Level, w vn.Week) (diseaseWeek, bool, error) {
	n := len(c.dates)
	out := diseaseWeek{disease: d, now: c.cases[n-1], before: int(max(c.known(n-2), -1)), silent: c.silent[n-1]}
	for i := n - w.Number; i < n; i++ {
		out.year.add(c.cases[i])
		out.yearParts.cases(c.cases[i].total())
	}
	out.lastYear, out.lastParts = c.lastYear(w)
	if out.now.total() == 0 {
		return out, out.year.total() > 0, nil
	}
	look := curve{course: c, shown: 1, rule: rule, law: m.law, epidemic: epidemic}
	if err := look.judge(level); err != nil {
		return out, false, err
	}
	out.expected, out.legal = look.points[0], look.lines(c.last)[0]
	return out, true, nil
}

// lastYear is the cases of the same weeks of the year before, as far as it has
// them; -1 when a week of them is not known: a part is no figure to compare with.
func (c course) lastYear(w vn.Week) (sum int, p parts) {
	begin := vn.Week{Year: w.Year - 1, Number: 1}.Start()
	end := begin.AddDays(7 * min(w.Number, vn.WeeksIn(w.Year-1)))
	for i, day := range c.dates {
		if day < begin || day >= end {
			continue
		}
		if c.known(i) < 0 {
			return -1, parts{}
		}
		sum += c.cases[i].total()
		p.cases(c.cases[i].total())
	}
	return sum, p
}

// complete says what the communes of the unit sent of the week.
func (m *Module) complete(ctx context.Context, a store.Actor, unit vn.Unit, w vn.Week, on vn.Date) (sums, error) {
	if unit.Level == vn.LevelNation {
		return m.completeNation(ctx, a, w, on)
	}
	communes := m.units.Communes(unit.ID, on)
	s := sums{communes: len(communes)}
	sends, err := m.sending(ctx, a, unit.ID, vn.IDs(communes), w.Start(), on)
	if err != nil {
		return s, err
	}
	for _, c := range communes {
		switch sends.states[c.ID][0] {
		case stateSent:
			s.sent++
		case stateLate:
			s.sent, s.late = s.sent+1, s.late+1
		case stateQuiet:
			s.quiet++
		default:
			s.silent++
			s.silentUnits = append(s.silentUnits, c)
		}
	}
	return s, nil
}

// completeNation counts communes by province: in one that was heard of, who sent
// nothing is silent, quiet or was never heard of, which the nation does not tell
// apart.
func (m *Module) completeNation(ctx context.Context, a store.Actor, w vn.Week, on vn.Date) (sums, error) {
	s := sums{communes: len(m.units.Communes(vn.Nation, on))}
	list, err := m.heardIn(ctx, a, w.Start(), w.Start())
	if err != nil {
		return s, err
	}
	seen := map[vn.UnitID]bool{}
	for _, h := range list {
		s.sent, s.late = s.sent+h.communes, s.late+h.late
		seen[h.province] = true
	}
	for _, p := range m.units.Provinces(on) {
		if seen[p.ID] {
			s.quiet += len(m.units.Communes(p.ID, on))
		} else {
			s.silentUnits = append(s.silentUnits, p)
		}
	}
	s.quiet = max(0, s.quiet-s.sent)
	return s, nil
}

// signals are the diseases above their statistical bound in the week, where no
// detection tells alerts.
func (b bulletin) signals() []Alert {
	var out []Alert
	for _, d := range b.diseases {
		if d.expected.Alarm {
			out = append(out, Alert{Disease: d.disease.ID, Unit: b.unit.ID, Opened: b.week.Start(), Cases: d.now.total(), Why: "bulletin.alerts.excess",
				Href: curvePath(b.unit, d.disease.ID)})
		}
	}
	return out
}

// merged makes one of a focus and of the notice of its epidemic.
func merged(list []focus) []focus {
	var out []focus
	for _, f := range list {
		i := slices.IndexFunc(out, func(o focus) bool {
			overlap := (!o.ended.Known() || o.ended >= f.from) && (!f.ended.Known() || f.ended >= o.from)
			return o.disease == f.disease && o.unit == f.unit && o.notice != f.notice && overlap
		})
		if i < 0 {
			out = append(out, f)
			continue
		}
		o := &out[i]
		o.from, o.epidemic, o.notice = min(o.from, f.from), true, false
		if !o.ended.Known() || !f.ended.Known() {
			o.ended = vn.ZeroDate
		} else {
			o.ended = max(o.ended, f.ended)
		}
	}
	return out
}

func curvePath(u vn.Unit, disease string) string {
	return "/dich/dien-bien?don-vi=" + codeOf(u) + "&benh=" + disease
}
