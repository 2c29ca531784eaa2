// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"mach/audit"
)

// auditor writes the audit rows of what is read from PostgreSQL. Those that
// arrive while it writes travel together: one statement, one flush to disk, as
// the commits of SQLite do. A row written twice, because a connection broke, says
// the same twice.
type auditor struct {
	pool  *pgxpool.Pool
	units chan *auditUnit
	stop  chan struct{}
	all   sync.WaitGroup
}

type auditUnit struct {
	rows []audit.Row
	err  chan error
}

const (
	auditWriters = 2   // one writes while the other's flush is on its way
	auditBatch   = 256 // units of one statement
)

func newAuditor(pool *pgxpool.Pool) *auditor {
	a := &auditor{pool: pool, units: make(chan *auditUnit, auditBatch), stop: make(chan struct{})}
	for range auditWriters {
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
	for {
		var units []*auditUnit
		select {
		case <-a.stop:
			return
		case u := <-a.units:
			units = append(units, u)
		}
		for more := true; more && len(units) < auditBatch; {
			select {
			case u := <-a.units:
				units = append(units, u)
			default:
				more = false
			}
		}
		err := a.flush(units)
		for _, u := range units {
			if err != nil && len(units) > 1 { // whose row it was fails alone
				u.err <- a.flush([]*auditUnit{u})
				continue
			}
			u.err <- err
		}
	}
}

func (a *auditor) flush(units []*auditUnit) error {
	ctx := context.Background() // others share it
	var wait patience
	for {
		var q queued
		for _, u := range units {
			for _, r := range u.rows {
				q.add(insertPendingAudit, auditArgs(r))
			}
		}
		err := q.send(ctx, a.pool.SendBatch)
		if err == nil || !wait.again(ctx, err) {
			return err
		}
	}
}
