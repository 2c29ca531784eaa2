// SPDX-License-Identifier: Apache-2.0

package casereport

import (
	"cmp"
	"slices"

	"mach/content"
	"mach/fhir"
	"mach/vn"
)

// SystemAnswer is of the codes that answer a choice of the case form; the
// extensions are of a Patient, valueCoding each.
const (
	SystemAnswer  = fhir.Base + "/cs/case-form"
	ExtEthnic     = fhir.Base + "/ext/ethnic"
	ExtOccupation = fhir.Base + "/ext/occupation"
)

// Asked is a question of the case form that the record does not answer: the
// visit puts it once, when its diagnosis is notifiable, and nobody has to
// answer.
type Asked struct {
	ID      string         // of the question in the case form
	Options []string       // codes of a choice; nil = in words
	Items   []content.Item // of a choice with a list of its own, in the order of Options
}

// yesNo is a choice that leaves room for not knowing.
var yesNo = []string{"yes", "no", "unknown"}

func listed(id string, items []content.Item) Asked {
	a := Asked{ID: id, Items: items}
	for _, i := range items {
		a.Options = append(a.Options, i.Code)
	}
	return a
}

// asked are the questions of who it is, of work, exposure and vaccination (TT
// 15/2026/TT-BYT Article 7). The day of onset is asked too, and stands in the
// Condition.
func asked() []Asked {
	return []Asked{
		{ID: "phone"}, {ID: "guardian"}, {ID: "guardian_phone"},
		listed("occupation", content.Occupations()), listed("ethnic", content.EthnicGroups()), {ID: "workplace"},
		{ID: "travel"}, {ID: "contact", Options: yesNo}, {ID: "vaccinated", Options: yesNo}, {ID: "sampled", Options: []string{"yes", "no"}},
	}
}

// AskedAt lists what a visit asks of a patient for a diagnosis, without what is
// on file (a nil patient: all of it), and of which disease; false for what is not notifiable, and for the
// diseases of the closed desk, of which a visit asks no more than it needs
// itself.
func AskedAt(icd string, on vn.Date, diseases *content.DiseaseList, patient *fhir.Doc) (content.Disease, []Asked, bool) {
	d, ok := diseases.For(icd, on)
	if !ok || d.Closed || len(content.Sensitivity(content.ICD10, icd, "")) > 0 {
		return content.Disease{}, nil, false
	}
	known := map[string]bool{}
	if patient != nil {
		known = onFile(patient, on)
	}
	known["vaccinated"] = !content.EvidenceOf(d.ID).Vaccine()
	return d, slices.DeleteFunc(asked(), func(q Asked) bool { return known[q.ID] }), true
}

// onFile are the questions that the person's record answers, or that do not
// arise for the person: a minor has a guardian to call.
func onFile(patient *fhir.Doc, on vn.Date) map[string]bool {
	born, err := vn.ParsePartialDate(patient.Get("birthDate").String())
	age := -1
	if err == nil && born.Known() {
		age = vn.AgeYears(born.Last(), on)
	}
	minor := age >= 0 && age < 18
	return map[string]bool{
		"phone": minor || patient.Get("telecom").Exists(), "guardian": !minor || patient.Get("contact", "name").Exists(),
		"guardian_phone": !minor || patient.Get("contact", "telecom").Exists(),
		"occupation":     age >= 0 && age < 6 || patient.Root().Extension(ExtOccupation).Exists(), "ethnic": patient.Root().Extension(ExtEthnic).Exists(),
	}
}

// Items are the answers of a visit, in the order of its questions; others, and
// what is empty, are left out.
func Items(answers map[string]string) []fhir.ResponseItem {
	var out []fhir.ResponseItem
	for _, q := range asked() {
		switch a := answers[q.ID]; {
		case a == "":
		case q.Options != nil:
			out = append(out, fhir.ResponseItem{LinkID: q.ID, Answer: []fhir.Answer{{ValueCoding: fhir.Coding{System: SystemAnswer, Code: a}}}})
		default:
			out = append(out, fhir.ResponseItem{LinkID: q.ID, Answer: []fhir.Answer{{ValueString: a}}})
		}
	}
	return out
}

// Answers reads those of a QuestionnaireResponse by the ids of its questions,
// the case form's groups or a visit's plain list.
func Answers(form *fhir.Doc) map[string]string {
	out := map[string]string{}
	var read func(n fhir.Node)
	read = func(n fhir.Node) {
		for item := range n.Each("item") {
			a := item.Get("answer")
			value := cmp.Or(a.Get("valueString").String(), a.Get("valueDate").String(), a.Get("valueCoding", "code").String(), a.Get("valueInteger").Raw())
			if id := item.Get("linkId").String(); id != "" && value != "" {
				out[id] = value
			}
			read(item)
		}
	}
	read(form.Root())
	return out
}
