// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

var ctx = context.Background()

// doc parses a resource written in the test.
func doc(t testing.TB, text string, args ...any) *fhir.Doc {
	t.Helper()
	d, err := fhir.ParseString(fmt.Sprintf(text, args...))
	if err != nil {
		t.Fatalf("parsing %s: %v", text, err)
	}
	return d
}

func patient(t testing.TB, id, family string) *fhir.Doc {
	t.Helper()
	member := ""
	if id != "" {
		member = fmt.Sprintf(`"id":%q,`, id)
	}
	return doc(t, `{"resourceType":"Patient",%s"name":[{"family":%q}],"gender":"female","birthDate":"1990-02-03"}`, member, family)
}

func observation(t testing.TB, patient string, value int) *fhir.Doc {
	t.Helper()
	return doc(t, `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},
		"subject":{"reference":"Patient/%s"},"effectiveDateTime":"2026-11-20","valueQuantity":{"value":%d,"unit":"/min"}}`, patient, value)
}

// must commits and fails the test on an error.
func must(t testing.TB, d store.Door, ops ...store.Op) store.Receipt {
	t.Helper()
	r, err := d.Commit(ctx, ops...)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	return r
}

// wants fails the test unless the first issue of err has the code.
func wants(t testing.TB, err error, code issue.Code) {
	t.Helper()
	if err == nil || !issue.Is(err, code) {
		t.Fatalf("error %v, want %s", err, code)
	}
}

// logged waits until the log has n lines and returns them.
func logged(t testing.TB, s *store.Store, n int) []store.Change {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		c, err := s.Changes(ctx, 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(c) == n {
			return c
		}
		if len(c) > n || time.Now().After(end) {
			t.Fatalf("%d lines in the log, want %d", len(c), n)
		}
	}
}

func TestCreateReadUpdateDelete(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := func() store.Door { return s.For(storetest.Doctor("tram")) }
		r := must(t, door(), store.Create(patient(t, "", "Nguyễn")))
		id := r.Docs[0].ID()
		got, err := door().Read(ctx, "Patient", id)
		if err != nil || got.Text() != r.Docs[0].Text() || got.VersionID() != "1" || id == "" {
			t.Fatalf("read %v, %v", got, err)
		}

		r = must(t, door(), store.Update(patient(t, id, "Trần"), 1))
		if r.Docs[0].VersionID() != "2" || !r.Changed[0] {
			t.Fatalf("update gave version %s", r.Docs[0].VersionID())
		}
		old, err := door().ReadVersion(ctx, "Patient", id, 1)
		if err != nil || old.Get("name", "0", "family").String() != "Nguyễn" {
			t.Fatalf("version 1: %v", err)
		}
		_, err = door().Commit(ctx, store.Update(patient(t, id, "Lê"), 1))
		wants(t, err, issue.Precondition)
		_, err = door().Commit(ctx, store.Create(patient(t, id, "Lê")))
		wants(t, err, issue.Duplicate)

		r = must(t, door(), store.Update(patient(t, id, "Trần"), 0))
		if r.Changed[0] || r.Docs[0].VersionID() != "2" {
			t.Fatal("the same content was written again")
		}

		must(t, door(), store.Delete("Patient", id).Because("nhập nhầm"))
		_, err = door().Read(ctx, "Patient", id)
		wants(t, err, issue.Deleted)
		_, err = door().ReadVersion(ctx, "Patient", id, 3)
		wants(t, err, issue.Deleted)
		_, err = door().Commit(ctx, store.Update(patient(t, id, "Lê"), 0))
		wants(t, err, issue.Deleted)
		r = must(t, door(), store.Delete("Patient", id))
		if r.Changed[0] {
			t.Fatal("a deleted resource was deleted again")
		}
		r = must(t, door(), store.Put(patient(t, id, "Phạm")))
		if r.Docs[0].VersionID() != "4" {
			t.Fatalf("put over a deleted one gave version %s", r.Docs[0].VersionID())
		}

		docs, changes, err := door().History(ctx, "Patient", id, 0)
		if err != nil || len(docs) != 4 {
			t.Fatalf("history of %d, %v", len(docs), err)
		}
		words := ""
		for _, c := range changes {
			words += fmt.Sprintf("%d%s ", c.Version, c.Op)
		}
		if words != "4create 3delete 2update 1create " || docs[1] != nil {
			t.Fatalf("history %s", words)
		}
		_, err = door().Read(ctx, "Patient", "nobody")
		wants(t, err, issue.NotFound)
		var ops []string
		for i, c := range logged(t, s, 4) {
			if c.Seq != int64(i+1) || c.Type != "Patient" || c.ID != id || c.Site != "test" {
				t.Fatalf("change %+v", c)
			}
			ops = append(ops, c.Op)
		}
		if strings.Join(ops, " ") != "create update delete create" {
			t.Fatalf("log %v", ops)
		}
	})
}

func TestTransactionWithOneInvalidEntryWritesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := s.For(storetest.Doctor("tram"))
		bad := doc(t, `{"resourceType":"Observation"}`)
		_, err := door.Commit(ctx, store.Create(patient(t, "p1", "Nguyễn")), store.Create(bad))
		if is := issue.Of(err); len(is) == 0 || !strings.HasPrefix(is[0].Path, "Bundle.entry[1].resource") {
			t.Fatalf("issues %+v", is)
		}
		// Valid by itself, refused inside the transaction.
		_, err = door.Commit(ctx, store.Create(patient(t, "p1", "Nguyễn")), store.Update(observation(t, "p1", 70).WithMeta("none", "", time.Now()), 0))
		wants(t, err, issue.NotFound)
		_, err = door.Read(ctx, "Patient", "p1")
		wants(t, err, issue.NotFound)
		logged(t, s, 0)
	})
}

func TestReferencesOfOneCommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := s.For(storetest.Doctor("tram"))
		obs := doc(t, `{"resourceType":"Observation","status":"final","code":{"text":"urn:uuid:0193d8a2-7c1e-7000-8000-000000000077"},"subject":{"reference":"urn:uuid:0193d8a2-7c1e-7000-8000-000000000077"},
			"focus":[{"reference":"urn:uuid:0193d8a2-7c1e-7000-8000-0000000000dd"},{"reference":"https://old.example/Patient/1"}]}`)
		r := must(t, door, store.Create(obs), store.Create(patient(t, "", "Nguyễn")).As("urn:uuid:0193d8a2-7c1e-7000-8000-000000000077"), store.Create(patient(t, "", "Lê")).As("https://old.example/Patient/1"))
		got := r.Docs[0]
		if ref := got.Get("subject", "reference").String(); ref != r.Docs[1].Ref() {
			t.Errorf("subject is %s", ref)
		}
		if ref := got.Get("focus", "0", "reference").String(); ref != "urn:uuid:0193d8a2-7c1e-7000-8000-0000000000dd" {
			t.Errorf("a dangling reference became %s", ref)
		}
		if ref := got.Get("focus", "1", "reference").String(); ref != r.Docs[2].Ref() {
			t.Errorf("an absolute reference became %s", ref)
		}
	})
}

// A relative reference means what the address of its own entry makes of it.
func TestRelativeReferencesOfOneCommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		weighed := func() *fhir.Doc {
			return doc(t, `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/7"}}`)
		}
		r := must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "", "Nguyễn")).As("https://a.example/fhir/Patient/7"), store.Create(patient(t, "", "Lê")).As("https://b.example/Patient/7"),
			store.Create(weighed()).As("https://a.example/fhir/Observation/1"), store.Create(weighed()).As("https://b.example/Observation/1"), store.Create(weighed()).As("https://c.example/Observation/1"))
		for i, want := range map[int]string{2: r.Docs[0].Ref(), 3: r.Docs[1].Ref(), 4: "Patient/7"} {
			if ref := r.Docs[i].Get("subject", "reference").String(); ref != want {
				t.Errorf("entry %d refers to %s, not %s", i, ref, want)
			}
		}
	})
}

func TestConditionalCreateIsRaceFree(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const n = 64
		query := "identifier=https://mach.vn/id/personal|079203001234"
		ids, changed := make([]string, n), make([]bool, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				p := doc(t, `{"resourceType":"Patient","identifier":[{"system":"https://mach.vn/id/personal","value":"079203001234"}],"name":[{"text":"%d"}]}`, i)
				r, err := s.For(storetest.Doctor("tram")).Commit(ctx, store.Create(p).Unless(query))
				if err != nil {
					t.Errorf("create %d: %v", i, err)
					return
				}
				ids[i], changed[i] = r.Docs[0].ID(), r.Changed[0]
			}()
		}
		wg.Wait()
		written := 0
		for i := range n {
			if changed[i] {
				written++
			}
			if ids[i] != ids[0] {
				t.Errorf("create %d answered %s, create 0 %s", i, ids[i], ids[0])
			}
		}
		if written != 1 {
			t.Errorf("%d creates wrote", written)
		}
		logged(t, s, 1)
	})
}

// The same condition twice in one commit, however written, makes one; who may
// not create learns nothing by conditions, and there is no create under none.
func TestConditionalCreateInOneCommit(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, act store.Action, l store.Labels, _ []store.Relation) store.Decision {
		return store.Decision{Allow: a.Role == store.Doctor, Reason: "t"}
	})
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		create := func(number, query string) store.Op {
			return store.Create(doc(t, `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":%q}]}`, number)).Unless(query)
		}
		door := s.For(storetest.Doctor("tram"))
		r := must(t, door, create("1", "identifier=urn:s|1"), create("1", "identifier=urn:s%7C1&identifier=urn:s|1").As("urn:uuid:b"), create("2", "identifier=urn:s|2"),
			store.Create(doc(t, `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:b"}}`)))
		if fmt.Sprint(r.Changed) != "[true false true true]" || r.Docs[0].ID() != r.Docs[1].ID() || r.Docs[3].Get("subject", "reference").String() != r.Docs[0].Ref() {
			t.Errorf("wrote %v, %s", r.Changed, r.Docs[3].Text())
		}
		must(t, door, store.Create(doc(t, `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":"2"}]}`)))
		_, err := door.Commit(ctx, create("2", "identifier=urn:s|2"))
		wants(t, err, issue.MultipleHits)
		for _, number := range []string{"1", "2", "3"} { // there, twice, nobody's
			_, err := s.For(storetest.Nurse("tram")).Commit(ctx, create(number, "identifier=urn:s|"+number))
			wants(t, err, issue.Forbidden)
		}
		for _, query := range []string{"", "?", "&"} {
			_, err := door.Commit(ctx, create("4", query))
			wants(t, err, issue.Invalid)
		}
		logged(t, s, 4)
	}, storetest.Guarded(guard))
}

func TestLogIsGaplessUnderManyWriters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const writers, each = 8, 25
		var wg sync.WaitGroup
		for w := range writers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				door := s.For(storetest.Doctor("tram"))
				id := fmt.Sprintf("p%d", w)
				for i := range each {
					if _, err := door.Commit(ctx, store.Put(patient(t, id, fmt.Sprint("Nguyễn ", i)))); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		wg.Wait()
		last := map[string]int64{}
		for i, c := range logged(t, s, writers*each) {
			if c.Seq != int64(i+1) {
				t.Fatalf("line %d has number %d", i+1, c.Seq)
			}
			if c.Version != last[c.ID]+1 {
				t.Fatalf("version %d of %s follows %d", c.Version, c.ID, last[c.ID])
			}
			last[c.ID] = c.Version
		}
	})
}

func TestFailingCommitHurtsNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const n = 60
		var wg sync.WaitGroup
		for i := range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				op := store.Create(patient(t, fmt.Sprintf("p%d", i), "Nguyễn"))
				if i%3 == 0 {
					op = store.Update(patient(t, "missing", "Nguyễn"), 0)
				}
				_, err := s.For(storetest.Doctor("tram")).Commit(ctx, op)
				if (err != nil) != (i%3 == 0) {
					t.Errorf("commit %d: %v", i, err)
				}
			}()
		}
		wg.Wait()
		logged(t, s, n-n/3)
	})
}

// Askers who give up in the middle leave whole commits or none, and hurt nobody.
func TestCancelledCommits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const n = 200
		var wg sync.WaitGroup
		acknowledged := make([]bool, n)
		for i := range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				ctx, cancel := context.WithCancel(ctx)
				if i%2 == 0 {
					time.AfterFunc(time.Duration(i*37)*time.Microsecond, cancel)
				}
				defer cancel()
				id := fmt.Sprintf("p%d", i)
				_, err := s.For(storetest.System()).Commit(ctx, store.Create(patient(t, id, "Nguyễn")), store.Create(observation(t, id, i)))
				acknowledged[i] = err == nil
				if err != nil && i%2 == 1 {
					t.Errorf("commit %d: %v", i, err)
				}
			}()
		}
		wg.Wait()
		changes := settled(t, s)
		if len(changes)%2 != 0 {
			t.Errorf("%d lines: a commit is half written", len(changes))
		}
		there := map[string]bool{}
		for _, c := range changes {
			there[c.ID] = true
		}
		for i, ok := range acknowledged {
			if ok && !there[fmt.Sprintf("p%d", i)] {
				t.Errorf("commit %d was acknowledged and is not there", i)
			}
		}
	})
}

// settled waits until the log stands still and returns it.
func settled(t testing.TB, s *store.Store) []store.Change {
	t.Helper()
	for last := -1; ; time.Sleep(300 * time.Millisecond) {
		c, err := s.Changes(ctx, 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(c) == last {
			return c
		}
		last = len(c)
	}
}

func TestCommitOnce(t *testing.T) {
	clock := storetest.NewClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := func() store.Door { return s.For(storetest.Doctor("tram")) }
		var receipts [8]store.Receipt
		var wg sync.WaitGroup
		for i := range receipts {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var err error
				receipts[i], err = door().CommitOnce(ctx, "form-1", store.Create(patient(t, "", "Nguyễn")))
				if err != nil {
					t.Error(err)
				}
			}()
		}
		wg.Wait()
		for _, r := range receipts {
			if r.Docs[0].ID() != receipts[0].Docs[0].ID() || !r.Changed[0] {
				t.Errorf("receipts differ: %s and %s", r.Docs[0].ID(), receipts[0].Docs[0].ID())
			}
		}
		logged(t, s, 1)
		_, err := door().CommitOnce(ctx, "form-1", store.Create(patient(t, "", "Lê")))
		wants(t, err, issue.Conflict)
		clock.Advance(25 * time.Hour)
		if _, err := door().CommitOnce(ctx, "form-1", store.Create(patient(t, "", "Lê"))); err != nil {
			t.Fatal(err)
		}
		logged(t, s, 2)
	}, storetest.Configure(func(c *store.Config) { c.Now = clock.Now }))
}

// lone is the one line of a page about a person.
type lone struct{ patient string }

func (l lone) Labels() store.Labels {
	return store.Labels{Type: "Condition", ID: "c", Patient: l.patient}
}

func TestRefusalIsHiddenAndAudited(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, act store.Action, l store.Labels, rels []store.Relation) store.Decision {
		allow := a.Role == store.Doctor || a.Role == store.Nurse && act == store.ActCreate
		return store.Decision{Allow: allow, Reason: "p1"}
	})
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn")))
		nurse := func() store.Door { return s.For(storetest.Nurse("khac")) }
		_, err := nurse().Read(ctx, "Patient", "p1")
		wants(t, err, issue.NotFound)
		_, err = nurse().Commit(ctx, store.Update(patient(t, "p1", "Lê"), 0))
		wants(t, err, issue.NotFound)
		_, err = nurse().Commit(ctx, store.Create(patient(t, "p1", "Lê")))
		wants(t, err, issue.Duplicate)
		_, err = s.For(storetest.Actor(store.Chairman, "x")).Commit(ctx, store.Create(patient(t, "p2", "Lê")))
		wants(t, err, issue.Forbidden)
		rows, err := store.List(ctx, nurse(), 0, func(scan store.Scan) (lone, error) { var l lone; return l, scan(&l.patient) }, `select 'p1'`)
		if err != nil || len(rows) != 0 {
			t.Fatalf("a list of one refused: %v, %v", rows, err)
		}
		refused := 0
		var log []store.Access
		for range 200 { // PostgreSQL numbers the rows a moment later
			if log, err = s.For(storetest.Doctor("tram")).AccessLog(ctx, "p1", time.Time{}, 0); err != nil {
				t.Fatal(err)
			}
			if refused = refusals(log); refused == 4 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d refusals in the access log, want 4: %+v", refused, log)
	}, storetest.Guarded(guard))
}

func TestOneAuditRowPerRequestAndPerson(t *testing.T) {
	s := storetest.New(t)
	door := s.For(storetest.Doctor("tram"))
	r := must(t, door, store.Create(patient(t, "p1", "Nguyễn")), store.Create(observation(t, "p1", 70)), store.Create(observation(t, "p1", 71)))
	reader := s.For(storetest.Nurse("tram"))
	for range 5 {
		for _, d := range r.Docs[1:] {
			if _, err := reader.Read(ctx, "Observation", d.ID()); err != nil {
				t.Fatal(err)
			}
		}
	}
	log, err := s.For(storetest.Doctor("tram")).AccessLog(ctx, "p1", time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	reads, creates := 0, 0
	for _, a := range log {
		switch {
		case a.Role == store.Nurse:
			reads++
		case a.Action == store.ActCreate:
			creates++
			if strings.Join(a.Types, " ") != "Observation Patient" {
				t.Errorf("types %v", a.Types)
			}
		}
	}
	if reads != 1 || creates != 1 {
		text, _ := json.Marshal(log)
		t.Errorf("%d read and %d create rows, want one each: %s", reads, creates, text)
	}
}

func refusals(log []store.Access) int {
	n := 0
	for _, a := range log {
		if !a.Allowed && a.Role == store.Nurse {
			n++
		}
	}
	return n
}
