// SPDX-License-Identifier: Apache-2.0

package content

import (
	"slices"
	"strings"

	"mach/issue"
	"mach/vn"
)

// change reads a row of changes.tsv: what happened to communes since the
// reform, in the order of the days. A commune that ends says by code which took
// its place, * the one with all of its people; one that begins, before them,
// stands with the columns of since.tsv:
//
//	2027-01-01	09169	09172	NQ …
//	2027-01-01	09999	phuong	Tên	12.3	45000	106.1	21.2	24	NQ …
func (t *unitTables) change(f []string) *cellError {
	if err := wide(f, 4, 10); err != nil {
		return err
	}
	day, err := vn.ParseDate(f[0])
	if err != nil {
		return cell(1, issue.Value, "content.units.date", f[0])
	}
	if day <= max(vn.Reform, t.changed-1) {
		return cell(1, issue.BusinessRule, "content.units.order", f[0])
	}
	t.changed = day
	if len(f) == 10 {
		return t.begin(day, f)
	}
	i := t.lasting(f[1], vn.LevelCommune)
	if i < 0 {
		return cell(2, issue.NotFound, "content.units.none", f[1])
	}
	words := strings.Fields(f[2])
	for _, word := range words {
		code, all := strings.CutSuffix(word, "*")
		to := t.lasting(code, vn.LevelCommune)
		if to < 0 || to == i {
			return cell(3, issue.NotFound, "content.units.becomes", word)
		}
		kind := edgeKinds['s']
		if len(words) == 1 {
			kind = edgeKinds['m']
		}
		t.Edges = append(t.Edges, vn.Edge{From: t.Units[i].ID, To: t.Units[to].ID, On: day, Full: len(words) == 1, AllPeople: all, Kind: kind, Sources: "d"})
	}
	if len(words) == 0 {
		return cell(3, issue.Required, "content.units.becomes", "")
	}
	t.Units[i].To = day
	return nil
}

// begin adds a commune. One with the code of another before it has an id of its
// own.
func (t *unitTables) begin(day vn.Date, f []string) *cellError {
	p := t.lasting(f[8], vn.LevelProvince)
	if p < 0 {
		return cell(9, issue.NotFound, "content.units.none", f[8])
	}
	if t.lasting(f[1], vn.LevelCommune) >= 0 {
		return cell(2, issue.Duplicate, "content.units.lasts", f[1])
	}
	u := vn.Unit{Code: f[1], Kind: f[2], Name: f[3], Level: vn.LevelCommune, Parent: t.Units[p].ID, From: day, To: vn.ZeroDate, Basis: f[9]}
	if err := figures(&u, f[4:8], 5); err != nil {
		return err
	}
	for generation := vn.SinceReform; generation == vn.SinceReform || t.there[u.ID]; generation++ {
		u.ID = vn.MakeUnitID(generation, u.Level, u.Code)
	}
	err := t.add(u)
	if err != nil {
		err.Column++ // the day stands before the columns of since.tsv
	}
	return err
}

// lasting finds the unit that has the code and has not ended; -1 = none.
func (t *unitTables) lasting(code string, level vn.Level) int {
	return slices.IndexFunc(t.Units, func(u vn.Unit) bool { return u.Code == code && u.Level == level && !u.To.Known() })
}
