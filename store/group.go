// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"mach/issue"
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
// is busy share the next transaction and its fsync. None stands behind a
// savepoint, for which SQLite copies every page before it changes: nearly all
// that are refused have written nothing yet. Where one fails that has, everybody
// runs again, alone.
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

// groupLimit bounds the units of one transaction; once it has writeLimit
// statements nobody joins it.
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
	for more := true; more; {
		first := <-g.units
		if first == nil {
			break
		}
		var units []*unit
		for units, more = g.waiting(first); len(units) > 0; {
			units = g.batch(units)
		}
	}
	g.refuse()
}

// waiting returns first and the units that wait behind it; more is false when the
// end was met.
func (g *groupWriter) waiting(first *unit) (units []*unit, more bool) {
	units = []*unit{first}
	for len(units) < groupLimit {
		select {
		case u := <-g.units:
			if u == nil {
				return units, false
			}
			units = append(units, u)
		default:
			return units, true
		}
	}
	return units, true
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

// batch runs units in one transaction, as far as writeLimit, and answers them; it
// returns those that are left.
func (g *groupWriter) batch(units []*unit) (rest []*unit) {
	ctx := context.Background()
	tx := &commitTx{Tx: g.tx}
	var errs []error
	tangled := false
	err := g.tx.transact(ctx, func(*connTx) error {
		if err := tx.numbers(ctx); err != nil {
			return err
		}
		for _, u := range units {
			before := tx.statements
			err := g.one(ctx, tx, u)
			errs = append(errs, err)
			if tangled = err != nil && (tx.statements != before || !refused(err)); tangled {
				return err
			}
			if tx.statements >= writeLimit {
				break
			}
		}
		return nil
	})
	if len(errs) == 0 { // not even begun
		errs = make([]error, len(units))
	}
	units, rest = units[:len(errs)], units[len(errs):]
	if tangled && len(units) > 1 {
		for _, u := range units {
			g.batch([]*unit{u})
		}
		return rest
	}
	for i, u := range units {
		if err != nil && errs[i] == nil {
			errs[i] = fmt.Errorf("writing to disk: %w", err)
		}
		u.err <- errs[i]
	}
	return rest
}

// refused reports whether a unit said no, rather than SQLite, which may have
// rolled back.
func refused(err error) bool {
	var e *issue.Error
	return errors.As(err, &e)
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
