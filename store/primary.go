// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"io/fs"
)

// Primary is the tables that an area owns beside the resources: accounts,
// attachments, talk. They are not health record: nothing here is judged or
// audited, which is the area's own duty. Placeholders are ? in both dialects.
type Primary struct {
	s *Store
}

// Primary runs the migrations of an area (*.sql in name order, each once) and
// returns its tables. Only the rooms that arch_test lists may call it.
func (s *Store) Primary(ctx context.Context, area string, files fs.FS) (*Primary, error) {
	if s.pg != nil {
		return &Primary{s}, migrate(ctx, s.read, area, files)
	}
	names, err := migrationNames(files, false)
	if err != nil {
		return nil, fmt.Errorf("migrations of %s: %w", area, err)
	}
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err == nil { // through the one writer, which holds the only connection
			err = s.write.do(ctx, func(tx *commitTx) error { return migrateStep(ctx, tx, area, name, body) })
		}
		if err != nil {
			return nil, fmt.Errorf("migration %s/%s: %w", area, name, err)
		}
	}
	return &Primary{s}, nil
}

// Row scans one row into dest and reports whether there was one.
func (p *Primary) Row(ctx context.Context, dest []any, sql string, args ...any) (bool, error) {
	return p.s.read.Row(ctx, dest, sql, args...)
}

// Rows calls scan for each row.
func (p *Primary) Rows(ctx context.Context, sql string, args []any, scan func(scan func(dest ...any) error) error) error {
	return p.s.read.Rows(ctx, sql, args, scan)
}

// Exec runs one statement; it is durable when Exec returns.
func (p *Primary) Exec(ctx context.Context, sql string, args ...any) error {
	return p.In(ctx, func(tx Tx) error { return tx.Exec(ctx, sql, args...) })
}

// Note is [Store.Note] within the transaction of In: the audit stands when what
// it tells of does.
func (p *Primary) Note(ctx context.Context, tx Tx, a Actor, act Action, l Labels, dec Decision) error {
	return tx.(*commitTx).writeAudit(ctx, p.s.auditRow(a, act, Seen{Labels: l, Decision: dec}))
}

// In runs work in one transaction; it is durable when In returns. On
// PostgreSQL work may run again when two transactions met.
func (p *Primary) In(ctx context.Context, work func(tx Tx) error) error {
	return p.s.write.do(ctx, func(tx *commitTx) error { return work(tx) })
}
