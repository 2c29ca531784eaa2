// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// The same store on tables in partitions: an id is given once however many ask
// for it with whatever person, and everything kept twice agrees, also restored.
func TestPartitions(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir(), Database: storetest.NewDatabase(t)}
	spread := storetest.Configure(func(c *store.Config) { c.Partitions = 4 })
	s := storetest.Open(t, p, storetest.Follow(people(nil)), spread)
	door := s.For(storetest.System())
	var all sync.WaitGroup
	for i := range 12 { // the same id, of persons in different partitions
		all.Go(func() {
			_, err := door.Commit(ctx, store.Put(patient(t, fmt.Sprint("p", i), "Nguyễn")), store.Put(doc(t,
				`{"resourceType":"Basic","id":"one","code":{"text":"t"},"subject":{"reference":"Patient/p%d"}}`, i)))
			if err != nil && !issue.Is(err, issue.BusinessRule) { // the person of a record may not change
				t.Error(err)
			}
		})
	}
	all.Wait()
	var n int
	for _, name := range []string{"res", "res_0", "res_1", "res_2", "res_3"} {
		count := tally(t, p, name, `typ = 'Basic'`)
		if n += count; name == "res" && count != 1 {
			t.Errorf("%d resources have one id", count)
		}
	}
	if n != 2 {
		t.Errorf("the partitions hold %d", n-1)
	}
	must(t, door, store.Put(patient(t, "p1", "Lê")))
	r := must(t, door, store.Put(patient(t, "q", "Trần")), store.Delete("Patient", "p1"))
	await(t, s, r, "people")
	page, err := door.Search(ctx, store.Query{Type: "Patient", Params: [][2]string{{"name", "tran"}}})
	if err != nil || len(page.Docs) != 1 {
		t.Errorf("found %d, %v", len(page.Docs), err)
	}
	checkAll(t, s)
	backup := filepath.Join(t.TempDir(), "b")
	if err := s.Backup(ctx, backup); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 4} {
		to := store.Config{Dir: filepath.Join(t.TempDir(), "r"), Database: storetest.NewDatabase(t), Partitions: n}
		if err := store.Restore(ctx, to, backup); err != nil {
			t.Fatal(err)
		}
		back := storetest.Open(t, storetest.Place{Dir: to.Dir, Database: to.Database}, storetest.Follow(people(nil)), spread)
		if docs, _, err := back.For(storetest.System()).History(ctx, "Patient", "p1", 0); err != nil || len(docs) < 2 {
			t.Errorf("restored %d versions, %v", len(docs), err)
		}
	}
	other, err := store.Open(ctx, store.Config{Dir: t.TempDir(), Database: p.Database, Partitions: 8})
	if err == nil {
		other.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "settled") {
		t.Errorf("another number of partitions: %v", err)
	}
}

// tally counts rows of a table of PostgreSQL.
func tally(t *testing.T, p storetest.Place, table, where string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(ctx, p.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `select count(*) from mach.`+table+` where `+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func checkAll(t *testing.T, s *store.Store) {
	t.Helper()
	lines, err := s.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if !l.OK {
			t.Errorf("%+v", l)
		}
	}
}
