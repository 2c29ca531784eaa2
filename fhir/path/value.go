// SPDX-License-Identifier: Apache-2.0

package path

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"mach/fhir"
)

// A Value is one item of a collection: a node of a document with its FHIR type,
// or something computed.
type Value struct {
	node fhir.Node // the value; absent for a primitive that only has extensions
	twin fhir.Node // id and extensions of a primitive
	typ  *fhir.TypeInfo
	// data of a computed value: bool, int64, *apd.Decimal, string, Moment,
	// Quantity or typeName; nil for nodes.
	data any
}

// A Collection is what an expression gives: values in order.
type Collection []Value

// Of returns a computed value: of a string, bool, int, int64, *apd.Decimal,
// Moment or Quantity. It panics for others.
func Of(v any) Value {
	switch v := v.(type) {
	case int:
		return Value{data: int64(v)}
	case string, bool, int64, *apd.Decimal, Moment, Quantity:
		return Value{data: v}
	}
	panic("path: no value of FHIRPath")
}

// OfNode returns a node as a value. Its type is that of a resource; elements of
// other types are had by evaluating an expression.
func OfNode(n fhir.Node) Value {
	return Value{node: n, typ: n.Info()}
}

// OfTyped returns a node as a value of a type.
func OfTyped(n fhir.Node, t *fhir.TypeInfo) Value { return Value{node: n, typ: t} }

func (v Value) isNode() bool { return v.data == nil }

// Node returns the node of the document that the value is, and false for a
// computed one. For a primitive without value it is that of its extensions.
func (v Value) Node() (fhir.Node, bool) {
	if !v.isNode() {
		return fhir.Node{}, false
	}
	if k := v.node.Kind(); k == fhir.Absent || k == fhir.Null && v.twin.Exists() {
		return v.twin, v.twin.Exists()
	}
	return v.node, true
}

// Info returns the FHIR type of a node, nil when it is not known and for
// computed values.
func (v Value) Info() *fhir.TypeInfo { return v.typ }

// Path returns the place of a node in its document, "" for computed values.
func (v Value) Path() string {
	n, _ := v.Node()
	return n.Path()
}

// Type returns "Patient", "HumanName", "code" or "BackboneElement" for nodes and
// "System.String" and the like for computed values.
func (v Value) Type() string {
	n := typeOf(v)
	if n.space == "FHIR" {
		return n.name
	}
	return n.space + "." + n.name
}

// String returns what toString() gives, "" for what has no text.
func (v Value) String() string {
	s, _ := toText(v)
	return s
}

// Bool reports whether the value is true.
func (v Value) Bool() bool {
	b, ok := v.system().(bool)
	return ok && b
}

// JSON returns the text of a node as it stands in its document, null for a
// primitive that only has extensions, and a computed value as JSON: dates and
// quantities are strings.
func (v Value) JSON() []byte {
	switch d := v.data.(type) {
	case nil:
		if !v.node.Exists() {
			return []byte("null")
		}
		return []byte(v.node.Raw())
	case bool:
		return strconv.AppendBool(nil, d)
	case int64:
		return strconv.AppendInt(nil, d, 10)
	case *apd.Decimal:
		return []byte(decimalText(d))
	case typeName:
		b, _ := json.Marshal(map[string]string{"namespace": d.space, "name": d.name})
		return b
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v.String())
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// system returns the value of a primitive node, a Quantity for one, and the data
// of a computed value; nil when it has none.
func (v Value) system() any {
	if !v.isNode() {
		return v.data
	}
	switch v.node.Kind() {
	case fhir.Bool:
		return v.node.Bool()
	case fhir.String:
		return v.text()
	case fhir.Number:
		if v.typ != nil && v.typ.Name == "decimal" {
			if d, ok := parseDecimal(v.node.Raw()); ok {
				return d
			}
			return nil
		}
		if n, ok := parseNumber(v.node.Raw()); ok {
			return n.data
		}
	case fhir.Object:
		if v.typ != nil && v.typ.Is("Quantity") {
			if q, ok := quantityOf(v.node); ok {
				return q
			}
		}
	}
	return nil
}

// text returns the value of a node that is a string in JSON: a moment when its
// type is one.
func (v Value) text() any {
	s := v.node.String()
	if v.typ != nil {
		switch v.typ.Name {
		case "date", "dateTime", "instant":
			if m, ok := parseMoment(s); ok {
				if v.typ.Name != "date" {
					m.Kind = DateTime
				}
				return m
			}
		case "time":
			if m, ok := parseTime(s); ok {
				return m
			}
		}
	}
	return s
}

// str returns a string, or any primitive that is a string in JSON.
func (v Value) str() (string, bool) {
	if v.isNode() {
		return v.node.String(), v.node.Kind() == fhir.String
	}
	s, ok := v.data.(string)
	return s, ok
}

// plainText returns a string that is no moment.
func (v Value) plainText() (string, bool) {
	if v.isNode() && v.typ != nil {
		switch v.typ.Name {
		case "date", "dateTime", "instant", "time":
			return "", false
		}
	}
	return v.str()
}

// hasValue reports whether a primitive has a value.
func (v Value) hasValue() bool {
	if !v.isNode() {
		return true
	}
	k := v.node.Kind()
	return k == fhir.Bool || k == fhir.Number || k == fhir.String
}

// decimal returns a number as a decimal, nil for others.
func (v Value) decimal() *apd.Decimal { return asDecimal(v.system()) }

func asDecimal(s any) *apd.Decimal {
	switch d := s.(type) {
	case int64:
		return apd.New(d, 0)
	case *apd.Decimal:
		return d
	}
	return nil
}
