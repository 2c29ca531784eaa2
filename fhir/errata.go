// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	_ "embed" // the list
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"mach/issue"
)

//go:embed definitions/errata.txt
var errataText string

// errata returns the lines of definitions/errata.txt.
var errata = sync.OnceValue(func() map[string]bool {
	lines := map[string]bool{}
	for line := range strings.Lines(errataText) {
		if !strings.HasPrefix(line, "#") {
			lines[strings.TrimSpace(line)] = true
		}
	}
	return lines
})

// Errata returns the lines of errata.txt, which tests hold against the examples.
func Errata() []string { return slices.Sorted(maps.Keys(errata())) }

var indexes = regexp.MustCompile(`\[\d+\]`)

// Erratum returns the line of errata.txt that would excuse an issue.
func Erratum(d *Doc, is issue.Issue) string {
	rule := is.Key
	if rule == "profile.invariant" {
		rule = fmt.Sprint("invariant.", is.Args[0])
	}
	return d.Ref() + " " + rule + " " + indexes.ReplaceAllString(is.Path, "")
}

// Excuse turns the known faults of official examples into warnings. [Validate]
// has done so with what it finds.
func Excuse(d *Doc, issues []issue.Issue) {
	for i, is := range issues {
		if errata()[Erratum(d, is)] {
			issues[i].Severity = issue.SeverityWarning
		}
	}
}
