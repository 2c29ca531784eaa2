// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// record is what is on file about a case, as far as its reporter may read it.
// A document that is not there, or closed to the reader, is nil.
type record struct {
	draft    Draft
	disease  content.Disease
	unit     vn.Unit // the commune of today
	patient  *fhir.Doc
	visit    *fhir.Doc
	cause    *fhir.Doc // the diagnosis
	facility *fhir.Doc // where the person was treated
	reporter *fhir.Doc // Practitioner
	desk     *fhir.Doc // Organization of the reporter
	kin      []*fhir.Doc
	doses    []*fhir.Doc
	results  []*fhir.Doc // of a laboratory: Observation, DiagnosticReport
	samples  []*fhir.Doc
	asked    []*fhir.Doc // what the visit asked for the report: QuestionnaireResponse
}

// incubation is how many days before the diagnosis a test may have been taken
// to speak of the case.
const incubation = 21

// recordOf reads what a case form may be filled from.
func (m *Module) recordOf(ctx context.Context, a store.Actor, d Draft) (record, error) {
	r := record{draft: d}
	var ok bool
	if r.disease, ok = m.diseases.ByID(d.Disease); !ok {
		return r, issue.New(issue.NotFound, "surveillance.draft.none")
	}
	r.unit, _ = m.units.Get(d.Unit)
	door := m.store.For(a)
	var err error
	if r.patient, err = door.Read(ctx, "Patient", d.Patient); err != nil {
		return r, err
	}
	for _, one := range []struct {
		to      **fhir.Doc
		typ, id string
	}{
		{&r.visit, "Encounter", d.Encounter}, {&r.cause, d.Kind, d.Cause}, {&r.facility, "Organization", d.Facility},
		{&r.reporter, "Practitioner", a.Practitioner}, {&r.desk, "Organization", a.Facility},
	} {
		if one.id == "" {
			continue
		}
		if *one.to, err = door.Read(ctx, one.typ, one.id); err != nil && !closed(err) {
			return r, fmt.Errorf("record of a case: %w", err)
		}
	}
	since := [2]string{"date", "ge" + vn.DateOf(d.At).AddDays(-incubation).String()}
	laboratory := [2]string{"category", "laboratory,LAB"}
	for _, many := range []struct {
		to     *[]*fhir.Doc
		typ    string
		params [][2]string
	}{
		{&r.kin, "RelatedPerson", nil}, {&r.doses, "Immunization", nil}, {&r.results, "Observation", [][2]string{laboratory, since}},
		{&r.results, "DiagnosticReport", [][2]string{laboratory, since}}, {&r.samples, "Specimen", nil},
	} {
		params := append([][2]string{{"patient", "Patient/" + d.Patient}}, many.params...)
		page, err := door.Search(ctx, store.Query{Type: many.typ, Params: params, Count: 200})
		if err != nil && !closed(err) {
			return r, fmt.Errorf("record of a case: %w", err)
		}
		*many.to = append(*many.to, page.Docs...)
	}
	if d.Encounter == "" {
		return r, nil
	}
	page, err := door.Search(ctx, store.Query{Type: "QuestionnaireResponse", Params: [][2]string{{"encounter", "Encounter/" + d.Encounter}, {"questionnaire", fhir.QuestionnaireVisit}}})
	if err != nil && !closed(err) {
		return r, fmt.Errorf("record of a case: %w", err)
	}
	r.asked = page.Docs
	return r, nil
}

// closed reports whether the reader may not see it, or nobody can any more.
func closed(err error) bool {
	return issue.Is(err, issue.NotFound) || issue.Is(err, issue.Forbidden) || issue.Is(err, issue.Deleted)
}

// report fills the form: every field that has its answer in the record.
// Nothing is guessed: unknown stays empty, and what is not on file is not
// taken for "no". What follows from something else than an answer is named in
// derived, for the reporter to confirm.
func (r record) report() (out Report, derived []string) {
	out = Report{
		"disease": r.disease.ID, "class": string(casereport.Suspect), "icd": r.draft.Code, "diagnosed": vn.DateOf(r.draft.At).String(),
		"commune": r.unit.Full(), "facility": nameOf(r.facility), "reporter_phone": cmp.Or(phoneOf(r.reporter), phoneOf(r.desk)),
	}
	r.person(out)
	r.care(out)
	r.vaccination(out)
	r.tests(out)
	r.told(out)
	derived = r.derive(out)
	for id, answer := range out {
		if answer == "" {
			delete(out, id)
		}
	}
	return out, derived
}

// told takes what the visit asked, where the record has no answer of its own.
func (r record) told(out Report) {
	for _, d := range r.asked {
		if d.Get("status").String() == "entered-in-error" {
			continue
		}
		for id, answer := range casereport.Answers(d) {
			out[id] = cmp.Or(out[id], answer)
		}
	}
}

// derive answers what follows from the rest, and names it: who has no other
// address lives at the one on file; under six the occupation is "child"; a
// sample of which the visit speaks was taken at the visit, and has no result
// before there is one.
func (r record) derive(out Report) (derived []string) {
	follow := func(id, answer string) {
		if out[id] == "" && answer != "" {
			out[id], derived = answer, append(derived, id)
		}
	}
	follow("current_address", out["address"])
	if age := out.age(); age >= 0 && age < 6 {
		follow("occupation", "child")
	}
	if out["sampled"] == "yes" {
		follow("sample_date", out["first_visit"])
		follow("result", "pending")
	}
	return derived
}

func (r record) person(out Report) {
	p := r.patient
	out["name"], out["birth"], out["sex"], out["phone"] = fhir.PrintedName(p.Root()), p.Get("birthDate").String(), p.Get("gender").String(), phoneOf(p)
	out["number"], out["insurance"] = p.Identifier(fhir.IDPersonal), p.Identifier(fhir.IDInsurance)
	for a := range p.Each("address") {
		text := a.Get("text").String()
		if use := a.Get("use").String(); use == "temp" {
			out["current_address"] = text
		} else if use != "old" && out["address"] == "" {
			out["address"] = text
		}
	}
	for id, list := range map[string][]content.Item{"ethnic": content.EthnicGroups(), "occupation": content.Occupations()} {
		code := p.Root().Extension(fhir.Base+"/ext/"+id).Get("valueCoding", "code").String()
		if slices.ContainsFunc(list, func(i content.Item) bool { return i.Code == code }) {
			out[id] = code
		}
	}
	r.guardian(out)
}

// guardian is who is named as one; for a minor anybody of the family to call.
func (r record) guardian(out Report) {
	take := func(n fhir.Node, name string) {
		guards := slices.Contains(relationships(n), "GUARD")
		if name != "" && (guards || out.minor()) && out["guardian"] == "" {
			out["guardian"], out["guardian_phone"] = name, phoneIn(n)
		}
	}
	for c := range r.patient.Each("contact") {
		take(c, c.Get("name", "text").String())
	}
	for _, k := range r.kin {
		take(k.Root(), k.Get("name", "text").String())
	}
}

func relationships(n fhir.Node) []string {
	var out []string
	for c := range n.Each("relationship") {
		for coding := range c.Each("coding") {
			out = append(out, coding.Get("code").String())
		}
	}
	return out
}

func (r record) care(out Report) {
	if v := r.visit; v != nil {
		if on := casereport.Day(v.Get("period", "start").String()); on.Known() {
			out["first_visit"] = on.String()
		}
		switch v.Get("class", "code").String() {
		case "AMB":
			out["care"] = "outpatient"
		case "IMP", "ACUTE", "NONAC":
			out["care"], out["admitted"] = "inpatient", out["first_visit"]
			if end := casereport.Day(v.Get("period", "end").String()); end.Known() {
				out["discharged"] = end.String()
			}
		}
		if code := v.Get("hospitalization", "dischargeDisposition", "coding", "code").String(); code == "other-hcf" {
			out["outcome"], out["outcome_date"] = "referred", out["discharged"]
		}
	}
	if c := r.cause; c != nil {
		if on, err := vn.ParseDate(first10(c.Get("onsetDateTime").String())); err == nil {
			out["onset"] = on.String()
		}
		switch c.Get("clinicalStatus", "coding", "code").String() {
		case "active", "recurrence", "relapse":
			out["outcome"] = cmp.Or(out["outcome"], "treating")
		case "resolved", "remission":
			out["outcome"] = cmp.Or(out["outcome"], "recovered")
			out["outcome_date"] = cmp.Or(out["outcome_date"], first10(c.Get("abatementDateTime").String()))
		}
	}
	died := r.patient.Get("deceasedDateTime").String()
	if died != "" || r.patient.Get("deceasedBoolean").Bool() {
		out["outcome"], out["outcome_date"] = "died", first10(died)
	}
}

// first10 is the day of a dateTime as it was written.
func first10(s string) string { return s[:min(len(s), 10)] }

// vaccination counts the doses against this disease before the diagnosis, one a
// day.
func (r record) vaccination(out Report) {
	e := content.EvidenceOf(r.disease.ID)
	given := map[vn.Date]bool{}
	last := vn.ZeroDate
	for _, d := range r.doses {
		on := casereport.Day(d.Get("occurrenceDateTime").String())
		if d.Get("status").String() != "completed" || !on.Known() || on > vn.DateOf(r.draft.At) {
			continue
		}
		vaccine := d.Get("vaccineCode")
		if e.Protects(vaccine.Code(fhir.CVX), wordsOf(vaccine)) {
			given[on], last = true, max(last, on)
		}
	}
	if len(given) > 0 {
		out["vaccinated"], out["doses"], out["last_dose"] = "yes", strconv.Itoa(len(given)), last.String()
	}
}

// tests takes the latest test for the agent of this disease.
func (r record) tests(out Report) {
	e := content.EvidenceOf(r.disease.ID)
	latest := vn.ZeroDate
	for _, t := range r.results {
		name := wordsOf(t.Get("code"))
		on := casereport.Day(t.Get("effectiveDateTime").String())
		status := t.Get("status").String()
		if status == "cancelled" || status == "entered-in-error" || !on.Known() || on < latest || !e.Tests(name) {
			continue
		}
		latest = on
		out["sampled"], out["sample_date"], out["sample_kind"] = "yes", on.String(), ""
		out["test"] = content.TestKind(name + " " + wordsOf(t.Get("method")))
		out["result"] = content.TestResult(saidBy(t))
		if out["result"] == "" && (status == "registered" || status == "preliminary") {
			out["result"] = "pending"
		}
		out["laboratory"] = r.laboratory(t)
		r.sample(t, out)
	}
	if out["sampled"] == "" {
		r.waits(out)
	}
}

// waits takes a sample of the visit that no result speaks of yet.
func (r record) waits(out Report) {
	visit := ""
	if r.visit != nil {
		visit = out["first_visit"]
	}
	for _, s := range r.samples {
		on := casereport.Day(cmp.Or(s.Get("collection", "collectedDateTime").String(), s.Get("receivedTime").String()))
		if status := s.Get("status").String(); status == "entered-in-error" || status == "unsatisfactory" || !on.Known() || on.String() < visit || on < vn.DateOf(r.draft.At).AddDays(-incubation) {
			continue
		}
		out["sampled"], out["sample_date"], out["sample_kind"], out["sample_number"] = "yes", on.String(), wordsOf(s.Get("type")), numberOf(s)
	}
}

// numberOf is what is written on the sample.
func numberOf(specimen *fhir.Doc) string {
	return cmp.Or(specimen.Get("accessionIdentifier", "value").String(), specimen.Get("identifier", "value").String())
}

// laboratory is who did the test, as far as it is named.
func (r record) laboratory(t *fhir.Doc) string {
	for p := range t.Each("performer") {
		ref := p.Get("reference").String()
		for _, o := range []*fhir.Doc{r.facility, r.desk} {
			if o != nil && ref == o.Ref() {
				return nameOf(o)
			}
		}
		if words := p.Get("display").String(); words != "" && !strings.HasPrefix(ref, "Practitioner") {
			return words
		}
	}
	return ""
}

// sample takes kind and day of the sample that was tested.
func (r record) sample(t *fhir.Doc, out Report) {
	for _, s := range r.samples {
		if s.Ref() != t.Get("specimen", "reference").String() {
			continue
		}
		out["sample_kind"], out["sample_number"] = wordsOf(s.Get("type")), numberOf(s)
		if on := casereport.Day(s.Get("collection", "collectedDateTime").String()); on.Known() {
			out["sample_date"] = on.String()
		}
	}
}

// wordsOf is a concept as people read it: its text, else the displays and codes
// of its codings.
func wordsOf(concept fhir.Node) string {
	if text := concept.Get("text").String(); text != "" {
		return text
	}
	var words []string
	for c := range concept.Each("coding") {
		words = append(words, cmp.Or(c.Get("display").String(), c.Get("code").String()))
	}
	return strings.Join(words, " ")
}

func nameOf(organization *fhir.Doc) string {
	if organization == nil {
		return ""
	}
	return organization.Get("name").String()
}

func phoneOf(d *fhir.Doc) string {
	if d == nil {
		return ""
	}
	return phoneIn(d.Root())
}

// phoneIn is the first number, as people dial it.
func phoneIn(n fhir.Node) string {
	for t := range n.Each("telecom") {
		if t.Get("system").String() == "phone" {
			return vn.Phone(t.Get("value").String()).National()
		}
	}
	return ""
}
