// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// lateAfter is how long a change may wait before a view counts as behind: the
// aim for the way from a visit to the dashboards.
const lateAfter = 2 * time.Second

// Behind says whether one of the views lacks a change that is older than two
// seconds, as while it is rebuilt after an upgrade, and until when the furthest
// one back is complete; the zero time while it shows nothing yet.
func (s *Store) Behind(ctx context.Context, views ...string) (until time.Time, behind bool, err error) {
	least, first, err := s.lacking(ctx, views)
	if err != nil || first == 0 || s.cfg.Now().Sub(time.UnixMicro(first)) < lateAfter {
		return time.Time{}, false, err
	}
	var last int64
	found, err := s.read.Row(ctx, []any{&last}, `select at from change where seq = ?`, least)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("how far %v reach: %w", views, err)
	}
	if found {
		until = time.UnixMicro(last)
	}
	return until, true, nil
}

// CaughtUp reports whether the views show everything that is committed.
func (s *Store) CaughtUp(ctx context.Context, views ...string) (bool, error) {
	_, first, err := s.lacking(ctx, views)
	return first == 0, err
}

// lacking returns the position of the furthest one back of the views, and when
// the first change was written that it lacks; 0 for none.
func (s *Store) lacking(ctx context.Context, views []string) (least, first int64, err error) {
	least = -1
	for _, view := range views {
		at, err := s.Position(ctx, view)
		if err != nil {
			return 0, 0, err
		}
		if least < 0 || at < least {
			least = at
		}
	}
	waiting := `select coalesce((select at from change where seq = ?), 0)`
	if s.pg != nil { // what nobody has numbered yet is seen by no view
		waiting = `select coalesce((select at from change where seq = ?), (select at from pending order by pid limit 1), 0)`
	}
	if _, err := s.read.Row(ctx, []any{&first}, waiting, least+1); err != nil {
		return 0, 0, fmt.Errorf("what %v wait for: %w", views, err)
	}
	return least, first, nil
}

type lateKey struct{}

// NoteLate returns a context in which [Store.Await] sets late when it gave up
// waiting for a view.
func NoteLate(ctx context.Context) (_ context.Context, late *atomic.Bool) {
	late = new(atomic.Bool)
	return context.WithValue(ctx, lateKey{}, late), late
}
