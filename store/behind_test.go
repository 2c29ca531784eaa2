// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"testing"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// held follows nothing while its gate is closed.
func held(gate chan struct{}) store.Follower {
	f := people(nil)
	apply := f.Apply
	f.Apply = func(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
		<-gate
		return apply(ctx, tx, c, now, before)
	}
	return f
}

// A view is behind when it lacks a change for two seconds, no sooner, and tells
// until when it is complete. Await says that it gave up.
func TestBehind(t *testing.T) {
	clock := storetest.NewClock()
	gate := make(chan struct{}, 1)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		said := func() (time.Time, bool) {
			t.Helper()
			until, behind, err := s.Behind(ctx, "people")
			if err != nil {
				t.Fatal(err)
			}
			return until, behind
		}
		write := func(id string) store.Receipt {
			t.Helper()
			return must(t, s.For(storetest.Doctor("tram")), store.Put(patient(t, id, "An")))
		}
		clock.Advance(time.Hour)
		if _, behind := said(); behind {
			t.Error("an empty log is behind")
		}
		gate <- struct{}{}
		first := write("a")
		await(t, s, first, "people")
		shown := first.Docs[0].LastUpdated()

		clock.Advance(time.Hour)
		second := write("b")
		watched, late := store.NoteLate(ctx)
		if err := s.Await(watched, second, "people"); err != nil || !late.Load() {
			t.Errorf("late %v, %v", late.Load(), err)
		}
		if _, behind := said(); behind {
			t.Error("behind after half a second")
		}
		if done, err := s.CaughtUp(ctx, "people"); done || err != nil {
			t.Errorf("caught up %v without the second, %v", done, err)
		}
		clock.Advance(2 * time.Second)
		if until, behind := said(); !behind || !until.Equal(shown) {
			t.Errorf("behind %v, complete until %v, want %v", behind, until, shown)
		}
		gate <- struct{}{}
		watched, late = store.NoteLate(ctx)
		await(t, s, second, "people")
		if err := s.Await(watched, second, "people"); err != nil || late.Load() {
			t.Errorf("late %v although it is there, %v", late.Load(), err)
		}
		if done, err := s.CaughtUp(ctx, "people"); !done || err != nil {
			t.Errorf("caught up %v, %v", done, err)
		}
		if _, behind := said(); behind {
			t.Error("still behind")
		}
		if _, _, err := s.Behind(ctx, "nobody's"); err == nil {
			t.Error("a view that is none is up to date")
		}
	}, storetest.Follow(held(gate)), storetest.Configure(func(c *store.Config) { c.Now = clock.Now }))
}

// Until a commit is numbered no view can show it: that counts too, and a view
// that begins anew shows nothing yet.
func TestBehindBeforeAnythingIsFollowed(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		clock := storetest.NewClock()
		at := storetest.Configure(func(c *store.Config) { c.Now = clock.Now })
		t.Run("followed", func(t *testing.T) {
			s := storetest.Open(t, p, storetest.Follow(people(nil)), at)
			await(t, s, must(t, s.For(storetest.Doctor("tram")), store.Put(patient(t, "a", "An"))), "people")
		})
		s := storetest.Open(t, p, storetest.Idle(), at)
		must(t, s.For(storetest.Doctor("tram")), store.Put(patient(t, "b", "An")))
		clock.Advance(time.Minute)
		if until, behind, err := s.Behind(ctx, "people"); err != nil || !behind || until.IsZero() {
			t.Errorf("behind %v until %v, %v", behind, until, err)
		}
	})
}
