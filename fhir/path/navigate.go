// SPDX-License-Identifier: Apache-2.0

package path

import (
	"mach/fhir"
)

// member appends the element called name of each value.
func (r *run) member(name string, in, out Collection) (Collection, error) {
	before := len(out)
	for i := range in {
		out = in[i].member(name, out)
	}
	return out, r.spend(len(in) + len(out) - before)
}

// member appends the values of one element.
func (v Value) member(name string, out Collection) Collection {
	if !v.isNode() {
		return v.part(name, out)
	}
	if v.typ == nil {
		return untyped(v.node, name, out)
	}
	of := v.node
	if v.typ.Primitive {
		of = v.twin
	}
	if of.Kind() != fhir.Object {
		return out
	}
	e := v.typ.Element(name)
	switch {
	case e == nil: // perhaps the JSON name of a choice, or an element of R5
		if et := v.typ.Member(name); et != nil {
			return values(of, et, out)
		}
		return untyped(of, name, out)
	case e.Choice:
		return choice(of, v.typ, e, out)
	}
	return values(of, e.Types[0], out)
}

// choice finds the member of a choice element that is there.
func choice(of fhir.Node, t *fhir.TypeInfo, e *fhir.ElementInfo, out Collection) Collection {
	for c := of.First(); c.Exists(); c = c.After(of) {
		name := c.Name()
		if len(name) > 0 && name[0] == '_' {
			name = name[1:]
		}
		if len(name) > len(e.Name) && name[:len(e.Name)] == e.Name {
			if et := t.Member(name); et != nil && et.Element == e {
				return values(of, et, out)
			}
		}
	}
	return out
}

// values appends the values of one member.
func values(of fhir.Node, et *fhir.ElementType, out Collection) Collection {
	n := of.Member(et.JSON)
	var twin fhir.Node
	if et.Type.Primitive {
		twin = of.Member(et.Twin)
	}
	return items(n, twin, et.Type, out)
}

// items appends a member and its twin: the elements of arrays side by side.
func items(n, twin fhir.Node, t *fhir.TypeInfo, out Collection) Collection {
	if n.Kind() != fhir.Array && twin.Kind() != fhir.Array {
		if n.Exists() || twin.Exists() {
			out = append(out, typed(n, twin, t))
		}
		return out
	}
	a, b := n.First(), twin.First()
	for (a.Exists() || b.Exists()) && len(out) <= maxCollection { // more is a fault anyway
		if (a.Exists() && a.Kind() != fhir.Null) || (b.Exists() && b.Kind() != fhir.Null) {
			out = append(out, typed(a, b, t))
		}
		if a.Exists() {
			a = a.After(n)
		}
		if b.Exists() {
			b = b.After(twin)
		}
	}
	return out
}

// typed is a value of a type; a resource tells its type itself.
func typed(n, twin fhir.Node, t *fhir.TypeInfo) Value {
	if t != nil && t.Name == "Resource" {
		if own := n.Info(); own != nil {
			t = own
		}
	}
	return Value{node: n, twin: twin, typ: t}
}

// untyped finds a member in what R4 does not know.
func untyped(of fhir.Node, name string, out Collection) Collection {
	n := of.Member(name)
	if !n.Exists() {
		return out
	}
	return items(n, fhir.Node{}, n.Info(), out)
}

// part returns the parts of a computed value: of what type() gives, and of
// quantities.
func (v Value) part(name string, out Collection) Collection {
	switch d := v.data.(type) {
	case typeName:
		switch name {
		case "namespace":
			return append(out, Value{data: d.space})
		case "name":
			return append(out, Value{data: d.name})
		}
	case Quantity:
		switch name {
		case "value":
			return append(out, Value{data: d.Value})
		case "unit", "code":
			return append(out, Value{data: d.Unit})
		}
	}
	return out
}

// children appends all elements of a value.
func (v Value) children(out Collection) Collection {
	of := v.node
	if v.typ != nil && v.typ.Primitive {
		of = v.twin
	}
	if !v.isNode() || of.Kind() != fhir.Object {
		return out
	}
	for c := of.First(); c.Exists(); c = c.After(of) {
		name := c.Name()
		if name == "resourceType" {
			continue
		}
		if v.typ == nil {
			out = untyped(of, name, out)
			continue
		}
		if name[0] == '_' {
			if of.Member(name[1:]).Exists() { // comes with its value
				continue
			}
			name = name[1:]
		}
		if et := v.typ.Member(name); et != nil {
			out = values(of, et, out)
		} else {
			out = untyped(of, c.Name(), out)
		}
	}
	return out
}
