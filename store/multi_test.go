// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// `mach import` and `mach check` open the data beside a running server.
func TestSecondProcessWritesBesideTheFirst(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		server := storetest.Open(t, p, storetest.Follow(people(nil)))
		second := storetest.Open(t, p, storetest.Follow(people(nil)), storetest.Idle())
		var wg sync.WaitGroup
		for w, s := range []*store.Store{server, second} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range 30 {
					if _, err := s.For(storetest.System()).Commit(ctx, store.Create(patient(t, fmt.Sprintf("p-%d-%d", w, i), "Nguyễn"))); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		wg.Wait()
		for i, c := range logged(t, server, 60) {
			if c.Seq != int64(i+1) {
				t.Fatalf("line %d has number %d", i+1, c.Seq)
			}
		}
		checkViews(t, second)
		if err := second.Rebuild(ctx, "people"); err != nil {
			t.Fatal(err)
		}
		r := must(t, second.For(storetest.System()), store.Create(patient(t, "last", "Lê")))
		await(t, second, r, "people")
		checkViews(t, server)
	})
}

func TestOnlyOneProcessStarts(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir()}
	storetest.Open(t, p)
	second := storetest.Open(t, p, storetest.Idle())
	if err := second.Start(ctx); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("start: %v", err)
	}
}

// On PostgreSQL a second server stands by and takes over.
func TestStandbyTakesOver(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir(), Database: storetest.NewDatabase(t)}
	var standby *store.Store
	t.Run("first", func(t *testing.T) {
		first := storetest.Open(t, p, storetest.Follow(people(nil)))
		r := must(t, first.For(storetest.System()), store.Create(patient(t, "p1", "Nguyễn")))
		await(t, first, r, "people")
	})
	t.Run("both", func(t *testing.T) {
		first, err := store.Open(ctx, store.Config{Dir: p.Dir, Database: p.Database, Guard: storetest.AllowAll{}})
		if err != nil {
			t.Fatal(err)
		}
		first.Follow(people(nil))
		if err := first.Start(ctx); err != nil {
			t.Fatal(err)
		}
		beside := t.TempDir() // processes on one database share the keys
		if err := os.Symlink(filepath.Join(p.Dir, "keys"), filepath.Join(beside, "keys")); err != nil {
			t.Fatal(err)
		}
		standby = storetest.Open(t, storetest.Place{Dir: beside, Database: p.Database}, storetest.Follow(people(nil)))
		r := must(t, standby.For(storetest.System()), store.Create(patient(t, "p2", "Nguyễn")))
		await(t, standby, r, "people") // by the leader
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		r = must(t, standby.For(storetest.System()), store.Create(patient(t, "p3", "Nguyễn")))
		await(t, standby, r, "people")
		checkViews(t, standby)
	})
}

// flaky fails to open its files while it is told to.
type flaky struct {
	fs.FS
	fail atomic.Bool
}

func (f *flaky) Open(name string) (fs.File, error) {
	if name != "." && f.fail.Load() {
		return nil, errors.New("not now")
	}
	return f.FS.Open(name)
}

// A process that cannot prepare its views gives the lead back and tries again.
func TestLeaderWithoutViewsLeaves(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir(), Database: storetest.NewDatabase(t)}
	first := storetest.Open(t, p)
	f := counting(func() {})
	tables := &flaky{FS: f.Tables}
	tables.fail.Store(true)
	f.Tables = tables
	second := storetest.Open(t, p, storetest.Follow(f))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	must(t, second.For(storetest.System()), store.Create(patient(t, "p1", "Nguyễn")))
	time.Sleep(1500 * time.Millisecond) // a term is tried each second
	tables.fail.Store(false)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		at, err := second.Position(ctx, "n")
		if err == nil && at == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the view stands at %d, %v", at, err)
		}
	}
}

// What a process that died left of a rebuild goes at the next start; what
// another may be filling stays.
func TestStartSweepsCopies(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		fresh := (time.Now().UnixMilli() - 1704067200000) << 22
		if p.Database != "" {
			storetest.Open(t, p, storetest.Idle())
			tamper(t, p, "mach", fmt.Sprintf(`create schema views_copy_1; create table views_copy_1.x (a int); create schema views_copy_%d`, fresh))
		}
		for name, age := range map[string]time.Duration{"rebuild-old.db": 48 * time.Hour, "rebuild-new.db": 0} {
			path := filepath.Join(p.Dir, name)
			if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, time.Now(), time.Now().Add(-age))); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Open(t, p)
		if p.Database == "" {
			left, _ := filepath.Glob(filepath.Join(p.Dir, "rebuild-*"))
			if len(left) != 1 || filepath.Base(left[0]) != "rebuild-new.db" {
				t.Errorf("left %v", left)
			}
			return
		}
		conn, err := pgx.Connect(ctx, p.Database)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		var left string
		err = conn.QueryRow(ctx, `select string_agg(nspname, ' ') from pg_namespace where nspname like 'views_copy%'`).Scan(&left)
		if want := fmt.Sprintf("views_copy_%d", fresh); err != nil || left != want {
			t.Errorf("left %q, want %q, %v", left, want, err)
		}
	})
}

// What an old version alone would tell stays hidden in it from those who may
// not know: a diagnosis that was corrected, a result nobody had signed, a
// record of another part.
func TestHistoryHidesWhatOldVersionsReveal(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, _ store.Action, l store.Labels, _ []store.Relation) store.Decision {
		return store.Decision{Allow: a.Role == store.Doctor || len(l.Sensitivity) == 0 && !l.Draft && l.Category != "case-report", Reason: "t"}
	})
	sensitive := func(system, code, _ string) []string {
		if code == "B20" {
			return []string{"hiv"}
		}
		return nil
	}
	const condition = `{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},%s"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":%q}]}}`
	const result = `{"resourceType":"Observation","id":"c1","subject":{"reference":"Patient/p1"},"status":%q,"code":{"text":%q}}`
	const report = `"category":[{"coding":[{"system":"https://mach.vn/cs/category","code":"case-report"}]}],`
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn")))
		for name, versions := range map[string][2]*fhir.Doc{
			"corrected": {doc(t, condition, "", "B20"), doc(t, condition, "", "A90")},
			"draft":     {doc(t, result, "preliminary", "nghi ung thư"), doc(t, result, "final", "bình thường")},
			"category":  {doc(t, condition, report, "A90"), doc(t, condition, "", "A91")},
		} {
			t.Run(name, func(t *testing.T) { checkHiddenVersion(t, s, name, versions) })
		}
	}, storetest.Guarded(guard), storetest.Configure(func(c *store.Config) { c.Sensitivity = sensitive }))
}

// checkHiddenVersion writes two versions and expects that a nurse sees the
// second only, the doctor both.
func checkHiddenVersion(t *testing.T, s *store.Store, id string, versions [2]*fhir.Doc) {
	door, nurse := s.For(storetest.Doctor("tram")), func() store.Door { return s.For(storetest.Nurse("tram")) }
	typ := versions[0].Type()
	for i := range versions {
		one, err := versions[i].Set("id", id)
		if err != nil {
			t.Fatal(err)
		}
		must(t, door, store.Put(one))
		if _, err := nurse().Read(ctx, typ, id); (err == nil) != (i == 1) {
			t.Fatalf("a nurse reads version %d: %v", i+1, err)
		}
	}
	if docs, _, err := door.History(ctx, typ, id, 0); err != nil || len(docs) != 2 {
		t.Errorf("the doctor sees %d versions, %v", len(docs), err)
	}
	docs, _, err := nurse().History(ctx, typ, id, 0)
	if err != nil || len(docs) != 1 || docs[0].VersionID() != "2" {
		t.Errorf("the nurse sees %d versions, %v", len(docs), err)
	}
	if _, err := nurse().ReadVersion(ctx, typ, id, 1); !issue.Is(err, issue.NotFound) {
		t.Errorf("the nurse reads version 1: %v", err)
	}
}

// A diagnosis and the report that rests on it change at the same time: the
// report is labelled by its new content and by the new diagnosis.
func TestLabelsOfWhatChangesMeanwhile(t *testing.T) {
	p := storetest.Place{Dir: t.TempDir(), Database: storetest.NewDatabase(t)} // SQLite has one writer
	s := storetest.Open(t, p, storetest.Configure(func(c *store.Config) {
		c.Sensitivity = func(_, code, _ string) []string {
			return map[string][]string{"B24": {"hiv"}, "F20": {"mental"}}[code]
		}
	}))
	diagnosis := func(code string) store.Op {
		return store.Put(doc(t, `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"urn:x","code":%q}]}}`, code))
	}
	report := func(status, code string) store.Op {
		return store.Put(doc(t, `{"resourceType":"DiagnosticReport","id":"d","status":%q,"code":{"coding":[{"system":"urn:x","code":%q}]},
			"subject":{"reference":"Patient/p1"},"result":[{"reference":"Observation/o"}]}`, status, code))
	}
	must(t, s.For(storetest.System()), diagnosis("A90"), report("preliminary", "N1"), store.Put(doc(t, `{"resourceType":"Observation","id":"o","status":"final",
		"code":{"text":"t"},"subject":{"reference":"Patient/p1"},"focus":[{"reference":"Condition/c"}]}`)))

	conn, err := pgx.Connect(ctx, p.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	hold, err := conn.Begin(ctx) // holds the first commit at its end
	if err == nil {
		_, err = hold.Exec(ctx, "insert into mach.once (k, at, commit_id, answer) values ('system' || chr(10) || 'key', 1, 1, '')")
	}
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	go func() {
		_, err := s.For(storetest.System()).CommitOnce(ctx, "key", report("final", "F20"))
		done <- err
	}()
	waiting(t, p.Database, 1)
	go func() { _, err := s.For(storetest.System()).Commit(ctx, diagnosis("B24")); done <- err }()
	waiting(t, p.Database, 2)
	hold.Rollback(ctx)
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	_, changes, err := s.For(storetest.System()).History(ctx, "DiagnosticReport", "d", 1)
	if err != nil || fmt.Sprint(changes[0].Labels.Sensitivity, changes[0].Labels.Draft) != "[hiv mental] false" {
		t.Errorf("%+v, %v", changes, err)
	}
}

// waiting waits until n statements of a database wait for a lock.
func waiting(t *testing.T, database string, n int) {
	t.Helper()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for end, got := time.Now().Add(time.Minute), 0; got < n; time.Sleep(10 * time.Millisecond) {
		err := conn.QueryRow(ctx, "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").Scan(&got)
		if err != nil || time.Now().After(end) {
			t.Fatalf("%d wait, want %d: %v", got, n, err)
		}
	}
}
