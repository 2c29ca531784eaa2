// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// duty is the roster of a station: who answers alerts this week and the next.
func (g *generator) duty(commune vn.Unit) []any {
	monday, station := vn.WeekOf(g.plan.Date).Start(), g.facilities[g.station(commune)]
	var out []any
	for i, role := range []store.Role{store.Doctor, store.Nurse} {
		who, from := station.one(role), monday.AddDays(7*i)
		out = append(out, map[string]any{
			"resourceType": "Schedule", "id": g.plan.id("duty " + commune.Code + string(role)), "active": true,
			"serviceCategory": []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "alert-duty", "")},
			"actor":           []fhir.Reference{{Reference: "Practitioner/" + who.practitioner, Display: who.name}},
			"planningHorizon": fhir.Period{Start: from.String(), End: from.AddDays(6).String()},
		})
	}
	return out
}
