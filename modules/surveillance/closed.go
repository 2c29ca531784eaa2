// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"

	"mach/store"
	"mach/vn"
)

// The closed desk of a province takes the reports of labelled diseases. It sees
// the rows of its own lists and the reports it writes; the record behind them
// stays closed to it, and its lists to everybody else.

// ClosedDrafts lists the drafts of labelled diseases of the actor's province
// that nobody has sent, the nearest limit first.
func (m *Module) ClosedDrafts(ctx context.Context, a store.Actor, limit int) ([]Draft, error) {
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, scanDraft, `
		select `+draftColumns+`
		  from surveillance_draft d left join surveillance_person p on p.patient = d.patient
		 where d.province = ? and d.report = '' and d.sensitivity <> '' order by d.due, d.cause limit ?`, int64(a.Oversees(m.units)))
	if err != nil {
		return nil, fmt.Errorf("drafts of the closed desk: %w", err)
	}
	return rows, nil
}

// ClosedCases lists the reports of labelled diseases of the actor's province
// since a day, newest first.
func (m *Module) ClosedCases(ctx context.Context, a store.Actor, since vn.Date, limit int) ([]Case, error) {
	province := int64(a.Oversees(m.units))
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, m.scanCase,
		`select `+caseColumns+caseFrom+` where (c.province = ? or c.place = ?) and c.day >= ? and c.sensitivity <> '' order by c.reported desc, c.report limit ?`,
		province, province, int64(since))
	if err != nil {
		return nil, fmt.Errorf("cases of the closed desk: %w", err)
	}
	return rows, nil
}

// closedForm is the form of a labelled draft: what its row says, and no more of
// the record.
func (m *Module) closedForm(d Draft) Report {
	r := Report{
		"disease": d.Disease, "class": "suspect", "icd": d.Code, "diagnosed": vn.DateOf(d.At).String(),
		"name": d.Name, "birth": d.Birth, "sex": d.Sex, "number": d.Number,
	}
	if u, ok := m.units.Get(d.Unit); ok {
		r["commune"] = u.Full()
	}
	for id, answer := range r {
		if answer == "" {
			delete(r, id)
		}
	}
	return r
}
