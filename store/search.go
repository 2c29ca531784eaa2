// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// Search finds resources of one type.
//
// It shows only what the guard allows this actor to find, whatever the
// parameters: chains, _has, includes and totals see no more than the page
// does. A line of the audit names each person shown, counted (but see [toldMax])
// or found through a chain; one stands for a search that shows nobody and one for
// a search that fails. Docs is never longer than Count; it is shorter only on the
// last page, or when a very selective filter would have to read too far for
// one request or the resources are large (16 MB a page), and then Next is set. Order is that of _sort, first instant or
// first string of a resource counting, resources without a value last; without
// _sort it is stable but not promised.
//
// Errors: Invalid for an unknown parameter (unless Lenient), modifier, value
// or cursor; TooCostly for a chain or sort over too many; Forbidden when the
// actor may find nothing of the type at all.
func (d Door) Search(ctx context.Context, q Query) (Page, error) {
	ctx = withRequest(ctx, d.a)
	c, err := d.s.vocabulary().compile(q)
	if err != nil {
		return Page{}, err
	}
	x := &searcher{s: d.s, r: d.s.read, a: d.a, c: c, now: d.s.cfg.Now(), guarded: true}
	page, err := x.page(ctx)
	if err != nil { // bodies may have been looked at
		reason := "failed"
		if e := (*issue.Error)(nil); errors.As(err, &e) {
			reason = "refused-" + string(e.Issues[0].Code)
		}
		return Page{}, d.refuse(ctx, err, ActSearch, Seen{Labels: Labels{Type: q.Type}, Decision: Decision{Reason: reason}})
	}
	if len(x.shown) == 0 {
		x.shown = append(x.shown, Seen{Labels: Labels{Type: q.Type}, Decision: Decision{Allow: !x.outside, Reason: "search"}})
	}
	if err := d.s.auditMany(ctx, d.a, ActSearch, x.shown); err != nil {
		return Page{}, err
	}
	if x.outside {
		return Page{}, issue.New(issue.Forbidden, "search.forbidden", q.Type)
	}
	return page, nil
}

// matching returns the ids of at most limit resources that match a query, and of
// whom the answer tells: conditional creates and references ask it. It is
// strict. By one identifier alone it finds whatever there is, so that nobody is
// registered twice; any other question finds only what the actor may see, or
// its answer would tell what somebody is ill of. spent counts what is read.
func (s *Store) matching(ctx context.Context, r reader, a Actor, typ, query string, limit int, spent *int) (ids []string, seen []Seen, err error) {
	q, err := parseQuery(typ, query)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.vocabulary().compile(q)
	if err != nil {
		return nil, nil, err
	}
	if len(c.preds)+len(c.chains) == 0 {
		return nil, nil, issue.New(issue.Invalid, "search.query.empty")
	}
	c.count, c.sort, c.include, c.total, c.bare, c.cursor = limit, nil, nil, "", false, ""
	x := &searcher{s: s, r: r, a: a, c: c, now: s.cfg.Now(), guarded: !identified(c), spent: spent}
	if x.guarded {
		if err := x.spend(fetchMax); err != nil {
			return nil, nil, err
		}
	}
	page, err := x.page(ctx)
	if !x.guarded {
		x.shown = nil // its resources are judged one by one
	}
	if err != nil {
		return nil, x.shown, err
	}
	if page.Next != "" && len(page.Docs) < limit { // the walk gave up: there may be more
		return nil, x.shown, issue.New(issue.TooCostly, "search.query.toocostly")
	}
	ids = make([]string, len(page.Docs))
	for i, doc := range page.Docs {
		ids[i] = doc.ID()
	}
	return ids, x.shown, nil
}

// identified reports whether a query asks for one identifier and nothing else;
// a list of them, or a system alone, is how one would look for strangers.
func identified(c *compiled) bool {
	return len(c.chains) == 0 && !slices.ContainsFunc(c.preds, func(p *predicate) bool {
		return p.param.Code != "identifier" || p.modifier != "" || len(p.any) != 1 || p.any[0].code == ""
	})
}

// page answers the compiled query.
func (x *searcher) page(ctx context.Context) (Page, error) {
	page := Page{Total: -1, Ignored: x.c.ignored}
	if err := x.reachable(); err != nil || x.outside {
		return page, err
	}
	from, err := x.open(ctx)
	if err != nil {
		return page, err
	}
	if err := x.link(ctx, from); err != nil {
		return page, err
	}
	hits, next, err := x.hits(ctx, from)
	if err != nil {
		return page, fmt.Errorf("searching %s: %w", x.c.typ, err)
	}
	page.Docs, page.Next = x.show(hits), next
	if page.Total, err = x.count(ctx, hits, next); err != nil {
		return page, fmt.Errorf("counting %s: %w", x.c.typ, err)
	}
	if page.Included, page.Cut, err = x.included(ctx, hits); err != nil {
		return page, fmt.Errorf("including beside %s: %w", x.c.typ, err)
	}
	return page, nil
}

func (x *searcher) show(hits []hit) []*fhir.Doc {
	docs := make([]*fhir.Doc, len(hits))
	for i, h := range hits {
		docs[i] = h.doc
		x.shown = append(x.shown, Seen{Labels: h.labels, Decision: h.decision})
		x.through(h)
	}
	return docs
}

// through notes for the audit what a hit tells by the chains that it was found
// through.
func (x *searcher) through(h hit) {
	x.tell(h.via...)
	for _, p := range x.c.preds {
		switch {
		case p.via == nil:
		case p.param.Code == paramID:
			x.tell(p.via[h.doc.ID()]...)
		default:
			for i := range h.idx {
				if r := &h.idx[i]; r.Param == p.param.Code && r.Kind == fhir.ParamReference {
					x.tell(p.via[r.Type+"/"+r.ID]...)
				}
			}
		}
	}
}

// tell notes for the audit of whom the answer tells without showing them, once
// for each person, type and sensitivity.
func (x *searcher) tell(seen ...Seen) {
	for _, one := range seen {
		l := one.Labels
		k := l.Patient + "\x00" + l.Type + "\x00" + strings.Join(l.Sensitivity, " ")
		if x.told[k] {
			continue
		}
		if x.told == nil {
			x.told = map[string]bool{}
		}
		x.told[k], one.Labels.ID = true, ""
		x.shown = append(x.shown, one)
	}
}

// count is the total of what this actor may find; -1 when nobody asked and the
// page is not all there is. It goes on where the page ended.
func (x *searcher) count(ctx context.Context, hits []hit, next string) (int, error) {
	all := next == "" && x.c.cursor == "" && !x.c.bare
	switch {
	case all && x.c.total != "none":
		return len(hits), nil
	case x.c.total == "" || x.c.total == "none":
		return -1, nil
	}
	named := len(x.shown)
	w, n := x.begun, len(hits)
	if w == nil || next == "" {
		p, err := x.best(ctx, true)
		if err != nil {
			return 0, err
		}
		w, n = x.walk(p), 0
	}
	for {
		batch, done, err := w.ahead, false, error(nil)
		if w.ahead = nil; batch == nil {
			if batch, done, err = w.next(ctx, fetchMax); err != nil {
				return 0, err
			}
		}
		n += len(batch)
		x.tally(batch, named)
		switch {
		case w.read > countMax:
			return 0, issue.New(issue.TooCostly, "search.total.toocostly", countMax).At("_total")
		case done:
			return n, nil
		case x.c.total == "estimate" && w.read > probeCap:
			return w.estimate(ctx, n)
		}
	}
}

// estimateMax bounds how many rows of a path are counted for an estimate.
const estimateMax = 100_000

// estimate takes the share of hits among the rows of the path that were walked for
// that of all its rows, as far as those are counted.
func (w *walk) estimate(ctx context.Context, hits int) (int, error) {
	beyond, args := w.keyset()
	if beyond == "" || hits == 0 {
		return hits, nil
	}
	parts := map[bool]int{} // how many rows lie beyond where the walk is, and before
	for _, ahead := range []bool{true, false} {
		part := *w.p
		part.rows, part.upTo, part.desc = -1, 0, false
		part.args = append(slices.Clone(part.args), args...)
		if part.where += beyond; !ahead {
			part.where, part.then = w.p.where+" and not ("+strings.TrimPrefix(beyond, " and ")+")", nil
		}
		if err := w.x.counted(ctx, &part, estimateMax); err != nil {
			return 0, err
		}
		parts[ahead] = part.rows
	}
	for _, p := range w.earlier {
		one := *p
		one.rows, one.then = -1, nil
		if err := w.x.counted(ctx, &one, estimateMax); err != nil {
			return 0, err
		}
		parts[false] += one.rows
	}
	return hits + hits*parts[true]/max(parts[false], 1), nil
}

// countMax bounds how many resources an accurate total reads.
const countMax = 1_000_000

// tally notes of whom a count tells. One over more than toldMax persons tells of
// nobody: a line without names stands for what it would have named, and nothing
// is kept of them.
func (x *searcher) tally(batch []hit, named int) {
	if x.crowd {
		clear(x.rels)
		return
	}
	for _, h := range batch {
		x.tell(Seen{Labels: h.labels, Decision: h.decision})
		x.through(h)
	}
	if x.crowd = len(x.told) > toldMax; x.crowd {
		x.told = nil // what is included after it is named
		x.shown = append(x.shown[:named], Seen{Labels: Labels{Type: x.c.typ}, Decision: Decision{Allow: true, Reason: "count"}})
	}
}

// toldMax is how many persons, with their types and sensitivities, a count names
// in the audit.
const toldMax = 5_000
