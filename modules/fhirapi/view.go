// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// viewOf reads _summary and _elements: what of each resource is shown. R4
// search.html sections 3.1.1.5.8 and 3.1.1.5.9.
func viewOf(query [][2]string) (fhir.Subset, error) {
	var v fhir.Subset
	for _, kv := range query {
		switch kv[0] {
		case "_summary":
			switch kv[1] {
			case "true", "text", "data":
				v.Summary = kv[1]
			case "false", "count":
			default:
				return v, issue.New(issue.Invalid, "fhirapi.summary", kv[1]).At("_summary")
			}
		case "_elements":
			v.Elements = []string{}
			for name := range strings.SplitSeq(kv[1], ",") {
				name = strings.TrimSpace(name)
				if typ, element, typed := strings.Cut(name, "."); typed && (!fhir.IsType(typ) || fhir.InfoOf(typ).Element(element) == nil) {
					return v, issue.New(issue.Invalid, "fhirapi.elements", name).At("_elements")
				}
				v.Elements = append(v.Elements, name)
			}
		}
	}
	return v, nil
}

// shown are the parameters that say what of each resource is shown, for links.
func (q *request) shown() [][2]string {
	var list [][2]string
	for _, kv := range q.query {
		if kv[0] == "_elements" || kv[0] == "_summary" && kv[1] != "count" && kv[1] != "false" {
			list = append(list, kv)
		}
	}
	return list
}

// pretty reports whether the answer is indented.
func (q *request) pretty() bool { return slices.Contains(q.query, [2]string{"_pretty", "true"}) }
