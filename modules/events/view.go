// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"mach/issue"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// within is the condition that a row lies in the unit: the columns unit and
// province of the table.
func within(u vn.Unit, table string) (string, []any) {
	switch u.Level {
	case vn.LevelNation:
		return "1 = 1", nil
	case vn.LevelProvince:
		return table + "province = ?", []any{int64(u.ID)}
	}
	return table + "unit = ?", []any{int64(u.ID)}
}

func scanEvent(scan store.Scan) (Event, error) {
	var e Event
	var b string
	if err := scan(&b); err != nil {
		return e, err
	}
	err := json.Unmarshal([]byte(b), &e)
	return e, err
}

// Event returns an event.
// Errors: NotFound when there is none, also for who may not see it.
func (m *Module) Event(ctx context.Context, a store.Actor, id string) (Event, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanEvent, `select event from events_event where id = ?`, id)
	if err != nil {
		return Event{}, fmt.Errorf("event: %w", err)
	}
	if len(rows) == 0 {
		return Event{}, issue.New(issue.NotFound, "events.none")
	}
	return rows[0], nil
}

// Stages as conditions.
const (
	stillOpen = `stage not in ('closed', 'discarded')`
	ended     = `stage in ('closed', 'discarded')`
)

// Events lists the open events of a unit, the oldest first, or the latest that
// have ended.
func (m *Module) Events(ctx context.Context, a store.Actor, unit vn.Unit, over bool, limit int) (rows []Event, more bool, err error) {
	where, args := within(unit, "")
	order := stillOpen + ` order by told, id limit ?`
	if over {
		order = ended + ` order by moved desc, id limit ?`
	}
	rows, more, err = store.First(ctx, m.store.For(a), unit.ID, limit, scanEvent, `select event from events_event where `+where+` and `+order, args...)
	if err != nil {
		return nil, false, fmt.Errorf("events of %v: %w", unit.ID, err)
	}
	return rows, more, nil
}

// RiskOf is the highest risk that an open event of the disease in the commune was
// assessed with; "" when none was. It names no event: who may see the counts of
// the commune may know.
func (m *Module) RiskOf(ctx context.Context, a store.Actor, unit vn.UnitID, disease string) (outbreak.Risk, error) {
	rows, err := store.Figures(ctx, m.store.For(a), unit, scanEvent, `select event from events_event where unit = ? and disease = ? and `+stillOpen,
		int64(m.units.Latest(unit)), disease)
	if err != nil {
		return "", fmt.Errorf("risk of a disease: %w", err)
	}
	var highest outbreak.Risk
	for _, e := range rows {
		if r := outbreak.Risk(e.Risk); r.AtLeast(outbreak.RiskLow) && (highest == "" || r.AtLeast(highest)) {
			highest = r
		}
	}
	return highest, nil
}

// Told lists the events that the actor gave the first signal of, the newest
// first: what became of it returns to who reported.
func (m *Module) Told(ctx context.Context, a store.Actor) ([]Event, error) {
	rows, err := store.List(ctx, m.store.For(a), 0, scanEvent, `select event from events_event where author = ? order by told desc, id limit 20`, a.Account)
	if err != nil {
		return nil, fmt.Errorf("events somebody told of: %w", err)
	}
	return rows, nil
}

// sameDays is how many days apart two signals of one disease and commune may
// lie and still be offered as one event.
const sameDays = 7

// Alike lists the open events that a new signal may belong to: of the same
// commune within 7 days, of the same disease or both of an unknown one; focus
// and epidemic however old they are.
func (m *Module) Alike(ctx context.Context, a store.Actor, t Tidings) ([]Event, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanEvent, `
		select event from events_event
		 where unit = ? and disease = ? and `+stillOpen+` and (told >= ? or stage in ('focus', 'epidemic')) order by told, id limit 10`,
		int64(m.units.Latest(t.Unit)), t.Disease, m.now().AddDate(0, 0, -sameDays).UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("events alike: %w", err)
	}
	return rows, nil
}

// Rivals are the other events of the same commune and disease: what a signal
// may be a duplicate of.
func (m *Module) Rivals(ctx context.Context, a store.Actor, e Event) ([]Event, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanEvent, `
		select event from events_event where unit = ? and disease = ? and id <> ? and stage <> 'discarded' order by told desc, id limit 10`,
		int64(e.Unit), e.Disease, e.ID)
	if err != nil {
		return nil, fmt.Errorf("events beside: %w", err)
	}
	return rows, nil
}

// named reports whether another open focus of the disease in the province has
// the name: cases could not be told apart.
func (m *Module) named(ctx context.Context, a store.Actor, e Event, name string) (bool, error) {
	rows, err := store.Figures(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (int, error) {
		var n int
		err := scan(&n)
		return n, err
	}, `select count(*) from events_event where disease = ? and province = ? and focus = ? and id <> ? and stage in ('focus', 'epidemic')`,
		e.Disease, int64(m.units.ProvinceOf(e.Unit)), vn.Fold(name), e.ID)
	if err != nil {
		return false, fmt.Errorf("name of a focus: %w", err)
	}
	return len(rows) == 1 && rows[0] > 0, nil
}

// stepRow is a step as the guard judges it: at its own category.
type stepRow struct{ Step }

func (s stepRow) Labels() store.Labels {
	return store.Labels{Type: "Communication", ID: s.ID, Facility: s.Facility, Unit: s.Unit, Author: s.Author, Category: s.Category}
}

// Steps lists the steps of an event that the actor may see, oldest first.
func (m *Module) Steps(ctx context.Context, a store.Actor, id string) ([]Step, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (stepRow, error) {
		var s stepRow
		var b string
		if err := scan(&b); err != nil {
			return s, err
		}
		err := json.Unmarshal([]byte(b), &s.Step)
		return s, err
	}, `select step from events_step where event = ? order by seq, id`, id)
	if err != nil {
		return nil, fmt.Errorf("steps of an event: %w", err)
	}
	out := make([]Step, len(rows))
	for i, r := range rows {
		out[i] = r.Step
	}
	return out, nil
}

// Phone is the number that the signals of an event give, the latest; "" for
// none, and for who may not verify.
func (m *Module) Phone(ctx context.Context, a store.Actor, steps []Step) (string, error) {
	if !slices.Contains(verifying, a.Role) {
		return "", nil
	}
	for _, s := range slices.Backward(steps) {
		if s.Kind != Signal {
			continue
		}
		d, err := m.store.For(a).Read(ctx, "Communication", s.ID)
		if err != nil {
			return "", err
		}
		if phone := phoneOf(d); phone != "" {
			return phone, nil
		}
	}
	return "", nil
}

// Notice is a form 01 or 02 that surveillance wrote.
type Notice struct {
	ID, Form, Opens string
	Unit            vn.UnitID
	Day             vn.Date
	facility        string
}

// Labels lets the guard judge the row as the form.
func (n Notice) Labels() store.Labels {
	return store.Labels{Type: "Communication", ID: n.ID, Facility: n.facility, Unit: n.Unit, Category: "epidemic"}
}

// Notices lists the forms of the event's disease and commune that it could
// name: form 01 from the day its focus began on, form 02 of the form 01 it
// names. The newest first.
func (m *Module) Notices(ctx context.Context, a store.Actor, e Event) ([]Notice, error) {
	if e.Disease == "" || e.Focus == "" {
		return nil, nil
	}
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Notice, error) {
		var n Notice
		var unit, on int64
		err := scan(&n.ID, &n.Form, &n.Opens, &unit, &on, &n.facility)
		n.Unit, n.Day = vn.UnitID(unit), vn.Date(on)
		return n, err
	}, `select id, form, opens, unit, day, facility from events_notice
		 where unit = ? and disease = ? and (form = '01' and day >= ? or form = '02' and opens = ? and opens <> '') order by day desc, id desc`,
		int64(e.Unit), e.Disease, int64(e.Since), e.Notice)
	if err != nil {
		return nil, fmt.Errorf("forms of an event: %w", err)
	}
	return rows, nil
}
