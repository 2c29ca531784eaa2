// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"mach/fhir"
	"mach/store"
)

// heard is a test that is told of faults and goes on.
type heard struct {
	testing.TB
	said []string
}

func (h *heard) Errorf(format string, args ...any) { h.said = append(h.said, format) }

// A statement that reads a whole table is told of, once; one that finds its rows
// by an index is not, nor is a partial index whose condition the statement does
// not name.
func TestWholeTablesAreSeen(t *testing.T) {
	follower := store.Follower{Name: "look", Version: 1, Types: []string{"Patient"},
		Tables: store.Tables(fstest.MapFS{"tables/0001.sql": {Data: []byte(`create table look_at (id text primary key, other text not null, third text not null);
create index look_at_other on look_at (other) where other <> '';
create index look_at_third on look_at (third);`)}}, "tables"),
	}
	for sql, whole := range map[string]bool{
		`select 1 from look_at where id = ?`:                    false,
		`select 1 from look_at where third = ?`:                 false,
		`select 1 from look_at x where x.other = ?`:             true,
		`select 1 from look_at where other = ? and other <> ''`: false,
		`update look_at set third = '' where other = ?`:         true,
		`delete from look_at where id = ? and third = third`:    false,
	} {
		follower.Apply = func(ctx context.Context, tx store.Tx, _ store.Change, _, _ *fhir.Doc) error {
			for range 2 {
				if strings.HasPrefix(sql, "select") {
					var one int
					if _, err := tx.Row(ctx, []any{&one}, sql, "x"); err != nil {
						return err
					}
				} else if err := tx.Exec(ctx, sql, "x"); err != nil {
					return err
				}
			}
			return nil
		}
		h := &heard{TB: t}
		s := New(t, Follow(watched(h, follower, nil)), MayScan("look_at"))
		Put(t, s, "look", fhir.Patient{ID: "p"})
		if (len(h.said) == 1) != whole || len(h.said) > 1 {
			t.Errorf("%s: told of %d times", sql, len(h.said))
		}
	}
}
