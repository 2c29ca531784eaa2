// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"
)

// PositionAt returns how far the log had come at an instant: the number of the
// last change before the first that was written after it, 0 when there is none.
// It reads the whole log, without bodies.
func (s *Store) PositionAt(ctx context.Context, t time.Time) (int64, error) {
	var first int64
	if _, err := s.read.Row(ctx, []any{&first}, `select coalesce(min(seq), 0) from change where at > ?`, t.UnixMicro()); err != nil {
		return 0, fmt.Errorf("position of the log: %w", err)
	}
	if first == 0 {
		return s.Last(ctx)
	}
	return first - 1, nil
}

// Past is a view as it stood at an earlier position of the log. Close it.
type Past struct{ copy *viewCopy }

// Past folds the log up to a position into a view of its own, beside those in
// use: a temporary file (SQLite) or schema (PostgreSQL) that [Past.Close]
// removes. It costs what a rebuild up to there costs, that is a reading of the
// whole log with bodies, tens of thousands of changes a second; nothing is
// kept for the next question.
func (s *Store) Past(ctx context.Context, f Follower, position int64) (*Past, error) {
	c, err := s.copyOf(ctx, &following{Follower: f})
	if err != nil {
		return nil, fmt.Errorf("view %s at %d: %w", f.Name, position, err)
	}
	if _, err := c.fill(ctx, position); err != nil {
		c.drop()
		return nil, fmt.Errorf("view %s at %d: %w", f.Name, position, err)
	}
	return &Past{c}, nil
}

// Close removes the view.
func (p *Past) Close() { p.copy.drop() }

// In returns the door to what the view held then: [Figures] and [List] of it
// read the past view, judged and audited as ever.
func (d Door) In(p *Past) Door {
	d.past = p
	return d
}

// views are the tables that lists and figures read.
func (d Door) views() reader {
	if d.past != nil {
		return d.past.copy.tx
	}
	return d.s.views
}
