// SPDX-License-Identifier: Apache-2.0

// Package path is FHIRPath: normative 2.0 (http://hl7.org/fhirpath/N1/), the
// additions for FHIR (https://hl7.org/fhir/R4/fhirpath.html), and what the test
// suite of R5 asks of 3.0, over documents of package fhir.
//
//	e, err := path.Compile("name.where(use = 'official').given")
//	given, err := e.Eval(doc.Root(), nil)
//
// # How it works
//
// The text is read by a lexer and a Pratt parser into a tree, which is compiled
// to closures. A closure appends its results to a collection that its caller
// gives it; collections in between are taken from a stack and given back, so
// that most expressions allocate nothing but their result. Elements are found by
// what R4 says about the type of the node (fhir.TypeInfo): "value" finds
// valueQuantity, and the value knows that it is a Quantity.
//
// With the option [Check] the types are followed at compile time too: an
// element that R4 does not have is then an error of Compile.
//
// # Values
//
// A [Value] is a node of a document with its FHIR type and, for primitives,
// the twin that carries id and extensions; or it is computed. Decimals are
// exact. Dates and times know their precision and compare to true, false or
// unknown, which is the empty collection. A time without a zone compared with
// one that has a zone may be anywhere from UTC-12 to UTC+14. Integers have 64
// bits.
//
// # Bounds
//
// Text, nesting, steps, sizes of collections, strings and numbers are bounded:
// hostile input ends in an error, never in a panic. Regular expressions are
// those of Go (RE2), which need time linear in the text; they have no
// backreferences and no lookaround. As the specification asks, "." also matches
// a line end.
//
// # Choices where specifications differ
//
// as and ofType want the very type of a primitive: a code is no string, as in
// the suite; resources and other types may be of a specialisation. Without Check
// an element that R4 does not have is looked for all the same, so that resources
// of R5 can be read, and choices may be called by their JSON name
// (valueQuantity), as expressions found in the wild do.
package path
