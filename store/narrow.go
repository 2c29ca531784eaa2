// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"
	"sync"
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
		if err == nil && doc != nil && slices.ContainsFunc(dec.Only, func(query string) bool { return s.foundBy(doc, query) }) {
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
func (s *Store) foundBy(doc *fhir.Doc, query string) bool {
	c, err := s.asked.get(s, doc.Type(), query)
	if err != nil {
		return false
	}
	own := s.own.Load()
	m := c.meaning(own)
	if m.err != nil || c.chained || query == "" {
		return false
	}
	codes := make([]string, len(m.preds))
	for i, p := range m.preds {
		codes[i] = p.param.Code
	}
	one := subjectOf(doc, own.some(doc, codes))
	return !slices.ContainsFunc(m.preds, func(p *predicate) bool { return !p.matches(&one) })
}

// asked keeps the criteria that the queries of scopes were compiled to: they are
// held against every row.
type asked struct {
	mu   sync.Mutex
	kept map[[2]string]*Criteria
}

const mostAsked = 1000

func (a *asked) get(s *Store, typ, query string) (*Criteria, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := [2]string{typ, query}
	if c := a.kept[key]; c != nil {
		return c, nil
	}
	c, err := s.Criteria(typ, query)
	if err != nil {
		return nil, err
	}
	if a.kept == nil || len(a.kept) >= mostAsked {
		a.kept = map[[2]string]*Criteria{}
	}
	a.kept[key] = c
	return c, nil
}

// CheckCriteria refuses what cannot be the query of a scope for resources of the
// type, and what no type has when it is "*". The parameters must be of the
// resource itself: a scope is held against every row, and a chain would look
// elsewhere each time. What R4 does not know passes, for it may be a parameter of
// the installation: see [Store.CheckCriteria].
func CheckCriteria(typ, query string) error {
	return ofType(typ, func(typ string) error {
		q, err := parseQuery(typ, query)
		if err != nil {
			return err
		}
		q.Lenient = true
		c, err := (&vocabulary{terms: anyTerms{}}).compile(q)
		if err != nil {
			return err
		}
		foreign := slices.ContainsFunc(c.ignored, func(name string) bool { return strings.Contains(name, ".") || name[0] == '_' })
		if plain := len(c.preds) + len(c.ignored); foreign || plain != len(q.Params) || plain == 0 {
			return issue.New(issue.NotSupported, "store.criteria.plain", query)
		}
		return nil
	})
}

// CheckCriteria is [CheckCriteria] by the search parameters that there are.
func (s *Store) CheckCriteria(typ, query string) error {
	return ofType(typ, func(typ string) error {
		c, err := s.Criteria(typ, query)
		if err == nil && (c.chained || query == "") {
			err = issue.New(issue.NotSupported, "store.criteria.plain", query)
		}
		return err
	})
}

// ofType checks a type, or whether any passes for "*".
func ofType(typ string, check func(typ string) error) error {
	if typ != "*" {
		return check(typ)
	}
	var err error
	for _, t := range fhir.Types() {
		if err = check(t); err == nil {
			return nil
		}
	}
	return err
}

// anyTerms takes every code and value set for known.
type anyTerms struct{}

func (anyTerms) Codes(string, string, string) ([][2]string, error) { return nil, nil }

// narrow puts what every row in reach must match among the conditions of the
// search, so that its pages fill quickly. Of several queries, and while the rows
// of a parameter are still being written, each row is held against the query by
// [Store.decide] alone. It reports whether anything is left.
func (x *searcher) narrow() bool {
	if len(x.reach.Only) != 1 {
		return true
	}
	query := x.reach.Only[0]
	v := x.s.vocabulary()
	v.own = x.c.own()
	if c, err := v.criteria(x.c.typ, query); err == nil && len(c.chains) == 0 {
		x.c.preds = append(x.c.preds, c.preds...)
		return true
	}
	_, err := x.s.asked.get(x.s, x.c.typ, query)
	return err == nil // else the type has no such parameter: the scope means none of it
}
