// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"testing"

	"mach/fhir"
	"mach/store"
)

// failing counts the errors of a test that is meant to fail.
type failing struct {
	testing.TB
	errors int
}

func (f *failing) Errorf(string, ...any) { f.errors++ }
func (f *failing) Helper()               {}

func TestWitnessSeesUnauditedReads(t *testing.T) {
	w := &witness{read: map[string]string{}}
	s := New(t, Configure(func(c *store.Config) { c.Trace = w.trace }))
	a := Doctor("tram")
	door := s.For(a)
	r, err := door.Commit(context.Background(), store.Create(fhir.MustNew(map[string]any{"resourceType": "Patient"})))
	if err != nil {
		t.Fatal(err)
	}
	reader := Nurse("tram")
	if _, err := s.For(reader).Read(context.Background(), "Patient", r.Docs[0].ID()); err != nil {
		t.Fatal(err)
	}
	if w.read[reader.Request] == "" {
		t.Fatal("the witness saw no body read")
	}
	f := &failing{TB: t}
	if w.check(f, s); f.errors != 0 {
		t.Errorf("%d errors for audited reads", f.errors)
	}
	w.trace("nobody wrote of this", "select body from res where rid = ?")
	w.trace("another", "select name from res")
	if w.check(f, s); f.errors != 1 {
		t.Errorf("%d errors for one unaudited read", f.errors)
	}
}
