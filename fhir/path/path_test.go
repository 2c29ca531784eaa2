// SPDX-License-Identifier: Apache-2.0

package path

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
)

// results evaluates and writes the results as JSON.
func results(t *testing.T, d *fhir.Doc, text string, env *Env) string {
	t.Helper()
	e, err := Compile(text)
	if err != nil {
		return err.Error()
	}
	c, err := e.Eval(d.Root(), env)
	if err != nil {
		return err.Error()
	}
	var parts []string
	for _, v := range c {
		parts = append(parts, string(v.JSON()))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// TestDocs: what docs/api.md says is so.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(b), "\n## FHIRPath\n")
	part, _, _ = strings.Cut(part, "\n## ")
	resource := regexp.MustCompile("On `({.*})`").FindStringSubmatch(part)
	rows := regexp.MustCompile("(?m)^\\| `(.*)` \\| `(\\[.*\\])` \\|$").FindAllStringSubmatch(part, -1)
	if resource == nil || len(rows) < 5 {
		t.Fatal("no examples of FHIRPath in docs/api.md")
	}
	d, err := fhir.ParseString(resource[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if got := results(t, d, row[1], nil); got != row[2] {
			t.Errorf("%s: %s, want %s", row[1], got, row[2])
		}
	}
}

// TestFHIR: what is not in the suites, or is there only in part.
func TestFHIR(t *testing.T) {
	d := parsePatient(t)
	env := &Env{
		Resolve: func(ref string, from fhir.Node) (fhir.Node, bool) {
			return d.Root(), ref == "Practitioner/7" && from.Path() == "Patient.generalPractitioner[0]"
		},
		MemberOf: func(system, code, valueset string) (bool, error) {
			return code == "male" && valueset == "http://vs", nil
		},
		Subsumes: func(system, a, b string) (bool, error) { return a == "a" && b == "b", nil },
		ConformsTo: func(n fhir.Node, profile string) (bool, error) {
			return n.Path() == "Patient" && profile == "http://profile", nil
		},
		Vars: map[string]Collection{"mine": {Of("x"), Of(2)}},
		Now:  time.Date(2026, 11, 22, 8, 30, 15, 5e6, time.FixedZone("", 7*3600)),
	}
	for text, want := range map[string]string{
		"managingOrganization.resolve().name":            `["Trạm"]`,
		"managingOrganization.resolve() is Organization": `[true]`,
		"generalPractitioner.resolve().id":               `["p1"]`,
		"contact.resolve()":                              `[]`,
		"gender.memberOf('http://vs')":                   `[true]`,
		"gender.memberOf('http://other')":                `[false]`,
		"conformsTo('http://profile')":                   `[true]`,
		"'a'.subsumes('b') | 'b'.subsumedBy('a')":        `[true]`,
		"%mine":                              `["x",2]`,
		"now()":                              `["2026-11-22T08:30:15.005+07:00"]`,
		"today() | timeOfDay()":              `["2026-11-22","08:30:15.005"]`,
		"birthDate.extension.value.hourOf()": `[14]`,
		"birthDate.yearOf() | now().timezoneOffsetOf()": `[1974,7]`,
		"address.line":                    `["1 Tràng Tiền",null]`,
		"address.line.extension.value":    `[1.50]`,
		"address.line.hasValue()":         `[false]`,
		"address.line.select(hasValue())": `[true,false]`,
		"address.line[1].exists() and address.line[1].getValue().empty()":      `[true]`,
		"%resource.id | %rootResource.id | %context.id":                        `["p1"]`,
		"contained.where(id = 'o1').type().name":                               `["Organization"]`,
		"name.given.type()":                                                    `[{"name":"string","namespace":"FHIR"},{"name":"string","namespace":"FHIR"},{"name":"string","namespace":"FHIR"}]`,
		"getResourceKey() | generalPractitioner.getReferenceKey(Practitioner)": `["Patient/p1","Practitioner/7"]`,
		"generalPractitioner.getReferenceKey(Patient)":                         `[]`,
		"coalesce(link, photo, gender)":                                        `["male"]`,
		"name.sort(use desc).use":                                              `["usual","official"]`,
		"name.select(family).sort()":                                           `["Nguyễn"]`,
		"'Mạch'.length() | 'Mạch'.substring(1, 2)":                             `[4,"ạc"]`,
		"'a1b2'.replaceMatches('([a-z])([0-9])', '$2$1')":                      `["1a2b"]`,
		"'A\\nb'.matches('A.B')":                                               `[false]`,
		"'A\\nb'.matches('A.B', 'i')":                                          `[true]`,
		"'a'.matches('(?=a)')":                                                 `invalid path.pattern`,
		"1.repeat(iif($this < 5, $this + 1))":                                  `[2,3,4,5]`,
		"(5 days) + (1 week) = 12 days":                                        `[true]`,
		"1 year = 12 months":                                                   `[true]`,
		"1 year ~ 1 'a' and (1 year = 1 'a').empty()":                          `[true]`,
		"@2024-02-29 + 1 year | @2024-01-31 + 1 month":                         `["2025-02-28","2024-02-29"]`,
		"@2014 + 25 months | @2014-05 - 40 days":                               `["2016","2014-04"]`,
		"0 / 3.14159 | 0.08.ceiling() | (-0.08).floor()":                       `[0,1,-1]`,
		"name.given.hasExtension('x') | birthDate.hasExtension('http://hl7.org/fhir/StructureDefinition/patient-birthTime')": `[false,true]`,
		"0.1 + 0.2 = 0.3 and 1/3*3 ~ 1":              `[true]`,
		"9223372036854775807 + 1":                    `[]`,
		"name.exists(use = 'x' or given = 'An')":     `[true]`,
		"(name | telecom).ofType(HumanName).count()": `[2]`,
		"name.as(HumanName).count()":                 `[2]`,
	} {
		if got := results(t, d, text, env); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestPaths: nodes keep their places, so that results can be written to.
func TestPaths(t *testing.T) {
	d := parsePatient(t)
	c, err := MustCompile("name.where(use = 'official').given | address.line.extension.value | contained.name").Eval(d.Root(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range c {
		n, ok := v.Node()
		got = append(got, v.Type()+" "+v.Path())
		if !ok || n.Path() != v.Path() {
			t.Errorf("%s has no node", v)
		}
	}
	want := "string Patient.name[0].given[0], string Patient.name[0].given[1], " +
		"decimal Patient.address[0]._line[1].extension[0].valueDecimal, string Patient.contained[0].name"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("%s", s)
	}
}

// TestFaults: faults have a key with words, and those of the text a place.
func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"name.": "path.syntax 1:6", "name\n  ..x": "path.syntax 2:4", "": "path.syntax 1:1", "1 + 'x": "path.syntax 1:5",
		"foo()": "path.unknown_function 1:1", "name.where()": "path.arguments 1:6", "name is Nonsense": "path.unknown_type 1:6",
		"name.given1": "path.unknown_element 1:6", "@2015-13-01": "path.syntax 1:1", "children().first()": "path.unordered 1:12",
		"a and and": "path.syntax 1:7", "$that": "path.syntax 1:1", "'\\u00'": "path.syntax 1:2",
	} {
		_, err := Compile(text, Check("Patient"))
		var e *issue.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", text, err)
			continue
		}
		i := e.Issues[0]
		place, _ := json.Marshal(i.Args[:2])
		if got := i.Key + " " + strings.NewReplacer("[", "", "]", "", ",", ":").Replace(string(place)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestMomentsOrder: comparing is antisymmetric, agrees with equality, and with
// time.Time where everything is written.
func TestMomentsOrder(t *testing.T) {
	var all []Moment
	for _, s := range []string{
		"2015", "2015-02", "2015-02-04", "2015-02-04T14", "2015-02-04T14:30", "2015-02-04T14:30:28", "2015-02-04T14:30:28.123",
		"2015-02-04T14:30:28Z", "2015-02-04T21:30:28+07:00", "2015-02-05T00:10:00+14:00", "2016", "2014-12-31", "2015-02-03T23:00:00-05:00",
	} {
		m, ok := parseMoment(s)
		if !ok || m.String() != s {
			t.Errorf("%s is read as %s", s, m)
		}
		all = append(all, m)
	}
	for _, a := range all {
		for _, b := range all {
			order, known := a.compare(b)
			back, also := b.compare(a)
			if known != also || order != -back {
				t.Errorf("%s, %s: %d %v, back %d %v", a, b, order, known, back, also)
			}
			if a.zoned && b.zoned {
				x, _ := time.Parse(time.RFC3339, a.String())
				y, _ := time.Parse(time.RFC3339, b.String())
				if !known || order != x.Compare(y) {
					t.Errorf("%s, %s: %d, want %d", a, b, order, x.Compare(y))
				}
			}
		}
	}
}

// TestConcurrent: one expression may be evaluated by many at a time.
func TestConcurrent(t *testing.T) {
	d := parsePatient(t)
	e := MustCompile("name.where(given = 'An').select(defineVariable('n').given.select($this & %n.use)).join(',')")
	want := results(t, d, e.String(), nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				c, err := e.Eval(d.Root(), nil)
				if err != nil || len(c) != 1 || "["+string(c[0].JSON())+"]" != want {
					t.Errorf("%v %v", c, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
