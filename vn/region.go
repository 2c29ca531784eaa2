// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"fmt"
	"slices"
)

// A region is the provinces that an institute of hygiene and epidemiology or a
// Pasteur institute looks after (TT 15/2026/TT-BYT Article 10). It is an area
// of work and no unit of government: it stands in nobody's path and nothing is
// counted for it, but whoever oversees it oversees its provinces.

// LevelRegion is the level of a region.
const LevelRegion Level = LevelCommune + 1

// KindRegion is the kind of a region.
const KindRegion = "khu-vuc"

// RegionMember says that a province belongs to the region of a code from a day
// until another, ZeroDate for no end.
type RegionMember struct {
	Region   string // code
	Name     string // of the institute
	Province UnitID
	From, To Date
}

// regionIDs is where the ids of regions begin.
const regionIDs UnitID = 2_900_001

// addRegions adds the regions, in the order in which their codes first occur.
func (u *Units) addRegions(members []RegionMember) error {
	for _, m := range members {
		if p, ok := u.Get(m.Province); !ok || p.Level != LevelProvince {
			return fmt.Errorf("units: region %s of %v, which is no province", m.Region, m.Province)
		}
		i := slices.IndexFunc(u.regions, func(r Unit) bool { return r.Code == m.Region })
		if i < 0 {
			i = len(u.regions)
			u.regions = append(u.regions, Unit{ID: regionIDs + UnitID(i), Code: m.Region, Kind: KindRegion, Name: m.Name, Folded: Fold(m.Name), Level: LevelRegion, Parent: Nation, From: ZeroDate, To: ZeroDate})
			u.members = append(u.members, nil)
		}
		u.members[i] = append(u.members[i], m)
	}
	return nil
}

// Regions lists the regions in order.
func (u *Units) Regions() []Unit { return u.regions }

// region returns the region of an id.
func (u *Units) region(id UnitID) (int, bool) {
	i := int(id - regionIDs)
	return i, i >= 0 && i < len(u.regions)
}

// provincesOf lists those of region i on the day, in code order.
func (u *Units) provincesOf(i int, on Date) []Unit {
	var out []Unit
	for _, m := range u.members[i] {
		if p, ok := u.At(m.Province, on); ok && m.holds(on) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, byCode)
	return out
}

func (m RegionMember) holds(on Date) bool {
	return (m.From == ZeroDate || on >= m.From) && (m.To == ZeroDate || on < m.To)
}

// WithinOn is Within for who asks on the day: a region holds the provinces that
// belong to it that day, and all below them. Whoever answers for a unit is asked
// by it.
func (u *Units) WithinOn(id, ancestor UnitID, on Date) bool {
	i, ok := u.region(ancestor)
	if !ok {
		return u.Within(id, ancestor)
	}
	if id == ancestor {
		return true
	}
	for _, x := range u.Path(id) {
		if x.Level == LevelProvince {
			return slices.ContainsFunc(u.members[i], func(m RegionMember) bool { return m.Province == x.ID && m.holds(on) })
		}
	}
	return false
}
