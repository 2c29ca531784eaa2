// SPDX-License-Identifier: Apache-2.0

package access

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"mach/store"
	"mach/vn"
)

// Places knows which unit lies in which on a day; *vn.Units does.
type Places interface {
	WithinOn(id, ancestor vn.UnitID, on vn.Date) bool
}

// Policy judges with Cedar. It implements store.Guard: pure but for the clock
// it is given. A question is first reduced to its [situation], of which there
// are few; each is asked of Cedar once and remembered.
type Policy struct {
	places   Places
	policies []policy
	entities types.EntityMap
	roles    map[store.Role]role
	crowd    crowdLimits
	types    map[string]bool
	common   map[string]bool // types that stand around every record: directory, definitions, stock, subscriptions

	heads   memory[reachKey, []policy]
	judged  memory[situation, store.Decision]
	reached memory[reachKey, reachFacts]
	scopes  memory[string, Scope]
}

// policy is one Cedar policy with the id that the audit shows, and its head: it
// without its conditions.
type policy struct {
	id         string
	head, only *cedar.PolicySet
}

// NewPolicy compiles the policies of dir (see content.Policies).
func NewPolicy(dir fs.FS, places Places) (*Policy, error) {
	p := &Policy{places: places}
	if err := p.load(dir); err != nil {
		return nil, fmt.Errorf("access policies: %w", err)
	}
	return p, nil
}

// Reasons that no policy gives.
const (
	reasonNobody  = "nobody"  // no account, or a role that is not in roles.toml
	reasonScope   = "scope"   // the token's scopes do not cover it
	reasonUnknown = "unknown" // a resource type that stands in no part
	reasonClosed  = "closed"  // no policy permits it
)

// Judge decides one action on one labelled resource. The reason is the id of
// the policy that decided, or one of nobody, scope, unknown, closed.
func (p *Policy) Judge(a store.Actor, act store.Action, l store.Labels, rels []store.Relation, now time.Time) store.Decision {
	if a.Account == "" || p.roles[a.Role].name == "" {
		return store.Decision{Reason: reasonNobody}
	}
	var only []string
	if a.Scopes != nil {
		g := p.granted(a, act, l.Type, &l)
		if !g.some {
			return store.Decision{Reason: reasonScope}
		}
		only = g.only
	}
	s := situation{
		role: a.Role, act: act, typ: typeName(act, l.Type), purpose: a.Purpose,
		category: knownCategory(l.Category), labels: labelBits(l.Sensitivity), draft: l.Draft,
		personal: l.Patient != "",
		own:      l.Patient != "" && l.Patient == a.Patient,
		here:     l.Facility != "" && l.Facility == a.Facility,
		within:   p.within(l.Unit, a.Unit, now),
		author:   l.Author != "" && (l.Author == a.Account || l.Author == a.Worker()),
		related:  relationBits(a, l.Patient, rels, now),
	}
	dec := p.decide(s)
	dec.Only = only
	return dec
}

func (p *Policy) within(unit, ancestor vn.UnitID, now time.Time) bool {
	if unit == 0 || ancestor == 0 {
		return false
	}
	return unit == ancestor || p.places.WithinOn(unit, ancestor, vn.DateOf(now))
}

func (p *Policy) decide(s situation) store.Decision {
	if !p.types[s.typ] && s.role != store.System {
		return store.Decision{Reason: reasonUnknown}
	}
	if s.purpose != store.Emergency {
		s.purpose = "" // only an emergency changes a decision
	}
	return p.judged.get(s, p.ask)
}

// headed are the policies, in file order, whose head names the role, the action
// and the type: few of all.
func (p *Policy) headed(k reachKey) (found []policy) {
	req := situation{role: k.role, act: k.act, typ: k.typ}.request()
	for _, one := range p.policies {
		if _, diag := cedar.Authorize(one.head, p.entities, req); len(diag.Reasons)+len(diag.Errors) > 0 {
			found = append(found, one)
		}
	}
	return found
}

// ask puts a situation before every policy that may apply. A forbid wins; the
// first permit in file order gives the reason. A policy that fails is taken as a
// refusal.
func (p *Policy) ask(s situation) store.Decision {
	req := s.request()
	permitted := ""
	for _, one := range p.heads.get(reachKey{role: s.role, act: s.act, typ: s.typ}, p.headed) {
		_, diag := cedar.Authorize(one.only, p.entities, req)
		if len(diag.Errors) > 0 {
			return store.Decision{Reason: one.id}
		}
		if len(diag.Reasons) == 0 {
			continue // does not apply
		}
		effect := one.only.Get(diag.Reasons[0].PolicyID).Effect()
		if effect == types.Forbid {
			return store.Decision{Reason: one.id}
		}
		if permitted == "" {
			permitted = one.id
		}
	}
	if permitted == "" {
		return store.Decision{Reason: reasonClosed}
	}
	return store.Decision{Allow: true, Reason: permitted}
}

// InCircle reports whether roles.toml puts the role in the circle.
func (p *Policy) InCircle(r store.Role, circle string) bool {
	return slices.Contains(p.roles[r].Circles, circle)
}

// memory remembers the answers of a pure function. It forgets everything when
// full, which random questions may bring about and people do not.
type memory[K comparable, V any] struct {
	m sync.Map
	n atomic.Int64
}

const memoryLimit = 1 << 16

func (c *memory[K, V]) get(k K, ask func(K) V) V {
	if v, ok := c.m.Load(k); ok {
		return v.(V)
	}
	v := ask(k)
	if c.n.Add(1) > memoryLimit {
		c.m.Clear()
		c.n.Store(1)
	}
	c.m.Store(k, v)
	return v
}
