// SPDX-License-Identifier: Apache-2.0

package store

import (
	"time"

	"mach/fhir"
)

// written is one resource version of a commit in progress.
type written struct {
	*labelled        // doc (nil for a delete), was, out = the labels
	before    body   // the version it supersedes; empty for a create
	typ       string //
	id        string //
	rid       int64  //
	t         int64  // shard: bucket of the patient
	ver       int64  //
	op        string // create, update, delete
	at        time.Time
}

// body is a stored version that a commit supersedes.
type body struct {
	doc   *fhir.Doc
	ver   int64
	upd   int64 // µs
	op    string
	actor string
}

// Seen is one resource, or several of one person, about to be shown: what the
// audit says of it.
type Seen struct {
	Labels   Labels
	Types    []string // resource types, sorted; nil = Labels.Type
	Decision Decision
}
