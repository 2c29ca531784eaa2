// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"time"

	"mach/store"
)

// sessionRow is what the table says of a session.
type sessionRow struct {
	id, device, how     string
	made, seen, expires time.Time
	locked              bool
	address, agent      string
}

func insertSession(ctx context.Context, tx store.Tx, hash string, o Session, device string) error {
	return tx.Exec(ctx, `insert into access_session (hash, id, account, assignment, device, how, made, seen, expires, locked, ended, address, agent)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		hash, o.ID, o.Actor.Account, o.Assignment.ID, device, o.How, micro(o.Since), micro(o.Seen), micro(o.Expires), 0, 0, o.Address, o.Agent)
}

// remember puts the account on the device's list. Only a full sign-in, with
// everything that was asked, starts or renews the PIN.
func remember(ctx context.Context, tx store.Tx, device string, o Session, full bool, now time.Time) error {
	var one string
	known, err := tx.Row(ctx, []any{&one}, `select account from access_recent where device = ? and account = ?`, device, o.Actor.Account)
	if err != nil {
		return err
	}
	switch {
	case !known:
		at := micro(now)
		if !full {
			at = 0
		}
		return tx.Exec(ctx, `insert into access_recent (device, account, assignment, full_at, seen, pin_failures) values (?, ?, ?, ?, ?, 0)`,
			device, o.Actor.Account, o.Assignment.ID, at, micro(now))
	case !full:
		return tx.Exec(ctx, `update access_recent set assignment = ?, seen = ? where device = ? and account = ?`,
			o.Assignment.ID, micro(now), device, o.Actor.Account)
	}
	return tx.Exec(ctx, `update access_recent set assignment = ?, full_at = ?, seen = ?, pin_failures = 0 where device = ? and account = ?`,
		o.Assignment.ID, micro(now), micro(now), device, o.Actor.Account)
}

// open returns the sessions that where selects and that have not ended, nor
// run out, nor lost their role or account, latest use first.
func (s *Sessions) open(ctx context.Context, where string, args ...any) ([]Session, error) {
	now := s.now()
	var out []Session
	err := s.rows(ctx, "reading sessions", func(scan func(...any) error) error {
		var r sessionRow
		var made, seen, expires int64
		var locked int
		var acc accountScan
		var role assignmentScan
		dest := append([]any{&r.id, &r.device, &r.how, &made, &seen, &expires, &locked, &r.address, &r.agent}, acc.dest()...)
		if err := scan(append(dest, role.dest()...)...); err != nil {
			return err
		}
		r.made, r.seen, r.expires, r.locked = fromMicro(made), fromMicro(seen), fromMicro(expires), locked != 0
		a := role.row()
		if acc.closed != 0 || !a.ValidAt(now) || !now.Before(r.expires) || now.Sub(r.seen) > idle(a.Role) {
			return nil
		}
		out = append(out, s.session(acc.row().Account, a, r))
		return nil
	}, `select s.id, s.device, s.how, s.made, s.seen, s.expires, s.locked, s.address, s.agent, `+
		prefixed("a", accountColumns)+`, `+prefixed("r", assignmentColumns)+`
		from access_session s join access_account a on a.id = s.account join access_assignment r on r.id = s.assignment
		where s.ended = 0 and `+where+` order by s.seen desc, s.id`, args...)
	return out, err
}

// device returns the id of the device that holds the secret. An unknown or
// empty secret makes a new one: fresh is then the secret for its cookie.
func (s *Sessions) device(ctx context.Context, secret string) (id, fresh string, err error) {
	if secret != "" {
		ok, err := s.db.Row(ctx, []any{&id}, `select id from access_device where hash = ?`, hashSecret(secret))
		if err != nil {
			return "", "", fmt.Errorf("reading a device: %w", err)
		}
		if ok {
			return id, "", nil
		}
	}
	id = newID()
	fresh, hash := newSecret()
	now := micro(s.now())
	return id, fresh, s.exec(ctx, "adding a device", `insert into access_device (hash, id, made, seen) values (?, ?, ?, ?)`, hash, id, now, now)
}

// knownDevice reports whether the account of the login has signed in on the
// device before.
func (s *Sessions) knownDevice(ctx context.Context, t Attempt) (device string, known bool, err error) {
	if t.From.Device == "" {
		return "", false, nil
	}
	known, err = s.db.Row(ctx, []any{&device}, `select d.id from access_device d join access_recent r on r.device = d.id
		join access_account a on a.id = r.account where d.hash = ? and a.login = ?`, hashSecret(t.From.Device), loginKey(t.Login))
	if err != nil {
		return "", false, fmt.Errorf("reading a device: %w", err)
	}
	return device, known, nil
}

const recentQuery = `select r.device, r.assignment, r.full_at, r.pin_failures, coalesce(s.role, ''), coalesce(s.facility_name, ''),
	a.id, a.login, a.name, a.practitioner, a.patient, a.password, a.pin, a.totp, a.totp_step, a.lang, a.closed, a.made
	from access_recent r join access_device d on d.id = r.device join access_account a on a.id = r.account
	left join access_assignment s on s.id = r.assignment`

// recentScan receives a row of recentQuery.
type recentScan struct {
	device, assignment string
	fullAt, failures   int64
	role, place        string
	acc                accountRow
	lang               string
	closed, made       int64
}

func (r *recentScan) dest() []any {
	return []any{&r.device, &r.assignment, &r.fullAt, &r.failures, &r.role, &r.place,
		&r.acc.ID, &r.acc.Login, &r.acc.Name, &r.acc.Practitioner, &r.acc.Patient, &r.acc.password, &r.acc.pin, &r.acc.totp, &r.acc.step, &r.lang, &r.closed, &r.made}
}
