// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strings"
	"sync"
)

// A TypeInfo is what R4 says about one type: a resource, a data type, a
// primitive, or a part of one such as Patient.contact. It never changes.
type TypeInfo struct {
	Name string
	// Base is the type that this one specialises: "DomainResource",
	// "BackboneElement", "Element", "uri" for url …; nil for Resource and Element.
	Base      *TypeInfo
	Resource  bool // a resource type, not abstract
	Primitive bool
	Part      bool // a part of another type, such as Patient.contact
	Elements  []*ElementInfo

	elements map[string]*ElementInfo
	members  map[string]*ElementType
}

// An ElementInfo is one element of a type; a choice is one element.
type ElementInfo struct {
	Name   string // without [x]
	Min    int
	Many   bool // an array in JSON
	Choice bool
	Types  []*ElementType // at least one
}

// An ElementType is one of the types that an element may have.
type ElementType struct {
	Element *ElementInfo
	Type    *TypeInfo
	JSON    string   // name of the member in JSON: valueQuantity
	Twin    string   // name of the member with a primitive's id and extensions: _birthDate
	Targets []string // what a Reference may point to; nil when anything
}

// Element returns the element of that FHIR name, without [x]: "value". nil when
// the type has none.
func (t *TypeInfo) Element(name string) *ElementInfo { return t.elements[name] }

// Member returns the element type of a member of JSON: "valueQuantity". nil when
// the type has none.
func (t *TypeInfo) Member(json string) *ElementType { return t.members[json] }

// Is reports whether the type is called name or specialises it.
func (t *TypeInfo) Is(name string) bool {
	for ; t != nil; t = t.Base {
		if t.Name == name {
			return true
		}
	}
	return false
}

// InfoOf returns the type of that name: "Patient", "HumanName", "string",
// "Patient.contact", "Element"; nil when R4 has none.
func InfoOf(name string) *TypeInfo { return typeInfos()[name] }

// Info returns the type of a resource, of the document or within it; nil when R4
// has no such type.
func (n Node) Info() *TypeInfo {
	t := InfoOf(n.member("resourceType").String())
	if t == nil || !t.Resource {
		return nil
	}
	return t
}

// First returns the first member of an object or element of an array, absent
// when there is none. With [Node.After] it walks without a closure.
func (n Node) First() Node { return n.firstChild() }

// After returns the value that follows n inside parent, absent after the last.
func (n Node) After(parent Node) Node { return n.sibling(parent) }

// Member returns the member called name of an object, absent when there is none.
func (n Node) Member(name string) Node { return n.member(name) }

// bases are the types that specialise another than Element or DomainResource
// (https://hl7.org/fhir/R4/datatypes.html).
var bases = map[string]string{
	"url": "uri", "canonical": "uri", "oid": "uri", "uuid": "uri",
	"code": "string", "id": "string", "markdown": "string",
	"unsignedInt": "integer", "positiveInt": "integer",
	"Age": "Quantity", "Count": "Quantity", "Distance": "Quantity", "Duration": "Quantity",
	"Bundle": "Resource", "Binary": "Resource", "Parameters": "Resource", "DomainResource": "Resource",
	"Resource": "", "Element": "",
}

var typeInfos = sync.OnceValue(func() map[string]*TypeInfo {
	defs := r4()
	all := make(map[string]*TypeInfo, len(defs.types)+len(primitives))
	for name := range primitives {
		all[name] = &TypeInfo{Name: name, Primitive: true, elements: map[string]*ElementInfo{}, members: map[string]*ElementType{}}
	}
	for name, s := range defs.types {
		all[name] = &TypeInfo{
			Name: name, Resource: s.resource, Part: strings.Contains(name, "."),
			elements: make(map[string]*ElementInfo, len(s.elements)), members: make(map[string]*ElementType, len(s.members)),
		}
	}
	for name, t := range all {
		t.Base = all[baseOf(t)]
		if s := defs.types[name]; s != nil {
			for _, e := range s.elements {
				t.add(e, all)
			}
		}
	}
	for name := range primitives {
		p := all[name]
		p.Elements = all["Element"].Elements
		p.elements, p.members = all["Element"].elements, all["Element"].members
	}
	return all
})

// baseOf returns the name of the type that t specialises.
func baseOf(t *TypeInfo) string {
	base, special := bases[t.Name]
	switch {
	case special:
		return base
	case t.Resource:
		return "DomainResource"
	case t.Part && r4().types[t.Name].members["modifierExtension"].element != nil,
		t.Name == "Timing", t.Name == "Dosage", t.Name == "ElementDefinition":
		return "BackboneElement"
	}
	return "Element"
}

func (t *TypeInfo) add(e *element, all map[string]*TypeInfo) {
	info := &ElementInfo{Name: e.name, Min: e.min, Many: e.many, Choice: e.choice}
	for _, of := range e.types {
		et := &ElementType{Element: info, Type: all[of.name], JSON: e.name, Targets: of.targets}
		if e.choice {
			et.JSON += strings.ToUpper(of.name[:1]) + of.name[1:]
		}
		et.Twin = "_" + et.JSON
		info.Types = append(info.Types, et)
		t.members[et.JSON] = et
	}
	t.Elements = append(t.Elements, info)
	t.elements[e.name] = info
}
