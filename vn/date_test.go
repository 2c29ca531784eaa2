// SPDX-License-Identifier: Apache-2.0

package vn_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/issue"
	"mach/vn"
)

func day(t testing.TB, s string) vn.Date {
	t.Helper()
	d, err := vn.ParseDate(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return d
}

func TestParseDate(t *testing.T) {
	for _, s := range []string{"1970-01-01", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29", "1969-12-31"} {
		if got := day(t, s).String(); got != s {
			t.Errorf("%s came back as %s", s, got)
		}
	}
	if day(t, "1970-01-02") != 1 || day(t, "1969-12-31") != -1 {
		t.Error("days are not counted from 1970-01-01")
	}
	for _, s := range []string{"", "2026", "2026-11", "2026-1-1", "2026-02-30", "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-10",
		"2026-10-00", "0000-01-01", "26-01-01", "2026/01/01", "2026-01-01 ", "+026-01-01", "2026-01-1x", "２026-01-01", "10000-01-01"} {
		if d, err := vn.ParseDate(s); !issue.Is(err, issue.Value) || d != vn.ZeroDate {
			t.Errorf("%q: %v, %v", s, d, err)
		}
	}
}

func TestZeroDate(t *testing.T) {
	z := vn.ZeroDate
	if z.String() != "" || z.Known() || z.AddDays(5) != z || z.AddMonths(1) != z || z.Year() != 0 || !z.Time().IsZero() ||
		vn.WeekOf(z) != (vn.Week{}) || vn.MonthOf(z) != (vn.Month{}) || z.Partial().Known() {
		t.Error("the unknown date is known somewhere")
	}
	if z >= day(t, "0001-01-01") {
		t.Error("the unknown date does not sort first")
	}
}

// The civil day is that of Viet Nam, wherever the program runs.
func TestDateOf(t *testing.T) {
	for _, c := range []struct{ utc, want string }{
		{"2026-11-20T16:59:59Z", "2026-11-20"},
		{"2026-11-20T17:00:00Z", "2026-11-21"},
		{"2025-12-31T17:00:00Z", "2026-01-01"},
		{"1960-01-01T00:00:00Z", "1960-01-01"},
		{"2026-11-20T23:00:00-05:00", "2026-11-21"},
	} {
		at, err := time.Parse(time.RFC3339, c.utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := vn.DateOf(at).String(); got != c.want {
			t.Errorf("%s is %s, want %s", c.utc, got, c.want)
		}
	}
	d := day(t, "2026-11-21")
	if d.Time().UTC().Format(time.RFC3339) != "2026-11-20T17:00:00Z" || vn.DateOf(d.Time()) != d || vn.DateOf(d.AddDays(1).Time().Add(-1)) != d {
		t.Error("a day does not last from its first to its last instant")
	}
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2026-03-31", -1, "2026-02-28"},
		{"2024-02-29", 12, "2025-02-28"}, {"2026-11-21", 2, "2027-01-21"}, {"2026-01-15", -1, "2025-12-15"},
		{"2026-01-15", -13, "2024-12-15"}, {"2026-05-31", 0, "2026-05-31"}, {"2026-12-31", 2, "2027-02-28"},
	} {
		if got := day(t, c.from).AddMonths(c.n).String(); got != c.want {
			t.Errorf("%s + %d months = %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestNewDate(t *testing.T) {
	if vn.NewDate(2026, time.November, 21).String() != "2026-11-21" {
		t.Error("2026-11-21")
	}
	for _, bad := range []vn.Date{vn.NewDate(2026, 2, 29), vn.NewDate(2026, 13, 1), vn.NewDate(0, 1, 1), vn.NewDate(2026, 1, 0), vn.NewDate(10000, 1, 1)} {
		if bad.Known() {
			t.Errorf("%v exists", bad)
		}
	}
}

// dates are all days of the years 1 to 9999.
func dates() *rapid.Generator[vn.Date] {
	return rapid.Custom(func(t *rapid.T) vn.Date { return vn.Date(rapid.Int32Range(-719162, 2932896).Draw(t, "day")) })
}

func TestDateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dates().Draw(t, "d")
		back, err := vn.ParseDate(d.String())
		if err != nil || back != d {
			t.Fatalf("%d → %q → %d, %v", d, d.String(), back, err)
		}
		y, m, dd := d.Date()
		if vn.NewDate(y, m, dd) != d {
			t.Fatalf("%v is not its parts", d)
		}
		if (d + 1).Weekday() != (d.Weekday()+1)%7 {
			t.Fatalf("weekday after %v", d)
		}
		w := vn.WeekOf(d)
		if w.Start() > d || w.End() < d || w.Start().Weekday() != time.Monday || w.End() != w.Start()+6 {
			t.Fatalf("%v is not in %v", d, w)
		}
		if p, err := vn.ParseWeek(w.String()); err != nil || p != w {
			t.Fatalf("%v → %v, %v", w, p, err)
		}
		if y > 1 && y < 9999 {
			n := rapid.IntRange(-60, 60).Draw(t, "weeks")
			if w.Add(n).Start() != w.Start()+vn.Date(7*n) || w.Add(n).Add(-n) != w {
				t.Fatalf("%v + %d weeks", w, n)
			}
			if c := w.Add(n).Compare(w); c > 0 != (n > 0) || c < 0 != (n < 0) {
				t.Fatalf("%v compared with itself + %d", w, n)
			}
		}
		mo := vn.MonthOf(d)
		if mo.Start() > d || mo.End() < d || vn.MonthOf(mo.Start()-0) != mo || mo.Add(1).Start() != mo.End()+1 && y < 9999 {
			t.Fatalf("%v is not in %v", d, mo)
		}
		if p, err := vn.ParseMonth(mo.String()); err != nil || p != mo {
			t.Fatalf("%v → %v, %v", mo, p, err)
		}
	})
}

// ISO weeks at the turn of the year: the week belongs to the year of its
// Thursday.
func TestWeekOf(t *testing.T) {
	for _, c := range []struct{ date, week string }{
		{"2026-11-21", "2026-W47"}, {"2025-12-28", "2025-W52"}, {"2025-12-29", "2026-W01"}, {"2026-01-04", "2026-W01"},
		{"2026-12-31", "2026-W53"}, {"2027-01-03", "2026-W53"}, {"2027-01-04", "2027-W01"}, {"2021-01-03", "2020-W53"},
		{"2024-12-30", "2025-W01"}, {"2022-01-02", "2021-W52"},
	} {
		if got := vn.WeekOf(day(t, c.date)).String(); got != c.week {
			t.Errorf("%s is in %s, want %s", c.date, got, c.week)
		}
	}
	if vn.WeeksIn(2026) != 53 || vn.WeeksIn(2025) != 52 || vn.WeeksIn(2020) != 53 {
		t.Error("weeks of the years 2020, 2025, 2026")
	}
	for _, s := range []string{"", "2026-W00", "2025-W53", "2026-W54", "2026-47", "2026W47", "2026-W4", "2026-w47", "0000-W01", "2026-W4x"} {
		if _, err := vn.ParseWeek(s); !issue.Is(err, issue.Value) {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", "2026", "2026-13", "2026-1", "2026-11-21"} {
		if _, err := vn.ParseMonth(s); !issue.Is(err, issue.Value) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestPartialDate(t *testing.T) {
	for _, c := range []struct{ text, first, last string }{
		{"", "", ""}, {"1953", "1953-01-01", "1953-12-31"}, {"1953-04", "1953-04-01", "1953-04-30"},
		{"1953-04-07", "1953-04-07", "1953-04-07"}, {"2024-02", "2024-02-01", "2024-02-29"},
	} {
		p, err := vn.ParsePartialDate(c.text)
		if err != nil || p.String() != c.text || p.First().String() != c.first || p.Last().String() != c.last {
			t.Errorf("%q: %+v %v–%v, %v", c.text, p, p.First(), p.Last(), err)
		}
		if p.Known() != (c.text != "") || p.Full() != (len(c.text) == 10) {
			t.Errorf("%q: known %v, full %v", c.text, p.Known(), p.Full())
		}
	}
	for _, s := range []string{"195", "1953-4", "1953-00", "1953-04-00", "1953-13", "0000", "07/04/1953", "1953-02-29", "unknown"} {
		if p, err := vn.ParsePartialDate(s); !issue.Is(err, issue.Value) || p.Known() {
			t.Errorf("%q: %v, %v", s, p, err)
		}
	}
}

func TestParsePrintedDate(t *testing.T) {
	for text, want := range map[string]string{
		"07/04/1953": "1953-04-07", "7/4/1953": "1953-04-07", "7-4-1953": "1953-04-07", "07.04.1953": "1953-04-07",
		"4/1953": "1953-04", "1953": "1953", " 1953 ": "1953", "": "",
		"07041953": "1953-04-07", "00001953": "1953", "00041953": "1953-04", "00/04/1953": "1953-04", "00/00/1953": "1953",
		"31/12/2000": "2000-12-31", "1953-04-07": "1953-04-07", "1953-04": "1953-04", "29022024": "2024-02-29",
	} {
		if p, err := vn.ParsePrintedDate(text); err != nil || p.String() != want {
			t.Errorf("%q: %v, %v; want %s", text, p, err, want)
		}
	}
	for _, text := range []string{"31/02/2000", "07001953", "1953-04-31", "1953-4-7", "12/13/2000", "7/4/53", "//1953", "1/2/3/1953", "00000000", "0704195",
		"070419533", "aa/bb/cccc", "07/004/1953", "x", "/", "1953/", "32/01/2000", "29022023", "-4/1953"} {
		if p, err := vn.ParsePrintedDate(text); !issue.Is(err, issue.Value) || p.Known() {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

func TestAge(t *testing.T) {
	for _, c := range []struct{ birth, on, want string }{
		{"2026-11-21", "2026-11-21", "0d"}, {"2026-11-01", "2026-11-21", "20d"}, {"2026-10-24", "2026-11-21", "28d"},
		{"2026-10-23", "2026-11-21", "0mo"}, {"2026-10-21", "2026-11-21", "1mo"}, {"2026-08-31", "2026-11-30", "3mo"},
		{"2020-11-22", "2026-11-21", "71mo"}, {"2020-11-21", "2026-11-21", "6a"}, {"1953-04-07", "2026-11-21", "73a"},
		{"1953", "2026-11-21", "73a?"}, {"1953-12", "2026-11-21", "72a?"}, {"2026", "2026-11-21", "0a?"}, {"2024-03", "2026-11-21", "32mo?"},
		{"2004-02-29", "2025-02-28", "21a"}, {"2026-11-22", "2026-11-21", "none"}, {"", "2026-11-21", "none"},
	} {
		p, err := vn.ParsePartialDate(c.birth)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if a, ok := vn.AgeOn(p, day(t, c.on)); ok {
			got = itoa(a.Value) + string(a.Unit)
			if a.About {
				got += "?"
			}
		}
		if got != c.want {
			t.Errorf("born %s, on %s: %s, want %s", c.birth, c.on, got, c.want)
		}
	}
	if vn.AgeYears(day(t, "2000-11-22"), day(t, "2026-11-21")) != 25 || vn.AgeYears(day(t, "2000-11-21"), day(t, "2026-11-21")) != 26 ||
		vn.AgeYears(vn.ZeroDate, 0) != -1 || vn.AgeMonths(1, 0) != -1 {
		t.Error("completed years")
	}
	if _, ok := vn.AgeOn(vn.PartialDate{Year: 1953}, vn.ZeroDate); ok {
		t.Error("an age on an unknown day")
	}
}

// The next month of age is completed on its day and not before.
func TestAgeMonthsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := dates().Draw(t, "birth")
		n := rapid.IntRange(0, 1300).Draw(t, "months")
		at := birth.AddMonths(n)
		if at > 2932896 {
			t.Skip()
		}
		if got := vn.AgeMonths(birth, at); got != n {
			t.Fatalf("%v to %v: %d months, want %d", birth, at, got, n)
		}
		if got := vn.AgeMonths(birth, at-1); got != n-1 {
			t.Fatalf("%v to %v: %d months, want %d", birth, at-1, got, n-1)
		}
	})
}

func FuzzParsePrintedDate(f *testing.F) {
	for _, s := range []string{"07/04/1953", "00001953", "1953", "4/1953", "", "31022000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := vn.ParsePrintedDate(s)
		if err != nil {
			return
		}
		again, err := vn.ParsePartialDate(p.String())
		if err != nil || again != p || p.First() > p.Last() {
			t.Errorf("%q: %+v, %v", s, p, err)
		}
	})
}

func FuzzParseDates(f *testing.F) {
	for _, s := range []string{"2026-11-21", "2026-W47", "2026-11", "1953"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := vn.ParseDate(s); err == nil && d.String() != s {
			t.Errorf("date %q is %v", s, d)
		}
		if w, err := vn.ParseWeek(s); err == nil && w.String() != s {
			t.Errorf("week %q is %v", s, w)
		}
		if m, err := vn.ParseMonth(s); err == nil && m.String() != s {
			t.Errorf("month %q is %v", s, m)
		}
		if p, err := vn.ParsePartialDate(s); err == nil && p.String() != s {
			t.Errorf("partial date %q is %v", s, p)
		}
	})
}
