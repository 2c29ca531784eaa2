// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"slices"
	"strings"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// What changes one series can change what is to be said of others: a commune
// that is heard of late has a zero where its count was missing, a case changes
// the province that communes with a short history are set beside, a new week
// begins, settings come into force. Those series are due (detection_due) and are
// judged again by the changes that follow, a few by each, so that a change costs
// little and the view rests on the log alone.

// Of them those that depend on a week that was heard of late come first: that
// happens once a week and commune. What a case changes for series that it does
// not count in waits until the leader settles what has gathered, each quarter of
// an hour, or for the next day: every case would judge half of its province.
const (
	dueEach    = 2   // that a change judges again
	lateEach   = 8   // of those that are first
	settleEach = 400 // when the leader settles: others who write wait as long

	first = vn.Date(-1)
	soon  = vn.Date(0)
)

// look is what the methods say of weeks of a series, and until when what is
// heard of others matters to it.
type look struct {
	list   []Verdict
	until  vn.Date // last Monday of which a method may be asked; ZeroDate = none
	beside vn.Date // last Monday that was set beside the province; ZeroDate = none
}

// watch keeps that a method was asked about the series.
func (t *turn) watch(ctx context.Context, p place, l look) error {
	if !l.until.Known() {
		return nil
	}
	return t.tx.Exec(ctx, `insert into detection_watch (unit, disease, province, until, beside) values (?, ?, ?, ?, ?)
		on conflict (unit, disease) do update set
		   until = case when excluded.until > detection_watch.until then excluded.until else detection_watch.until end,
		   beside = case when excluded.beside > detection_watch.beside then excluded.beside else detection_watch.beside end
		 where excluded.until > detection_watch.until or excluded.beside > detection_watch.beside`,
		int64(p.unit), p.disease, int64(t.provinceOf(p.unit)), int64(l.until), int64(l.beside))
}

// due marks watched series as to be judged again from a week on.
func (t *turn) due(ctx context.Context, patient, week vn.Date, where string, args ...any) error {
	return t.tx.Exec(ctx, `insert into detection_due (unit, disease, day, week, patient, seq)
		select w.unit, w.disease, 0, cast(? as bigint), cast(? as bigint), cast(? as bigint) from detection_watch w where `+where+`
		on conflict (unit, disease, day) do update set
		   week = case when excluded.week < detection_due.week then excluded.week else detection_due.week end,
		   patient = case when excluded.patient < detection_due.patient then excluded.patient else detection_due.patient end`,
		append([]any{int64(week), int64(patient), t.c.Seq}, args...)...)
}

// heardAnew marks what depends on a week that a unit is heard of, or visited in,
// for the first time, before that is written down, or no longer, after it is taken
// back: its own series, those of the
// units above that nobody spoke for in that week, and the communes that are set
// beside the province and the people heard of in it.
func (t *turn) heardAnew(ctx context.Context, h hearing) error {
	unit, week := h.unit, h.week
	known := func(where string, args ...any) (bool, error) {
		var one int
		return t.tx.Row(ctx, []any{&one}, `select 1 from detection_reporting where unit = ? and `+where+` limit 1`, args...)
	}
	if err := t.due(ctx, first, week, `w.unit = ? and w.until >= ?`, int64(unit), int64(week)); err != nil {
		return err
	}
	if t.levelOf(unit) != vn.LevelCommune {
		return nil
	}
	early, err := known(`week <= ?`, int64(unit), int64(week))
	if err != nil {
		return err
	}
	visited := true // before its first visit what nobody reported was a zero
	if h.visit {
		if visited, err = known(`visited > 0 and week <= ?`, int64(unit), int64(week)); err != nil {
			return err
		}
	}
	for _, u := range t.units.Above(unit) {
		if u == unit {
			continue
		}
		heard, err := known(`week = ?`, int64(u), int64(week))
		if err != nil {
			return err
		}
		if !heard || !visited {
			if err := t.due(ctx, first, week, `w.unit = ? and w.until >= ?`, int64(u), int64(week)); err != nil {
				return err
			}
		}
		if t.levelOf(u) == vn.LevelProvince && !(heard && visited && early) {
			if err := t.due(ctx, first, week, `w.province = ? and w.beside >= ?`, int64(u), int64(week)); err != nil {
				return err
			}
		}
	}
	return nil
}

// others marks what depends on a series whose count or foci changed: communes
// that are set beside the province, and when the day lies further back than is
// judged, the series itself and those above.
func (t *turn) others(ctx context.Context, x touch) error {
	on := vn.DateOf(t.c.At)
	rule := content.DetectionOf(x.disease, on)
	from, start := vn.WeekOf(x.day).Start(), oldest(on, rule)
	if province := t.provinceOf(x.unit); province != 0 {
		if err := t.due(ctx, on+1, max(from, start), `w.province = ? and w.disease = ? and w.unit <> ? and w.beside >= ?`,
			int64(province), x.disease.ID, int64(x.unit), int64(max(from, start))); err != nil {
			return err
		}
	}
	if from >= start {
		return nil
	}
	units := t.units.Above(x.unit)
	args := []any{x.disease.ID, int64(start)}
	for _, u := range units {
		args = append(args, int64(u))
	}
	if err := t.due(ctx, on+1, start, `w.disease = ? and w.until >= ? and w.unit in (`+marks(len(units))+`)`, args...); err != nil {
		return err
	}
	if from.AddDays(7*(rule.LeastWeeks-1)) < start {
		return nil
	}
	for _, u := range units { // it may open the gate of the first week that is judged
		if err := t.tx.Exec(ctx, `insert into detection_due (unit, disease, day, week, patient, seq) values (?, ?, 0, ?, ?, ?) on conflict (unit, disease, day) do nothing`,
			int64(u), x.disease.ID, int64(start), int64(on+1), t.c.Seq); err != nil {
			return err
		}
	}
	return nil
}

// oldest is the first Monday that is judged on a day.
func oldest(on vn.Date, rule content.DetectionRule) vn.Date {
	return vn.WeekOf(on).Start().AddDays(-7 * rule.BackWeeks)
}

// owed is a row of detection_due.
type owed struct {
	unit      vn.UnitID
	disease   string
	day, week vn.Date
	patient   vn.Date
}

// catchUp judges again what is due and does not wait beyond a day, at most so many
// series beside the first ones.
func (m *Module) catchUp(ctx context.Context, tx store.Tx, c store.Change, until vn.Date, most int) error {
	t := turn{Module: m, tx: tx, c: c}
	list, err := t.owed(ctx, until, max(most, lateEach))
	if err != nil {
		return err
	}
	on := vn.DateOf(c.At)
	for i, o := range list {
		if i >= most && o.patient != first {
			break
		}
		if err := tx.Exec(ctx, `delete from detection_due where unit = ? and disease = ? and day = ?`, int64(o.unit), o.disease, int64(o.day)); err != nil {
			return err
		}
		if o.day != 0 {
			if err := t.spread(ctx, o); err != nil {
				return err
			}
			continue
		}
		if o.disease == anySyndrome {
			if err := t.learnAgain(ctx, o.unit); err != nil {
				return err
			}
			continue
		}
		d, ok := m.diseases.ByID(o.disease)
		if !ok || d.Closed {
			continue
		}
		weeks := dirty(max(o.week, oldest(on, content.DetectionOf(d, on))), on, content.DetectionOf(d, on))
		if err := t.judgeOne(ctx, touch{disease: d, unit: o.unit, again: true, due: true, weeks: weeks}); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) owed(ctx context.Context, until vn.Date, most int) (list []owed, err error) {
	err = t.tx.Rows(ctx, `select unit, disease, day, week, patient from detection_due where day <= ? and patient <= ? order by patient, seq, unit desc, disease limit ?`,
		[]any{int64(vn.DateOf(t.c.At)), int64(until), most}, func(scan func(...any) error) error {
			var o owed
			var unit, day, week, patient int64
			err := scan(&unit, &o.disease, &day, &week, &patient)
			o.unit, o.day, o.week, o.patient = vn.UnitID(unit), vn.Date(day), vn.Date(week), vn.Date(patient)
			list = append(list, o)
			return err
		})
	return list, err
}

// spread marks what a day concerns: the series of a disease and unit whose
// settings come into force, or all that are watched because a week begins.
func (t *turn) spread(ctx context.Context, o owed) error {
	monday := vn.WeekOf(vn.DateOf(t.c.At)).Start()
	if o.disease != "" {
		where, args := ``, []any{t.c.Seq, o.disease, vn.WeekOf(monday).Year - 1}
		if o.unit != vn.Nation {
			where, args = ` and unit in (?`, append(args, int64(o.unit))
			for _, i := range t.land.of[o.unit] {
				where, args = where+`, ?`, append(args, int64(t.land.communes[i].ID))
			}
			where += `)`
		}
		return t.tx.Exec(ctx, `insert into detection_due (unit, disease, day, week, patient, seq)
			select distinct unit, disease, 0, 0, 0, cast(? as bigint) from detection_year where disease = ? and year >= ?`+where+`
			on conflict (unit, disease, day) do update set week = 0`, args...)
	}
	if err := t.tx.Exec(ctx, `delete from detection_watch where until < ?`, int64(monday.AddDays(-7*content.DetectionOn(monday).BackWeeks))); err != nil {
		return err
	}
	if err := t.tx.Exec(ctx, `insert into detection_due (unit, disease, day, week, patient, seq) values (?, '', ?, ?, 0, ?)`,
		int64(o.unit), int64(monday.AddDays(7)), int64(monday.AddDays(7)), t.c.Seq); err != nil {
		return err
	}
	return t.due(ctx, soon, o.week, `w.until >= ?`, int64(o.week))
}

// held are the newest verdicts on weeks of a series.
func (t *turn) held(ctx context.Context, p place, weeks []vn.Date) (map[vn.Date]Verdict, error) {
	out := map[vn.Date]Verdict{}
	err := t.tx.Rows(ctx, `select v.`+strings.ReplaceAll(verdictColumns, ", ", ", v.")+`
		  from (select week, max(seq) as seq from detection_verdict where disease = ? and unit = ? and week >= ? and week <= ? group by week) n
		  join detection_verdict v on v.disease = ? and v.unit = ? and v.week = n.week and v.seq = n.seq`,
		[]any{p.disease, int64(p.unit), int64(weeks[0]), int64(slices.Max(weeks)), p.disease, int64(p.unit)}, func(scan func(...any) error) error {
			v, err := scanVerdict(scan)
			out[v.Week] = v
			return err
		})
	return out, err
}

// same reports whether two verdicts say the same of a week, whenever they were
// made.
func (v Verdict) same(o Verdict) bool {
	o.Seq, o.At, o.Settings, o.Reporting, o.Expecting = v.Seq, v.At, v.Settings, v.Reporting, v.Expecting
	return v == o
}
