// SPDX-License-Identifier: Apache-2.0

package book

import (
	"context"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/stat"
	"mach/web/components/tag"
	"mach/web/components/timeline"
)

// greeting calls a person by the given name, which in Viet Nam comes last.
func greeting(ctx context.Context, p homeData) string {
	if p.Guardian {
		return web.T(ctx, "book.of", p.Person.Name)
	}
	words := strings.Fields(p.Person.Name)
	if len(words) == 0 {
		return web.T(ctx, "book.title")
	}
	return web.T(ctx, "book.hello", words[len(words)-1])
}

// measured are the codes the book has words for.
var measured = map[string]string{
	fhir.LOINCTemperature: "temperature", fhir.LOINCPulse: "pulse", fhir.LOINCSystolic: "systolic",
	fhir.LOINCDiastolic: "diastolic", fhir.LOINCRespiration: "respiration", fhir.LOINCSaturation: "saturation",
	fhir.LOINCWeight: "weight", fhir.LOINCHeight: "height", fhir.LOINCBodyMass: "bmi",
}

func measureItems(ctx context.Context, list []Measure) []stat.Item {
	out := make([]stat.Item, len(list))
	for i, m := range list {
		name, ok := measured[m.Code]
		if ok {
			name = web.T(ctx, "book.measure."+name)
		} else {
			name = m.Code
		}
		out[i] = stat.Item{Name: name, Value: amount(ctx, m.Value)}
	}
	return out
}

// sentence says of a visit when and where; a guardian reads it of the ward.
func sentence(ctx context.Context, v Visit) string {
	return web.T(ctx, "book.visit.sentence"+ofWard(ctx), web.Date(ctx, vn.DateOf(v.At)), place(ctx, v.Place))
}

func place(ctx context.Context, name string) string {
	if name == "" {
		return web.T(ctx, "book.place.unknown")
	}
	return name
}

// ofWard is the ending of keys that speak to the person, when a guardian reads.
func ofWard(ctx context.Context) string {
	if web.SessionOf(ctx).Actor.Role == store.Guardian {
		return ".ward"
	}
	return ""
}

func doseItems(ctx context.Context, list []Dose) []timeline.Item {
	out := make([]timeline.Item, len(list))
	for i, d := range list {
		out[i] = timeline.Item{When: web.Date(ctx, vn.DateOf(d.At)), Title: d.Words, Icon: "syringe"}
	}
	return out
}

// accessItems says each line of the log in words: who, in which role, where,
// why, and which parts.
func accessItems(ctx context.Context, list []store.Access) []timeline.Item {
	out := make([]timeline.Item, len(list))
	for i, l := range list {
		item := timeline.Item{
			When: web.DateTime(ctx, l.At), Title: who(ctx, l), Text: why(ctx, l), Where: l.FacilityName, Icon: "eye",
		}
		switch {
		case !l.Allowed:
			item.Tone, item.Icon = tag.Warning, "octagon-alert"
			item.Text = web.T(ctx, "book.who.refused")
		case l.Purpose == store.Emergency:
			item.Tone, item.Icon = tag.Danger, "siren"
		}
		out[i] = item
	}
	return out
}

func who(ctx context.Context, l store.Access) string {
	switch {
	case l.Role == store.Person:
		return web.T(ctx, "book.who.you"+ofWard(ctx))
	case l.Name == "":
		return web.RoleName(ctx, l.Role)
	}
	return web.T(ctx, "book.who.person", web.RoleName(ctx, l.Role), l.Name)
}

// act is what was done, as people tell it apart.
func act(l store.Access) string {
	switch l.Action {
	case store.ActCreate, store.ActUpdate, store.ActDelete:
		return "write"
	case store.ActIdentify:
		return "identify"
	}
	return "read"
}

func why(ctx context.Context, l store.Access) string {
	act := act(l)
	if l.Purpose == store.OwnRequest {
		switch l.Role {
		case store.Person:
			return web.T(ctx, "book.act."+act+".own", parts(ctx, l.Types))
		case store.Guardian:
			return web.T(ctx, "book.act."+act+".ward", parts(ctx, l.Types))
		}
	}
	purpose := web.TOr(ctx, "book.purpose."+string(l.Purpose), web.T(ctx, "book.purpose."))
	return web.T(ctx, "book.act."+act, parts(ctx, l.Types), purpose)
}

// parts names what was touched, in words a person knows; each once.
func parts(ctx context.Context, types []string) string {
	var out []string
	seen := map[string]bool{}
	for _, t := range types {
		key, ok := partOf[t]
		if !ok {
			key = "other"
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, web.T(ctx, "book.part."+key))
		}
	}
	if len(out) == 0 {
		return web.T(ctx, "book.part.other")
	}
	return strings.Join(out, ", ")
}

var partOf = map[string]string{
	"Patient": "person", "Encounter": "visits", "Condition": "diagnoses", "Observation": "measures",
	"MedicationRequest": "medicines", "CarePlan": "advice", "Appointment": "appointments", "Immunization": "doses",
	"AuditEvent": "log", "ServiceRequest": "consultations", "Task": "queue", "DiagnosticReport": "results", "QuestionnaireResponse": "forms",
}

// amount writes "38.5 °C" in the reader's way; what is no number stays as it is.
func amount(ctx context.Context, words string) string {
	number, unit, _ := strings.Cut(words, " ")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return words
	}
	_, digits, _ := strings.Cut(number, ".")
	return web.Quantity(ctx, v, len(digits), unit)
}
