// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"testing"

	"mach/content"
)

func TestEvidence(t *testing.T) {
	for _, c := range []struct {
		disease, cvx, vaccine string
		want                  bool
	}{
		{"measles", "05", "", true}, {"measles", "", "Sởi mũi 1", true}, {"measles", "", "Vắc xin MMR II", true}, {"measles", "94", "x", true},
		{"measles", "102", "Sởi", false}, // the code goes before the words
		{"measles", "", "Thủy đậu", false}, {"rabies", "", "Đại tràng", false}, {"rabies", "", "Vắc xin dại Verorab", true},
		{"tetanus", "", "DPT-VGB-Hib mũi 2", true}, {"hepatitis-b", "", "VGB sơ sinh", true}, {"pertussis", "", "Td", false},
		{"dengue", "102", "", false}, {"malaria", "05", "Sởi", false}, {"no such", "05", "Sởi", false},
	} {
		if got := content.EvidenceOf(c.disease).Protects(c.cvx, c.vaccine); got != c.want {
			t.Errorf("%s %q %q: %v", c.disease, c.cvx, c.vaccine, got)
		}
	}
	for _, c := range []struct {
		disease, test string
		want          bool
	}{
		{"dengue", "Dengue NS1 Ag (test nhanh)", true}, {"dengue", "Công thức máu", false}, {"measles", "IgM Sởi", true},
		{"measles", "Soi tươi", false}, {"tuberculosis", "GeneXpert MTB/RIF", false}, {"tuberculosis", "AFB đờm", true}, {"hiv", "HIV", false},
	} {
		if got := content.EvidenceOf(c.disease).Tests(c.test); got != c.want {
			t.Errorf("%s %q: %v", c.disease, c.test, got)
		}
	}
	for name, want := range map[string]string{
		"Dengue NS1 Ag (test nhanh)": "rapid", "RT-PCR virus sởi": "pcr", "MAC-ELISA IgM": "serology", "Cấy máu": "culture", "Nuôi cấy phân": "culture", "NS1": "",
	} {
		if got := content.TestKind(name); got != want {
			t.Errorf("%q works by %q, want %q", name, got, want)
		}
	}
	for said, want := range map[string]string{
		"Dương tính": "positive", "(+) positive": "positive", "Not detected": "negative", "Phát hiện RNA": "positive", "Không phát hiện": "negative",
		"Âm tính với cúm, dương tính với dengue": "", "Nghi ngờ": "doubtful", "10828004": "positive", "12 mg/l": "", "": "", "NEG": "negative",
	} {
		if got := content.TestResult(said); got != want {
			t.Errorf("%q means %q, want %q", said, got, want)
		}
	}
}
