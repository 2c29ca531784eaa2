// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
)

// HistoryQuery asks for the versions of all resources of a type, or of all
// types.
type HistoryQuery struct {
	Type  string    // "" = every type
	Since time.Time // written then or later; zero = ever
	// From and To ask for the versions that were current at some time in
	// [From, To); zero = not asked.
	From, To time.Time
	Below    int64 // only lines of the log below this number; 0 = from the newest on
	Count    int   // 0 = 100
}

// historyLines is how many lines of the log one page of a history reads.
const historyLines = 20_000

// skew is how much later than a line an earlier one may say it was written: the
// time of a commit is taken before its turn in the log.
const skew = 5 * time.Minute

// Changed lists versions, newest first, each with its change line; the document
// of a deletion is nil. It shows and audits as [Door.Read] does for each. More
// may stand below older, also when the page is short; 0 = none. On PostgreSQL a
// version appears once the log has numbered it.
func (d Door) Changed(ctx context.Context, q HistoryQuery) (docs []*fhir.Doc, changes []Change, older int64, err error) {
	ctx = withRequest(ctx, d.a)
	if q.Count <= 0 {
		q.Count = 100
	}
	h := &historian{d: d, q: q, now: d.s.cfg.Now(), rels: map[string][]Relation{}}
	if q.Type != "" {
		var ok bool
		if h.where, h.args, ok = d.s.within(d.s.cfg.Guard.Reach(d.a, ActRead, q.Type), h.now.UnixMicro()); !ok {
			seen := Seen{Labels: Labels{Type: q.Type}, Decision: Decision{Reason: "reach"}}
			return nil, nil, 0, d.refuse(ctx, issue.New(issue.Forbidden, "search.forbidden", q.Type), ActRead, seen)
		}
	}
	if docs, changes, older, err = h.page(ctx); err != nil {
		return nil, nil, 0, err
	}
	if len(h.seen) == 0 {
		h.seen = append(h.seen, Seen{Labels: Labels{Type: q.Type}, Decision: Decision{Allow: true, Reason: "empty"}})
	}
	if err := d.s.auditMany(ctx, d.a, ActRead, h.seen); err != nil {
		return nil, nil, 0, err
	}
	if docs, changes, err = d.revealing(ctx, docs, changes); err != nil {
		return nil, nil, 0, err
	}
	return docs, changes, older, nil
}

// historian reads one page of a history.
type historian struct {
	d     Door
	q     HistoryQuery
	now   time.Time
	where string // what is in reach, "" = everything
	args  []any
	rels  map[string][]Relation
	seen  []Seen
}

// versionLine is one line of the log with the version it speaks of.
type versionLine struct {
	Change
	h    *historian
	ctx  context.Context
	rid  int64
	body *fhir.Doc
	read bool
}

// doc reads the version; the guard may want to see it ([Store.decide]).
func (v *versionLine) doc() (*fhir.Doc, error) {
	if v.read || v.Op == wordDelete {
		return v.body, nil
	}
	var body string
	_, err := v.h.d.s.read.Row(v.ctx, []any{&body}, `select coalesce(v.body, res.body) from res
		left join ver v on v.rid = res.rid and v.ver = ? where res.rid = ?`, v.Version, v.rid)
	if err != nil {
		return nil, fmt.Errorf("a version of a %s: %w", v.Type, err)
	}
	if body == "" { // it was deleted since the line was read
		return nil, nil
	}
	v.body, err = fhir.ParseString(body)
	v.read = err == nil
	return v.body, err
}

// page walks down the log until the page is full, or it has read enough.
func (h *historian) page(ctx context.Context) (docs []*fhir.Doc, changes []Change, older int64, err error) {
	below := h.q.Below
	if below <= 0 {
		last, err := h.d.s.Last(ctx)
		if err != nil {
			return nil, nil, 0, err
		}
		below = last + 1
	}
	bytes, end := 0, max(below-historyLines, 1)
	for below > end {
		lines, err := h.lines(ctx, below, end)
		if err != nil {
			return nil, nil, 0, err
		}
		for _, v := range lines {
			below = v.Seq
			if v.At.Before(h.q.Since.Add(-skew)) {
				return docs, changes, 0, nil
			}
			if v.At.Before(h.q.Since) || !h.allowed(v) {
				continue
			}
			doc, err := v.doc()
			if err != nil {
				return nil, nil, 0, err
			}
			docs, changes = append(docs, doc), append(changes, v.Change)
			if doc != nil {
				bytes += len(doc.Text())
			}
			if len(docs) == h.q.Count || bytes >= batchBytes {
				return docs, changes, leftBelow(below), nil
			}
		}
		if len(lines) < fetchMax {
			below = end
		}
	}
	return docs, changes, leftBelow(below), nil
}

// leftBelow is where the next page begins, 0 when the log is read to its start.
func leftBelow(seq int64) int64 {
	if seq <= 1 {
		return 0
	}
	return seq
}

// lines reads lines of the log, newest first, with the relations that the guard
// asks for.
func (h *historian) lines(ctx context.Context, below, end int64) ([]*versionLine, error) {
	text := `select c.seq, c.rid, c.ver, c.op, c.at, c.site, c.actor, ` + labelColumns + ` from change c join res on res.rid = c.rid and res.t = c.t`
	where, args := []string{"c.seq < ? and c.seq >= ?"}, []any{below, end}
	if !h.q.From.IsZero() {
		text += ` left join ver n on n.rid = c.rid and n.ver = c.ver + 1 and n.t = c.t`
		where = append(where, "c.at < ? and (c.ver = res.ver or case when c.ver + 1 = res.ver then res.upd else n.upd end > ?)")
		args = append(args, h.q.To.UnixMicro(), h.q.From.UnixMicro())
	}
	if h.q.Type != "" {
		where, args = append(where, "res.typ = ?"), append(args, h.q.Type)
	}
	if h.where != "" {
		where, args = append(where, h.where), append(args, h.args...)
	}
	var lines []*versionLine
	var patients []string
	err := h.d.s.read.Rows(ctx, text+` where `+strings.Join(where, " and ")+` order by c.seq desc limit ?`, append(args, fetchMax),
		func(scan func(...any) error) error {
			v := &versionLine{h: h, ctx: ctx}
			var l labelRow
			var at int64
			if err := scan(append([]any{&v.Seq, &v.rid, &v.Version, &v.Op, &at, &v.Site, &v.Actor}, l.dest()...)...); err != nil {
				return err
			}
			v.At, v.Labels = fromMicro(at), l.labels()
			v.Type, v.ID = v.Labels.Type, v.Labels.ID
			if p := v.Labels.Patient; p != "" && !slices.Contains(patients, p) {
				if _, known := h.rels[p]; !known {
					patients = append(patients, p)
				}
			}
			lines = append(lines, v)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	found, err := relationsOf(ctx, h.d.s.read, h.d.a, patients...)
	if err != nil {
		return nil, fmt.Errorf("relations of a history: %w", err)
	}
	for _, p := range patients {
		h.rels[p] = found[p]
	}
	return lines, nil
}

// allowed asks the guard about the resource as it is now; what an old version
// alone would tell is judged by [Door.revealing].
func (h *historian) allowed(v *versionLine) bool {
	l := v.Labels
	dec := h.d.s.decide(h.d.a, ActRead, l, v, h.rels[l.Patient], h.now)
	if dec.Allow {
		h.seen = append(h.seen, Seen{Labels: l, Decision: dec})
	}
	return dec.Allow
}
