// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"mach/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what the module is told.
type Config struct {
	// Base is the absolute URL of the FHIR service as receivers know it.
	Base func() string
	// Renew returns an actor with the rights he has now; an error of code Login
	// says that he has none any more. nil = as he was.
	Renew func(ctx context.Context, a store.Actor) (store.Actor, error)
	// Private allows endpoints on private and loopback addresses, and http.
	Private bool
	Now     func() time.Time
	Log     *slog.Logger
}

// Module keeps the promises of Subscriptions. It is safe for concurrent use.
type Module struct {
	store   *store.Store
	own     *store.Primary
	post    post
	base    func() string
	renew   func(context.Context, store.Actor) (store.Actor, error)
	private bool
	now     func() time.Time
	log     *slog.Logger
}

// New prepares the tables, looks at every write of a Subscription from now on,
// and takes on the duty of serving them.
func New(ctx context.Context, s *store.Store, c Config) (*Module, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	own, err := s.Primary(ctx, "subscription", files)
	if err != nil {
		return nil, fmt.Errorf("tables of subscriptions: %w", err)
	}
	m := &Module{store: s, own: own, post: newPost(c.Private), base: c.Base, renew: c.Renew, private: c.Private, now: c.Now, log: c.Log}
	if m.renew == nil {
		m.renew = func(_ context.Context, a store.Actor) (store.Actor, error) { return a, nil }
	}
	s.VetWrites("Subscription", m.vet)
	s.OnDuty(m.duty)
	return m, nil
}

// Figures are how the deliveries stand, without whom they are for.
type Figures struct {
	Status  map[string]int // Subscriptions in force by status
	Waiting int            // events not delivered yet
	Oldest  time.Time      // the event that waits longest; zero = none
}

// Figures counts.
func (m *Module) Figures(ctx context.Context) (Figures, error) {
	f := Figures{Status: map[string]int{requested: 0, active: 0, failing: 0, off: 0}}
	err := m.own.Rows(ctx, `select status, count(*) from subscription_state group by status`, nil, func(scan func(...any) error) error {
		var status string
		var n int
		err := scan(&status, &n)
		f.Status[status] = n
		return err
	})
	if err != nil {
		return f, err
	}
	var oldest int64
	_, err = m.own.Row(ctx, []any{&f.Waiting, &oldest}, `select count(*), coalesce(min(at), 0) from subscription_event where done = 0`)
	if oldest > 0 {
		f.Oldest = time.UnixMicro(oldest).UTC()
	}
	return f, err
}
