// SPDX-License-Identifier: Apache-2.0

package detection

import "mach/vn"

// land is today's map as detection needs it. Nobody changes it.
type land struct {
	units     *vn.Units
	communes  []vn.Unit             // in the order of All
	of        map[vn.UnitID][]int   // communes of a province, as positions
	people    map[vn.UnitID]float64 // of a commune; 0 = not known
	expecting map[vn.UnitID]int     // communes in each unit
	near      map[vn.UnitID][]vn.UnitID
}

func newLand(units *vn.Units) *land {
	l := &land{units: units, of: map[vn.UnitID][]int{}, people: map[vn.UnitID]float64{}, expecting: map[vn.UnitID]int{}}
	for _, u := range units.All() {
		if u.Level != vn.LevelCommune || units.Latest(u.ID) != u.ID {
			continue
		}
		l.people[u.ID] = float64(u.Population)
		for _, above := range units.Path(u.ID) {
			l.expecting[above.ID]++
			if above.Level == vn.LevelProvince {
				l.of[above.ID] = append(l.of[above.ID], len(l.communes))
			}
		}
		l.communes = append(l.communes, u)
	}
	l.near = units.Touching(l.communes)
	return l
}

// province is the province of a unit, 0 when it has none.
func (l *land) province(id vn.UnitID) vn.UnitID {
	for _, u := range l.units.Path(id) {
		if u.Level == vn.LevelProvince {
			return u.ID
		}
	}
	return 0
}
