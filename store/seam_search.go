// SPDX-License-Identifier: Apache-2.0

package store

/*
SEAM between store-core (open, migrations, commit, audit) and search (index,
label, relate, search). Removed when both halves compile. Core, please:

Tables search expects (names and columns; anything may be added):

  res(rid bigint PK time-ordered, t bigint, kh bigint UNIQUE, typ text, id text, ver bigint,
      upd bigint µs, del smallint, body text,
      patient text, facility text, unit bigint, sens text (codes joined by ' ', '' none), category text, draft smallint, author text)
      -- labels: '' when absent; index res(typ, rid), res(typ, upd, rid)
  ih  (p bigint, h bigint, rid bigint, PK(p,h,rid))                      WITHOUT ROWID on SQLite
  istr(p bigint, v text,   rid bigint, PK(p,v,rid))
  ir  (p bigint, lo double precision, rid bigint, hi double precision, PK(p,lo,rid,hi))
  ic  (p bigint, h bigint, lo double precision, rid bigint, PK(p,h,lo,rid))
      -- a shard column t may come LAST in each key, never first (searches do not know it)
  relation(patient text, facility text, account text, kind text, since bigint µs, until bigint µs (0 = open),
      source text, PK(patient, kind, facility, account, source, since)); indexes (facility, patient), (account, patient), (source)
  secret(name text PK, value text)    -- one row 'cursor' made by search on demand (insert … on conflict do nothing)

  kh = hash64(typ + "/" + id): hash64 is in index.go; use it for kh too.

FINAL (23:21), as the code stands in label.go, label_spread.go, relate.go, index.go; all take your *written:

  err = s.label(ctx, tx, actor, batch []*written)   // fills .Labels of each; a delete keeps *was
  more, err := s.relabelled(ctx, tx, actor, batch)  // []*written: stored resources whose sensitivity follows a change in the batch (it
                                                    // may change .Labels.Sensitivity of the batch again); doc, before, was, Labels,
                                                    // typ, id, op filled; give ver, rid, at; write each as a new version, same body,
                                                    // op update, so that followers learn of it
  for sql, args := range statements(w *written)     // index.go: needs doc, before, rid, t; one text per table
  err = s.relate(ctx, tx Tx, w *written)            // needs doc, before, typ, id, Labels, at
  s.matching(ctx, r reader, typ, query string, limit int) ([]string, error) // as you ask
  Change.Labels of an old version: categoryOf(doc), draft(doc) from label.go

  relationsOf(ctx, r, a, patients...) map[string][]Relation exists in relate.go (facility, account and case rows): use it in judge
  instead of your own. labelRow, labelColumns, readLabels in label.go scan the label columns of res.
*/
