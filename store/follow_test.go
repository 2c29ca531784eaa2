// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// people is a view with rows, a sum over them and a line for each change: one
// that would show a change lost, doubled or out of order.
func people(applied *atomic.Int64) store.Follower {
	return store.Follower{
		Name: "people", Version: 1, Types: []string{"Patient"},
		Tables: fstest.MapFS{
			"1.sql": {Data: []byte(`create table people_row (id text primary key, family text not null, gender text not null, changes bigint not null, labels text not null)`)},
			"2.sql": {Data: []byte(`create table people_sum (family text primary key, n bigint not null); create table people_log (seq bigint primary key, what text not null)`)},
		},
		Apply: func(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
			if applied != nil {
				applied.Add(1)
			}
			sum := func(d *fhir.Doc, by int) error {
				if d == nil {
					return nil
				}
				return tx.Exec(ctx, `insert into people_sum (family, n) values (?, ?) on conflict (family) do update set n = people_sum.n + excluded.n`, familyOf(d), by)
			}
			if err := errors.Join(sum(before, -1), sum(now, 1)); err != nil {
				return err
			}
			what := fmt.Sprintf("%s %s %d %v %v", c.Op, c.ID, c.Version, now == nil, before == nil)
			if err := tx.Exec(ctx, `insert into people_log (seq, what) values (?, ?)`, c.Seq, what); err != nil {
				return err
			}
			if now == nil {
				return tx.Exec(ctx, `delete from people_row where id = ?`, c.ID)
			}
			return tx.Exec(ctx, `insert into people_row (id, family, gender, changes, labels) values (?, ?, ?, 1, ?)
				on conflict (id) do update set family = excluded.family, gender = excluded.gender, changes = people_row.changes + 1, labels = excluded.labels`,
				c.ID, familyOf(now), now.Get("gender").String(), fmt.Sprint(c.Labels))
		},
	}
}

func familyOf(d *fhir.Doc) string { return d.Get("name", "0", "family").String() }

type personRow struct{ id, family string }

func (p personRow) Labels() store.Labels {
	return store.Labels{Type: "Patient", ID: p.id, Patient: p.id}
}

func listPeople(t testing.TB, s *store.Store) []personRow {
	t.Helper()
	rows, err := store.List(ctx, s.For(storetest.Doctor("tram")), 1, func(scan store.Scan) (p personRow, err error) {
		err = scan(&p.id, &p.family)
		return p, err
	}, `select id, family from people_row where family <> ? order by id`, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// await waits for the view, longer than a page would on a busy machine.
func await(t testing.TB, s *store.Store, r store.Receipt, view string) {
	t.Helper()
	for range 40 {
		late, err := s.AwaitLate(ctx, r, view)
		if err != nil {
			t.Fatal(err)
		}
		if !late {
			return
		}
	}
	t.Fatalf("view %s never came", view)
}

func TestAwaitSeesOwnWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := s.For(storetest.Doctor("tram"))
		for i := range 20 {
			r := must(t, door, store.Create(patient(t, fmt.Sprintf("p%02d", i), "Nguyễn")))
			await(t, s, r, "people")
			if rows := listPeople(t, s); len(rows) != i+1 {
				t.Fatalf("%d rows after %d creates", len(rows), i+1)
			}
		}
	}, storetest.Follow(people(nil)))
}

func TestAwaitIsPatientForHalfASecond(t *testing.T) {
	slow := people(nil)
	inner := slow.Apply
	hold := make(chan struct{})
	slow.Apply = func(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
		<-hold
		return inner(ctx, tx, c, now, before)
	}
	s := storetest.New(t, storetest.Follow(slow))
	r := must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn")))
	start := time.Now()
	late, err := s.AwaitLate(ctx, r, "people")
	if took := time.Since(start); !late || err != nil || took < 400*time.Millisecond || took > 5*time.Second {
		t.Errorf("late %v, %v after %v", late, err, took)
	}
	close(hold)
}

// One view fails on a change; the others go on, and it catches up when mended.
func TestFailingViewHoldsNobodyBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn")))
		await(t, s, r, "people")
		if late, err := s.AwaitLate(ctx, r, "broken"); !late || err != nil {
			t.Fatalf("the broken view is not late: %v", err)
		}
	}, storetest.Follow(people(nil), store.Follower{Name: "broken", Version: 1,
		Apply: func(context.Context, store.Tx, store.Change, *fhir.Doc, *fhir.Doc) error { return errors.New("broken") }}))
}

func TestFollowersSeeEachChangeOnceAcrossRestarts(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		written := 0
		for round := range 4 {
			// A store of its own in a sub-test: it is closed when that ends.
			t.Run(fmt.Sprint("round", round), func(t *testing.T) {
				s := storetest.Open(t, p, storetest.Follow(people(nil)))
				door := s.For(storetest.Doctor("tram"))
				var wg sync.WaitGroup
				for w := range 4 {
					wg.Add(1)
					go func() {
						defer wg.Done()
						for i := range 20 {
							must(t, door, store.Put(patient(t, fmt.Sprintf("p%d-%d", w, i), fmt.Sprint("Nguyễn ", round))))
						}
					}()
				}
				wg.Wait()
				written += 80
				if round == 3 {
					logged(t, s, written)
					checkViews(t, s)
				}
			})
		}
	})
}

// checkViews waits for the views and fails unless everything that is kept
// twice is equal.
func checkViews(t testing.TB, s *store.Store) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		at, err := s.Position(ctx, "people")
		if err != nil {
			t.Fatal(err)
		}
		last, err := s.Last(ctx) // it grows while a new leader numbers what a killed one left
		if err != nil {
			t.Fatal(err)
		}
		if at == last {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the view stands at %d of %d", at, last)
		}
	}
	lines, err := s.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if !l.OK {
			t.Errorf("check %s: %s", l.Check, l.Detail)
		}
	}
}

// After any mixture of creates, corrections, deletes and merges every view
// equals its rebuild, and the index its documents.
func TestViewsEqualTheirRebuild(t *testing.T) {
	steps := 2000
	if testing.Short() {
		steps = 300
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		rng := rand.New(rand.NewPCG(1, 2))
		families := []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng"}
		var live []string
		for i := 0; i < steps; {
			var ops []store.Op
			used := map[string]bool{}
			for range 1 + rng.IntN(5) {
				i++
				family := families[rng.IntN(len(families))]
				id := ""
				if len(live) > 0 {
					id = live[rng.IntN(len(live))]
				}
				if used[id] {
					continue
				}
				switch pick := rng.IntN(10); {
				case pick < 4 || id == "":
					id = store.NewID()
					live = append(live, id)
					ops = append(ops, store.Create(patient(t, id, family)))
				case pick < 7:
					ops = append(ops, store.Put(patient(t, id, family)))
				case pick < 8:
					ops = append(ops, store.Delete("Patient", id))
				case pick < 9: // merge: this record is replaced by another
					ops = append(ops, store.Put(doc(t, `{"resourceType":"Patient","id":%q,"active":false,"name":[{"family":%q}],
						"link":[{"type":"replaced-by","other":{"reference":"Patient/%s"}}]}`, id, family, live[rng.IntN(len(live))])))
				default:
					ops = append(ops, store.Create(observation(t, id, 60+rng.IntN(40))))
				}
				used[id] = true
			}
			must(t, s.For(storetest.Doctor("tram")), ops...)
			if rng.IntN(200) == 0 {
				if err := s.Rebuild(ctx, "people"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := len(settled(t, s)); n < steps/2 {
			t.Fatalf("only %d changes", n)
		}
		checkViews(t, s)
		before := listPeople(t, s)
		if err := s.Rebuild(ctx, "people"); err != nil {
			t.Fatal(err)
		}
		if after := listPeople(t, s); fmt.Sprint(after) != fmt.Sprint(before) || len(after) == 0 {
			t.Errorf("%d rows before the rebuild, %d after", len(before), len(after))
		}
		checkViews(t, s)
	}, storetest.Follow(people(nil)))
}

// A view that was changed by hand does not pass.
func TestCheckNamesAnAlteredView(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		s := storetest.Open(t, p, storetest.Follow(people(nil)))
		r := must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn")), store.Create(patient(t, "p2", "Lê")))
		await(t, s, r, "people")
		tamper(t, p, "views", `update people_row set family = 'Lý' where id = 'p2'`)
		line, err := s.CheckView(ctx, "people")
		if err != nil || line.OK || line.Detail != "table people_row: column family differs at row 2 of its rebuild" {
			t.Errorf("check %+v, %v", line, err)
		}
		tamper(t, p, "mach", `delete from istr`)
		lines, err := s.Check(ctx)
		if err != nil || lines[1].OK || lines[1].Check != "index" {
			t.Errorf("check %+v, %v", lines, err)
		}
	})
}

// A new version of a follower, or another basis, begins again; its old tables go.
func TestRaisedVersionRebuilds(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		t.Run("old", func(t *testing.T) {
			s := storetest.Open(t, p, storetest.Follow(people(nil)))
			must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn")))
			logged(t, s, 1)
		})
		t.Run("new", func(t *testing.T) {
			var applied atomic.Int64
			f := people(&applied)
			f.Version = 2
			s := storetest.Open(t, p, storetest.Follow(f))
			checkViews(t, s)
			if applied.Load() == 0 || len(listPeople(t, s)) != 1 {
				t.Errorf("%d changes applied", applied.Load())
			}
		})
		t.Run("another basis", func(t *testing.T) {
			var applied atomic.Int64
			f := people(&applied)
			f.Version, f.Basis = 2, "map"
			s := storetest.Open(t, p, storetest.Follow(f))
			checkViews(t, s)
			if applied.Load() == 0 || len(listPeople(t, s)) != 1 {
				t.Errorf("%d changes applied", applied.Load())
			}
		})
		t.Run("same", func(t *testing.T) {
			var applied atomic.Int64
			f := people(&applied)
			f.Version, f.Basis = 2, "map"
			s := storetest.Open(t, p, storetest.Follow(f))
			time.Sleep(50 * time.Millisecond)
			if applied.Load() != 0 || len(listPeople(t, s)) != 1 {
				t.Errorf("%d changes applied", applied.Load())
			}
		})
	})
}

func TestListDropsForbiddenRowsAndAuditsTheRest(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, act store.Action, l store.Labels, _ []store.Relation) store.Decision {
		return store.Decision{Allow: a.Role == store.Doctor || l.Patient != "p2" && act == store.ActSearch, Reason: "t"}
	})
	s := storetest.New(t, storetest.Follow(people(nil)), storetest.Guarded(guard))
	r := must(t, s.For(storetest.Doctor("tram")), store.Create(patient(t, "p1", "Nguyễn")), store.Create(patient(t, "p2", "Lê")))
	await(t, s, r, "people")
	nurse := storetest.Nurse("tram")
	scan := func(sc store.Scan) (personRow, error) {
		var p personRow
		err := sc(&p.id, &p.family)
		return p, err
	}
	rows, err := store.List(ctx, s.For(nurse), 1, scan, `select id, family from people_row order by id`)
	if err != nil || len(rows) != 1 || rows[0].id != "p1" {
		t.Fatalf("rows %v, %v", rows, err)
	}
	for patient, want := range map[string]int{"p1": 1, "p2": 0} {
		log, err := s.For(storetest.Doctor("tram")).AccessLog(ctx, patient, time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, a := range log {
			if a.Role == store.Nurse && a.Allowed {
				got++
			}
		}
		if got != want {
			t.Errorf("%d rows about %s, want %d", got, patient, want)
		}
	}
	_, err = store.Figures(ctx, s.For(storetest.Nurse("tram")), vn.UnitID(7), scan, `select id, family from people_row`)
	if err == nil {
		t.Error("figures without permission")
	}
}

// A page is full while there are rows that may be found, however many the
// guard drops, and says whether more follow.
func TestFirstFillsThePage(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, _ store.Action, l store.Labels, _ []store.Relation) store.Decision {
		return store.Decision{Allow: a.Role != store.Nurse || l.Patient >= "p30" && l.Patient < "p36", Reason: "t"}
	})
	s := storetest.New(t, storetest.Follow(people(nil)), storetest.Guarded(guard))
	var ops []store.Op
	for n := range 40 {
		ops = append(ops, store.Create(patient(t, fmt.Sprintf("p%02d", n), "Nguyễn")))
	}
	await(t, s, must(t, s.For(storetest.Doctor("tram")), ops...), "people")
	nurse := storetest.Nurse("tram")
	scan := func(sc store.Scan) (personRow, error) {
		var p personRow
		return p, sc(&p.id, &p.family)
	}
	for _, c := range []struct {
		n, want int
		more    bool
	}{{4, 4, true}, {5, 5, true}, {6, 6, false}, {7, 6, false}, {100, 6, false}} {
		rows, more, err := store.First(ctx, s.For(nurse), 1, c.n, scan, `select id, family from people_row where family = ? order by id limit ?`, "Nguyễn")
		if err != nil || len(rows) != c.want || more != c.more || rows[0].id != "p30" {
			t.Errorf("the first %d: %v, more %v, %v", c.n, rows, more, err)
		}
	}
	// Only who is shown is in the audit, not who was looked at for the next page.
	one := storetest.Nurse("tram")
	one.Account = "one"
	if rows, more, err := store.First(ctx, s.For(one), 1, 1, scan, `select id, family from people_row order by id limit ?`); err != nil || len(rows) != 1 || !more {
		t.Fatalf("%v, %v, %v", rows, more, err)
	}
	for patient, want := range map[string]bool{"p30": true, "p31": false, "p00": false} {
		log, err := s.For(storetest.Doctor("tram")).AccessLog(ctx, patient, time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(log, func(a store.Access) bool { return a.Actor == "one" }); got != want {
			t.Errorf("%s stands in the audit: %v, want %v", patient, got, want)
		}
	}
}
