// SPDX-License-Identifier: Apache-2.0

// Package sof runs ViewDefinitions of SQL on FHIR v2
// (https://sql-on-fhir.org/ig/2.1.0/): flat rows out of resources.
//
//	view, err := sof.Compile(definition)
//	err = view.Each(doc, func(r sof.Row) error { … })
//
// A [View] is compiled once: its FHIRPath, its constants and the order of its
// columns. What is wrong in a definition is an error of Compile; what is wrong
// in a resource for a view, such as two values in a column that holds one, is an
// error of Each.
//
// A select without iteration gives one row for its focus; forEach, forEachOrNull
// and repeat give one for each of their values. Columns, nested selects and the
// branches of unionAll of one select are joined each with each. Columns stand in
// the order of the definition: those of a select, then those of its selects, then
// those of unionAll. %rowIndex counts from 0 within the nearest iteration.
package sof
