// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"math"
	"slices"

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
	// rows calls scan for each row, as store.Tx.Rows.
	rows func(ctx context.Context, sql string, args []any, scan func(scan func(dest ...any) error) error) error
	// seq is the position; what was written later is not seen.
	seq int64
	// newest: nothing was written later, so the sums stand in detection_year.
	newest bool
}

// series reads the counts of a place from a Monday to another, without the
// cases of open foci, and how many of these each week had.
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
		if err := l.silence(ctx, p.unit, s); err != nil {
			return s, nil, err
		}
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

// silence marks the weeks of a commune that nobody reported as missing. Most
// communes have none: that is asked first.
func (l ledger) silence(ctx context.Context, unit vn.UnitID, s outbreak.Series) error {
	first, last := s.Dates[0], s.Dates[len(s.Dates)-1]
	var visits int64
	if err := l.rows(ctx, `select week from detection_reporting where unit = ? and visited > 0 and visited <= ? order by week limit 1`, []any{int64(unit), l.seq},
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
	if err := l.rows(ctx, `select count(*) from detection_reporting where unit = ? and week >= ? and week <= ? and seq <= ?`,
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
	err := l.rows(ctx, `select week, case when visited <= ? then visited else 0 end from detection_reporting where unit = ? and seq <= ? order by week`,
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
	err := l.rows(ctx, `select week from detection_reporting where unit = ? and seq <= ? order by week limit 1`, []any{int64(unit), l.seq},
		func(scan func(...any) error) error { return scan(&first) })
	return vn.Date(first), err
}

// complete says how many communes of the unit, itself included, were heard of in a
// week.
func (l ledger) complete(ctx context.Context, unit vn.UnitID, week vn.Date) (heard int, err error) {
	if l.newest {
		err = l.rows(ctx, `select heard from detection_reporting where unit = ? and week = ?`, []any{int64(unit), int64(week)},
			func(scan func(...any) error) error { return scan(&heard) })
		return heard, err
	}
	err = l.rows(ctx, `select unit from detection_reporting where week = ? and seq <= ?`, []any{int64(week), l.seq}, func(scan func(...any) error) error {
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

// The methods, as verdicts name them.
const (
	methodFarrington = outbreak.MethodFarrington
	methodBayes      = outbreak.MethodBayes
)

// verdicts judges weeks of a place, ascending. Where the unit has enough cases
// and a year of history Farrington's regression judges; where it has few, Bayes
// does, but not in a commune: there linked cases do. A week that no method can
// judge has no verdict.
func (l ledger) verdicts(ctx context.Context, p place, rule content.DetectionRule, weeks []vn.Date, expecting int, w *outbreak.Work) ([]Verdict, error) {
	since, err := l.since(ctx, p.unit)
	if err != nil || !since.Known() {
		return nil, err
	}
	last := weeks[len(weeks)-1]
	if p.level == vn.LevelCommune { // the gate is cheap, the series is not
		first := weeks[0].AddDays(-7 * (rule.LeastWeeks - 1))
		s, _, err := l.series(ctx, p, first, last)
		if err != nil || !reaches(s.Count, rule) {
			return nil, err
		}
	}
	from := max(since, last.AddDays(-7*(53*rule.Years+rule.HalfWindow+rule.BackWeeks+2)))
	s, taken, err := l.series(ctx, p, from, last)
	if err != nil {
		return nil, err
	}
	var out []Verdict
	for _, week := range weeks {
		k := int(week-from) / 7
		if week < from {
			continue
		}
		v, ok, err := judgeWeek(s, k, p, rule, w)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		v.Foci, v.Settings, v.Expecting = int(taken[k]), rule.Hash, expecting
		if v.Reporting, err = l.complete(ctx, p.unit, week); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// reaches reports whether any week of the counts has enough cases behind it.
func reaches(counts []int32, rule content.DetectionRule) bool {
	sum := 0
	for i, c := range counts {
		sum += int(max(c, 0))
		if i >= rule.LeastWeeks {
			sum -= int(max(counts[i-rule.LeastWeeks], 0))
		}
		if sum >= rule.LeastCases {
			return true
		}
	}
	return false
}

// judgeWeek judges position k of a series; false when no method can.
func judgeWeek(s outbreak.Series, k int, p place, rule content.DetectionRule, w *outbreak.Work) (Verdict, bool, error) {
	v := Verdict{Disease: p.disease, Unit: p.unit, Week: s.Dates[k], Method: methodFarrington}
	points := make([]outbreak.Point, 1)
	reason := outbreak.ShortHistory
	if years := min(rule.Years, (7*k-7*rule.HalfWindow)/366); years >= 1 {
		f := outbreak.Noufaily()
		f.Years, f.Half, f.Levels, f.Skip, f.Threshold = years, rule.HalfWindow, rule.Levels, rule.SkipWeeks, rule.Reweight
		f.Alpha, f.Least, f.Trend = rule.Alpha(p.level), outbreak.Least{rule.LeastCases, rule.LeastWeeks}, years >= rule.MinYears
		if err := f.Eval(s, k, k+1, w, points); err != nil {
			return v, false, err
		}
		reason = points[0].Reason
	}
	if reason != outbreak.Judged && p.level != vn.LevelCommune {
		v.Method = methodBayes
		b := outbreak.BayesNB{Half: rule.BayesWeeks, Current: true, Alpha: rule.BayesAlpha}
		if err := b.Eval(s, k, k+1, w, points); err != nil {
			return v, false, err
		}
		reason = points[0].Reason
	}
	v.take(points[0])
	return v, reason == outbreak.Judged || reason == outbreak.NotConverged, nil
}

// take copies what a method says. A verdict that has no probability has 1.
func (v *Verdict) take(p outbreak.Point) {
	v.Observed, v.Expected, v.Bound, v.P, v.Score = int(p.Observed), p.Expected, p.Bound, 1, p.Statistic
	v.Trend, v.Alarm, v.Reason = p.Trend, p.Alarm, p.Reason.String()
	if p.HasP {
		v.P = math.Max(p.P, 1e-300)
	}
}
