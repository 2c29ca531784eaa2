// SPDX-License-Identifier: Apache-2.0

package store

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func TestRebind(t *testing.T) {
	for text, want := range map[string]string{
		`select 1`:                                "select 1",
		`a = ? and b = ?`:                         "a = $1 and b = $2",
		`a = '?' and "b?" = ?`:                    `a = '?' and "b?" = $1`,
		"a = ? -- why?\nand b = ?":                "a = $1 -- why?\nand b = $2",
		`a = 'it''s ?' and b in (?, ?) -- the ? `: `a = 'it''s ?' and b in ($1, $2) -- the ? `,
	} {
		if got := rebind(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A folder may be called anything: no part of its name is read as an address.
func TestFolderNames(t *testing.T) {
	for _, name := range []string{"a#b", "a?b", "a%23b", "a b", "trạm"} {
		path := filepath.Join(t.TempDir(), name+".db")
		db, err := sql.Open("sqlite", sqliteDSN(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("create table t (a)"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: another file was written: %v", name, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRowIDsGrow(t *testing.T) {
	m := newRidMaker()
	last := int64(0)
	for range 20000 {
		id := m.next()
		if id <= last {
			t.Fatalf("%d after %d", id, last)
		}
		last = id
	}
}

func TestShardIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.String().Draw(t, "id")
		s := shardOf(id)
		if s != shardOf(id) || (s == 0) != (id == "") || s > shards {
			t.Fatalf("shard %d of %q", s, id)
		}
	})
	if shardOf("p1") != 123 { // stored with every row: it may never change
		t.Errorf("shard of p1 is %d", shardOf("p1"))
	}
}
