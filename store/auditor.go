// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"sync"
	"time"

	"mach/audit"
)

// auditor writes the audit rows of what is read: into the waiting room of
// PostgreSQL, or into the [journal] beside SQLite. Those that arrive while it
// writes travel together with one flush to disk, as the commits of SQLite do.
type auditor struct {
	flush func(rows []audit.Row) error // durable when it returns
	units chan *auditUnit
	stop  chan struct{}
	all   sync.WaitGroup
}

type auditUnit struct {
	rows []audit.Row
	err  chan error
}

const auditBatch = 256 // units of one flush

func newAuditor(writers int, flush func(rows []audit.Row) error) *auditor {
	a := &auditor{flush: flush, units: make(chan *auditUnit, auditBatch), stop: make(chan struct{})}
	for range writers {
		a.all.Go(a.run)
	}
	return a
}

func (a *auditor) close() {
	close(a.stop)
	a.all.Wait()
}

// write returns when the rows are durable.
func (a *auditor) write(ctx context.Context, rows []audit.Row) error {
	u := &auditUnit{rows: rows, err: make(chan error, 1)}
	select {
	case <-a.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case a.units <- u:
	}
	select {
	case err := <-u.err:
		return err
	case <-a.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *auditor) run() {
	var g gatherer[*auditUnit]
	for {
		var units []*auditUnit
		select {
		case <-a.stop:
			return
		case u := <-a.units:
			units = g.gather(u, a.units, auditBatch)
		}
		var rows []audit.Row
		for _, u := range units {
			rows = append(rows, u.rows...)
		}
		err := a.flush(rows)
		for _, u := range units {
			if err != nil && len(units) > 1 { // whose row it was fails alone
				u.err <- a.flush(u.rows)
				continue
			}
			u.err <- err
		}
	}
}

// pendingWriters write to PostgreSQL: one while the other's flush is on its way.
const pendingWriters = 2

// writePending leaves rows to the sequencer. A row written twice, because a
// connection broke, says the same twice.
func (s *Store) writePending(rows []audit.Row) error {
	ctx := context.Background() // several askers share it
	var wait patience
	for {
		var q queued
		for _, r := range rows {
			q.add(insertPendingAudit, auditArgs(r))
		}
		err := q.send(ctx, s.pg.SendBatch)
		if err == nil || !wait.again(ctx, err) {
			return err
		}
	}
}

// gatherer collects what shares a flush to disk. Where the last flush was shared
// more are on their way, and get a moment to come: a flush costs as much CPU as half
// a read. Who is alone does not wait.
type gatherer[T any] struct{ shared bool }

const (
	gatherFor = 400 * time.Microsecond
	gatherMin = 3 // as many as wait already are not made to wait for more
)

// gather returns first and what waits behind it, at most so many.
func (g *gatherer[T]) gather(first T, from <-chan T, most int) []T {
	if g.shared && len(from) < gatherMin {
		time.Sleep(gatherFor)
	}
	list := []T{first}
	for len(list) < most {
		select {
		case one := <-from:
			list = append(list, one)
			continue
		default:
		}
		break
	}
	g.shared = len(list) > 1
	return list
}
