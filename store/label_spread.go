// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"mach/fhir"
)

// How sensitivity spreads. Only resources that belong to a person have it.
//
//  1. A resource has the labels of meta.security and of every coding in it
//     that Config.Sensitivity knows: its own code, a component, a value, a
//     reason, something contained; also of what it names by words alone.
//  2. It inherits the labels of every clinical resource that it refers to
//     (reasonReference, evidence, basedOn, focus, about, supportingInfo,
//     inResponseTo, diagnosis, result …). So a visit carries the labels of its
//     diagnoses, and a case report those of what triggered it. A Medication
//     belongs to nobody, but lends what rule 1 finds in it.
//  3. What was ordered, written or sent in a visit (see inVisit) and names no
//     reason of its own inherits the labels of the visit: a drug without a
//     reason may be for any of the diagnoses. One that names its reason is
//     labelled by that reason alone.
//  4. The form of a case report follows the diagnosis it was drafted from.
//  5. Vital signs and queue tickets never inherit: they tell nothing of why the
//     person came. Of a visit with labels they have the label closed-visit
//     alone, which who works with the person may open and nobody else: that
//     there was a visit is theirs to know. A diagnosis does not inherit from
//     the visit it was made in.
//
// The rule only ever looks along references, so it is a least fixed point: the
// labels of a set of resources do not depend on the order of writing, for
// [Store.relabelled] brings the referrers of a changed resource along.

// inVisit lists the types that rule 3 is for.
var inVisit = []string{"Appointment", "CarePlan", "Claim", "ClinicalImpression", "Communication", "CommunicationRequest", "Composition",
	"DiagnosticReport", "DocumentReference", "Immunization", "MedicationAdministration", "MedicationDispense",
	"MedicationRequest", "MedicationStatement", "Observation", "Procedure", "QuestionnaireResponse", "ServiceRequest"}

// reasonMembers lists the members in which a resource names its reason. What
// merely supports it, such as the measurements sent along, is none.
var reasonMembers = []string{"about", "addresses", "basedOn", "diagnosis", "focus", "inResponseTo", "reasonReference"}

// neutral lists the types whose labels nobody inherits and that need none.
var neutral = []string{"Patient", "Practitioner", "PractitionerRole", typeOrganization, "Location", "RelatedPerson",
	"Device", "Group", "HealthcareService", "Questionnaire", "Substance", "PlanDefinition", "ActivityDefinition"}

// spread works Sensitivity out for the batch: first each resource's own, then
// along references until nothing changes. Labels only grow in the second part,
// so it ends.
func (l *labeller) spread(ctx context.Context, batch []*labelled) error {
	type edges struct {
		w    *labelled
		refs []string
	}
	var all []edges
	for _, w := range batch {
		w.out.Sensitivity = l.own(w)
		if w.out.Patient != "" {
			all = append(all, edges{w, slices.Collect(inherits(w.doc))})
		}
	}
	for changed := true; changed; {
		changed = false
		for _, e := range all {
			for _, ref := range e.refs {
				from, err := l.lender(ctx, ref)
				if err != nil {
					return err
				}
				if from == nil || ref == e.w.doc.Ref() {
					continue
				}
				if union := merged(e.w.out.Sensitivity, lent(from, e.w.doc)); len(union) > len(e.w.out.Sensitivity) {
					e.w.out.Sensitivity, changed = union, true
				}
			}
		}
	}
	return nil
}

// closedVisit is the label of what was done in a visit that has labels, and
// does not have them itself.
const closedVisit = "closed-visit"

// lent are the labels that d takes from what it refers to.
func lent(from *Labels, d *fhir.Doc) []string {
	if len(from.Sensitivity) > 0 && beside(d) != "" {
		return []string{closedVisit}
	}
	return slices.DeleteFunc(slices.Clone(from.Sensitivity), func(label string) bool { return label == closedVisit })
}

// beside returns the visit of what rule 5 is for, "" for anything else.
func beside(d *fhir.Doc) string {
	if d.Type() == "Observation" && hasCode(d.Get("category"), "", categoryVital) || d.Type() == "Task" && categoryOf(d) == "ticket" {
		return encounterOf(d)
	}
	return ""
}

const typeMedication = "Medication"

// lender returns what the resource lends its labels from, nil when there is none.
func (l *labeller) lender(ctx context.Context, ref string) (*Labels, error) {
	id, ok := strings.CutPrefix(ref, typeMedication+"/")
	if !ok {
		return l.look(ctx, ref)
	}
	if w := l.byRef[ref]; w != nil {
		return &Labels{Sensitivity: l.within(w.doc)}, nil
	}
	if got, ok := l.stored[ref]; ok {
		return got, nil
	}
	var body string
	found, err := l.r.Row(ctx, []any{&body}, `select body from res where kh = ? and typ = ? and id = ?`, hash64(ref), typeMedication, id)
	if err != nil || !found || body == "" {
		return nil, err
	}
	doc, err := fhir.ParseString(body)
	if err != nil {
		return nil, err
	}
	l.stored[ref] = &Labels{Sensitivity: l.within(doc)}
	return l.stored[ref], nil
}

// own returns the labels of rule 1, sorted; nil for none.
func (l *labeller) own(w *labelled) []string {
	if w.out.Patient == "" {
		return nil
	}
	return l.within(w.doc)
}

// within is rule 1 for anything.
func (l *labeller) within(d *fhir.Doc) []string {
	var found []string
	for c := range d.Get("meta").Each("security") {
		if c.Get("system").String() == systemSensitive {
			found = append(found, c.Get("code").String())
		}
	}
	if l.s.cfg.Sensitivity != nil {
		for name, n := range d.Root().Fields() {
			if name != "meta" && name != "text" {
				found = l.codes(n, found)
			}
		}
		found = l.words(d, found)
	}
	return merged(nil, found)
}

// worded are the members in which something is named by words alone, as
// medicines at a station are.
var worded = []string{"code", "medicationCodeableConcept", "vaccineCode", "reasonCode"}

// words appends the labels of what the resource names without a code.
func (l *labeller) words(d *fhir.Doc, found []string) []string {
	for _, member := range worded {
		for n := range d.Each(member) {
			if text := n.Get("text").String(); text != "" {
				found = append(found, l.s.cfg.Sensitivity("", "", text)...)
			}
		}
	}
	if text := d.Get("medicationReference", "display").String(); text != "" {
		found = append(found, l.s.cfg.Sensitivity("", "", text)...)
	}
	return found
}

// codes appends the labels of every coding at or below n.
func (l *labeller) codes(n fhir.Node, found []string) []string {
	switch n.Kind() {
	case fhir.Array:
		for e := range n.Items() {
			found = l.codes(e, found)
		}
	case fhir.Object:
		system, code, display := "", "", ""
		for name, v := range n.Fields() {
			switch {
			case v.Kind() == fhir.Object || v.Kind() == fhir.Array:
				found = l.codes(v, found)
			case name == "system":
				system = v.String()
			case name == "code":
				code = v.String()
			case name == "display":
				display = v.String()
			}
		}
		if code != "" && system != "" {
			found = append(found, l.s.cfg.Sensitivity(system, code, display)...)
		}
	}
	return found
}

// inherits yields the references that d takes labels from by rules 2 to 5.
func inherits(d *fhir.Doc) iter.Seq[string] {
	return func(yield func(string) bool) {
		if visit := beside(d); visit != "" {
			yield("Encounter/" + visit)
			return
		}
		if slices.Contains(neutral, d.Type()) || d.Type() == "Observation" && hasCode(d.Get("category"), "", categoryVital) {
			return
		}
		reasons := len(slices.Collect(d.Each("reasonCode"))) > 0 && d.Get("reasonCode", "coding").Exists()
		for name, n := range d.Root().Fields() {
			if name == "encounter" || name == "context" || name == "meta" || name == "partOf" && d.Type() == "Encounter" {
				continue
			}
			for ref := range references(n) {
				if typ, _, _ := strings.Cut(ref, "/"); slices.Contains(neutral, typ) || typ == "Encounter" && name != "focus" {
					continue
				}
				reasons = reasons || slices.Contains(reasonMembers, name)
				if !yield(ref) {
					return
				}
			}
		}
		if cause := caseOf(d); cause != "" {
			yield("Condition/" + cause)
			return
		}
		if visit := encounterOf(d); visit != "" && !reasons && slices.Contains(inVisit, d.Type()) {
			yield("Encounter/" + visit)
		}
	}
}

// caseOf returns the id of the diagnosis that a case form was drafted from: it
// is the number of the case. The form follows that diagnosis, not whatever
// else the visit was about, or the case would be hidden from those whom the
// law tells of it.
func caseOf(d *fhir.Doc) string {
	if d.Type() != "QuestionnaireResponse" || categoryOf(d) != "case-report" || d.Get("identifier", "system").String() != base+"/id/case" {
		return ""
	}
	cause, _, _ := strings.Cut(d.Get("identifier", "value").String(), "/") // what follows names the disease
	return cause
}

// references yields the local references "Type/id" at or below n.
func references(n fhir.Node) iter.Seq[string] {
	return func(yield func(string) bool) { walkReferences(n, yield) }
}

func walkReferences(n fhir.Node, yield func(string) bool) bool {
	switch n.Kind() {
	case fhir.Array:
		for e := range n.Items() {
			if !walkReferences(e, yield) {
				return false
			}
		}
	case fhir.Object:
		for name, v := range n.Fields() {
			if name == "reference" && v.Kind() == fhir.String {
				if ref := localRef(v.String()); ref != "" && !yield(ref) {
					return false
				}
			} else if !walkReferences(v, yield) {
				return false
			}
		}
	}
	return true
}

// localRef returns "Type/id" of a relative reference, without a version; ""
// for everything else.
func localRef(ref string) string {
	ref, _, _ = strings.Cut(ref, "/_history/")
	typ, id, ok := strings.Cut(ref, "/")
	if !ok || typ == "" || id == "" || typ[0] < 'A' || typ[0] > 'Z' || strings.ContainsAny(id, "/#?") || strings.ContainsAny(typ, ":.?#") {
		return ""
	}
	return typ + "/" + id
}

// merged returns the sorted union, nil when empty.
func merged(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	u := slices.Concat(a, b)
	slices.Sort(u)
	return slices.Compact(u)
}

// relabelled lists the stored resources, not in the batch, whose sensitivity
// must follow a change in the batch, with their new labels: a corrected
// diagnosis takes the drug, the test and the reminder along. The commit writes
// each as a new version with the same content, so that followers learn of it.
// The batch itself is worked out again together with them.
func (s *Store) relabelled(ctx context.Context, r reader, a Actor, batch []*labelled) ([]*labelled, error) {
	l := labeller{s: s, r: r, a: a, byRef: make(map[string]*labelled, len(batch)), stored: map[string]*Labels{}}
	l.take(batch)
	all, asked := slices.Clone(batch), map[string]bool{}
	for {
		grew := false
		for i := 0; i < len(all); i++ { // all grows while it is walked
			w := all[i]
			ref := w.doc.Ref()
			if asked[ref] || i < len(batch) && w.settled() && w.doc.Type() != typeMedication {
				continue
			}
			// A stored resource met on the way always asks for its own referrers:
			// labels that two resources lend each other only disappear together.
			asked[ref] = true
			found, err := s.referrers(ctx, r, ref)
			if err != nil {
				return nil, fmt.Errorf("who refers to a relabelled resource: %w", err)
			}
			for _, f := range found {
				if l.byRef[f.doc.Ref()] == nil {
					l.byRef[f.doc.Ref()], grew = f, true
					all = append(all, f)
				}
			}
		}
		if !grew {
			break
		}
		if err := l.spread(ctx, all); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all[len(batch):], (*labelled).settled), nil
}

// settled reports whether the sensitivity of w is as it was.
func (w *labelled) settled() bool {
	if w.was == nil {
		return len(w.out.Sensitivity) == 0
	}
	return slices.Equal(w.was.Sensitivity, w.out.Sensitivity)
}

// referrers reads the stored resources that inherit from ref. PostgreSQL locks
// them: what they inherit follows their content, which another commit may be
// changing.
func (s *Store) referrers(ctx context.Context, r reader, ref string) ([]*labelled, error) {
	var found []*labelled
	text := `select res.body, ` + labelColumns + `
		from ih join res on res.rid = ih.rid and res.t = ih.t where ih.p = ? and ih.h = ? and res.del = 0 order by res.rid`
	if tx, ok := r.(*commitTx); ok && tx.pg != nil {
		text += ` for update of res`
	}
	err := r.Rows(ctx, text,
		[]any{paramReferrers(), hash64(ref)}, func(scan func(...any) error) error {
			var row labelRow
			var body string
			if err := scan(append([]any{&body}, row.dest()...)...); err != nil {
				return err
			}
			was := row.labels()
			doc, err := fhir.ParseString(body)
			if err != nil {
				return err
			}
			if was.Patient != "" && slices.Contains(slices.Collect(inherits(doc)), ref) {
				found = append(found, &labelled{doc: doc, was: &was, out: was})
			}
			return nil
		})
	return found, err
}
