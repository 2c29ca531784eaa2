// SPDX-License-Identifier: Apache-2.0

package book

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/plain"
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
	var out []stat.Item
	lower := slices.IndexFunc(list, func(m Measure) bool { return m.Code == fhir.LOINCDiastolic })
	upper := slices.IndexFunc(list, func(m Measure) bool { return m.Code == fhir.LOINCSystolic })
	for i, m := range list {
		if lower >= 0 && upper >= 0 && i == lower {
			continue
		}
		if lower >= 0 && i == upper { // both numbers together, as people know them
			number, _, _ := strings.Cut(m.Value, " ")
			out = append(out, stat.Item{Name: web.T(ctx, "book.measure.pressure"), Value: strings.TrimSpace(amount(ctx, m.Code, number)) + "/" + amount(ctx, list[lower].Code, list[lower].Value)})
			continue
		}
		name, ok := measured[m.Code]
		if ok {
			name = web.T(ctx, "book.measure."+name)
		} else {
			name = m.Code
		}
		out = append(out, stat.Item{Name: name, Value: amount(ctx, m.Code, m.Value)})
	}
	return out
}

// visitLines are the visits as sentences, what was found under each.
func visitLines(ctx context.Context, list []Visit) []plain.Line {
	out := make([]plain.Line, len(list))
	for i, v := range list {
		found := make([]string, len(v.Diagnoses))
		for j, d := range v.Diagnoses {
			found[j] = d.Words
		}
		out[i] = plain.Line{Icon: "stethoscope", Text: sentence(ctx, v), Href: "/so/luot-kham/" + v.ID, Note: strings.Join(found, "; ")}
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
			if l.Action == store.ActBreak {
				item.Text = web.T(ctx, "book.who.refused.emergency")
			}
		case l.Purpose == store.Emergency:
			item.Tone, item.Icon = tag.Danger, "siren"
		}
		out[i] = item
	}
	return out
}

func who(ctx context.Context, l store.Access) string {
	app, ok := application(l)
	switch {
	case ok:
		return web.T(ctx, "book.who.app", app)
	case l.Role == store.Person:
		return web.T(ctx, "book.who.you"+ofWard(ctx))
	case l.Name == "":
		return web.RoleName(ctx, l.Role)
	}
	return web.T(ctx, "book.who.person", web.RoleName(ctx, l.Role), l.Name)
}

// application names what used a token of its own, or one of the person's.
func application(l store.Access) (name string, ok bool) {
	if strings.HasPrefix(l.Actor, "token:") {
		return l.Name, true
	}
	_, name, ok = strings.Cut(l.Name, access.ByApplication)
	return name, ok && l.Role == store.Person
}

// act is what was done, as people tell it apart.
func act(l store.Access) string {
	switch l.Action {
	case store.ActCreate, store.ActUpdate, store.ActDelete:
		return "write"
	case store.ActIdentify:
		return "identify"
	case access.ActGuardian:
		return "guardian"
	}
	return "read"
}

func why(ctx context.Context, l store.Access) string {
	if l.Purpose == store.Emergency {
		return emergency(ctx, l)
	}
	act := act(l)
	if _, app := application(l); l.Purpose == store.OwnRequest && !app {
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

// emergency says that a record was opened in an emergency, or read after, and
// the reason that was given.
func emergency(ctx context.Context, l store.Access) string {
	said := web.T(ctx, "book.act.emergency", parts(ctx, l.Types))
	if l.Action == store.ActBreak {
		said = web.T(ctx, "book.act.break")
	}
	if l.Reason != "" {
		said += " " + web.T(ctx, "book.act.emergency.reason", l.Reason)
	}
	return said
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

// amount writes "38.5 °C" of a LOINC code in the reader's way; what is no number
// stays as it is.
func amount(ctx context.Context, code, words string) string {
	number, unit, _ := strings.Cut(words, " ")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return words
	}
	_, digits, _ := strings.Cut(number, ".")
	return web.Quantity(ctx, v, len(digits), content.UnitWord(code, unit, web.LangOf(ctx)))
}
