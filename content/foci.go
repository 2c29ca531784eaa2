// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"strconv"
	"sync"
)

// FocusRule says when a focus (ổ dịch) of a disease opens and when it closes.
// TT 15/2026 Article 66(2) keeps the older guidance of each disease valid until
// it is replaced; where there is none, the row without a disease holds.
type FocusRule struct {
	Disease string // "" = the default
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

var focusRules = sync.OnceValue(func() map[string]FocusRule { return must(loadFocusRules(diseases())) })

// FocusRuleOf returns the rule of the disease, the default for those without
// one of their own.
func FocusRuleOf(disease string) FocusRule {
	if r, ok := focusRules()[disease]; ok {
		return r
	}
	return focusRules()[""]
}

func loadFocusRules(known *DiseaseList) (map[string]FocusRule, error) {
	rows, err := readTable(surveillanceFiles, "surveillance/foci.csv", "disease", "opens_vi", "opens_en", "closes", "close_days", "contact_days", "source", "verified")
	if err != nil {
		return nil, err
	}
	out := map[string]FocusRule{}
	for _, r := range rows {
		x := FocusRule{Disease: r[0], Opens: Words{r[1], r[2]}, Closes: FocusEnd(r[3]), Source: r[6], Verified: r[7] == "1"}
		if _, ok := known.ByID(x.Disease); x.Disease != "" && !ok {
			return nil, fmt.Errorf("focus of %q: no such disease", x.Disease)
		}
		if x.Closes != EndNoNewCase && x.Closes != EndUnderLine {
			return nil, fmt.Errorf("focus of %q closes by %q", x.Disease, r[3])
		}
		if x.Days, err = strconv.Atoi(r[4]); err != nil || x.Days < 1 {
			return nil, fmt.Errorf("focus of %q: days %q", x.Disease, r[4])
		}
		if x.ContactDays, err = strconv.Atoi(r[5]); err != nil || x.ContactDays < 0 {
			return nil, fmt.Errorf("focus of %q: days of contacts %q", x.Disease, r[5])
		}
		if _, twice := out[x.Disease]; twice {
			return nil, fmt.Errorf("two rules for a focus of %q", x.Disease)
		}
		out[x.Disease] = x
	}
	if _, ok := out[""]; !ok {
		return nil, fmt.Errorf("no default rule for a focus")
	}
	return out, nil
}
