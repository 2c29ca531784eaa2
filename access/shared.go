// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"time"

	"mach/issue"
	"mach/store"
)

// Shared computers: a device cookie remembers who signed in fully there; they
// come back with a PIN. Five wrong PINs, or a week, ask for the password again;
// on that device only, so nobody is locked out elsewhere.

// Recent is somebody who signed in on this device.
type Recent struct {
	Account string
	Login   string
	Name    string
	Role    store.Role
	Place   string // facility name
	PIN     bool   // may come back by PIN; else by password
}

// Recents lists who signed in on the device, latest first, at most eight. No
// device, or a forged one, has nobody.
func (s *Sessions) Recents(ctx context.Context, deviceSecret string) ([]Recent, error) {
	if deviceSecret == "" {
		return nil, nil
	}
	var out []Recent
	err := s.rows(ctx, "reading recent users", func(scan func(...any) error) error {
		var r recentScan
		err := scan(r.dest()...)
		out = append(out, Recent{Account: r.acc.ID, Login: r.acc.Login, Name: r.acc.Name, Role: store.Role(r.role), Place: r.place, PIN: s.pinOpen(r)})
		return err
	}, recentQuery+` where d.hash = ? and a.closed = 0 order by r.seen desc, a.id limit ?`, hashSecret(deviceSecret), recentShown)
	return out, err
}

// pinOpen reports whether a PIN will do.
func (s *Sessions) pinOpen(r recentScan) bool {
	window := pinWindow
	if s.accounts.NeedsCode(store.Role(r.role)) {
		window = pinWindowStrict
	}
	return r.acc.pin != "" && r.failures < pinTries && s.now().Before(fromMicro(r.fullAt).Add(window))
}

// Switch opens a session for somebody who signed in on this device before, by
// PIN, and ends the one that was there. Errors: Login (wrong PIN), Expired
// (the password is needed now).
func (s *Sessions) Switch(ctx context.Context, account, pin string, from Origin) (Opened, error) {
	row, r, err := s.checkPIN(ctx, account, pin, from.Device, ActSwitch)
	if err != nil {
		return Opened{}, err
	}
	role, ok, err := s.accounts.assignment(ctx, r.assignment)
	if err != nil {
		return Opened{}, err
	}
	if !ok || !role.ValidAt(s.now()) || role.Account != account {
		if role, err = s.enter(ctx, row, "pin"); err != nil {
			return Opened{}, err
		}
	}
	return s.begin(ctx, row, role, "pin", time.Time{}, from, ActSwitch)
}

// Unlock opens a locked session again, by PIN or by password.
func (s *Sessions) Unlock(ctx context.Context, now Session, secret string, from Origin) error {
	err := s.checkOwn(ctx, now, secret, from.Device)
	if err != nil {
		return err
	}
	err = s.exec(ctx, "unlocking a session", `update access_session set locked = 0, seen = ? where id = ? and ended = 0`, micro(s.now()), now.ID)
	if err != nil {
		return err
	}
	return s.note(ctx, now.Actor, ActUnlock, store.Labels{Type: "Account", ID: now.Actor.Account}, true, "unlock")
}

// checkOwn asks who has a session for the PIN or the password.
func (s *Sessions) checkOwn(ctx context.Context, now Session, secret, device string) error {
	if len(secret) == pinDigits {
		_, _, err := s.checkPIN(ctx, now.Actor.Account, secret, device, ActUnlock)
		return err
	}
	_, right, err := s.accounts.check(ctx, now.Actor, place("", now.ID), secret, "pin")
	if err != nil || right {
		return err
	}
	if err := s.note(ctx, now.Actor, ActUnlock, store.Labels{Type: "Account", ID: now.Actor.Account}, false, "wrong"); err != nil {
		return err
	}
	return issue.New(issue.Login, "access.unlock.wrong").At("pin")
}

// checkPIN spends one of the tries before it looks, so that many at once are
// no more than five.
func (s *Sessions) checkPIN(ctx context.Context, account, pin, deviceSecret string, act store.Action) (accountRow, recentScan, error) {
	needPassword := issue.New(issue.Expired, "access.pin.password").At("pin")
	var r recentScan
	open := false
	err := s.db.In(ctx, func(tx store.Tx) error {
		r = recentScan{}
		found, err := tx.Row(ctx, r.dest(), recentQuery+` where d.hash = ? and a.id = ? and a.closed = 0`, hashSecret(deviceSecret), account)
		if err != nil || !found {
			return err
		}
		if open = s.pinOpen(r); !open {
			return nil
		}
		return tx.Exec(ctx, `update access_recent set pin_failures = pin_failures + 1 where device = ? and account = ?`, r.device, account)
	})
	if err != nil {
		return accountRow{}, r, fmt.Errorf("checking a PIN: %w", err)
	}
	who := store.Actor{Account: r.acc.ID, Name: r.acc.Name, Role: store.Role(r.role)}
	if !open {
		return accountRow{}, r, needPassword
	}
	right, err := s.accounts.hasher.verify(ctx, r.acc.pin, pepper(s.cfg.Key, account, pin))
	if err != nil {
		return accountRow{}, r, err
	}
	if !right {
		if err := s.note(ctx, who, act, store.Labels{Type: "Account", ID: account}, false, "wrong"); err != nil {
			return accountRow{}, r, err
		}
		if left := pinTries - 1 - int(r.failures); left > 0 {
			return accountRow{}, r, issue.New(issue.Login, "access.pin.wrong", left).At("pin")
		}
		return accountRow{}, r, needPassword
	}
	err = s.exec(ctx, "checking a PIN", `update access_recent set pin_failures = 0 where device = ? and account = ?`, r.device, account)
	return r.acc, r, err
}

// Forget takes an account off the list of a device.
func (s *Sessions) Forget(ctx context.Context, account, deviceSecret string) error {
	return s.exec(ctx, "forgetting a user", `delete from access_recent where account = ? and device in (select id from access_device where hash = ?)`,
		account, hashSecret(deviceSecret))
}
