// SPDX-License-Identifier: Apache-2.0

// Package intake takes in records that others wrote: FHIR Bundles and NDJSON
// (also compressed), and the household and immunisation lists that communes
// keep in spreadsheets. It is what mach import runs.
//
// Ids are kept, so running the same file again changes nothing. What refers to
// something that is not there is stored and listed. What is refused is listed
// with path and reason, and nothing of it is written.
//
// What is a container and what is a resource:
//
//	a line of NDJSON            a resource, also a Bundle that has an id
//	a JSON file                 a resource; a Bundle is taken apart, but for
//	                            document and message, which are one whole
//	transaction                 one commit: all or nothing
//	batch, collection,          each entry for itself
//	searchset, history
//
// References to the fullUrl of another entry (urn:uuid:…) become references to
// the resource that it is stored as.
//
// An Import is not safe for concurrent use; several may run beside each other
// and beside a server.
package intake
