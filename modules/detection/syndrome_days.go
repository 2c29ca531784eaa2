// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"sync"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// What detection_daily counts besides visits for a syndrome.
const (
	allVisits     = ""
	communesHeard = "*"
)

// yearDays are the counts of the days of a calendar year.
type yearDays [366]int32

func (y *yearDays) pack() string { return packed(y[:]) }

// unpackDays reads what pack wrote, which is never negative. It is most of the
// cost of judging a visit.
func unpackDays(s string) (*yearDays, error) {
	y, i := new(yearDays), 0
	for at := 0; at < len(s); at++ {
		switch c := s[at]; {
		case c == ' ':
			i++
		case c < '0' || c > '9' || i == len(y) || y[i] > 1<<27:
			return nil, fmt.Errorf("daily counts %.40q at %d", s, at)
		default:
			y[i] = y[i]*10 + int32(c-'0')
		}
	}
	return y, nil
}

// dayRow names a row of detection_daily of a unit.
type dayRow struct {
	syndrome string
	year     int
}

// daily are the visits of one unit by day, as far as they were read.
type daily struct {
	unit    vn.UnitID
	rows    map[dayRow]*yearDays
	changed []dayRow
	factors map[vn.Date]outbreak.DayFactors // by the Monday until which they were learnt
}

// daily reads the visits of a unit: of syndromes from a year to another, of all
// visits from an earlier one.
func (l ledger) daily(ctx context.Context, unit vn.UnitID, visits, from, to int) (*daily, error) {
	d := &daily{unit: unit, rows: map[dayRow]*yearDays{}, factors: map[vn.Date]outbreak.DayFactors{}}
	err := l.rows(ctx, `select syndrome, year, counts from detection_daily where unit = ? and year <= ? and (year >= ? or syndrome = '' and year >= ?)`,
		[]any{int64(unit), to, from, visits}, func(scan func(...any) error) error {
			var row dayRow
			var counts string
			if err := scan(&row.syndrome, &row.year, &counts); err != nil {
				return err
			}
			y, err := unpackDays(counts)
			d.rows[row] = y
			return err
		})
	return d, err
}

// at is the count of a day; that of a year which was not read is 0.
func (d *daily) at(syndrome string, day vn.Date) int32 {
	y := d.rows[dayRow{syndrome, day.Year()}]
	if y == nil {
		return 0
	}
	return y[day-firstOf(day.Year())]
}

func (d *daily) add(syndrome string, day vn.Date, by int32) {
	row := dayRow{syndrome, day.Year()}
	if d.rows[row] == nil {
		d.rows[row] = new(yearDays)
	}
	d.rows[row][day-firstOf(row.year)] += by
	for _, c := range d.changed {
		if c == row {
			return
		}
	}
	d.changed = append(d.changed, row)
}

// keepDays writes the rows that changed.
func (t *turn) keepDays(ctx context.Context, d *daily) error {
	for _, row := range d.changed {
		if err := t.tx.Exec(ctx, `insert into detection_daily (unit, syndrome, year, counts) values (?, ?, ?, ?)
			on conflict (unit, syndrome, year) do update set counts = excluded.counts`, int64(d.unit), row.syndrome, row.year, d.rows[row].pack()); err != nil {
			return err
		}
	}
	return nil
}

// span copies the counts of days in a row, both ends included.
func (d *daily) span(syndrome string, from, to vn.Date) []int32 {
	out := make([]int32, to-from+1)
	for year := from.Year(); year <= to.Year(); year++ {
		y, first := d.rows[dayRow{syndrome, year}], firstOf(year)
		if y == nil {
			continue
		}
		begin, end := max(from, first), min(to, firstOf(year+1)-1)
		copy(out[begin-from:], y[begin-first:end-first+1])
	}
	return out
}

// factorsOn are what each kind of day brings to the unit, learnt from the days
// before the week of a day. A day without a visit teaches nothing: the door was
// closed, or nobody wrote.
func (d *daily) factorsOn(day vn.Date, rule content.SyndromeRule) outbreak.DayFactors {
	monday := vn.WeekOf(day).Start()
	if f, ok := d.factors[monday]; ok {
		return f
	}
	from := monday.AddDays(-rule.HistoryDays)
	visits := d.span(allVisits, from, monday-1)
	for i, n := range visits {
		if n == 0 {
			visits[i] = outbreak.Missing
		}
	}
	f := outbreak.EstimateDayFactors(visits, kindsOf(from, monday-1))
	d.factors[monday] = f
	return f
}

// firstOf is the first day of a year.
func firstOf(year int) vn.Date { return vn.NewDate(year, 1, 1) }

// kindTable are the kinds of the days from one on.
type kindTable struct {
	from  vn.Date
	kinds []outbreak.DayKind
}

// knownKinds are worked out once, for more years than the calendar knows.
var knownKinds = sync.OnceValue(func() kindTable {
	t := kindTable{from: firstOf(2018)}
	for d := t.from; d < firstOf(2040); d++ {
		t.kinds = append(t.kinds, outbreak.KindOf(calendar(), d))
	}
	return t
})

var calendar = sync.OnceValue(func() *vn.Calendar {
	c, err := content.Calendar()
	if err != nil {
		panic(err) // impossible: it is compiled in, and a test reads it
	}
	return c
})

// kindsOf are the kinds of days in a row, both ends included.
func kindsOf(from, to vn.Date) []outbreak.DayKind {
	if t := knownKinds(); from >= t.from && int(to-t.from) < len(t.kinds) {
		return t.kinds[from-t.from : to-t.from+1]
	}
	var out []outbreak.DayKind
	for d := from; d <= to; d++ {
		out = append(out, outbreak.KindOf(calendar(), d))
	}
	return out
}
