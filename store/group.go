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
}

// groupWriter is the one writer of a SQLite file. Units that arrive while it
// is busy share the next transaction and its fsync; each stands behind its own
// savepoint, so that a failing one takes nobody along.
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

// groupLimit bounds the units of one transaction; writeLimit its statements,
// so that a reader's snapshot and the WAL stay small.
const (
	groupLimit = 256
	writeLimit = 20000
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
	units, errs := []*unit{first}, []error{}
	more = true
	tx := &commitTx{Tx: g.tx}
	err := g.tx.transact(ctx, func(c *connTx) error {
		if err := tx.numbers(ctx); err != nil {
			return err
		}
		for i := 0; i < len(units); i++ {
			err := g.one(ctx, tx, units[i])
			if errors.Is(err, errBroken) {
				return err
			}
			errs = append(errs, err)
			if i+1 == len(units) && len(units) < groupLimit && tx.statements < writeLimit {
				select {
				case u := <-g.units:
					if u == nil {
						more = false
					} else {
						units = append(units, u)
					}
				default:
				}
			}
			if !more {
				break
			}
		}
		return nil
	})
	for i, u := range units {
		if err == nil {
			u.err <- errs[i]
		} else {
			u.err <- fmt.Errorf("writing to disk: %w", err)
		}
	}
	return more
}

// one runs a unit behind a savepoint; its numbers are taken back when it fails.
func (g *groupWriter) one(ctx context.Context, tx *commitTx, u *unit) error {
	tx.rows = nil // of a unit that failed
	before := *tx
	err := g.tx.savepoint(ctx, func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic in a commit: %v\n%s", r, debug.Stack())
			}
		}()
		return u.work(tx)
	})
	if err != nil {
		tx.logged, tx.audited = before.logged, before.audited
	}
	return err
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
