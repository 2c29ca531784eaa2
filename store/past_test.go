// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// A past view holds what the log said up to its position, is judged like the
// view in use, leaves that one alone and goes without a trace.
func TestPast(t *testing.T) {
	clock := storetest.NewClock()
	var dir string
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		door := s.For(storetest.Doctor("tram"))
		first := must(t, door, store.Create(patient(t, "p1", "Nguyễn")), store.Create(patient(t, "p2", "Trần")))
		await(t, s, first, "people")
		then := clock.Now()
		clock.Advance(time.Hour)
		await(t, s, must(t, door, store.Update(patient(t, "p1", "Lê"), 1), store.Delete("Patient", "p2"), store.Create(patient(t, "p3", "Lý"))), "people")

		for at, want := range map[time.Time]int64{then.Add(-time.Hour): 0, then: 2, clock.Now(): 5} {
			if got, err := s.PositionAt(ctx, at); err != nil || got != want {
				t.Errorf("position at %v is %d, %v; want %d", at, got, err, want)
			}
		}
		past, err := s.Past(ctx, people(nil), 2)
		if err != nil {
			t.Fatal(err)
		}
		families := func(d store.Door) string {
			t.Helper()
			rows, err := store.List(ctx, d, 1, func(scan store.Scan) (p personRow, err error) {
				return p, scan(&p.id, &p.family)
			}, `select id, family from people_row where family <> ? order by id`, "nobody")
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(rows)
		}
		if was, is := families(door.In(past)), families(door); was != "[{p1 Nguyễn} {p2 Trần}]" || is != "[{p1 Lê} {p3 Lý}]" {
			t.Errorf("was %s, is %s", was, is)
		}
		_, err = store.Figures(ctx, s.For(store.Actor{}).In(past), 1, func(scan store.Scan) (n int, err error) { return n, scan(&n) }, `select count(*) from people_row`)
		if !issue.Is(err, issue.Forbidden) {
			t.Errorf("nobody reads the past: %v", err)
		}
		past.Close()
		if left, _ := filepath.Glob(filepath.Join(dir, "rebuild-*")); left != nil {
			t.Errorf("left behind: %v", left)
		}
	}, storetest.Follow(people(nil)), storetest.Configure(func(c *store.Config) { c.Now, dir = clock.Now, c.Dir }))
}
