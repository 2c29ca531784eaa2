// SPDX-License-Identifier: Apache-2.0

package events

import (
	"testing"

	"mach/casereport"
	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// A case whose diagnosis was corrected is not offered to be linked, nor taken in:
// a new version of its report would make it count again.
func TestLinkRevivesNoCase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		id := w.focus("measles")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.person("p2", "Nguyễn Thị Mai", "Thôn Đoài, xã")
		w.report("p2", "B05.9", "Thôn Đoài A", "", w.today()-2)
		diagnosis := func(icd string) {
			w.put(fhir.Condition{ID: "d", ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""), VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
				Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")}, Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}},
				Subject: fhir.Ref("Patient", "p1"), RecordedDate: w.today().String()})
		}
		diagnosis("B05.9")
		w.put(fhir.Condition{ID: "r", Extension: []fhir.Extension{ext(w.commune), {URL: casereport.ExtFocus, ValueString: "Thôn Đoài A"}}, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
			VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
			Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "B05.9"}}}, Subject: fhir.Ref("Patient", "p1"), RecordedDate: (w.today() - 1).String(),
			Evidence: []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("Condition", "d")}}}})
		diagnosis("L50.9") // it was an allergy
		want := func(what string, n int) {
			t.Helper()
			tally, err := w.tally(ctx, director, w.event(id))
			if err != nil || tally.Suspect != n {
				t.Errorf("%s: %d suspect, %v, want %d", what, tally.Suspect, err, n)
			}
		}
		want("corrected", 1)
		cases, err := w.Cases(ctx, director, w.event(id))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := w.Lines(ctx, director, cases)
		if err != nil {
			t.Fatal(err)
		}
		if pairs := unlinked(lines); len(pairs) > 0 {
			t.Errorf("%+v are offered to be linked", pairs)
		}
		for _, pair := range [][2]string{{"r", lines[0].Report}, {lines[0].Report, "r"}} {
			if pair[0] == pair[1] {
				pair = [2]string{lines[1].Report, "r"}
			}
			wantRefused(t, w.Join(ctx, director, id, pair[0], Exposure{"hamlet", pair[1]}, w.key()), issue.NotFound, "")
		}
		want("refused", 1)
	})
}
