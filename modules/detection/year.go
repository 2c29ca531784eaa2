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

// count adds to the week of the series of a disease at each unit: change to what
// counts, seen to what was counted when it was first reported.
func (t *turn) count(ctx context.Context, disease string, units []vn.UnitID, week vn.Week, change, seen int32) error {
	type row struct{ counts, seen string }
	had := make(map[vn.UnitID]row, len(units))
	args := []any{disease, week.Year}
	for _, u := range units {
		args = append(args, int64(u))
	}
	err := t.tx.Rows(ctx, `select unit, counts, seen from detection_year where disease = ? and year = ? and unit in (`+marks(len(units))+`)`, args,
		func(scan func(...any) error) error {
			var unit vn.UnitID
			var r row
			err := scan(&unit, &r.counts, &r.seen)
			had[unit] = r
			return err
		})
	if err != nil {
		return err
	}
	for _, u := range units {
		r := had[u]
		if r.counts, err = plus(r.counts, week, change); err != nil {
			return err
		}
		if r.seen, err = plus(r.seen, week, seen); err != nil {
			return err
		}
		if err := t.tx.Exec(ctx, `insert into detection_year (disease, unit, year, counts, seen) values (?, ?, ?, ?, ?)
			on conflict (disease, unit, year) do update set counts = excluded.counts, seen = excluded.seen`, disease, int64(u), week.Year, r.counts, r.seen); err != nil {
			return err
		}
	}
	return nil
}

// plus adds to a week of packed counts.
func plus(counts string, week vn.Week, by int32) (string, error) {
	if by == 0 {
		return counts, nil
	}
	y, err := unpack(counts)
	if err != nil {
		return "", err
	}
	y[week.Number-1] += by
	return y.pack(), nil
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
	return ledger{units: m.units, law: m.law, land: m.land, seq: seq, rows: func(ctx context.Context, sql string, args []any, scan func(func(...any) error) error) error {
		_, err := store.Figures(ctx, door, unit, func(row store.Scan) (struct{}, error) { return struct{}{}, scan(row) }, sql, args...)
		return err
	}}
}
