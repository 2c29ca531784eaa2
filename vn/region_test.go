// SPDX-License-Identifier: Apache-2.0

package vn_test

import (
	"testing"

	"mach/content"
	"mach/vn"
)

// Every province of today has one institute; a region holds its provinces and
// what is below them, stands in nobody's path and is no part of the nation's
// provinces.
func TestRegions(t *testing.T) {
	u, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	on := vn.Reform + 400
	if len(u.Regions()) != 4 || len(u.Provinces(on)) != 34 {
		t.Fatalf("%d regions, %d provinces", len(u.Regions()), len(u.Provinces(on)))
	}
	of := map[vn.UnitID]string{}
	for _, r := range u.Regions() {
		if got, ok := u.ByCode(r.Code, on); !ok || got.ID != r.ID || u.Within(r.ID, vn.Nation) != true || !u.WithinOn(r.ID, r.ID, on) {
			t.Errorf("%s: %+v", r.Code, got)
		}
		for _, p := range u.Children(r.ID, on) {
			if of[p.ID] != "" {
				t.Errorf("%s has two: %s and %s", p.Name, of[p.ID], r.Code)
			}
			of[p.ID] = r.Code
			c := u.Communes(p.ID, on)[0]
			if !u.WithinOn(c.ID, r.ID, on) || !u.WithinOn(p.ID, r.ID, on) || len(u.Path(c.ID)) != 3 {
				t.Errorf("%s is not within %s", c.Name, r.Code)
			}
			for _, other := range u.Regions() {
				if other.ID != r.ID && u.WithinOn(c.ID, other.ID, on) {
					t.Errorf("%s is within %s too", c.Name, other.Code)
				}
			}
		}
	}
	if len(of) != 34 || of[vn.MakeUnitID(vn.SinceReform, vn.LevelProvince, "24")] != "vsdt-tu" {
		t.Errorf("%d provinces have an institute", len(of))
	}
	if u.WithinOn(vn.Nation, u.Regions()[0].ID, on) {
		t.Error("the nation lies within a region")
	}
}

// A division takes effect on its day, for who lies within a region as for what it
// lists, and ends on its day.
func TestRegionsOnTheirDay(t *testing.T) {
	first := vn.NewDate(2027, 1, 1)
	province, commune := vn.MakeUnitID(vn.SinceReform, vn.LevelProvince, "24"), vn.MakeUnitID(vn.SinceReform, vn.LevelCommune, "07255")
	u, err := vn.NewUnits(vn.Tables{
		Units: []vn.Unit{{ID: vn.Nation, Name: "Việt Nam", From: vn.ZeroDate, To: vn.ZeroDate},
			{ID: province, Code: "24", Kind: vn.KindProvince, Name: "Bắc Ninh", Level: vn.LevelProvince, Parent: vn.Nation, From: vn.Reform, To: vn.ZeroDate},
			{ID: commune, Code: "07255", Kind: vn.KindCommune, Name: "Đồng Cứu", Level: vn.LevelCommune, Parent: province, From: vn.Reform, To: vn.ZeroDate}},
		Regions: []vn.RegionMember{{Region: "a", Name: "Viện A", Province: province, From: vn.Reform, To: first}, {Region: "b", Name: "Viện B", Province: province, From: first, To: vn.ZeroDate}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, b := u.Regions()[0].ID, u.Regions()[1].ID
	for _, c := range []struct {
		on       vn.Date
		inA, inB bool
	}{{vn.Reform - 1, false, false}, {vn.Reform, true, false}, {first - 1, true, false}, {first, false, true}} {
		for _, id := range []vn.UnitID{province, commune} {
			if u.WithinOn(id, a, c.on) != c.inA || u.WithinOn(id, b, c.on) != c.inB {
				t.Errorf("%v on %v: in a %v, in b %v", id, c.on, u.WithinOn(id, a, c.on), u.WithinOn(id, b, c.on))
			}
			if !u.WithinOn(id, vn.Nation, c.on) || u.Within(id, b) {
				t.Errorf("%v on %v: the nation and no day", id, c.on)
			}
		}
		if got := u.Children(a, c.on); (len(got) == 1) != c.inA {
			t.Errorf("a lists %d on %v", len(got), c.on)
		}
	}
}
