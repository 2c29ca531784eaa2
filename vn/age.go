// SPDX-License-Identifier: Apache-2.0

package vn

// AgeUnit is the unit in which an age matters.
type AgeUnit string

// The units of age, as UCUM codes.
const (
	Days   AgeUnit = "d"
	Months AgeUnit = "mo"
	Years  AgeUnit = "a"
)

// Age is a completed age in one unit. The words belong to i18n.
type Age struct {
	Value int
	Unit  AgeUnit
	// About is set when the birth date is partial and the age may be one less.
	About bool
}

// AgeOn returns the age on a day in the unit that matters: days to the 28th
// day of life (newborn), months under six years, then years. A partial birth
// date counts from its first possible day and is marked About; a year alone is
// always counted in years. ok is false when birth or day is unknown, or birth
// is after the day.
func AgeOn(birth PartialDate, on Date) (Age, bool) {
	if !birth.Known() || !on.Known() || birth.First() > on {
		return Age{}, false
	}
	first := birth.First()
	a := Age{About: !birth.Full()}
	months := AgeMonths(first, on)
	switch {
	case birth.Month == 0 || months >= 72:
		a.Value, a.Unit = months/12, Years
	case birth.Day == 0 || on-first > 28:
		a.Value, a.Unit = months, Months
	default:
		a.Value, a.Unit = int(on-first), Days
	}
	return a, true
}

// AgeMonths returns the completed months from birth to day, -1 when either is
// unknown or birth is later. A child born on the 31st completes a month on the
// last day of a shorter one.
func AgeMonths(birth, on Date) int {
	if !birth.Known() || !on.Known() || birth > on {
		return -1
	}
	by, bm, _ := birth.Date()
	y, m, _ := on.Date()
	n := (y-by)*12 + int(m) - int(bm)
	if birth.AddMonths(n) > on {
		n--
	}
	return n
}

// AgeYears returns the completed years from birth to day, -1 when either is
// unknown or birth is later.
func AgeYears(birth, on Date) int {
	m := AgeMonths(birth, on)
	if m < 0 {
		return -1
	}
	return m / 12
}
