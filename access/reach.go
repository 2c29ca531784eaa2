// SPDX-License-Identifier: Apache-2.0

package access

import (
	"mach/store"
	"mach/vn"
)

// The facts about a row that a WHERE clause can use. A reach is a set of them.
type reachFacts uint8

const (
	factOwn      reachFacts = 1 << iota // rows of the actor's own person
	factAccount                         // rows of persons the account, or the health worker, has a relation to
	factFacility                        // rows made here or of persons the facility has a relation to
	factWithin                          // rows in the actor's unit
	factOpen                            // rows of nobody
	factAll                             // every row
)

type reachKey struct {
	role    store.Role
	act     store.Action
	typ     string
	purpose store.Purpose
}

// Reach returns a superset of what Judge would allow for the type. It is
// worked out from the policies themselves, so the two cannot drift apart; the
// property test compares them.
func (p *Policy) Reach(a store.Actor, act store.Action, typ string) store.Reach {
	if a.Account == "" || p.roles[a.Role].name == "" {
		return store.Reach{}
	}
	g := granted{some: true}
	if a.Scopes != nil {
		g = p.granted(a, act, typ, nil)
	}
	if !g.some {
		return store.Reach{}
	}
	r := p.reachOf(a, act, typ)
	r.Only = g.only
	if g.own && !empty(r) { // no scope reaches beyond the one person
		return store.Reach{Patient: recordOf(a), Open: p.common[typ], Only: g.only}
	}
	return r
}

// reachOf is the reach of who asks, whatever the scopes.
func (p *Policy) reachOf(a store.Actor, act store.Action, typ string) store.Reach {
	k := reachKey{role: a.Role, act: act, typ: typeName(act, typ)}
	if a.Purpose == store.Emergency {
		k.purpose = a.Purpose
	}
	facts := p.reached.get(k, p.reach)
	if facts&factAll != 0 {
		return store.Reach{All: true}
	}
	var r store.Reach
	if facts&factOwn != 0 {
		r.Patient = a.Patient
	}
	if facts&factAccount != 0 {
		r.Account, r.Worker = a.Account, a.Worker()
	}
	if facts&factFacility != 0 {
		r.Facility = a.Facility
	}
	if facts&factWithin != 0 && a.Unit != 0 {
		r.Units = []vn.UnitID{a.Unit}
	}
	r.Open = facts&factOpen != 0
	return r
}

// reach finds a smallest set of facts such that every permitted situation has
// one of them. It starts from four and drops each, widest first, when nothing
// that is permitted has only facts already dropped. Policies only ever open
// more when a fact becomes true (TestMonotone), so trying all of the dropped
// ones at once is enough.
func (p *Policy) reach(k reachKey) reachFacts {
	if p.permitted(k, true, 0) {
		return factAll
	}
	open := p.permitted(k, false, 0)
	kept := fourFacts
	for _, f := range []reachFacts{factWithin, factFacility, factAccount, factOwn} {
		without := kept &^ f
		others := fourFacts &^ without
		if !p.permitted(k, true, others) && (open || !p.permitted(k, false, others)) {
			kept = without
		}
	}
	if open {
		kept |= factOpen
	}
	return kept
}

const fourFacts = factOwn | factAccount | factFacility | factWithin

// closedLabels are those that the closed desk opens: of persons it sees nothing
// without.
var closedLabels = labelBits([]string{"hiv", "sti"})

// permitted reports whether some situation is permitted in which only the
// given facts are true.
func (p *Policy) permitted(k reachKey, personal bool, facts reachFacts) bool {
	s := situation{role: k.role, act: k.act, typ: k.typ, purpose: k.purpose, personal: personal}
	s = s.with(facts)
	if k.role == store.ClosedDesk && personal {
		s.labels = closedLabels
	}
	for _, c := range categories {
		for _, author := range []bool{false, true} {
			for _, draft := range []bool{false, true} {
				s.category, s.author, s.draft = c, author, draft
				if p.decide(s).Allow {
					return true
				}
			}
		}
	}
	return false
}

// with makes exactly the given facts true, as far as a row of nobody can have
// them. A case row names no facility and helps no search: it is always there.
func (s situation) with(facts reachFacts) situation {
	s.here, s.within = facts&factFacility != 0, facts&factWithin != 0
	if !s.personal {
		return s
	}
	s.own = facts&factOwn != 0
	s.related = caseBit
	if facts&factAccount != 0 {
		s.related |= accountBits
	}
	if facts&factFacility != 0 {
		s.related |= facilityBits
	}
	return s
}

// empty reports whether nothing is in reach.
func empty(r store.Reach) bool {
	return !r.All && !r.Open && r.Patient == "" && r.Facility == "" && r.Account == "" && r.Worker == "" && len(r.Units) == 0
}
