// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"testing"
	"time"
)

// benchDocs are resources of the size that a station writes.
var benchDocs = []struct {
	name string
	doc  *Doc
}{
	{"Patient", MustNew(Patient{
		ID: "0193b2f1-0000-7000-8000-000000000001", Active: new(true),
		Meta:       Meta{VersionID: "1", LastUpdated: "2026-11-21T01:30:00.000000Z"},
		Identifier: []Identifier{PersonalNumber("024190000001"), InsuranceNumber("DN4012345678901")},
		Name:       []HumanName{{Use: "official", Text: "Nguyễn Văn An", Family: "Nguyễn", Given: []string{"Văn", "An"}}},
		Telecom:    []ContactPoint{{System: "phone", Value: "0912345678", Use: "mobile"}},
		Gender:     "male", BirthDate: "1990-04-12",
		Address: []Address{{Use: "home", Text: "Thôn Đông, xã Tiên Du, Bắc Ninh", Country: "VN",
			Extension: []Extension{Unit("09319", "2025-07-01", "Xã Tiên Du")}}},
		ManagingOrganization: Ref("Organization", "0193b2f1-0000-7000-8000-000000000002"),
	})},
	{"Observation", MustNew(Observation{
		ID: "0193b2f1-0000-7000-8000-000000000003", Status: "final",
		Meta:              Meta{VersionID: "1", LastUpdated: "2026-11-21T01:30:00.000000Z"},
		Category:          []CodeableConcept{Code(ObservationCategory, "vital-signs", "")},
		Code:              Code(LOINC, LOINCBloodPressure, "Huyết áp"),
		Subject:           Ref("Patient", "0193b2f1-0000-7000-8000-000000000001"),
		Encounter:         Ref("Encounter", "0193b2f1-0000-7000-8000-000000000004"),
		EffectiveDateTime: "2026-11-21T08:30:00+07:00",
		Performer:         []Reference{Ref("Practitioner", "0193b2f1-0000-7000-8000-000000000005")},
		Component: []ObservationComponent{
			{Code: Code(LOINC, LOINCSystolic, ""), ValueQuantity: Measure("128", "mmHg", "mm[Hg]")},
			{Code: Code(LOINC, LOINCDiastolic, ""), ValueQuantity: Measure("82", "mmHg", "mm[Hg]")},
		},
	})},
	{"Encounter", MustNew(Encounter{
		ID: "0193b2f1-0000-7000-8000-000000000004", Status: "finished", Class: Coding{System: ActCode, Code: "AMB"},
		Meta:            Meta{VersionID: "3", LastUpdated: "2026-11-21T01:30:00.000000Z"},
		Subject:         Ref("Patient", "0193b2f1-0000-7000-8000-000000000001"),
		Participant:     []EncounterParticipant{{Individual: Ref("Practitioner", "0193b2f1-0000-7000-8000-000000000005")}},
		Period:          Period{Start: "2026-11-21T08:20:00+07:00", End: "2026-11-21T08:50:00+07:00"},
		ReasonCode:      []CodeableConcept{Words("Sốt cao ngày thứ ba")},
		Diagnosis:       []EncounterDiagnosis{{Condition: Ref("Condition", "0193b2f1-0000-7000-8000-000000000006"), Rank: 1}},
		ServiceProvider: Ref("Organization", "0193b2f1-0000-7000-8000-000000000002"),
	})},
}

func bench(b *testing.B, run func(d *Doc)) {
	r4()
	for _, c := range benchDocs {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.doc.Text())))
			for b.Loop() {
				run(c.doc)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	bench(b, func(d *Doc) {
		if _, err := ParseString(d.text); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	bench(b, func(d *Doc) {
		if issues := Validate(d); len(issues) > 0 {
			b.Fatal(issues)
		}
	})
}

func BenchmarkExtract(b *testing.B) {
	bench(b, func(d *Doc) {
		if len(Extract(d)) == 0 {
			b.Fatal("nothing found")
		}
	})
}

func BenchmarkWithMeta(b *testing.B) {
	at := time.Date(2026, 11, 21, 8, 30, 0, 0, time.UTC)
	bench(b, func(d *Doc) { d.WithMeta(d.id, "4", at) })
}

func BenchmarkPatients(b *testing.B) {
	bench(b, func(d *Doc) { Patients(d) })
}
