// SPDX-License-Identifier: Apache-2.0

package station

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// openVisit returns the visit in which the person waits today at the actor's
// facility, or "".
func (m *Module) openVisit(ctx context.Context, a store.Actor, patient string) (string, error) {
	rows, err := store.Figures(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (string, error) {
		var id string
		return id, scan(&id)
	}, `select encounter from station_visit
		 where patient = ? and facility = ? and day = ? and status in ('arrived', 'in-progress')
		 order by arrived limit 1`, patient, site(a), int64(m.today()))
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0], nil
}

// site is where the actor's queue stands: the sub-site, or the facility.
func site(a store.Actor) string { return cmp.Or(a.Site, a.Facility) }

// nextNumber is one more than the tickets given today at the site, as far as
// the view knows: [Module.Arrive] goes on from there.
func (m *Module) nextNumber(ctx context.Context, a store.Actor) (int, error) {
	rows, err := store.Figures(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (int, error) {
		var n int
		return n, scan(&n)
	}, `select count(*) from station_ticket where station = ? and facility = ? and day = ?`, a.Facility, site(a), int64(m.today()))
	if err != nil {
		return 0, fmt.Errorf("next number: %w", err)
	}
	return rows[0] + 1, nil
}

// ticketID is the id of the ticket with a number of a day at a site: whoever
// gives the same number writes the same resource, and only one can.
func ticketID(site string, day vn.Date, number int) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s/id/ticket/%s/%s/%d", fhir.Base, site, day, number)).String()
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
