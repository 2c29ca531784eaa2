// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// chain is subject:Patient.name=x: searches of other types whose hits become
// the alternatives of a reference. A reverse chain, _has:Observation:patient:
// code=x, is the same the other way round, and so is _list. Inner searches may
// have chains of their own.
//
// The inner search is made first where it finds fewer, else the outer one,
// whose hits are then held against it batch by batch: three people in ten are
// called Nguyễn, and a page of their visits needs none of their list.
type chain struct {
	name    string
	param   fhir.Param // the reference; of the other type when reverse
	inner   []*compiled
	reverse bool
	climb   string // :above or :below of a reference that forms a hierarchy
	from    map[string]bool

	entered []*searcher // the inner searches, once asked
}

// innerOf compiles the inner query of a chain for one type; nil when the type
// has no such parameter.
func (c *compiled) innerOf(typ, name, text string) (*compiled, error) {
	if c.k.left--; c.k.left < 0 || c.depth >= maxDepth {
		return nil, issue.New(issue.TooCostly, "search.chain.deep", maxDepth).At(name)
	}
	inner, err := c.k.query(Query{Type: typ, Params: [][2]string{{name, text}}, Lenient: true}, c.depth+1)
	if err != nil || len(inner.ignored) > 0 || len(inner.preds)+len(inner.chains) == 0 {
		return nil, err
	}
	return inner, nil
}

// chained reads subject:Patient.name=x; what follows the first point may be a
// chain again.
func (c *compiled) chained(name, left, right, text string) (bool, error) {
	code, typ, typed := strings.Cut(left, ":")
	p, ok := c.k.lookup(c.typ, code)
	if !ok || p.Kind != fhir.ParamReference {
		return false, nil
	}
	types := targets(p)
	if typed {
		types = []string{typ}
	}
	ch := &chain{name: name, param: p}
	var no error
	for _, t := range types {
		inner, err := c.innerOf(t, right, text)
		switch {
		case err != nil && no == nil:
			no = err
		case inner != nil:
			ch.inner = append(ch.inner, inner)
		}
	}
	if len(ch.inner) == 0 {
		if no == nil {
			no = issue.New(issue.Invalid, "search.chain.unknown", name).At(name)
		}
		return true, no
	}
	c.chains = append(c.chains, ch)
	return true, nil
}

// has reads _has:Observation:patient:code=x; the last part may be a chain or
// _has again.
func (c *compiled) has(name, text string) (bool, error) {
	parts := strings.SplitN(name, ":", 4)
	unknown := issue.New(issue.Invalid, "search.chain.unknown", name).At(name)
	if len(parts) != 4 {
		return true, unknown
	}
	p, ok := c.k.lookup(parts[1], parts[2])
	if !ok || p.Kind != fhir.ParamReference || !slices.Contains(targets(p), c.typ) {
		return true, unknown
	}
	inner, err := c.innerOf(parts[1], parts[3], text)
	if err == nil && inner == nil {
		err = unknown
	}
	if err != nil {
		return true, err
	}
	c.chains = append(c.chains, &chain{name: name, param: p, inner: []*compiled{inner}, reverse: true})
	return true, nil
}

// listed reads _list=id: what stands in a List.
func (c *compiled) listed(text string) error {
	if strings.HasPrefix(text, "$") {
		return issue.New(issue.NotSupported, "search.param.refused", paramList).At(paramList)
	}
	inner, err := c.innerOf("List", paramID, text)
	if err != nil {
		return err
	}
	p, _ := fhir.ParamOf("List", "item")
	c.chains = append(c.chains, &chain{name: paramList, param: p, inner: []*compiled{inner}, reverse: true})
	return nil
}

// hierarchy returns the parameter by which resources of a type are part of one
// another, "" when there is none.
func hierarchy(typ string) string {
	for _, code := range []string{"partof", "part-of"} {
		if p, ok := fhir.ParamOf(typ, code); ok && slices.Contains(p.Targets, typ) {
			return code
		}
	}
	return ""
}

// hierarchical reports whether :above or :below asks for a hierarchy of
// resources, and not of URLs.
func (c *compiled) hierarchical(p fhir.Param, modifier, text string) bool {
	return p.Kind == fhir.ParamReference && (modifier == "above" || modifier == "below") && !strings.Contains(text, ":")
}

// climb reads location:below=42: the location or what is part of it.
func (c *compiled) climb(p fhir.Param, name, modifier, text string) error {
	ch := &chain{name: name, param: p, climb: modifier, from: map[string]bool{}}
	for _, alt := range splitEscaped(text, ',') {
		ref := unescape(alt)
		var types []string
		if typ, _, full := strings.Cut(ref, "/"); full {
			types = append(types, typ)
		} else {
			types = slices.DeleteFunc(slices.Clone(targets(p)), func(t string) bool { return hierarchy(t) == "" })
		}
		for _, typ := range types {
			if !fhir.IsType(typ) || hierarchy(typ) == "" {
				return issue.New(issue.Invalid, "search.modifier.unknown", modifier, name).At(name)
			}
			if _, _, full := strings.Cut(ref, "/"); full {
				ch.from[ref] = true
			} else {
				ch.from[typ+"/"+ref] = true
			}
		}
	}
	if len(ch.from) == 0 || len(ch.from) > maxAlternatives {
		return issue.New(issue.Invalid, "search.modifier.unknown", modifier, name).At(name)
	}
	c.chains = append(c.chains, ch)
	return nil
}

// chainMax bounds the hits of the inner search of a chain that is made first.
const chainMax = 1000

// link turns chains into predicates, or leaves them for [searcher.held]. Inner
// searches are made as the same actor, so that nobody learns through them of
// what he may not find. A later page does as the one before did.
func (x *searcher) link(ctx context.Context, from *cursor) error {
	for _, ch := range x.c.chains {
		x.begun = nil // it knows nothing of this one
		if ch.climb != "" {
			if err := x.climb(ctx, ch); err != nil {
				return err
			}
			continue
		}
		late, err := x.late(ctx, ch)
		if err != nil {
			return err
		}
		if from != nil {
			late = slices.Contains(from.Later, ch.name)
		}
		if late {
			x.later = append(x.later, ch)
			continue
		}
		if err := x.first(ctx, ch); err != nil {
			return err
		}
	}
	x.c.chains = nil
	return nil
}

// late enters the inner searches of a chain and reports whether the outer one
// should be made first.
func (x *searcher) late(ctx context.Context, ch *chain) (bool, error) {
	size := 0
	for _, c := range ch.inner {
		in := x.inner(c.typ)
		in.c = c
		if err := in.enter(ctx); err != nil {
			return false, err
		}
		ch.entered = append(ch.entered, in)
		n, err := in.size(ctx)
		if err != nil {
			return false, err
		}
		size += n
	}
	if size <= probeFew {
		return false, nil
	}
	outer, err := x.size(ctx)
	if err != nil || size > probeCap || size > outer {
		return true, err
	}
	if size <= 2*probeFew {
		return false, nil
	}
	return x.common(ctx, ch)
}

// common reports whether of the first candidates enough are led to by a chain,
// so that a page fills soon.
func (x *searcher) common(ctx context.Context, ch *chain) (bool, error) {
	p, err := x.best(ctx, false)
	if err != nil {
		return false, err
	}
	x.later = append(x.later, ch)
	w := x.walk(p)
	var done bool
	w.ahead, done, err = w.next(ctx, 32)
	x.later = x.later[:len(x.later)-1]
	if done || len(w.ahead) >= 4 {
		x.begun = w
	}
	return x.begun != nil, err
}

// size is how many rows the most selective path has, counted to just over
// probeCap.
func (x *searcher) size(ctx context.Context) (int, error) {
	if x.outside {
		return 0, nil
	}
	least := probeCap + 1
	for _, p := range x.paths() {
		if err := x.counted(ctx, p, least); err != nil {
			return 0, err
		}
		if least = min(least, p.rows); least <= probeFew {
			break
		}
	}
	return least, nil
}

// first makes the inner searches of a chain and puts what they find into a
// predicate.
func (x *searcher) first(ctx context.Context, ch *chain) error {
	p := &predicate{typ: x.c.typ, param: ch.param, ids: map[string]bool{}, via: map[string][]Seen{}, raw: ch.name}
	for _, in := range ch.entered {
		in.extra = ch.extra()
		hits, more, err := in.collect(ctx, chainMax)
		if err != nil {
			return err
		}
		if more {
			return issue.New(issue.TooCostly, "search.chain.toocostly", ch.name, chainMax).At(ch.name)
		}
		ch.gather(hits, x.c.typ, func(ref string, h hit) {
			p.ids[ref], p.via[ref] = true, append(p.via[ref], h.by()...)
		})
	}
	if ch.reverse {
		p.param = fhir.Param{Code: paramID, Kind: fhir.ParamToken}
	}
	x.c.preds = append(x.c.preds, p)
	return nil
}

// by is what telling of a hit tells of.
func (h *hit) by() []Seen {
	return append([]Seen{{Labels: h.labels, Decision: h.decision}}, h.via...)
}

// extra names the parameter that hits of the inner search are read for.
func (ch *chain) extra() []string {
	if ch.reverse {
		return []string{ch.param.Code}
	}
	return nil
}

// gather tells what hits of the inner search lead to: themselves as "Type/id",
// or the ids of a type that they refer to.
func (ch *chain) gather(hits []hit, typ string, tell func(ref string, h hit)) {
	for _, h := range hits {
		if !ch.reverse {
			tell(h.doc.Ref(), h)
			continue
		}
		for i := range h.idx {
			if r := &h.idx[i]; r.Param == ch.param.Code && r.Kind == fhir.ParamReference && r.Type == typ && r.URL == "" && r.ID != "" {
				tell(r.ID, h)
			}
		}
	}
}

// held keeps the hits that the chains left for later lead from.
func (x *searcher) held(ctx context.Context, hits []hit) ([]hit, error) {
	for _, ch := range x.later {
		var err error
		if hits, err = x.heldBy(ctx, ch, hits); err != nil {
			return nil, err
		}
	}
	return hits, nil
}

func (x *searcher) heldBy(ctx context.Context, ch *chain, hits []hit) ([]hit, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	found := map[string][]Seen{}
	for _, in := range ch.entered {
		p := ch.among(hits, in.c.typ)
		if p == nil || in.outside {
			continue
		}
		one, c := *in, *in.c
		c.preds = append(slices.Clip(c.preds), p)
		one.c, one.extra = &c, ch.extra()
		inner, more, err := one.collect(ctx, chainMax)
		if err != nil {
			return nil, err
		}
		if more && len(hits) > 1 { // too many for a batch: by halves
			half := len(hits) / 2
			a, err := x.heldBy(ctx, ch, hits[:half])
			if err != nil {
				return nil, err
			}
			b, err := x.heldBy(ctx, ch, hits[half:])
			return append(slices.Clone(a), b...), err
		}
		ch.gather(inner, x.c.typ, func(ref string, h hit) { found[ref] = append(found[ref], h.by()...) })
	}
	var kept []hit
	for _, h := range hits {
		if by := ch.reached(&h, found); by != nil {
			h.via = append(slices.Clip(h.via), by...)
			kept = append(kept, h)
		}
	}
	return kept, nil
}

// among restricts the inner search to what concerns some hits; nil when nothing
// does.
func (ch *chain) among(hits []hit, typ string) *predicate {
	ids := map[string]bool{}
	for _, h := range hits {
		if ch.reverse {
			ids[h.doc.Ref()] = true
			continue
		}
		for i := range h.idx {
			if r := &h.idx[i]; r.Param == ch.param.Code && r.Kind == fhir.ParamReference && r.Type == typ && r.URL == "" {
				ids[r.ID] = true
			}
		}
	}
	switch {
	case len(ids) == 0:
		return nil
	case ch.reverse:
		return &predicate{typ: typ, param: ch.param, ids: ids, raw: "among"}
	}
	p := identity(typ, ids)
	p.raw = "among"
	return p
}

// reached returns by what a hit is found through the chain, nil when it is not.
func (ch *chain) reached(h *hit, found map[string][]Seen) []Seen {
	if ch.reverse {
		return found[h.doc.ID()]
	}
	var by []Seen
	for i := range h.idx {
		if r := &h.idx[i]; r.Param == ch.param.Code && r.Kind == fhir.ParamReference && r.URL == "" {
			by = append(by, found[r.Type+"/"+r.ID]...)
		}
	}
	return by
}

// climb follows a hierarchy of resources up or down as far as the actor may see
// it, and puts what it finds into a predicate.
func (x *searcher) climb(ctx context.Context, ch *chain) error {
	p := &predicate{typ: x.c.typ, param: ch.param, ids: maps.Clone(ch.from), via: map[string][]Seen{}, raw: ch.name}
	edge := maps.Clone(ch.from)
	for len(edge) > 0 {
		next := map[string]bool{}
		byType := map[string]map[string]bool{}
		for ref := range edge {
			typ, id, _ := strings.Cut(ref, "/")
			add(byType, typ, id)
		}
		for typ, ids := range byType {
			if err := x.step(ctx, ch, typ, ids, p, next); err != nil {
				return err
			}
		}
		if len(p.ids) > chainMax {
			return issue.New(issue.TooCostly, "search.chain.toocostly", ch.name, chainMax).At(ch.name)
		}
		edge = next
	}
	x.c.preds = append(x.c.preds, p)
	return nil
}

// step goes one level of a hierarchy further.
func (x *searcher) step(ctx context.Context, ch *chain, typ string, ids map[string]bool, p *predicate, next map[string]bool) error {
	code := hierarchy(typ)
	part, _ := fhir.ParamOf(typ, code)
	in := x.inner(typ, identity(typ, ids))
	if ch.climb == "below" {
		refs := map[string]bool{}
		for id := range ids {
			refs[typ+"/"+id] = true
		}
		in = x.inner(typ, &predicate{typ: typ, param: part, ids: refs})
	}
	in.extra = []string{code}
	hits, more, err := in.all(ctx, chainMax)
	if err != nil {
		return err
	}
	if more {
		return issue.New(issue.TooCostly, "search.chain.toocostly", ch.name, chainMax).At(ch.name)
	}
	meet := func(ref string, h hit) {
		if p.via[ref] = append(p.via[ref], h.by()...); !p.ids[ref] {
			p.ids[ref], next[ref] = true, true
		}
	}
	for _, h := range hits {
		if ch.climb == "below" {
			meet(h.doc.Ref(), h)
			continue
		}
		for i := range h.idx {
			if r := &h.idx[i]; r.Param == code && r.Kind == fhir.ParamReference && r.Type == typ && r.URL == "" {
				meet(typ+"/"+r.ID, h)
			}
		}
	}
	return nil
}
