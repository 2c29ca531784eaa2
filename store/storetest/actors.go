// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"time"

	"github.com/google/uuid"

	"mach/store"
)

// AllowAll is the guard that allows every actor with a role everything.
type AllowAll struct{}

// Judge allows.
func (AllowAll) Judge(a store.Actor, _ store.Action, _ store.Labels, _ []store.Relation, _ time.Time) store.Decision {
	return store.Decision{Allow: a.Role != "", Reason: "test"}
}

// Reach reaches everything.
func (AllowAll) Reach(a store.Actor, _ store.Action, _ string) store.Reach {
	return store.Reach{All: a.Role != ""}
}

// JudgeFunc is a guard made of one function; it reaches everything.
type JudgeFunc func(a store.Actor, act store.Action, l store.Labels, rels []store.Relation) store.Decision

// Judge calls the function.
func (f JudgeFunc) Judge(a store.Actor, act store.Action, l store.Labels, rels []store.Relation, _ time.Time) store.Decision {
	return f(a, act, l, rels)
}

// Reach reaches everything.
func (JudgeFunc) Reach(store.Actor, store.Action, string) store.Reach { return store.Reach{All: true} }

// Actor returns an actor of the role at a facility, in a request of its own.
func Actor(role store.Role, facility string) store.Actor {
	return store.Actor{Account: "acc-" + string(role), Name: "Thử " + string(role), Role: role, Practitioner: "prac-" + string(role),
		Facility: facility, FacilityName: "Cơ sở " + facility, Unit: 1, Purpose: store.Treatment, Session: "session", Request: uuid.NewString()}
}

// Doctor returns a doctor at a facility.
func Doctor(facility string) store.Actor { return Actor(store.Doctor, facility) }

// Nurse returns a nurse at a facility.
func Nurse(facility string) store.Actor { return Actor(store.Nurse, facility) }

// Person returns the person of a Patient id.
func Person(patient string) store.Actor {
	return store.Actor{Account: "person-" + patient, Name: "Người dân", Role: store.Person, Patient: patient, Purpose: store.OwnRequest,
		Session: "session", Request: uuid.NewString()}
}

// System returns the system's own actor, in a request of its own.
func System() store.Actor {
	a := store.SystemActor()
	a.Request = uuid.NewString()
	return a
}
