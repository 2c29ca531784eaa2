// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mach/fhir"
)

// Bulk is what one pass of an export asks for: the resources of one type.
type Bulk struct {
	Type string
	// Owners narrows to what belongs to these persons, sorted, "*" to what
	// belongs to any; nil = everything.
	Owners []string
	// Since leaves out what was last changed before it, in µs; 0 = nothing.
	Since int64
	// Gone asks instead for what was deleted at Since or later, before this
	// time in µs, and is still deleted; 0 = for what is there.
	Gone int64
	// Any are alternatives, of which each resource must meet one; nil = all.
	Any []*Criteria
	// At is where to go on: the zero value at the beginning, then what
	// [Door.Bulk] returned.
	At BulkPlace
	// Count is how many rows are read at most; 0 = 2,000.
	Count int
}

// BulkPlace is where an export stands. It stays good when the process ends.
type BulkPlace struct {
	Owner int   // index in Owners
	Rid   int64 // the last row read
	Upd   int64 `json:",omitempty"` // when that was deleted, in µs; with Gone
}

// BulkRow is one resource of an export with what the audit will say of it.
type BulkRow struct {
	Body string // the exact JSON; of what was deleted, its last
	Seen Seen
}

const bulkCount = 2000

// Bulk reads a piece of an export, in the order of creation: the rows of now
// that the actor may find, as a search judges them, each once although others
// write meanwhile. It holds no transaction open between pieces. done says that
// nothing is left behind At.
//
// What was deleted comes in the order of its deletion, judged by the labels and
// the content that it had last: nobody learns of the end of what he could not
// find. What is deleted or made again from Gone on is another export's to tell.
//
// It does not audit: bodies may leave the house only after their Seen are in
// the audit, by [Door.Disclose]. What an export of a million rows would say a
// million times is so said once for each person.
func (d Door) Bulk(ctx context.Context, q Bulk) (rows []BulkRow, at BulkPlace, done bool, err error) {
	ctx = withRequest(ctx, d.a)
	c := &compiled{k: &compiler{vocabulary: d.s.vocabulary()}, typ: q.Type}
	x := &searcher{s: d.s, r: d.s.read, a: d.a, c: c, now: d.s.cfg.Now(), guarded: true}
	if err := x.enter(ctx); err != nil || x.outside {
		return nil, q.At, true, err
	}
	count := q.Count
	if count <= 0 {
		count = bulkCount
	}
	if q.Gone > 0 {
		return x.deleted(ctx, q, count)
	}
	if q.Since > 0 {
		where := "res.upd >= ?"
		if x.where != "" {
			where += " and " + x.where
		}
		x.where, x.whereArgs = where, append([]any{q.Since}, x.whereArgs...)
	}
	at = q.At
	persons := len(q.Owners) > 0 && q.Owners[0] != "*"
	if persons && at.Owner >= len(q.Owners) {
		return nil, at, true, nil
	}
	way := typePath(q.Type)
	if persons {
		way = ownerPath(q.Type, q.Owners[at.Owner])
	}
	w := x.walk(way)
	if at.Rid != 0 {
		w.after = &position{Rid: at.Rid}
	}
	found, err := w.rows(ctx, count)
	full := errors.Is(err, errEnough)
	if err != nil && !full {
		return nil, at, false, fmt.Errorf("exporting %s: %w", q.Type, err)
	}
	if n := len(found); n > 0 {
		at.Rid = found[n-1].st.rid
	}
	done = len(found) < count && !full
	var owner []string
	if persons { // what belongs to another comes there
		owner = q.Owners[at.Owner : at.Owner+1]
	}
	if rows, err = x.bulk(ctx, q, owner, found); err != nil {
		return nil, at, false, err
	}
	if done && persons {
		at.Owner, at.Rid = at.Owner+1, 0
		done = at.Owner >= len(q.Owners)
	}
	return rows, at, done, nil
}

// piece reads rows until they are enough for once (errEnough).
func (x *searcher) piece(ctx context.Context, text string, args []any) ([]candidate, error) {
	var found []candidate
	bytes := 0
	err := x.r.Rows(ctx, text, args, func(scan func(...any) error) error {
		st, err := scanStored(scan)
		if err != nil {
			return err
		}
		if found, bytes = append(found, candidate{st: st}), bytes+len(st.body); bytes >= batchBytes {
			return errEnough
		}
		return nil
	})
	return found, err
}

// deleted reads a piece of what was deleted. It walks what was changed since,
// for a deleted resource has no rows in the index by person.
func (x *searcher) deleted(ctx context.Context, q Bulk, count int) (rows []BulkRow, at BulkPlace, done bool, err error) {
	at = q.At
	text, args := `res.typ = ? and (res.upd, res.rid) > (?, ?) and res.upd < ? and res.del = 1`, []any{q.Type, max(at.Upd, q.Since), at.Rid, q.Gone}
	if x.where != "" {
		text, args = text+` and `+x.where, append(args, x.whereArgs...)
	}
	// As a row that is there still, with the body that it had.
	found, err := x.piece(ctx, `select res.rid, res.t, res.ver, res.upd, res.op, res.actor, 0, coalesce(was.body, ''), `+labelColumns+` from res
		left join ver was on was.rid = res.rid and was.ver = res.ver - 1 and was.t = res.t
		where `+text+` order by res.typ, res.upd, res.rid limit ?`, append(args, count))
	full := errors.Is(err, errEnough)
	if err != nil && !full {
		return nil, at, false, fmt.Errorf("exporting what was deleted of %s: %w", q.Type, err)
	}
	if n := len(found); n > 0 {
		at.Upd, at.Rid = found[n-1].st.upd, found[n-1].st.rid
	}
	var owners []string
	if len(q.Owners) > 0 && q.Owners[0] != "*" {
		owners = q.Owners
	}
	rows, err = x.bulk(ctx, q, owners, found)
	return rows, at, len(found) < count && !full, err
}

// bulk keeps of the rows read what is asked for and allowed. owners are the
// persons, sorted, to one of whom each must belong; nil = not asked.
func (x *searcher) bulk(ctx context.Context, q Bulk, owners []string, found []candidate) ([]BulkRow, error) {
	hits := make([]hit, 0, len(found))
	last := int64(0)
	for _, c := range found {
		owner := c.st.labels.Patient
		_, owned := slices.BinarySearch(owners, owner)
		switch {
		case c.st.rid == last, // by two ways of one path
			owners != nil && !owned,
			q.Owners != nil && owner == "":
			continue
		}
		last = c.st.rid
		h := hit{labels: c.st.labels, size: len(c.st.body), position: position{Rid: c.st.rid}}
		if len(q.Any)+len(x.c.preds) > 0 || x.a.queried() {
			doc, err := c.st.doc()
			if err != nil {
				return nil, err
			}
			if h.doc = doc; !x.picked(q, doc) {
				continue
			}
		}
		hits = append(hits, h)
	}
	bodies := make(map[int64]string, len(found))
	for _, c := range found {
		bodies[c.st.rid] = c.st.body
	}
	hits, err := x.judged(ctx, hits)
	if err != nil {
		return nil, err
	}
	rows := make([]BulkRow, len(hits))
	for i, h := range hits {
		rows[i] = BulkRow{Body: bodies[h.Rid], Seen: Seen{Labels: h.labels, Decision: h.decision}}
	}
	return rows, nil
}

// picked reports whether one of the alternatives finds the document, and all
// that the scopes put among the conditions.
func (x *searcher) picked(q Bulk, doc *fhir.Doc) bool {
	own := x.c.own()
	s := &Subject{typ: q.Type, own: own, subject: subjectOf(doc, own.extract(doc))}
	for _, p := range x.c.preds {
		if !p.matches(&s.subject) {
			return false
		}
	}
	if len(q.Any) == 0 {
		return true
	}
	for _, c := range q.Any {
		if c.Finds(s) {
			return true
		}
	}
	return false
}

// Disclose puts of whom [Door.Bulk] told into the audit, durable when it
// returns. Those that are named together are told of together.
func (d Door) Disclose(ctx context.Context, act Action, seen []Seen) error {
	return d.s.auditMany(withRequest(ctx, d.a), d.a, act, seen)
}
