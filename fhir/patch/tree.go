// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"encoding/json"
	"slices"
	"strings"

	"mach/fhir"
)

// value is a JSON value that can be changed. Until something inside it changes
// it is the text of a node and nothing more.
type value struct {
	node   fhir.Node
	opened bool // members or items are what counts, not the node
	kind   fhir.Kind
	fields []field  // of an object
	items  []*value // of an array
}

type field struct {
	name string // without quotes and escapes; a Doc has none in its names
	v    *value
}

func leaf(n fhir.Node) *value { return &value{node: n, kind: n.Kind()} }

// open makes the children of an object or array changeable.
func (v *value) open() *value {
	if v.opened {
		return v
	}
	v.opened = true
	for name, n := range v.node.Fields() {
		v.fields = append(v.fields, field{name, leaf(n)})
	}
	if v.kind == fhir.Array {
		for n := range v.node.Items() {
			v.items = append(v.items, leaf(n))
		}
	}
	return v
}

// find returns the place of a member, -1 when there is none.
func (v *value) find(name string) int {
	return slices.IndexFunc(v.fields, func(f field) bool { return f.name == name })
}

// quoted is s as a JSON string.
func quoted(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// size is about the number of bytes that v is written in.
func (v *value) size() int {
	if !v.opened {
		return len(v.node.Raw())
	}
	n := 2
	for _, f := range v.fields {
		n += len(f.name) + 4 + f.v.size()
	}
	for _, e := range v.items {
		n += 1 + e.size()
	}
	return n
}

// clone copies what may change.
func (v *value) clone() *value {
	c := *v
	c.fields, c.items = slices.Clone(v.fields), slices.Clone(v.items)
	for i := range c.fields {
		c.fields[i].v = c.fields[i].v.clone()
	}
	for i := range c.items {
		c.items[i] = c.items[i].clone()
	}
	return &c
}

// write appends the JSON text of v.
func (v *value) write(b *strings.Builder) {
	if !v.opened {
		b.WriteString(v.node.Raw())
		return
	}
	if v.kind == fhir.Array {
		b.WriteByte('[')
		for i, e := range v.items {
			if i > 0 {
				b.WriteByte(',')
			}
			e.write(b)
		}
		b.WriteByte(']')
		return
	}
	b.WriteByte('{')
	for i, f := range v.fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(f.name) + ":")
		f.v.write(b)
	}
	b.WriteByte('}')
}

func (v *value) text() string {
	var b strings.Builder
	v.write(&b)
	return b.String()
}

// equal compares as RFC 6902 section 4.6 says: numbers by value, objects
// whatever the order of their members.
func (v *value) equal(o *value) bool {
	if v.kind != o.kind {
		return false
	}
	switch v.kind {
	case fhir.Object:
		v, o = v.open(), o.open()
		if len(v.fields) != len(o.fields) {
			return false
		}
		for _, f := range v.fields {
			i := o.find(f.name)
			if i < 0 || !f.v.equal(o.fields[i].v) {
				return false
			}
		}
		return true
	case fhir.Array:
		return slices.EqualFunc(v.open().items, o.open().items, (*value).equal)
	case fhir.Number:
		return sameNumber(v.node.Raw(), o.node.Raw())
	case fhir.String:
		return v.node.String() == o.node.String()
	}
	return v.node.Raw() == o.node.Raw()
}
