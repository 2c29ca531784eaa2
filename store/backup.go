// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"mach/issue"
)

// Backup writes a copy of the data into dir, which must be empty or missing,
// while everybody goes on working. SQLite: the two files as they are at one
// moment each, views first, so that a view is never ahead of its log; what waits
// in the journal of reads is folded before.
// PostgreSQL: every table of schema mach in one snapshot, in COPY's text form;
// views are rebuilt after a restore. The other folders of the data folder
// (keys, blobs, content) are copied after the database: what it speaks of is
// there already.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := emptyDir(dir); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := s.foldReads(ctx); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	// The last checkpoint must not be younger than the database it speaks of.
	last, err := os.ReadFile(filepath.Join(s.cfg.Dir, "keys", lastNote))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backup: %w", err)
	}
	err = nil
	if s.pg != nil {
		err = s.dumpPostgres(ctx, filepath.Join(dir, "postgres"))
	} else {
		for _, name := range []string{sqliteViewFile, sqliteDataFile} {
			if err = vacuumInto(ctx, filepath.Join(s.cfg.Dir, name), filepath.Join(dir, name)); err != nil {
				break
			}
		}
	}
	if err != nil {
		return fmt.Errorf("backup of the database: %w", err)
	}
	if err = copyFolders(s.cfg.Dir, dir); err == nil {
		copied := filepath.Join(dir, "keys", lastNote)
		if last == nil {
			err = os.RemoveAll(copied)
		} else {
			err = os.WriteFile(copied, last, 0o600)
		}
	}
	if err != nil {
		return fmt.Errorf("backup of files: %w", err)
	}
	return nil
}

// Restore fills an empty data folder (and, with Config.Database, an empty
// database) from a backup. Nothing may have the data open.
func Restore(ctx context.Context, c Config, dir string) error {
	_, postgres := os.Stat(filepath.Join(dir, "postgres"))
	if (postgres == nil) != (c.Database != "") {
		return issue.New(issue.Invalid, "store.restore.other_database")
	}
	for _, name := range []string{sqliteDataFile, journalNames[0], journalNames[1]} {
		if _, err := os.Stat(filepath.Join(c.Dir, name)); err == nil {
			return issue.New(issue.Conflict, "store.restore.not_empty")
		}
	}
	if c.Database != "" {
		if err := loadPostgres(ctx, c, filepath.Join(dir, "postgres")); err != nil {
			return fmt.Errorf("restoring the database: %w", err)
		}
	}
	err := os.MkdirAll(c.Dir, 0o700)
	for _, name := range []string{sqliteViewFile, sqliteDataFile} {
		if c.Database == "" && err == nil {
			err = copyFile(filepath.Join(dir, name), filepath.Join(c.Dir, name), 0o600)
		}
	}
	if err == nil {
		err = copyFolders(dir, c.Dir)
	}
	if err != nil {
		return fmt.Errorf("restoring files: %w", err)
	}
	return nil
}

func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = issue.New(issue.Conflict, "store.backup.not_empty")
	}
	return err
}

// vacuumInto copies a SQLite file as it is at one moment, without gaps.
func vacuumInto(ctx context.Context, from, to string) error {
	db, err := sql.Open("sqlite", sqliteDSN(from))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `vacuum into ?`, to); err != nil {
		return err
	}
	return os.Chmod(to, 0o600)
}

// folders of a data folder that are neither databases nor of the moment.
var folders = []string{"keys", "blobs", "content"}

// copyFolders copies those folders of a data folder, not the copy itself when it
// is made inside. Of the files at the top only *.json is copied: everything else
// belongs to the databases, to running processes or to a backup cut short.
func copyFolders(from, to string) error {
	inside, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an upload that ended meanwhile
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || rel == "." {
			return err
		}
		top := !strings.ContainsRune(rel, filepath.Separator)
		if e.IsDir() {
			at, err := filepath.Abs(path)
			if err != nil {
				return err
			}
			if at == inside || top && !slices.Contains(folders, rel) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !e.Type().IsRegular() || top && filepath.Ext(rel) != ".json" {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return copyFile(path, filepath.Join(to, rel), info.Mode().Perm())
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) && mode != 0o600 {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// dumpPostgres writes one file a table, from one snapshot.
func (s *Store) dumpPostgres(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tx, err := s.pg.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	tables, err := tablesIn(ctx, &pgTx{conn: tx.Conn(), begun: true}, "mach")
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `select relname from pg_class where relispartition`)
	if err != nil {
		return err
	}
	parts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, t := range without(tables, parts) {
		f, err := os.OpenFile(filepath.Join(dir, t+".copy"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = tx.Conn().PgConn().CopyTo(ctx, f, `copy (select * from mach.`+t+`) to stdout`)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("table %s: %w", t, err)
		}
	}
	return nil
}

// loadPostgres makes the schema by the migrations that the backup recorded and
// fills it, in one transaction.
func loadPostgres(ctx context.Context, c Config, dir string) error {
	conn, err := pgx.Connect(ctx, c.Database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var n int
		if err := tx.QueryRow(ctx, `select count(*) from information_schema.tables where table_schema = 'mach'`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return issue.New(issue.Conflict, "store.restore.not_empty")
		}
		for _, text := range []string{`create schema if not exists mach`, `set local search_path = mach`,
			`create table migration (area text not null, name text not null, sum text not null, body text not null, primary key (area, name))`} {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		if err := copyFrom(ctx, tx, dir, "migration"); err != nil {
			return err
		}
		return replay(ctx, tx, dir, c.Partitions)
	})
}

// replay runs the recorded migrations and loads the other tables.
func replay(ctx context.Context, tx pgx.Tx, dir string, spread int) error {
	rows, err := tx.Query(ctx, `select body from migration order by case area when 'store' then 0 else 1 end, area, name`)
	if err != nil {
		return err
	}
	bodies, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, body := range bodies {
		if _, err := tx.Exec(ctx, body); err != nil {
			return err
		}
	}
	if err := spreadOut(ctx, tx, spread); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.copy"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	for _, f := range files {
		t := strings.TrimSuffix(filepath.Base(f), ".copy")
		if t == "migration" {
			continue
		}
		// A migration may have written rows, of which the copy has newer ones.
		if _, err := tx.Exec(ctx, `delete from `+pgx.Identifier{t}.Sanitize()); err != nil {
			return err
		}
		if err := copyFrom(ctx, tx, dir, t); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `update lease set until = 0`); err != nil { // who led then leads here no more
		return err
	}
	_, err = tx.Exec(ctx, `select setval(pg_get_serial_sequence('pending', 'pid'), (select coalesce(max(pid), 0) + 1 from pending), false),
		setval(pg_get_serial_sequence('pending_audit', 'pid'), (select coalesce(max(pid), 0) + 1 from pending_audit), false)`)
	return err
}

// spreadOut makes partitions before a backup is loaded whose tables had none.
func spreadOut(ctx context.Context, tx pgx.Tx, n int) error {
	if n == 0 {
		return nil
	}
	body := partitions(n)
	sum := sha256.Sum256([]byte(body))
	tag, err := tx.Exec(ctx, `insert into migration (area, name, sum, body) values ($1, $2, $3, $4) on conflict (area, name) do nothing`,
		partitionArea, partitionName, hex.EncodeToString(sum[:]), body)
	if err == nil && tag.RowsAffected() == 1 {
		_, err = tx.Exec(ctx, body)
	}
	return err
}

func copyFrom(ctx context.Context, tx pgx.Tx, dir, table string) error {
	f, err := os.Open(filepath.Join(dir, table+".copy"))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := tx.Conn().PgConn().CopyFrom(ctx, f, `copy mach.`+pgx.Identifier{table}.Sanitize()+` from stdin`); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	return nil
}
