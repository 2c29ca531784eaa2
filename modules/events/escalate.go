// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// rung says how long after a clock has run out which level is told.
type rung struct {
	after time.Duration
	to    store.Role
}

// ladder is who is told that a signal was not verified within 24 hours, or that a
// task was not done on its last day: the province, and a day later its
// department. What the station sees before, its own desk shows (clock).
var ladder = [...]rung{{0, store.CDC}, {24 * time.Hour, store.Department}}

// lookAgain is the pause after the log has grown before clocks are read again.
const lookAgain = time.Minute

// Escalate tells the next level of clocks that ran out, until ctx ends: a duty of
// the leader (store.Store.OnDuty). It reads when something was written, a minute
// apart at most, and when the next clock runs out.
func (m *Module) Escalate(ctx context.Context, o store.Office) error {
	for ctx.Err() == nil {
		grown := o.Logged()
		next, err := m.escalate(ctx)
		if err != nil {
			return err
		}
		due := make(<-chan time.Time)
		if !next.IsZero() {
			due = time.After(max(time.Second, next.Sub(m.now())))
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

// late is a clock of an event with the moment it runs out.
type late struct {
	Event
	clock string
	task  string
	due   time.Time
}

// Labels lets the guard judge a task by its event, which says no more of it.
func (l late) Labels() store.Labels { return l.Event.Labels() }

// escalate writes a step for each rung that is due, once, and says when the next
// one will be; the zero time when no clock runs.
func (m *Module) escalate(ctx context.Context) (next time.Time, err error) {
	list, err := m.running(ctx)
	if err != nil {
		return next, err
	}
	now := m.now()
	for _, l := range list {
		for _, r := range ladder {
			switch at := l.due.Add(r.after); {
			case now.Before(at):
				if next.IsZero() || at.Before(next) {
					next = at
				}
			case !l.Called(l.clock, r.to, l.task):
				if err := m.call(ctx, l, r.to); err != nil {
					return next, err
				}
			}
		}
	}
	return next, nil
}

// running are the clocks of open events: of signals that wait, of tasks that are
// not done.
func (m *Module) running(ctx context.Context) ([]late, error) {
	door := m.store.For(store.SystemActor())
	list, err := store.List(ctx, door, vn.Nation, func(scan store.Scan) (late, error) {
		e, err := scanEvent(scan)
		return late{Event: e, clock: ClockVerify, due: e.Due()}, err
	}, `select event from events_event where stage in ('signal', 'triaged') order by told, id limit 1000`)
	if err != nil {
		return nil, fmt.Errorf("signals that wait: %w", err)
	}
	tasks, err := store.List(ctx, door, vn.Nation, func(scan store.Scan) (late, error) {
		l := late{clock: ClockTask}
		var due int64
		var err error
		l.Event, err = scanEvent(func(dest ...any) error { return scan(append(dest, &l.task, &due)...) })
		l.due = (vn.Date(due) + 1).Time()
		return l, err
	}, `select e.event, x.id, x.due from events_event e join events_task x on x.event = e.id and x.done = 0 and x.due >= 0
	     where e.`+stillOpen+` order by x.due, x.id limit 1000`)
	if err != nil {
		return nil, fmt.Errorf("tasks that wait: %w", err)
	}
	return append(list, tasks...), nil
}

// call writes that the role is told. Written twice, by two leaders, it is one
// step; an event that is gone is no fault.
func (m *Module) call(ctx context.Context, l late, to store.Role) error {
	s := Step{ID: newID(), Event: l.ID, Kind: Told, At: m.now(), Written: m.now(), Reason: l.clock, To: string(to), Task: l.task, Since: vn.ZeroDate,
		Figures: unsaid, Tidings: Tidings{Unit: l.Unit, Disease: l.Disease, Syndrome: l.Syndrome}}
	err := m.write(ctx, store.SystemActor(), s, "", strings.Join([]string{"event-told", l.ID, l.clock, l.task, string(to)}, " "))
	if issue.Is(err, issue.NotFound) || issue.Is(err, issue.Deleted) {
		return nil
	}
	return err
}

// CalledTo lists the open events of a unit that the actor's level was told of
// and that still wait.
func (m *Module) CalledTo(ctx context.Context, a store.Actor, unit vn.Unit) ([]Event, error) {
	list, _, err := m.Events(ctx, a, unit, false, maxBoard)
	if err != nil {
		return nil, err
	}
	tallies, err := m.Tallies(ctx, a, unit)
	if err != nil {
		return nil, err
	}
	var out []Event
	for _, e := range list {
		for _, c := range e.Calls {
			if c.To == a.Role && (c.Clock == ClockVerify && e.Stage.Waits() || c.Clock == ClockTask && tallies[e.ID].Late > 0) {
				out = append(out, e)
				break
			}
		}
	}
	return out, nil
}
