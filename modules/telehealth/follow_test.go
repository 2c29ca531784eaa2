// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// dump is every row of the view, as text.
func dump(t *testing.T, s *store.Store) string {
	t.Helper()
	var out []string
	for table, columns := range map[string]int{"case": 24, "step": 7, "place": 4, "role": 5, "name": 3} {
		scan := func(scan store.Scan) (string, error) {
			row := make([]any, columns)
			to := make([]any, columns)
			for i := range row {
				to[i] = &row[i]
			}
			err := scan(to...)
			return fmt.Sprint(table, row), err
		}
		rows, err := store.Figures(t.Context(), s.For(storetest.System()), 0, scan, `select * from telehealth_`+table)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rows...)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// Whatever is created, corrected and deleted, in whatever order, the followed
// view equals the rebuilt one.
func TestRebuiltEqualsFollowed(t *testing.T) {
	m := &Module{}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := rand.New(rand.NewPCG(1, 20261121))
		there := map[string]bool{}
		var last store.Receipt
		for range 400 {
			doc := anything(t, r)
			op := store.Put(doc)
			if there[doc.Ref()] && r.IntN(12) == 0 {
				op = store.Delete(doc.Type(), doc.ID())
			}
			there[doc.Ref()] = true
			receipt, err := s.For(storetest.System()).Commit(t.Context(), op)
			if err != nil {
				t.Fatal(err)
			}
			last = receipt
		}
		for late := true; late; {
			var err error
			if late, err = s.AwaitLate(t.Context(), last, view); err != nil {
				t.Fatal(err)
			}
		}
		followed := dump(t, s)
		if strings.Count(followed, "\n") < 12 {
			t.Fatalf("too little happened:\n%s", followed)
		}
		if err := s.Rebuild(t.Context(), view); err != nil {
			t.Fatal(err)
		}
		if rebuilt := dump(t, s); rebuilt != followed {
			t.Errorf("followed:\n%s\n\nrebuilt:\n%s", followed, rebuilt)
		}
	}, storetest.Follow(m.Follower()))
}

// anything returns a resource of few ids, so that they meet again and again.
func anything(t *testing.T, r *rand.Rand) *fhir.Doc {
	t.Helper()
	id := func(kind string, n int) string { return fmt.Sprintf("%s-%d", kind, r.IntN(n)) }
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	var v any
	switch r.IntN(6) {
	case 0, 1:
		q := fhir.ServiceRequest{ID: id("case", 6), Status: pick("active", "completed", "revoked", "entered-in-error"), Intent: "order",
			Priority: pick("stat", "urgent", "routine"), Subject: fhir.Reference{Reference: "Patient/an", Display: pick("An", "Bình")},
			Encounter: fhir.Ref("Encounter", id("e", 3)), AuthoredOn: "2026-11-21T01:00:00Z",
			Performer: []fhir.Reference{fhir.Ref("Organization", id("org", 4))}, ReasonCode: []fhir.CodeableConcept{fhir.Words(pick("a?", "b?"))}}
		if r.IntN(6) > 0 { // else a request of another kind
			q.Category = []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, consultation, "")}
		}
		v = q
	case 2, 3:
		state := State(pick("asked", "accepted", "live", "concluded", "decided", "declined"))
		k := fhir.Task{ID: id("task", 8), Status: taskStatus[state], Intent: "order", Code: fhir.Code(fhir.CSTask, pick(consultation, consultation, "ticket"), ""),
			Focus: fhir.Ref("ServiceRequest", id("case", 6)), For: fhir.Ref("Patient", "an"), BusinessStatus: fhir.Code(csState, string(state), ""),
			Owner: fhir.Reference{Reference: "Practitioner/" + id("p", 4), Display: pick("Minh", "Hoa")},
			Note:  []fhir.Annotation{{AuthorReference: fhir.Reference{Display: pick("Lan", "Hoa")}, Text: "x"}}}
		if r.IntN(3) == 0 {
			k.StatusReason = fhir.CodeableConcept{Text: "lý do", Coding: []fhir.Coding{{System: csDecision, Code: "part"}}}
			k.Output = []fhir.TaskParameter{part("conclusion", "DiagnosticReport", id("dr", 3)), part("decision", "Communication", id("c", 3))}
		}
		v = k
	case 4:
		v = fhir.Organization{ID: id("org", 4), Active: new(r.IntN(4) > 0), Name: pick("Trạm", "Bệnh viện"),
			Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, pick("station", "hospital-province"), "")}}
	default:
		if r.IntN(2) == 0 {
			v = fhir.Practitioner{ID: id("p", 4), Active: new(r.IntN(4) > 0), Name: []fhir.HumanName{{Text: pick("Lê Minh", "Phạm Hoa")}}}
			break
		}
		v = fhir.PractitionerRole{ID: id("role", 5), Active: new(r.IntN(4) > 0), Practitioner: fhir.Ref("Practitioner", id("p", 4)),
			Organization: fhir.Ref("Organization", id("org", 4)), Code: []fhir.CodeableConcept{fhir.Code(fhir.CSRole, pick("expert", "nurse"), "")},
			Period: fhir.Period{Start: pick("", "2020-01-01"), End: pick("", "2025-01-01T00:00:00+07:00")}}
	}
	doc, err := fhir.New(v)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
