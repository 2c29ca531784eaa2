// SPDX-License-Identifier: Apache-2.0

package access

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mach/content"
	"mach/store"
	"mach/store/storetest"
)

// A token that one process ends has ended there at once, and in another before
// it trusts what it saw no longer.
func TestEndedTokensEndEverywhere(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		open := func(opts ...storetest.Option) *Access {
			policy, err := NewPolicy(content.Policies(), tree{})
			if err != nil {
				t.Fatal(err)
			}
			a, err := Open(t.Context(), storetest.Open(t, p, append(opts, storetest.Guarded(policy))...), Config{Key: make([]byte, keySize), Policy: policy})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		here, there := open(), open(storetest.Idle())
		system := store.SystemActor()
		token, err := here.Tokens.Issue(t.Context(), system, Grant{Scopes: "system/*.rs", TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/fhir/Patient", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		var id string
		for range 2 { // the second time it is remembered
			for _, a := range []*Access{here, there} {
				s, err := a.Sessions.Resolve(r)
				if err != nil {
					t.Fatal(err)
				}
				id = s.ID
			}
		}
		if len(here.Tokens.db.seen) != 1 || len(there.Tokens.db.seen) != 1 {
			t.Error("nothing is remembered")
		}
		if err := here.Tokens.End(t.Context(), system, id); err != nil {
			t.Fatal(err)
		}
		ended := time.Now()
		if _, err := here.Sessions.Resolve(r); err == nil {
			t.Error("the token lives on where it was ended")
		}
		for err = nil; err == nil && time.Since(ended) < time.Minute; time.Sleep(5 * time.Millisecond) {
			_, err = there.Sessions.Resolve(r)
		}
		if took := time.Since(ended); err == nil || took > trusted+500*time.Millisecond {
			t.Errorf("ended in the other process after %v: %v", took, err)
		}
	})
}
