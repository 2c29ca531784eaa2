// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

const (
	failuresToError = 8 // with the pauses between them about two minutes
	longestPause    = 5 * time.Minute
	keptEvents      = 1000            // delivered ones, for $events
	claimMargin     = 2 * time.Second // beyond the time of an attempt
)

// pauseAfter is how long to wait after n failures in a row: it doubles from a
// second, and varies by a fifth (luck in [0, 1)), so that receivers that fell
// together are not met together.
func pauseAfter(n int, luck float64) time.Duration {
	pause := longestPause
	if n < 10 {
		pause = min(time.Second<<max(n-1, 0), longestPause)
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*luck))
}

// job is what a subscription is to do next.
type job int

const (
	nothing job = iota
	finish      // its end has passed
	giveUp      // too much waits
	lose        // its criteria cannot be judged
	shake       // the handshake of a topic
	tell        // events
	beat        // nothing happened for the time it asked
)

// todo decides; mu is held.
func (t *term) todo(w *watch) job {
	now := t.m.now()
	switch {
	case t.byID[w.id] != w || w.status == off:
		return nothing
	case !w.spec.end.IsZero() && now.After(w.spec.end):
		return finish
	case w.lost:
		return lose
	case now.Before(w.due):
		return nothing
	case w.waiting > maxWaiting:
		return giveUp
	case w.status == requested:
		return shake
	case w.waiting > 0:
		return tell
	case w.spec.heartbeat > 0 && now.Sub(w.sent) >= w.spec.heartbeat:
		return beat
	}
	return nothing
}

// start sets a subscription to work when it has any; mu is held. One goroutine
// works for one subscription: so its order is kept.
func (t *term) start(ctx context.Context, w *watch) {
	if w.busy || ctx.Err() != nil || t.todo(w) == nothing {
		return
	}
	w.busy = true
	t.work.Go(func() { t.run(ctx, w) })
}

// run works until nothing is left to do now.
func (t *term) run(ctx context.Context, w *watch) {
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		t.mu.Lock()
		next := t.todo(w)
		t.mu.Unlock()
		if next == nothing {
			break
		}
		if err := t.do(ctx, w, next); err != nil && ctx.Err() == nil {
			t.m.log.Error("notification not attempted", "subscription", w.id, "error", err)
			t.mu.Lock()
			w.due = t.m.now().Add(time.Second)
			t.mu.Unlock()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	w.busy = false
	if now := t.byID[w.id]; now != nil { // another version may have come meanwhile
		now.busy = false
		t.start(ctx, now)
	}
}

func (t *term) do(ctx context.Context, w *watch, next job) error {
	switch next {
	case finish:
		return t.say(ctx, w, off, "")
	case giveUp:
		return t.say(ctx, w, off, "too many events are waiting")
	case lose:
		return t.say(ctx, w, off, "its criteria lead to too many resources")
	}
	actor, err := t.m.renew(ctx, w.mandate.actor)
	var refused *issue.Error
	if errors.As(err, &refused) {
		return t.say(ctx, w, off, "its author has no rights any more")
	}
	if err != nil {
		return err
	}
	n := &notice{watch: w, kind: "heartbeat", base: t.m.base(), at: t.m.now()}
	t.mu.Lock()
	n.status = w.status
	t.mu.Unlock()
	switch next {
	case shake:
		n.kind = "handshake"
	case tell:
		n.kind = "event-notification"
		if n.events, err = t.waiting(ctx, w); err != nil {
			return err
		}
		if len(n.events) == 0 { // counted wrongly: nothing waits
			t.mu.Lock()
			w.waiting = 0
			t.mu.Unlock()
			return nil
		}
		actor.Request = store.NewID()
		versions := make([]store.Version, len(n.events))
		for i, e := range n.events {
			versions[i] = e.Version
		}
		told, err := t.m.store.For(actor).Tell(ctx, versions)
		if err != nil {
			return err
		}
		for i := range n.events {
			n.events[i].Told = told[i]
		}
	}
	return t.attempt(ctx, w, n)
}

// attempt claims, sends and notes what came of it.
func (t *term) attempt(ctx context.Context, w *watch, n *notice) error {
	dropped := len(n.events)
	went, err := t.claim(ctx, w, n)
	if err != nil || !went {
		return err
	}
	dropped -= len(n.events)
	t.mu.Lock()
	w.waiting -= dropped
	t.mu.Unlock()
	if n.kind == "event-notification" && len(n.events) == 0 {
		return nil
	}
	sending, done := context.WithTimeout(ctx, w.spec.timeout)
	why := t.m.post.send(sending, n.letter())
	done()
	if why != "" && ctx.Err() != nil {
		return nil // the term ended; the claim stands until it runs out
	}
	return t.settle(ctx, w, n, why)
}

// claim numbers the events that may be sent, forgets those that may not, and
// takes the time of the attempt for this term. went is false when another
// claim stands, or the subscription has changed.
func (t *term) claim(ctx context.Context, w *watch, n *notice) (went bool, err error) {
	var until, last int64
	var allowed []event
	err = t.office.In(ctx, t.m.own, func(tx store.Tx) error {
		went, allowed = false, nil
		var mandate string
		found, err := tx.Row(ctx, []any{&mandate, &last, &until}, `select mandate, events, claimed from subscription_state where id = ?`, w.id)
		if err != nil || !found || mandate != w.spec.mandate {
			return err
		}
		now := t.m.now()
		if until > now.UnixMicro() && !t.office.Alone() {
			return nil
		}
		until, went = 0, true
		for _, e := range n.events {
			if !e.Allow {
				if err := tx.Exec(ctx, `delete from subscription_event where subscription = ? and seq = ?`, w.id, e.seq); err != nil {
					return err
				}
				continue
			}
			if e.number == 0 {
				last++
				e.number = last
				if err := tx.Exec(ctx, `update subscription_event set number = ? where subscription = ? and seq = ?`, e.number, w.id, e.seq); err != nil {
					return err
				}
			}
			allowed = append(allowed, e)
		}
		claimed := now.Add(w.spec.timeout + claimMargin).UnixMicro()
		if len(n.events) > 0 && len(allowed) == 0 {
			claimed = 0 // nothing is left to be sent
		}
		return tx.Exec(ctx, `update subscription_state set events = ?, claimed = ? where id = ?`, last, claimed, w.id)
	})
	if err != nil {
		return false, err
	}
	n.events, n.total = allowed, last
	if !went {
		t.mu.Lock()
		w.due = t.m.now().Add(clockPoll)
		if until > 0 {
			w.due = fromMicro(until)
		}
		t.mu.Unlock()
	}
	return went, nil
}

// settle notes how an attempt went.
func (t *term) settle(ctx context.Context, w *watch, n *notice, why string) error {
	ctx = context.WithoutCancel(ctx) // what was sent is noted
	now := t.m.now()
	t.mu.Lock()
	status, failures := w.status, w.failures+1
	t.mu.Unlock()
	due := now
	if why == "" {
		failures = 0
	} else {
		due = now.Add(pauseAfter(failures, rand.Float64()))
	}
	err := t.office.In(ctx, t.m.own, func(tx store.Tx) error {
		if why != "" {
			return tx.Exec(ctx, `update subscription_state set failures = ?, due = ?, claimed = 0, note = ? where id = ?`, failures, due.UnixMicro(), why, w.id)
		}
		for _, e := range n.events {
			if err := tx.Exec(ctx, `update subscription_event set done = ? where subscription = ? and seq = ?`, now.UnixMicro(), w.id, e.seq); err != nil {
				return err
			}
		}
		if len(n.events) > 0 {
			if err := tx.Exec(ctx, `delete from subscription_event where subscription = ? and done > 0 and number <= ?`, w.id, n.total-keptEvents); err != nil {
				return err
			}
		}
		return tx.Exec(ctx, `update subscription_state set failures = 0, due = 0, claimed = 0, note = '', sent = ? where id = ?`, now.UnixMicro(), w.id)
	})
	if err != nil {
		return err
	}
	t.mu.Lock()
	w.failures, w.due = failures, due
	if why == "" {
		w.sent, w.waiting = now, w.waiting-len(n.events)
	}
	t.mu.Unlock()
	switch {
	case why == "" && status != active:
		return t.say(ctx, w, active, "")
	case why != "" && failures >= failuresToError && status != failing && status != requested:
		return t.say(ctx, w, failing, why)
	case why != "" && failures == failuresToError:
		t.m.log.Warn("subscription does not answer", "subscription", w.id, "why", why)
	}
	return nil
}

// say writes a status into the Subscription. When the subscriber has changed it
// meanwhile, his version counts.
func (t *term) say(ctx context.Context, w *watch, status, note string) error {
	t.mu.Lock()
	doc, version := w.doc, w.version
	t.mu.Unlock()
	doc, err := doc.Set("status", status)
	if err != nil {
		return err
	}
	var value any
	if note != "" {
		value = note
	}
	if doc, err = doc.Set("error", value); err != nil {
		return err
	}
	a := store.SystemActor()
	a.Request = store.NewID()
	receipt, err := t.m.store.For(a).Commit(ctx, store.Update(doc, version))
	var refused *issue.Error
	if errors.As(err, &refused) {
		t.mu.Lock()
		w.due = t.m.now().Add(time.Second) // the log brings what came between
		t.mu.Unlock()
		return nil
	}
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	w.status, w.doc, w.version = status, receipt.Docs[0], versionOf(receipt.Docs[0])
	return nil
}

func versionOf(d *fhir.Doc) int64 {
	var n int64
	for _, r := range d.VersionID() {
		n = n*10 + int64(r-'0')
	}
	return n
}

// waiting reads the oldest events that are not delivered.
func (t *term) waiting(ctx context.Context, w *watch) ([]event, error) {
	return t.m.eventsOf(ctx, `subscription = ? and done = 0 order by seq limit ?`, w.id, w.spec.most)
}

// eventsOf reads events of the outbox.
func (m *Module) eventsOf(ctx context.Context, where string, args ...any) ([]event, error) {
	var list []event
	err := m.own.Rows(ctx, `select seq, number, type, id, ver, op, at from subscription_event where `+where, args, func(scan func(...any) error) error {
		var e event
		var at int64
		err := scan(&e.seq, &e.number, &e.Type, &e.ID, &e.Version.Version, &e.Op, &at)
		e.at = fromMicro(at)
		list = append(list, e)
		return err
	})
	return list, err
}

// letter is the notice as it is sent.
func (n *notice) letter() letter {
	w := n.watch
	l := letter{method: methodPost, url: w.spec.endpoint, headers: w.mandate.headers, id: w.id}
	if len(n.events) > 0 {
		l.number = n.events[len(n.events)-1].number
	}
	switch {
	case w.spec.topic != "":
		l.body = n.bundle(w.spec.content)
	case w.spec.payload && len(n.events) == 1:
		// R4: with a payload the endpoint is a service base, and gets an update.
		l.method, l.url, l.body = methodPut, strings.TrimSuffix(w.spec.endpoint, "/")+"/"+n.events[0].Type+"/"+n.events[0].ID, n.events[0].Doc.Text()
	}
	return l
}
