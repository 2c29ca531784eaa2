// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mach/store"
	"mach/store/storetest"
)

// meeting is a store on PostgreSQL whose commits meet others: how often they
// locked what they write over is counted.
type meeting struct {
	storetest.Place
	*store.Store
	runs atomic.Int64
}

const lockingAll = "order by kh for update"

// meet opens the store that follows, and a second one beside it that commits,
// whose connections have the parameters.
func meet(t *testing.T, params string) *meeting {
	m := &meeting{Place: storetest.Place{Dir: t.TempDir(), Database: storetest.NewDatabase(t)}}
	storetest.Open(t, m.Place, storetest.Follow(people(nil)))
	m.Store = storetest.Open(t, storetest.Place{Dir: m.Dir, Database: m.Database + params}, storetest.Follow(people(nil)), storetest.Idle(),
		storetest.Configure(func(c *store.Config) {
			witness := c.Trace
			c.Trace = func(request, statement string) {
				if strings.HasSuffix(statement, lockingAll) {
					m.runs.Add(1)
				}
				witness(request, statement)
			}
		}))
	return m
}

// holds begins a transaction that holds the rows of patients.
func (m *meeting) holds(t *testing.T, ids ...string) pgx.Tx {
	t.Helper()
	conn, err := pgx.Connect(ctx, m.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if err := lock(tx, id); err != nil {
			t.Fatal(err)
		}
	}
	return tx
}

func lock(tx pgx.Tx, id string) error {
	_, err := tx.Exec(ctx, "select 1 from mach.res where id = $1 for update", id)
	return err
}

// done fails the test unless patients have the versions, the log has so many
// lines, and the request has its place in the audit.
func (m *meeting) done(t *testing.T, request string, lines, audited int, versions map[string]int) {
	t.Helper()
	for id, want := range versions {
		if _, changes, err := m.For(storetest.System()).History(ctx, "Patient", id, 0); err != nil || len(changes) != want {
			t.Errorf("%s has %d versions, want %d: %v", id, len(changes), want, err)
		}
	}
	for i, c := range logged(t, m.Store, lines) {
		if c.Seq != int64(i+1) {
			t.Fatalf("line %d has number %d", i+1, c.Seq)
		}
	}
	n := answer[int](t, m.Place, `select count(*) from (select request from mach.audit union all select request from mach.pending_audit) a where request = $1`, request)
	if n != audited {
		t.Errorf("%d lines in the audit, want %d", n, audited)
	}
	checkViews(t, m.Store)
}

// answer asks PostgreSQL for one value.
func answer[T any](t *testing.T, p storetest.Place, text string, args ...any) (value T) {
	t.Helper()
	conn, err := pgx.Connect(ctx, p.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, text, args...).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// The store locks in one order; what else is at work in the database need not.
// PostgreSQL ends the commit for a deadlock, which then is done once.
func TestDeadlock(t *testing.T) {
	m := meet(t, "&deadlock_timeout=10ms")
	must(t, m.For(storetest.System()), store.Create(patient(t, "a", "Lê")), store.Create(patient(t, "b", "Lê")), store.Create(patient(t, "c", "Lê")))
	ids := answer[[]string](t, m.Place, "select array_agg(id order by kh) from mach.res") // as commits lock them
	first, second, third := ids[0], ids[1], ids[2]

	gate := m.holds(t, second)
	other := m.holds(t, third)
	if _, err := other.Exec(ctx, "set local deadlock_timeout = '5min'"); err != nil { // never the one that is ended
		t.Fatal(err)
	}
	before, actor := m.runs.Load(), storetest.System()
	committed, crossed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := m.For(actor).Commit(ctx, store.Put(patient(t, "a", "Trần")), store.Put(patient(t, "b", "Trần")), store.Put(patient(t, "c", "Trần")))
		committed <- err
	}()
	waiting(t, m.Database, 1) // the commit holds the first and waits for the second
	go func() { crossed <- lock(other, first) }()
	waiting(t, m.Database, 2)
	gate.Rollback(ctx)
	if err := <-crossed; err != nil { // the commit gave the first back
		t.Errorf("the other was ended: %v", err)
	}
	other.Rollback(ctx)
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	if n := m.runs.Load() - before; n < 2 {
		t.Errorf("the commit ran %d times", n)
	}
	m.done(t, actor.Request, 6, 1, map[string]int{"a": 2, "b": 2, "c": 2})
}

// A database may be set to serializable transactions: a commit that waited for
// a row which the other then changed is refused there, and done again.
func TestSerializationFailure(t *testing.T) {
	m := meet(t, "&default_transaction_isolation=serializable")
	must(t, m.For(storetest.System()), store.Create(patient(t, "a", "Lê")))
	other := m.holds(t, "a")
	before, actor := m.runs.Load(), storetest.System()
	committed := make(chan error, 1)
	go func() {
		_, err := m.For(actor).Commit(ctx, store.Put(patient(t, "a", "Trần")))
		committed <- err
	}()
	waiting(t, m.Database, 1)
	if _, err := other.Exec(ctx, "update mach.res set actor = actor where id = 'a'"); err != nil {
		t.Fatal(err)
	}
	if err := other.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	if n := m.runs.Load() - before; n != 2 {
		t.Errorf("the commit ran %d times, want 2", n)
	}
	m.done(t, actor.Request, 2, 1, map[string]int{"a": 2})
}

// Wherever in a commit PostgreSQL gives up, it is done again, and once; beyond
// the bound it is refused and nothing of it stands.
func TestMeetingAgainAndAgain(t *testing.T) {
	const bound = 10
	m := meet(t, "")
	tamper(t, m.Place, "mach", `create sequence meetings`)
	lines := 0
	for _, where := range []string{"immediate", "deferred"} { // with its rows, or as it commits
		for _, code := range []string{"40001", "40P01"} {
			for _, times := range []int{bound - 1, bound} {
				t.Run(fmt.Sprint(where, " ", code, " ", times), func(t *testing.T) {
					tamper(t, m.Place, "mach", fmt.Sprintf(`alter sequence meetings restart; drop trigger if exists meet on pending;
						create or replace function meet() returns trigger language plpgsql as $$ begin
							if nextval('mach.meetings') <= %d then raise 'met' using errcode = '%s'; end if; return null; end $$;
						create constraint trigger meet after insert on pending deferrable initially %s for each row execute function meet()`, times, code, where))
					actor, key := storetest.System(), store.NewID()
					receipt, err := m.For(actor).CommitOnce(ctx, key, store.Create(patient(t, "", "Vũ")))
					if ran := answer[int](t, m.Place, "select last_value from mach.meetings"); ran != min(times+1, bound) { // a sequence is not undone
						t.Errorf("the commit ran %d times", ran)
					}
					if times == bound {
						var met *pgconn.PgError
						if !errors.As(err, &met) || met.Code != code {
							t.Errorf("beyond the bound: %v", err)
						}
						if n := answer[int](t, m.Place, "select count(*) from mach.res"); n != lines {
							t.Errorf("%d resources, want %d", n, lines)
						}
						m.done(t, actor.Request, lines, 0, nil)
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					lines++
					again, err := m.For(storetest.System()).CommitOnce(ctx, key, store.Create(patient(t, "", "Vũ")))
					if err != nil || again.Docs[0].ID() != receipt.Docs[0].ID() {
						t.Errorf("the same key once more: %v, %v", again.Docs, err)
					}
					m.done(t, actor.Request, lines, 1, map[string]int{receipt.Docs[0].ID(): 1})
				})
			}
		}
	}
}
