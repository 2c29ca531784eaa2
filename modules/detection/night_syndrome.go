// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"slices"
	"strings"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// turned names days of a syndrome in a unit that are to be judged again.
type turned struct {
	Syndrome string    `json:"syndrome"`
	Unit     vn.UnitID `json:"unit"`
	Days     []vn.Date `json:"days"`
}

// checkSyndromes judges every syndrome in every unit that had visits, on the days
// that may still be judged, and lists what the view holds otherwise. The sums
// that it rests on were held against the visits before ([Module.wrongVisits]).
func (m *Module) checkSyndromes(ctx context.Context) (list []turned, series int, err error) {
	on := m.today()
	l := m.asked(store.SystemActor(), vn.Nation, 0)
	var units []vn.UnitID
	err = l.rows(ctx, `select distinct unit from detection_daily where year >= ? order by unit desc`, []any{on.AddDays(-content.SyndromeRuleOn(on).BackDays).Year()},
		func(scan func(...any) error) error {
			var unit int64
			err := scan(&unit)
			units = append(units, vn.UnitID(unit))
			return err
		})
	if err != nil {
		return nil, 0, err
	}
	var w outbreak.Work
	for _, unit := range units { // children first
		found, err := l.turned(ctx, unit, on, &w)
		if err == nil && len(found) > 0 { // the view may have gone on between two questions
			found, err = l.turned(ctx, unit, on, &w)
		}
		if err != nil {
			return nil, 0, err
		}
		series += len(content.Syndromes(on))
		list = append(list, found...)
	}
	if len(list) > mostAgain {
		list = list[:mostAgain]
	}
	return list, series, nil
}

// turned judges the last days of a unit from its visits, and lists those that
// stand otherwise.
func (l ledger) turned(ctx context.Context, unit vn.UnitID, on vn.Date, w *outbreak.Work) (out []turned, err error) {
	rule := content.SyndromeRuleOn(on)
	from := on.AddDays(-rule.BackDays)
	d, err := l.recent(ctx, unit, on, rule)
	if err != nil {
		return nil, err
	}
	stands, err := l.alarmDays(ctx, unit, from)
	if err != nil {
		return nil, err
	}
	for _, s := range content.Syndromes(on) {
		x := turned{Syndrome: s.ID, Unit: unit}
		for day := from; day <= on; day++ {
			v, _, err := d.judgeDay(s.ID, day, rule, w)
			if err != nil {
				return nil, err
			}
			if v.Alarm != stands[dayAlarm{s.ID, day}] {
				x.Days = append(x.Days, day)
			}
		}
		if len(x.Days) > 0 {
			out = append(out, x)
		}
	}
	return out, nil
}

// recent reads the visits of a unit that the last days are judged by.
func (l ledger) recent(ctx context.Context, unit vn.UnitID, on vn.Date, rule content.SyndromeRule) (*daily, error) {
	from := on.AddDays(-rule.BackDays)
	return l.daily(ctx, unit, from.AddDays(-6-rule.HistoryDays).Year(), from.AddDays(-rule.ReachDays).Year(), on.Year())
}

// lookAgain judges the last days of a syndrome in a unit again, and in those
// above, where its alert may explain theirs.
func (t *turn) lookAgain(ctx context.Context, of turned) error {
	on := vn.DateOf(t.c.At)
	rule := content.SyndromeRuleOn(on)
	units := t.units.Above(of.Unit)
	slices.Reverse(units)
	below := false
	for _, unit := range units {
		d, err := t.ledger().recent(ctx, unit, on, rule)
		if err != nil {
			return err
		}
		from := max(on.AddDays(-rule.BackDays), of.Days[0])
		before, err := t.ledger().alarmDays(ctx, unit, from)
		if err != nil {
			return err
		}
		x := sighting{place: place{of.Syndrome, unit, t.levelOf(unit)}, days: d, rule: rule}
		if err := t.look(ctx, &x, from, on, before); err != nil {
			return err
		}
		if !x.turned && !below {
			return nil
		}
		x.added = x.turned && len(x.alarms) > 0
		if err := t.announce(ctx, x, below); err != nil {
			return err
		}
		below = true
	}
	return nil
}

// visitDay names a sum of visits.
type visitDay struct {
	unit     vn.UnitID
	syndrome string
	day      vn.Date
}

// wrongVisits counts the sums of days that are not those of the visits, as far
// back as days are judged by.
func (m *Module) wrongVisits(ctx context.Context) (int, error) {
	on := m.today()
	rule := content.SyndromeRuleOn(on)
	from := on.AddDays(-rule.BackDays - rule.ReachDays)
	l := m.asked(store.SystemActor(), vn.Nation, 0)
	sums, heard := map[visitDay]int32{}, map[visitDay]bool{}
	err := l.rows(ctx, `select unit, day, syndromes, count(*) from detection_visit where day >= ? group by unit, day, syndromes`, []any{int64(from)},
		func(scan func(...any) error) error {
			var unit, day int64
			var ids string
			var n int32
			if err := scan(&unit, &day, &ids, &n); err != nil {
				return err
			}
			commune := visitDay{vn.UnitID(unit), communesHeard, vn.Date(day)}
			first := m.levelOf(commune.unit) == vn.LevelCommune && !heard[commune]
			heard[commune] = true
			for _, u := range m.units.Above(commune.unit) {
				for _, id := range append(strings.Fields(ids), allVisits) {
					sums[visitDay{u, id, commune.day}] += n
				}
				if first && u != commune.unit {
					sums[visitDay{u, communesHeard, commune.day}]++
				}
			}
			return nil
		})
	if err != nil {
		return 0, err
	}
	wrong := 0
	err = l.rows(ctx, `select unit, syndrome, year, counts from detection_daily where year >= ?`, []any{from.Year()}, func(scan func(...any) error) error {
		var k visitDay
		var unit int64
		var year int
		var counts string
		if err := scan(&unit, &k.syndrome, &year, &counts); err != nil {
			return err
		}
		y, err := unpackDays(counts)
		if err != nil {
			return err
		}
		k.unit = vn.UnitID(unit)
		for i, n := range y {
			if k.day = firstOf(year).AddDays(i); n != 0 && k.day >= from {
				wrong += flag(sums[k] != n)
				delete(sums, k)
			}
		}
		return nil
	})
	return wrong + len(sums), err
}
