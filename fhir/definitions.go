// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed" // the definitions
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:generate go -C ../tools run ./fhirdefs -out ../fhir/definitions/r4.txt.gz

//go:embed definitions/r4.txt.gz
var packed []byte

// definitions is what R4 says, read once from the embedded text. It is never
// written after that.
type definitions struct {
	types     map[string]*structure
	resources []string // names of the resource types, sorted
	extension *structure
	codes     map[string]*codeSet
	programs  map[string][]*program // by type, in the order of their codes
	// compartments holds, by compartment and type, the codes of the parameters
	// that make a resource a member.
	compartments map[string]map[string][]string
	operations   []Operation // in the order of their ids
}

// A structure is a resource type, a data type, or a part of one such as
// Patient.contact.
type structure struct {
	name     string
	resource bool
	elements []*element
	members  map[string]member // by JSON name: valueQuantity, not value
	required uint64            // bits of the elements that must be there

	invariants []Invariant
	rule       func(v *validator, n Node) // in words only; nil for most types
}

// An element is one element of a structure; a choice is one element with
// several members.
type element struct {
	name   string // without [x]
	bit    uint   // its place in the structure
	min    int
	many   bool // an array in JSON
	choice bool
	brief  bool // part of a summary
	types  []*elementType
	codes  *codeSet // of a required binding; nil when not listed
	bound  Binding  // of an extensible binding, or a required one that cannot be listed
}

// An elementType is one of the types an element may have.
type elementType struct {
	name      string
	primitive primitive  // notPrimitive for the others
	structure *structure // nil for primitives and Resource
	targets   []string   // types that a Reference may point to; nil when any
}

type member struct {
	*element
	typ *elementType
}

// A codeSet holds the codes of a value set, each with the systems it is of as
// bits in the order of systems.
type codeSet struct {
	name    string
	systems []string
	codes   map[string]uint32
}

// has reports whether the set has the code in the system.
func (s *codeSet) has(system, code string) bool {
	i := slices.Index(s.systems, system)
	return i >= 0 && s.codes[code]&(1<<i) != 0
}

// system returns the system that a bare code of the set is of, "" when it may
// be of several.
func (s *codeSet) system(code string) string {
	for i, sys := range s.systems {
		if s.codes[code] == 1<<i {
			return sys
		}
	}
	return ""
}

// r4 returns the definitions. They are part of the program, so that failing to
// read them is a fault of the build; a test reads them first.
var r4 = sync.OnceValue(func() *definitions {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(fmt.Sprintf("fhir: definitions: %v", err))
	}
	r := reader{d: &definitions{
		types: map[string]*structure{}, codes: map[string]*codeSet{},
		programs: map[string][]*program{}, compartments: map[string]map[string][]string{},
	}}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		r.line(lines.Text())
	}
	if err := lines.Err(); err != nil {
		panic(fmt.Sprintf("fhir: definitions: %v", err))
	}
	r.finish()
	return r.d
})

// A reader reads the text that definitions/SOURCES.md describes, line by line.
type reader struct {
	d       *definitions
	section byte // V, T, P, O of the last heading
	set     *codeSet
	typ     *structure
	program *program
}

func (r *reader) line(line string) {
	if strings.HasPrefix(line, "?") {
		r.typ.invariants = append(r.typ.invariants, newInvariant(line))
		return
	}
	f := strings.Split(line, " ")
	switch f[0] {
	case "#":
	case "V":
		r.section, r.set = 'V', &codeSet{name: f[1], codes: map[string]uint32{}}
		r.d.codes[f[1]] = r.set
	case "T":
		r.section, r.typ = 'T', &structure{name: f[1], resource: f[2] == "resource", members: map[string]member{}}
		r.d.types[f[1]] = r.typ
	case "P":
		r.section, r.program = 'P', newProgram(f[1:])
		r.d.programs[f[1]] = append(r.d.programs[f[1]], r.program)
	case "C":
		if r.d.compartments[f[1]] == nil {
			r.d.compartments[f[1]] = map[string][]string{}
		}
		r.d.compartments[f[1]][f[2]] = f[3:]
	case "O":
		r.section = 'O'
		r.d.operations = append(r.d.operations, newOperation(f[1:]))
	default:
		switch r.section {
		case 'V':
			r.codes(f)
		case 'T':
			r.element(f)
		case 'P':
			r.program.line(f, r.d.codes)
		case 'O':
			r.d.operations[len(r.d.operations)-1].line(f)
		}
	}
}

// codes reads "system code code …" of a value set.
func (r *reader) codes(f []string) {
	bit := uint32(1) << len(r.set.systems)
	r.set.systems = append(r.set.systems, f[0])
	for _, code := range f[1:] {
		r.set.codes[code] |= bit
	}
}

// element reads "name[x] min max type>target,target|type !codes" of a type, "^"
// before the name for the elements of a summary;
// "~url" instead of "!codes" is an extensible binding, "=url" a required one to
// a value set that is not listed.
func (r *reader) element(f []string) {
	name, brief := strings.CutPrefix(f[0], "^")
	name, choice := strings.CutSuffix(name, "[x]")
	minimum, _ := strconv.Atoi(f[1])
	e := &element{name: name, choice: choice, bit: uint(len(r.typ.elements)), min: minimum, many: f[2] == "*", brief: brief}
	if len(f) > 4 {
		switch text := f[4]; text[0] {
		case '!':
			e.codes = r.d.codes[text[1:]]
		default:
			e.bound = Binding{ValueSet: text[1:], Required: text[0] == '='}
		}
	}
	for _, text := range strings.Split(f[3], "|") {
		t := &elementType{name: text}
		if of, targets, ok := strings.Cut(text, ">"); ok {
			t.name, t.targets = of, strings.Split(targets, ",")
		}
		t.primitive = primitives[t.name]
		if name == "id" && t.primitive == pString && r.typ.name != "ElementDefinition" { // snapshot and differential share theirs
			t.primitive = pElementID
		}
		e.types = append(e.types, t)
	}
	r.typ.elements = append(r.typ.elements, e)
	if e.min > 0 {
		r.typ.required |= 1 << e.bit
	}
}

// finish links types by name and spells out the members of choices.
func (r *reader) finish() {
	for name, s := range r.d.types {
		if s.resource {
			r.d.resources = append(r.d.resources, name)
		}
		if len(s.elements) > 64 {
			panic("fhir: " + name + " has more than 64 elements")
		}
		for _, e := range s.elements {
			for _, t := range e.types {
				if t.structure = r.d.types[t.name]; t.structure == nil && t.primitive == notPrimitive {
					panic("fhir: " + name + "." + e.name + " is of unknown type " + t.name)
				}
				json := e.name
				if e.choice {
					json += strings.ToUpper(t.name[:1]) + t.name[1:]
				}
				s.members[json] = member{e, t}
			}
		}
	}
	slices.Sort(r.d.resources)
	r.d.extension = r.d.types["Extension"]
	for name, rule := range rules {
		r.d.types[name].rule = rule
	}
	r.inherit()
}

// inherit gives every resource type the parameters of Resource and
// DomainResource.
func (r *reader) inherit() {
	for _, name := range r.d.resources {
		all := append(r.d.programs[name], r.d.programs["Resource"]...)
		if r.d.types[name].members["text"].element != nil {
			all = append(all, r.d.programs["DomainResource"]...)
		}
		slices.SortFunc(all, func(a, b *program) int { return strings.Compare(a.Code, b.Code) })
		r.d.programs[name] = slices.Clip(all)
		cover(r.d.programs[name])
	}
}

// Types returns the names of the resource types of R4 in alphabetical order.
// The caller may change the slice.
func Types() []string { return slices.Clone(r4().resources) }

// IsType reports whether R4 has a resource type of that name.
func IsType(name string) bool {
	s := r4().types[name]
	return s != nil && s.resource
}
