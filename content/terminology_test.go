// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"mach/content"
	"mach/vn"
)

func TestDiagnosesList(t *testing.T) {
	list := content.Diagnoses().All()
	if len(list) < 300 {
		t.Errorf("%d diagnoses, want 300 or more", len(list))
	}
	plain, names := 0, map[string]string{}
	for i, d := range list {
		if i > 0 && list[i-1].Code >= d.Code {
			t.Errorf("%s stands after %s", d.Code, list[i-1].Code)
		}
		if d.Name.Vi == "" || d.Name.En == "" || !norm.NFC.IsNormalString(d.Name.Vi+d.Plain.Vi) || vn.NormalName(d.Name.Vi) != d.Name.Vi {
			t.Errorf("%s: name %+v is missing or untidy", d.Code, d.Name)
		}
		if other, twice := names[d.Name.Vi]; twice {
			t.Errorf("%s and %s have the same name", d.Code, other)
		}
		names[d.Name.Vi] = d.Code
		if (d.Plain.Vi == "") != (d.Plain.En == "") {
			t.Errorf("%s is explained in one language only", d.Code)
		}
		if d.Plain.Vi != "" {
			plain++
			if n := len([]rune(d.Plain.Vi)); n < 30 || n > 220 || !strings.HasSuffix(d.Plain.Vi, ".") {
				t.Errorf("%s: the explanation has %d letters or no full stop", d.Code, n)
			}
		}
	}
	if plain < 120 {
		t.Errorf("%d explanations, want 120 or more", plain)
	}
}

func TestDiagnosesSearch(t *testing.T) {
	for _, c := range []struct{ typed, first string }{
		{"THA", "I10"},
		{"tha", "I10"},
		{"tăng huyết áp", "I10"},
		{"cao huyet ap", "I10"},
		{"ĐTĐ", "E11.9"},
		{"tieu duong", "E11.9"},
		{"sot xuat huyet", "A97.0"},
		{"sxh", "A97.0"},
		{"sốt xuất huyết", "A97.0"},
		{"tcm", "B08.4"},
		{"tay chan", "B08.4"},
		{"A97.2", "A97.2"},
		{"a97.2", "A97.2"},
		{"viêm họng", "J02.9"},
		{"nkhht", "J06.9"},
		{"sởi", "B05.9"},
		{"soi", "B05.9"},
		{"sỏi thận", "N20.0"},
		{"dengue", "A97.0"},
		{"hypertension", "I10"},
		{"COPD", "J44.9"},
		{"dau lung", "M54.5"},
		{"huyết áp tăng", "R03.0"},
	} {
		got := content.Diagnoses().Search(c.typed, 10)
		if len(got) == 0 || got[0].Code != c.first {
			t.Errorf("%q: got %v first, want %s", c.typed, codes(got), c.first)
		}
	}
	for _, nothing := range []string{"", "  ", "…", "xyzxyz"} {
		if got := content.Diagnoses().Search(nothing, 10); got != nil {
			t.Errorf("%q: got %v, want none", nothing, codes(got))
		}
	}
	if got := content.Diagnoses().Search("viem", 7); len(got) != 7 {
		t.Errorf("limit 7: got %d", len(got))
	}
}

func codes(list []content.Diagnosis) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Code)
	}
	return out
}

func TestPlain(t *testing.T) {
	d := content.Diagnoses()
	for code, want := range map[string]string{"A97.0": "muỗi", "a970": "muỗi", "A97": "muỗi", "E11.4": "Đái tháo đường", "I10": "đột quỵ"} {
		if got := d.Plain(code).Vi; !strings.Contains(got, want) {
			t.Errorf("%s: %q does not speak of %q", code, got, want)
		}
	}
	for _, code := range []string{"", "Z99.9", "X", "Q90.9"} {
		if got := d.Plain(code); got.Vi != "" {
			t.Errorf("%q: got %q, want nothing", code, got.Vi)
		}
	}
}

func TestDrugs(t *testing.T) {
	list := content.Drugs().All()
	if len(list) < 120 {
		t.Errorf("%d drugs, want 120 or more", len(list))
	}
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, d := range list {
		key := d.Label() + "/" + d.Form
		if seen[key] {
			t.Errorf("%s stands twice", key)
		}
		seen[key] = true
		for _, k := range []string{"terminology.form." + d.Form, "terminology.route." + d.Route, "terminology.drug_group." + d.Group} {
			if !cat.Has("vi", k) {
				t.Errorf("%s: the catalogue lacks %s", d.Label(), k)
			}
		}
		if strings.Contains(d.Strength, ".") && !strings.Contains(d.Strength, ".0") && !strings.Contains(d.Strength, ".2") && !strings.Contains(d.Strength, ".5") {
			t.Errorf("%s: decimal point in %q", d.Label(), d.Strength)
		}
	}
}

// The groups marked mental or contraception must not slip past the labels:
// a new psychotropic in the list needs a word in sensitivity.csv.
func TestDrugLabels(t *testing.T) {
	want := map[string]string{"mental": content.LabelMental, "contraception": content.LabelReproductive}
	for _, d := range content.Drugs().All() {
		label, ok := want[d.Group]
		if !ok {
			continue
		}
		for _, name := range []string{d.Name.Vi, d.Name.En, d.Label()} {
			if got := content.Sensitivity("", "", name); !slices.Contains(got, label) {
				t.Errorf("%s: labels %v, want %s", name, got, label)
			}
		}
	}
}

func TestCodeLists(t *testing.T) {
	if n := len(content.EthnicGroups()); n != 55 {
		t.Errorf("%d ethnic groups, want 54 and foreign", n)
	}
	if got := content.NameOf(content.EthnicGroups(), "01").Vi; got != "Kinh" {
		t.Errorf("group 01 is %q", got)
	}
	if got := content.NameOf(content.Roles(), "nobody").Vi; got != "nobody" {
		t.Errorf("an unknown code reads %q", got)
	}
	for name, list := range map[string][]content.Item{"ethnic": content.EthnicGroups(), "occupations": content.Occupations(),
		"types": content.FacilityTypes(), "roles": content.Roles()} {
		seen := map[string]bool{}
		for _, x := range list {
			if x.Code == "" || x.Name.Vi == "" || x.Name.En == "" || seen[x.Code] {
				t.Errorf("%s: %+v is incomplete or stands twice", name, x)
			}
			seen[x.Code] = true
		}
	}
	for _, v := range content.Vitals() {
		panel := slices.ContainsFunc(content.Vitals(), func(x content.Vital) bool { return x.Parent == v.Code })
		if !panel && v.Low >= v.High {
			t.Errorf("%s: range %v to %v", v.Code, v.Low, v.High)
		}
	}
}
