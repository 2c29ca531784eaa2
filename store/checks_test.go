// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// TestChecks: a document that breaks an invariant is refused, written and told,
// or written, as the door says; one of several that is refused writes
// nothing.
func TestChecks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := s.For(storetest.System())
		late := func(id string) *fhir.Doc { // ends before it starts: per-1
			return fhir.MustNew(fhir.Encounter{ID: id, Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"},
				Period: fhir.Period{Start: "2026-11-22", End: "2026-11-21"}})
		}
		good := fhir.MustNew(fhir.Encounter{ID: "good", Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}})
		_, err := door.Commit(t.Context(), store.Put(good), store.Put(late("a")))
		if is := issue.Of(err); len(is) != 1 || is[0].Key != "invariant.per-1" || is[0].Path != "Bundle.entry[1].resource.period" {
			t.Fatalf("refused with %v", is)
		}
		if _, err := door.Read(t.Context(), "Encounter", "good"); !issue.Is(err, issue.NotFound) {
			t.Fatalf("the other one is there: %v", err)
		}
		r, err := door.Check(store.Warn).Commit(t.Context(), store.Put(good), store.Put(late("b")))
		if err != nil || len(r.Told(0)) != 0 || len(r.Told(1)) != 1 || r.Docs[1] == nil {
			t.Fatalf("warned: %v, %v", r.Issues, err)
		}
		r, err = door.Check(store.Trust).Commit(t.Context(), store.Put(late("c")))
		if err != nil || r.Issues != nil || r.Docs[0].ID() != "c" {
			t.Fatalf("trusted: %v, %v", r.Issues, err)
		}
	})
}
