// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"math"

	"mach/content"
	"mach/outbreak"
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

// cluster is a circle of a scan on the map.
type cluster struct {
	places   []vn.UnitID
	from     vn.Date
	cases    int
	expected float64
	p        float64
}

// picture is where the cases of a disease are.
type picture struct {
	from, to vn.Date
	spots    []spot
	total    int // of the unit, those on the map and those not
	nowhere  int // known to belong to the unit, to no commune of it
	silent   int
	clusters []cluster
	scanned  bool    // a scan was made
	since    vn.Date // before it nobody watched
}

// Of the map: how many weeks it shows, and what a scan looks at.
const (
	mapWeeks    = 4
	scanDays    = 28
	scanRadius  = 30 // km
	scanSure    = 0.05
	keptScans   = 64
	fewestScan  = 4
	mostOnScan  = 250 // communes: scans of the nation are not for a page
	scanCluster = 3
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
	days, err := m.below(ctx, a, unit.ID, disease, axisDiagnosis, min(p.from, on.AddDays(1-scanDays)), on)
	if err != nil {
		return p, err
	}
	sums, placed := map[vn.UnitID]int{}, 0
	for _, c := range days {
		if c.day >= p.from {
			sums[c.unit] += c.total()
			placed += c.total()
		}
	}
	p.nowhere = max(p.total-placed, 0)
	communes := m.units.Communes(unit.ID, on)
	sends, err := m.sending(ctx, a, unit.ID, ids(communes), p.from, on)
	if err != nil {
		return p, err
	}
	d := m.cartogram(unit.ID, on)
	for _, c := range d.circles {
		u, ok := m.units.At(c.Unit, on)
		if !ok {
			continue
		}
		s := spot{unit: u, cases: sums[c.Unit], circle: c, border: d.borders[c.Unit]}
		if s.silent = s.cases == 0 && mute(sends.states[c.Unit]); s.silent {
			p.silent++
		}
		p.spots = append(p.spots, s)
	}
	p.clusters, p.scanned, err = m.scan(disease, unit.ID, communes, days, on)
	return p, err
}

// mute reports whether nothing came in any of the weeks.
func mute(weeks []state) bool {
	for _, w := range weeks {
		if w == stateSent || w == stateLate {
			return false
		}
	}
	return true
}

// scanOf names a scan: made again only when the cases differ.
type scanOf struct {
	disease string
	unit    vn.UnitID
	on      vn.Date
	cases   uint64
}

// scan looks for clusters in space and time: the permutation of days among
// cases, which needs no population. The same cases give the same clusters.
func (m *Module) scan(disease string, unit vn.UnitID, communes []vn.Unit, days []dayCount, on vn.Date) ([]cluster, bool, error) {
	if len(communes) < 2 || len(communes) > mostOnScan {
		return nil, false, nil
	}
	counts, n := countsOf(communes, days, on)
	if n < fewestScan {
		return nil, true, nil
	}
	key := scanOf{disease: disease, unit: unit, on: on, cases: 14695981039346656037} // FNV-1a
	for _, c := range counts.Cases {
		key.cases = (key.cases ^ uint64(uint32(c))) * 1099511628211
	}
	m.mu.Lock()
	found, ok := m.scans[key]
	m.mu.Unlock()
	if ok {
		return found, true, nil
	}
	zones := outbreak.NewZones(m.positions(communes), outbreak.Distance{EarthRadius: outbreak.EarthRadius}, outbreak.Reach{Radius: scanRadius})
	o := outbreak.Nightly(disease, on)
	o.Clusters, o.Threads = scanCluster, 1
	r, err := outbreak.Scan(zones, counts, o)
	if err != nil {
		return nil, false, err
	}
	for _, c := range r.Clusters {
		if c.P > scanSure || c.Cases < fewestScan {
			continue
		}
		x := cluster{from: on.AddDays(1 - c.Periods), cases: c.Cases, expected: c.Expected, p: c.P}
		for _, i := range c.Places {
			x.places = append(x.places, communes[i].ID)
		}
		found = append(found, x)
	}
	m.mu.Lock()
	if len(m.scans) >= keptScans {
		clear(m.scans)
	}
	m.scans[key] = found
	m.mu.Unlock()
	return found, true, nil
}

// positions are where the communes lie; those without a place of their own lie
// where their province does.
func (m *Module) positions(communes []vn.Unit) []outbreak.Position {
	out := make([]outbreak.Position, len(communes))
	for i, c := range communes {
		lon, lat := c.Lon, c.Lat
		if p, ok := m.units.Get(c.Parent); ok && !c.Located() {
			lon, lat = p.Lon, p.Lat
		}
		out[i] = outbreak.Position{X: lon, Y: lat}
	}
	return out
}

// countsOf are the cases of the last days by day and commune, and their sum.
func countsOf(communes []vn.Unit, days []dayCount, on vn.Date) (outbreak.Counts, int) {
	first, place := on.AddDays(1-scanDays), make(map[vn.UnitID]int, len(communes))
	for i, c := range communes {
		place[c.ID] = i
	}
	counts, n := outbreak.Counts{Periods: scanDays, Cases: make([]int32, scanDays*len(communes))}, 0
	for _, c := range days {
		if i, ok := place[c.unit]; ok && c.day >= first {
			counts.Cases[int(c.day-first)*len(communes)+i] += int32(c.total())
			n += c.total()
		}
	}
	return counts, n
}

// around is the circle around the places of a cluster as the map draws them.
func (p picture) around(c cluster) (x, y, r float64) {
	var in []vn.Circle
	for _, s := range p.spots {
		for _, id := range c.places {
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
