// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// fillReporting leaves case work as a morning finds it: cases of the hospital,
// handed on or not, one reported twice, results, a death, messages of a village
// and a labelled disease.
func (g *generator) fillReporting(ctx context.Context, tell func(done, total int)) error {
	k := len(g.communes)
	if g.plan.People <= k*48 { // too few people: nobody to spare
		return nil
	}
	p := func(i int) person { return g.person(k * (40 + i)) } // all of the first commune
	hospital, cdc, home := g.facilities[g.plan.id("hospital")], g.facilities[g.plan.id("cdc")], g.communes[0]
	today := g.plan.Date
	own := g.sick(p(0), "own", today-4, store.StationDirector, g.facilities[g.station(home)])
	grave := g.sick(p(1), "grave", today-6, store.StationDirector, g.facilities[g.station(home)])
	steps := []struct {
		at        facility
		account   string
		resources []any
	}{
		{hospital, "system", g.ofHospital(p, hospital)},
		{cdc, "system", []any{g.handed("asked", g.sick(p(3), "asked", today-1, "", hospital), ""), g.handed("taken", g.sick(p(4), "taken", today-3, "", hospital), g.facilities[g.station(home)].one(store.StationDirector).name)}},
		{g.facilities[g.station(home)], "system", append([]any{own, grave}, g.ofStation(p)...)},
		{cdc, "demo.cdc", []any{decided(own, "refuted", "PCR âm tính, cúm A dương tính")}}, // what the centre says comes back as news
	}
	for i, s := range steps {
		a := g.system()
		a.Account, a.Facility, a.Unit = s.account, s.at.id, s.at.unit.ID
		if err := g.write(ctx, a, s.resources); err != nil {
			return err
		}
		tell(i+1, len(steps))
	}
	return nil
}

// sick is the report of a dengue case by a facility.
func (g *generator) sick(p person, key string, day vn.Date, role store.Role, by facility) fhir.Condition {
	if role == "" {
		role = store.HospitalReporter
	}
	return fhir.Condition{
		ID: g.plan.id("reporting " + key), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""), ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		Code:    fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A97.0"}, {System: casereport.SystemDisease, Code: "dengue"}}, Text: "Sốt xuất huyết Dengue"},
		Subject: fhir.Ref("Patient", p.id), OnsetDateTime: (day - 2).String(), RecordedDate: fhir.Instant(g.plan.passed(day, 6, 5)),
		Recorder:  fhir.Ref("Practitioner", by.one(role).practitioner),
		Extension: []fhir.Extension{fhir.Unit(p.commune.Code, p.commune.From.String(), p.commune.Full())},
	}
}

// ofHospital are three reports, one of somebody whom the hospital registered
// without a number, and so a second time.
func (g *generator) ofHospital(p func(int) person, hospital facility) []any {
	today, twice := g.plan.Date, p(3)
	twice.id, twice.number = g.plan.id("reporting twice"), ""
	patient := twice.resource(g.contacts(twice), g)
	patient.Identifier, patient.ManagingOrganization = nil, fhir.Reference{}
	return []any{
		g.sick(p(2), "new", today, "", hospital), g.sick(p(3), "asked", today-1, "", hospital), g.sick(p(4), "taken", today-3, "", hospital),
		patient, g.sick(twice, "twice", today, "", hospital),
		g.tested(p(4), "sent", "RT-PCR Dengue", "Dương tính", today-1),
	}
}

// handed is a case that the centre gave to the station of residence; by is who
// acknowledged, "" for nobody yet.
func (g *generator) handed(key string, c fhir.Condition, by string) fhir.Task {
	t := fhir.Task{
		ID: g.plan.id("handed " + key), Status: "requested", Intent: "order", Code: fhir.Code(fhir.CSTask, "case-handover", ""),
		Focus: fhir.Ref("Condition", c.ID), For: c.Subject, AuthoredOn: fhir.Instant(at(g.plan.Date-1, 9, 0)),
		Requester: fhir.Ref("Organization", g.plan.id("cdc")), Owner: fhir.Ref("Organization", g.station(g.communes[0])),
	}
	if by != "" {
		t.Status, t.Note = "accepted", []fhir.Annotation{{Time: fhir.Instant(at(g.plan.Date-1, 10, 20)), Text: by}}
	}
	return t
}

// ofStation are a result that nobody has diagnosed, a death, two messages of a
// village and a labelled diagnosis.
func (g *generator) ofStation(p func(int) person) []any {
	today, home := g.plan.Date, g.communes[0]
	dead := p(1).resource(g.contacts(p(1)), g)
	dead.DeceasedDateTime = fhir.Instant(at(today-1, 15, 40))
	out := []any{g.tested(p(5), "found", "Dengue NS1 test nhanh", "Dương tính", today-1), dead}
	out = append(out, g.visitFor(p(6), "closed", today-1, complaint{code: "A53.9", name: "Giang mai", reason: "Khám da liễu", drug: "Benzathin penicilin", dose: "tiêm bắp một liều"}, g.plan.rng("closed"))...)
	worker := g.facilities[g.station(home)].one(store.VillageWorker)
	for i, m := range []struct{ who, where, what, answer string }{
		{"Nguyễn Văn Tí", "Thôn 2, nhà cạnh ao", "Sốt cao hai ngày, nổi chấm đỏ ở tay", ""},
		{"Trần Thị Na", "Thôn 5", "Ho, sổ mũi", "Đã khám: cảm lạnh, không phải ca bệnh"},
	} {
		who, err := fhir.New(fhir.Patient{ID: "who", Name: []fhir.HumanName{{Text: m.who}}, BirthDate: fmt.Sprint(2016 + 3*i), Address: []fhir.Address{{Text: m.where}}})
		if err != nil {
			continue
		}
		message := fhir.Communication{
			ID: g.plan.id(fmt.Sprintf("message %d", i)), Status: "completed", Contained: []fhir.Raw{fhir.Raw(who.Bytes())},
			Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-message", "")}, About: []fhir.Reference{{Reference: "#who"}},
			Sent: fhir.Instant(g.plan.passed(today-vn.Date(i), 6, 10)), Sender: fhir.Reference{Reference: "Practitioner/" + worker.practitioner, Display: worker.name},
			Recipient: []fhir.Reference{fhir.Ref("Organization", g.station(home))},
			Payload:   []fhir.Payload{{ContentString: m.what}, {ContentString: (today - 2).String()}},
		}
		out = append(out, message)
		if m.answer != "" {
			out = append(out, fhir.Communication{ID: g.plan.id("answer"), Status: "completed", Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-message-answer", "")},
				InResponseTo: []fhir.Reference{fhir.Ref("Communication", message.ID)}, Payload: []fhir.Payload{{ContentString: m.answer}}})
		}
	}
	return out
}

// tested is a laboratory result of the station's.
func (g *generator) tested(p person, key, name, answer string, day vn.Date) fhir.Observation {
	return fhir.Observation{
		ID: g.plan.id("tested " + key), Status: "final", Category: []fhir.CodeableConcept{fhir.Code(fhir.ObservationCategory, "laboratory", "")},
		Code: fhir.Words(name), Subject: fhir.Ref("Patient", p.id), EffectiveDateTime: fhir.Instant(at(day, 9, 0)), Issued: fhir.Instant(at(day, 15, 0)),
		ValueCodeableConcept: fhir.Words(answer), Performer: []fhir.Reference{{Display: "Khoa xét nghiệm"}},
	}
}

// decided is a later version of a report.
func decided(c fhir.Condition, status, why string) fhir.Condition {
	c.VerificationStatus = fhir.Code(fhir.ConditionVerStatus, status, "")
	c.Note = []fhir.Annotation{{Text: why}}
	return c
}
