// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// Late is an alert that nobody has answered, with a level that its clock has
// reached.
type Late struct {
	Alert
	To store.Role
	At vn.UnitID // whose people of the role are called
}

// daysLate is how long after its limit an alert still calls somebody who was not
// called.
const daysLate = 30

// Late lists the alerts of which a level is to be told by now ([Alert.ClockAt]),
// once for each level, and when the next one will be; the zero time when none
// will. An alert that another explains calls its own commune alone, as desks
// show it.
func (m *Module) Late(ctx context.Context) (list []Late, next time.Time, err error) {
	now := m.now()
	open, err := store.List(ctx, m.store.For(store.SystemActor()), vn.Nation, scanAlert, `select `+alertColumns+` from detection_alert
		where answer = '' and holds = 1 and pushed > 0 and due >= ? order by due, alert`, now.AddDate(0, 0, -daysLate).UnixMicro())
	if err != nil {
		return nil, next, fmt.Errorf("alerts that wait: %w", err)
	}
	for _, a := range open {
		for _, r := range content.SurveillanceOn(vn.DateOf(now)).Escalation {
			l := Late{a, store.Role(r.To), m.over(a, store.Role(r.To))}
			if l.At == 0 {
				continue
			}
			if at := a.reaches(r); !now.Before(at) {
				list = append(list, l)
			} else if next.IsZero() || at.Before(next) {
				next = at
			}
		}
	}
	return list, next, nil
}

// over is the unit in which a role stands over an alert, 0 when it does not.
func (m *Module) over(a Alert, role store.Role) vn.UnitID {
	switch level := m.levelOf(a.Unit); {
	case role == store.StationDirector && level == vn.LevelCommune:
		return a.Unit
	case role == store.CDC && a.Parent == "":
		return a.Province
	}
	return 0
}

// reaches is when the alert's clock reaches a level.
func (a Alert) reaches(r content.Escalation) time.Time {
	return a.Opened.Add(time.Duration(r.Share * float64(a.Due.Sub(a.Opened))))
}
