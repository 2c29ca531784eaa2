// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
)

// compartments are resources that lie in one another's compartments by chance.
func compartments(r *rand.Rand) (docs []*fhir.Doc) {
	whoever := func() map[string]any {
		return ref(pick(r, []string{"Patient/p0", "Patient/p1", "Patient/p2", "Practitioner/d0", "Practitioner/d1", "RelatedPerson/m0", "https://elsewhere.vn/fhir/Patient/p0"}))
	}
	patient := func() map[string]any { return ref(fmt.Sprintf("Patient/p%d", r.IntN(3))) }
	add := func(typ, id string, doc map[string]any) {
		doc["resourceType"], doc["id"] = typ, id
		docs = append(docs, fhir.MustNew(doc))
	}
	add("Device", "k0", map[string]any{})
	add("Practitioner", "d0", map[string]any{})
	add("Practitioner", "d1", map[string]any{})
	for i := range 3 {
		doc := map[string]any{"birthDate": fmt.Sprintf("199%d", i)}
		if i > 0 {
			doc["link"] = []any{map[string]any{"other": patient(), "type": "seealso"}}
		}
		add("Patient", fmt.Sprintf("p%d", i), doc)
	}
	add("RelatedPerson", "m0", map[string]any{"patient": patient()})
	add("Encounter", "e0", map[string]any{"status": "finished", "class": map[string]any{"code": "AMB"}, "subject": patient(), "participant": []any{map[string]any{"individual": ref("Practitioner/d0")}}})
	add("Group", "g0", map[string]any{"type": "person", "actual": true, "member": []any{map[string]any{"entity": patient()}, map[string]any{"entity": patient()}}})
	for i := range 40 {
		doc := map[string]any{"status": "final", "code": coding("urn:l", pick(r, []string{"a", "b"})), "subject": patient(), "performer": []any{whoever(), whoever()}}
		if r.IntN(5) == 0 {
			doc["subject"] = ref(pick(r, []string{"Group/g0", "Device/k0"}))
		}
		if r.IntN(3) > 0 {
			doc["effectiveDateTime"] = fmt.Sprintf("2026-01-%02d", 1+r.IntN(28))
		}
		if r.IntN(4) == 0 {
			doc["device"] = ref("Device/k0")
		}
		if r.IntN(3) == 0 {
			doc["encounter"] = ref("Encounter/e0")
		}
		add("Observation", fmt.Sprintf("b%d", i), doc)
	}
	for i := range 8 {
		add("Condition", fmt.Sprintf("c%d", i), map[string]any{"subject": patient(), "asserter": whoever(), "recordedDate": fmt.Sprintf("2025-0%d", i+1)})
	}
	return docs
}

// TestCompartments: a search within a compartment finds what is in it, in pages
// and in any order, and no other.
func TestCompartments(t *testing.T) {
	eachDatabase(t, Config{}, func(t *testing.T, s *Store) {
		docs := compartments(rand.New(rand.NewPCG(7, 7)))
		var ops []Op
		for _, d := range docs {
			ops = append(ops, Put(d))
		}
		door := s.For(SystemActor())
		if _, err := door.Commit(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
		several := false
		for _, whose := range []string{"Patient/p0", "Patient/p1", "Patient/p2", "Patient/nobody", "Practitioner/d0", "RelatedPerson/m0", "Device/k0", "Encounter/e0"} {
			name, id, _ := strings.Cut(whose, "/")
			for _, typ := range []string{"Observation", "Condition", "Patient", "Group", "Encounter", "RelatedPerson", "Practitioner", "Device"} {
				q := Query{Type: typ, In: whose}
				if _, can := fhir.Members(name, typ); !can {
					if _, err := door.Search(t.Context(), q); !issue.Is(err, issue.NotSupported) {
						t.Errorf("%s of %s: %v", typ, whose, err)
					}
					continue
				}
				var want []string
				for _, d := range docs {
					if d.Type() == typ && slices.Contains(fhir.Compartment(d, name), id) {
						want = append(want, d.ID())
					}
				}
				slices.Sort(want)
				several = several || len(want) > 10
				sorts := []string{"", "_lastUpdated", "_id"}
				if main := mainDate(typ); main != "" {
					sorts = append(sorts, main, "-"+main)
				}
				for _, sort := range sorts {
					for _, count := range []int{3, 100} {
						q := Query{Type: typ, In: whose, Count: count, Total: "accurate"}
						if sort != "" {
							q.Params = [][2]string{{"_sort", sort}}
						}
						if got := inPages(t, door, q, len(want)); !slices.Equal(got, want) {
							t.Errorf("%s of %s by %q, %d a page: %v, want %v", typ, whose, sort, count, got, want)
						}
					}
				}
			}
		}
		if !several {
			t.Error("no compartment has more than a page")
		}
	})
}

// inPages returns the ids that a query finds, sorted, each as often as it is found.
func inPages(t *testing.T, d Door, q Query, total int) (found []string) {
	t.Helper()
	for {
		page, err := d.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("%s of %s: %v", q.Type, q.In, err)
		}
		if page.Total != total {
			t.Errorf("%s of %s: a total of %d, want %d", q.Type, q.In, page.Total, total)
		}
		for _, doc := range page.Docs {
			found = append(found, doc.ID())
		}
		if q.Cursor = page.Next; q.Cursor == "" || len(found) > 1000 {
			slices.Sort(found)
			return found
		}
	}
}

// TestCompartmentHides: a compartment holds no more than the actor may find, and a
// page of one does not go on in another.
func TestCompartmentHides(t *testing.T) {
	hidden := ""
	guard := &testGuard{judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool { return l.ID != hidden }}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		var ops []Op
		for _, d := range compartments(rand.New(rand.NewPCG(7, 7))) {
			ops = append(ops, Put(d))
		}
		door := s.For(SystemActor())
		if _, err := door.Commit(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
		door = s.For(Actor{Account: "n", Role: Nurse, Request: "r1"})
		page, err := door.Search(t.Context(), Query{Type: "Observation", In: "Patient/p0", Count: 1})
		if err != nil || page.Next == "" {
			t.Fatal(page.Next, err)
		}
		if _, err := door.Search(t.Context(), Query{Type: "Observation", In: "Patient/p1", Count: 1, Cursor: page.Next}); !issue.Is(err, issue.Invalid) {
			t.Errorf("a cursor of another compartment: %v", err)
		}
		all, err := door.Search(t.Context(), Query{Type: "Observation", In: "Patient/p0"})
		if err != nil || len(all.Docs) < 2 {
			t.Fatal(len(all.Docs), err)
		}
		hidden = all.Docs[0].ID()
		defer func() { hidden = "" }()
		rest, err := door.Search(t.Context(), Query{Type: "Observation", In: "Patient/p0", Total: "accurate"})
		if err != nil || rest.Total != len(all.Docs)-1 || strings.Contains(refs(rest.Docs)+" ", "/"+hidden+" ") {
			t.Errorf("%d of %d without %s: %s, %v", rest.Total, len(all.Docs), hidden, refs(rest.Docs), err)
		}
	})
}
