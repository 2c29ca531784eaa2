// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"
	"testing"
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
	nurse := Actor{Account: "n", Role: Nurse, Request: "r1"}
	if _, err := s.For(nurse).Search(t.Context(), Query{Type: "Observation",
		Params: [][2]string{{"patient", "Patient/p1"}, {"code", "8310-5"}, {"date", "ge2025"}}}); err != nil {
		t.Fatal(err)
	}
	conn, err := s.pg.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "prepare walk as "+walked); err != nil {
		t.Fatal(err)
	}
	n := 0
	for strings.Contains(walked, fmt.Sprintf("$%d", n+1)) {
		n++
	}
	rows, err := conn.Query(t.Context(), "explain (costs off) execute walk("+strings.TrimSuffix(strings.Repeat("null, ", n), ", ")+")")
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nested Loop", "rid = d.rid", "rid = res.rid", "patient = res.patient"} {
		if !strings.Contains(plan.String(), want) {
			t.Errorf("no %q in the plan", want)
		}
	}
	for _, bad := range []string{"Seq Scan", "Hash", "Merge", "Sort", "Materialize"} {
		if strings.Contains(plan.String(), bad) {
			t.Errorf("%q in the plan", bad)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", walked, plan.String())
	}
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
