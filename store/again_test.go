// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mach/store"
	"mach/store/storetest"
)

// Connections break again and again while people write and read: nobody sees an
// error, and everything is written once.
func TestLostConnections(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir(), Database: storetest.NewDatabase(t)}
	s := storetest.Open(t, p, storetest.Follow(people(nil)))
	const writers, each = 4, 25
	done, written := make(chan struct{}), make(chan struct{}, writers*each)
	var breaking, writing sync.WaitGroup
	breaking.Go(func() {
		for n := 0; ; n++ {
			conn, err := pgx.Connect(ctx, p.Database)
			if err == nil {
				_, err = conn.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
				conn.Close(ctx)
			}
			if err != nil {
				t.Error(err)
			}
			for range 3 { // by what is done, not by a clock: a slow machine has no more of them broken
				select {
				case <-done:
					if n < 3 {
						t.Errorf("connections broke %d times", n+1)
					}
					return
				case <-written:
				}
			}
		}
	})
	for w := range writers {
		writing.Go(func() {
			door := s.For(storetest.System())
			for i := range each {
				id := fmt.Sprintf("p-%d-%d", w, i)
				if _, err := door.Commit(ctx, store.Create(patient(t, id, "Nguyễn")), store.Put(patient(t, fmt.Sprint("own-", w), fmt.Sprint("Lần ", i)))); err != nil {
					t.Errorf("%s: %v", id, err)
					return
				}
				written <- struct{}{}
				if _, err := door.Read(ctx, "Patient", id); err != nil {
					t.Errorf("%s: %v", id, err)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	writing.Wait()
	close(done)
	breaking.Wait()
	for i, c := range logged(t, s, writers*each*2) {
		if c.Seq != int64(i+1) {
			t.Fatalf("line %d has number %d", i+1, c.Seq)
		}
	}
	for w := range writers {
		if _, changes, err := s.For(storetest.System()).History(ctx, "Patient", fmt.Sprint("own-", w), 0); err != nil || len(changes) != each {
			t.Errorf("writer %d has %d versions, %v", w, len(changes), err)
		}
	}
	checkViews(t, s)
}
