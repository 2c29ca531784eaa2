// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"

	"mach/fhir"
	fhirpath "mach/fhir/path"
	"mach/issue"
)

// component is a part of an own composite: a parameter of R4 whose values are
// looked for in each value of the composite's expression. R4
// searchparameter.html, SearchParameter.component.
type component struct {
	fhir.Param
	expr *fhirpath.Expr
}

// mostComponents bounds a composite.
const mostComponents = 5

// compose reads the components of a composite. Each must be a parameter of R4 of
// every type that the composite is of.
func (p *ownParam) compose(d *fhir.Doc) error {
	for n := range d.Each("component") {
		c := component{}
		for _, typ := range p.types {
			all := fhir.Params(typ)
			i := slices.IndexFunc(all, func(one fhir.Param) bool {
				return one.URL == n.Get("definition").String() && one.Kind != fhir.ParamComposite && one.Kind != fhir.ParamSpecial
			})
			if i < 0 || c.Code != "" && c.Code != all[i].Code {
				return issue.New(issue.NotSupported, "search.own.component", p.word).At("SearchParameter.component.definition")
			}
			c.Param = all[i]
		}
		var err error
		if c.expr, err = compileOwn(n.Get("expression").String()); err != nil {
			return err
		}
		p.components, p.Parts = append(p.components, c), append(p.Parts, c.Code)
	}
	if len(p.components) < 2 || len(p.components) > mostComponents {
		return issue.New(issue.NotSupported, "search.own.component", p.word).At("SearchParameter.component")
	}
	return nil
}

// composed adds one index for each combination of the components' values within
// one value of the composite, as R4's own have it.
func (p *ownParam) composed(env *fhirpath.Env, at fhirpath.Value, idx []fhir.Index) []fhir.Index {
	all := [][]fhir.Index{nil}
	for _, c := range p.components {
		found, err := c.expr.On(fhirpath.Collection{at}, env)
		if err != nil {
			return idx
		}
		var next [][]fhir.Index
		for _, v := range found[:min(len(found), maxOwnValues)] {
			n, ok := v.Node()
			if !ok {
				continue
			}
			for _, value := range fhir.IndexValue(c.Param, v.Type(), n) {
				for _, chosen := range all {
					if len(next) < maxOwnValues {
						next = append(next, append(slices.Clip(chosen), value))
					}
				}
			}
		}
		all = next
	}
	for _, parts := range all {
		idx = append(idx, fhir.Index{Param: p.Code, Kind: fhir.ParamComposite, Parts: parts})
	}
	return idx
}
