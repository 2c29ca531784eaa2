// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"

	"mach/fhir"
)

// Criteria is a search that is asked of one resource at a time: what a
// subscription waits for, what an export picks. It means what [Door.Search]
// means by the same parameters. Safe for concurrent use.
type Criteria struct {
	typ   string
	preds []*predicate
}

// NewCriteria compiles a query on resources of a type; "" finds all of them.
// Parameters must be of the resource itself (no chains, no _has) and must not
// shape an answer. Errors: Invalid, NotSupported.
func NewCriteria(typ, query string) (*Criteria, error) {
	if query == "" {
		_, err := compile(Query{Type: typ})
		return &Criteria{typ: typ}, err
	}
	preds, err := criteria(typ, query)
	return &Criteria{typ: typ, preds: preds}, err
}

// Type is the type of the resources that it may find.
func (c *Criteria) Type() string { return c.typ }

// Finds reports whether the resource matches.
func (c *Criteria) Finds(s *Subject) bool {
	return s != nil && s.typ == c.typ &&
		!slices.ContainsFunc(c.preds, func(p *predicate) bool { return !p.matches(&s.subject) })
}

// Subject is a resource with what search finds in it, read once for any number
// of criteria.
type Subject struct {
	subject
	typ string
}

// SubjectOf prepares a document; nil for nil.
func SubjectOf(doc *fhir.Doc) *Subject {
	if doc == nil {
		return nil
	}
	return &Subject{typ: doc.Type(), subject: subject{id: doc.ID(), upd: doc.LastUpdated().UnixMicro(), idx: extract(doc), doc: doc}}
}
