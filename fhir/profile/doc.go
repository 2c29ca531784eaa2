// SPDX-License-Identifier: Apache-2.0

// Package profile is the whole validation of a resource: its shape (package
// fhir), the invariants of R4, and the profiles that it says it conforms to or
// that are asked for.
//
//	v, err := profile.New(profile.Options{Definitions: docs})
//	issues := v.Validate(doc, "https://mach.vn/fhir/StructureDefinition/mach-patient")
//
// # Invariants
//
// Each stands once in the definitions, where it is declared, and is compiled by
// fhir/path when the first value of its type is met. Those that every element
// has (ele-1, ext-1, dom-2 to dom-6, ref-1, txt-1, txt-2) are checked in Go:
// they are most of what there is to evaluate.
//
// # Profiles
//
// A StructureDefinition becomes a tree of rules. Where it has a snapshot, that
// is the tree; where it has only a differential, the rules of its base apply
// too, so that nothing needs to be generated. Checked are cardinalities, fixed
// values and patterns, types and the targets of references, bindings (through
// fhir/terms), invariants, slicing by value, pattern, type, exists and
// profile with its order and rules, and extensions with their contexts. What is
// not known here is no fault: a profile in meta.profile gives a warning, an
// extension nothing unless [Options].Extensions is set.
//
// Not checked: that what a reference leads to conforms to the profile of its
// target, beyond the Bundle and the resource itself; signatures.
//
// # Bundles
//
// What a document or message refers to has to be in it, found as bundle.html
// says: by full URL and version.
//
// A [Validator] never changes and is safe for concurrent use.
package profile
