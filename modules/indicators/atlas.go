// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"sync"

	"mach/content"
	"mach/vn"
)

// atlas keeps the cartograms: the nation's takes a fifth of a second to draw
// and changes only when the map of the country does.
type atlas struct {
	units   *vn.Units
	borders content.Borders
	mu      sync.Mutex
	kept    map[vn.UnitID]page
}

type page struct {
	day      vn.Date
	circles  []vn.Circle
	province map[vn.UnitID]vn.UnitID // of each commune
	borders  content.Borders         // nil: circles are drawn
}

// of returns the map of the unit on the day; the caller must not change it.
func (a *atlas) of(unit vn.UnitID, day vn.Date) page {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.kept[unit]; ok && p.day == day {
		return p
	}
	p := page{day: day, circles: vn.Cartogram(a.units, unit, day), province: map[vn.UnitID]vn.UnitID{}}
	if a.borders.Place(a.units, p.circles) {
		p.borders = a.borders
	}
	for _, c := range p.circles {
		for _, u := range a.units.Path(c.Unit) {
			if u.Level == vn.LevelProvince {
				p.province[c.Unit] = u.ID
			}
		}
	}
	if a.kept == nil {
		a.kept = map[vn.UnitID]page{}
	}
	a.kept[unit] = p
	return p
}
