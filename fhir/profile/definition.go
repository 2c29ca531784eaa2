// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// A definition is a profile or an extension, compiled from a
// StructureDefinition.
type definition struct {
	url, typ, base string
	differential   bool // without snapshot: the rules of base hold too
	contexts       []context
	root           *element
}

// A context says where an extension may stand.
type context struct{ kind, expression string }

// An element is what a profile asks of an element. What it does not ask is
// zero.
type element struct {
	name     string // FHIR's, without [x]; of a slice that of its element
	slice    string // its name; "" for what is no slice
	min      int
	max      int // -1 for any number
	types    []typeRule
	fixed    fhir.Node
	pattern  fhir.Node
	valueSet string // of its binding
	required bool   // the binding is; else extensible
	rules    []*invariant
	slicing  *slicing
	slices   []*element
	children []*element
}

// A typeRule is a type that a profile allows.
type typeRule struct {
	code     string
	profiles []string
	targets  []string // of a Reference
}

// slicing says how slices are told apart.
type slicing struct {
	by      []discriminator
	ordered bool
	rules   string // open, closed, openAtEnd
}

type discriminator struct {
	kind  string // value, pattern, type, exists, profile
	steps []string
}

// compile reads a StructureDefinition.
func compile(d *fhir.Doc) (*definition, error) {
	def := &definition{url: d.Get("url").String(), typ: d.Get("type").String(), base: d.Get("baseDefinition").String()}
	if def.url == "" || fhir.InfoOf(def.typ) == nil {
		return nil, issue.New(issue.Invalid, "profile.definition", d.Ref()).At(def.url)
	}
	for c := range d.Each("context") {
		def.contexts = append(def.contexts, context{c.Get("type").String(), c.Get("expression").String()})
	}
	for _, at := range forgotten[strings.TrimPrefix(def.url, core)] {
		def.contexts = append(def.contexts, context{"element", at})
	}
	list := d.Get("snapshot")
	if !list.Exists() {
		list, def.differential = d.Get("differential"), true
	}
	def.root = &element{name: def.typ, max: -1}
	for n := range list.Each("element") {
		if e := def.root.place(n); e != nil {
			e.read(n)
		}
	}
	def.root.min, def.root.max = 0, -1
	return def, nil
}

// place finds the element that an ElementDefinition is about, and makes it when
// it is new. Its id names the slices on the way; without id its path and
// sliceName do.
func (e *element) place(n fhir.Node) *element {
	id := n.Get("id").String()
	if path := n.Get("path").String(); id == "" || strings.Count(id, ".") != strings.Count(path, ".") {
		id = path
		if s := n.Get("sliceName").String(); s != "" {
			id += ":" + s
		}
	}
	steps := strings.Split(id, ".")
	if len(steps) > maxSteps {
		return nil
	}
	for _, step := range steps[1:] {
		name, slice, _ := strings.Cut(step, ":")
		e = e.child(strings.TrimSuffix(name, "[x]"), true)
		for part := range strings.SplitSeq(slice, "/") { // a slice of a slice
			if part != "" {
				e = e.sliceOf(part)
			}
		}
	}
	return e
}

// maxSteps bounds the depth of an element in a profile.
const maxSteps = 32

// child returns the element of that name, nil when the profile asks nothing of
// it and none is to be made.
func (e *element) child(name string, create bool) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	if !create {
		return nil
	}
	c := &element{name: name, max: -1}
	e.children = append(e.children, c)
	return c
}

func (e *element) sliceOf(name string) *element {
	for _, s := range e.slices {
		if s.slice == name {
			return s
		}
	}
	s := &element{name: e.name, slice: name, max: -1}
	e.slices = append(e.slices, s)
	return s
}

// read takes over what an ElementDefinition asks.
func (e *element) read(n fhir.Node) {
	e.min = n.Get("min").Int()
	if most, err := strconv.Atoi(n.Get("max").String()); err == nil {
		e.max = most
	}
	for t := range n.Each("type") {
		rule := typeRule{code: t.Get("code").String()}
		for p := range t.Each("profile") {
			rule.profiles = append(rule.profiles, bare(p.String()))
		}
		for p := range t.Each("targetProfile") {
			rule.targets = append(rule.targets, bare(p.String()))
		}
		e.types = append(e.types, rule)
	}
	e.fixed, e.pattern = choice(n, "fixed"), choice(n, "pattern")
	if b := n.Get("binding"); b.Exists() {
		switch b.Get("strength").String() {
		case "required":
			e.valueSet, e.required = bare(b.Get("valueSet").String()), true
		case "extensible":
			e.valueSet = bare(b.Get("valueSet").String())
		}
	}
	for k := range n.Each("constraint") {
		key, text := k.Get("key").String(), k.Get("expression").String()
		if text != "" && !r4Keys()[key] {
			e.rules = append(e.rules, newInvariant(key, k.Get("human").String(), text, k.Get("severity").String() == "warning"))
		}
	}
	if s := n.Get("slicing"); s.Exists() {
		e.slicing = &slicing{ordered: s.Get("ordered").Bool(), rules: s.Get("rules").String()}
		for d := range s.Each("discriminator") {
			e.slicing.by = append(e.slicing.by, discriminator{d.Get("type").String(), pathSteps(d.Get("path").String())})
		}
	}
}

// pathSteps splits a discriminator's path: a restricted FHIRPath of names,
// $this, extension('url'), resolve() and ofType(T)
// (profiling.html#discriminator). Points inside quotes are no ends.
func pathSteps(path string) []string {
	var steps []string
	quoted, from := false, 0
	for i := 0; i <= len(path); i++ {
		switch {
		case i == len(path) || path[i] == '.' && !quoted:
			if step := path[from:i]; step != "$this" && step != "" {
				steps = append(steps, step)
			}
			from = i + 1
		case path[i] == '\'':
			quoted = !quoted
		}
	}
	return steps
}

// choice returns the member whose name begins with prefix and ends with a type.
func choice(n fhir.Node, prefix string) fhir.Node {
	for name, m := range n.Fields() {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return m
		}
	}
	return fhir.Node{}
}
