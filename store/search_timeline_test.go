// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSearchAlongATimeline holds every comparison with a date of what happened to
// one person, and to anybody, walked in its order, against the documents: moments,
// years, periods longer than the margin of the index and such that have not ended.
func TestSearchAlongATimeline(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := &world{s: s, rng: rand.New(rand.NewPCG(1, 1))}
		w.add(t, map[string]any{"resourceType": "Patient", "id": "p1"})
		door := s.For(Actor{Account: "n", Role: Nurse, Request: "timeline"})
		for name, times := range [][]map[string]any{{
			{"effectiveDateTime": "2024"}, {"effectiveDateTime": "2025-03"}, {"effectiveDateTime": "2025-03-04"},
			{"effectiveDateTime": "2025-03-04T08:00:00+07:00"}, {"effectiveDateTime": "2025-03-04T00:00:00Z"}, {"effectiveDateTime": "2025-03-05T00:00:00Z"},
			{"effectivePeriod": map[string]any{"start": "2024-04-01", "end": "2025-03-04"}}, {"effectiveInstant": "2025-12-31T23:59:59Z"}, {},
		}, {
			{"effectivePeriod": map[string]any{"start": "2019", "end": "2025-03"}}, {"effectivePeriod": map[string]any{"start": "2025-03-04", "end": "2031"}},
			{"effectivePeriod": map[string]any{"start": "2018"}}, {"effectivePeriod": map[string]any{"start": "2019-06"}}, {"effectivePeriod": map[string]any{"end": "2025-03-04"}},
		}} {
			for i, when := range times {
				when["resourceType"], when["id"], when["status"] = "Observation", fmt.Sprint("o", name, "-", i), "final"
				when["code"], when["subject"] = coding("http://loinc.org", "8310-5"), ref("Patient/p1")
				w.add(t, when)
			}
			w.labels = nil
			alongTimeline(t, w, door, [2]string{"patient", "Patient/p1"})
			alongTimeline(t, w, door)
		}
	})
}

func alongTimeline(t *testing.T, w *world, door Door, of ...[2]string) {
	t.Helper()
	for _, op := range append([]string{""}, prefixes...) {
		for _, value := range []string{"2019", "2024", "2025", "2025-03", "2025-03-04", "2025-03-04T01:00:00Z", "2025-03-05T00:00:00Z", "2031"} {
			for _, sort := range []string{"date", "-date"} {
				q := Query{Type: "Observation", Count: 3, Params: append(slices.Clone(of), [2]string{"date", op + value}, [2]string{"_sort", sort})}
				docs := pages(t, door, q)
				inSortOrder(t, q, docs)
				var got []string
				for _, d := range docs {
					got = append(got, d.ID())
				}
				want := w.naive(t, SystemActor(), q)
				slices.Sort(got)
				if slices.Sort(want); !slices.Equal(got, want) {
					t.Errorf("%v: %v, want %v", q.Params, got, want)
				}
			}
		}
	}
}
