// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"mach/issue"
)

// awaitLimit is how long a page waits for a view before it says "đang cập nhật".
const awaitLimit = 500 * time.Millisecond

// Await waits until the view shows what the receipt's commit wrote, at most
// 500 ms. Being late is not an error; see [Store.AwaitLate] and [NoteLate].
func (s *Store) Await(ctx context.Context, r Receipt, view string) error {
	late, err := s.AwaitLate(ctx, r, view)
	if note, ok := ctx.Value(lateKey{}).(*atomic.Bool); ok && late {
		note.Store(true)
	}
	return err
}

// AwaitLate is [Store.Await] and says whether the view was late.
func (s *Store) AwaitLate(ctx context.Context, r Receipt, view string) (late bool, err error) {
	if r.commit == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, awaitLimit)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond) // the leader may be another process
	defer poll.Stop()
	target := int64(0)
	for {
		moved := s.viewed.next()
		if target == 0 {
			if target, err = s.numberOf(ctx, r); err != nil {
				return true, awaited(ctx, err)
			}
		}
		at, err := s.Position(ctx, view)
		if err != nil {
			return true, awaited(ctx, err)
		}
		if target != 0 && at >= target {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return true, awaited(ctx, ctx.Err())
		case <-moved:
		case <-poll.C:
		}
	}
}

// awaited forgives the end of our own patience.
func awaited(ctx context.Context, err error) error {
	if context.Cause(ctx) == context.DeadlineExceeded {
		return nil
	}
	return err
}

// numberOf returns a number of the log that is not before the commit; 0 while
// it has none. On PostgreSQL that is the end of the log once the commit has
// left the waiting room.
func (s *Store) numberOf(ctx context.Context, r Receipt) (int64, error) {
	if s.pg == nil {
		return r.commit, nil
	}
	var waiting, last int64
	_, err := s.read.Row(ctx, []any{&waiting, &last}, `select (select count(*) from pending where cid = ?), coalesce((select max(seq) from change), 0)`, r.commit)
	if err != nil {
		return 0, fmt.Errorf("number of a commit: %w", err)
	}
	if waiting > 0 {
		return 0, nil
	}
	return last, nil
}

// Last returns the number of the last change in the log; 0 while it is empty.
func (s *Store) Last(ctx context.Context) (int64, error) {
	var last int64
	if _, err := s.read.Row(ctx, []any{&last}, `select coalesce(max(seq), 0) from change`); err != nil {
		return 0, fmt.Errorf("end of the log: %w", err)
	}
	return last, nil
}

// Position returns the number of the last change that a view shows.
func (s *Store) Position(ctx context.Context, view string) (int64, error) {
	if s.leads != nil && s.leads.leading() {
		for _, f := range s.followers {
			if f.Name == view {
				return f.pos.Load(), nil
			}
		}
	}
	var at int64
	found, err := s.views.Row(ctx, []any{&at}, `select seq from follower where name = ?`, view)
	if err != nil {
		return 0, fmt.Errorf("position of view %s: %w", view, err)
	}
	if !found {
		return 0, issue.New(issue.NotFound, "store.view.unknown", view)
	}
	return at, nil
}
