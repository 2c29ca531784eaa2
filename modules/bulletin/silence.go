// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// state is what a commune sent of a week, as the heat map shows it.
type state uint8

// The states. Quiet is a short gap, or a commune that never sent a visit: no
// report may mean no case. Unknown is before the commune sent anything at all.
const (
	stateUnknown state = iota
	stateSilent
	stateQuiet
	stateLate
	stateSent
)

var stateNames = [...]string{"unknown", "silent", "quiet", "late", "sent"}

func (s state) String() string { return stateNames[s] }

// sending is what communes sent week by week.
type sending struct {
	weeks  []vn.Date // Mondays, oldest first
	on     vn.Date   // the day it is seen from
	since  map[vn.UnitID]begun
	states map[vn.UnitID][]state
	sent   map[vn.UnitID][]share
}

// sending reads what the communes sent of the weeks from … to the day's.
func (m *Module) sending(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, from, on vn.Date) (sending, error) {
	since, err := m.begins(ctx, a, unit, communes)
	if err != nil {
		return sending{}, err
	}
	return m.window(ctx, a, unit, since, from, on, on)
}

// window reads the weeks from a Monday to a day, as they are seen from another:
// so long before and after that a silence which begins or ends outside is known
// as one.
func (m *Module) window(ctx context.Context, a store.Actor, unit vn.UnitID, since map[vn.UnitID]begun, from, to, on vn.Date) (sending, error) {
	n := content.DetectionOn(on).SilentWeeks
	s := sending{on: on, since: since, states: map[vn.UnitID][]state{}, sent: map[vn.UnitID][]share{}}
	first, last := from.AddDays(-7*n), min(to.AddDays(7*n), on)
	communes := slices.Collect(maps.Keys(since))
	rows, err := m.sentBy(ctx, a, unit, communes, first, last)
	if err != nil {
		return s, err
	}
	weeks := int(vn.WeekOf(to).Start()-from)/7 + 1
	for i := range weeks {
		s.weeks = append(s.weeks, from.AddDays(7*i))
	}
	sent := map[vn.UnitID][]share{}
	for _, c := range communes {
		sent[c] = make([]share, int(vn.WeekOf(last).Start()-first)/7+1)
	}
	for _, r := range rows {
		sent[r.unit][int(r.week-first)/7] = r.share
	}
	for _, c := range communes {
		s.states[c], s.sent[c] = states(sent[c], first, since[c], n, on)[n:n+weeks], sent[c][n:n+weeks]
	}
	return s, nil
}

// states judges the weeks of a commune, the first of which begins on a day;
// since says since when it sends.
func states(sent []share, first vn.Date, since begun, silent int, on vn.Date) []state {
	out := make([]state, len(sent))
	gap := 0 // weeks without anything, up to here
	for i, w := range sent {
		week := first.AddDays(7 * i)
		switch {
		case !since.any.Known() || week < since.any:
			out[i], gap = stateUnknown, 0
			continue
		case w.late > 0:
			out[i], gap = stateLate, 0
			continue
		case w.cases+w.visits > 0:
			out[i], gap = stateSent, 0
			continue
		}
		out[i] = stateQuiet
		if !since.visit.Known() || week < since.visit || week+6 > on { // never heard daily, or not over
			continue
		}
		if gap++; gap >= silent {
			for j := i - gap + 1; j <= i; j++ {
				out[j] = stateSilent
			}
		}
	}
	return out
}

// unheard reports whether nothing is known of the days: every week that they
// touch is blank.
func (s sending) unheard(unit vn.UnitID, from, to vn.Date) bool {
	first := max(0, int(vn.WeekOf(from).Start()-s.weeks[0])/7)
	for i := first; i < len(s.weeks) && s.weeks[i] <= to; i++ {
		if !s.blank(unit, i) {
			return false
		}
	}
	return first < len(s.weeks) && s.weeks[first] <= to
}

// blank reports whether no case in week i says nothing: it lies before the
// commune was first heard of, or nothing came in it from a commune that had sent
// visits before; the week under way is as the one before it. The detection takes
// the same weeks as missing. One blank week is short for a silence.
func (s sending) blank(unit vn.UnitID, i int) bool {
	switch s.states[unit][i] {
	case stateUnknown:
		return true
	case stateSent, stateLate:
		return false
	}
	if i > 0 && s.weeks[i]+6 > s.on {
		return s.blank(unit, i-1)
	}
	visit := s.since[unit].visit
	return visit.Known() && s.weeks[i] > visit
}

// Unheard answers for communes whether nothing is known of the days from … to, so
// that no case is no zero: they lie before the commune was first heard of, or in
// whole weeks in which nothing came from it. It knows the days that were asked
// for, each from … to, and says false of others. A unit above communes is asked
// for as itself, alone: nothing is known of it where that is so of every commune
// that was heard of before.
func (m *Module) Unheard(ctx context.Context, a store.Actor, unit vn.UnitID, communes []vn.UnitID, days [][2]vn.Date, on vn.Date) (func(commune vn.UnitID, from, to vn.Date) bool, error) {
	if u, ok := m.units.Get(unit); ok && u.Level != vn.LevelCommune && len(communes) == 1 && communes[0] == unit {
		weeks := map[vn.Date]bool{}
		for _, d := range days {
			for w := vn.WeekOf(d[0]).Start(); w <= min(d[1], on); w = w.AddDays(7) {
				weeks[w] = true
			}
		}
		return m.unheardAbove(ctx, a, u, weeks, on)
	}
	since, err := m.begins(ctx, a, unit, communes)
	if err != nil {
		return nil, err
	}
	var windows []sending
	for _, w := range joined(days, on) {
		s, err := m.window(ctx, a, unit, since, w[0], w[1], on)
		if err != nil {
			return nil, err
		}
		windows = append(windows, s)
	}
	return func(commune vn.UnitID, from, to vn.Date) bool {
		for _, s := range windows {
			if s.weeks[0] <= from && from <= s.weeks[len(s.weeks)-1]+6 {
				return s.unheard(commune, from, to)
			}
		}
		return false
	}, nil
}

// blanks are the periods until a day in which no case says nothing: of a commune
// those in which nobody was heard of, of a unit above those in which that is so of
// every commune that was heard of before. cases are those of the periods: one with
// a case is no blank.
func (m *Module) blanks(ctx context.Context, a store.Actor, unit vn.Unit, s step, dates []vn.Date, cases []int, on vn.Date) ([]bool, error) {
	var unheard func(_ vn.UnitID, from, to vn.Date) bool
	var err error
	if unit.Level == vn.LevelCommune {
		unheard, err = m.Unheard(ctx, a, unit.ID, []vn.UnitID{unit.ID}, [][2]vn.Date{{dates[0], on}}, on)
	} else {
		weeks := map[vn.Date]bool{}
		for i, d := range dates {
			for w := vn.WeekOf(d).Start(); cases[i] == 0 && w <= min(s.end(d), on); w = w.AddDays(7) {
				weeks[w] = true
			}
		}
		unheard, err = m.unheardAbove(ctx, a, unit, weeks, on)
	}
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(dates))
	for i, d := range dates {
		out[i] = cases[i] == 0 && unheard(unit.ID, d, min(s.end(d), on))
	}
	return out, nil
}

// unheardAbove answers for a unit above communes, of days in the weeks named.
func (m *Module) unheardAbove(ctx context.Context, a store.Actor, unit vn.Unit, weeks map[vn.Date]bool, on vn.Date) (func(_ vn.UnitID, from, to vn.Date) bool, error) {
	for w := range weeks { // the week under way is as the one before it
		if w+6 > on {
			weeks[w.AddDays(-7)] = true
		}
	}
	communes := vn.IDs(m.units.Communes(unit.ID, on))
	heard, err := m.heardAbove(ctx, a, unit, communes, slices.Sorted(maps.Keys(weeks)))
	if err != nil {
		return nil, err
	}
	quiet := slices.ContainsFunc(slices.Collect(maps.Keys(weeks)), func(w vn.Date) bool { return !heard[w] })
	var since map[vn.UnitID]begun
	if quiet { // it is seldom: who sends is asked only then
		if since, err = m.begins(ctx, a, unit.ID, communes); err != nil {
			return nil, err
		}
	}
	blank := func(w vn.Date) bool {
		if w+6 > on {
			if heard[w] {
				return false
			}
			w = w.AddDays(-7)
		}
		if !weeks[w] || heard[w] {
			return false
		}
		before := false // somebody was heard of
		for _, b := range since {
			if !b.any.Known() || w < b.any {
				continue
			}
			if before = true; !b.visit.Known() || w <= b.visit {
				return false // it sends cases only: none may be none
			}
		}
		return before
	}
	return func(_ vn.UnitID, from, to vn.Date) bool {
		for w := vn.WeekOf(from).Start(); w <= to; w = w.AddDays(7) {
			if !blank(w) {
				return false
			}
		}
		return true
	}, nil
}

// heardAbove are those of the weeks in which anybody of the unit was heard of.
func (m *Module) heardAbove(ctx context.Context, a store.Actor, unit vn.Unit, communes []vn.UnitID, weeks []vn.Date) (map[vn.Date]bool, error) {
	out := map[vn.Date]bool{}
	if len(weeks) == 0 {
		return out, nil
	}
	args := make([]any, len(weeks))
	for i, w := range weeks {
		args[i] = int64(w)
	}
	where := ``
	if unit.Level != vn.LevelNation {
		where = ` and w.unit in (` + marks(len(communes)+1) + `)`
		args = append(args, append(unitArgs(communes), int64(unit.ID))...)
	}
	list, err := store.Figures(ctx, m.store.For(a), unit.ID, func(scan store.Scan) (vn.Date, error) {
		var w int64
		err := scan(&w)
		return vn.Date(w), err
	}, `select v.column1 from (values `+strings.TrimSuffix(strings.Repeat("(cast(? as bigint)), ", len(weeks)), ", ")+`) as v
		 where exists (select 1 from bulletin_week w where w.week = v.column1 and w.visits + w.cases > 0`+where+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("weeks in which %v was heard of: %w", unit.ID, err)
	}
	for _, w := range list {
		out[w] = true
	}
	return out, nil
}

// totals are the cases of the periods.
func (c *course) totals() []int {
	out := make([]int, len(c.cases))
	for i, t := range c.cases {
		out[i] = t.total()
	}
	return out
}

// hush marks the blank periods without a case as silent.
func (c *course) hush(blank []bool) {
	for i := range blank {
		c.silent[i] = blank[i] && c.cases[i].total() == 0
	}
}

// joined are the days as whole weeks with one more before, oldest first, those
// that touch as one; none ends after the day.
func joined(days [][2]vn.Date, on vn.Date) (out [][2]vn.Date) {
	days = slices.Clone(days)
	slices.SortFunc(days, func(x, y [2]vn.Date) int { return cmp.Compare(x[0], y[0]) })
	for _, d := range days {
		if d[0] > on {
			break
		}
		from, to := vn.WeekOf(d[0]).Start().AddDays(-7), min(d[1], on)
		if last := len(out) - 1; last >= 0 && from <= out[last][1]+1 {
			out[last][1] = max(out[last][1], to)
			continue
		}
		out = append(out, [2]vn.Date{from, to})
	}
	return out
}
