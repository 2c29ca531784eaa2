// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mach/vn"
)

//go:embed sensitivity.csv
var sensitivityFile embed.FS

// The sensitivity labels (system https://mach.vn/cs/sensitivity).
const (
	LabelHIV          = "hiv"
	LabelSTI          = "sti"          // infections passed by sex
	LabelMental       = "mental"       //
	LabelReproductive = "reproductive" // contraception, abortion, infertility; not ordinary pregnancy
)

// ATC is the system of ATC codes in resources.
const ATC = "http://www.whocc.no/atc"

// CSDisease is the system of the ids of [Diseases] in resources.
const CSDisease = "https://mach.vn/cs/disease"

// sensitivityTable holds the rules of sensitivity.csv, indexed so that one
// coding costs a few look-ups.
type sensitivityTable struct {
	icd   map[byte][]icdLabel // by first letter
	loinc map[string][]string
	atc   map[string][]string // by prefix of 4 to 7 places
	words map[string][]phrase // by first word
}

type icdLabel struct {
	ICDRange
	labels []string
}

type phrase struct {
	rest   []string // words after the first
	labels []string
}

var sensitivity = sync.OnceValue(func() *sensitivityTable { return must(loadSensitivity()) })

// Sensitivity returns the labels of one coding, sorted; nil when it has none.
// ICD-10, LOINC and ATC codes are looked up by system, a notifiable disease
// of the closed desk has the labels of its ICD-10 codes; the display (or a text
// without code) is searched for names of drugs, tests and conditions, folded,
// as whole words. A doubtful word is labelled: hiding too much is mended by
// asking, showing too much is not. Law on HIV/AIDS prevention; Law 91/2025/QH15.
func Sensitivity(system, code, display string) []string {
	t := sensitivity()
	var found []string
	switch {
	case code == "":
	case strings.Contains(system, "icd-10") || strings.HasSuffix(system, "2.16.840.1.113883.6.3"):
		found = t.ofICD(NormalICD(code))
	case system == CSDisease:
		for _, d := range Diseases().list {
			if d.ID != code || !d.Closed { // others are labelled by what they are coded with
				continue
			}
			for _, r := range d.ICD {
				found = append(found, t.ofICD(r.From)...)
			}
		}
	case system == LOINC:
		found = t.loinc[code]
	case system == ATC:
		for n := 4; n <= len(code); n++ {
			found = append(found, t.atc[code[:n]]...)
		}
	}
	if display != "" {
		found = append(slices.Clip(found), t.ofText(display)...)
	}
	if len(found) == 0 {
		return nil
	}
	found = slices.Clone(found)
	slices.Sort(found)
	return slices.Compact(found)
}

func (t *sensitivityTable) ofICD(code string) []string {
	if code == "" { // nothing but a mark, such as "*"
		return nil
	}
	var found []string
	for _, r := range t.icd[code[0]] {
		if r.Contains(code) {
			found = append(found, r.labels...)
		}
	}
	return found
}

func (t *sensitivityTable) ofText(display string) []string {
	var found []string
	words := tokens(vn.Fold(display))
	for i, w := range words {
		for _, p := range t.words[w] {
			if next := words[i+1:]; len(next) >= len(p.rest) && slices.Equal(next[:len(p.rest)], p.rest) {
				found = append(found, p.labels...)
			}
		}
	}
	return found
}

func loadSensitivity() (*sensitivityTable, error) {
	rows, err := readTable(sensitivityFile, "sensitivity.csv", "kind", "value", "labels", "note")
	if err != nil {
		return nil, err
	}
	t := &sensitivityTable{map[byte][]icdLabel{}, map[string][]string{}, map[string][]string{}, map[string][]phrase{}}
	for _, r := range rows {
		if err := t.add(r[0], r[1], strings.Fields(r[2])); err != nil {
			return nil, fmt.Errorf("sensitivity of %q: %w", r[1], err)
		}
	}
	return t, nil
}

func (t *sensitivityTable) add(kind, value string, labels []string) error {
	known := []string{LabelHIV, LabelSTI, LabelMental, LabelReproductive}
	if len(labels) == 0 || slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(known, l) }) {
		return fmt.Errorf("labels %v", labels)
	}
	switch kind {
	case "icd":
		r, err := ParseICDRange(value)
		if err != nil || r.From[0] != r.To[0] {
			return fmt.Errorf("not a range within one letter")
		}
		t.icd[r.From[0]] = append(t.icd[r.From[0]], icdLabel{r, labels})
	case "loinc":
		t.loinc[value] = labels
	case "atc":
		t.atc[value] = labels
	case "word":
		w := tokens(value)
		if len(w) == 0 || vn.Fold(value) != value {
			return fmt.Errorf("not folded")
		}
		t.words[w[0]] = append(t.words[w[0]], phrase{w[1:], labels})
	default:
		return fmt.Errorf("kind %q", kind)
	}
	return nil
}
