// SPDX-License-Identifier: Apache-2.0

package vn_test

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"mach/vn"
)

func itoa(n int) string { return strconv.Itoa(n) }

func calendar(t testing.TB) *vn.Calendar {
	return vn.NewCalendar([]vn.Holiday{
		{Date: day(t, "2026-09-01"), Key: "national"},
		{Date: day(t, "2026-09-02"), Key: "national"},
		{Date: day(t, "2026-08-31"), Key: "swapped"},
		{Date: day(t, "2026-08-22"), Key: "make-up", Working: true},
	})
}

func TestWorking(t *testing.T) {
	c := calendar(t)
	for s, want := range map[string]bool{
		"2026-08-21": true, "2026-08-22": true, "2026-08-23": false, "2026-08-28": true, "2026-08-29": false,
		"2026-08-31": false, "2026-09-01": false, "2026-09-03": true, "2027-01-01": true, "2027-01-02": false,
	} {
		if c.Working(day(t, s)) != want {
			t.Errorf("%s: working is not %v", s, want)
		}
	}
	if c.Working(vn.ZeroDate) || c.AddWorkingDays(vn.ZeroDate, 3) != vn.ZeroDate || c.WorkingDays(vn.ZeroDate, 5) != 0 {
		t.Error("the unknown day is a working day")
	}
	if h, ok := c.Holiday(day(t, "2026-09-02")); !ok || h.Key != "national" {
		t.Errorf("%+v", h)
	}
	if _, ok := c.Holiday(day(t, "2026-09-03")); ok {
		t.Error("3 September is a holiday")
	}
	if !c.Covers(day(t, "2026-01-01")) || c.Covers(day(t, "2025-12-31")) || vn.NewCalendar(nil).Covers(0) {
		t.Error("covered years")
	}
}

func TestAddWorkingDays(t *testing.T) {
	c := calendar(t)
	for _, r := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-08-28", 1, "2026-09-03"}, {"2026-08-28", 2, "2026-09-04"}, {"2026-08-20", 2, "2026-08-22"},
		{"2026-08-29", 0, "2026-09-03"}, {"2026-08-28", 0, "2026-08-28"}, {"2026-09-03", -1, "2026-08-28"}, {"2026-08-24", -1, "2026-08-22"},
	} {
		if got := c.AddWorkingDays(day(t, r.from), r.n).String(); got != r.want {
			t.Errorf("%s + %d = %s, want %s", r.from, r.n, got, r.want)
		}
	}
}

// Counting and adding agree.
func TestWorkingDaysProperty(t *testing.T) {
	c := calendar(t)
	rapid.Check(t, func(rt *rapid.T) {
		from := vn.Date(rapid.Int32Range(20600, 20800).Draw(rt, "from"))
		n := rapid.IntRange(1, 40).Draw(rt, "n")
		to := c.AddWorkingDays(from, n)
		if !c.Working(to) || c.WorkingDays(from, to) != n || c.WorkingDays(from, to-1) != n-1 {
			rt.Fatalf("%v + %d = %v, which counts %d", from, n, to, c.WorkingDays(from, to))
		}
		if c.Working(from) && c.AddWorkingDays(to, -n) != from {
			rt.Fatalf("%v + %d − %d = %v", from, n, n, c.AddWorkingDays(to, -n))
		}
	})
}
