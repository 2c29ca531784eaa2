// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"slices"
	"strings"
	"testing"

	"mach/content"
)

func TestSensitivity(t *testing.T) {
	const icd, loinc, atc = content.ICD10, content.LOINC, content.ATC
	for _, c := range []struct{ system, code, display, want string }{
		{icd, "B24", "", "hiv"},
		{icd, "B20.4", "", "hiv"},
		{icd, "Z21", "", "hiv"},
		{icd, "Z11.4", "", "hiv"},
		{icd, "A53.9", "", "sti"},
		{icd, "A50", "", "sti"},
		{icd, "A65", "", "sti"},
		{icd, "A63.0", "", "sti"},
		{icd, "F32.9", "", "mental"},
		{icd, "F52.0", "", "mental reproductive"},
		{icd, "X60", "", "mental"},
		{icd, "O04.9", "", "reproductive"},
		{icd, "z304", "", "reproductive"},
		{icd, "Z30.0", "Tư vấn HIV", "hiv reproductive"},
		{"http://hl7.org/fhir/sid/icd-10-cm", "F33.1", "", "mental"},
		{content.CSDisease, "hiv", "", "hiv"},
		{content.CSDisease, "syphilis", "", "sti"},
		{content.CSDisease, "dengue", "", ""},
		{content.CSDisease, "no such disease", "", ""},
		{loinc, "75622-1", "", "hiv"},
		{loinc, "20507-0", "", "sti"},
		{atc, "J05AR27", "", "hiv"},
		{atc, "N05AH03", "", "mental"},
		{atc, "G03AA07", "", "reproductive"},
		{"", "", "Xét nghiệm nhanh HIV", "hiv"},
		{"", "", "TDF/3TC/DTG 300/300/50 mg", "hiv"},
		{"", "", "Anti-HIV (test nhanh)", "hiv"},
		{"", "", "Tét giang mai", "sti"},
		{"", "", "RPR định tính", "sti"},
		{"", "", "Olanzapin 10 mg", "mental"},
		{"", "", "Đặt vòng tránh thai", "reproductive"},
		// Nothing of these is sensitive.
		{icd, "A97.0", "Sốt xuất huyết Dengue", ""},
		{icd, "A66", "", ""},
		{icd, "A49.9", "", ""},
		{icd, "G40.9", "Động kinh", ""},
		{icd, "Z34.9", "Khám thai thường", ""},
		{icd, "B37.0", "", ""},
		{icd, "I10", "Tăng huyết áp", ""},
		{loinc, "85354-9", "Blood pressure", ""},
		{atc, "C08CA01", "amlodipin", ""},
		{"", "", "Ho lâu ngày", ""},
		{"", "", "Uống từ từ", ""},
		{"", "", "Archive", ""},
		{"", "", "", ""},
		{"http://example.org", "B24", "", ""},
		{icd, "*", "", ""},
		{icd, " ", "HIV", "hiv"},
		{icd, "B24*", "", "hiv"},
	} {
		got := content.Sensitivity(c.system, c.code, c.display)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %s %q: got %v, want [%s]", c.system, c.code, c.display, got, c.want)
		}
	}
}

// A caller may keep and change what it gets.
func TestSensitivityIsOwned(t *testing.T) {
	first := content.Sensitivity(content.ICD10, "B24", "HIV")
	first[0] = "spoilt"
	if got := content.Sensitivity(content.ICD10, "B24", "HIV"); !slices.Equal(got, []string{"hiv"}) {
		t.Errorf("the table was changed: %v", got)
	}
}

// Every name of a labelled diagnosis of our list is found by its code.
func TestLabelledDiagnoses(t *testing.T) {
	for _, d := range content.Diagnoses().All() {
		byName := content.Sensitivity("", "", d.Name.Vi)
		byCode := content.Sensitivity(content.ICD10, d.Code, "")
		for _, l := range byName {
			if !slices.Contains(byCode, l) {
				t.Errorf("%s %s: the name says %s, the code does not (%v)", d.Code, d.Name.Vi, l, byCode)
			}
		}
	}
}

func FuzzSensitivity(f *testing.F) {
	f.Add("http://hl7.org/fhir/sid/icd-10", "B24", "HIV")
	f.Add("", "", "giang mai")
	f.Add("http://hl7.org/fhir/sid/icd-10", "*†", "")
	f.Fuzz(func(t *testing.T, system, code, display string) {
		got := content.Sensitivity(system, code, display)
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("not sorted or doubled: %v", got)
		}
	})
}

func BenchmarkSensitivity(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		content.Sensitivity(content.ICD10, "A97.0", "Sốt xuất huyết Dengue")
	}
}

// A disease of the closed desk is labelled however it is coded, and no other is.
func TestClosedDiseasesAreLabelled(t *testing.T) {
	for _, d := range content.Diseases().List(listed) {
		if got := content.Sensitivity(content.CSDisease, d.ID, ""); d.Closed != (len(got) > 0) {
			t.Errorf("%s: closed %t, labels %v", d.ID, d.Closed, got)
		}
	}
}
