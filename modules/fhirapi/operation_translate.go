// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"

	"mach/fhir"
	"mach/fhir/terms"
	"mach/issue"
)

// mostMatches bounds what one translation shows.
const mostMatches = 100

// translate answers ConceptMap/$translate. See
// http://hl7.org/fhir/R4/conceptmap-operation-translate.html.
func (m *Module) translate(c *call) (*fhir.Doc, error) {
	s, err := m.subject(c, "ConceptMap", "url", "conceptMapVersion", "conceptMap")
	if err != nil {
		return nil, err
	}
	codings := c.params.codings("system", "version")
	if len(codings) == 0 {
		return nil, missing("code")
	}
	q := terms.TranslateQuery{
		Map: s.canonical, Source: c.params.text("source"), Target: c.params.text("target"), TargetSystem: c.params.text("targetsystem"),
	}
	if q.Reverse, err = c.params.flag("reverse"); err != nil {
		return nil, err
	}
	if s.canonical == "" && s.given == nil && q.Source == "" && q.Target == "" && q.TargetSystem == "" {
		return nil, missing("url")
	}
	var found []terms.Match
	for _, q.Coding = range codings {
		if s.given != nil {
			found = append(found, m.terms.Set.TranslateIn(s.given, q)...)
			continue
		}
		more, err := m.terms.Set.Translate(q)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return matches(found, c.say)
}

// matches writes translations. The result is true when one of them says more
// than that there is none.
func matches(found []terms.Match, say words) (*fhir.Doc, error) {
	good := slices.ContainsFunc(found, func(m terms.Match) bool {
		return m.Equivalence != "unmatched" && m.Equivalence != "disjoint"
	})
	list := []field{{"name": "result", "valueBoolean": good}}
	if !good {
		list = told(list, "message", "valueString", say(issue.Issue{Key: "terms.map.nothing"}))
	}
	for _, one := range found[:min(len(found), mostMatches)] {
		parts := told(nil, "equivalence", "valueCode", one.Equivalence)
		if one.Coding.Code != "" {
			parts = append(parts, field{"name": "concept", "valueCoding": codingOf(one.Coding)})
		}
		list = append(list, field{"name": "match", "part": told(parts, "source", "valueUri", one.Source)})
	}
	return answered(list...)
}
