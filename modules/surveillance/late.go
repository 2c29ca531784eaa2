// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// Late is a draft that nobody has sent, as the next level is told of it: that it
// waits, where and until when; not of whom, nor of which disease.
type Late struct {
	Draft    string
	Stage    string     // the share of the clock that is over: the role whose rule it is
	To       store.Role // whom it calls: that role, of a labelled disease always the closed desk
	Facility string     // that has to send it; "" of a labelled disease
	Place    vn.UnitID  // of the facility; of a labelled disease no more than the province
	Due      time.Time
}

// daysLate is how long after its limit a draft still calls somebody who was not
// called: what waits longer stands on pages.
const daysLate = 30

// Late lists the drafts of which a level is to be told by now (escalation in
// content/surveillance), once for each level, and when the next one will be; the
// zero time when none will. Drafts of labelled diseases call the closed desk of the
// province at each stage, and of stages that are over together the last one only.
func (m *Module) Late(ctx context.Context) (list []Late, next time.Time, err error) {
	now := m.now()
	rules := content.SurveillanceOn(vn.DateOf(now)).Escalation
	type draft struct {
		Late
		since  time.Time
		closed bool
	}
	rows, err := store.Figures(ctx, m.store.For(store.SystemActor()), vn.Nation, func(scan store.Scan) (draft, error) {
		var d draft
		var labels string
		var place, since, due int64
		err := scan(&d.Draft, &labels, &d.Facility, &place, &since, &due)
		d.closed = labels != ""
		d.Place, d.since, d.Due = vn.UnitID(place), time.UnixMicro(since), time.UnixMicro(due)
		return d, err
	}, `
		select cause, sensitivity, case sensitivity when '' then facility else '' end, case sensitivity when '' then place else province end, since, due
		  from surveillance_draft where report = '' and due >= ? order by due, cause`,
		now.AddDate(0, 0, -daysLate).UnixMicro())
	if err != nil {
		return nil, next, fmt.Errorf("drafts that wait: %w", err)
	}
	for _, d := range rows {
		others := len(list)
		for _, r := range rules {
			at := mark(d.since, d.Due, r.Share)
			if !now.Before(at) {
				d.Stage, d.To = r.To, store.Role(r.To)
				if d.closed {
					d.To, list = store.ClosedDesk, list[:others]
				}
				list = append(list, d.Late)
			} else if next.IsZero() || at.Before(next) {
				next = at
			}
		}
	}
	return list, next, nil
}
