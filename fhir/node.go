// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Kind is the JSON kind of a value.
type Kind uint8

// The kinds. Absent is what [Node.Get] answers for what is not there.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// A Node is one value of a document. The zero Node is absent. Nodes are small
// and comparable: the same value of the same document is the same Node.
type Node struct {
	d *Doc
	i uint32
}

func (n Node) at() *node { return &n.d.nodes[n.i] }

// Exists reports whether the value is there. null is there.
func (n Node) Exists() bool { return n.d != nil }

// Kind returns the JSON kind of the value.
func (n Node) Kind() Kind {
	if n.d == nil {
		return Absent
	}
	return n.at().kind
}

// Raw returns the JSON text of the value, "" when absent. Numbers keep their
// digits: 1.50 stays 1.50.
func (n Node) Raw() string {
	if n.d == nil {
		return ""
	}
	return n.d.text[n.at().start:n.at().end]
}

// MarshalJSON returns the text of the value, so that values of a document can
// stand in what [New] is given.
func (n Node) MarshalJSON() ([]byte, error) {
	if n.d == nil {
		return []byte("null"), nil
	}
	return []byte(n.Raw()), nil
}

// String returns a string without quotes and escapes, a number or boolean as
// written, and "" for everything else.
func (n Node) String() string {
	switch n.Kind() {
	case String:
		raw := n.d.text[n.at().start+1 : n.at().end-1]
		if n.at().escaped {
			return unescape(raw)
		}
		return raw
	case Number, Bool:
		return n.Raw()
	}
	return ""
}

// Int returns a whole number, or 0 for everything else.
func (n Node) Int() int {
	if n.Kind() != Number {
		return 0
	}
	v, _ := strconv.Atoi(n.Raw())
	return v
}

// Float returns the number nearest to what is written, or 0.
func (n Node) Float() float64 {
	if n.Kind() != Number {
		return 0
	}
	v, _ := strconv.ParseFloat(n.Raw(), 64)
	return v
}

// Bool reports whether the value is true.
func (n Node) Bool() bool { return n.Kind() == Bool && n.d.text[n.at().start] == 't' }

// Name returns the name of the member whose value this is; "" for elements of
// an array and the root.
func (n Node) Name() string {
	if n.d == nil {
		return ""
	}
	return n.d.name(n.i)
}

func (d *Doc) name(i uint32) string {
	n := &d.nodes[i]
	return d.text[n.name : n.name+uint32(n.nameLen)]
}

// Path returns the FHIRPath of the value, such as "Patient.name[0].family", for
// messages.
func (n Node) Path() string {
	if n.d == nil {
		return ""
	}
	return n.d.path(n.i)
}

// LogValue keeps the value out of logs: its path.
func (n Node) LogValue() slog.Value { return slog.StringValue(n.Path()) }

// Doc returns the document that the node is of, nil when absent.
func (n Node) Doc() *Doc { return n.d }

// Get follows names and array indexes: Get("name", "0", "family"). Where an
// array stands and a name is asked, its first element is meant, so that
// Get("code", "coding", "code") is the first code.
func (n Node) Get(path ...string) Node {
	for _, step := range path {
		if n.Kind() == Array {
			if i, err := strconv.Atoi(step); err == nil {
				n = n.element(i)
				continue
			}
			n = n.element(0)
		}
		n = n.member(step)
	}
	return n
}

// member returns the member called name; absent when n is no object.
func (n Node) member(name string) Node {
	if n.Kind() != Object {
		return Node{}
	}
	nodes := n.d.nodes
	for i := n.i + 1; i < nodes[n.i].next; i = nodes[i].next {
		if int(nodes[i].nameLen) == len(name) && n.d.name(i) == name {
			return Node{n.d, i}
		}
	}
	return Node{}
}

// element returns element i of an array; absent when there is none.
func (n Node) element(i int) Node {
	for e := range n.children() {
		if i == 0 {
			return e
		}
		i--
	}
	return Node{}
}

// children yields the members of an object or the elements of an array.
func (n Node) children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for c := n.firstChild(); c.Exists(); c = c.sibling(n) {
			if !yield(c) {
				return
			}
		}
	}
}

// firstChild returns the first member or element, absent when there is none.
func (n Node) firstChild() Node {
	if n.d == nil || n.i+1 >= n.at().next {
		return Node{}
	}
	return Node{n.d, n.i + 1}
}

// sibling returns the value after n inside parent, absent after the last.
func (n Node) sibling(parent Node) Node {
	if n.d == nil || n.at().next >= parent.at().next {
		return Node{}
	}
	return Node{n.d, n.at().next}
}

// Len returns the number of elements or members, 0 for other kinds.
func (n Node) Len() int {
	count := 0
	for range n.children() {
		count++
	}
	return count
}

// Each yields the elements of the member called name: all of them when it is an
// array, the value itself when it is not, nothing when it is absent.
func (n Node) Each(name string) iter.Seq[Node] { return n.Get(name).Items() }

// Items yields the elements of an array, any other value once, and nothing when
// absent.
func (n Node) Items() iter.Seq[Node] {
	if k := n.Kind(); k == Array || k == Absent {
		return n.children()
	}
	return func(yield func(Node) bool) { yield(n) }
}

// Fields yields name and value of each member of an object, in the order of the
// text.
func (n Node) Fields() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if n.Kind() != Object {
			return
		}
		for c := range n.children() {
			if !yield(c.Name(), c) {
				return
			}
		}
	}
}

// unescape replaces the escapes of a string that the scanner has checked.
func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		if s[1] != 'u' {
			b.WriteByte(short(s[1]))
			s = s[2:]
			continue
		}
		r, _ := hex4(s[2:])
		s = s[6:]
		if utf16.IsSurrogate(r) {
			low, _ := hex4(s[2:])
			r, s = utf16.DecodeRune(r, low), s[6:]
		}
		b.WriteRune(r)
	}
}

// short returns the character that a two-byte escape stands for.
func short(c byte) byte {
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		return "\b\f\n\r\t"[i]
	}
	return c
}
