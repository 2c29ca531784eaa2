// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// Columns are the questions of the case form (QĐ 97/QĐ-PB) in a line list, in
// order: link ids of the form.
var Columns = []string{"name", "birth", "sex", "ethnic", "occupation", "phone", "guardian", "guardian_phone", "number", "address", "current_address", "commune", "workplace",
	"disease", "icd", "class", "onset", "first_visit", "diagnosed", "care", "admitted", "discharged", "outcome", "outcome_date",
	"vaccinated", "doses", "last_dose", "sampled", "sample_date", "sample_kind", "test", "result", "laboratory",
	"travel", "contact", "focus", "facility", "reporter", "reporter_unit", "reporter_phone"}

// Line is a case with the answers of its form.
type Line struct {
	Case
	Answers map[string]string // by link id; "" and absent are the same
	Shared  []Exposure        // what it shares with cases of the focus
}

// Lines reads the line list of cases: each from its form, or from the report
// and the person when it came without one. What the actor may not open is left
// empty.
func (m *Module) Lines(ctx context.Context, a store.Actor, cases []Case) ([]Line, error) {
	out := make([]Line, len(cases))
	door := m.store.For(a)
	for i, c := range cases {
		out[i] = Line{Case: c, Answers: map[string]string{}}
		for _, from := range []struct {
			typ, id string
			take    func(*fhir.Doc, map[string]string)
		}{{"Patient", c.Patient, personAnswers}, {"QuestionnaireResponse", c.Form, formAnswers}} {
			if from.id == "" {
				continue
			}
			d, err := door.Read(ctx, from.typ, from.id)
			if issue.Is(err, issue.NotFound) || issue.Is(err, issue.Forbidden) || issue.Is(err, issue.Deleted) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("line list: %w", err)
			}
			from.take(d, out[i].Answers)
		}
		m.reportAnswers(c, out[i].Answers)
	}
	return out, nil
}

func personAnswers(d *fhir.Doc, to map[string]string) {
	to["name"], to["birth"], to["sex"] = fhir.PrintedName(d.Root()), d.Get("birthDate").String(), d.Get("gender").String()
	for x := range d.Each("address") {
		if to["address"] == "" && x.Get("use").String() != "old" {
			to["address"] = x.Get("text").String()
		}
	}
}

func formAnswers(d *fhir.Doc, to map[string]string) {
	for group := range d.Each("item") {
		for item := range group.Each("item") {
			answer := item.Get("answer")
			for _, member := range []string{"valueString", "valueDate"} {
				if v := answer.Get(member).String(); v != "" {
					to[item.Get("linkId").String()] = v
				}
			}
			if v := answer.Get("valueCoding", "code").String(); v != "" {
				to[item.Get("linkId").String()] = v
			}
			if v := answer.Get("valueInteger"); v.Exists() {
				to[item.Get("linkId").String()] = v.Raw()
			}
		}
	}
}

// reportAnswers are those in which the report itself is the newest word.
func (m *Module) reportAnswers(c Case, to map[string]string) {
	to["disease"], to["class"] = c.Disease, string(c.Class)
	if u, ok := m.units.Get(c.Unit); ok {
		to["commune"] = u.Full()
	}
	if c.Onset.Known() {
		to["onset"] = c.Onset.String()
	}
	if to["diagnosed"] == "" {
		to["diagnosed"] = c.Day.String()
	}
	if c.Died && to["outcome"] == "" {
		to["outcome"] = "died"
	}
}
