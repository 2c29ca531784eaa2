// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"mach/fhir"
)

// Version names one version of a resource, as a line of the log does.
type Version struct {
	Type, ID string
	Version  int64
	Op       string // create, update, delete
}

// Told is a version as an actor is told of it. Doc is nil for a deletion.
type Told struct {
	Allow bool
	Doc   *fhir.Doc
}

// Tell reads versions that the actor did not ask for but is to be told of, as
// a subscription does: those that he may read now, by the labels of today and
// by those of the version itself. Like a search it leaves out what he may not
// see; who is shown is in the audit before Tell answers.
func (d Door) Tell(ctx context.Context, list []Version) ([]Told, error) {
	ctx = withRequest(ctx, d.a)
	told := make([]Told, len(list))
	var seen []Seen
	looked := false
	for i, v := range list {
		labels, err := readLabels(ctx, d.s.read, v.Type, v.ID)
		if err != nil {
			return nil, err
		}
		if labels == nil {
			continue // never written here
		}
		// By the labels alone first: no body is looked at for nothing.
		if !d.a.queried() {
			dec, err := d.s.judge(ctx, d.s.read, d.a, ActRead, *labels, nil)
			if err != nil {
				return nil, err
			}
			if !dec.Allow {
				continue
			}
		}
		looked = true
		one, err := d.tell(ctx, v)
		if err != nil {
			return nil, err
		}
		if told[i] = one.Told; one.Allow {
			seen = append(seen, one.seen)
		}
	}
	if len(seen) == 0 && looked {
		seen = append(seen, Seen{Decision: Decision{Reason: "nothing-to-tell"}})
	}
	return told, d.s.auditMany(ctx, d.a, ActRead, seen)
}

type telling struct {
	Told
	seen Seen
}

func (d Door) tell(ctx context.Context, v Version) (telling, error) {
	var t telling
	row, err := load(ctx, d.s.read, v.Type, v.ID)
	if err != nil || row == nil {
		return t, err
	}
	if v.Op == wordDelete { // what was deleted speaks for its last content
		labels := row.labels
		last, err := d.body(ctx, row, v.Version-1)
		if err != nil {
			return t, err
		}
		dec, err := d.s.judge(ctx, d.s.read, d.a, ActRead, labels, inHand{last})
		t.Allow, t.seen = dec.Allow, Seen{Labels: labels, Decision: dec}
		return t, err
	}
	doc, err := d.body(ctx, row, v.Version)
	if err != nil || doc == nil {
		return t, err
	}
	now := content(inHand{doc})
	if row.del == 0 {
		now = row
	}
	dec, err := d.s.judge(ctx, d.s.read, d.a, ActRead, row.labels, now)
	if err != nil || !dec.Allow {
		return t, err
	}
	docs, _, err := d.revealing(ctx, []*fhir.Doc{doc}, []Change{{Type: v.Type, ID: v.ID, Version: v.Version, Labels: row.labels}})
	if err != nil {
		return t, err
	}
	t.seen = Seen{Labels: row.labels, Decision: dec}
	if len(docs) == 1 {
		t.Allow, t.Doc = true, docs[0]
	}
	return t, nil
}

// body reads one version of a row, the current one or one it superseded; nil
// when it is not there or a deletion.
func (d Door) body(ctx context.Context, row *stored, version int64) (*fhir.Doc, error) {
	if row.ver == version {
		return row.doc()
	}
	var body string
	found, err := d.s.read.Row(ctx, []any{&body}, `select body from ver where rid = ? and ver = ?`, row.rid, version)
	if err != nil || !found || body == "" {
		return nil, err
	}
	doc, err := fhir.ParseString(body)
	if err != nil {
		return nil, fmt.Errorf("parsing a version of a %s: %w", row.labels.Type, err)
	}
	return doc, nil
}
