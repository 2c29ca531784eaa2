// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"

	"mach/store"
	"mach/vn"
)

// OnDuty is who answers the alerts of a unit from one day to another.
type OnDuty struct {
	Schedule, Practitioner, Name, Facility string
	Unit                                   vn.UnitID
	From, To                               vn.Date // both included
}

// Labels lets the guard judge the line as the Schedule that it comes from.
func (o OnDuty) Labels() store.Labels {
	return store.Labels{Type: "Schedule", ID: o.Schedule, Facility: o.Facility, Unit: o.Unit}
}

func scanDuty(scan store.Scan) (OnDuty, error) {
	var o OnDuty
	var unit, from, to int64
	err := scan(&o.Schedule, &o.Practitioner, &o.Name, &o.Facility, &unit, &from, &to)
	o.Unit, o.From, o.To = vn.UnitID(unit), vn.Date(from), vn.Date(to)
	return o, err
}

const dutyColumns = `schedule, practitioner, name, facility, unit, starts, ends`

// OnDuty lists who is on duty for a unit on a day.
func (m *Module) OnDuty(ctx context.Context, a store.Actor, unit vn.UnitID, on vn.Date) ([]OnDuty, error) {
	return store.List(ctx, m.store.For(a), unit, scanDuty,
		`select `+dutyColumns+` from detection_duty where unit = ? and starts <= ? and ends >= ? order by name, schedule`, int64(unit), int64(on), int64(on))
}
