// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"
	"sync"

	"mach/fhir/profile"
	"mach/issue"
)

// Checks is what happens to a document that breaks a rule of FHIR or of a
// profile it claims.
type Checks uint8

const (
	// Refuse writes nothing of the commit. It is for everything the product
	// writes, and the default.
	Refuse Checks = iota
	// Warn writes the document and tells its faults in the receipt: for systems
	// whose data are worth more than their form.
	Warn
	// Trust does not look: for files that were validated where they come from.
	// What has not the form it should is then not found by search.
	Trust
)

// Check returns the door with these checks for what it writes; without, it
// refuses.
func (d Door) Check(c Checks) Door { d.checks = c; return d }

// Told returns the faults of operation i that was written under [Warn].
func (r Receipt) Told(i int) []issue.Issue {
	if r.Issues == nil {
		return nil
	}
	return r.Issues[i]
}

// validate checks what is to be written. It returns the faults of what is
// written nevertheless.
func (d Door) validate(ops []Op, steps []*step) ([][]issue.Issue, error) {
	if d.checks == Trust {
		return nil, nil
	}
	var refused []issue.Issue
	var told [][]issue.Issue
	for i, step := range steps {
		if step.doc == nil {
			continue
		}
		found := d.s.cfg.Validate(step.doc)
		if len(found) == 0 {
			continue
		}
		if d.checks == Warn {
			if told == nil {
				told = make([][]issue.Issue, len(steps))
			}
			told[i] = found
			continue
		}
		for _, is := range found {
			is.Path = place(ops, i, strings.TrimPrefix(strings.TrimPrefix(is.Path, step.typ), "."))
			refused = append(refused, is)
		}
	}
	return told, issue.List(refused)
}

// r4Validator knows R4 and no profiles.
var r4Validator = sync.OnceValue(func() *profile.Validator {
	v, err := profile.New(profile.Options{Errors: true})
	if err != nil {
		panic(fmt.Sprintf("store: validator without profiles: %v", err))
	}
	return v
})
