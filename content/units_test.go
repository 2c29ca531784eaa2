// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"mach/vn"
)

const (
	last2025 = vn.Reform - 1  // 2025-06-30
	before26 = vn.Date(20572) // 2026-04-29
	since26  = before26 + 1   // 2026-04-30
	today    = vn.Date(20778) // 2026-11-21
)

func loadUnits(t testing.TB) *vn.Units {
	t.Helper()
	u, err := Units()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestUnitDates(t *testing.T) {
	for d, want := range map[vn.Date]string{
		last2025: "2025-06-30", vn.Reform: "2025-07-01", before26: "2026-04-29", since26: "2026-04-30", today: "2026-11-21",
	} {
		if d.String() != want {
			t.Errorf("%d is %v, not %s", d, d, want)
		}
	}
}

// The counts of QĐ 19/2025/QĐ-TTg and NQ 237/NQ-UBTVQH16 (vietnam.md a.1).
func TestUnitCounts(t *testing.T) {
	u := loadUnits(t)
	for _, c := range []struct {
		on                                                 vn.Date
		provinces, districts, communes, xa, phuong, dacKhu int
	}{
		{0, 63, 698, 10047, -1, -1, 0},
		{last2025, 63, 698, 10047, -1, -1, 0},
		{vn.Reform, 34, 0, 3321, 2621, 687, 13},
		{before26, 34, 0, 3321, 2621, 687, 13},
		{since26, 34, 0, 3321, 2611, 697, 13},
		{today, 34, 0, 3321, 2611, 697, 13},
	} {
		levels, kinds := map[vn.Level]int{}, map[string]int{}
		for _, x := range u.Under(vn.Nation, c.on) {
			levels[x.Level]++
			if x.Level == vn.LevelCommune {
				kinds[x.Kind]++
			}
		}
		if levels[vn.LevelProvince] != c.provinces || levels[vn.LevelDistrict] != c.districts || levels[vn.LevelCommune] != c.communes {
			t.Errorf("on %v: %v", c.on, levels)
		}
		if c.xa >= 0 && (kinds[vn.KindCommune] != c.xa || kinds[vn.KindWard] != c.phuong) || kinds[vn.KindSpecial] != c.dacKhu {
			t.Errorf("on %v: %v", c.on, kinds)
		}
	}
}

// Every province has the communes that the table in vietnam.md a.2 counts.
func TestCommunesOfProvinces(t *testing.T) {
	u := loadUnits(t)
	want := map[string][3]int{ // phường, xã, đặc khu at 2025-07-01
		"01": {51, 75, 0}, "04": {3, 53, 0}, "08": {7, 117, 0}, "11": {3, 42, 0}, "12": {2, 36, 0}, "14": {8, 67, 0},
		"15": {10, 89, 0}, "19": {15, 77, 0}, "20": {4, 61, 0}, "22": {30, 22, 2}, "24": {33, 66, 0}, "25": {15, 133, 0},
		"31": {45, 67, 2}, "33": {11, 93, 0}, "37": {32, 97, 0}, "38": {19, 147, 0}, "40": {11, 119, 0}, "42": {9, 60, 0},
		"44": {8, 69, 1}, "46": {21, 19, 0}, "48": {23, 70, 1}, "51": {9, 86, 1}, "52": {25, 110, 0}, "56": {16, 48, 1},
		"66": {14, 88, 0}, "68": {20, 103, 1}, "75": {23, 72, 0}, "79": {113, 54, 1}, "80": {14, 82, 0}, "82": {20, 82, 0},
		"86": {19, 105, 0}, "91": {14, 85, 3}, "92": {31, 72, 0}, "96": {9, 55, 0},
	}
	provinces := u.Provinces(vn.Reform)
	if len(provinces) != len(want) {
		t.Fatalf("%d provinces", len(provinces))
	}
	for _, p := range provinces {
		var got [3]int
		for _, c := range u.Children(p.ID, vn.Reform) {
			got[slices.Index([]string{vn.KindWard, vn.KindCommune, vn.KindSpecial}, c.Kind)]++
		}
		if got != want[p.Code] {
			t.Errorf("%s %s: %v, want %v", p.Code, p.Name, got, want[p.Code])
		}
	}
	dn, _ := u.ByCode("75", today)
	if n := len(u.Communes(dn.ID, today)); n != 95 || dn.Kind != vn.KindCity {
		t.Errorf("Đồng Nai today: %d communes, %s", n, dn.Full())
	}
	cities := 0
	for _, p := range u.Provinces(today) {
		if p.Kind == vn.KindCity {
			cities++
		}
	}
	if cities != 7 {
		t.Errorf("%d centrally run cities, want 7", cities)
	}
}

// Sums of the communes stand near the figures of the provinces' dossiers, once
// the communes without a figure are given the mean of the others.
func TestSums(t *testing.T) {
	u := loadUnits(t)
	var people int
	var area float64
	noPeople, noArea := 0, 0
	for _, p := range u.Provinces(today) {
		sumPeople, sumArea, withPeople, withArea := 0, 0.0, 0, 0
		communes := u.Communes(p.ID, today)
		for _, c := range communes {
			sumPeople += c.Population
			sumArea += c.AreaKm2
			if c.Population > 0 {
				withPeople++
			}
			if c.AreaKm2 > 0 {
				withArea++
			}
			if !c.Located() {
				t.Errorf("%s has no centre", c.Full())
			}
		}
		noPeople += len(communes) - withPeople
		noArea += len(communes) - withArea
		wholeArea := sumArea * float64(len(communes)) / float64(withArea)
		if r := wholeArea / p.AreaKm2; r < 0.75 || r > 1.05 || sumArea > 1.03*p.AreaKm2 {
			t.Errorf("%s: communes have %.0f km² (%.0f), the province %.0f", p.Full(), sumArea, wholeArea, p.AreaKm2)
		}
		wholePeople := float64(sumPeople*len(communes)) / float64(withPeople)
		if r := wholePeople / float64(p.Population); r < 0.65 || r > 1.17 {
			t.Errorf("%s: communes have %d people (%.0f), the province %d", p.Full(), sumPeople, wholePeople, p.Population)
		}
		people += p.Population
		area += p.AreaKm2
	}
	if people != 112_093_848 || math.Abs(area-331_334) > 2 {
		t.Errorf("provinces: %d people, %.1f km²", people, area)
	}
	if noPeople != 419 || noArea != 311 {
		t.Errorf("without people %d, area %d; DECISIONS.md says 419 and 311", noPeople, noArea)
	}
}

func TestIslandsAreCounted(t *testing.T) {
	u := loadUnits(t)
	for _, c := range []struct{ code, name, province string }{
		{"20333", "Hoàng Sa", "48"}, {"22736", "Trường Sa", "56"},
	} {
		for _, on := range []vn.Date{vn.Reform, since26, today} {
			x, ok := u.ByCode(c.code, on)
			p, _ := u.ByCode(c.province, on)
			if !ok || x.Full() != "Đặc khu "+c.name || !u.Within(x.ID, p.ID) || !u.Within(x.ID, vn.Nation) {
				t.Errorf("%s on %v: %+v", c.code, on, x)
			}
		}
	}
}

func TestByCode(t *testing.T) {
	u := loadUnits(t)
	for _, c := range []struct {
		code string
		on   vn.Date
		want string // path, empty when there is none
	}{
		{"26740", last2025, "Việt Nam / Thành phố Hồ Chí Minh / Quận 1 / Phường Bến Nghé"},
		{"26740", vn.Reform, "Việt Nam / Thành phố Hồ Chí Minh / Phường Sài Gòn"},
		{"26740", vn.ZeroDate, "Việt Nam / Thành phố Hồ Chí Minh / Quận 1 / Phường Bến Nghé"},
		{"01", last2025, "Việt Nam / Thành phố Hà Nội"},
		{"01", today, "Việt Nam / Thành phố Hà Nội"},
		{"24", last2025, "Việt Nam / Tỉnh Bắc Giang"},
		{"24", today, "Việt Nam / Tỉnh Bắc Ninh"},
		{"27", last2025, "Việt Nam / Tỉnh Bắc Ninh"},
		{"27", today, ""},
		{"760", last2025, "Việt Nam / Thành phố Hồ Chí Minh / Quận 1"},
		{"760", today, ""},
		{"794", last2025, "Việt Nam / Tỉnh Long An / Thành phố Tân An"},
		{"900", last2025, "Việt Nam / Tỉnh Kiên Giang / Thành phố Hà Tiên"},
		{"06978", today, "Việt Nam / Tỉnh Quảng Ninh / Xã Ba Chẽ"},
		{"06970", today, "Việt Nam / Tỉnh Quảng Ninh / Xã Ba Chẽ"},
		{"06970", last2025, "Việt Nam / Tỉnh Quảng Ninh / Huyện Ba Chẽ / Thị trấn Ba Chẽ"},
		{"23737", today, "Việt Nam / Tỉnh Gia Lai / Xã Ia Mơ"},
		{"23737", last2025, "Việt Nam / Tỉnh Gia Lai / Huyện Chư Păh / Xã Ia Mơ Nông"},
		{"06978", last2025, ""},
		{"", today, ""}, {"1", today, ""}, {"99999", today, ""}, {"2404", today, ""},
	} {
		x, ok := u.ByCode(c.code, c.on)
		var names []string
		if ok {
			for _, p := range u.Path(x.ID) {
				names = append(names, p.Full())
			}
		}
		if got := strings.Join(names, " / "); got != c.want {
			t.Errorf("%s on %v: %q, want %q", c.code, c.on, got, c.want)
		}
	}
}

// Trap 1: seven codes of provinces belong to differently named ones.
func TestReusedProvinceCodes(t *testing.T) {
	u := loadUnits(t)
	var reused []string
	for _, p := range u.Provinces(vn.Reform) {
		old, ok := u.ByCode(p.Code, last2025)
		if !ok {
			t.Errorf("%s is a new code", p.Code)
		}
		if old.Folded != p.Folded {
			reused = append(reused, p.Code+" "+old.Name+" → "+p.Name)
			if old.ID == p.ID {
				t.Errorf("%s kept its id", p.Name)
			}
		}
	}
	want := []string{
		"15 Yên Bái → Lào Cai", "24 Bắc Giang → Bắc Ninh", "44 Quảng Bình → Quảng Trị", "52 Bình Định → Gia Lai",
		"80 Long An → Tây Ninh", "82 Tiền Giang → Đồng Tháp", "91 Kiên Giang → An Giang",
	}
	if !slices.Equal(reused, want) {
		t.Errorf("got %q", reused)
	}
}

// Trap 2: all but a few codes of communes were codes of old ones. 3,316 when
// Ba Chẽ is counted under its second code.
func TestReusedCommuneCodes(t *testing.T) {
	u := loadUnits(t)
	n := 0
	for _, c := range u.Communes(vn.Nation, vn.Reform) {
		old, ok := u.ByCode(c.Code, last2025)
		if ok {
			n++
			if old.ID == c.ID {
				t.Fatalf("%s kept its id", c.Code)
			}
		}
	}
	if n != 3315 {
		t.Errorf("%d codes reused, want 3315", n)
	}
	if _, ok := u.ByCode("06970", last2025); !ok {
		t.Error("06970 was no code: 3316 is not reached")
	}
}

// Trap 3: names are no keys.
func TestFoldedNamesRepeat(t *testing.T) {
	u := loadUnits(t)
	inProvince, national := map[string]int{}, map[string]int{}
	for _, c := range u.Communes(vn.Nation, today) {
		inProvince[fmt.Sprint(c.Parent, c.Folded)]++
		national[c.Folded]++
	}
	twice := func(m map[string]int) (n int) {
		for _, c := range m {
			if c > 1 {
				n++
			}
		}
		return n
	}
	if a, b := twice(inProvince), twice(national); a != 10 || b != 373 {
		t.Errorf("%d pairs repeat in a province, %d names in the nation; want 10 and 373", a, b)
	}
	dt, _ := u.ByCode("82", today)
	n := 0
	for _, c := range u.Find("tân thạnh", today) {
		if c.Parent == dt.ID {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d communes Tân Thạnh in Đồng Tháp, want 2", n)
	}
}

// Trap 9: one tone placement in all names.
func TestNamesAreNormal(t *testing.T) {
	u := loadUnits(t)
	for _, on := range []vn.Date{last2025, today} {
		for _, x := range u.Under(vn.Nation, on) {
			if vn.NormalName(x.Name) != x.Name || x.Folded != vn.Fold(x.Name) {
				t.Errorf("%s %q (%q)", x.Code, x.Name, x.Folded)
			}
		}
	}
	if x, _ := u.ByCode("06325", today); x.Full() != "Xã Bắc Sơn" {
		t.Errorf("06325 is %q", x.Full())
	}
}

func names(list []vn.Unit) string {
	var s []string
	for _, x := range list {
		s = append(s, x.Code)
	}
	return strings.Join(s, " ")
}

// On 2026-04-30 ten communes of Đồng Nai became wards and the province a city;
// ids and codes stayed.
func TestReclassification(t *testing.T) {
	u := loadUnits(t)
	p, _ := u.ByCode("75", before26)
	q, _ := u.ByCode("75", since26)
	if p.ID != q.ID || p.Full() != "Tỉnh Đồng Nai" || q.Full() != "Thành phố Đồng Nai" {
		t.Errorf("%s became %s", p.Full(), q.Full())
	}
	changed := map[string]bool{}
	for _, c := range u.Children(p.ID, before26) {
		n, ok := u.At(c.ID, since26)
		if !ok || n.Code != c.Code {
			t.Errorf("%s is gone", c.Full())
		}
		if n.Kind != c.Kind {
			changed[c.Full()+" → "+n.Full()] = true
		}
	}
	for _, name := range strings.Split("Lộc Ninh,Tân Khai,Đồng Phú,Tân Phú,Trị An,Trảng Bom,Dầu Giây,Long Thành,Xuân Lộc,Nhơn Trạch", ",") {
		if k := "Xã " + name + " → Phường " + name; !changed[k] {
			t.Errorf("missing %s", k)
		}
	}
	if len(changed) != 10 {
		t.Errorf("%d changed: %v", len(changed), changed)
	}
}

func TestWithinAndPath(t *testing.T) {
	u := loadUnits(t)
	bn, _ := u.ByCode("24", today)
	bg, _ := u.ByCode("24", last2025)
	seen := map[vn.UnitID]bool{}
	for _, on := range []vn.Date{last2025, today} {
		for _, x := range u.Under(vn.Nation, on) {
			path := u.Path(x.ID)
			if path[0].ID != vn.Nation || path[len(path)-1].ID != x.ID {
				t.Fatalf("path of %s: %v", x.Code, path)
			}
			for _, up := range path {
				if !u.Within(x.ID, up.ID) {
					t.Fatalf("%s is not within %s", x.Code, up.Code)
				}
			}
			if seen[x.ID] && (x.Level != vn.LevelProvince || x.From != vn.ZeroDate) {
				t.Errorf("%s %s has the id of an old unit", x.Code, x.Name)
			}
			seen[x.ID] = true
		}
	}
	for _, c := range u.Communes(bn.ID, today) {
		if u.Within(c.ID, bg.ID) {
			t.Errorf("%s lies in the old Bắc Giang", c.Name)
		}
	}
	if u.Within(99, vn.Nation) || u.Within(bn.ID, 99) || u.Within(0, 0) || u.Path(99) != nil {
		t.Error("unknown units lie somewhere")
	}
	if n := len(u.Communes(bn.ID, today)); n != 99 {
		t.Errorf("Bắc Ninh has %d communes, want 99", n)
	}
}

func BenchmarkUnits(b *testing.B) {
	for b.Loop() {
		if _, err := Units(); err != nil {
			b.Fatal(err)
		}
	}
}
