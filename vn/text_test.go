// SPDX-License-Identifier: Apache-2.0

package vn_test

import (
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"mach/vn"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"Nguyễn Thị ĐÀO":            "nguyen thi dao",
		"  Đỗ   Văn\tAn \n":         "do van an",
		"Ðặng Ðình":                 "dang dinh", // eth, typed for đ
		"H'Hen Niê":                 "h'hen nie",
		"Trần\u00a0Văn\u200bBình":   "tran vanbinh",
		"\ufeffLê":                  "le",
		"":                          "",
		" \u200b ":                  "",
		"Ửng Ỵ Ẵ Ợ":                 "ung y a o",
		"Thu\u0309y":                "thuy",
		"ﬁ Ｎｇｕｙễｎ":                  "fi nguyen",
		"Phường 12, Quận Gò Vấp":    "phuong 12, quan go vap",
		norm.NFD.String("Ước Đoàn"): "uoc doan",
	} {
		if got := vn.Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

// Trap 9: Thuỳ and Thùy are one name; trap 10: đ.
func TestNormalName(t *testing.T) {
	for text, want := range map[string]string{
		"Thuỳ": "Thùy", "Thùy": "Thùy", "HOÀ": "HÒA", "Hoà An": "Hòa An", "hoè": "hòe", "Khoẻ": "Khỏe", "Uỷ ban": "Ủy ban",
		"Thuý Kiều": "Thúy Kiều", "Qúy": "Quý", "Quý": "Quý", "Qùynh": "Quỳnh", "Gìa": "Già", "Già": "Già", "Gía": "Giá", "gì": "gì",
		"Hòan": "Hoàn", "Hoàn": "Hoàn", "Tòan": "Toàn", "Nguyễn": "Nguyễn", "Ngừơi": "Người", "Thuở": "Thuở", "Huế": "Huế", "Hụê": "Huệ",
		"Khuỷu": "Khuỷu", "ngoài": "ngoài", "mía": "mía", "miá": "mía", "cửa": "cửa", "Giếng": "Giếng", "giừơng": "giường", "Quốc": "Quốc", "Qúôc": "Quốc",
		"Ea Kuếh": "Ea Kuếh", "H'Mông": "H'Mông", "Ia Hrú": "Ia Hrú", "Đắk Rơ Ông": "Đắk Rơ Ông", "Y Ỷun": "Y Ỷun", "Müller": "Müller", "Tằng Loỏng": "Tằng Loỏng",
		"  Nguyễn   Văn\u00a0A ": "Nguyễn Văn A", "Ng\u200buyễn": "Nguyễn", "": "", "hoà-bình": "hòa-bình", "(hoà)": "(hòa)",
		"Thuy\u0300": "Thùy", "Hoa\u0300": "Hòa", "Xã Hoà Bình, tỉnh Thái Bình": "Xã Hòa Bình, tỉnh Thái Bình",
		"NGUYỄN THUÝ HOÀ": "NGUYỄN THÚY HÒA", "Ðào": "Ðào",
		"ăa\u0300\u0300": "ăà\u0300", "ăa\u0300\u0302": "ăà\u0302",
	} {
		if got := vn.NormalName(text); got != want {
			t.Errorf("NormalName(%q) = %q, want %q", text, got, want)
		}
	}
}

// text draws Vietnamese letters, marks in odd places, spaces and noise.
func text() *rapid.Generator[string] {
	letters := []rune("aăâbcdđeêghiklmnoôơpqrstuưvxyAĐƠÊ àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ" +
		"'’-.,09\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b\u200b\ufeff\u00a0\tÐðİKßﬁ")
	return rapid.OneOf(rapid.StringOfN(rapid.SampledFrom(letters), 0, 24, -1), rapid.String())
}

func TestTextProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text().Draw(t, "s")
		f := vn.Fold(s)
		if vn.Fold(f) != f {
			t.Fatalf("Fold(%q) = %q, folded again %q", s, f, vn.Fold(f))
		}
		n := vn.NormalName(s)
		if vn.NormalName(n) != n {
			t.Fatalf("NormalName(%q) = %q, again %q", s, n, vn.NormalName(n))
		}
		if vn.NormalName(norm.NFD.String(n)) != n {
			t.Fatalf("NormalName depends on the form of %q", n)
		}
		if vn.Fold(n) != f {
			t.Fatalf("%q folds to %q, its normal form %q to %q", s, f, n, vn.Fold(n))
		}
		for _, r := range []string{f, n} {
			if strings.TrimSpace(r) != r || strings.Contains(r, "  ") || utf8.ValidString(s) && !utf8.ValidString(r) {
				t.Fatalf("%q → %q", s, r)
			}
		}
	})
}

// A name sorts by tên, then họ, then đệm, in Vietnamese order.
func TestSortKey(t *testing.T) {
	want := []string{
		"Trần Văn A", "Nguyễn Thị An", "Trần Bình An", "Trần Văn An", "Nguyễn Ăn", "Lê Ân", "Bùi Bích", "Lê Cường", "Đỗ Thị Dung", "Nguyễn Dung",
		"Lê Đào", "Nguyễn Hà", "Nguyễn Hạ", "Lê Hòa", "Nguyễn Thị Hoa Hòa", "Nguyễn Thị Hồng", "Võ Lan", "Vũ Lan", "Lê Oanh", "Lê Ổn", "Lê Ơn", "Lê Uyên", "Lê Ước", "Lê Ỷ",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	sort.SliceStable(got, func(i, j int) bool { return vn.SortKey(got[i]) < vn.SortKey(got[j]) })
	if !slices.Equal(got, want) {
		t.Errorf("order\n%q, want\n%q", got, want)
	}
	if vn.SortKey("NGUYỄN THỊ HOÀ") != vn.SortKey("nguyễn  thị hòa") {
		t.Error("case, spaces and tone placement count")
	}
	if vn.SortKey("") != "" || vn.SortKey("An") >= vn.SortKey("An An") {
		t.Error("short names")
	}
	// Order of tones (TCVN): ngang, huyền, hỏi, ngã, sắc, nặng.
	tones := []string{"ma", "mà", "mả", "mã", "má", "mạ"}
	if !slices.IsSortedFunc(tones, func(a, b string) int { return strings.Compare(vn.SortKey(a), vn.SortKey(b)) }) {
		t.Error("tones out of order")
	}
	words := []string{"An Giang", "Ân Thi", "Bắc Giang", "Cà Mau", "Đà Nẵng", "Hà Nội", "Quảng Nam", "Quảng Ngãi", "Quảng Ninh"}
	if !slices.IsSortedFunc(words, func(a, b string) int { return strings.Compare(vn.TextSortKey(a), vn.TextSortKey(b)) }) {
		t.Error("provinces out of order")
	}
}

// The key is plain ASCII, so any database can hold and compare it.
func TestSortKeyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text().Draw(t, "s")
		k := vn.SortKey(s)
		for i := 0; i < len(k); i++ {
			if k[i] <= ' ' || k[i] >= 0x7f {
				t.Fatalf("SortKey(%q) = %q", s, k)
			}
		}
		if vn.SortKey(vn.NormalName(s)) != k {
			t.Fatalf("%q and its normal form sort differently", s)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Hoà", "Ðà", "e\u0301\u0302", "İ", "\xff", "qúy"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if x := vn.Fold(s); vn.Fold(x) != x {
			t.Errorf("Fold %q → %q → %q", s, x, vn.Fold(x))
		}
		if x := vn.NormalName(s); vn.NormalName(x) != x {
			t.Errorf("NormalName %q → %q → %q", s, x, vn.NormalName(x))
		}
		vn.SortKey(s)
	})
}

func BenchmarkFold(b *testing.B) {
	for b.Loop() {
		vn.Fold("Nguyễn Thị Phương Thảo")
	}
}

func BenchmarkSortKey(b *testing.B) {
	for b.Loop() {
		vn.SortKey("Nguyễn Thị Phương Thảo")
	}
}
