// SPDX-License-Identifier: Apache-2.0

// Package patch changes resources by patch documents: JSON Patch (RFC 6902) and
// FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html).
//
// A patch touches only what it names: every other byte of the resource stays as
// it is, decimals and member order included. Applying is a pure function, so a
// patch may be applied again to a newer version. Whether the result is a valid
// resource is not asked here; see [fhir.Validate].
//
// Errors are *issue.Error: Structure for a document that is no patch (400),
// Value for one that does not fit the resource (422).
package patch
