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
	diseases  *content.DiseaseList
	now       func() time.Time
	seekers   seekers
	common    int // people from whom on a syllable is common; smaller in tests
}

// New prepares the module.
func New(s *store.Store, units *vn.Units, diagnoses *content.DiagnosisList, now func() time.Time) *Module {
	return &Module{store: s, units: units, diagnoses: diagnoses, diseases: content.Diseases(), now: now, common: common}
}

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

// Arrive gives the person a number in today's queue of the site and opens the
// visit. Who already waits today there keeps the number.
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
		ServiceProvider: fhir.Ref("Organization", site(a)),
	})
	if err != nil {
		return "", err
	}
	for tried := 0; ; tried++ {
		ticket, err := fhir.New(fhir.Task{
			ID:         ticketID(site(a), m.today(), number+tried),
			Identifier: []fhir.Identifier{{System: fhir.Base + "/id/ticket", Value: strconv.Itoa(number + tried)}},
			Status:     "requested", Intent: "order", Code: fhir.Code(fhir.CSTask, ticketCode, ""),
			For: fhir.Ref("Patient", patient), Encounter: fhir.Ref("Encounter", encounter),
			Owner: fhir.Ref("Organization", site(a)), AuthoredOn: at,
		})
		if err != nil {
			return "", err
		}
		receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Put(visit), store.Create(ticket))
		if issue.Is(err, issue.Duplicate) && tried < maxTries {
			continue // given a moment ago by somebody else
		}
		if err != nil {
			return "", fmt.Errorf("opening a visit: %w", err)
		}
		return receipt.Docs[0].ID(), m.store.Await(ctx, receipt, "station")
	}
}

// maxTries bounds how far the view may be behind the numbers given.
const maxTries = 200

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
	list := values.observations(v.Patient, v.ID, worker(a), fhir.Instant(m.now()))
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

// Sign writes the doctor's part and ends the visit: everything in it becomes
// final in one commit, and only now it enters book, registers and figures. Only
// who may sign does (circle signs): who wrote it or another of the station.
// version is as in [Module.Examine].
// Errors: BusinessRule when reason or diagnosis is missing, or it is signed
// already; Forbidden for other roles. Then nothing is written.
func (m *Module) Sign(ctx context.Context, a store.Actor, encounter string, version int64, key string, e Exam) error {
	if !mayExamine(a.Role) {
		return issue.New(issue.Forbidden, "station.sign.role")
	}
	v, err := m.Visit(ctx, a, encounter)
	if err != nil {
		return err
	}
	if err := editable(v); err != nil {
		return err
	}
	switch {
	case e.Reason == "":
		return issue.New(issue.BusinessRule, "station.sign.reason").At("reason")
	case len(e.Diagnoses) == 0:
		return issue.New(issue.BusinessRule, "station.sign.diagnosis").At("diagnosis1")
	}
	ops, err := m.examOps(v, a, version, e, true)
	if err != nil {
		return err
	}
	ops, err = m.closeTicket(ctx, a, encounter, "completed", ops)
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, ops)
}

// closeTicket adds that the visit's ticket has this status now.
func (m *Module) closeTicket(ctx context.Context, a store.Actor, encounter, status string, ops []store.Op) ([]store.Op, error) {
	ticket, err := m.ticket(ctx, a, encounter)
	if err != nil || ticket == nil {
		return ops, err
	}
	done, err := ticket.Set("status", status)
	if err != nil {
		return nil, err
	}
	return append(ops, store.Update(done, 0)), nil
}

// Leave closes the visit of who left without being seen.
// Errors: BusinessRule ("station.leave.seen") when a doctor has written
// something, or the visit is closed already.
func (m *Module) Leave(ctx context.Context, a store.Actor, encounter, key string) error {
	visit, err := m.store.For(a).Read(ctx, "Encounter", encounter)
	if err != nil {
		return err
	}
	if err := editable(Visit{Status: visit.Get("status").String()}); err != nil {
		return err
	}
	if visit.Get("diagnosis").Exists() {
		return issue.New(issue.BusinessRule, "station.leave.seen")
	}
	version, err := strconv.ParseInt(visit.VersionID(), 10, 64)
	if err != nil {
		return fmt.Errorf("version of a visit: %w", err)
	}
	began := moment(visit.Get("period", "start").String())
	for _, c := range []change{{"status", "cancelled"}, {"period.end", m.endOf(began)}} {
		if visit, err = visit.Set(c.path, c.to); err != nil {
			return err
		}
	}
	ops, err := m.closeTicket(ctx, a, encounter, "cancelled", []store.Op{store.Update(visit, version)})
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, ops)
}

// endOf is when a visit ends now: never before it began, though the clock of
// where it was opened may go ahead of ours.
func (m *Module) endOf(began time.Time) string {
	if now := m.now(); now.After(began) {
		return fhir.Instant(now)
	}
	return fhir.Instant(began)
}

// Correct changes one diagnosis of a signed visit: a new version of the same
// Condition, with the reason as a note; the old stays in the history.
// Errors: Required without a reason; NotFound when the condition is not of the
// visit; Forbidden for who may not sign.
func (m *Module) Correct(ctx context.Context, a store.Actor, encounter, condition, key string, d Diagnosis, reason string) error {
	if !mayExamine(a.Role) {
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
		if c.Note, err = m.openNotes(ctx, a, condition); err != nil {
			return err
		}
	}
	c.Code = fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: d.Code, Display: d.Words}}, Text: d.Words}
	c.Note = append(c.Note, fhir.Annotation{
		AuthorReference: worker(a), Time: fhir.Instant(m.now()),
		Text: before + why,
	})
	doc, err := fhir.New(c)
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, []store.Op{store.Update(doc, 0).Because(reason)})
}

// openNotes are the notes that a diagnosis had before it was closed: those of
// the closed time tell of it, and stay in its versions.
func (m *Module) openNotes(ctx context.Context, a store.Actor, condition string) ([]fhir.Annotation, error) {
	versions, _, err := m.store.For(a).History(ctx, "Condition", condition, 1000)
	if err != nil {
		return nil, fmt.Errorf("notes before a diagnosis was closed: %w", err)
	}
	for _, d := range versions { // the newest first
		if d == nil || closed(d) {
			continue
		}
		var c fhir.Condition
		err := d.Into(&c)
		return c.Note, err
	}
	return nil, nil
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
