// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"mach/content"
	"mach/vn"
)

// RuleSyndrome is more visits for a syndrome than the share of visits and the
// kind of day let expect.
const RuleSyndrome Rule = "syndrome"

// moved is a count that changes.
type moved struct {
	syndrome string // or allVisits
	day      vn.Date
	by       int32
}

// shift makes the counts follow a visit that was one thing and is another, in its
// unit and those above, and judges what may look otherwise now.
func (t *turn) shift(ctx context.Context, was, is seen) error {
	type change struct {
		unit  vn.UnitID
		level vn.Level
		moves []moved
	}
	var changes []change
	for _, x := range []struct {
		seen
		by int32
	}{{was, -1}, {is, +1}} {
		if !x.counts {
			continue
		}
		for _, unit := range t.units.Above(x.unit) {
			i := slices.IndexFunc(changes, func(c change) bool { return c.unit == unit })
			if i < 0 {
				i = len(changes)
				changes = append(changes, change{unit: unit, level: t.levelOf(unit)})
			}
			for _, id := range append(strings.Fields(x.syndromes), allVisits) {
				changes[i].moves = add(changes[i].moves, moved{id, x.day, x.by})
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(b.level, a.level) }) // communes first
	below := map[string]bool{}
	heard := map[vn.UnitID][]moved{} // communes that were heard of on a day, or no longer, by unit above
	for _, c := range changes {
		moves := c.moves
		for _, h := range heard[c.unit] {
			moves = add(moves, h)
		}
		d, err := t.move(ctx, c.unit, moves)
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		if c.level == vn.LevelCommune {
			for _, h := range d.heard(moves) {
				for _, up := range t.units.Above(c.unit) {
					if up != c.unit {
						heard[up] = append(heard[up], h)
					}
				}
			}
		}
		if err := t.keepDays(ctx, d); err != nil {
			return err
		}
		if err := t.judgeDays(ctx, place{unit: c.unit, level: c.level}, d, moves, below); err != nil {
			return err
		}
	}
	return nil
}

// add takes one more move; those that undo each other are none.
func add(moves []moved, m moved) []moved {
	i := slices.IndexFunc(moves, func(x moved) bool { return x.syndrome == m.syndrome && x.day == m.day })
	if i < 0 {
		return append(moves, m)
	}
	if moves[i].by += m.by; moves[i].by == 0 {
		return slices.Delete(moves, i, i+1)
	}
	return moves
}

// move reads the days of a unit, as far as they are needed, with the moves made;
// nil when there are none.
func (t *turn) move(ctx context.Context, unit vn.UnitID, moves []moved) (*daily, error) {
	if len(moves) == 0 {
		return nil, nil
	}
	on := vn.DateOf(t.c.At)
	rule := content.SyndromeRuleOn(on)
	from, to := moves[0].day.Year(), moves[0].day.Year()
	for _, m := range moves {
		from, to = min(from, m.day.Year()), max(to, m.day.Year())
	}
	visits := from
	if oldest := on.AddDays(-rule.BackDays - rule.ReachDays); firstMoved(moves, oldest).Known() {
		from, to = min(from, oldest.Year()), on.Year()
		visits = min(from, on.AddDays(-rule.BackDays-6-rule.HistoryDays).Year())
	}
	d, err := t.ledger().daily(ctx, unit, visits, from, to)
	if err != nil {
		return nil, err
	}
	for _, m := range moves {
		d.add(m.syndrome, m.day, m.by)
	}
	return d, nil
}

// firstMoved is the first day not before another on which anything moved;
// vn.ZeroDate when nothing did.
func firstMoved(moves []moved, from vn.Date) vn.Date {
	first := vn.ZeroDate
	for _, m := range moves {
		if m.day >= from && (!first.Known() || m.day < first) {
			first = m.day
		}
	}
	return first
}

// heard says on which days the commune begins to be heard of by the moves, and on
// which it ends to be.
func (d *daily) heard(moves []moved) []moved {
	var out []moved
	for _, m := range moves {
		if m.syndrome != allVisits {
			continue
		}
		switch is := d.at(allVisits, m.day); {
		case is > 0 && is == m.by:
			out = append(out, moved{communesHeard, m.day, 1})
		case is == 0:
			out = append(out, moved{communesHeard, m.day, -1})
		}
	}
	return out
}

// judgeDays judges the last days of a unit, as far as what moved can change what
// is to be said of them: visits for all reasons that of every syndrome. What
// lies further back is only counted. Below holds the syndromes that a unit below
// spoke of in this change.
func (t *turn) judgeDays(ctx context.Context, p place, d *daily, moves []moved, below map[string]bool) error {
	on := vn.DateOf(t.c.At)
	rule := content.SyndromeRuleOn(on)
	reach := on.AddDays(-rule.BackDays - rule.ReachDays)
	if err := t.learnt(ctx, p.unit, moves, reach, rule); err != nil {
		return err
	}
	from := firstMoved(moves, reach)
	if !from.Known() {
		return nil
	}
	from = max(from, on.AddDays(-rule.BackDays))
	all := slices.ContainsFunc(moves, func(m moved) bool { return m.syndrome == allVisits })
	var before map[dayAlarm]bool
	for _, s := range content.Syndromes(on) {
		x := sighting{place: place{s.ID, p.unit, p.level}, days: d, rule: rule}
		for _, m := range moves {
			x.moved = x.moved || m.syndrome == s.ID
			x.added = x.added || m.syndrome == s.ID && m.by > 0 && m.day >= from
		}
		if !all && !x.moved {
			continue
		}
		if before == nil {
			var err error
			if before, err = t.ledger().alarmDays(ctx, p.unit, from); err != nil {
				return err
			}
		}
		if err := t.look(ctx, &x, from, on, before); err != nil {
			return err
		}
		if !x.moved && !x.turned && !below[s.ID] {
			continue
		}
		if err := t.announce(ctx, x, below[s.ID]); err != nil {
			return err
		}
		below[s.ID] = below[s.ID] || x.turned || len(x.alarms) > 0
	}
	return nil
}

// anySyndrome, as the disease of what is due, says that all syndromes of the unit
// are.
const anySyndrome = "*"

// learnt marks the unit as due when visits moved of days that no day is judged by
// beside, but from which it is learnt what each kind of day brings.
func (t *turn) learnt(ctx context.Context, unit vn.UnitID, moves []moved, before vn.Date, rule content.SyndromeRule) error {
	on := vn.DateOf(t.c.At)
	from := on.AddDays(-rule.BackDays - 6 - rule.HistoryDays)
	if !slices.ContainsFunc(moves, func(m moved) bool { return m.syndrome == allVisits && m.day >= from && m.day < before }) {
		return nil
	}
	return t.tx.Exec(ctx, `insert into detection_due (unit, disease, day, week, patient, seq) values (?, ?, 0, 0, ?, ?) on conflict (unit, disease, day) do nothing`,
		int64(unit), anySyndrome, int64(on+1), t.c.Seq)
}

// learnAgain judges the last days of all syndromes of a unit again, where they
// stand otherwise.
func (t *turn) learnAgain(ctx context.Context, unit vn.UnitID) error {
	list, err := t.ledger().turned(ctx, unit, vn.DateOf(t.c.At), &t.work)
	for _, x := range list {
		if err == nil {
			err = t.lookAgain(ctx, x)
		}
	}
	return err
}

// sighting is what the last days of a unit show of a syndrome.
type sighting struct {
	place
	days   *daily
	rule   content.SyndromeRule
	alarms []SyndromeVerdict
	moved  bool // its visits changed
	added  bool // a visit more than before
	turned bool // a day became an alarm, or is none any more
}

// dayAlarm is a day of a syndrome in a unit.
type dayAlarm struct {
	syndrome string
	day      vn.Date
}

// alarmDays are the days since one that stand as alarms.
func (l ledger) alarmDays(ctx context.Context, unit vn.UnitID, since vn.Date) (map[dayAlarm]bool, error) {
	out := map[dayAlarm]bool{}
	err := l.rows(ctx, `select syndrome, day, alarm from detection_syndrome where unit = ? and day >= ? order by seq`, []any{int64(unit), int64(since)},
		func(scan func(...any) error) error {
			var x dayAlarm
			var day int64
			var alarm int
			err := scan(&x.syndrome, &day, &alarm)
			x.day = vn.Date(day)
			out[x] = alarm == 1
			return err
		})
	return out, err
}

// look judges the days and keeps a verdict where one turns.
func (t *turn) look(ctx context.Context, x *sighting, from, to vn.Date, before map[dayAlarm]bool) error {
	for day := from; day <= to; day++ {
		v, b, err := x.days.judgeDay(x.disease, day, x.rule, &t.work)
		if err != nil {
			return err
		}
		if v.Alarm {
			x.alarms = append(x.alarms, v)
		}
		if v.Alarm == before[dayAlarm{x.disease, day}] {
			continue
		}
		x.turned = true
		v.Expecting, v.Basis = t.land.expecting[x.unit], b.String()
		if x.level == vn.LevelCommune {
			v.Reporting = min(v.Visits, 1)
		}
		if err := t.keepSyndrome(ctx, v, x.rule); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) keepSyndrome(ctx context.Context, v SyndromeVerdict, rule content.SyndromeRule) error {
	if err := t.keepRule(ctx, v.Settings, rule); err != nil {
		return err
	}
	return t.tx.Exec(ctx, `insert into detection_syndrome (`+syndromeColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (unit, day, syndrome, seq) do update set cases = excluded.cases, visits = excluded.visits, expected = excluded.expected, bound = excluded.bound,
		   usual = excluded.usual, chance = excluded.chance, sources = excluded.sources, alarm = excluded.alarm, reporting = excluded.reporting, basis = excluded.basis`,
		v.Syndrome, int64(v.Unit), int64(v.Day), t.c.Seq, t.c.At.UnixMicro(), v.Settings, v.Cases, v.Visits, v.Expected, v.Bound, v.Usual, v.Chance, v.Sources,
		flag(v.Alarm), v.Reporting, v.Expecting, v.Basis)
}

// announce raises an alert on what was seen, or keeps or withdraws the one that
// waits, as for a disease: one open alert for the syndrome and unit, beside
// those of the units below.
func (t *turn) announce(ctx context.Context, x sighting, below bool) error {
	rule := x.detection(vn.DateOf(t.c.At))
	a, _, found, err := t.latest(ctx, x.disease, x.unit)
	if err != nil {
		return err
	}
	g := x.ground()
	if !found && g.rule == "" && !below {
		return nil
	}
	var kids []kid
	if x.level != vn.LevelCommune && (g.rule != "" || below || a.State() == Open) {
		if g, kids, err = t.explain(ctx, x, a.Key, rule, g); err != nil {
			return err
		}
	}
	if g.rule != "" && x.added {
		if err := t.raise(ctx, touch{disease: content.Disease{ID: x.disease}, unit: x.unit, added: true}, x.unit, rule, g); err != nil {
			return err
		}
	}
	if err := t.gather(ctx, x.place, kids); err != nil {
		return err
	}
	if err := t.follow(ctx, x, g.rule != ""); err != nil || g.rule == "" || !g.week.Known() {
		return err
	}
	return t.stand(ctx, g.week, rule)
}

// detection are the rules of alerts of syndromes: those of diseases, lighter.
func (x sighting) detection(on vn.Date) content.DetectionRule {
	rule := content.DetectionOf(content.Disease{ID: x.disease}, on)
	rule.Weight, rule.Hash = x.rule.Weight, x.rule.Hash
	return rule
}

// ground is the least probable of the alarms, since the first of them.
func (x sighting) ground() ground {
	g := ground{p: 1, week: vn.ZeroDate}
	for _, v := range x.alarms {
		if p := v.weekly(); g.rule == "" || p < g.p {
			g.p, g.week = p, vn.WeekOf(v.Day).Start()
		}
		if g.rule == "" {
			g.since = v.Day
		}
		g.rule, g.push = RuleSyndrome, PushListed
	}
	return g
}

// follow lets the alert that waits, or still cools down, know how many visits
// there are by now, and whether its days still stand out.
func (t *turn) follow(ctx context.Context, x sighting, holds bool) error {
	a, cooled, found, err := t.latest(ctx, x.disease, x.unit)
	if err != nil || !found || a.Answer != "" && cooled <= t.c.At.UnixMicro() {
		return err
	}
	if a.Answer == "" {
		if !holds {
			days, err := t.ledger().alarmDays(ctx, x.unit, a.Since)
			if err != nil {
				return err
			}
			for k, alarm := range days {
				holds = holds || alarm && k.syndrome == x.disease
			}
		}
		if err := t.hold(ctx, x.disease, x.unit, holds); err != nil {
			return err
		}
	}
	n := 0
	for day := max(a.Since, vn.DateOf(t.c.At).AddDays(-x.rule.ReachDays)); day <= vn.DateOf(t.c.At); day++ {
		n += int(x.days.at(x.disease, day))
	}
	if n == a.Cases {
		return nil
	}
	return t.tx.Exec(ctx, `update detection_alert set cases = ? where alert = ?`, n, a.Key)
}
