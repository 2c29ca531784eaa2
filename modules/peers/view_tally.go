// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"mach/store"
	"mach/vn"
)

// Oversees reports whether the actor may see who is missing: the author, and
// senders whose jurisdiction holds the notice's unit or lies in it.
func (m *Module) Oversees(a store.Actor, n Notice) bool {
	if n.Call {
		return false
	}
	if a.Practitioner != "" && a.Practitioner == n.Author {
		return true
	}
	if !slices.Contains(senders, a.Role) {
		return false
	}
	j := a.Oversees(m.units)
	return m.units.Within(n.Unit, j) || m.units.Within(j, n.Unit)
}

// Tally gives the exact state of a notice: per unit one level below the
// reader's jurisdiction (or the commune), and who is missing there, in order of
// unit and name. Only the reader's own subtree is shown. Everybody counts where
// they worked at publication, also who has moved or left since.
func (m *Module) Tally(ctx context.Context, a store.Actor, id string) ([]Progress, []Missing, error) {
	n, set, err := m.load(ctx, a, id)
	if err != nil {
		return nil, nil, err
	}
	if !m.Oversees(a, n) {
		return nil, nil, m.refuse(ctx, a, store.ActFigures, n.Unit)
	}
	top := a.Oversees(m.units)
	if !m.units.Within(top, n.Unit) {
		top = n.Unit
	}
	places, err := m.places(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	acked, err := m.acked(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	members, err := m.members(ctx)
	if err != nil {
		return nil, nil, err
	}
	progress, missing := m.tally(set, places, top, members, acked)
	if err := m.name(ctx, a, top, missing); err != nil {
		return nil, nil, err
	}
	l := store.Labels{Type: "Notice", ID: id, Unit: n.Unit, Facility: a.Facility}
	return progress, missing, m.store.Note(ctx, a, store.ActFigures, l, store.Decision{Allow: true, Reason: "peers.audience"})
}

// tally counts an audience by unit and lists who has not acknowledged; the
// names are still to be filled in.
func (m *Module) tally(set bitmap, places []byte, top vn.UnitID, members map[int]string, acked map[string]bool) ([]Progress, []Missing) {
	byUnit := map[vn.UnitID]*Progress{}
	var missing []Missing
	for member := range set.all() {
		unit := vn.UnitID(int32(binary.BigEndian.Uint32(places)))
		places = places[4:]
		if unit != top && !m.units.Within(unit, top) && top != vn.Nation {
			continue
		}
		u := m.below(unit, top)
		p := byUnit[u.ID]
		if p == nil {
			p = &Progress{Unit: u}
			byUnit[u.ID] = p
		}
		p.Addressed++
		if practitioner := members[member]; acked[practitioner] {
			p.Acked++
		} else {
			missing = append(missing, Missing{Practitioner: practitioner, Unit: unit})
		}
	}
	out := make([]Progress, 0, len(byUnit))
	for _, p := range byUnit {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(x, y Progress) int { return cmp.Compare(x.Unit.Code, y.Unit.Code) })
	return out, missing
}

// placesOf writes the unit of each member in the order of the bits.
func placesOf(set bitmap, units map[int]vn.UnitID) []byte {
	out := make([]byte, 0, 4*set.size())
	for n := range set.all() {
		out = binary.BigEndian.AppendUint32(out, uint32(units[n]))
	}
	return out
}

// name fills in names and places as they are today, and sorts by unit and
// name. Who has left is named too, as long as the directory knows the name.
func (m *Module) name(ctx context.Context, a store.Actor, top vn.UnitID, missing []Missing) error {
	here, err := m.workers(ctx, a, top, m.today())
	if err != nil {
		return err
	}
	known := make(map[string]worker, len(here))
	for _, w := range here {
		if _, ok := known[w.practitioner]; !ok {
			known[w.practitioner] = w
		}
	}
	keys := make(map[string]string, len(missing))
	for i := range missing {
		x := &missing[i]
		w, ok := known[x.Practitioner]
		if !ok {
			if w, err = m.person(ctx, a, x.Practitioner); err != nil {
				return err
			}
			if u, ok := m.units.Get(x.Unit); ok {
				w.place = u.Full()
			}
		}
		if x.Name, x.Place = w.name, w.place; x.Name == "" {
			x.Name = x.Practitioner
		}
		keys[x.Practitioner] = w.sort
	}
	slices.SortFunc(missing, func(x, y Missing) int {
		return cmp.Or(cmp.Compare(x.Unit, y.Unit), cmp.Compare(keys[x.Practitioner], keys[y.Practitioner]), cmp.Compare(x.Practitioner, y.Practitioner))
	})
	return nil
}

// person reads the name of somebody without a post here; the zero worker when
// the directory has forgotten them.
func (m *Module) person(ctx context.Context, a store.Actor, practitioner string) (worker, error) {
	rows, err := store.List(ctx, m.store.For(a), 0, func(scan store.Scan) (worker, error) {
		w := worker{practitioner: practitioner}
		return w, scan(&w.name, &w.sort)
	}, `select name, name_sort from peers_person where practitioner = ?`, practitioner)
	if err != nil || len(rows) == 0 {
		return worker{}, err
	}
	return rows[0], nil
}

// below is the unit directly under top that holds the unit; top itself where
// the unit is top, or not under it.
func (m *Module) below(unit, top vn.UnitID) vn.Unit {
	path := m.units.Path(unit)
	for i, u := range path {
		if u.ID == top && i+1 < len(path) {
			return path[i+1]
		}
	}
	u, _ := m.units.Get(top)
	return u
}

func (m *Module) places(ctx context.Context, id string) ([]byte, error) {
	var places []byte
	if _, err := m.own.Row(ctx, []any{&places}, `select places from peers_notice where id = ?`, id); err != nil {
		return nil, fmt.Errorf("places of an audience: %w", err)
	}
	return places, nil
}

func (m *Module) acked(ctx context.Context, id string) (map[string]bool, error) {
	out := map[string]bool{}
	err := m.own.Rows(ctx, `select practitioner from peers_ack where notice = ?`, []any{id}, func(scan func(...any) error) error {
		var p string
		err := scan(&p)
		out[p] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("acknowledgements of a notice: %w", err)
	}
	return out, nil
}

// members gives the practitioner behind each number.
func (m *Module) members(ctx context.Context) (map[int]string, error) {
	out := map[int]string{}
	err := m.own.Rows(ctx, `select number, practitioner from peers_member`, nil, func(scan func(...any) error) error {
		var n int64
		var p string
		err := scan(&n, &p)
		out[int(n)] = p
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	return out, nil
}
