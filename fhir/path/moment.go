// SPDX-License-Identifier: Apache-2.0

package path

import (
	"fmt"
	"strings"
	"time"
)

// MomentKind is Date, DateTime or Time.
type MomentKind uint8

// The kinds.
const (
	Date MomentKind = iota
	DateTime
	Time
)

// A precision is how much of a moment is written.
type precision uint8

const (
	pYear precision = iota
	pMonth
	pDay
	pHour
	pMinute
	pSecond
	pFraction // digits after the point; compared as part of the second
)

// A Moment is a Date, DateTime or Time with the precision it is written in.
type Moment struct {
	Kind   MomentKind
	prec   precision
	year   int
	month  time.Month
	day    int
	clock  time.Duration // since midnight
	places uint8         // digits of the fraction of a second
	zoned  bool
	offset int // minutes east of UTC
}

// MomentOf returns a point in time as a DateTime with milliseconds.
func MomentOf(t time.Time) Moment {
	_, offset := t.Zone()
	m := Moment{Kind: DateTime, prec: pFraction, places: 3, zoned: true, offset: offset / 60}
	m.set(t)
	m.clock = m.clock.Truncate(time.Millisecond)
	return m
}

// set takes day and clock of a time as it reads.
func (m *Moment) set(t time.Time) {
	m.year, m.month, m.day = t.Date()
	m.clock = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
}

// read is the moment as it reads, as if it were in UTC.
func (m Moment) read() time.Time {
	return time.Date(m.year, m.month, m.day, 0, 0, 0, 0, time.UTC).Add(m.clock)
}

// parseLiteral reads what stands after @: 2015, 2015T, 2015-02-04T14:34Z, T14:34.
func parseLiteral(s string) (Moment, bool) {
	if rest, ok := strings.CutPrefix(s, "T"); ok {
		return parseTime(rest)
	}
	return parseMoment(s)
}

// parseMoment reads a Date, or a DateTime when there is a T.
func parseMoment(s string) (Moment, bool) {
	m := Moment{month: 1, day: 1}
	date, clock, timed := strings.Cut(s, "T")
	ok := m.date(date)
	if !ok || !timed {
		return m, ok
	}
	m.Kind = DateTime
	if clock == "" {
		return m, true
	}
	return m, m.prec == pDay && m.zone(&clock) && m.time(clock)
}

// parseTime reads 14, 14:34, 14:34:28 or 14:34:28.123.
func parseTime(s string) (Moment, bool) {
	m := Moment{Kind: Time, year: 1, month: 1, day: 1}
	return m, m.time(s)
}

func (m *Moment) date(s string) bool {
	parts := [3]int{1, 1, 1}
	n := 0
	for i := range 3 {
		width := 2
		if i == 0 {
			width = 4
		}
		v, ok := fixed(s, width)
		if !ok {
			return false
		}
		parts[i], n, s = v, i, s[width:]
		if s == "" {
			break
		}
		if i == 2 || s[0] != '-' {
			return false
		}
		s = s[1:]
	}
	m.year, m.month, m.day, m.prec = parts[0], time.Month(parts[1]), parts[2], precision(n)
	return m.year >= 1 && m.month >= 1 && m.month <= 12 && m.day >= 1 && m.day <= daysIn(m.year, m.month)
}

// zone cuts Z, +hh:mm or -hh:mm off the end.
func (m *Moment) zone(s *string) bool {
	if rest, ok := strings.CutSuffix(*s, "Z"); ok {
		*s, m.zoned = rest, true
		return true
	}
	i := strings.IndexAny(*s, "+-")
	if i < 0 {
		return true
	}
	z := (*s)[i:]
	*s = (*s)[:i]
	if len(z) != 6 || z[3] != ':' {
		return false
	}
	hours, ok := fixed(z[1:], 2)
	minutes, ok2 := fixed(z[4:], 2)
	if !ok || !ok2 || hours > 14 || minutes > 59 {
		return false
	}
	m.zoned, m.offset = true, hours*60+minutes
	if z[0] == '-' {
		m.offset = -m.offset
	}
	return true
}

// time reads hh[:mm[:ss[.fff]]]. A leap second is the last of its minute.
func (m *Moment) time(s string) bool {
	s, fraction, pointed := strings.Cut(s, ".")
	units := [3]time.Duration{time.Hour, time.Minute, time.Second}
	for i, limit := range [3]int{24, 60, 61} {
		v, ok := fixed(s, 2)
		if !ok || v >= limit {
			return false
		}
		m.clock += time.Duration(min(v, 59)) * units[i]
		m.prec = pHour + precision(i)
		if s = s[2:]; s == "" {
			break
		}
		if i == 2 || s[0] != ':' {
			return false
		}
		s = s[1:]
	}
	if !pointed {
		return true
	}
	if m.prec != pSecond || fraction == "" {
		return false
	}
	m.prec, m.places = pFraction, uint8(min(len(fraction), 9))
	unit := time.Second
	for i := range len(fraction) {
		if !isDigit(fraction[i]) {
			return false
		}
		unit /= 10
		m.clock += time.Duration(fraction[i]-'0') * unit
	}
	return true
}

// fixed reads exactly n digits at the start of s.
func fixed(s string, n int) (int, bool) {
	if len(s) < n {
		return 0, false
	}
	v := 0
	for i := range n {
		if !isDigit(s[i]) {
			return 0, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, true
}

func daysIn(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// String writes the moment in its precision, without @ and without T before a
// Time.
func (m Moment) String() string {
	var b strings.Builder
	if m.Kind != Time {
		fmt.Fprintf(&b, "%04d", m.year)
		if m.prec >= pMonth {
			fmt.Fprintf(&b, "-%02d", m.month)
		}
		if m.prec >= pDay {
			fmt.Fprintf(&b, "-%02d", m.day)
		}
		if m.prec <= pDay {
			return b.String()
		}
		b.WriteByte('T')
	}
	fmt.Fprintf(&b, "%02d", int(m.clock.Hours()))
	if m.prec >= pMinute {
		fmt.Fprintf(&b, ":%02d", int(m.clock.Minutes())%60)
	}
	if m.prec >= pSecond {
		fmt.Fprintf(&b, ":%02d", int(m.clock.Seconds())%60)
	}
	if m.prec == pFraction {
		b.WriteString("." + fmt.Sprintf("%09d", m.clock%time.Second)[:m.places])
	}
	switch {
	case !m.zoned:
	case m.offset == 0:
		b.WriteByte('Z')
	default:
		sign, offset := '+', m.offset
		if offset < 0 {
			sign, offset = '-', -offset
		}
		fmt.Fprintf(&b, "%c%02d:%02d", sign, offset/60, offset%60)
	}
	return b.String()
}

// compare returns how two moments stand to one another, and whether that is
// known at their precisions. Moments of different kinds, Time and the others,
// never meet.
func (m Moment) compare(o Moment) (order int, known bool) {
	if m.zoned != o.zoned && (m.prec > pDay || o.prec > pDay) {
		return m.compareSpans(o)
	}
	if m.zoned && o.zoned && m.offset != o.offset {
		m, o = m.utc(), o.utc()
	}
	least := min(m.prec, o.prec, pSecond)
	for p := pYear; p <= least; p++ {
		if a, b := m.part(p), o.part(p); a != b {
			if a < b {
				return -1, true
			}
			return 1, true
		}
	}
	return 0, min(m.prec, pSecond) == min(o.prec, pSecond)
}

func (m Moment) utc() Moment {
	m.set(m.read().Add(-time.Duration(m.offset) * time.Minute))
	m.offset = 0
	return m
}

// part returns one part; seconds have their fraction.
func (m Moment) part(p precision) int64 {
	switch p {
	case pYear:
		return int64(m.year)
	case pMonth:
		return int64(m.month)
	case pDay:
		return int64(m.day)
	case pHour:
		return int64(m.clock / time.Hour)
	case pMinute:
		return int64(m.clock % time.Hour / time.Minute)
	}
	return int64(m.clock % time.Minute)
}

// The zones that a time without one may be in.
const (
	eastmost = 14 * time.Hour
	westmost = -12 * time.Hour
)

// compareSpans compares a moment that has a zone with one that has none: known
// when it is the same in every zone of the world.
func (m Moment) compareSpans(o Moment) (int, bool) {
	from, to := m.span()
	otherFrom, otherTo := o.span()
	switch {
	case to.Before(otherFrom):
		return -1, true
	case from.After(otherTo):
		return 1, true
	}
	return 0, false
}

// span returns the first and last instant that the moment may mean.
func (m Moment) span() (from, to time.Time) {
	low, high := m.boundary(false), m.boundary(true)
	from, to = low.read(), high.read()
	if m.zoned {
		offset := -time.Duration(m.offset) * time.Minute
		return from.Add(offset), to.Add(offset)
	}
	return from.Add(-eastmost), to.Add(-westmost)
}

// boundary fills what is not written with the least or the greatest it may be,
// down to milliseconds.
func (m Moment) boundary(high bool) Moment {
	if high {
		if m.prec < pMonth {
			m.month = 12
		}
		if m.prec < pDay {
			m.day = daysIn(m.year, m.month)
		}
		switch unit := m.unit(); {
		case m.prec <= pDay:
			m.clock = 24*time.Hour - time.Millisecond
		case m.prec < pFraction:
			m.clock += unit - time.Millisecond
		}
	}
	m.prec, m.places = pFraction, max(m.places, 3)
	return m
}

// unit is what the last part written stands for, of hours and below.
func (m Moment) unit() time.Duration {
	switch m.prec {
	case pHour:
		return time.Hour
	case pMinute:
		return time.Minute
	case pSecond:
		return time.Second
	}
	return 0
}
