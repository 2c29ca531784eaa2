// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"math"

	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// channel is the year of a disease in a unit, week by week, on the quartiles
// of the years before.
type channel struct {
	year           int
	weeks          []vn.Week
	now            []float64 // NaN: to come, or nobody reported
	q1, median, q3 []float64 // NaN: too short a history
	years          []int     // with counts in each week
	judged         bool      // some week has a channel
	silent         []bool    // of the weeks: nobody was heard of
	since          vn.Date   // before it nobody watched
}

// channel reads the weeks of the year of the day and of the years before.
func (m *Module) channel(ctx context.Context, a store.Actor, unit vn.Unit, disease string, on vn.Date) (channel, error) {
	settings := m.law.On(on)
	week := vn.WeekOf(on)
	out := channel{year: week.Year}
	first := vn.Week{Year: week.Year - settings.BaselineYears, Number: 1}.Start()
	c, err := m.course(ctx, a, unit, disease, byWeek, axisDiagnosis, int(week.Start()-first)/7+1, on)
	if err != nil {
		return out, err
	}
	out.since = c.since
	at := make(map[vn.Date]int, len(c.dates))
	for i, d := range c.dates {
		at[d] = i
	}
	look := curve{course: c, law: m.law}
	for n := 1; n <= vn.WeeksIn(week.Year); n++ {
		w := vn.Week{Year: week.Year, Number: n}
		now, silent := math.NaN(), false
		if i, ok := at[w.Start()]; ok {
			silent = c.silent[i]
			if c.known(i) >= 0 {
				now = float64(c.known(i))
			}
		}
		out.silent = append(out.silent, silent)
		var years []int32
		for y := 1; y <= settings.BaselineYears; y++ {
			if i, ok := at[look.yearsAgo(w.Start(), y, settings.Week53)]; ok {
				years = append(years, c.known(i))
			}
		}
		q, ok := outbreak.Channel(years, settings.MinValidYears)
		if !ok {
			q = outbreak.Quartiles{Q1: math.NaN(), Median: math.NaN(), Q3: math.NaN()}
		}
		out.judged = out.judged || ok
		out.weeks, out.now = append(out.weeks, w), append(out.now, now)
		out.q1, out.median, out.q3 = append(out.q1, q.Q1), append(out.median, q.Median), append(out.q3, q.Q3)
		known := 0
		for _, y := range years {
			if y >= 0 {
				known++
			}
		}
		out.years = append(out.years, known)
	}
	return out, nil
}
