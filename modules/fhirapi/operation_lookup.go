// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/fhir/terms"
)

// lookup answers CodeSystem/$lookup. See
// http://hl7.org/fhir/R4/codesystem-operation-lookup.html.
func (m *Module) lookup(c *call) (*fhir.Doc, error) {
	codings := c.params.codings("system", "version")
	if len(codings) == 0 {
		return nil, missing("code")
	}
	coding := codings[0]
	if coding.System == "" {
		return nil, missing("system")
	}
	if err := m.ask(c, "CodeSystem", coding.System); err != nil {
		return nil, err
	}
	found, err := m.terms.Set.Lookup(coding.System, coding.Version, coding.Code, c.language())
	if err != nil {
		return nil, err
	}
	return described(found, c.params.all("property"))
}

// described writes a concept; wanted are the properties asked for, none = all.
func described(x terms.Concept, wanted []string) (*fhir.Doc, error) {
	wants := func(name string) bool { return len(wanted) == 0 || slices.Contains(wanted, name) }
	list := []field{{"name": "name", "valueString": x.Name}}
	list = told(list, "version", "valueString", x.Version)
	list = told(list, "display", "valueString", x.Display)
	if wants("definition") {
		list = told(list, "definition", "valueString", x.Definition)
	}
	if wants("designation") {
		for _, d := range x.Designations {
			parts := told(nil, "language", "valueCode", d.Language)
			if d.Use != nil {
				parts = append(parts, field{"name": "use", "valueCoding": d.Use})
			}
			list = append(list, field{"name": "designation", "part": told(parts, "value", "valueString", d.Value)})
		}
	}
	property := func(code, kind string, value any) {
		if wants(code) {
			list = append(list, field{"name": "property", "part": []field{{"name": "code", "valueCode": code}, {"name": "value", kind: value}}})
		}
	}
	for _, code := range x.Parents {
		property("parent", "valueCode", code)
	}
	for _, code := range x.Children {
		property("child", "valueCode", code)
	}
	property("inactive", "valueBoolean", x.Inactive)
	for _, p := range x.Properties {
		if !slices.Contains([]string{"parent", "child", "inactive"}, p.Code) {
			property(p.Code, p.Value.Name(), p.Value)
		}
	}
	return answered(list...)
}

// subsumes answers CodeSystem/$subsumes. See
// http://hl7.org/fhir/R4/codesystem-operation-subsumes.html.
func (m *Module) subsumes(c *call) (*fhir.Doc, error) {
	s, err := m.subject(c, "CodeSystem", "system", "version", "codeSystem")
	if err != nil {
		return nil, err
	}
	system, version, _ := strings.Cut(s.canonical, "|")
	a, b := c.params.text("codeA"), c.params.text("codeB")
	for name, code := range map[string]*string{"codingA": &a, "codingB": &b} {
		if n := c.params.value(name); n.Kind() == fhir.Object {
			coding := terms.CodingOf(n)
			if *code = coding.Code; system == "" {
				system, version = coding.System, coding.Version
			}
		}
	}
	for name, value := range map[string]string{"codeA": a, "codeB": b, "system": system} {
		if value == "" {
			return nil, missing(name)
		}
	}
	outcome, err := m.terms.Set.Subsumes(system, version, a, b)
	if err != nil {
		return nil, err
	}
	return answered(field{"name": "outcome", "valueCode": outcome})
}
