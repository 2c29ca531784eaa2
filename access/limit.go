// SPDX-License-Identifier: Apache-2.0

package access

import (
	"net/netip"
	"sync"
	"time"
)

// limiter slows guessing down without locking anybody out. Each wrong answer
// makes the next try wait, from the fourth on, twice as long each time up to a
// minute; a quarter of an hour of silence forgets it. What waits is a pair of
// account and place (a known device, else the address): a guesser elsewhere
// does not slow the owner. Beside it each address has a budget of wrong
// answers over all accounts, which known devices do not share.
//
// It lives in memory, one per process: a restart forgives.
type limiter struct {
	now func() time.Time
	mu  sync.Mutex
	m   map[string]*failures
}

type failures struct {
	n     int
	until time.Time // no try before
	last  time.Time
}

const (
	freeTries    = 3
	longestWait  = time.Minute
	forgetAfter  = 15 * time.Minute
	addressTries = 40 // wrong answers of an address in forgetAfter
	limiterSize  = 50_000
)

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, m: map[string]*failures{}}
}

// place names where a try comes from. IPv6 counts by /64, the smallest that
// one customer has.
func place(address, device string) string {
	if device != "" {
		return "d" + device
	}
	if a, err := netip.ParseAddr(address); err == nil {
		a = a.Unmap()
		if a.Is6() {
			if p, err := a.WithZone("").Prefix(64); err == nil {
				return "a" + p.String()
			}
		}
		return "a" + a.String()
	}
	return "a" + address
}

// wait says how long the pair must wait, 0 = it may try. A try under way is
// counted as wrong at once, so that a thousand at the same time are not free;
// a right answer takes it back.
func (l *limiter) wait(login, place string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	pair, all := l.at(login+"\x00"+place, now), l.at(place, now)
	if d := pair.until.Sub(now); d > 0 {
		return d
	}
	if place[0] == 'a' && all.n >= addressTries {
		return max(all.last.Add(forgetAfter).Sub(now), time.Second)
	}
	pair.fail(now)
	all.fail(now)
	return 0
}

// right forgets the wrong answers of a pair.
func (l *limiter) right(login, place string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.m, login+"\x00"+place)
	if all := l.m[place]; all != nil && all.n > 0 {
		all.n--
	}
}

func (l *limiter) at(key string, now time.Time) *failures {
	f := l.m[key]
	if f == nil || now.Sub(f.last) > forgetAfter {
		if len(l.m) >= limiterSize {
			l.sweep(now)
		}
		f = &failures{}
		l.m[key] = f
	}
	return f
}

// sweep makes room: what is old goes, and if that is not enough, everything
// that does not wait.
func (l *limiter) sweep(now time.Time) {
	for _, age := range []time.Duration{forgetAfter, longestWait, 0} {
		for k, f := range l.m {
			if now.Sub(f.last) > age {
				delete(l.m, k)
			}
		}
		if len(l.m) < limiterSize*9/10 {
			return
		}
	}
}

func (f *failures) fail(now time.Time) {
	f.n++
	f.last = now
	if over := f.n - freeTries; over > 0 {
		f.until = now.Add(min(longestWait, time.Second<<min(over, 10)))
	}
}
