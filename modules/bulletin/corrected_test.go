// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"testing"

	"mach/fhir"
	"mach/store/storetest"
	"mach/vn"
)

// A report that an import brings before the diagnosis which it rests on counts,
// and rests on it from then on.
func TestReportBeforeItsDiagnosis(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 3
		w.person("p", "Nguyễn Thị Lan")
		cause := fhir.Condition{ID: "d", ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""), VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
			Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")}, Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A97.0"}}},
			Subject: fhir.Ref("Patient", "p"), RecordedDate: day.String()}
		w.report(report{id: "r", icd: "A97.0", home: w.commune, day: day, patient: "p", cause: "d"})
		w.put(cause)
		if got := w.sum(w.commune.ID, "dengue", axisDiagnosis).total(); got != 1 {
			t.Errorf("the report came first: %d cases, want 1", got)
		}
		cause.VerificationStatus = fhir.Code(fhir.ConditionVerStatus, "refuted", "")
		w.put(cause)
		if got := w.sum(w.commune.ID, "dengue", axisDiagnosis).total(); got != 0 {
			t.Errorf("the diagnosis was refuted: %d cases, want 0", got)
		}
	})
}

// A visit that is opened and signed again is one; one that was an error is none.
func TestVisitSignedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p", "Nguyễn Thị Lan")
		day := w.today() - 3
		v := visit("v", "p", day)
		w.put(v)
		v.Status = "in-progress"
		w.put(v)
		v.Status = "finished"
		w.put(v)
		rows, err := w.sentBy(t.Context(), storetest.System(), vn.Nation, []vn.UnitID{w.commune.ID}, w.today()-30, w.today())
		if err != nil || len(rows) != 1 || rows[0].visits != 1 {
			t.Errorf("%+v %v", rows, err)
		}
		v.Status = "entered-in-error"
		w.put(v)
		rows, err = w.sentBy(t.Context(), storetest.System(), vn.Nation, []vn.UnitID{w.commune.ID}, w.today()-30, w.today())
		if err != nil || len(rows) == 1 && rows[0].visits != 0 {
			t.Errorf("in error: %+v %v", rows, err)
		}
	})
}
