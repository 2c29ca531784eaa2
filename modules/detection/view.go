// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/casereport"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Alert returns one alert.
// Errors: NotFound when there is none, also for who may not see it.
func (m *Module) Alert(ctx context.Context, a store.Actor, key string) (Alert, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanAlert, `select `+alertColumns+` from detection_alert where alert = ?`, key)
	if err != nil {
		return Alert{}, fmt.Errorf("alert: %w", err)
	}
	if len(rows) == 0 {
		return Alert{}, issue.New(issue.NotFound, "detection.alert.none")
	}
	return rows[0], nil
}

// mostAlerts is how many alerts a desk's list holds.
const mostAlerts = 500

// Waiting lists the alerts of a unit and those below it that nobody has
// answered, by rank: the first are what the desk sees, see [Desk].
func (m *Module) Waiting(ctx context.Context, a store.Actor, unit vn.UnitID) ([]Alert, error) {
	list, err := m.alerts(ctx, a, unit, ` and answer = '' and holds = 1 order by pushed desc, opened desc, alert limit ?`)
	slices.SortStableFunc(list, byRank)
	return list, err
}

func byRank(x, y Alert) int { return cmp.Compare(y.Rank(), x.Rank()) }

// Done lists the alerts of a unit and those below it that were answered or
// withdrawn, opened since a day, newest first.
func (m *Module) Done(ctx context.Context, a store.Actor, unit vn.UnitID, since vn.Date) ([]Alert, error) {
	return m.alerts(ctx, a, unit, ` and (answer <> '' or holds = 0) and opened >= ? order by opened desc, alert limit ?`, since.Time().UnixMicro())
}

func (m *Module) alerts(ctx context.Context, a store.Actor, unit vn.UnitID, rest string, more ...any) ([]Alert, error) {
	where, args := m.within(unit)
	rows, _, err := store.First(ctx, m.store.For(a), unit, mostAlerts, scanAlert, `select `+alertColumns+` from detection_alert where 1 = 1`+where+rest, append(args, more...)...)
	if err != nil {
		return nil, fmt.Errorf("alerts of %v: %w", unit, err)
	}
	return rows, nil
}

// within selects the alerts of a unit and of those below it.
func (m *Module) within(unit vn.UnitID) (where string, args []any) {
	switch m.levelOf(unit) {
	case vn.LevelProvince:
		return ` and province = ?`, []any{int64(unit)}
	case vn.LevelCommune:
		return ` and unit = ?`, []any{int64(unit)}
	case vn.LevelRegion:
		args = []any{int64(unit)} // which nothing is counted for
		for _, p := range m.units.Children(unit, m.today()) {
			args = append(args, int64(p.ID))
		}
		return ` and province in (` + marks(len(args)) + `)`, args
	}
	return ``, nil
}

// Desk is what a desk has before it: within its budget, and the rest by rank.
type Desk struct {
	Shown, Rest []Alert
}

// desk divides a ranked list. What is sure or overdue is always shown; of what
// rests on evidence, as much as the budget allows; what nothing pushes, or what
// an alert of the desk's own level gathers, is in the rest.
func desk(list []Alert, top vn.Level, budget int, now time.Time) Desk {
	var d Desk
	for _, a := range list {
		shown := a.Push == PushAlways || a.Push == PushEvidence && (budget > 0 || now.After(a.Due))
		if !shown || a.Parent != "" && top != vn.LevelCommune {
			d.Rest = append(d.Rest, a)
			continue
		}
		if a.Push == PushEvidence {
			budget--
		}
		d.Shown = append(d.Shown, a)
	}
	return d
}

// Gathered lists the alerts that one is shown instead of.
func (m *Module) Gathered(ctx context.Context, a store.Actor, alert Alert) ([]Alert, error) {
	rows, err := store.List(ctx, m.store.For(a), alert.Unit, scanAlert, `select `+alertColumns+` from detection_alert where parent = ? order by cases desc, alert`, alert.Key)
	if err != nil {
		return nil, fmt.Errorf("alerts behind an alert: %w", err)
	}
	return rows, nil
}

// Replies lists the answers to an alert, newest first.
func (m *Module) Replies(ctx context.Context, a store.Actor, alert Alert) ([]Reply, error) {
	rows, err := store.List(ctx, m.store.For(a), alert.Unit, func(scan store.Scan) (Reply, error) {
		r := Reply{unit: alert.Unit}
		var at int64
		err := scan(&r.ID, &r.Alert, &r.Kind, &r.Words, &r.Author, &r.Facility, &at)
		r.At = time.UnixMicro(at)
		return r, err
	}, `select answer, alert, kind, words, author, facility, at from detection_answer where alert = ? order by at desc, answer desc`, alert.Key)
	if err != nil {
		return nil, fmt.Errorf("answers to an alert: %w", err)
	}
	return rows, nil
}

// Event is the event that a signal on an alert began.
type Event struct {
	First string // Communication id of the first signal
	At    time.Time
	Kind  string // latest step
}

// Events lists the events that answer an alert, the newest first.
func (m *Module) Events(ctx context.Context, a store.Actor, alert Alert) ([]Event, error) {
	return figures(ctx, m, a, alert.Unit, "events of an alert", func(scan store.Scan) (Event, error) {
		var e Event
		var at int64
		err := scan(&e.First, &at, &e.Kind)
		e.At = time.UnixMicro(at)
		return e, err
	}, `select s.first, s.at, (select e.kind from detection_step e where e.first = s.first order by e.seq desc limit 1)
		  from detection_step s where s.alert = ? and s.kind = 'signal' order by s.seq desc`, alert.Key)
}

// figures asks for numbers of a unit.
func figures[T any](ctx context.Context, m *Module, a store.Actor, unit vn.UnitID, what string, scan func(store.Scan) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := store.Figures(ctx, m.store.For(a), unit, scan, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s of %v: %w", what, unit, err)
	}
	return rows, nil
}

// Week is what was counted in a week of a series.
type Week struct {
	Start vn.Date
	Count int // -1 = silent
	Seen  int // when first reported
}

// Weeks reads the series of a disease in a unit from a Monday to another,
// none missing: a week before the unit was heard of, and one in which a unit
// that had visits before was not heard of, is silent.
func (m *Module) Weeks(ctx context.Context, a store.Actor, disease string, unit vn.UnitID, from, to vn.Date) ([]Week, error) {
	type row struct{ start, value int64 }
	by := map[vn.Date]Week{}
	if err := m.asked(a, unit, 0).years(ctx, place{disease: disease, unit: unit}, from, to, func(week vn.Date, count, seen int32) {
		by[week] = Week{week, int(count), int(seen)}
	}); err != nil {
		return nil, fmt.Errorf("weekly counts of %v: %w", unit, err)
	}
	heard, err := figures(ctx, m, a, unit, "weeks reported", func(scan store.Scan) (row, error) {
		var r row
		err := scan(&r.start, &r.value)
		return r, err
	}, `select week, visited from detection_reporting where unit = ? and week <= ? order by week`, int64(unit), int64(to))
	if err != nil {
		return nil, err
	}
	reported := newReported()
	for _, h := range heard {
		reported.add(vn.Date(h.start), h.value != 0)
	}
	var out []Week
	for w := from; w <= to; w = w.AddDays(7) {
		one := Week{w, by[w].Count, by[w].Seen}
		if reported.silent(w) {
			one.Count = -1
		}
		out = append(out, one)
	}
	return out, nil
}

// reported says in which weeks a unit was heard of.
type reported struct {
	first, visits vn.Date // first week heard of, first with a visit
	weeks         map[vn.Date]bool
}

func newReported() *reported {
	return &reported{vn.ZeroDate, vn.ZeroDate, map[vn.Date]bool{}}
}

// add takes a week in ascending order.
func (r *reported) add(week vn.Date, visited bool) {
	if !r.first.Known() {
		r.first = week
	}
	if visited && !r.visits.Known() {
		r.visits = week
	}
	r.weeks[week] = true
}

// silent reports whether the count of the week is missing. Before a unit had
// visits here, its history was imported: weeks without a case are zeros.
func (r *reported) silent(week vn.Date) bool {
	switch {
	case !r.first.Known() || week < r.first:
		return true
	case r.weeks[week]:
		return false
	}
	return r.visits.Known() && week > r.visits
}

// Quiet is a unit that nobody has heard of lately.
type Quiet struct {
	Unit vn.UnitID
	Last time.Time // newest report
}

// Silent lists the units right below one, or itself when it is a commune, that
// reported before and not since a day: no case from them says nothing.
func (m *Module) Silent(ctx context.Context, a store.Actor, unit vn.UnitID, since vn.Date) ([]Quiet, error) {
	args := []any{int64(unit)}
	if below := m.units.Children(unit, m.today()); len(below) > 0 {
		args = args[:0]
		for _, u := range below {
			args = append(args, int64(u.ID))
		}
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")
	return figures(ctx, m, a, unit, "silent units", func(scan store.Scan) (Quiet, error) {
		var q Quiet
		var u, last int64
		err := scan(&u, &last)
		q.Unit, q.Last = vn.UnitID(u), time.UnixMicro(last)
		return q, err
	}, `select unit, max(last) from detection_reporting where unit in (`+marks+`) group by unit having max(week) < ? order by max(last), unit`,
		append(args, int64(since))...)
}

// Verdict is one judgement with everything it rests on.
type Verdict struct {
	Disease              string
	Unit                 vn.UnitID
	Week                 vn.Date
	Seq                  int64
	At                   time.Time
	Method, Settings     string
	Observed             int // without those of open foci; -1 = not reported
	Foci                 int
	Expected, Bound      float64
	P, Score             float64 // P is the method's own
	Tier                 string
	Chance               float64 // of what was seen when nothing happens, as series are compared by it; 1 = not computed
	Span                 int     // weeks that Chance is of
	Trend                bool
	Reason               string
	Alarm                bool
	Reporting, Expecting int
}

const verdictColumns = `disease, unit, week, seq, at, method, settings, observed, foci, expected, bound, p, score, trend, reason, alarm, reporting, expecting, tier, chance, span`

func scanVerdict(scan store.Scan) (Verdict, error) {
	var v Verdict
	var unit, week, at int64
	var trend, alarm int
	err := scan(&v.Disease, &unit, &week, &v.Seq, &at, &v.Method, &v.Settings, &v.Observed, &v.Foci, &v.Expected, &v.Bound, &v.P, &v.Score,
		&trend, &v.Reason, &alarm, &v.Reporting, &v.Expecting, &v.Tier, &v.Chance, &v.Span)
	v.Unit, v.Week, v.At, v.Trend, v.Alarm = vn.UnitID(unit), vn.Date(week), time.UnixMicro(at), trend == 1, alarm == 1
	return v, err
}

// Verdicts lists the newest verdict of each week of a series since a Monday,
// oldest first.
func (m *Module) Verdicts(ctx context.Context, a store.Actor, disease string, unit vn.UnitID, since vn.Date) ([]Verdict, error) {
	return figures(ctx, m, a, unit, "verdicts", scanVerdict, `
		select `+verdictColumns+` from detection_verdict v where disease = ? and unit = ? and week >= ?
		   and seq = (select max(seq) from detection_verdict n where n.disease = v.disease and n.unit = v.unit and n.week = v.week)
		 order by week`, disease, int64(unit), int64(since))
}

// unheard reports whether nothing was ever heard of the unit.
func (m *Module) unheard(ctx context.Context, a store.Actor, unit vn.UnitID) (bool, error) {
	rows, err := figures(ctx, m, a, unit, "first report", func(scan store.Scan) (int, error) {
		var one int
		return one, scan(&one)
	}, `select 1 from detection_reporting where unit = ? limit 1`, int64(unit))
	return len(rows) == 0, err
}

// Heard is how complete the reports of a unit are.
type Heard struct {
	Since     vn.Date   // first week that is known; vn.ZeroDate when nothing is
	Last      time.Time // newest report; zero when there is none
	Reporting int       // communes heard of in the last whole week
	Expecting int       // of how many
	Silent    bool      // nothing in the last whole week, nor in this one
}

// heardOf says how complete the reports of a unit are in the week that began on
// a Monday.
func (m *Module) heardOf(ctx context.Context, a store.Actor, unit vn.UnitID, current vn.Date) (Heard, error) {
	h := Heard{Since: vn.ZeroDate, Expecting: m.land.expecting[unit], Silent: true}
	_, err := figures(ctx, m, a, unit, "completeness", func(scan store.Scan) (int, error) {
		var first, newest, last, heard int64
		err := scan(&first, &newest, &last, &heard)
		h.Since, h.Last, h.Reporting = vn.Date(first), time.UnixMicro(last), int(heard)
		h.Silent = vn.Date(newest) < current.AddDays(-7)
		return 0, err
	}, `select min(week), max(week), max(last), coalesce((select heard from detection_reporting r where r.unit = ? and r.week = ?), 0)
		  from detection_reporting where unit = ? having count(*) > 0`, int64(unit), int64(current.AddDays(-7)), int64(unit))
	return h, err
}

// Classes are the cases of a week by how sure they are.
type Classes struct{ Suspect, Probable, Confirmed int }

// Classes counts the cases of a series since a Monday by week and class.
func (m *Module) Classes(ctx context.Context, a store.Actor, disease string, unit vn.Unit, since vn.Date) (map[vn.Date]Classes, error) {
	where, args := ``, []any{disease, int64(since)}
	switch unit.Level {
	case vn.LevelProvince:
		where, args = ` and province = ?`, append(args, int64(unit.ID))
	case vn.LevelCommune:
		where, args = ` and commune = ?`, append(args, int64(unit.ID))
	}
	type row struct {
		day   int64
		class casereport.Class
		n     int
	}
	rows, err := figures(ctx, m, a, unit.ID, "cases by class", func(scan store.Scan) (row, error) {
		var r row
		err := scan(&r.day, &r.class, &r.n)
		return r, err
	}, `select day, class, count(*) from detection_case where disease = ? and day >= ?`+where+` group by day, class`, args...)
	out := map[vn.Date]Classes{}
	for _, r := range rows {
		week := vn.WeekOf(vn.Date(r.day)).Start()
		c := out[week]
		switch r.class {
		case casereport.Suspect:
			c.Suspect += r.n
		case casereport.Probable:
			c.Probable += r.n
		case casereport.Confirmed:
			c.Confirmed += r.n
		}
		out[week] = c
	}
	return out, err
}
