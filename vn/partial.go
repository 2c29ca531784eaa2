// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"fmt"
	"strings"
	"time"

	"mach/issue"
)

// PartialDate is a date of which only the year, or year and month, may be
// known, as for many old people. The zero value is wholly unknown. Month 0
// means that only the year is known, Day 0 that the day is not.
type PartialDate struct {
	Year  int
	Month time.Month
	Day   int
}

// ParsePartialDate reads the FHIR forms "1953", "1953-04" and "1953-04-07".
// Empty is the unknown date. It returns issue.Value ("date.format") otherwise.
func ParsePartialDate(s string) (PartialDate, error) {
	if s == "" {
		return PartialDate{}, nil
	}
	if p, ok := parseISO(s); ok {
		return p, nil
	}
	return PartialDate{}, issue.New(issue.Value, "date.format")
}

// ParsePrintedDate reads a date as it is printed or typed in Viet Nam:
// "07/04/1953", "7-4-1953", "4/1953", "1953", and the eight digits of the
// citizen card, "07041953", in which 00 stands for an unknown day or month.
// The ISO forms, which start with the year, are read too.
// Empty is the unknown date. It returns issue.Value ("date.format") otherwise.
func ParsePrintedDate(s string) (PartialDate, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return PartialDate{}, nil
	}
	if p, ok := parseISO(s); ok {
		return p, nil
	}
	bad := issue.New(issue.Value, "date.format")
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '-' || r == '.' })
	if len(parts)-1 != strings.Count(s, "/")+strings.Count(s, "-")+strings.Count(s, ".") {
		return PartialDate{}, bad // "//1953" hides a mistake
	}
	if _, ok := digits(s); ok && len(s) == 8 {
		parts = []string{s[:2], s[2:4], s[4:]}
	}
	var p PartialDate
	n := len(parts)
	year, okY := digits(parts[n-1])
	ok := n <= 3 && okY && len(parts[n-1]) == 4
	p.Year = year
	if n >= 2 && ok {
		m, okM := digits(parts[n-2])
		ok = okM && len(parts[n-2]) <= 2
		p.Month = time.Month(m)
	}
	if n == 3 && ok {
		d, okD := digits(parts[0])
		ok = okD && len(parts[0]) <= 2
		p.Day = d
	}
	if !ok || !p.valid() {
		return PartialDate{}, bad
	}
	return p, nil
}

// Known reports whether at least the year is known.
func (p PartialDate) Known() bool { return p.Year != 0 }

// Full reports whether year, month and day are known.
func (p PartialDate) Full() bool { return p.Day != 0 }

// String gives the FHIR form: "", "1953", "1953-04" or "1953-04-07".
func (p PartialDate) String() string {
	switch {
	case p.Year == 0:
		return ""
	case p.Month == 0:
		return fmt.Sprintf("%04d", p.Year)
	case p.Day == 0:
		return fmt.Sprintf("%04d-%02d", p.Year, int(p.Month))
	}
	return fmt.Sprintf("%04d-%02d-%02d", p.Year, int(p.Month), p.Day)
}

// First returns the earliest day it can be; ZeroDate when unknown.
func (p PartialDate) First() Date {
	if p.Year == 0 {
		return ZeroDate
	}
	return dateOf(p.Year, max(p.Month, 1), max(p.Day, 1))
}

// Last returns the latest day it can be; ZeroDate when unknown.
func (p PartialDate) Last() Date {
	switch {
	case p.Year == 0:
		return ZeroDate
	case p.Month == 0:
		return dateOf(p.Year, time.December, 31)
	case p.Day == 0:
		return dateOf(p.Year, p.Month, daysIn(p.Year, p.Month))
	}
	return dateOf(p.Year, p.Month, p.Day)
}

// Partial returns the date as a full PartialDate; unknown for ZeroDate.
func (d Date) Partial() PartialDate {
	y, m, day := d.Date()
	return PartialDate{y, m, day}
}

// valid reports whether known parts make a date, none known without the
// larger one.
func (p PartialDate) valid() bool {
	if p.Year < 1 || p.Year > 9999 || p.Month < 0 || p.Month > 12 || p.Day < 0 {
		return false
	}
	if p.Month == 0 {
		return p.Day == 0
	}
	return p.Day <= daysIn(p.Year, p.Month)
}

// parseISO reads yyyy, yyyy-mm or yyyy-mm-dd with all digits present.
func parseISO(s string) (PartialDate, bool) {
	var p PartialDate
	if len(s) != 4 && len(s) != 7 && len(s) != 10 {
		return p, false
	}
	ok := true
	p.Year, ok = digits(s[:4])
	if len(s) >= 7 && ok {
		m, okM := digits(s[5:7])
		p.Month, ok = time.Month(m), okM && s[4] == '-' && m != 0
	}
	if len(s) == 10 && ok {
		d, okD := digits(s[8:])
		p.Day, ok = d, okD && s[7] == '-' && d != 0
	}
	return p, ok && p.valid()
}

// digits reads a short run of ASCII digits.
func digits(s string) (int, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) > 0 && len(s) <= 9
}
