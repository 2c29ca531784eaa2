// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"fmt"
	"time"

	"mach/issue"
)

// Week is an epidemiological week: Monday 00:00 to Sunday 24:00, numbered as
// in ISO 8601, so week 1 holds the year's first Thursday. The days of a week
// may lie in two civil years; Year is that of its Thursday.
type Week struct{ Year, Number int }

// WeekOf returns the week of the date; the zero Week for ZeroDate.
func WeekOf(d Date) Week {
	if d == ZeroDate {
		return Week{}
	}
	y, n := d.utc().ISOWeek()
	return Week{y, n}
}

// ParseWeek reads "2026-W47". It returns issue.Value ("week.format") for
// anything else and for a week 53 that the year does not have.
func ParseWeek(s string) (Week, error) {
	if len(s) == 8 && s[4:6] == "-W" {
		y, okY := digits(s[:4])
		n, okN := digits(s[6:])
		if okY && okN && y >= 1 && n >= 1 && n <= WeeksIn(y) {
			return Week{y, n}, nil
		}
	}
	return Week{}, issue.New(issue.Value, "week.format")
}

// WeeksIn returns the number of weeks of the year: 52 or 53.
func WeeksIn(year int) int { return WeekOf(dateOf(year, time.December, 28)).Number }

// String gives "2026-W47".
func (w Week) String() string { return fmt.Sprintf("%04d-W%02d", w.Year, w.Number) }

// Start returns its Monday.
func (w Week) Start() Date {
	d := dateOf(w.Year, time.January, 4) // always in week 1
	return d - Date((int(d.Weekday())+6)%7) + Date(7*(w.Number-1))
}

// End returns its Sunday, the last day inside.
func (w Week) End() Date { return w.Start() + 6 }

// Add returns the week n weeks later.
func (w Week) Add(n int) Week { return WeekOf(w.Start() + Date(7*n)) }

// Compare is negative, zero or positive as w is before, equal to or after v.
func (w Week) Compare(v Week) int {
	if w.Year != v.Year {
		return w.Year - v.Year
	}
	return w.Number - v.Number
}

// Month is a month of reports: day 1 00:00 to the last day 24:00.
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf returns the month of the date; the zero Month for ZeroDate.
func MonthOf(d Date) Month {
	y, m, _ := d.Date()
	return Month{y, m}
}

// ParseMonth reads "2026-11". It returns issue.Value ("month.format")
// for anything else.
func ParseMonth(s string) (Month, error) {
	if p, ok := parseISO(s); ok && len(s) == 7 {
		return Month{p.Year, p.Month}, nil
	}
	return Month{}, issue.New(issue.Value, "month.format")
}

// String gives "2026-11".
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month)) }

// Start returns the first day.
func (m Month) Start() Date { return dateOf(m.Year, m.Month, 1) }

// End returns the last day, the last inside.
func (m Month) End() Date { return dateOf(m.Year, m.Month, daysIn(m.Year, m.Month)) }

// Add returns the month n months later.
func (m Month) Add(n int) Month {
	y, mm := shift(m.Year, m.Month, n)
	return Month{y, mm}
}
