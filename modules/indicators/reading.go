// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"context"
	"fmt"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Reading says how a figure is read: of which unit and period, on the map of
// which day, as the log stood when.
type Reading struct {
	Indicator string
	Unit      vn.UnitID
	Period    Period
	// Map is the day whose units count: an event of a unit that is no more, or
	// was not yet, counts where its place lies on that day.
	Map vn.Date
	// AsOf is when: what was written later is not known yet. Zero = now.
	AsOf time.Time
}

// Figure is a value with what is needed to get the same one again.
type Figure struct {
	Value
	Position int64 // of the log
	// Unsure counts events of places that were divided: on this map they lie
	// in the unit or beside it. They are not in the numerator.
	Unsure int64
	// Complete is set when the period had ended and nothing is missing: no
	// event unsure, the denominator known whole.
	Complete bool
}

// Read computes one figure from the events behind it, not from the sums that
// boards show. With AsOf it folds the indicator anew from the beginning of the
// log (see [store.Store.Past]): seconds for a province's record.
// Errors as [Module.Value].
func (m *Module) Read(ctx context.Context, a store.Actor, r Reading) (Figure, error) {
	f, ok := m.fold(r.Indicator)
	if !ok {
		return Figure{}, issue.New(issue.NotFound, "indicators.unknown", r.Indicator)
	}
	v := Figure{Value: Value{Indicator: f.Indicator, Unit: r.Unit, Period: r.Period}}
	door, known := m.store.For(a), m.today()
	var err error
	if r.AsOf.IsZero() {
		v.Position, err = m.store.Position(ctx, "indicators")
	} else {
		known = min(known, vn.DateOf(r.AsOf))
		v.Position, err = m.store.PositionAt(ctx, r.AsOf)
	}
	if err != nil {
		return v, fmt.Errorf("figure %s: %w", r.Indicator, err)
	}
	if !r.AsOf.IsZero() {
		only := &Module{store: m.store, units: m.units, diseases: m.diseases, folds: []fold{f}, now: m.now}
		past, err := m.store.Past(ctx, only.Follower(), v.Position)
		if err != nil {
			return v, fmt.Errorf("figure %s: %w", r.Indicator, err)
		}
		defer past.Close()
		door = door.In(past)
	}
	places, err := m.places(ctx, door, f, r)
	if err != nil {
		return v, fmt.Errorf("figure %s: %w", r.Indicator, err)
	}
	for _, p := range places {
		switch in, of := m.within(p.unit, r.Unit, r.Map); {
		case in == of:
			v.Numerator += p.events
		case in > 0:
			v.Unsure += p.events
		}
	}
	m.divide(&v.Value, r.Map)
	v.Complete = r.Period.To < known && v.Unsure == 0 && v.HasRate
	return v, nil
}

// place is how many events of the period were recorded in a unit.
type place struct {
	unit   vn.UnitID
	events int64
}

// places counts what counts (see around) by the unit as it was recorded, a
// person by the earliest item.
func (m *Module) places(ctx context.Context, door store.Door, f fold, r Reading) ([]place, error) {
	counted := `select origin, day, row_number() over (partition by patient order by day, resource) as turn
		  from indicators_item
		 where indicator = ? and held = 0 and (sensitivity = '' or ? = 1 and resource not like 'Condition/%')`
	turn := ``
	if f.Kind == "people" {
		turn = ` and turn = 1`
	}
	return store.Figures(ctx, door, r.Unit, func(scan store.Scan) (place, error) {
		var p place
		return p, scan(&p.unit, &p.events)
	}, `select origin, count(*) from (`+counted+`) as counted
		 where day >= ? and day <= ?`+turn+` group by origin order by origin`,
		f.ID, whole(door, r.Unit), m.since(f, r.Period), int64(r.Period.To))
}

// within says of how many units of the day the place may be, and how many of
// these lie in the unit. What nobody knows lies in the nation.
func (m *Module) within(place, unit vn.UnitID, on vn.Date) (in, of int) {
	var candidates []vn.Unit
	for u, ok := m.units.Get(place); ok && len(candidates) == 0; u, ok = m.units.Get(u.Parent) {
		candidates = m.units.On(u.ID, on)
	}
	if len(candidates) == 0 {
		candidates = m.units.On(vn.Nation, on)
	}
	for _, u := range candidates {
		if m.units.Within(u.ID, unit) {
			in++
		}
	}
	return in, len(candidates)
}
