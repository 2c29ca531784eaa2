// SPDX-License-Identifier: Apache-2.0

// Package fhirtest finds the public test suites for the tests of the packages
// below fhir, holds their results against the aims, and reads resources in XML,
// which the suites hold. Only tests import it.
package fhirtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Suite returns a folder of MACH_SUITES (default: shared/suites beside the
// project), or skips the test. The working folder is that of a package two
// levels below the project's root.
func Suite(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("MACH_SUITES")
	if root == "" {
		root = "../../../shared/suites"
	}
	dir, err := filepath.Abs(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: no suite %s: %v", name, err)
	}
	return dir
}

// Aim fails the test when fewer cases were run than the suite is known to have,
// or when fewer pass than percent of them.
func Aim(t testing.TB, suite string, passed, all, known int, percent float64) {
	t.Helper()
	if all < known {
		t.Errorf("%s: %d cases were run, the suite has %d", suite, all, known)
	}
	if float64(passed)*100 < percent*float64(all) {
		t.Errorf("%s: %d of %d pass, the aim is %g %%", suite, passed, all, percent)
	}
}
