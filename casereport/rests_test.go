// SPDX-License-Identifier: Apache-2.0

package casereport_test

import (
	"testing"
	"time"

	"mach/casereport"
	"mach/vn"
)

// A version that links a report to another or takes the link back says nothing
// of the diagnosis; any other one is written of what the diagnosis names now.
func TestRests(t *testing.T) {
	was := casereport.Kept{Disease: "measles", Cause: "c", Names: "measles", Claimed: casereport.Suspect}
	is := casereport.Report{Disease: "measles", Cause: "c", Class: casereport.Suspect, Claimed: casereport.Suspect}
	linked, merged := was, is
	linked.SameAs, merged.SameAs, merged.Class = "x", "x", casereport.Duplicate
	sure, other := is, is
	sure.Claimed, sure.Class = casereport.Confirmed, casereport.Confirmed
	other.Cause = "d"
	for i, c := range []struct {
		was   casereport.Kept
		is    casereport.Report
		names string
		want  casereport.Class
		then  string
	}{
		{casereport.Kept{}, is, "measles", casereport.Suspect, "measles"},
		{was, is, "influenza", casereport.Suspect, "influenza"}, // a person says so again
		{was, merged, "influenza", casereport.Duplicate, "measles"},
		{linked, is, "influenza", casereport.Changed, "measles"},
		{linked, is, "measles", casereport.Suspect, "measles"},
		{linked, sure, "influenza", casereport.Confirmed, "influenza"},
		{linked, other, "influenza", casereport.Suspect, "influenza"},
	} {
		if class, then := c.is.Rests(c.was, c.names); class != c.want || then != c.then {
			t.Errorf("%d: %s of %s, want %s of %s", i, class, then, c.want, c.then)
		}
	}
}

// The day on which a case counts: of the diagnosis, else the one it had, else of
// the commit; none to come.
func TestDayOn(t *testing.T) {
	at := time.Date(2026, 11, 20, 23, 30, 0, 0, vn.Zone)
	today := vn.DateOf(at)
	for _, c := range []struct{ day, before, want vn.Date }{
		{today - 3, vn.ZeroDate, today - 3}, {today - 3, today - 9, today - 3}, {today + 3, vn.ZeroDate, today}, {today + 3, today - 9, today - 9},
		{vn.ZeroDate, today - 9, today - 9}, {vn.ZeroDate, vn.ZeroDate, today},
	} {
		if got := (casereport.Report{Day: c.day}).DayOn(at, c.before); got != c.want {
			t.Errorf("%v after %v: %v, want %v", c.day, c.before, got, c.want)
		}
	}
}
