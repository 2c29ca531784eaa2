// SPDX-License-Identifier: Apache-2.0

package fhir

import "mach/issue"

// Validate lists what is wrong with the shape of a resource.
func Validate(d *Doc) []issue.Issue { return nil }

// Extract lists the values by which search finds the resource.
func Extract(d *Doc) []Index { return nil }

// Types returns the names of the resource types of R4 in alphabetical order.
func Types() []string { return nil }

// Lookup returns the search parameter of a type by its code.
func Lookup(typ, code string) (Param, bool) { return Param{}, false }

// Params returns the search parameters of a type.
func Params(typ string) []Param { return nil }

// Patients returns the ids of the patients whose compartment the resource is in.
func Patients(d *Doc) []string { return nil }
