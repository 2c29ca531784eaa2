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
	To       store.Role // whom the share of the clock that is over calls
	Facility string     // that has to send it
	Place    vn.UnitID  // of the facility
	Due      time.Time
}

// daysLate is how long after its limit a draft still calls somebody who was not
// called: what waits longer stands on pages.
const daysLate = 30

// Late lists the drafts of which a level is to be told by now (escalation in
// content/surveillance), once for each level, and when the next one will be; the
// zero time when none will. Those of labelled diseases are the closed desk's own.
func (m *Module) Late(ctx context.Context) (list []Late, next time.Time, err error) {
	now := m.now()
	rules := content.SurveillanceOn(vn.DateOf(now)).Escalation
	type draft struct {
		Late
		since time.Time
	}
	rows, err := store.Figures(ctx, m.store.For(store.SystemActor()), vn.Nation, func(scan store.Scan) (draft, error) {
		var d draft
		var place, since, due int64
		err := scan(&d.Draft, &d.Facility, &place, &since, &due)
		d.Place, d.since, d.Due = vn.UnitID(place), time.UnixMicro(since), time.UnixMicro(due)
		return d, err
	}, `select cause, facility, place, since, due from surveillance_draft where report = '' and sensitivity = '' and due >= ? order by due, cause`,
		now.AddDate(0, 0, -daysLate).UnixMicro())
	if err != nil {
		return nil, next, fmt.Errorf("drafts that wait: %w", err)
	}
	for _, d := range rows {
		for _, r := range rules {
			at := mark(d.since, d.Due, r.Share)
			if !now.Before(at) {
				d.To = store.Role(r.To)
				list = append(list, d.Late)
			} else if next.IsZero() || at.Before(next) {
				next = at
			}
		}
	}
	return list, next, nil
}
