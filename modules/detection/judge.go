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
			return y.disease.ID == x.disease.ID && y.unit == x.unit && vn.WeekOf(y.day) == vn.WeekOf(x.day) && y.added == x.added && (y.died || !x.died)
		})
		if seen >= 0 {
			continue
		}
		if err := t.judgeOne(ctx, x); err != nil {
			return err
		}
		if err := t.others(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) judgeOne(ctx context.Context, x touch) error {
	on := vn.DateOf(t.c.At)
	if x.weeks == nil {
		x.weeks = dirty(x.day, on, content.DetectionOf(x.disease, on))
	}
	if len(x.weeks) == 0 { // history: it is counted, and tells of nothing new
		return nil
	}
	settings, err := t.ledger().decided(ctx, x.disease, on)
	if err != nil {
		return err
	}
	units := t.units.Above(x.unit)
	slices.Reverse(units) // children first: they may explain what stands above
	for i, unit := range units {
		p, rule := place{disease: x.disease.ID, unit: unit, level: t.levelOf(unit)}, settings.rule(unit)
		g, also, err := t.statistics(ctx, x, p, rule)
		if err != nil || i == 0 && x.due && !also.turned {
			return err
		}
		var kids []kid
		if p.level != vn.LevelCommune {
			if g, kids, err = t.against(ctx, p, rule, g, also.excess); err != nil {
				return err
			}
		}
		if i == 0 { // where the case itself counts
			cases, err := t.cases(ctx, x, p, rule, on, also.current)
			if err != nil {
				return err
			}
			g = graver(cases, g)
		}
		news := x.added || x.died || x.again && (also.news || len(kids) > 0 && g.rule == RuleGroup)
		if err := t.conclude(ctx, x, unit, rule, g, news); err != nil {
			return err
		}
		if err := t.gather(ctx, p, kids); err != nil {
			return err
		}
		if err := t.tally(ctx, p); err != nil {
			return err
		}
		if g.week.Known() {
			if err := t.stand(ctx, g.week, rule); err != nil {
				return err
			}
		}
	}
	return nil
}

// conclude raises an alert on grounds that are news, and keeps or withdraws the
// one that waits.
func (t *turn) conclude(ctx context.Context, x touch, unit vn.UnitID, rule content.DetectionRule, g ground, news bool) error {
	if g.rule != "" && news {
		return t.raise(ctx, x, unit, rule, g)
	}
	a, _, found, err := t.latest(ctx, x.disease.ID, unit)
	if err != nil || !found || a.Answer != "" {
		return err
	}
	holds := g.rule != ""
	if a.Rule == RuleCluster && !x.lapse { // until the next night
		holds = true
	}
	if !holds && a.Week.Known() { // it rests on a week that this change did not touch, or no longer
		p := place{disease: a.Disease, unit: unit, level: t.levelOf(unit)}
		if holds, err = t.alarms(ctx, p, a.Week); err != nil {
			return err
		}
	}
	return t.hold(ctx, x.disease.ID, unit, holds)
}

// dirty are the Mondays of the weeks that a case of the day can change the
// verdict of: its own and those since. Nothing older than BackWeeks is judged.
func dirty(day, on vn.Date, rule content.DetectionRule) []vn.Date {
	current := vn.WeekOf(on).Start()
	first := vn.WeekOf(day).Start()
	if first < current.AddDays(-7*rule.BackWeeks) {
		return nil
	}
	var out []vn.Date
	for w := first; w <= current; w = w.AddDays(7) {
		out = append(out, w)
	}
	return out
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
		a.week, a.seq, a.p = b.week, b.seq, b.p
	}
	return a
}

// cases judges the cases themselves, without those of open foci: one is enough
// for an immediate disease, several linked ones for a rare disease in a commune.
// A death always is, until it is answered. judged: statistics have judged this
// week.
func (t *turn) cases(ctx context.Context, x touch, p place, rule content.DetectionRule, on vn.Date, judged bool) (ground, error) {
	from := vn.WeekOf(on).Start().AddDays(-7 * rule.BackWeeks)
	died, err := t.unansweredDeath(ctx, x, p, from)
	if err != nil {
		return ground{}, err
	}
	if died.Known() {
		return sure(RuleDeath, died), nil
	}
	if rule.Tier == content.TierImmediate {
		days, err := t.days(ctx, p, from, on)
		if err != nil || len(days) == 0 {
			return ground{}, err
		}
		return sure(RuleImmediate, days[0].Day), nil
	}
	if judged || p.level != vn.LevelCommune {
		return ground{}, nil
	}
	return t.linked(ctx, p, rule, on)
}

// linked judges a commune with few cases as Articles 16.1c and 22 count them.
// Where cases are frequent, statistics judge.
func (t *turn) linked(ctx context.Context, p place, rule content.DetectionRule, on vn.Date) (ground, error) {
	week, month := vn.WeekOf(on).Start(), vn.MonthOf(on).Start()
	days, err := t.days(ctx, p, min(week, month).AddDays(-4*rule.LinkedGapDays), on)
	if err != nil {
		return ground{}, err
	}
	g := ground{}
	switch {
	case outbreak.LargestLinked(days, month, on, rule.LinkedGapDays) >= rule.LinkedMonth:
		g = sure(RuleLinkedMonth, month)
	case outbreak.LargestLinked(days, week, on, rule.LinkedGapDays) >= rule.LinkedWeek:
		g = sure(RuleLinkedWeek, week)
	}
	if rule.Tier == content.TierWave {
		g.push = PushNever
	}
	return g, nil
}

// counting selects the counted cases that count first in the place.
func (p place) counting() (where string, args []any) {
	where = ` disease = ? and class in ('suspect', 'probable', 'confirmed')`
	switch p.level {
	case vn.LevelProvince: // those that lie in no one commune of it
		return where + ` and commune = 0 and province = ?`, []any{p.disease, int64(p.unit)}
	case vn.LevelNation:
		return where + ` and commune = 0 and province = 0`, []any{p.disease}
	}
	return where + ` and commune = ?`, []any{p.disease, int64(p.unit)}
}

// unansweredDeath is the day from which deaths of cases are nobody's answered
// ones: that of the change, else of the first since a day that the waiting alert
// tells of; vn.ZeroDate when there is none.
func (t *turn) unansweredDeath(ctx context.Context, x touch, p place, from vn.Date) (vn.Date, error) {
	if x.died {
		return x.day, nil
	}
	a, _, found, err := t.latest(ctx, p.disease, p.unit)
	if err != nil || found && (!a.Died || a.State() == Answered) {
		return vn.ZeroDate, err
	}
	if found {
		from = max(from, a.Since)
	}
	where, args := p.counting()
	day := int64(vn.ZeroDate)
	_, err = t.tx.Row(ctx, []any{&day}, `select day from detection_case where died = 1 and`+where+` and day >= ? order by day limit 1`, append(args, int64(from))...)
	return vn.Date(day), err
}

// days reads the counted cases of a place in a span of days, the first first,
// without those of open foci.
func (t *turn) days(ctx context.Context, p place, from, to vn.Date) ([]outbreak.LinkedCase, error) {
	foci, err := t.ledger().foci(ctx, p)
	if err != nil {
		return nil, err
	}
	where, args := p.counting()
	var out []outbreak.LinkedCase
	err = t.tx.Rows(ctx, `select day, focus, commune, count(*) from detection_case where`+where+` and day >= ? and day <= ?
		 group by day, focus, commune order by day, focus`, append(args, int64(from), int64(to)), func(scan func(...any) error) error {
		var day, commune int64
		var n int
		var c outbreak.LinkedCase
		if err := scan(&day, &c.Focus, &commune, &n); err != nil {
			return err
		}
		c.Day = vn.Date(day)
		for range n {
			if !foci.hold(vn.UnitID(commune), c.Focus) {
				out = append(out, c)
			}
		}
		return nil
	})
	return out, err
}

// said is what statistics say besides the ground.
type said struct {
	excess  float64 // cases above what was expected
	current bool    // this week was judged
	turned  bool    // a week is an alarm that was none, or no longer
	news    bool    // a week is an alarm that was none
}

// statistics judges the weeks of a series, keeps the verdicts and says whether
// one is an alarm: the least probable of them, since the first week that was. A
// case speaks for the weeks whose gate it counts in; later ones are judged again
// because what they are compared with changed. What is judged once more keeps
// only what is otherwise than before.
func (t *turn) statistics(ctx context.Context, x touch, p place, rule content.DetectionRule) (ground, said, error) {
	look, err := t.ledger().verdicts(ctx, p, rule, x.weeks, t.land.expecting[p.unit], &t.work)
	if err != nil {
		return ground{}, said{}, err
	}
	if err := t.watch(ctx, p, look); err != nil {
		return ground{}, said{}, err
	}
	var held map[vn.Date]Verdict
	if !x.added {
		if held, err = t.held(ctx, p, x.weeks); err != nil {
			return ground{}, said{}, err
		}
		if look.list, err = t.lapsed(ctx, p, rule, x.weeks, look.list, held); err != nil {
			return ground{}, said{}, err
		}
	}
	g, saw := ground{p: 1, week: vn.ZeroDate}, said{}
	for _, v := range look.list {
		saw.current = saw.current || v.Week == vn.WeekOf(vn.DateOf(t.c.At)).Start() && v.Method != ""
		before, judged := held[v.Week]
		saw.turned, saw.news = saw.turned || v.Alarm != before.Alarm, saw.news || v.Alarm && !before.Alarm
		v.Seq = t.c.Seq
		if x.again && judged && v.same(before) {
			v.Seq = before.Seq
		} else if err := t.keep(ctx, v, rule); err != nil {
			return ground{}, said{}, err
		}
		if !v.Alarm || !x.again && v.Week >= x.weeks[0].AddDays(7*rule.LeastWeeks) {
			continue
		}
		if g.rule == "" || v.Chance < g.p {
			g.rule, g.p, g.week, g.seq, saw.excess = ruleOf(v.Method), v.Chance, v.Week, v.Seq, float64(v.Observed)-v.Expected
		}
		if !g.since.Known() || g.since == 0 || v.Week < g.since {
			g.since = v.Week
		}
	}
	if g.rule != "" && rule.Tier == content.TierWave && p.level == vn.LevelCommune {
		a, cooled, found, err := t.latest(ctx, p.disease, t.provinceOf(p.unit))
		if err != nil {
			return ground{}, said{}, err
		}
		if found && (a.State() == Open || a.State() == Answered && t.c.At.UnixMicro() < cooled) {
			g.push = PushNever
		}
	}
	return g, saw, nil
}

// lapsed adds a verdict that is none to weeks that stand as alarms and that no
// method judges any more, after cases were taken back.
func (t *turn) lapsed(ctx context.Context, p place, rule content.DetectionRule, weeks []vn.Date, list []Verdict, held map[vn.Date]Verdict) ([]Verdict, error) {
	for _, week := range weeks {
		if !held[week].Alarm || slices.ContainsFunc(list, func(v Verdict) bool { return v.Week == week }) {
			continue
		}
		v, err := t.ledger().none(ctx, p, rule, week, t.land.expecting[p.unit])
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// keep writes a verdict, and by which settings it was found.
func (t *turn) keep(ctx context.Context, v Verdict, rule content.DetectionRule) error {
	if err := t.keepRule(ctx, v.Settings, rule); err != nil {
		return err
	}
	return t.tx.Exec(ctx, `insert into detection_verdict (`+verdictColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (disease, unit, week, seq) do update set observed = excluded.observed, foci = excluded.foci, expected = excluded.expected, bound = excluded.bound,
		   p = excluded.p, score = excluded.score, trend = excluded.trend, reason = excluded.reason, alarm = excluded.alarm, method = excluded.method,
		   tier = excluded.tier, chance = excluded.chance, span = excluded.span`,
		v.Disease, int64(v.Unit), int64(v.Week), t.c.Seq, t.c.At.UnixMicro(), v.Method, v.Settings, v.Observed, v.Foci, v.Expected, v.Bound, v.P, v.Score,
		flag(v.Trend), v.Reason, flag(v.Alarm), v.Reporting, v.Expecting, v.Tier, v.Chance, v.Span)
}

// alarms reports whether the newest verdict on the week is an alarm.
func (t *turn) alarms(ctx context.Context, p place, week vn.Date) (bool, error) {
	var alarm int
	_, err := t.tx.Row(ctx, []any{&alarm}, `select alarm from detection_verdict where disease = ? and unit = ? and week = ? order by seq desc limit 1`,
		p.disease, int64(p.unit), int64(week))
	return alarm == 1, err
}
