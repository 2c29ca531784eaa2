// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// commitTx is the transaction of one unit of work on the data.
type commitTx struct {
	Tx
	pg *pgTx // nil on SQLite
	// logged and audited are the last numbers given, on SQLite only: there is
	// one writer, so numbering inside the commit is in commit order.
	logged, audited int64
	statements      int        // since the batch began; bounds it
	rows            []*inserts // index rows of the commit, SQLite only
	// stands tells whether a transaction was committed whose connection broke
	// meanwhile; nil = nobody can tell. PostgreSQL only.
	stands func(ctx context.Context) (bool, error)
}

// groupWriter is the one writer of a SQLite file. Units that arrive while it
// is busy share the next transaction and its fsync; each but the first stands
// behind its own savepoint, so that a failing one takes nobody along.
type groupWriter struct {
	pool  *pool
	tx    *connTx
	units chan *unit
	done  chan struct{}
	once  sync.Once
}

type unit struct {
	work func(tx *commitTx) error
	err  chan error
}

// groupLimit bounds the units of one transaction. Once it has writeLimit
// statements nobody joins it: behind a savepoint every page is copied before it
// changes, which costs large units more than an fsync of their own.
const (
	groupLimit = 256
	writeLimit = 300
)

// ErrClosed is what a closed store answers.
var ErrClosed = errors.New("the store is closed")

func newGroupWriter(p *pool) (*groupWriter, error) {
	conn, err := p.db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	g := &groupWriter{pool: p, tx: &connTx{conn: conn, trace: p.trace},
		units: make(chan *unit, groupLimit), done: make(chan struct{})}
	go g.run()
	return g, nil
}

// do queues the work and waits until it is durable. A unit that was queued is
// finished even when its asker has gone.
func (g *groupWriter) do(ctx context.Context, work func(tx *commitTx) error) error {
	u := &unit{work: work, err: make(chan error, 1)}
	select {
	case <-g.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case g.units <- u:
	}
	select {
	case err := <-u.err:
		return err
	case <-g.done:
		select { // the last units are answered before done is closed
		case err := <-u.err:
			return err
		default:
			return ErrClosed
		}
	}
}

func (g *groupWriter) close() error {
	g.once.Do(func() { g.units <- nil })
	<-g.done
	g.tx.forget()
	return errors.Join(g.tx.conn.Close(), g.pool.close())
}

func (g *groupWriter) run() {
	defer close(g.done)
	var carry *unit
	for {
		first := carry
		if carry = nil; first == nil {
			if first = <-g.units; first == nil {
				g.refuse()
				return
			}
		}
		if !g.batch(first) {
			g.refuse()
			return
		}
	}
}

// refuse answers what was queued behind the end.
func (g *groupWriter) refuse() {
	for {
		select {
		case u := <-g.units:
			if u != nil {
				u.err <- ErrClosed
			}
		default:
			return
		}
	}
}

// batch runs first and what waits behind it in one transaction; it reports
// false when the end was met.
func (g *groupWriter) batch(first *unit) (more bool) {
	ctx := context.Background()
	units, errs := []*unit{first}, []error{nil}
	more = true
	tx := &commitTx{Tx: g.tx}
	var alone error // of the first unit, which fails with its transaction
	err := g.tx.transact(ctx, func(c *connTx) error {
		if err := tx.numbers(ctx); err != nil {
			return err
		}
		if alone = g.one(ctx, tx, first); alone != nil {
			return alone
		}
		for more && len(units) < groupLimit && tx.statements < writeLimit {
			var u *unit
			select {
			case u = <-g.units:
				more = u != nil
			default:
			}
			if u == nil {
				break
			}
			units = append(units, u)
			err := g.behind(ctx, tx, u)
			if errors.Is(err, errBroken) {
				return err
			}
			errs = append(errs, err)
		}
		return nil
	})
	for i, u := range units {
		switch {
		case alone != nil:
			u.err <- alone
		case err != nil:
			u.err <- fmt.Errorf("writing to disk: %w", err)
		default:
			u.err <- errs[i]
		}
	}
	return more
}

// behind runs a unit behind a savepoint; its numbers are taken back when it
// fails.
func (g *groupWriter) behind(ctx context.Context, tx *commitTx, u *unit) error {
	before := *tx
	err := g.tx.savepoint(ctx, func() error { return g.one(ctx, tx, u) })
	if err != nil {
		tx.logged, tx.audited = before.logged, before.audited
	}
	return err
}

func (g *groupWriter) one(ctx context.Context, tx *commitTx, u *unit) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a commit: %v\n%s", r, debug.Stack())
		}
	}()
	tx.rows = nil // of a unit that failed
	return u.work(tx)
}

// numbers reads where the log and the audit stand: another process may have
// written since.
func (t *commitTx) numbers(ctx context.Context) error {
	_, err := t.Row(ctx, []any{&t.logged, &t.audited},
		`select coalesce((select max(seq) from change), 0), coalesce((select max(seq) from audit), 0)`)
	return err
}

// Exec counts what a batch has written. Like the questions it takes no notice
// of an asker who has gone: on SQLite others share the transaction.
func (t *commitTx) Exec(ctx context.Context, text string, args ...any) error {
	t.statements++
	return t.Tx.Exec(t.patient(ctx), text, args...)
}

// Row is [Tx] Row.
func (t *commitTx) Row(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	return t.Tx.Row(t.patient(ctx), dest, text, args...)
}

// Rows is [Tx] Rows.
func (t *commitTx) Rows(ctx context.Context, text string, args []any, scan func(scan func(dest ...any) error) error) error {
	return t.Tx.Rows(t.patient(ctx), text, args, scan)
}

func (t *commitTx) patient(ctx context.Context) context.Context {
	if t.pg != nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}
