// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mach/issue"
)

// suite returns the folder of a public test suite, or skips the test.
func suite(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("MACH_SUITES")
	if root == "" {
		root = "../../shared/suites"
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: no suite %s: %v", name, err)
	}
	return dir
}

// TestSyntheaBundles: what Synthea writes is accepted, and so is every entry on
// its own.
func TestSyntheaBundles(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(suite(t, "synthea"), "*.json.gz"))
	entries := 0
	for _, file := range files {
		d := mustParse(t, gunzip(t, file))
		for _, is := range Validate(d) {
			t.Errorf("%s: %s %v at %s", filepath.Base(file), is.Key, is.Args, is.Path)
		}
		for e := range d.Each("entry") {
			entries++
			part := mustParse(t, e.Get("resource").Raw())
			if len(Extract(part)) == 0 {
				t.Errorf("%s: nothing finds %s", filepath.Base(file), part.Ref())
			}
		}
	}
	t.Logf("%d bundles, %d entries", len(files), entries)
}

func gunzip(t testing.TB, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lenient names the cases in which the reference validator was told to look away.
var lenient = map[string]string{
	"contained-resource-bad-id-ignore": "run with an option that ignores bad ids",
	"json-comments-1-yes":              "run with an option that allows comments in JSON",
	"json-comments-2-yes":              "run with an option that allows comments in JSON",
}

// TestValidatorSuite compares with the reference validator over its cases that
// need no profile: what it accepts is accepted here. How much of what it refuses
// is refused is reported; the rest are invariants, terminology and rules between
// entries of a Bundle.
func TestValidatorSuite(t *testing.T) {
	dir := suite(t, "validator")
	files, _ := filepath.Glob(filepath.Join(dir, "expected", "*.json"))
	both, missed := 0, 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		text, err := os.ReadFile(filepath.Join(dir, "cases", caseFile(t, dir, name)))
		if err != nil {
			t.Fatal(err)
		}
		theirs, found := expected(t, file), ours(text)
		switch {
		case lenient[name] != "":
			if len(found) == 0 {
				t.Errorf("%s: accepted, but %s", name, lenient[name])
			}
		case len(theirs) == 0 && len(found) > 0:
			t.Errorf("%s: refused, the reference accepts: %s %v at %s", name, found[0].Key, found[0].Args, found[0].Path)
		case len(theirs) > 0 && len(found) > 0:
			both++
		case len(theirs) > 0:
			missed++
			t.Logf("%s: accepted, the reference: %.150s", name, theirs[0])
		}
	}
	t.Logf("%d cases; of %d refused by the reference, %d are refused", len(files), both+missed, both)
}

// ours returns the errors of parsing or validating.
func ours(text []byte) []issue.Issue {
	d, err := Parse(text)
	if err != nil {
		return issue.Of(err)
	}
	if err := issue.List(Validate(d)); err != nil {
		return issue.Of(err)
	}
	return nil
}

// expected returns the words of the errors in an OperationOutcome.
func expected(t *testing.T, file string) []string {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := mustParse(t, strings.TrimPrefix(string(b), "\ufeff"))
	var errors []string
	for is := range d.Each("issue") {
		if s := is.Get("severity").String(); s == "error" || s == "fatal" {
			errors = append(errors, is.Get("details", "text").String())
		}
	}
	return errors
}

// caseFile returns the file of a case by its name in the manifest.
func caseFile(t *testing.T, dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Cases []struct{ Name, File string } `json:"test-cases"`
	}
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	for _, c := range manifest.Cases {
		if c.Name == name {
			return c.File
		}
	}
	t.Fatalf("no case %s", name)
	return ""
}
