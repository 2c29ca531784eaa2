// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// Placed lets the store resolve codes of units by the day they are said to
// stand on; an unknown day is an unknown unit.
func Placed(units *vn.Units) Option {
	return Configure(func(c *store.Config) {
		c.UnitOf = func(code, version string) vn.UnitID {
			on, err := vn.ParseDate(version)
			if err != nil {
				return 0
			}
			u, _ := units.ByCode(code, on)
			return u.ID
		}
	})
}

// Put writes resources as the system, in one commit, and waits for the view,
// however slow the machine is.
func Put(t testing.TB, s *store.Store, view string, resources ...any) {
	t.Helper()
	ops := make([]store.Op, len(resources))
	for i, r := range resources {
		doc, err := fhir.New(r)
		if err != nil {
			t.Fatal(err)
		}
		ops[i] = store.Put(doc)
	}
	Commit(t, s, view, ops...)
}

// Commit is [Put] for any operations.
func Commit(t testing.TB, s *store.Store, view string, ops ...store.Op) {
	t.Helper()
	receipt, err := s.For(System()).Commit(t.Context(), ops...)
	for late := err == nil; late; {
		late, err = s.AwaitLate(t.Context(), receipt, view)
	}
	if err != nil {
		t.Fatal(err)
	}
}
