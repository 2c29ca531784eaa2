// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// endemic are diseases with a yearly course in every commune: mean cases a
// year in a commune of 30,000 people, and the month of the peak.
var endemic = []struct {
	code, name string
	yearly     float64
	peak       float64
}{
	{"A97.0", "Sốt xuất huyết Dengue", 14, 9},
	{"B08.4", "Bệnh tay chân miệng", 16, 4},
	{"J10.1", "Cúm", 18, 1},
	{"B05.9", "Sởi", 1.2, 3},
	{"B01.9", "Thủy đậu", 8, 3},
}

// reportLag is how many days back diagnoses still have no case report: the
// drafts of the demonstration.
const reportLag = 1

// reportOf is the case report of a notifiable diagnosis, sent by the director
// on the day after; nil for other diagnoses and for those of the last days.
func (g *generator) reportOf(p person, cause fhir.Condition, day vn.Date, r *rand.Rand) any {
	code := cause.Code.Coding[0].Code
	if _, notifiable := g.diseases.Series(code); !notifiable || day > g.plan.Date-reportLag-1 {
		return nil
	}
	status := "provisional"
	if r.IntN(3) == 0 {
		status = "confirmed"
	}
	director := g.facilities[p.station].one(store.StationDirector)
	return fhir.Condition{
		ID: g.plan.id("case of " + cause.ID), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")},
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, status, ""),
		ClinicalStatus:     fhir.Code(fhir.ConditionClinical, "active", ""),
		Code:               cause.Code, Subject: cause.Subject, Encounter: cause.Encounter,
		OnsetDateTime: cmp.Or(cause.OnsetDateTime, (day - vn.Date(1+r.IntN(3))).String()), RecordedDate: fhir.Instant(at(day, 16, 0)),
		Recorder:  fhir.Ref("Practitioner", director.practitioner),
		Evidence:  []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("Condition", cause.ID)}}},
		Extension: []fhir.Extension{fhir.Unit(p.commune.Code, p.commune.From.String(), p.commune.Full())},
	}
}

// crowd is the Group that stands for the people of a commune who have no
// record of their own: the minimal cases are about it.
func (g *generator) crowd(commune vn.Unit) fhir.Group {
	return fhir.Group{
		ID: g.plan.id("crowd " + commune.Code), Type: "person", Actual: true, Name: "Người dân " + commune.Full() + " (ca tổng hợp)",
		Extension: []fhir.Extension{fhir.Unit(commune.Code, commune.From.String(), commune.Full())},
	}
}

// minimalCases are the notifiable cases of one commune in one year of the
// plan, counted back from its date: date, disease and place, no person.
func (g *generator) minimalCases(commune vn.Unit, year int) []any {
	r := g.plan.rng(fmt.Sprintf("cases %s %d", commune.Code, year))
	last := g.plan.Date - vn.Date(365*year) - 1
	size := 1.0
	if commune.Population > 0 {
		size = min(float64(commune.Population)/30_000, 2)
	}
	lags := g.plan.rng(fmt.Sprintf("lags %s %d", commune.Code, year))
	var out []any
	for _, d := range endemic {
		wave := 0.75 + 0.5*g.plan.rng(fmt.Sprintf("wave %s %d", d.code, year)).Float64() // good and bad years
		for day := last - 364; day <= last; day++ {
			mean := d.yearly * size * wave / 365 * season(int(day.Partial().Month), d.peak) / meanSeason(d.peak)
			for range poisson(r, mean) {
				c := g.minimalCase(commune, d.code, d.name, day, len(out), year, r)
				if day >= g.plan.Date-lagged && !g.sentLate(&c, day, lags) {
					continue
				}
				out = append(out, c)
			}
		}
	}
	return out
}

// lagged is how many days back cases say when they were sent: as far as delays
// are learned from.
const lagged = 120

// sentLate says on a case when it was sent, most within three days and some after
// two weeks; false when it is still on its way on the day of the plan. So the last
// weeks lack cases, as they do everywhere.
func (g *generator) sentLate(c *fhir.Condition, day vn.Date, r *rand.Rand) bool {
	sent := day
	for r.IntN(5) >= 2 && sent < day+20 {
		sent++
	}
	c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtReported, ValueDateTime: fhir.Instant(at(sent, 17, 0))})
	return sent < g.plan.Date
}

// meanSeason is the mean weight of a year, so that a year has its cases.
func meanSeason(peak float64) float64 {
	sum := 0.0
	for month := 1; month <= 12; month++ {
		sum += season(month, peak)
	}
	return sum / 12
}

func (g *generator) minimalCase(commune vn.Unit, code, name string, day vn.Date, n, year int, r *rand.Rand) fhir.Condition {
	status := "provisional"
	if r.IntN(4) == 0 {
		status = "confirmed"
	}
	return fhir.Condition{
		ID:                 g.plan.id(fmt.Sprintf("minimal %s %d %s %d", commune.Code, year, code, n)),
		Category:           []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")},
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, status, ""),
		ClinicalStatus:     fhir.Code(fhir.ConditionClinical, "resolved", ""),
		Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: code, Display: name}}, Text: name},
		Subject:            fhir.Ref("Group", g.plan.id("crowd "+commune.Code)),
		RecordedDate:       fhir.Instant(at(day, 15, 0)),
		Extension:          []fhir.Extension{fhir.Unit(commune.Code, commune.From.String(), commune.Full())},
	}
}

// outbreak is a planted rise in the last weeks before the plan's date.
type outbreak struct {
	commune    vn.Unit
	code, name string
	cases      int
	days       int
}

// outbreaks are the two that every demonstration has: dengue in the first
// commune with full records, hand, foot and mouth disease in another commune.
func (g *generator) outbreaks() []outbreak {
	other := g.all[len(g.all)/2]
	for i := len(g.all) / 2; g.full(other); i++ {
		other = g.all[i%len(g.all)]
	}
	return []outbreak{
		{g.communes[0], "A97.0", "Sốt xuất huyết Dengue", 21, 18},
		{other, "B08.4", "Bệnh tay chân miệng", 26, 16},
	}
}

// planted are the cases of an outbreak, more of them the nearer the date.
func (g *generator) planted(o outbreak) []any {
	r := g.plan.rng("outbreak " + o.commune.Code + o.code)
	out := make([]any, o.cases)
	for n := range out {
		back := 2 + int(float64(o.days)*r.Float64()*r.Float64())
		out[n] = g.minimalCase(o.commune, o.code, o.name, g.plan.Date-vn.Date(back), 1000+n, -1, r)
	}
	return out
}
