// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mach/issue"
	"mach/store"
)

const (
	lookEvery  = 500 * time.Millisecond
	sweepEvery = time.Minute
	againAfter = 10 * time.Second // a job that could not go on
	watchEvery = time.Second      // whether an import was cancelled, and who asked still may
)

// errGone says that the job was cancelled, or the term of office is over.
var errGone = errors.New("the job is gone")

// duty does the jobs, oldest first, until the term ends.
func (m *Module) duty(ctx context.Context, o store.Office) error {
	ctx, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	var mu sync.Mutex
	busy := map[string]time.Time{} // zero = under way; else not before
	tries := map[string]int{}
	swept := time.Time{}
	for ctx.Err() == nil {
		if now := time.Now(); now.Sub(swept) > sweepEvery {
			swept = now
			if err := m.sweep(ctx); err != nil {
				m.Log.Error("bulk jobs not cleared away", "error", err)
			}
		}
		list, err := m.jobs(ctx, `status = ? order by made, id`, waiting)
		if err != nil {
			return err
		}
		mu.Lock()
		running := 0
		for _, at := range busy {
			if at.IsZero() {
				running++
			}
		}
		for _, j := range list {
			at, known := busy[j.id]
			if known && (at.IsZero() || time.Now().Before(at)) || running == workers {
				continue
			}
			running++
			busy[j.id] = time.Time{}
			work.Go(func() {
				err := m.work(ctx, o, j)
				mu.Lock()
				defer mu.Unlock()
				if delete(busy, j.id); err == nil || ctx.Err() != nil {
					delete(tries, j.id)
					return
				}
				m.Log.Error("bulk job interrupted", "job", j.id, "error", err)
				busy[j.id] = time.Now().Add(m.pause)
				if tries[j.id]++; tries[j.id] >= m.tries { // the fault is its own
					if err := errors.Join(m.end(ctx, o, j, failed, "bulk.interrupted"), m.drop(ctx, j.input)); err != nil {
						m.Log.Error("bulk job not ended", "job", j.id, "error", err)
					}
				}
			})
		}
		mu.Unlock()
		select {
		case <-ctx.Done():
		case <-m.asked:
		case <-time.After(lookEvery): // another process may have been asked
		}
	}
	return nil
}

// sweep forgets jobs that ended long ago.
func (m *Module) sweep(ctx context.Context) error {
	list, err := m.jobs(ctx, `status <> ? and ended < ?`, waiting, m.Now().Add(-keptFor).UnixMicro())
	for _, j := range list {
		err = errors.Join(err, m.forget(ctx, j.id))
	}
	return err
}

// work goes on with a job until it ends. What fails for a reason that will not
// pass ends it too.
func (m *Module) work(ctx context.Context, o store.Office, j *job) error {
	var err error
	switch j.kind {
	case "export":
		err = m.export(ctx, o, j)
	case "import":
		err = m.take(ctx, o, j)
	}
	var refused *issue.Error
	switch {
	case errors.Is(err, errGone):
		return nil
	case errors.As(err, &refused):
		return errors.Join(m.end(ctx, o, j, failed, refused.Issues[0].Key), m.drop(ctx, j.input))
	}
	return err
}

// watch stops an import that was cancelled, or whose asker has no rights any
// more: it goes on for long after both were last asked.
func (m *Module) watch(ctx context.Context, stop context.CancelCauseFunc, j *job) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := m.still(ctx, m.own, j)
		if err == nil {
			_, err = m.Renew(ctx, j.actor)
		}
		var refused *issue.Error
		if errors.Is(err, errGone) || errors.As(err, &refused) {
			stop(err)
			return
		}
	}
}

// end notes how a job ended.
func (m *Module) end(ctx context.Context, o store.Office, j *job, status, progress string) error {
	return o.In(ctx, m.own, func(tx store.Tx) error {
		return tx.Exec(ctx, `update bulk_job set status = ?, progress = ?, ended = ? where id = ? and status = ?`, status, progress, m.Now().UnixMicro(), j.id, waiting)
	})
}

// still fails when the job was cancelled.
func (m *Module) still(ctx context.Context, r interface {
	Row(ctx context.Context, dest []any, sql string, args ...any) (bool, error)
}, j *job) error {
	var one int
	found, err := r.Row(ctx, []any{&one}, `select 1 from bulk_job where id = ? and status = ?`, j.id, waiting)
	if err == nil && !found {
		err = errGone
	}
	return err
}

// advance writes a finished part and where the job goes on.
func (m *Module) advance(ctx context.Context, o store.Office, j *job, p *part, place, progress string) error {
	err := o.In(ctx, m.own, func(tx store.Tx) error {
		if err := m.still(ctx, tx, j); err != nil {
			return err
		}
		if p != nil {
			deleted := 0
			if p.deleted {
				deleted = 1
			}
			if err := tx.Exec(ctx, `insert into bulk_part (job, n, type, lines, size, blob, who, deleted) values (?, ?, ?, ?, ?, ?, ?, ?)`,
				j.id, p.n, p.typ, p.lines, p.size, string(p.blob), string(p.who), deleted); err != nil {
				return err
			}
		}
		return tx.Exec(ctx, `update bulk_job set place = ?, progress = ? where id = ?`, place, progress, j.id)
	})
	if err != nil && !errors.Is(err, errGone) {
		err = fmt.Errorf("noting a part: %w", err)
	}
	return err
}
