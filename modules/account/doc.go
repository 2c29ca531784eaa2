// SPDX-License-Identifier: Apache-2.0

// Package account is the pages of package access: signing in and out, locking
// and switching on shared computers, one's own account, break-glass and its
// review, consents, guardians, and the accounts of a unit.
//
// It decides nothing: access and the store do. It owns no tables, follows
// nothing and writes no resource; what it shows of a record it reads through
// the store as the actor.
//
// Law: consents by purpose, withdrawal, the child's own agreement from seven
// (Law on Personal Data Protection 91/2025/QH15, Decree 356/2025); codes for
// those who oversee (security level 3, Decree 331/2026).
package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mach/access"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// Stranger is somebody found by full number and birth year: enough to know
// that it is the one at hand, no more.
type Stranger struct {
	Patient string
	Name    string
	Sex     string // FHIR administrative gender
	Year    string // of birth
	Place   string // commune
}

// Identify finds anybody by full number and birth year; nil when nobody is.
type Identify func(ctx context.Context, a store.Actor, number vn.PersonalID, birthYear int) ([]Stranger, error)

// Module serves the pages.
type Module struct {
	access   *access.Access
	store    *store.Store
	units    *vn.Units
	identify Identify
	lan      bool
	now      func() time.Time
}

// New makes the module. lan lets one-time links of a demonstration work on the
// private network too.
func New(a *access.Access, s *store.Store, units *vn.Units, identify Identify, lan bool, now func() time.Time) *Module {
	return &Module{access: a, store: s, units: units, identify: identify, lan: lan, now: now}
}

// take puts what people can mend into the form, a wrong password or a wait
// included; any other error comes back.
func take(f *web.Form, err error) error {
	var e *issue.Error
	if !errors.As(err, &e) || issue.Is(err, issue.NotFound) || issue.Is(err, issue.Exception) {
		return err
	}
	for _, i := range e.Issues {
		f.Fail(i.Path, i.Code, i.Key, i.Args...)
	}
	return nil
}

// session finds the whole session behind a request; the kit knows a part.
func (m *Module) session(r *http.Request) (access.Session, error) {
	return m.access.Sessions.Resolve(r)
}

// forget drops what must never be shown again.
func forget(f *web.Form, names ...string) {
	for _, n := range names {
		f.Set(n, "")
	}
}
