// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
)

func searchParameter(id, code, kind, expression string, base ...string) map[string]any {
	return map[string]any{"resourceType": "SearchParameter", "id": id, "url": "https://example.org/" + id, "name": "X" + id, "status": "active",
		"description": "test", "code": code, "base": base, "type": kind, "expression": expression}
}

// eventually asks until the answer is there.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ask(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func searched(t *testing.T, s *Store, typ string, params ...[2]string) ([]string, error) {
	t.Helper()
	page, err := s.For(SystemActor()).Search(t.Context(), Query{Type: typ, Params: params, Count: 1000})
	var ids []string
	for _, d := range page.Docs {
		ids = append(ids, d.ID())
	}
	slices.Sort(ids)
	return ids, err
}

// A SearchParameter finds what was there before it, what comes while its rows
// are written and what comes after; not before all have them; with its new
// meaning after a change, and not at all after its deletion.
func TestOwnParameters(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := &world{s: s}
		nationality := func(id, code string) map[string]any {
			return map[string]any{"resourceType": "Patient", "id": id, "multipleBirthInteger": len(code), "maritalStatus": coding("urn:m", code)}
		}
		for i := range 450 {
			w.add(t, nationality(fmt.Sprintf("old%d", i), []string{"M", "S"}[i%2]))
		}
		w.add(t, searchParameter("marital", "marital", "token", "Patient.maritalStatus", "Patient"))
		if _, err := searched(t, s, "Patient", [2]string{"marital", "M"}); !issue.Is(err, issue.Conflict) && !issue.Is(err, issue.Invalid) {
			t.Fatalf("searched before it is ready: %v", err)
		}
		for i := range 20 {
			w.add(t, nationality(fmt.Sprintf("new%d", i), "M"))
		}
		eventually(t, "never ready", func() bool { _, err := searched(t, s, "Patient", [2]string{"marital", "M"}); return err == nil })
		w.add(t, nationality("late", "M"), nationality("old0", "W"))
		for _, c := range []struct {
			params [][2]string
			want   int
		}{
			{[][2]string{{"marital", "M"}}, 225 - 1 + 20 + 1}, {[][2]string{{"marital", "urn:m|W"}}, 1}, {[][2]string{{"marital:not", "M"}, {"_id", "old0,old1,old2"}}, 2},
			{[][2]string{{"marital", "M"}, {"_id", "late,old1"}}, 1}, {[][2]string{{"marital:missing", "true"}}, 0}, {[][2]string{{"marital:text", "x"}}, 0},
		} {
			if ids, err := searched(t, s, "Patient", c.params...); err != nil || len(ids) != c.want {
				t.Errorf("%v: %d found, want %d, %v", c.params, len(ids), c.want, err)
			}
		}
		w.add(t, searchParameter("marital", "marital", "number", "Patient.multipleBirth.ofType(integer)", "Patient"))
		eventually(t, "never changed", func() bool {
			ids, err := searched(t, s, "Patient", [2]string{"marital", "ge1"})
			return err == nil && len(ids) == 471
		})
		if _, err := s.For(SystemActor()).Commit(t.Context(), Delete("SearchParameter", "marital")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "never gone", func() bool {
			_, err := searched(t, s, "Patient", [2]string{"marital", "ge1"})
			var left int
			s.read.Row(t.Context(), []any{&left}, `select count(*) from indexing where name like 'marital%'`)
			return issue.Is(err, issue.Invalid) && left == 0
		})
		if lines, err := s.Check(t.Context()); err != nil || !lines[1].OK {
			t.Errorf("the index afterwards: %v, %v", lines, err)
		}
	})
}

// What begins a reindex need not end it: another process, or the same one after
// a restart, goes on where it stopped.
func TestOwnParametersSurviveRestart(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { ownSurvive(t, Config{Guard: &testGuard{}, Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) {
		ownSurvive(t, Config{Guard: &testGuard{}, Dir: t.TempDir(), Database: freshDatabase(t)})
	})
}

func ownSurvive(t *testing.T, c Config) {
	open := func(start bool) *Store {
		s, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		s.settle = 0
		if start {
			if err := s.Start(context.WithoutCancel(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	s := open(false)
	w := &world{s: s}
	var docs []map[string]any
	for i := range 3 * reindexDocs {
		docs = append(docs, map[string]any{"resourceType": "Basic", "id": fmt.Sprintf("b%d", i), "code": coding("urn:c", "x"), "author": ref("Practitioner/p")})
	}
	w.add(t, docs...)
	w.add(t, searchParameter("by", "by", "reference", "Basic.author.where(resolve() is Practitioner)", "Basic"))
	for range 3 { // noted, then two pieces of work
		if err := s.refreshOwn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.indexStep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	jobs, err := s.indexings(t.Context())
	i := slices.IndexFunc(jobs, func(j indexing) bool { return isOwn(j.name) })
	if err != nil || i < 0 || jobs[i].rid == 0 || jobs[i].state != stateAdding {
		t.Fatalf("not in the middle: %+v, %v", jobs, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(true)
	defer s.Close()
	eventually(t, "never ready", func() bool { _, err := searched(t, s, "Basic", [2]string{"by", "Practitioner/p"}); return err == nil })
	if ids, err := searched(t, s, "Basic", [2]string{"by", "Practitioner/p"}); err != nil || len(ids) != 3*reindexDocs {
		t.Errorf("%d found, %v", len(ids), err)
	}
}

// A folder whose index is of an older form answers rightly at once and is
// brought to the present form while it is used.
func TestOldFormIsReindexed(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := &world{s: s}
		w.add(t, map[string]any{"resourceType": "Location", "id": "l", "position": map[string]any{"latitude": 21.03, "longitude": 105.85}},
			map[string]any{"resourceType": "Observation", "id": "o", "status": "final", "code": map[string]any{"text": "Nhiệt độ"}, "effectivePeriod": map[string]any{"start": "2020"},
				"valueQuantity": map[string]any{"value": 5, "system": fhir.SystemUCUM, "code": "mg"}})
		rows := func() (n int) {
			s.read.Row(t.Context(), []any{&n}, `select (select count(*) from istr) + (select count(*) from ir) + (select count(*) from ic)`)
			return n
		}
		full := rows()
		err := s.write.do(t.Context(), func(tx *commitTx) error {
			for _, table := range []string{"istr", "ir", "ic"} {
				if err := tx.Exec(t.Context(), `delete from `+table); err != nil {
					return err
				}
			}
			if err := tx.Exec(t.Context(), `insert into ir (p, lo, rid, hi, t) select ?, 1e15, rid, 1e15, t from res where typ = 'Observation'`, paramHash("Observation", "date")); err != nil {
				return err
			}
			if err := tx.Exec(t.Context(), `delete from indexing`); err != nil {
				return err
			}
			return s.beginForm(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		s.form.Store(false) // not before the commit: who looks after the index in between would find the old note
		ask := func() {
			for _, c := range [][3]string{{"Location", "near", "21|105.8|20|km"}, {"Observation", "code:text", "nhiet"}, {"Observation", "date", "gt2021"},
				{"Observation", "value-quantity", "0.005|" + fhir.SystemUCUM + "|g"}} {
				if ids, err := searched(t, s, c[0], [2]string{c[1], c[2]}); err != nil || len(ids) != 1 {
					t.Errorf("%v: %v, %v, formed: %v", c, ids, err, s.formed())
				}
			}
		}
		ask()
		eventually(t, "never formed", func() bool {
			var left int
			s.read.Row(t.Context(), []any{&left}, `select count(*) from indexing where state <> 1`)
			return s.formed() && left == 0
		})
		ask()
		if got := rows(); got != full {
			t.Errorf("%d rows, want %d", got, full)
		}
		if lines, err := s.Check(t.Context()); err != nil || !lines[1].OK {
			t.Errorf("the index afterwards: %v, %v", lines, err)
		}
	})
}

// Two processes write while a parameter comes to one of them: the other learns
// of it in time, and no resource is missed.
func TestOwnParametersOfSeveralProcesses(t *testing.T) {
	database := freshDatabase(t)
	open := func() *Store {
		s, err := Open(t.Context(), Config{Guard: &testGuard{}, Dir: t.TempDir(), Database: database})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, b := open(), open()
	ctx, stop := context.WithCancel(t.Context())
	wrote := make(chan int)
	for i, s := range []*Store{a, b} {
		go func() {
			n := 0
			for ; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("%d-%d", i, n)
				if _, err := s.For(SystemActor()).Commit(t.Context(), Put(fhir.MustNew(map[string]any{"resourceType": "Patient", "id": id, "maritalStatus": coding("urn:m", "M")}))); err != nil {
					t.Error(err)
					break
				}
				time.Sleep(30 * time.Millisecond)
			}
			wrote <- n
		}()
	}
	(&world{s: b}).add(t, searchParameter("marital", "marital", "token", "Patient.maritalStatus", "Patient"))
	ready := func(s *Store) bool {
		_, err := searched(t, s, "Patient", [2]string{"marital", "M"})
		return err == nil
	}
	eventually(t, "never ready", func() bool { return ready(a) && ready(b) })
	stop()
	want := <-wrote + <-wrote
	for _, s := range []*Store{a, b} {
		if ids, err := searched(t, s, "Patient", [2]string{"marital", "M"}); err != nil || len(ids) != want {
			t.Errorf("%d found of %d, %v", len(ids), want, err)
		}
	}
}

// An own composite finds what R4's finds that is made of the same.
func TestOwnComposites(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := &world{s: s}
		component := func(of, expression string) map[string]any {
			return map[string]any{"definition": "http://hl7.org/fhir/SearchParameter/" + of, "expression": expression}
		}
		own := searchParameter("pair", "pair", "composite", "Observation.component", "Observation")
		own["component"] = []any{component("Observation-component-code", "code"), component("Observation-component-value-quantity", "value.as(Quantity)")}
		alone := searchParameter("alone", "alone", "composite", "Observation", "Observation")
		alone["component"] = []any{component("Observation-component-code", "code"), component("Patient-active", "active")}
		w.add(t, own, alone)
		for i := range 12 {
			part := func(code string, value int) map[string]any {
				return map[string]any{"code": coding("http://loinc.org", code), "valueQuantity": map[string]any{"value": value, "system": fhir.SystemUCUM, "code": "mm[Hg]"}}
			}
			w.add(t, map[string]any{"resourceType": "Observation", "id": fmt.Sprintf("o%d", i), "status": "final", "code": coding("", "85354-9"),
				"component": []any{part("8480-6", 100+5*i), part("8462-4", 60+5*i)}})
		}
		eventually(t, "never ready", func() bool {
			_, err := searched(t, s, "Observation", [2]string{"pair", "8480-6$gt1"})
			return err == nil
		})
		for _, c := range []struct {
			value string
			found int
		}{
			{"8480-6$gt120", 7}, {"http://loinc.org|8462-4$ge60|http://unitsofmeasure.org|mm[Hg]", 12}, {"8462-4$lt60", 0}, {"8462-4$70,8480-6$100", 2}, {"none$100", 0},
		} {
			got, err := searched(t, s, "Observation", [2]string{"pair", c.value})
			want, err4 := searched(t, s, "Observation", [2]string{"component-code-value-quantity", c.value})
			if err != nil || err4 != nil || !slices.Equal(got, want) || len(got) != c.found {
				t.Errorf("%s: own %v, R4's %v, want %d; %v %v", c.value, got, want, c.found, err, err4)
			}
		}
		if _, err := searched(t, s, "Observation", [2]string{"alone", "1$true"}); !issue.Is(err, issue.Invalid) {
			t.Errorf("a composite of parameters that its type has not: %v", err)
		}
	})
}
