// SPDX-License-Identifier: Apache-2.0

package station

import (
	"mach/casereport"
	"mach/fhir"
	"mach/vn"
)

// Asked are the answers to what a visit asks for a case report, by question,
// and the day of onset; see package casereport.
type Asked struct {
	Onset   vn.Date // vn.ZeroDate = not said
	Answers map[string]string
}

// resource are the answers as the record keeps them; false when there are none.
func (s Asked) resource(v Visit, author fhir.Reference, at string) (fhir.QuestionnaireResponse, bool) {
	items := casereport.Items(s.Answers)
	return fhir.QuestionnaireResponse{
		Questionnaire: fhir.QuestionnaireVisit, Status: "in-progress",
		Subject: fhir.Ref("Patient", v.Patient), Encounter: fhir.Ref("Encounter", v.ID),
		Authored: at, Author: author, Item: items,
	}, len(items) > 0
}

// values are what was answered so far, for the form.
func (s Asked) values() []string {
	var out []string
	if s.Onset.Known() {
		out = append(out, "onset", s.Onset.String())
	}
	for id, answer := range s.Answers {
		out = append(out, id, answer)
	}
	return out
}

// notifiable reports whether a diagnosis asks for a case report.
func (m *Module) notifiable(code string) bool {
	d, ok := m.diseases.For(code, m.today())
	return ok && !d.Closed
}
