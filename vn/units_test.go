// SPDX-License-Identifier: Apache-2.0

package vn_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mach/vn"
)

func TestMakeUnitID(t *testing.T) {
	for _, c := range []struct {
		generation int
		level      vn.Level
		code       string
		want       vn.UnitID
	}{
		{1, vn.LevelProvince, "01", 1_100_001}, {2, vn.LevelProvince, "24", 2_100_024}, {1, vn.LevelDistrict, "760", 1_200_760},
		{2, vn.LevelCommune, "06970", 2_306_970}, {1, vn.LevelCommune, "32248", 1_332_248},
		{1, vn.LevelProvince, "1", 0}, {1, vn.LevelCommune, "760", 0}, {1, vn.LevelNation, "", 0}, {0, vn.LevelProvince, "01", 0},
		{1, vn.LevelCommune, "0697a", 0}, {1, vn.Level(9), "01", 0}, {3000, vn.LevelProvince, "01", 0},
	} {
		if got := vn.MakeUnitID(c.generation, c.level, c.code); got != c.want {
			t.Errorf("%d %d %q: %d, want %d", c.generation, c.level, c.code, got, c.want)
		}
	}
	if vn.Reform.String() != "2025-07-01" {
		t.Errorf("the reform was on %v", vn.Reform)
	}
}

func TestSplitKind(t *testing.T) {
	for printed, want := range map[string]string{
		"Phường Ba Đình": "phuong|Ba Đình", "Thị trấn Lim": "thi-tran|Lim", "thị xã Từ Sơn": "thi-xa|Từ Sơn", "XÃ HOÀ AN": "xa|HÒA AN",
		"Thành phố Huế": "thanh-pho|Huế", "Quận 1": "quan|1", "Đặc khu Côn Đảo": "dac-khu|Côn Đảo", "Ba Đình": "|Ba Đình", "": "|", "Xã": "|Xã",
		"Huyện Ea H'leo": "huyen|Ea H'leo", "Tỉnh Bắc Ninh": "tinh|Bắc Ninh", "Xuân Quang 3": "|Xuân Quang 3",
	} {
		kind, name := vn.SplitKind(printed)
		if kind+"|"+name != want {
			t.Errorf("%q: %s|%s, want %s", printed, kind, name, want)
		}
	}
}

// toy has two reforms: communes 1 and 2 became 3 in 2025, all people of 4 went
// to 5, and 3 was cut into 6 and 7 in 2030.
func toy(t testing.TB) *vn.Units {
	t.Helper()
	second := day(t, "2030-01-01")
	z := vn.ZeroDate
	id := func(g int, code string) vn.UnitID { return vn.MakeUnitID(g, vn.LevelCommune, code) }
	unit := func(g int, code, name string, from, to vn.Date) vn.Unit {
		return vn.Unit{ID: id(g, code), Code: code, Kind: vn.KindCommune, Name: name, Level: vn.LevelCommune, Parent: 1_100_001, From: from, To: to}
	}
	u, err := vn.NewUnits(vn.Tables{
		Units: []vn.Unit{
			{ID: vn.Nation, Kind: vn.KindNation, Name: "Việt Nam", From: z, To: z},
			unit(1, "00001", "Một", z, vn.Reform), unit(1, "00002", "Hai", z, vn.Reform), unit(1, "00004", "Bốn", z, vn.Reform),
			unit(2, "00001", "Ba", vn.Reform, second), unit(2, "00005", "Năm", vn.Reform, z),
			unit(3, "00006", "Sáu", second, z), unit(3, "00001", "Bảy", second, z),
			{ID: 1_100_001, Code: "01", Kind: vn.KindCity, Name: "Nhà", Level: vn.LevelProvince, Parent: vn.Nation, From: z, To: z},
		},
		Formers: []vn.Former{
			{ID: id(2, "00005"), Until: day(t, "2027-01-01"), Kind: vn.KindWard, Name: "Lăm"},
			{ID: id(2, "00005"), Until: day(t, "2026-01-01"), Kind: vn.KindTown, Name: "Nhăm"},
		},
		Edges: []vn.Edge{
			{From: id(1, "00001"), To: id(2, "00001"), On: vn.Reform, Full: true},
			{From: id(1, "00002"), To: id(2, "00001"), On: vn.Reform},
			{From: id(1, "00002"), To: id(2, "00005"), On: vn.Reform, Refused: true},
			{From: id(1, "00004"), To: id(2, "00001"), On: vn.Reform},
			{From: id(1, "00004"), To: id(2, "00005"), On: vn.Reform, AllPeople: true},
			{From: id(2, "00001"), To: id(3, "00006"), On: second},
			{From: id(2, "00001"), To: id(3, "00001"), On: second},
		},
		Aliases: []vn.Alias{{Code: "00009", ID: id(2, "00005")}, {Code: "00001", ID: id(2, "00005")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func folded(list []vn.Unit) string {
	var s []string
	for _, x := range list {
		s = append(s, x.Folded)
	}
	return strings.Join(s, " ")
}

func TestTwoReforms(t *testing.T) {
	u := toy(t)
	y24, y25, y26, y31 := day(t, "2024-01-01"), day(t, "2025-08-01"), day(t, "2026-08-01"), day(t, "2031-01-01")
	get := func(code string, on vn.Date) vn.UnitID {
		x, ok := u.ByCode(code, on)
		if !ok {
			t.Fatalf("%s on %v", code, on)
		}
		return x.ID
	}
	for _, c := range []struct {
		name, got, want string
	}{
		{"code on three maps", folded(u.Successors(get("00001", y24), y24)) + folded(u.Successors(get("00001", y26), y26)) + folded(u.Successors(get("00001", y31), y31)), "motbabay"},
		{"through two reforms", folded(u.Successors(get("00001", y24), y31)), "bay sau"},
		{"refused edge", folded(u.Successors(get("00002", y24), y26)), "ba"},
		{"all people", folded(u.Successors(get("00004", y24), y31)), "nam"},
		{"back through two", folded(u.Predecessors(get("00006", y31), y24)), "mot hai bon"},
		{"back through one", folded(u.Predecessors(get("00006", y31), y26)), "ba"},
		{"forward from the future", folded(u.Successors(get("00006", y31), y24)), ""},
		{"former name", folded(u.Children(1_100_001, y25)), "ba nham"},
		{"later former name", folded(u.Children(1_100_001, y26)), "ba lam"},
		{"latest name", folded(u.Children(1_100_001, y31)), "bay nam sau"},
		{"second code", folded(u.Successors(get("00009", y26), y26)), "lam"},
		{"found by the name of the day", folded(u.Find("xã năm", y31)) + "/" + folded(u.Find("năm", y26)) + "/" + folded(u.Find("phuong lam", y26)), "nam//lam"},
		{"found with the wrong kind", folded(u.Find("phường một", y24)), ""},
		{"provinces", folded(u.Provinces(y24)), "nha"},
		{"commune of itself", folded(u.Communes(get("00006", y31), y31)), "sau"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
	if x, ok := u.At(get("00001", y24), y26); ok {
		t.Errorf("%v lives on", x)
	}
	if n := len(u.Lineage(get("00002", y24))); n != 2 {
		t.Errorf("%d edges, want both readings", n)
	}
	if x, _ := u.Get(vn.Nation); x.Full() != "Việt Nam" || !x.ValidOn(vn.ZeroDate) {
		t.Errorf("%+v", x)
	}
}

// A map that is known before its day changes nothing until then, and says when it
// will.
func TestMapOfADayToCome(t *testing.T) {
	u := toy(t)
	second := day(t, "2030-01-01")
	was := vn.MakeUnitID(2, vn.LevelCommune, "00001") // divided that day
	for _, c := range []struct {
		on           string
		latest, next string
	}{
		{"2025-06-30", "00001", "2025-07-01"}, {"2026-08-01", "00001", "2030-01-01"}, {"2029-12-31", "00001", "2030-01-01"}, {"2030-01-01", "01", ""},
	} {
		seen := u.AsOf(day(t, c.on))
		latest, _ := seen.Get(seen.Latest(was))
		if next := seen.NextChange(); latest.Code != c.latest || next.Known() != (c.next != "") || next.Known() && next.String() != c.next {
			t.Errorf("%s: latest %s, next change %v; want %s, %s", c.on, latest.Code, next, c.latest, c.next)
		}
	}
	if u.Latest(was) != u.AsOf(second).Latest(was) || u.Sum() != u.AsOf(second).Sum() {
		t.Error("who does not ask for a day does not see the latest map")
	}
	if u.AsOf(second-1).Sum() == u.AsOf(second).Sum() || u.AsOf(second-2).Sum() != u.AsOf(second-1).Sum() {
		t.Error("the sum does not change with the map of the day, or with a day alone")
	}
}

func TestNewUnitsRefuses(t *testing.T) {
	z := vn.ZeroDate
	nation := vn.Unit{ID: vn.Nation, Name: "Việt Nam", From: z, To: z}
	p := vn.Unit{ID: 1_100_001, Code: "01", Level: vn.LevelProvince, Parent: vn.Nation, From: z, To: z}
	orphan := p
	orphan.Parent = 77
	level := p
	level.ID, level.Parent = 1_100_002, p.ID
	for name, tables := range map[string]vn.Tables{
		"no nation":           {Units: []vn.Unit{p}},
		"twice":               {Units: []vn.Unit{nation, p, p}},
		"orphan":              {Units: []vn.Unit{nation, orphan}},
		"province in another": {Units: []vn.Unit{nation, p, level}},
		"former of nobody":    {Units: []vn.Unit{nation}, Formers: []vn.Former{{ID: 5}}},
		"edge from nobody":    {Units: []vn.Unit{nation, p}, Edges: []vn.Edge{{From: 5, To: p.ID}}},
		"edge to nobody":      {Units: []vn.Unit{nation, p}, Edges: []vn.Edge{{From: p.ID, To: 5}}},
		"alias of nobody":     {Units: []vn.Unit{nation}, Aliases: []vn.Alias{{Code: "1", ID: 5}}},
	} {
		if u, err := vn.NewUnits(tables); err == nil || u != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Circles of any size at any place come apart, without NaN and the same twice.
func TestCartogramProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := vn.ZeroDate
		units := []vn.Unit{
			{ID: vn.Nation, Name: "Việt Nam", From: z, To: z},
			{ID: 2_100_001, Code: "01", Level: vn.LevelProvince, Parent: vn.Nation, From: z, To: z, AreaKm2: 500, Lon: 105, Lat: 21},
		}
		n := rapid.IntRange(0, 40).Draw(t, "n")
		for i := range n {
			units = append(units, vn.Unit{
				ID: vn.UnitID(2_300_001 + i), Code: "0000" + itoa(i%10), Kind: vn.KindCommune, Level: vn.LevelCommune, Parent: 2_100_001, From: z, To: z,
				AreaKm2: float64(rapid.IntRange(0, 300).Draw(t, "area")),
				Lon:     float64(rapid.IntRange(0, 2).Draw(t, "lon")) * 105.1, Lat: 21.1,
			})
		}
		u, err := vn.NewUnits(vn.Tables{Units: units})
		if err != nil {
			t.Fatal(err)
		}
		circles := vn.Cartogram(u, vn.Nation, 0)
		if len(circles) != n {
			t.Fatalf("%d circles of %d communes", len(circles), n)
		}
		again := vn.Cartogram(u, vn.Nation, 0)
		for i, c := range circles {
			if !(c.X >= -0.01 && c.Y >= -0.01 && c.R > 0 && c.X < 1e5 && c.Y < 1e5) || c != again[i] {
				t.Fatalf("%+v, then %+v", c, again[i])
			}
		}
	})
}
