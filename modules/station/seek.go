// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// How many strangers one account may look up by number in an hour. Who stands
// at the desk is there or is new, and then is registered; many numbers that
// lead to nobody are guesses, many that lead to strangers are a list in the
// making. Project decision.
const (
	seekMisses = 10
	seekHits   = 60
	seekWindow = time.Hour
)

// seekers counts lookups by account, in memory: a restart forgives.
type seekers struct {
	mu sync.Mutex
	of map[string][]seek
}

// seek is one lookup that found a stranger, or nobody.
type seek struct {
	at     time.Time
	number vn.PersonalID // of somebody unknown, until registered; "" = the number is known
	hit    bool
}

// wait says how long the account must wait, 0 = it may look somebody up.
func (s *seekers) wait(account string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	recent := slices.DeleteFunc(s.of[account], func(k seek) bool { return now.Sub(k.at) >= seekWindow })
	if len(recent) == 0 {
		delete(s.of, account)
		return 0
	}
	s.of[account] = recent
	n := map[bool]int{}
	for i := len(recent) - 1; i >= 0; i-- {
		k := recent[i]
		if n[k.hit]++; k.hit && n[true] == seekHits || !k.hit && n[false] == seekMisses {
			return k.at.Add(seekWindow).Sub(now)
		}
	}
	return 0
}

func (s *seekers) count(account string, k seek) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string][]seek{}
	}
	s.of[account] = append(s.of[account], k)
}

// registered forgives the account the lookup of somebody who was new.
func (s *seekers) registered(account, number string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list := s.of[account]; number != "" && len(list) > 0 {
		s.of[account] = slices.DeleteFunc(list, func(k seek) bool { return string(k.number) == number })
	}
}

// Identify finds anybody, of any commune, by the full personal number and the
// birth year: who knows both has the person or the card before them. It tells
// name, sex, birth year and commune, and no more, of who belongs elsewhere
// (Stranger). nil when nobody matches. Error: Throttled, for an account that
// within an hour found too many strangers, or nobody too often; the audit has it.
func (m *Module) Identify(ctx context.Context, a store.Actor, number vn.PersonalID, birthYear int) ([]Person, error) {
	now := m.now()
	if wait := m.seekers.wait(a.Account, now); wait > 0 {
		l := store.Labels{Type: "Patient", Facility: a.Facility, Unit: a.Unit}
		if err := m.store.Note(ctx, a, store.ActIdentify, l, store.Decision{Reason: "too-many"}); err != nil {
			return nil, err
		}
		e := issue.New(issue.Throttled, "station.identify.wait", int(wait/time.Minute)+1)
		e.Retry = int(wait/time.Second) + 1
		return nil, e
	}
	known, found, err := m.numbered(ctx, a, number, birthYear)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0 && known:
		m.seekers.count(a.Account, seek{at: now})
	case len(found) == 0:
		m.seekers.count(a.Account, seek{at: now, number: number})
	case slices.ContainsFunc(found, func(p Person) bool { return p.Stranger }):
		m.seekers.count(a.Account, seek{at: now, hit: true})
	}
	return found, nil
}

// numbered finds by number; known says that somebody has it, whatever the year.
func (m *Module) numbered(ctx context.Context, a store.Actor, number vn.PersonalID, birthYear int) (known bool, rows []Person, err error) {
	rows, err = store.Identify(ctx, m.store.For(a), a.Unit, scanPerson,
		`select `+personColumns+` from station_person p where p.number = ?`, string(number))
	if err != nil {
		return false, nil, fmt.Errorf("person by number: %w", err)
	}
	known = len(rows) > 0
	year := fmt.Sprintf("%04d", birthYear)
	rows = slices.DeleteFunc(rows, func(p Person) bool { return !strings.HasPrefix(p.Birth, year) })
	for i := range rows {
		p := &rows[i]
		if p.Here = p.Facility == a.Facility; p.Here {
			continue
		}
		*p = Person{Patient: p.Patient, Facility: p.Facility, Name: p.Name, Sex: p.Sex, Birth: year, Unit: p.Unit, Number: string(number), Stranger: true, sort: p.sort}
		if u, ok := m.units.Get(p.Unit); ok {
			p.Address = u.Full()
		}
	}
	return known, rows, nil
}
