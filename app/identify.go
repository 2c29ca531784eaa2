// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"mach/modules/account"
	"mach/store"
	"mach/vn"
)

// identify lends the station's search by number to those who open emergency
// access or guard a child: enough to know that it is the one at hand.
func (a *App) identify(ctx context.Context, by store.Actor, number vn.PersonalID, birthYear int) ([]account.Stranger, error) {
	people, err := a.station.Identify(ctx, by, number, birthYear)
	if err != nil {
		return nil, err
	}
	var out []account.Stranger
	for _, p := range people {
		s := account.Stranger{Patient: p.Patient, Name: p.Name, Sex: p.Sex, Year: p.Birth[:min(4, len(p.Birth))]}
		if u, ok := a.Units.Get(p.Unit); ok {
			s.Place = u.Full()
		}
		out = append(out, s)
	}
	return out, nil
}
