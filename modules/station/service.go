// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Module is the station. It is safe for concurrent use.
type Module struct {
	store     *store.Store
	units     *vn.Units
	diagnoses *content.DiagnosisList
	now       func() time.Time
	common    int // people from whom on a syllable is common; smaller in tests
}

// New prepares the module.
func New(s *store.Store, units *vn.Units, diagnoses *content.DiagnosisList, now func() time.Time) *Module {
	return &Module{store: s, units: units, diagnoses: diagnoses, now: now, common: common}
}

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

// Arrive gives the person a number in today's queue and opens the visit. Who
// already waits today at this facility keeps the number.
// Errors: NotFound for a person the actor may not see.
func (m *Module) Arrive(ctx context.Context, a store.Actor, patient, key string) (encounter string, err error) {
	open, err := m.openVisit(ctx, a, patient)
	if err != nil || open != "" {
		return open, err
	}
	number, err := m.nextNumber(ctx, a)
	if err != nil {
		return "", err
	}
	at := fhir.Instant(m.now())
	encounter = uuid.Must(uuid.NewV7()).String()
	visit, err := fhir.New(fhir.Encounter{
		ID: encounter, Status: "arrived", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB", Display: "ambulatory"},
		Subject: fhir.Ref("Patient", patient), Period: fhir.Period{Start: at},
		ServiceProvider: fhir.Ref("Organization", a.Facility),
	})
	if err != nil {
		return "", err
	}
	ticket, err := fhir.New(fhir.Task{
		ID:         uuid.Must(uuid.NewV7()).String(),
		Identifier: []fhir.Identifier{{System: fhir.Base + "/id/ticket", Value: strconv.Itoa(number)}},
		Status:     "requested", Intent: "order", Code: fhir.Code(fhir.CSTask, ticketCode, ""),
		For: fhir.Ref("Patient", patient), Encounter: fhir.Ref("Encounter", encounter),
		Owner: fhir.Ref("Organization", a.Facility), AuthoredOn: at,
	})
	if err != nil {
		return "", err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Put(visit), store.Put(ticket))
	if err != nil {
		return "", fmt.Errorf("opening a visit: %w", err)
	}
	return receipt.Docs[0].ID(), m.store.Await(ctx, receipt, "station")
}

// Measure writes what the nurse measured, still preliminary. A value measured
// again in the same visit is a new Observation beside the old.
// Errors: BusinessRule ("station.visit.signed") when the visit is signed;
// Required ("station.vitals.none") when nothing was typed.
func (m *Module) Measure(ctx context.Context, a store.Actor, encounter, key string, values Vitals) error {
	v, err := m.Visit(ctx, a, encounter)
	if err != nil {
		return err
	}
	if err := editable(v); err != nil {
		return err
	}
	list := values.observations(v.Patient, v.ID, a.Practitioner, fhir.Instant(m.now()))
	if len(list) == 0 {
		return issue.New(issue.Required, "station.vitals.none")
	}
	ops := make([]store.Op, 0, len(list)+1)
	for _, o := range list {
		doc, err := fhir.New(o)
		if err != nil {
			return err
		}
		ops = append(ops, store.Create(doc))
	}
	if v.Status == "arrived" {
		started, err := v.parts[0].Set("status", "in-progress")
		if err != nil {
			return err
		}
		ops = append(ops, store.Update(started, v.Version))
	}
	return m.commit(ctx, a, key, ops)
}

// Examine saves the doctor's part as a draft, replacing the draft before it.
// version is that of the Encounter the form was made from; somebody else's
// change in between is Conflict.
func (m *Module) Examine(ctx context.Context, a store.Actor, encounter string, version int64, key string, e Exam) error {
	ops, err := m.examOps(ctx, a, encounter, version, e)
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, ops)
}

func (m *Module) examOps(ctx context.Context, a store.Actor, encounter string, version int64, e Exam) ([]store.Op, error) {
	v, err := m.Visit(ctx, a, encounter)
	if err != nil {
		return nil, err
	}
	if err := editable(v); err != nil {
		return nil, err
	}
	var ops []store.Op
	for _, d := range v.parts[1:] {
		if slices.Contains([]string{"Condition", "MedicationRequest", "CarePlan", "Appointment"}, d.Type()) {
			ops = append(ops, store.Delete(d.Type(), d.ID()).Because("draft replaced"))
		}
	}
	at := fhir.Instant(m.now())
	add := func(resource any) (string, error) {
		doc, err := fhir.New(resource)
		if err != nil {
			return "", err
		}
		doc, err = doc.Set("id", uuid.Must(uuid.NewV7()).String())
		if err != nil {
			return "", err
		}
		ops = append(ops, store.Put(doc))
		return doc.ID(), nil
	}
	var ranks []fhir.EncounterDiagnosis
	for i, c := range e.conditions(v, a.Practitioner, at) {
		id, err := add(c)
		if err != nil {
			return nil, err
		}
		ranks = append(ranks, fhir.EncounterDiagnosis{Condition: fhir.Ref("Condition", id), Rank: i + 1})
	}
	for _, r := range e.medicines(v, a.Practitioner, at) {
		if _, err := add(r); err != nil {
			return nil, err
		}
	}
	if e.Advice != "" {
		if _, err := add(e.advice(v, a.Practitioner, at)); err != nil {
			return nil, err
		}
	}
	if e.FollowUp != vn.ZeroDate {
		if _, err := add(e.followUp(v, a.Practitioner, at)); err != nil {
			return nil, err
		}
	}
	visit, err := v.with(a, e.Reason, ranks)
	if err != nil {
		return nil, err
	}
	return append(ops, store.Update(visit, version)), nil
}

// with returns the Encounter with the doctor's part.
func (v Visit) with(a store.Actor, reason string, ranks []fhir.EncounterDiagnosis) (*fhir.Doc, error) {
	var enc fhir.Encounter
	if err := v.parts[0].Into(&enc); err != nil {
		return nil, err
	}
	enc.Status = "in-progress"
	enc.ReasonCode = nil
	if reason != "" {
		enc.ReasonCode = []fhir.CodeableConcept{fhir.Words(reason)}
	}
	enc.Diagnosis = ranks
	enc.Participant = []fhir.EncounterParticipant{{
		Type:       []fhir.CodeableConcept{fhir.Code(fhir.ParticipationType, "ATND", "attender")},
		Individual: fhir.Ref("Practitioner", a.Practitioner),
	}}
	return fhir.New(enc)
}

// Sign ends the visit: everything in it becomes final in one commit, and only
// now it enters book, registers and figures. Only a doctor or physician
// assistant signs.
// Errors: BusinessRule when reason or diagnosis is missing, or it is signed
// already; Forbidden for other roles.
func (m *Module) Sign(ctx context.Context, a store.Actor, encounter, key string) error {
	if a.Role != store.Doctor && a.Role != store.StationDirector {
		return issue.New(issue.Forbidden, "station.sign.role")
	}
	v, err := m.Visit(ctx, a, encounter)
	if err != nil {
		return err
	}
	switch {
	case v.Signed():
		return issue.New(issue.BusinessRule, "station.visit.signed")
	case v.Reason == "":
		return issue.New(issue.BusinessRule, "station.sign.reason").At("reason")
	case len(v.Diagnoses) == 0:
		return issue.New(issue.BusinessRule, "station.sign.diagnosis").At("diagnosis")
	}
	visit, err := v.parts[0].Set("status", "finished")
	if err != nil {
		return err
	}
	if visit, err = visit.Set("period.end", fhir.Instant(m.now())); err != nil {
		return err
	}
	ops := []store.Op{store.Update(visit, v.Version)}
	for _, d := range v.parts[1:] {
		status, path, ok := final(d)
		if !ok {
			continue
		}
		done, err := d.Set(path, status)
		if err != nil {
			return err
		}
		ops = append(ops, store.Update(done, 0))
	}
	ticket, err := m.ticket(ctx, a, encounter)
	if err != nil {
		return err
	}
	if ticket != nil {
		done, err := ticket.Set("status", "completed")
		if err != nil {
			return err
		}
		ops = append(ops, store.Update(done, 0))
	}
	return m.commit(ctx, a, key, ops)
}

// Correct changes one diagnosis of a signed visit: a new version of the same
// Condition, with the reason as a note; the old stays in the history.
// Errors: Required without a reason; NotFound when the condition is not of the
// visit; Forbidden for others than doctors.
func (m *Module) Correct(ctx context.Context, a store.Actor, encounter, condition, key string, d Diagnosis, reason string) error {
	if a.Role != store.Doctor && a.Role != store.StationDirector {
		return issue.New(issue.Forbidden, "station.sign.role")
	}
	if reason == "" {
		return issue.New(issue.Required, "station.correct.reason").At("reason")
	}
	v, err := m.Visit(ctx, a, encounter)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(v.parts, func(p *fhir.Doc) bool { return p.Type() == "Condition" && p.ID() == condition })
	if i < 0 {
		return issue.New(issue.NotFound, "station.correct.unknown")
	}
	var c fhir.Condition
	if err := v.parts[i].Into(&c); err != nil {
		return err
	}
	// The note goes with the new diagnosis. What was closed before is named only
	// in the old version, which stays closed, and the reason in the audit.
	before, why := c.Code.Text+" → "+d.Words, ": "+reason
	if closed(v.parts[i]) && len(content.Sensitivity(fhir.ICD10, d.Code, d.Words)) == 0 {
		before, why = "→ "+d.Words, ""
	}
	c.Code = fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: d.Code, Display: d.Words}}, Text: d.Words}
	c.Note = append(c.Note, fhir.Annotation{
		AuthorReference: fhir.Ref("Practitioner", a.Practitioner), Time: fhir.Instant(m.now()),
		Text: before + why,
	})
	doc, err := fhir.New(c)
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, []store.Op{store.Update(doc, 0).Because(reason)})
}

// closed reports whether a diagnosis belongs to a closed file.
func closed(condition *fhir.Doc) bool {
	for c := range condition.Get("code").Each("coding") {
		if len(content.Sensitivity(c.Get("system").String(), c.Get("code").String(), c.Get("display").String())) > 0 {
			return true
		}
	}
	return len(content.Sensitivity("", "", condition.Get("code", "text").String())) > 0
}

func (m *Module) commit(ctx context.Context, a store.Actor, key string, ops []store.Op) error {
	receipt, err := m.store.For(a).CommitOnce(ctx, key, ops...)
	if err != nil {
		return err
	}
	return m.store.Await(ctx, receipt, "station")
}

func editable(v Visit) error {
	if v.Signed() {
		return issue.New(issue.BusinessRule, "station.visit.signed")
	}
	if v.Status == "cancelled" || v.Status == "entered-in-error" {
		return issue.New(issue.BusinessRule, "station.visit.closed")
	}
	return nil
}
