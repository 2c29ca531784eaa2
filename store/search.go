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
// does. One audit row stands for each person shown, counted or found through a
// chain, one for a search that shows nobody and one for a search that fails. Docs is never longer than Count; it is shorter only on the
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
	c, err := compile(q)
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
// strict. By an identifier alone it finds whatever there is, so that nobody is
// registered twice; any other question finds only what the actor may see, or
// its answer would tell what somebody is ill of.
func (s *Store) matching(ctx context.Context, r reader, a Actor, typ, query string, limit int) (ids []string, seen []Seen, err error) {
	q, err := parseQuery(typ, query)
	if err != nil {
		return nil, nil, err
	}
	c, err := compile(q)
	if err != nil {
		return nil, nil, err
	}
	if len(c.preds)+len(c.chains) == 0 {
		return nil, nil, issue.New(issue.Invalid, "search.query.empty")
	}
	c.count, c.sort, c.include, c.total, c.bare, c.cursor = limit, nil, nil, "", false, ""
	x := &searcher{s: s, r: r, a: a, c: c, now: s.cfg.Now(), guarded: !identified(c)}
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

// identified reports whether a query asks for an identifier and nothing else.
func identified(c *compiled) bool {
	return len(c.chains) == 0 && !slices.ContainsFunc(c.preds, func(p *predicate) bool { return p.param.Code != "identifier" || p.modifier != "" })
}

// page answers the compiled query.
func (x *searcher) page(ctx context.Context) (Page, error) {
	page := Page{Total: -1, Ignored: x.c.ignored}
	if err := x.enter(ctx); err != nil || x.outside {
		return page, err
	}
	hits, next, err := x.hits(ctx)
	if err != nil {
		return page, fmt.Errorf("searching %s: %w", x.c.typ, err)
	}
	page.Docs, page.Next = x.show(hits), next
	if page.Total, err = x.count(ctx, hits, next); err != nil {
		return page, fmt.Errorf("counting %s: %w", x.c.typ, err)
	}
	if page.Included, err = x.included(ctx, hits); err != nil {
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

// count is the total of what this actor may find; -1 when not asked.
func (x *searcher) count(ctx context.Context, hits []hit, next string) (int, error) {
	if x.c.total == "" || x.c.total == "none" {
		return -1, nil
	}
	if next == "" && x.c.cursor == "" && !x.c.bare {
		return len(hits), nil
	}
	p, err := x.best(ctx, true)
	if err != nil {
		return 0, err
	}
	w, n := x.walk(p), 0
	for {
		batch, done, err := w.next(ctx, fetchMax)
		if err != nil {
			return 0, err
		}
		n += len(batch)
		for _, h := range batch {
			x.tell(Seen{Labels: h.labels, Decision: h.decision})
			x.through(h)
		}
		switch {
		case w.read > countMax:
			return 0, issue.New(issue.TooCostly, "search.total.toocostly", countMax).At("_total")
		case len(x.told) > toldMax:
			return 0, issue.New(issue.TooCostly, "search.total.toocostly", toldMax).At("_total")
		case done, x.c.total == "estimate" && w.read > probeCap:
			return n, nil
		}
	}
}

// countMax bounds how many resources an accurate total reads.
const countMax = 100_000

// toldMax bounds of how many persons one total tells: each has a line of it.
const toldMax = 5_000

// includeMax bounds what stands beside the matches of one page.
const includeMax = 1000

// included brings what the matches refer to and what refers to them.
func (x *searcher) included(ctx context.Context, hits []hit) ([]*fhir.Doc, error) {
	have := map[string]bool{}
	for _, h := range hits {
		have[h.doc.Ref()] = true
	}
	var docs []*fhir.Doc
	keep := func(found []hit) {
		for _, h := range found {
			if ref := h.doc.Ref(); !have[ref] && len(docs) < includeMax {
				have[ref] = true
				docs = append(docs, h.doc)
				x.shown = append(x.shown, Seen{Labels: h.labels, Decision: h.decision})
			}
		}
	}
	for _, in := range x.c.include {
		refs := map[string]map[string]bool{} // type → ids or, for reverse, "Type/id"
		for _, h := range hits {
			if in.reverse {
				add(refs, in.typ, h.doc.Ref())
				continue
			}
			for i := range h.idx {
				if r := &h.idx[i]; r.Kind == fhir.ParamReference && r.ID != "" && r.URL == "" &&
					(in.param == "*" || r.Param == in.param) && (in.target == "" || r.Type == in.target) {
					add(refs, r.Type, r.ID)
				}
			}
		}
		for typ, ids := range refs {
			found, err := x.beside(ctx, typ, in, ids)
			if err != nil {
				return nil, err
			}
			keep(found)
		}
	}
	slices.SortStableFunc(docs, func(a, b *fhir.Doc) int { return strings.Compare(a.Type(), b.Type()) })
	return docs, nil
}

func add(to map[string]map[string]bool, typ, id string) {
	if to[typ] == nil {
		to[typ] = map[string]bool{}
	}
	to[typ][id] = true
}

// beside finds resources of a type by id, or by what they refer to.
func (x *searcher) beside(ctx context.Context, typ string, in inclusion, ids map[string]bool) ([]hit, error) {
	p := &predicate{typ: typ, param: fhir.Param{Code: paramID, Kind: fhir.ParamToken}, ids: ids}
	if in.reverse {
		param, _ := lookup(in.typ, in.param)
		p.param = param
	}
	inner := x.inner(typ, p)
	hits, _, err := inner.all(ctx, includeMax)
	return hits, err
}

// inner is a search by the same actor for the sake of this one.
func (x *searcher) inner(typ string, preds ...*predicate) *searcher {
	return &searcher{s: x.s, r: x.r, a: x.a, now: x.now, guarded: x.guarded, rels: x.rels, c: &compiled{typ: typ, preds: preds}}
}

// chainMax bounds the hits of the inner search of a chain.
const chainMax = 1000

// link turns chains into predicates: the inner search is made as the same
// actor, so that nobody learns through it of what he may not find.
func (x *searcher) link(ctx context.Context) error {
	for _, ch := range x.c.chains {
		ids, via := map[string]bool{}, map[string][]Seen{}
		for _, typ := range ch.types {
			inner, err := compile(Query{Type: typ, Params: [][2]string{ch.inner}})
			if err != nil {
				return err
			}
			in := x.inner(typ)
			in.c, in.whole = inner, true
			hits, more, err := in.all(ctx, chainMax)
			if err != nil {
				return err
			}
			if more {
				return issue.New(issue.TooCostly, "search.chain.toocostly", ch.name, chainMax).At(ch.name)
			}
			ch.collect(hits, x.c.typ, ids, via)
		}
		p := &predicate{typ: x.c.typ, param: ch.param, ids: ids, via: via, raw: ch.name + "=" + ch.inner[1]}
		if ch.reverse {
			p.param = fhir.Param{Code: paramID, Kind: fhir.ParamToken}
		}
		x.c.preds = append(x.c.preds, p)
	}
	x.c.chains = nil
	return nil
}

// collect notes what a chain leads to: the hits themselves, or what they refer
// to.
func (ch *chain) collect(hits []hit, typ string, ids map[string]bool, via map[string][]Seen) {
	for _, h := range hits {
		by := Seen{Labels: h.labels, Decision: h.decision}
		if !ch.reverse {
			ref := h.doc.Ref()
			ids[ref], via[ref] = true, append(via[ref], by)
			continue
		}
		for i := range h.idx {
			if r := &h.idx[i]; r.Param == ch.param.Code && r.Kind == fhir.ParamReference && r.Type == typ && r.URL == "" && r.ID != "" {
				ids[r.ID], via[r.ID] = true, append(via[r.ID], by)
			}
		}
	}
}
