// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"
	"testing"

	"mach/fhir"
)

// Readings of many rows end when their bodies fill a batch, and go on from
// there; followers are given no bodies of types that they do not want.
func TestLargeBodiesAreReadFewAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("63 MB one after another: nothing for the race detector")
	}
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		door := s.For(SystemActor())
		data := strings.Repeat("QUFB", 7<<18) // 7 MB: three fill a batch
		write := func(id string, round int) {
			b := map[string]any{"resourceType": "Binary", "id": id, "contentType": fmt.Sprint("image/", round), "data": data}
			if _, err := door.Commit(t.Context(), Put(fhir.MustNew(b))); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 5 {
			write(fmt.Sprint("b", i), 1)
		}
		for i := range 4 {
			write("b0", i+2)
		}
		var pages []int
		for q := (Query{Type: "Binary", Count: 4}); ; {
			page, err := door.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, len(page.Docs))
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if fmt.Sprint(pages) != "[3 2]" {
			t.Errorf("pages of %v", pages)
		}
		if docs, _, err := door.History(t.Context(), "Binary", "b0", 0); err != nil || len(docs) != 4 {
			t.Errorf("%d versions, %v", len(docs), err)
		}
		if s.pg != nil { // not started: nothing is numbered
			return
		}
		for types, want := range map[string]string{"Binary": "3 true", "Patient": "9 false"} {
			events, more, err := s.events(t.Context(), 0, 1<<62, 500, &following{Follower: Follower{Types: []string{types}}})
			if got := fmt.Sprint(len(events), more); err != nil || got != want || (events[0].now == "") != (types == "Patient") {
				t.Errorf("%s: %s events, want %s, %v", types, got, want, err)
			}
		}
	})
}
