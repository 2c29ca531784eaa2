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
		if !parts[at].mayBe(LevelCommune) {
			continue
		}
		for _, i := range index[parts[at].key] {
			x := u.all[i]
			if score := u.score(x, parts, at); score > 0 {
				u.credit(best, x, parts[at], score, on)
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
func (u *Units) credit(best map[UnitID]int, x Unit, p part, score int, on Date) {
	for _, s := range u.Successors(x.ID, on) {
		points := 2 * score
		if addressKey(s.Folded) == p.key {
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

// score says how well the address fits the commune named by part at; 0 when it
// does not, or when no unit above the commune is named.
func (u *Units) score(x Unit, parts []part, at int) int {
	score := 2 + u.fit(x, parts[at])
	next := at + 1 // parts from here on are not used yet
	above := false
	for _, level := range []Level{LevelDistrict, LevelProvince} {
		names := u.namesAbove(x, level)
		found := -1
		for i := next; i < len(parts) && found < 0; i++ {
			if !parts[i].mayBe(level) {
				continue
			}
			for _, n := range names {
				if n.key == parts[i].key {
					score += n.weight + u.fit(n.unit, parts[i])
					found = i
					break
				}
			}
		}
		if found >= 0 {
			score -= found - next // parts skipped on the way
			next, above = found+1, true
		}
		if contradicts(parts, at, level, found) {
			return 0
		}
	}
	if !above {
		return 0
	}
	return max(score, 0)
}

// contradicts reports a part after the commune that says it is of the level
// and is not the one that fits, or another commune.
func contradicts(parts []part, at int, level Level, found int) bool {
	for i, p := range parts {
		if i > at && i != found && p.kind != "" && p.only(level) {
			return true
		}
		if i != at && p.kind != "" && p.only(LevelCommune) {
			return true
		}
	}
	return false
}

// fit compares kind and marks of a part with those of the unit.
func (u *Units) fit(x Unit, p part) int {
	n := 0
	switch {
	case p.kind == "":
	case p.kind == x.Kind || u.wasKind(x.ID, p.kind):
		n += 2
	default:
		n--
	}
	if p.marked {
		if p.name == strings.ToLower(x.Name) {
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

// namesAbove lists the names of the commune's district or province: its own,
// former ones, and less surely those of the provinces of today it went to, for people
// write the new province behind the old commune.
func (u *Units) namesAbove(x Unit, level Level) []aboveName {
	var names []aboveName
	for _, up := range u.Path(x.ID) {
		if up.Level != level {
			continue
		}
		names = append(names, aboveName{addressKey(up.Folded), up, 4})
		for _, f := range u.formers[up.ID] {
			was := up
			was.Name, was.Kind = f.Name, f.Kind
			names = append(names, aboveName{addressKey(Fold(f.Name)), was, 4})
		}
		for _, s := range u.out[up.ID] {
			if to, ok := u.Get(s.To); ok && to.Level == level {
				names = append(names, aboveName{addressKey(to.Folded), to, 3})
			}
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
