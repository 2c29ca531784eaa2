// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"mach/demo"
	"mach/store"
	"mach/web"
	"mach/web/components/switcher"
)

// groupOf sorts the roles of the switcher by level of care.
var groupOf = map[store.Role]string{
	store.Receptionist: "station", store.Nurse: "station", store.Doctor: "station", store.Midwife: "station", store.Pharmacist: "station",
	store.ImmunisationOff: "station", store.VillageWorker: "station", store.StationDirector: "station", store.Chairman: "station",
	store.Coordinator: "hospital", store.Expert: "hospital", store.HospitalReporter: "hospital", store.PrivateClinic: "hospital",
	store.CDC: "above", store.ClosedDesk: "above", store.Institute: "above", store.Department: "above", store.Ministry: "above", store.AccessReviewer: "above", store.Administrator: "above",
	store.Person: "people", store.Guardian: "people",
}

func roleGroups(ctx context.Context, list []demo.SignIn) []switcher.Group {
	order := []string{"station", "people", "hospital", "above"}
	groups := make([]switcher.Group, len(order))
	for i, key := range order {
		groups[i].Title = web.T(ctx, "app.roles."+key)
		for _, s := range list {
			if groupOf[s.Role] != key {
				continue
			}
			groups[i].People = append(groups[i].People, switcher.Person{
				Of: s.Role, Name: s.Name, Role: web.RoleName(ctx, s.Role), Place: s.Place, Action: "/vai", Values: [][2]string{{"login", s.Login}},
			})
		}
	}
	return groups
}
