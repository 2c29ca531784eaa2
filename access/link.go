// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"mach/issue"
	"mach/store"
)

// Links are the one-time links of the demonstration's role switcher. They work
// only in a data folder that mach demo made, and only from this machine or,
// with --lan, from its private network.
type Links struct {
	*core
	accounts *Accounts
}

const linkLife = 10 * time.Minute

// DemoLink returns a path that signs its first visitor in as the account, in
// its latest role. Error: Forbidden outside a demonstration, NotFound.
func (l *Links) DemoLink(ctx context.Context, login string) (path string, err error) {
	if !l.cfg.Demo {
		return "", issue.New(issue.Forbidden, "access.link.demo")
	}
	acc, err := l.accounts.ByLogin(ctx, login)
	if err != nil {
		return "", err
	}
	roles, err := l.accounts.current(ctx, acc.ID)
	if err != nil || len(roles) == 0 {
		return "", orNotFound(err)
	}
	secret, hash := newSecret()
	err = l.exec(ctx, "making a link", `insert into access_link (hash, account, assignment, expires, used) values (?, ?, ?, ?, 0)`,
		hash, acc.ID, roles[len(roles)-1].ID, micro(l.now().Add(linkLife)))
	return "/sign-in/link/" + secret, err
}

// Local reports whether an address is this machine, or with lan one of its
// private networks.
func Local(address string, lan bool) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	a = a.Unmap().WithZone("")
	return a.IsLoopback() || lan && (a.IsPrivate() || a.IsLinkLocalUnicast())
}

// Follow signs in by a one-time link. Errors: Forbidden (not a demonstration,
// or not from here), Expired (used, too old or unknown: the same answer).
func (s *Sessions) Follow(ctx context.Context, secret string, lan bool, from Origin) (Opened, error) {
	if !s.cfg.Demo || !Local(from.Address, lan) {
		return Opened{}, issue.New(issue.Forbidden, "access.link.demo")
	}
	var account, assignment string
	var ok bool
	now := micro(s.now())
	err := s.db.In(ctx, func(tx store.Tx) error {
		var err error
		ok, err = tx.Row(ctx, []any{&account, &assignment},
			`update access_link set used = ? where hash = ? and used = 0 and expires > ? returning account, assignment`, now, hashSecret(secret), now)
		return err
	})
	if err != nil {
		return Opened{}, fmt.Errorf("following a link: %w", err)
	}
	gone := issue.New(issue.Expired, "access.link.used")
	if !ok {
		return Opened{}, gone
	}
	row, found, err := s.accounts.byID(ctx, account)
	if err != nil {
		return Opened{}, err
	}
	role, held, err := s.accounts.assignment(ctx, assignment)
	if err != nil {
		return Opened{}, err
	}
	if !found || !held || !row.Closed.IsZero() || !role.ValidAt(s.now()) {
		return Opened{}, gone
	}
	return s.begin(ctx, row, role, "link", time.Time{}, from, ActLink)
}
