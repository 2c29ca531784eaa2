// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// Examine saves the doctor's part as a draft over the draft before it, which
// another doctor of the station may have begun: lines that stay keep who wrote
// them, the others are this doctor's. version is that of the Encounter the form
// was made from; somebody else's change in between is Conflict.
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
	wanted, err := e.resources(v, worker(a), fhir.Instant(m.now()))
	if err != nil {
		return nil, err
	}
	ids, ops, err := v.rewritten(wanted)
	if err != nil {
		return nil, err
	}
	var ranks []fhir.EncounterDiagnosis
	for i, w := range wanted {
		if w.Type() == "Condition" {
			ranks = append(ranks, fhir.EncounterDiagnosis{Condition: fhir.Ref("Condition", ids[i]), Rank: len(ranks) + 1})
		}
	}
	visit, err := v.with(a, e.Reason, ranks)
	if err != nil {
		return nil, err
	}
	return append(ops, store.Update(visit, version)), nil
}

// resources are what the doctor wrote, diagnoses first, in order.
func (e Exam) resources(v Visit, author fhir.Reference, at string) ([]*fhir.Doc, error) {
	var list []any
	for _, c := range e.conditions(v, author, at) {
		list = append(list, c)
	}
	for _, r := range e.medicines(v, author, at) {
		list = append(list, r)
	}
	if e.Advice != "" {
		list = append(list, e.advice(v, author, at))
	}
	if e.FollowUp != vn.ZeroDate {
		list = append(list, e.followUp(v, author, at))
	}
	docs := make([]*fhir.Doc, len(list))
	for i, resource := range list {
		var err error
		if docs[i], err = fhir.New(resource); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// rewritten turns the draft into what is wanted: a line that says the same
// stays untouched, a changed one is a new version of a line that is no longer
// wanted, what is left over is deleted. ids are those of wanted, in order.
func (v Visit) rewritten(wanted []*fhir.Doc) (ids []string, ops []store.Op, err error) {
	var old []*fhir.Doc
	for _, d := range v.parts[1:] {
		if d.Type() != "Observation" {
			old = append(old, d)
		}
	}
	take := func(fits func(*fhir.Doc) bool) string {
		i := slices.IndexFunc(old, fits)
		if i < 0 {
			return ""
		}
		id := old[i].ID()
		old = slices.Delete(old, i, i+1)
		return id
	}
	ids = make([]string, len(wanted))
	for i, w := range wanted {
		line, _ := lineOf(w)
		ids[i] = take(func(d *fhir.Doc) bool {
			there, _ := lineOf(d)
			return d.Type() == w.Type() && there == line
		})
	}
	for i, w := range wanted {
		if ids[i] != "" {
			continue
		}
		if ids[i] = take(func(d *fhir.Doc) bool { return d.Type() == w.Type() }); ids[i] == "" {
			ids[i] = uuid.Must(uuid.NewV7()).String()
		}
		if w, err = w.Set("id", ids[i]); err != nil {
			return nil, nil, err
		}
		ops = append(ops, store.Put(w))
	}
	for _, d := range old {
		ops = append(ops, store.Delete(d.Type(), d.ID()).Because("draft replaced"))
	}
	return ids, ops, nil
}

// with returns the Encounter with the doctor's part.
func (v Visit) with(a store.Actor, reason string, ranks []fhir.EncounterDiagnosis) (*fhir.Doc, error) {
	var why []fhir.CodeableConcept
	if reason != "" {
		why = []fhir.CodeableConcept{fhir.Words(reason)}
	}
	return v.set(a, change{"status", "in-progress"}, change{"reasonCode", orNone(why)}, change{"diagnosis", orNone(ranks)})
}

// signed returns the Encounter as it ends: who signs is its attender.
func (v Visit) signed(a store.Actor, at string) (*fhir.Doc, error) {
	return v.set(a, change{"status", "finished"}, change{"period.end", at})
}

// change is a new value of one member; nil takes it off.
type change struct {
	path string
	to   any
}

// set returns the Encounter with changes by the actor, who attends it now.
func (v Visit) set(a store.Actor, changes ...change) (*fhir.Doc, error) {
	var enc fhir.Encounter
	if err := v.parts[0].Into(&enc); err != nil {
		return nil, err
	}
	doc := v.parts[0]
	for _, c := range append(changes, change{"participant", attended(enc.Participant, worker(a))}) {
		var err error
		if doc, err = doc.Set(c.path, c.to); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

func orNone[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// attended puts the health worker first, as who answers for the visit now; who
// did before took part.
func attended(before []fhir.EncounterParticipant, who fhir.Reference) []fhir.EncounterParticipant {
	as := func(code, display string, p fhir.EncounterParticipant) fhir.EncounterParticipant {
		p.Type = []fhir.CodeableConcept{fhir.Code(fhir.ParticipationType, code, display)}
		return p
	}
	out := []fhir.EncounterParticipant{as("ATND", "attender", fhir.EncounterParticipant{Individual: who})}
	for _, p := range before {
		if p.Individual.Reference != who.Reference {
			out = append(out, as("SPRF", "secondary performer", p))
		}
	}
	return out
}

// worker refers to the actor as a health worker, with the name of today.
func worker(a store.Actor) fhir.Reference {
	who := fhir.Ref("Practitioner", a.Practitioner)
	if who.Reference != "" {
		who.Display = a.Name
	}
	return who
}
