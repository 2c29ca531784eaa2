// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Filled returns the draft and its form with every answer that the record has.
// Errors: NotFound; BusinessRule ("surveillance.draft.sent") when somebody has
// sent it already.
func (m *Module) Filled(ctx context.Context, a store.Actor, cause string) (Draft, Report, error) {
	d, r, _, err := m.filled(ctx, a, cause)
	return d, r, err
}

// filled is Filled, with the answers that follow from others.
func (m *Module) filled(ctx context.Context, a store.Actor, cause string) (d Draft, r Report, derived []string, err error) {
	if d, err = m.Draft(ctx, a, cause); err != nil {
		return d, nil, nil, err
	}
	if !d.Open() {
		return d, nil, nil, issue.New(issue.BusinessRule, "surveillance.draft.sent")
	}
	r = m.closedForm(d)
	if !d.Closed() {
		record, err := m.recordOf(ctx, a, d)
		if err != nil {
			return d, nil, nil, err
		}
		r, derived = record.report()
	}
	r["reporter"], r["reporter_unit"] = a.Name, a.FacilityName
	return d, r, derived, nil
}

// Send writes the case report that a person has checked: Condition and filled
// form, once for each episode, however often it is sent.
// Errors: those of Filled and of the form.
func (m *Module) Send(ctx context.Context, a store.Actor, cause, key string, r Report) (report string, err error) {
	d, record, err := m.Filled(ctx, a, cause)
	if err != nil {
		return "", err
	}
	for _, id := range personFields { // the record answers these, not the form
		r[id] = record[id]
	}
	if err := m.mayReport(a, r); err != nil {
		return "", err
	}
	if err := r.check(m.today()); err != nil {
		return "", err
	}
	return m.write(ctx, a, d, key, r, casereport.Class(r["class"]), "")
}

// mayReport refuses a labelled disease to everybody but the closed desk: it
// would stand unlabelled in the form of another.
func (m *Module) mayReport(a store.Actor, r Report) error {
	if d, _ := m.diseases.ByID(r["disease"]); d.Closed && a.Role != store.ClosedDesk {
		return issue.New(issue.BusinessRule, "reporting.told.closed").At("disease")
	}
	return nil
}

// Refute writes that the draft is not a case, with the reason. The diagnosis
// itself stays as it is.
// Errors: Required ("surveillance.refute.reason") at "reason" without one.
func (m *Module) Refute(ctx context.Context, a store.Actor, cause, key, reason string) (report string, err error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		return "", issue.New(issue.Required, "surveillance.refute.reason").At("reason")
	}
	d, r, err := m.Filled(ctx, a, cause)
	if err != nil {
		return "", err
	}
	delete(r, "class")
	return m.write(ctx, a, d, key, r, casereport.Refuted, reason)
}

func (m *Module) write(ctx context.Context, a store.Actor, d Draft, key string, r Report, class casereport.Class, reason string) (string, error) {
	same := ""
	if class.Counts() {
		var err error
		if same, err = m.standing(ctx, Key{Number: r["number"]}, r["disease"], vn.DateOf(m.diagnosedAt(r, d.At)), d.Patient); err != nil {
			return "", err
		}
	}
	ops, err := m.caseOps(a, d, r, class, reason, same)
	if err != nil {
		return "", err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, ops...)
	if err != nil {
		return "", fmt.Errorf("sending a case report: %w", err)
	}
	return receipt.Docs[0].ID(), m.store.Await(ctx, receipt, "surveillance")
}

// caseOps are Condition and form of a new case report, in this order. A draft
// of no trigger is of a case without a visit. same is the report of the same
// case that stands already, "" for none.
func (m *Module) caseOps(a store.Actor, d Draft, r Report, class casereport.Class, reason, same string) ([]store.Op, error) {
	id := newID()
	number := cmp.Or(d.Cause, id) + "/" + d.Disease // a corrected diagnosis is another case
	form := fhir.QuestionnaireResponse{
		ID: newID(), Identifier: &fhir.Identifier{System: casereport.SystemNumber, Value: number},
		Questionnaire: fhir.QuestionnaireCase, Status: "completed",
		Subject: fhir.Ref("Patient", d.Patient), Encounter: fhir.Ref("Encounter", d.Encounter),
		Authored: fhir.Instant(m.now()), Author: fhir.Ref("Practitioner", a.Practitioner), Item: r.items(),
	}
	report := fhir.Condition{
		ID: id, Identifier: []fhir.Identifier{{System: casereport.SystemNumber, Value: number}},
		ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		Category:       []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
		Subject:        fhir.Ref("Patient", d.Patient), Encounter: fhir.Ref("Encounter", d.Encounter),
		RecordedDate: fhir.Instant(m.diagnosedAt(r, d.At)), Recorder: fhir.Ref("Practitioner", a.Practitioner),
		Evidence: []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("QuestionnaireResponse", form.ID)}}},
	}
	for _, from := range []fhir.Reference{fhir.Ref("Communication", d.message), fhir.Ref(d.Kind, d.Cause)} {
		if from.Reference != "" {
			report.Evidence[0].Detail = append([]fhir.Reference{from}, report.Evidence[0].Detail...)
		}
	}
	if u, ok := m.units.Get(d.Unit); ok && u.Level == vn.LevelCommune {
		report.Extension = append(report.Extension, fhir.Unit(u.Code, u.From.String(), u.Full()))
	}
	if same != "" {
		other := fhir.Ref("Condition", same)
		report.Extension = append(report.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &other})
	}
	m.state(&report, r, d.Code, class)
	if reason != "" {
		report.Note = []fhir.Annotation{m.note(a, reason)}
	}
	return m.ops(report, form, func(doc *fhir.Doc) store.Op {
		return store.Create(doc).Unless("identifier=" + casereport.SystemNumber + "|" + number)
	})
}

// diagnosedAt is when the diagnosis was made as the form says: is, of its day.
func (m *Module) diagnosedAt(r Report, is time.Time) time.Time {
	if day, err := vn.ParseDate(r["diagnosed"]); err == nil && day != vn.DateOf(is) {
		return m.toldAt(day)
	}
	return is
}

// state sets what the form says of disease, class, onset, focus, death and paper.
func (m *Module) state(c *fhir.Condition, r Report, icd string, class casereport.Class) {
	c.VerificationStatus = fhir.Code(fhir.ConditionVerStatus, class.Status(), "")
	if !casereport.Day(c.OnsetDateTime).Known() || casereport.Day(c.OnsetDateTime).String() != r["onset"] { // else it may say the hour
		c.OnsetDateTime = r["onset"]
	}
	if disease, ok := m.diseases.ByID(r["disease"]); ok {
		if x, found := m.diseases.Series(icd); len(disease.ICD) > 0 && (!found || x.ID != disease.ID) && !shares(disease, icd) {
			icd = disease.ICD[0].From // the person chose another disease than the diagnosis says
		}
		c.Code = codeOf(c.Code, icd, disease)
	}
	for _, url := range []string{casereport.ExtFocus, casereport.ExtDied, casereport.ExtReported, casereport.ExtSample} {
		c.Extension = dropExtension(c.Extension, url)
	}
	if r["focus"] != "" {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtFocus, ValueString: r["focus"]})
	}
	if r["sample_number"] != "" {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtSample, ValueString: r["sample_number"]})
	}
	if r["outcome"] == "died" && r["outcome_date"] != "" {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtDied, ValueDate: r["outcome_date"]})
	}
	if at := r.paper(); !at.IsZero() {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtReported, ValueDateTime: fhir.Instant(at)})
	}
}

// codeOf is the code of a disease. What says so already keeps its words, and its
// codes of other systems.
func codeOf(was fhir.CodeableConcept, icd string, d content.Disease) fhir.CodeableConcept {
	id := fhir.Coding{System: casereport.SystemDisease, Code: d.ID, Display: d.Name.Vi}
	says := func(system, code string) bool {
		return slices.ContainsFunc(was.Coding, func(c fhir.Coding) bool { return c.System == system && c.Code == code })
	}
	others := func(c fhir.Coding) bool { return c.System == casereport.SystemDisease }
	switch {
	case !says(fhir.ICD10, icd) || slices.ContainsFunc(was.Coding, others) && !says(id.System, id.Code):
		return fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}, id}, Text: d.Name.Vi}
	case !says(id.System, id.Code):
		was.Coding = append(slices.Clip(was.Coding), id)
	}
	was.Text = cmp.Or(was.Text, d.Name.Vi)
	return was
}

func shares(d content.Disease, icd string) bool {
	for _, c := range d.SharedICD {
		if c.Contains(content.NormalICD(icd)) {
			return true
		}
	}
	return false
}

func dropExtension(list []fhir.Extension, url string) []fhir.Extension {
	var kept []fhir.Extension
	for _, x := range list {
		if x.URL != url {
			kept = append(kept, x)
		}
	}
	return kept
}

func (m *Module) note(a store.Actor, text string) fhir.Annotation {
	return fhir.Annotation{AuthorReference: fhir.Ref("Practitioner", a.Practitioner), Time: fhir.Instant(m.now()), Text: text}
}

func (m *Module) ops(report fhir.Condition, form fhir.QuestionnaireResponse, op func(*fhir.Doc) store.Op) ([]store.Op, error) {
	var out []store.Op
	for _, resource := range []any{report, form} {
		doc, err := fhir.New(resource)
		if err != nil {
			return nil, err
		}
		out = append(out, op(doc))
	}
	return out, nil
}

// Sent is a case report with its form, as it is now.
type Sent struct {
	Case
	Answers Report
	Version int64
	Notes   []fhir.Annotation // why it is not a case, corrections; oldest first
	report  *fhir.Doc
	form    *fhir.Doc // the newest that the actor may read; nil for reports that were imported without one
}

// Open reads a case report with its form. A report that came without one has
// those of the facilities that changed it since: what the newest does not
// answer, the ones before do.
// Errors: NotFound.
func (m *Module) Open(ctx context.Context, a store.Actor, id string) (Sent, error) {
	row, err := m.Case(ctx, a, id)
	if err != nil {
		return Sent{}, err
	}
	s := Sent{Case: row, Answers: Report{}}
	door := m.store.For(a)
	if s.report, err = door.Read(ctx, "Condition", id); err != nil {
		return s, err
	}
	if _, err := fmt.Sscan(s.report.VersionID(), &s.Version); err != nil {
		return s, fmt.Errorf("version of a case report: %w", err)
	}
	var c fhir.Condition
	if err := s.report.Into(&c); err != nil {
		return s, err
	}
	s.Notes = c.Note
	forms, err := formsOf(ctx, door, c)
	if err != nil {
		return s, err
	}
	for _, form := range forms {
		s.form = form
		maps.Copy(s.Answers, casereport.Answers(form))
	}
	if s.form == nil { // imported without a form: what the list shows
		for id, answer := range map[string]string{"name": row.Name, "sex": row.Sex, "birth": row.Birth} {
			if answer != "" {
				s.Answers[id] = answer
			}
		}
		if u, ok := m.units.Get(s.Unit); ok {
			s.Answers["commune"] = u.Full()
		}
	}
	s.Answers.take(row, c, s.report)
	return s, nil
}

// formsOf reads the forms of a report that may be read, the oldest first.
func formsOf(ctx context.Context, door store.Door, c fhir.Condition) ([]*fhir.Doc, error) {
	var out []*fhir.Doc
	for _, e := range c.Evidence {
		for _, ref := range e.Detail {
			id, ok := strings.CutPrefix(ref.Reference, "QuestionnaireResponse/")
			if !ok {
				continue
			}
			form, err := door.Read(ctx, "QuestionnaireResponse", id)
			if err != nil && !closed(err) {
				return nil, err
			}
			if err == nil {
				out = append(out, form)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *fhir.Doc) int {
		return casereport.Instant(a.Get("authored").String()).Compare(casereport.Instant(b.Get("authored").String()))
	})
	return out, nil
}

// take answers what the report itself says: it holds, whatever its form has.
func (r Report) take(row Case, c fhir.Condition, doc *fhir.Doc) {
	r["disease"], r["icd"], r["diagnosed"] = row.Disease, casereport.ICD(doc), row.Day.String()
	r["class"] = string(casereport.ClassOf(doc.Get("verificationStatus", "coding", "code").String()))
	if row.Onset.Known() {
		r["onset"] = row.Onset.String()
	}
	if r["outcome"] == "died" && !row.Died.Known() { // who sent it has taken that back
		delete(r, "outcome")
		delete(r, "outcome_date")
	}
	for _, x := range c.Extension {
		switch x.URL {
		case casereport.ExtFocus:
			r["focus"] = x.ValueString
		case casereport.ExtSample:
			r["sample_number"] = x.ValueString
		case casereport.ExtDied:
			r["outcome"], r["outcome_date"] = "died", x.ValueDate
		case casereport.ExtReported:
			if at := casereport.Instant(x.ValueDateTime).In(vn.Zone); !at.Equal(r.paper()) {
				r["paper_sent"], r["paper_time"] = vn.DateOf(at).String(), at.Format("15:04")
			}
		}
	}
}

// Update writes a new version of a case report: diagnosis, class, laboratory
// result or outcome have changed. version is that of the report the form was
// made from; somebody else's change in between is Precondition. Refuted needs
// a reason, which stands as a note.
func (m *Module) Update(ctx context.Context, a store.Actor, id string, version int64, key string, r Report, class casereport.Class, reason string) error {
	s, err := m.Open(ctx, a, id)
	if err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); class == casereport.Refuted && reason == "" {
		return issue.New(issue.Required, "surveillance.refute.reason").At("reason")
	}
	if class == casereport.Refuted { // the answers stay as they were
		r = s.Answers
	}
	for _, id := range personFields {
		r[id] = s.Answers[id]
	}
	if class != casereport.Refuted {
		r["class"] = string(class)
		if err := m.mayReport(a, r); err != nil {
			return err
		}
		if err := r.check(m.today()); err != nil {
			return err
		}
	}
	return m.rewrite(ctx, a, s, version, key, r, class, reason)
}

// rewrite writes the new version of a report and of its form. One without a form
// that the actor's facility may read gets one, when it is about somebody.
func (m *Module) rewrite(ctx context.Context, a store.Actor, s Sent, version int64, key string, r Report, class casereport.Class, reason string) error {
	var c fhir.Condition
	if err := s.report.Into(&c); err != nil {
		return err
	}
	m.state(&c, r, casereport.ICD(s.report), class)
	if is := s.Day.Time(); !m.diagnosedAt(r, is).Equal(is) {
		c.RecordedDate = fhir.Instant(m.diagnosedAt(r, is))
	}
	if reason != "" {
		c.Note = append(c.Note, m.note(a, reason))
	}
	forms := s.form != nil || s.Patient != "" && a.Facility != ""
	form := fhir.QuestionnaireResponse{ID: newID(), Questionnaire: fhir.QuestionnaireCase, Status: "amended",
		Subject: c.Subject, Encounter: c.Encounter, Author: fhir.Ref("Practitioner", a.Practitioner)}
	if s.form != nil {
		if err := s.form.Into(&form); err != nil {
			return err
		}
		form.Status = "amended"
	} else if forms {
		c.Evidence = append(c.Evidence, fhir.ConditionEvidence{Detail: []fhir.Reference{fhir.Ref("QuestionnaireResponse", form.ID)}})
	}
	doc, err := fhir.New(c)
	if err != nil {
		return err
	}
	ops := []store.Op{store.Update(doc, version)}
	if forms {
		form.Authored, form.Item = fhir.Instant(m.now()), r.items()
		doc, err := fhir.New(form)
		if err != nil {
			return err
		}
		if s.form != nil {
			ops = append(ops, store.Update(doc, 0))
		} else {
			ops = append(ops, store.Create(doc))
		}
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, ops...)
	if err != nil {
		return fmt.Errorf("updating a case report: %w", err)
	}
	return m.store.Await(ctx, receipt, "surveillance")
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
