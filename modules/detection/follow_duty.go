// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
)

// applyDuty keeps the roster: who answers alerts of a unit from one day to
// another.
func (m *Module) applyDuty(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from detection_duty where schedule = ?`, c.ID); err != nil || now == nil {
		return err
	}
	from, to := casereport.Day(now.Get("planningHorizon", "start").String()), casereport.Day(now.Get("planningHorizon", "end").String())
	if now.Get("serviceCategory", "0").Code(fhir.CSCategory) != categoryDuty || now.Get("active").String() == "false" || !from.Known() || !to.Known() {
		return nil
	}
	actor := now.Get("actor", "0")
	return tx.Exec(ctx, `insert into detection_duty (schedule, unit, facility, practitioner, name, starts, ends) values (?, ?, ?, ?, ?, ?, ?)`,
		c.ID, int64(m.units.Latest(c.Labels.Unit)), c.Labels.Facility, actor.RefID("Practitioner"), actor.Get("display").String(), int64(from), int64(to))
}
