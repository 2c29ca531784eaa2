// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"mach/fhir"
	"mach/vn"
)

// The index tables hold, per resource version that is current, the least that
// lets a search skip what cannot match. Every row found is checked again on
// the document itself (search_match.go), so a row may be missing nothing but
// may say too much: a token is one row for its code whatever its system, and a
// colliding hash costs time, never a wrong answer.
//
//	ih    p h          equality: token, reference, uri, and the rows of the @ parameters
//	istr  p v          strings, folded
//	ir    p lo hi      dates [lo, hi) in µs; numbers and quantities, points as lo = hi;
//	                   the ends of wide ranges once more, see appendRange
//	ic    p h lo       composites, and per patient the time of what happened
//
// p is the hash of "Type.param", rid the row of res.

// row is one row of an index table.
type row struct {
	table  table
	p, h   int64
	v      string
	lo, hi float64
}

type table uint8

const (
	tableEqual table = iota + 1
	tableString
	tableRange
	tableComposite
)

// hash64 is the first 8 bytes of SHA-256: nobody can cheaply make two resource
// ids or codes meet on purpose.
func hash64(s string) int64 {
	sum := sha256.Sum256([]byte(s))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// The parameters that no definition has.
//
//	Type@patient    resources of a person
//	Type@timeline   the same in ic, ordered by mainDate
//	Type@words      in istr, what the tokens of a resource say in words
//	@ref            who inherits labels from a resource
func paramHash(typ, code string) int64 {
	if h, known := paramHashes()[[2]string{typ, code}]; known {
		return h
	}
	return hash64(typ + "." + code)
}
func paramOwner(typ string) int64    { return hash64(typ + "@patient") }
func paramTimeline(typ string) int64 { return hash64(typ + "@timeline") }
func paramWords(typ string) int64    { return hash64(typ + "@words") }
func paramReferrers() int64          { return hash64("@ref") }

// paramHashes are the hashes of all parameters of R4: every row asks for one.
var paramHashes = sync.OnceValue(func() map[[2]string]int64 {
	all := map[[2]string]int64{}
	for _, typ := range fhir.Types() {
		for _, p := range fhir.Params(typ) {
			all[[2]string{typ, p.Code}] = hash64(typ + "." + p.Code)
		}
	}
	return all
})

// baseParam is where quantities of UCUM lie once more in one base unit. In other
// units they are looked for among all.
func baseParam(typ, code, unit string) int64 {
	return hash64(typ + "." + code + "|" + fhir.SystemBaseUnits + "|" + unit)
}

// identifierParam is where the identifiers of references lie.
func identifierParam(typ, code string) int64 { return hash64(typ + "." + code + ":identifier") }

// places lists the parameters of whose rows those of p are a part.
func places(p fhir.Param) []string {
	if p.Covers != nil {
		return p.Covers
	}
	return []string{p.Code}
}

// maxString is the number of characters of a string that are indexed.
const maxString = 200

func clipped(s string) string {
	if utf8.RuneCountInString(s) <= maxString {
		return s
	}
	n := 0
	for i := range s {
		if n == maxString {
			return s[:i]
		}
		n++
	}
	return s
}

// indexRows returns the rows of d, sorted, each once. nil has none.
func (o *ownParams) indexRows(d *fhir.Doc) []row {
	if d == nil {
		return nil
	}
	typ, idx, rows := d.Type(), o.indexed(d), make([]row, 0, 32)
	bare, _ := fhir.ParamOf(typ, "patient")
	for i := range idx {
		if idx[i].Param == "patient" && bare.Covers != nil {
			continue
		}
		rows = appendRows(rows, typ, &idx[i])
	}
	when, dated := happened(typ, idx)
	for _, patient := range peopleOf(d, idx) {
		rows = append(rows, row{table: tableEqual, p: paramOwner(typ), h: hash64(patient)})
		if dated {
			rows = append(rows, row{table: tableComposite, p: paramTimeline(typ), h: hash64(patient), lo: when})
		}
	}
	for ref := range inherits(d) {
		rows = append(rows, row{table: tableEqual, p: paramReferrers(), h: hash64(ref)})
	}
	slices.SortFunc(rows, compareRows)
	return slices.Compact(rows)
}

// peopleOf lists everybody under whom a search by person may look for d: whose
// record it belongs to, and whom patient and subject name.
func peopleOf(d *fhir.Doc, idx []fhir.Index) []string {
	people := patientsOf(d)
	for i := range idx {
		x := &idx[i]
		if (x.Param == "patient" || x.Param == "subject") && x.Type == "Patient" && x.URL == "" && !slices.Contains(people, x.ID) {
			people = append(people[:len(people):len(people)], x.ID)
		}
	}
	return people
}

func appendRows(rows []row, typ string, x *fhir.Index) []row {
	p := paramHash(typ, x.Param)
	equal := func(p int64, key string) { rows = append(rows, row{table: tableEqual, p: p, h: hash64(key)}) }
	switch x.Kind {
	case fhir.ParamToken:
		if x.Value != "" {
			equal(p, x.Value)
		}
		if x.Text != "" && !isOwn(x.Param) {
			rows = append(rows, row{table: tableString, p: paramWords(typ), v: clipped(vn.Fold(x.Text))})
		}
	case fhir.ParamURI:
		if x.Value != "" {
			equal(p, x.Value)
			if x.Param[0] != '_' {
				rows = append(rows, row{table: tableString, p: p, v: clipped(x.Value)})
			}
		}
	case fhir.ParamReference:
		switch {
		case x.URL != "":
			equal(p, x.URL)
		case x.ID != "":
			equal(p, x.Type+"/"+x.ID)
		case x.Value != "":
			equal(identifierParam(typ, x.Param), x.Value)
		}
	case fhir.ParamString:
		rows = append(rows, row{table: tableString, p: p, v: clipped(x.Value)})
	case fhir.ParamDate, fhir.ParamNumber:
		rows = appendRange(rows, p, x)
	case fhir.ParamQuantity:
		if isOwn(x.Param) {
			return appendRange(rows, p, x)
		}
		if x.System == fhir.SystemBaseUnits {
			return appendRange(rows, baseParam(typ, x.Param, x.Value), x)
		}
		rows = appendRange(rows, p, x)
	case fhir.ParamComposite:
		h, at := compositeKey(x.Parts)
		rows = append(rows, row{table: tableComposite, p: p, h: h})
		if at != nil {
			lo, hi := span(at)
			rows[len(rows)-1].lo = lo
			if wide(at.Kind, lo, hi) {
				rows = append(rows, row{table: tableComposite, p: p, h: h, lo: hi})
			}
		}
	case fhir.ParamSpecial:
		rows = append(rows, row{table: tableComposite, p: p, h: cellHash(cellOf(x.High)), lo: x.Low})
	}
	return rows
}

// appendRange adds the row of a range, and of a wide one a second row at its
// end, in a place of its own: so "later than" is a piece of the index too, not
// all of it, and no order by time walks over what has no end yet.
func appendRange(rows []row, p int64, x *fhir.Index) []row {
	lo, hi := span(x)
	rows = append(rows, row{table: tableRange, p: p, lo: lo, hi: hi})
	if wide(x.Kind, lo, hi) {
		rows = append(rows, row{table: tableRange, p: endsOf(p), lo: hi, hi: hi})
	}
	return rows
}

// endsOf is where the ends of the wide ranges at p lie.
func endsOf(p int64) int64 { return p ^ 0x656e6473 }

// narrow is how long a date may be without a second row: a year, in µs.
const narrow = 366 * 24 * 3600 * 1e6

func wide(kind fhir.ParamKind, lo, hi float64) bool { return hi-lo > margin(kind) }

// margin is how far below a bound a range that reaches over it may begin.
func margin(kind fhir.ParamKind) float64 {
	if kind == fhir.ParamDate {
		return narrow
	}
	return 0
}

// compositeKey hashes the parts that are equal or not, and returns the first
// that is a range, nil when none is. Strings match by prefix and are left out.
// Quantities in base units lie apart from those as written.
func compositeKey(parts []fhir.Index) (h int64, ranged *fhir.Index) {
	var key strings.Builder
	for i := range parts {
		switch x := &parts[i]; x.Kind {
		case fhir.ParamToken, fhir.ParamURI:
			key.WriteString(x.Value + "\x00")
		case fhir.ParamReference:
			key.WriteString(cmp.Or(x.URL, x.Type+"/"+x.ID) + "\x00")
		case fhir.ParamDate, fhir.ParamNumber, fhir.ParamQuantity:
			if x.System == fhir.SystemBaseUnits {
				key.WriteString(x.Value + "\x00")
			}
			if ranged == nil {
				ranged = x
			}
		}
	}
	return hash64(key.String()), ranged
}

// span returns the range of a date [lo, hi), a number or a quantity (a point,
// or both ends of a Range).
func span(x *fhir.Index) (lo, hi float64) {
	if x.Kind == fhir.ParamDate {
		return float64(x.From), float64(x.To)
	}
	return x.Low, x.High
}

// mainDates are the parameters that say when something happened, the first
// that a type has counts.
var mainDates = []string{"date", "authoredon", "authored", "authored-on", "recorded-date", "sent", "whenhandedover", "effective-time", "start", "created", "onset-date"}

// mainDate returns the parameter by which the things of a type follow one
// another in a person's life, "" when there is none.
func mainDate(typ string) string { return mainDateOf()[typ] }

var mainDateOf = sync.OnceValue(func() map[string]string {
	of := map[string]string{}
	for _, typ := range fhir.Types() {
		for _, code := range mainDates {
			if p, ok := fhir.ParamOf(typ, code); ok && p.Kind == fhir.ParamDate {
				of[typ] = code
				break
			}
		}
	}
	return of
})

// happened returns the first instant of the main date.
func happened(typ string, idx []fhir.Index) (at float64, ok bool) {
	code := mainDate(typ)
	for i := range idx {
		if idx[i].Param == code && idx[i].Kind == fhir.ParamDate {
			if lo := float64(idx[i].From); !ok || lo < at {
				at, ok = lo, true
			}
		}
	}
	return at, ok
}

func compareRows(a, b row) int {
	return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.p, b.p), cmp.Compare(a.h, b.h),
		cmp.Compare(a.v, b.v), cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi))
}

// statements brings the index tables from w.before to w.doc: only the rows
// that differ, deletes by their whole key. One text per table and verb.
func (o *ownParams) statements(w *written) iter.Seq2[string, []any] {
	return difference(o.indexRows(w.before), o.indexRows(w.doc), w.rid, w.t)
}

// difference walks two sorted sets side by side.
func difference(before, now []row, rid, t int64) iter.Seq2[string, []any] {
	return func(yield func(string, []any) bool) {
		i, j := 0, 0
		for i < len(before) || j < len(now) {
			order := 0
			switch {
			case i == len(before):
				order = 1
			case j == len(now):
				order = -1
			default:
				order = compareRows(before[i], now[j])
			}
			switch {
			case order < 0:
				if !yield(before[i].remove(rid, t)) {
					return
				}
				i++
			case order > 0:
				if !yield(now[j].insert(rid, t)) {
					return
				}
				j++
			default:
				i, j = i+1, j+1
			}
		}
	}
}

func (r row) insert(rid, t int64) (string, []any) {
	switch r.table {
	case tableEqual:
		return "insert into ih (p, h, rid, t) values (?, ?, ?, ?)", []any{r.p, r.h, rid, t}
	case tableString:
		return "insert into istr (p, v, rid, t) values (?, ?, ?, ?)", []any{r.p, r.v, rid, t}
	case tableRange:
		return "insert into ir (p, lo, rid, hi, t) values (?, ?, ?, ?, ?)", []any{r.p, r.lo, rid, r.hi, t}
	}
	return "insert into ic (p, h, lo, rid, t) values (?, ?, ?, ?, ?)", []any{r.p, r.h, r.lo, rid, t}
}

func (r row) remove(rid, t int64) (string, []any) {
	switch r.table {
	case tableEqual:
		return "delete from ih where p = ? and h = ? and rid = ? and t = ?", []any{r.p, r.h, rid, t}
	case tableString:
		return "delete from istr where p = ? and v = ? and rid = ? and t = ?", []any{r.p, r.v, rid, t}
	case tableRange:
		return "delete from ir where p = ? and lo = ? and rid = ? and hi = ? and t = ?", []any{r.p, r.lo, rid, r.hi, t}
	}
	return "delete from ic where p = ? and h = ? and lo = ? and rid = ? and t = ?", []any{r.p, r.h, r.lo, rid, t}
}
