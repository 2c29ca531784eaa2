// SPDX-License-Identifier: Apache-2.0

package store

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// What a store of before held is spread as new rows are: t of a relation is
// that of its person, t of a change that of its resource.
func TestShardsOfOlderRows(t *testing.T) {
	for _, pg := range []bool{false, true} {
		t.Run(map[bool]string{false: "sqlite", true: "postgres"}[pg], func(t *testing.T) { checkOlderRows(t, pg) })
	}
}

func checkOlderRows(t *testing.T, pg bool) {
	ctx := t.Context()
	c := Config{Dir: t.TempDir(), Guard: &testGuard{}}
	var db *sql.DB
	if pg {
		c.Database = freshDatabase(t)
		pool, err := pgxpool.New(ctx, c.Database+"&search_path=mach")
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if _, err := pool.Exec(ctx, `create schema mach`); err != nil {
			t.Fatal(err)
		}
		db = stdlib.OpenDBFromPool(pool)
	} else {
		var err error
		if db, err = sql.Open("sqlite", sqliteDSN(filepath.Join(c.Dir, sqliteDataFile))); err != nil {
			t.Fatal(err)
		}
	}
	files := fstest.MapFS{}
	old, err := fs.Glob(sub("migrations"), "000[1-4]*.sql")
	if err != nil || len(old) == 0 {
		t.Fatal(old, err)
	}
	for _, name := range old {
		body, err := fs.ReadFile(sub("migrations"), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: body}
	}
	p := newPool(db, pg, nil)
	if err := migrate(ctx, p, "store", files); err != nil {
		t.Fatal(err)
	}
	ids := []string{"a", "P.7-x", "0b1c9a5e-1f2d-7c3b-8a4d-5e6f7a8b9c0d", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}
	handed := map[string][2]string{ // body, author after 0007
		"owned": {`{"owner":{"reference":"Practitioner/w"}}`, "Practitioner/w"}, "unowned": {`{}`, ""}, "gone": {"", ""}}
	err = p.in(ctx, func(tx *connTx) error {
		for id, want := range handed {
			if err := tx.Exec(ctx, `insert into res (rid, t, kh, typ, id, ver, upd, op, actor, del, patient, facility, unit, sens, category, draft, author, body)
				values (?, 0, ?, 'Task', ?, 1, 1, 'create', '', ?, '', '', 0, '', 'contact-village', 0, 'somebody', ?)`, 100+len(id), 100+len(id), id, flag(want[0] == ""), want[0]); err != nil {
				return err
			}
		}
		for i, id := range ids {
			err := tx.Exec(ctx, `insert into res (rid, t, kh, typ, id, ver, upd, op, actor, del, patient, facility, unit, sens, category, draft, author, body)
				values (?, ?, ?, 'Patient', ?, 1, 1, 'create', '', 0, ?, '', 0, '', '', 0, '', '{}')`, i+1, shardOf(id), i, id, id)
			if err == nil {
				err = tx.Exec(ctx, `insert into change (seq, rid, ver, op, at, site, actor, facility, unit, sens) values (?, ?, 1, 'create', 1, '', '', '', 0, '')`, i+1, i+1)
			}
			if err == nil {
				err = tx.Exec(ctx, `insert into relation (patient, facility, account, kind, since, until, source) values (?, 'o', '', 'visit', 1, 0, '')`, id)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, id := range ids {
		var ofRelation, ofChange int64
		found, err := s.read.Row(ctx, []any{&ofRelation, &ofChange}, `select r.t, c.t from relation r, change c where r.patient = ? and c.rid = ?`, id, i+1)
		if err != nil || !found {
			t.Fatal(found, err)
		}
		if want := shardOf(id); ofRelation != want || ofChange != want {
			t.Errorf("%s: relation %d, change %d, want %d", id, ofRelation, ofChange, want)
		}
	}
	for id, want := range handed {
		var author string
		if found, err := s.read.Row(ctx, []any{&author}, `select author from res where typ = 'Task' and id = ?`, id); err != nil || !found || author != want[1] {
			t.Errorf("%s: %v, %v, author %q, want %q", id, found, err, author, want[1])
		}
	}
}
