// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
)

// applyDeath keeps beside a case the day on which the person died of it.
func (m *Module) applyDeath(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now == nil {
		return nil
	}
	on := casereport.Day(now.Root().Extension(casereport.ExtDied).Get("valueDate").String())
	if !on.Known() {
		return nil
	}
	return tx.Exec(ctx, `update events_case set died_on = ? where report = ?`, int64(on), c.ID)
}
