// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// judge looks at every series that the change touched, in its unit and in those
// above, and raises, keeps or withdraws their alerts.
func (t *turn) judge(ctx context.Context) error {
	for i, x := range t.touched {
		seen := slices.IndexFunc(t.touched[:i], func(y touch) bool {
			return y.disease.ID == x.disease.ID && y.unit == x.unit && vn.WeekOf(y.day) == vn.WeekOf(x.day) && y.added == x.added
		})
		if seen >= 0 {
			continue
		}
		if err := t.judgeOne(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) judgeOne(ctx context.Context, x touch) error {
	on := vn.DateOf(t.c.At)
	rule := content.DetectionOf(x.disease, on)
	weeks := dirty(x.day, on, rule)
	if len(weeks) == 0 { // history: it is counted, and tells of nothing new
		return nil
	}
	units := t.above(x.unit)
	for i, unit := range units {
		p := place{disease: x.disease.ID, unit: unit, level: t.levelOf(unit)}
		var best ground
		if i == len(units)-1 { // where the case itself counts
			var err error
			if best, err = t.cases(ctx, x, p, rule, on); err != nil {
				return err
			}
		}
		g, err := t.statistics(ctx, p, rule, weeks)
		if err != nil {
			return err
		}
		if err := t.conclude(ctx, x, unit, rule, graver(best, g)); err != nil {
			return err
		}
		if err := t.tally(ctx, x.disease.ID, unit); err != nil {
			return err
		}
	}
	return nil
}

// conclude raises an alert on new grounds, and keeps or withdraws the one that
// waits.
func (t *turn) conclude(ctx context.Context, x touch, unit vn.UnitID, rule content.DetectionRule, g ground) error {
	if g.rule != "" && (x.added || x.died) {
		return t.raise(ctx, x, unit, rule, g)
	}
	a, _, found, err := t.latest(ctx, x.disease.ID, unit)
	if err != nil || !found || a.Answer != "" {
		return err
	}
	holds := g.rule != ""
	if !holds && a.Week.Known() { // it rests on a week that this change did not touch, or no longer
		p := place{disease: a.Disease, unit: unit, level: t.levelOf(unit)}
		if holds, err = t.alarms(ctx, p, a.Week); err != nil {
			return err
		}
	}
	return t.hold(ctx, x.disease.ID, unit, holds)
}

// dirty are the Mondays of the weeks that a case of the day can still change
// the verdict of: the gate adds up LeastWeeks of them, and the baseline leaves
// out all that lie nearer. Nothing older than BackWeeks is judged.
func dirty(day, on vn.Date, rule content.DetectionRule) []vn.Date {
	current := vn.WeekOf(on).Start()
	first := vn.WeekOf(day).Start()
	if first < current.AddDays(-7*rule.BackWeeks) {
		return nil
	}
	var out []vn.Date
	for w := first; w <= min(current, first.AddDays(7*(rule.LeastWeeks-1))); w = w.AddDays(7) {
		out = append(out, w)
	}
	return out
}

// place is a series: a disease in a unit.
type place struct {
	disease string
	unit    vn.UnitID
	level   vn.Level
}

// graver is the ground that weighs more; the zero ground weighs nothing.
func graver(a, b ground) ground {
	switch {
	case a.rule == "":
		return b
	case b.rule == "":
		return a
	case b.rule.gravity() > a.rule.gravity():
		a, b = b, a
	}
	a.push = max(a.push, b.push)
	if b.week.Known() { // the statistics stand beside the rule
		a.week, a.p = b.week, b.p
	}
	return a
}

// cases judges the cases themselves, without those of open foci: one is enough
// for an immediate disease or a death, several linked ones for a rare disease.
func (t *turn) cases(ctx context.Context, x touch, p place, rule content.DetectionRule, on vn.Date) (ground, error) {
	from := vn.WeekOf(on).Start().AddDays(-7 * rule.BackWeeks)
	days, err := t.days(ctx, p, from.AddDays(-4*rule.LinkedGapDays), on)
	if err != nil {
		return ground{}, err
	}
	first := vn.ZeroDate
	var died bool
	for _, d := range days {
		if d.Day >= from && (!first.Known() || d.Day < first) {
			first = d.Day
		}
		died = died || d.died && d.Day >= from
	}
	switch {
	case !first.Known():
		return ground{}, nil
	case x.died || died:
		return ground{rule: RuleDeath, since: first, push: PushAlways, p: 1, week: vn.ZeroDate}, nil
	case rule.Tier == content.TierImmediate:
		return ground{rule: RuleImmediate, since: first, push: PushAlways, p: 1, week: vn.ZeroDate}, nil
	}
	if p.level != vn.LevelCommune {
		return ground{}, nil
	}
	return t.linked(ctx, p, rule, days, on)
}

// linked judges a commune with few cases as Articles 16.1c and 22 count them.
// Where cases are frequent, statistics judge.
func (t *turn) linked(ctx context.Context, p place, rule content.DetectionRule, days []caseDay, on vn.Date) (ground, error) {
	week, month := vn.WeekOf(on).Start(), vn.MonthOf(on).Start()
	frequent, err := t.frequent(ctx, p, rule, week)
	if err != nil || frequent {
		return ground{}, err
	}
	linked := make([]outbreak.LinkedCase, len(days))
	for i, d := range days {
		linked[i] = d.LinkedCase
	}
	push := PushAlways
	if rule.Tier == content.TierWave {
		push = PushListed
	}
	if outbreak.LargestLinked(linked, month, on, rule.LinkedGapDays) >= rule.LinkedMonth {
		return ground{rule: RuleLinkedMonth, since: month, push: push, p: 1, week: vn.ZeroDate}, nil
	}
	if outbreak.LargestLinked(linked, week, on, rule.LinkedGapDays) >= rule.LinkedWeek {
		return ground{rule: RuleLinkedWeek, since: week, push: push, p: 1, week: vn.ZeroDate}, nil
	}
	return ground{}, nil
}

// caseDay is a counted case without its person.
type caseDay struct {
	outbreak.LinkedCase
	died bool
}

// days reads the counted cases of a place in a span of days, without those of
// open foci.
func (t *turn) days(ctx context.Context, p place, from, to vn.Date) ([]caseDay, error) {
	foci, err := t.foci(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	where, args := ` commune = ? `, []any{p.disease, int64(p.unit)}
	switch p.level {
	case vn.LevelProvince: // those that lie in no one commune of it
		where = ` commune = 0 and province = ? `
	case vn.LevelNation:
		where, args = ` commune = 0 and province = 0 `, args[:1]
	}
	var out []caseDay
	err = t.tx.Rows(ctx, `select day, focus, died, commune from detection_case
		 where disease = ? and `+where+` and day >= ? and day <= ? and class in ('suspect', 'probable', 'confirmed') order by day, report`,
		append(args, int64(from), int64(to)), func(scan func(...any) error) error {
			var day, commune int64
			var died int
			var d caseDay
			if err := scan(&day, &d.Focus, &died, &commune); err != nil {
				return err
			}
			d.Day, d.died = vn.Date(day), died == 1
			if !foci.hold(vn.UnitID(commune), d.Focus) {
				out = append(out, d)
			}
			return nil
		})
	return out, err
}

// focus is an open focus: cases that name it are worked on already.
type focus struct {
	unit vn.UnitID
	name string
}

type foci []focus

func (f foci) hold(commune vn.UnitID, name string) bool {
	return name != "" && slices.Contains(f, focus{commune, name})
}

// foci are the open foci of the disease in the unit, as known at a position of
// the log; 0 = now.
func (t *turn) foci(ctx context.Context, p place, seq int64) (foci, error) {
	until := int64(1) << 62
	if seq != 0 {
		until = seq
	}
	var out foci
	// The latest step of each event that opens, names or closes a focus.
	err := t.tx.Rows(ctx, `
		select s.unit, s.focus from detection_step s
		 where s.disease = ? and s.kind = 'focus' and s.focus <> '' and s.seq <= ?
		   and not exists (select 1 from detection_step e where e.first = s.first and e.kind in ('focus', 'closed') and e.seq > s.seq and e.seq <= ?)
		 order by s.unit, s.focus`, []any{p.disease, until, until}, func(scan func(...any) error) error {
		var unit int64
		var f focus
		err := scan(&unit, &f.name)
		f.unit = vn.UnitID(unit)
		if t.units.Within(f.unit, p.unit) {
			out = append(out, f)
		}
		return err
	})
	return out, err
}

// frequent reports whether the unit has enough cases in the last weeks for
// statistics to judge, and enough history.
func (t *turn) frequent(ctx context.Context, p place, rule content.DetectionRule, week vn.Date) (bool, error) {
	var sum int64
	_, err := t.tx.Row(ctx, []any{&sum}, `select coalesce(sum(value), 0) from detection_count where disease = ? and unit = ? and week > ? and week <= ?`,
		p.disease, int64(p.unit), int64(week.AddDays(-7*rule.LeastWeeks)), int64(week))
	if err != nil || int(sum) < rule.LeastCases {
		return false, err
	}
	since, err := t.since(ctx, p.unit, 0)
	return since.Known() && since <= week.AddDays(-364*rule.MinYears), err
}

// since is the first week in which the unit was heard of, as known at a
// position of the log; vn.ZeroDate when it was not. What lies before is unknown,
// not zero.
func (t *turn) since(ctx context.Context, unit vn.UnitID, seq int64) (vn.Date, error) {
	where, args := "", []any{int64(vn.ZeroDate), int64(unit)}
	if seq != 0 {
		where, args = ` and seq <= ?`, append(args, seq)
	}
	var first int64
	_, err := t.tx.Row(ctx, []any{&first}, `select coalesce(min(week), ?) from detection_reporting where unit = ?`+where, args...)
	return vn.Date(first), err
}

// statistics judges the weeks of a series.
func (t *turn) statistics(ctx context.Context, p place, rule content.DetectionRule, weeks []vn.Date) (ground, error) {
	return ground{}, nil
}

// alarms reports whether the newest verdict on the week is an alarm.
func (t *turn) alarms(ctx context.Context, p place, week vn.Date) (bool, error) {
	var alarm int
	_, err := t.tx.Row(ctx, []any{&alarm}, `select alarm from detection_verdict where disease = ? and unit = ? and week = ? order by seq desc limit 1`,
		p.disease, int64(p.unit), int64(week))
	return alarm == 1, err
}
