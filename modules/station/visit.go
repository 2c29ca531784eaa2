// SPDX-License-Identifier: Apache-2.0

package station

import (
	"time"

	"mach/fhir"
	"mach/vn"
)

const ticketCode = "ticket"

// Exam is what the doctor writes.
type Exam struct {
	Reason    string
	Diagnoses []Diagnosis // the first is the main one
	Medicines []Medicine
	Advice    string
	FollowUp  vn.Date // vn.ZeroDate = none
	Asked     Asked   // for a case report
}

// Diagnosis is an ICD-10 code and the words that stand in the record.
type Diagnosis struct{ Code, Words string }

// Medicine is one line of the prescription.
type Medicine struct{ Name, Dose string }

// Visit is one visit with everything in it, as the page shows it.
type Visit struct {
	ID         string
	Version    int64
	Patient    string
	Facility   string // Organization id
	Status     string // FHIR encounter-status
	Arrived    time.Time
	Ended      time.Time // zero = not signed
	Reason     string
	Who        Who
	Diagnoses  []Diagnosis
	Medicines  []Medicine
	Advice     string
	FollowUp   vn.Date
	Asked      Asked
	Measures   []Measure
	Conditions []string // ids, in the order of Diagnoses
	parts      []*fhir.Doc
}

// Signed reports whether the visit has entered the book.
func (v Visit) Signed() bool { return v.Status == "finished" }

// Resources lists everything the visit consists of as "Type/id", the Encounter
// first.
func (v Visit) Resources() []string {
	out := make([]string, 0, len(v.parts))
	for _, d := range v.parts {
		out = append(out, d.Ref())
	}
	return out
}

// Measure is one value as it was written.
type Measure struct {
	Code      string // LOINC
	Value     string
	Unit      string
	At        time.Time
	Encounter string
}

// conditions turns diagnoses into Conditions of the encounter.
func (e Exam) conditions(v Visit, author fhir.Reference, at string, notifiable func(code string) bool) []fhir.Condition {
	out := make([]fhir.Condition, len(e.Diagnoses))
	for i, d := range e.Diagnoses {
		code := fhir.CodeableConcept{Text: d.Words}
		if d.Code != "" {
			code.Coding = []fhir.Coding{{System: fhir.ICD10, Code: d.Code, Display: d.Words}}
		}
		out[i] = fhir.Condition{
			ClinicalStatus:     fhir.Code(fhir.ConditionClinical, "active", ""),
			VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""),
			Category:           []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
			Code:               code,
			Subject:            fhir.Ref("Patient", v.Patient), Encounter: fhir.Ref("Encounter", v.ID),
			RecordedDate: at, Recorder: author,
		}
		if e.Asked.Onset.Known() && notifiable(d.Code) {
			out[i].OnsetDateTime = e.Asked.Onset.String()
		}
	}
	return out
}

func (e Exam) medicines(v Visit, author fhir.Reference, at string) []fhir.MedicationRequest {
	out := make([]fhir.MedicationRequest, len(e.Medicines))
	for i, m := range e.Medicines {
		out[i] = fhir.MedicationRequest{
			Status: "draft", Intent: "order",
			MedicationCodeableConcept: fhir.Words(m.Name),
			Subject:                   fhir.Ref("Patient", v.Patient), Encounter: fhir.Ref("Encounter", v.ID),
			AuthoredOn: at, Requester: author,
		}
		if m.Dose != "" {
			out[i].DosageInstruction = []fhir.Dosage{{Text: m.Dose}}
		}
	}
	return out
}

func (e Exam) advice(v Visit, author fhir.Reference, at string) fhir.CarePlan {
	return fhir.CarePlan{
		Status: "draft", Intent: "plan", Description: e.Advice,
		Subject: fhir.Ref("Patient", v.Patient), Encounter: fhir.Ref("Encounter", v.ID),
		Created: at, Author: author,
	}
}

// followUp is asked for at 8 in the morning of the day; the time is the
// station's to change.
func (e Exam) followUp(v Visit, author fhir.Reference, at string) fhir.Appointment {
	start := time.Unix(int64(e.FollowUp)*24*60*60, 0).UTC().Add(time.Hour) // 08:00 in Viet Nam
	return fhir.Appointment{
		Status: "proposed", Created: at,
		Start: start.Format(time.RFC3339), End: start.Add(15 * time.Minute).Format(time.RFC3339),
		SupportingInformation: []fhir.Reference{fhir.Ref("Encounter", v.ID)},
		Participant: []fhir.AppointmentParticipant{
			{Actor: fhir.Ref("Patient", v.Patient), Status: "needs-action"},
			{Actor: author, Status: "accepted"},
		},
	}
}

// final is the status that a part of a visit takes when the visit is signed;
// ok is false for parts that stay as they are.
func final(doc *fhir.Doc) (status any, path string, ok bool) {
	switch doc.Type() {
	case "Observation":
		return "final", "status", doc.Get("status").String() == "preliminary"
	case "Condition":
		return fhir.Code(fhir.ConditionVerStatus, "confirmed", ""), "verificationStatus",
			doc.Get("verificationStatus", "coding", "code").String() == "provisional"
	case "QuestionnaireResponse":
		return "completed", "status", doc.Get("status").String() == "in-progress"
	case "MedicationRequest", "CarePlan":
		return "active", "status", doc.Get("status").String() == "draft"
	case "Appointment":
		return "booked", "status", doc.Get("status").String() == "proposed"
	}
	return nil, "", false
}
