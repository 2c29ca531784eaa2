// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"mach/vn"
)

// Evidence says what in a record speaks of a disease: doses of its vaccines and
// tests for its agent. It proposes answers; a person checks them.
type Evidence struct {
	CVX      []string // codes of vaccines against it
	vaccines []string // words of vaccines written without a code, folded
	tests    []string // words of tests, folded
}

var evidence = sync.OnceValue(func() map[string]Evidence { return must(loadEvidence(diseases())) })

// EvidenceOf returns what speaks of the disease; the zero Evidence, of which
// nothing speaks, for others than those listed.
func EvidenceOf(disease string) Evidence { return evidence()[disease] }

func loadEvidence(known *DiseaseList) (map[string]Evidence, error) {
	rows, err := readTable(surveillanceFiles, "surveillance/evidence.csv", "disease", "cvx", "vaccines", "tests")
	if err != nil {
		return nil, err
	}
	out := make(map[string]Evidence, len(rows))
	for _, r := range rows {
		if _, ok := known.ByID(r[0]); !ok {
			return nil, fmt.Errorf("evidence of %q: no such disease", r[0])
		}
		out[r[0]] = Evidence{CVX: strings.Fields(r[1]), vaccines: phrases(r[2]), tests: phrases(r[3])}
	}
	return out, nil
}

func phrases(cell string) []string {
	var out []string
	for p := range strings.SplitSeq(cell, ";") {
		if p = words(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Protects reports whether a dose of the vaccine protects from the disease: by
// its code, or by its words when it has none.
func (e Evidence) Protects(cvx, text string) bool {
	if cvx != "" {
		return slices.Contains(e.CVX, cvx)
	}
	return holds(text, e.vaccines)
}

// Vaccine reports whether there is a vaccine against the disease.
func (e Evidence) Vaccine() bool { return len(e.CVX)+len(e.vaccines) > 0 }

// Tests reports whether the name of a test says that it looks for the agent.
func (e Evidence) Tests(name string) bool { return holds(name, e.tests) }

// TestedFor lists the diseases for whose agents a test of this name looks, in
// order of their ids; nil for other tests, and for those of immunity, which say
// nothing of an illness.
func TestedFor(name string) []string {
	if holds(name, []string{"igg", "anti hbs"}) && !holds(name, []string{"igm"}) {
		return nil
	}
	var out []string
	for disease, e := range evidence() {
		if e.Tests(name) {
			out = append(out, disease)
		}
	}
	slices.Sort(out)
	return out
}

// holds reports whether the text has one of the phrases as whole words.
func holds(text string, phrases []string) bool {
	text = " " + words(text) + " "
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(text, " "+p+" ") })
}

// words folds a text and parts its words by single spaces.
func words(text string) string {
	return strings.Join(strings.FieldsFunc(vn.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// testKinds are the codes of the case form for how a test works, with the words
// that say so.
var testKinds = []struct {
	code  string
	words []string
}{
	{"pcr", []string{"pcr", "rt pcr", "realtime pcr", "naat", "xpert"}},
	{"culture", []string{"nuoi cay", "cay mau", "culture"}},
	{"serology", []string{"igm", "igg", "elisa", "mac elisa", "huyet thanh", "antibody", "khang the"}},
	{"rapid", []string{"nhanh", "rapid", "immunochromatography"}},
}

// TestKind reads from the name of a test how it works: a code of the case form;
// "" when the name does not say.
func TestKind(name string) string {
	for _, k := range testKinds {
		if holds(name, k.words) {
			return k.code
		}
	}
	return ""
}

// TestResult reads a result: positive, negative or doubtful; "" when the words
// say none of them, or more than one. Codes are of SNOMED CT and of HL7's
// interpretations.
func TestResult(said string) string {
	no := holds(said, []string{"am tinh", "negative", "not detected", "khong phat hien", "260385009", "260415000", "neg"})
	yes := holds(said, []string{"duong tinh", "positive", "10828004", "260373001", "pos"}) ||
		!no && holds(said, []string{"detected", "phat hien"})
	doubt := holds(said, []string{"nghi ngo", "khong xac dinh", "equivocal", "indeterminate", "inconclusive", "82334004", "419984006", "ind"})
	switch {
	case yes && !no && !doubt:
		return "positive"
	case no && !yes && !doubt:
		return "negative"
	case doubt && !yes && !no:
		return "doubtful"
	}
	return ""
}
