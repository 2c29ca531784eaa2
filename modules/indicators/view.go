// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"context"
	"fmt"
	"strings"

	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Value is one figure with what is needed to judge it.
type Value struct {
	Indicator   content.Indicator
	Unit        vn.UnitID
	Period      Period
	Numerator   int64
	Denominator int64   // 0 when the indicator is a plain count, or not known whole
	Rate        float64 // numerator / denominator × factor; the numerator for plain counts
	HasRate     bool    // false when a rate was asked and the denominator is unknown
	Missing     int     // communes below the unit without a population
}

// Value computes one indicator for a unit and a period. It returns
// issue.NotFound for an unknown indicator, Forbidden when the actor does not
// oversee the unit.
func (m *Module) Value(ctx context.Context, a store.Actor, id string, unit vn.UnitID, p Period) (Value, error) {
	f, ok := m.fold(id)
	if !ok {
		return Value{}, issue.New(issue.NotFound, "indicators.unknown", id)
	}
	sums, err := store.Figures(ctx, m.store.For(a), unit, scanCount, `
		select coalesce(sum(value), 0) from indicators_cell
		 where indicator = ? and unit = ? and day >= ? and day <= ? and closed <= ?`,
		id, int64(unit), m.since(f, p), int64(p.To), whole(m.store.For(a), unit))
	if err != nil {
		return Value{}, fmt.Errorf("indicator %s: %w", id, err)
	}
	v := Value{Indicator: f.Indicator, Unit: unit, Period: p}
	if len(sums) == 1 {
		v.Numerator = sums[0]
	}
	m.divide(&v, m.today())
	return v, nil
}

// whole is 1 when closed files count for the actor in figures of the unit. A
// station's staff would read five visits beside a list of four.
func whole(d store.Door, unit vn.UnitID) int64 {
	if d.Whole(unit, content.LabelHIV, content.LabelSTI, content.LabelMental, content.LabelReproductive) {
		return 1
	}
	return 0
}

// since is the first day that counts: people stand from the day they came, so
// a period asks for all who came before its end.
func (m *Module) since(f fold, p Period) int64 {
	if f.Kind == "people" {
		return int64(f.from)
	}
	return int64(p.From)
}

// divide fills denominator and rate on the map of a day. Without the people of
// every commune there is no rate: it would be too high.
func (m *Module) divide(v *Value, on vn.Date) {
	if !v.Indicator.Per.Population {
		v.Rate, v.HasRate = float64(v.Numerator), true
		return
	}
	population, missing := m.population(v.Unit, on)
	v.Missing = missing
	if population > 0 && missing == 0 {
		v.Denominator = int64(population)
		v.Rate, v.HasRate = float64(v.Numerator)/float64(population)*v.Indicator.Per.Factor, true
	}
}

// population is the dossier population of the unit: its own figure, or the sum
// of what is below it on the day; missing counts the communes without one.
func (m *Module) population(id vn.UnitID, on vn.Date) (people, missing int) {
	u, ok := m.units.Get(id)
	switch {
	case ok && u.Population > 0:
		return u.Population, 0
	case ok && u.Level == vn.LevelCommune:
		return 0, 1
	}
	for _, child := range m.units.Children(id, on) {
		p, gone := m.population(child.ID, on)
		people, missing = people+p, missing+gone
	}
	return people, missing
}

// Share is the part of one child unit.
type Share struct {
	Unit  vn.Unit
	Value int64
	// Silent is set where no indicator of the same kind was ever counted: the
	// value is unknown, not zero.
	Silent bool
}

// Shares splits the figure among the units directly below, in order of code.
// Units without events stand with zero. What belongs to none of them, because
// the commune is not known or is no more, stands last under the unit itself, so
// that the shares always sum to the whole.
func (m *Module) Shares(ctx context.Context, a store.Actor, id string, unit vn.UnitID, p Period) ([]Share, error) {
	f, ok := m.fold(id)
	if !ok {
		return nil, issue.New(issue.NotFound, "indicators.unknown", id)
	}
	type pair struct{ unit, value int64 }
	found, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (pair, error) {
		var p pair
		return p, scan(&p.unit, &p.value)
	}, `select unit, sum(value) from indicators_cell
		 where indicator = ? and day >= ? and day <= ? and closed <= ? group by unit`,
		id, m.since(f, p), int64(p.To), whole(m.store.For(a), unit))
	if err != nil {
		return nil, fmt.Errorf("shares of %s: %w", id, err)
	}
	values := make(map[vn.UnitID]int64, len(found))
	for _, v := range found {
		values[vn.UnitID(v.unit)] = v.value
	}
	children := m.units.Children(unit, m.today())
	out := make([]Share, len(children), len(children)+1)
	rest := values[unit]
	counted, err := m.counted(ctx, a, f, unit, children)
	if err != nil {
		return nil, err
	}
	for i, u := range children {
		out[i] = Share{Unit: u, Value: values[u.ID], Silent: !counted[u.ID]}
		rest -= values[u.ID]
	}
	if rest != 0 {
		whole, _ := m.units.Get(unit)
		out = append(out, Share{Unit: whole, Value: rest})
	}
	return out, nil
}

// counted are those of the units where anything of the indicator's kind (care,
// surv, epi …) was ever counted.
func (m *Module) counted(ctx context.Context, a store.Actor, f fold, of vn.UnitID, units []vn.Unit) (map[vn.UnitID]bool, error) {
	out := map[vn.UnitID]bool{}
	if len(units) == 0 {
		return out, nil
	}
	kind, _, _ := strings.Cut(f.ID, ".")
	var args []any
	for _, u := range units {
		args = append(args, int64(u.ID))
	}
	var same []string
	for _, other := range m.folds {
		if strings.HasPrefix(other.ID, kind+".") {
			same, args = append(same, "?"), append(args, other.ID)
		}
	}
	found, err := store.Figures(ctx, m.store.For(a), of, scanCount, `
		select u.column1 from (values `+strings.TrimSuffix(strings.Repeat("(cast(? as bigint)), ", len(units)), ", ")+`) as u
		 where exists (select 1 from indicators_cell c where c.indicator in (`+strings.Join(same, ", ")+`) and c.unit = u.column1)`, args...)
	if err != nil {
		return nil, fmt.Errorf("units that count %s: %w", f.ID, err)
	}
	for _, u := range found {
		out[vn.UnitID(u)] = true
	}
	return out, nil
}

// Days returns the daily values of the unit from one day to another, both
// included, one a day; days before the definition's first are left out.
func (m *Module) Days(ctx context.Context, a store.Actor, id string, unit vn.UnitID, from, to vn.Date) ([]DayValue, error) {
	f, ok := m.fold(id)
	if !ok {
		return nil, issue.New(issue.NotFound, "indicators.unknown", id)
	}
	from = max(from, f.from)
	found, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (DayValue, error) {
		var day int64
		var v DayValue
		err := scan(&day, &v.Value)
		v.Day = vn.Date(day)
		return v, err
	}, `select day, sum(value) from indicators_cell
		 where indicator = ? and unit = ? and day >= ? and day <= ? and closed <= ? group by day order by day`,
		id, int64(unit), int64(from), int64(to), whole(m.store.For(a), unit))
	if err != nil {
		return nil, fmt.Errorf("days of %s: %w", id, err)
	}
	out := make([]DayValue, 0, max(int(to-from)+1, 0))
	for d := from; d <= to; d++ {
		v := DayValue{Day: d}
		if len(found) > 0 && found[0].Day == d {
			v, found = found[0], found[1:]
		}
		out = append(out, v)
	}
	return out, nil
}

// DayValue is the value of one day.
type DayValue struct {
	Day   vn.Date
	Value int64
}

// Item is one resource behind a figure.
type Item struct {
	Type, ID    string
	Patient     string
	Facility    string
	Category    string
	Sensitivity []string
	Unit        vn.UnitID
	Day         vn.Date
}

// Labels lets the guard judge the line as the resource it stands for.
func (i Item) Labels() store.Labels {
	return store.Labels{Type: i.Type, ID: i.ID, Patient: i.Patient, Facility: i.Facility, Unit: i.Unit, Category: i.Category, Sensitivity: i.Sensitivity}
}

// Items lists what stands behind a figure of a commune, newest first, at most
// limit, only what the actor may see.
func (m *Module) Items(ctx context.Context, a store.Actor, id string, unit vn.UnitID, p Period, limit int) ([]Item, error) {
	f, ok := m.fold(id)
	if !ok {
		return nil, issue.New(issue.NotFound, "indicators.unknown", id)
	}
	items, _, err := store.First(ctx, m.store.For(a), unit, limit, scanItem, `
		select resource, patient, facility, category, sensitivity, unit, day from indicators_item
		 where indicator = ? and unit = ? and day >= ? and day <= ? and held = 0
		 order by day desc, resource desc limit ?`, id, int64(unit), m.since(f, p), int64(p.To))
	return items, err
}

func scanItem(scan store.Scan) (Item, error) {
	var it Item
	var resource, sensitivity string
	var unit, day int64
	if err := scan(&resource, &it.Patient, &it.Facility, &it.Category, &sensitivity, &unit, &day); err != nil {
		return it, err
	}
	it.Sensitivity = strings.Fields(sensitivity)
	it.Type, it.ID, _ = strings.Cut(resource, "/")
	it.Unit, it.Day = vn.UnitID(unit), vn.Date(day)
	return it, nil
}

func scanCount(scan store.Scan) (int64, error) {
	var n int64
	return n, scan(&n)
}

// Fed lists the indicators that count one of the resources, in order of id:
// what the panel of a visit shows.
func (m *Module) Fed(ctx context.Context, a store.Actor, unit vn.UnitID, resources []string) ([]content.Indicator, error) {
	fed := map[string]bool{}
	for _, r := range resources {
		rows, err := store.List(ctx, m.store.For(a), unit, scanFed, `
			select indicator, resource, patient, facility, category, sensitivity, unit, day
			  from indicators_item where resource = ? and held = 0`, r)
		if err != nil {
			return nil, fmt.Errorf("indicators fed by a visit: %w", err)
		}
		for _, row := range rows {
			fed[row.indicator] = true
		}
	}
	var out []content.Indicator
	for _, f := range m.folds {
		if fed[f.ID] {
			out = append(out, f.Indicator)
		}
	}
	return out, nil
}

type fedRow struct {
	indicator string
	Item
}

func scanFed(scan store.Scan) (fedRow, error) {
	var row fedRow
	var err error
	row.Item, err = scanItem(func(dest ...any) error { return scan(append([]any{&row.indicator}, dest...)...) })
	return row, err
}
