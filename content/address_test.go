// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strings"
	"testing"

	"mach/vn"
)

// Printed addresses of both maps, as on cards, letters and in lists, and the
// codes of today's candidates, best first. Empty: nothing is certain.
var addresses = []struct{ text, want string }{
	// the old map, in full
	{"xã Hòa An, huyện Phụng Hiệp, tỉnh Hậu Giang", "31393"},
	{"Phường Bến Nghé, Quận 1, Thành phố Hồ Chí Minh", "26740"},
	{"Xã Công Đa, huyện Yên Sơn, tỉnh Tuyên Quang", "02458"},
	{"thị trấn Lim, huyện Tiên Du, tỉnh Bắc Ninh", "09319"},
	// shortened
	{"12 Lê Lợi, P. Bến Nghé, Q.1, TP.HCM", "26740"},
	{"12 Lê Lợi, P.Bến Nghé, Q1, TPHCM", "26740"},
	{"TT. Lim, H. Tiên Du, T. Bắc Ninh", "09319"},
	// as citizen cards print it, without kinds
	{"Thôn 3, Hòa An, Phụng Hiệp, Hậu Giang", "31393"},
	{"Tổ 5, Bến Nghé, Quận 1, TP. Hồ Chí Minh", "26740"},
	{"Lim, Tiên Du, Bắc Ninh", "09319"},
	// without marks, tones elsewhere, capitals, a country, decomposed letters
	{"xa hoa an, huyen phung hiep, tinh hau giang", "31393"},
	{"XÃ HOÀ AN, HUYỆN PHỤNG HIỆP, TỈNH HẬU GIANG, VIỆT NAM", "31393"},
	{"Xa\u0303 Ho\u0300a An, Phu\u0323ng Hie\u0323\u0302p, Ha\u0323\u0302u Giang", "31393"},
	// cut up: candidates; all people in one: one
	{"Phường Cống Vị, Quận Ba Đình, Thành phố Hà Nội", "00008 00025"},
	{"xã Đặng Xá, huyện Gia Lâm, Hà Nội", "00562"},
	// one mark apart: Chiềng Hắc of Mộc Châu, Chiềng Hặc of Yên Châu
	{"xã Chiềng Hắc, thị xã Mộc Châu, tỉnh Sơn La", "03980"},
	{"xã Chiềng Hặc, huyện Yên Châu, tỉnh Sơn La", "04078"},
	// numbers
	{"Phường 5, Quận 3, Thành phố Hồ Chí Minh", "27154"},
	{"Phường 05, Quận 3, Thành phố Hồ Chí Minh", "27154"},
	// a province that was renamed before
	{"Phường Vĩnh Ninh, Thành phố Huế, Tỉnh Thừa Thiên Huế", "19789"},
	{"xã Hương Sơn, huyện Nam Đông, tỉnh Thừa Thiên Huế", "20179"},
	// today's map
	{"Phường Sài Gòn, Thành phố Hồ Chí Minh", "26740"},
	{"Xã Ba Chẽ, tỉnh Quảng Ninh", "06978"},
	{"đặc khu Hoàng Sa, thành phố Đà Nẵng", "20333"},
	{"Đặc khu Trường Sa, Khánh Hòa", "22736"},
	{"Xã Trảng Bom, tỉnh Đồng Nai", "26248"},
	{"Phường Trảng Bom, thành phố Đồng Nai", "26248"},
	// the old commune behind the new province
	{"xã Hòa An, huyện Phụng Hiệp, thành phố Cần Thơ", "31393"},
	// a district that became a city
	{"phường Đình Bảng, thị xã Từ Sơn, tỉnh Bắc Ninh", "09367"},
	// not certain
	{"xã Tân Thành", ""},
	{"Tân Thành", ""},
	{"tỉnh Bắc Ninh", ""},
	{"huyện Tiên Du, tỉnh Bắc Ninh", ""},
	{"xã Hòa An, huyện Tiên Du, tỉnh Bắc Ninh", ""},
	{"xã Không Có Đâu, huyện Tiên Du, tỉnh Bắc Ninh", ""},
	{"", ""}, {",,,", ""}, {"1, 2, 3", ""}, {"Hà Nội, Hà Nội, Hà Nội", ""},
}

func TestFromAddress(t *testing.T) {
	u := loadUnits(t)
	for _, c := range addresses {
		if got := names(u.FromAddress(c.text, today)); got != c.want {
			var full []string
			for _, x := range u.FromAddress(c.text, today) {
				p, _ := u.Get(x.Parent)
				full = append(full, x.Code+" "+x.Full()+" "+p.Name)
			}
			t.Errorf("%q: %s, want %s", c.text, strings.Join(full, "; "), c.want)
		}
	}
}

// Every old address in full finds what the lineage says, and nothing else
// unless two communes of the district have the same name.
func TestFromAddressOfEveryOldCommune(t *testing.T) {
	u := loadUnits(t)
	wrong, more := 0, 0
	for _, old := range u.Communes(vn.Nation, last2025) {
		path := u.Path(old.ID)
		text := old.Full() + ", " + path[2].Full() + ", " + path[1].Full()
		got := map[string]bool{}
		for _, x := range u.FromAddress(text, today) {
			got[x.Code] = true
		}
		want := u.Successors(old.ID, today)
		for _, w := range want {
			if !got[w.Code] {
				wrong++
				t.Errorf("%s: %v, want %s", text, got, names(want))
			}
		}
		if len(got) > len(want) {
			more++
			t.Logf("%s: %v, want %s", text, got, names(want))
		}
	}
	if more > 5 {
		t.Errorf("%d addresses have too many candidates", more)
	}
}

// The same addresses as citizen cards print them, without kinds, and as they
// are typed, without marks: nothing is lost, and the first is nearly always right.
func TestFromAddressWithoutKindsAndMarks(t *testing.T) {
	u := loadUnits(t)
	all, first := 0, 0
	for _, old := range u.Communes(vn.Nation, last2025) {
		path := u.Path(old.ID)
		name, district := old.Name, path[2].Name
		if strings.ContainsAny(name[:1], "0123456789") {
			name = old.Full()
		}
		if strings.ContainsAny(district[:1], "0123456789") {
			district = path[2].Full()
		}
		text := "Thôn 1, " + name + ", " + district + ", " + path[1].Name
		want := u.Successors(old.ID, today)
		for _, form := range []string{text, vn.Fold(text)} {
			got := u.FromAddress(form, today)
			all++
			for _, w := range want {
				if !strings.Contains(names(got), w.Code) {
					t.Errorf("%s: %s, want %s", form, names(got), names(want))
				}
			}
			if len(got) > 0 && strings.Contains(names(want), got[0].Code) {
				first++
			}
		}
	}
	t.Logf("%d of %d addresses have the right commune first", first, all)
	if first*1000 < all*997 {
		t.Errorf("only %d of %d addresses have the right commune first", first, all)
	}
}

// Every address of today finds its commune first.
func TestFromAddressOfEveryCommuneToday(t *testing.T) {
	u := loadUnits(t)
	for _, c := range u.Communes(vn.Nation, today) {
		p, _ := u.Get(c.Parent)
		for _, text := range []string{c.Full() + ", " + p.Full(), "Thôn Đông, " + c.Full() + ", " + p.Full() + ", Việt Nam"} {
			got := u.FromAddress(text, today)
			if len(got) == 0 || got[0].ID != c.ID && got[0].Folded != c.Folded {
				t.Errorf("%s: %s", text, names(got))
			}
		}
	}
}

func FuzzFromAddress(f *testing.F) {
	u := loadUnits(f)
	for _, a := range addresses {
		f.Add(a.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, x := range u.FromAddress(text, today) {
			if x.Level != vn.LevelCommune || !x.ValidOn(today) {
				t.Errorf("%q: %+v", text, x)
			}
		}
	})
}
