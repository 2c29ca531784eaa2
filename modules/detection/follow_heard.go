// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"

	"mach/store"
	"mach/vn"
)

// hearing is why a unit is heard of in a week.
type hearing struct {
	unit  vn.UnitID // 0: nobody is heard of
	week  vn.Date   // its Monday
	visit bool
}

// hears is the week of a day; none to come: clocks go wrong.
func hears(unit vn.UnitID, day vn.Date, c store.Change, visit bool) hearing {
	return hearing{unit, vn.WeekOf(min(day, vn.DateOf(c.At))).Start(), visit}
}

// rehear takes a unit for heard of in one week, and no longer in another for the
// same reason: the day was corrected, or whatever said it is gone. The zero
// hearing is none.
func (m *Module) rehear(ctx context.Context, tx store.Tx, c store.Change, was, is hearing) error {
	if was == is {
		return nil
	}
	if err := m.hear(ctx, tx, c, is); err != nil {
		return err
	}
	return m.unhear(ctx, tx, c, was)
}

// hear marks the week as one in which the unit, and those above it, reported.
// What rests on its silence until then is judged again.
func (m *Module) hear(ctx context.Context, tx store.Tx, c store.Change, h hearing) error {
	if h.unit == 0 {
		return nil
	}
	units := m.units.Above(h.unit)
	var visited int64
	known, err := tx.Row(ctx, []any{&visited}, `select visited from detection_reporting where unit = ? and week = ?`, int64(h.unit), int64(h.week))
	if err != nil {
		return err
	}
	if known && (visited != 0 || !h.visit) { // one reason more, and the time
		args := []any{flag(h.visit), c.At.UnixMicro(), c.At.UnixMicro(), int64(h.week)}
		for _, u := range units {
			args = append(args, int64(u))
		}
		return tx.Exec(ctx, `update detection_reporting set sources = sources + 1, visits = visits + ?, last = case when last < ? then ? else last end
			 where week = ? and unit in (`+marks(len(units))+`)`, args...)
	}
	t := turn{Module: m, tx: tx, c: c}
	if err := t.heardAnew(ctx, h); err != nil {
		return err
	}
	if visited = 0; h.visit {
		visited = c.Seq
	}
	heard := flag(!known && m.levelOf(h.unit) == vn.LevelCommune) // a CDC is no commune that reports
	for _, u := range units {
		if err := tx.Exec(ctx, `insert into detection_reporting (unit, week, seq, visited, heard, last, sources, visits) values (?, ?, ?, ?, ?, ?, 1, ?)
			on conflict (unit, week) do update set
			   visited = case when detection_reporting.visited = 0 then excluded.visited else detection_reporting.visited end,
			   heard = detection_reporting.heard + excluded.heard,
			   last = case when detection_reporting.last < excluded.last then excluded.last else detection_reporting.last end,
			   sources = detection_reporting.sources + 1, visits = detection_reporting.visits + excluded.visits`,
			int64(u), int64(h.week), c.Seq, visited, heard, c.At.UnixMicro(), flag(h.visit)); err != nil {
			return err
		}
	}
	return nil
}

// unhear takes back one reason why the unit was heard of in a week. With the last
// one, or the last visit, what rests on it is judged again.
func (m *Module) unhear(ctx context.Context, tx store.Tx, c store.Change, h hearing) error {
	if h.unit == 0 {
		return nil
	}
	var sources, visits int
	if found, err := tx.Row(ctx, []any{&sources, &visits}, `select sources, visits from detection_reporting where unit = ? and week = ?`,
		int64(h.unit), int64(h.week)); err != nil || !found {
		return err
	}
	gone := sources == 1
	for _, u := range m.units.Above(h.unit) {
		if err := m.forget(ctx, tx, c, u, h, flag(gone && m.levelOf(h.unit) == vn.LevelCommune)); err != nil {
			return err
		}
	}
	if !gone && !(h.visit && visits == 1) {
		return nil
	}
	t := turn{Module: m, tx: tx, c: c}
	return t.heardAnew(ctx, h)
}

// forget takes a reason out of the week of a unit, which communes fewer are heard
// of in. What was known until then is kept for replays where it is another now.
func (m *Module) forget(ctx context.Context, tx store.Tx, c store.Change, unit vn.UnitID, h hearing, communes int) error {
	visit, key := flag(h.visit), []any{int64(unit), int64(h.week)}
	const other = ` where unit = ? and week = ? and (sources = 1 or ? = 1 and visits = 1)`
	if err := tx.Exec(ctx, `insert into detection_unheard (unit, week, seq, visited, until)
		select unit, week, seq, visited, cast(? as bigint) from detection_reporting`+other, append([]any{c.Seq}, append(key, visit)...)...); err != nil {
		return err
	}
	if err := tx.Exec(ctx, `delete from detection_reporting where unit = ? and week = ? and sources = 1`, key...); err != nil {
		return err
	}
	return tx.Exec(ctx, `update detection_reporting set
		   seq = case when visits = ? then cast(? as bigint) else seq end, visited = case when visits = ? then 0 else visited end,
		   sources = sources - 1, visits = visits - ?, heard = heard - ?
		 where unit = ? and week = ?`, append([]any{2*visit - 1, c.Seq, 2*visit - 1, visit, communes}, key...)...)
}
