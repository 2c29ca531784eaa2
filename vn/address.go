// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"cmp"
	"slices"
	"strings"
)

// FromAddress finds which communes of the day a printed address may mean, best
// first. The address may be of today's map or of the one before 2025-07-01,
// with or without kinds and marks, shortened or not:
//
//	xã Hòa An, huyện Phụng Hiệp, tỉnh Hậu Giang
//	12 Lê Lợi, P. Bến Nghé, Q.1, TP.HCM
//	Thôn 3, Hoa An, Phung Hiep, Hau Giang
//
// An old commune gives all its successors. nil when nothing is certain
// enough: the name of a commune alone, or parts that contradict one another.
func (u *Units) FromAddress(text string, on Date) []Unit {
	if len(text) > addressLimit {
		return nil
	}
	index := u.address()
	parts := addressParts(text)
	best := map[UnitID]int{}
	for at := len(parts) - 1; at >= 0; at-- {
		for _, r := range parts[at] {
			if !r.mayBe(LevelCommune) {
				continue
			}
			for _, i := range index[r.key] {
				x := u.all[i]
				if score := u.score(x, r, parts, at); score > 0 {
					u.credit(best, x, r, score, on)
				}
			}
		}
	}
	return u.ranked(best, on)
}

// addressLimit is the longest address read; a printed one is far shorter.
const addressLimit = 500

// margin is how far behind the best a candidate may be and still be named.
const margin = 2

// credit gives the score to what the commune is on the day. A successor that
// kept the name stands a little before the others.
func (u *Units) credit(best map[UnitID]int, x Unit, r reading, score int, on Date) {
	for _, s := range u.Successors(x.ID, on) {
		points := 2 * score
		if addressKey(s.Folded) == r.key {
			points++
		}
		best[s.ID] = max(best[s.ID], points)
	}
}

func (u *Units) ranked(best map[UnitID]int, on Date) []Unit {
	top := 0
	for _, points := range best {
		top = max(top, points)
	}
	var list []Unit
	for id, points := range best {
		if x, ok := u.At(id, on); ok && points >= top-2*margin {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b Unit) int {
		return cmp.Or(cmp.Compare(best[b.ID], best[a.ID]), cmp.Compare(a.Code, b.Code))
	})
	return list
}

// score says how well the address fits the commune named by part at, read as r;
// 0 when it does not, or when no unit above the commune is named.
func (u *Units) score(x Unit, r reading, parts []part, at int) int {
	for i, p := range parts {
		if i != at && p.sure(LevelCommune) {
			return 0 // another part says that it is the commune
		}
	}
	score := 2 + u.fit(x, r)
	path := u.Path(x.ID)
	province := path[1]
	// The province is the last part that fits; the district the first after
	// the commune: "Thành phố Huế, tỉnh Thừa Thiên Huế".
	end, points := u.match(province, parts, at+1, len(parts), -1)
	score += points
	if end < 0 {
		end = len(parts)
	}
	district := -1
	if x.Parent != province.ID {
		district, points = u.match(path[2], parts, at+1, end, 1)
		score += points
	}
	if district < 0 && end == len(parts) {
		return 0
	}
	for i := at + 1; i < len(parts); i++ {
		switch p := parts[i]; {
		case i == district || i == end:
		case p.sure(LevelProvince), p.sure(LevelDistrict) && u.knows(x, province, p[0]):
			return 0
		default:
			score-- // a part that nothing explains
		}
	}
	return max(score, 0)
}

// match finds the part among from … to-1 that names the unit, looking from the
// left (step 1) or the right (step -1), and the points for it; -1 when none does.
func (u *Units) match(x Unit, parts []part, from, to, step int) (at, points int) {
	names := u.namesOf(x)
	i := from
	if step < 0 {
		i = to - 1
	}
	for ; i >= from && i < to; i += step {
		for _, r := range parts[i] {
			for _, n := range names {
				if r.mayBe(x.Level) && n.key == r.key {
					return i, n.weight + u.fit(n.unit, r)
				}
			}
		}
	}
	return -1, 0
}

// knows reports whether a printed district cannot be an earlier one of the
// commune: the commune is of a map without districts, or the province has a
// district of that name, which is another.
func (u *Units) knows(x, province Unit, r reading) bool {
	if x.Parent == province.ID {
		return true
	}
	return slices.ContainsFunc(u.children[province.ID], func(i int32) bool {
		d := &u.all[i]
		return d.Level == LevelDistrict && addressKey(d.Folded) == r.key
	})
}

// fit compares kind and marks of a reading with those of the unit.
func (u *Units) fit(x Unit, r reading) int {
	n := 0
	switch {
	case r.kind == "":
	case r.kind == x.Kind || u.wasKind(x.ID, r.kind):
		n += 2
	default:
		n--
	}
	if r.marked {
		if r.name == strings.ToLower(x.Name) {
			n++
		} else {
			n -= 2
		}
	}
	return n
}

func (u *Units) wasKind(id UnitID, kind string) bool {
	return slices.ContainsFunc(u.formers[id], func(f Former) bool { return f.Kind == kind })
}

// aboveName is a name under which a unit above a commune may be printed.
type aboveName struct {
	key    string
	unit   Unit
	weight int
}

// namesOf lists the names of a district or province: its own, former ones, and
// less surely what it became, for people write the new province behind
// the old commune.
func (u *Units) namesOf(x Unit) []aboveName {
	names := []aboveName{{addressKey(x.Folded), x, 4}}
	for _, f := range u.formers[x.ID] {
		was := x
		was.Name, was.Kind = f.Name, f.Kind
		names = append(names, aboveName{addressKey(Fold(f.Name)), was, 4})
	}
	for _, e := range u.out[x.ID] {
		if to, ok := u.Get(e.To); ok && to.Level == x.Level {
			names = append(names, aboveName{addressKey(to.Folded), to, 3})
		}
	}
	return names
}

// addressIndex finds communes, old and new, by addressKey of any of their names.
type addressIndex map[string][]int32

func (u *Units) indexAddresses() addressIndex {
	index := make(addressIndex, len(u.all))
	for i, x := range u.all {
		if x.Level != LevelCommune {
			continue
		}
		k := addressKey(x.Folded)
		index[k] = append(index[k], int32(i))
		for _, f := range u.formers[x.ID] {
			if k2 := addressKey(Fold(f.Name)); k2 != k {
				index[k2] = append(index[k2], int32(i))
			}
		}
	}
	return index
}
