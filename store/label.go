// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// The systems that labels are read from.
const (
	base             = "https://mach.vn"
	systemSensitive  = base + "/cs/sensitivity"
	systemFacility   = base + "/cs/facility-type"
	extensionUnit    = base + "/ext/unit"
	categoryVital    = "vital-signs"
	typeOrganization = "Organization"
)

// labelled is one resource of a commit while its labels are worked out.
type labelled struct {
	doc     *fhir.Doc // as it will be stored, references resolved, id set
	was     *Labels   // of the version before; nil for a create
	out     Labels    // the answer
	refused bool      // its labels may not become what they would
}

// label fills out for the whole batch, so that a drug and the diagnosis that
// it names may stand in one commit in any order.
//
// Patient comes from the Patient compartment and never changes to another
// person (BusinessRule "store.patient.changed"). Facility is the first of: the
// visit's service provider, the actor's facility, the facility of the visit
// that is referred to, an organization named by the resource. A sub-site
// (điểm trạm) counts as its station. Unit is the residence for a Patient, else
// the unit of the facility. Sensitivity is what [Store.sensitivity] finds.
func (s *Store) label(ctx context.Context, r reader, a Actor, batch []*labelled) error {
	l := labeller{s: s, r: r, a: a, byRef: make(map[string]*labelled, len(batch)), stored: map[string]*Labels{}}
	l.take(batch)
	// Others read their unit and station from an Organization, a sub-site from
	// its station (hence twice), and their facility from the Encounter.
	for _, turn := range []string{typeOrganization, typeOrganization, "Encounter", ""} {
		for _, w := range batch {
			typ := w.doc.Type()
			if typ == turn || turn == "" && typ != typeOrganization && typ != "Encounter" {
				if err := l.base(ctx, w); err != nil {
					w.refused = true
					return err
				}
			}
		}
	}
	return l.spread(ctx, batch)
}

// take names the batch for look.
func (l *labeller) take(batch []*labelled) {
	for _, w := range batch {
		l.byRef[w.doc.Ref()] = w
	}
}

type labeller struct {
	s      *Store
	r      reader
	a      Actor
	byRef  map[string]*labelled
	stored map[string]*Labels // nil value = looked up, not there
}

// base fills everything but Sensitivity.
func (l *labeller) base(ctx context.Context, w *labelled) error {
	d := w.doc
	w.out = Labels{Type: d.Type(), ID: d.ID(), Author: l.a.Account}
	w.out.Patient = patientOf(d)
	if w.was != nil {
		w.out.Author, w.out.Facility = w.was.Author, w.was.Facility
		if was := w.was.Patient; was != "" && was != w.out.Patient {
			if !slices.Contains(patientsOf(d), was) {
				return issue.New(issue.BusinessRule, "store.patient.changed").At(d.Type())
			}
			w.out.Patient = was
		}
	}
	w.out.Category, w.out.Draft = categoryOf(d), draft(d)
	w.out.Author = handedTo(d, w.out.Author)
	var err error
	if w.out.Facility == "" || d.Type() == typeOrganization {
		if w.out.Facility, err = l.facility(ctx, d); err != nil {
			return err
		}
	}
	w.out.Unit, err = l.unit(ctx, d, w.out.Facility)
	return err
}

// facility finds the Organization that made d.
func (l *labeller) facility(ctx context.Context, d *fhir.Doc) (string, error) {
	if d.Type() == typeOrganization {
		if parent := refTo(d.Get("partOf"), typeOrganization); parent != "" && hasCode(d.Get("type"), systemFacility, "substation") {
			return parent, nil
		}
		return d.ID(), nil
	}
	if org := refTo(d.Get("serviceProvider"), typeOrganization); org != "" && d.Type() == "Encounter" {
		return l.station(ctx, org)
	}
	if l.a.Facility != "" {
		return l.a.Facility, nil
	}
	if enc := encounterOf(d); enc != "" {
		if labels, err := l.look(ctx, "Encounter/"+enc); err != nil || labels != nil {
			if err != nil || labels.Facility != "" {
				return facilityOf(labels), err
			}
		}
	}
	for _, member := range []string{"managingOrganization", "organization", "custodian", "owner", "performer", "author", "sender"} {
		for n := range d.Each(member) {
			for _, at := range []fhir.Node{n, n.Get("actor")} {
				if org := refTo(at, typeOrganization); org != "" {
					return l.station(ctx, org)
				}
			}
		}
	}
	return "", nil
}

// station returns the station of a sub-site, and org itself for all others.
func (l *labeller) station(ctx context.Context, org string) (string, error) {
	labels, err := l.look(ctx, typeOrganization+"/"+org)
	if err != nil || labels == nil || labels.Facility == "" {
		return org, err
	}
	return labels.Facility, nil
}

// unit finds the administrative unit of d: where a person lives, where a place
// stands, the place that a message, a task or a plan names as what it is about, else
// where the facility is.
func (l *labeller) unit(ctx context.Context, d *fhir.Doc, facility string) (vn.UnitID, error) {
	switch d.Type() {
	case "Patient", typeOrganization, "Location", "RelatedPerson", "Group", "Communication", "Task", "PlanDefinition":
		if u := l.unitIn(d); u != 0 {
			return u, nil
		}
		if home := refTo(d.Get("managingOrganization"), typeOrganization); home != "" {
			facility = home
		}
		if parent := refTo(d.Get("partOf"), typeOrganization); parent != "" && d.Type() == typeOrganization {
			facility = parent
		}
	}
	if facility == "" {
		return 0, nil
	}
	if facility == l.a.Facility && l.a.Unit != 0 {
		return l.a.Unit, nil
	}
	labels, err := l.look(ctx, typeOrganization+"/"+facility)
	if err != nil || labels == nil {
		return 0, err
	}
	return labels.Unit, nil
}

// unitIn reads the extension /ext/unit from the resource, its home address or
// else its first address that carries one.
func (l *labeller) unitIn(d *fhir.Doc) vn.UnitID {
	if l.s.cfg.UnitOf == nil {
		return 0
	}
	var found vn.UnitID
	for _, at := range slices.Concat([]fhir.Node{d.Root()}, slices.Collect(d.Each("address")), slices.Collect(d.Each("characteristic"))) {
		for e := range at.Each("extension") {
			if e.Get("url").String() != extensionUnit {
				continue
			}
			c := e.Get("valueCoding")
			if u := l.s.cfg.UnitOf(c.Get("code").String(), c.Get("version").String()); u != 0 {
				if at.Get("use").String() == "home" {
					return u
				}
				if found == 0 {
					found = u
				}
			}
		}
		if c := at.Get("valueCodeableConcept", "coding"); found == 0 && c.Get("system").String() == base+"/cs/unit" {
			found = l.s.cfg.UnitOf(c.Get("code").String(), c.Get("version").String())
		}
	}
	return found
}

// look returns the labels of a resource in the batch or stored; nil when there
// is none.
func (l *labeller) look(ctx context.Context, ref string) (*Labels, error) {
	if w, ok := l.byRef[ref]; ok {
		return &w.out, nil
	}
	if got, ok := l.stored[ref]; ok {
		return got, nil
	}
	typ, id, _ := strings.Cut(ref, "/")
	got, err := readLabels(ctx, l.r, typ, id)
	if err != nil {
		return nil, fmt.Errorf("labels of %s: %w", typ, err)
	}
	l.stored[ref] = got
	return got, nil
}

// readLabels reads the labels of a stored resource, nil when there is none.
func readLabels(ctx context.Context, r reader, typ, id string) (*Labels, error) {
	var l labelRow
	ok, err := r.Row(ctx, l.dest(), `select `+labelColumns+` from res where kh = ? and typ = ? and id = ?`, hash64(typ+"/"+id), typ, id)
	if err != nil || !ok {
		return nil, err
	}
	labels := l.labels()
	return &labels, nil
}

// labelColumns are the labels of a row of res; labelRow scans them.
const labelColumns = "res.typ, res.id, res.patient, res.facility, res.unit, res.sens, res.category, res.draft, res.author"

type labelRow struct {
	l     Labels
	sens  string
	draft int
}

func (r *labelRow) dest() []any {
	return []any{&r.l.Type, &r.l.ID, &r.l.Patient, &r.l.Facility, &r.l.Unit, &r.sens, &r.l.Category, &r.draft, &r.l.Author}
}

func (r *labelRow) labels() Labels {
	l := r.l
	l.Sensitivity, l.Draft = strings.Fields(r.sens), r.draft != 0
	return l
}

// categoryOf returns the code of /cs/category or /cs/task that says what part
// the resource plays: case-report, consultation, ticket …; "" for none.
func categoryOf(d *fhir.Doc) string {
	if d.Type() == "QuestionnaireResponse" && d.Get("questionnaire").String() == base+"/fhir/Questionnaire/ca-benh" {
		return "case-report"
	}
	for _, member := range []string{"category", "code", "topic"} {
		for concept := range d.Each(member) {
			for c := range concept.Each("coding") {
				if sys := c.Get("system").String(); sys == base+"/cs/category" || sys == base+"/cs/task" {
					return c.Get("code").String()
				}
			}
		}
	}
	return ""
}

// draft reports whether the content is not signed off yet, so that only those
// who work on it may see it.
func draft(d *fhir.Doc) bool {
	status := d.Get("status").String()
	switch d.Type() {
	case "Encounter":
		return slices.Contains([]string{"planned", "arrived", "triaged", "in-progress", "onleave"}, status)
	case "Observation", "DiagnosticReport", "Composition":
		return slices.Contains([]string{"registered", "partial", "preliminary"}, status)
	case "QuestionnaireResponse":
		return status == "in-progress"
	case "Condition":
		return categoryOf(d) == "" && hasCode(d.Get("verificationStatus"), "", "provisional")
	case "MedicationRequest", "ServiceRequest", "CarePlan":
		return status == "draft"
	case "MedicationDispense":
		return status == "preparation"
	case "Appointment": // booked when the visit that asks for it is signed
		return status == "proposed"
	}
	return false
}

// handedTo returns whose a task is: the owner's, when it is handed to one health
// worker to be followed (nobody's without one), else the author's.
func handedTo(d *fhir.Doc, author string) string {
	if d.Type() != "Task" || categoryOf(d) != "contact-village" {
		return author
	}
	return Actor{Practitioner: refTo(d.Get("owner"), "Practitioner")}.Worker()
}

func facilityOf(l *Labels) string {
	if l == nil {
		return ""
	}
	return l.Facility
}

// patientsOf lists the persons whose record d belongs to, in the order of the
// compartment's parameters. A household (Group) belongs to no single person.
func patientsOf(d *fhir.Doc) []string {
	switch d.Type() {
	case "Patient":
		return []string{d.ID()}
	case "Group":
		return nil
	case "Bundle":
		return patientsWithin(d)
	}
	return fhir.Patients(d)
}

// severalPatients labels what holds the records of more than one person. It is
// no id: nobody has a relation to it, so only who may see everything sees it.
const severalPatients = "*"

// patientsWithin looks into the entries of a Bundle that is kept as one whole.
func patientsWithin(bundle *fhir.Doc) []string {
	var found []string
	for e := range bundle.Each("entry") {
		doc, err := fhir.ParseString(e.Get("resource").Raw())
		if err != nil {
			continue // an entry without a resource
		}
		for _, p := range patientsOf(doc) {
			if found = append(found, p); found[0] != p {
				return []string{severalPatients}
			}
		}
	}
	return found[:min(1, len(found))]
}

func patientOf(d *fhir.Doc) string {
	if all := patientsOf(d); len(all) > 0 {
		return all[0]
	}
	return ""
}

// encounterOf returns the id of the visit that d was written in, or "". An
// appointment names it among what supports it.
func encounterOf(d *fhir.Doc) string {
	if d.Type() == "Appointment" {
		for n := range d.Each("supportingInformation") {
			if id := refTo(n, "Encounter"); id != "" {
				return id
			}
		}
	}
	for _, at := range []fhir.Node{d.Get("encounter"), d.Get("context"), d.Get("context", "encounter")} {
		if id := refTo(at, "Encounter"); id != "" {
			return id
		}
	}
	return ""
}

// refTo returns the id of a local reference to the type, or "".
func refTo(n fhir.Node, typ string) string {
	ref := n.Get("reference").String()
	if id, ok := strings.CutPrefix(ref, typ+"/"); ok {
		id, _, _ = strings.Cut(id, "/_history/")
		return id
	}
	return ""
}

// hasCode reports whether one of the codings of a CodeableConcept, or of a
// list of them, is the code.
func hasCode(n fhir.Node, system, code string) bool {
	for concept := range n.Items() {
		for c := range concept.Each("coding") {
			if c.Get("code").String() == code && (system == "" || c.Get("system").String() == system) {
				return true
			}
		}
	}
	return false
}
