// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mach/audit"
)

const (
	sealEvery = time.Minute
	sealBatch = 4096
)

// sealing seals the audit each minute.
func (s *Store) sealing(ctx context.Context) {
	every(ctx, sealEvery, func() {
		if err := s.Seal(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("audit not sealed", "error", err)
		}
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("old rows not swept", "error", err)
		}
	})
}

// every works at each period until ctx ends.
func every(ctx context.Context, period time.Duration, work func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			work()
		}
	}
}

// sweep forgets idempotency keys and guard rows that have had their time.
func (s *Store) sweep(ctx context.Context) error {
	now := s.cfg.Now()
	return s.write.do(ctx, func(tx *commitTx) error {
		if tx.pg != nil {
			if err := tx.Exec(ctx, `delete from guard where at < ?`, now.Add(-time.Hour).UnixMicro()); err != nil {
				return err
			}
		}
		return tx.Exec(ctx, `delete from once where at < ?`, now.Add(-onceFor).UnixMicro())
	})
}

var errCutBack = errors.New("a part of what was sealed is gone")

// Seal adds the audit rows since the last checkpoint to the tree and signs a
// new checkpoint. A started store does so each minute. It fails when a part of
// the tree was taken away: what was done to those rows must not be signed.
func (s *Store) Seal(ctx context.Context) error {
	if err := s.foldReads(ctx); err != nil {
		return fmt.Errorf("sealing the audit: %w", err)
	}
	size, _, missing, err := s.sealed(ctx)
	if err == nil && missing != "" {
		err = fmt.Errorf("%w: %s", errCutBack, missing)
	}
	var last int64
	if err == nil {
		_, err = s.read.Row(ctx, []any{&last}, `select coalesce(max(seq), 0) from audit`)
	}
	if err != nil {
		return fmt.Errorf("sealing the audit: %w", err)
	}
	if size == last {
		return nil
	}
	private, _, err := s.auditKey()
	if err != nil {
		return err
	}
	for size < last {
		if size, err = s.sealBatch(ctx, size, private); err != nil {
			return fmt.Errorf("sealing the audit after row %d: %w", size, err)
		}
	}
	return nil
}

func (s *Store) sealBatch(ctx context.Context, size int64, private string) (int64, error) {
	var rows []audit.Row
	err := auditRows(ctx, s.read, size, sealBatch, func(r audit.Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		return size, err
	}
	tree, tiles, err := audit.Grow(size, rows, s.tiles(ctx))
	if err != nil {
		return size, err
	}
	signed, err := audit.Sign(tree, private)
	if err != nil {
		return size, err
	}
	err = s.write.do(ctx, func(tx *commitTx) error {
		for _, t := range tiles {
			err := tx.Exec(ctx, `insert into tile (level, n, hashes) values (?, ?, ?) on conflict (level, n)
				do update set hashes = excluded.hashes where length(excluded.hashes) > length(tile.hashes)`, t.Level, t.N, t.Hashes)
			if err != nil {
				return err
			}
		}
		return tx.Exec(ctx, `insert into checkpoint (size, at, note) values (?, ?, ?)`, tree.Size, s.cfg.Now().UnixMicro(), signed)
	})
	if err != nil {
		return size, err
	}
	return tree.Size, s.keepNote(signed)
}

// lastNote is the file that holds the last checkpoint outside the database, so
// that who cuts the log back there is noticed. It is written after the
// database, so it never speaks of more than is there.
const lastNote = "audit.last"

func (s *Store) keepNote(signed string) error {
	path := filepath.Join(s.cfg.Dir, "keys", lastNote)
	if err := os.WriteFile(path+".new", []byte(signed), 0o600); err != nil {
		return fmt.Errorf("keeping the last checkpoint: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keeping the last checkpoint: %w", err)
	}
	return nil
}

// sealed returns how many rows are under a checkpoint and the last checkpoint
// as kept outside the database (of size 0 when there is none). missing says
// what of them is not there any more.
func (s *Store) sealed(ctx context.Context) (size int64, last audit.Tree, missing string, err error) {
	note, err := os.ReadFile(filepath.Join(s.cfg.Dir, "keys", lastNote))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, last, "", fmt.Errorf("reading the last checkpoint: %w", err)
	}
	if err == nil {
		pub, err := os.ReadFile(filepath.Join(s.cfg.Dir, "keys", "audit.pub"))
		if err != nil {
			return 0, last, "the public audit key is missing", nil
		}
		if last, err = audit.Open(string(note), strings.Fields(string(pub))); err != nil {
			return 0, last, "keys/" + lastNote + " is not what was signed", nil
		}
	}
	var tiled int64
	_, err = s.read.Row(ctx, []any{&size, &tiled}, `select coalesce((select max(size) from checkpoint), 0),
		coalesce((select n * 256 + length(hashes) / 32 from tile where level = 0 order by n desc limit 1), 0)`)
	switch {
	case err != nil:
	case size < last.Size:
		missing = fmt.Sprintf("the checkpoint of %d rows is missing", last.Size)
	case size < tiled:
		missing = fmt.Sprintf("%d rows were sealed, but the last checkpoint is of %d", tiled, size)
	}
	return size, last, missing, err
}

// tiles reads the stored tiles of the tree.
func (s *Store) tiles(ctx context.Context) audit.Tiles {
	return func(level, n int64) ([]byte, error) {
		var hashes []byte
		_, err := s.read.Row(ctx, []any{&hashes}, `select hashes from tile where level = ? and n = ?`, level, n)
		return hashes, err
	}
}

// auditKey reads the signing key of this installation, or makes it: the
// private half in keys/audit.key (0600), the public half in keys/audit.pub.
func (s *Store) auditKey() (private, public string, err error) {
	dir := filepath.Join(s.cfg.Dir, "keys")
	key, err := os.ReadFile(filepath.Join(dir, "audit.key"))
	if err == nil {
		pub, err := os.ReadFile(filepath.Join(dir, "audit.pub"))
		return strings.TrimSpace(string(key)), strings.TrimSpace(string(pub)), err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("reading the audit key: %w", err)
	}
	private, public, err = audit.NewKey("mach/" + s.cfg.Site)
	if err != nil {
		return "", "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "audit.pub"), []byte(public+"\n"), 0o644); err != nil {
		return "", "", fmt.Errorf("keeping the public audit key: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "audit.key"), []byte(private+"\n"), 0o600); err != nil {
		return "", "", fmt.Errorf("keeping the audit key: %w", err)
	}
	return private, public, nil
}

// checkAudit recomputes the tree from the rows, and whom each tells of.
func (s *Store) checkAudit(ctx context.Context) (CheckLine, error) {
	line := CheckLine{Check: "audit"}
	err := s.foldReads(ctx)
	var last audit.Tree
	var missing string
	if err == nil {
		_, last, missing, err = s.sealed(ctx)
	}
	if err != nil {
		return line, fmt.Errorf("checking the audit: %w", err)
	}
	points, detail, err := s.checkpoints(ctx)
	if err != nil || detail != "" {
		line.Detail = detail
		return line, err
	}
	if last.Size > 0 {
		i, _ := slices.BinarySearchFunc(points, last.Size, func(t audit.Tree, size int64) int { return cmp.Compare(t.Size, size) })
		points = slices.Insert(points, i, last)
	}
	c := audit.NewChecker(s.tiles(ctx), points)
	people, after := uint64(0), int64(0)
	for n := 1; n > 0; {
		n = 0
		err := auditRows(ctx, s.read, after, sealBatch, func(r audit.Row) error {
			n++
			after = r.Seq
			for _, p := range strings.Fields(r.Patient) {
				people += rowSum("audit_patient", []any{p, r.Seq})
			}
			return c.Add(r)
		})
		if err != nil {
			return line, fmt.Errorf("checking the audit: %w", err)
		}
	}
	err = s.read.Rows(ctx, `select patient, seq from audit_patient where seq <= ?`, []any{after}, func(scan func(...any) error) error {
		var p string
		var seq int64
		err := scan(&p, &seq)
		people -= rowSum("audit_patient", []any{p, seq})
		return err
	})
	if err != nil {
		return line, fmt.Errorf("checking the audit: %w", err)
	}
	f := c.Finding()
	switch line.OK, line.Detail = f.OK, f.Detail; {
	case f.OK && missing != "":
		line.OK, line.Detail = false, missing
	case f.OK && people != 0:
		line.OK, line.Detail = false, "the access logs of persons do not hold the rows that tell of them"
	}
	return line, nil
}

// checkpoints reads and verifies the signed checkpoints, by size. detail says
// which one does not hold.
func (s *Store) checkpoints(ctx context.Context) (points []audit.Tree, detail string, err error) {
	type signed struct {
		size int64
		note string
	}
	var all []signed
	err = s.read.Rows(ctx, `select size, note from checkpoint order by size`, nil, func(scan func(...any) error) error {
		var c signed
		err := scan(&c.size, &c.note)
		all = append(all, c)
		return err
	})
	if err != nil || len(all) == 0 {
		return nil, "", err
	}
	pub, err := os.ReadFile(filepath.Join(s.cfg.Dir, "keys", "audit.pub"))
	if err != nil {
		return nil, "the public audit key is missing", nil
	}
	for _, c := range all {
		tree, err := audit.Open(c.note, strings.Fields(string(pub)))
		if err != nil || tree.Size != c.size {
			return nil, fmt.Sprintf("the checkpoint of %d rows is not what was signed", c.size), nil
		}
		points = append(points, tree)
	}
	return points, "", nil
}
