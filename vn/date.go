// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"fmt"
	"math"
	"time"

	"mach/issue"
)

// Zone is the time of Viet Nam: seven hours before UTC, no summer time, so no
// time zone files are needed.
var Zone = time.FixedZone("ICT", 7*3600)

// Date is a civil date: days since 1970-01-01. Dates compare and subtract as
// numbers. ZeroDate, and not 0, is the unknown date.
type Date int32

// ZeroDate is the unknown date. It sorts before every known date.
const ZeroDate Date = math.MinInt32

// NewDate returns the date of the day. It returns ZeroDate when there is no
// such day, or the year is outside 1–9999.
func NewDate(year int, month time.Month, day int) Date {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return ZeroDate
	}
	return dateOf(year, month, day)
}

// DateOf returns the civil date of the instant in Viet Nam.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Zone).Date()
	return dateOf(y, m, d)
}

func dateOf(y int, m time.Month, d int) Date {
	const day = 24 * 60 * 60
	s := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()
	return Date(s / day) // exact: midnight UTC divides
}

// ParseDate reads a full ISO date such as "2026-11-21". It returns
// issue.Value ("date.format") for anything else.
func ParseDate(iso string) (Date, error) {
	if p, ok := parseISO(iso); ok && p.Day != 0 {
		return p.First(), nil
	}
	return ZeroDate, issue.New(issue.Value, "date.format")
}

// Known reports whether the date is known.
func (d Date) Known() bool { return d != ZeroDate }

// String gives ISO form, empty for ZeroDate.
func (d Date) String() string {
	if d == ZeroDate {
		return ""
	}
	y, m, day := d.Date()
	return fmt.Sprintf("%04d-%02d-%02d", y, int(m), day)
}

// Date returns year, month and day; zeros for ZeroDate.
func (d Date) Date() (year int, month time.Month, day int) {
	if d == ZeroDate {
		return 0, 0, 0
	}
	return d.utc().Date()
}

// Year returns the civil year, 0 for ZeroDate.
func (d Date) Year() int {
	y, _, _ := d.Date()
	return y
}

// Weekday returns the day of the week; Sunday for ZeroDate.
func (d Date) Weekday() time.Weekday {
	if d == ZeroDate {
		return time.Sunday
	}
	return d.utc().Weekday()
}

// Time returns the first instant of the date in Viet Nam; the zero time for
// ZeroDate. A day lasts from its Time to the Time of the next day.
func (d Date) Time() time.Time {
	if d == ZeroDate {
		return time.Time{}
	}
	y, m, day := d.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, Zone)
}

// AddDays returns the date n days later; ZeroDate stays unknown.
func (d Date) AddDays(n int) Date {
	if d == ZeroDate {
		return d
	}
	return d + Date(n)
}

// AddMonths returns the same day n months later, or the last day of that
// month when it is shorter: 31 January + 1 month = 28 or 29 February.
func (d Date) AddMonths(n int) Date {
	if d == ZeroDate {
		return d
	}
	y, m, day := d.Date()
	y, m = shift(y, m, n)
	return dateOf(y, m, min(day, daysIn(y, m)))
}

func (d Date) utc() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// shift moves a month by n months.
func shift(y int, m time.Month, n int) (int, time.Month) {
	t := y*12 + int(m) - 1 + n
	y = t / 12
	if t < 0 && t%12 != 0 {
		y--
	}
	return y, time.Month(t-y*12) + 1
}

// daysIn returns the number of days of the month.
func daysIn(y int, m time.Month) int {
	switch m {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
