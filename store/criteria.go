// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"mach/fhir"
	"mach/issue"
)

// Criteria is a search that is asked of one resource at a time: what a
// subscription waits for, what an export picks, what the query of a scope
// leaves. It means what [Door.Search] means by the same parameters, with the
// search parameters and value sets of the store as they are when it is asked.
// Safe for concurrent use.
type Criteria struct {
	s          *Store
	typ, query string
	chained    bool
	meant      atomic.Pointer[meaning]
}

// meaning is what criteria mean by some own parameters; with an error they find
// nothing any more.
type meaning struct {
	own   *ownParams
	until time.Time
	preds []*predicate
	err   error
}

// meaningFor is how long criteria are held for understood: a value set may change.
const meaningFor = 10 * time.Second

// Criteria compiles a query on resources of a type; "" finds all of them. It must
// not shape an answer. Errors: Invalid, NotSupported.
func (s *Store) Criteria(typ, query string) (*Criteria, error) {
	c := &Criteria{s: s, typ: typ, query: query}
	all, err := c.compile(s.own.Load())
	if err == nil {
		c.chained = len(all.chains) > 0
	}
	return c, err
}

// compile reads the query by some own parameters, those among them whose rows are
// not all written yet too: the resource is at hand.
func (c *Criteria) compile(own *ownParams) (*compiled, error) {
	v := c.s.vocabulary()
	v.own, v.early = own, true
	return v.criteria(c.typ, c.query)
}

// criteria compiles a query without what shapes an answer.
func (v *vocabulary) criteria(typ, query string) (*compiled, error) {
	q, err := parseQuery(typ, query)
	if err != nil {
		return nil, err
	}
	c, err := v.compile(q)
	if err == nil && len(c.preds)+len(c.chains) != len(q.Params) {
		err = issue.New(issue.NotSupported, "store.criteria.plain", query)
	}
	return c, err
}

// Type is the type of the resources that it may find.
func (c *Criteria) Type() string { return c.typ }

// Chained reports whether other resources have to be asked too: chains, _has,
// _list and hierarchies. [Door.Finds] does that.
func (c *Criteria) Chained() bool { return c.chained }

// Finds reports whether the resource matches, as far as itself can tell.
func (c *Criteria) Finds(s *Subject) bool {
	if s == nil || s.typ != c.typ {
		return false
	}
	m := c.meaning(s.own)
	return m.err == nil && !slices.ContainsFunc(m.preds, func(p *predicate) bool { return !p.matches(&s.subject) })
}

// meaning is what the query means by own parameters.
func (c *Criteria) meaning(own *ownParams) *meaning {
	m, now := c.meant.Load(), time.Now()
	if m != nil && now.Before(m.until) && own.same(m.own) {
		return m
	}
	m = &meaning{own: own, until: now.Add(meaningFor)}
	all, err := c.compile(own)
	if m.err = err; err == nil {
		m.preds = all.preds
	}
	c.meant.Store(m)
	return m
}

// Finds is [Criteria.Finds] with chains: they lead from the resource as it is
// given to others as they are now, and no further than to what the actor may
// find. Whom the answer tells of stands in the audit before it is given. Errors:
// TooCostly.
func (d Door) Finds(ctx context.Context, c *Criteria, s *Subject) (bool, error) {
	if found := c.Finds(s); !found || !c.chained {
		return found, nil
	}
	ctx = withRequest(ctx, d.a)
	all, err := c.compile(s.own)
	if err != nil {
		return false, err
	}
	x := &searcher{s: d.s, r: d.s.read, a: d.a, c: all, now: d.s.cfg.Now(), guarded: true}
	h, found, err := x.leads(ctx, hit{doc: s.doc, idx: s.idx})
	if err != nil || !found {
		return false, err
	}
	x.through(h)
	return true, d.s.auditMany(ctx, d.a, ActSearch, x.shown)
}

// leads reports whether every chain leads from a hit, and through whom.
func (x *searcher) leads(ctx context.Context, h hit) (hit, bool, error) {
	plain := len(x.c.preds)
	for _, ch := range x.c.chains {
		if ch.climb != "" {
			if err := x.climb(ctx, ch); err != nil {
				return h, false, err
			}
			continue
		}
		for _, c := range ch.inner {
			in := x.inner(c.typ)
			in.c = c
			if err := in.enter(ctx); err != nil {
				return h, false, err
			}
			ch.entered = append(ch.entered, in)
		}
		x.later = append(x.later, ch)
	}
	s := subjectOf(h.doc, h.idx)
	if slices.ContainsFunc(x.c.preds[plain:], func(p *predicate) bool { return !p.matches(&s) }) {
		return h, false, nil
	}
	left, err := x.held(ctx, []hit{h})
	if len(left) == 0 {
		return h, false, err
	}
	return left[0], true, err
}

// Subject is a resource with what search finds in it, read once for any number
// of criteria.
type Subject struct {
	subject
	typ string
	own *ownParams
}

// Subject prepares a document for criteria; nil for nil.
func (s *Store) Subject(doc *fhir.Doc) *Subject {
	if doc == nil {
		return nil
	}
	own := s.own.Load()
	return &Subject{typ: doc.Type(), own: own, subject: subjectOf(doc, own.extract(doc))}
}

func subjectOf(doc *fhir.Doc, idx []fhir.Index) subject {
	return subject{id: doc.ID(), upd: doc.LastUpdated().UnixMicro(), idx: idx, doc: doc}
}
