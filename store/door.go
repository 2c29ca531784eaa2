// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Door reads, searches and commits as one actor. It is cheap and belongs to
// one request.
type Door struct {
	s    *Store
	a    Actor
	past *Past // nil = views as they are

	checks Checks // of what it writes
}

// For returns the door of an actor.
func (s *Store) For(a Actor) Door { return Door{s: s, a: a} }

// Actor returns who stands at the door.
func (d Door) Actor() Actor { return d.a }

// NewID returns a new resource id: UUIDv7, so that ids grow with time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// SystemActor is the actor of followers, imports and jobs.
func SystemActor() Actor {
	return Actor{Account: "system", Name: "Mạch", Role: System, Purpose: Operations}
}

// withRequest tells the statements below ctx for which request they run.
func withRequest(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, requestKey{}, a.Request)
}

// judge decides about one resource; c is what it says, nil = not known.
func (s *Store) judge(ctx context.Context, r reader, a Actor, act Action, l Labels, c content) (Decision, error) {
	rels, err := relationsOf(ctx, r, a, l.Patient)
	if err != nil {
		return Decision{}, fmt.Errorf("relations of a person: %w", err)
	}
	return s.decide(a, act, l, c, rels[l.Patient], s.cfg.Now()), nil
}
