// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"mach/store"
)

// Requests a second and burst, per account and, for nobody, per address. A
// station behind one address has twenty people signed in: they are counted
// one by one, so a neighbour cannot lock them out. An application of a hospital
// asks for many at once, so each of its tokens has a rate of its own (see
// Options.AppRate), beside that of the account it was lent by.
const (
	accountRate, accountBurst = 30, 150
	addressRate, addressBurst = 30, 150
	appRate, appBurstSeconds  = 200, 2 // unless set; how long a burst may last
	limitKeys                 = 20_000
)

type limits struct {
	now  func() time.Time
	app  int // requests a second of one token
	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

func newLimits(now func() time.Time, app int) *limits {
	return &limits{now: now, app: cmp.Or(app, appRate), keys: map[string]*rate.Limiter{}}
}

// take counts one request and returns how long to wait; zero means go on.
func (l *limits) take(a store.Actor, address string) time.Duration {
	key, r, burst := "account "+a.Account, rate.Limit(accountRate), accountBurst
	switch {
	case a.Account == "":
		key, r, burst = "address "+address, addressRate, addressBurst
	case a.Scopes != nil: // a token
		key, r, burst = "token "+a.Session, rate.Limit(l.app), l.app*appBurstSeconds
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
