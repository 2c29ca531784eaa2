// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"time"

	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// Curve is the cases of each month of a year with what the five valid years
// before would let one expect; of one disease in one unit.
type Curve struct {
	Year  int
	Empty bool               // nobody has reported anything in these years
	Now   []int              // months of the year so far, the last of which may not be over; -1 = not heard of
	Past  []CurveYear        // those that are drawn; the lines may rest on older ones
	Lines []outbreak.Verdict // for each of the 12 months, of the sums; short where history is
}

// CurveYear is one past year month by month; -1 = not heard of.
type CurveYear struct {
	Year   int
	Months [12]int
}

// Curve reads the twelve months of this year and of the years before, of a
// unit of any level. Years with an epidemic are left out for a commune only:
// above it the line is a comparison, not that of the law.
func (m *Module) Curve(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, on vn.Date) (Curve, error) {
	settings := m.law.On(on)
	c := Curve{Year: on.Year()}
	began, err := m.since(ctx, a, unit, m.province(unit))
	if err != nil {
		return c, err
	}
	years := lookback(settings, on, began)
	var starts []vn.Date
	for y := 0; y <= years; y++ {
		for month := range 12 {
			starts = append(starts, vn.Month{Year: c.Year - y, Month: time.Month(month + 1)}.Start())
		}
	}
	cells, err := m.cells(ctx, a, unit, []vn.UnitID{unit}, disease, spanMonth, starts)
	if err != nil {
		return c, err
	}
	epidemic, err := m.epidemicYears(ctx, a, unit, disease)
	if err != nil {
		return c, err
	}
	sums := map[vn.Date]int{}
	for _, x := range cells {
		if x.class.Counts() {
			sums[x.start] += x.value
		}
	}
	unheard, err := m.unheardOf(ctx, a, unit, starts[12*years], on)
	if err != nil {
		return c, err
	}
	known := func(start vn.Date) int {
		if sums[start] == 0 && unheard(unit, start, min(month(start)[1], on)) {
			return -1
		}
		c.Empty = false
		return sums[start]
	}
	c.Empty = true
	for month := range int(vn.MonthOf(on).Month) {
		c.Now = append(c.Now, known(starts[month]))
	}
	past := make([][]outbreak.Year, 12)
	for y := 1; y <= years; y++ {
		year := CurveYear{Year: c.Year - y}
		for month := range 12 {
			n := known(starts[12*y+month])
			year.Months[month] = n
			past[month] = append(past[month], outbreak.Year{Year: year.Year, Count: max(n, 0), Missing: n < 0, Epidemic: epidemic(year.Year)})
		}
		if y <= settings.BaselineYears {
			c.Past = append(c.Past, year)
		}
	}
	for month := range 12 {
		c.Lines = append(c.Lines, outbreak.Epidemic(rules(settings), outbreak.Facts{Group: "B", Endemic: true, Past: past[month]}))
	}
	return c, nil
}
