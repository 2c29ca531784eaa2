// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mach/fhir"
)

// TestDifference: deleting and inserting what difference says turns one set of
// rows into the other, and touches nothing that stays.
func TestDifference(t *testing.T) {
	w := &world{rng: rand.New(rand.NewPCG(1, 2))}
	rapid.Check(t, func(rt *rapid.T) {
		w.rng = rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		before := (*ownParams)(nil).indexRows(fhir.MustNew(w.observation("o", "p1")))
		now := (*ownParams)(nil).indexRows(fhir.MustNew(w.observation("o", pick(w.rng, []string{"p1", "p2"}))))
		have := map[string]int{}
		for _, r := range before {
			have[fmt.Sprint(r.remove(1, 2))]++
		}
		for text, args := range difference(before, now, 1, 2) {
			change := fmt.Sprint(text, args)
			for _, r := range slices.Concat(before, now) {
				if fmt.Sprint(r.remove(1, 2)) == change {
					if have[change]--; have[change] < 0 {
						rt.Fatalf("deletes what is not there: %s", change)
					}
					break
				}
				if text, args := r.insert(1, 2); fmt.Sprint(text, args) == change {
					if have[fmt.Sprint(r.remove(1, 2))]++; have[fmt.Sprint(r.remove(1, 2))] > 1 {
						rt.Fatalf("inserts what is there: %s", change)
					}
					break
				}
			}
		}
		for _, r := range now {
			if have[fmt.Sprint(r.remove(1, 2))] != 1 {
				rt.Fatalf("lacks %+v", r)
			}
			delete(have, fmt.Sprint(r.remove(1, 2)))
		}
		for key, n := range have {
			if n != 0 {
				rt.Fatalf("keeps %s", key)
			}
		}
	})
}

// TestReindex mends an index that has lost rows and has some too many.
func TestReindex(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		makeWorld(t, s, 5, 20, 5)
		if _, err := s.For(SystemActor()).Commit(t.Context(), Delete("Observation", "p1-1")); err != nil {
			t.Fatal(err)
		}
		sound := func() bool {
			line, err := s.checkIndex(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return line.OK
		}
		if !sound() {
			t.Fatal("not sound to begin with")
		}
		err := s.write.do(t.Context(), func(tx *commitTx) error {
			var rid, shard int64
			if _, err := tx.Row(t.Context(), []any{&rid, &shard}, `select rid, t from res where typ = ? and id = ?`, "Patient", "p3"); err != nil {
				return err
			}
			return tx.Exec(t.Context(), `delete from istr where rid = ?`, rid)
		})
		if line, failed := s.checkIndex(t.Context()); err != nil || failed != nil || !strings.Contains(line.Detail, "of Patient/p3 (") {
			t.Errorf("%+v, %v, %v", line, err, failed)
		}
		err = s.write.do(t.Context(), func(tx *commitTx) error {
			var rid, shard int64
			if _, err := tx.Row(t.Context(), []any{&rid, &shard}, `select rid, t from res where typ = ? and id = ?`, "Patient", "p3"); err != nil {
				return err
			}
			for _, text := range []string{`delete from ih where rid = ?`, `delete from istr where rid = ?`, `delete from ir where rid = ?`, `delete from ic where rid <> ?`} {
				if err := tx.Exec(t.Context(), text, rid); err != nil {
					return err
				}
			}
			for _, r := range []row{{table: tableEqual, p: 1, h: 2}, {table: tableString, p: 1, v: "x"}, {table: tableRange, p: 1, lo: 3, hi: 4}, {table: tableComposite, p: 1, h: 2, lo: 3}} {
				text, args := r.insert(rid, shard)
				if err := tx.Exec(t.Context(), text, args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if sound() {
			t.Fatal("the damage is not seen")
		}
		if err := s.Reindex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !sound() {
			t.Error("still not sound")
		}
	})
}

// A check beside writers sees one moment.
func TestCheckBesideWriters(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := makeWorld(t, s, 5, 20, 5)
		stop, done := make(chan bool), make(chan error)
		go func() {
			var err error
			for i := 0; err == nil; i++ {
				select {
				case <-stop:
					done <- nil
					return
				default:
					_, err = s.For(SystemActor()).Commit(context.Background(), Put(fhir.MustNew(benchPatient(w.rng, fmt.Sprintf("p%d", i%20)))))
				}
			}
			done <- err
		}()
		for range 10 {
			if line, err := s.checkIndex(t.Context()); err != nil || !line.OK {
				t.Errorf("%+v, %v", line, err)
			}
		}
		close(stop)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
