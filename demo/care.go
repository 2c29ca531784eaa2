// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// complaint is why somebody comes, how often, and what is done.
type complaint struct {
	code, name, reason, drug, dose string
	from, to                       int // ages
	weight                         float64
	peak                           float64 // month of the peak; 0 = all year
}

// complaints are common reasons to come to a commune station. Notifiable ones
// among them become case reports.
var complaints = []complaint{
	{"J06.9", "Nhiễm khuẩn đường hô hấp trên", "Ho, sốt nhẹ, đau họng", "Paracetamol 500 mg", "uống 1 viên khi sốt trên 38,5 °C, cách nhau 6 giờ", 0, 120, 22, 12},
	{"J20.9", "Viêm phế quản cấp", "Ho có đờm 4 ngày", "Amoxicilin 500 mg", "uống 1 viên, ngày 3 lần, 5 ngày", 3, 120, 7, 1},
	{"I10", "Tăng huyết áp vô căn", "Khám định kỳ huyết áp", "Amlodipin 5 mg", "uống 1 viên buổi sáng", 45, 120, 30, 0},
	{"E11.9", "Đái tháo đường típ 2", "Khám định kỳ đường huyết", "Metformin 500 mg", "uống 1 viên sau ăn sáng và tối", 45, 120, 9, 0},
	{"K29.7", "Viêm dạ dày", "Đau thượng vị sau ăn", "Omeprazol 20 mg", "uống 1 viên trước ăn sáng, 14 ngày", 18, 120, 8, 0},
	{"A09", "Tiêu chảy nghi do nhiễm khuẩn", "Đi ngoài phân lỏng nhiều lần", "Oresol gói 4,1 g", "pha 1 gói với 200 ml nước, uống dần", 0, 120, 7, 7},
	{"M54.5", "Đau thắt lưng", "Đau lưng khi cúi", "Paracetamol 500 mg", "uống 1 viên khi đau, ngày không quá 4 viên", 25, 120, 9, 0},
	{"L30.9", "Viêm da", "Ngứa, nổi mẩn", "Cetirizin 10 mg", "uống 1 viên buổi tối, 5 ngày", 0, 120, 5, 5},
	{"H10.9", "Viêm kết mạc", "Đỏ mắt, chảy nước mắt", "Cloramphenicol 0,4 % nhỏ mắt", "nhỏ 1 giọt, ngày 4 lần", 2, 120, 3, 9},
	{"N39.0", "Nhiễm khuẩn đường tiết niệu", "Tiểu buốt, tiểu rắt", "Ciprofloxacin 500 mg", "uống 1 viên, ngày 2 lần, 3 ngày", 16, 120, 3, 0},
	{"J45.9", "Hen phế quản", "Khó thở, khò khè về đêm", "Salbutamol xịt 100 µg", "xịt 2 nhát khi khó thở", 5, 120, 3, 12},
	{"A97.0", "Sốt xuất huyết Dengue không có dấu hiệu cảnh báo", "Sốt cao đột ngột ngày thứ 3, đau đầu, mỏi cơ", "Paracetamol 500 mg", "uống 1 viên khi sốt trên 38,5 °C", 3, 120, 1.2, 9},
	{"B08.4", "Bệnh tay chân miệng", "Sốt, nổi bọng nước ở tay, chân và miệng", "Paracetamol 150 mg", "uống 1 gói khi sốt", 0, 6, 4, 4},
	{"J10.1", "Cúm", "Sốt, đau người, ho khan", "Paracetamol 500 mg", "uống 1 viên khi sốt", 1, 120, 2, 1},
	{"B01.9", "Thủy đậu", "Nổi bọng nước rải rác, sốt nhẹ", "Xanh methylen 1 %", "chấm lên nốt bọng nước, ngày 2 lần", 1, 30, 1, 3},
	{"B05.9", "Sởi", "Sốt, phát ban, ho, mắt đỏ", "Vitamin A 200.000 đơn vị", "uống 1 viên hôm nay và 1 viên ngày mai", 0, 20, 0.15, 3},
}

// season is the weight of a month for a peak: smooth over the year, strongest
// at the peak.
func season(month int, peak float64) float64 {
	if peak == 0 {
		return 1
	}
	return math.Exp(1.6 * (math.Cos(2*math.Pi*(float64(month)-peak)/12) - 1))
}

func complaintOf(r *rand.Rand, age, month int) complaint {
	weights := make([]float64, len(complaints))
	for i, c := range complaints {
		if age >= c.from && age < c.to {
			weights[i] = c.weight * season(month, c.peak)
		}
	}
	return complaints[weighted(r, weights)]
}

// visits makes the past visits of a person, oldest first: more for the very
// young and the old.
func (g *generator) visits(p person) []any {
	r := g.plan.rng(fmt.Sprintf("visits %d", p.index))
	age := p.ageOn(g.plan.Date)
	mean := 0.7
	switch {
	case age < 6:
		mean = 1.8
	case age >= 60:
		mean = 2.2
	case age >= 45:
		mean = 1.3
	}
	var out []any
	for n := range poisson(r, mean) {
		back := 2 + r.IntN(365)
		day := g.plan.Date - vn.Date(back)
		if day < p.birth {
			continue
		}
		out = append(out, g.visit(p, n, day, r)...)
	}
	return out
}

// visit is one signed visit with its parts.
func (g *generator) visit(p person, n int, day vn.Date, r *rand.Rand) []any {
	c := complaintOf(r, p.ageOn(day), int(day.Partial().Month))
	return g.visitFor(p, fmt.Sprintf("%d %d", p.index, n), day, c, r)
}

func (g *generator) visitFor(p person, key string, day vn.Date, c complaint, r *rand.Rand) []any {
	station := g.facilities[p.station]
	doctor, nurse := station.one(store.Doctor), station.one(store.Nurse)
	hour, minute := 7+r.IntN(9), r.IntN(60)
	if day >= g.plan.Date {
		hour, minute = 6, r.IntN(30)
	}
	began, ended := fhir.Instant(g.plan.passed(day, hour, minute)), fhir.Instant(g.plan.passed(day, hour, minute+25))
	id := func(part string) string { return g.plan.id("visit " + key + " " + part) }
	subject, encounter := fhir.Ref("Patient", p.id), fhir.Ref("Encounter", id("encounter"))
	condition := fhir.Condition{
		ID: id("condition"), ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
		Category:           []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
		Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: c.code, Display: c.name}}, Text: c.name},
		Subject:            subject, Encounter: encounter, RecordedDate: ended, Recorder: fhir.Ref("Practitioner", doctor.practitioner),
	}
	asked := g.asked(p, key, c.code, day, &condition)
	out := []any{
		fhir.Encounter{
			ID: id("encounter"), Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB", Display: "ambulatory"},
			Subject: subject, Period: fhir.Period{Start: began, End: ended}, ReasonCode: []fhir.CodeableConcept{fhir.Words(c.reason)},
			Participant: []fhir.EncounterParticipant{{
				Type:       []fhir.CodeableConcept{fhir.Code(fhir.ParticipationType, "ATND", "attender")},
				Individual: fhir.Ref("Practitioner", doctor.practitioner),
			}},
			Diagnosis:       []fhir.EncounterDiagnosis{{Condition: fhir.Ref("Condition", condition.ID), Rank: 1}},
			ServiceProvider: fhir.Ref("Organization", p.station),
		},
		condition,
		fhir.MedicationRequest{
			ID: id("medicine"), Status: "active", Intent: "order", MedicationCodeableConcept: fhir.Words(c.drug),
			Subject: subject, Encounter: encounter, AuthoredOn: ended, Requester: fhir.Ref("Practitioner", doctor.practitioner),
			DosageInstruction: []fhir.Dosage{{Text: c.dose}},
		},
	}
	if lasting[c.code[:3]] && day > g.plan.Date-60 {
		out = append(out, g.again(p, encounter, id("appointment"), day+28))
	}
	out = append(out, g.measures(p, c, day, id, began, nurse, r)...)
	if asked != nil {
		out = append(out, fhir.QuestionnaireResponse{
			ID: id("asked"), Questionnaire: fhir.QuestionnaireVisit, Status: "completed", Subject: subject, Encounter: encounter,
			Authored: ended, Author: fhir.Ref("Practitioner", doctor.practitioner), Item: asked,
		})
	}
	if report := g.reportOf(p, condition, day, r); report != nil {
		out = append(out, report)
	}
	return out
}

// asked is what a visit asked for a case report; nil when its diagnosis is not
// notifiable. The day of onset goes into the diagnosis.
func (g *generator) asked(p person, key, code string, day vn.Date, cause *fhir.Condition) []fhir.ResponseItem {
	if _, _, ok := casereport.AskedAt(code, day, g.diseases, nil); !ok {
		return nil
	}
	r := g.plan.rng("asked " + key)
	cause.OnsetDateTime = (day - vn.Date(1+r.IntN(3))).String()
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	place := pick("Khu công nghiệp Quế Võ", "Chợ xã", "Đồng ruộng trong xã")
	switch age := p.ageOn(day); {
	case age < 6:
		place = pick("Trường mầm non xã", "Ở nhà")
	case age < 18:
		place = "Trường học trong xã"
	}
	return casereport.Items(map[string]string{
		"workplace": place, "travel": pick("Không", "Không", "Về quê 3 ngày"), "contact": pick("no", "no", "unknown", "yes"),
		"vaccinated": pick("no", "unknown"), "sampled": "no",
	})
}

// lasting are the diagnoses whose people come each month.
var lasting = map[string]bool{"I10": true, "E11": true, "J45": true}

// again is the appointment for the next visit.
func (g *generator) again(p person, encounter fhir.Reference, id string, day vn.Date) fhir.Appointment {
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day++
	}
	return fhir.Appointment{
		ID: id, Status: "booked", Description: "Khám lại, lĩnh thuốc", Start: fhir.Instant(at(day, 8, 0)), End: fhir.Instant(at(day, 8, 20)),
		SupportingInformation: []fhir.Reference{encounter},
		Participant: []fhir.AppointmentParticipant{
			{Actor: fhir.Ref("Patient", p.id), Status: "accepted"}, {Actor: fhir.Ref("Practitioner", g.facilities[p.station].one(store.Doctor).practitioner), Status: "accepted"},
		},
	}
}

// measures are blood pressure for adults, temperature for fevers, weight for
// all.
func (g *generator) measures(p person, c complaint, day vn.Date, id func(string) string, when string, nurse post, r *rand.Rand) []any {
	base := func(part, code, display string) fhir.Observation {
		return fhir.Observation{
			ID: id(part), Status: "final", Category: []fhir.CodeableConcept{fhir.Code(fhir.ObservationCategory, "vital-signs", "Vital Signs")},
			Code: fhir.Code(fhir.LOINC, code, display), Subject: fhir.Ref("Patient", p.id), Encounter: fhir.Ref("Encounter", id("encounter")),
			EffectiveDateTime: when, Performer: []fhir.Reference{fhir.Ref("Practitioner", nurse.practitioner)},
		}
	}
	age := p.ageOn(day)
	var out []any
	if age >= 18 {
		mean := 112 + float64(age)*0.3
		if c.code == "I10" {
			mean += 22
		}
		sys := math.Round(mean + r.NormFloat64()*10)
		pressure := base("pressure", fhir.LOINCBloodPressure, "Blood pressure panel")
		pressure.Component = []fhir.ObservationComponent{
			{Code: fhir.Code(fhir.LOINC, fhir.LOINCSystolic, "Systolic blood pressure"), ValueQuantity: fhir.Measure(fhir.NewDecimal(sys, 0), "mmHg", "mm[Hg]")},
			{Code: fhir.Code(fhir.LOINC, fhir.LOINCDiastolic, "Diastolic blood pressure"), ValueQuantity: fhir.Measure(fhir.NewDecimal(math.Round(sys*0.62+r.NormFloat64()*5), 0), "mmHg", "mm[Hg]")},
		}
		out = append(out, pressure)
	}
	if c.code[0] == 'J' || c.code[0] == 'A' || c.code[0] == 'B' {
		t := base("temperature", fhir.LOINCTemperature, "Body temperature")
		t.ValueQuantity = fhir.Measure(fhir.NewDecimal(37.2+math.Abs(r.NormFloat64())*0.9, 1), "°C", "Cel")
		out = append(out, t)
	}
	weight := base("weight", fhir.LOINCWeight, "Body weight")
	weight.ValueQuantity = fhir.Measure(fhir.NewDecimal(weightAt(age, p.female, r), 1), "kg", "kg")
	return append(out, weight)
}

// weightAt is a plausible weight in kg.
func weightAt(age int, female bool, r *rand.Rand) float64 {
	grown := 60.0
	if female {
		grown = 52
	}
	if age < 18 {
		grown = 3.5 + (grown-3.5)*float64(age+1)/19
	}
	return math.Max(2.5, grown*(1+r.NormFloat64()*0.1))
}

func poisson(r *rand.Rand, mean float64) int {
	limit, product, n := math.Exp(-mean), r.Float64(), 0
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}

// doses are the childhood immunisations a child under five should have had by
// the date; one in twenty is late.
func (g *generator) doses(p person) []any {
	if p.ageOn(g.plan.Date) >= 5 {
		return nil
	}
	r := g.plan.rng(fmt.Sprintf("doses %d", p.index))
	var out []any
	for i, d := range childhood {
		day := p.birth + vn.Date(d.days+r.IntN(10))
		if day >= g.plan.Date || r.IntN(20) == 0 {
			continue
		}
		out = append(out, fhir.Immunization{
			ID: g.plan.id(fmt.Sprintf("dose %d %d", p.index, i)), Status: "completed",
			VaccineCode: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.CVX, Code: d.cvx}}, Text: d.name},
			Patient:     fhir.Ref("Patient", p.id), OccurrenceDateTime: day.String(),
			ProtocolApplied: []fhir.ProtocolApplied{{DoseNumberPositiveInt: d.number}},
		})
	}
	return out
}

// childhood is the basic schedule as practised (TT 52/2025; ages in days
// rounded; codes CVX).
var childhood = []struct {
	name, cvx string
	number    int
	days      int
}{
	{"Viêm gan B sơ sinh", "08", 1, 0}, {"BCG", "19", 1, 14}, {"DPT-VGB-Hib mũi 1", "102", 1, 61}, {"OPV lần 1", "178", 1, 61},
	{"DPT-VGB-Hib mũi 2", "102", 2, 92}, {"OPV lần 2", "178", 2, 92}, {"DPT-VGB-Hib mũi 3", "102", 3, 122}, {"OPV lần 3", "178", 3, 122},
	{"IPV mũi 1", "10", 1, 153}, {"Sởi mũi 1", "05", 1, 275}, {"Viêm não Nhật Bản mũi 1", "39", 1, 366}, {"Sởi–rubella", "04", 1, 549},
}
