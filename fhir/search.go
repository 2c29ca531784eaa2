// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"slices"
	"strconv"
	"strings"
)

// A program finds the values of one search parameter in a resource. It is the
// parameter's FHIRPath, compiled by tools/fhirdefs to routes. The routes hold all
// that the expressions of R4 say (the compiler stops at what it cannot turn into
// them), so that the expressions themselves are not carried; those of an
// installation's own parameters are evaluated as they are (store.OwnParams).
type program struct {
	Param
	routes []route
	groups []group // of a composite
}

// A route leads through members to values of one type.
type route struct {
	steps    []step
	fromRoot bool     // in a composite: from the resource, not from the group's value
	leaf     string   // the type there
	codes    *codeSet // the set that tells the system of a code; nil for none
}

// A step goes to a member, to one of its elements, or to those that meet a
// condition.
type step struct {
	name   string
	index  int    // of an array; -1 for all
	where  string // a member that must equal value; "" for no condition
	value  string
	isType string // the type that a reference must point to; "" for any
}

// A group is one way to form a composite: its parts are looked for in each
// value at base.
type group struct {
	base  route
	parts []program
}

var paramKinds = map[string]ParamKind{
	"token": ParamToken, "reference": ParamReference, "string": ParamString, "uri": ParamURI, "date": ParamDate,
	"number": ParamNumber, "quantity": ParamQuantity, "composite": ParamComposite, "special": ParamSpecial,
}

// newProgram reads "type code kind definition [>targets]".
func newProgram(f []string) *program {
	p := &program{Param: Param{
		Code: f[1], Kind: paramKinds[f[2]], URL: "http://hl7.org/fhir/SearchParameter/" + f[3],
	}}
	if len(f) > 4 {
		p.Targets = strings.Split(f[4][1:], ",")
	}
	return p
}

// line reads a line below a parameter: paths, a group, or a part of the last
// group.
func (p *program) line(f []string, codes map[string]*codeSet) {
	switch f[0] {
	case "=":
		p.routes = readRoutes(f[1:], codes)
	case "@":
		p.groups = append(p.groups, group{base: readRoute(f[1], codes)})
	case "-":
		g := &p.groups[len(p.groups)-1]
		g.parts = append(g.parts, program{
			Param:  Param{Code: f[1], Kind: paramKinds[f[2]]},
			routes: readRoutes(f[3:], codes),
		})
		if len(p.groups) == 1 {
			p.Parts = append(p.Parts, f[1])
		}
	}
}

func readRoutes(texts []string, codes map[string]*codeSet) []route {
	routes := make([]route, len(texts))
	for i, text := range texts {
		routes[i] = readRoute(text, codes)
	}
	return routes
}

// readRoute reads "/a.b?c=d.e[0]:Type!set".
func readRoute(text string, codes map[string]*codeSet) route {
	var p route
	text, p.leaf, _ = strings.Cut(text, ":")
	if leaf, set, ok := strings.Cut(p.leaf, "!"); ok {
		p.leaf, p.codes = leaf, codes[set]
	}
	text, p.fromRoot = strings.CutPrefix(text, "/")
	if text == "" {
		return p
	}
	for s := range strings.SplitSeq(text, ".") {
		p.steps = append(p.steps, readStep(s))
	}
	return p
}

func readStep(text string) step {
	s := step{index: -1}
	var condition, index string
	text, condition, _ = strings.Cut(text, "?")
	s.where, s.value, _ = strings.Cut(condition, "=")
	if s.where == "is" {
		s.where, s.isType = "", s.value
	}
	s.name, index, _ = strings.Cut(strings.TrimSuffix(text, "]"), "[")
	if index != "" {
		s.index, _ = strconv.Atoi(index)
	}
	return s
}

// follow adds the values that steps lead to from n to list, in the order of the
// text.
func (n Node) follow(steps []step, list []Node) []Node {
	if len(steps) == 0 {
		return append(list, n)
	}
	s := &steps[0]
	c := n.member(s.name)
	switch {
	case !c.Exists():
	case c.Kind() != Array:
		if s.index <= 0 && s.holds(c) {
			list = c.follow(steps[1:], list)
		}
	case s.index >= 0:
		if e := c.element(s.index); e.Exists() && s.holds(e) {
			list = e.follow(steps[1:], list)
		}
	default:
		for e := c.firstChild(); e.Exists(); e = e.sibling(c) {
			if s.holds(e) {
				list = e.follow(steps[1:], list)
			}
		}
	}
	return list
}

// holds reports whether a value meets the condition of the step.
func (s *step) holds(n Node) bool {
	switch {
	case s.where != "":
		return n.member(s.where).String() == s.value
	case s.isType != "":
		return n.refersTo(s.isType)
	}
	return true
}

// refersTo reports whether a Reference says that it points to a resource of the
// type, by its literal reference or else by its type.
func (n Node) refersTo(typ string) bool {
	if t, _ := n.Reference(); t != "" {
		return t == typ
	}
	return n.member("type").String() == typ
}

// ParamOf returns the search parameter of a type by its code: those of the
// type itself and those of all resources, such as "_id".
func ParamOf(typ, code string) (Param, bool) {
	if p := r4().program(typ, code); p != nil {
		return p.Param, true
	}
	return Param{}, false
}

func (d *definitions) program(typ, code string) *program {
	all := d.programs[typ]
	i, ok := slices.BinarySearchFunc(all, code, func(p *program, code string) int { return strings.Compare(p.Code, code) })
	if !ok {
		return nil
	}
	return all[i]
}

// Params returns the search parameters of a type in the order of their codes,
// nil for an unknown type. What they point to must not be changed.
func Params(typ string) []Param {
	var params []Param
	for _, p := range r4().programs[typ] {
		params = append(params, p.Param)
	}
	return params
}

// Compartment returns the ids of the resources in whose compartment d is:
// Compartment(d, "Patient") for an Observation is its subject, and its
// performer when that is a patient. The order is that of the definition, the
// subject first; a resource is in its own compartment. References to other
// servers are left out.
func Compartment(d *Doc, name string) []string {
	var ids []string
	if d.typ == name && d.id != "" {
		ids = append(ids, d.id)
	}
	for _, code := range r4().compartments[name][d.typ] {
		ids = d.referred(ids, code, name)
	}
	return ids
}

// Members returns the parameters by which resources of a type may be in a
// compartment, and whether any can be: R4 compartmentdefinition.html. One of the
// type that the compartment is named after is in its own, by no parameter.
func Members(name, typ string) (params []Param, can bool) {
	codes, can := r4().compartments[name][typ]
	for _, code := range codes {
		if p, ok := ParamOf(typ, code); ok {
			params = append(params, p)
		}
	}
	return params, can || name == typ && IsCompartment(name)
}

// IsCompartment reports whether R4 has a compartment of that name.
func IsCompartment(name string) bool { return r4().compartments[name] != nil }

// Compartments returns the canonical URLs of R4's compartments.
func Compartments() []string {
	var urls []string
	for name := range r4().compartments {
		urls = append(urls, "http://hl7.org/fhir/CompartmentDefinition/"+strings.ToLower(name[:1])+name[1:])
	}
	slices.Sort(urls)
	return urls
}

// Patients returns the ids of the patients whose record d belongs to, the
// subject first: those of the Patient compartment, and for types that R4 keeps
// out of it (Task) those of the parameter "patient".
func Patients(d *Doc) []string {
	if _, in := r4().compartments["Patient"][d.typ]; in {
		return Compartment(d, "Patient")
	}
	return d.referred(nil, "patient", "Patient")
}

// referred adds the ids of resources of a type that a reference parameter finds.
func (d *Doc) referred(ids []string, code, typ string) []string {
	p := r4().program(d.typ, code)
	if p == nil {
		return ids
	}
	x := extractor{}
	x.run(p, d.Root(), d.Root())
	for _, ix := range x.found {
		if ix.Type == typ && ix.ID != "" && ix.URL == "" && !slices.Contains(ids, ix.ID) {
			ids = append(ids, ix.ID)
		}
	}
	return ids
}
