// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	alerts "mach/modules/detection"
	"mach/store"
	"mach/vn"
)

// legalFlag is the state of the law that stands beside an alert: surveillance
// computes it, detection shows it, and neither knows the other.
func (a *App) legalFlag(ctx context.Context, actor store.Actor, unit vn.UnitID, disease string, on vn.Date) (alerts.LegalFlag, error) {
	states, err := a.surveillance.States(ctx, actor, unit, []vn.UnitID{unit}, disease, on)
	if err != nil || len(states) == 0 {
		return alerts.LegalFlag{}, err
	}
	s := states[0]
	switch s.Alarm() {
	case 2:
		return alerts.LegalFlag{Article: s.Month.Article, Level: 2}, nil
	case 1:
		return alerts.LegalFlag{Article: s.Week.Article, Level: 1}, nil
	}
	return alerts.LegalFlag{}, nil
}
