// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"
	"sync"
	"time"

	"mach/access"
	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// How many searches, histories and operations one account may have at work at
// once, and how long the next one waits for its turn. One of them may take a
// processor for two minutes; what is quick does not notice.
const (
	atOnce  = 8
	turn    = 2 * time.Second
	tryLate = 5 // seconds until one that was refused should come again
)

// turns are the requests at work, by account.
type turns struct {
	wait time.Duration
	mu   sync.Mutex
	of   map[string]*turnsOf
}

type turnsOf struct {
	places chan struct{}
	users  int // that hold a place or wait for one
}

// take waits for a place and returns how to give it back. Error: Throttled.
func (t *turns) take(ctx context.Context, account string) (func(), error) {
	if account == "" {
		return func() {}, nil
	}
	t.mu.Lock()
	one := t.of[account]
	if one == nil {
		one = &turnsOf{places: make(chan struct{}, atOnce)}
		t.of[account] = one
	}
	one.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(t.of, account)
		}
	}
	late := time.NewTimer(t.wait)
	defer late.Stop()
	select {
	case one.places <- struct{}{}:
		return func() { <-one.places; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	case <-late.C:
		leave()
		e := issue.New(issue.Throttled, "fhirapi.busy", atOnce)
		e.Retry = tryLate
		return nil, e
	}
}

// people are the persons whose records an answer shows, by the ids of Patients;
// nil: nobody counts them.
type people map[string]bool

func (p people) add(d *fhir.Doc) {
	if p == nil || d == nil {
		return
	}
	for _, id := range fhir.Patients(d) {
		p[id] = true
	}
}

// show is what the asker wants to see of a resource, whose person is counted.
func (q *request) show(d *fhir.Doc) *fhir.Doc {
	q.people.add(d)
	return q.view.Of(d)
}

// Watch counts the persons that each account is shown.
func (m *Module) Watch(c *access.Crowd) { m.crowd = c }

// crowdWait refuses who was shown too many persons today and must wait.
func (m *Module) crowdWait(a store.Actor) error {
	if m.crowd == nil {
		return nil
	}
	wait := m.crowd.Wait(a)
	if wait == 0 {
		return nil
	}
	e := issue.New(issue.Throttled, "fhirapi.crowd")
	e.Retry = int(wait/time.Second) + 1
	return e
}

// shown counts the persons of an answer before it leaves.
func (m *Module) shown(q *request) error {
	if len(q.people) == 0 {
		return nil
	}
	ids := make([]string, 0, len(q.people))
	for id := range q.people {
		ids = append(ids, id)
	}
	return m.crowd.Shown(q.http.Context(), q.door.Actor(), ids)
}
