// SPDX-License-Identifier: Apache-2.0

package store

import (
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
)

// A reference by identifier leads to what the actor may read; what is hidden is
// answered as what is not there.
func TestReferencesByIdentifierAreJudged(t *testing.T) {
	hidden := ""
	guard := &testGuard{judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool { return l.ID != hidden }}
	eachDatabase(t, Config{Guard: guard}, func(t *testing.T, s *Store) {
		hidden = ""
		nurse := s.For(Actor{Account: "n", Role: Nurse, Request: "r1"})
		patient := fhir.MustNew(map[string]any{"resourceType": "Patient", "id": "a", "identifier": []any{map[string]any{"system": "urn:s", "value": "1"}}})
		refer := func(query string) (string, error) {
			r, err := nurse.Commit(t.Context(), Create(fhir.MustNew(map[string]any{
				"resourceType": "Condition", "subject": map[string]any{"reference": "Patient?" + query}})))
			if err != nil {
				return "", err
			}
			return r.Docs[0].Get("subject", "reference").String(), nil
		}
		if _, err := nurse.Commit(t.Context(), Put(patient)); err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"identifier=urn:s|1", "_id=a"} {
			hidden = ""
			if ref, err := refer(query); ref != "Patient/a" {
				t.Errorf("%s leads to %q, %v", query, ref, err)
			}
			hidden = "a"
			if _, err := refer(query); !issue.Is(err, issue.Precondition) {
				t.Errorf("%s of what is hidden: %v", query, err)
			}
		}
	})
}
