// SPDX-License-Identifier: Apache-2.0

package content

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mach/vn"
)

// FocusRule says when a focus (ổ dịch) of a disease opens and when it closes.
// TT 15/2026 Article 66(2) keeps the older guidance of each disease valid until
// it is replaced; where there is none, the row without a disease holds.
type FocusRule struct {
	Disease string // "" = the default
	From    vn.Date
	Opens   Words
	Closes  FocusEnd
	// Days without a new case after the last one.
	Days int
	// ContactDays is how long contacts are followed after the last contact; 0 =
	// the disease does not pass from person to person.
	ContactDays int
	Source      string
	Verified    bool // read in the source itself
}

// FocusEnd is what closes a focus.
type FocusEnd string

// The closing rules: days without a new case, or the count of the month back
// under the line of Article 16 (Article 16.3).
const (
	EndNoNewCase FocusEnd = "no-new-case"
	EndUnderLine FocusEnd = "under-line"
)

var focusRules = sync.OnceValue(func() []FocusRule { return must(loadFocusRules(diseases())) })

// FocusRuleOn returns the rule of the disease in force on the day, the default
// where it has none of its own.
func FocusRuleOn(disease string, on vn.Date) FocusRule {
	var found FocusRule
	for _, r := range focusRules() { // the default first, then by day
		if r.Disease == "" || r.Disease == disease && r.From <= on {
			found = r
		}
	}
	return found
}

func loadFocusRules(known *DiseaseList) ([]FocusRule, error) {
	rows, err := readTable(surveillanceFiles, "surveillance/foci.csv", "disease", "valid_from", "opens_vi", "opens_en", "closes", "close_days", "contact_days", "source", "verified")
	if err != nil {
		return nil, err
	}
	var out []FocusRule
	for _, r := range rows {
		x := FocusRule{Disease: r[0], Opens: Words{r[2], r[3]}, Closes: FocusEnd(r[4]), Source: r[7], Verified: r[8] == "1"}
		if x.From, err = vn.ParseDate(r[1]); err != nil {
			return nil, fmt.Errorf("focus of %q from %q", x.Disease, r[1])
		}
		if _, ok := known.ByID(x.Disease); x.Disease != "" && !ok {
			return nil, fmt.Errorf("focus of %q: no such disease", x.Disease)
		}
		if x.Closes != EndNoNewCase && x.Closes != EndUnderLine {
			return nil, fmt.Errorf("focus of %q closes by %q", x.Disease, r[4])
		}
		if x.Days, err = strconv.Atoi(r[5]); err != nil || x.Days < 1 {
			return nil, fmt.Errorf("focus of %q: days %q", x.Disease, r[5])
		}
		if x.ContactDays, err = strconv.Atoi(r[6]); err != nil || x.ContactDays < 0 {
			return nil, fmt.Errorf("focus of %q: days of contacts %q", x.Disease, r[6])
		}
		if slices.ContainsFunc(out, func(y FocusRule) bool { return y.Disease == x.Disease && y.From == x.From }) {
			return nil, fmt.Errorf("two rules for a focus of %q from %v", x.Disease, x.From)
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y FocusRule) int {
		return cmp.Or(strings.Compare(x.Disease, y.Disease), cmp.Compare(x.From, y.From))
	})
	if len(out) == 0 || out[0].Disease != "" {
		return nil, fmt.Errorf("no default rule for a focus")
	}
	return out, nil
}
