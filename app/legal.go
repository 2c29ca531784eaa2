// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	alerts "mach/modules/detection"
	"mach/outbreak"
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

// ending is what Article 16.3 says of a disease in a commune: what events close
// by. The zero verdict where there is nothing to judge.
func (a *App) ending(ctx context.Context, actor store.Actor, unit vn.UnitID, disease string, on vn.Date) (outbreak.Verdict, error) {
	states, err := a.surveillance.States(ctx, actor, unit, []vn.UnitID{unit}, disease, on)
	if err != nil || len(states) == 0 {
		return outbreak.Verdict{}, err
	}
	return states[0].End, nil
}
