// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// Person is who a consultation is about.
type Person struct {
	ID, Name, Sex, Birth, Number, Address string
}

// Record is a visit as the one who is asked reads it, as it stands now: a
// diagnosis corrected since is the corrected one.
type Record struct {
	Person    Person
	Encounter string
	At        time.Time
	Signed    bool
	Reason    string
	Diagnoses []string
	Vitals    []Measured
	Medicines []string
	Advice    []string
	Warnings  []string // allergies and flags of the person
	// Closed is set when something in the visit belongs to a closed file: HIV,
	// sexually transmitted, mental, reproductive health.
	Closed bool
	refs   []string // everything it consists of, "Type/id", the visit first
}

// Measured is one value of the visit.
type Measured struct {
	Code  string // LOINC
	Value string // as written, with a decimal point
	Unit  string // as written
}

// record reads a visit with its parts, as far as the actor may see them.
func (m *Module) record(ctx context.Context, a store.Actor, encounter string) (Record, error) {
	door := m.store.For(a)
	visit, err := door.Read(ctx, "Encounter", encounter)
	if err != nil {
		return Record{}, err
	}
	patient, err := door.Read(ctx, "Patient", visit.Get("subject").RefID("Patient"))
	if err != nil {
		return Record{}, err
	}
	r := Record{
		Person: personOf(patient), Encounter: encounter, Reason: visit.Get("reasonCode", "text").String(),
		At: time.UnixMicro(micro(visit.Get("period", "start").String())).UTC(), Signed: visit.Get("status").String() == "finished",
		refs: []string{visit.Ref()},
	}
	for _, typ := range []string{"Observation", "Condition", "MedicationRequest", "CarePlan"} {
		page, err := door.Search(ctx, store.Query{Type: typ, Params: [][2]string{{"encounter", "Encounter/" + encounter}}, Count: 200})
		if err != nil {
			return Record{}, fmt.Errorf("%s of a visit: %w", typ, err)
		}
		for _, d := range page.Docs {
			r.add(d)
		}
	}
	return r, m.warnings(ctx, door, &r)
}

// warnings adds what is dangerous for the person whatever the visit.
func (m *Module) warnings(ctx context.Context, door store.Door, r *Record) error {
	for _, typ := range []string{"AllergyIntolerance", "Flag"} {
		page, err := door.Search(ctx, store.Query{Type: typ, Params: [][2]string{{"patient", "Patient/" + r.Person.ID}}, Count: 50})
		if err != nil {
			return fmt.Errorf("%s of a person: %w", typ, err)
		}
		for _, d := range page.Docs {
			gone := slices.Contains([]string{"inactive", "resolved", "entered-in-error"}, d.Get("status").String()+d.Get("clinicalStatus", "coding", "code").String()) ||
				slices.Contains([]string{"refuted", "entered-in-error"}, d.Get("verificationStatus", "coding", "code").String())
			if words := concept(d.Get("code")); words != "" && !gone {
				r.Warnings = append(r.Warnings, words)
			}
		}
	}
	return nil
}

// add sorts a part in. What was entered in error, and case reports, are no part
// of the visit.
func (r *Record) add(d *fhir.Doc) {
	status := d.Get("status").String() + d.Get("verificationStatus", "coding", "code").String()
	if slices.Contains([]string{"entered-in-error", "cancelled", "revoked", "refuted"}, status) {
		return
	}
	r.Closed = r.Closed || closed(d)
	switch d.Type() {
	case "Observation":
		r.Vitals = append(r.Vitals, measured(d.Root())...)
	case "Condition":
		if d.Get("category", "coding", "code").String() != "encounter-diagnosis" {
			return
		}
		r.Diagnoses = append(r.Diagnoses, strings.TrimSpace(d.Get("code").Code(fhir.ICD10)+" "+concept(d.Get("code"))))
	case "MedicationRequest":
		line := concept(d.Get("medicationCodeableConcept"))
		if dose := d.Get("dosageInstruction", "text").String(); dose != "" {
			line += " — " + dose
		}
		r.Medicines = append(r.Medicines, line)
	case "CarePlan":
		r.Advice = append(r.Advice, d.Get("description").String())
	}
	r.refs = append(r.refs, d.Ref())
}

// closed reports whether a code of the resource, or its words, belong to a
// closed file.
func closed(d *fhir.Doc) bool {
	for _, member := range []string{"code", "medicationCodeableConcept"} {
		c := d.Get(member)
		if len(content.Sensitivity("", "", concept(c))) > 0 {
			return true
		}
		for coding := range c.Each("coding") {
			if len(content.Sensitivity(coding.Get("system").String(), coding.Get("code").String(), "")) > 0 {
				return true
			}
		}
	}
	return false
}

// measured returns the values of an Observation; a blood pressure as one.
func measured(o fhir.Node) []Measured {
	code := o.Get("code").Code(fhir.LOINC)
	if code == fhir.LOINCBloodPressure {
		var systolic, diastolic fhir.Node
		for c := range o.Each("component") {
			switch c.Get("code").Code(fhir.LOINC) {
			case fhir.LOINCSystolic:
				systolic = c.Get("valueQuantity")
			case fhir.LOINCDiastolic:
				diastolic = c.Get("valueQuantity")
			}
		}
		return []Measured{{code, systolic.Get("value").Raw() + "/" + diastolic.Get("value").Raw(), diastolic.Get("unit").String()}}
	}
	if q := o.Get("valueQuantity"); q.Get("value").Exists() {
		return []Measured{{code, q.Get("value").Raw(), q.Get("unit").String()}}
	}
	return nil
}

func concept(n fhir.Node) string {
	if text := n.Get("text").String(); text != "" {
		return text
	}
	return n.Get("coding", "display").String()
}

func personOf(d *fhir.Doc) Person {
	name := d.Get("name", "text").String()
	if name == "" {
		parts := []string{d.Get("name", "family").String()}
		for g := range d.Get("name", "0").Each("given") {
			parts = append(parts, g.String())
		}
		name = strings.Join(parts, " ")
	}
	return Person{
		ID: d.ID(), Name: vn.NormalName(name), Sex: d.Get("gender").String(), Birth: d.Get("birthDate").String(),
		Number: d.Identifier(fhir.IDPersonal), Address: d.Get("address", "text").String(),
	}
}

// Words are a text with who wrote it and when.
type Words struct {
	Text, Who string
	At        time.Time
}

// advice reads the expert's conclusion; the zero Words while there is none.
func (m *Module) advice(ctx context.Context, a store.Actor, c Case) (Words, error) {
	if c.Report == "" {
		return Words{}, nil
	}
	d, err := m.store.For(a).Read(ctx, "DiagnosticReport", c.Report)
	if err != nil {
		return Words{}, err
	}
	return Words{d.Get("conclusion").String(), d.Get("performer", "0", "display").String(), time.UnixMicro(micro(d.Get("issued").String()))}, nil
}

// decision reads what the treating doctor recorded; the zero Words before.
func (m *Module) decision(ctx context.Context, a store.Actor, c Case) (Words, error) {
	if c.Answer == "" {
		return Words{}, nil
	}
	d, err := m.store.For(a).Read(ctx, "Communication", c.Answer)
	if err != nil {
		return Words{}, err
	}
	return Words{d.Get("payload", "contentString").String(), d.Get("sender", "display").String(), time.UnixMicro(micro(d.Get("sent").String()))}, nil
}
