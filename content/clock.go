// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"mach/vn"
)

// Clock is how soon a case must be reported after the diagnosis (list 01 of
// QĐ 97/QĐ-PB, annex I).
type Clock string

// The clocks. Weekly covers Monday 00:00 to Sunday 24:00. Death and signal are
// of no disease: how soon a death of a case is told, and a first suspicion.
const (
	Clock24h    Clock = "24h"
	Clock48h    Clock = "48h"
	ClockWeekly Clock = "weekly"
	ClockDeath  Clock = "death"
	ClockSignal Clock = "signal"
)

// clockRule is what a clock asks during one validity.
type clockRule struct {
	clock    Clock
	hours    int // 0: by weekday
	weekday  int // ISO, of the week after the diagnosis: its end is the limit
	working  bool
	from, to vn.Date
}

// clockTable is the dated table with the working days it counts by.
type clockTable struct {
	rules    []clockRule
	calendar *vn.Calendar
}

var clocks = sync.OnceValue(func() *clockTable { return must(loadClocks()) })

func loadClocks() (*clockTable, error) {
	rows, err := readTable(surveillanceFiles, "surveillance/clocks.csv", "clock", "hours", "weekday", "working", "valid_from", "valid_to", "basis")
	if err != nil {
		return nil, err
	}
	t := &clockTable{}
	for _, r := range rows {
		x := clockRule{clock: Clock(r[0]), working: r[3] == "1"}
		if x.hours, err = whole(r[1], 1, 24*31); err == nil {
			x.weekday, err = whole(r[2], 1, 7)
		}
		if err == nil {
			x.from, x.to, err = span(r[4], r[5])
		}
		if err != nil || (x.hours == 0) == (x.weekday == 0) {
			return nil, fmt.Errorf("clock %s: hours %q, weekday %q, %v", r[0], r[1], r[2], err)
		}
		t.rules = append(t.rules, x)
	}
	t.calendar, err = Calendar()
	return t, err
}

// whole reads a whole number of the range; 0 for an empty cell.
func whole(cell string, low, high int) (int, error) {
	if cell == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(cell)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%q is not between %d and %d", cell, low, high)
	}
	return n, nil
}

// Due returns the last instant at which a case diagnosed at the given instant
// is reported in time: so many hours later, days off counted; or the end of a
// weekday of the following week, moved to the end of the next working day when
// it is a day off (Civil Code, Article 148.5). Before the first rule of the
// clock that one holds.
func (c Clock) Due(diagnosed time.Time) time.Time {
	t, on := clocks(), vn.DateOf(diagnosed)
	var rule clockRule
	for _, r := range t.rules {
		if r.clock == c && (rule.clock == "" || during(on, r.from, r.to)) {
			rule = r
		}
	}
	if rule.weekday == 0 {
		return diagnosed.Add(time.Duration(rule.hours) * time.Hour)
	}
	last := vn.WeekOf(on).Start().AddDays(7 + rule.weekday - 1)
	if rule.working && !t.calendar.Working(last) {
		last = t.calendar.AddWorkingDays(last, 1)
	}
	return last.AddDays(1).Time()
}

// known reports whether the table has the clock.
func (c Clock) known() bool {
	for _, r := range clocks().rules {
		if r.clock == c {
			return true
		}
	}
	return false
}
