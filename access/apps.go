// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
)

// Apps is what people give applications and what applications get for it
// (SMART App Launch 2.2): a grant, made by a person on a page, and the codes
// and tokens that stand on it and end with it. An application never has more
// than its person has at that moment.
type Apps struct {
	*core
	accounts *Accounts
	clients  *Clients
	tokens   *Tokens
	sessions *Sessions
	identity *identity
	fetcher  *keyFetcher
}

// How long each thing lives.
const (
	launchLife  = 5 * time.Minute
	codeLife    = time.Minute
	appToken    = 15 * time.Minute
	serviceLife = 5 * time.Minute // SMART Backend Services: at most five minutes
	refreshLife = 90 * 24 * time.Hour
	appTouch    = time.Minute // last use is noted this often
	keptAfter   = 24 * time.Hour
)

// At is the record at hand when an application starts.
type At struct {
	Patient, Encounter string // ids; "" = none
}

// Launch returns the one-time secret with which a client starts at the record,
// for the same account. The caller must have read the record as the same actor.
func (a *Apps) Launch(ctx context.Context, by store.Actor, client string, at At) (string, error) {
	secret, hash := newSecret()
	return secret, a.exec(ctx, "preparing a launch", `insert into access_launch (hash, client, account, patient, encounter, expires, used) values (?, ?, ?, ?, ?, ?, 0)`,
		hash, client, by.Account, at.Patient, at.Encounter, micro(a.now().Add(launchLife)))
}

const launchWhere = ` where hash = ? and client = ? and account = ? and used = 0 and expires > ?`

// Launched returns where a client is being started by the actor, without
// spending the secret. Error: NotFound (unknown, used, too old, of somebody
// else or for another client).
func (a *Apps) Launched(ctx context.Context, by store.Actor, client, secret string) (At, error) {
	var at At
	ok, err := a.db.Row(ctx, []any{&at.Patient, &at.Encounter}, `select patient, encounter from access_launch`+launchWhere,
		hashSecret(secret), client, by.Account, micro(a.now()))
	if err == nil && !ok {
		err = issue.New(issue.NotFound, "access.launch.gone")
	}
	return at, err
}

// Approval is what a person agreed to.
type Approval struct {
	Client     Client
	Assignment string // role in which the application acts; "" = that of the session
	Scopes     []string
	Launch     string // one-time secret of a launch; "" = it started by itself
	At         At     // of a start by itself
	Redirect   string
	Challenge  string // PKCE, S256
	Nonce      string
}

// Approve makes the grant and returns the code for it. The scopes must be the
// client's, the challenge is there whatever the client (SMART App Launch 2.2,
// Considerations for PKCE Support). Errors: Forbidden, Required
// (patient), NotFound (the launch).
func (a *Apps) Approve(ctx context.Context, s Session, x Approval) (string, error) {
	if s.ID == "" || s.Actor.Account == "" || s.Locked || s.Actor.Scopes != nil || x.Client.Kind == ClientBackend || !x.Client.Open() ||
		!slices.Contains(x.Client.Redirects, x.Redirect) || !Challenge(x.Challenge) ||
		slices.ContainsFunc(x.Scopes, func(scope string) bool { return !x.Client.May(scope) }) {
		return "", issue.New(issue.Forbidden, "access.forbidden")
	}
	role, err := a.roleOf(ctx, s, x.Assignment)
	if err != nil {
		return "", err
	}
	secret, hash := newSecret()
	now, g := a.now(), newID()
	err = a.db.In(ctx, func(tx store.Tx) error {
		if x.Launch != "" {
			ok, err := tx.Row(ctx, []any{&x.At.Patient, &x.At.Encounter}, `update access_launch set used = ?`+launchWhere+` returning patient, encounter`,
				micro(now), hashSecret(x.Launch), x.Client.ID, s.Actor.Account, micro(now))
			if err != nil {
				return err
			}
			if !ok {
				return issue.New(issue.NotFound, "access.launch.gone")
			}
		}
		if x.At.Patient == "" && NeedsPatient(x.Scopes) {
			return issue.New(issue.Required, "access.launch.patient").At("patient")
		}
		offline := 0
		if slices.Contains(x.Scopes, ScopeOffline) {
			offline = 1
		}
		err := tx.Exec(ctx, `insert into access_grant (id, client, account, assignment, session, offline, patient, encounter, scopes, made, used, ended)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`, g, x.Client.ID, s.Actor.Account, role.ID, s.ID, offline, x.At.Patient, x.At.Encounter, strings.Join(x.Scopes, " "), micro(now))
		if err == nil {
			err = tx.Exec(ctx, `insert into access_code (hash, app_grant, redirect, challenge, nonce, expires, used) values (?, ?, ?, ?, ?, ?, 0)`,
				hash, g, x.Redirect, x.Challenge, clip(x.Nonce, 200), micro(now.Add(codeLife)))
		}
		for _, table := range []string{"access_code", "access_launch"} {
			if err == nil {
				err = tx.Exec(ctx, `delete from `+table+` where expires < ?`, micro(now.Add(-keptAfter)))
			}
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("approving an application: %w", err)
	}
	return secret, a.note(ctx, s.Actor, ActApprove, store.Labels{Type: "App", ID: g, Patient: x.At.Patient}, true, clip(x.Client.Name+": "+strings.Join(x.Scopes, " "), 500))
}

// ActorIn returns whom an application would act as in a role that the session
// may let it have, "" being its own. Error: Forbidden.
func (a *Apps) ActorIn(ctx context.Context, s Session, assignment string) (store.Actor, error) {
	role, err := a.roleOf(ctx, s, assignment)
	if err != nil || role.ID == s.Assignment.ID {
		return s.Actor, err
	}
	acc, ok, err := a.accounts.byID(ctx, s.Actor.Account)
	if err == nil && !ok {
		err = issue.New(issue.Forbidden, "access.forbidden")
	}
	as := actorOf(acc.Account, role, s.ID)
	as.Request = s.Actor.Request
	return as, err
}

// roleOf returns the session's role, or another that the account may change to
// without proving more.
func (a *Apps) roleOf(ctx context.Context, s Session, id string) (Assignment, error) {
	if id == "" || id == s.Assignment.ID {
		return s.Assignment, nil
	}
	roles, err := a.sessions.Roles(ctx, s)
	if err != nil {
		return Assignment{}, err
	}
	i := slices.IndexFunc(roles, func(r Assignment) bool { return r.ID == id })
	if i < 0 || personal(s.Assignment.Role) && !personal(roles[i].Role) {
		return Assignment{}, issue.New(issue.Forbidden, "access.forbidden")
	}
	return roles[i], nil
}

// challenges are SHA-256 in base64url, verifiers what RFC 7636, section 4.1,
// allows.
var (
	challenges = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	verifiers  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
)

// Challenge reports whether text is a PKCE challenge of method S256.
func Challenge(text string) bool { return challenges.MatchString(text) }

func verified(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return verifiers.MatchString(verifier) && subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// Issued is what the token endpoint gives.
type Issued struct {
	Access  string
	Life    time.Duration
	Refresh string // "" = none
	Scopes  []string
	At      At
	Client  string
	Account string // "" for a service
	Actor   store.Actor
	Nonce   string // of the request, at the first exchange only

	grant string
}

// Exchange gives the tokens for a code. A code that comes twice was stolen or
// lost: everything that it gave ends (RFC 6749, section 4.1.2). Error:
// [DeniedGrant].
func (a *Apps) Exchange(ctx context.Context, c Client, code, redirect, verifier string) (Issued, error) {
	var grant, to, challenge, nonce string
	now := micro(a.now())
	ok, err := a.spend(ctx, []any{&grant, &to, &challenge, &nonce}, `update access_code set used = ? where hash = ? and used = 0 and expires > ?
		and app_grant in (select id from access_grant where client = ?) returning app_grant, redirect, challenge, nonce`, now, hashSecret(code), now, c.ID)
	if err != nil {
		return Issued{}, err
	}
	if !ok {
		return Issued{}, a.reused(ctx, c, "access_code", code)
	}
	if to != redirect || !verified(challenge, verifier) { // not who it was made for
		return Issued{}, a.reused(ctx, c, "access_code", code)
	}
	out, err := a.issue(ctx, c, grant, nil)
	out.Nonce = nonce
	return out, err
}

// Refresh gives new tokens for a refresh token, which is spent: its successor
// comes with them. One that comes again was copied, and ends the whole family
// (RFC 9700, section 4.14). scopes may only be fewer; nil = all. Errors:
// [DeniedGrant], [DeniedScope].
func (a *Apps) Refresh(ctx context.Context, c Client, token string, scopes []string) (Issued, error) {
	var grant string
	now := micro(a.now())
	ok, err := a.spend(ctx, []any{&grant}, `update access_refresh set used = ? where hash = ? and used = 0 and expires > ?
		and app_grant in (select id from access_grant where client = ?) returning app_grant`, now, hashSecret(token), now, c.ID)
	if err != nil {
		return Issued{}, err
	}
	if !ok {
		return Issued{}, a.reused(ctx, c, "access_refresh", token)
	}
	return a.issue(ctx, c, grant, scopes)
}

// spend runs one statement that uses a secret up and reports whether it did.
func (a *Apps) spend(ctx context.Context, dest []any, sql string, args ...any) (ok bool, err error) {
	err = a.db.In(ctx, func(tx store.Tx) error {
		ok, err = tx.Row(ctx, dest, sql, args...)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("spending a secret: %w", err)
	}
	return ok, nil
}

// reused ends the grant of a secret that was spent before, or by somebody else.
func (a *Apps) reused(ctx context.Context, c Client, table, secret string) error {
	var g grantRow
	ok, err := a.db.Row(ctx, []any{&g.id, &g.account, &g.patient}, `select g.id, g.account, g.patient from `+table+` x join access_grant g on g.id = x.app_grant
		where x.hash = ? and x.used <> 0 and g.client = ? and g.ended = 0`, hashSecret(secret), c.ID)
	if err != nil {
		return fmt.Errorf("looking for a spent secret: %w", err)
	}
	if ok {
		if err := a.endGrant(ctx, g.id); err != nil {
			return err
		}
		who := store.Actor{Account: g.account, Name: c.Name}
		if err := a.note(ctx, who, ActToken, store.Labels{Type: "App", ID: g.id, Patient: g.patient}, false, "reused"); err != nil {
			return err
		}
	}
	return DeniedGrant
}

// issue makes the tokens of a grant that holds.
func (a *Apps) issue(ctx context.Context, c Client, id string, scopes []string) (Issued, error) {
	g, ok, err := a.grant(ctx, id)
	if err != nil {
		return Issued{}, err
	}
	if !ok || !g.ended.IsZero() || g.client != c.ID || !c.Open() {
		return Issued{}, DeniedGrant
	}
	if !g.offline {
		open, err := a.sessions.open(ctx, "s.id = ?", g.session)
		if err != nil || len(open) == 0 {
			return Issued{}, orDenied(err)
		}
	}
	have := strings.Fields(g.scopes)
	if scopes == nil {
		scopes = have
	}
	for _, s := range scopes {
		if !slices.Contains(have, s) {
			return Issued{}, DeniedScope
		}
	}
	// What the client may has perhaps become less since.
	scopes = c.within(scopes)
	row := tokenRow{id: newID(), name: c.Name, account: g.account, assignment: g.assignment, patient: g.patient, client: c.ID, grant: g.id,
		scopes: resourceScopes(scopes), made: a.now()}
	out := Issued{Life: appToken, Scopes: scopes, At: At{g.patient, g.encounter}, Client: c.ID, Account: g.account, grant: g.id}
	if out.Actor, err = a.tokens.lent(ctx, row); err != nil {
		return Issued{}, orDenied(err)
	}
	if out.Access, err = a.tokens.mint(ctx, &row, appToken); err != nil {
		return Issued{}, err
	}
	if g.offline || slices.Contains(have, ScopeOnline) {
		var hash string
		out.Refresh, hash = newSecret()
		err = a.exec(ctx, "issuing a refresh token", `insert into access_refresh (hash, app_grant, expires, used) values (?, ?, ?, 0)`, hash, g.id, micro(row.made.Add(refreshLife)))
		if err != nil {
			return Issued{}, err
		}
	}
	return out, a.note(ctx, out.Actor, ActToken, store.Labels{Type: "App", ID: g.id, Patient: g.patient}, true, clip(strings.Join(scopes, " "), 500))
}

// orDenied takes a refusal of the account or its session for one of the grant.
func orDenied(err error) error {
	var no *issue.Error
	if err == nil || errors.As(err, &no) {
		return DeniedGrant
	}
	return err
}

// resourceScopes leaves out those that ask for no resource. It is never nil:
// a token without scopes may do nothing.
func resourceScopes(scopes []string) []string {
	return slices.DeleteFunc(append([]string{}, scopes...), IsContextScope)
}

// Service gives a backend service a token of its own (SMART Backend Services).
// The client must have proved itself with an assertion. Errors: [DeniedKind],
// [DeniedScope].
func (a *Apps) Service(ctx context.Context, c Client, scopes []string) (Issued, error) {
	if c.Kind != ClientBackend {
		return Issued{}, DeniedKind
	}
	granted := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !c.May(s) || IsContextScope(s) })
	if len(granted) == 0 {
		return Issued{}, DeniedScope
	}
	row := tokenRow{id: newID(), name: c.Name, account: clientAccount + c.ID, client: c.ID, scopes: granted, made: a.now()}
	secret, err := a.tokens.mint(ctx, &row, serviceLife)
	if err != nil {
		return Issued{}, err
	}
	out := Issued{Access: secret, Life: serviceLife, Scopes: granted, Client: c.ID, Actor: c.actor(row)}
	return out, a.note(ctx, out.Actor, ActToken, store.Labels{Type: "Client", ID: c.ID}, true, clip(strings.Join(granted, " "), 500))
}

// actor is who a backend service is: nobody's account, in the role and at the
// place that it was registered for.
func (c Client) actor(row tokenRow) store.Actor {
	return store.Actor{Account: row.account, Name: c.Name, Role: c.Role, Facility: c.Facility, FacilityName: c.FacilityName, Unit: c.Unit,
		Purpose: PurposeOf(c.Role), Session: c.ID, Scopes: row.scopes}
}
