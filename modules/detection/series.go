// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// place is a series: a disease in a unit.
type place struct {
	disease string
	unit    vn.UnitID
	level   vn.Level
}

// ledger reads what is known of series, as it stood at a position of the log.
// A follower reads through its transaction, a replay as an actor; both get the
// same.
type ledger struct {
	units *vn.Units
	law   *content.Law
	land  *land
	// rows calls scan for each row, as store.Tx.Rows.
	rows func(ctx context.Context, sql string, args []any, scan func(scan func(dest ...any) error) error) error
	// seq is the position; what was written later is not seen.
	seq int64
	// newest: nothing was written later, so the sums stand in detection_year.
	newest bool
}

// reporting is the table of weeks in which units were heard of, as it stood then.
func (l ledger) reporting() string {
	if l.newest {
		return `detection_reporting`
	}
	return fmt.Sprintf(`(select unit, week, seq, visited from detection_reporting union all
		select unit, week, seq, visited from detection_unheard where until > %d) r`, l.seq)
}

// series reads the counts of a place from a Monday to another, without the
// cases of open foci, and how many of these each week had. What lies before the
// unit was first heard of is missing.
func (l ledger) series(ctx context.Context, p place, from, to vn.Date) (s outbreak.Series, foci []int32, err error) {
	n := int(to-from)/7 + 1
	s = outbreak.Series{Freq: 52, Dates: make([]vn.Date, n), Count: make([]int32, n)}
	for i := range s.Dates {
		s.Dates[i] = from.AddDays(7 * i)
	}
	at := func(counts []int32, day vn.Date, by int32) {
		if i := int(day-from) / 7; day >= from && i < n {
			counts[i] += by
		}
	}
	daily := func(counts []int32) func(func(...any) error) error {
		return func(scan func(...any) error) error {
			var day, by int64
			err := scan(&day, &by)
			at(counts, vn.Date(day), int32(by))
			return err
		}
	}
	if l.newest {
		err = l.years(ctx, p, from, to, func(week vn.Date, count, _ int32) { at(s.Count, week, count) })
	} else {
		err = l.days(ctx, p, from, to, daily(s.Count))
	}
	if err != nil {
		return s, nil, err
	}
	open, err := l.foci(ctx, p)
	if err != nil {
		return s, nil, err
	}
	foci = make([]int32, n)
	for _, f := range open {
		if err := l.rows(ctx, `select day, sum(change) from detection_ledger where disease = ? and commune = ? and focus = ? and day >= ? and day < ? and seq <= ?
			 group by day`, []any{p.disease, int64(f.unit), f.name, int64(from), int64(to.AddDays(7)), l.seq}, daily(foci)); err != nil {
			return s, nil, err
		}
	}
	if p.level == vn.LevelCommune {
		err = l.silence(ctx, p.unit, s)
	} else {
		err = l.unheard(ctx, p.unit, s)
	}
	if err != nil {
		return s, nil, err
	}
	for i := range s.Count {
		if s.Count[i] >= 0 {
			s.Count[i] -= foci[i]
		}
	}
	return s, foci, nil
}

// days reads the sums of a place by day.
func (l ledger) days(ctx context.Context, p place, from, to vn.Date, add func(func(...any) error) error) error {
	where, args := ``, []any{p.disease, int64(from), int64(to.AddDays(7)), l.seq}
	switch p.level {
	case vn.LevelProvince:
		where, args = ` and province = ?`, append(args, int64(p.unit))
	case vn.LevelCommune:
		where, args = ` and commune = ?`, append(args, int64(p.unit))
	}
	return l.rows(ctx, `select day, sum(change) from detection_ledger where disease = ? and day >= ? and day < ? and seq <= ?`+where+` group by day`, args, add)
}

// unheard marks the weeks of a unit above communes of which nothing is known as
// missing: those before it was heard of, and those since in which no commune was
// and none is taken to have had no case. Most units have none: that is asked first.
func (l ledger) unheard(ctx context.Context, unit vn.UnitID, s outbreak.Series) error {
	since, err := l.since(ctx, unit)
	if err != nil {
		return err
	}
	first, last := s.Dates[0], s.Dates[len(s.Dates)-1]
	silent := make([]bool, len(s.Dates))
	left := 0
	for i, d := range s.Dates {
		if silent[i] = true; !since.Known() || d < since {
			s.Count[i] = outbreak.Missing
		} else {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	var heard int
	if err := l.rows(ctx, `select count(*) from `+l.reporting()+` where unit = ? and week >= ? and week <= ? and seq <= ?`,
		[]any{int64(unit), int64(first), int64(last), l.seq}, func(scan func(...any) error) error { return scan(&heard) }); err != nil || heard == left {
		return err
	}
	if err := l.rows(ctx, `select week from `+l.reporting()+` where unit = ? and week >= ? and week <= ? and seq <= ?`,
		[]any{int64(unit), int64(first), int64(last), l.seq}, func(scan func(...any) error) error {
			var week int64
			err := scan(&week)
			silent[int(vn.Date(week)-first)/7] = false
			return err
		}); err != nil {
		return err
	}
	if err := l.zeros(ctx, unit, s, silent); err != nil {
		return err
	}
	for i := range s.Count {
		if silent[i] && s.Count[i] == 0 {
			s.Count[i] = outbreak.Missing
		}
	}
	return nil
}

// zeros takes the weeks out of the silent ones of a unit in which a commune of it
// is taken to have had no case: known already, and not visited yet.
func (l ledger) zeros(ctx context.Context, unit vn.UnitID, s outbreak.Series, silent []bool) error {
	return l.rows(ctx, `select unit, min(week), coalesce(min(case when visited > 0 and visited <= ? then week end), ?) from `+l.reporting()+` where seq <= ? group by unit`,
		[]any{l.seq, int64(s.Dates[len(s.Dates)-1]), l.seq}, func(scan func(...any) error) error {
			var id, from, to int64
			if err := scan(&id, &from, &to); err != nil {
				return err
			}
			if u, _ := l.units.Get(vn.UnitID(id)); u.Level != vn.LevelCommune || !l.units.Within(u.ID, unit) {
				return nil
			}
			for i, d := range s.Dates {
				silent[i] = silent[i] && (d < vn.Date(from) || d > vn.Date(to))
			}
			return nil
		})
}

// silence marks the weeks of a commune that nobody reported as missing. Most
// communes have none: that is asked first.
func (l ledger) silence(ctx context.Context, unit vn.UnitID, s outbreak.Series) error {
	first, last := s.Dates[0], s.Dates[len(s.Dates)-1]
	var visits int64
	if err := l.rows(ctx, `select week from `+l.reporting()+` where unit = ? and visited > 0 and visited <= ? order by week limit 1`, []any{int64(unit), l.seq},
		func(scan func(...any) error) error { return scan(&visits) }); err != nil {
		return err
	}
	since, err := l.since(ctx, unit)
	if err != nil {
		return err
	}
	if since <= first && visits == 0 {
		return nil
	}
	var heard int
	if err := l.rows(ctx, `select count(*) from `+l.reporting()+` where unit = ? and week >= ? and week <= ? and seq <= ?`,
		[]any{int64(unit), int64(max(first, vn.Date(visits))), int64(last), l.seq}, func(scan func(...any) error) error { return scan(&heard) }); err != nil {
		return err
	}
	if since <= first && heard == int(last-max(first, vn.Date(visits)))/7+1 {
		return nil
	}
	return l.missing(ctx, unit, s)
}

func (l ledger) missing(ctx context.Context, unit vn.UnitID, s outbreak.Series) error {
	heard := newReported()
	err := l.rows(ctx, `select week, case when visited <= ? then visited else 0 end from `+l.reporting()+` where unit = ? and seq <= ? order by week`,
		[]any{l.seq, int64(unit), l.seq}, func(scan func(...any) error) error {
			var week, visited int64
			err := scan(&week, &visited)
			heard.add(vn.Date(week), visited != 0)
			return err
		})
	for i, d := range s.Dates {
		if heard.silent(d) {
			s.Count[i] = outbreak.Missing
		}
	}
	return err
}

// since is the first week in which the unit was heard of; vn.ZeroDate when it
// was not. What lies before is unknown, not zero.
func (l ledger) since(ctx context.Context, unit vn.UnitID) (vn.Date, error) {
	first := int64(vn.ZeroDate)
	err := l.rows(ctx, `select week from `+l.reporting()+` where unit = ? and seq <= ? order by week limit 1`, []any{int64(unit), l.seq},
		func(scan func(...any) error) error { return scan(&first) })
	return vn.Date(first), err
}

// complete says how many communes of the unit, itself included, were heard of in a
// week.
func (l ledger) complete(ctx context.Context, unit vn.UnitID, week vn.Date) (heard int, err error) {
	if l.newest {
		err = l.rows(ctx, `select heard from `+l.reporting()+` where unit = ? and week = ?`, []any{int64(unit), int64(week)},
			func(scan func(...any) error) error { return scan(&heard) })
		return heard, err
	}
	err = l.rows(ctx, `select unit from `+l.reporting()+` where week = ? and seq <= ?`, []any{int64(week), l.seq}, func(scan func(...any) error) error {
		var u int64
		err := scan(&u)
		if x, _ := l.units.Get(vn.UnitID(u)); x.Level == vn.LevelCommune && l.units.Within(x.ID, unit) {
			heard++
		}
		return err
	})
	return heard, err
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

// foci are the open foci of the disease in the unit: the latest step of each
// event that opens, names or closes one.
func (l ledger) foci(ctx context.Context, p place) (foci, error) {
	var out foci
	err := l.rows(ctx, `
		select distinct s.unit, s.focus from detection_step s
		 where s.disease = ? and s.kind = 'focus' and s.focus <> '' and s.seq <= ?
		   and not exists (select 1 from detection_step e where e.first = s.first and e.kind in ('focus', 'closed') and e.seq > s.seq and e.seq <= ?)
		 order by s.unit, s.focus`, []any{p.disease, l.seq, l.seq}, func(scan func(...any) error) error {
		var unit int64
		var f focus
		err := scan(&unit, &f.name)
		f.unit = vn.UnitID(unit)
		if l.units.Within(f.unit, p.unit) {
			out = append(out, f)
		}
		return err
	})
	return out, err
}

// methodFarrington is how verdicts name the usual method.
const methodFarrington = outbreak.MethodFarrington

// tier is the disease as outbreak judges it by a rule: the tiers of a national
// run, with the same numbers.
func tier(disease string, r content.DetectionRule) outbreak.Disease {
	set := outbreak.Usual()
	set.Severity, set.GateCases, set.GateWeeks = r.Weight, r.LeastCases, r.LeastWeeks
	set.Years, set.MinYears, set.HalfWindow, set.Levels, set.SkipWeeks, set.Reweight = r.Years, r.MinYears, r.HalfWindow, r.Levels, r.SkipWeeks, r.Reweight
	set.AlphaCommune, set.AlphaAbove, set.RareWeeks, set.RareAlpha = r.AlphaCommune, r.AlphaAbove, r.BayesWeeks, r.BayesAlpha
	return outbreak.Disease{Code: disease, Immediate: r.Tier == content.TierImmediate, Wave: r.Tier == content.TierWave, Settings: set}
}

// verdicts judges weeks of a place, ascending, by the tiers of outbreak. A week
// that no method can judge, or in which linked cases or a single one decide, has
// no verdict.
func (l ledger) verdicts(ctx context.Context, p place, rule content.DetectionRule, weeks []vn.Date, expecting int, w *outbreak.Work) (look, error) {
	d, out := tier(p.disease, rule), look{until: vn.ZeroDate, beside: vn.ZeroDate}
	last := weeks[len(weeks)-1]
	if p.level == vn.LevelCommune { // the gate is cheap, the series is not
		if d.Immediate {
			return out, nil
		}
		s, _, err := l.series(ctx, p, weeks[0].AddDays(-7*(rule.LeastWeeks-1)), last)
		if err != nil || !slices.ContainsFunc(weeks, func(week vn.Date) bool { return d.Fits(s, int(week-s.Dates[0])/7, p.level) }) {
			return out, err
		}
	}
	from := weeks[0].AddDays(-7 * d.Settings.Span())
	s, taken, err := l.series(ctx, p, from, last)
	if err != nil {
		return out, err
	}
	x, beside := outbreak.Watched{Series: s, Level: p.level}, false
	var failed error
	if p.level == vn.LevelCommune && l.land.people[p.unit] > 0 {
		around := sync.OnceValue(func() outbreak.Around {
			around, err := l.around(ctx, p, s.Dates)
			failed = err
			return around
		})
		x.Around = func() outbreak.Around {
			beside = true
			return around()
		}
	}
	for _, week := range weeks {
		k := int(week-from) / 7
		if !d.Fits(s, k, p.level) {
			continue
		}
		out.until, beside = week.AddDays(7*(rule.LeastWeeks-1)), false
		j, ok := d.Judge(x, k, w)
		if failed != nil {
			return out, failed
		}
		if beside {
			out.beside = week
		}
		if !ok {
			continue
		}
		v := Verdict{Disease: p.disease, Unit: p.unit, Week: week, Foci: int(taken[k]), Settings: rule.Hash, Expecting: expecting}
		v.take(j, d.Alarms(j, p.level))
		if v.Reporting, err = l.complete(ctx, p.unit, week); err != nil {
			return out, err
		}
		out.list = append(out.list, v)
	}
	return out, nil
}

// none is the verdict on a week that no method judges.
func (l ledger) none(ctx context.Context, p place, rule content.DetectionRule, week vn.Date, expecting int) (Verdict, error) {
	v := Verdict{Disease: p.disease, Unit: p.unit, Week: week, Settings: rule.Hash, Expecting: expecting, P: 1, Chance: 1, Reason: outbreak.TooFewCases.String()}
	s, taken, err := l.series(ctx, p, week, week)
	if err != nil {
		return v, err
	}
	v.Observed, v.Foci = int(s.Count[0]), int(taken[0])
	v.Reporting, err = l.complete(ctx, p.unit, week)
	return v, err
}

// around reads the province of a commune: its counts, and the people of its
// communes that had been heard of by each week.
func (l ledger) around(ctx context.Context, p place, dates []vn.Date) (outbreak.Around, error) {
	province := l.land.province(p.unit)
	out := outbreak.Around{People: make([]float64, len(dates)), Own: l.land.people[p.unit]}
	s, _, err := l.series(ctx, place{disease: p.disease, unit: province, level: vn.LevelProvince}, dates[0], dates[len(dates)-1])
	if err != nil {
		return out, err
	}
	out.Count = s.Count
	marks, args := "?", []any{int64(p.unit)}
	for _, i := range l.land.of[province] {
		if u := l.land.communes[i].ID; u != p.unit {
			marks, args = marks+", ?", append(args, int64(u))
		}
	}
	err = l.rows(ctx, `select unit, min(week) from `+l.reporting()+` where unit in (`+marks+`) and seq <= ? group by unit order by unit`, append(args, l.seq),
		func(scan func(...any) error) error {
			var unit, since int64
			if err := scan(&unit, &since); err != nil {
				return err
			}
			if i := max(0, int(vn.Date(since)-dates[0])/7); i < len(dates) {
				out.People[i] += l.land.people[vn.UnitID(unit)]
			}
			return nil
		})
	for i := 1; i < len(out.People); i++ {
		out.People[i] += out.People[i-1]
	}
	return out, err
}

// take copies what the tiers say. A verdict that has no probability has 1.
func (v *Verdict) take(j outbreak.Judgement, alarm bool) {
	v.Tier, v.Method, v.Chance, v.Span = j.Tier.String(), j.Method, j.Chance, j.Window
	v.Observed, v.Expected, v.Bound, v.P, v.Score = int(j.Observed), j.Expected, j.Bound, 1, j.Statistic
	v.Trend, v.Alarm, v.Reason = j.Trend, alarm, j.Reason.String()
	if j.HasP {
		v.P = math.Max(j.P, 1e-300)
	}
}
