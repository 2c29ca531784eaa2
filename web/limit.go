// SPDX-License-Identifier: Apache-2.0

package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Requests a second and burst, per account and, for nobody, per address. A
// station behind one address has twenty people signed in: they are counted
// one by one, so a neighbour cannot lock them out.
const (
	accountRate, accountBurst = 30, 150
	addressRate, addressBurst = 30, 150
	limitKeys                 = 20_000
)

type limits struct {
	now  func() time.Time
	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, keys: map[string]*rate.Limiter{}}
}

// take counts one request and returns how long to wait; zero means go on.
func (l *limits) take(account, address string) time.Duration {
	key, r, burst := "account "+account, rate.Limit(accountRate), accountBurst
	if account == "" {
		key, r, burst = "address "+address, addressRate, addressBurst
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	lim, ok := l.keys[key]
	if !ok {
		if len(l.keys) >= limitKeys {
			l.forget(now)
		}
		lim = rate.NewLimiter(r, burst)
		l.keys[key] = lim
	}
	res := lim.ReserveN(now, 1)
	wait := res.DelayFrom(now)
	if wait > 0 {
		res.CancelAt(now)
	}
	return wait
}

// forget drops the keys whose bucket is full again: they lose nothing.
func (l *limits) forget(now time.Time) {
	for k, lim := range l.keys {
		if lim.TokensAt(now) >= float64(lim.Burst()) {
			delete(l.keys, k)
		}
	}
	if len(l.keys) >= limitKeys { // a flood of addresses: start afresh
		clear(l.keys)
	}
}
