// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Account is somebody who can sign in. What they may do stands in their
// assignments.
type Account struct {
	ID           string
	Login        string
	Name         string
	Practitioner string // Practitioner id; "" for persons
	Patient      string // the person's own Patient id; "" = none
	Lang         i18n.Lang
	HasPIN       bool
	HasCode      bool      // one-time codes are set up
	Closed       time.Time // zero = open
	Made         time.Time
}

// Assignment is one role at one facility, with dates.
type Assignment struct {
	ID           string
	Account      string
	Role         store.Role
	Facility     string // Organization id: the station, also for work at a sub-site; "" = none, of a role that oversees a unit
	FacilityName string
	Site         string    // Organization id of the sub-site (điểm trạm); "" = the seat
	Unit         vn.UnitID // where the facility is, or what the role oversees
	Patient      string    // of a person, or a guardian's ward
	From         time.Time
	To           time.Time // zero = open
}

// ValidAt reports whether the assignment holds at t.
func (a Assignment) ValidAt(t time.Time) bool {
	return !t.Before(a.From) && (a.To.IsZero() || t.Before(a.To))
}

// NewAccount is what an account is made from. An empty Password means that the
// account is entered by link or token only.
type NewAccount struct {
	Login        string
	Name         string
	Practitioner string
	Patient      string
	Password     string
	PIN          string // "" = none yet
	Code         bool   // set up one-time codes at once
	Lang         i18n.Lang
}

// Accounts keeps accounts and assignments.
type Accounts struct {
	*core
	hasher hasher
	slow   *limiter
	decoy  string // hash that unknown logins are measured against
}

func newAccounts(k *core) (*Accounts, error) {
	a := &Accounts{core: k, hasher: newHasher(max(2, runtime.NumCPU())), slow: newLimiter(k.cfg.Now)}
	var err error
	if a.decoy, err = a.hasher.hash(context.Background(), passwordCost, []byte("decoy")); err != nil {
		return nil, fmt.Errorf("preparing accounts: %w", err)
	}
	return a, nil
}

// loginKey is the form in which logins are stored and compared: at most a
// hundred characters, for what waits at the limiter is kept under it.
func loginKey(login string) string {
	key := []rune(vn.Fold(strings.TrimSpace(strings.ToValidUTF8(clip(login, 1000), ""))))
	return string(key[:min(len(key), 100)])
}

// Add makes an account with its first roles, all or nothing, and returns it,
// with the base32 secret of its one-time codes when it asked for them: shown
// once, then only sealed. by must be the system or an administrator, who must
// be allowed to assign the roles. Errors: Duplicate (the login is taken, or an
// administrator gives a practitioner who has an open account), Value
// (a weak password), Forbidden, and those of Assign.
func (a *Accounts) Add(ctx context.Context, by store.Actor, n NewAccount, roles ...Assignment) (acc Account, codeSecret string, err error) {
	if by.Role != store.System && by.Role != store.Administrator {
		return Account{}, "", a.refuse(ctx, by, "")
	}
	for _, s := range roles {
		if err := a.mayAssign(ctx, by, s); err != nil {
			return Account{}, "", err
		}
	}
	acc = Account{ID: newID(), Login: loginKey(n.Login), Name: vn.NormalName(n.Name), Practitioner: n.Practitioner,
		Patient: n.Patient, Lang: n.Lang, HasPIN: n.PIN != "", HasCode: n.Code, Made: a.now()}
	row := accountRow{Account: acc}
	if acc.Login == "" || acc.Name == "" {
		return Account{}, "", issue.New(issue.Required, "access.account.incomplete").At("login")
	}
	if n.Password != "" {
		if err := checkPassword(n.Password, acc.Login); err != nil {
			return Account{}, "", err
		}
		if row.password, err = a.hasher.hash(ctx, passwordCost, canonical(n.Password)); err != nil {
			return Account{}, "", err
		}
	}
	if n.PIN != "" {
		if row.pin, err = a.hashPIN(ctx, acc.ID, n.PIN); err != nil {
			return Account{}, "", err
		}
	}
	if n.Code {
		secret := newCodeSecret()
		codeSecret = base32Secret.EncodeToString(secret)
		if row.totp, err = seal(a.cfg.Key, acc.ID, secret); err != nil {
			return Account{}, "", err
		}
	}
	if by.Role == store.Administrator && n.Practitioner != "" {
		if _, taken, err := a.one(ctx, "closed = 0 and practitioner = ?", n.Practitioner); err != nil {
			return Account{}, "", err
		} else if taken {
			return Account{}, "", issue.New(issue.Duplicate, "access.account.practitioner").At("practitioner")
		}
	}
	for i := range roles {
		roles[i] = a.starting(roles[i], acc.ID)
	}
	if err := a.insert(ctx, row, roles); err != nil {
		return Account{}, "", err
	}
	err = a.noteAccount(ctx, by, acc.ID, "account.add")
	for _, s := range roles {
		if err == nil {
			err = a.noteAccount(ctx, by, acc.ID, "account.assign."+string(s.Role))
		}
	}
	return acc, codeSecret, err
}

func (a *Accounts) hashPIN(ctx context.Context, account, pin string) (string, error) {
	if err := checkPIN(pin); err != nil {
		return "", err
	}
	return a.hasher.hash(ctx, pinCost, pepper(a.cfg.Key, account, pin))
}

// Assign gives an account a role from s.From on (zero = now). An administrator
// assigns within the own unit and never the system's role. A role that the
// account holds there until the same day is returned as it is. Errors:
// NotFound, Forbidden, Value.
func (a *Accounts) Assign(ctx context.Context, by store.Actor, s Assignment) (Assignment, error) {
	if err := a.mayAssign(ctx, by, s); err != nil {
		return Assignment{}, err
	}
	if _, ok, err := a.byID(ctx, s.Account); err != nil || !ok {
		return Assignment{}, orNotFound(err)
	}
	held, err := a.current(ctx, s.Account)
	if err != nil {
		return Assignment{}, err
	}
	for _, h := range held {
		if s.From.IsZero() && h.same(s) {
			return h, nil
		}
	}
	s = a.starting(s, s.Account)
	if err := insertAssignment(ctx, a.db, s); err != nil {
		return Assignment{}, fmt.Errorf("adding an assignment: %w", err)
	}
	return s, a.noteAccount(ctx, by, s.Account, "account.assign."+string(s.Role))
}

// mayAssign refuses a role that by may not give, or that is not whole.
func (a *Accounts) mayAssign(ctx context.Context, by store.Actor, s Assignment) error {
	if !a.Manages(by, s.Unit) || s.Role == store.System {
		return a.refuse(ctx, by, s.Account)
	}
	return checkAssignment(s)
}

// starting is a new role of an account, from now on unless it says when.
func (a *Accounts) starting(s Assignment, account string) Assignment {
	s.ID, s.Account = newID(), account
	if s.From.IsZero() {
		s.From = a.now()
	}
	return s
}

// same reports whether the two are the same role until the same day.
func (s Assignment) same(o Assignment) bool {
	return s.Role == o.Role && s.Facility == o.Facility && s.Site == o.Site && s.Unit == o.Unit && s.Patient == o.Patient && s.To.Equal(o.To)
}

func checkAssignment(s Assignment) error {
	switch {
	case s.Role == store.Person || s.Role == store.Guardian:
		if s.Patient == "" {
			return issue.New(issue.Required, "access.assignment.patient").At("patient")
		}
	case s.Role == "" || s.Facility == "" && !oversees(s.Role) || s.Unit == 0:
		return issue.New(issue.Required, "access.assignment.incomplete").At("role")
	}
	if !s.To.IsZero() && !s.To.After(s.From) {
		return issue.New(issue.Value, "access.assignment.dates").At("to")
	}
	return nil
}

// Manages reports whether by may keep accounts of the unit.
func (a *Accounts) Manages(by store.Actor, unit vn.UnitID) bool {
	if by.Role == store.System {
		return true
	}
	return by.Role == store.Administrator && a.cfg.Policy.within(unit, by.Unit, a.now())
}

// ManagesAccount reports whether by keeps the account: every role it holds now
// as staff lies in the administrator's unit, or, when it holds none, every one
// it held. What somebody is as a person or a guardian does not count. An account
// that never was staff is nobody's to change.
func (a *Accounts) ManagesAccount(ctx context.Context, by store.Actor, account string) (bool, error) {
	list, err := a.assignments(ctx, "account = ? and role not in ('person', 'guardian')", account)
	if err != nil {
		return false, err
	}
	if now := validAt(list, a.now()); len(now) > 0 {
		list = now
	}
	for _, s := range list {
		if !a.Manages(by, s.Unit) {
			return false, nil
		}
	}
	return by.Role == store.System || len(list) > 0, nil
}

// opensRecord reports whether the account holds a role of a person or guardian:
// its password opens somebody's health book.
func (a *Accounts) opensRecord(ctx context.Context, account string) (bool, error) {
	held, err := a.current(ctx, account)
	return slices.ContainsFunc(held, func(s Assignment) bool { return personal(s.Role) }), err
}

// EndAssignment ends a role now, and with it the sessions that use it.
func (a *Accounts) EndAssignment(ctx context.Context, by store.Actor, id string) error {
	s, ok, err := a.assignment(ctx, id)
	if err != nil || !ok {
		return orNotFound(err)
	}
	if !a.Manages(by, s.Unit) {
		return a.refuse(ctx, by, s.Account)
	}
	now := micro(a.now())
	err = a.db.In(ctx, func(tx store.Tx) error {
		if err := tx.Exec(ctx, `update access_assignment set until = ? where id = ? and (until = 0 or until > ?)`, now, id, now); err != nil {
			return err
		}
		return tx.Exec(ctx, `update access_session set ended = ? where assignment = ? and ended = 0`, now, id)
	})
	if err != nil {
		return fmt.Errorf("ending an assignment: %w", err)
	}
	return a.noteAccount(ctx, by, s.Account, "account.end."+string(s.Role))
}

// Close closes an account for good: sessions and tokens end with it.
func (a *Accounts) Close(ctx context.Context, by store.Actor, account string) error {
	if ok, err := a.ManagesAccount(ctx, by, account); err != nil || !ok {
		if err != nil {
			return err
		}
		return a.refuse(ctx, by, account)
	}
	now := micro(a.now())
	err := a.db.In(ctx, func(tx store.Tx) error {
		for _, q := range []string{
			`update access_account set closed = ? where id = ? and closed = 0`,
			`update access_session set ended = ? where account = ? and ended = 0`,
			`update access_token set ended = ? where account = ? and ended = 0`,
		} {
			if err := tx.Exec(ctx, q, now, account); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("closing an account: %w", err)
	}
	return a.noteAccount(ctx, by, account, "account.close")
}

// Reset gives an account a new password and, when it has one-time codes, new
// ones; its sessions, tokens and PIN end: for who has lost them. It returns the
// new base32 secret, "" when the account has no codes. Error: BusinessRule, an
// administrator would get somebody's health book with the password.
func (a *Accounts) Reset(ctx context.Context, by store.Actor, account, password string) (codeSecret string, err error) {
	if ok, err := a.ManagesAccount(ctx, by, account); err != nil || !ok {
		if err != nil {
			return "", err
		}
		return "", a.refuse(ctx, by, account)
	}
	if private, err := a.opensRecord(ctx, account); err != nil {
		return "", err
	} else if private && by.Role != store.System {
		return "", issue.New(issue.BusinessRule, "access.account.private")
	}
	row, ok, err := a.byID(ctx, account)
	if err != nil || !ok {
		return "", orNotFound(err)
	}
	if err := a.setPassword(ctx, row, password); err != nil {
		return "", err
	}
	if row.HasCode {
		secret := newCodeSecret()
		codeSecret = base32Secret.EncodeToString(secret)
		if err := a.setCode(ctx, account, secret, 0); err != nil {
			return "", err
		}
	}
	if err := a.exec(ctx, "dropping a PIN", `update access_account set pin = '' where id = ?`, account); err != nil {
		return "", err
	}
	if err := a.cut(ctx, account, ""); err != nil {
		return "", err
	}
	return codeSecret, a.noteAccount(ctx, by, account, "account.reset")
}

// ChangePassword replaces the own password; the old one must be right. Other
// sessions and all tokens of the account end; a PIN waits for a full sign-in.
func (a *Accounts) ChangePassword(ctx context.Context, by store.Actor, old, password string) error {
	row, err := a.proved(ctx, by, old, "old")
	if err != nil {
		return err
	}
	if err := a.setPassword(ctx, row, password); err != nil {
		return err
	}
	if err := a.cut(ctx, by.Account, by.Session); err != nil {
		return err
	}
	return a.noteAccount(ctx, by, by.Account, "password.change")
}

// proved returns the actor's own account when the password is right; field is
// where a wrong one is reported. However many sessions guess, they wait as one.
func (a *Accounts) proved(ctx context.Context, by store.Actor, password, field string) (accountRow, error) {
	row, right, err := a.check(ctx, by, place("", "own"), password, field)
	if err == nil && !right {
		err = a.note(ctx, by, ActAccount, store.Labels{Type: "Account", ID: by.Account}, false, "wrong")
		if err == nil {
			err = issue.New(issue.Value, "access.password.old").At(field)
		}
	}
	return row, err
}

// check compares the password of the actor's own account, slowed like sign-in.
func (a *Accounts) check(ctx context.Context, by store.Actor, at, password, field string) (accountRow, bool, error) {
	if wait := a.slow.wait(by.Account, at); wait > 0 {
		return accountRow{}, false, tooFast(wait, field)
	}
	row, ok, err := a.byID(ctx, by.Account)
	if err != nil || !ok {
		return accountRow{}, false, orNotFound(err)
	}
	right, err := a.hasher.verify(ctx, row.password, canonical(password))
	if err == nil && right {
		a.slow.right(by.Account, at)
	}
	return row, right, err
}

func (a *Accounts) setPassword(ctx context.Context, row accountRow, password string) error {
	if err := checkPassword(password, row.Login); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, passwordCost, canonical(password))
	if err != nil {
		return err
	}
	return a.exec(ctx, "setting a password", `update access_account set password = ? where id = ?`, hash, row.ID)
}

// SetPIN sets the own PIN for shared computers; the password must be right.
func (a *Accounts) SetPIN(ctx context.Context, by store.Actor, password, pin string) error {
	_, err := a.proved(ctx, by, password, "password")
	if err != nil {
		return err
	}
	hash, err := a.hashPIN(ctx, by.Account, pin)
	if err != nil {
		return err
	}
	if err := a.exec(ctx, "setting a PIN", `update access_account set pin = ? where id = ?`, hash, by.Account); err != nil {
		return err
	}
	return a.noteAccount(ctx, by, by.Account, "pin.change")
}

// OfferCode makes a secret for the own one-time codes. Nothing is kept until
// ConfirmCode; the secret travels in the form.
func (a *Accounts) OfferCode(ctx context.Context, by store.Actor) (secret, uri string, err error) {
	row, ok, err := a.byID(ctx, by.Account)
	if err != nil || !ok {
		return "", "", orNotFound(err)
	}
	b := newCodeSecret()
	return base32Secret.EncodeToString(b), codeURI(row.Login, b), nil
}

// ConfirmCode takes the secret into use when code proves that the app has it
// and the password is right.
func (a *Accounts) ConfirmCode(ctx context.Context, by store.Actor, password, secret, code string) error {
	_, err := a.proved(ctx, by, password, "password")
	if err != nil {
		return err
	}
	b, err := base32Secret.DecodeString(secret)
	if err != nil || len(b) != 20 {
		return issue.New(issue.Value, "access.code.wrong").At("totp")
	}
	step, ok := checkCode(b, code, a.cfg.Now(), 0)
	if !ok {
		return issue.New(issue.Value, "access.code.wrong").At("totp")
	}
	if err := a.setCode(ctx, by.Account, b, step); err != nil {
		return err
	}
	return a.noteAccount(ctx, by, by.Account, "code.set")
}

func (a *Accounts) setCode(ctx context.Context, account string, secret []byte, step int64) error {
	sealed, err := seal(a.cfg.Key, account, secret)
	if err != nil {
		return err
	}
	return a.exec(ctx, "setting one-time codes", `update access_account set totp = ?, totp_step = ? where id = ?`, sealed, step, account)
}

// SetLang saves the language of an account.
func (a *Accounts) SetLang(ctx context.Context, by store.Actor, lang i18n.Lang) error {
	if _, ok := i18n.ParseLang(string(lang)); !ok {
		return issue.New(issue.CodeInvalid, "access.lang").At("lang")
	}
	return a.exec(ctx, "saving the language", `update access_account set lang = ? where id = ?`, string(lang), by.Account)
}

// oversees reports whether the role oversees a unit; it needs no facility.
func oversees(r store.Role) bool {
	return slices.Contains([]store.Role{store.Ministry, store.Department, store.CDC, store.ClosedDesk, store.Institute, store.Administrator, store.AccessReviewer}, r)
}

// NeedsCode reports whether the role may be entered only with a one-time code.
func (a *Accounts) NeedsCode(r store.Role) bool { return oversees(r) }

func (a *Accounts) refuse(ctx context.Context, by store.Actor, account string) error {
	if err := a.note(ctx, by, ActAccount, store.Labels{Type: "Account", ID: account}, false, "account.manage"); err != nil {
		return err
	}
	return issue.New(issue.Forbidden, "access.forbidden")
}

func (a *Accounts) noteAccount(ctx context.Context, by store.Actor, account, what string) error {
	return a.note(ctx, by, ActAccount, store.Labels{Type: "Account", ID: account}, true, what)
}

func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return issue.New(issue.NotFound, "access.not_found")
}
