// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"math"
	"time"

	"mach/vn"
)

// The ends of open periods in [Index.From] and [Index.To], µs since 1970.
const (
	MinTime = math.MinInt64
	MaxTime = math.MaxInt64
)

// precision is how much of a date is written.
type precision uint8

const (
	year precision = iota
	month
	day
	minute // only in queries: resources have seconds
	second
	fraction
)

// A moment is a date or time as written: 2026, 2026-11, 2026-11-21,
// 2026-11-21T08:30:00+07:00.
type moment struct {
	precision        precision
	year, month, day int
	clock            time.Duration // since midnight
	unit             time.Duration // what the last digit of the clock stands for
	offset           time.Duration // east of UTC
	zoned            bool
}

// parseMoment reads a date, dateTime or instant. A time of day needs a zone.
func parseMoment(s string) (moment, bool) {
	m, ok := parseAny(s)
	return m, ok && (m.precision <= day || m.precision >= second && m.zoned)
}

// parseAny also reads what only queries have: minutes, times without zone.
func parseAny(s string) (moment, bool) {
	m := moment{month: 1, day: 1}
	var ok bool
	if m.year, s, ok = number(s, 4); !ok || m.year == 0 {
		return m, false
	}
	if s == "" {
		return m, true
	}
	if m.month, s, ok = after(s, '-'); !ok || m.month < 1 || m.month > 12 {
		return m, false
	}
	m.precision = month
	if s == "" {
		return m, true
	}
	if m.day, s, ok = after(s, '-'); !ok || m.day < 1 || m.day > daysIn(m.year, m.month) {
		return m, false
	}
	m.precision = day
	if s == "" {
		return m, true
	}
	return m, s[0] == 'T' && m.time(s[1:])
}

// time reads hh:mm[:ss[.fff]] and a zone, if there is one.
func (m *moment) time(s string) bool {
	c, rest, ok := parseClock(s)
	if !ok {
		if c, rest, ok = parseMinutes(s); !ok {
			return false
		}
	}
	m.clock, m.unit, m.precision = c.since, c.unit, c.precision
	switch {
	case rest == "":
		return true
	case rest == "Z":
		m.zoned = true
		return true
	case rest[0] != '+' && rest[0] != '-':
		return false
	}
	hours, tail, ok := number(rest[1:], 2)
	minutes, tail, ok2 := after(tail, ':')
	if !ok || !ok2 || tail != "" || hours > 14 || minutes > 59 {
		return false
	}
	m.offset, m.zoned = time.Duration(hours*60+minutes)*time.Minute, true
	if rest[0] == '-' {
		m.offset = -m.offset
	}
	return true
}

// A clock is a time of day.
type clock struct {
	since     time.Duration
	unit      time.Duration
	precision precision
}

// parseClock reads hh:mm:ss[.fff] and returns what follows. Fractions beyond
// nanoseconds are read and forgotten.
func parseClock(s string) (clock, string, bool) {
	c, s, ok := parseMinutes(s)
	if !ok {
		return c, s, false
	}
	sec, s, ok := after(s, ':')
	if !ok || sec > 60 { // 60 is a leap second
		return c, s, false
	}
	c.since += time.Duration(sec) * time.Second
	c.unit, c.precision = time.Second, second
	if s == "" || s[0] != '.' {
		return c, s, true
	}
	i := 1
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		if c.unit /= 10; c.unit > 0 {
			c.since += time.Duration(s[i]-'0') * c.unit
		}
	}
	c.unit, c.precision = max(c.unit, time.Microsecond), fraction
	return c, s[i:], i > 1
}

func parseMinutes(s string) (clock, string, bool) {
	hour, s, ok := number(s, 2)
	minutes, s, ok2 := after(s, ':')
	c := clock{time.Duration(hour*60+minutes) * time.Minute, time.Minute, minute}
	return c, s, ok && ok2 && hour <= 23 && minutes <= 59
}

// number reads exactly n digits.
func number(s string, n int) (int, string, bool) {
	if len(s) < n || !allDigits(s[:n]) {
		return 0, s, false
	}
	v := 0
	for i := range n {
		v = v*10 + int(s[i]-'0')
	}
	return v, s[n:], true
}

// after reads two digits after c.
func after(s string, c byte) (int, string, bool) {
	if s == "" || s[0] != c {
		return 0, s, false
	}
	return number(s[1:], 2)
}

func daysIn(y, m int) int {
	return time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// span returns the half-open time that a moment stands for, in µs since 1970:
// all of 2026 for "2026". Without a zone it is a time of Vietnam.
func (m moment) span() (from, to int64) {
	from = m.instant(m.year, m.month, m.day)
	switch m.precision {
	case year:
		return from, m.instant(m.year+1, 1, 1)
	case month:
		return from, m.instant(m.year, m.month+1, 1)
	case day:
		return from, m.instant(m.year, m.month, m.day+1)
	}
	from += m.clock.Microseconds()
	return from, from + m.unit.Microseconds()
}

// instant returns the beginning of a day in the moment's zone.
func (m moment) instant(y, mo, d int) int64 {
	t := time.Date(y, time.Month(mo), d, 0, 0, 0, 0, time.UTC).UnixMicro()
	if m.zoned {
		return t - m.offset.Microseconds()
	}
	_, offset := time.UnixMicro(t).In(vn.Zone).Zone()
	return t - int64(offset)*1e6
}

// TimeSpan returns the half-open time that a FHIR date, dateTime or instant
// stands for, in µs since 1970, and false when s is none. Search values may
// also be minutes ("2026-11-21T08:30") and may lack a zone, which then is that
// of Vietnam; so is the zone of dates.
func TimeSpan(s string) (from, to int64, ok bool) {
	m, ok := parseAny(s)
	if !ok {
		return 0, 0, false
	}
	from, to = m.span()
	return from, to, true
}
