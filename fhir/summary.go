// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"slices"
	"strings"
)

// A Subset is what a reader asks to see of a resource. See R4 search.html,
// sections 3.1.1.5.8 (_summary) and 3.1.1.5.9 (_elements).
type Subset struct {
	// Summary is one of the values of _summary that leave elements out: "true"
	// (those that R4 marks), "text" (the narrative), "data" (all but it); ""
	// leaves out nothing.
	Summary string
	// Elements are names of elements of the resource itself, without [x], of
	// resources of any type or, as in "Patient.name", of one; nil = all.
	Elements []string
}

// subsetted is the tag of a resource that is not shown whole.
const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// Of returns the resource without what was not asked for, tagged SUBSETTED. id,
// meta, implicitRules and what R4 requires are always shown. A resource of an
// unknown type comes back whole.
func (p Subset) Of(d *Doc) *Doc {
	s := r4().types[d.typ]
	if s == nil || p.Summary == "" && p.Elements == nil {
		return d
	}
	p.Elements = elementsOf(d.typ, p.Elements)
	var b strings.Builder
	p.write(&b, d.Root(), s, true)
	return again(b.String()).tagged()
}

// elementsOf returns the names that concern a type, without it.
func elementsOf(typ string, names []string) []string {
	if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, ".") }) {
		return names
	}
	of := []string{}
	for _, name := range names {
		if t, element, typed := strings.Cut(name, "."); !typed {
			of = append(of, name)
		} else if t == typ {
			of = append(of, element)
		}
	}
	return of
}

// write appends the object n of structure s; top says that it is the resource.
func (p Subset) write(b *strings.Builder, n Node, s *structure, top bool) {
	b.WriteByte('{')
	first := true
	for name, v := range n.Fields() {
		m := s.members[strings.TrimPrefix(name, "_")]
		if name != "resourceType" && (m.element == nil || !p.shows(m.element, top)) {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(`"` + name + `":`)
		if p.Summary == "true" && m.element != nil && m.typ.structure != nil && strings.Contains(m.typ.structure.name, ".") && name[0] != '_' {
			p.parts(b, v, m.typ.structure)
		} else {
			b.WriteString(v.Raw())
		}
	}
	b.WriteByte('}')
}

// parts appends the parts of a resource, such as Patient.contact, each with what
// belongs to a summary.
func (p Subset) parts(b *strings.Builder, v Node, s *structure) {
	if v.Kind() != Array {
		p.write(b, v, s, false)
		return
	}
	b.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			b.WriteByte(',')
		}
		p.write(b, v.element(i), s, false)
	}
	b.WriteByte(']')
}

func (p Subset) shows(e *element, top bool) bool {
	if e.min > 0 || top && (e.name == "id" || e.name == "meta" || e.name == "implicitRules") {
		return true
	}
	if top && p.Elements != nil && !slices.Contains(p.Elements, e.name) {
		return false
	}
	switch p.Summary {
	case "true":
		return e.brief
	case "text":
		return e.name == "text"
	case "data":
		return !top || e.name != "text"
	}
	return true
}

// tagged says that the resource is not whole.
func (d *Doc) tagged() *Doc {
	meta := d.Get("meta")
	e := edits{d: d}
	switch tag := meta.Get("tag"); {
	case !meta.Exists():
		e.member(d.Root(), "meta", "id", `{"tag":[`+subsetted+`]}`)
	case !tag.Exists():
		e.member(meta, "tag", "lastUpdated", `[`+subsetted+`]`)
	default:
		e.append(tag, subsetted)
	}
	return e.apply()
}
