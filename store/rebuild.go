// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mach/issue"
)

// Rebuild fills a copy of a view from the whole log, beside the one in use,
// then puts it in its place with its position, in one transaction. Readers see
// the old view until then. Any process may do it.
func (s *Store) Rebuild(ctx context.Context, view string) error {
	f, err := s.follower(view)
	if err != nil {
		return err
	}
	c, err := s.copyOf(ctx, f)
	if err != nil {
		return fmt.Errorf("rebuilding %s: %w", view, err)
	}
	defer c.drop()
	pos, err := c.fill(ctx, 1<<62)
	if err == nil {
		err = c.swap(ctx, pos)
	}
	if err != nil {
		return fmt.Errorf("rebuilding %s: %w", view, err)
	}
	s.logged.set()
	return nil
}

// Repair makes anew what the store keeps twice: the search index from the
// documents, every view from the log. It runs beside a server and may be begun
// again. Log and audit are only checked, never repaired.
func (s *Store) Repair(ctx context.Context) error {
	if err := s.Reindex(ctx); err != nil {
		return err
	}
	for _, f := range s.followers {
		if err := s.Rebuild(ctx, f.Name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) follower(view string) (*following, error) {
	for _, f := range s.followers {
		if f.Name == view {
			return f, nil
		}
	}
	return nil, issue.New(issue.NotFound, "store.view.unknown", view)
}

// viewCopy is a second set of a view's tables: in a file of its own (SQLite)
// or a schema of its own (PostgreSQL), so the same SQL fills it.
type viewCopy struct {
	s     *Store
	f     *following
	place string // file path or schema
	pool  *pool  // SQLite: its own; PostgreSQL: that of the views
	conn  *sql.Conn
	tx    *connTx
}

func (s *Store) copyOf(ctx context.Context, f *following) (_ *viewCopy, err error) {
	c := &viewCopy{s: s, f: f}
	defer func() {
		if err != nil {
			c.drop()
		}
	}()
	if s.pg == nil {
		file, err := os.CreateTemp(s.cfg.Dir, "rebuild-*.db")
		if err != nil {
			return nil, err
		}
		c.place = file.Name()
		file.Close()
		db, err := sql.Open("sqlite", sqliteDSN(c.place, "journal_mode(off)", "synchronous(off)"))
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(1)
		c.pool = newPool(db, false, nil)
	} else {
		c.pool, c.place = s.views, fmt.Sprintf("views_copy_%d", s.ids.next())
	}
	if c.conn, err = c.pool.db.Conn(ctx); err != nil {
		return nil, err
	}
	c.tx = &connTx{conn: c.conn, pg: c.pool.pg}
	return c, c.tx.transact(ctx, func(tx *connTx) error {
		if tx.pg {
			if err := tx.Exec(ctx, `create schema `+c.place); err != nil {
				return err
			}
			if err := tx.Exec(ctx, `set search_path = `+c.place); err != nil {
				return err
			}
		}
		return makeTables(ctx, tx, f.Tables)
	})
}

// fill folds the log up to a number into the copy and returns where it stands.
func (c *viewCopy) fill(ctx context.Context, upto int64) (int64, error) {
	pos := int64(0)
	for ctx.Err() == nil {
		events, _, err := c.s.events(ctx, pos, upto, followBatch, c.f)
		if err != nil || len(events) == 0 {
			return pos, err
		}
		if err := c.tx.transact(ctx, func(tx *connTx) error { return fold(ctx, tx, c.f, events) }); err != nil {
			return pos, err
		}
		pos = events[len(events)-1].Seq
	}
	return pos, ctx.Err()
}

// swap puts the tables of the copy in the place of the view's.
func (c *viewCopy) swap(ctx context.Context, pos int64) error {
	if c.tx.pg {
		return c.swapSchema(ctx, pos)
	}
	c.closeConn()
	p := c.s.fold
	return p.alone(ctx, func(tx *connTx) error {
		if err := tx.Exec(ctx, `attach database '`+strings.ReplaceAll(c.place, "'", "''")+`' as copy`); err != nil {
			return err
		}
		err := tx.transact(ctx, func(tx *connTx) error {
			if err := c.replace(ctx, tx, pos, func() error { return makeTables(ctx, tx, c.f.Tables) }); err != nil {
				return err
			}
			var own []string
			err := tx.Rows(ctx, `select name from copy.sqlite_master where type = 'table' and name not like 'sqlite_%'`, nil, func(scan func(...any) error) error {
				var name string
				err := scan(&name)
				own = append(own, name)
				return err
			})
			for _, t := range own {
				err = errors.Join(err, tx.Exec(ctx, `delete from main.`+t), tx.Exec(ctx, `insert into main.`+t+` select * from copy.`+t))
			}
			return err
		})
		tx.forget()
		return errors.Join(err, tx.Exec(ctx, `detach database copy`))
	})
}

func (c *viewCopy) swapSchema(ctx context.Context, pos int64) error {
	tables, err := tablesIn(ctx, c.tx, c.place)
	if err != nil {
		return err
	}
	over, err := viewsIn(ctx, c.tx, c.place)
	if err != nil {
		return err
	}
	return c.tx.transact(ctx, func(tx *connTx) error {
		if err := tx.Exec(ctx, `set local search_path = views`); err != nil {
			return err
		}
		return c.replace(ctx, tx, pos, func() error {
			for _, t := range tables {
				if err := tx.Exec(ctx, `alter table `+c.place+`.`+t+` set schema views`); err != nil {
					return err
				}
			}
			for _, v := range over {
				if err := tx.Exec(ctx, `alter view `+c.place+`.`+v+` set schema views`); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// replace drops the view's tables, lets move bring the new ones and saves the
// position with them.
func (c *viewCopy) replace(ctx context.Context, tx *connTx, pos int64, move func() error) error {
	var old string
	if _, err := tx.Row(ctx, []any{&old}, `select tables from follower where name = ?`+tx.locking(), c.f.Name); err != nil {
		return err
	}
	rights, err := granted(ctx, tx)
	if err != nil {
		return err
	}
	if err := dropTables(ctx, tx, strings.Fields(old)); err != nil {
		return err
	}
	schema := c.s.schemaOf(tx)
	before, err := tablesIn(ctx, tx, schema)
	if err != nil {
		return err
	}
	if err := move(); err != nil {
		return err
	}
	if err := grantAgain(ctx, tx, rights); err != nil {
		return err
	}
	after, err := tablesIn(ctx, tx, schema)
	if err != nil {
		return err
	}
	return savePosition(ctx, tx, c.f, pos, without(after, before))
}

func (c *viewCopy) closeConn() {
	if c.conn == nil {
		return
	}
	c.tx.forget()
	c.conn.Close()
	c.conn = nil
	if !c.tx.pg {
		c.pool.close()
	}
}

// drop removes the copy, or what the swap left of it.
func (c *viewCopy) drop() {
	ctx := context.Background()
	if c.tx != nil && c.tx.pg {
		c.tx.Exec(ctx, `set search_path = views`)
		c.tx.Exec(ctx, `drop schema if exists `+c.place+` cascade`)
	}
	c.closeConn()
	if c.s.pg == nil && c.place != "" {
		os.Remove(filepath.Clean(c.place))
	}
}

// copyTerm is longer than any copy of a view is filled; what is older was left
// behind by a process that died.
const copyTerm = 24 * time.Hour

// sweepCopies removes the copies of views that were left behind.
func (s *Store) sweepCopies(ctx context.Context) error {
	before := time.Now().Add(-copyTerm)
	if s.pg == nil {
		found, err := filepath.Glob(filepath.Join(s.cfg.Dir, "rebuild-*.db"))
		for _, path := range found {
			if info, failed := os.Stat(path); failed == nil && info.ModTime().Before(before) {
				err = errors.Join(err, os.Remove(path))
			}
		}
		return err
	}
	var old []string
	err := s.views.Rows(ctx, `select nspname from pg_namespace where nspname like 'views!_copy!_%' escape '!'`, nil, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		id, failed := strconv.ParseInt(strings.TrimPrefix(name, "views_copy_"), 10, 64)
		if failed == nil && ridTime(id).Before(before) {
			old = append(old, name)
		}
		return err
	})
	for _, name := range old {
		err = errors.Join(err, s.views.in(ctx, func(tx *connTx) error { return tx.Exec(ctx, `drop schema `+name+` cascade`) }))
	}
	return err
}

// without returns a minus b, in the order of a.
func without(a, b []string) []string {
	had := make(map[string]bool, len(b))
	for _, t := range b {
		had[t] = true
	}
	var out []string
	for _, t := range a {
		if !had[t] {
			out = append(out, t)
		}
	}
	return out
}
