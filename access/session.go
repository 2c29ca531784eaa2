// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mach/i18n"
	"mach/issue"
	"mach/store"
)

// Limits of sessions. Staff share computers: a session locks after five idle
// minutes and ends with the working day. A person's phone is the person's own.
const (
	LockAfter       = 5 * time.Minute
	staffIdle       = 4 * time.Hour
	staffAbsolute   = 12 * time.Hour
	personIdle      = 24 * time.Hour
	personAbsolute  = 30 * 24 * time.Hour
	touchEvery      = 20 * time.Second
	pinTries        = 5
	pinWindow       = 7 * 24 * time.Hour // a PIN works this long after a full sign-in on the device
	pinWindowStrict = 12 * time.Hour     // for roles that need one-time codes
	recentShown     = 8
)

// Session is one signed-in browser.
type Session struct {
	ID         string
	Actor      store.Actor // ready to use but for Request
	Assignment Assignment
	Lang       i18n.Lang // as saved with the account; "" = not saved
	Home       string    // path of the role's first page
	How        string    // password, password+totp, pin, link
	Locked     bool      // nothing opens but unlocking, switching and leaving
	Shared     bool      // locks when idle
	Since      time.Time
	Seen       time.Time
	Expires    time.Time
	Address    string
	Agent      string
}

// Opened is a session just begun, with the secrets for its cookies.
type Opened struct {
	Session
	secret string
	device string // "" = the browser has the cookie already
}

// Attempt is a sign-in as it arrives.
type Attempt struct {
	Login, Password, Code string
	From                  Origin
}

// Origin says where a request comes from.
type Origin struct {
	Address string // without port
	Agent   string
	Device  string // secret of the device cookie; "" = none
	Session string // secret of the session cookie that is replaced; "" = none
}

// Sessions opens, finds and ends sessions.
type Sessions struct {
	*core
	accounts *Accounts
	tokens   *Tokens
	slow     *limiter
}

// wrong is the one answer to every failed sign-in: it does not tell whether
// the login exists, nor which of the three was wrong.
func wrong() error { return issue.New(issue.Login, "access.sign_in.wrong").At("login") }

func tooFast(wait time.Duration, field string) error {
	e := issue.New(issue.Throttled, "access.sign_in.wait", int(wait/time.Second)+1).At(field)
	e.Retry = int(wait/time.Second) + 1
	return e
}

// SignIn opens a session in the account's latest role that holds now. Errors:
// Login (wrong, whatever it was), Throttled with Retry, Forbidden (no role
// holds now, or a privileged one has no one-time codes).
func (s *Sessions) SignIn(ctx context.Context, t Attempt) (Opened, error) {
	device, known, err := s.knownDevice(ctx, t)
	if err != nil {
		return Opened{}, err
	}
	from := place(t.From.Address, "")
	if known {
		from = place("", device)
	}
	key := loginKey(t.Login)
	if wait := s.slow.wait(key, from); wait > 0 {
		return Opened{}, tooFast(wait, "login")
	}
	row, how, err := s.prove(ctx, t)
	if err != nil {
		return Opened{}, err
	}
	s.slow.right(key, from)
	role, err := s.enter(ctx, row, how)
	if err != nil {
		return Opened{}, err
	}
	return s.begin(ctx, row, role, how, time.Time{}, t.From, ActSignIn)
}

// prove checks login, password and one-time code. Each part is worked through
// whatever the others say, so that time tells nothing.
func (s *Sessions) prove(ctx context.Context, t Attempt) (accountRow, string, error) {
	row, exists, err := s.accounts.byLogin(ctx, t.Login)
	if err != nil {
		return accountRow{}, "", err
	}
	hash := row.password
	if !exists || hash == "" {
		hash = s.accounts.decoy
	}
	right, err := s.accounts.hasher.verify(ctx, hash, canonical(t.Password))
	if err != nil {
		return accountRow{}, "", err
	}
	ok := right && exists && row.password != "" && row.Closed.IsZero()
	how := "password"
	if row.HasCode {
		how = "password+totp"
		fresh, err := s.useCode(ctx, row, t.Code, ok)
		if err != nil {
			return accountRow{}, "", err
		}
		ok = ok && fresh
	}
	if !ok {
		who := store.Actor{Account: row.ID, Name: row.Name} // both empty for an unknown login
		if err := s.note(ctx, who, ActSignIn, store.Labels{Type: "Account", ID: row.ID}, false, "wrong"); err != nil {
			return accountRow{}, "", err
		}
		return accountRow{}, "", wrong()
	}
	return row, how, nil
}

// useCode checks a one-time code and, when the rest was right, spends it: two
// sign-ins at once cannot share one.
func (s *Sessions) useCode(ctx context.Context, row accountRow, code string, spend bool) (bool, error) {
	secret, err := unseal(s.cfg.Key, row.ID, row.totp)
	if err != nil {
		return false, err
	}
	step, ok := checkCode(secret, code, s.cfg.Now(), row.step)
	if !ok || !spend {
		return false, nil
	}
	var id string
	err = s.db.In(ctx, func(tx store.Tx) error {
		ok, err = tx.Row(ctx, []any{&id}, `update access_account set totp_step = ? where id = ? and totp_step < ? returning id`, step, row.ID, step)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("spending a one-time code: %w", err)
	}
	return ok, nil
}

// enter picks the role to begin with.
func (s *Sessions) enter(ctx context.Context, row accountRow, how string) (Assignment, error) {
	roles, err := s.accounts.current(ctx, row.ID)
	if err != nil {
		return Assignment{}, err
	}
	coded := how == "password+totp"
	open := slices.DeleteFunc(slices.Clone(roles), func(r Assignment) bool { return s.accounts.NeedsCode(r.Role) && !coded })
	if len(open) > 0 {
		return open[len(open)-1], nil
	}
	key := "access.sign_in.no_role"
	if len(roles) > 0 {
		key = "access.sign_in.no_code"
	}
	who := store.Actor{Account: row.ID, Name: row.Name}
	if err := s.note(ctx, who, ActSignIn, store.Labels{Type: "Account", ID: row.ID}, false, key); err != nil {
		return Assignment{}, err
	}
	return Assignment{}, issue.New(issue.Forbidden, key).At("login")
}

// begin writes a new session with a new secret, ends the one it replaces, and
// remembers the account on the device. It ends by until at the latest, when given.
func (s *Sessions) begin(ctx context.Context, row accountRow, role Assignment, how string, until time.Time, from Origin, act store.Action) (Opened, error) {
	now := s.now()
	o := Opened{Session: s.session(row.Account, role, sessionRow{id: newID(), how: how, made: now, seen: now,
		address: from.Address, agent: clip(from.Agent, 200)})}
	o.Expires = now.Add(absolute(role.Role))
	if !until.IsZero() && until.Before(o.Expires) {
		o.Expires = until
	}
	var hash string
	o.secret, hash = newSecret()
	device, fresh, err := s.device(ctx, from.Device)
	if err != nil {
		return Opened{}, err
	}
	o.device = fresh
	err = s.db.In(ctx, func(tx store.Tx) error {
		if from.Session != "" {
			if err := tx.Exec(ctx, `update access_session set ended = ? where hash = ? and ended = 0`, micro(now), hashSecret(from.Session)); err != nil {
				return err
			}
		}
		if err := insertSession(ctx, tx, hash, o.Session, device); err != nil {
			return err
		}
		return remember(ctx, tx, device, o.Session, act != ActSwitch, now)
	})
	if err != nil {
		return Opened{}, fmt.Errorf("opening a session: %w", err)
	}
	return o, s.note(ctx, o.Actor, act, store.Labels{Type: "Account", ID: row.ID}, true, how)
}

// session puts together what callers see.
func (s *Sessions) session(acc Account, role Assignment, r sessionRow) Session {
	shared := !personal(role.Role) && r.how != "link"
	return Session{
		ID: r.id, Actor: actorOf(acc, role, r.id), Assignment: role, Lang: acc.Lang, Home: Home(role.Role), How: r.how,
		Shared: shared, Locked: r.locked || shared && s.now().Sub(r.seen) > LockAfter,
		Since: r.made, Seen: r.seen, Expires: r.expires, Address: r.address, Agent: r.agent,
	}
}

func personal(r store.Role) bool { return r == store.Person || r == store.Guardian }

func idle(r store.Role) time.Duration {
	if personal(r) {
		return personIdle
	}
	return staffIdle
}

func absolute(r store.Role) time.Duration {
	if personal(r) {
		return personAbsolute
	}
	return staffAbsolute
}

// actorOf is who an account is in a role.
func actorOf(acc Account, role Assignment, session string) store.Actor {
	a := store.Actor{Account: acc.ID, Name: acc.Name, Role: role.Role, Practitioner: acc.Practitioner,
		Facility: role.Facility, FacilityName: role.FacilityName, Site: role.Site, Unit: role.Unit, Purpose: PurposeOf(role.Role), Session: session}
	if personal(role.Role) {
		a.Practitioner, a.Patient = "", role.Patient
	}
	return a
}

// PurposeOf is why a role works when nothing else is said.
func PurposeOf(r store.Role) store.Purpose {
	switch r {
	case store.Person, store.Guardian:
		return store.OwnRequest
	case store.CDC, store.ClosedDesk, store.Institute, store.Department, store.Ministry, store.Chairman, store.HospitalReporter:
		return store.PublicHealth
	case store.Administrator:
		return store.Administering
	case store.AccessReviewer:
		return store.AccessReview
	case store.System:
		return store.Operations
	}
	return store.Treatment
}

// Home is the path of a role's first page.
func Home(r store.Role) string {
	switch r {
	case store.Person, store.Guardian:
		return "/so"
	case store.Chairman, store.Department, store.Ministry:
		return "/bang"
	case store.CDC, store.Institute, store.HospitalReporter:
		return "/dich"
	case store.ClosedDesk:
		return "/dich/ban-kin"
	case store.Coordinator, store.Expert:
		return "/hoi-chan"
	case store.VillageWorker:
		return "/tram/thon"
	case store.AccessReviewer:
		return "/tai-khoan/ra-soat"
	case store.Administrator:
		return "/tai-khoan/quan-ly"
	}
	return "/tram"
}

// Roles lists what a session may change to, the present
// role included. Roles that need a one-time code are left out of sessions that
// were opened without.
func (s *Sessions) Roles(ctx context.Context, now Session) ([]Assignment, error) {
	all, err := s.accounts.current(ctx, now.Actor.Account)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(r Assignment) bool {
		return r.ID != now.Assignment.ID && s.accounts.NeedsCode(r.Role) && now.How != "password+totp" && now.How != "link"
	}), nil
}

// ChangeRole replaces a session by one in another role of the same account; it
// ends when the first would have. A person's session never locks, so from there
// to staff the secret, PIN or password, is asked as at a lock. Errors: Forbidden,
// Required (the secret), those of Unlock.
func (s *Sessions) ChangeRole(ctx context.Context, now Session, assignment, secret string, from Origin) (Opened, error) {
	roles, err := s.Roles(ctx, now)
	if err != nil {
		return Opened{}, err
	}
	i := slices.IndexFunc(roles, func(r Assignment) bool { return r.ID == assignment })
	if i < 0 || now.Locked {
		return Opened{}, issue.New(issue.Forbidden, "access.forbidden")
	}
	if personal(now.Assignment.Role) && !personal(roles[i].Role) && now.How != "link" {
		if secret == "" {
			return Opened{}, issue.New(issue.Required, "access.role.secret").At("pin")
		}
		if err := s.checkOwn(ctx, now, secret, from.Device); err != nil {
			return Opened{}, err
		}
	}
	row, ok, err := s.accounts.byID(ctx, now.Actor.Account)
	if err != nil || !ok {
		return Opened{}, orNotFound(err)
	}
	return s.begin(ctx, row, roles[i], now.How, now.Expires, from, ActSwitch)
}

// Lock locks a session at once.
func (s *Sessions) Lock(ctx context.Context, now Session) error {
	return s.exec(ctx, "locking a session", `update access_session set locked = 1 where id = ?`, now.ID)
}

// SignOut ends a session.
func (s *Sessions) SignOut(ctx context.Context, now Session) error {
	if now.ID == "" {
		return nil
	}
	err := s.exec(ctx, "signing out", `update access_session set ended = ? where id = ? and ended = 0`, micro(s.now()), now.ID)
	if err != nil {
		return err
	}
	return s.note(ctx, now.Actor, ActSignOut, store.Labels{Type: "Account", ID: now.Actor.Account}, true, "session")
}

// List returns the open sessions of an account, latest use first.
func (s *Sessions) List(ctx context.Context, a store.Actor) ([]Session, error) {
	return s.open(ctx, "s.account = ?", a.Account)
}

// End ends one session of the own account, or all others when id is "".
func (s *Sessions) End(ctx context.Context, a store.Actor, id string) error {
	var err error
	if id == "" {
		err = s.accounts.endSessions(ctx, a.Account, a.Session)
	} else {
		err = s.exec(ctx, "ending a session", `update access_session set ended = ? where id = ? and account = ? and ended = 0`, micro(s.now()), id, a.Account)
	}
	if err != nil {
		return err
	}
	return s.note(ctx, a, ActEndSessions, store.Labels{Type: "Account", ID: a.Account}, true, "session")
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n]
}
