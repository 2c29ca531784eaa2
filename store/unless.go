// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mach/issue"
)

// conditionOf reads what a create depends on and returns it in one form, however
// it was written.
func conditionOf(typ, text string) (string, error) {
	q, err := parseQuery(typ, text)
	if err != nil {
		return "", err
	}
	if len(q.Params) == 0 {
		return "", issue.New(issue.Invalid, "search.query.empty")
	}
	asks := q // parameters of the store, and what R4 does not know, are met when it is asked
	asks.Lenient = true
	if _, err := (&vocabulary{terms: anyTerms{}}).compile(asks); err != nil {
		return "", err
	}
	asked := make([]string, len(q.Params))
	for i, kv := range q.Params {
		asked[i] = kv[0] + "=" + url.QueryEscape(kv[1])
	}
	slices.Sort(asked)
	return strings.Join(slices.Compact(asked), "&"), nil
}

// guardOf names the guard row of a condition: who asks for the same identifier
// waits for each other, whatever else they ask for.
func guardOf(typ, condition string) string {
	var numbers []string
	for part := range strings.SplitSeq(condition, "&") {
		if strings.HasPrefix(part, "identifier=") {
			numbers = append(numbers, part)
		}
	}
	if len(numbers) > 0 {
		condition = strings.Join(numbers, "&")
	}
	return typ + "?" + condition
}

// met reports whether the step has its answer: a condition that something
// fulfils already.
func (s *step) met() bool { return s.existing != nil || s.same != nil }

// conditions settles the conditional creates. Those with the same condition wait
// for each other at its guard row, so the second sees what the first wrote; in
// one commit the first stands for all.
func (c *commit) conditions(ctx context.Context) error {
	if err := c.guards(ctx); err != nil {
		return err
	}
	first := map[string]*step{}
	for i, s := range c.steps {
		if s.unless == "" {
			continue
		}
		key := s.typ + "?" + s.unless
		if s.same = first[key]; s.same != nil && (s.first || s.same.first) {
			return issue.New(issue.Invalid, "store.commit.twice", s.typ).At(c.place(i))
		}
		if s.same != nil {
			s.id, s.ref, s.existing, s.result = s.same.id, s.same.ref, s.same.existing, s.same.result
			continue
		}
		first[key] = s
		ids, err := c.matching(ctx, s.typ, s.unless, 2)
		if e := (*issue.Error)(nil); errors.As(err, &e) {
			return e.At(c.place(i))
		}
		if err != nil {
			return fmt.Errorf("conditional create: %w", err)
		}
		if err := c.meet(ctx, i, s, ids); err != nil {
			return err
		}
	}
	return nil
}

// guards takes the guard rows in one order, so that two commits never wait for
// each other. SQLite has one writer.
func (c *commit) guards(ctx context.Context) error {
	if c.tx.pg == nil {
		return nil
	}
	var keys []int64
	for _, s := range c.steps {
		if s.unless != "" {
			keys = append(keys, hash64(guardOf(s.typ, s.unless)))
		}
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		err := c.tx.Exec(ctx, `insert into guard (h, at) values (?, ?) on conflict (h) do update set at = excluded.at`, key, c.at.UnixMicro())
		if err != nil {
			return err
		}
	}
	return nil
}

// matching returns the ids of at most limit resources that a condition finds and
// notes for the audit whom it tells of.
func (c *commit) matching(ctx context.Context, typ, query string, limit int) ([]string, error) {
	ids, seen, err := c.s.matching(ctx, c.tx, c.a, typ, query, limit, &c.spent)
	c.asked = append(c.asked, seen...)
	return ids, err
}

// meet notes what fulfils the condition of a step. Who may neither read it nor
// create is answered as if nothing did.
func (c *commit) meet(ctx context.Context, i int, s *step, ids []string) (err error) {
	if len(ids) == 0 {
		return nil
	}
	if s.existing, err = load(ctx, c.tx, s.typ, ids[0]); err != nil {
		return err
	}
	read, err := c.verdict(ctx, ActRead, s.existing.labels, s.existing)
	if err != nil {
		return err
	}
	if !read.Allow || len(ids) > 1 {
		lab := &labelled{doc: s.doc.WithMeta(s.id, versionID(1), c.at)}
		if err := c.s.label(ctx, c.tx, c.a, []*labelled{lab}); err != nil {
			return err
		}
		dec, err := c.verdict(ctx, ActCreate, lab.out, inHand{lab.doc})
		if err != nil {
			return err
		}
		if !dec.Allow {
			return &refusal{issue.New(issue.Forbidden, "store.forbidden").At(s.typ), ActCreate, lab.out, dec}
		}
	}
	if len(ids) > 1 {
		return issue.New(issue.MultipleHits, "store.unless.many", s.typ).At(c.place(i))
	}
	if s.first && read.Allow {
		return issue.New(issue.Precondition, "store.version.stale", s.typ).At(c.place(i))
	}
	s.result, err = s.existing.doc()
	s.id, s.ref = ids[0], s.typ+"/"+ids[0]
	return err
}

// maxNamesakes is how many resources with one identifier a conditional reference
// looks at.
const maxNamesakes = 10

// conditional resolves the conditional references of a step into to: each must
// lead to the one resource, on record before this commit, that the actor may
// read.
func (c *commit) conditional(ctx context.Context, i int, s *step, to map[string]string) error {
	for _, ref := range conditionalRefs(s.doc) {
		if _, done := to[ref.text]; done {
			continue
		}
		found, err := c.readable(ctx, ref)
		var no *issue.Error
		switch {
		case len(found) == 1:
			to[ref.text] = ref.typ + "/" + found[0]
		case err != nil && !errors.As(err, &no):
			return fmt.Errorf("conditional reference: %w", err)
		case s.kind == opImport:
		case err != nil:
			return no.At(c.place(i))
		case len(found) == 0:
			return issue.New(issue.Precondition, "store.reference.none", ref.typ).At(c.place(i))
		default:
			return issue.New(issue.MultipleHits, "store.reference.many", ref.typ).At(c.place(i))
		}
	}
	return nil
}

// readable returns the ids of what a conditional reference leads to and the
// actor may read.
func (c *commit) readable(ctx context.Context, ref conditionalRef) ([]string, error) {
	query, err := conditionOf(ref.typ, ref.query)
	if err != nil {
		return nil, err
	}
	ids, err := c.matching(ctx, ref.typ, query, maxNamesakes)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, id := range ids {
		row, err := load(ctx, c.tx, ref.typ, id)
		if err != nil {
			return nil, err
		}
		read, err := c.verdict(ctx, ActRead, row.labels, row)
		if err != nil {
			return nil, err
		}
		if read.Allow {
			found = append(found, id)
		}
	}
	return found, nil
}
