// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mach/issue"
	"mach/vn"
)

// Period is a span of whole civil days, both ends included.
type Period struct {
	Kind     string // day, week, month, year
	From, To vn.Date
	name     string
}

// String is how the period is written: 2026-11-21, 2026-W47, 2026-11, 2026.
func (p Period) String() string { return p.name }

// ParsePeriod reads a day, an epidemiological week, a month or a year. It
// returns issue.Invalid ("indicators.period.format") for everything else.
func ParsePeriod(s string) (Period, error) {
	bad := issue.New(issue.Invalid, "indicators.period.format", s).At("period")
	switch {
	case len(s) == len("2026-11-21"):
		d, err := vn.ParseDate(s)
		if err != nil {
			return Period{}, bad
		}
		return Day(d), nil
	case strings.Contains(s, "-W"):
		year, week, _ := strings.Cut(s, "-W")
		y, err1 := strconv.Atoi(year)
		n, err2 := strconv.Atoi(week)
		if err1 != nil || err2 != nil || len(s) != len("2026-W47") {
			return Period{}, bad
		}
		p := Week(vn.Week{Year: y, Number: n}.Start())
		if p.name != s { // week 53 of a year of 52, or a sign
			return Period{}, bad
		}
		return p, nil
	case len(s) == len("2026-11"):
		t, err := time.Parse("2006-01", s)
		if err != nil {
			return Period{}, bad
		}
		return span("month", s, t, t.AddDate(0, 1, 0)), nil
	case len(s) == len("2026"):
		t, err := time.Parse("2006", s)
		if err != nil {
			return Period{}, bad
		}
		return span("year", s, t, t.AddDate(1, 0, 0)), nil
	}
	return Period{}, bad
}

// span makes the period of [from, to) given as UTC midnights of civil days.
func span(kind, name string, from, to time.Time) Period {
	const day = 24 * 60 * 60
	return Period{kind, vn.Date(from.Unix() / day), vn.Date(to.Unix()/day - 1), name}
}

// Day is the period of one day.
func Day(d vn.Date) Period { return Period{"day", d, d, d.String()} }

// Week is the epidemiological week, Monday to Sunday, that holds the day.
func Week(d vn.Date) Period {
	w := vn.WeekOf(d)
	return Period{"week", w.Start(), w.Start() + 6, fmt.Sprintf("%04d-W%02d", w.Year, w.Number)}
}

// Month is the calendar month that holds the day.
func Month(d vn.Date) Period {
	p, err := ParsePeriod(d.String()[:7])
	if err != nil {
		panic("indicators: a date has a month") // impossible
	}
	return p
}
