// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"mach/content"
)

// What a laboratory writes becomes a class as a clinician expects: a table in
// words, testdata/laboratory_cases.txt.
func TestLabClassOfWhatIsWritten(t *testing.T) {
	text, err := os.ReadFile("testdata/laboratory_cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]string{}
	for _, d := range content.Diseases().List(listed) {
		byName[d.Name.Vi] = d.ID
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		n++
		cells := strings.Split(line, " | ")
		disease := byName[cells[0]]
		if disease == "" || len(cells) != 4 {
			t.Errorf("%s: no such disease", line)
			continue
		}
		test, said, _ := strings.Cut(cells[1], ": ")
		if !content.EvidenceOf(disease).Tests(test) {
			t.Errorf("%s: no test of this disease", line)
		}
		days, err := strconv.Atoi(cells[2])
		if err != nil {
			days = -1
		}
		if rule, ok := content.LabClass(disease, content.TestKind(test), content.TestResult(said), days); !ok || rule.Class != cells[3] {
			t.Errorf("%s: got %q by %+v", line, rule.Class, rule)
		}
	}
	if n < 20 {
		t.Errorf("only %d cases were read", n)
	}
}

// Every disease gets a class from every result.
func TestLabClassIsTotal(t *testing.T) {
	for _, d := range content.Diseases().List(listed) {
		for _, test := range []string{"pcr", "culture", "serology", "rapid", "other", ""} {
			for result, classes := range map[string]string{"positive": "probable confirmed", "negative": "suspect refuted", "doubtful": "suspect", "pending": "suspect"} {
				for _, days := range []int{-1, 0, 5, 40} {
					rule, ok := content.LabClass(d.ID, test, result, days)
					if !ok || !strings.Contains(classes, rule.Class) || rule.Class == "refuted" && days < 0 {
						t.Errorf("%s, %s %s on day %d: %+v", d.ID, test, result, days, rule)
					}
				}
			}
		}
	}
	if _, ok := content.LabClass("dengue", "pcr", "what", 0); ok {
		t.Error("an unknown result has a class")
	}
}
