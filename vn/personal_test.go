// SPDX-License-Identifier: Apache-2.0

package vn_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mach/issue"
	"mach/vn"
)

func TestParsePersonalID(t *testing.T) {
	for _, s := range []string{"079203001234", " 079 203 001 234 ", "0792 0300 1234", "079\u00a0203001234"} {
		if id, err := vn.ParsePersonalID(s); err != nil || id != "079203001234" {
			t.Errorf("%q: %v, %v", s, id, err)
		}
	}
	for _, s := range []string{"", "07920300123", "0792030012345", "07920300123a", "079-203-001234", "０７９203001234", "079203001234\x00", strings.Repeat(" ", 100) + "079203001234"} {
		if id, err := vn.ParsePersonalID(s); !issue.Is(err, issue.Invalid) || id != "" {
			t.Errorf("%q: %v, %v", s, id, err)
		}
	}
}

func TestPersonalIDParts(t *testing.T) {
	for _, c := range []struct {
		id       vn.PersonalID
		province string
		sex      vn.Sex
		year     int
	}{
		{"001053000001", "01", vn.Male, 1953}, {"079199001234", "79", vn.Female, 1999}, {"079203001234", "79", vn.Male, 2003},
		{"024326000001", "24", vn.Female, 2026}, {"096410000001", "96", vn.Male, 2110}, {"096999000001", "96", vn.Female, 2399},
		{"099203001234", "", vn.Male, 2003}, {"179203001234", "", vn.Male, 2003}, {"003203001234", "", vn.Male, 2003},
	} {
		p, ok := c.id.Province()
		if p != c.province || ok != (p != "") || c.id.Sex() != c.sex || c.id.BirthYear() != c.year {
			t.Errorf("%s: %s %v %d", c.id, p, c.id.Sex(), c.id.BirthYear())
		}
	}
	n := 0
	for p := range 1000 {
		id := vn.PersonalID(string([]byte{byte('0' + p/100), byte('0' + p/10%10), byte('0' + p%10)}) + "203001234")
		if _, ok := id.Province(); ok {
			n++
		}
	}
	if n != 63 {
		t.Errorf("%d province prefixes, want 63", n)
	}
}

// Disagreement warns and never refuses: civil data can be corrected.
func TestPersonalIDWarnings(t *testing.T) {
	y := func(year int) vn.PartialDate { return vn.PartialDate{Year: year} }
	for _, c := range []struct {
		id    vn.PersonalID
		sex   vn.Sex
		birth vn.PartialDate
		want  string
	}{
		{"079203001234", vn.Male, y(2003), ""}, {"079203001234", vn.UnknownSex, vn.PartialDate{}, ""}, {"079203001234", vn.OtherSex, y(2003), ""},
		{"079203001234", "", y(2003), ""}, {"079203001234", vn.Female, y(2003), "personal_id.sex"}, {"079203001234", vn.Male, y(2004), "personal_id.birth"},
		{"999203001234", vn.Female, y(1903), "personal_id.province personal_id.sex personal_id.birth"}, {"", vn.Male, y(2003), ""},
	} {
		var keys []string
		for _, w := range c.id.Warnings(c.sex, c.birth) {
			if w.Severity != issue.SeverityWarning {
				t.Errorf("%s: %+v", c.id, w)
			}
			keys = append(keys, w.Key)
		}
		if got := strings.Join(keys, " "); got != c.want {
			t.Errorf("%s %s %v: %q, want %q", c.id, c.sex, c.birth, got, c.want)
		}
		if issue.List(c.id.Warnings(c.sex, c.birth)) != nil {
			t.Errorf("%s: warnings refuse", c.id)
		}
	}
}

func TestOldID(t *testing.T) {
	if id, err := vn.ParseOldID("024 123 456"); err != nil || id != "024123456" {
		t.Errorf("%v, %v", id, err)
	}
	for _, s := range []string{"", "02412345", "0241234567", "02412345x"} {
		if _, err := vn.ParseOldID(s); !issue.Is(err, issue.Invalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestInsuranceID(t *testing.T) {
	for _, c := range []struct {
		text, id, number, object, province, printed string
		benefit, percent                            int
		warning                                     string
	}{
		{"0123456789", "0123456789", "0123456789", "", "", "0123456789", 0, 0, ""},
		{"DN4010123456789", "DN4010123456789", "0123456789", "DN", "01", "DN 4 01 0123456789", 4, 80, ""},
		{"te 1 24 0123456789", "TE1240123456789", "0123456789", "TE", "24", "TE 1 24 0123456789", 1, 100, ""},
		{"HT-3-79-0123456789", "HT3790123456789", "0123456789", "HT", "79", "HT 3 79 0123456789", 3, 95, ""},
		{"QN5010123456789", "QN5010123456789", "0123456789", "QN", "01", "QN 5 01 0123456789", 5, 100, ""},
		{"DN2010123456789", "DN2010123456789", "0123456789", "DN", "01", "DN 2 01 0123456789", 2, 100, "insurance_id.benefit"},
		{"ZZ4010123456789", "ZZ4010123456789", "0123456789", "ZZ", "01", "ZZ 4 01 0123456789", 4, 80, "insurance_id.object"},
	} {
		id, err := vn.ParseInsuranceID(c.text)
		if err != nil || string(id) != c.id || id.Number() != c.number || id.Object() != c.object || id.Province() != c.province ||
			id.String() != c.printed || id.Benefit() != c.benefit || id.BenefitPercent() != c.percent {
			t.Errorf("%q: %q %s %s %s %d, %v", c.text, id, id.Number(), id.Object(), id.Province(), id.Benefit(), err)
		}
		w := id.Warnings()
		if len(w) > 1 || len(w) == 1 && w[0].Key != c.warning || len(w) == 0 && c.warning != "" {
			t.Errorf("%q: %+v, want %q", c.text, w, c.warning)
		}
	}
	for _, s := range []string{"", "123456789", "01234567890", "DN6010123456789", "D14010123456789", "DN40101234567", "DN4A10123456789", "DN401012345678x", "ĐN4010123456789"} {
		if id, err := vn.ParseInsuranceID(s); !issue.Is(err, issue.Invalid) {
			t.Errorf("%q: %q, %v", s, id, err)
		}
	}
}

func TestPhone(t *testing.T) {
	for _, c := range []struct {
		text, e164, shown string
		mobile            bool
	}{
		{"0912345678", "+84912345678", "0912 345 678", true}, {" 0912 345 678 ", "+84912345678", "0912 345 678", true},
		{"+84 912 345 678", "+84912345678", "0912 345 678", true}, {"+84 (0)912.345.678", "+84912345678", "0912 345 678", true},
		{"84912345678", "+84912345678", "0912 345 678", true}, {"0084912345678", "+84912345678", "0912 345 678", true},
		{"024 3825 5599", "+842438255599", "024 3825 5599", false}, {"0222-382-5559", "+842223825559", "022 2382 5559", false},
		{"0351234567", "+84351234567", "0351 234 567", true}, {"02438255599", "+842438255599", "024 3825 5599", false},
	} {
		p, err := vn.ParsePhone(c.text)
		if err != nil || string(p) != c.e164 || p.String() != c.shown || p.Mobile() != c.mobile {
			t.Errorf("%q: %q %q, %v", c.text, string(p), p, err)
		}
		if again, err := vn.ParsePhone(p.National()); err != nil || again != p {
			t.Errorf("%q: %q, %v", p.National(), again, err)
		}
	}
	for _, s := range []string{"", "+", "0", "912345678", "0112345678", "0612345678", "09123456789", "091234567", "+1 202 555 0100", "0912a45678",
		"113", "+84", "0084", "84", "012345678", "++84912345678", "0４12345678", strings.Repeat("0", 70)} {
		if p, err := vn.ParsePhone(s); !issue.Is(err, issue.Invalid) || p != "" {
			t.Errorf("%q: %q, %v", s, p, err)
		}
	}
}

// Numbers and cards never reach a log in full.
func TestLogsAreRedacted(t *testing.T) {
	var b bytes.Buffer
	card, err := vn.ParseCitizenCard("079203001234|024123456|Nguyễn Văn A|01022003|Nam|Phường Bến Nghé, Quận 1|01012022")
	if err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "personal", card.Number, "old", card.Old, "insurance", vn.InsuranceID("DN4010123456789"),
		"number", vn.InsuranceID("0123456789"), "phone", vn.Phone("+84912345678"), "card", card, "short", vn.PersonalID("1234"))
	for _, secret := range []string{"079203001234", "2030", "024123456", "0123456789", "012345", "912345678", "Nguyễn", "Bến", "=1234"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%q is in the log: %s", secret, b.String())
		}
	}
	if !strings.Contains(b.String(), "personal=0792…1234") {
		t.Errorf("no trace is left: %s", b.String())
	}
}

func TestParseCitizenCard(t *testing.T) {
	c, err := vn.ParseCitizenCard(" 079203001234|024123456|NGUYỄN THUỲ  DƯƠNG|00002003|Nữ| Thôn 3, Hòa An, Phụng Hiệp, Hậu Giang |15062021\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Number != "079203001234" || c.Old != "024123456" || c.Name != "NGUYỄN THÙY DƯƠNG" || c.Birth.String() != "2003" || c.Sex != vn.Female ||
		c.Address != "Thôn 3, Hòa An, Phụng Hiệp, Hậu Giang" || c.Issued.String() != "2021-06-15" || strings.TrimSpace(c.Text) != c.Text {
		t.Errorf("%+v", c)
	}
	if c, err := vn.ParseCitizenCard("079203001234||A|01022003|nam|X|01012022||Cha|Mẹ"); err != nil || c.Old != "" || c.Sex != vn.Male {
		t.Errorf("a newer card: %+v, %v", c, err)
	}
	for _, r := range []struct{ text, want string }{
		{"", "card.format"}, {"079203001234", "card.format"}, {"a|b|c|d|e|f", "card.format"}, {"||||||\xff", "card.format"},
		{strings.Repeat("|", 2000), "card.format"},
		{"07920300123||A|01022003|Nam|X|01012022", "number personal_id.format"},
		{"079203001234|12|A|01022003|Nam|X|01012022", "old old_id.format"},
		{"079203001234|| |01022003|Nam|X|01012022", "name card.name"},
		{"079203001234||A|31022003|Nam|X|01012022", "birth date.format"},
		{"079203001234||A|2003|Nam|X|01012022", "birth date.format"},
		{"079203001234||A|01022003|M|X|01012022", "sex card.sex"},
		{"079203001234||A|01022003|Nam||01012022", "address card.address"},
		{"079203001234||A|01022003|Nam|X|", "issued date.format"},
		{"||||||", "number personal_id.format; name card.name; birth date.format; sex card.sex; address card.address; issued date.format"},
	} {
		_, err := vn.ParseCitizenCard(r.text)
		var got []string
		for _, i := range issue.Of(err) {
			got = append(got, strings.TrimSpace(i.Path+" "+i.Key))
		}
		if strings.Join(got, "; ") != r.want {
			t.Errorf("%.40q: %q, want %q", r.text, got, r.want)
		}
	}
}

func TestPersonalIDProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9]{12}`).Draw(t, "id")
		id, err := vn.ParsePersonalID(s)
		if err != nil || id.String() != s {
			t.Fatalf("%q: %v", s, err)
		}
		if y := id.BirthYear(); y < 1900 || y > 2399 {
			t.Fatalf("%q: born %d", s, y)
		}
		if w := id.Warnings(id.Sex(), vn.PartialDate{Year: id.BirthYear()}); len(w) > 1 || len(w) == 1 && w[0].Key != "personal_id.province" {
			t.Fatalf("%q disagrees with itself: %+v", s, w)
		}
	})
}

func FuzzIdentifiers(f *testing.F) {
	for _, s := range []string{"079203001234", "DN4010123456789", "+84 912 345 678", "024123456", "||||||"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := vn.ParsePersonalID(s); err == nil && len(id) != 12 {
			t.Errorf("%q: %q", s, id)
		}
		if id, err := vn.ParseInsuranceID(s); err == nil {
			if again, err := vn.ParseInsuranceID(id.String()); err != nil || again != id || len(id.Number()) != 10 {
				t.Errorf("%q: %q, %v", s, id, err)
			}
		}
		if p, err := vn.ParsePhone(s); err == nil {
			if again, err := vn.ParsePhone(p.String()); err != nil || again != p {
				t.Errorf("%q: %q, %v", s, p, err)
			}
		}
		_, _ = vn.ParseOldID(s)
		if c, err := vn.ParseCitizenCard(s); err == nil && (len(c.Number) != 12 || c.Name == "" || !c.Birth.Known()) {
			t.Errorf("%q: %+v", s, c)
		}
	})
}
