// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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

func TestJobs(t *testing.T) {
	clock := storetest.NewClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		now := clock.Now()
		for _, j := range []store.Job{{ID: "b", Kind: "remind", Due: now.Add(time.Minute)}, {ID: "a", Kind: "remind", Args: "{}", Due: now}, {ID: "a", Kind: "remind", Args: "again"}, {ID: "x", Kind: "other", Due: now}} {
			if err := s.AddJob(ctx, j); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(want string) store.Job {
			t.Helper()
			j, ok, err := s.ClaimJob(ctx, "remind", time.Minute)
			if err != nil || ok != (want != "") || j.ID != want {
				t.Fatalf("claimed %+v %v, %v; want %q", j, ok, err, want)
			}
			return j
		}
		first := claim("a")
		claim("") // lent
		clock.Advance(2 * time.Minute)
		second := claim("a") // the first worker was too slow
		if second.Attempts != 1 || second.Args != "{}" {
			t.Errorf("second claim %+v", second)
		}
		if err := s.FinishJob(ctx, first); err != nil { // fenced off
			t.Fatal(err)
		}
		if err := s.RetryJob(ctx, second, clock.Now(), "no network"); err != nil {
			t.Fatal(err)
		}
		b := claim("b") // due before the retried one
		third := claim("a")
		for _, j := range []store.Job{b, third} {
			if err := s.FinishJob(ctx, j); err != nil {
				t.Fatal(err)
			}
		}
		clock.Advance(time.Hour)
		claim("")
	}, storetest.Configure(func(c *store.Config) { c.Now = clock.Now }))
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
