// SPDX-License-Identifier: Apache-2.0

// Package fhirapi serves FHIR R4 REST at /fhir: CapabilityStatement, read,
// vread, history, create, update, delete, search, batch and transaction.
//
// It adds nothing to what the store does: every interaction goes through the
// door of the actor whom the bearer token speaks for, so policy, validation,
// labels, audit and the change log are the same as for our own pages. It owns
// no tables and follows nothing.
//
// Answers are application/fhir+json. Failures are OperationOutcomes in the
// language of the reader (Accept-Language), naming the path and, as a coding of
// system https://mach.vn/cs/message, the rule.
//
// $export and $import are jobs of module bulk, and Subscriptions are served by
// module subscription; the wiring gives both to this one.
//
// The module is safe for concurrent use.
package fhirapi
