// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

const (
	fetchMax = 500    // candidates read at once
	budget   = 20_000 // candidates read for one page
	// conditionsMax bounds what all conditions of one commit read, each that asks
	// for more than an identifier for at least a batch: others wait to write.
	conditionsMax = 50_000

	batchBytes = 16 << 20 // of bodies read at once, or shown on one page
	keptBytes  = 64 << 20 // of hits held for a sort or a chain
)

// errEnough ends a reading of rows when their bodies fill a batch.
var errEnough = errors.New("enough bytes")

// walk goes along a path in batches: read candidates, check them on their
// documents, ask the guard.
type walk struct {
	x         *searcher
	p         *path     // the part of it that is walked
	earlier   []*path   // the parts before
	after     *position // keyset: nothing at or before it
	read      int       // candidates so far
	most      int       // rows at once, after bodies have filled a batch; 0 = as asked
	kept      int       // bytes of the hits so far
	end       bool
	sorting   bool // hits get the keys of the sort instead of the path's
	valueless bool // only resources without the sort value
	resume    position
	ahead     []hit // read already, but not on a page
	last      candidate
	values    *fhir.Extractor // of the parameters that somebody looks at
	needs     func(code string) bool
	probes    string // conditions beside the path
	probed    []any
	met       bool // the path and the probes are all conditions
}

func (x *searcher) walk(p *path) *walk {
	w := &walk{x: x, p: p}
	needs := slices.Concat(p.params, x.extra)
	if p.params == nil && p.key != "" {
		needs = append(needs, mainDate(x.c.typ))
	}
	for _, one := range x.c.preds {
		needs = append(needs, one.param.Code)
		for _, m := range one.members {
			needs = append(needs, m.Code)
		}
	}
	for _, k := range x.c.sort {
		needs = append(needs, k.code)
	}
	for _, in := range x.c.include {
		if !in.reverse {
			needs = append(needs, in.param)
		}
	}
	for _, ch := range x.later {
		needs = append(needs, ch.param.Code)
	}
	all := slices.Contains(needs, everyParam)
	w.needs = func(code string) bool {
		return all && code != paramID && code != paramUpdated || slices.Contains(needs, code)
	}
	w.values = fhir.NewExtractor(x.c.typ, func(p *fhir.Param) bool { return w.needs(p.Code) })
	w.probe()
	return w
}

// everyParam stands for all parameters.
const everyParam = "*"

// fill returns at most n hits, and done when nothing is left behind them; else
// w.resume is where the next page continues. A page that would read beyond the
// budget comes back short and not done.
func (w *walk) fill(ctx context.Context, n int) (hits []hit, done bool, err error) {
	hits, w.ahead = w.ahead, nil
	for size := w.batch(n, len(hits), w.firstBatch(n)); ; size = w.batch(n, len(hits), size) {
		switch {
		case len(hits) > n:
			hits, w.ahead = hits[:n:n], hits[n:]
			w.resume = hits[n-1].position
			return hits, false, nil
		case w.end:
			return hits, true, nil
		case w.read >= budget || w.kept >= batchBytes:
			if w.resume = (position{Part: len(w.earlier)}); w.after != nil {
				w.resume = *w.after
			}
			return hits, false, nil
		}
		batch, _, err := w.next(ctx, size)
		if err != nil {
			return nil, false, err
		}
		hits = append(hits, batch...)
	}
}

// try reads one batch ahead and reports whether that is enough for n hits.
func (w *walk) try(ctx context.Context, n int) (enough bool, err error) {
	w.ahead, _, err = w.next(ctx, w.firstBatch(n))
	return w.end || len(w.ahead) > n, err
}

// firstBatch is how many candidates are read for n hits before it is known how
// many of them match. Where every condition is met by the rows that are read,
// nearly all do.
func (w *walk) firstBatch(n int) int {
	if w.met {
		return min(n+1, fetchMax)
	}
	return min(n+n/4+8, fetchMax)
}

// batch is how many candidates to read next, by what came of those before.
func (w *walk) batch(n, found, size int) int {
	if w.read == 0 {
		return size
	}
	if found == 0 {
		return min(4*size, fetchMax)
	}
	least := 32
	if len(w.x.later) > 0 { // to hold one against a chain costs more than to ask once more
		least = 8
	}
	return min(max((n+1-found)*w.read*5/(4*found), least), fetchMax)
}

// goOn continues behind a position; false when the path has none such.
func (w *walk) goOn(at position) bool {
	for range at.Part {
		if !w.turn() {
			return false
		}
	}
	if len(at.Keys) > 0 {
		w.after = &at
	}
	return true
}

// turn goes to the next part of the path; false when there is none.
func (w *walk) turn() bool {
	if w.p.then == nil {
		return false
	}
	w.earlier = append(w.earlier, w.p)
	w.p, w.after, w.last = w.p.then, nil, candidate{}
	return true
}

// candidate is a row of res met on a path.
type candidate struct {
	st  *stored
	key key
}

// next reads one batch; done when the path has ended.
func (w *walk) next(ctx context.Context, size int) ([]hit, bool, error) {
	if w.end {
		return nil, true, nil
	}
	if w.most > 0 {
		size = min(size, w.most)
	}
	rows, err := w.rows(ctx, size)
	full := errors.Is(err, errEnough)
	if err != nil && !full {
		return nil, false, err
	}
	if w.read += len(rows); full {
		w.most = len(rows)
	}
	if err := w.x.spend(len(rows)); err != nil {
		return nil, false, err
	}
	if n := len(rows); n > 0 {
		at := w.position(rows[n-1])
		w.after = &at
	}
	hits := make([]hit, 0, len(rows))
	for _, c := range rows {
		h, ok, err := w.check(c)
		if err != nil {
			return nil, false, err
		}
		if ok {
			hits = append(hits, h)
		}
	}
	w.end = len(rows) < size && !full && !w.turn()
	if hits, err = w.x.judged(ctx, hits); err == nil {
		hits, err = w.x.held(ctx, hits)
	}
	for _, h := range hits {
		w.kept += h.size
	}
	return hits, w.end, err
}

// spend counts what the conditions of a commit read, and ends what is too much.
func (x *searcher) spend(rows int) error {
	if x.spent == nil {
		return nil
	}
	if *x.spent += rows; *x.spent > conditionsMax {
		return issue.New(issue.TooCostly, "search.query.toocostly")
	}
	return nil
}

func (w *walk) position(c candidate) position {
	k := c.key
	k.Missing = w.valueless
	return position{Keys: []key{k}, Rid: c.st.rid, Part: len(w.earlier)}
}

// rows reads candidates in the order of the path; errEnough when it stopped
// short of size. The relations of the one person whom they concern are asked in
// the same round trip.
func (w *walk) rows(ctx context.Context, size int) ([]candidate, error) {
	text, args := w.statement(size)
	var found []candidate
	bytes := 0
	candidates := question{text, args, func(scan func(...any) error) error {
		var c candidate
		var dest []any
		switch {
		case w.p.typ != "":
			dest = []any{new(string)}
		case w.p.key == "":
		case w.p.table == "istr":
			dest = []any{&c.key.Text}
		default:
			dest = []any{&c.key.Num}
		}
		var err error
		if c.st, err = scanFound(scan, dest...); err != nil {
			return err
		}
		if found, bytes = append(found, c), bytes+len(c.st.body); bytes >= batchBytes {
			return errEnough
		}
		return nil
	}, func() { found, bytes = nil, 0 }}
	var err error
	if pool, _ := w.x.r.(*pool); pool != nil && pool.pg && w.x.guarded {
		err = w.x.withRelations(ctx, pool, candidates)
	} else {
		err = w.x.r.Rows(ctx, candidates.text, candidates.args, candidates.scan)
	}
	if err != nil {
		return found, fmt.Errorf("reading candidates: %w", err)
	}
	return found, nil
}

// withRelations asks a question and, where everything concerns one person, for
// that person's relations with it.
func (x *searcher) withRelations(ctx context.Context, r *pool, q question) error {
	one := x.person()
	if _, known := x.rels[one]; known || one == "" {
		return r.together(ctx, q)
	}
	var rels []Relation
	err := r.together(ctx, q, question{`select ` + relationColumns + ` from relation where patient in (?) and ` + toActor,
		append([]any{one}, actorArgs(x.a)...), func(scan func(...any) error) error {
			rel, err := scanRelation(scan)
			rels = append(rels, rel)
			return err
		}, func() { rels = nil }})
	if err == nil {
		x.rels[one], x.rels[""] = rels, nil
	}
	return err
}

// statement writes the walk: the driving path with its keyset, at each of its
// rows the probes, and at each resource that is left the reach.
func (w *walk) statement(size int) (string, []any) {
	keyset, args := w.keyset()
	args = append(slices.Clone(w.p.args), args...)
	where := "res.typ = ? and res.del = 0" + w.probes
	args = append(append(args, w.x.c.typ), w.probed...)
	if w.x.where != "" {
		where, args = where+" and "+w.x.where, append(args, w.x.whereArgs...)
	}
	columns, direction := "", ""
	switch {
	case w.p.key != "":
		columns = w.p.key + ", "
	case w.p.typ != "":
		columns = "d.typ, "
	}
	if w.p.desc {
		direction = " desc"
	}
	order := " order by " + strings.ReplaceAll(columns, ",", direction+",") + "d.rid" + direction
	return w.eachResource(columns, w.p.where+keyset, where, order), append(args, size)
}

// probe writes the conditions that are looked up beside the path.
func (w *walk) probe() {
	w.met = len(w.x.later) == 0
	for _, p := range w.x.c.preds {
		if p == w.p.is || slices.Contains(w.p.also, p) {
			continue
		}
		cond, args := probe(p)
		if cond == "" {
			w.met = false
			continue
		}
		w.probes, w.probed = w.probes+" and "+cond, append(w.probed, args...)
	}
}

// eachResource joins the resource to each row of the path, the path first and in
// its order: strewn rows are sorted before their resources are read. SQLite keeps
// the order of a cross join; in PostgreSQL an offset keeps each part in its place.
func (w *walk) eachResource(columns, on, where, order string) string {
	text := "select " + columns + foundColumns + " from "
	rows := "(select " + columns + "d.rid, d.t from " + w.p.table + " d where " + on + order
	switch {
	case w.x.s.pg != nil:
		return text + rows + " offset 0) d cross join lateral (select * from res where res.rid = d.rid and res.t = d.t offset 0) res where " + where + order + " limit ?"
	case w.p.strewn:
		return text + rows + " limit -1) d cross join res where res.rid = d.rid and " + where + " limit ?"
	}
	return text + w.p.table + " d cross join res where res.rid = d.rid and " + on + " and " + where + order + " limit ?"
}

// foundColumns are what a search needs of a resource; scanFound scans them.
const foundColumns = "res.rid, res.upd, res.body, " + labelColumns

func scanFound(scan func(...any) error, key ...any) (*stored, error) {
	var s stored
	var l labelRow
	if err := scan(append(append(key, &s.rid, &s.upd, &s.body), l.dest()...)...); err != nil {
		return nil, err
	}
	s.labels = l.labels()
	return &s, nil
}

// keyset is the condition that continues behind the last batch.
func (w *walk) keyset() (string, []any) {
	if w.after == nil {
		return "", nil
	}
	than := ">"
	if w.p.desc {
		than = "<"
	}
	switch {
	case w.p.typ != "":
		return " and (d.typ, d.rid) > (?, ?)", []any{w.p.typ, w.after.Rid}
	case w.p.key == "":
		return " and d.rid " + than + " ?", []any{w.after.Rid}
	}
	k := w.after.Keys[0]
	var v any = k.Num
	switch {
	case w.p.table == "istr":
		v = k.Text
	case w.p.table == "res":
		v = int64(k.Num)
	}
	return " and (" + w.p.key + ", d.rid) " + than + " (?, ?)", []any{v, w.after.Rid}
}

// check matches a candidate on its document. Of several rows of one resource
// on the path only the one that is met first counts, or in the order of a sort
// the lowest.
func (w *walk) check(c candidate) (hit, bool, error) {
	if w.last.st != nil && c.st.rid == w.last.st.rid && c.key == w.last.key { // found by two alternatives
		return hit{}, false, nil
	}
	w.last = c
	doc, err := c.st.doc()
	if err != nil || doc == nil {
		return hit{}, false, err
	}
	idx := w.x.c.own().more(doc, w.values.Extract(doc), w.needs)
	s := subject{id: doc.ID(), upd: c.st.upd, idx: idx, doc: doc}
	for _, p := range w.x.c.preds {
		if !p.matches(&s) {
			return hit{}, false, nil
		}
	}
	if w.p.holds != nil && !w.first(c.key, doc.Type(), idx) {
		return hit{}, false, nil
	}
	h := hit{position: w.position(c), doc: doc, idx: slices.Clone(idx), labels: c.st.labels, size: len(c.st.body)}
	if w.valueless || w.sorting {
		keys := w.x.sortKeys(c.st, idx)
		if w.valueless && !keys[0].Missing {
			return hit{}, false, nil
		}
		if w.sorting {
			h.Keys = keys
		}
	}
	return h, true, nil
}

// first reports whether k is the key of the document that counts on the path.
func (w *walk) first(k key, typ string, idx []fhir.Index) bool {
	if w.p.params == nil {
		at, dated := happened(typ, idx)
		return dated && at == k.Num
	}
	if w.p.key == "" && len(w.earlier) == 0 { // one row of a resource at most
		return true
	}
	found := false
	var best key
	var rows []row
	for i := range idx {
		if !slices.Contains(w.p.params, idx[i].Param) && w.p.params[0] != everyParam {
			continue
		}
		rows = appendRows(rows[:0], typ, &idx[i])
		for _, r := range rows {
			if slices.ContainsFunc(w.earlier, func(p *path) bool { return p.holds(r) }) {
				return false
			}
			one := key{Text: r.v, Num: r.lo}
			if w.p.holds(r) && (!found || w.before(one, best)) {
				best, found = one, true
			}
		}
	}
	return found && (best == k || w.p.key == "")
}

// before reports whether a counts rather than b.
func (w *walk) before(a, b key) bool {
	order := cmp.Or(strings.Compare(a.Text, b.Text), cmp.Compare(a.Num, b.Num))
	return order < 0 && (!w.p.desc || w.p.sorted) || order > 0 && w.p.desc && !w.p.sorted
}

// judged keeps what the guard allows.
func (x *searcher) judged(ctx context.Context, hits []hit) ([]hit, error) {
	if !x.guarded {
		return hits, nil
	}
	var unknown []string
	if _, ok := x.rels[""]; !ok && len(hits) == 0 { // nothing found takes as long as nothing shown
		unknown, x.rels[""] = []string{""}, nil
	}
	for _, h := range hits {
		if p := h.labels.Patient; p != "" {
			if _, ok := x.rels[p]; !ok {
				unknown = append(unknown, p)
				x.rels[p] = nil
			}
		}
	}
	found, err := relationsOf(ctx, x.r, x.a, unknown...)
	if err != nil {
		return nil, err
	}
	for p, rels := range found {
		x.rels[p] = rels
	}
	kept := hits[:0]
	for _, h := range hits {
		h.decision = x.s.decide(x.a, ActSearch, h.labels, inHand{h.doc}, x.rels[h.labels.Patient], x.now)
		if h.decision.Allow {
			kept = append(kept, h)
		}
	}
	return kept, nil
}
