// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Units knows all administrative units, past and present. It is immutable
// and safe for concurrent use. Answers about days before the oldest data are
// those of the oldest map known, that of 2025-06-30.
type Units struct {
	ids      []UnitID // sorted
	all      []Unit   // of the same places, attributes of the latest day
	children map[UnitID][]int32
	byCode   map[string][]int32
	byName   map[string][]int32
	formers  map[UnitID][]Former // by day
	out, in  map[UnitID][]Edge
	regions  []Unit
	members  [][]RegionMember    // by region
	address  func() addressIndex // made when first asked
	asOf     Date                // the day that Latest looks from; the last there is unless AsOf said so
}

// Tables is what Units is made of.
type Tables struct {
	Units   []Unit // the nation among them, in any order; Folded may be empty
	Formers []Former
	Edges   []Edge
	Aliases []Alias
	Regions []RegionMember
}

// NewUnits checks and indexes the tables. An error names the first unit whose
// parent is missing or whose id occurs twice, or a row that speaks of no unit.
func NewUnits(t Tables) (*Units, error) {
	n := len(t.Units)
	u := &Units{
		ids:      make([]UnitID, n),
		all:      make([]Unit, n),
		children: make(map[UnitID][]int32, 1024),
		byCode:   make(map[string][]int32, n),
		byName:   make(map[string][]int32, n),
		formers:  make(map[UnitID][]Former, len(t.Formers)),
		out:      make(map[UnitID][]Edge, n),
		in:       make(map[UnitID][]Edge, n/2),
	}
	u.address, u.asOf = sync.OnceValue(u.indexAddresses), math.MaxInt32
	u.sort(t.Units)
	if _, ok := u.Get(Nation); !ok {
		return nil, fmt.Errorf("units: the nation is missing")
	}
	for i := range u.all {
		if err := u.index(i); err != nil {
			return nil, err
		}
	}
	if err := u.name(t.Formers, t.Aliases); err != nil {
		return nil, err
	}
	if err := u.link(t.Edges); err != nil {
		return nil, err
	}
	if err := u.addRegions(t.Regions); err != nil {
		return nil, err
	}
	return u, nil
}

// AsOf are the same units as they are looked at on a day: what is to happen to
// them later is known, and not yet so ([Units.Latest]).
func (u *Units) AsOf(day Date) *Units {
	seen := *u
	seen.asOf = day
	return &seen
}

// NextChange is the first day after the one that AsOf named on which units end;
// ZeroDate when none is known.
func (u *Units) NextChange() Date {
	next := ZeroDate
	for _, x := range u.all {
		if x.To.Known() && x.To > u.asOf && (!next.Known() || x.To < next) {
			next = x.To
		}
	}
	return next
}

// Sum changes whenever a unit, what it lies in, its days or what became of it do,
// and when a day comes on which units end; names do not count.
func (u *Units) Sum() string {
	h := sha256.New()
	for _, x := range u.all {
		fmt.Fprintln(h, x.ID, x.Code, x.Level, x.Parent, x.From, x.To, x.To.Known() && x.To > u.asOf)
		for _, e := range u.out[x.ID] {
			fmt.Fprintln(h, e.To, e.On, e.Full, e.AllPeople)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// sort fills ids and all; sorting numbers is much faster than sorting units.
func (u *Units) sort(units []Unit) {
	order := make([]int64, len(units))
	for i, x := range units {
		order[i] = int64(x.ID)<<32 | int64(i)
	}
	slices.Sort(order)
	for i, o := range order {
		u.all[i] = units[o&math.MaxUint32]
		u.ids[i] = u.all[i].ID
	}
}

// name adds former names and second codes.
func (u *Units) name(formers []Former, aliases []Alias) error {
	for _, f := range formers {
		i, ok := u.find(f.ID)
		if !ok {
			return fmt.Errorf("units: former name of %v, which is missing", f.ID)
		}
		u.formers[f.ID] = append(u.formers[f.ID], f)
		if folded := Fold(f.Name); folded != u.all[i].Folded {
			u.byName[folded] = append(u.byName[folded], int32(i))
		}
	}
	for _, list := range u.formers {
		slices.SortFunc(list, func(a, b Former) int { return cmp.Compare(a.Until, b.Until) })
	}
	for _, a := range aliases {
		i, ok := u.find(a.ID)
		if !ok {
			return fmt.Errorf("units: alias of %v, which is missing", a.ID)
		}
		u.byCode[a.Code] = append(u.byCode[a.Code], int32(i)) // after the code's own units
	}
	return nil
}

func (u *Units) index(i int) error {
	x := &u.all[i]
	if i > 0 && u.ids[i-1] == x.ID {
		return fmt.Errorf("units: %v occurs twice", x.ID)
	}
	if x.ID != Nation {
		p, ok := u.find(x.Parent)
		if !ok || u.all[p].Level >= x.Level {
			return fmt.Errorf("units: %v has no parent %v above it", x.ID, x.Parent)
		}
		u.children[x.Parent] = append(u.children[x.Parent], int32(i))
	}
	if x.Folded == "" {
		x.Folded = Fold(x.Name)
	}
	u.byCode[x.Code] = append(u.byCode[x.Code], int32(i))
	u.byName[x.Folded] = append(u.byName[x.Folded], int32(i))
	return nil
}

func (u *Units) link(edges []Edge) error {
	for _, e := range edges {
		if _, ok := u.find(e.From); !ok {
			return fmt.Errorf("units: edge from %v, which is missing", e.From)
		}
		if _, ok := u.find(e.To); !ok {
			return fmt.Errorf("units: edge to %v, which is missing", e.To)
		}
		u.out[e.From] = append(u.out[e.From], e)
		u.in[e.To] = append(u.in[e.To], e)
	}
	return nil
}

func (u *Units) find(id UnitID) (int, bool) {
	return slices.BinarySearch(u.ids, id)
}

// at returns unit i with its attributes of the day.
func (u *Units) at(i int32, on Date) Unit {
	x := u.all[i]
	for _, f := range u.formers[x.ID] {
		if on < f.Until {
			x.Kind, x.Name, x.Folded = f.Kind, f.Name, Fold(f.Name)
			break
		}
	}
	return x
}

// Get returns the unit with its latest attributes, whether it still exists or
// not; false for an unknown id.
func (u *Units) Get(id UnitID) (Unit, bool) {
	i, ok := u.find(id)
	if !ok {
		if r, ok := u.region(id); ok {
			return u.regions[r], true
		}
		return Unit{}, false
	}
	return u.all[i], true
}

// All returns every unit of every time in order of id, with its latest
// attributes. The slice must not be changed.
func (u *Units) All() []Unit { return u.all }

// At returns the unit with its attributes of the day; false when it is unknown
// or does not exist on that day.
func (u *Units) At(id UnitID, on Date) (Unit, bool) {
	i, ok := u.find(id)
	if !ok {
		if r, ok := u.region(id); ok {
			return u.regions[r], true
		}
	}
	if !ok || !u.all[i].ValidOn(on) {
		return Unit{}, false
	}
	return u.at(int32(i), on), true
}

// ByCode returns the unit that had the code on the day: two digits for a
// province, three for a district, five for a commune. A second code (see
// [Alias]) finds its unit when no other has the code as its own.
func (u *Units) ByCode(code string, on Date) (Unit, bool) {
	for _, i := range u.byCode[code] {
		if u.all[i].ValidOn(on) && u.all[i].ID != Nation {
			return u.at(i, on), true
		}
	}
	if i := slices.IndexFunc(u.regions, func(r Unit) bool { return r.Code == code }); i >= 0 {
		return u.regions[i], true
	}
	return Unit{}, false
}

// Coded returns every unit that has or had the code, with its latest attributes,
// those whose own code it is first; nil when none.
func (u *Units) Coded(code string) []Unit {
	var list []Unit
	for _, i := range u.byCode[code] {
		if u.ids[i] != Nation {
			list = append(list, u.all[i])
		}
	}
	return list
}

// Children returns the units directly below on the day, in code order: the
// communes of a province today, its districts before 2025-07-01, the provinces
// of a region. nil when none.
func (u *Units) Children(id UnitID, on Date) []Unit {
	if r, ok := u.region(id); ok {
		return u.provincesOf(r, on)
	}
	var list []Unit
	for _, i := range u.children[id] {
		if u.all[i].ValidOn(on) {
			list = append(list, u.at(i, on))
		}
	}
	slices.SortFunc(list, byCode)
	return list
}

func byCode(a, b Unit) int {
	return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Code, b.Code), cmp.Compare(a.ID, b.ID))
}

// Under returns all units below on the day at every level, higher levels
// first, then in code order. nil when none.
func (u *Units) Under(id UnitID, on Date) []Unit {
	var list []Unit
	for next := u.Children(id, on); len(next) > 0; {
		list = append(list, next...)
		var below []Unit
		for _, c := range next {
			below = append(below, u.Children(c.ID, on)...)
		}
		next = below
	}
	slices.SortFunc(list, byCode)
	return list
}

// Communes returns the communes of a unit on the day in code order; the
// unit itself when it is one. nil when none.
func (u *Units) Communes(id UnitID, on Date) []Unit {
	if x, ok := u.At(id, on); ok && x.Level == LevelCommune {
		return []Unit{x}
	}
	list := u.Under(id, on)
	i, _ := slices.BinarySearchFunc(list, LevelCommune, func(x Unit, l Level) int { return cmp.Compare(x.Level, l) })
	return list[i:]
}

// Provinces returns those of the day in code order.
func (u *Units) Provinces(on Date) []Unit { return u.Children(Nation, on) }

// Within reports whether the unit is the ancestor or lies below it on the map
// of its own time. It never crosses a reform: an old commune lies in its old
// province; ask Successors for today's. What a region holds changes with the day:
// see [Units.WithinOn].
func (u *Units) Within(id, ancestor UnitID) bool {
	for id != 0 {
		if id == ancestor {
			_, ok := u.find(id)
			return ok
		}
		x, ok := u.Get(id)
		if !ok {
			return false
		}
		id = x.Parent
	}
	return false
}

// Path returns the unit and all above it, nation first, with latest
// attributes; nil for an unknown id.
func (u *Units) Path(id UnitID) []Unit {
	var path []Unit
	for id != 0 {
		x, ok := u.Get(id)
		if !ok {
			return nil
		}
		path = append(path, x)
		id = x.Parent
	}
	slices.Reverse(path)
	return path
}

// IDs lists the ids of units, in their order.
func IDs(units []Unit) []UnitID {
	out := make([]UnitID, len(units))
	for i, x := range units {
		out[i] = x.ID
	}
	return out
}

// Above returns the unit and all above it, nation first; the nation alone for an
// unknown unit, so that nothing is lost from the sums.
func (u *Units) Above(id UnitID) []UnitID {
	path := u.Path(id)
	if len(path) == 0 {
		return []UnitID{Nation}
	}
	return IDs(path)
}

// ProvinceOf returns the province that a unit is or lies in; 0 when it has none.
func (u *Units) ProvinceOf(id UnitID) UnitID {
	for id != 0 {
		x, ok := u.Get(id)
		if !ok {
			return 0
		}
		if x.Level == LevelProvince {
			return x.ID
		}
		id = x.Parent
	}
	return 0
}

// Find returns the units of the day whose folded name, with or without kind,
// is that of the text, in order of level and code. Names are not keys: expect
// more than one. nil when none.
func (u *Units) Find(text string, on Date) []Unit {
	var list []Unit
	add := func(folded, kind string) {
		for _, i := range u.byName[folded] {
			if x := u.at(i, on); u.all[i].ValidOn(on) && x.Folded == folded && (kind == "" || x.Kind == kind) {
				list = append(list, x)
			}
		}
	}
	folded := Fold(text)
	add(folded, "")
	if kind, name := splitFolded(folded); kind != "" {
		add(name, kind)
	}
	slices.SortFunc(list, byCode)
	return slices.CompactFunc(list, func(a, b Unit) bool { return a.ID == b.ID })
}

// splitFolded is SplitKind for folded text.
func splitFolded(s string) (kind, name string) {
	for _, k := range []string{KindProvince, KindCity, KindUrban, KindRural, KindTown, KindTownship, KindWard, KindCommune, KindSpecial} {
		if w := Fold(kindWord(k)) + " "; len(s) > len(w) && s[:len(w)] == w {
			return k, s[len(w):]
		}
	}
	return "", s
}
