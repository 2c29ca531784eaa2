// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"strings"

	"mach/fhir"
	"mach/fhir/terms"
)

// validateCode answers ValueSet/$validate-code and CodeSystem/$validate-code.
// See http://hl7.org/fhir/R4/valueset-operation-validate-code.html. Of a
// concept with several codings one must be right. A display that is not the
// code's makes the answer false; a code that cannot be checked here, too, and
// the message says so.
func (m *Module) validateCode(c *call) (*fhir.Doc, error) {
	check, codings, err := m.checker(c)
	if err != nil {
		return nil, err
	}
	if len(codings) == 0 {
		return nil, missing("code")
	}
	var messages []string
	var shown terms.Result
	for _, coding := range codings {
		r, err := check(coding)
		if err != nil {
			return nil, err
		}
		if r.Valid && !r.WrongDisplay {
			return validated(true, coding, r, "")
		}
		shown = r
		if r.Issue != nil {
			messages = append(messages, c.say(*r.Issue))
		}
	}
	return validated(false, codings[len(codings)-1], shown, strings.Join(messages, " "))
}

// checker returns what checks one coding, and the codings.
func (m *Module) checker(c *call) (func(terms.Coding) (terms.Result, error), []terms.Coding, error) {
	if c.typ == "CodeSystem" {
		s, err := m.subject(c, "CodeSystem", "url", "version", "codeSystem")
		if err != nil {
			return nil, nil, err
		}
		url, version, _ := strings.Cut(s.canonical, "|")
		codings := c.params.codings("url", "version")
		for i := range codings {
			if codings[i].System == "" || c.params.text("code") != "" {
				codings[i].System, codings[i].Version = url, version
			}
			if url != "" && codings[i].System != url {
				codings[i].Version = "" // of another system: not a code of this one
			}
			if codings[i].System == "" {
				return nil, nil, missing("url")
			}
		}
		return func(coding terms.Coding) (terms.Result, error) { return m.terms.Set.ValidateSystem(coding), nil }, codings, nil
	}
	s, err := m.subject(c, "ValueSet", "url", "valueSetVersion", "valueSet")
	if err != nil {
		return nil, nil, err
	}
	codings := c.params.codings("system", "systemVersion")
	switch {
	case s.given != nil:
		return func(coding terms.Coding) (terms.Result, error) { return m.terms.Set.ValidateIn(s.given, coding) }, codings, nil
	case s.canonical == "":
		return nil, nil, missing("url")
	}
	return func(coding terms.Coding) (terms.Result, error) { return m.terms.Set.Validate(s.canonical, coding) }, codings, nil
}

func validated(result bool, c terms.Coding, r terms.Result, message string) (*fhir.Doc, error) {
	list := []field{{"name": "result", "valueBoolean": result}}
	list = told(list, "message", "valueString", message)
	list = told(list, "display", "valueString", r.Display)
	list = told(list, "code", "valueCode", c.Code)
	list = told(list, "system", "valueUri", r.System)
	list = told(list, "version", "valueString", r.Version)
	if r.Inactive {
		list = append(list, field{"name": "inactive", "valueBoolean": true})
	}
	return answered(list...)
}
