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
		Name: "detection", Version: 13, Tables: store.Tables(tables, "tables"), Apply: m.apply,
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
	case "Encounter", "ServiceRequest":
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

// provinceOf is the province of a unit, 0 when it has none.
func (m *Module) provinceOf(id vn.UnitID) vn.UnitID { return m.land.province(id) }

// levelOf is the level of a unit; that of the nation for an unknown one.
func (m *Module) levelOf(id vn.UnitID) vn.Level {
	u, _ := m.units.Get(id)
	return u.Level
}
