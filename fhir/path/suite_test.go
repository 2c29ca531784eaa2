// SPDX-License-Identifier: Apache-2.0

package path

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/fhir/fhirtest"
)

type suiteFile struct {
	Groups []struct {
		Name  string      `xml:"name,attr"`
		Tests []suiteTest `xml:"test"`
	} `xml:"group"`
}

type suiteTest struct {
	Name      string `xml:"name,attr"`
	Input     string `xml:"inputfile,attr"`
	Mode      string `xml:"mode,attr"`
	Predicate string `xml:"predicate,attr"`
	Ordered   string `xml:"ordered,attr"`
	SkipCheck string `xml:"skipStaticCheck,attr"`
	Expr      struct {
		Invalid string `xml:"invalid,attr"`
		Text    string `xml:",chardata"`
	} `xml:"expression"`
	Outputs []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"output"`
}

// TestSuites runs the public suites of R4 and R5. Cases that do not pass are
// listed with the reason; a listed case that passes fails the test too.
func TestSuites(t *testing.T) {
	dir := fhirtest.Suite(t, "fhirpath")
	for _, s := range []struct {
		version string
		known   int
		percent float64
	}{{"r4", 935, 99}, {"r5", 1051, 97}} {
		t.Run(s.version, func(t *testing.T) {
			passed, all := runSuite(t, dir, s.version)
			fhirtest.Aim(t, "fhirpath "+s.version, passed, all, s.known, s.percent)
		})
	}
}

func runSuite(t *testing.T, dir, version string) (pass, all int) {
	b, err := os.ReadFile(filepath.Join(dir, "tests-fhir-"+version+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	var file suiteFile
	if err := xml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	listed := exceptions(t, version)
	inputs := map[string]*fhir.Doc{}
	for _, g := range file.Groups {
		for _, c := range g.Tests {
			all++
			if inputs[c.Input] == nil {
				inputs[c.Input] = input(t, filepath.Join(dir, "input-"+version, c.Input))
			}
			fault := c.run(inputs[c.Input])
			_, excused := listed[c.Name]
			switch {
			case fault == "":
				pass++
				if excused {
					t.Errorf("%s passes: take it off the list", c.Name)
				}
			case !excused:
				t.Errorf("%s: %s\n\t%s", c.Name, strings.Join(strings.Fields(c.Expr.Text), " "), fault)
			}
			delete(listed, c.Name)
		}
	}
	for name := range listed {
		t.Errorf("%s is listed, but no case", name)
	}
	fmt.Printf("fhirpath %s: %d of %d pass, %d listed\n", version, pass, all, all-pass)
	return pass, all
}

// exceptions reads the list: a name, a tab, the reason.
func exceptions(t *testing.T, version string) map[string]string {
	b, err := os.ReadFile(filepath.Join("testdata", "fhirpath-"+version+"-exceptions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, "\t")
		if !ok || listed[name] != "" {
			t.Fatalf("no reason, or twice: %s", line)
		}
		listed[name] = reason
	}
	return listed
}

func input(t *testing.T, file string) *fhir.Doc {
	if filepath.Base(file) == filepath.Base(filepath.Dir(file)) || strings.HasPrefix(filepath.Base(file), "input-") {
		d, _ := fhir.ParseString(`{"resourceType":"Basic"}`)
		return d
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(file, ".xml") {
		return fhirtest.FromXML(t, b)
	}
	d, err := fhir.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newer are the cases that use elements which R5 has added.
var newer = []string{"dvConceptMapExample", "testMultipleResolve"}

// run returns what is wrong with the result, "" when nothing.
func (c suiteTest) run(d *fhir.Doc) string {
	var opts []Option
	lenient := strings.HasPrefix(c.Mode, "lenient") || c.SkipCheck == "true" ||
		slices.Contains(newer, c.Name) || fhir.InfoOf(d.Type()) == nil
	if !lenient {
		opts = append(opts, Check(d.Type()))
	}
	e, err := Compile(c.Expr.Text, opts...)
	var got Collection
	if err == nil {
		if c.Expr.Invalid == "syntax" {
			return "no syntax error"
		}
		got, err = e.Eval(d.Root(), &Env{Now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.FixedZone("", 7*3600))})
	}
	switch {
	case c.Expr.Invalid != "" && err == nil:
		return fmt.Sprintf("%s, want an error: %s", show(got), c.Expr.Invalid)
	case c.Expr.Invalid != "":
		return ""
	case err != nil:
		return err.Error()
	}
	if c.Predicate == "true" {
		got = Collection{Of(len(got) > 0)}
	}
	var want []string
	var have []string
	for _, o := range c.Outputs {
		want = append(want, o.Type+" "+o.Text)
	}
	for i, v := range got {
		typ := ""
		if i < len(c.Outputs) {
			typ = c.Outputs[i].Type
		}
		have = append(have, shown(v, typ))
	}
	if c.Ordered == "false" {
		slices.Sort(want)
		slices.Sort(have)
	}
	if !slices.Equal(want, have) {
		return fmt.Sprintf("%q, want %q", have, want)
	}
	return ""
}

// shown writes a value as the suite does. A Date stands for the DateTime of its
// precision, and a type that the suite leaves open is left open.
func shown(v Value, want string) string {
	typ := strings.TrimPrefix(v.Type(), "System.")
	if typ != "Quantity" {
		typ = strings.ToLower(typ[:1]) + typ[1:]
	}
	text := v.String()
	switch typ {
	case "date", "dateTime":
		text = "@" + text
	case "time":
		text = "@T" + text
	}
	if want == "" || typ == "date" && want == "dateTime" && !strings.Contains(text, "T") {
		typ = want
	}
	return typ + " " + text
}

func show(c Collection) string {
	var b []string
	for _, v := range c {
		b = append(b, v.Type()+" "+v.String())
	}
	return strings.Join(b, ", ")
}
