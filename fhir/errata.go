// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	_ "embed" // the list
	"regexp"
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

var indexes = regexp.MustCompile(`\[\d+\]`)

// erratum returns the line of errata.txt that would excuse an issue.
func erratum(d *Doc, is issue.Issue) string {
	return d.Ref() + " " + is.Key + " " + indexes.ReplaceAllString(is.Path, "")
}

// excuse turns the known faults of official examples into warnings.
func excuse(d *Doc, issues []issue.Issue) {
	for i, is := range issues {
		if errata()[erratum(d, is)] {
			issues[i].Severity = issue.SeverityWarning
		}
	}
}
