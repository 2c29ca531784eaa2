// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"
)

// Job is work to be done at or after a time: a reminder, an export. A job may
// run more than once (its worker may die after the work), so work is written
// to be repeatable.
type Job struct {
	ID       string    // unique; adding it again changes nothing
	Kind     string    //
	Args     string    // JSON, the kind's own
	Due      time.Time //
	Attempts int       // how often it was claimed before
	fence    int64
}

// AddJob adds a job unless one of its ID is there. It is durable when AddJob
// returns.
func (s *Store) AddJob(ctx context.Context, j Job) error {
	err := s.write.do(ctx, func(tx *commitTx) error {
		return tx.Exec(ctx, `insert into job (id, kind, args, due, attempts, holder, fence, until, error)
			values (?, ?, ?, ?, 0, '', 0, 0, '') on conflict (id) do nothing`, j.ID, j.Kind, j.Args, j.Due.UnixMicro())
	})
	if err != nil {
		return fmt.Errorf("adding a job: %w", err)
	}
	return nil
}

// ClaimJob lends the job of the kind that has been due longest for the given
// time; false when none is due. After that time another worker may claim it,
// and the fencing number keeps the first from finishing it.
func (s *Store) ClaimJob(ctx context.Context, kind string, lend time.Duration) (Job, bool, error) {
	var j Job
	found := false
	err := s.write.do(ctx, func(tx *commitTx) (err error) {
		now := s.cfg.Now()
		lock := ""
		if tx.pg != nil {
			lock = ` for update skip locked`
		}
		var due int64
		found, err = tx.Row(ctx, []any{&j.ID, &j.Kind, &j.Args, &due, &j.Attempts, &j.fence}, `select id, kind, args, due, attempts, fence
			from job where kind = ? and due <= ? and until <= ? order by due, id limit 1`+lock, kind, now.UnixMicro(), now.UnixMicro())
		if err != nil || !found {
			return err
		}
		j.Due, j.fence = fromMicro(due), j.fence+1
		return tx.Exec(ctx, `update job set attempts = attempts + 1, holder = ?, fence = ?, until = ? where id = ?`,
			s.cfg.Site, j.fence, now.Add(lend).UnixMicro(), j.ID)
	})
	if err != nil {
		return Job{}, false, fmt.Errorf("claiming a job: %w", err)
	}
	return j, found, nil
}

// FinishJob removes a claimed job. It does nothing when the claim has passed
// to another worker.
func (s *Store) FinishJob(ctx context.Context, j Job) error {
	return s.settle(ctx, `delete from job where id = ? and fence = ?`, j.ID, j.fence)
}

// RetryJob gives a claimed job back, to be done at due, with why it failed.
// The reason is for operators: no personal data.
func (s *Store) RetryJob(ctx context.Context, j Job, due time.Time, reason string) error {
	return s.settle(ctx, `update job set due = ?, until = 0, holder = '', error = ? where id = ? and fence = ?`,
		due.UnixMicro(), reason, j.ID, j.fence)
}

func (s *Store) settle(ctx context.Context, text string, args ...any) error {
	err := s.write.do(ctx, func(tx *commitTx) error { return tx.Exec(ctx, text, args...) })
	if err != nil {
		return fmt.Errorf("settling a job: %w", err)
	}
	return nil
}
