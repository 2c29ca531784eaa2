// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"

	"mach/fhir"
	"mach/issue"
)

// Read returns a resource as it is now, after its audit row is durable.
// Errors: NotFound, also for what the actor may not see; Deleted.
func (d Door) Read(ctx context.Context, typ, id string) (*fhir.Doc, error) {
	ctx = withRequest(ctx, d.a)
	row, err := d.open(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	if row.del != 0 {
		return nil, issue.New(issue.Deleted, "store.deleted", typ)
	}
	return row.doc()
}

// open loads a row, asks whether the actor may read it and audits the answer.
func (d Door) open(ctx context.Context, typ, id string) (*stored, error) {
	row, rels, err := d.related(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	seen := Seen{Labels: Labels{Type: typ, ID: id}}
	var says content
	if row != nil {
		seen.Labels, says = row.labels, row
	}
	// What is not there is judged too: time tells it from what is hidden no
	// more than the answer does.
	seen.Decision = d.s.decide(d.a, ActRead, seen.Labels, says, rels, d.s.cfg.Now())
	if row == nil {
		seen.Decision = Decision{Reason: "not-found"}
	}
	if err := d.s.auditMany(ctx, d.a, ActRead, []Seen{seen}); err != nil {
		return nil, err
	}
	if !seen.Decision.Allow {
		return nil, issue.New(issue.NotFound, "store.not_found", typ)
	}
	return row, nil
}

// related reads a resource, nil when there never was one, and the relations of
// its person to the actor. One question: to ask costs more than to find.
func (d Door) related(ctx context.Context, typ, id string) (row *stored, rels []Relation, err error) {
	const text = `select ` + storedColumns + `, coalesce(x.patient, ''), coalesce(x.facility, ''), coalesce(x.account, ''),
		coalesce(x.kind, ''), coalesce(x.since, 0), coalesce(x.until, 0), coalesce(x.source, '')
		from res left join (select ` + relationColumns + ` from relation where ` + toActor + `) x on x.patient = res.patient where ` + byKey
	args := append(actorArgs(d.a), hash64(typ+"/"+id), typ, id)
	scan := func(scan func(...any) error) error {
		one, err := scanRelation(func(relation ...any) (err error) {
			row, err = scanStored(func(dest ...any) error { return scan(append(dest, relation...)...) })
			return err
		})
		if one.Kind != "" {
			rels = append(rels, one)
		}
		return err
	}
	err = d.s.read.together(ctx, question{text, args, scan, func() { row, rels = nil, nil }})
	if err != nil {
		return nil, nil, fmt.Errorf("reading a %s: %w", typ, err)
	}
	return row, rels, nil
}

// ReadVersion returns one version of a resource, the current one or one that
// it superseded. Errors as [Door.Read]; Deleted for the version that deleted
// it. What an old version alone would reveal is judged too.
func (d Door) ReadVersion(ctx context.Context, typ, id string, version int64) (*fhir.Doc, error) {
	ctx = withRequest(ctx, d.a)
	row, err := d.open(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	if row.ver == version {
		if row.del != 0 {
			return nil, issue.New(issue.Deleted, "store.deleted", typ)
		}
		return row.doc()
	}
	docs, changes, err := d.versions(ctx, row, `ver = ?`, version, 1)
	if err == nil {
		docs, changes, err = d.revealing(ctx, docs, changes)
	}
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, issue.New(issue.NotFound, "store.not_found", typ)
	}
	if changes[0].Op == wordDelete {
		return nil, issue.New(issue.Deleted, "store.deleted", typ)
	}
	return docs[0], nil
}

// History lists the versions of a resource, newest first, at most limit (0 =
// 100) and fewer when they are large, each with its change line (Seq is 0: the
// log knows it). The document of a deletion is nil. Versions that would reveal
// what the actor may not know are left out. Errors: NotFound.
func (d Door) History(ctx context.Context, typ, id string, limit int) ([]*fhir.Doc, []Change, error) {
	docs, changes, _, err := d.HistoryBelow(ctx, typ, id, 0, limit)
	return docs, changes, err
}

// HistoryBelow is History of the versions below one of them (0 = of all). More
// stand below older; 0 = none.
func (d Door) HistoryBelow(ctx context.Context, typ, id string, below int64, limit int) (docs []*fhir.Doc, changes []Change, older int64, err error) {
	ctx = withRequest(ctx, d.a)
	if limit <= 0 {
		limit = 100
	}
	row, err := d.open(ctx, typ, id)
	if err != nil {
		return nil, nil, 0, err
	}
	if below == 0 || below > row.ver {
		now, err := row.doc()
		if err != nil {
			return nil, nil, 0, err
		}
		docs = []*fhir.Doc{now}
		changes = []Change{{Type: typ, ID: id, Version: row.ver, Op: row.op, At: fromMicro(row.upd), Actor: row.actor, Labels: row.labels}}
		below = row.ver
	}
	past, before, err := d.versions(ctx, row, `ver < ?`, below, limit-len(docs))
	if err != nil {
		return nil, nil, 0, err
	}
	if n := len(before); n > 0 {
		below = before[n-1].Version
	}
	if below > 1 {
		older = below
	}
	if past, before, err = d.revealing(ctx, past, before); err != nil {
		return nil, nil, 0, err
	}
	return append(docs, past...), append(changes, before...), older, nil
}

// versions reads superseded versions of a row that the actor has opened, newest
// first; [Door.revealing] says which of them to show.
func (d Door) versions(ctx context.Context, row *stored, where string, version int64, limit int) ([]*fhir.Doc, []Change, error) {
	var docs []*fhir.Doc
	var changes []Change
	bytes := 0
	err := d.s.read.Rows(ctx, `select ver, upd, op, actor, body from ver where rid = ? and `+where+` order by ver desc limit ?`,
		[]any{row.rid, version, limit}, func(scan func(...any) error) error {
			c := Change{Type: row.labels.Type, ID: row.labels.ID, Labels: row.labels}
			var upd int64
			var body string
			if err := scan(&c.Version, &upd, &c.Op, &c.Actor, &body); err != nil {
				return err
			}
			c.At = fromMicro(upd)
			var doc *fhir.Doc
			if body != "" {
				var err error
				if doc, err = fhir.ParseString(body); err != nil {
					return err
				}
			}
			docs, changes = append(docs, doc), append(changes, c)
			if bytes += len(body); bytes >= batchBytes {
				return errEnough
			}
			return nil
		})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, nil, fmt.Errorf("versions of a %s: %w", row.labels.Type, err)
	}
	return docs, changes, nil
}

// revealing drops the versions whose own labels the actor may not see: a
// corrected diagnosis stays what it was in the old version, a preliminary
// result stays a draft.
func (d Door) revealing(ctx context.Context, docs []*fhir.Doc, changes []Change) ([]*fhir.Doc, []Change, error) {
	kept := 0
	l := labeller{s: d.s}
	for i, doc := range docs {
		if doc != nil {
			now, was := changes[i].Labels, changes[i].Labels
			was.Category, was.Draft, was.Author = categoryOf(doc), draft(doc), handedTo(doc, now.Author)
			was.Sensitivity = merged(now.Sensitivity, l.own(&labelled{doc: doc, out: Labels{Patient: now.Patient}}))
			if !same(now, was) || d.a.queried() {
				dec, err := d.s.judge(ctx, d.s.read, d.a, ActRead, was, inHand{doc})
				if err != nil {
					return nil, nil, err
				}
				if err := d.s.auditMany(ctx, d.a, ActRead, []Seen{{Labels: was, Decision: dec}}); err != nil {
					return nil, nil, err
				}
				if !dec.Allow {
					continue
				}
				changes[i].Labels = was
			}
		}
		docs[kept], changes[kept] = doc, changes[i]
		kept++
	}
	return docs[:kept], changes[:kept], nil
}
