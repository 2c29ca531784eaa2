// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// migrate runs the *.sql files of an area that have not run yet, in name
// order, each in its own transaction. Files named x.sqlite.sql and
// x.postgres.sql run on that database only. A file that changed after it ran
// is an error: migrations go forward only.
func migrate(ctx context.Context, p *pool, area string, files fs.FS) error {
	names, err := migrationNames(files, p.pg)
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", area, err)
	}
	makeTable := func(tx *connTx) error {
		return tx.Exec(ctx, `create table if not exists migration (
			area text not null, name text not null, sum text not null, body text not null, primary key (area, name))`)
	}
	if err = p.in(ctx, makeTable); err != nil && p.pg {
		err = p.in(ctx, makeTable) // another process made it at the same moment
	}
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", area, err)
	}
	for _, name := range names {
		if err := migrateOne(ctx, p, area, name, files); err != nil {
			return fmt.Errorf("migration %s/%s: %w", area, name, err)
		}
	}
	return nil
}

func migrateOne(ctx context.Context, p *pool, area, name string, files fs.FS) error {
	body, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	return p.in(ctx, func(tx *connTx) error { return migrateStep(ctx, tx, area, name, body) })
}

// migrateStep runs one file unless it has run. Its row comes first: who starts at
// the same moment waits there until the file has run.
func migrateStep(ctx context.Context, tx Tx, area, name string, body []byte) error {
	digest := sha256.Sum256(body)
	sum := hex.EncodeToString(digest[:])
	var had string
	first, err := tx.Row(ctx, []any{&had}, `insert into migration (area, name, sum, body) values (?, ?, ?, ?) on conflict (area, name) do nothing returning sum`,
		area, name, sum, string(body))
	if err != nil {
		return err
	}
	if first {
		return tx.Exec(ctx, string(body))
	}
	if _, err = tx.Row(ctx, []any{&had}, `select sum from migration where area = ? and name = ?`, area, name); err == nil && had != sum {
		err = fmt.Errorf("the file changed after it ran")
	}
	return err
}

// migrationNames returns the files for this database, in name order.
func migrationNames(files fs.FS, pg bool) ([]string, error) {
	all, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	other := ".postgres.sql"
	if pg {
		other = ".sqlite.sql"
	}
	names := slices.DeleteFunc(all, func(n string) bool { return strings.HasSuffix(n, other) })
	slices.Sort(names)
	return names, nil
}
