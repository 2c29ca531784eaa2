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

// inclusion is _include=Type:param[:target] or _revinclude.
type inclusion struct {
	typ, param, target string
	def                fhir.Param // of param, unless that is *
	reverse, iterate   bool
}

const (
	// includeMax bounds what stands beside the matches of one page.
	includeMax = 1000
	// includeRounds bounds how far :iterate goes.
	includeRounds = 10
)

// bring reads an inclusion: R4 search.html#include. Only with :iterate may an
// _include begin at another type than the one that is searched.
func (c *compiled) bring(name, text string) error {
	base, modifier, _ := strings.Cut(name, ":")
	parts := strings.Split(text, ":")
	if text == "*" && base == "_include" { // what refers to a type would be of any other
		parts = []string{c.typ, "*"}
	}
	bad := issue.New(issue.Invalid, "search.value.include", text).At(base)
	if len(parts) < 2 || len(parts) > 3 || modifier != "" && modifier != "iterate" && modifier != "recurse" || !fhir.IsType(parts[0]) {
		return bad
	}
	in := inclusion{typ: parts[0], param: parts[1], reverse: base == "_revinclude", iterate: modifier != ""}
	if len(parts) == 3 {
		in.target = parts[2]
	}
	if !in.reverse && !in.iterate && in.typ != c.typ || in.target != "" && !fhir.IsType(in.target) {
		return bad
	}
	if in.param != everyParam {
		p, ok := c.k.lookup(in.typ, in.param)
		if !ok || p.Kind != fhir.ParamReference {
			return bad
		}
		in.param, in.def = p.Code, p
	}
	c.include = append(c.include, in)
	return nil
}

// included brings what the matches refer to and what refers to them, and with
// :iterate what those do, as far as the actor may see it. cut is set when there
// was more than one answer holds.
func (x *searcher) included(ctx context.Context, hits []hit) (docs []*fhir.Doc, cut bool, err error) {
	have := map[string]bool{}
	for _, h := range hits {
		have[h.doc.Ref()] = true
	}
	for round := 0; len(hits) > 0 && len(x.c.include) > 0; round++ {
		var fresh []hit
		for _, in := range x.c.include {
			if round > 0 && !in.iterate {
				continue
			}
			if round == includeRounds {
				return ordered(docs), true, nil
			}
			found, more, err := x.beside(ctx, in, hits, have)
			if err != nil {
				return nil, false, err
			}
			cut = cut || more
			for _, h := range found {
				ref := h.doc.Ref()
				switch {
				case have[ref]:
				case len(docs) == includeMax:
					cut = true
				default:
					have[ref] = true
					docs, fresh = append(docs, h.doc), append(fresh, h)
					x.shown = append(x.shown, Seen{Labels: h.labels, Decision: h.decision})
				}
			}
		}
		hits = fresh
	}
	return ordered(docs), cut, nil
}

func ordered(docs []*fhir.Doc) []*fhir.Doc {
	slices.SortStableFunc(docs, func(a, b *fhir.Doc) int { return strings.Compare(a.Type(), b.Type()) })
	return docs
}

// beside finds what an inclusion brings to some hits and is not there yet.
func (x *searcher) beside(ctx context.Context, in inclusion, hits []hit, have map[string]bool) ([]hit, bool, error) {
	if in.reverse {
		return x.referring(ctx, in, hits)
	}
	refs := map[string]map[string]bool{}
	for _, h := range hits {
		if h.doc.Type() != in.typ {
			continue
		}
		for i := range h.idx {
			if r := &h.idx[i]; r.Kind == fhir.ParamReference && r.ID != "" && r.URL == "" && !have[r.Type+"/"+r.ID] &&
				(in.param == everyParam || r.Param == in.param) && (in.target == "" || r.Type == in.target) {
				add(refs, r.Type, r.ID)
			}
		}
	}
	var all []hit
	cut := false
	for _, typ := range slices.Sorted(maps.Keys(refs)) {
		if !fhir.IsType(typ) {
			continue
		}
		found, more, err := x.inner(typ, identity(typ, refs[typ])).all(ctx, includeMax)
		if err != nil {
			return nil, false, err
		}
		all, cut = append(all, found...), cut || more
	}
	return all, cut, nil
}

// referring finds what refers to some hits.
func (x *searcher) referring(ctx context.Context, in inclusion, hits []hit) ([]hit, bool, error) {
	ids := map[string]bool{}
	for _, h := range hits {
		if in.target == "" || h.doc.Type() == in.target {
			ids[h.doc.Ref()] = true
		}
	}
	if len(ids) == 0 {
		return nil, false, nil
	}
	params := []fhir.Param{in.def}
	if in.param == everyParam {
		params = slices.DeleteFunc(fhir.Params(in.typ), func(p fhir.Param) bool { return p.Kind != fhir.ParamReference })
	}
	var all []hit
	cut := false
	for _, p := range params {
		found, more, err := x.inner(in.typ, &predicate{typ: in.typ, param: p, ids: ids}).all(ctx, includeMax)
		if err != nil {
			return nil, false, err
		}
		all, cut = append(all, found...), cut || more
	}
	return all, cut, nil
}

// identity is _id with a set of ids.
func identity(typ string, ids map[string]bool) *predicate {
	return &predicate{typ: typ, param: fhir.Param{Code: paramID, Kind: fhir.ParamToken}, ids: ids}
}

func add(to map[string]map[string]bool, typ, id string) {
	if to[typ] == nil {
		to[typ] = map[string]bool{}
	}
	to[typ][id] = true
}

// inner is a search by the same actor for the sake of this one.
func (x *searcher) inner(typ string, preds ...*predicate) *searcher {
	in := &searcher{s: x.s, r: x.r, a: x.a, now: x.now, guarded: x.guarded, rels: x.rels, spent: x.spent,
		c: &compiled{k: x.c.k, typ: typ, preds: preds}}
	in.c.include = slices.DeleteFunc(slices.Clone(x.c.include), func(in inclusion) bool { return !in.iterate })
	return in
}
