// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// queries is a guard that allows everything that the queries of the actor's
// scopes, "Type?query", find; types without one are whole.
type queries struct{}

func only(a store.Actor, typ string) (only []string) {
	for _, s := range a.Scopes {
		if t, query, _ := strings.Cut(s, "?"); t == typ {
			only = append(only, query)
		}
	}
	return only
}

func (queries) Judge(a store.Actor, _ store.Action, l store.Labels, _ []store.Relation, _ time.Time) store.Decision {
	return store.Decision{Allow: true, Reason: "test", Only: only(a, l.Type)}
}

func (queries) Reach(a store.Actor, _ store.Action, typ string) store.Reach {
	return store.Reach{All: true, Only: only(a, typ)}
}

func seen(patient, id, category, text string) *fhir.Doc {
	return fhir.MustNew(map[string]any{"resourceType": "Observation", "id": id, "status": "final", "subject": map[string]any{"reference": "Patient/" + patient},
		"code":     map[string]any{"text": text},
		"category": []any{map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": category}}}}})
}

// What the query of a scope does not find is not there, whichever way one
// looks, and cannot be written.
func TestScopeQueriesHideRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		all := s.For(storetest.Doctor("tram"))
		must(t, all, store.Put(patient(t, "p1", "Nguyễn")), store.Put(seen("p1", "vital", "vital-signs", "a")),
			store.Put(seen("p1", "lab", "laboratory", "a")), store.Put(seen("p1", "moved", "laboratory", "a")))
		must(t, all, store.Update(seen("p1", "moved", "vital-signs", "b"), 1))
		must(t, all, store.Update(seen("p1", "moved", "vital-signs", "c"), 2))

		for _, scopes := range [][]string{
			{"Observation?category=vital-signs"},
			{"Observation?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"},
			{"Observation?category:not=laboratory"},
			{"Observation?category=vital-signs&subject=Patient/p1", "Observation?category=vital-signs&status=final"},
		} {
			app := storetest.Doctor("tram")
			app.Scopes = scopes
			door := s.For(app)
			search := func(typ string, params ...[2]string) (ids []string, total int) {
				t.Helper()
				page, err := door.Search(ctx, store.Query{Type: typ, Params: params, Total: "accurate"})
				if err != nil {
					t.Fatalf("%v: %v", scopes, err)
				}
				for _, d := range slices.Concat(page.Docs, page.Included) {
					ids = append(ids, d.ID())
				}
				slices.Sort(ids)
				return ids, page.Total
			}
			want := func(what string, got []string, total int, ids ...string) {
				t.Helper()
				if !slices.Equal(got, ids) || total >= 0 && total > len(ids) {
					t.Errorf("%v: %s found %v of %d, want %v", scopes, what, got, total, ids)
				}
			}
			ids, n := search("Observation")
			want("a search", ids, n, "moved", "vital")
			ids, n = search("Observation", [2]string{"category", "laboratory"})
			want("a search for the rest", ids, n)
			ids, n = search("Patient", [2]string{"_revinclude", "Observation:subject"})
			want("_revinclude", ids, n, "moved", "p1", "vital")
			ids, n = search("Patient", [2]string{"_has:Observation:subject:category", "laboratory"})
			want("_has", ids, n)

			if _, err := door.Read(ctx, "Observation", "vital"); err != nil {
				t.Errorf("%v: reading what is found: %v", scopes, err)
			}
			for what, err := range map[string]error{
				"read":    second(door.Read(ctx, "Observation", "lab")),
				"vread":   second(door.ReadVersion(ctx, "Observation", "lab", 1)),
				"history": func() error { _, _, err := door.History(ctx, "Observation", "lab", 0); return err }(),
				"old":     second(door.ReadVersion(ctx, "Observation", "moved", 1)),
				"update":  second(door.Commit(ctx, store.Update(seen("p1", "lab", "vital-signs", "z"), 1))),
				"delete":  second(door.Commit(ctx, store.Delete("Observation", "lab"))),
			} {
				if !issue.Is(err, issue.NotFound) {
					t.Errorf("%v: %s of a hidden row: %v", scopes, what, err)
				}
			}
			if docs, _, err := door.History(ctx, "Observation", "moved", 0); err != nil || len(docs) != 2 {
				t.Errorf("%v: history shows %d versions, %v; want the two that match", scopes, len(docs), err)
			}
			if _, err := door.Commit(ctx, store.Create(seen("p1", "fresh", "laboratory", "z"))); !issue.Is(err, issue.Forbidden) {
				t.Errorf("%v: creating outside: %v", scopes, err)
			}
			if _, err := door.Commit(ctx, store.Update(seen("p1", "vital", "laboratory", "z"), 1)); err == nil {
				t.Errorf("%v: moving a row outside is allowed", scopes)
			}
		}
		none := storetest.Doctor("tram")
		none.Scopes = []string{"Observation?nonsense=1"}
		if _, err := s.For(none).Search(ctx, store.Query{Type: "Observation"}); !issue.Is(err, issue.Forbidden) {
			t.Errorf("a query that is not understood opens: %v", err)
		}
		if _, err := s.For(none).Read(ctx, "Observation", "vital"); !issue.Is(err, issue.NotFound) {
			t.Errorf("a query that is not understood opens: %v", err)
		}
	}, storetest.Guarded(queries{}))
}

// What goes through many rows shows none that the query of a scope does not find.
func TestScopeQueriesHideRowsOfMany(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		all := s.For(storetest.Doctor("tram"))
		must(t, all, store.Put(patient(t, "p1", "Nguyễn")), store.Put(seen("p1", "vital", "vital-signs", "a")), store.Put(seen("p1", "lab", "laboratory", "a")),
			store.Put(seen("p1", "moved", "laboratory", "a")), store.Put(seen("p1", "left", "vital-signs", "a")), store.Put(seen("p1", "gone", "laboratory", "a")),
			store.Put(fhir.MustNew(map[string]any{"resourceType": "DiagnosticReport", "id": "report", "status": "final", "subject": map[string]any{"reference": "Patient/p1"},
				"code": map[string]any{"text": "a"}, "result": []any{map[string]any{"reference": "Observation/vital"}, map[string]any{"reference": "Observation/lab"}}})))
		must(t, all, store.Update(seen("p1", "moved", "vital-signs", "b"), 1), store.Delete("Observation", "left"), store.Delete("Observation", "gone"))
		for range 500 { // PostgreSQL numbers the log a moment later
			if _, lines, _, err := all.Changed(ctx, store.HistoryQuery{Type: "Observation"}); err != nil || len(lines) == 8 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}

		// A deletion has no content that the query could find: a history leaves it out.
		narrowed := storetest.Doctor("tram")
		narrowed.Scopes = []string{"Observation?category=vital-signs"}
		for _, c := range []struct {
			door                                     store.Door
			there, included, ended, changed, compart string
		}{
			{all, "lab moved vital", "lab report vital", "gone left", "gone/1 gone/2 lab/1 left/1 left/2 moved/1 moved/2 vital/1", "lab moved p1 report vital"},
			{s.For(narrowed), "moved vital", "report vital", "left", "left/1 moved/2 vital/1", "moved p1 report vital"},
		} {
			want := func(what, want string, docs []*fhir.Doc, err error) {
				t.Helper()
				var got []string
				for _, d := range docs {
					got = append(got, d.ID())
				}
				if slices.Sort(got); err != nil || strings.Join(got, " ") != want {
					t.Errorf("%s shows %q, %v; want %q", what, got, err, want)
				}
			}
			whole, err := c.door.Everything(ctx, store.EverythingQuery{Type: "Patient", ID: "p1"})
			want("$everything", c.compart, slices.Concat(whole.Docs, whole.Included), err)
			page, err := c.door.Search(ctx, store.Query{Type: "DiagnosticReport", Params: [][2]string{{"_include", "DiagnosticReport:result"}}})
			want("_include", c.included, slices.Concat(page.Docs, page.Included), err)
			for gone, ids := range map[int64]string{0: c.there, time.Now().Add(24 * time.Hour).UnixMicro(): c.ended} {
				rows, _, _, err := c.door.Bulk(ctx, store.Bulk{Type: "Observation", Gone: gone})
				var docs []*fhir.Doc
				for _, r := range rows {
					d, err := fhir.ParseString(r.Body)
					if err != nil {
						t.Fatal(err)
					}
					docs = append(docs, d)
				}
				want("an export", ids, docs, err)
			}
			var lines []string
			_, changes, _, err := c.door.Changed(ctx, store.HistoryQuery{Type: "Observation"})
			for _, one := range changes {
				lines = append(lines, fmt.Sprintf("%s/%d", one.ID, one.Version))
			}
			if slices.Sort(lines); err != nil || strings.Join(lines, " ") != c.changed {
				t.Errorf("history shows %q, %v; want %q", lines, err, c.changed)
			}
		}
	}, storetest.Guarded(queries{}))
}

func second[T any](_ T, err error) error { return err }

// TestOneGate: a way to rows that asked the guard by itself would forget the
// queries of scopes.
func TestOneGate(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 40 {
		t.Fatal(len(files), err)
	}
	asked := map[string]int{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), "Guard.Judge("); n > 0 && !strings.HasSuffix(file, "_test.go") {
			asked[file] = n
		}
	}
	if fmt.Sprint(asked) != "map[narrow.go:1]" {
		t.Errorf("the guard is asked in %v: use Store.decide", asked)
	}
}

func TestCheckCriteria(t *testing.T) {
	for query, typ := range map[string]string{
		"category=laboratory": "Observation", "_security=http://x|R": "*", "date=ge2026-01-01&category:not=laboratory": "Observation", "code:missing=false": "Observation",
		"parameter-of-a-store:not=x": "Observation", "code:in=https://x.vn/set": "Observation",
	} {
		if err := store.CheckCriteria(typ, query); err != nil {
			t.Errorf("%s?%s: %v", typ, query, err)
		}
	}
	for query, typ := range map[string]string{
		"": "Observation", "_nonsense=1": "*", "nonsense.name=1": "Patient", "_count=5": "Observation", "patient.name=Lan": "Observation", "_has:Observation:subject:code=1": "Patient",
		"_include=Observation:subject": "Observation", "category=laboratory&_sort=date": "Observation", "category:nonsense=1": "Observation", "category=laboratory&": "Nonsense",
	} {
		if err := store.CheckCriteria(typ, query); err == nil {
			t.Errorf("%s?%s is taken", typ, query)
		}
	}
}
