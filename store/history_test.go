// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mach/issue"
)

// TestHistoriesAndRecordsHide: the history of a type and of everything, and a
// whole record, show no more than reading does, and what they show is audited.
func TestHistoriesAndRecordsHide(t *testing.T) {
	hidden := ""
	guard := &testGuard{
		judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool {
			return hidden == "" || l.Type+"/"+l.ID != hidden
		},
		reach: func(a Actor) Reach { return Reach{All: a.Account == "n"} },
	}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		hidden = ""
		makeWorld(t, s, 3, 5, 2)
		for last, n := int64(0), 0; n < 500; n++ { // PostgreSQL numbers the log after the commit
			at, err := s.Last(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if at == last && at > 0 {
				break
			}
			last = at
			time.Sleep(20 * time.Millisecond)
		}
		nurse := func(request string) Door { return s.For(Actor{Account: "n", Role: Nurse, Request: request}) }
		shown := func(request string) (refs []string) {
			for _, typ := range []string{"", "Observation"} {
				for below := int64(0); ; {
					docs, changes, older, err := nurse(request).Changed(t.Context(), HistoryQuery{Type: typ, Below: below, Count: 3})
					if err != nil || len(docs) != len(changes) {
						t.Fatal(err)
					}
					for _, c := range changes {
						refs = append(refs, c.Type+"/"+c.ID)
					}
					if below = older; older == 0 {
						break
					}
				}
			}
			for after := int64(0); ; {
				page, err := nurse(request).Everything(t.Context(), EverythingQuery{Type: "Patient", ID: "p1", After: after, Count: 3})
				if err != nil {
					t.Fatal(err)
				}
				for _, doc := range append(page.Docs, page.Included...) {
					refs = append(refs, doc.Ref())
				}
				if after = page.Next; after == 0 {
					return refs
				}
			}
		}
		count := func(refs []string, ref string) (n int) {
			for _, r := range refs {
				if r == ref {
					n++
				}
			}
			return n
		}
		all := shown("all")
		hidden = "Observation/p1-1"
		fewer := shown("fewer")
		if a, b := count(all, hidden), count(fewer, hidden); a != 3 || b != 0 || len(all)-len(fewer) != 3 {
			t.Errorf("shown %d times when seen, %d when hidden; %d and %d lines", a, b, len(all), len(fewer))
		}
		var people []string
		var err error
		for n := 0; n < 200 && len(people) < 6 && err == nil; n++ { // PostgreSQL numbers the audit too
			if people = nil; n > 0 {
				time.Sleep(20 * time.Millisecond)
			}
			if err = s.foldReads(t.Context()); err != nil {
				break
			}
			err = s.read.Rows(t.Context(), `select distinct patient from audit where request = ? and allowed = 1`, []any{"fewer"}, func(scan func(...any) error) error {
				people = append(people, "")
				return scan(&people[len(people)-1])
			})
		}
		slices.Sort(people)
		if err != nil || fmt.Sprint(people) != "[ p0 p1 p2 p3 p4]" {
			t.Errorf("audit of %q, %v", people, err)
		}
		hidden = "Patient/p1"
		if _, err := nurse("hidden").Everything(t.Context(), EverythingQuery{Type: "Patient", ID: "p1"}); !issue.Is(err, issue.NotFound) {
			t.Errorf("the record of a hidden person: %v", err)
		}
		stranger := s.For(Actor{Account: "stranger", Role: Nurse, Request: "stranger"})
		if _, _, _, err := stranger.Changed(t.Context(), HistoryQuery{Type: "Observation"}); !issue.Is(err, issue.Forbidden) {
			t.Errorf("a history out of reach: %v", err)
		}
	})
}

// TestNextPageTellsNothing: a page of a whole record has a next one only where
// something is left that may be shown, whatever is hidden behind it or was not
// asked for.
func TestNextPageTellsNothing(t *testing.T) {
	hides := false
	guard := &testGuard{judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool {
		return !hides || l.Type != "Condition" && l.ID != "p1-2"
	}}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		hides = false
		makeWorld(t, s, 3, 2, 3)
		pages := func(types ...string) (n int) {
			for after := int64(0); ; n++ {
				page, err := s.For(Actor{Account: "n", Role: Nurse, Request: "r"}).Everything(t.Context(),
					EverythingQuery{Type: "Patient", ID: "p1", Types: types, After: after, Count: 1})
				if err != nil {
					t.Fatal(err)
				}
				if n > 0 && len(page.Docs) == 0 {
					t.Errorf("page %d of %v is empty: something hidden is there", n, types)
				}
				if after = page.Next; after == 0 {
					return n + 1
				}
			}
		}
		if all, fewer := pages("Patient", "Condition", "Observation"), pages("Patient", "Condition"); all <= fewer {
			t.Fatalf("%d and %d pages", all, fewer)
		}
		seen := pages("Observation")
		hides = true
		if n := pages("Patient", "Condition"); n != 1 {
			t.Errorf("%d pages of one Patient", n)
		}
		if n := pages("Observation"); n != seen-1 {
			t.Errorf("%d pages of measurements, one hidden of %d", n, seen)
		}
	})
}
