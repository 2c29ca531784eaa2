// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mach/content"
	"mach/fhir"
	"mach/vn"
	"mach/web"
	"mach/web/components/banner"
	"mach/web/components/field"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

func escape(s string) string { return url.QueryEscape(s) }

func sexWord(ctx context.Context, sex string) string {
	switch sex {
	case "male", "female":
		return web.T(ctx, "station.sex."+sex)
	}
	return web.T(ctx, "station.sex.unknown")
}

// birthWord writes a FHIR birth date as people do; what cannot be read stays
// as it is.
func birthWord(iso string) string {
	p, err := vn.ParsePartialDate(iso)
	if err != nil {
		return iso
	}
	return printed(p)
}

func bannerOf(ctx context.Context, p Person, h1 bool) banner.Props {
	birth, _ := vn.ParsePartialDate(p.Birth)
	age, _ := vn.AgeOn(birth, vn.DateOf(web.Now(ctx)))
	return banner.Props{
		Name: p.Name, Href: "/tram/nguoi/" + p.Patient, Sex: sexWord(ctx, p.Sex), Birth: birth, Age: age,
		Number: p.Number, Address: p.Address, H1: h1,
	}
}

func warned(b banner.Props, dangers []string) banner.Props {
	b.Dangers = dangers
	return b
}

// meta is sex, age and birth date on one line.
func meta(ctx context.Context, sex, birth string) string {
	out := sexWord(ctx, sex)
	if p, err := vn.ParsePartialDate(birth); err == nil {
		if age, ok := vn.AgeOn(p, vn.DateOf(web.Now(ctx))); ok {
			out += " · " + web.Age(ctx, age)
		}
	}
	if birth != "" {
		out += " · " + birthWord(birth)
	}
	return out
}

func peopleRows(ctx context.Context, people []Person) []worklist.Row {
	rows := make([]worklist.Row, len(people))
	for i, p := range people {
		rows[i] = worklist.Row{
			ID: "p-" + p.Patient, Name: p.Name, Href: "/tram/nguoi/" + p.Patient,
			Meta: meta(ctx, p.Sex, p.Birth), Why: p.Address,
			Action: web.Link{Text: web.T(ctx, "station.arrive"), Href: "/tram/nguoi/" + p.Patient},
			Post:   "/tram/nguoi/" + p.Patient + "/so",
		}
		if p.Stranger {
			rows[i].Href = ""
		}
	}
	return rows
}

// queueRows turns today's visits into lines whose one button is the reader's
// next act.
func queueRows(ctx context.Context, p queueData) []worklist.Row {
	rows, next := make([]worklist.Row, len(p.Rows)), true
	for i, w := range p.Rows {
		r := worklist.Row{
			ID: "v-" + w.Encounter, Lead: w.Number, Name: w.Name, Href: "/tram/nguoi/" + w.Patient,
			Meta: meta(ctx, w.Sex, w.Birth), Why: w.Diagnosis,
		}
		if w.Facility != p.Site { // numbers of a sub-site are its own
			r.Meta += " · " + w.Place
		}
		if mayTreat(p.Role) {
			r.Href = "/tram/luot-kham/" + w.Encounter
		}
		switch w.Status {
		case "finished":
			r.State, r.Tone = web.T(ctx, "station.state.signed"), tag.Good
		case "in-progress":
			r.State, r.Tone = web.T(ctx, "station.state.measured"), tag.Info
		default:
			r.State, r.Tone = web.T(ctx, "station.state.waits", web.Clock(w.Arrived)), tag.Plain
		}
		if day := vn.DateOf(w.Arrived); day < p.Day {
			r.State, r.Tone = web.T(ctx, "station.state.old", web.Date(ctx, day)), tag.Warning
		}
		if w.Status != "finished" && mayTreat(p.Role) {
			key := "station.do.measure"
			if mayExamine(p.Role) {
				key = "station.do.examine"
			}
			r.Action = web.Link{Text: web.T(ctx, key), Href: "/tram/luot-kham/" + w.Encounter}
			r.Primary, next = next, false
		} else if w.Status == "arrived" && p.Front {
			r.Action, r.Post = web.Link{Text: web.T(ctx, "station.leave")}, "/tram/luot-kham/"+w.Encounter+"/ve"
		}
		rows[i] = r
	}
	return rows
}

func receptionLink(ctx context.Context, p queueData) web.Link {
	if !p.Front {
		return web.Link{}
	}
	return web.Link{Text: web.T(ctx, "station.reception"), Href: "/tram/tiep-don"}
}

func visitRows(ctx context.Context, p personData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Visits))
	for i, v := range p.Visits {
		rows[i] = worklist.Row{
			ID: "v-" + v.Encounter, Lead: web.Date(ctx, vn.DateOf(v.Arrived)), Name: v.Diagnosis, Meta: v.Place,
		}
		if rows[i].Name == "" {
			rows[i].Name = web.T(ctx, "station.visit.no_diagnosis")
		}
		if p.Treats {
			rows[i].Href = "/tram/luot-kham/" + v.Encounter
		}
		if v.Status == "finished" {
			rows[i].State, rows[i].Tone = web.T(ctx, "station.state.signed"), tag.Good
		} else {
			rows[i].State, rows[i].Tone = web.T(ctx, stateKey(v.Status)), tag.Info
		}
	}
	return rows
}

// stateKey says how a visit stands that is not signed.
func stateKey(status string) string {
	if editable(Visit{Status: status}) != nil {
		return "station.visit.cancelled"
	}
	return "station.visit.draft"
}

func communes(list []vn.Unit) []field.Option {
	out := make([]field.Option, len(list))
	for i, u := range list {
		out[i] = field.Option{Value: strconv.Itoa(int(u.ID)), Text: u.Full()}
	}
	return out
}

func communeHint(ctx context.Context, p registerData) string {
	if len(p.Candidates) > 1 {
		return web.T(ctx, "station.person.commune.candidates", len(p.Candidates))
	}
	return ""
}

func vitalField(ctx context.Context, p visitData, v vital) field.Props {
	f := field.Props{Name: v.Field, Label: web.T(ctx, "station.vital."+v.Field), Unit: content.UnitWord(v.Code, v.Unit, web.LangOf(ctx)), Short: true, Mode: "decimal"}
	if last, ok := p.Last[v.Code]; ok {
		f.Last, f.LastOn = amount(ctx, last), vn.DateOf(last.At)
	}
	return f
}

func vitalName(ctx context.Context, code string) string {
	for _, v := range vitals {
		if v.Code == code {
			return web.T(ctx, "station.vital."+v.Field)
		}
	}
	return code
}

func diagnosisLabel(ctx context.Context, i int) string {
	if i == 0 {
		return web.T(ctx, "station.diagnosis.main")
	}
	return web.T(ctx, "station.diagnosis.other", i)
}

func diagnosisOptions(v Visit) []field.Option {
	out := make([]field.Option, len(v.Diagnoses))
	for i, d := range v.Diagnoses {
		out[i] = field.Option{Value: v.Conditions[i], Text: label(d)}
	}
	return out
}

func correctLink(ctx context.Context, p visitData) web.Link {
	if !p.Examines || len(p.Diagnoses) == 0 {
		return web.Link{}
	}
	return web.Link{Text: web.T(ctx, "station.correct"), Href: "/tram/luot-kham/" + p.ID + "/sua"}
}

// drugNames are the medicines of the station's list, for the field.
var drugNames = sync.OnceValue(func() []string {
	all := content.Drugs().All()
	out := make([]string, len(all))
	for i, d := range all {
		out[i] = d.Label()
	}
	return out
})

// readings are names and values as they are read aloud: both numbers of the
// blood pressure together.
func readings(ctx context.Context, list []Measure) [][2]string {
	var out [][2]string
	lower := slices.IndexFunc(list, func(m Measure) bool { return m.Code == fhir.LOINCDiastolic })
	for i, m := range list {
		switch {
		case m.Code == fhir.LOINCSystolic && lower >= 0:
			out = append(out, [2]string{web.T(ctx, "station.vital.pressure"), number(ctx, m) + "/" + amount(ctx, list[lower])})
		case i == lower && slices.ContainsFunc(list, func(m Measure) bool { return m.Code == fhir.LOINCSystolic }):
		default:
			out = append(out, [2]string{vitalName(ctx, m.Code), amount(ctx, m)})
		}
	}
	return out
}

// number is a value without its unit.
func number(ctx context.Context, m Measure) string {
	m.Unit = ""
	return strings.TrimSpace(amount(ctx, m))
}

// amount writes a value with the digits it was recorded with, in the reader's
// way; what is no number stays as it is.
func amount(ctx context.Context, m Measure) string {
	unit := content.UnitWord(m.Code, m.Unit, web.LangOf(ctx))
	v, err := strconv.ParseFloat(m.Value, 64)
	if err != nil {
		return m.Value + " " + unit
	}
	_, digits, _ := strings.Cut(m.Value, ".")
	return web.Quantity(ctx, v, len(digits), unit)
}
