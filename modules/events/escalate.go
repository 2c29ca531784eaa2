// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"mach/fhir"
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

// lookAgain is when a step that could not be written is tried again.
const lookAgain = time.Minute

// Escalate tells the next level of clocks that ran out, until ctx ends: a duty of
// the leader (store.Store.OnDuty).
func (m *Module) Escalate(ctx context.Context, o store.Office) error { return o.Watch(ctx, m.escalate) }

// Overdue is a clock of an event that ran out, as a level above is told of it:
// what, not who.
type Overdue struct {
	Key     string // the same for the same telling
	Event   string
	Disease string
	Clock   string // ClockVerify or ClockTask
	To      store.Role
	Unit    vn.UnitID // of the event
	Due     time.Time
}

// Calling names who calls the people of the level that is told: asked before the
// step is written, and again when that failed, it tells them once (module peers).
// Call it before serving.
func (m *Module) Calling(people func(ctx context.Context, o Overdue) error) { m.people = people }

// late is a clock of an event with the moment it runs out.
type late struct {
	Event
	clock string
	task  string
	due   time.Time
}

// Labels lets the guard judge a task by its event, which says no more of it.
func (l late) Labels() store.Labels { return l.Event.Labels() }

// escalate writes a step for each rung that is due, once, and says when to look
// again: at the next rung, or a minute later when one could not be written; the
// zero time when no clock runs. One event that cannot be written keeps nobody
// from hearing of the others.
func (m *Module) escalate(ctx context.Context) (next time.Time, err error) {
	now := m.now()
	again := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for _, r := range ladder {
		list, err := m.running(ctx, r)
		if err != nil {
			return next, err
		}
		for _, l := range list {
			if at := l.due.Add(r.after); now.Before(at) {
				again(at)
			} else if err := m.call(ctx, l, r); err != nil {
				m.log.ErrorContext(ctx, "the next level could not be told of an event", "clock", l.clock, "to", string(r.to), "error", err)
				again(now.Add(lookAgain))
			}
		}
	}
	return next, ctx.Err()
}

// running are the clocks of open events that the rung was not told of: of signals
// that wait, of tasks that are not done.
func (m *Module) running(ctx context.Context, r rung) ([]late, error) {
	door := m.store.For(store.SystemActor())
	list, err := store.List(ctx, door, vn.Nation, func(scan store.Scan) (late, error) {
		e, err := scanEvent(scan)
		return late{Event: e, clock: ClockVerify, due: e.Due()}, err
	}, `select event from events_event where stage in ('signal', 'triaged') and event not like ? order by told, id limit 1000`,
		"%"+calledAs(ClockVerify, r.to)+"%")
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
	     where e.`+stillOpen+` and e.event not like ? || x.id || '"%' order by x.due, x.id limit 1000`, "%"+calledAs(ClockTask, r.to))
	if err != nil {
		return nil, fmt.Errorf("tasks that wait: %w", err)
	}
	return append(list, tasks...), nil
}

// calledAs is how a [Call] begins within the JSON of an event, where a quote that
// somebody typed is escaped.
func calledAs(clock string, to store.Role) string {
	return `"Clock":"` + clock + `","To":"` + string(to) + `","Task":"`
}

// call writes that the role is told. Its id comes from what is told, so that two
// leaders write one step; an event that is gone is no fault, nor is a step that
// is there or that the view has not taken in yet.
func (m *Module) call(ctx context.Context, l late, r rung) error {
	key := strings.Join([]string{"event-told", l.ID, l.clock, l.task, string(r.to)}, " ")
	if m.people != nil {
		if err := m.people(ctx, Overdue{key, l.ID, l.Disease, l.clock, r.to, l.Unit, l.due}); err != nil {
			return err
		}
	}
	s := Step{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(fhir.Base+"/"+key)).String(), Event: l.ID, Kind: Told, At: l.due.Add(r.after), Reason: l.clock, To: string(r.to),
		Task: l.task, Since: vn.ZeroDate, Figures: unsaid, Tidings: Tidings{Unit: l.Unit, Disease: l.Disease, Syndrome: l.Syndrome}}
	err := m.write(ctx, store.SystemActor(), s, "", key)
	for _, done := range []issue.Code{issue.NotFound, issue.Deleted, issue.Duplicate, issue.Conflict, issue.Timeout} {
		if issue.Is(err, done) {
			return nil
		}
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
