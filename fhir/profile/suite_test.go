// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mach/fhir"
	"mach/fhir/fhirtest"
	"mach/fhir/terms"
	"mach/issue"
)

// TestValidatorSuite compares with the reference validator over its cases that
// need no package, run with the options that the manifest names. A case passes
// when both find errors or neither does, and, where both do, at least one of
// ours is where one of theirs is. Cases listed with a reason fail; a listed one
// that passes fails the test. Of those that pass, each of our errors has to be
// near one of theirs, but for a second list. A name on a list that no such case
// has fails the test too.
func TestValidatorSuite(t *testing.T) {
	dir := fhirtest.Suite(t, "validator")
	known := Options{Definitions: officialDefinitions(t), Terms: vaccineTerms(t), Extensions: true, Displays: true, Errors: true}
	listed := exceptions(t, "testdata/validator-exceptions.txt")
	more := exceptions(t, "testdata/validator-more.txt")
	cases := suiteCases(t, dir)
	passed, seen, validators := 0, 0, map[suiteOptions]*Validator{}
	for _, c := range cases {
		text, err := os.ReadFile(filepath.Join(dir, "cases", c.File))
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
		if c.Comments {
			text = fhir.Uncomment(text)
		}
		v := validators[c.suiteOptions]
		if v == nil {
			if v, err = New(c.on(known)); err != nil {
				t.Fatal(err)
			}
			validators[c.suiteOptions] = v
		}
		theirs := expected(t, filepath.Join(dir, "expected", c.Name+".json"))
		ours := errorsOf(v, text)
		fault := compareWith(theirs, ours)
		list := listed // the one that the case should be on
		switch {
		case fault == "":
			passed++
			fault, list = oursAlone(theirs, ours), more
		case listed[c.Name] != "":
			seen++
		}
		if fault != "" && list[c.Name] == "" {
			t.Errorf("%s: %s", c.Name, fault)
		}
		if fault != "" {
			delete(list, c.Name)
		}
	}
	for name := range listed {
		t.Errorf("%s is listed, but passes or is no case", name)
	}
	for name := range more {
		t.Errorf("%s is listed, but fails, has no error of ours alone or is no case", name)
	}
	fmt.Printf("validator r4: %d of %d pass, %d listed\n", passed, len(cases), seen)
	fhirtest.Aim(t, "validator r4", passed, len(cases), 148, 95)
}

// A suiteCase is a line of the manifest.
type suiteCase struct {
	Name, File string
	Comments   bool `json:"allow-comments"`
	suiteOptions
}

// suiteOptions are those of the reference validator that we have too.
type suiteOptions struct {
	Security   bool   `json:"security-checks"`
	Plain      bool   `json:"noHtmlInMarkdown"`
	Examples   any    `json:"examples"` // false refuses them
	References string `json:"validateReference"`
}

func (o suiteOptions) on(known Options) Options {
	known.Plain = o.Security || o.Plain
	known.Real = o.Examples == false
	known.References = o.References == "CHECK_EXISTS_AND_TYPE"
	return known
}

// vaccineTerms are R4's terminology and the part of CVX that the product has.
func vaccineTerms(t *testing.T) *terms.Set {
	f, err := os.Open("../../content/terminology/vaccines.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var concepts []map[string]string
	for _, row := range rows[1:] {
		concepts = append(concepts, map[string]string{"code": row[0], "display": row[2]})
	}
	text, err := json.Marshal(map[string]any{"resourceType": "CodeSystem", "url": fhir.CVX, "status": "active", "content": "fragment", "concept": concepts})
	if err != nil {
		t.Fatal(err)
	}
	set := terms.R4()
	set.Supply("CodeSystem", fhir.CVX, "", func() (*fhir.Doc, error) { return fhir.Parse(text) })
	return set
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
	for _, one := range ours {
		if oneOf(theirs, one) {
			return ""
		}
	}
	return fmt.Sprintf("refused elsewhere: %s at %s, the reference: %.140s at %s", ours[0].words, ours[0].at, theirs[0].words, theirs[0].at)
}

// oursAlone returns the first of our errors that is not where one of theirs is.
func oursAlone(theirs, ours []finding) string {
	for _, one := range ours {
		if !oneOf(theirs, one) {
			return one.words + " at " + one.at
		}
	}
	return ""
}

// oneOf reports whether one of our errors is where one of theirs is.
func oneOf(theirs []finding, ours finding) bool {
	return slices.ContainsFunc(theirs, func(f finding) bool {
		at := written(f.at)
		return near(at, written(ours.at)) || near(at, written(beside.ReplaceAllString(ours.at, ".extension")))
	})
}

// near reports whether two places are the same or one is the other's parent:
// where something is missing, or which of two members is at fault, is told of
// either. Where text cannot be read they tell no place, or we only the type.
func near(theirs, ours string) bool {
	if theirs == "" || ours == "" {
		return !strings.Contains(theirs, ".")
	}
	return within(theirs, ours) || within(ours, theirs)
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
	beside   = regexp.MustCompile(`\._\w+(\[\d+\])?\.extension`) // some of theirs leave out the primitive
	twinName = regexp.MustCompile(`\._`)
)

// written writes an expression of theirs as we write ours: valueQuantity for
// value.ofType(Quantity), without remarks.
func written(s string) string {
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
