// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// A value is one value of an element with its type. The node is absent for a
// primitive that only has extensions, and twin for all without.
type value struct {
	node, twin fhir.Node
	info       *fhir.TypeInfo
}

// at is the value's place.
func (v value) at() string {
	if v.node.Exists() {
		return v.node.Path()
	}
	return v.twin.Path()
}

// inside is where the members of a value are: for a primitive beside it.
func (v value) inside() fhir.Node {
	if v.info.Primitive {
		return v.twin
	}
	return v.node
}

// values returns the values of an element of v: "value" finds valueQuantity,
// and "valueQuantity" only that.
func (v value) values(name string) []value {
	in := v.inside()
	if in.Kind() != fhir.Object {
		return nil
	}
	info := v.info
	if info.Primitive {
		info = fhir.InfoOf("Element")
	} else if r := in.Info(); r != nil && (info.Resource || info.Name == "Resource") {
		info = r
	}
	var types []*fhir.ElementType
	if e := info.Element(name); e != nil {
		types = e.Types
	} else if t := info.Member(name); t != nil {
		types = []*fhir.ElementType{t}
	}
	var out []value
	for _, t := range types {
		node, twin := in.Member(t.JSON), fhir.Node{}
		if t.Type.Primitive {
			twin = in.Member(t.Twin)
		}
		out = appendValues(out, node, twin, t.Type)
	}
	return out
}

func appendValues(out []value, node, twin fhir.Node, t *fhir.TypeInfo) []value {
	if node.Kind() != fhir.Array && twin.Kind() != fhir.Array {
		if node.Exists() || twin.Exists() {
			out = append(out, value{node, twin, t})
		}
		return out
	}
	n, w := node.First(), twin.First()
	for n.Exists() || w.Exists() {
		v := value{node: n, twin: w, info: t}
		if n.Kind() == fhir.Null {
			v.node = fhir.Node{}
		}
		if w.Kind() == fhir.Null {
			v.twin = fhir.Node{}
		}
		out = append(out, v)
		n, w = n.After(node), w.After(twin)
	}
	return out
}

// value checks a value against what a profile asks of it.
func (c *check) value(v value, e *element) {
	if c.full() {
		return
	}
	if e.fixed.Exists() && !equal(v.node, e.fixed) {
		c.fault(v.at(), issue.Value, "profile.fixed", show(e.fixed))
	}
	if e.pattern.Exists() && !fits(v.node, e.pattern) {
		c.fault(v.at(), issue.Value, "profile.pattern", show(e.pattern))
	}
	if len(e.types) > 0 && e.name != "" {
		c.typed(v, e)
	}
	if e.valueSet != "" && c.opt.Terms != nil && v.node.Exists() {
		c.bound(v.node, e.valueSet, e.required)
	}
	if len(e.rules) > 0 && v.node.Exists() {
		c.holds(v.node, v.info, e.rules)
	}
	for _, child := range e.children {
		c.group(v, child)
	}
}

// group checks the values of one element of v: their number, each of them, and
// how they fall into slices.
func (c *check) group(v value, e *element) {
	base, isThere := v.elementOf(e.name)
	if !isThere {
		return // the profile names what the type does not have
	}
	all := v.values(e.name)
	c.count(v, e, len(all))
	checked := e
	if base.Choice && len(e.types) != 1 && e.valueSet != "" && len(base.Types) > 1 {
		free := *e // which of the types is bound is not told
		free.valueSet, checked = "", &free
	}
	for _, one := range all {
		c.value(one, checked)
	}
	if len(e.slices) > 0 && (len(all) > 0 || e.min == 0) { // else all of it is told
		c.sliced(v, e, all)
	}
}

// elementOf returns the definition of an element that values of v may have.
func (v value) elementOf(name string) (*fhir.ElementInfo, bool) {
	info := v.info
	if info.Primitive {
		info = fhir.InfoOf("Element")
	} else if r := v.node.Info(); r != nil && (info.Resource || info.Name == "Resource") {
		info = r
	}
	if e := info.Element(name); e != nil {
		return e, true
	}
	if t := info.Member(name); t != nil {
		return t.Element, true
	}
	return nil, false
}

// count checks the number of values. What R4 itself asks is checked already.
func (c *check) count(v value, e *element, n int) {
	base, _ := v.elementOf(e.name)
	at := v.at() + "." + e.name
	name := e.name
	least := 0
	if e.slice == "" {
		least = base.Min
	} else {
		name += ":" + e.slice
	}
	switch {
	case n < e.min && n >= least && e.min > least:
		c.fault(at, issue.Required, "profile.min", name, e.min, n)
	case e.max >= 0 && n > e.max && (base.Many || e.max == 0):
		c.fault(at, issue.Structure, "profile.max", name, e.max, n)
	}
}

// typed checks that a value is of an allowed type, that a reference leads to
// one of the allowed targets, and that a value with profiles conforms to one.
func (c *check) typed(v value, e *element) {
	for _, t := range e.types {
		if !v.is(t.code) {
			continue
		}
		if len(t.targets) > 0 && t.code == "Reference" {
			c.target(v, t.targets)
		}
		if len(t.profiles) > 0 && v.info.Name != "Extension" { // extensions are checked by their url
			c.oneOf(v, t.profiles)
		}
		return
	}
	var names []string
	for _, t := range e.types {
		names = append(names, t.code)
	}
	c.fault(v.at(), issue.Structure, "profile.type", v.info.Name, strings.Join(names, ", "))
}

// is reports whether the value is of a type as a profile writes it.
func (v value) is(code string) bool {
	if strings.HasPrefix(code, "http://hl7.org/fhirpath/") {
		return v.info.Primitive
	}
	if r := v.node.Info(); r != nil && (v.info.Resource || v.info.Name == "Resource") {
		return r.Is(code)
	}
	return v.info.Is(code)
}

// target checks the type that a reference leads to, where it tells one.
func (c *check) target(v value, profiles []string) {
	typ := c.targetType(v.node)
	if typ == "" {
		return
	}
	var names []string
	for _, p := range profiles {
		name := strings.TrimPrefix(p, core)
		if def := c.known(p); def != nil {
			name = def.typ
		} else if fhir.InfoOf(name) == nil {
			return // a profile that is not known: of any type
		}
		if name == typ || name == "Resource" {
			return
		}
		names = append(names, name)
	}
	const key = "fhir.reference.target"
	if told := v.at() + ".reference"; slices.ContainsFunc(c.issues, func(is issue.Issue) bool { return is.Key == key && is.Path == told }) {
		return // by the shape
	}
	c.fault(v.at(), issue.Value, key, typ, strings.Join(names, ", "))
}

// targetType is the type of what a reference leads to, "" when nothing tells.
func (c *check) targetType(n fhir.Node) string {
	if r, ok := c.resolve(n); ok {
		return r.Info().Name
	}
	typ, _ := n.Reference()
	if typ == "" {
		typ = n.Member("type").String()
	}
	if !fhir.IsType(typ) {
		return ""
	}
	return typ
}

// resolve finds the contained resource that a reference means.
func (c *check) resolve(n fhir.Node) (fhir.Node, bool) {
	id, ok := strings.CutPrefix(n.Member("reference").String(), "#")
	if !ok {
		return fhir.Node{}, false
	}
	if id == "" {
		return c.env.Root, c.env.Root.Info() != nil
	}
	for r := range c.env.Root.Each("contained") {
		if r.Member("id").String() == id && r.Info() != nil {
			return r, true
		}
	}
	return fhir.Node{}, false
}

// oneOf checks a value against profiles of which it must have one. Of one that
// is known the faults are told; of several, that none fits.
func (c *check) oneOf(v value, profiles []string) {
	var known []*definition
	for _, p := range profiles {
		def := c.known(p)
		if def == nil || c.deep >= maxBases {
			return
		}
		known = append(known, def)
	}
	c.deep++
	defer func() { c.deep-- }()
	if len(known) == 1 {
		c.conform(v.node, v.info, known[0])
		return
	}
	if !slices.ContainsFunc(known, func(def *definition) bool {
		return c.silent(func(s *check) { s.conform(v.node, v.info, def) })
	}) {
		c.fault(v.at(), issue.Structure, "profile.none", strings.Join(profiles, ", "))
	}
}

// silent reports whether a check finds no error, and tells nobody.
func (c *check) silent(run func(s *check)) bool {
	s := &check{Validator: c.Validator, env: c.env, parent: c.parent, deep: c.deep}
	run(s)
	return issue.List(s.issues) == nil
}
