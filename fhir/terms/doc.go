// SPDX-License-Identifier: Apache-2.0

// Package terms holds code systems, value sets and concept maps in memory and
// answers what FHIR R4 asks of a terminology service
// (http://hl7.org/fhir/R4/terminology-service.html): expansion, validation,
// lookup, subsumption, translation.
//
//	set := terms.R4()
//	set.Put("ValueSet/mine", doc)
//	res, err := set.ValidateCode("http://hl7.org/fhir/ValueSet/administrative-gender", "", "male", "")
//	list, err := set.List("https://mach.vn/vs/x") // list.Has(system, code), list.All()
//	pairs, err := set.Codes("below", fhir.ICD10, "A97") // for search: :in, :not-in, :above, :below
//
// A [Set] starts with the terminology of R4 itself (SOURCES.md) and takes what
// [Set.Put] gives it; the newest version of a URL wins, and what was put wins
// over what came with the program. Everything is compiled when it is first
// asked for. A change makes a new state beside the old one, so that reading
// needs no locks and an answer never mixes two states.
//
// Three answers to "is this code in that set?" exist: yes, no, and unknown,
// where a code system is not loaded or only a part of it is. Unknown is a
// warning, never a refusal.
//
// UCUM, languages (BCP 47) and MIME types (BCP 13) are known by their grammar:
// they can be validated, not listed.
//
// A [Set] is safe for concurrent use. The package knows no clock, no files and
// no network.
package terms
