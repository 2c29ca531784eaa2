// SPDX-License-Identifier: Apache-2.0

package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"mach/fhir"
)

// A typeName is a type with its namespace, System or FHIR; "" when it was not
// written.
type typeName struct{ space, name string }

func (n typeName) String() string {
	if n.space == "" {
		return n.name
	}
	return n.space + "." + n.name
}

// systemTypes are the types of FHIRPath itself.
var systemTypes = map[string]bool{
	"Any": true, "Boolean": true, "String": true, "Integer": true, "Long": true, "Decimal": true,
	"Date": true, "DateTime": true, "Time": true, "Quantity": true,
}

// known reports whether there is such a type.
func (n typeName) known() bool {
	inFHIR, inSystem := fhir.InfoOf(n.name) != nil && !strings.Contains(n.name, "."), systemTypes[n.name]
	switch n.space {
	case "FHIR":
		return inFHIR
	case "System":
		return inSystem
	case "":
		return inFHIR || inSystem
	}
	return false
}

// typeOf returns the type of a value. Parts of types are BackboneElements.
func typeOf(v Value) typeName {
	switch d := v.data.(type) {
	case nil:
		return nodeType(v)
	case bool:
		return typeName{"System", "Boolean"}
	case int64:
		return typeName{"System", "Integer"}
	case *apd.Decimal:
		return typeName{"System", "Decimal"}
	case string:
		return typeName{"System", "String"}
	case Quantity:
		return typeName{"System", "Quantity"}
	case Moment:
		return typeName{"System", [...]string{"Date", "DateTime", "Time"}[d.Kind]}
	}
	return typeName{"System", "Any"}
}

func nodeType(v Value) typeName {
	switch {
	case v.typ == nil:
		if v.node.Kind() == fhir.Object {
			if name := v.node.Member("resourceType").String(); name != "" {
				return typeName{"FHIR", name}
			}
		}
		return typeName{"FHIR", "Element"}
	case v.typ.Part:
		return typeName{"FHIR", v.typ.Base.Name}
	}
	return typeName{"FHIR", v.typ.Name}
}

// is reports whether a value is of a type or of one that specialises it.
func (v Value) is(n typeName) bool {
	if n.space != "FHIR" && !v.isNode() {
		t := typeOf(v)
		return t.name == n.name || n.name == "Any"
	}
	return n.space != "System" && v.isNode() && (v.typ.Is(n.name) || v.typ == nil && nodeType(v).name == n.name)
}

// as reports whether a value is of a type for as and ofType: primitives must be
// of that very type.
func (v Value) as(n typeName) bool {
	if v.isNode() && v.typ != nil && v.typ.Primitive {
		return n.space != "System" && (v.typ.Name == n.name || n.name == "Element")
	}
	return v.is(n)
}
