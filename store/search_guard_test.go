// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
)

func refs(docs []*fhir.Doc) string {
	var all []string
	for _, d := range docs {
		all = append(all, d.Ref())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestSearchHides: includes, chains, totals, cursors and the audit know no more
// than the page.
func TestSearchHides(t *testing.T) {
	hidden := ""
	guard := &testGuard{judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool {
		return hidden == "" || l.Type+"/"+l.ID != hidden
	}}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		hidden = ""
		w := makeWorld(t, s, 3, 5, 3)
		nurse := s.For(Actor{Account: "n", Role: Nurse, Request: "r1"})
		search := func(d Door, query string) Page {
			t.Helper()
			typ, text, _ := strings.Cut(query, "?")
			q, err := parseQuery(typ, text)
			if err != nil {
				t.Fatal(err)
			}
			page, err := d.Search(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			return page
		}
		if got := refs(search(nurse, "Condition?_id=cp1&_include=Condition:patient&_revinclude=Observation:focus").Included); got != "Patient/p1" {
			t.Errorf("included %q", got)
		}
		if got := refs(search(nurse, "Patient?_id=p1&_revinclude=Observation:patient&_revinclude=Condition:subject").Included); got != "Condition/cp1 Observation/p1-0 Observation/p1-1 Observation/p1-2" {
			t.Errorf("included %q", got)
		}
		hidden = "Observation/p1-1"
		if got := refs(search(nurse, "Patient?_id=p1&_revinclude=Observation:patient").Included); got != "Observation/p1-0 Observation/p1-2" {
			t.Errorf("included %q", got)
		}
		if n := search(nurse, "Observation?patient=p1&_count=0").Total; n != 2 {
			t.Errorf("the total counts %d", n)
		}
		hidden = "Patient/p1"
		if got := search(nurse, "Observation?patient.identifier=000000000001").Docs; len(got) != 0 {
			t.Errorf("a chain found what the actor may not find: %s", refs(got))
		}
		hidden = "Observation/p1-1"
		code := w.byRef("Observation/p1-1").Get("code", "coding", "0", "code").String()
		for _, d := range search(nurse, "Patient?_has:Observation:patient:code="+code).Docs {
			if d.ID() == "p1" && !slices.ContainsFunc([]string{"p1-0", "p1-2"}, func(id string) bool {
				return w.byRef("Observation/"+id).Get("code", "coding", "0", "code").String() == code
			}) {
				t.Error("_has found a person by a hidden measurement")
			}
		}
		first := search(nurse, "Observation?_sort=date&_count=4")
		for name, d := range map[string]Door{"another actor": s.For(Actor{Account: "m", Role: Nurse}), "the same": nurse} {
			q := Query{Type: "Observation", Params: [][2]string{{"_sort", "date"}, {"_count", "4"}}, Cursor: first.Next}
			if _, err := d.Search(t.Context(), q); issue.Is(err, issue.Invalid) != (name != "the same") {
				t.Errorf("cursor used by %s: %v", name, err)
			}
			q.Params[0][1] = "-date"
			if _, err := d.Search(t.Context(), q); !issue.Is(err, issue.Invalid) {
				t.Errorf("cursor of another question by %s: %v", name, err)
			}
		}
	})
}

// TestConditionsTellNothing: a conditional create or reference answers about
// what the actor may not see as about what is not there; only an identifier
// meets everything, so that nobody is registered twice.
func TestConditionsTellNothing(t *testing.T) {
	hidden := ""
	guard := &testGuard{judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool {
		return hidden == "" || l.Type+"/"+l.ID != hidden
	}}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		hidden = ""
		w := makeWorld(t, s, 3, 5, 1)
		nurse := s.For(Actor{Account: "n", Role: Nurse, Request: "r1"})
		code := w.byRef("Condition/cp1").Get("code", "coding", "0", "code").String()
		create := func(query string) (bool, error) {
			r, err := nurse.Commit(t.Context(), Create(fhir.MustNew(map[string]any{"resourceType": "Patient", "gender": "other"})).Unless(query))
			return err == nil && r.Changed[0], err
		}
		refer := func(typ, query string) bool { // as a reference "Type?query" is resolved
			ids, _, err := s.matching(t.Context(), s.read, nurse.Actor(), typ, query, 2, nil)
			if err != nil {
				t.Fatal(err)
			}
			return len(ids) == 1
		}
		for _, there := range []bool{true, false} {
			if there {
				hidden = ""
			} else {
				hidden = "Condition/cp1"
			}
			if made, err := create("_id=p1&_has:Condition:patient:code=" + code); err != nil || made == there {
				t.Errorf("a create unless p1 has what it has, seen: %v: made %v, %v", there, made, err)
			}
			if found := refer("Condition", "_id=cp1"); found != there {
				t.Errorf("a reference, seen: %v: found %v", there, found)
			}
		}
		hidden = "Patient/p1"
		if made, err := create("_id=p1&gender:missing=false"); !made || err != nil {
			t.Errorf("a create unless there is somebody unseen: made %v, %v", made, err)
		}
		if made, err := create("identifier=https://mach.vn/id/personal|000000000001"); made || !issue.Is(err, issue.NotFound) && !issue.Is(err, issue.Forbidden) {
			t.Errorf("a number that is taken: created %v, %v", made, err)
		}
		if !refer("Patient", "identifier=000000000001") {
			t.Error("a reference by number found nobody")
		}
		if refer("Patient", "identifier=000000000001,000000000099") {
			t.Error("a list of numbers found somebody unseen")
		}
		if made, err := create("identifier=000000000099,000000000001"); !made || err != nil {
			t.Errorf("a create unless one of several is there, unseen: made %v, %v", made, err)
		}
	})
}

// TestConditionsAreBounded: however many conditions a commit has, it does not
// keep other writers waiting for long.
func TestConditionsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("asks hundreds of questions, one after another")
	}
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		makeWorld(t, s, 3, 150, 0)
		nurse := s.For(Actor{Account: "n", Role: Nurse, Request: "r"})
		commit := func(n int, query string) error {
			ops := make([]Op, n)
			for i := range ops {
				number := strconv.Itoa(i)
				ops[i] = Create(fhir.MustNew(map[string]any{"resourceType": "Patient", "id": "x" + number, "gender": "other"})).Unless(query + number)
			}
			_, err := nurse.Commit(t.Context(), ops...)
			return err
		}
		if err := commit(400, "identifier=https://none.example/|"); err != nil {
			t.Errorf("many conditions on identifiers: %v", err)
		}
		if err := commit(101, "gender:missing=true&family:contains=none"); !issue.Is(err, issue.TooCostly) {
			t.Errorf("many conditions on anything: %v", err)
		}
		if err := commit(90, "_content=none"); !issue.Is(err, issue.TooCostly) {
			t.Errorf("conditions that read everything: %v", err)
		}
		if err := commit(9, "_content=none"); issue.Is(err, issue.TooCostly) {
			t.Errorf("a few conditions: %v", err)
		}
	})
}

// TestWhoWritesUnreadLearnsNoPerson: who may change what he may not read is not
// told whose it is by what is refused.
func TestWhoWritesUnreadLearnsNoPerson(t *testing.T) {
	guard := &testGuard{}
	eachDatabase(t, Config{Guard: writeOnly{guard}}, func(t *testing.T, s *Store) {
		makeWorld(t, s, 3, 2, 1)
		for doc, want := range map[*fhir.Doc]issue.Code{
			fhir.MustNew(condition("cp1", "A90", map[string]any{"subject": ref("Patient/p0")})):  issue.NotFound,
			fhir.MustNew(condition("none", "A90", map[string]any{"subject": ref("Patient/p0")})): "",
		} {
			_, err := s.For(Actor{Account: "n", Role: Nurse, Request: doc.ID()}).Commit(t.Context(), Put(doc))
			if want == "" && err != nil || want != "" && !issue.Is(err, want) {
				t.Errorf("%s: %v", doc.ID(), err)
			}
		}
	})
}

// writeOnly lets nurses write, not read.
type writeOnly struct{ Guard }

func (g writeOnly) Judge(a Actor, act Action, l Labels, rels []Relation, now time.Time) Decision {
	if a.Role == Nurse && act == ActRead {
		return Decision{}
	}
	return g.Guard.Judge(a, act, l, rels, now)
}

// TestSearchAudits: each person of a page stands in the audit, in one row where
// the same is said of all, and an empty page has one of nobody.
func TestSearchAudits(t *testing.T) {
	s := openTest(t, Config{Guard: &testGuard{reach: func(a Actor) Reach { return Reach{All: a.Account == "n"} }}})
	makeWorld(t, s, 3, 4, 3)
	rows := func(request string) (people []string, allowed int) {
		t.Helper()
		err := s.foldReads(t.Context())
		if err == nil {
			err = s.read.Rows(t.Context(), `select patient, allowed from audit where request = ? order by patient`, []any{request}, func(scan func(...any) error) error {
				var p string
				var ok int
				err := scan(&p, &ok)
				people, allowed = append(people, p), allowed+ok
				return err
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		return people, allowed
	}
	ask := func(account, request, patient string) error {
		_, err := s.For(Actor{Account: account, Role: Nurse, Request: request}).Search(t.Context(), Query{Type: "Observation", Params: [][2]string{{"patient", patient}}})
		return err
	}
	if err := ask("n", "two", "p1,p2"); err != nil {
		t.Fatal(err)
	}
	if people, allowed := rows("two"); !slices.Equal(people, []string{"p1 p2"}) || allowed != 1 {
		t.Errorf("audit of two people: %q, %d allowed", people, allowed)
	}
	if err := ask("n", "none", "nobody"); err != nil {
		t.Fatal(err)
	}
	if people, allowed := rows("none"); !slices.Equal(people, []string{""}) || allowed != 1 {
		t.Errorf("audit of nobody: %q, %d allowed", people, allowed)
	}
	for request, c := range map[string]struct {
		typ    string
		params [][2]string
		want   string
	}{
		"count":   {"Condition", [][2]string{{"patient", "p1,p2"}, {"_count", "0"}}, "p1 p2 Condition"},
		"has":     {"Patient", [][2]string{{"_id", "p1"}, {"_has:Condition:patient:code:not", "none"}}, "p1 Condition Patient"},
		"chained": {"Condition", [][2]string{{"patient.identifier", "000000000002"}, {"_count", "0"}}, "p2 Condition Patient"},
	} {
		if _, err := s.For(Actor{Account: "n", Role: Nurse, Request: request}).Search(t.Context(), Query{Type: c.typ, Params: c.params}); err != nil {
			t.Fatal(err)
		}
		var got []string
		err := s.foldReads(t.Context())
		if err == nil {
			err = s.read.Rows(t.Context(), `select patient || ' ' || types from audit where request = ? order by 1`, []any{request}, func(scan func(...any) error) error {
				got = append(got, "")
				return scan(&got[len(got)-1])
			})
		}
		if err != nil || strings.Join(got, ",") != c.want {
			t.Errorf("%s: %q, %v", request, got, err)
		}
	}
	if err := ask("stranger", "refused", "p1"); !issue.Is(err, issue.Forbidden) {
		t.Errorf("a search outside: %v", err)
	}
	if people, allowed := rows("refused"); len(people) != 1 || allowed != 0 {
		t.Errorf("audit of a refusal: %q, %d allowed", people, allowed)
	}
	var many []Op
	for range chainMax {
		many = append(many, Create(fhir.MustNew(map[string]any{"resourceType": "Organization", "name": "x", "partOf": ref("Organization/root")})))
	}
	if _, err := s.For(SystemActor()).Commit(t.Context(), many...); err != nil {
		t.Fatal(err)
	}
	_, err := s.For(Actor{Account: "n", Role: Nurse, Request: "costly"}).Search(t.Context(), Query{Type: "Patient", Params: [][2]string{{"organization:below", "Organization/root"}}})
	if people, allowed := rows("costly"); !issue.Is(err, issue.TooCostly) || len(people) != 1 || allowed != 0 {
		t.Errorf("a search that is too costly: %v, audit %q, %d allowed", err, people, allowed)
	}
}
