// SPDX-License-Identifier: Apache-2.0

package book

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// Module is the health book. It is safe for concurrent use.
type Module struct {
	store     *store.Store
	diagnoses *content.DiagnosisList
	now       func() time.Time
}

// New prepares the module.
func New(s *store.Store, diagnoses *content.DiagnosisList, now func() time.Time) *Module {
	return &Module{store: s, diagnoses: diagnoses, now: now}
}

// Visit is one signed visit as the person reads it.
type Visit struct {
	ID          string
	At          time.Time
	Place       string
	Reason      string
	Diagnoses   []Diagnosis
	Medicines   []string
	Advice      []string
	Measures    []Measure
	Conclusions []string
	FollowUp    time.Time // zero = none
}

// Diagnosis is the doctor's words and what they mean.
type Diagnosis struct{ Code, Words, Plain string }

// Measure is one value; Code is LOINC.
type Measure struct{ Code, Value string }

// Dose is one vaccine dose.
type Dose struct {
	At    time.Time
	Words string
}

// Book is what a person's first page shows.
type Book struct {
	Visits []Visit   // newest first
	Doses  []Dose    // newest first
	Next   *FollowUp // the nearest appointment to come; nil = none
}

// FollowUp is an appointment to come.
type FollowUp struct {
	At    time.Time
	Place string
}

type row struct {
	event
	resource, patient, place string
	sensitivity              []string
}

var typeOf = map[string]string{
	"visit": "Encounter", "diagnosis": "Condition", "medicine": "MedicationRequest", "advice": "CarePlan",
	"follow-up": "Appointment", "measure": "Observation", "dose": "Immunization", "conclusion": "DiagnosticReport",
}

// Labels lets the guard judge the line as the resource it comes from.
func (r row) Labels() store.Labels {
	return store.Labels{
		Type: typeOf[r.kind], ID: fhir.IDOf(r.resource), Patient: r.patient, Facility: r.facility, Sensitivity: r.sensitivity,
	}
}

// shown is how many facts the book reads at once: years of care.
const shown = 2000

// Book reads the person's book: whole for the person, without labelled items
// for a guardian.
func (m *Module) Book(ctx context.Context, a store.Actor, vi bool) (Book, error) {
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, shown, scanRow, `
		select e.resource, e.patient, e.encounter, e.kind, e.code, e.words, e.facility, e.at, e.sensitivity, coalesce(p.name, '')
		  from book_event e left join book_place p on p.facility = e.facility
		 where e.patient = ? and (e.kind in ('visit', 'dose') or e.encounter = '' or exists (
		       select 1 from book_event v where v.encounter = e.encounter and v.kind = 'visit'))
		 order by case when e.kind = 'visit' then 0 else 1 end, e.at desc, e.resource
		 limit ?`, a.Patient)
	if err != nil {
		return Book{}, fmt.Errorf("health book: %w", err)
	}
	return m.assemble(rows, vi), nil
}

// assemble sorts rows, visits first, into the book.
func (m *Module) assemble(rows []row, vi bool) Book {
	var b Book
	index := map[string]int{}
	for _, r := range rows {
		at := time.UnixMicro(r.at)
		switch r.kind {
		case "visit":
			index[r.encounter] = len(b.Visits)
			b.Visits = append(b.Visits, Visit{ID: r.encounter, At: at, Place: r.place, Reason: r.words})
			continue
		case "dose":
			b.Doses = append(b.Doses, Dose{at, r.words})
			continue
		}
		i, ok := index[r.encounter]
		if !ok {
			continue
		}
		v := &b.Visits[i]
		switch r.kind {
		case "diagnosis":
			v.Diagnoses = append(v.Diagnoses, Diagnosis{r.code, r.words, m.plain(r.code, vi)})
		case "medicine":
			v.Medicines = append(v.Medicines, r.words)
		case "advice":
			v.Advice = append(v.Advice, r.words)
		case "measure":
			v.Measures = append(v.Measures, Measure{r.code, r.words})
		case "conclusion":
			v.Conclusions = append(v.Conclusions, r.words)
		case "follow-up":
			v.FollowUp = at
			if at.After(m.now()) && (b.Next == nil || at.Before(b.Next.At)) {
				b.Next = &FollowUp{at, v.Place}
			}
		}
	}
	return b
}

func (m *Module) plain(code string, vi bool) string {
	w := m.diagnoses.Plain(code)
	if vi {
		return w.Vi
	}
	return w.En
}

func scanRow(scan store.Scan) (row, error) {
	var r row
	var sensitivity string
	err := scan(&r.resource, &r.patient, &r.encounter, &r.kind, &r.code, &r.words, &r.facility, &r.at, &sensitivity, &r.place)
	r.sensitivity = strings.Fields(sensitivity)
	return r, err
}

// Person is who the book is about.
type Person struct {
	Name  string
	Birth vn.PartialDate
}

// Person reads the name for the greeting.
func (m *Module) Person(ctx context.Context, a store.Actor) (Person, error) {
	doc, err := m.store.For(a).Read(ctx, "Patient", a.Patient)
	if err != nil {
		return Person{}, err
	}
	birth, _ := vn.ParsePartialDate(doc.Get("birthDate").String()) // unknown stays unknown
	return Person{vn.NormalName(doc.Get("name", "text").String()), birth}, nil
}
