// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"time"

	"mach/content"
)

// Clock is where a draft stands between diagnosis and the legal limit.
type Clock struct {
	Left    time.Duration // until the limit; negative = overdue
	Overdue bool
	// Level is the highest escalation reached: a code of /cs/role, "" = none.
	// It names the rule, not who looks.
	Level string
}

// clockOf computes the clock of a draft at an instant. Escalations stand in
// content/surveillance, lowest share first.
func clockOf(at, due, now time.Time, rules []content.Escalation) Clock {
	c := Clock{Left: due.Sub(now), Overdue: now.After(due)}
	for _, r := range rules {
		if !now.Before(mark(at, due, r.Share)) {
			c.Level = r.To
		}
	}
	return c
}

// mark is the instant at which a share of the clock is over.
func mark(at, due time.Time, share float64) time.Time {
	return at.Add(time.Duration(share * float64(due.Sub(at))))
}

// shareOf returns the share at which the role sees drafts; 1 when no rule
// names it.
func shareOf(role string, rules []content.Escalation) float64 {
	for _, r := range rules {
		if r.To == role {
			return r.Share
		}
	}
	return 1
}
