// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// spread is the reproduction number of a disease in a unit, day by day, over
// the seven days before.
type spread struct {
	interval content.Interval
	known    bool // the disease has a serial interval here
	axis     int  // counted by onset, or by diagnosis where too few onsets are known
	days     []vn.Date
	rt       []outbreak.Rt // of the days; nil without an interval
	unknown  int           // cases of the time without a day of onset
	cases    int
	since    vn.Date // before it nobody watched
	silent   bool    // nobody is heard of any more
}

const (
	spreadDays   = 90 // shown
	spreadBefore = 60 // before, so that those who infected are counted
	spreadWindow = 7
	longestSI    = 60 // days of a serial interval that are carried
)

// spread estimates Rt by the method of Cori. The days of onset are used when at
// least two thirds of the cases have one; the last days are left to the reader
// to mistrust: what is not reported yet is not added. Every case counts as
// infected here: where somebody travelled is free text in form 01 of QĐ
// 97/QĐ-PB, so imported cases raise the number, and the page says so.
func (m *Module) spread(ctx context.Context, a store.Actor, unit vn.Unit, disease string, on vn.Date) (spread, error) {
	s := spread{}
	if s.interval, s.known = content.IntervalOf(disease, on); !s.known {
		return s, nil
	}
	n := spreadDays + spreadBefore
	byDiagnosis, err := m.course(ctx, a, unit, disease, byDay, axisDiagnosis, n, on)
	if err != nil {
		return s, err
	}
	c, err := m.course(ctx, a, unit, disease, byDay, axisOnset, n, on)
	if err != nil {
		return s, err
	}
	s.since, s.silent = byDiagnosis.since, byDiagnosis.silent[n-1-spreadWindow]
	onsets := 0
	for i := range c.cases {
		s.cases += byDiagnosis.cases[i].total()
		onsets += c.cases[i].total()
	}
	s.axis, s.unknown = axisOnset, max(s.cases-onsets, 0)
	if 3*onsets < 2*s.cases {
		s.axis, c = axisDiagnosis, byDiagnosis
	}
	daily := make([]float64, n)
	for i := range daily {
		daily[i] = float64(c.cases[i].total())
	}
	si, err := outbreak.DiscreteInterval(s.interval.Mean, s.interval.SD, longestSI)
	if err != nil {
		return s, err
	}
	windows := outbreak.Windows(n, spreadWindow)
	windows = windows[len(windows)-spreadDays:]
	s.days = c.dates[n-spreadDays:]
	s.rt, err = outbreak.Cori(outbreak.Arrivals(daily, nil), outbreak.UsualPrior, windows, si)
	return s, err
}

// latest is the newest window that may be shown as a number; false: none.
func (s spread) latest() (outbreak.Rt, vn.Date, bool) {
	for i := len(s.rt) - 1; i >= 0; i-- {
		if s.rt[i].Reason == outbreak.Judged {
			return s.rt[i], s.days[i], true
		}
	}
	return outbreak.Rt{}, vn.ZeroDate, false
}

// fellBefore reports whether the number was below 1 a window before the day too:
// cases that are still on their way make the newest one too low.
func (s spread) fellBefore(day vn.Date) bool {
	for i, d := range s.days {
		if d == day-spreadWindow {
			return s.rt[i].Reason == outbreak.Judged && s.rt[i].Quantile(0.975) < 1
		}
	}
	return false
}
