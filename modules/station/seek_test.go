// SPDX-License-Identifier: Apache-2.0

package station

import (
	"fmt"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// TestNobodyHarvestsTheRegister: guesses stop after ten, strangers after sixty
// an hour, for the account that asks and nobody else; who is new and then
// registered, and who lives here, is counted to nobody's account.
func TestNobodyHarvestsTheRegister(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		now := m.now()
		m.now = func() time.Time { return now }
		put(t, m, fhir.Organization{ID: "tram-xa", Name: "Trạm xa"}, stranger(t, m), resident(t, m, 1, longName, "1990-05-04", "027090001234"))
		ask := func(account, number string, year int) error {
			a := here(t, m, store.Receptionist)
			a.Account = account
			_, err := m.Identify(t.Context(), a, vn.PersonalID(number), year)
			return err
		}
		asks := func(what, account string, n int, number func(int) string, year int, stops bool) {
			t.Helper()
			for i := range n {
				if err := ask(account, number(i), year); err != nil {
					t.Fatalf("%s: stopped at %d: %v", what, i+1, err)
				}
			}
			if err := ask(account, number(n), year); issue.Is(err, issue.Throttled) != stops {
				t.Errorf("%s: after %d: %v", what, n, err)
			}
		}
		nobody := func(i int) string { return fmt.Sprintf("0010750%05d", 10000+i) }
		asks("numbers", "a", seekMisses, nobody, 1975, true)
		asks("years", "b", seekMisses, func(int) string { return "001075000009" }, 1976, true)
		asks("strangers", "c", seekHits, func(int) string { return "001075000009" }, 1975, true)
		asks("residents", "d", seekHits+5, func(int) string { return "027090001234" }, 1990, false)
		for i := range seekMisses + 5 {
			if err := ask("e", nobody(i), 1975); err != nil {
				t.Fatalf("new people: stopped at %d: %v", i+1, err)
			}
			m.seekers.registered("e", nobody(i))
		}
		now = now.Add(seekWindow)
		asks("an hour later", "a", 1, nobody, 1975, false)
	})
}
