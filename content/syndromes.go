// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"mach/vn"
)

// Syndrome is a group of complaints that may be the first sign of an epidemic,
// counted from visits before any disease is named.
type Syndrome struct {
	ID   string // "ili"
	Name Words
	ICD  []ICDRange
	// phrases are the complaints that mean it: any of the lists, all parts of a
	// list, folded.
	phrases  [][]string
	Verified bool
	From     vn.Date // in force since
	Basis    string
}

var syndromes = sync.OnceValue(func() []Syndrome { return must(loadSyndromes()) })

// Syndromes returns the syndromes in force on the day, in the order in which
// they are shown; of each the latest definition. nil before the first.
func Syndromes(on vn.Date) []Syndrome {
	var out []Syndrome
	for _, x := range syndromes() {
		if x.From > on {
			continue
		}
		at := slices.IndexFunc(out, func(o Syndrome) bool { return o.ID == x.ID })
		switch {
		case at < 0:
			out = append(out, x)
		case x.From > out[at].From:
			out[at] = x
		}
	}
	return out
}

// Matches reports whether a visit counts: one of its diagnoses has a code of
// the syndrome, or the reason, in the words of whoever wrote it down, has all
// parts of one of its phrases. A part said not to be there ("không sốt") does
// not count.
func (s Syndrome) Matches(icd []string, reason string) bool {
	for _, code := range icd {
		code = NormalICD(code)
		if slices.ContainsFunc(s.ICD, func(r ICDRange) bool { return r.Contains(code) }) {
			return true
		}
	}
	text := " " + words(reason) + " "
	return slices.ContainsFunc(s.phrases, func(parts []string) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !says(text, p) })
	})
}

// says reports whether the text, folded and between spaces, has the phrase
// somewhere without a word of denial before it.
func says(text, phrase string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], " "+phrase+" ")
		if at < 0 {
			return false
		}
		before := text[:from+at]
		if !slices.ContainsFunc([]string{" khong", " khong co", " khong bi", " chua", " het", " no", " without"},
			func(no string) bool { return strings.HasSuffix(before, no) }) {
			return true
		}
		from += at + 1
	}
}

func loadSyndromes() ([]Syndrome, error) {
	rows, err := readTable(surveillanceFiles, "surveillance/syndromes.csv", "id", "vi", "en", "icd", "words", "verified", "valid_from", "basis")
	if err != nil {
		return nil, err
	}
	var out []Syndrome
	for _, r := range rows {
		x := Syndrome{ID: r[0], Name: Words{r[1], r[2]}, Verified: r[5] == "1", Basis: r[7]}
		for code := range strings.FieldsSeq(r[3]) {
			c, err := ParseICDRange(code)
			if err != nil {
				return nil, fmt.Errorf("syndrome %s: %w", x.ID, err)
			}
			x.ICD = append(x.ICD, c)
		}
		for phrase := range strings.SplitSeq(r[4], ";") {
			var parts []string
			for part := range strings.SplitSeq(phrase, "+") {
				if part = words(part); part == "" {
					return nil, fmt.Errorf("syndrome %s: phrase %q", x.ID, phrase)
				}
				parts = append(parts, part)
			}
			x.phrases = append(x.phrases, parts)
		}
		if x.From, err = vn.ParseDate(r[6]); err != nil || x.ID == "" || x.Name.Vi == "" || x.Name.En == "" || x.ICD == nil || x.Basis == "" {
			return nil, fmt.Errorf("syndrome %q: a cell is empty or wrong: %v", x.ID, err)
		}
		out = append(out, x)
	}
	return out, nil
}
