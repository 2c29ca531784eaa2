// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"

	"mach/store"
	"mach/vn"
)

// Silence reads of which days nothing is known of communes, so that no case is
// no zero: from before they were first heard of, and from whole weeks in which
// nothing came from them. It is asked for days from … to, none after on, and
// answers for these. It is handed in because the module bulletin counts what each
// commune sends.
type Silence func(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, days [][2]vn.Date, on vn.Date) (func(commune vn.UnitID, from, to vn.Date) bool, error)

// Hear names who knows what communes send. Call it before serving. Without it
// all that is known is when the province's first case was reported.
func (m *Module) Hear(s Silence) { m.silence = s }

// unheard answers whether nothing is known of a commune on the days from … to.
type unheard func(commune vn.UnitID, from, to vn.Date) bool

// silent asks about the days; from is the month in which the province began to
// report.
func (m *Module) silent(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, days [][2]vn.Date, from, on vn.Date) (unheard, error) {
	if m.silence == nil {
		return before(from), nil
	}
	u, err := m.silence(ctx, a, unit, communes, days, on)
	if err != nil {
		return nil, fmt.Errorf("silence of communes of %v: %w", unit, err)
	}
	return u, nil
}

// before is what is known where only the first month is; vn.ZeroDate: nothing.
func before(first vn.Date) unheard {
	return func(_ vn.UnitID, from, _ vn.Date) bool { return !first.Known() || from < first }
}

// unheardOf asks about a unit of any level since a day.
func (m *Module) unheardOf(ctx context.Context, a store.Actor, unit vn.UnitID, since, on vn.Date) (unheard, error) {
	from, err := m.since(ctx, a, unit, m.province(unit))
	if err != nil {
		return nil, err
	}
	u, err := m.silent(ctx, a, unit, []vn.UnitID{unit}, [][2]vn.Date{{since, on}}, from, on)
	early := before(from)
	return func(unit vn.UnitID, from, to vn.Date) bool { return early(unit, from, to) || u(unit, from, to) }, err
}

// month and week are the days of the one that begins on a day.
func month(start vn.Date) [2]vn.Date { return [2]vn.Date{start, vn.MonthOf(start).End()} }
func week(start vn.Date) [2]vn.Date  { return [2]vn.Date{start, start + 6} }
