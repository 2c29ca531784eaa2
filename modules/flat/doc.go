// SPDX-License-Identifier: Apache-2.0

// Package flat keeps the rows of ViewDefinitions (SQL on FHIR v2) in plain
// tables, for indicators and for analysts who ask in SQL.
//
// Follows every type that a definition is of. Owns the view tables flat_…: one
// for each definition, called flat_<name>, and flat_refused with the resources
// that a definition could not be applied to. A row begins with _resource (the
// id), _row
// (its number within the resource, from 0), _facility and _unit (of its
// labels);
// the columns of the definition come after them. A changed definition is
// another view: its tables are filled anew from the log.
//
// Left out are drafts, and what carries a label of sensitivity (closed files):
// these tables are read past the guard, by whoever the operator lets into the
// database (docs/security.md). The definitions that Mạch ships hold no names,
// numbers or addresses of people.
//
// Not here: the language of ViewDefinitions (fhir/sof), rows on request with
// the rights of who asks (fhirapi, ViewDefinition/$run).
package flat
