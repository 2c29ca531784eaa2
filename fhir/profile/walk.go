// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// resource checks a resource: the document, one of an entry, or a contained one
// of root.
func (c *check) resource(n, root fhir.Node, info *fhir.TypeInfo) {
	was, parent := c.env, c.parent
	c.env.Resource, c.env.Root = n, root
	c.parent = nil
	c.object(n, info)
	if n == root {
		c.domain(n)
	}
	c.claimed(n, info)
	c.implied(n, info)
	c.env, c.parent = was, parent
}

// object checks the invariants of a value and of what is inside it.
func (c *check) object(n fhir.Node, info *fhir.TypeInfo) {
	if n.Kind() != fhir.Object || c.full() {
		return
	}
	rules := rulesOf(info)
	c.holds(n, info, rules.own)
	if rules.words != nil {
		rules.words(c, n)
	}
	c.parent = append(c.parent, info)
	for m := n.First(); m.Exists(); m = m.After(n) {
		name := m.Name()
		if name[0] == '_' {
			c.twin(m)
			continue
		}
		e := info.Member(name)
		if e == nil {
			continue
		}
		of := rules.members[e.Element.Name]
		bound := rules.bound[e.Element.Name]
		if m.Kind() != fhir.Array {
			c.each(m, e, of, bound)
			continue
		}
		for v := m.First(); v.Exists(); v = v.After(m) {
			c.each(v, e, of, bound)
		}
	}
	c.parent = c.parent[:len(c.parent)-1]
}

// each checks one value of an element.
func (c *check) each(n fhir.Node, e *fhir.ElementType, rules []*invariant, bound fhir.Binding) {
	t := e.Type
	if len(rules) > 0 {
		c.holds(n, t, rules)
	}
	if bound.ValueSet != "" && c.opt.Terms != nil {
		c.bound(n, bound.ValueSet, bound.Required)
	}
	switch {
	case t.Primitive:
		c.primitive(n, e)
	case t.Name == "Extension":
		c.extension(n, e)
		c.object(n, t)
	case t.Resource || t.Name == "Resource":
		if of := n.Info(); of != nil {
			root := n
			if e.Element.Name == "contained" {
				root = c.env.Root
			}
			c.resource(n, root, of)
		}
	default:
		if c.opt.References && t.Name == "Reference" {
			c.leads(n)
		}
		c.object(n, t)
	}
}

// primitive checks what a text may hold, and what a canonical leads to.
func (c *check) primitive(n fhir.Node, e *fhir.ElementType) {
	if n.Kind() != fhir.String {
		return
	}
	switch e.Type.Name {
	case "uri", "url":
		c.real(n)
	case "string", "markdown":
		if c.opt.Plain && markup(n.String()) {
			c.fault(n.Path(), issue.Invalid, "profile.markup")
		}
	case "canonical":
		c.real(n)
		if typ := c.types[bare(n.String())]; typ != "" && len(e.Targets) > 0 && !slices.Contains(e.Targets, typ) {
			c.fault(n.Path(), issue.Value, "fhir.reference.target", typ, strings.Join(e.Targets, ", "))
		}
	}
}

// twin checks the extensions of a primitive, or of an array of them.
func (c *check) twin(m fhir.Node) {
	info := fhir.InfoOf("Element")
	for v := range m.Items() {
		c.object(v, info)
	}
}

// domain checks what holds for a resource with others inside (dom-3 to dom-5)
// and the advice that it has a text for people (dom-6).
func (c *check) domain(n fhir.Node) {
	if !c.opt.Errors && !n.Get("text", "div").Exists() && c.env.Resource.Info().Is("DomainResource") {
		c.warn(n.Path(), issue.Invariant, "invariant.dom-6")
	}
	contained := n.Member("contained")
	if !contained.Exists() {
		return
	}
	refs := map[string]bool{}
	references(n, refs)
	for r := range contained.Items() {
		meta := r.Member("meta")
		if meta.Member("versionId").Exists() || meta.Member("lastUpdated").Exists() {
			c.fault(r.Path(), issue.Invariant, "invariant.dom-4")
		}
		if meta.Member("security").Exists() {
			c.fault(r.Path(), issue.Invariant, "invariant.dom-5")
		}
		inside := map[string]bool{}
		references(r, inside)
		if !refs["#"+r.Member("id").String()] && !inside["#"] {
			c.fault(r.Path(), issue.Invariant, "invariant.dom-3", r.Member("id").String())
		}
	}
}

// references gathers the texts that begin with #: references, and canonicals
// and URIs, which have no other use for it.
func references(n fhir.Node, into map[string]bool) {
	switch n.Kind() {
	case fhir.String:
		if s := n.String(); strings.HasPrefix(s, "#") {
			into[s] = true
		}
	case fhir.Object, fhir.Array:
		for m := n.First(); m.Exists(); m = m.After(n) {
			references(m, into)
		}
	}
}

// markup reports whether a text has what looks like a tag of HTML.
func markup(s string) bool {
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 || i+1 >= len(s) {
			return false
		}
		s = s[i+1:]
		c := s[0] | 0x20
		if (c >= 'a' && c <= 'z' || s[0] == '/' || s[0] == '!') && strings.IndexByte(s, '>') > 0 {
			return true
		}
	}
}
