// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mach/fhir"
	"mach/fhir/terms"
	"mach/issue"
)

// suite returns the folder of a public test suite, or skips the test.
func suite(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("MACH_SUITES")
	if root == "" {
		root = "../../../shared/suites"
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: no suite %s: %v", name, err)
	}
	return dir
}

// TestValidatorSuite compares with the reference validator over its cases that
// need no package. A case passes when both find errors or neither does, and,
// where both do, at least one of ours is where one of theirs is. Cases listed
// with a reason fail; a listed one that passes fails the test.
func TestValidatorSuite(t *testing.T) {
	dir := suite(t, "validator")
	known := Options{Definitions: officialDefinitions(t), Terms: terms.R4(), Extensions: true, Errors: true}
	listed := exceptions(t, "testdata/validator-exceptions.txt")
	cases := suiteCases(t, dir)
	passed, seen, validators := 0, 0, map[bool]*Validator{}
	for _, c := range cases {
		text, err := os.ReadFile(filepath.Join(dir, "cases", c.File))
		if err != nil {
			t.Fatal(err)
		}
		opt := known
		opt.Plain = c.Security || c.Plain
		v := validators[opt.Plain]
		if v == nil {
			if v, err = New(opt); err != nil {
				t.Fatal(err)
			}
			validators[opt.Plain] = v
		}
		theirs := expected(t, filepath.Join(dir, "expected", c.Name+".json"))
		fault := compareWith(theirs, errorsOf(v, text))
		reason := listed[c.Name]
		switch {
		case fault == "":
			passed++
		case reason != "":
			seen++
		default:
			t.Errorf("%s: %s", c.Name, fault)
		}
		if fault == "" && reason != "" {
			t.Errorf("%s passes, but is listed: %s", c.Name, reason)
		}
	}
	fmt.Printf("validator r4: %d of %d pass, %d listed\n", passed, len(cases), seen)
}

// A suiteCase is a line of the manifest, with the options that we have too.
type suiteCase struct {
	Name, File string
	Security   bool `json:"security-checks"`
	Plain      bool `json:"noHtmlInMarkdown"`
}

// suiteCases are the cases of the manifest that have an expected outcome.
func suiteCases(t *testing.T, dir string) []suiteCase {
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Cases []suiteCase `json:"test-cases"`
	}
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	var cases []suiteCase
	for _, c := range manifest.Cases {
		if _, err := os.Stat(filepath.Join(dir, "expected", c.Name+".json")); err == nil {
			cases = append(cases, c)
		}
	}
	return cases
}

// A finding is an error and where it is.
type finding struct{ words, at string }

func errorsOf(v *Validator, text []byte) []finding {
	d, err := fhir.Parse(text)
	var issues []issue.Issue
	if err != nil {
		issues = issue.Of(err)
	} else {
		issues = v.Validate(d)
	}
	var out []finding
	for _, is := range issues {
		if is.Severity == issue.SeverityError || is.Severity == issue.SeverityFatal {
			out = append(out, finding{fmt.Sprint(is.Key, is.Args), is.Path})
		}
	}
	return out
}

func expected(t *testing.T, file string) []finding {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := fhir.ParseString(strings.TrimPrefix(string(b), "\ufeff"))
	if err != nil {
		t.Fatal(err)
	}
	var errors []finding
	for is := range d.Each("issue") {
		if s := is.Get("severity").String(); s == "error" || s == "fatal" {
			errors = append(errors, finding{is.Get("details", "text").String(), is.Get("expression").Get("0").String()})
		}
	}
	return errors
}

// compareWith says how our errors differ from theirs, "" when they agree.
func compareWith(theirs, ours []finding) string {
	switch {
	case len(theirs) == 0 && len(ours) > 0:
		return fmt.Sprintf("refused, the reference accepts: %s at %s", ours[0].words, ours[0].at)
	case len(theirs) > 0 && len(ours) == 0:
		return fmt.Sprintf("accepted, the reference refuses: %.140s at %s", theirs[0].words, theirs[0].at)
	case len(theirs) == 0:
		return ""
	}
	for _, a := range theirs {
		for _, b := range ours {
			if near(place(a.at), place(b.at)) {
				return ""
			}
		}
	}
	return fmt.Sprintf("refused elsewhere: %s at %s, the reference: %.140s at %s", ours[0].words, ours[0].at, theirs[0].words, theirs[0].at)
}

// near reports whether two places are the same or one is the other's parent:
// where something is missing, or which of two members is at fault, is told of
// either.
func near(a, b string) bool {
	return a == "" || b == "" || within(a, b) || within(b, a)
}

// within reports whether a is b, a list that b is an item of, or what b is a
// member of.
func within(a, b string) bool {
	rest, ok := strings.CutPrefix(b, a)
	return ok && regexp.MustCompile(`^(\[\d+\])?(\.\w+(\[\d+\])?)?$`).MatchString(rest)
}

var (
	comment  = regexp.MustCompile(`/\*[^*]*\*/|\[url='[^']*'\]`)
	ofType   = regexp.MustCompile(`\.ofType\((\w)(\w*)\)`)
	twinName = regexp.MustCompile(`\._`)
)

// place writes an expression of theirs as we write ours: valueQuantity for
// value.ofType(Quantity), without remarks.
func place(s string) string {
	s = comment.ReplaceAllString(s, "")
	s = ofType.ReplaceAllStringFunc(s, func(m string) string {
		p := ofType.FindStringSubmatch(m)
		return strings.ToUpper(p[1]) + p[2]
	})
	return twinName.ReplaceAllString(s, ".")
}

// exceptions reads a list of "name: reason".
func exceptions(t *testing.T, file string) map[string]string {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := s.Text(); line != "" && line[0] != '#' {
			name, reason, ok := strings.Cut(line, ": ")
			if !ok || reason == "" {
				t.Fatalf("%s: %q has no reason", file, line)
			}
			list[name] = reason
		}
	}
	return list
}

// officialDefinitions are the profiles and extensions of the official package,
// or the test is skipped.
func officialDefinitions(t testing.TB) []*fhir.Doc {
	t.Helper()
	docs := slices.Clone(packageDocs(t))
	return slices.DeleteFunc(docs, func(d *fhir.Doc) bool {
		return d.Type() == "StructureDefinition" && d.Get("derivation").String() != "constraint" ||
			!strings.HasPrefix(d.Get("url").String(), "http://hl7.org/fhir/")
	})
}
