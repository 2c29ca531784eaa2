// SPDX-License-Identifier: Apache-2.0

package vn

// Holiday is one day on which the working week is changed by law or by the
// government's yearly notice.
type Holiday struct {
	Date Date
	// Key names it in the catalogue: "tet", "hung-kings", "make-up" …
	Key string
	// Working is true for a Saturday or Sunday worked in place of another day.
	Working bool
	// Source names the document that sets it.
	Source string
	// Unverified is true where the document has not been read.
	Unverified bool
}

// Calendar knows the working days: Monday to Friday without holidays, and
// the make-up days.
type Calendar struct {
	days        map[Date]Holiday
	first, last Date
}

// NewCalendar returns the calendar of the holidays given. Where two name the
// same day the later one counts.
func NewCalendar(holidays []Holiday) *Calendar {
	c := &Calendar{days: make(map[Date]Holiday, len(holidays)), first: ZeroDate, last: ZeroDate}
	for _, h := range holidays {
		c.days[h.Date] = h
		y := h.Date.Year()
		if from := dateOf(y, 1, 1); c.first == ZeroDate || from < c.first {
			c.first = from
		}
		c.last = max(c.last, dateOf(y, 12, 31))
	}
	return c
}

// Covers reports whether holidays are known for the year of the date. Outside,
// only weekends are free.
func (c *Calendar) Covers(d Date) bool { return d.Known() && d >= c.first && d <= c.last }

// Holiday returns what is special on the day, if anything.
func (c *Calendar) Holiday(d Date) (Holiday, bool) {
	h, ok := c.days[d]
	return h, ok
}

// Working reports whether offices work on the day.
func (c *Calendar) Working(d Date) bool {
	if h, ok := c.days[d]; ok {
		return h.Working
	}
	w := d.Weekday()
	return d.Known() && w != 0 && w != 6
}

// AddWorkingDays returns the last day of a period of n working days that
// starts on the day after d (Civil Code 91/2015/QH13, Article 147): for n = 0
// it is d itself, moved to the next working day when d is none (Article 148).
// Negative n counts back. ZeroDate stays unknown.
func (c *Calendar) AddWorkingDays(d Date, n int) Date {
	if !d.Known() {
		return d
	}
	step := Date(1)
	if n < 0 {
		step, n = -1, -n
	}
	if n == 0 {
		for !c.Working(d) {
			d++
		}
		return d
	}
	for ; n > 0; n-- {
		d += step
		for !c.Working(d) {
			d += step
		}
	}
	return d
}

// WorkingDays counts the working days after from, up to and including to;
// 0 when to is not after from or either is unknown.
func (c *Calendar) WorkingDays(from, to Date) int {
	n := 0
	if !from.Known() {
		return 0
	}
	for d := from + 1; d <= to; d++ {
		if c.Working(d) {
			n++
		}
	}
	return n
}
