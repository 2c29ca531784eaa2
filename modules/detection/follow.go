// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"embed"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// Follower keeps counts, verdicts and alerts.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: "detection", Version: 12, Tables: store.Tables(tables, "tables"), Apply: m.apply,
		Types: []string{"Patient", "Encounter", "Condition", "Communication", "Schedule", "PlanDefinition", "ServiceRequest"},
	}
}

func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	if err := m.take(ctx, tx, c, now, before); err != nil {
		return err
	}
	switch c.Type {
	case "Encounter", "Communication":
		return m.catchUp(ctx, tx, c, vn.DateOf(c.At), dueEach)
	case "Condition":
		if casereport.Is(now) || casereport.Is(before) {
			return m.catchUp(ctx, tx, c, vn.DateOf(c.At), dueEach)
		}
	}
	return nil
}

// take keeps what a change says.
func (m *Module) take(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	switch c.Type {
	case "Patient":
		return m.applyPerson(ctx, tx, c, now)
	case "Encounter":
		if err := m.applyVisit(ctx, tx, c, now); err != nil {
			return err
		}
		return m.applySyndromes(ctx, tx, c, now)
	case "ServiceRequest":
		return m.applySyndromes(ctx, tx, c, now)
	case "Condition":
		if casereport.Is(now) || casereport.Is(before) {
			return m.applyCase(ctx, tx, c, now)
		}
		if err := m.applyDiagnosis(ctx, tx, c, now, before == nil); err != nil {
			return err
		}
		return m.applySyndromes(ctx, tx, c, now)
	case "Communication":
		if err := m.applyStep(ctx, tx, c, now); err != nil {
			return err
		}
		if err := m.applyNight(ctx, tx, c, now); err != nil {
			return err
		}
		return m.applyAnswer(ctx, tx, c, now)
	case "Schedule":
		return m.applyDuty(ctx, tx, c, now)
	case "PlanDefinition":
		return m.applySetting(ctx, tx, c, now)
	}
	return nil
}

func (m *Module) applyPerson(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now == nil || c.Labels.Unit == 0 {
		return tx.Exec(ctx, `delete from detection_person where patient = ?`, c.ID)
	}
	return tx.Exec(ctx, `insert into detection_person (patient, unit) values (?, ?)
		on conflict (patient) do update set unit = excluded.unit`, c.ID, int64(c.Labels.Unit))
}

// applyVisit hears of the unit in the week of the visit. A visit that was
// deleted or moved leaves the week heard of: whoever wrote it was there.
func (m *Module) applyVisit(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now == nil {
		return nil
	}
	day := casereport.Day(now.Get("period", "start").String())
	if !day.Known() {
		day = vn.DateOf(c.At)
	}
	return m.hear(ctx, tx, c, m.units.Latest(c.Labels.Unit), day, true)
}

// hear marks the week as one in which the unit, and those above it, reported.
// What rests on its silence until then is judged again.
func (m *Module) hear(ctx context.Context, tx store.Tx, c store.Change, unit vn.UnitID, day vn.Date, visit bool) error {
	if unit == 0 {
		return nil
	}
	week, units := vn.WeekOf(min(day, vn.DateOf(c.At))).Start(), m.units.Above(unit)
	var visited int64
	known, err := tx.Row(ctx, []any{&visited}, `select visited from detection_reporting where unit = ? and week = ?`, int64(unit), int64(week))
	if err != nil {
		return err
	}
	if known && (visited != 0 || !visit) { // nothing new but the time
		args := []any{c.At.UnixMicro(), int64(week), c.At.UnixMicro()}
		for _, u := range units {
			args = append(args, int64(u))
		}
		return tx.Exec(ctx, `update detection_reporting set last = ? where week = ? and last < ? and unit in (`+marks(len(units))+`)`, args...)
	}
	t := turn{Module: m, tx: tx, c: c}
	if err := t.heardAnew(ctx, unit, week, visit); err != nil {
		return err
	}
	if visited = 0; visit {
		visited = c.Seq
	}
	heard := flag(!known && m.levelOf(unit) == vn.LevelCommune) // a CDC is no commune that reports
	for _, u := range units {
		if err := tx.Exec(ctx, `insert into detection_reporting (unit, week, seq, visited, heard, last) values (?, ?, ?, ?, ?, ?)
			on conflict (unit, week) do update set
			   visited = case when detection_reporting.visited = 0 then excluded.visited else detection_reporting.visited end,
			   heard = detection_reporting.heard + excluded.heard,
			   last = case when detection_reporting.last < excluded.last then excluded.last else detection_reporting.last end`,
			int64(u), int64(week), c.Seq, visited, heard, c.At.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// provinceOf is the province of a unit, 0 when it has none.
func (m *Module) provinceOf(id vn.UnitID) vn.UnitID { return m.land.province(id) }

// levelOf is the level of a unit; that of the nation for an unknown one.
func (m *Module) levelOf(id vn.UnitID) vn.Level {
	u, _ := m.units.Get(id)
	return u.Level
}
