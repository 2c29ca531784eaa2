// SPDX-License-Identifier: Apache-2.0

package store

import "mach/fhir"

type opKind uint8

const (
	opCreate opKind = iota + 1
	opUpdate
	opPut
	opDelete
	opImport
)

// Op is one operation of a commit, made by Create, Update, Put, Delete or
// Import.
type Op struct {
	kind    opKind
	doc     *fhir.Doc
	typ, id string
	version int64   // If-Match; 0 = not asked
	unless  *string // If-None-Exist search; nil = none
	first   bool    // refused where unless is met
	alias   string  // fullUrl that other operations of the commit refer to
	reason  string
}

// Create writes a new resource. A doc without an id gets one ([NewID]); an id
// it has must be free. The REST edge therefore takes the client's id off, or
// replaces it.
func Create(doc *fhir.Doc) Op { return Op{kind: opCreate, doc: doc, typ: doc.Type(), id: doc.ID()} }

// Unless creates only when no resource of the type matches the query
// ("identifier=https://mach.vn/id/personal|0792…"); when one does, the commit
// answers with that one. More than one match refuses the commit
// (MultipleHits). Of any number of creates with the same query, of one commit or
// at the same time, exactly one writes. The query meets what the actor may
// find; by identifier alone it meets also what the actor may not see.
func (o Op) Unless(query string) Op { o.unless = &query; return o }

// First creates only when no resource of the type matches the query, as Unless,
// and else refuses the commit (Precondition): a conditional update that found
// nobody to update.
func (o Op) First(query string) Op { o.unless, o.first = &query, true; return o }

// As names the operation, so that references of the same commit to fullURL
// ("urn:uuid:…", or an absolute URL) lead to the resource it writes.
func (o Op) As(fullURL string) Op { o.alias = fullURL; return o }

// Update writes a new version of a resource that exists. ifMatch is the
// version it must have now (else Precondition); 0 = whatever is there.
func Update(doc *fhir.Doc, ifMatch int64) Op {
	return Op{kind: opUpdate, doc: doc, typ: doc.Type(), id: doc.ID(), version: ifMatch}
}

// Put creates with the doc's id, or updates what has it.
func Put(doc *fhir.Doc) Op { return Op{kind: opPut, doc: doc, typ: doc.Type(), id: doc.ID()} }

// Import is Put for data written elsewhere: conditional references that match
// nothing are stored as they are instead of refusing the commit.
func Import(doc *fhir.Doc) Op { return Op{kind: opImport, doc: doc, typ: doc.Type(), id: doc.ID()} }

// Delete removes a resource; its versions stay. Deleting what is deleted
// changes nothing.
func Delete(typ, id string) Op { return Op{kind: opDelete, typ: typ, id: id} }

// IfMatch asks that the resource has this version now.
func (o Op) IfMatch(version int64) Op { o.version = version; return o }

// Because records why; it stands in the audit row.
func (o Op) Because(reason string) Op { o.reason = reason; return o }
