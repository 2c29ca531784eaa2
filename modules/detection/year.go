// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"mach/store"
	"mach/vn"
)

// year holds the counts of a series in the weeks of one ISO year, as one row of
// detection_year: a baseline is read by six rows instead of three hundred, which
// is most of the cost of judging a case.
type year [53]int32

func (y year) pack() string { return packed(y[:]) }

// unpack reads what pack wrote.
func unpack(s string) (y year, err error) {
	i := 0
	for f := range strings.FieldsSeq(s) {
		n, err := strconv.ParseInt(f, 10, 32)
		if err != nil || i == len(y) {
			return y, fmt.Errorf("weekly counts %q: %w", s, err)
		}
		y[i] = int32(n)
		i++
	}
	return y, nil
}

// packed writes counts as numbers with spaces between, without the zeros at the
// end.
func packed(counts []int32) string {
	n := len(counts)
	for n > 0 && counts[n-1] == 0 {
		n--
	}
	b := make([]byte, 0, 2*n)
	for i, c := range counts[:n] {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(c), 10)
	}
	return string(b)
}

// count adds to the week of a series: change to what counts, seen to what was
// counted when it was first reported.
func (t *turn) count(ctx context.Context, p place, week vn.Week, change, seen int32) error {
	var counts, first string
	if _, err := t.tx.Row(ctx, []any{&counts, &first}, `select counts, seen from detection_year where disease = ? and unit = ? and year = ?`,
		p.disease, int64(p.unit), week.Year); err != nil {
		return err
	}
	for _, x := range []struct {
		text *string
		by   int32
	}{{&counts, change}, {&first, seen}} {
		if x.by == 0 {
			continue
		}
		y, err := unpack(*x.text)
		if err != nil {
			return err
		}
		y[week.Number-1] += x.by
		*x.text = y.pack()
	}
	return t.tx.Exec(ctx, `insert into detection_year (disease, unit, year, counts, seen) values (?, ?, ?, ?, ?)
		on conflict (disease, unit, year) do update set counts = excluded.counts, seen = excluded.seen`, p.disease, int64(p.unit), week.Year, counts, first)
}

// years reads the weekly counts of a series from a Monday to another, and calls
// each for every week that has any.
func (l ledger) years(ctx context.Context, p place, from, to vn.Date, each func(week vn.Date, count, seen int32)) error {
	return l.rows(ctx, `select year, counts, seen from detection_year where disease = ? and unit = ? and year >= ? and year <= ?`,
		[]any{p.disease, int64(p.unit), vn.WeekOf(from).Year, vn.WeekOf(to).Year}, func(scan func(...any) error) error {
			var of int
			var counts, first string
			if err := scan(&of, &counts, &first); err != nil {
				return err
			}
			y, err := unpack(counts)
			if err != nil {
				return err
			}
			seen, err := unpack(first)
			start := vn.Week{Year: of, Number: 1}.Start()
			for i := range y {
				if w := start.AddDays(7 * i); (y[i] != 0 || seen[i] != 0) && w >= from && w <= to {
					each(w, y[i], seen[i])
				}
			}
			return err
		})
}

// asked is a ledger that an actor reads, as it stands now: figures of a unit.
func (m *Module) asked(a store.Actor, unit vn.UnitID, seq int64) ledger {
	door := m.store.For(a)
	return ledger{units: m.units, land: m.land, seq: seq, rows: func(ctx context.Context, sql string, args []any, scan func(func(...any) error) error) error {
		_, err := store.Figures(ctx, door, unit, func(row store.Scan) (struct{}, error) { return struct{}{}, scan(row) }, sql, args...)
		return err
	}}
}
