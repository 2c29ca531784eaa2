// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// sliced puts the values of a sliced element into its slices: each into the
// first that it fits, and checks their numbers, their order, and what fits none
// (profiling.html#slicing).
func (c *check) sliced(parent value, e *element, all []value) {
	by := e.slicing
	if by == nil {
		by = e.implied(parent)
	}
	members := make([][]value, len(e.slices))
	last, outside := 0, false
	for _, v := range all {
		i := c.sliceFor(v, e, by)
		if i < 0 {
			if by.rules == "closed" {
				c.fault(v.at(), issue.Structure, "profile.slice.closed", e.name)
			}
			outside = true
			continue
		}
		if by.ordered && i < last || by.rules == "openAtEnd" && outside {
			c.fault(v.at(), issue.Structure, "profile.slice.order", e.slices[i].slice)
		}
		last = max(last, i)
		members[i] = append(members[i], v)
		c.value(v, e.slices[i])
	}
	for i, s := range e.slices {
		c.count(parent, s, len(members[i]))
		if len(s.slices) > 0 {
			c.sliced(parent, s, members[i])
		}
	}
}

// implied is the slicing of an element whose profile does not repeat it: of
// extensions by url, of choices by type.
func (e *element) implied(parent value) *slicing {
	s := &slicing{rules: "open"}
	if base, ok := parent.elementOf(e.name); ok && base.Choice {
		s.by = []discriminator{{kind: "type"}}
	} else if e.name == "extension" || e.name == "modifierExtension" {
		s.by = []discriminator{{kind: "value", steps: []string{"url"}}}
	}
	return s
}

func (c *check) sliceFor(v value, e *element, by *slicing) int {
	for i, s := range e.slices {
		if c.inSlice(v, s, by) {
			return i
		}
	}
	return -1
}

// inSlice reports whether a value belongs to a slice: every discriminator finds
// there what the slice asks. Without one, it is in the slice that it is valid
// in.
func (c *check) inSlice(v value, s *element, by *slicing) bool {
	if len(by.by) == 0 {
		return c.silent(func(q *check) { q.value(v, s) })
	}
	for _, d := range by.by {
		if !c.discriminates(v, s, d) {
			return false
		}
	}
	return true
}

func (c *check) discriminates(v value, s *element, d discriminator) bool {
	if v.info.Name == "Extension" && len(d.steps) == 1 && d.steps[0] == "url" && s.child("url", false) == nil {
		return s.allowsProfile(bare(v.node.Member("url").String()))
	}
	test := c.asks
	switch d.kind {
	case "type":
		test = c.hasType
	case "exists":
		test = c.exists
	case "profile":
		test = c.conforms
	}
	return c.along(v, s, d.steps, test)
}

// along follows a discriminator's path in the value and in the slice, and tests
// what it finds. A fixed value or pattern on the way decides at once: it says
// what is further down.
func (c *check) along(v value, e *element, steps []string, test func(v value, found bool, e *element) bool) bool {
	if e != nil && len(steps) > 0 && (e.fixed.Exists() || e.pattern.Exists()) {
		return c.asks(v, true, e)
	}
	if len(steps) == 0 {
		return test(v, v.node.Exists() || v.twin.Exists(), e)
	}
	step := steps[0]
	var next []value
	switch {
	case step == "resolve()":
		if r, ok := c.resolve(v.node); ok {
			next = []value{{node: r, info: r.Info()}}
		} else if typ := c.targetType(v.node); typ != "" {
			next = []value{{twin: v.node, info: fhir.InfoOf(typ)}}
		}
		e = e.targets()
	case strings.HasPrefix(step, "ofType("):
		if v.is(strings.TrimSuffix(step[len("ofType("):], ")")) {
			next = []value{v}
		}
	case strings.HasPrefix(step, "extension("):
		url := strings.Trim(step[len("extension("):len(step)-1], "'\"")
		for _, x := range v.values("extension") {
			if x.node.Member("url").String() == url {
				next = append(next, x)
			}
		}
		e = e.extension(url)
	default:
		next, e = v.values(step), c.descend(e, step)
	}
	for _, n := range next {
		if c.along(n, e, steps[1:], test) || c.alongNeeded(n, e, steps[1:], test) {
			return true
		}
	}
	// What is not there can only be told by exists.
	return len(next) == 0 && test(value{info: v.info}, false, c.end(e, steps[1:]))
}

// alongNeeded is [check.along] for the slices of an element that have to be
// there: what they fix tells apart too.
func (c *check) alongNeeded(v value, e *element, steps []string, test func(v value, found bool, e *element) bool) bool {
	return e != nil && slices.ContainsFunc(e.slices, func(s *element) bool {
		return s.min > 0 && c.along(v, s, steps, test)
	})
}

// descend goes to a member of a slice, or of the profile that its type names.
func (c *check) descend(e *element, name string) *element {
	if e == nil {
		return nil
	}
	if m := e.child(name, false); m != nil {
		return m
	}
	for _, t := range e.types {
		for _, p := range t.profiles {
			if def := c.known(p); def != nil {
				return def.root.child(name, false)
			}
		}
	}
	return nil
}

// end is where the rest of a path leads in the slice.
func (c *check) end(e *element, steps []string) *element {
	for _, s := range steps {
		e = c.descend(e, s)
	}
	return e
}

// targets is what a slice asks of the resource that its reference leads to: the
// types of its target profiles.
func (e *element) targets() *element {
	if e == nil {
		return nil
	}
	r := &element{max: -1}
	for _, t := range e.types {
		for _, p := range t.targets {
			r.types = append(r.types, typeRule{code: strings.TrimPrefix(p, core), profiles: []string{p}})
		}
	}
	return r
}

// extension is the slice of the extension with that url.
func (e *element) extension(url string) *element {
	if e == nil {
		return nil
	}
	if x := e.child("extension", false); x != nil {
		for _, s := range x.slices {
			if s.allowsProfile(url) {
				return s
			}
			if u := s.child("url", false); u != nil && u.fixed.String() == url {
				return s
			}
		}
	}
	return nil
}

func (e *element) allowsProfile(url string) bool {
	for _, t := range e.types {
		for _, p := range t.profiles {
			if p == url {
				return true
			}
		}
	}
	return false
}

// asks tests a value or pattern discriminator: what the slice fixes, here and
// below, is what the value has. A slice that fixes nothing has no such values.
func (c *check) asks(v value, found bool, e *element) bool {
	if e == nil || !found {
		return false
	}
	ok, some := c.fixes(v, e)
	return ok && some
}

// fixes reports whether the value has what the element and those below fix, and
// whether they fix anything.
func (c *check) fixes(v value, e *element) (ok, some bool) {
	if e.fixed.Exists() {
		return equal(v.node, e.fixed), true
	}
	if e.pattern.Exists() {
		return fits(v.node, e.pattern), true
	}
	if e.valueSet != "" && e.required && c.opt.Terms != nil {
		return c.member(v.node, e.valueSet), true
	}
	for _, child := range e.children {
		for _, list := range append([]*element{child}, child.slices...) {
			hit, asked := false, false
			for _, one := range v.values(list.name) {
				is, any := c.fixes(one, list)
				hit, asked = hit || is && any, asked || any
			}
			if asked && !hit {
				return false, true
			}
			some = some || asked
		}
	}
	return true, some
}

// hasType tests a type discriminator.
func (c *check) hasType(v value, found bool, e *element) bool {
	if e == nil || !found {
		return false
	}
	for _, t := range e.types {
		code := t.code
		if def := c.known(core + code); def != nil {
			code = def.typ
		}
		if v.is(code) || v.twin.Exists() && v.info.Is(code) {
			return true
		}
		for _, p := range t.profiles {
			if def := c.known(p); def != nil && v.info.Is(def.typ) && v.info.Resource {
				return true
			}
		}
	}
	return false
}

// exists tests an exists discriminator: the slice has the element as required,
// or as forbidden.
func (c *check) exists(_ value, found bool, e *element) bool {
	switch {
	case e == nil:
		return true
	case e.max == 0:
		return !found
	case e.min > 0:
		return found
	}
	return true
}

// conforms tests a profile discriminator.
func (c *check) conforms(v value, found bool, e *element) bool {
	if e == nil || !found || !v.node.Exists() || c.deep >= maxBases {
		return false
	}
	for _, t := range e.types {
		for _, p := range t.profiles {
			if def := c.known(p); def != nil && c.silent(func(s *check) { s.deep++; s.conform(v.node, v.info, def) }) {
				return true
			}
		}
	}
	return false
}
