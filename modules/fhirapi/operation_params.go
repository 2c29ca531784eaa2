// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"

	"mach/fhir"
	"mach/issue"
)

// accepts returns the parameters of a call: those of R4's definition and those
// that the table adds. Without any, run looks at them itself (ok is false).
func (o *operation) accepts() (params []fhir.OperationParam, ok bool) {
	def, ok := fhir.OperationOf(o.url())
	return append(slices.Clip(def.In), o.params...), ok || o.params != nil
}

// optional is a parameter that may be left out; most -1 is no limit.
func optional(name string, most int, typ string) fhir.OperationParam {
	return fhir.OperationParam{Name: name, Max: most, Type: typ}
}

// check holds the parameters of a call against the definition of its operation
// (R4 operations.html, section 3.2.0.1): how many there are, and of which form.
// What the definition knows and nobody here heeds is always refused; what it does
// not know has no effect, and is refused when the caller wants that (Prefer:
// handling=strict).
func (o *operation) check(p *parameters, strict bool) error {
	accepted, ok := o.accepts()
	if !ok {
		return nil
	}
	if i := slices.IndexFunc(accepted, isResource); i >= 0 {
		p.alone = accepted[i].Name
	}
	var given []fhir.Node
	switch {
	case p.body == nil:
	case p.body.Type() == "Parameters":
		given = slices.Collect(p.body.Each("parameter"))
	case p.alone == "":
		return issue.New(issue.Invalid, "fhirapi.type.other", p.body.Type(), "Parameters").At("resourceType")
	}
	for _, a := range accepted {
		lone := a.Name == p.alone && p.body != nil && p.body.Type() != "Parameters"
		if err := fits(a, given, p.query, lone); err != nil {
			return err
		}
	}
	if err := o.serves(accepted, given, p.query); err != nil {
		return err
	}
	if strict && !o.searches { // a search says itself what it does not know
		return o.knows(accepted, given, p.query)
	}
	return nil
}

// unserved are parameters that definitions know and nothing here heeds, each with
// the values that ask for no more than what is done anyway.
var unserved = map[string][]string{
	// of ValueSet/$expand
	"check-system-version": nil, "context": nil, "contextDirection": nil, "date": nil, "designation": nil,
	"exclude-system": nil, "force-system-version": nil, "system-version": nil,
	"excludeNested":          {"true", "false"}, // every expansion is flat
	"excludePostCoordinated": {"true", "false"}, // none holds such codes
	// of $validate-code
	"abstract": {"true"}, // abstract codes are codes of the set
	// of ConceptMap/$translate
	"dependency": nil,
	// of ViewDefinition/$run
	"group": nil, "source": nil, "viewReference": nil,
}

// serves refuses what the definition knows and nothing here heeds: the answer
// would not be one to the question.
func (o *operation) serves(accepted []fhir.OperationParam, given []fhir.Node, query [][2]string) error {
	asked := slices.DeleteFunc(slices.Clone(query), func(kv [2]string) bool { return kv[1] == "" })
	for _, g := range given {
		asked = append(asked, [2]string{g.Get("name").String(), valueOf(g).String()})
	}
	for _, kv := range asked {
		anyway, not := unserved[kv[0]]
		known := slices.ContainsFunc(accepted, func(a fhir.OperationParam) bool { return a.Name == kv[0] })
		if not && known && !slices.Contains(anyway, kv[1]) {
			return issue.New(issue.NotSupported, "fhirapi.param.unserved", kv[0], "$"+o.name).At(kv[0])
		}
	}
	return nil
}

// fits counts the values given for a parameter, or for a part of one, and looks
// at their form. lone says that the body is one.
func fits(a fhir.OperationParam, given []fhir.Node, query [][2]string, lone bool) error {
	n := 0
	if lone {
		n++
	}
	for _, kv := range query {
		if kv[0] != a.Name || kv[1] == "" {
			continue
		}
		if n++; !simple(a) {
			return issue.New(issue.Value, "fhirapi.param.form", a.Name, a.Type).At(a.Name)
		}
	}
	for _, g := range given {
		if v := valueOf(g); g.Get("name").String() != a.Name || v.Kind() == fhir.String && v.String() == "" {
			continue
		}
		if n++; !formed(a, g) {
			return issue.New(issue.Value, "fhirapi.param.form", a.Name, a.Type).At(a.Name)
		}
		for _, part := range a.Parts {
			if err := fits(part, slices.Collect(g.Each("part")), nil, false); err != nil {
				return err
			}
		}
	}
	switch {
	case n < a.Min:
		return missing(a.Name)
	case a.Max >= 0 && n > a.Max:
		return issue.New(issue.Invalid, "fhirapi.param.many", a.Name, a.Max).At(a.Name)
	}
	return nil
}

// isResource reports whether a parameter is a resource.
func isResource(a fhir.OperationParam) bool { return a.Type == "Resource" || fhir.IsType(a.Type) }

// simple reports whether a parameter can stand in a URL: a primitive, or a
// reference.
func simple(a fhir.OperationParam) bool {
	info := fhir.InfoOf(a.Type)
	return a.Type == "Reference" || info != nil && info.Primitive
}

// formed reports whether an element Parameters.parameter or part has the form of
// the definition: parts, a resource of the type, a value of the type. One
// primitive may stand for another: clients send a code as a string.
func formed(a fhir.OperationParam, given fhir.Node) bool {
	value := valueOf(given)
	switch {
	case a.Type == "":
		return given.Get("part").Exists()
	case isResource(a):
		typ := given.Get("resource", "resourceType").String()
		return typ != "" && (a.Type == "Resource" || a.Type == typ)
	case a.Type == "Element":
		return value.Exists()
	case simple(a) && value.Exists() && value.Kind() != fhir.Object:
		return true
	}
	return given.Get("value"+a.Type).Kind() == fhir.Object
}

// knows refuses what the definition does not name.
func (o *operation) knows(accepted []fhir.OperationParam, given []fhir.Node, query [][2]string) error {
	var names []string
	for _, kv := range query {
		if !slices.Contains(showing, kv[0]) {
			names = append(names, kv[0])
		}
	}
	for _, g := range given {
		names = append(names, g.Get("name").String())
	}
	for _, name := range names {
		if !slices.ContainsFunc(accepted, func(a fhir.OperationParam) bool { return a.Name == name }) {
			return issue.New(issue.Invalid, "fhirapi.param.unknown", name, "$"+o.name).At(name)
		}
	}
	return nil
}
