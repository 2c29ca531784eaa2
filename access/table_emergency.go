// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"

	"mach/store"
	"mach/vn"
)

const glassColumns = `id, patient, account, name, role, facility, facility_name, unit, reason, full_reason, since, until, due,
	reviewer, reviewer_name, reviewed, verdict, note`

func (e *Emergency) insert(ctx context.Context, g Glass) error {
	return e.exec(ctx, "breaking the glass", `insert into access_emergency (`+glassColumns+`)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		g.ID, g.Patient, g.Account, g.Name, string(g.Role), g.Facility, g.FacilityName, int64(g.Unit), g.Reason, g.FullReason,
		micro(g.From), micro(g.To), int64(g.Due), g.Reviewer, g.ReviewerName, micro(g.Reviewed), g.Verdict, g.Note)
}

// glasses reads those that where selects: waiting ones by urgency, then the
// latest first.
func (e *Emergency) glasses(ctx context.Context, where string, args ...any) ([]Glass, error) {
	var out []Glass
	err := e.rows(ctx, "reading emergencies", func(scan func(...any) error) error {
		var g Glass
		var role string
		var unit, since, until, due, reviewed int64
		err := scan(&g.ID, &g.Patient, &g.Account, &g.Name, &role, &g.Facility, &g.FacilityName, &unit, &g.Reason, &g.FullReason,
			&since, &until, &due, &g.Reviewer, &g.ReviewerName, &reviewed, &g.Verdict, &g.Note)
		g.Role, g.Unit, g.Due = store.Role(role), vn.UnitID(unit), vn.Date(due)
		g.From, g.To, g.Reviewed = fromMicro(since), fromMicro(until), fromMicro(reviewed)
		out = append(out, g)
		return err
	}, `select `+glassColumns+` from access_emergency where `+where+`
		order by case when reviewed = 0 then due else 99999999 end, since desc, id`, args...)
	return out, err
}

// waiting counts the unjudged glasses by reviewer.
func (e *Emergency) waiting(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := e.rows(ctx, "counting reviews", func(scan func(...any) error) error {
		var account string
		var n int
		err := scan(&account, &n)
		out[account] = n
		return err
	}, `select reviewer, count(*) from access_emergency where reviewed = 0 group by reviewer`)
	return out, err
}
