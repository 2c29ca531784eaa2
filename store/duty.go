// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"mach/fhir"
)

// Duty is work that one process does at a time: the leader, which also numbers
// the log and fills the views. It returns when ctx ends, with the term of
// office; when it fails or returns before, it is begun again after a second.
type Duty func(ctx context.Context, o Office) error

// OnDuty registers duties, before [Store.Start].
func (s *Store) OnDuty(d ...Duty) { s.duties = append(s.duties, d...) }

// Office is what a duty may do because its process leads. It ends with the
// term: what a leader writes after its term is refused by the database.
type Office struct {
	s    *Store
	term int64
}

// serve does the duties of one term, each until ctx ends.
func (s *Store) serve(ctx context.Context, d Duty) {
	o := Office{s: s, term: s.leads.term()}
	for ctx.Err() == nil {
		if err := o.attempt(ctx, d); err != nil && ctx.Err() == nil {
			s.log.Error("duty interrupted", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (o Office) attempt(ctx context.Context, d Duty) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return d(ctx, o)
}

// Alone reports whether no earlier leader can still be at work: on SQLite the
// lock of the folder is free only when its process is gone. On PostgreSQL an
// earlier leader may live on for a moment without knowing that it lost.
func (o Office) Alone() bool { return o.s.pg == nil }

// Logged returns a channel that is closed when the log has next grown, at once when
// this process wrote, within a quarter of a second when another did. Take it before
// looking.
func (o Office) Logged() <-chan struct{} { return o.s.logged.next() }

// lookAgain is the pause after the log has grown before clocks are read again.
const lookAgain = time.Minute

// Watch looks at clocks until ctx ends: when something was written, a minute apart
// at most, and when the next of them runs out, which look returns; the zero time
// when none runs.
func (o Office) Watch(ctx context.Context, look func(ctx context.Context) (next time.Time, err error)) error {
	for ctx.Err() == nil {
		grown := o.Logged()
		next, err := look(ctx)
		if err != nil {
			return err
		}
		due := make(<-chan time.Time)
		if !next.IsZero() {
			due = time.After(max(time.Second, next.Sub(o.s.cfg.Now())))
		}
		select {
		case <-ctx.Done():
		case <-due:
		case <-grown:
			select {
			case <-ctx.Done():
			case <-time.After(lookAgain):
			}
		}
	}
	return nil
}

// In is [Primary.In] while the term lasts.
func (o Office) In(ctx context.Context, p *Primary, work func(tx Tx) error) error {
	return p.In(ctx, func(tx Tx) error {
		if o.s.pg != nil {
			var one int
			found, err := tx.Row(ctx, []any{&one}, `select 1 from mach.lease where name = 'leader' and fence = ? for share`, o.term)
			if err != nil {
				return err
			}
			if !found {
				return errFenced
			}
		}
		return work(tx)
	})
}

// Event is a line of the log with the bodies around it: nil where there is
// none, or where the type was not asked for.
type Event struct {
	Change
	Now, Before *fhir.Doc
}

// Events lists the lines of the log after a number, at most limit and fewer
// when they are large, with the bodies of the named types; more says that the
// log goes on. It is for machinery that itself asks who may be told.
func (o Office) Events(ctx context.Context, after int64, limit int, types []string) (list []Event, more bool, err error) {
	if types == nil {
		types = []string{}
	}
	wanted := &following{Follower: Follower{Types: types}}
	events, more, err := o.s.events(ctx, after, 1<<62, limit, wanted)
	if err != nil {
		return nil, false, err
	}
	for _, e := range events {
		one := Event{}
		if wanted.wants(e) {
			if one.Now, one.Before, err = e.docs(); err != nil {
				return nil, false, err
			}
		}
		one.Change = e.Change
		list = append(list, one)
	}
	return list, more, nil
}

// MayRead reports whether the actor may read what an event tells of, now. It
// shows nothing and leaves no trace: [Door.Tell] does both.
func (o Office) MayRead(ctx context.Context, a Actor, e Event) (bool, error) {
	says := inHand{e.Now}
	if e.Now == nil {
		says.d = e.Before
	}
	dec, err := o.s.judge(ctx, o.s.read, a, ActRead, e.Labels, says)
	return dec.Allow, err
}

// Reaches reports whether the guard lets the actor reach anything of the type.
func (s *Store) Reaches(a Actor, act Action, typ string) bool {
	_, _, ok := s.within(s.cfg.Guard.Reach(a, act, typ), s.cfg.Now().UnixMicro())
	return ok
}
