// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// Trial is what settings would have told on the real history of an area, beside
// those in force. It judges each week as the counts stand now, each alert
// answered in its week, by the rules of the follower: what a unit shows instead
// of those below it, what stands out among the alerts of all diseases in the
// week, and a short history beside its province.
type Trial struct {
	From, To vn.Date // first and last Monday
	Alerts   []TrialAlert
	Weeks    []TrialWeek // of the area itself
	Units    int         // that had cases
	Tried    int         // of these; fewer when the budget was used up
}

// TrialAlert is an alert that would have come by one of the settings, or both.
type TrialAlert struct {
	Unit     vn.UnitID
	Week     vn.Date
	Cases    int
	Expected float64 // NaN = no statistics
	Bound    float64
	Rule     Rule
	Old, New bool
	Pushed   struct{ Old, New bool } // somebody is told, not only the list
	Within   vn.UnitID               // whose alert shows it by the new settings, else by the old; 0 = it stands alone
	Answer   Kind                    // what came of the alert that there was; "" = none, or not answered
	Had      bool                    // there was one
}

// TrialWeek is a week of the area with what the new settings make of it.
type TrialWeek struct {
	Week            vn.Date
	Cases           int // -1 = silent
	Expected, Bound float64
	Old, New        int // alerts of the area in that week
}

// trialFits is the budget of a trial: how many regressions it may ask for, about
// two seconds of CPU. What it leaves out is said.
const trialFits = 12_000

// trial is the work on one.
type trial struct {
	*Module
	disease   content.Disease
	area      vn.Unit
	begin     vn.Date               // first Monday that is known
	weeks     int                   // from begin on
	first     int                   // of them, the first that is judged
	others    map[vn.Date][]float64 // chances of the alerts of other diseases, by week
	around    outbreak.Around       // of the communes of a province
	counts    map[vn.UnitID][]int32
	since     map[vn.UnitID]vn.Date
	visits    map[vn.UnitID]vn.Date
	fits      int
	budget    int // of fits
	work      outbreak.Work
	old, will decided
}

// TrySettings judges the last weeks of an area by the settings in force and by
// those that would be, whole weeks only. A province is tried with its communes;
// the nation with its provinces, and its communes by the rules that count single
// cases.
// Errors: Forbidden for who may not see figures of the area.
func (m *Module) TrySettings(ctx context.Context, a store.Actor, d content.Disease, area vn.Unit, old, will decided, weeks int) (Trial, error) {
	return m.trySettings(ctx, a, d, area, old, will, weeks, trialFits)
}

func (m *Module) trySettings(ctx context.Context, a store.Actor, d content.Disease, area vn.Unit, old, will decided, weeks, budget int) (Trial, error) {
	last := vn.WeekOf(m.today()).Start().AddDays(-7)
	t := &trial{Module: m, disease: d, area: area, budget: budget, old: old, will: will, counts: map[vn.UnitID][]int32{}, since: map[vn.UnitID]vn.Date{}, visits: map[vn.UnitID]vn.Date{}, others: map[vn.Date][]float64{}}
	years := max(old.base.Years, will.base.Years)
	t.first = 53*years + old.base.HalfWindow + old.base.BackWeeks + 2
	t.weeks = t.first + weeks
	t.begin = last.AddDays(-7 * (t.weeks - 1))
	if err := t.load(ctx, a); err != nil {
		return Trial{}, err
	}
	units := t.order()
	out := Trial{From: last.AddDays(-7 * (weeks - 1)), To: last, Units: len(units)}
	was, is := trying{decided: old, shown: map[vn.UnitID][]shown{}}, trying{decided: will, shown: map[vn.UnitID][]shown{}}
	for _, unit := range units {
		if t.fits >= t.budget {
			break
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		out.Tried++
		was.shown[unit] = t.show(unit, old.rule(unit))
		if is.shown[unit] = was.shown[unit]; old.rule(unit).Hash != will.rule(unit).Hash {
			is.shown[unit] = t.show(unit, will.rule(unit))
		}
	}
	before, err := t.tell(was)
	if err != nil {
		return out, err
	}
	after, err := t.tell(is)
	if err != nil {
		return out, err
	}
	out.Alerts = both(before, after)
	if err := t.answers(ctx, a, &out); err != nil {
		return out, err
	}
	slices.SortStableFunc(out.Alerts, func(x, y TrialAlert) int { return cmp.Or(int(y.Week-x.Week), cmp.Compare(x.Unit, y.Unit)) })
	t.curve(&out)
	return out, nil
}

// load reads the weekly counts of the area and all below it, without the cases
// of the foci that were open on their day.
func (t *trial) load(ctx context.Context, a store.Actor) error {
	where, args := "", []any{t.disease.ID, vn.WeekOf(t.begin).Year, vn.WeekOf(t.begin.AddDays(7 * t.weeks)).Year}
	within := []any{int64(t.area.ID)}
	if t.area.ID != vn.Nation {
		for _, u := range t.units.Children(t.area.ID, t.today()) {
			within = append(within, int64(u.ID))
		}
		where = ` and unit in (` + marks(len(within)) + `)`
		args = append(args, within...)
	}
	l := t.asked(a, t.area.ID, math.MaxInt64)
	if err := l.rows(ctx, `select unit, year, counts from detection_year where disease = ? and year >= ? and year <= ?`+where, args, func(scan func(...any) error) error {
		var unit int64
		var of int
		var text string
		if err := scan(&unit, &of, &text); err != nil {
			return err
		}
		y, err := unpack(text)
		start := vn.Week{Year: of, Number: 1}.Start()
		for i, n := range y {
			if n != 0 {
				t.add(vn.UnitID(unit), start.AddDays(7*i), n)
			}
		}
		return err
	}); err != nil {
		return err
	}
	if err := t.foci(ctx, l); err != nil {
		return err
	}
	if err := l.rows(ctx, `select week, p from detection_alert where disease <> ? and week >= ? and p < 1`, []any{t.disease.ID, int64(t.begin)}, func(scan func(...any) error) error {
		var week int64
		var p float64
		err := scan(&week, &p)
		t.others[vn.Date(week)] = append(t.others[vn.Date(week)], p)
		return err
	}); err != nil {
		return err
	}
	if err := t.reports(ctx, l); err != nil {
		return err
	}
	t.beside()
	return nil
}

// beside is the province that its communes with a short history are set beside.
func (t *trial) beside() {
	if t.area.Level != vn.LevelProvince {
		return
	}
	t.around = outbreak.Around{Count: t.counts[t.area.ID], People: make([]float64, t.weeks)}
	for _, i := range t.land.of[t.area.ID] {
		unit := t.land.communes[i].ID
		if since, ok := t.since[unit]; ok && since < t.begin.AddDays(7*t.weeks) {
			t.around.People[max(0, int(since-t.begin)/7)] += t.land.people[unit]
		}
	}
	for i := 1; i < t.weeks; i++ {
		t.around.People[i] += t.around.People[i-1]
	}
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func (t *trial) add(unit vn.UnitID, week vn.Date, n int32) {
	i := int(week-t.begin) / 7
	if week < t.begin || i >= t.weeks {
		return
	}
	if t.counts[unit] == nil {
		t.counts[unit] = make([]int32, t.weeks)
	}
	t.counts[unit][i] += n
}

// foci takes out the cases that name a focus which was open on their day.
func (t *trial) foci(ctx context.Context, l ledger) error {
	where, args := "", []any{t.disease.ID, int64(t.begin)}
	if t.area.ID != vn.Nation {
		where, args = ` and l.province = ?`, append(args, int64(t.area.ID))
	}
	return l.rows(ctx, `select l.commune, l.day, sum(l.change) from detection_ledger l where l.disease = ? and l.focus <> '' and l.day >= ?`+where+`
		   and exists (select 1 from detection_step s where s.disease = l.disease and s.unit = l.commune and s.focus = l.focus and s.kind = 'focus' and s.day <= l.day
		     and not exists (select 1 from detection_step e where e.first = s.first and e.kind = 'closed' and e.day <= l.day))
		 group by l.commune, l.day`, args, func(scan func(...any) error) error {
		var commune, day, n int64
		err := scan(&commune, &day, &n)
		for _, unit := range t.units.Above(vn.UnitID(commune)) {
			if t.counts[unit] != nil {
				t.add(unit, vn.WeekOf(vn.Date(day)).Start(), int32(-n))
			}
		}
		return err
	})
}

// reports reads since when the units are known, and marks the weeks before, and
// those of which nothing is known, as the follower does. Of the communes of the nation statistics
// say nothing here.
func (t *trial) reports(ctx context.Context, l ledger) error {
	units := slices.DeleteFunc(t.order(), func(u vn.UnitID) bool { return t.area.ID == vn.Nation && t.levelOf(u) == vn.LevelCommune })
	if t.area.Level == vn.LevelProvince { // their people count
		for _, i := range t.land.of[t.area.ID] {
			if u := t.land.communes[i].ID; !slices.Contains(units, u) {
				units = append(units, u)
			}
		}
	}
	for chunk := range slices.Chunk(units, 400) {
		args := make([]any, len(chunk))
		for i, u := range chunk {
			args[i] = int64(u)
		}
		if err := l.rows(ctx, `select unit, min(week), coalesce(min(case when visited > 0 then week end), 0) from detection_reporting where unit in (`+marks(len(args))+`) group by unit`, args,
			func(scan func(...any) error) error {
				var unit, first, visit int64
				err := scan(&unit, &first, &visit)
				t.since[vn.UnitID(unit)], t.visits[vn.UnitID(unit)] = vn.Date(first), vn.Date(visit)
				return err
			}); err != nil {
			return err
		}
		heard := map[vn.UnitID][]bool{}
		if err := l.rows(ctx, `select unit, week from detection_reporting where unit in (`+marks(len(args))+`) and week >= ?`, append(args, int64(t.begin)),
			func(scan func(...any) error) error {
				var unit, week int64
				err := scan(&unit, &week)
				if heard[vn.UnitID(unit)] == nil {
					heard[vn.UnitID(unit)] = make([]bool, t.weeks+1)
				}
				heard[vn.UnitID(unit)][min(t.weeks, int(vn.Date(week)-t.begin)/7)] = true
				return err
			}); err != nil {
			return err
		}
		for _, u := range chunk {
			if t.levelOf(u) == vn.LevelCommune {
				t.silence(u, heard[u])
			} else if t.counts[u] != nil {
				if err := l.unheard(ctx, u, t.series(u)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// silence marks the weeks before a commune was known, and those in which one with
// visits was not heard of.
func (t *trial) silence(unit vn.UnitID, heard []bool) {
	visit := t.visits[unit]
	since, known := t.since[unit]
	for i := range t.counts[unit] {
		w := t.begin.AddDays(7 * i)
		if !known || w < since || visit != 0 && w > visit && (heard == nil || !heard[i]) {
			t.counts[unit][i] = outbreak.Missing
		}
	}
}

// order are the units that had cases in the weeks judged: the area, then those
// with the most cases.
func (t *trial) order() []vn.UnitID {
	sums := map[vn.UnitID]int{}
	var out []vn.UnitID
	for u, counts := range t.counts {
		for _, n := range counts[t.first:] {
			sums[u] += int(max(n, 0))
		}
		if sums[u] > 0 || u == t.area.ID {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, func(x, y vn.UnitID) int { return cmp.Or(sums[y]-sums[x], cmp.Compare(x, y)) })
	return out
}

// series are the weeks of a unit.
func (t *trial) series(unit vn.UnitID) outbreak.Series {
	s := outbreak.Series{Freq: 52, Count: t.counts[unit], Dates: make([]vn.Date, t.weeks)}
	for i := range s.Dates {
		s.Dates[i] = t.begin.AddDays(7 * i)
	}
	return s
}

// linkedIn is the rule of linked cases that a week meets; "" for none. The days
// are those of the weeks: the gap of the rule is longer than one.
func linkedIn(s outbreak.Series, k int, rule content.DetectionRule) Rule {
	var cases []outbreak.LinkedCase
	for i := max(0, k-9); i <= k; i++ {
		for range max(s.Count[i], 0) {
			cases = append(cases, outbreak.LinkedCase{Day: s.Dates[i]})
		}
	}
	week := s.Dates[k]
	switch {
	case outbreak.LargestLinked(cases, min(week, vn.MonthOf(week.AddDays(6)).Start()), week, rule.LinkedGapDays) >= rule.LinkedMonth:
		return RuleLinkedMonth
	case outbreak.LargestLinked(cases, week, week, rule.LinkedGapDays) >= rule.LinkedWeek:
		return RuleLinkedWeek
	}
	return ""
}

// answers says of each alert what came of the one that there was.
func (t *trial) answers(ctx context.Context, a store.Actor, out *Trial) error {
	real, err := t.alerts(ctx, a, t.area.ID, ` and disease = ? and last >= ? order by opened desc, alert limit ?`, t.disease.ID, out.From.Time().UnixMicro())
	for i := range out.Alerts {
		x := &out.Alerts[i]
		for _, one := range real {
			opened := vn.DateOf(one.Opened)
			if one.Unit == x.Unit && opened < x.Week+14 && (opened >= x.Week || one.Since < x.Week+7 && vn.DateOf(one.Last) >= x.Week) {
				x.Had, x.Answer = true, one.Answer
			}
		}
	}
	return err
}

// curve is the area itself, week by week, as the new settings see it.
func (t *trial) curve(out *Trial) {
	if t.counts[t.area.ID] == nil {
		return
	}
	s, rule := t.series(t.area.ID), t.will.rule(t.area.ID)
	for k := t.first; k < t.weeks; k++ {
		w := TrialWeek{Week: s.Dates[k], Cases: int(s.Count[k]), Expected: math.NaN(), Bound: math.NaN()}
		if j, ok := tier(t.disease.ID, rule).Judge(outbreak.Watched{Series: s, Level: t.area.Level}, k, &t.work); ok {
			w.Expected, w.Bound = j.Expected, j.Bound
		}
		for _, x := range out.Alerts {
			if x.Week == w.Week {
				w.Old, w.New = w.Old+flag(x.Old), w.New+flag(x.New)
			}
		}
		out.Weeks = append(out.Weeks, w)
	}
}
