// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"slices"

	"mach/vn"
)

// LinkedCase is a case of one disease in one commune.
type LinkedCase struct {
	Day vn.Date
	// Focus names the focus (ổ dịch) or cluster that the case form gives;
	// empty when the form gives none.
	Focus string
}

// LargestLinked returns the size of the largest group of epidemiologically
// linked cases with a day in [from, to]. Cases of the same named focus are
// linked. Cases without a focus are taken as linked when each lies at most gap
// days after the one before: the law names no measure, so this stands in until
// somebody investigates. Cases before from may join a chain but are not counted.
func LargestLinked(cases []LinkedCase, from, to vn.Date, gap int) int {
	named := map[string]int{}
	var days []vn.Date
	for _, c := range cases {
		switch {
		case c.Day > to:
		case c.Focus == "":
			days = append(days, c.Day)
		case c.Day >= from:
			named[c.Focus]++
		}
	}
	best := 0
	for _, n := range named {
		best = max(best, n)
	}
	slices.Sort(days)
	chain := 0
	for i, d := range days {
		if i > 0 && int(d-days[i-1]) > gap {
			chain = 0
		}
		if d >= from {
			chain++
		}
		best = max(best, chain)
	}
	return best
}
