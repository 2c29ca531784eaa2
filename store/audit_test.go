// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"mach/store"
	"mach/store/storetest"
)

// tamper runs SQL behind the store's back.
func tamper(t testing.TB, p storetest.Place, schema, text string) {
	t.Helper()
	driver, dsn := "sqlite", "file:"+filepath.Join(p.Dir, map[string]string{"mach": "data.db", "views": "views.db"}[schema])+"?_pragma=busy_timeout(5000)"
	if p.Database != "" {
		driver, dsn = "pgx", p.Database+"&search_path="+schema
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func auditLine(t testing.TB, s *store.Store) store.CheckLine {
	t.Helper()
	lines, err := s.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.Check == "audit" {
			return l
		}
	}
	t.Fatal("no line about the audit")
	return store.CheckLine{}
}

func notes(t testing.TB, s *store.Store, n int) {
	t.Helper()
	for i := range n {
		a := storetest.Nurse("tram")
		a.Request = fmt.Sprint(i)
		if err := s.Note(ctx, a, "sign-in", store.Labels{Type: "Account", ID: fmt.Sprint(i)}, store.Decision{Allow: true, Reason: "t"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckNamesAlteredAuditRow(t *testing.T) {
	cases := []struct{ name, sql, want string }{
		{"altered", `update audit set name = 'Ai đó' where seq = 1000`, "row 1000 was altered"},
		{"allowed", `update audit set allowed = 0 where seq = 1000`, "row 1000 was altered"},
		{"removed", `delete from audit where seq = 1000`, "row 1000 is missing"},
		{"truncated", `delete from audit where seq >= 1000`, "rows 1000 to 1100 are missing"},
		{"tile", `update tile set n = n + 7 where level = 0 and n = 1`, "the tile of row 257 is missing"},
		{"tampered and cut", `update audit set name = 'Ai đó' where seq = 1090; delete from checkpoint where size > 1000`, "row 1090 was altered"},
		{"cut back", `delete from audit where seq > 1000; delete from checkpoint where size > 1000; delete from tile where level = 0 and n = 4`, "rows 1001 to 1100 are missing"},
		{"all points", `delete from checkpoint`, "the checkpoint of 1100 rows is missing"},
		{"point", `delete from checkpoint where size > 1000`, "the checkpoint of 1100 rows is missing"},
		{"all altered", `update audit set name = 'Ai đó'; delete from checkpoint; delete from tile`, "the tile of row 1 is missing"},
		{"checkpoint", `update checkpoint set note = replace(note, '1100', '1099')`, "the checkpoint of 1100 rows is not what was signed"},
	}
	filled := t.TempDir() // where each case begins on SQLite
	t.Run("filled", func(t *testing.T) { sealedRows(t, storetest.Open(t, storetest.Place{Dir: filled})) })
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
				if c.name != "altered" && c.name != "point" && p.Database != "" {
					t.Skip("one case is enough there")
				}
				if p.Database == "" {
					if err := os.CopyFS(p.Dir, os.DirFS(filled)); err != nil {
						t.Fatal(err)
					}
				}
				s := storetest.Open(t, p)
				if p.Database != "" {
					sealedRows(t, s)
				}
				notes(t, s, 5)
				waitAudit(t, s, 1105)
				if l := auditLine(t, s); !l.OK || l.Detail != "1100 rows sealed, 5 in the unsealed tail" {
					t.Fatalf("before: %+v", l)
				}
				tamper(t, p, "mach", c.sql)
				if l := auditLine(t, s); l.OK || l.Detail != c.want {
					t.Errorf("%+v, want %s", l, c.want)
				}
				if !strings.HasSuffix(c.want, "is missing") || strings.HasPrefix(c.want, "row ") {
					return
				}
				if err := s.Seal(ctx); err == nil {
					t.Error("what was cut back is sealed again")
				}
			})
		})
	}
}

// sealedRows notes 1,000 rows, seals them, and 100 more.
func sealedRows(t testing.TB, s *store.Store) {
	t.Helper()
	for _, c := range []struct{ more, all int }{{1000, 1000}, {100, 1100}} {
		notes(t, s, c.more)
		waitAudit(t, s, c.all)
		if err := s.Seal(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// waitAudit waits until n rows are numbered.
func waitAudit(t testing.TB, s *store.Store, n int) {
	t.Helper()
	for range 500 {
		if l := auditLine(t, s); strings.Contains(l.Detail, fmt.Sprintf("%d rows sealed, ", n)) || total(l.Detail) >= n {
			return
		}
	}
	t.Fatalf("never %d audit rows", n)
}

func total(detail string) int {
	var sealed, tail int
	fmt.Sscanf(detail, "%d rows sealed, %d in", &sealed, &tail)
	return sealed + tail
}

func TestFilesArePrivate(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir()}
	if err := os.Chmod(p.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := storetest.Open(t, p)
	notes(t, s, 3)
	if err := s.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys/audit.key", "keys/audit.last", "data.db", "data.db-wal", "views.db", "views.db-wal"} {
		info, err := os.Stat(filepath.Join(p.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestBackupOfARunningStore(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		s := storetest.Open(t, p, storetest.Follow(people(nil)))
		door := s.For(storetest.Doctor("tram"))
		r := must(t, door, store.Create(patient(t, "p1", "Nguyễn")), store.Create(observation(t, "p1", 70)))
		must(t, door, store.Update(patient(t, "p1", "Lê"), 0))
		await(t, s, r, "people")
		logged(t, s, 3)
		if err := s.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(p.Dir, "backup-1") // inside: it must not copy itself
		if err := os.WriteFile(filepath.Join(p.Dir, "keys", "x"), []byte("khóa"), 0o600); err != nil {
			t.Fatal(err)
		}
		killed := filepath.Join("backup-2", "keys") // what a backup cut short left behind
		if err := os.MkdirAll(filepath.Join(p.Dir, killed), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := s.Backup(ctx, out); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(out, killed)); err == nil {
			t.Error("a backup holds another")
		}
		if err := s.Backup(ctx, out); err == nil {
			t.Error("a backup over a backup")
		}
		must(t, door, store.Create(patient(t, "p2", "sau bản sao")))

		q := storetest.Place{Dir: filepath.Join(t.TempDir(), "new")}
		if p.Database != "" {
			q.Database = storetest.NewDatabase(t)
		}
		if err := store.Restore(ctx, store.Config{Dir: q.Dir, Database: q.Database}, out); err != nil {
			t.Fatal(err)
		}
		if err := store.Restore(ctx, store.Config{Dir: q.Dir, Database: q.Database}, out); err == nil {
			t.Error("a restore over data")
		}
		if key, err := os.ReadFile(filepath.Join(q.Dir, "keys", "x")); err != nil || string(key) != "khóa" {
			t.Errorf("key %q, %v", key, err)
		}
		s2 := storetest.Open(t, q, storetest.Follow(people(nil)))
		logged(t, s2, 3)
		checkViews(t, s2)
		got, err := s2.For(storetest.Doctor("tram")).Read(ctx, "Patient", "p1")
		if err != nil || familyOf(got) != "Lê" {
			t.Fatalf("read %v, %v", got, err)
		}
		old, err := s2.For(storetest.Doctor("tram")).ReadVersion(ctx, "Patient", "p1", 1)
		if err != nil || familyOf(old) != "Nguyễn" {
			t.Fatalf("read %v, %v", old, err)
		}
		must(t, s2.For(storetest.Doctor("tram")), store.Create(patient(t, "p3", "Mới")))
		logged(t, s2, 4)
	})
}
