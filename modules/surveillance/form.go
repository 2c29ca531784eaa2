// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"slices"
	"strconv"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// kind is what a question takes.
type kind string

const (
	kindText   kind = "text"
	kindArea   kind = "area"
	kindDate   kind = "date"
	kindChoice kind = "choice"
	kindNumber kind = "number"
)

// question is one field of the case report. Its id is the linkId of the
// answer, the name of the control and the end of its keys in the catalogue.
type question struct {
	id      string
	kind    kind
	options []string // of a choice, in order
}

// part is a group of questions under one legend.
type part struct {
	id        string
	questions []question
}

// caseForm is form 01 of QĐ 97/QĐ-PB, in the fields that a second-hand copy
// gives, with the content of TT 15/2026 Article 7. The questions under
// "person" that the record answers by itself are in personFields.
var caseForm = []part{
	{"illness", []question{
		{"disease", kindChoice, nil}, // options: content.Diseases
		{"class", kindChoice, []string{string(casereport.Suspect), string(casereport.Probable), string(casereport.Confirmed)}},
		{"onset", kindDate, nil}, {"first_visit", kindDate, nil}, {"diagnosed", kindDate, nil},
	}},
	{"person", []question{
		{"phone", kindText, nil}, {"guardian", kindText, nil}, {"guardian_phone", kindText, nil},
		{"occupation", kindChoice, nil}, {"ethnic", kindChoice, nil}, // options: content
		{"workplace", kindText, nil}, {"current_address", kindText, nil},
	}},
	{"care", []question{
		{"care", kindChoice, []string{"outpatient", "inpatient"}},
		{"admitted", kindDate, nil}, {"discharged", kindDate, nil},
		{"outcome", kindChoice, []string{"treating", "recovered", "referred", "died", "other"}}, {"outcome_date", kindDate, nil},
	}},
	{"vaccination", []question{
		{"vaccinated", kindChoice, []string{"yes", "no", "unknown"}}, {"doses", kindNumber, nil}, {"last_dose", kindDate, nil},
	}},
	{"sample", []question{
		{"sampled", kindChoice, []string{"yes", "no"}}, {"sample_date", kindDate, nil}, {"sample_kind", kindText, nil}, {"sample_number", kindText, nil},
		{"test", kindChoice, []string{"rapid", "serology", "pcr", "culture", "other"}},
		{"result", kindChoice, []string{"positive", "negative", "doubtful", "pending"}}, {"laboratory", kindText, nil},
	}},
	{"exposure", []question{
		{"travel", kindArea, nil}, {"contact", kindChoice, []string{"yes", "no", "unknown"}}, {"focus", kindText, nil},
	}},
	{"reporter", []question{{"reporter", kindText, nil}, {"reporter_unit", kindText, nil}, {"reporter_phone", kindText, nil},
		{"paper_sent", kindDate, nil}, {"paper_time", kindText, nil}}},
}

// personFields are taken from the record and cannot be changed in the form: who
// the person is, where they live and were treated, and the diagnosis.
var personFields = []string{"name", "birth", "sex", "number", "insurance", "address", "commune", "facility", "icd"}

// Report is a case report as a person fills it: answers by question id.
type Report map[string]string

// Known counts the answers and lists the questions without one, in the order of
// the form. Questions that do not arise are not counted: no day of discharge
// for who was never admitted.
func (r Report) Known() (known int, missing []string) {
	ask := func(id string) {
		if r[id] != "" {
			known++
		} else if r.arises(id) {
			missing = append(missing, id)
		}
	}
	for _, id := range personFields {
		ask(id)
	}
	for _, p := range caseForm {
		for _, q := range p.questions {
			ask(q.id)
		}
	}
	return known, missing
}

// arises reports whether the other answers leave the question open.
func (r Report) arises(id string) bool {
	switch id {
	case "insurance": // one number tells who it is
		return r["number"] == ""
	case "workplace":
		return !slices.Contains([]string{"home", "retired", "none"}, r["occupation"])
	case "admitted":
		return r["care"] == "inpatient"
	case "discharged":
		return r["care"] == "inpatient" && r["outcome"] != "" && r["outcome"] != "treating"
	case "outcome_date":
		return r["outcome"] != "" && r["outcome"] != "treating"
	case "vaccinated":
		return r["disease"] == "" || content.EvidenceOf(r["disease"]).Vaccine()
	case "doses", "last_dose":
		return r["vaccinated"] == "yes"
	case "sample_date", "sample_kind", "result", "laboratory":
		return r["sampled"] == "yes"
	case "test": // the laboratory says so with its result
		return r["sampled"] == "yes" && r["result"] != "pending"
	case "focus":
		return r["contact"] == "yes"
	case "phone":
		return !r.minor() || r["guardian_phone"] == ""
	case "guardian", "guardian_phone":
		return r.minor()
	case "paper_sent", "paper_time", "sample_number": // no questions of form 01
		return false
	}
	return true
}

// takeSample answers what another report says of sample and test.
func (r Report) takeSample(of Report) {
	for _, p := range caseForm {
		for _, q := range p.questions {
			if p.id == "sample" && of[q.id] != "" {
				r[q.id] = of[q.id]
			}
		}
	}
}

// age is in years on the day of the diagnosis; -1 when it is not known.
func (r Report) age() int {
	birth, err := vn.ParsePartialDate(r["birth"])
	on, err2 := vn.ParseDate(r["diagnosed"])
	if err != nil || err2 != nil || !birth.Known() {
		return -1
	}
	return vn.AgeYears(birth.Last(), on)
}

// minor reports whether somebody else answers for the person: under 18 (Civil
// Code 91/2015/QH13, Article 21).
func (r Report) minor() bool { return r.age() >= 0 && r.age() < 18 }

// check refuses what cannot be: dates in the future or in the wrong order, a
// confirmed case without a positive test, a death without its day.
func (r Report) check(today vn.Date) error {
	var found []issue.Issue
	fail := func(field, key string) {
		found = append(found, issue.Issue{Severity: issue.SeverityError, Code: issue.BusinessRule, Key: key, Path: field})
	}
	days := map[string]vn.Date{}
	for _, p := range caseForm {
		for _, q := range p.questions {
			if q.kind != kindDate || r[q.id] == "" {
				continue
			}
			d, err := vn.ParseDate(r[q.id])
			if err != nil {
				fail(q.id, "surveillance.form.date")
			} else if days[q.id] = d; d > today {
				fail(q.id, "surveillance.form.future")
			}
		}
	}
	order := func(early, late string) {
		a, had := days[early]
		if b, has := days[late]; had && has && b < a {
			fail(late, "surveillance.form.before."+early)
		}
	}
	order("onset", "diagnosed")
	order("onset", "sample_date")
	order("admitted", "discharged")
	order("diagnosed", "paper_sent")
	if r["paper_time"] != "" && (r["paper_sent"] == "" || r.paper().IsZero()) {
		fail("paper_time", "surveillance.form.paper_time")
	}
	if r["disease"] == "" {
		fail("disease", "surveillance.form.disease_needed")
	}
	if casereport.Class(r["class"]).Status() == "" {
		fail("class", "surveillance.form.class_needed")
	}
	if casereport.Class(r["class"]) == casereport.Confirmed && r["result"] != "positive" {
		fail("class", "surveillance.form.confirmed_needs_test")
	}
	if r["outcome"] == "died" && r["outcome_date"] == "" {
		fail("outcome_date", "surveillance.form.death_needs_day")
	}
	return issue.List(found)
}

// paper is when the report was sent on paper, before it was entered here
// (TT 15/2026/TT-BYT Article 4.2): without an hour, at the end of that day; the
// zero time when it was not.
func (r Report) paper() time.Time {
	on, err := vn.ParseDate(r["paper_sent"])
	if err != nil {
		return time.Time{}
	}
	if r["paper_time"] == "" {
		return on.AddDays(1).Time().Add(-time.Minute)
	}
	hour, err := time.Parse("15:04", r["paper_time"])
	if err != nil {
		return time.Time{}
	}
	return on.Time().Add(time.Duration(hour.Hour())*time.Hour + time.Duration(hour.Minute())*time.Minute)
}

// items turns the answers into those of a QuestionnaireResponse, in the order
// of the form, unanswered questions left out.
func (r Report) items() []fhir.ResponseItem {
	var out []fhir.ResponseItem
	person := fhir.ResponseItem{LinkID: "record"}
	for _, id := range personFields {
		if r[id] != "" {
			person.Item = append(person.Item, fhir.ResponseItem{LinkID: id, Answer: []fhir.Answer{{ValueString: r[id]}}})
		}
	}
	if person.Item != nil {
		out = append(out, person)
	}
	for _, p := range caseForm {
		group := fhir.ResponseItem{LinkID: "group-" + p.id}
		for _, q := range p.questions {
			if r[q.id] != "" {
				group.Item = append(group.Item, fhir.ResponseItem{LinkID: q.id, Answer: []fhir.Answer{q.answer(r[q.id])}})
			}
		}
		if group.Item != nil {
			out = append(out, group)
		}
	}
	return out
}

func (q question) answer(value string) fhir.Answer {
	switch q.kind {
	case kindDate:
		return fhir.Answer{ValueDate: value}
	case kindChoice:
		return fhir.Answer{ValueCoding: fhir.Coding{System: casereport.SystemAnswer, Code: value}}
	case kindNumber:
		if n, err := strconv.Atoi(value); err == nil {
			return fhir.Answer{ValueInteger: &n}
		}
	}
	return fhir.Answer{ValueString: value}
}
