// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// Commit writes the operations together: all or nothing, durable when it
// returns. Each document is validated, given its id, version and time,
// labelled, judged, indexed and logged; a version whose content is what is
// stored already writes nothing (Receipt.Changed is false).
//
// Errors: what [fhir.Validate] finds, paths beginning with
// "Bundle.entry[i].resource" when there are several operations; NotFound,
// Deleted; Precondition (the version asked for is not the one there);
// Duplicate (the id is taken); MultipleHits; Forbidden, or NotFound where the
// actor may not even read what is there.
func (d Door) Commit(ctx context.Context, ops ...Op) (Receipt, error) {
	return d.commit(ctx, "", ops)
}

func (d Door) commit(ctx context.Context, key string, ops []Op) (Receipt, error) {
	ctx = withRequest(ctx, d.a)
	steps, err := prepare(ops)
	if err != nil {
		return Receipt{}, err
	}
	var receipt Receipt
	err = d.s.write.do(ctx, func(tx *commitTx) error {
		if key != "" {
			stored, found, err := d.answered(ctx, tx, key, ops)
			if err != nil || found {
				receipt = stored
				return err
			}
		}
		c := &commit{s: d.s, a: d.a, tx: tx, steps: cloned(steps), rels: map[string][]Relation{}}
		if err := c.run(ctx); err != nil {
			return err
		}
		receipt = c.receipt()
		if key != "" {
			return d.remember(ctx, tx, key, ops, receipt)
		}
		return nil
	})
	var no *refusal
	if errors.As(err, &no) {
		return Receipt{}, errors.Join(no.err, d.s.auditMany(ctx, d.a, no.act, []Seen{{Labels: no.labels, Decision: no.decision}}))
	}
	if err != nil {
		return Receipt{}, err
	}
	d.s.wrote(receipt)
	return receipt, nil
}

// step is one operation on its way.
type step struct {
	Op
	ref      string    // Type/id that it writes
	existing *stored   // what a conditional create met
	changed  bool      //
	result   *fhir.Doc // as stored
}

func cloned(steps []*step) []*step {
	out := make([]*step, len(steps))
	for i, s := range steps {
		c := *s
		out[i] = &c
	}
	return out
}

// prepare does what needs no database: whitespace, validity, ids, references
// between the operations.
func prepare(ops []Op) ([]*step, error) {
	steps := make([]*step, len(ops))
	written := map[string]bool{}
	var found []issue.Issue
	for i, op := range ops {
		s := &step{Op: op}
		steps[i] = s
		if op.kind == opCreate && op.id == "" {
			s.id = NewID()
		}
		if s.id == "" || s.typ == "" {
			return nil, issue.New(issue.Required, "store.id.missing").At(place(ops, i, "id"))
		}
		s.ref = s.typ + "/" + s.id
		if op.unless == "" && written[s.ref] {
			return nil, issue.New(issue.Invalid, "store.commit.twice", s.typ).At(place(ops, i, ""))
		}
		written[s.ref] = true
		if op.doc == nil {
			continue
		}
		s.doc = op.doc.Compact()
		for _, is := range fhir.Validate(s.doc) {
			is.Path = place(ops, i, strings.TrimPrefix(strings.TrimPrefix(is.Path, s.typ), "."))
			found = append(found, is)
		}
	}
	if err := issue.List(found); err != nil {
		return nil, err
	}
	return steps, nil
}

// place names a path inside operation i.
func place(ops []Op, i int, path string) string {
	root := ops[i].typ
	if len(ops) > 1 {
		root = fmt.Sprintf("Bundle.entry[%d].resource", i)
	}
	if path == "" {
		return root
	}
	return root + "." + path
}

// refusal is a denied operation: the commit is undone, the denial is audited.
type refusal struct {
	err      error
	act      Action
	labels   Labels
	decision Decision
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// receipt says what the steps wrote.
func (c *commit) receipt() Receipt {
	r := Receipt{Docs: make([]*fhir.Doc, len(c.steps)), Changed: make([]bool, len(c.steps)), commit: c.id}
	for i, s := range c.steps {
		r.Docs[i], r.Changed[i] = s.result, s.changed
	}
	return r
}

// wrote tells those who wait that the log may have grown.
func (s *Store) wrote(r Receipt) {
	for _, doc := range r.Docs {
		if doc != nil && doc.Type() == typeOrganization {
			s.units.Delete(doc.ID())
		}
	}
	if slices.Contains(r.Changed, true) {
		s.moved.set()
	}
}
