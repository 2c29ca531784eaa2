// SPDX-License-Identifier: Apache-2.0

package vn

import "slices"

// Successors returns what the unit is on the day: itself while it exists;
// else the one unit that took all of it, or all of its people; else every
// candidate, in code order. A district, or a province that was cut up, gives the
// successors of its communes. nil when nothing is known.
func (u *Units) Successors(id UnitID, on Date) []Unit {
	return u.walk(id, on, u.following)
}

// Predecessors returns which units of the day the unit was made of, wholly
// or in part, in code order; itself when it existed. nil when nothing is known,
// as for the five special zones made from districts without communes.
func (u *Units) Predecessors(id UnitID, on Date) []Unit {
	return u.walk(id, on, u.preceding)
}

// On returns what the unit is on the map of the day, whether the day lies before
// its beginning, within its time or after its end: itself, its predecessors or
// its successors, with the candidates that those give. nil when nothing is known.
func (u *Units) On(id UnitID, on Date) []Unit {
	if x, ok := u.Get(id); ok && x.To != ZeroDate && on >= x.To {
		return u.Successors(id, on)
	}
	return u.Predecessors(id, on)
}

// Latest is the unit on the latest map that had begun ([Units.AsOf]) which holds
// all of the place: the unit itself while it lasts, its only successor, or the lowest unit above all
// successors. A place of which nothing is known stays what it is.
func (u *Units) Latest(place UnitID) UnitID {
	for {
		x, ok := u.Get(place)
		if !ok || x.To == ZeroDate || x.To > u.asOf {
			return place
		}
		next := u.Successors(place, x.To)
		if len(next) == 0 {
			return place
		}
		place = u.common(next)
	}
}

// common is the lowest unit that all lie in.
func (u *Units) common(units []Unit) UnitID {
	path := u.Path(units[0].ID)
	for i := len(path) - 1; i > 0; i-- {
		all := true
		for _, x := range units {
			all = all && u.Within(x.ID, path[i].ID)
		}
		if all {
			return path[i].ID
		}
	}
	return Nation
}

// walk follows next until it meets units that exist on the day.
func (u *Units) walk(id UnitID, on Date, next func(UnitID) []UnitID) []Unit {
	var list []Unit
	seen := map[UnitID]bool{}
	for todo := []UnitID{id}; len(todo) > 0; todo = todo[1:] {
		x := todo[0]
		if seen[x] {
			continue
		}
		seen[x] = true
		if unit, ok := u.At(x, on); ok {
			list = append(list, unit)
			continue
		}
		todo = append(todo, next(x)...)
	}
	slices.SortFunc(list, byCode)
	return list
}

func (u *Units) following(id UnitID) []UnitID {
	var to []UnitID
	for _, e := range u.out[id] {
		switch {
		case e.Refused:
		case e.AllPeople:
			return []UnitID{e.To}
		default:
			to = append(to, e.To)
		}
	}
	if to != nil {
		return to
	}
	for _, i := range u.children[id] {
		if c := &u.all[i]; c.To != ZeroDate {
			to = append(to, c.ID)
		}
	}
	return to
}

func (u *Units) preceding(id UnitID) []UnitID {
	var from []UnitID
	for _, e := range u.in[id] {
		if !e.Refused {
			from = append(from, e.From)
		}
	}
	return from
}

// Lineage returns every edge that leaves or enters the unit, with the
// readings that we refused, in the order of the data; those that leave first.
func (u *Units) Lineage(id UnitID) []Edge {
	return slices.Concat(u.out[id], u.in[id])
}

// Joined returns the edges by which the unit took others, or parts of them, after
// the reform of 2025 and until the day of [Units.AsOf], in the order of the data;
// nil when none.
func (u *Units) Joined(id UnitID) []Edge {
	return slices.DeleteFunc(slices.Clone(u.in[id]), func(e Edge) bool { return e.Refused || e.On <= Reform || e.On > u.asOf })
}

// Formers returns what the unit was called before, oldest first; nil when it
// never changed its name or kind.
func (u *Units) Formers(id UnitID) []Former { return slices.Clone(u.formers[id]) }
