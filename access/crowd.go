// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"mach/store"
	"mach/vn"
)

// Crowd counts how many different persons the FHIR interface shows an account on
// one day. Whoever may read each of them may still not carry them all off: beyond
// the limit of its role (crowd.toml) an account is slowed, the audit has a line,
// and those who oversee its unit find it listed. Counts are in memory: another
// process, and a restart, begin anew; what was passed stays written.
type Crowd struct {
	*core
	seed maphash.Seed
	mu   sync.Mutex
	of   map[string]*crowded // by account
}

// crowded is one account's day.
type crowded struct {
	day    vn.Date
	people map[uint64]bool // hashes of their ids
	until  time.Time       // nothing more is shown before
	told   bool
}

// crowdLimits are crowd.toml.
type crowdLimits struct {
	Pause  int                `toml:"pause"` // seconds for each person beyond the limit
	People map[store.Role]int `toml:"people"`
}

func (l crowdLimits) check(roles map[store.Role]role) error {
	for name, most := range l.People {
		if _, ok := roles[name]; !ok || most < 1 {
			return fmt.Errorf("crowd.toml: %s: no such role, or no number", name)
		}
	}
	if l.Pause < 1 {
		return fmt.Errorf("crowd.toml: a pause of %d seconds slows nobody", l.Pause)
	}
	return nil
}

func newCrowd(k *core) *Crowd {
	return &Crowd{core: k, seed: maphash.MakeSeed(), of: map[string]*crowded{}}
}

// Counts reports whether what the actor is shown is counted.
func (c *Crowd) Counts(a store.Actor) bool { return c.cfg.Policy.crowd.People[a.Role] > 0 }

// Wait says how long the actor must wait before it is shown more persons; 0 =
// not at all.
func (c *Crowd) Wait(a store.Actor) time.Duration {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.of[a.Account]
	if one == nil || !c.Counts(a) || one.day != vn.DateOf(now) || !now.Before(one.until) {
		return 0
	}
	return one.until.Sub(now)
}

// Shown counts persons, by the ids of their Patients, that the actor is about to
// be shown.
func (c *Crowd) Shown(ctx context.Context, a store.Actor, people []string) error {
	most := c.cfg.Policy.crowd.People[a.Role]
	if most == 0 || len(people) == 0 {
		return nil
	}
	if !c.count(a.Account, people, most) {
		return nil
	}
	if err := c.note(ctx, a, ActCrowd, store.Labels{Type: "Account", ID: a.Account}, true, "many-people"); err != nil {
		return err
	}
	now := c.now()
	return c.exec(ctx, "telling of many persons", `insert into access_crowd (account, day, name, role, facility_name, unit, people, at)
		values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (account, day) do nothing`,
		a.Account, int64(vn.DateOf(now)), a.Name, string(a.Role), a.FacilityName, int64(a.Unit), most, micro(now))
}

// count adds persons and reports whether the limit was passed for the first time
// on the day.
func (c *Crowd) count(account string, people []string, most int) (passed bool) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.of[account]
	if today := vn.DateOf(now); one == nil || one.day != today {
		for name, old := range c.of { // yesterday's are of no use
			if old.day != today {
				delete(c.of, name)
			}
		}
		one = &crowded{day: today, people: map[uint64]bool{}}
		c.of[account] = one
	}
	for _, id := range people {
		h := maphash.String(c.seed, id)
		if one.people[h] {
			continue
		}
		if one.people[h] = true; len(one.people) <= most {
			continue
		}
		if one.until.Before(now) {
			one.until = now
		}
		one.until = one.until.Add(time.Duration(c.cfg.Policy.crowd.Pause) * time.Second)
		passed, one.told = passed || !one.told, true
	}
	return passed
}

// Crowded is an account that passed its limit on a day.
type Crowded struct {
	Name         string
	Role         store.Role
	FacilityName string
	People       int // the limit
	At           time.Time
}

// crowdDays is how long it is told.
const crowdDays = 90

// List returns the accounts of the actor's unit that passed their limit in the
// last 90 days, the latest first, to administrators and access reviewers; nothing
// to others.
func (c *Crowd) List(ctx context.Context, by store.Actor) ([]Crowded, error) {
	if by.Role != store.Administrator && by.Role != store.AccessReviewer {
		return nil, nil
	}
	var out []Crowded
	err := c.rows(ctx, "reading crowds", func(scan func(...any) error) error {
		var one Crowded
		var role string
		var unit, at int64
		err := scan(&one.Name, &role, &one.FacilityName, &unit, &one.People, &at)
		one.Role, one.At = store.Role(role), fromMicro(at)
		if c.cfg.Policy.within(vn.UnitID(unit), by.Unit, c.now()) {
			out = append(out, one)
		}
		return err
	}, `select name, role, facility_name, unit, people, at from access_crowd where at >= ? order by at desc, account`, micro(c.now().AddDate(0, 0, -crowdDays)))
	return out, err
}
