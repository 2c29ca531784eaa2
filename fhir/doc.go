// SPDX-License-Identifier: Apache-2.0

// Package fhir is FHIR R4 (4.0.1) as Mạch keeps it: a resource is its own JSON
// bytes, and everything else is a way of looking at them.
//
// A [Doc] holds the text and an arena of nodes that point into it. Nothing is
// turned into maps or interfaces, so member order, unknown digits of a decimal
// and every other byte survive storing and reading. Looking is done through
// [Node], which is a small value and never fails: what is not there answers
// with a zero value.
//
//	doc, err := fhir.Parse(body)
//	family := doc.Get("name", "0", "family").String()
//
// What the resources mean comes from the R4 definitions, compiled by
// tools/fhirdefs into one embedded text (definitions/SOURCES.md): [Validate]
// checks the shape, [Extract] lists what search can find, [Patients] tells
// whose record a resource belongs to.
//
// Typed structs such as [Patient] exist for the types that product code writes;
// they are for making ([New]) and reading ([Doc.Into]), not for changing: a
// struct forgets what it does not name, [Doc.Set] does not.
//
// Not here: FHIRPath (fhir/path), invariants and profiles (fhir/profile),
// terminology beyond the required bindings of R4 (fhir/terms), XML. All values
// are safe for concurrent use.
package fhir
