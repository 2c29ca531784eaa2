// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
)

// commit is one run of a commit inside its transaction. It may run again when
// the database asks for it, so it keeps nothing outside itself.
type commit struct {
	s     *Store
	a     Actor
	tx    *commitTx
	steps []*step
	at    time.Time
	id    int64 // SQLite: the last number of the log; PostgreSQL: the commit id
	work  []*written
	rels  map[string][]Relation // by patient; dropped when one changes
	seen  []decided             // what was allowed, for the audit
	asked []Seen                // of whom the conditions tell
	spent int                   // candidates that the conditions read
}

func (c *commit) run(ctx context.Context) error {
	c.at = c.s.cfg.Now().Truncate(time.Microsecond)
	if err := c.conditions(ctx); err != nil {
		return err
	}
	if err := c.references(ctx); err != nil {
		return err
	}
	if err := c.decide(ctx); err != nil {
		return err
	}
	if err := c.label(ctx); err != nil {
		return err
	}
	if err := c.judge(ctx); err != nil {
		return err
	}
	if err := c.relabel(ctx); err != nil {
		return err
	}
	for _, w := range c.work {
		if err := c.save(ctx, w); err != nil {
			return fmt.Errorf("writing a %s: %w", w.typ, err)
		}
	}
	if err := c.log(ctx); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	if err := c.tx.flush(ctx); err != nil {
		return fmt.Errorf("writing what was made: %w", err)
	}
	c.tx.stands = c.stands
	return c.audit(ctx) // also when nothing changed: it was asked
}

// stands tells whether this run was committed. One that wrote nothing but its
// audit may run again.
func (c *commit) stands(ctx context.Context) (bool, error) {
	if len(c.work) == 0 {
		return false, nil
	}
	w := c.work[0]
	args := []any{w.rid, w.t, w.ver, w.at.UnixMicro(), w.rid, w.t, w.ver, w.at.UnixMicro()}
	var one int
	return c.s.read.Row(ctx, []any{&one}, `select 1 from res where rid = ? and t = ? and ver = ? and upd = ?
		union all select 1 from ver where rid = ? and t = ? and ver = ? and upd = ?`, args...)
}

func (c *commit) place(i int) string {
	if len(c.steps) == 1 {
		return c.steps[i].typ
	}
	return fmt.Sprintf("Bundle.entry[%d].resource", i)
}

// decide compares each operation with what is stored and makes the new
// versions.
func (c *commit) decide(ctx context.Context) error {
	refs := make([]string, 0, len(c.steps))
	for _, s := range c.steps {
		if !s.met() && !(s.kind == opCreate && s.Op.doc.ID() == "") {
			refs = append(refs, s.ref)
		}
	}
	now, err := c.tx.loadAll(ctx, refs)
	if err != nil {
		return fmt.Errorf("reading what is there: %w", err)
	}
	if err := c.named(ctx, now); err != nil {
		return fmt.Errorf("guarding what is named: %w", err)
	}
	asked := map[string]bool{}
	for i, s := range c.steps {
		if s.met() {
			continue
		}
		if asked[s.ref] { // by two conditions
			return issue.New(issue.Invalid, "store.commit.twice", s.typ).At(c.place(i))
		}
		asked[s.ref] = true
		if err := c.visible(ctx, i, s, now[s.ref]); err != nil {
			return err
		}
		w, err := c.version(s, now[s.ref])
		if e, ok := err.(*issue.Error); ok {
			return c.hidden(ctx, now[s.ref], e.At(c.place(i)))
		}
		if err != nil {
			return err
		}
		w.step, w.reason = i, s.reason
		c.work = append(c.work, w)
	}
	return nil
}

// named makes commits that give the same new id wait for each other, and adds
// what the first of them wrote: Type/id is unique over all t, which no index of
// a table spread by t can promise. SQLite has one writer, and ids of our own
// making meet no other.
func (c *commit) named(ctx context.Context, now map[string]*stored) error {
	if c.tx.pg == nil {
		return nil
	}
	var refs []string
	var keys []int64
	for _, s := range c.steps {
		if !s.met() && s.version == 0 && s.kind != opUpdate && s.kind != opDelete && now[s.ref] == nil && !(s.kind == opCreate && s.Op.doc.ID() == "") {
			refs, keys = append(refs, s.ref), append(keys, hash64(s.ref))
		}
	}
	if len(refs) == 0 {
		return nil
	}
	slices.Sort(keys)
	err := c.tx.Exec(ctx, `insert into guard (h, at) select h, ? from unnest(?::bigint[]) h on conflict (h) do update set at = excluded.at`,
		c.at.UnixMicro(), slices.Compact(keys))
	if err != nil {
		return err
	}
	written, err := c.tx.loadAll(ctx, refs)
	maps.Copy(now, written)
	return err
}

// visible refuses to update or delete what the actor may neither read nor
// write, as what is not there, and judges that too, so that both take as long.
func (c *commit) visible(ctx context.Context, i int, s *step, old *stored) error {
	if s.kind == opCreate || s.kind == opImport || old == nil && s.kind == opPut && s.version == 0 {
		return nil
	}
	labels := Labels{Type: s.typ, ID: s.id}
	var says content
	if old != nil {
		labels, says = old.labels, old
	}
	for _, act := range []Action{ActRead, action[s.kind]} {
		dec, err := c.verdict(ctx, act, labels, says)
		if err != nil || dec.Allow && old != nil {
			return err
		}
		if act != ActRead && old != nil {
			return &refusal{issue.New(issue.NotFound, "store.not_found", s.typ).At(c.place(i)), act, labels, dec}
		}
	}
	return nil
}

// hidden answers with err, unless the actor may not read what it speaks of.
func (c *commit) hidden(ctx context.Context, old *stored, err *issue.Error) error {
	if old == nil {
		return err
	}
	dec, failed := c.verdict(ctx, ActRead, old.labels, old)
	if failed != nil {
		return failed
	}
	if dec.Allow {
		return err
	}
	no := issue.New(issue.NotFound, "store.not_found", old.labels.Type)
	if err.Issues[0].Code == issue.Duplicate {
		no = issue.New(issue.Duplicate, "store.id.taken", old.labels.Type)
	}
	return &refusal{no, ActRead, old.labels, dec}
}

// version makes the version that a step writes over old; idle when there is
// nothing to write, for then too the actor must be allowed to.
func (c *commit) version(s *step, old *stored) (*written, error) {
	if err := expected(s, old); err != nil {
		return nil, err
	}
	w := &written{typ: s.typ, id: s.id, ver: 1, op: wordCreate, at: c.at, old: old}
	if old != nil {
		var err error
		if w.before, err = old.doc(); err != nil {
			return nil, err
		}
		labels := old.labels
		w.rid, w.t, w.ver, w.was = old.rid, old.t, old.ver+1, &labels
		if w.before != nil {
			w.op = wordUpdate
		}
	} else {
		w.rid = c.s.ids.next()
	}
	if s.kind == opDelete {
		w.op, w.Labels, w.idle = wordDelete, old.labels, old.del != 0
		return w, nil
	}
	if w.before != nil && s.doc.WithMeta(s.id, versionID(old.ver), time.UnixMicro(old.upd)).Text() == old.body {
		s.result = w.before
		w.doc, w.idle = w.before, true
		return w, nil
	}
	w.doc = s.doc.WithMeta(s.id, versionID(w.ver), c.at)
	return w, nil
}

// expected refuses a step that does not fit what is there.
func expected(s *step, old *stored) error {
	gone := old != nil && old.del != 0
	switch {
	case s.version != 0 && old == nil && s.kind != opCreate: // as what may not be seen
		return issue.New(issue.NotFound, "store.not_found", s.typ)
	case s.version != 0 && (old == nil || gone || old.ver != s.version):
		return issue.New(issue.Precondition, "store.version.stale", s.typ)
	case s.kind == opCreate && old != nil:
		return issue.New(issue.Duplicate, "store.id.taken", s.typ)
	case s.kind == opUpdate && old == nil:
		return issue.New(issue.NotFound, "store.not_found", s.typ)
	case s.kind == opUpdate && gone:
		return issue.New(issue.Deleted, "store.deleted", s.typ)
	case s.kind == opDelete && old == nil:
		return issue.New(issue.NotFound, "store.not_found", s.typ)
	}
	return nil
}

// label gives every new version its labels.
func (c *commit) label(ctx context.Context) error {
	if err := c.s.label(ctx, c.tx, c.a, c.batch()); err != nil {
		e, ok := err.(*issue.Error)
		for _, w := range c.work {
			if ok && w.lab != nil && w.lab.refused {
				return c.hidden(ctx, w.old, e)
			}
		}
		return err
	}
	c.take()
	for _, w := range c.work {
		if w.old == nil {
			w.t = shardOf(w.Labels.Patient)
		}
	}
	return nil
}

// batch returns what is labelled: everything but deletes.
func (c *commit) batch() []*labelled {
	batch := make([]*labelled, 0, len(c.work))
	for _, w := range c.work {
		if w.op == wordDelete {
			continue
		}
		if w.lab == nil {
			w.lab = &labelled{doc: w.doc, was: w.was}
		}
		batch = append(batch, w.lab)
	}
	return batch
}

// take copies the labels that were worked out.
func (c *commit) take() {
	for _, w := range c.work {
		if w.lab != nil {
			w.Labels = w.lab.out
		}
	}
}

// judge asks the guard about every step: persons first, then visits, for they
// bring the relations under which the rest is written.
func (c *commit) judge(ctx context.Context) error {
	for _, s := range c.steps {
		if s.existing == nil {
			continue
		}
		if err := c.allow(ctx, ActRead, s.existing.labels, s.existing, ""); err != nil {
			return err
		}
	}
	order := slices.Clone(c.work)
	slices.SortStableFunc(order, func(a, b *written) int { return rank(a.typ) - rank(b.typ) })
	for _, w := range order {
		if err := c.judgeOne(ctx, w); err != nil {
			return err
		}
		if w.idle {
			continue
		}
		before := c.tx.statements
		if err := c.s.relate(ctx, c.tx, w); err != nil {
			return err
		}
		if c.tx.statements != before {
			delete(c.rels, w.Labels.Patient)
		}
	}
	c.work = slices.DeleteFunc(c.work, func(w *written) bool { return w.idle })
	return nil
}

func rank(typ string) int {
	switch typ {
	case "Patient":
		return 0
	case "Encounter":
		return 1
	}
	return 2
}

func (c *commit) judgeOne(ctx context.Context, w *written) error {
	switch {
	case w.op == wordDelete:
		return c.allow(ctx, ActDelete, *w.was, inHand{w.before}, w.reason)
	case w.was == nil:
		return c.allow(ctx, ActCreate, w.Labels, inHand{w.doc}, w.reason)
	}
	if err := c.allow(ctx, ActUpdate, *w.was, inHand{w.before}, w.reason); err != nil {
		return err
	}
	if same(*w.was, w.Labels) && !c.a.queried() {
		return nil
	}
	return c.allow(ctx, ActUpdate, w.Labels, inHand{w.doc}, w.reason)
}

// same reports whether policy can tell two labels apart.
func same(a, b Labels) bool {
	return a.Facility == b.Facility && a.Unit == b.Unit && a.Category == b.Category && a.Draft == b.Draft && a.Author == b.Author &&
		slices.Equal(a.Sensitivity, b.Sensitivity)
}

func (c *commit) verdict(ctx context.Context, act Action, l Labels, says content) (Decision, error) {
	rels, ok := c.rels[l.Patient]
	if !ok {
		all, err := relationsOf(ctx, c.tx, c.a, l.Patient)
		if err != nil {
			return Decision{}, err
		}
		rels = all[l.Patient]
		c.rels[l.Patient] = rels
	}
	return c.s.decide(c.a, act, l, says, rels, c.at), nil
}

// allow refuses with Forbidden, or NotFound when what is there may not even be
// read.
func (c *commit) allow(ctx context.Context, act Action, l Labels, says content, reason string) error {
	dec, err := c.verdict(ctx, act, l, says)
	if err != nil {
		return err
	}
	if dec.Allow {
		c.seen = append(c.seen, decided{act, l, dec, reason})
		return nil
	}
	no := issue.New(issue.Forbidden, "store.forbidden").At(l.Type)
	if act != ActCreate {
		read, err := c.verdict(ctx, ActRead, l, says)
		if err != nil {
			return err
		}
		if !read.Allow {
			no = issue.New(issue.NotFound, "store.not_found", l.Type)
		}
	}
	return &refusal{no, act, l, dec}
}

// relabel writes the stored resources whose sensitivity follows this commit.
// Nobody asks whether the actor may: the content stays.
func (c *commit) relabel(ctx context.Context) error {
	more, err := c.s.relabelled(ctx, c.tx, c.a, c.batch())
	if err != nil {
		return err
	}
	c.take()
	refs := make([]string, len(more))
	for i, l := range more {
		refs[i] = l.doc.Ref()
	}
	now, err := c.tx.loadAll(ctx, refs)
	if err != nil {
		return err
	}
	for i, l := range more {
		old := now[refs[i]]
		if old == nil || old.del != 0 {
			continue
		}
		doc, err := old.doc()
		if err != nil {
			return err
		}
		w := &written{step: -1, before: doc, was: l.was, Labels: l.out, typ: doc.Type(), id: doc.ID(),
			rid: old.rid, t: old.t, ver: old.ver + 1, op: wordUpdate, at: c.at, old: old, lab: l}
		w.doc = doc.WithMeta(w.id, versionID(w.ver), c.at)
		c.work = append(c.work, w)
		if err := c.s.relate(ctx, c.tx, w); err != nil {
			return err
		}
	}
	return nil
}

// references rewrites what the operations of one commit say of each other, and
// conditional references ("Patient?identifier=…").
func (c *commit) references(ctx context.Context) error {
	to := map[string]string{}
	bases := map[string]map[string]string{}
	for _, s := range c.steps {
		if s.doc == nil {
			continue
		}
		if base, ref := baseOf(s.alias); base != "" {
			if bases[base] == nil {
				bases[base] = map[string]string{}
			}
			bases[base][ref] = s.ref
		}
		to["urn:uuid:"+s.id] = s.ref
		if own := s.Op.doc.ID(); own != "" && own != s.id {
			to["urn:uuid:"+own], to[s.typ+"/"+own] = s.ref, s.ref
		}
		if s.alias != "" {
			to[s.alias] = s.ref
		}
	}
	for i, s := range c.steps {
		if s.doc == nil || s.met() {
			continue
		}
		if err := c.conditional(ctx, i, s, to); err != nil {
			return err
		}
		base, _ := baseOf(s.alias)
		for _, names := range []map[string]string{bases[base], to} {
			var err error
			if s.doc, err = s.doc.Renamed(names); err != nil {
				return fmt.Errorf("rewriting references: %w", err)
			}
		}
	}
	return nil
}

// baseOf splits the address of a resource, https://a.vn/fhir/Patient/1, into the
// base and the reference that means it in resources of the same base (R4
// bundle.html section 2.36.4.1); empty when it is none.
func baseOf(address string) (base, ref string) {
	parts := strings.Split(address, "/")
	n := len(parts) - 2
	if n < 3 || !strings.HasPrefix(address, "http") || !fhir.IsType(parts[n]) {
		return "", ""
	}
	return strings.Join(parts[:n], "/"), strings.Join(parts[n:], "/")
}
