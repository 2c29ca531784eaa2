// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"database/sql"
	"testing"
	"testing/fstest"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// counting is a follower that counts the changes of each person; before each it
// calls stop.
func counting(stop func()) store.Follower {
	return store.Follower{Name: "n", Version: 1,
		Tables: fstest.MapFS{"1.sql": {Data: []byte(`create table n_row (patient text primary key, n bigint not null)`)}},
		Apply: func(ctx context.Context, tx store.Tx, c store.Change, _, _ *fhir.Doc) error {
			stop()
			return tx.Exec(ctx, `insert into n_row (patient, n) values (?, 1) on conflict (patient) do update set n = n_row.n + 1`, c.Labels.Patient)
		}}
}

// A person that only a later version names is not known to the earlier change,
// whenever it is read.
func TestRebuildKnowsPersonsNoEarlier(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := s.For(storetest.System())
		for _, subject := range []string{"", `,"subject":{"reference":"Patient/p1"}`} {
			r := must(t, door, store.Put(doc(t, `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"}%s}`, subject)))
			await(t, s, r, "n")
		}
		if l, err := s.CheckView(ctx, "n"); err != nil || !l.OK {
			t.Errorf("%+v, %v", l, err)
		}
	}, storetest.Follow(counting(func() {})))
}

// Who may ask a view by SQL still may when it was made anew, by a rebuild and by
// the next version of its follower; a right on what is gone is gone.
func TestGrantsOutliveAViewMadeAnew(t *testing.T) {
	database := storetest.NewDatabase(t) // SQLite has no rights
	p := storetest.Place{Dir: t.TempDir(), Database: database}
	seen := counting(func() {})
	seen.Tables = fstest.MapFS{"1.sql": {Data: []byte(`create table n_row (patient text primary key, n bigint not null);
		create view n_seen as select n from n_row; create view n_gone as select n from n_row`)}}
	s := storetest.Open(t, p, storetest.Follow(seen))
	await(t, s, must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn"))), "n")
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, grant := range []string{`select on views.n_seen to pg_monitor`, `select on views.n_row to public`, `select on views.n_gone to pg_monitor`} {
		if _, err := db.ExecContext(ctx, `grant `+grant); err != nil {
			t.Fatal(err)
		}
	}
	rights := func() (out string) {
		t.Helper()
		if err := db.QueryRowContext(ctx, `select concat(has_table_privilege('pg_monitor', 'views.n_seen', 'select'), ' ', has_table_privilege('pg_monitor', 'views.n_seen', 'update'), ' ',
			has_table_privilege('pg_monitor', 'views.n_row', 'select'))`).Scan(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if err := s.Rebuild(ctx, "n"); err != nil {
		t.Fatal(err)
	}
	if got := rights(); got != "t f t" {
		t.Errorf("after a rebuild: %s", got)
	}
	seen.Version, seen.Tables = 2, fstest.MapFS{"1.sql": {Data: []byte(`create table n_row (patient text primary key, n bigint not null); create view n_seen as select n, 1 as one from n_row`)}}
	storetest.Open(t, p, storetest.Follow(seen))
	if got := rights(); got != "t f t" {
		t.Errorf("after the next version: %s", got)
	}
}

// A rebuild that ends while the follower is at work waits for it: no change is
// folded twice or lost.
func TestRebuildBesideAFollower(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir(), Database: storetest.NewDatabase(t)} // SQLite has one writer
	armed, in, out := make(chan bool, 1), make(chan bool), make(chan bool)
	s := storetest.Open(t, p, storetest.Follow(counting(func() {
		select {
		case <-armed:
			in <- true
			<-out
		default:
		}
	})))
	door := s.For(storetest.Doctor("tram"))
	await(t, s, must(t, door, store.Create(patient(t, "p1", "Nguyễn"))), "n")
	armed <- true
	r := must(t, door, store.Update(patient(t, "p1", "Lê"), 1))
	<-in
	done := make(chan error, 1)
	go func() { done <- s.Rebuild(ctx, "n") }()
	waiting(t, p.Database, 1)
	close(out)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	await(t, s, r, "n")
	if l, err := s.CheckView(ctx, "n"); err != nil || !l.OK {
		t.Errorf("%+v, %v", l, err)
	}
}
