// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
)

// content is what a resource says, read only when a scope asks for it: a row
// of res, or a version in hand. That of a deleted resource is nil.
type content interface {
	doc() (*fhir.Doc, error)
}

type inHand struct{ d *fhir.Doc }

func (h inHand) doc() (*fhir.Doc, error) { return h.d, nil }

// decide asks the guard, and is the only place that does. Where the guard lets
// an application have only what some queries find ([Decision.Only]), it looks
// at the content: so reads, versions, searches, includes, operations and
// writes alike keep to the queries of its scopes. Where there is no content,
// as in the rows of a view, such an application has nothing.
func (s *Store) decide(a Actor, act Action, l Labels, c content, rels []Relation, now time.Time) Decision {
	dec := s.cfg.Guard.Judge(a, act, l, rels, now)
	if !dec.Allow || dec.Only == nil {
		return dec
	}
	if c != nil {
		doc, err := c.doc()
		if err == nil && doc != nil && slices.ContainsFunc(dec.Only, func(query string) bool { return foundBy(doc, query) }) {
			return dec
		}
	}
	return Decision{Reason: reasonQuery}
}

// reasonQuery stands in the audit where a scope's query does not find what was
// asked for.
const reasonQuery = "scope-query"

// queried reports whether the actor is an application with a scope that has a
// query, so that two contents with equal labels may be two answers.
func (a Actor) queried() bool {
	return slices.ContainsFunc(a.Scopes, func(s string) bool { return strings.Contains(s, "?") })
}

// foundBy reports whether a query of criteria finds the document.
func foundBy(doc *fhir.Doc, query string) bool {
	preds, err := criteria(doc.Type(), query)
	if err != nil {
		return false
	}
	idx := fhir.ExtractSome(doc, func(wanted *fhir.Param) bool {
		return slices.ContainsFunc(preds, func(p *predicate) bool { return p.param.Code == wanted.Code })
	})
	one := subject{id: doc.ID(), upd: doc.LastUpdated().UnixMicro(), idx: idx}
	return !slices.ContainsFunc(preds, func(p *predicate) bool { return !p.matches(&one) })
}

// criteria compiles a query that a resource can be held against by itself:
// search parameters of its own, without chains and without what shapes an
// answer.
func criteria(typ, query string) ([]*predicate, error) {
	q, err := parseQuery(typ, query)
	if err != nil {
		return nil, err
	}
	c, err := compile(q)
	if err != nil {
		return nil, err
	}
	if len(c.preds) != len(q.Params) || len(c.preds) == 0 {
		return nil, issue.New(issue.NotSupported, "store.criteria.plain", query)
	}
	return c.preds, nil
}

// CheckCriteria refuses a query that cannot be the query of a scope for
// resources of the type; "*" is any type that has its parameters.
func CheckCriteria(typ, query string) error {
	if typ != "*" {
		_, err := criteria(typ, query)
		return err
	}
	var err error
	for _, t := range fhir.Types() {
		if _, err = criteria(t, query); err == nil {
			return nil
		}
	}
	return err
}

// narrow puts what every row in reach must match among the conditions of the
// search, so that its pages fill quickly. Of several queries each row is held
// against all by [Store.decide] alone. It reports whether anything is left.
func (x *searcher) narrow() bool {
	if len(x.reach.Only) != 1 {
		return true
	}
	preds, err := criteria(x.c.typ, x.reach.Only[0])
	if err != nil {
		return false // the type has no such parameter: the scope means none of it
	}
	x.c.preds = append(x.c.preds, preds...)
	return true
}
