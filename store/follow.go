// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Follow registers followers, before [Store.Start].
func (s *Store) Follow(f ...Follower) {
	for _, one := range f {
		s.followers = append(s.followers, &following{Follower: one})
	}
}

// following is a follower and how far it is.
type following struct {
	Follower
	pos   atomic.Int64
	pause time.Duration // grows while it fails
	again time.Time     // not before
}

const (
	followBatch = 500
	followEvery = 50 * time.Millisecond // at most; who is first does not wait
	followPoll  = time.Second           // a follower that failed tries again
	followPause = 30 * time.Second      // at most, between attempts of a failing follower
)

// Start begins to follow the log: it numbers it (PostgreSQL), folds it into
// views and seals the audit, until ctx ends or the store is closed. On SQLite
// it fails when another process has started on this folder; on PostgreSQL one
// of the started processes leads and the others stand by.
func (s *Store) Start(ctx context.Context) error {
	if s.stop != nil {
		return errors.New("the store is started already")
	}
	ctx, s.stop = context.WithCancel(ctx)
	if err := s.lead(ctx); err != nil {
		return fmt.Errorf("starting to follow the log: %w", err)
	}
	s.spawn(func() { s.keepIndex(ctx) })
	return nil
}

// prepareViews brings every view to the version and basis of its follower: a new or
// changed one begins empty and catches up.
func (s *Store) prepareViews(ctx context.Context) error {
	if err := s.sweepCopies(ctx); err != nil {
		s.log.Error("copies of views not removed", "error", err)
	}
	for _, f := range s.followers {
		if err := s.prepareView(ctx, f); err != nil {
			return fmt.Errorf("preparing view %s: %w", f.Name, err)
		}
	}
	return nil
}

func (s *Store) prepareView(ctx context.Context, f *following) error {
	return s.fold.in(ctx, func(tx *connTx) error {
		var version, seq int64
		var basis, tables string
		found, err := tx.Row(ctx, []any{&version, &basis, &seq, &tables}, `select version, basis, seq, tables from follower where name = ?`, f.Name)
		if err != nil {
			return err
		}
		if found && version == int64(f.Version) && basis == f.Basis {
			f.pos.Store(seq)
			return nil
		}
		f.pos.Store(0)
		return s.renew(ctx, tx, f, strings.Fields(tables))
	})
}

// renew drops the tables of a view and makes them again, empty, at position 0.
// Who was granted something on them is so again.
func (s *Store) renew(ctx context.Context, tx *connTx, f *following, old []string) error {
	rights, err := granted(ctx, tx)
	if err != nil {
		return err
	}
	if err := dropTables(ctx, tx, old); err != nil {
		return err
	}
	before, err := tablesIn(ctx, tx, s.schemaOf(tx))
	if err != nil {
		return err
	}
	if err := makeTables(ctx, tx, f.Tables); err != nil {
		return err
	}
	if err := grantAgain(ctx, tx, rights); err != nil {
		return err
	}
	after, err := tablesIn(ctx, tx, s.schemaOf(tx))
	if err != nil {
		return err
	}
	return savePosition(ctx, tx, f, 0, without(after, before))
}

func savePosition(ctx context.Context, tx *connTx, f *following, pos int64, tables []string) error {
	return tx.Exec(ctx, `insert into follower (name, version, basis, seq, tables) values (?, ?, ?, ?, ?)
		on conflict (name) do update set version = excluded.version, basis = excluded.basis, seq = excluded.seq, tables = excluded.tables`,
		f.Name, f.Version, f.Basis, pos, strings.Join(tables, " "))
}

func (s *Store) schemaOf(tx *connTx) string {
	if tx.pg {
		return "views"
	}
	return ""
}

// dropTables drops tables, and on PostgreSQL the SQL views over them; on SQLite
// a follower's own SQL drops those.
func dropTables(ctx context.Context, tx *connTx, names []string) error {
	whole := ""
	if tx.pg {
		whole = " cascade"
	}
	for _, t := range names {
		if err := tx.Exec(ctx, `drop table if exists `+t+whole); err != nil {
			return err
		}
	}
	return nil
}

// makeTables runs the follower's SQL in name order.
func makeTables(ctx context.Context, tx *connTx, files fs.FS) error {
	if files == nil {
		return nil
	}
	names, err := migrationNames(files, tx.pg)
	if err != nil {
		return err
	}
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := tx.Exec(ctx, string(body)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// tablesIn lists the tables of a schema (PostgreSQL) or file (SQLite), sorted.
func tablesIn(ctx context.Context, r reader, schema string) ([]string, error) {
	text, args := `select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`, []any(nil)
	if schema != "" {
		text, args = `select table_name from information_schema.tables where table_schema = ? and table_type = 'BASE TABLE' order by table_name`, []any{schema}
	}
	var names []string
	err := r.Rows(ctx, text, args, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	})
	slices.Sort(names)
	return names, err
}

// viewsIn lists the SQL views of a schema of PostgreSQL that a follower laid
// over its tables, sorted.
func viewsIn(ctx context.Context, r reader, schema string) ([]string, error) {
	var names []string
	err := r.Rows(ctx, `select table_name from information_schema.views where table_schema = ? order by table_name`, []any{schema},
		func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		})
	return names, err
}

// follow folds the log into the views until ctx ends.
func (s *Store) follow(ctx context.Context) {
	for ctx.Err() == nil {
		moved := s.logged.next()
		next := time.Now().Add(followEvery)
		if s.followOnce(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
		case <-moved:
		case <-time.After(followPoll):
		}
		pause(ctx, time.Until(next))
	}
}

// pause waits, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// followOnce moves every group of followers that stand at the same place by
// one batch: those that are up to date share one reading of the log, one that
// is catching up does not hold them back.
func (s *Store) followOnce(ctx context.Context) (more bool) {
	groups := map[int64][]*following{}
	for _, f := range s.followers {
		if time.Now().After(f.again) {
			groups[f.pos.Load()] = append(groups[f.pos.Load()], f)
		}
	}
	for pos, group := range groups {
		full, err := s.followGroup(ctx, pos, group)
		if err != nil && ctx.Err() == nil {
			s.log.Error("views not updated", "after", pos, "error", err)
			for _, f := range group {
				f.delay()
			}
		}
		more = more || full
	}
	return more
}

func (f *following) delay() {
	f.pause = min(max(2*f.pause, 100*time.Millisecond), followPause)
	f.again = time.Now().Add(f.pause)
}

// followGroup moves a group by one batch; more when it was full.
func (s *Store) followGroup(ctx context.Context, pos int64, group []*following) (more bool, err error) {
	events, more, err := s.events(ctx, pos, 1<<62, followBatch, group...)
	if err != nil || len(events) == 0 {
		return false, err
	}
	last := events[len(events)-1].Seq
	if want := pos + int64(len(events)); last != want {
		return false, fmt.Errorf("the log has a gap between %d and %d", pos, last)
	}
	var done []*following
	ctx = context.WithoutCancel(ctx) // a batch begun is finished
	err = s.fold.in(ctx, func(tx *connTx) error {
		if err := s.leads.still(ctx, tx); err != nil {
			return err
		}
		var err error
		if done, err = s.foldGroup(ctx, tx, pos, group, events); err != nil || len(done) == 0 {
			return err
		}
		args := []any{last}
		for _, f := range done {
			args = append(args, f.Name)
		}
		return tx.Exec(ctx, `update follower set seq = ? where name in (`+marks(len(done))+`)`, args...)
	})
	if err != nil {
		return false, err
	}
	for _, f := range done {
		f.pause = 0
		f.pos.Store(last)
	}
	s.viewed.set()
	for _, f := range done {
		s.cfg.Wake("view:" + f.Name)
	}
	return more, nil
}

// foldGroup folds a batch into the views of a group, each behind a savepoint,
// and returns those that have moved. A view that stands elsewhere, because
// somebody rebuilt it, is left out and its position corrected.
func (s *Store) foldGroup(ctx context.Context, tx *connTx, pos int64, group []*following, events []*event) ([]*following, error) {
	stands := map[string]int64{}
	err := tx.Rows(ctx, `select name, seq from follower order by name`+tx.locking(), nil, func(scan func(...any) error) error {
		var name string
		var at int64
		err := scan(&name, &at)
		stands[name] = at
		return err
	})
	if err != nil {
		return nil, err
	}
	var done []*following
	for _, f := range group {
		at, found := stands[f.Name]
		if found && at != pos {
			f.pos.Store(at)
			continue
		}
		err := errors.New("no position")
		switch {
		case found && !slices.ContainsFunc(events, f.wants):
			err = nil
		case found:
			err = tx.savepoint(ctx, func() error { return fold(ctx, tx, f, events) })
		}
		if errors.Is(err, errBroken) {
			return nil, err
		}
		if err != nil {
			s.log.Error("view failed", "view", f.Name, "after", pos, "error", err)
			f.delay()
			continue
		}
		done = append(done, f)
	}
	return done, nil
}

// locking ends a look at follower rows that the transaction builds on: a
// rebuild puts its tables in place only before it or after it.
func (t *connTx) locking() string {
	if t.pg {
		return " for update"
	}
	return "" // SQLite has one writer
}

// wants reports whether the follower is told of an event.
func (f *following) wants(e *event) bool { return f.Types == nil || slices.Contains(f.Types, e.Type) }

// fold applies the events that a follower wants.
func fold(ctx context.Context, tx Tx, f *following, events []*event) (err error) {
	seq := int64(0)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic at change %d: %v\n%s", seq, r, debug.Stack())
		}
	}()
	for _, e := range events {
		if !f.wants(e) {
			continue
		}
		seq = e.Seq
		now, before, err := e.docs()
		if err != nil {
			return err
		}
		if err := f.Apply(ctx, tx, e.Change, now, before); err != nil {
			return fmt.Errorf("change %d: %w", seq, err)
		}
	}
	return nil
}
