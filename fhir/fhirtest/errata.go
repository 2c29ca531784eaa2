// SPDX-License-Identifier: Apache-2.0

package fhirtest

import (
	_ "embed" // the list
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mach/fhir"
	"mach/issue"
)

//go:embed errata.txt
var errataText string

// Errata are the known faults of the official examples, which only the tests
// over these examples excuse: the product refuses them as anybody's.
type Errata struct{ needed map[string]bool } // the lines, and whether one was met

// ReadErrata returns the lines of errata.txt.
func ReadErrata() *Errata {
	e := &Errata{map[string]bool{}}
	for line := range strings.Lines(errataText) {
		if !strings.HasPrefix(line, "#") {
			e.needed[strings.TrimSpace(line)] = false
		}
	}
	return e
}

// Excuse turns the errors of an official example that are listed into warnings,
// and says whether there are any.
func (e *Errata) Excuse(d *fhir.Doc, issues []issue.Issue) (some bool) {
	for i, is := range issues {
		line := Erratum(d, is)
		if _, listed := e.needed[line]; listed && is.Severity == issue.SeverityError {
			issues[i].Severity = issue.SeverityWarning
			e.needed[line], some = true, true
		}
	}
	return some
}

// AllNeeded fails the test for each line, of rules that begin so, that no example
// has needed.
func (e *Errata) AllNeeded(t testing.TB, rules string) {
	t.Helper()
	for _, line := range slices.Sorted(maps.Keys(e.needed)) {
		if !e.needed[line] && strings.HasPrefix(strings.Fields(line)[1], rules) {
			t.Errorf("errata.txt: %s is not needed", line)
		}
	}
}

var indexes = regexp.MustCompile(`\[\d+\]`)

// Erratum returns the line of errata.txt that would excuse an issue.
func Erratum(d *fhir.Doc, is issue.Issue) string {
	rule := is.Key
	if rule == "profile.invariant" {
		rule = fmt.Sprint("invariant.", is.Args[0])
	}
	return d.Ref() + " " + rule + " " + indexes.ReplaceAllString(is.Path, "")
}
