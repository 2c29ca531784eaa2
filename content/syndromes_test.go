// SPDX-License-Identifier: Apache-2.0

package content

import (
	"slices"
	"strings"
	"testing"

	"mach/vn"
)

// A visit counts by its codes or by what was complained of, with or without
// tones, and not by what was denied.
func TestSyndromes(t *testing.T) {
	of := func(icd, reason string) string {
		var out []string
		for _, s := range Syndromes(vn.NewDate(2026, 8, 1)) {
			if s.Matches(strings.Fields(icd), reason) {
				out = append(out, s.ID)
			}
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct{ icd, reason, want string }{
		{icd: "J10.1", want: "ili"},
		{icd: "J18.9 I10", want: "sari"},
		{icd: "A09.0", want: "watery-diarrhoea"},
		{icd: "B05.9", want: "fever-rash"},
		{icd: "A97.0", want: "dengue-like"},
		{icd: "B15.9", want: "jaundice"},
		{icd: "A80.3", want: "neurological"},
		{icd: "a83.0", want: "neurological"},
		{icd: "I10"},
		{icd: "B18.1", reason: "khám định kỳ viêm gan B mạn"}, // chronic
		{reason: "Sốt cao 2 ngày, ho khan", want: "ili"},
		{reason: "SOT, HO", want: "ili"},
		{reason: "sốt 3 ngày, nổi ban toàn thân", want: "fever-rash"},
		{reason: "đau cơ, sốt, chảy máu cam", want: "dengue-like"},
		{reason: "tiêu chảy phân nước 10 lần", want: "watery-diarrhoea"},
		{reason: "vàng mắt, mệt", want: "jaundice"},
		{reason: "sốt, co giật", want: "neurological"},
		{reason: "không sốt, ho khan"},
		{reason: "ho, không có sốt"},
		{reason: "không tiêu chảy"},
		{reason: "hôm qua không sốt, hôm nay sốt, ho", want: "ili"},
		{reason: ""},
	} {
		if got := of(c.icd, c.reason); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.icd, c.reason, got, c.want)
		}
	}
}

func TestSyndromesAreDated(t *testing.T) {
	if got := Syndromes(vn.NewDate(2026, 6, 30)); got != nil {
		t.Errorf("before the first definition: %v", got)
	}
	list := Syndromes(vn.NewDate(2026, 7, 1))
	var ids []string
	for _, s := range list {
		ids = append(ids, s.ID)
		if s.Verified {
			t.Errorf("%s: our own default is said to be verified", s.ID)
		}
	}
	if want := []string{"ili", "sari", "watery-diarrhoea", "fever-rash", "dengue-like", "jaundice", "neurological"}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
}

// FuzzSyndromes: no text breaks the reading of words.
func FuzzSyndromes(f *testing.F) {
	f.Add("A09", "không sốt  ho")
	f.Add("", "\xff không không sốt")
	all := Syndromes(vn.NewDate(2026, 8, 1))
	f.Fuzz(func(t *testing.T, icd, reason string) {
		for _, s := range all {
			if s.Matches([]string{icd}, reason) && !s.Matches([]string{icd}, reason+" .") {
				t.Errorf("%s: %q counts, and not with a full stop", s.ID, reason)
			}
		}
	})
}

// A syndrome is named like no disease: both are what an alert is of.
func TestSyndromesAreNoDiseases(t *testing.T) {
	for _, s := range syndromes() {
		if _, ok := diseases().ByID(s.ID); ok {
			t.Errorf("%s is a disease", s.ID)
		}
	}
}

func TestSyndromeRule(t *testing.T) {
	if r := SyndromeRuleOn(vn.NewDate(2026, 8, 1)); r.LeastVisits != 3 || r.Weight >= DetectionOn(r.From).WeightC || len(r.Hash) != 12 {
		t.Errorf("%+v", r)
	}
	const good = "[[period]]\nvalid_from = \"2021-01-01\"\nleast_visits = 3\nalpha = 0.01\nback_days = 7\nreach_days = 70\nhistory_days = 730\nshown_days = 60\nweight = 0.5\n"
	later := strings.Replace(strings.Replace(good, "2021", "2026", 1), "alpha = 0.01", "alpha = 0.02", 1)
	if list, err := parseSyndromeRules([]byte(later + good)); err != nil || list[0].Alpha != 0.01 || list[0].Hash == list[1].Hash {
		t.Errorf("%+v, %v", list, err)
	}
	for _, bad := range []string{"", "[[period]]", strings.Replace(good, "= 0.01", "= 1.0", 1), strings.Replace(good, "= 70", "= 20", 1), strings.Replace(good, "2021-01-01", "soon", 1)} {
		if _, err := parseSyndromeRules([]byte(bad)); err == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
}
