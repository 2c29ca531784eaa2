// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"
	"unicode/utf8"

	"mach/fhir"
)

// A path is one way to walk through candidates: an index table, a condition
// and the order that its primary key gives for nothing. A path yields a
// superset of what its predicate matches; every candidate is checked on its
// document. So a path may be coarse, but must not leave anything out.
//
// The database is not asked to plan: the walk is written down, the other
// equalities are probes of a primary key, and how many rows a path has is
// counted (at most probeCap), not estimated. Three people in ten are called
// Nguyễn: statistics would not know which three.
type path struct {
	name  string       // stands in the cursor, so that the next page takes the same path
	is    *predicate   // that its rows meet; nil = none in particular
	also  []*predicate // that they meet beside
	class int          // how selective paths of this kind are, when counts are equal
	table string       // ih, istr, ir, ic, res
	key   string       // the column that orders before rid; "" = rid alone
	typ   string       // of a path along the types, whose order begins with the type; else ""
	desc  bool
	where string // on alias d, which is res itself for table res
	args  []any
	then  *path // walked after this one: another alternative, each in its own order
	rows  int   // counted, as far as upTo; -1 = not counted
	upTo  int
	// key order only: the parameters whose index rows of a document may lie on
	// this path (nil = the main date), and which of them do.
	params []string
	holds  func(r row) bool
	sorted bool // the order is that of the sort: the lowest key of a document counts
	strewn bool // the index has the rows in several places, not in the order of the walk
}

const (
	probeCap  = 1000  // a path is counted up to here
	probeFew  = 100   // so few are read sooner than other paths are counted
	gatherCap = 2000  // fewer candidates than this are sorted in memory
	gatherMax = 10000 // and at most this many where no index gives the order
)

// The classes, most selective first.
const (
	classID = iota
	classOwner
	classIdentifier
	classReference
	classString
	classComposite
	classToken
	classRange
	classType
)

// pathOf returns the path of a predicate, nil when it has none: :not,
// :missing, a system without a code, _text. Rows of the present form of the
// index serve only when all are there (formed).
func pathOf(p *predicate, formed bool) *path {
	out := &path{name: p.raw, is: p, params: p.places(), rows: -1}
	if p.members != nil {
		return out.compartment(p)
	}
	switch p.modifier {
	case "not", "not-in", "missing":
		return nil
	case "text":
		return out.words(p, formed)
	}
	switch p.param.Code {
	case paramID:
		return out.ids(p)
	case paramUpdated:
		return out.updated(p)
	}
	switch p.param.Kind {
	case fhir.ParamURI:
		if p.modifier == "below" {
			return out.urls(p, formed)
		}
		return out.equal(p)
	case fhir.ParamToken, fhir.ParamReference:
		return out.equal(p)
	case fhir.ParamString:
		return out.strings(p)
	case fhir.ParamDate, fhir.ParamNumber, fhir.ParamQuantity:
		return out.ranges(p, formed)
	case fhir.ParamComposite:
		return out.composite(p, formed)
	case fhir.ParamSpecial:
		if p.param.Code == paramNear && formed {
			return out.places(p)
		}
	}
	return nil
}

// typePath walks all resources of a type. It gives the type as a range: told that
// it is one, PostgreSQL walks over all types in the order of rid where it thinks
// that there are few.
func typePath(typ string) *path {
	return &path{name: "type", class: classType, table: "res", typ: typ, where: "d.typ >= ? and d.typ <= ?", args: []any{typ, typ}, rows: -1}
}

// ownerPath walks the resources of a person.
func ownerPath(typ, patient string) *path {
	return &path{name: "owner", class: classOwner, table: "ih", where: "d.p = ? and d.h = ?",
		args: []any{paramOwner(typ), hash64(patient)}, rows: -1}
}

func (o *path) ids(p *predicate) *path {
	o.class, o.table, o.strewn = classID, "res", len(p.ids) > 1
	o.where, o.args = inList("d.kh", hashes(p.typ+"/", p.ids))
	return o
}

// hashes returns the sorted hashes of prefix+id.
func hashes(prefix string, ids map[string]bool) []int64 {
	hs := make([]int64, 0, len(ids))
	for id := range ids {
		hs = append(hs, hash64(prefix+id))
	}
	slices.Sort(hs)
	return hs
}

// inList is "column in (…)", padded to a power of two so that few texts exist.
func inList(column string, hs []int64) (string, []any) {
	if len(hs) == 0 {
		return "1 = 0", nil
	}
	if len(hs) == 1 {
		return column + " = ?", []any{hs[0]}
	}
	n := 2
	for n < len(hs) {
		n *= 2
	}
	args := make([]any, n)
	for i := range args {
		args[i] = hs[min(i, len(hs)-1)]
	}
	return column + " in (" + marks(n) + ")", args
}

func (o *path) equal(p *predicate) *path {
	hs, ats, ok := equalHashes(p)
	if !ok {
		return nil
	}
	o.table, o.class = "ih", classToken
	switch {
	case p.param.Code == "identifier":
		o.class = classIdentifier
	case p.param.Kind == fhir.ParamReference:
		o.class = classReference
	}
	slices.Sort(hs)
	hs = slices.Compact(hs)
	var parts []part
	for _, at := range ats {
		if p.param.Kind == fhir.ParamReference || p.ids != nil || len(hs) > manyParts {
			cond, args := inList("d.h", hs)
			parts = append(parts, part{where: "d.p = ? and " + cond, args: append([]any{at}, args...), strewn: len(hs) > 1,
				holds: func(r row) bool { return r.table == tableEqual && r.p == at && slices.Contains(hs, r.h) }})
			continue
		}
		for _, h := range hs {
			parts = append(parts, part{where: "d.p = ? and d.h = ?", args: []any{at, h},
				holds: func(r row) bool { return r.table == tableEqual && r.p == at && r.h == h }})
		}
	}
	return o.of(parts)
}

// manyParts bounds the alternatives that are walked one after the other; more
// are one statement, which sorts what it finds.
const manyParts = 12

// part is one piece of a path.
type part struct {
	where  string
	args   []any
	desc   bool
	strewn bool
	holds  func(r row) bool
}

// of makes the path of its parts.
func (o *path) of(parts []part) *path {
	if len(parts) > manyParts {
		one := part{desc: true, strewn: true, holds: func(r row) bool { return slices.ContainsFunc(parts, func(p part) bool { return p.holds(r) }) }}
		conds := make([]string, len(parts))
		for i, p := range parts {
			conds[i], one.desc = p.where, one.desc && p.desc
			one.args = append(one.args, p.args...)
		}
		one.where = "(" + strings.Join(conds, " or ") + ")"
		parts = []part{one}
	}
	at := o
	for i, p := range parts {
		if i > 0 {
			next := *at
			at.then, at = &next, &next
		}
		at.where, at.args, at.desc, at.strewn, at.holds = p.where, p.args, p.desc && o.key != "", p.strewn, p.holds
	}
	return o
}

// equalHashes returns what the alternatives hash to in ih, and under which
// parameters. Not ok when one of them cannot be found so.
func equalHashes(p *predicate) (hs, ats []int64, ok bool) {
	for _, code := range p.places() {
		if p.modifier == "identifier" {
			ats = append(ats, identifierParam(p.typ, code))
		} else {
			ats = append(ats, paramHash(p.typ, code))
		}
	}
	if p.ids != nil {
		hs = hashes("", p.ids)
		if p.members != nil && p.typ == "Patient" { // in its own compartment
			for ref := range p.ids {
				hs, ats = append(hs, hash64(strings.TrimPrefix(ref, "Patient/"))), append(ats, paramOwner(p.typ))
			}
		}
		return hs, ats, true
	}
	if p.codes != nil {
		hs, ok = codeHashes(p.codes)
		return hs, ats, ok
	}
	if p.param.Kind == fhir.ParamReference && (p.modifier == "above" || p.modifier == "below") {
		return nil, nil, false
	}
	for _, v := range p.any {
		switch {
		case p.param.Kind == fhir.ParamURI && p.modifier == "above":
			hs = append(hs, above(v.text)...)
		case p.param.Kind == fhir.ParamURI:
			hs = append(hs, hash64(v.text))
		case p.modifier == "identifier", p.param.Kind == fhir.ParamToken:
			if v.code == "" {
				return nil, nil, false
			}
			hs = append(hs, hash64(v.code))
		case strings.Contains(v.ref, "/"):
			hs = append(hs, hash64(v.ref))
		default:
			if strings.Contains(v.ref, ":") { // urn:uuid:…
				hs = append(hs, hash64(v.ref))
				continue
			}
			for _, t := range targets(p.param) {
				hs = append(hs, hash64(t+"/"+v.ref))
			}
		}
	}
	return hs, ats, true
}

// codeHashes returns what a set of codes hashes to; not ok when it is empty or
// too large for a statement.
func codeHashes(codes map[[2]string]bool) ([]int64, bool) {
	seen := map[string]bool{}
	for one := range codes {
		seen[one[1]] = true
	}
	if len(seen) > manyCodes {
		return nil, false
	}
	return hashes("", seen), true
}

// manyCodes bounds the list of codes in a statement; it is a power of two.
const manyCodes = 1024

// above returns what a URL and all that it lies below hash to.
func above(url string) []int64 {
	hs := []int64{hash64(url)}
	for i, r := range url {
		if strings.ContainsRune("/?#|.", r) {
			hs = append(hs, hash64(url[:i]), hash64(url[:i+1]))
		}
	}
	return hs[:min(len(hs), manyCodes)]
}

func targets(p fhir.Param) []string {
	if len(p.Targets) == 0 || slices.Contains(p.Targets, "Resource") {
		return fhir.Types()
	}
	return p.Targets
}

func (o *path) strings(p *predicate) *path {
	return o.beginning(p, paramHash(p.typ, p.param.Code), func(v *value) string { return v.folded })
}

// words walks what tokens say in words: the rows of all tokens of a type lie
// together.
func (o *path) words(p *predicate, formed bool) *path {
	if !formed || isOwn(p.param.Code) {
		return nil
	}
	o.params = []string{everyParam}
	return o.beginning(p, paramWords(p.typ), func(v *value) string { return v.folded })
}

// urls walks what lies below a URL; parameters of meta have no such rows.
func (o *path) urls(p *predicate, formed bool) *path {
	if !formed || p.param.Code[0] == '_' {
		return nil
	}
	return o.beginning(p, paramHash(p.typ, p.param.Code), func(v *value) string { return v.text })
}

// beginning walks the strings that begin as one of the values does, or contain
// it.
func (o *path) beginning(p *predicate, at int64, needle func(*value) string) *path {
	o.table, o.class, o.key = "istr", classString, "d.v"
	parts := make([]part, len(p.any))
	for i := range p.any {
		n := clipped(needle(&p.any[i]))
		if p.modifier == "contains" {
			parts[i] = part{where: `d.p = ? and (d.v like ? escape '!' or length(d.v) >= ?)`,
				args: []any{at, "%" + likeEscape.Replace(n) + "%", maxString},
				holds: func(r row) bool {
					return r.table == tableString && r.p == at && (strings.Contains(r.v, n) || utf8.RuneCountInString(r.v) >= maxString)
				}}
			continue
		}
		parts[i] = part{where: `d.p = ? and d.v >= ? and d.v < ?`, args: []any{at, n, n + "\U0010FFFF"},
			holds: func(r row) bool { return r.table == tableString && r.p == at && strings.HasPrefix(r.v, n) }}
	}
	return o.of(parts)
}

var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// probe is an equality as a condition on a row of the path (_id: on res), for the
// predicates that do not drive: one look at a primary key.
func probe(p *predicate) (string, []any) {
	switch p.modifier {
	case "not", "not-in", "missing", "text":
		return "", nil
	}
	if p.param.Code == paramID {
		return inList("res.kh", hashes(p.typ+"/", p.ids))
	}
	switch p.param.Kind {
	case fhir.ParamToken, fhir.ParamReference:
	case fhir.ParamURI:
		if p.modifier == "below" {
			return "", nil
		}
	default:
		return "", nil
	}
	hs, ats, ok := equalHashes(p)
	if !ok {
		return "", nil
	}
	where, args := inList("x.p", ats)
	cond, more := inList("x.h", hs)
	return "exists (select 1 from ih x where " + where + " and " + cond + " and x.rid = d.rid and x.t = d.t" + perRow + ")", append(args, more...)
}

// perRow ends an exists that is asked anew for each row, at a primary key. The
// offset keeps PostgreSQL from reading everything it could hold, to join with.
const perRow = " limit 1 offset 0"
