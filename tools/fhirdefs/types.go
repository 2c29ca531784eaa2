// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// A typeDef is a resource type, a data type, or a part of one such as
// Patient.contact, with its elements in the order of the definition.
type typeDef struct {
	kind       string // resource, type, part
	elements   []*elementDef
	invariants []invariant
}

type elementDef struct {
	name  string // without [x]
	min   int
	max   string // 0, 1, *
	types []typeRef
	set   string // name of the required value set
	bound string // URL of a value set bound otherwise: = required, ~ extensible
	many  bool   // a choice: the member name ends with the type
	brief bool   // part of a summary
}

type typeRef struct {
	name    string
	targets []string // of a Reference or canonical
}

type typeDefs map[string]*typeDef

// compileTypes flattens the snapshots. A content reference becomes the part it
// refers to; primitives stay names, package fhir knows their form.
func compileTypes(d *definitions, sets codeSets) typeDefs {
	types := typeDefs{}
	for _, s := range d.structures {
		if s.Derivation == "constraint" || s.Kind == "primitive-type" || s.Kind == "logical" {
			continue
		}
		kind := "type"
		if s.Kind == "resource" && !s.Abstract {
			kind = "resource"
		}
		types[s.Name] = &typeDef{kind: kind, invariants: compileInvariants(s, s.Snapshot.Element[0], "")}
		for _, e := range s.Snapshot.Element[1:] {
			owner, name := path.Split(strings.ReplaceAll(e.Path, ".", "/"))
			owner = strings.ReplaceAll(strings.TrimSuffix(owner, "/"), "/", ".")
			if types[owner] == nil {
				types[owner] = &typeDef{kind: "part"}
			}
			def := compileElement(e, name, sets)
			types.constrain(s, e, owner, name)
			if s.Kind == "resource" && owner == s.Name && name == "id" {
				def.types = []typeRef{{name: "id"}} // R4 says string, and means the type id
			}
			types[owner].elements = append(types[owner].elements, def)
		}
	}
	return types
}

func compileElement(e element, name string, sets codeSets) *elementDef {
	def := &elementDef{min: e.Min, max: e.Max, brief: e.IsSummary}
	def.name, def.many = strings.CutSuffix(name, "[x]")
	if e.ContentReference != "" {
		def.types = []typeRef{{name: strings.TrimPrefix(e.ContentReference, "#")}}
		return def
	}
	for _, t := range e.Type {
		def.types = append(def.types, compileType(e, t))
	}
	url, _, _ := strings.Cut(e.Binding.ValueSet, "|")
	switch e.Binding.Strength {
	case "required":
		if def.set = sets.use(e.Binding.ValueSet); def.set == "" && url != "" {
			def.bound = "=" + url
		}
	case "extensible":
		def.bound = "~" + url
	}
	return def
}

func compileType(e element, t elementType) typeRef {
	ref := typeRef{name: t.Code}
	switch t.Code {
	case "BackboneElement", "Element":
		ref.name = e.Path
	case "http://hl7.org/fhirpath/System.String":
		// The id of an element, or Extension.url: an extension names the type.
		ref.name = "string"
		for _, x := range t.Extension {
			ref.name = x.ValueURL
		}
	}
	for _, p := range t.TargetProfile {
		if name := path.Base(p); name != "Resource" {
			ref.targets = append(ref.targets, name)
		}
	}
	return ref
}

func (t typeDefs) write(w io.Writer) {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		def := t[name]
		fmt.Fprintf(w, "T %s %s\n", name, def.kind)
		for _, e := range def.elements {
			fmt.Fprintln(w, e)
		}
		for _, v := range def.invariants {
			fmt.Fprintln(w, v)
		}
	}
}

// String gives the element's line: name, with ^ when it is part of a summary,
// min, max, types, codes.
//
//	^subject 1 1 Reference>Patient,Group
//	gender 0 1 code !administrative-gender
//	category 0 * CodeableConcept ~http://hl7.org/fhir/ValueSet/…
//	value[x] 0 1 Quantity|string
func (e *elementDef) String() string {
	var types []string
	for _, t := range e.types {
		text := t.name
		if len(t.targets) > 0 {
			text += ">" + strings.Join(t.targets, ",")
		}
		types = append(types, text)
	}
	name := e.name
	if e.many {
		name += "[x]"
	}
	if e.brief {
		name = "^" + name
	}
	line := fmt.Sprintf("%s %d %s %s", name, e.min, e.max, strings.Join(types, "|"))
	if e.set != "" {
		line += " !" + e.set
	}
	if e.bound != "" {
		line += " " + e.bound
	}
	return line
}

func writeCompartments(w io.Writer, d *definitions) {
	slices.SortFunc(d.compartments, func(a, b *compartment) int { return strings.Compare(a.Code, b.Code) })
	for _, c := range d.compartments {
		for _, r := range c.Resource {
			// {def} says that a resource is in its own compartment.
			codes := slices.DeleteFunc(r.Param, func(code string) bool { return code == "{def}" })
			if len(codes) > 0 {
				fmt.Fprintf(w, "C %s %s %s\n", c.Code, r.Code, strings.Join(codes, " "))
			}
		}
	}
}
