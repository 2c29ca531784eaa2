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
	name  string // stands in the cursor, so that the next page takes the same path
	class int    // how selective paths of this kind are, when counts are equal
	table string // ih, istr, ir, ic, res
	key   string // the column that orders before rid; "" = rid alone
	desc  bool
	where string // on alias d, which is res itself for table res
	args  []any
	rows  int // counted, at most probeCap+1; -1 = not counted
	// key order only: the parameter whose index rows of a document may lie on
	// this path ("" = the main date), and which of them do.
	param string
	holds func(r row) bool
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
	out := &path{name: p.raw, param: p.param.Code, rows: -1}
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
		return out.ranges(p, "res", "upd", formed)
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
		return out.ranges(p, "ir", "lo", formed)
	case fhir.ParamComposite:
		return out.composite(p, formed)
	case fhir.ParamSpecial:
		if p.param.Code == paramNear && formed {
			return out.places(p)
		}
	}
	return nil
}

// typePath walks all resources of a type.
func typePath(typ string) *path {
	return &path{name: "type", class: classType, table: "res", where: "d.typ = ?", args: []any{typ}, rows: -1}
}

// ownerPath walks the resources of a person.
func ownerPath(typ, patient string) *path {
	return &path{name: "owner", class: classOwner, table: "ih", where: "d.p = ? and d.h = ?",
		args: []any{paramOwner(typ), hash64(patient)}, rows: -1}
}

func (o *path) ids(p *predicate) *path {
	o.class, o.table = classID, "res"
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
	hs, at, ok := equalHashes(p)
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
	cond, args := inList("d.h", hs)
	o.where, o.args = "d.p = ? and "+cond, append([]any{at}, args...)
	return o
}

// equalHashes returns what the alternatives hash to in ih, and under which
// parameter. Not ok when one of them cannot be found so.
func equalHashes(p *predicate) (hs []int64, at int64, ok bool) {
	at = paramHash(p.typ, p.param.Code)
	if p.ids != nil {
		return hashes("", p.ids), at, true
	}
	if p.codes != nil {
		return codeHashes(p.codes, at)
	}
	if p.param.Kind == fhir.ParamReference && (p.modifier == "above" || p.modifier == "below") {
		return nil, 0, false
	}
	for _, v := range p.any {
		switch {
		case p.param.Kind == fhir.ParamURI && p.modifier == "above":
			hs = append(hs, above(v.text)...)
		case p.param.Kind == fhir.ParamURI:
			hs = append(hs, hash64(v.text))
		case p.modifier == "identifier", p.param.Kind == fhir.ParamToken:
			if v.code == "" {
				return nil, 0, false
			}
			hs = append(hs, hash64(v.code))
		case strings.Contains(v.ref, "/"):
			hs = append(hs, hash64(v.ref))
		default:
			hs = append(hs, hash64(v.ref)) // urn:uuid:…
			for _, t := range targets(p.param) {
				hs = append(hs, hash64(t+"/"+v.ref))
			}
		}
	}
	if p.modifier == "identifier" {
		at = identifierParam(p.typ, p.param.Code)
	}
	return hs, at, true
}

// codeHashes returns what a set of codes hashes to; not ok when it is empty or
// too large for a statement.
func codeHashes(codes map[[2]string]bool, at int64) ([]int64, int64, bool) {
	seen := map[string]bool{}
	for one := range codes {
		seen[one[1]] = true
	}
	if len(seen) > manyCodes {
		return nil, 0, false
	}
	return hashes("", seen), at, true
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
	o.param = everyParam
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
	conds := make([]string, len(p.any))
	o.args = []any{at}
	needles := make([]string, len(p.any))
	for i := range p.any {
		needles[i] = clipped(needle(&p.any[i]))
		if p.modifier == "contains" {
			conds[i] = `(d.v like ? escape '!' or length(d.v) >= ?)`
			o.args = append(o.args, "%"+likeEscape.Replace(needles[i])+"%", maxString)
		} else {
			conds[i] = `d.v >= ? and d.v < ?`
			o.args = append(o.args, needles[i], needles[i]+"\U0010FFFF")
		}
	}
	o.where = "d.p = ? and (" + strings.Join(conds, " or ") + ")"
	o.holds = func(r row) bool {
		return r.table == tableString && r.p == at && slices.ContainsFunc(needles, func(n string) bool {
			if p.modifier == "contains" {
				return strings.Contains(r.v, n) || utf8.RuneCountInString(r.v) >= maxString
			}
			return strings.HasPrefix(r.v, n)
		})
	}
	return o
}

var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// bound is a superset of what one comparison matches: a row whose lo is within
// [from, to], and hi from least on.
type bound struct {
	p              int64
	from, to       float64
	fromOK, toOK   bool
	least          float64
	leastOK        bool
	walksDownwards bool
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
		return bound{from: hi - margin(kind), fromOK: true, least: hi, leastOK: true, walksDownwards: true}
	case "ge":
		return bound{from: lo - margin(kind), fromOK: true, least: lo, leastOK: true, walksDownwards: true}
	case "sa":
		return bound{from: hi, fromOK: true, walksDownwards: true}
	case "lt", "eb":
		return bound{to: lo, toOK: true}
	case "le":
		return bound{to: hi, toOK: true}
	case "ap":
		return bound{to: hi, toOK: true, least: lo, leastOK: true, walksDownwards: true}
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
	}{{b.fromOK, lo + " >= ?", b.from}, {b.toOK, lo + " <= ?", b.to}, {b.leastOK, hi + " >= ?", b.least}} {
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

// ranges walks dates, numbers and quantities. Comparisons that are open at the
// upper end walk downwards: what matches is met first.
func (o *path) ranges(p *predicate, table, column string, formed bool) *path {
	o.table, o.class, o.key, o.desc = table, classRange, "d."+column, true
	bounds := make([]bound, len(p.any))
	conds := make([]string, len(p.any))
	for i := range p.any {
		v := &p.any[i]
		b := boundOf(v, p.param.Kind)
		b.p = paramHash(p.typ, p.param.Code)
		switch {
		case isOwn(p.param.Code): // one place for all units
		case v.base != "" && !formed:
			return nil
		case v.base != "":
			b.p = unitParam(p.typ, p.param.Code, fhir.SystemBaseUnits+"|"+v.base)
		case p.param.Kind == fhir.ParamQuantity && v.code != "":
			b.p = unitParam(p.typ, p.param.Code, v.code)
		}
		bounds[i], o.desc = b, o.desc && b.walksDownwards
		if table == "res" {
			cond, args := b.cond("d.upd", "d.upd")
			conds[i], o.args = "d.typ = ? and "+cond, append(append(o.args, p.typ), intArgs(args)...)
			continue
		}
		cond, args := b.cond("d.lo", "d.hi")
		conds[i], o.args = "d.p = ? and "+cond, append(append(o.args, b.p), args...)
	}
	o.where = "(" + strings.Join(conds, " or ") + ")"
	o.holds = func(r row) bool {
		return r.table == tableRange && slices.ContainsFunc(bounds, func(b bound) bool { return b.p == r.p && b.holds(r.lo, r.hi) })
	}
	if table == "res" {
		o.holds = nil
	}
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
	o.table, o.class, o.key, o.desc = "ic", classComposite, "d.lo", true
	at := paramHash(p.typ, p.param.Code)
	var bounds []bound
	var hs []int64
	var conds []string
	for i := range p.any {
		h, b, ok := compositeBound(p, &p.any[i])
		if !ok || !formed && slices.ContainsFunc(p.any[i].parts, func(v value) bool { return v.base != "" }) {
			return nil
		}
		b.least, b.leastOK = 0, false // hi does not stand in ic
		cond, args := b.cond("d.lo", "")
		conds = append(conds, "d.p = ? and d.h = ? and "+cond)
		o.args = append(append(o.args, at, h), args...)
		bounds, hs, o.desc = append(bounds, b), append(hs, h), o.desc && b.walksDownwards
	}
	o.where = "(" + strings.Join(conds, " or ") + ")"
	o.holds = func(r row) bool {
		for i, b := range bounds {
			if r.table == tableComposite && r.p == at && r.h == hs[i] && b.holds(r.lo, 0) {
				return true
			}
		}
		return false
	}
	return o
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

// sortPath walks a type in the order of a sort key, nil when no index gives
// it. All of the type that have a value lie on it.
func sortPath(typ string, k sortKey) *path {
	o := &path{name: "sort", class: classType, desc: k.desc, param: k.code, rows: -1}
	at := paramHash(typ, k.code)
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

// timelinePath walks what happened to one person, in the order of the main
// date of the type.
func timelinePath(typ, patient string, desc bool) *path {
	p, h := paramTimeline(typ), hash64(patient)
	return &path{name: "timeline", class: classOwner, table: "ic", key: "d.lo", desc: desc, where: "d.p = ? and d.h = ?", args: []any{p, h}, rows: -1,
		holds: func(r row) bool { return r.table == tableComposite && r.p == p && r.h == h }}
}

// probe is an equality as a condition on res, for the predicates that do not
// drive: one look at a primary key.
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
	hs, at, ok := equalHashes(p)
	if !ok {
		return "", nil
	}
	cond, args := inList("x.h", hs)
	return "exists (select 1 from ih x where x.p = ? and " + cond + " and x.rid = res.rid" + perRow + ")", append([]any{at}, args...)
}

// perRow ends an exists that is asked anew for each row, at a primary key. The
// offset keeps PostgreSQL from reading everything it could hold, to join with.
const perRow = " limit 1 offset 0"
