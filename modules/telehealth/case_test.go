// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The table of the package comment, line by line; everything else is refused.
func TestMoves(t *testing.T) {
	allowed := map[[2]State]bool{
		{Asked, Accepted}: true, {Asked, Declined}: true, {Asked, Cancelled}: true,
		{Accepted, Live}: true, {Accepted, Concluded}: true, {Accepted, Cancelled}: true,
		{Live, Concluded}: true, {Live, Cancelled}: true,
		{Concluded, Decided}: true,
	}
	all := []State{Asked, Accepted, Live, Concluded, Decided, Declined, Cancelled}
	for _, from := range all {
		for _, to := range all {
			if err := from.move(to); (err == nil) != allowed[[2]State{from, to}] {
				t.Errorf("%s → %s: %v", from, to, err)
			}
		}
		if taskStatus[from] == "" {
			t.Errorf("%s has no FHIR status", from)
		}
		if end := slices.Contains([]State{Decided, Declined, Cancelled}, from); from.Open() == end {
			t.Errorf("%s open: %t", from, from.Open())
		}
		if meets := slices.Contains([]State{Accepted, Live, Concluded}, from); from.Meets() != meets {
			t.Errorf("%s has a room: %t", from, from.Meets())
		}
	}
}

func TestDue(t *testing.T) {
	asked := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		state   State
		urgency string
		minutes int // -1 = nothing awaited of the hospital
	}{
		{Asked, "stat", 5}, {Accepted, "stat", 15}, {Live, "stat", 120},
		{Asked, "urgent", 30}, {Accepted, "urgent", 240}, {Live, "urgent", 1440},
		{Asked, "routine", 240}, {Accepted, "routine", 1440}, {Live, "routine", 2880},
		{Concluded, "stat", -1}, {Decided, "stat", -1}, {Declined, "stat", -1}, {Asked, "asap", -1},
	} {
		due, ok := Case{State: c.state, Urgency: c.urgency, Asked: asked}.Due()
		if c.minutes < 0 {
			if ok {
				t.Errorf("%s %s is due %s", c.urgency, c.state, due)
			}
			continue
		}
		if want := asked.Add(time.Duration(c.minutes) * time.Minute); !ok || !due.Equal(want) {
			t.Errorf("%s %s is due %s, want %s", c.urgency, c.state, due, want)
		}
	}
}

// Whatever is open, what has a clock comes before what has none, and the
// earlier due first.
func TestRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) Case {
			return Case{
				State:   rapid.SampledFrom([]State{Asked, Accepted, Live, Concluded}).Draw(t, name+" state"),
				Urgency: rapid.SampledFrom([]string{"stat", "urgent", "routine"}).Draw(t, name+" urgency"),
				Asked:   time.UnixMicro(rapid.Int64Range(1e15, 2e15).Draw(t, name+" asked")),
				Moved:   time.UnixMicro(rapid.Int64Range(1e15, 2e15).Draw(t, name+" moved")),
			}
		}
		a, b := draw("a"), draw("b")
		dueA, okA := a.Due()
		dueB, okB := b.Due()
		switch {
		case okA && okB && dueA.Before(dueB), okA && !okB:
			if rank(a) >= rank(b) {
				t.Fatalf("%v does not come before %v", a, b)
			}
		}
	})
}
