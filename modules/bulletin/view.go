// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"fmt"
	"strings"

	"mach/casereport"
	"mach/store"
	"mach/vn"
)

// tally counts cases by how sure they are.
type tally struct{ confirmed, probable, suspect, died int }

func (t tally) total() int { return t.confirmed + t.probable + t.suspect }

func (t *tally) add(o tally) {
	t.confirmed, t.probable, t.suspect, t.died = t.confirmed+o.confirmed, t.probable+o.probable, t.suspect+o.suspect, t.died+o.died
}

// dayCount is a count of one disease in one unit on one day.
type dayCount struct {
	disease string
	unit    vn.UnitID
	day     vn.Date
	tally
}

func scanCount(scan store.Scan) (dayCount, error) {
	var c dayCount
	var unit, day int64
	var class casereport.Class
	var value int
	err := scan(&c.disease, &unit, &day, &class, &value, &c.died)
	c.unit, c.day = vn.UnitID(unit), vn.Date(day)
	switch class {
	case casereport.Confirmed:
		c.confirmed = value
	case casereport.Probable:
		c.probable = value
	default:
		c.suspect = value
	}
	return c, err
}

// span is a question for counts: of a unit, or of those right below it, by the
// day or summed up to weeks, whose Monday is then the day.
type span struct {
	unit    vn.UnitID
	below   bool
	disease string // "" = all
	axis    int
	from,
	to vn.Date
	weekly bool
}

// read answers a question for counts, in no order.
func (m *Module) read(ctx context.Context, a store.Actor, q span) ([]dayCount, error) {
	column, day := "unit", "day"
	if q.below {
		column = "parent"
	}
	text := `select disease, unit, day, class, value, died`
	if q.weekly {
		day = "day - ((day + 3) % 7)"
		text = `select disease, unit, ` + day + `, class, sum(value), sum(died)`
	}
	text += ` from bulletin_count where ` + column + ` = ? and axis = ? and day >= ? and day <= ?`
	args := []any{int64(q.unit), q.axis, int64(q.from), int64(q.to)}
	if q.disease != "" {
		text += ` and disease = ?`
		args = append(args, q.disease)
	}
	if q.weekly {
		text += ` group by disease, unit, ` + day + `, class`
	}
	rows, err := store.Figures(ctx, m.store.For(a), q.unit, scanCount, text, args...)
	if err != nil {
		return nil, fmt.Errorf("counts of %v: %w", q.unit, err)
	}
	return rows, nil
}

// counts reads the days of a unit; disease "" means all.
func (m *Module) counts(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, axis int, from, to vn.Date) ([]dayCount, error) {
	return m.read(ctx, a, span{unit: unit, disease: disease, axis: axis, from: from, to: to})
}

// below reads the days of the units right below one; disease "" means all.
func (m *Module) below(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, axis int, from, to vn.Date) ([]dayCount, error) {
	return m.read(ctx, a, span{unit: unit, below: true, disease: disease, axis: axis, from: from, to: to})
}

// since is the first day of any count in the area around the unit: before it
// nobody watched. vn.ZeroDate when there is none.
func (m *Module) since(ctx context.Context, a store.Actor, unit vn.UnitID) (vn.Date, error) {
	rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (vn.Date, error) {
		var d int64
		err := scan(&d)
		return vn.Date(d), err
	}, `select coalesce(min(day), ?) from bulletin_count where unit = ? and axis = ?`, int64(vn.ZeroDate), int64(m.watched(unit)), axisDiagnosis)
	if err != nil || len(rows) == 0 {
		return vn.ZeroDate, err
	}
	return rows[0], nil
}

// watched is the area whose first case shows since when there is surveillance:
// the province of a commune.
func (m *Module) watched(unit vn.UnitID) vn.UnitID {
	if p := m.units.ProvinceOf(unit); p != 0 {
		return p
	}
	return unit
}

// delayed is how many cases of a day were reported on a day.
type delayed struct {
	day, reported vn.Date
	cases         int
}

// delays reads by which day the counted cases of the last days were reported.
func (m *Module) delays(ctx context.Context, a store.Actor, unit vn.Unit, disease string, axis int, from vn.Date) ([]delayed, error) {
	day := map[int]string{axisDiagnosis: "day", axisOnset: "onset"}[axis]
	where, args := ``, []any{disease, int64(from)}
	switch unit.Level {
	case vn.LevelNation:
	case vn.LevelProvince:
		where, args = ` and province = ?`, append(args, int64(unit.ID))
	default:
		where, args = ` and unit = ?`, append(args, int64(unit.ID))
	}
	rows, err := store.Figures(ctx, m.store.For(a), unit.ID, func(scan store.Scan) (delayed, error) {
		var d, at int64
		var r delayed
		err := scan(&d, &at, &r.cases)
		r.day, r.reported = vn.Date(d), vn.Date(at)
		return r, err
	}, `select `+day+`, (reported + 25200000000) / 86400000000, count(*) from bulletin_case
		 where disease = ? and `+day+` >= ?`+where+` and class in ('suspect', 'probable', 'confirmed')
		 group by `+day+`, (reported + 25200000000) / 86400000000`, args...)
	if err != nil {
		return nil, fmt.Errorf("delays of %v: %w", unit.ID, err)
	}
	return rows, nil
}

// sentRow is what a commune sent of a week.
type sentRow struct {
	unit vn.UnitID
	week vn.Date
	share
}

// share is what a commune sent of one week, as it is read.
type share struct{ visits, cases, late int }

// marks is n placeholders: "?, ?, ?".
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func unitArgs(units []vn.UnitID) []any {
	args := make([]any, len(units))
	for i, u := range units {
		args[i] = int64(u)
	}
	return args
}

// begun is the first week of which a commune was ever heard of: anything that it
// sent, or a case among those who live there; and of which it sent a visit.
// vn.ZeroDate for never.
type begun struct{ any, visit vn.Date }

// sentBy reads what the communes sent of the weeks from … to.
func (m *Module) sentBy(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, from, to vn.Date) ([]sentRow, error) {
	if len(communes) == 0 {
		return nil, nil
	}
	rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (sentRow, error) {
		var r sentRow
		var u, w int64
		err := scan(&u, &w, &r.visits, &r.cases, &r.late)
		r.unit, r.week = vn.UnitID(u), vn.Date(w)
		return r, err
	}, `select unit, week, visits, cases, late from bulletin_week where unit in (`+marks(len(communes))+`) and week >= ? and week <= ?`,
		append(unitArgs(communes), int64(from), int64(to))...)
	if err != nil {
		return nil, fmt.Errorf("what %v sent: %w", unit, err)
	}
	return rows, nil
}

// begins reads since when the communes are heard of; each of them is in the answer.
func (m *Module) begins(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID) (map[vn.UnitID]begun, error) {
	if len(communes) == 0 {
		return nil, nil
	}
	type since struct {
		unit vn.UnitID
		begun
	}
	never := int64(vn.ZeroDate)
	list, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (since, error) {
		var r since
		var u, sent, visit, lived int64
		err := scan(&u, &sent, &visit, &lived)
		r.unit, r.any, r.visit = vn.UnitID(u), vn.Date(sent), vn.Date(visit)
		if first := vn.Date(lived); first.Known() && (!r.any.Known() || first < r.any) {
			r.any = vn.WeekOf(first).Start()
		}
		return r, err
	}, `select u.column1, coalesce((select min(week) from bulletin_week where unit = u.column1 and visits + cases > 0), ?),
		       coalesce((select week from bulletin_week where unit = u.column1 and visits > 0 order by week limit 1), ?),
		       coalesce((select min(day) from bulletin_count where unit = u.column1 and axis = ? and value > 0), ?)
		  from (values `+strings.TrimSuffix(strings.Repeat("(cast(? as bigint)), ", len(communes)), ", ")+`) as u`,
		append([]any{never, never, axisDiagnosis, never}, unitArgs(communes)...)...)
	if err != nil {
		return nil, fmt.Errorf("since when %v sends: %w", unit, err)
	}
	first := make(map[vn.UnitID]begun, len(list))
	for _, r := range list {
		first[r.unit] = r.begun
	}
	return first, nil
}

// heard is how many communes of a province sent anything of a week.
type heard struct {
	province vn.UnitID
	week     vn.Date
	communes int
	late     int // of them some late
}

// heardIn reads, for the nation, how many communes of each province were heard
// of in each week.
func (m *Module) heardIn(ctx context.Context, a store.Actor, from, to vn.Date) ([]heard, error) {
	rows, err := store.Figures(ctx, m.store.For(a), vn.Nation, func(scan store.Scan) (heard, error) {
		var code string
		var w int64
		var h heard
		err := scan(&code, &w, &h.communes, &h.late)
		h.week = vn.Date(w)
		if p, ok := m.units.ByCode(code, to); ok {
			h.province = p.ID
		}
		return h, err
	}, `select u.province, w.week, count(*), sum(case when w.late > 0 then 1 else 0 end)
		  from bulletin_week w join bulletin_unit u on u.unit = w.unit
		 where w.week >= ? and w.week <= ? and u.level = 'commune' and w.visits + w.cases > 0 group by u.province, w.week`, int64(from), int64(to))
	if err != nil {
		return nil, fmt.Errorf("communes heard of: %w", err)
	}
	return rows, nil
}

// focus is a focus or an epidemic as it stands.
type focus struct {
	disease  string
	unit     vn.UnitID
	from     vn.Date
	epidemic bool
	notice   bool    // told by forms 01 and 02 alone
	ended    vn.Date // vn.ZeroDate while it lasts
}

// foci lists those of the unit and below it that were open at some time from …
// to, the latest first.
func (m *Module) foci(ctx context.Context, a store.Actor, unit vn.Unit, from, to vn.Date) ([]focus, error) {
	where, args := ``, []any{}
	switch unit.Level {
	case vn.LevelNation:
	case vn.LevelProvince:
		where, args = ` and o.province = ?`, append(args, int64(unit.ID))
	default:
		where, args = ` and o.unit = ?`, append(args, int64(unit.ID))
	}
	// A step names the first of its event; form 02 names form 01. A focus that was
	// opened again by then is ended by what came after that alone.
	rows, err := store.Figures(ctx, m.store.For(a), unit.ID, func(scan store.Scan) (focus, error) {
		var f focus
		var u, day, ended, declared, notice int64
		err := scan(&f.disease, &u, &day, &declared, &notice, &ended)
		f.unit, f.from, f.ended, f.epidemic, f.notice = vn.UnitID(u), vn.Date(day), loaded(ended), declared > 0, notice > 0
		return f, err
	}, `select o.disease, o.unit, min(o.day), max(case when o.kind = '`+formOpens+`' or d.step is not null then 1 else 0 end),
		       max(case when o.kind = '`+formOpens+`' then 1 else 0 end), coalesce(min(e.day), `+fmt.Sprint(noDay)+`)
		  from bulletin_step o
		  left join bulletin_step e on o.kind = '`+formOpens+`' and e.kind = '`+formCloses+`' and e.opens = o.step
		                            or o.kind = '`+stepFocus+`' and e.kind = '`+stepClosed+`' and e.opens = o.opens
		                               and not exists (select 1 from bulletin_step n where n.opens = e.opens and n.kind = '`+stepFocus+`' and n.seq > e.seq and n.day <= ?)
		  left join bulletin_step d on o.kind = '`+stepFocus+`' and d.kind = '`+stepStarted+`' and d.opens = o.opens
		 where o.kind in ('`+formOpens+`', '`+stepFocus+`') and o.day <= ?`+where+`
		 group by o.disease, o.unit, case when o.kind = '`+stepFocus+`' then o.opens else o.step end
		 order by min(o.day) desc, o.disease, o.unit`, append([]any{int64(to), int64(to)}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("foci of %v: %w", unit.ID, err)
	}
	out := rows[:0]
	for _, f := range rows {
		if !f.ended.Known() || f.ended >= from {
			out = append(out, f)
		}
	}
	return out, nil
}
