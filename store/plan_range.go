// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math"
	"slices"
	"strings"

	"mach/fhir"
)

// bound is a superset of what one comparison matches: a row whose lo is within
// [from, to], and hi from least on; and the wide ranges that end at least or
// later.
type bound struct {
	p            int64
	from, to     float64
	fromOK, toOK bool
	least        float64
	leastOK      bool
	down         bool // what matches is met first from above
}

func boundOf(v *value, kind fhir.ParamKind) bound {
	lo, hi := v.lo, v.hi
	if kind != fhir.ParamDate && v.op != "eq" && v.op != "ap" {
		lo, hi = v.at, v.at
	}
	switch v.op {
	case "eq":
		return bound{from: lo, fromOK: true, to: hi, toOK: true}
	case "gt":
		return bound{from: hi - margin(kind), fromOK: true, least: hi, leastOK: true, down: true}
	case "ge":
		return bound{from: lo - margin(kind), fromOK: true, least: lo, leastOK: true, down: true}
	case "sa":
		return bound{from: hi, fromOK: true, down: true}
	case "lt", "eb":
		return bound{to: lo, toOK: true}
	case "le":
		return bound{to: hi, toOK: true}
	case "ap":
		return bound{from: lo - margin(kind), fromOK: true, to: hi, toOK: true, least: lo, leastOK: true, down: true}
	}
	return bound{} // ne
}

func (b bound) cond(lo, hi string) (string, []any) {
	var conds []string
	var args []any
	for _, c := range []struct {
		ok   bool
		text string
		arg  float64
	}{{b.fromOK, lo + " >= ?", b.from}, {b.toOK, lo + " <= ?", b.to}, {b.leastOK && hi != "", hi + " >= ?", b.least}} {
		if c.ok {
			conds, args = append(conds, c.text), append(args, c.arg)
		}
	}
	if len(conds) == 0 {
		return "1 = 1", nil
	}
	return strings.Join(conds, " and "), args
}

func (b bound) holds(lo, hi float64) bool {
	return (!b.fromOK || lo >= b.from) && (!b.toOK || lo <= b.to) && (!b.leastOK || hi >= b.least)
}

// dated is a comparison with a date as a condition on the row d of a timeline, ""
// for one that leaves out no piece of it. Where something begins before what is
// asked for, or may end after it, its row in ir says when it ends; and what begins
// more than a margin before is not looked at unless something so long is there.
func dated(v *value, main int64) (string, []any) {
	const (
		ends  = "exists (select 1 from ir x where x.p = ? and x.lo = d.lo and x.rid = d.rid and x.t = d.t and x.hi "
		floor = "d.lo >= (select case when exists (select 1 from ir e where e.p = ? and e.lo >= ?) then cast(? as double precision) else cast(? as double precision) end)"
		later = floor + " and (d.lo >= ? or " + ends + "> ?" + perRow + "))"
		early = "d.lo <= ? and (d.lo < ? or " + ends + "<= ?" + perRow + "))"
	)
	from := func(lo, hi float64) []any {
		return []any{endsOf(main), hi, -math.MaxFloat64, hi - narrow, lo, main, hi}
	}
	switch v.op {
	case "eq":
		return "d.lo >= ? and " + early, []any{v.lo, v.hi, v.lo, main, v.hi}
	case "gt":
		return later, from(v.hi, v.hi)
	case "ge":
		return later, from(v.lo, v.hi)
	case "sa":
		return "d.lo >= ?", []any{v.hi}
	case "lt":
		return "d.lo < ?", []any{v.lo}
	case "le":
		return early, []any{v.hi, v.lo, main, v.hi}
	case "eb":
		return early, []any{v.lo, -math.MaxFloat64, main, v.lo}
	case "ap":
		return "d.lo <= ? and " + later, append([]any{v.hi}, from(v.lo, v.lo)...)
	}
	return "", nil
}

// parts are the pieces of ir that a bound reaches.
func (b bound) parts() []part {
	cond, args := b.cond("d.lo", "d.hi")
	parts := []part{{where: "d.p = ? and " + cond, args: append([]any{b.p}, args...), desc: b.down,
		holds: func(r row) bool { return r.table == tableRange && r.p == b.p && b.holds(r.lo, r.hi) }}}
	if b.leastOK {
		ends := endsOf(b.p)
		parts = append(parts, part{where: "d.p = ? and d.lo >= ?", args: []any{ends, b.least},
			holds: func(r row) bool { return r.table == tableRange && r.p == ends && r.lo >= b.least }})
	}
	return parts
}

// ranges walks dates, numbers and quantities.
func (o *path) ranges(p *predicate, formed bool) *path {
	o.table, o.class, o.key = "ir", classRange, "d.lo"
	if !formed {
		return nil
	}
	var parts []part
	for i := range p.any {
		v := &p.any[i]
		b := boundOf(v, p.param.Kind)
		for _, code := range places(p.param) {
			b.p = paramHash(p.typ, code)
			if v.base != "" && !isOwn(code) { // else one place for all units
				b.p = baseParam(p.typ, code, v.base)
			}
			parts = append(parts, b.parts()...)
		}
	}
	return o.of(parts)
}

// updated walks res by the time of its last change.
func (o *path) updated(p *predicate) *path {
	o.table, o.class, o.key = "res", classRange, "d.upd"
	conds := make([]string, len(p.any))
	o.desc = true
	for i := range p.any {
		b := boundOf(&p.any[i], fhir.ParamDate)
		cond, args := b.cond("d.upd", "d.upd")
		conds[i], o.args, o.desc = "d.typ = ? and "+cond, append(append(o.args, p.typ), intArgs(args)...), o.desc && b.down
	}
	o.where, o.strewn = "("+strings.Join(conds, " or ")+")", len(conds) > 1
	return o
}

// intArgs turns µs into whole numbers, for a bigint column.
func intArgs(args []any) []any {
	for i, a := range args {
		args[i] = int64(a.(float64))
	}
	return args
}

func (o *path) composite(p *predicate, formed bool) *path {
	o.table, o.class, o.key = "ic", classComposite, "d.lo"
	var parts []part
	for i := range p.any {
		h, b, ok := compositeBound(p, &p.any[i])
		if !ok || !formed && slices.ContainsFunc(p.any[i].parts, func(v value) bool { return v.base != "" }) {
			return nil
		}
		if b.least, b.leastOK = 0, false; b.toOK && b.down { // about: a wide range may begin far below
			b.to, b.toOK = 0, false
		}
		cond, args := b.cond("d.lo", "")
		for _, code := range places(p.param) {
			at := paramHash(p.typ, code)
			parts = append(parts, part{where: "d.p = ? and d.h = ? and " + cond, args: append([]any{at, h}, args...), desc: b.down,
				holds: func(r row) bool { return r.table == tableComposite && r.p == at && r.h == h && b.holds(r.lo, 0) }})
		}
	}
	return o.of(parts)
}

// compositeBound is compositeKey of what is asked for.
func compositeBound(p *predicate, v *value) (h int64, b bound, ok bool) {
	var key strings.Builder
	ranged := false
	for i, code := range p.param.Parts {
		part, found := fhir.ParamOf(p.typ, code)
		one := &v.parts[i]
		switch part.Kind {
		case fhir.ParamToken:
			key.WriteString(one.code + "\x00")
			found = found && one.code != ""
		case fhir.ParamURI:
			key.WriteString(one.text + "\x00")
		case fhir.ParamReference:
			key.WriteString(one.ref + "\x00")
			found = found && strings.Contains(one.ref, "/")
		case fhir.ParamDate, fhir.ParamNumber, fhir.ParamQuantity:
			if one.base != "" {
				key.WriteString(one.base + "\x00")
			}
			if !ranged {
				b, ranged = boundOf(one, part.Kind), true
			}
		}
		if !found {
			return 0, b, false
		}
	}
	return hash64(key.String()), b, true
}
