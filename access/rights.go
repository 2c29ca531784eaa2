// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"sync"
	"time"

	"mach/store"
)

// rights are the tables of this package, and whom tokens were seen to speak for,
// so that not each of a hundred requests a second reads the same rows.
//
// What was seen is believed for trusted and no longer: what ends in one process
// has ended in every other after that time, with no message that could be lost.
// In the process that ends it, it has ended at once: whatever writes the tables
// makes all that was seen forgotten.
type rights struct {
	*store.Primary
	now    func() time.Time
	mu     sync.Mutex
	writes int // how often something was written
	seen   map[string]sighting
}

// sighting is whom a token spoke for.
type sighting struct {
	actor store.Actor
	at    time.Time // before the tables were asked
}

const (
	trusted   = 100 * time.Millisecond
	seenLimit = 10_000
)

func newRights(db *store.Primary, now func() time.Time) *rights {
	return &rights{Primary: db, now: now, seen: map[string]sighting{}}
}

// of returns whom the token with a hash speaks for, as seen just now or as ask
// finds it.
func (r *rights) of(hash string, ask func() (store.Actor, error)) (store.Actor, error) {
	now := r.now()
	r.mu.Lock()
	one, ok := r.seen[hash]
	writes := r.writes
	r.mu.Unlock()
	if age := now.Sub(one.at); ok && age >= 0 && age < trusted {
		return one.actor, nil
	}
	a, err := ask()
	if err != nil {
		return a, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) >= seenLimit {
		clear(r.seen)
	}
	if writes == r.writes {
		r.seen[hash] = sighting{a, now}
	}
	return a, nil
}

// Exec runs one statement; it is durable when Exec returns.
func (r *rights) Exec(ctx context.Context, sql string, args ...any) error {
	defer r.forget()
	return r.Primary.Exec(ctx, sql, args...)
}

// In runs work in one transaction; it is durable when In returns.
func (r *rights) In(ctx context.Context, work func(tx store.Tx) error) error {
	defer r.forget()
	return r.Primary.In(ctx, work)
}

func (r *rights) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	clear(r.seen)
}
