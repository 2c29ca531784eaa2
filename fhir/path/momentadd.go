// SPDX-License-Identifier: Apache-2.0

package path

import (
	"time"

	"github.com/cockroachdb/apd/v3"

	"mach/issue"
)

// addable are the units that may be added to moments: calendar durations and,
// of UCUM, those that always last the same
// (http://hl7.org/fhirpath/N1/#datetime-arithmetic).
var addable = map[string]precision{
	"year": pYear, "month": pMonth, "week": pDay, "day": pDay, "hour": pHour, "minute": pMinute,
	"second": pSecond, "millisecond": pFraction,
	"wk": pDay, "d": pDay, "h": pHour, "min": pMinute, "s": pSecond, "ms": pFraction,
}

// add adds a duration, or takes it away. Of units above seconds only whole ones
// count; a moment without the precision of the unit moves by whole units of its
// own. ok is false beyond the years 1 to 9999.
func (m Moment) add(q Quantity, minus bool) (Moment, bool, error) {
	unit := q.Unit
	if singular := calendarUnits[unit]; singular != "" {
		unit = singular
	}
	p, ok := addable[unit]
	if !ok || m.Kind == Time && p < pHour {
		return m, false, issue.New(issue.Invalid, "path.unit", q.Unit)
	}
	n, ok := amount(q.Value, p)
	if !ok {
		return m, false, nil
	}
	if minus {
		n = -n
	}
	if unit == "week" || unit == "wk" {
		n *= 7
	}
	if m.Kind == Time {
		return m.addClock(n, p), true, nil
	}
	m, ok = m.addUnits(n, p)
	return m, ok, nil
}

// amount is the whole number of units, of milliseconds for seconds.
func amount(d *apd.Decimal, p precision) (int64, bool) {
	if p == pSecond {
		var ms apd.Decimal
		if _, err := arithmetic().Mul(&ms, d, apd.New(1000, 0)); err != nil {
			return 0, false
		}
		d = &ms
	}
	n, ok := toInt(d)
	return n, ok && n < 1<<53 && n > -1<<53
}

// lasts is how long one unit of amount lasts.
func lasts(p precision) time.Duration {
	switch p {
	case pHour:
		return time.Hour
	case pMinute:
		return time.Minute
	}
	return time.Millisecond // seconds are counted in milliseconds
}

func (m Moment) addClock(n int64, p precision) Moment {
	day := int64(24 * time.Hour / lasts(p))
	by := time.Duration(n%day) * lasts(p)
	if m.prec < pSecond {
		by = by.Truncate(m.unit())
	}
	m.clock = (m.clock + by + 24*time.Hour) % (24 * time.Hour)
	return m.refined(n, p)
}

// refined gives a moment written to the second milliseconds, when some were
// added.
func (m Moment) refined(n int64, p precision) Moment {
	if p >= pSecond && n%1000 != 0 && m.prec >= pSecond && m.places < 3 {
		m.prec, m.places = pFraction, 3
	}
	return m
}

func (m Moment) addUnits(n int64, p precision) (Moment, bool) {
	written := m.prec
	switch {
	case p == pYear:
		return m.addMonths(n * 12)
	case p == pMonth && written == pYear:
		return m.addMonths(n / 12 * 12)
	case p == pMonth:
		return m.addMonths(n)
	}
	if written < pDay { // days and less move a month or a year by whole ones
		days := n
		if p > pDay {
			days = n / int64(24*time.Hour/lasts(p))
		}
		if written == pYear {
			return m.addMonths(days / 365 * 12)
		}
		return m.addMonths(days / 30)
	}
	if p == pDay {
		if n > 4e6 || n < -4e6 {
			return m, false
		}
		m.set(m.read().AddDate(0, 0, int(n)))
		return m, m.inRange()
	}
	unit := lasts(p)
	if n > int64(1<<62/unit) || n < -int64(1<<62/unit) {
		return m, false
	}
	by := time.Duration(n) * unit
	if written < pSecond {
		by = by.Truncate(max(m.unit(), time.Minute))
	}
	if written == pDay {
		by = by.Truncate(24 * time.Hour)
	}
	m.set(m.read().Add(by))
	return m.refined(n, p), m.inRange()
}

// addMonths keeps the day, or takes the last of the month when it has no such.
func (m Moment) addMonths(n int64) (Moment, bool) {
	if n > 120000 || n < -120000 {
		return m, false
	}
	months := m.year*12 + int(m.month) - 1 + int(n)
	if months < 12 {
		return m, false
	}
	m.year, m.month = months/12, time.Month(months%12+1)
	m.day = min(m.day, daysIn(m.year, m.month))
	return m, m.inRange()
}

func (m Moment) inRange() bool { return m.year >= 1 && m.year <= 9999 }
