// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mach/fhir"
	"mach/issue"
)

// Commit writes the operations together: all or nothing, durable when it
// returns. Each document is validated, given its id, version and time,
// labelled, judged, indexed and logged; a version whose content is what is
// stored already writes nothing (Receipt.Changed is false).
//
// Errors: what validation finds (see [Checks]), paths beginning with
// "Bundle.entry[i].resource" when there are several operations; NotFound,
// Deleted; Precondition (the version asked for is not the one there);
// Duplicate (the id is taken); MultipleHits; Forbidden, or NotFound where the
// actor may not even read what is there.
func (d Door) Commit(ctx context.Context, ops ...Op) (Receipt, error) {
	return d.commit(ctx, "", ops)
}

func (d Door) commit(ctx context.Context, key string, ops []Op) (Receipt, error) {
	ctx = withRequest(ctx, d.a)
	if len(ops) == 0 {
		return Receipt{}, nil
	}
	steps, err := d.prepare(ctx, ops)
	if err != nil {
		return Receipt{}, err
	}
	told, err := d.validate(ops, steps)
	if err != nil {
		return Receipt{}, err
	}
	var receipt Receipt
	var asked []Seen // told by the conditions of a commit that was undone
	began := d.s.cfg.Now()
	err = d.s.write.do(ctx, func(tx *commitTx) error {
		// Inside: whoever goes through what was there before waits for transactions
		// that began while somebody may not have known of a parameter.
		if err := d.s.freshOwn(ctx); err != nil {
			return err
		}
		if key != "" {
			stored, found, err := d.answered(ctx, tx, key, ops)
			if err != nil || found {
				receipt = stored
				return err
			}
		}
		c := &commit{s: d.s, a: d.a, tx: tx, steps: cloned(steps), rels: map[string][]Relation{}}
		err := c.run(ctx)
		if asked = c.asked; err != nil {
			return err
		}
		receipt = c.receipt()
		receipt.Issues = told
		if key != "" {
			return d.remember(ctx, tx, key, ops, receipt)
		}
		return nil
	})
	if err != nil {
		return Receipt{}, d.undone(ctx, err, ops[0], asked)
	}
	if d.s.cfg.Committed != nil {
		d.s.cfg.Committed(len(ops), d.s.cfg.Now().Sub(began))
	}
	d.s.wrote(receipt)
	if slices.ContainsFunc(ops, func(o Op) bool { return o.typ == typeSearchParameter }) {
		if err := d.s.refreshOwn(ctx); err != nil {
			d.s.log.Error("search parameters not read", "error", err) // they will be
		}
	}
	return receipt, nil
}

// Ended reports whether every commit of any process that began before a moment
// of the database's clock stands by now or was undone.
func (s *Store) Ended(ctx context.Context, before time.Time) (bool, error) {
	if s.pg == nil { // one writer: what came before is done when it is our turn
		err := s.write.do(ctx, func(*commitTx) error { return nil })
		return err == nil, err
	}
	var open int
	_, err := s.read.Row(ctx, []any{&open}, `select count(*) from pg_stat_activity where datname = current_database()
		and pid <> pg_backend_pid() and application_name = 'mach' and xact_start < to_timestamp(?)`, float64(before.UnixMicro())/1e6)
	return err == nil && open == 0, err
}

// undone audits a commit that was undone, and of whom its conditions told, and
// returns why.
func (d Door) undone(ctx context.Context, err error, first Op, asked []Seen) error {
	gone := ctx.Err() != nil // the asker; what was looked at stands in the audit all the same
	ctx = context.WithoutCancel(ctx)
	if len(asked) > 0 {
		if err := d.s.auditMany(ctx, d.a, ActSearch, asked); err != nil {
			return err
		}
	}
	var no *refusal
	if errors.As(err, &no) {
		return d.refuse(ctx, no.err, no.act, Seen{Labels: no.labels, Decision: no.decision})
	}
	if e := (*issue.Error)(nil); errors.As(err, &e) { // bodies were looked at
		l := Labels{Type: first.typ, ID: first.id}
		return d.refuse(ctx, e, action[first.kind], Seen{Labels: l, Decision: Decision{Reason: "refused-" + string(e.Issues[0].Code)}})
	}
	if gone {
		return d.refuse(ctx, err, action[first.kind], Seen{Labels: Labels{Type: first.typ, ID: first.id}, Decision: Decision{Reason: "cancelled"}})
	}
	return err
}

// refuse audits what was refused and returns why.
func (d Door) refuse(ctx context.Context, why error, act Action, seen Seen) error {
	if err := d.s.auditMany(ctx, d.a, act, []Seen{seen}); err != nil {
		return err
	}
	return why
}

// action says what an operation asks for.
var action = map[opKind]Action{opCreate: ActCreate, opUpdate: ActUpdate, opPut: ActUpdate, opImport: ActUpdate, opDelete: ActDelete}

// step is one operation on its way.
type step struct {
	Op
	ref      string    // Type/id that it writes
	unless   string    // If-None-Exist as it was understood; "" = none
	existing *stored   // what a conditional create met
	same     *step     // the step before it that has the same condition and met nothing
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

// prepare does what needs no database: whitespace, ids, references between the
// operations.
func prepare(ops []Op) ([]*step, error) {
	steps := make([]*step, len(ops))
	written := map[string]bool{}
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
		if op.unless == nil && written[s.ref] {
			return nil, issue.New(issue.Invalid, "store.commit.twice", s.typ).At(place(ops, i, ""))
		}
		written[s.ref] = true
		if op.unless != nil {
			var err error
			if s.unless, err = conditionOf(s.typ, *op.unless); err != nil {
				return nil, err
			}
		}
		if op.doc == nil {
			continue
		}
		s.doc = op.doc.Compact()
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
	r := Receipt{Docs: make([]*fhir.Doc, len(c.steps)), Changed: make([]bool, len(c.steps)), Created: make([]bool, len(c.steps)), commit: c.id}
	for i, s := range c.steps {
		r.Docs[i], r.Changed[i] = s.result, s.changed
		if s.same != nil {
			r.Docs[i] = s.same.result
		}
	}
	for _, w := range c.work {
		if w.step >= 0 {
			r.Created[w.step] = w.op == wordCreate
		}
	}
	return r
}

// wrote tells those who wait that the log may have grown.
func (s *Store) wrote(r Receipt) {
	if !slices.Contains(r.Changed, true) {
		return
	}
	if s.moved.set(); s.pg == nil { // numbered already
		s.logged.set()
	}
}
