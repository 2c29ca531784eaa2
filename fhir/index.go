// SPDX-License-Identifier: Apache-2.0

package fhir

// ParamKind is the type of a search parameter, which decides how values are
// indexed and compared.
type ParamKind uint8

// The kinds. The only ParamSpecial of a type's own is Location.near.
const (
	ParamToken ParamKind = iota + 1
	ParamReference
	ParamString
	ParamURI
	ParamDate
	ParamNumber
	ParamQuantity
	ParamComposite
	ParamSpecial
)

// A Param is one search parameter of one resource type.
type Param struct {
	Code    string // as in the query: "birthdate"
	Kind    ParamKind
	URL     string   // canonical URL of its definition
	Targets []string // types that a reference may point to; nil when any
	Parts   []string // codes of the parameters that a composite is made of
	Covers  []string // codes of others that together find all that this one does; nil when there are none
}

// An Index is one value by which search finds a resource. Precision counts on
// the side of the question, see [TimeSpan] and [NumberSpan]. Which fields are
// set depends on Kind:
//
//	ParamToken      System, Value      either may be empty, as both are for words alone
//	                Text               display, or text of the concept or identifier type
//	                Type, ID           system and code of an identifier's type
//	ParamString     Value folded by vn.Fold, Text as written
//	ParamURI        Value              canonicals with |version twice: with and without
//	ParamReference  Type, ID           "Patient/1"
//	                Type, ID, URL      "https://elsewhere/fhir/Patient/1"
//	                URL                other URLs, urn:uuid:…, canonicals
//	                System, Value      the identifier of the reference, in a row of its own
//	ParamDate       From, To           µs since 1970, From ≤ t < To, as long as the
//	                                   precision says; MinTime and MaxTime are open
//	ParamNumber     Low, High          Low ≤ x ≤ High; both the number itself, or of a
//	                                   Range, or ±math.MaxFloat64 for "<5"
//	ParamQuantity   Low, High, System, Value (unit code); a second row without
//	                system when the printed unit differs from the code, and one
//	                in [SystemBaseUnits] when the unit is of UCUM
//	ParamComposite  Parts              one Index per part, in the order of [Param.Parts]
//	ParamSpecial    Low, High          of near: latitude, longitude
type Index struct {
	Param    string
	Kind     ParamKind
	System   string
	Value    string
	Text     string
	Type     string
	ID       string
	URL      string
	From, To int64
	Low      float64
	High     float64
	Parts    []Index
}
