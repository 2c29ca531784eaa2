// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
)

// What criteria find, one resource after the other, is what a search for the
// same finds, through chains too and as far as the actor may see.
func TestCriteriaMeanWhatSearchMeans(t *testing.T) {
	guard := &testGuard{judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool { return coin(l.Type, l.ID) }}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		w := makeWorld(t, s, 11, 12, 3)
		w.add(t, map[string]any{"resourceType": "List", "id": "some", "status": "current", "mode": "working",
			"entry": []any{map[string]any{"item": ref("Patient/p1")}, map[string]any{"item": ref("Patient/p4")}}},
			map[string]any{"resourceType": "Organization", "id": "o2", "name": "Điểm trạm", "partOf": ref("Organization/o1")},
			map[string]any{"resourceType": "Patient", "id": "p12", "managingOrganization": ref("Organization/o2")})
		nurse := s.For(Actor{Account: "n", Role: Nurse, Request: "r1"})
		r := rand.New(rand.NewPCG(7, 7))
		queries := []string{
			"Patient?_list=some", "Patient?organization:below=Organization/o1", "Patient?organization:below=Organization/o1&organization.name=diem",
			"Condition?patient.organization.name=tram", "Observation?subject:Patient._has:Condition:patient:code=A90", "Patient?_has:Observation:patient:performer.name=tram o0",
			"Patient?_has:Condition:patient:code=none", "Condition?",
		}
		for range 150 {
			typ := pick(r, []string{"Patient", "Observation", "Condition"})
			var parts []string
			for range 1 + r.IntN(3) {
				p := parameters(r, typ)
				parts = append(parts, p[0]+"="+url.QueryEscape(p[1]))
			}
			queries = append(queries, typ+"?"+strings.Join(parts, "&"))
		}
		chains, found := 0, 0
		for _, text := range queries {
			typ, query, _ := strings.Cut(text, "?")
			c, err := s.Criteria(typ, query)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			var got []string
			for _, doc := range w.docs {
				ok, err := nurse.Finds(t.Context(), c, s.Subject(doc))
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				if ok && coin(doc.Type(), doc.ID()) { // itself it was given
					got = append(got, doc.ID())
				}
			}
			slices.Sort(got)
			q, err := parseQuery(typ, query)
			if err != nil {
				t.Fatal(err)
			}
			q.Count = 1000
			page, err := nurse.Search(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			want := make([]string, len(page.Docs))
			for i, d := range page.Docs {
				want[i] = d.ID()
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: criteria find %v, a search %v", text, got, want)
			}
			if found += len(got); c.Chained() {
				chains += len(got)
			}
		}
		if chains < 20 || found < 200 {
			t.Errorf("only %d found, %d through chains", found, chains)
		}
	})
}

// A chain leads from the resource as it is given, and tells the audit of whom.
func TestCriteriaLeadFromWhatIsGiven(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := &world{s: s}
		w.add(t, map[string]any{"resourceType": "Patient", "id": "a", "gender": "male"}, map[string]any{"resourceType": "Patient", "id": "b", "gender": "female"},
			map[string]any{"resourceType": "Observation", "id": "o", "status": "final", "code": coding("", "1"), "subject": ref("Patient/b")})
		c, err := s.Criteria("Observation", "subject:Patient.gender=male")
		if err != nil || !c.Chained() {
			t.Fatal(err)
		}
		nurse := s.For(Actor{Account: "n", Role: Nurse, Request: "r-chain"})
		for of, want := range map[string]bool{"a": true, "b": false} {
			doc := fhir.MustNew(map[string]any{"resourceType": "Observation", "id": "o", "status": "final", "code": coding("", "1"), "subject": ref("Patient/" + of)})
			if got, err := nurse.Finds(t.Context(), c, s.Subject(doc)); err != nil || got != want {
				t.Errorf("of %s: %v, %v", of, got, err)
			}
		}
		eventually(t, "the audit does not tell of the person", func() bool {
			var told int
			err := s.foldReads(t.Context())
			if err == nil {
				_, err = s.read.Row(t.Context(), []any{&told}, `select count(*) from audit where request = 'r-chain' and patient = 'a'`)
			}
			return err == nil && told == 1
		})
		if _, err := s.Criteria("Observation", "subject.gender=male&_count=1"); !issue.Is(err, issue.NotSupported) {
			t.Errorf("what shapes an answer is taken: %v", err)
		}
	})
}

// Criteria know the installation's own parameters, from the moment they are
// written and as they are now, also where they are the query of a scope.
func TestCriteriaKnowOwnParameters(t *testing.T) {
	guard := &scopeGuard{}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		w := &world{s: s}
		person := func(id, code string) map[string]any {
			return map[string]any{"resourceType": "Patient", "id": id, "multipleBirthInteger": len(id), "maritalStatus": coding("urn:m", code)}
		}
		w.add(t, person("m", "M"), person("s", "S"))
		if err := s.CheckCriteria("Patient", "marital=M"); !issue.Is(err, issue.Invalid) {
			t.Fatalf("an unknown parameter is taken: %v", err)
		}
		if err := CheckCriteria("Patient", "marital=M"); err != nil {
			t.Fatalf("a parameter that a store may have is refused: %v", err)
		}
		w.add(t, searchParameter("marital", "marital", "token", "Patient.maritalStatus", "Patient"))
		eventually(t, "never known", func() bool { return s.CheckCriteria("*", "marital=M") == nil })
		c, err := s.Criteria("Patient", "marital=M")
		if err != nil {
			t.Fatal(err)
		}
		finds := func() (ids string) {
			for _, d := range w.docs[:2] {
				if c.Finds(s.Subject(d)) {
					ids += d.ID()
				}
			}
			return ids
		}
		if got := finds(); got != "m" {
			t.Errorf("found %q", got)
		}
		guard.only = "marital=M"
		app := s.For(Actor{Account: "app", Role: Nurse, Request: "r1", Scopes: []string{"?"}})
		read := func() (ids string) {
			for _, id := range []string{"m", "s"} {
				if _, err := app.Read(t.Context(), "Patient", id); err == nil {
					ids += id
				} else if !issue.Is(err, issue.NotFound) {
					t.Fatal(err)
				}
			}
			return ids
		}
		search := func() (ids string) {
			page, err := app.Search(t.Context(), Query{Type: "Patient"})
			if err != nil && !issue.Is(err, issue.Forbidden) {
				t.Fatal(err)
			}
			for _, d := range page.Docs {
				ids += d.ID()
			}
			return ids
		}
		if a, b := read(), search(); a != "m" || b != "m" {
			t.Errorf("the scope reads %q, finds %q", a, b)
		}
		eventually(t, "never ready", func() bool { _, err := searched(t, s, "Patient", [2]string{"marital", "M"}); return err == nil })
		if a, b := read(), search(); a != "m" || b != "m" {
			t.Errorf("the scope reads %q, finds %q", a, b)
		}
		w.add(t, searchParameter("marital", "marital", "token", "Patient.maritalStatus.where(coding.code = 'none')", "Patient"))
		eventually(t, "means what it meant", func() bool { return finds()+read()+search() == "" })
		if _, err := s.For(SystemActor()).Commit(t.Context(), Delete("SearchParameter", "marital")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "known for ever", func() bool { return s.CheckCriteria("Patient", "marital=M") != nil })
		if got := finds() + read() + search(); got != "" {
			t.Errorf("found by a parameter that is not there: %q", got)
		}
	})
}

// scopeGuard lets whoever has scopes have only what one query finds.
type scopeGuard struct{ only string }

func (g *scopeGuard) Judge(a Actor, _ Action, l Labels, _ []Relation, _ time.Time) Decision {
	d := Decision{Allow: true, Reason: "test"}
	if len(a.Scopes) > 0 {
		d.Only = []string{g.only}
	}
	return d
}

func (g *scopeGuard) Reach(a Actor, _ Action, typ string) Reach {
	r := Reach{All: true}
	if len(a.Scopes) > 0 {
		r.Only = []string{g.only}
	}
	return r
}

// CheckCriteria by the parameters that there are refuses what the form lets pass.
func TestCheckCriteriaOfAStore(t *testing.T) {
	s := openTest(t, Config{Guard: &testGuard{}})
	for query, typ := range map[string]string{"nonsense=1": "*", "nonsense:not=1": "Patient", "": "Patient", "gender=male&nonsense=1": "Patient"} {
		if err := s.CheckCriteria(typ, query); err == nil {
			t.Errorf("%s?%s is taken", typ, query)
		}
	}
	if err := s.CheckCriteria("*", "gender=male"); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(s.CheckCriteria("Observation", "patient.name=Lan")); !strings.Contains(got, "store.criteria.plain") {
		t.Error(got)
	}
}
