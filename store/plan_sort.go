// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"strings"

	"mach/fhir"
)

// sortPath walks a type in the order of a sort key, nil when no index gives
// it. All of the type that have a value lie on it.
func sortPath(typ string, k sortKey) *path {
	o := &path{name: "sort", class: classType, desc: k.desc, params: []string{k.code}, rows: -1, sorted: true}
	at := paramHash(typ, k.code)
	if p, ok := fhir.ParamOf(typ, k.code); ok && p.Covers != nil {
		return nil
	}
	switch {
	case k.code == paramUpdated:
		o.table, o.key, o.where, o.args = "res", "d.upd", "d.typ = ?", []any{typ}
		return o
	case k.kind == fhir.ParamString:
		o.table, o.key = "istr", "d.v"
		o.holds = func(r row) bool { return r.table == tableString && r.p == at }
	case k.kind == fhir.ParamDate || k.kind == fhir.ParamNumber || k.kind == fhir.ParamQuantity:
		o.table, o.key = "ir", "d.lo"
		o.holds = func(r row) bool { return r.table == tableRange && r.p == at }
	default:
		return nil
	}
	o.where, o.args = "d.p = ?", []any{at}
	return o
}

// timelinePath walks what happened to one person, for whom a predicate may ask,
// in the order of the main date of the type.
func timelinePath(typ, patient string, is *predicate, desc bool) *path {
	p, h := paramTimeline(typ), hash64(patient)
	return &path{name: "timeline", is: is, class: classOwner, table: "ic", key: "d.lo", desc: desc, where: "d.p = ? and d.h = ?", args: []any{p, h}, rows: -1, sorted: true,
		holds: func(r row) bool { return r.table == tableComposite && r.p == p && r.h == h }}
}

// bounded keeps a sorted walk to the piece of its index that a condition on the
// same parameter reaches, at the end where it begins.
func (x *searcher) bounded(ctx context.Context, o *path) error {
	k := x.c.sort[0]
	if o.name == "timeline" {
		x.during(o)
	}
	if o.table != "ir" || !x.s.formed() {
		return nil
	}
	for _, p := range x.c.preds {
		if p.param.Code != k.code || p.modifier != "" || len(p.any) != 1 || p.any[0].base != "" || p.any[0].code != "" {
			continue
		}
		b := boundOf(&p.any[0], k.kind)
		b.p = paramHash(x.c.typ, k.code)
		if b.leastOK && (b.toOK || !k.desc) { // something long that began before may match
			ends := path{table: "ir", rows: -1}
			ends.of(b.parts()[1:])
			if err := x.counted(ctx, &ends, 1); err != nil {
				return err
			}
			b.fromOK = ends.rows == 0
		}
		b.leastOK = false
		if b.fromOK && !k.desc || b.toOK && k.desc {
			one := b.parts()[0]
			o.where, o.args, o.holds = one.where, one.args, one.holds
			x.sortsIn = &b
			return nil
		}
	}
	return nil
}

// during keeps a timeline to what its conditions by date match. A resource has one
// main date, whose row in ir begins where that of the timeline does.
func (x *searcher) during(o *path) {
	main := paramHash(x.c.typ, x.c.sort[0].code)
	for _, p := range x.c.preds {
		if p.param.Code != x.c.sort[0].code || p.modifier != "" || len(p.any) != 1 || !x.s.formed() {
			continue
		}
		if cond, args := dated(&p.any[0], main); cond != "" {
			o.where, o.args, o.also = o.where+" and "+cond, append(o.args, args...), append(o.also, p)
		}
	}
}

// inOrder is the path that gives the order of the sort, nil when there is none.
func (x *searcher) inOrder() *path {
	if len(x.c.sort) != 1 {
		return nil
	}
	k := x.c.sort[0]
	if k.code == mainDate(x.c.typ) {
		if owner := x.owner(); owner != "" {
			return timelinePath(x.c.typ, owner, nil, k.desc)
		}
		for _, p := range x.c.preds {
			if one := onePatient(p); one != "" {
				return timelinePath(x.c.typ, one, p, k.desc)
			}
		}
	}
	return sortPath(x.c.typ, k)
}

// onePatient returns the person that a predicate asks for, "" when it is not
// exactly one. Of parameters only patient and subject belong to the compartment for
// sure.
func onePatient(p *predicate) string {
	if p.members != nil {
		return inPatient(p)
	}
	if p.modifier != "" && p.modifier != "Patient" || len(p.any) != 1 || p.ids != nil || p.param.Code != "patient" && p.param.Code != "subject" {
		return ""
	}
	id, typed := strings.CutPrefix(p.any[0].ref, "Patient/")
	if !typed && p.param.Code != "patient" || strings.ContainsAny(id, "/:") {
		return ""
	}
	return id
}
