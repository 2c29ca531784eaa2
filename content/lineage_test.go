// SPDX-License-Identifier: Apache-2.0

package content

import (
	"encoding/csv"
	"os"
	"testing"

	"mach/vn"
)

func TestSuccessors(t *testing.T) {
	u := loadUnits(t)
	for _, c := range []struct{ old, want, why string }{
		{"00001", "00097", "merged whole"},
		{"00007", "00008 00025", "cut up: candidates"},
		{"26740", "26740", "the code went on with another extent"},
		{"00556", "00562", "part of the area, all the people"},
		{"00553", "00136 00541 00565", "sources differ, one edge refused"},
		{"23053", "23053", "all the people stayed"},
		{"06886", "", ""},
		{"06970", "06978", "town in a commune with another code"},
		{"23938", "23938", "left as it was; source b writes 23737"},
		{"07732", "07210 07681", "nobody knows: candidates"},
		{"13768", "13753", "source a alone, by the resolution"},
		{"02482", "02494", "source b alone"},
		{"27691", "27694", "commune of a misread district"},
	} {
		old, ok := u.ByCode(c.old, last2025)
		if !ok {
			t.Errorf("%s is missing", c.old)
			continue
		}
		if got := names(u.Successors(old.ID, today)); c.why != "" && got != c.want {
			t.Errorf("%s %s: %s, want %s (%s)", c.old, old.Name, got, c.want, c.why)
		}
		if got := u.Successors(old.ID, last2025); len(got) != 1 || got[0].ID != old.ID {
			t.Errorf("%s before the reform: %v", c.old, got)
		}
	}
	for _, c := range []struct{ district, zone string }{
		{"318", "11948"}, {"471", "19742"}, {"498", "20333"}, {"536", "21548"}, {"755", "26732"},
	} {
		d, _ := u.ByCode(c.district, last2025)
		z, _ := u.ByCode(c.zone, today)
		if names(u.Successors(d.ID, today)) != c.zone || names(u.Predecessors(z.ID, last2025)) != c.district {
			t.Errorf("district %s and zone %s do not follow one another", c.district, c.zone)
		}
	}
	bg, _ := u.ByCode("24", last2025)
	if names(u.Successors(bg.ID, today)) != "24" {
		t.Error("Bắc Giang did not become Bắc Ninh")
	}
	bn, _ := u.ByCode("24", today)
	if names(u.Predecessors(bn.ID, last2025)) != "24 27" {
		t.Error("Bắc Ninh was not made of Bắc Giang and Bắc Ninh")
	}
	q1, _ := u.ByCode("760", last2025)
	if got := names(u.Successors(q1.ID, today)); got != "26734 26737 26740 26743 26758" && len(u.Successors(q1.ID, today)) < 2 {
		t.Errorf("Quận 1: %s", got)
	}
	if got := u.Successors(12345, today); got != nil {
		t.Errorf("unknown unit: %v", got)
	}
}

// Every old commune is somewhere today, in a province that its own became
// part of; every new one came from somewhere.
func TestLineageIsWhole(t *testing.T) {
	u := loadUnits(t)
	many, crossing := 0, 0
	for _, old := range u.Communes(vn.Nation, last2025) {
		now := u.Successors(old.ID, today)
		if len(now) == 0 {
			t.Errorf("%s %s is nowhere today", old.Code, old.Full())
			continue
		}
		if len(now) > 1 {
			many++
		}
		province := u.Path(old.ID)[1]
		heirs := u.Successors(province.ID, today)
		for _, n := range now {
			if len(heirs) != 1 || n.Parent != heirs[0].ID {
				crossing++
				t.Errorf("%s %s of %s went to %s of another province", old.Code, old.Full(), province.Full(), n.Full())
			}
		}
	}
	for _, c := range u.Communes(vn.Nation, today) {
		if len(u.Predecessors(c.ID, last2025)) == 0 {
			t.Errorf("%s %s came from nowhere", c.Code, c.Full())
		}
	}
	t.Logf("%d old communes have several candidates", many)
	if many < 380 || many > 460 {
		t.Errorf("%d old communes have several candidates; trap 4 says about 441 less the 58 with all their people in one", many)
	}
}

// Every decision stands in the data as it was taken.
func TestDecisions(t *testing.T) {
	u := loadUnits(t)
	f, err := os.Open("units/decisions.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	olds := map[string]bool{}
	for _, r := range rows[1:] {
		old, _ := u.ByCode(r[0], last2025)
		to, ok := u.ByCode(r[1], today)
		if !ok || r[4] == "" {
			t.Errorf("decision %q", r)
		}
		olds[r[0]] = true
		var edge *vn.Edge
		for _, e := range u.Lineage(old.ID) {
			if e.From == old.ID && e.To == to.ID && (r[3] != "alias" || !e.Refused) {
				edge = &e
			}
		}
		if edge == nil || edge.Refused != (r[3] == "no") || edge.AllPeople != (r[3] == "people") || edge.Sources != r[2] && r[3] != "alias" {
			t.Errorf("decision %q is not in the data: %+v", r, edge)
		}
	}
	if len(olds) != 45 {
		t.Errorf("%d communes decided, want the 45 on which sources differ", len(olds))
	}
}
