// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PostgreSQL walks as the search is written: from the path to the resource, at
// each one look at a key for every other equality, in an order that the index
// gives. It knows nothing of the data here.
func TestPostgresWalksAsWritten(t *testing.T) {
	var walked string
	c := Config{Database: freshDatabase(t), Guard: &testGuard{reach: func(Actor) Reach { return Reach{Facility: "o0"} }},
		Trace: func(_, statement string) {
			if strings.Contains(statement, "cross join") {
				walked = rebind(statement)
			}
		}}
	s := openTest(t, c)
	conn, err := s.pg.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for name, k := range map[string]struct {
		params [][2]string
		wants  []string
	}{
		"of a person": {[][2]string{{"patient", "Patient/p1"}, {"code", "8310-5"}, {"date", "ge2025"}}, []string{"Nested Loop", "rid = d.rid", "Index Only Scan using ih_pkey on ih x", "patient = res.patient"}},
		"of a type":   {nil, []string{"Nested Loop", "res_typ"}},
		"a timeline":  {[][2]string{{"patient", "Patient/p1"}, {"date", "ge2025"}, {"_sort", "-date"}}, []string{"Nested Loop", "ic_pkey on ic d", "lo >= $", "Index Only Scan using ir_pkey on ir x"}},
		"sorted":      {[][2]string{{"date", "ge2025"}, {"_sort", "-date"}}, []string{"Nested Loop", "rid = d.rid"}},
	} {
		// Now as if nothing were known of the tables, now as if they were large.
		for _, size := range []string{"-1", "1000000"} {
			if _, err := conn.Exec(t.Context(), `update pg_class set reltuples = `+size+`, relpages = greatest(0, `+size+`/50) where relkind in ('r', 'i') and relnamespace = 'mach'::regnamespace`); err != nil {
				t.Fatal(err)
			}
			walked = ""
			nurse := Actor{Account: "n", Role: Nurse, Request: name + size}
			if _, err := s.For(nurse).Search(t.Context(), Query{Type: "Observation", Params: k.params}); err != nil {
				t.Fatal(err)
			}
			plan := planOf(t, conn, walked)
			for _, want := range k.wants {
				if !strings.Contains(plan, want) {
					t.Errorf("%s, %s rows: no %q in the plan", name, size, want)
				}
			}
			for _, bad := range []string{"Seq Scan", "Hash", "Merge", "Sort", "Materialize", "Bitmap"} {
				if strings.Contains(plan, bad) {
					t.Errorf("%s, %s rows: %q in the plan", name, size, bad)
				}
			}
			if t.Failed() {
				t.Logf("%s\n%s", walked, plan)
			}
		}
	}
}

// planOf is how a statement would run.
func planOf(t *testing.T, conn *pgxpool.Conn, statement string) string {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "prepare walk as "+statement); err != nil {
		t.Fatal(err)
	}
	n := 0
	for strings.Contains(statement, fmt.Sprintf("$%d", n+1)) {
		n++
	}
	rows, err := conn.Query(t.Context(), "explain (costs off) execute walk("+strings.TrimSuffix(strings.Repeat("null, ", n), ", ")+")")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "deallocate walk"); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// A failure that the work does not mind must not turn its commit into a rollback
// that is told as done.
func TestPostgresCommitsNothingUnsound(t *testing.T) {
	s := openTest(t, Config{Database: freshDatabase(t), Guard: &testGuard{}})
	ctx := t.Context()
	ask := func(tx Tx) error {
		var n int
		if err := tx.Exec(ctx, `insert into guard (h, at) values (?, ?)`, 1, 2); err != nil {
			return err
		}
		if _, err := tx.Row(ctx, []any{&n}, `select at / 0 from guard`); err == nil {
			t.Error("divided by nothing")
		}
		return nil // as if nothing had failed
	}
	if err := s.write.do(ctx, func(tx *commitTx) error { return ask(tx) }); err == nil {
		t.Error("a commit that wrote nothing is told as done")
	}
	if err := s.views.in(ctx, func(tx *connTx) error { return ask(tx) }); err == nil {
		t.Error("a batch of a view that wrote nothing is told as done")
	}
}
