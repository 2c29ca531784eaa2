// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
)

// TestOneCaseReportedTwice: a case that the station reported comes again from a
// hospital by FHIR and in a file of $import, each with a Patient of its own. By
// the number, disease and episode they become one, without a person; the news
// of it waits for who sent it.
func TestOneCaseReportedTwice(t *testing.T) {
	eachWorld(t, func(w *world) {
		person := func(id string) fhir.Patient {
			return fhir.Patient{ID: id, Active: new(true), Gender: "male", BirthDate: "2022", Name: []fhir.HumanName{{Text: "Nguyen Van Zqalpha"}},
				Identifier: []fhir.Identifier{fhir.PersonalNumber(w.alpha.number)}, Address: []fhir.Address{{Use: "home", Extension: unitExtension(w.commune(province, 0))}}}
		}
		report := func(id, patient string) fhir.Condition {
			return fhir.Condition{ID: id, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""), VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
				Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
				Code:     fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A97.9"}}},
				Subject:  fhir.Ref("Patient", patient), RecordedDate: fhir.Instant(time.Now())}
		}
		text := func(resource any) string {
			d, err := fhir.New(resource)
			w.ok(err)
			return string(d.Bytes())
		}
		u := w.users["bao-cao"]
		for _, one := range []struct{ at, body string }{{"/fhir/Patient/vien-alpha", text(person("vien-alpha"))}, {"/fhir/Condition/vien-bao", text(report("vien-bao", "vien-alpha"))}} {
			if got := w.send(u, http.MethodPut, one.at, strings.NewReader(one.body), "Content-Type", "application/fhir+json"); got.Code != http.StatusCreated {
				w.Fatalf("PUT %s: %d %s", one.at, got.Code, got.Body)
			}
		}
		file := filepath.Join(t.TempDir(), "ca.ndjson")
		w.ok(os.WriteFile(file, []byte(text(person("tep-alpha"))+"\n"+text(report("tep-bao", "tep-alpha"))+"\n"), 0o600))
		in, err := os.Open(file)
		w.ok(err)
		defer in.Close()
		var out strings.Builder
		w.ok(w.app.takeIn(w.Context(), system(), "vi", in, &out))
		first := w.standing(w.alpha.id)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			if a, b := w.sameAs("vien-bao"), w.sameAs("tep-bao"); a == first && b == first {
				break
			} else if time.Now().After(deadline) {
				w.Fatalf("the same as %q and %q, not %q; %s", a, b, first, out.String())
			}
		}
	})
}

// standing is the report of the person's open visit.
func (w *world) standing(patient string) string {
	w.Helper()
	page, err := w.app.Store.For(system()).Search(w.Context(), store.Query{Type: "Condition", Params: [][2]string{{"patient", "Patient/" + patient}, {"code", "A97.0"}}})
	w.ok(err)
	for _, d := range page.Docs {
		if casereport.Is(d) {
			return d.ID()
		}
	}
	w.Fatal("no report")
	return ""
}

func (w *world) sameAs(report string) string {
	w.Helper()
	d, err := w.app.Store.For(system()).Read(w.Context(), "Condition", report)
	w.ok(err)
	return fhir.IDOf(d.Root().Extension(casereport.ExtSameCase).Get("valueReference", "reference").String())
}
