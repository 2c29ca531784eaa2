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
	v, err := m.Visit(ctx, a, encounter)
	if err != nil {
		return err
	}
	if err := editable(v); err != nil {
		return err
	}
	ops, err := m.examOps(v, a, version, e, false)
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, ops)
}

// examOps write the doctor's part, still a draft, or signed.
func (m *Module) examOps(v Visit, a store.Actor, version int64, e Exam, sign bool) ([]store.Op, error) {
	at := fhir.Instant(m.now())
	wanted, err := e.resources(v, worker(a), at, m.notifiable)
	if err != nil {
		return nil, err
	}
	ids, ops, err := v.rewritten(wanted, sign)
	if err != nil {
		return nil, err
	}
	var ranks []fhir.EncounterDiagnosis
	for i, w := range wanted {
		if w.Type() == "Condition" {
			ranks = append(ranks, fhir.EncounterDiagnosis{Condition: fhir.Ref("Condition", ids[i]), Rank: len(ranks) + 1})
		}
	}
	changes := []change{{"status", "in-progress"}, {"reasonCode", orNone(reasons(e.Reason))}, {"diagnosis", orNone(ranks)}}
	if sign { // who signs is the attender
		changes = append(changes, change{"status", "finished"}, change{"period.end", m.endOf(v.Arrived)})
	}
	visit, err := v.set(a, changes...)
	if err != nil {
		return nil, err
	}
	return append(ops, store.Update(visit, version)), nil
}

// resources are what the doctor wrote, diagnoses first, in order.
func (e Exam) resources(v Visit, author fhir.Reference, at string, notifiable func(string) bool) ([]*fhir.Doc, error) {
	var list []any
	for _, c := range e.conditions(v, author, at, notifiable) {
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
	if answers, any := e.Asked.resource(v, author, at); any {
		list = append(list, answers)
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
// wanted, what is left over is deleted. Signing makes all of it final. ids are
// those of wanted, in order.
func (v Visit) rewritten(wanted []*fhir.Doc, sign bool) (ids []string, ops []store.Op, err error) {
	var old []*fhir.Doc
	keep := func(d *fhir.Doc) error {
		done, err := finalIf(sign, d)
		if done != d {
			ops = append(ops, store.Update(done, 0))
		}
		return err
	}
	for _, d := range v.parts[1:] {
		if d.Type() != "Observation" {
			old = append(old, d)
		} else if err := keep(d); err != nil {
			return nil, nil, err
		}
	}
	take := func(fits func(*fhir.Doc) bool) (d *fhir.Doc) {
		if i := slices.IndexFunc(old, fits); i >= 0 {
			d = old[i]
			old = slices.Delete(old, i, i+1)
		}
		return d
	}
	ids = make([]string, len(wanted))
	for i, w := range wanted {
		line, _ := lineOf(w)
		same := take(func(d *fhir.Doc) bool {
			there, _ := lineOf(d)
			return d.Type() == w.Type() && there == line
		})
		if same == nil {
			continue
		}
		ids[i] = same.ID()
		if err := keep(same); err != nil {
			return nil, nil, err
		}
	}
	for i, w := range wanted {
		if ids[i] != "" {
			continue
		}
		ids[i] = uuid.Must(uuid.NewV7()).String()
		if was := take(func(d *fhir.Doc) bool { return d.Type() == w.Type() }); was != nil {
			ids[i] = was.ID()
		}
		if w, err = w.Set("id", ids[i]); err != nil {
			return nil, nil, err
		}
		if w, err = finalIf(sign, w); err != nil {
			return nil, nil, err
		}
		ops = append(ops, store.Put(w))
	}
	for _, d := range old {
		ops = append(ops, store.Delete(d.Type(), d.ID()).Because("draft replaced"))
	}
	return ids, ops, nil
}

// finalIf returns d in its final status when signed, else d itself.
func finalIf(signed bool, d *fhir.Doc) (*fhir.Doc, error) {
	status, path, ok := final(d)
	if !signed || !ok {
		return d, nil
	}
	return d.Set(path, status)
}

// reasons are the words of a visit's reason; nil for none.
func reasons(text string) []fhir.CodeableConcept {
	if text == "" {
		return nil
	}
	return []fhir.CodeableConcept{fhir.Words(text)}
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
