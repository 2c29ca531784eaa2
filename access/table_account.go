// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// accountRow is an account with what never leaves the package.
type accountRow struct {
	Account
	password, pin, totp string
	step                int64
}

const accountColumns = `id, login, name, practitioner, patient, password, pin, totp, totp_step, lang, closed, made`

// accountScan receives the columns of an account.
type accountScan struct {
	r            accountRow
	lang         string
	closed, made int64
}

func (s *accountScan) dest() []any {
	return []any{&s.r.ID, &s.r.Login, &s.r.Name, &s.r.Practitioner, &s.r.Patient, &s.r.password, &s.r.pin, &s.r.totp, &s.r.step, &s.lang, &s.closed, &s.made}
}

func (s *accountScan) row() accountRow {
	r := s.r
	r.Lang, r.Closed, r.Made = i18n.Lang(s.lang), fromMicro(s.closed), fromMicro(s.made)
	r.HasPIN, r.HasCode = r.pin != "", r.totp != ""
	return r
}

func (c *core) exec(ctx context.Context, doing, sql string, args ...any) error {
	if err := c.db.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// rows calls scan for each row.
func (c *core) rows(ctx context.Context, doing string, scan func(func(...any) error) error, sql string, args ...any) error {
	if err := c.db.Rows(ctx, sql, args, scan); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (a *Accounts) insert(ctx context.Context, r accountRow, roles []Assignment) error {
	err := a.db.In(ctx, func(tx store.Tx) error {
		var one string
		taken, err := tx.Row(ctx, []any{&one}, `select id from access_account where login = ?`, r.Login)
		if err != nil {
			return err
		}
		if taken {
			return issue.New(issue.Duplicate, "access.account.taken").At("login")
		}
		err = tx.Exec(ctx, `insert into access_account (`+accountColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Login, r.Name, r.Practitioner, r.Patient, r.password, r.pin, r.totp, r.step, string(r.Lang), micro(r.Closed), micro(r.Made))
		for _, s := range roles {
			if err == nil {
				err = insertAssignment(ctx, tx, s)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("adding an account: %w", err)
	}
	return nil
}

// one reads the account that where and arg select.
func (a *Accounts) one(ctx context.Context, where, arg string) (r accountRow, ok bool, err error) {
	err = a.rows(ctx, "reading an account", func(scan func(...any) error) error {
		var one accountScan
		err := scan(one.dest()...)
		r, ok = one.row(), err == nil
		return err
	}, `select `+accountColumns+` from access_account where `+where, arg)
	return r, ok, err
}

func (a *Accounts) byID(ctx context.Context, id string) (accountRow, bool, error) {
	return a.one(ctx, "id = ?", id)
}

func (a *Accounts) byLogin(ctx context.Context, login string) (accountRow, bool, error) {
	return a.one(ctx, "login = ?", loginKey(login))
}

// Get returns an account by id. Error: NotFound.
func (a *Accounts) Get(ctx context.Context, id string) (Account, error) {
	r, ok, err := a.byID(ctx, id)
	if err != nil || !ok {
		return Account{}, orNotFound(err)
	}
	return r.Account, nil
}

// ByLogin returns an account by its login, in any spelling that folds to the
// same. Error: NotFound.
func (a *Accounts) ByLogin(ctx context.Context, login string) (Account, error) {
	r, ok, err := a.byLogin(ctx, login)
	if err != nil || !ok {
		return Account{}, orNotFound(err)
	}
	return r.Account, nil
}

const assignmentColumns = `id, account, role, facility, facility_name, site, unit, patient, since, until`

// assignmentScan receives the columns of an assignment.
type assignmentScan struct {
	s                  Assignment
	role               string
	unit, since, until int64
}

func (x *assignmentScan) dest() []any {
	return []any{&x.s.ID, &x.s.Account, &x.role, &x.s.Facility, &x.s.FacilityName, &x.s.Site, &x.unit, &x.s.Patient, &x.since, &x.until}
}

func (x *assignmentScan) row() Assignment {
	s := x.s
	s.Role, s.Unit, s.From, s.To = store.Role(x.role), vn.UnitID(x.unit), fromMicro(x.since), fromMicro(x.until)
	return s
}

// execer is a database, or a transaction of it.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) error
}

func insertAssignment(ctx context.Context, db execer, s Assignment) error {
	return db.Exec(ctx, `insert into access_assignment (`+assignmentColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, s.Account, string(s.Role), s.Facility, s.FacilityName, s.Site, int64(s.Unit), s.Patient, micro(s.From), micro(s.To))
}

// Assignments lists all roles of an account, oldest first, also those that are
// over.
func (a *Accounts) Assignments(ctx context.Context, account string) ([]Assignment, error) {
	return a.assignments(ctx, "account = ?", account)
}

// AssignmentsOf lists the roles at a facility that hold now, by account id.
func (a *Accounts) AssignmentsOf(ctx context.Context, facility string) ([]Assignment, error) {
	all, err := a.assignments(ctx, "facility = ?", facility)
	return validAt(all, a.now()), err
}

func (a *Accounts) assignments(ctx context.Context, where string, args ...any) ([]Assignment, error) {
	var out []Assignment
	err := a.rows(ctx, "reading assignments", func(scan func(...any) error) error {
		var one assignmentScan
		err := scan(one.dest()...)
		out = append(out, one.row())
		return err
	}, `select `+assignmentColumns+` from access_assignment where `+where+` order by since, id`, args...)
	return out, err
}

func (a *Accounts) assignment(ctx context.Context, id string) (Assignment, bool, error) {
	all, err := a.assignments(ctx, "id = ?", id)
	if err != nil || len(all) == 0 {
		return Assignment{}, false, err
	}
	return all[0], true, nil
}

// current returns the roles of an account that hold now, oldest first.
func (a *Accounts) current(ctx context.Context, account string) ([]Assignment, error) {
	all, err := a.Assignments(ctx, account)
	return validAt(all, a.now()), err
}

func validAt(all []Assignment, now time.Time) []Assignment {
	var out []Assignment
	for _, s := range all {
		if s.ValidAt(now) {
			out = append(out, s)
		}
	}
	return out
}

// Staffed is one line of the administrator's list.
type Staffed struct {
	Account    Account
	Assignment Assignment
}

// List returns accounts with their roles that an administrator keeps: those
// whose assignment lies in the actor's unit, found by part of login or name
// without marks, at most limit, by login. Nobody else gets any.
func (a *Accounts) List(ctx context.Context, by store.Actor, text string, limit int) ([]Staffed, error) {
	if by.Role != store.Administrator && by.Role != store.System {
		return nil, a.refuse(ctx, by, "")
	}
	var out []Staffed
	needle := vn.Fold(text)
	err := a.eachStaffed(ctx, func(s Staffed) bool {
		if a.Manages(by, s.Assignment.Unit) && (needle == "" || contains(s.Account, needle)) {
			out = append(out, s)
		}
		return len(out) < limit
	})
	if err != nil {
		return nil, err
	}
	return out, a.noteAccount(ctx, by, "", "account.list")
}

var errEnough = errors.New("enough")

// eachStaffed walks staff accounts with their roles in order of login until
// visit says no. Persons and guardians are not staff.
func (a *Accounts) eachStaffed(ctx context.Context, visit func(Staffed) bool) error {
	err := a.db.Rows(ctx, `select `+prefixed("a", accountColumns)+`, `+prefixed("s", assignmentColumns)+`
		from access_assignment s join access_account a on a.id = s.account
		where s.role not in ('person', 'guardian') order by a.login, s.since, s.id`, nil, func(scan func(...any) error) error {
		var acc accountScan
		var role assignmentScan
		err := scan(append(acc.dest(), role.dest()...)...)
		if err == nil && !visit(Staffed{acc.row().Account, role.row()}) {
			err = errEnough
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("listing accounts: %w", err)
	}
	return nil
}

func prefixed(alias, columns string) string {
	return alias + "." + strings.ReplaceAll(columns, ", ", ", "+alias+".")
}

func contains(a Account, needle string) bool {
	return strings.Contains(a.Login, needle) || strings.Contains(vn.Fold(a.Name), needle)
}

// cut ends what stood on the old password: the sessions other than except,
// the tokens, and the PIN on each device until the next full sign-in there.
func (a *Accounts) cut(ctx context.Context, account, except string) error {
	now := micro(a.now())
	err := a.db.In(ctx, func(tx store.Tx) error {
		err := tx.Exec(ctx, `update access_session set ended = ? where account = ? and ended = 0 and id <> ?`, now, account, except)
		if err == nil {
			err = tx.Exec(ctx, `update access_token set ended = ? where account = ? and ended = 0`, now, account)
		}
		if err == nil {
			err = tx.Exec(ctx, `update access_grant set ended = ? where account = ? and ended = 0`, now, account)
		}
		if err == nil {
			err = tx.Exec(ctx, `update access_recent set full_at = 0 where account = ?`, account)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("ending what an account had open: %w", err)
	}
	return nil
}

// endSessions ends the sessions of an account other than except ("" = all).
func (a *Accounts) endSessions(ctx context.Context, account, except string) error {
	return a.exec(ctx, "ending sessions", `update access_session set ended = ? where account = ? and ended = 0 and id <> ?`,
		micro(a.now()), account, except)
}
