// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

const (
	typeSubscription = "Subscription"
	matchBatch       = 500
	placePause       = time.Second            // between notes of how far the log is matched, while nobody waits
	logPoll          = time.Second            // how far the log is matched is noted
	matchEvery       = 20 * time.Millisecond  // at most; what is written first does not wait
	clockPoll        = 100 * time.Millisecond // pauses, heartbeats and ends that are due
	maxAtOnce        = 64                     // notifications under way, all subscriptions together
	maxWaiting       = 100_000                // events that one subscription may let wait
	orphanAge        = time.Hour              // of a mandate that no commit named
)

// term is the work of one term of office. mu guards the watches; the matching
// goroutine alone changes the maps.
type term struct {
	m      *Module
	office store.Office
	at     int64 // the log is matched up to here
	saved  int64 // what the database knows of at; nobody was waiting for what lies between
	since  time.Time
	slots  chan struct{}
	work   sync.WaitGroup

	mu     sync.Mutex
	byID   map[string]*watch
	byType map[string][]*watch // so that an event meets only those who wait for its type
}

// watch is a Subscription in force.
type watch struct {
	id      string
	version int64
	doc     *fhir.Doc
	spec    *spec
	mandate *mandate

	status   string
	failures int
	due      time.Time // no attempt before
	sent     time.Time // the last success, or when it came into force
	waiting  int       // events not delivered
	busy     bool      // an attempt is under way
	lost     bool      // its criteria lead too far to be judged
}

// duty matches the log and delivers until the term ends.
func (m *Module) duty(ctx context.Context, o store.Office) error {
	t := &term{m: m, office: o, slots: make(chan struct{}, maxAtOnce)}
	if err := t.load(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer t.work.Wait()
	defer stop()
	t.work.Go(func() { t.clock(ctx) })
	swept := time.Time{}
	for ctx.Err() == nil {
		moved, next := o.Logged(), time.After(matchEvery)
		more, err := t.match(ctx)
		if err != nil {
			return err
		}
		if more {
			continue
		}
		if now := t.m.now(); now.Sub(swept) >= orphanAge { // all that names a mandate has been matched
			if err := t.sweep(ctx); err != nil {
				return err
			}
			swept = now
		}
		select {
		case <-ctx.Done():
		case <-moved:
		case <-time.After(logPoll):
		}
		select {
		case <-ctx.Done():
		case <-next:
		}
	}
	return nil
}

// clock starts what time alone makes due.
func (t *term) clock(ctx context.Context) {
	tick := time.NewTicker(clockPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		t.mu.Lock()
		for _, w := range t.byID {
			t.start(ctx, w)
		}
		t.mu.Unlock()
	}
}

// sweep forgets the mandates that no commit named: their secrets are nobody's.
func (t *term) sweep(ctx context.Context) error {
	return t.office.In(ctx, t.m.own, func(tx store.Tx) error {
		return tx.Exec(ctx, `delete from subscription_mandate where made < ? and mandate not in (select mandate from subscription_state)`,
			t.m.now().Add(-orphanAge).UnixMicro())
	})
}

// load takes over from the term before.
func (t *term) load(ctx context.Context) error {
	t.byID, t.byType = map[string]*watch{}, map[string][]*watch{}
	if _, err := t.m.own.Row(ctx, []any{&t.at}, `select seq from subscription_place where name = 'log'`); err != nil {
		return err
	}
	t.saved = t.at
	var all []*watch
	err := t.m.own.Rows(ctx, `select s.id, s.version, s.status, s.failures, s.due, s.sent, s.doc,
		(select count(*) from subscription_event e where e.subscription = s.id and e.done = 0)
		from subscription_state s where s.status <> 'off'`, nil, func(scan func(...any) error) error {
		w := new(watch)
		var due, sent int64
		var text string
		if err := scan(&w.id, &w.version, &w.status, &w.failures, &due, &sent, &text, &w.waiting); err != nil {
			return err
		}
		w.due, w.sent = fromMicro(due), fromMicro(sent)
		var err error
		w.doc, err = fhir.ParseString(text)
		all = append(all, w)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading subscriptions: %w", err)
	}
	for _, w := range all {
		if w.spec, err = t.m.read(w.doc); err != nil {
			t.m.log.Warn("subscription not understood any more", "subscription", w.id)
			continue
		}
		if w.mandate, err = t.m.mandateOf(ctx, w.spec.mandate); err != nil {
			return err
		}
		if w.mandate != nil {
			t.put(w)
		}
	}
	return nil
}

// put brings a watch into the maps, in place of the one with its id.
func (t *term) put(w *watch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(w.id)
	t.byID[w.id] = w
	for _, typ := range w.spec.types() {
		t.byType[typ] = append(t.byType[typ], w)
	}
}

// drop takes it out; mu is held.
func (t *term) drop(id string) {
	old := t.byID[id]
	if old == nil {
		return
	}
	delete(t.byID, id)
	for _, typ := range old.spec.types() {
		t.byType[typ] = slices.DeleteFunc(slices.Clone(t.byType[typ]), func(w *watch) bool { return w == old })
		if len(t.byType[typ]) == 0 {
			delete(t.byType, typ)
		}
	}
}

// match moves on by one batch of the log; more when there is more of it.
func (t *term) match(ctx context.Context) (more bool, err error) {
	types := []string{typeSubscription}
	for typ := range t.byType {
		if typ != typeSubscription {
			types = append(types, typ)
		}
	}
	slices.Sort(types)
	events, more, err := t.office.Events(ctx, t.at, matchBatch, types)
	if err != nil {
		return false, err
	}
	if len(events) == 0 {
		return false, t.save(ctx)
	}
	// A Subscription changes what the lines behind it mean: they wait for the
	// next batch.
	if i := slices.IndexFunc(events, func(e store.Event) bool { return e.Type == typeSubscription }); i >= 0 && i < len(events)-1 {
		events, more = events[:i+1], true
	}
	found, err := t.queue(ctx, events)
	if err != nil {
		return false, err
	}
	last := events[len(events)-1]
	var came *arrival
	if last.Type == typeSubscription {
		if came, err = t.arrive(ctx, last); err != nil {
			return false, err
		}
	}
	if len(found) == 0 && came == nil {
		t.at = last.Seq
		return more, t.save(ctx)
	}
	err = t.office.In(ctx, t.m.own, func(tx store.Tx) error {
		for _, q := range found {
			if err := tx.Exec(ctx, `insert into subscription_event (subscription, seq, number, done, type, id, ver, op, at) values (?, ?, 0, 0, ?, ?, ?, ?, ?)`,
				q.w.id, q.e.Seq, q.e.Type, q.e.ID, q.e.Version, q.e.Op, q.e.At.UnixMicro()); err != nil {
				return err
			}
		}
		if came != nil {
			if err := came.write(ctx, tx); err != nil {
				return err
			}
		}
		return tx.Exec(ctx, sqlPlace, last.Seq)
	})
	if err != nil {
		return false, fmt.Errorf("queueing events: %w", err)
	}
	t.at, t.saved, t.since = last.Seq, last.Seq, time.Now()
	t.queued(ctx, found)
	if came != nil {
		t.enact(ctx, came)
	}
	return more, nil
}

// save writes down how far the log is matched where nobody was waiting, not more
// often than needed: after a restart it is matched again, and nobody waits again.
func (t *term) save(ctx context.Context) error {
	if t.at == t.saved || time.Since(t.since) < placePause {
		return nil
	}
	err := t.office.In(ctx, t.m.own, func(tx store.Tx) error { return tx.Exec(ctx, sqlPlace, t.at) })
	if err == nil {
		t.saved, t.since = t.at, time.Now()
	}
	return err
}

const sqlPlace = `update subscription_place set seq = ? where name = 'log'`

// queued is an event that somebody waits for.
type queued struct {
	w *watch
	e *store.Event
}

// queue finds who waits for which event and may read it now.
func (t *term) queue(ctx context.Context, events []store.Event) ([]queued, error) {
	var found []queued
	actors := map[*watch]*store.Actor{} // as they stand during this batch
	for i := range events {
		e := &events[i]
		watches := t.byType[e.Type]
		if len(watches) == 0 || e.Now == nil && e.Before == nil {
			continue
		}
		now, before := t.m.store.Subject(e.Now), t.m.store.Subject(e.Before)
		for _, w := range watches {
			if !w.spec.waits(e.Type, e.Op, now, before, (*store.Criteria).Finds) {
				continue
			}
			a, known := actors[w]
			if !known {
				who, err := t.m.renew(ctx, w.mandate.actor)
				if err == nil {
					a = &who
				} else if e := (*issue.Error)(nil); !errors.As(err, &e) {
					return nil, err
				}
				actors[w] = a
			}
			if a == nil {
				continue // nobody any more: the next attempt switches it off
			}
			may, err := t.office.MayRead(ctx, *a, *e)
			if err != nil {
				return nil, err
			}
			if may && w.spec.chained() {
				if may, err = t.led(ctx, w, *a, e, now, before); err != nil {
					return nil, err
				}
			}
			if may {
				found = append(found, queued{w, e})
			}
		}
	}
	return found, nil
}

// led reports whether the chains of the criteria lead from an event to what the
// subscriber may find now. Criteria that lead too far switch the subscription
// off: it would miss events without knowing.
func (t *term) led(ctx context.Context, w *watch, a store.Actor, e *store.Event, now, before *store.Subject) (bool, error) {
	var failed error
	waits := w.spec.waits(e.Type, e.Op, now, before, func(c *store.Criteria, s *store.Subject) bool {
		found, err := t.m.store.For(a).Finds(ctx, c, s)
		failed = errors.Join(failed, err)
		return found
	})
	if refused := (*issue.Error)(nil); errors.As(failed, &refused) {
		t.m.log.Warn("criteria of a subscription cannot be judged", "subscription", w.id, "rule", refused.Issues[0].Key)
		t.mu.Lock()
		defer t.mu.Unlock()
		w.lost = true
		t.start(ctx, w)
		return false, nil
	}
	return waits && failed == nil, failed
}

// queued counts what waits and starts deliveries.
func (t *term) queued(ctx context.Context, found []queued) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, q := range found {
		q.w.waiting++
	}
	for _, q := range found {
		t.start(ctx, q.w)
	}
}

// arrival is a change of a Subscription.
type arrival struct {
	id    string
	gone  bool   // deleted, or nobody's
	same  bool   // the module's own change of status
	watch *watch // as it is now in force; status off = not any more
	old   string // mandate before
	text  string
}

// arrive reads a change of a Subscription.
func (t *term) arrive(ctx context.Context, e store.Event) (*arrival, error) {
	a := &arrival{id: e.ID}
	if _, err := t.m.own.Row(ctx, []any{&a.old}, `select mandate from subscription_state where id = ?`, e.ID); err != nil {
		return nil, err
	}
	if e.Now == nil {
		a.gone = true
		return a, nil
	}
	s, err := t.m.read(e.Now)
	if err != nil { // written by a program that understood it
		t.m.log.Warn("subscription not understood", "subscription", e.ID)
		a.gone = true
		return a, nil
	}
	w := &watch{id: e.ID, version: e.Version, doc: e.Now, spec: s, status: s.status, sent: t.m.now()}
	if w.mandate, err = t.m.mandateOf(ctx, s.mandate); err != nil {
		return nil, err
	}
	if w.mandate == nil {
		a.gone = true
		return a, nil
	}
	a.watch, a.text, a.same = w, e.Now.Text(), s.mandate == a.old
	return a, nil
}

// write brings an arrival into the tables.
func (a *arrival) write(ctx context.Context, tx store.Tx) error {
	do := func(sql string, args ...any) func() error { return func() error { return tx.Exec(ctx, sql, args...) } }
	var steps []func() error
	switch w := a.watch; {
	case a.gone:
		steps = append(steps, do(`delete from subscription_state where id = ?`, a.id), do(`delete from subscription_event where subscription = ?`, a.id),
			do(`delete from subscription_mandate where mandate = ?`, a.old))
	case a.same:
		steps = append(steps, do(`update subscription_state set version = ?, status = ?, doc = ? where id = ?`, w.version, w.status, a.text, a.id))
	default:
		steps = append(steps, do(`insert into subscription_state (id, mandate, version, status, events, failures, due, claimed, sent, note, doc)
			values (?, ?, ?, ?, 0, 0, 0, 0, ?, '', ?) on conflict (id) do update set mandate = excluded.mandate, version = excluded.version,
			status = excluded.status, failures = 0, due = 0, note = '', sent = excluded.sent, doc = excluded.doc`,
			w.id, w.spec.mandate, w.version, w.status, w.sent.UnixMicro(), a.text))
		if a.old != "" {
			steps = append(steps, do(`delete from subscription_mandate where mandate = ?`, a.old))
		}
	}
	if a.watch != nil && a.watch.status == off { // what waits is dropped; what was delivered stays for $events
		steps = append(steps, do(`delete from subscription_event where subscription = ? and done = 0`, a.id))
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// enact brings an arrival into force.
func (t *term) enact(ctx context.Context, a *arrival) {
	t.mu.Lock()
	old := t.byID[a.id]
	if old != nil && a.same && !a.gone && a.watch.status != off {
		old.version, old.doc, old.status = a.watch.version, a.watch.doc, a.watch.status
		t.start(ctx, old)
		t.mu.Unlock()
		return
	}
	if a.gone || a.watch.status == off {
		t.drop(a.id)
		t.mu.Unlock()
		return
	}
	if old != nil {
		a.watch.waiting = old.waiting
		a.watch.busy = old.busy // its attempt ends before another begins
	}
	t.mu.Unlock()
	t.put(a.watch)
	t.mu.Lock()
	t.start(ctx, a.watch)
	t.mu.Unlock()
}

func fromMicro(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
