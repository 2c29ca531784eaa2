// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"time"

	"mach/fhir"
	"mach/fhir/terms"
	"mach/issue"
)

// longestFilter bounds the text filter of an expansion, in bytes.
const longestFilter = 200

// expand answers ValueSet/$expand. See
// http://hl7.org/fhir/R4/valueset-operation-expand.html.
func (m *Module) expand(c *call) (*fhir.Doc, error) {
	s, err := m.subject(c, "ValueSet", "url", "valueSetVersion", "valueSet")
	if err != nil {
		return nil, err
	}
	q, err := c.expandQuery()
	switch {
	case err != nil:
		return nil, err
	case s.given != nil:
		return m.terms.Set.ExpandIn(s.given, q)
	case s.canonical == "":
		return nil, missing("url")
	}
	return m.terms.Set.Expand(s.canonical, q)
}

func (c *call) expandQuery() (q terms.ExpandQuery, err error) {
	q = terms.ExpandQuery{Filter: c.params.text("filter"), Language: c.language(), At: time.Now()}
	if len(q.Filter) > longestFilter {
		return q, issue.New(issue.TooCostly, "terms.param.long", longestFilter).At("filter")
	}
	if q.Offset, err = c.params.number("offset", 0); err != nil {
		return q, err
	}
	if q.Count, err = c.params.number("count", -1); err != nil {
		return q, err
	}
	for name, to := range map[string]*bool{
		"activeOnly": &q.ActiveOnly, "excludeNotForUI": &q.Selectable,
		"includeDesignations": &q.Designations, "includeDefinition": &q.Definition,
	} {
		if *to, err = c.params.flag(name); err != nil {
			return q, err
		}
	}
	return q, nil
}
