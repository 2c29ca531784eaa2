// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"fmt"

	"mach/fhir"
	"mach/store"
)

// openVisit returns the visit in which the person waits today at the actor's
// facility, or "".
func (m *Module) openVisit(ctx context.Context, a store.Actor, patient string) (string, error) {
	rows, err := store.Figures(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (string, error) {
		var id string
		return id, scan(&id)
	}, `select encounter from station_visit
		 where patient = ? and facility = ? and day = ? and status in ('arrived', 'in-progress')
		 order by arrived limit 1`, patient, a.Facility, int64(m.today()))
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0], nil
}

// nextNumber is one more than the tickets given today at the facility. Two
// receptionists at the same instant may give the same number; the arrival time
// keeps the order.
func (m *Module) nextNumber(ctx context.Context, a store.Actor) (int, error) {
	rows, err := store.Figures(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (int, error) {
		var n int
		return n, scan(&n)
	}, `select count(*) from station_ticket where facility = ? and day = ?`, a.Facility, int64(m.today()))
	if err != nil {
		return 0, fmt.Errorf("next number: %w", err)
	}
	return rows[0] + 1, nil
}

// ticket reads the ticket of the visit; nil when there is none, as for visits
// that were imported.
func (m *Module) ticket(ctx context.Context, a store.Actor, encounter string) (*fhir.Doc, error) {
	page, err := m.store.For(a).Search(ctx, store.Query{
		Type: "Task", Count: 1,
		Params: [][2]string{{"encounter", "Encounter/" + encounter}, {"code", fhir.CSTask + "|" + ticketCode}},
	})
	if err != nil || len(page.Docs) == 0 {
		return nil, err
	}
	return page.Docs[0], nil
}
