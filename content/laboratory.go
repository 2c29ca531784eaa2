// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"slices"
	"sync"
)

// LabRule says what a laboratory result makes of a case.
type LabRule struct {
	Disease, Test string // "" = every one
	Result        string // positive, negative, doubtful, pending
	From, To      int    // days from onset to the sample; To 0 = at any time
	Class         string // suspect, probable, confirmed, refuted
	Basis         string
}

var labRules = sync.OnceValue(func() []LabRule { return must(loadLabRules(diseases())) })

func loadLabRules(known *DiseaseList) ([]LabRule, error) {
	rows, err := readTable(surveillanceFiles, "surveillance/laboratory.csv", "disease", "test", "result", "from_day", "to_day", "class", "basis")
	if err != nil {
		return nil, err
	}
	var out []LabRule
	for _, r := range rows {
		x := LabRule{Disease: r[0], Test: r[1], Result: r[2], Class: r[5], Basis: r[6]}
		if x.From, err = whole(r[3], 0, 365); err == nil {
			x.To, err = whole(r[4], 1, 365)
		}
		_, ok := known.ByID(x.Disease)
		switch {
		case err != nil:
			return nil, fmt.Errorf("laboratory rule of %q: %w", x.Disease, err)
		case x.Disease != "" && !ok:
			return nil, fmt.Errorf("laboratory rule of %q: no such disease", x.Disease)
		case !slices.Contains([]string{"positive", "negative", "doubtful", "pending"}, x.Result),
			!slices.Contains([]string{"suspect", "probable", "confirmed", "refuted"}, x.Class),
			x.To < x.From:
			return nil, fmt.Errorf("laboratory rule of %q makes no sense", x.Disease)
		}
		out = append(out, x)
	}
	return out, nil
}

// LabClass proposes the class of a case from a test for its agent: codes of
// the case form for test and result, days from onset to the sample (-1 = not
// known). The most specific rule decides: of the disease before of all, of the
// test before of any, within days of onset before at any time. false when no
// rule speaks of the result. A person decides; a rule never does.
func LabClass(disease, test, result string, days int) (LabRule, bool) {
	var best LabRule
	weight := -1
	for _, r := range labRules() {
		if r.Result != result || r.Disease != "" && r.Disease != disease || r.Test != "" && r.Test != test ||
			r.To > 0 && (days < r.From || days > r.To) {
			continue
		}
		w := 0
		for i, given := range []bool{r.To > 0, r.Test != "", r.Disease != ""} {
			if given {
				w += 1 << i
			}
		}
		if w > weight {
			best, weight = r, w
		}
	}
	return best, weight >= 0
}
