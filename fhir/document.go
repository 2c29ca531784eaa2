// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// The limits of one document. They bound memory before any rule is looked at;
// the largest official example is 35 MB.
const (
	MaxSize    = 64 << 20 // bytes of JSON text
	MaxDepth   = 100      // objects and arrays within one another
	MaxNodes   = 4 << 20  // values in one document
	MaxMembers = 512      // members of one object; the widest R4 type has 67
)

// A Doc is one resource: its JSON text and where each value stands in it.
// It never changes; the methods that edit return another Doc.
type Doc struct {
	text  string
	nodes []node
	typ   string
	id    string
}

// Parse reads one resource. It accepts strict JSON only: UTF-8 without a byte
// order mark, no duplicate names, nothing after the closing brace, numbers as
// the grammar has them. The error is an *issue.Error whose path is the FHIRPath
// of the value at fault and whose arguments are its line and column.
//
// Parse does not ask whether the resource is a valid one; see [Validate].
func Parse(b []byte) (*Doc, error) { return ParseString(string(b)) }

// ParseString is [Parse] without the copy, for text that is a string already.
func ParseString(text string) (*Doc, error) { return parse(text, 0) }

func parse(text string, slack int) (*Doc, error) {
	nodes, err := scan(text, slack)
	if err != nil {
		return nil, err
	}
	d := &Doc{text: text, nodes: nodes}
	d.typ = d.Root().member("resourceType").String()
	if d.Root().member("resourceType").Kind() != String || d.typ == "" {
		return nil, syntax("fhir.json.resource_type").At("resourceType")
	}
	d.id = d.Root().member("id").String()
	return d, nil
}

// Type returns the resource type, such as "Patient". It is never empty, but may
// name a type that R4 does not have; [Validate] refuses those.
func (d *Doc) Type() string { return d.typ }

// ID returns the logical id, or "" before the store has given one.
func (d *Doc) ID() string { return d.id }

// Ref returns the relative reference to the resource, such as "Patient/123".
func (d *Doc) Ref() string { return d.typ + "/" + d.id }

// Text returns the JSON text exactly as read.
func (d *Doc) Text() string { return d.text }

// Bytes returns a copy of the JSON text.
func (d *Doc) Bytes() []byte { return []byte(d.text) }

// MarshalJSON returns the JSON text, so that a Doc stands in a JSON answer as
// itself.
func (d *Doc) MarshalJSON() ([]byte, error) { return d.Bytes(), nil }

// LogValue keeps what a resource says out of logs: Patient/0193….
func (d *Doc) LogValue() slog.Value { return slog.StringValue(d.Ref()) }

// Root returns the resource as a node.
func (d *Doc) Root() Node { return Node{d, 0} }

// Get is [Node.Get] from the root.
func (d *Doc) Get(path ...string) Node { return d.Root().Get(path...) }

// Each is [Node.Each] from the root.
func (d *Doc) Each(name string) iter.Seq[Node] { return d.Root().Each(name) }

// VersionID returns meta.versionId, or "".
func (d *Doc) VersionID() string { return d.Get("meta", "versionId").String() }

// LastUpdated returns meta.lastUpdated, or the zero time.
func (d *Doc) LastUpdated() time.Time {
	t, err := time.Parse(time.RFC3339Nano, d.Get("meta", "lastUpdated").String())
	if err != nil {
		return time.Time{}
	}
	return t
}

// Equal reports whether two documents are the same apart from whitespace,
// meta.versionId and meta.lastUpdated: whether storing one over the other would
// change nothing.
func (d *Doc) Equal(o *Doc) bool {
	return d == o || d.WithoutVersion().Compact().text == o.WithoutVersion().Compact().text
}

// path returns the FHIRPath of node i, such as "Patient.name[0].family". It
// walks down from the root, which costs time only when something is wrong.
func (d *Doc) path(i uint32) string {
	var b strings.Builder
	b.WriteString(d.typ)
	at := uint32(0)
	for at != i {
		n := d.nodes[at]
		index := 0
		for c := at + 1; c < n.next; c = d.nodes[c].next {
			if i >= d.nodes[c].next {
				index++
				continue
			}
			if n.kind == Array {
				b.WriteString("[" + strconv.Itoa(index) + "]")
			} else {
				b.WriteString("." + d.name(c))
			}
			at = c
			break
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}
