// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"regexp"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// A value set may have parameters, which filters take up by an expression in
// place of their value.
const (
	setParameter = "http://hl7.org/fhir/tools/StructureDefinition/valueset-parameter"
	expressionAt = "http://hl7.org/fhir/StructureDefinition/cqf-expression"
)

// valueSet checks the expressions of filters: they are in FHIRPath, and ask for
// parameters that the value set has (FHIR Tools, valueset-parameter).
func (c *check) valueSet(n fhir.Node) {
	var names []string
	for x := range n.Each("extension") {
		if x.Member("url").String() == setParameter {
			names = append(names, x.Extension("name").Member("valueCode").String())
		}
	}
	for _, list := range []string{"include", "exclude"} {
		for part := range n.Member("compose").Each(list) {
			for f := range part.Each("filter") {
				if e := f.Member("_value").Extension(expressionAt).Member("valueExpression"); e.Exists() {
					c.filterExpression(e, names)
				}
			}
		}
	}
}

func (c *check) filterExpression(n fhir.Node, names []string) {
	if lang := n.Member("language").String(); lang != "text/fhirpath" {
		c.fault(n.Path(), issue.Value, "profile.valueset.language", lang)
		return
	}
	text := quoted.ReplaceAllString(n.Member("expression").String(), "''")
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		name := strings.Trim(m[1], "`")
		start, _, _ := strings.Cut(name, "-") // %a-b may mean the difference
		if !slices.Contains(names, name) && !slices.Contains(names, start) && !given[start] {
			c.fault(n.Path(), issue.Value, "profile.valueset.parameter", name)
		}
	}
}

// Names after % have hyphens in value sets, without the quotes that FHIRPath
// asks for. Those that FHIR gives are no parameters.
var (
	quoted   = regexp.MustCompile(`'([^'\\]|\\.)*'`)
	variable = regexp.MustCompile("%(`[^`]+`|[A-Za-z_][A-Za-z_0-9-]*)")
	given    = map[string]bool{
		"context": true, "resource": true, "rootResource": true, "ucum": true, "sct": true, "loinc": true, "vs": true, "ext": true,
	}
)
