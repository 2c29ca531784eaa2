// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/casereport"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// cell is a count of one disease in one commune and period.
type cell struct {
	disease string
	unit    vn.UnitID
	start   vn.Date
	class   casereport.Class
	value   int // newest versions
	seen    int // when reported
}

func scanCell(scan store.Scan) (cell, error) {
	var c cell
	var unit, start int64
	err := scan(&c.disease, &unit, &start, &c.class, &c.value, &c.seen)
	c.unit, c.start = vn.UnitID(unit), vn.Date(start)
	return c, err
}

// countsOf selects counts of the units that begin on one of the days; disease
// "" means all. Several units are asked for by those above them, below which
// they lie together: there may be others too.
func (m *Module) countsOf(units []vn.UnitID, disease, span string, starts []vn.Date) (where string, args []any) {
	column := "unit"
	if len(units) > 1 {
		column, units = "parent", m.parents(units)
	}
	args = append(unitArgs(units), span)
	for _, s := range starts {
		args = append(args, int64(s))
	}
	where = ` where ` + column + ` in (` + marks(len(units)) + `) and span = ? and start in (` + marks(len(starts)) + `)`
	if disease != "" {
		where += ` and disease = ?`
		args = append(args, disease)
	}
	return where, args
}

// parents are the units right above, each once.
func (m *Module) parents(units []vn.UnitID) []vn.UnitID {
	var out []vn.UnitID
	for _, id := range units {
		if u, ok := m.units.Get(id); ok && !slices.Contains(out, u.Parent) {
			out = append(out, u.Parent)
		}
	}
	return out
}

// cells reads counts of the units that begin on one of the days, in no order;
// disease "" means all. unit says whose figures they are, for the guard.
func (m *Module) cells(ctx context.Context, a store.Actor, unit vn.UnitID, units []vn.UnitID, disease, span string, starts []vn.Date) ([]cell, error) {
	if len(units) == 0 || len(starts) == 0 {
		return nil, nil
	}
	where, args := m.countsOf(units, disease, span, starts)
	rows, err := store.Figures(ctx, m.store.For(a), unit, scanCell,
		`select disease, unit, start, class, value, seen from surveillance_count`+where, args...)
	if err != nil {
		return nil, fmt.Errorf("counts of %v: %w", unit, err)
	}
	asked := make(map[vn.UnitID]bool, len(units))
	for _, u := range units {
		asked[u] = true
	}
	return slices.DeleteFunc(rows, func(c cell) bool { return !asked[c.unit] }), nil
}

// tallies sums the classes of the cells that begin on one of the days.
func (m *Module) tallies(ctx context.Context, a store.Actor, unit vn.UnitID, units []vn.UnitID, disease, span string, starts []vn.Date) (map[period]tally, error) {
	cells, err := m.cells(ctx, a, unit, units, disease, span, starts)
	out := make(map[period]tally, len(cells))
	for _, c := range cells {
		p := period{illnessIn{c.disease, c.unit}, c.start}
		t := out[p]
		if t.first += c.seen; c.class.Counts() {
			t.all += c.value
		}
		if c.class == casereport.Confirmed {
			t.confirmed += c.value
		}
		out[p] = t
	}
	return out, err
}

// since is the month in which surveillance of the unit began: that of the
// first case of any disease, vn.ZeroDate when there is none. Months before are
// unknown, not zero.
func (m *Module) since(ctx context.Context, a store.Actor, unit, area vn.UnitID) (vn.Date, error) {
	rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (vn.Date, error) {
		var d int64
		err := scan(&d)
		return vn.Date(d), err
	}, `select coalesce(min(start), ?) from surveillance_count where span = 'month' and unit = ? and value > 0`, int64(vn.ZeroDate), int64(area))
	if err != nil || len(rows) == 0 {
		return vn.ZeroDate, err
	}
	return rows[0], nil
}

// reporting are those of the areas where any case was ever reported: in the
// others no case is no zero.
func (m *Module) reporting(ctx context.Context, a store.Actor, unit vn.UnitID, areas []vn.UnitID) (map[vn.UnitID]bool, error) {
	out := map[vn.UnitID]bool{}
	if len(areas) == 0 {
		return out, nil
	}
	found, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (int64, error) {
		var u int64
		return u, scan(&u)
	}, `select u.column1 from (values `+strings.TrimSuffix(strings.Repeat("(cast(? as bigint)), ", len(areas)), ", ")+`) as u
		 where exists (select 1 from surveillance_count c where c.unit = u.column1 and c.span = 'month' and c.value > 0)`, unitArgs(areas)...)
	if err != nil {
		return nil, fmt.Errorf("areas of %v that report: %w", unit, err)
	}
	for _, u := range found {
		out[vn.UnitID(u)] = true
	}
	return out, nil
}

// illnessIn is a disease in a commune.
type illnessIn struct {
	disease string
	unit    vn.UnitID
}

// linkable reads the days of counted cases, for the rule of linked cases. No
// person is in it.
func (m *Module) linkable(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, disease string, from, to vn.Date) (map[illnessIn][]outbreak.LinkedCase, error) {
	if len(communes) == 0 {
		return nil, nil
	}
	args, where := unitArgs(communes), ""
	if disease != "" {
		where = ` and disease = ?`
		args = append(args, disease)
	}
	type row struct {
		illnessIn
		outbreak.LinkedCase
	}
	rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (row, error) {
		var r row
		var u, d int64
		err := scan(&r.disease, &u, &d, &r.Focus)
		r.unit, r.Day = vn.UnitID(u), vn.Date(d)
		return r, err
	}, `select disease, unit, day, focus from surveillance_case
		 where unit in (`+marks(len(communes))+`)`+where+` and day >= ? and day <= ? and class in `+counting+`
		 order by disease, unit, day, report`, append(args, int64(from), int64(to))...)
	if err != nil {
		return nil, fmt.Errorf("days of cases of %v: %w", unit, err)
	}
	out := map[illnessIn][]outbreak.LinkedCase{}
	for _, r := range rows {
		out[r.illnessIn] = append(out[r.illnessIn], r.LinkedCase)
	}
	return out, nil
}

// Epidemic is a declaration, with its end once there is one.
type Epidemic struct {
	Notice  string // Communication id of form 01
	Disease string
	Unit    vn.UnitID
	From    vn.Date
	Ended   vn.Date // vn.ZeroDate while it lasts
	End     string  // Communication id of form 02; "" while it lasts
}

// Epidemics lists the declarations in the communes, the latest first. disease
// "" means all.
func (m *Module) Epidemics(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, disease string) ([]Epidemic, error) {
	if len(communes) == 0 {
		return nil, nil
	}
	args, where := unitArgs(communes), ""
	if disease != "" {
		where = ` and o.disease = ?`
		args = append(args, disease)
	}
	rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (Epidemic, error) {
		var e Epidemic
		var u, from, to int64
		err := scan(&e.Notice, &e.Disease, &u, &from, &e.End, &to)
		e.Unit, e.From, e.Ended = vn.UnitID(u), vn.Date(from), vn.Date(to)
		return e, err
	}, `select o.notice, o.disease, o.unit, o.day, coalesce(min(e.notice), ''), coalesce(min(e.day), `+fmt.Sprint(int64(vn.ZeroDate))+`)
		  from surveillance_epidemic o left join surveillance_epidemic e on e.form = '02' and e.opens = o.notice
		 where o.form = '01' and o.unit in (`+marks(len(communes))+`)`+where+`
		 group by o.notice, o.disease, o.unit, o.day order by o.day desc, o.notice`, args...)
	if err != nil {
		return nil, fmt.Errorf("epidemics of %v: %w", unit, err)
	}
	return rows, nil
}

// Unsent is how many drafts of a commune's facilities wait.
type Unsent struct {
	Place   vn.UnitID
	Warned  int // past the share of the clock at which the CDC is told
	Overdue int // past the limit
}

// Unsent counts, for the places, the drafts whose clock has passed the CDC's
// share. Who they are about stays at the station.
func (m *Module) Unsent(ctx context.Context, a store.Actor, unit vn.UnitID, places []vn.UnitID, share float64, now time.Time) ([]Unsent, error) {
	if len(places) == 0 {
		return nil, nil
	}
	at, permille := now.UnixMicro(), int64(share*1000)
	args := append([]any{at}, unitArgs(places)...)
	rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (Unsent, error) {
		var u Unsent
		var place int64
		err := scan(&place, &u.Warned, &u.Overdue)
		u.Place = vn.UnitID(place)
		return u, err
	}, `select place, count(*), sum(case when due < ? then 1 else 0 end)
		  from surveillance_draft
		 where place in (`+marks(len(places))+`) and report = '' and sensitivity = '' and since + (due - since) / 1000 * ? <= ?
		 group by place order by place`, append(args, permille, at)...)
	if err != nil {
		return nil, fmt.Errorf("unsent drafts of %v: %w", unit, err)
	}
	return rows, nil
}
