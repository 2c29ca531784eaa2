// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"mach/issue"
)

// A node is one JSON value of a document. Nodes stand in the order of the text,
// each followed by what is inside it, so that a node's first child is the next
// node and its sibling is at next:
//
//	{"a":[1,2],"b":3}   i  kind    next
//	                    0  Object  5
//	                    1  Array   4     name a
//	                    2  Number  3
//	                    3  Number  4
//	                    4  Number  5     name b
type node struct {
	start, end uint32 // the value in the text, quotes and brackets included
	next       uint32 // index after the last node inside this one
	name       uint32 // the member name in the text, without quotes
	nameLen    uint8  // 0 for array elements and the root
	kind       Kind
	escaped    bool // a string with backslashes
}

// maxName is the longest member name accepted. The longest of R4 has 36 bytes.
const maxName = math.MaxUint8

// A scanner reads JSON text into nodes. The first fault ends the reading.
type scanner struct {
	s     string
	i     int
	depth int
	nodes []node
	// open holds the nodes around the place being read, for the path of a fault.
	open  []uint32
	slack int
	fault string // message key; "" while all is well
}

// scan checks the whole text and returns its nodes. slack is how far each limit
// may be passed, in bytes, nodes and members.
func scan(text string, slack int) ([]node, error) {
	if len(text) > MaxSize+slack {
		return nil, issue.New(issue.TooLong, "fhir.json.size", MaxSize>>20)
	}
	if !utf8.ValidString(text) {
		return nil, syntax("fhir.json.utf8")
	}
	p := &scanner{s: text, slack: slack, nodes: make([]node, 0, len(text)/24+8)}
	p.space()
	if p.peek() != '{' {
		p.fail("fhir.json.object")
	} else if p.value(0, 0) {
		p.space()
		if p.i < len(p.s) {
			p.fail("fhir.json.trailing")
		}
	}
	if p.fault != "" {
		return nil, p.error()
	}
	return p.nodes, nil
}

func syntax(key string, args ...any) *issue.Error {
	return issue.New(issue.Structure, key, args...)
}

// error describes the fault with its line, its column (in bytes, from 1) and
// the path of the innermost value being read.
func (p *scanner) error() error {
	at := min(p.i, len(p.s))
	line := 1 + strings.Count(p.s[:at], "\n")
	column := at - strings.LastIndexByte(p.s[:at], '\n')
	for _, i := range p.open {
		n := &p.nodes[i] // still open: everything later is inside
		n.next = math.MaxUint32
		if strings.HasPrefix(p.s[n.start:], "[") {
			n.kind = Array
		}
	}
	d := &Doc{text: p.s, nodes: p.nodes}
	if len(p.nodes) > 1 {
		d.typ = d.typeSoFar()
	}
	e := syntax(p.fault, line, column)
	if len(p.open) > 0 {
		e = e.At(d.path(p.open[len(p.open)-1]))
	}
	return e
}

// typeSoFar looks for resourceType in a document that could not be read to its
// end. It is often the first member.
func (d *Doc) typeSoFar() string {
	end := uint32(len(d.nodes))
	for c := uint32(1); c < end; c = d.nodes[c].next {
		if d.name(c) == "resourceType" && d.nodes[c].kind == String {
			return Node{d, c}.String()
		}
	}
	return ""
}

func (p *scanner) fail(key string) bool {
	if p.fault == "" {
		p.fault = key
	}
	return false
}

func (p *scanner) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *scanner) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\n', '\r', '\t':
			p.i++
		default:
			return
		}
	}
}

// value reads one value, the member called s[name:name+nameLen] when nameLen is
// not zero. It returns false at a fault.
func (p *scanner) value(name int, nameLen int) bool {
	at := uint32(len(p.nodes))
	if int(at) >= MaxNodes+p.slack {
		return p.fail("fhir.json.nodes")
	}
	p.nodes = append(p.nodes, node{start: uint32(p.i), name: uint32(name), nameLen: uint8(nameLen)})
	p.open = append(p.open, at)
	kind, escaped, ok := p.content()
	if !ok {
		return p.fail("fhir.json.syntax")
	}
	p.open = p.open[:len(p.open)-1]
	n := &p.nodes[at]
	n.kind, n.escaped = kind, escaped
	n.end, n.next = uint32(p.i), uint32(len(p.nodes))
	return true
}

// content reads what the next byte announces.
func (p *scanner) content() (k Kind, escaped, ok bool) {
	switch c := p.peek(); c {
	case '{':
		return Object, false, p.nest((*scanner).object)
	case '[':
		return Array, false, p.nest((*scanner).array)
	case '"':
		escaped, ok = p.str()
		return String, escaped, ok
	case 't':
		return Bool, false, p.word("true")
	case 'f':
		return Bool, false, p.word("false")
	case 'n':
		return Null, false, p.word("null")
	default:
		return Number, false, p.number()
	}
}

func (p *scanner) nest(read func(*scanner) bool) bool {
	if p.depth++; p.depth > MaxDepth {
		return p.fail("fhir.json.depth")
	}
	p.i++
	p.space()
	ok := read(p)
	p.depth--
	return ok
}

func (p *scanner) word(w string) bool {
	if !strings.HasPrefix(p.s[p.i:], w) {
		return false
	}
	p.i += len(w)
	return true
}

func (p *scanner) array() bool {
	if p.peek() == ']' {
		p.i++
		return true
	}
	for p.value(0, 0) {
		p.space()
		switch p.peek() {
		case ',':
			p.i++
			p.space()
		case ']':
			p.i++
			return true
		default:
			return false
		}
	}
	return false
}

// object reads members after "{". first is where its members begin in the
// arena: duplicates are looked for among them.
func (p *scanner) object() bool {
	if p.peek() == '}' {
		p.i++
		return true
	}
	first, seen := uint32(len(p.nodes)), uint64(0)
	for members := 1; ; members++ {
		if members > MaxMembers+p.slack {
			return p.fail("fhir.json.members")
		}
		if !p.member(first, &seen) {
			return false
		}
		p.space()
		switch p.peek() {
		case ',':
			p.i++
			p.space()
		case '}':
			p.i++
			return true
		default:
			return false
		}
	}
}

// member reads "name":value. No element of FHIR needs an escape in its name, so
// escapes are refused there; names can then be compared as they stand.
func (p *scanner) member(first uint32, seen *uint64) bool {
	if p.peek() != '"' {
		return false
	}
	start := p.i + 1
	escaped, ok := p.str()
	if !ok {
		return false
	}
	name := p.s[start : p.i-1]
	if escaped || name == "" || len(name) > maxName {
		return p.fail("fhir.json.name")
	}
	if p.repeated(first, name, seen) {
		p.i = start
		return p.fail("fhir.json.duplicate")
	}
	p.space()
	if p.peek() != ':' {
		return false
	}
	p.i++
	p.space()
	return p.value(start, len(name))
}

// repeated reports whether name stands among the members from first on. seen is
// a set of 64 hashes: as long as the name's is not in it, nothing is compared.
func (p *scanner) repeated(first uint32, name string, seen *uint64) bool {
	bit := uint64(1) << ((uint(name[0])*7 + uint(name[len(name)-1])*3 + uint(len(name))*11) & 63)
	if *seen&bit == 0 {
		*seen |= bit
		return false
	}
	for i := first; i < uint32(len(p.nodes)); i = p.nodes[i].next {
		n := &p.nodes[i]
		if int(n.nameLen) == len(name) && p.s[n.name:int(n.name)+len(name)] == name {
			return true
		}
	}
	return false
}

// str reads a string from its opening quote.
func (p *scanner) str() (escaped, ok bool) {
	s := p.s
	for i := p.i + 1; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			p.i = i + 1
			return escaped, true
		case c == '\\':
			n := escape(s[i:])
			if n == 0 {
				p.i = i
				return true, p.fail("fhir.json.escape")
			}
			escaped = true
			i += n
		case c < 0x20:
			p.i = i
			return escaped, p.fail("fhir.json.control")
		default:
			i++
		}
	}
	p.i = len(s)
	return escaped, false
}

// escape returns the length of the escape at the start of s, or 0 when it is
// none. Half a surrogate pair is no character, and U+0000 is no character of
// FHIR (nor can PostgreSQL keep it).
func escape(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r, ok := hex4(s[2:])
		switch {
		case !ok || r == 0 || r >= 0xDC00 && r < 0xE000:
			return 0
		case r < 0xD800 || r >= 0xE000:
			return 6
		}
		if low, ok := hex4(strings.TrimPrefix(s[6:], `\u`)); ok && s[6] == '\\' && low >= 0xDC00 && low < 0xE000 {
			return 12
		}
	}
	return 0
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(s[:4], 16, 32)
	return rune(v), err == nil
}

// number reads a number by the grammar of RFC 8259: no leading zero, no plus,
// digits on both sides of the point.
func (p *scanner) number() bool {
	if p.peek() == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++
	} else if !p.digits() {
		return false
	}
	if p.peek() == '.' {
		p.i++
		if !p.digits() {
			return false
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if c = p.peek(); c == '+' || c == '-' {
			p.i++
		}
		return p.digits()
	}
	return true
}

func (p *scanner) digits() bool {
	start := p.i
	for p.i < len(p.s) && p.s[p.i]-'0' <= 9 {
		p.i++
	}
	return p.i > start
}
