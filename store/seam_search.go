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

FINAL 2 (23:33): label and relabelled take []*labelled{doc, was, out} as your apply.go has them; relate and statements take *written.
  lockingLabels: "for key share" does not wait for an update of non-key columns; it must be "for share".
  relationsOf(ctx, r, a, patients...) map exists in relate.go; labelRow, labelColumns, readLabels in label.go scan label columns of res.
*/
