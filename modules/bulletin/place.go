// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"math"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// spot is a commune on the map.
type spot struct {
	unit   vn.Unit
	cases  int
	silent bool // nobody was heard of in the whole time
	circle vn.Circle
	border content.Border
}

// picture is where the cases of a disease are.
type picture struct {
	from, to vn.Date
	spots    []spot
	total    int // of the unit, those on the map and those not
	nowhere  int // known to belong to the unit, to no commune of it
	silent   int
	clusters []Cluster // the rarest of those found
	found    int
	scanned  bool    // a scan was made
	since    vn.Date // before it nobody watched
}

// Of the map: how many weeks it shows, how many circles, and from how many cases
// on one place that has more than half of them is spoken of.
const (
	mapWeeks   = 4
	mostRings  = 3
	fewestHalf = 4
)

// picture reads the cases of the last weeks commune by commune.
func (m *Module) picture(ctx context.Context, a store.Actor, unit vn.Unit, disease string, on vn.Date) (picture, error) {
	p := picture{from: vn.WeekOf(on).Start().AddDays(-7 * (mapWeeks - 1)), to: on}
	var err error
	if p.since, err = m.since(ctx, a, unit.ID); err != nil {
		return p, err
	}
	own, err := m.counts(ctx, a, unit.ID, disease, axisDiagnosis, p.from, on)
	if err != nil {
		return p, err
	}
	for _, c := range own {
		p.total += c.total()
	}
	days, err := m.below(ctx, a, unit.ID, disease, axisDiagnosis, p.from, on)
	if err != nil {
		return p, err
	}
	sums, placed := map[vn.UnitID]int{}, 0
	for _, c := range days {
		sums[c.unit] += c.total()
		placed += c.total()
	}
	if unit.Level == vn.LevelCommune { // nothing lies below it
		sums[unit.ID], placed = p.total, p.total
	}
	p.nowhere = max(p.total-placed, 0)
	communes := m.units.Communes(unit.ID, on)
	unheard, err := m.Unheard(ctx, a, unit.ID, vn.IDs(communes), [][2]vn.Date{{p.from, on}}, on)
	if err != nil {
		return p, err
	}
	d := m.maps.Of(unit.ID, on)
	for _, c := range d.Circles {
		u, ok := m.units.At(c.Unit, on)
		if !ok {
			continue
		}
		s := spot{unit: u, cases: sums[c.Unit], circle: c, border: d.Borders[c.Unit]}
		if s.silent = s.cases == 0 && unheard(c.Unit, p.from, on); s.silent {
			p.silent++
		}
		p.spots = append(p.spots, s)
	}
	if m.clusters != nil {
		p.clusters, p.scanned, err = m.clusters(ctx, a, unit.ID, disease, on)
		p.found = len(p.clusters)
		p.clusters = p.clusters[:min(p.found, mostRings)]
	}
	return p, err
}

// around is the circle around the places of a cluster as the map draws them.
func (p picture) around(c Cluster) (x, y, r float64) {
	var in []vn.Circle
	for _, s := range p.spots {
		for _, id := range c.Units {
			if s.unit.ID == id {
				in = append(in, s.circle)
			}
		}
	}
	for _, s := range in {
		x, y = x+s.X/float64(len(in)), y+s.Y/float64(len(in))
	}
	for _, s := range in {
		r = math.Max(r, math.Hypot(s.X-x, s.Y-y)+s.R)
	}
	return x, y, r
}

// provinces reads the cases of the last weeks province by province.
func (m *Module) provinces(ctx context.Context, a store.Actor, disease string, on vn.Date) (picture, error) {
	p := picture{from: vn.WeekOf(on).Start().AddDays(-7 * (mapWeeks - 1)), to: on}
	var err error
	if p.since, err = m.since(ctx, a, vn.Nation); err != nil {
		return p, err
	}
	own, err := m.counts(ctx, a, vn.Nation, disease, axisDiagnosis, p.from, on)
	if err != nil {
		return p, err
	}
	for _, c := range own {
		p.total += c.total()
	}
	days, err := m.below(ctx, a, vn.Nation, disease, axisDiagnosis, p.from, on)
	if err != nil {
		return p, err
	}
	sums, placed := map[vn.UnitID]int{}, 0
	for _, c := range days {
		sums[c.unit] += c.total()
		placed += c.total()
	}
	p.nowhere = max(p.total-placed, 0)
	list, err := m.heardIn(ctx, a, p.from, on)
	if err != nil {
		return p, err
	}
	spoke := map[vn.UnitID]bool{}
	for _, h := range list {
		spoke[h.province] = true
	}
	for _, u := range m.units.Provinces(on) {
		s := spot{unit: u, cases: sums[u.ID], silent: sums[u.ID] == 0 && !spoke[u.ID]}
		if s.silent {
			p.silent++
		}
		p.spots = append(p.spots, s)
	}
	return p, nil
}
