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
		if got, ok := u.ByCode(r.Code, on); !ok || got.ID != r.ID || u.Within(r.ID, vn.Nation) != true || !u.Within(r.ID, r.ID) {
			t.Errorf("%s: %+v", r.Code, got)
		}
		for _, p := range u.Children(r.ID, on) {
			if of[p.ID] != "" {
				t.Errorf("%s has two: %s and %s", p.Name, of[p.ID], r.Code)
			}
			of[p.ID] = r.Code
			c := u.Communes(p.ID, on)[0]
			if !u.Within(c.ID, r.ID) || !u.Within(p.ID, r.ID) || len(u.Path(c.ID)) != 3 {
				t.Errorf("%s is not within %s", c.Name, r.Code)
			}
			for _, other := range u.Regions() {
				if other.ID != r.ID && u.Within(c.ID, other.ID) {
					t.Errorf("%s is within %s too", c.Name, other.Code)
				}
			}
		}
	}
	if len(of) != 34 || of[vn.MakeUnitID(vn.SinceReform, vn.LevelProvince, "24")] != "vsdt-tu" {
		t.Errorf("%d provinces have an institute", len(of))
	}
	if u.Within(vn.Nation, u.Regions()[0].ID) {
		t.Error("the nation lies within a region")
	}
}
