// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"math/rand/v2"
	"strings"
	"testing"

	"mach/issue"
)

// place is a member of an object together with what R4 says about it.
type place struct {
	object Node
	value  Node
	member member
}

// places lists the members of every object below n that s describes.
func places(n Node, s *structure, list []place) []place {
	defs := r4()
	for name, c := range n.Fields() {
		m, ok := s.members[name]
		if !ok {
			continue
		}
		list = append(list, place{n, c, m})
		for e := range c.Items() {
			below := m.typ.structure
			if m.typ.name == "Resource" {
				below = defs.types[e.Get("resourceType").String()]
			}
			if below != nil {
				list = places(e, below, list)
			}
		}
	}
	return list
}

// mutations are the four ways in which the test breaks a resource. Each returns
// nil when the place is not one it can break.
var mutations = []struct {
	name  string
	apply func(d *Doc, p place) *edits
}{
	{"required element removed", func(d *Doc, p place) *edits {
		if p.member.min == 0 || p.object.Get("_"+p.value.Name()).Exists() {
			return nil // with extensions instead of a value it would still be there
		}
		e := &edits{d: d}
		e.remove(p.value)
		return e
	}},
	{"wrong type", func(d *Doc, p place) *edits {
		e := &edits{d: d}
		switch {
		case p.value.Kind() == Array && p.value.Len() > 0:
			e.replace(p.value, p.value.Get("0").Raw())
		case p.value.Kind() == Object || p.value.Kind() == Number || p.value.Kind() == Bool:
			e.replace(p.value, `"x"`)
		default:
			e.replace(p.value, "7")
		}
		return e
	}},
	{"unknown element", func(d *Doc, p place) *edits {
		e := &edits{d: d}
		e.member(p.object, "unheardOf", "", `"x"`)
		return e
	}},
	{"bad code", func(d *Doc, p place) *edits {
		if p.member.codes == nil {
			return nil
		}
		code := p.value.Get("coding", "code")
		switch p.value.Kind() {
		case String:
			code = p.value
		case Array:
			code = p.value.Get("0")
		}
		if code.Kind() != String {
			return nil
		}
		e := &edits{d: d}
		e.replace(code, `"no-such-code"`)
		return e
	}},
}

// TestMutations breaks 1,000 official examples, always the same ones, one way
// each, and counts how many are refused.
func TestMutations(t *testing.T) {
	const count = 1000
	var docs []*Doc
	for _, ex := range examples(t) {
		if len(ex.text) < 100_000 {
			docs = append(docs, mustParse(t, ex.text))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused, made := 0, map[string]int{}
	for n := 0; n < count; {
		mutation := mutations[n%len(mutations)]
		d := docs[random.IntN(len(docs))]
		all := places(d.Root(), r4().types[d.Type()], nil)
		p := all[random.IntN(len(all))]
		e := mutation.apply(d, p)
		if e == nil {
			continue
		}
		n++
		made[mutation.name]++
		broken, err := ParseString(e.text())
		if err != nil || issue.List(Validate(broken)) != nil {
			refused++
			continue
		}
		t.Logf("not refused: %s, %s at %s: %.80s", mutation.name, d.Ref(), p.value.Path(), strings.ReplaceAll(p.value.Raw(), "\n", " "))
	}
	t.Logf("%d of %d mutations refused (%.1f %%): %v", refused, count, 100*float64(refused)/count, made)
	if refused < count*99/100 {
		t.Errorf("%d of %d mutations refused, want 99 %%", refused, count)
	}
}
