// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Follower keeps the cells.
func (m *Module) Follower() store.Follower {
	var types []string
	for _, f := range m.folds {
		if !slices.Contains(types, f.Count.Resource) {
			types = append(types, f.Count.Resource)
		}
	}
	return store.Follower{Name: "indicators", Version: 10, Types: types, Tables: store.Tables(migrations, "migrations"), Apply: m.apply}
}

// item is what one resource adds to one indicator.
type item struct {
	patient     string
	facility    string
	category    string
	sensitivity string
	origin      vn.UnitID // as recorded
	unit        vn.UnitID // on the latest map
	day         vn.Date
	resting
}

// closed is 1 for what carries a sensitivity label.
func (it *item) closed() int64 {
	if it.sensitivity != "" {
		return 1
	}
	return 0
}

// itemColumns are the columns of an item, in the order of its fields.
const itemColumns = `patient, facility, category, sensitivity, origin, unit, day, cause, own, said, held`

// fields are where the columns of an item go.
func (it *item) fields() []any {
	return []any{&it.patient, &it.facility, &it.category, &it.sensitivity, &it.origin, &it.unit, &it.day, &it.cause, &it.own, &it.said, &it.held}
}

func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	resource := c.Type + "/" + c.ID
	had, err := items(ctx, tx, resource)
	if err != nil {
		return err
	}
	for i := range m.folds {
		f := &m.folds[i]
		if f.Count.Resource != c.Type {
			continue
		}
		if err := m.applyFold(ctx, tx, f, c, now, had); err != nil {
			return fmt.Errorf("indicator %s, %s: %w", f.ID, resource, err)
		}
	}
	if c.Type == "Condition" && before != nil {
		if err := m.recheck(ctx, tx, c.ID, m.disease(now, c.At), m.disease(before, c.At)); err != nil {
			return fmt.Errorf("what rests on Condition/%s: %w", c.ID, err)
		}
	}
	return nil
}

// items are what a resource adds, by indicator.
func items(ctx context.Context, tx store.Tx, resource string) (map[string]item, error) {
	var all map[string]item
	err := tx.Rows(ctx, `select indicator, `+itemColumns+` from indicators_item where resource = ?`, []any{resource}, func(scan func(...any) error) error {
		var indicator string
		var it item
		err := scan(append([]any{&indicator}, it.fields()...)...)
		if all == nil {
			all = map[string]item{}
		}
		all[indicator] = it
		return err
	})
	return all, err
}

func (m *Module) applyFold(ctx context.Context, tx store.Tx, f *fold, c store.Change, now *fhir.Doc, items map[string]item) error {
	resource := c.Type + "/" + c.ID
	old, had := items[f.ID]

	next := item{
		patient: c.Labels.Patient, facility: c.Labels.Facility, category: c.Labels.Category,
		sensitivity: strings.Join(c.Labels.Sensitivity, " "), origin: m.originOf(c, now),
		resting: resting{cause: causeOf(now)},
	}
	if next.cause != "" {
		next.own = m.named(now, c.At)
	}
	next.unit = m.units.Latest(next.origin)
	var has bool
	next.day, has = f.counts(now, c.At)
	if f.Kind == "people" && next.patient == "" {
		has = false // about nobody: no person to count
	}
	if has && had && f.day == nil {
		next.day = old.day // a later version does not move the day it came
	}
	if has && had && next == old {
		return nil
	}
	if had {
		if err := m.remove(ctx, tx, f, resource, old); err != nil {
			return err
		}
	}
	if has {
		return m.put(ctx, tx, f, resource, next)
	}
	return nil
}

// put adds an item. A person counts once, at the unit and day of the earliest
// item; the later ones only wait.
func (m *Module) put(ctx context.Context, tx store.Tx, f *fold, resource string, it item) error {
	return m.around(ctx, tx, f, it.patient, func() error {
		return tx.Exec(ctx, `
			insert into indicators_item (resource, indicator, `+itemColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			resource, f.ID, it.patient, it.facility, it.category, it.sensitivity, int64(it.origin), int64(it.unit), int64(it.day), it.cause, it.own, it.said, it.held)
	}, it, +1)
}

func (m *Module) remove(ctx context.Context, tx store.Tx, f *fold, resource string, it item) error {
	return m.around(ctx, tx, f, it.patient, func() error {
		return tx.Exec(ctx, `delete from indicators_item where resource = ? and indicator = ?`, resource, f.ID)
	}, it, -1)
}

// around changes the items and then the cells: by the item itself for flows,
// by the difference of who counts for people. A closed diagnosis is listed to
// who may know it and counted nowhere: one more in a commune would tell whose.
func (m *Module) around(ctx context.Context, tx store.Tx, f *fold, patient string, change func() error, it item, sign int64) error {
	if f.Count.Resource == "Condition" && it.sensitivity != "" || it.held != 0 {
		return change()
	}
	if f.Kind == "flow" {
		if err := change(); err != nil {
			return err
		}
		return m.add(ctx, tx, f.ID, it, sign)
	}
	before, had, err := first(ctx, tx, f.ID, patient)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, has, err := first(ctx, tx, f.ID, patient)
	if err != nil || had == has && before == after {
		return err
	}
	if had {
		if err := m.add(ctx, tx, f.ID, before, -1); err != nil {
			return err
		}
	}
	if has {
		return m.add(ctx, tx, f.ID, after, +1)
	}
	return nil
}

// first is the item by which a person counts: the earliest, ties by resource.
func first(ctx context.Context, tx store.Tx, indicator, patient string) (item, bool, error) {
	it := item{patient: patient}
	ok, err := tx.Row(ctx, []any{&it.unit, &it.day, &it.sensitivity}, `
		select unit, day, sensitivity from indicators_item
		 where indicator = ? and patient = ? and held = 0 and (sensitivity = '' or resource not like 'Condition/%')
		 order by day, resource limit 1`, indicator, patient)
	return it, ok, err
}

// add changes the cell of the unit and of every unit above it.
func (m *Module) add(ctx context.Context, tx store.Tx, indicator string, it item, sign int64) error {
	for _, unit := range m.units.Above(it.unit) {
		err := tx.Exec(ctx, `
			insert into indicators_cell (indicator, unit, day, closed, value) values (?, ?, ?, ?, ?)
			on conflict (indicator, unit, day, closed) do update set value = indicators_cell.value + excluded.value`,
			indicator, int64(unit), int64(it.day), it.closed(), sign)
		if err != nil {
			return err
		}
		if sign > 0 {
			continue
		}
		if err := tx.Exec(ctx, `delete from indicators_cell where indicator = ? and unit = ? and day = ? and closed = ? and value = 0`,
			indicator, int64(unit), int64(it.day), it.closed()); err != nil {
			return err
		}
	}
	return nil
}

// originOf is where a resource counts, on the map of its time: the unit it
// names itself (a case counts where the person lives), else that of the
// facility or person it belongs to.
func (m *Module) originOf(c store.Change, doc *fhir.Doc) vn.UnitID {
	if doc == nil {
		return c.Labels.Unit
	}
	for e := range doc.Each("extension") {
		if e.Get("url").String() != fhir.ExtUnit {
			continue
		}
		on, err := vn.ParseDate(e.Get("valueCoding", "version").String())
		if err != nil {
			on = vn.Reform // a code without its first day is of the map that began then
		}
		if u, ok := m.units.ByCode(e.Get("valueCoding", "code").String(), on); ok {
			return u.ID
		}
	}
	return c.Labels.Unit
}
