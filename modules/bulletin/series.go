// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"

	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// step is the length of a period of a curve.
type step string

// The steps, by their names in addresses.
const (
	byDay   step = "ngay"
	byWeek  step = "tuan"
	byMonth step = "thang"
)

// shown is how many periods a curve shows.
func (s step) shown() int {
	switch s {
	case byDay:
		return 60
	case byMonth:
		return 24
	}
	return 53
}

// start is the first day of the period of a day.
func (s step) start(d vn.Date) vn.Date {
	switch s {
	case byDay:
		return d
	case byMonth:
		return vn.MonthOf(d).Start()
	}
	return vn.WeekOf(d).Start()
}

// add is the first day of the period n later; d is a first day.
func (s step) add(d vn.Date, n int) vn.Date {
	switch s {
	case byDay:
		return d.AddDays(n)
	case byMonth:
		return vn.MonthOf(d).Add(n).Start()
	}
	return d.AddDays(7 * n)
}

// end is the last day of the period that begins on d.
func (s step) end(d vn.Date) vn.Date { return s.add(d, 1) - 1 }

// freq is how many periods a year has.
func (s step) freq() int {
	switch s {
	case byDay:
		return 365
	case byMonth:
		return 12
	}
	return 52
}

// course is what is counted of one disease in one unit, period by period,
// oldest first.
type course struct {
	step   step
	axis   int
	dates  []vn.Date // first days
	cases  []tally
	silent []bool  // nobody was heard of: no zeros
	since  vn.Date // before it nobody watched
	last   vn.Date // the newest day that counts: the end of the reporting
}

// known is the count of period i; outbreak.Missing where nobody reported.
func (c course) known(i int) int32 {
	if c.silent[i] || !c.since.Known() || c.step.end(c.dates[i]) < c.since {
		return outbreak.Missing
	}
	return int32(c.cases[i].total())
}

func (c course) series() outbreak.Series {
	s := outbreak.Series{Freq: c.step.freq(), Dates: c.dates, Count: make([]int32, len(c.dates))}
	for i := range c.dates {
		s.Count[i] = c.known(i)
	}
	return s
}

// course reads n periods up to that of the day.
func (m *Module) course(ctx context.Context, a store.Actor, unit vn.Unit, disease string, s step, axis, n int, on vn.Date) (course, error) {
	c := course{step: s, axis: axis, last: on}
	first := s.add(s.start(on), 1-n)
	for i := range n {
		c.dates = append(c.dates, s.add(first, i))
	}
	c.cases, c.silent = make([]tally, n), make([]bool, n)
	days, err := m.counts(ctx, a, unit.ID, disease, axis, first, on)
	if err != nil {
		return c, err
	}
	at := make(map[vn.Date]int, n)
	for i, d := range c.dates {
		at[d] = i
	}
	for _, d := range days {
		c.cases[at[s.start(d.day)]].add(d.tally)
	}
	if c.since, err = m.since(ctx, a, unit.ID); err != nil {
		return c, err
	}
	blank, err := m.blanks(ctx, a, unit, s, c.dates, c.totals(), on)
	c.hush(blank)
	return c, err
}
