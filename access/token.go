// SPDX-License-Identifier: Apache-2.0

package access

import (
	"cmp"
	"context"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
)

// Tokens issues and reads bearer tokens for applications. A token is opaque:
// what it may do stands in its row, so it can be ended at once.
type Tokens struct {
	*core
	accounts *Accounts
	clients  *Clients
}

// Grant says what a token is for: scopes of one context, and whom they mean.
type Grant struct {
	Name    string // as the access log shows the application; "" = "mach token"
	Scopes  string // SMART v2, separated by spaces
	Login   string // of user/… scopes: whose rights the token has
	Patient string // of patient/… scopes: whose record it is for
	TTL     time.Duration
}

const longestToken = 366 * 24 * time.Hour

// Issue makes a token. Errors: Invalid (scopes), Required (login or patient),
// NotFound (the login), Value (the time), Forbidden (a person or role whose
// rights need a one-time code cannot be lent by a user token of others).
func (t *Tokens) Issue(ctx context.Context, by store.Actor, g Grant) (string, error) {
	if by.Role != store.System {
		return "", issue.New(issue.Forbidden, "access.forbidden")
	}
	scopes, err := ParseScopes(g.Scopes)
	if err != nil {
		return "", err
	}
	if g.TTL <= 0 || g.TTL > longestToken {
		return "", issue.New(issue.Value, "access.token.ttl").At("ttl")
	}
	if g.Name == "" {
		g.Name = "mach token"
	}
	row := tokenRow{id: newID(), name: g.Name, patient: g.Patient, made: t.now()}
	for _, s := range scopes {
		if err := s.known(t.store); err != nil {
			return "", err
		}
		row.scopes = append(row.scopes, s.String())
	}
	switch scopes[0].Context {
	case "user":
		if err := t.lend(ctx, g.Login, &row); err != nil {
			return "", err
		}
	case "patient":
		if g.Patient == "" {
			return "", issue.New(issue.Required, "access.token.patient").At("patient")
		}
		row.patient = strings.TrimPrefix(g.Patient, "Patient/")
	default:
		row.patient = ""
	}
	secret, err := t.mint(ctx, &row, g.TTL)
	if err != nil {
		return "", err
	}
	return secret, t.note(ctx, by, ActToken, store.Labels{Type: "Token", ID: row.id, Patient: row.patient}, true, strings.Join(row.scopes, " "))
}

// mint keeps a token for a time and returns it. Those of the same application
// and grant that ran out yesterday go.
func (t *Tokens) mint(ctx context.Context, row *tokenRow, life time.Duration) (string, error) {
	row.expires = row.made.Add(life)
	secret, hash := newSecret()
	err := t.exec(ctx, "issuing a token", `insert into access_token (hash, id, name, scopes, account, assignment, patient, made, expires, ended, client, app_grant)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`, hash, row.id, row.name, strings.Join(row.scopes, " "), row.account, row.assignment, row.patient,
		micro(row.made), micro(row.expires), row.client, row.grant)
	if err == nil && row.client != "" {
		err = t.exec(ctx, "clearing tokens", `delete from access_token where client = ? and app_grant = ? and expires < ?`, row.client, row.grant, micro(row.made.Add(-keptAfter)))
	}
	return secret, err
}

// lend fills the account and its latest role.
func (t *Tokens) lend(ctx context.Context, login string, row *tokenRow) error {
	if login == "" {
		return issue.New(issue.Required, "access.token.login").At("login")
	}
	acc, err := t.accounts.ByLogin(ctx, login)
	if err != nil {
		return err
	}
	roles, err := t.accounts.current(ctx, acc.ID)
	if err != nil {
		return err
	}
	if len(roles) == 0 || !acc.Closed.IsZero() {
		return issue.New(issue.Forbidden, "access.sign_in.no_role").At("login")
	}
	row.account, row.assignment, row.patient = acc.ID, roles[len(roles)-1].ID, ""
	return nil
}

// ByApplication stands between the name of an account and that of the
// application that used a token of it.
const ByApplication = " · "

type tokenRow struct {
	id, name, account, assignment, patient string
	client, grant                          string // of an application that was registered
	scopes                                 []string
	made, expires                          time.Time
}

// Bearer returns who a token speaks for. Error: Login, the same for unknown,
// expired and ended tokens.
func (t *Tokens) Bearer(ctx context.Context, token string) (store.Actor, error) {
	bad := issue.New(issue.Login, "access.token.invalid")
	var row tokenRow
	var scopes, registered string
	var expires, used int64
	ok, err := t.db.Row(ctx, []any{&row.id, &row.name, &scopes, &row.account, &row.assignment, &row.patient, &expires, &row.client, &row.grant, &used, &registered},
		`select k.id, k.name, k.scopes, k.account, k.assignment, k.patient, k.expires, k.client, k.app_grant, coalesce(g.used, 0), coalesce(c.scopes, '')
		from access_token k left join access_grant g on g.id = k.app_grant left join access_session s on s.id = g.session left join access_client c on c.id = k.client
		where k.hash = ? and k.ended = 0 and (k.app_grant = '' or g.ended = 0 and (g.offline = 1 or s.ended = 0 and s.expires > ?))`, hashSecret(token), micro(t.now()))
	if err != nil {
		return store.Actor{}, err
	}
	if !ok || !t.now().Before(fromMicro(expires)) {
		return store.Actor{}, bad
	}
	row.scopes = append([]string{}, strings.Fields(scopes)...) // never nil: that would be no token
	if row.client != "" {                                      // no more than it is registered for by now
		row.scopes = Client{Scopes: strings.Fields(registered)}.within(row.scopes)
	}
	if now := t.now(); row.grant != "" && now.Sub(fromMicro(used)) > appTouch {
		if err := t.exec(ctx, "noting the use of a grant", `update access_grant set used = ? where id = ?`, micro(now), row.grant); err != nil {
			return store.Actor{}, err
		}
	}
	if row.client != "" && row.grant == "" {
		c, ok, err := t.clients.byID(ctx, row.client)
		if err != nil {
			return store.Actor{}, err
		}
		if !ok || !c.Open() {
			return store.Actor{}, bad
		}
		return c.actor(row), nil
	}
	if row.account != "" {
		return t.lent(ctx, row)
	}
	a := store.Actor{Account: "token:" + row.id, Name: row.name, Session: row.id, Scopes: row.scopes, Role: store.System, Purpose: store.Operations}
	if row.patient != "" {
		a.Role, a.Patient, a.Purpose = store.Person, row.patient, store.OwnRequest
	}
	return a, nil
}

// lent is the account's actor while account and role stand, narrowed by the
// scopes.
func (t *Tokens) lent(ctx context.Context, row tokenRow) (store.Actor, error) {
	bad := issue.New(issue.Login, "access.token.invalid")
	acc, ok, err := t.accounts.byID(ctx, row.account)
	if err != nil {
		return store.Actor{}, err
	}
	role, found, err := t.accounts.assignment(ctx, row.assignment)
	if err != nil {
		return store.Actor{}, err
	}
	if !ok || !found || !acc.Closed.IsZero() || !role.ValidAt(t.now()) {
		return store.Actor{}, bad
	}
	a := actorOf(acc.Account, role, cmp.Or(row.grant, row.id))
	a.Scopes, a.Name, a.Record = row.scopes, a.Name+ByApplication+row.name, row.patient
	return a, nil
}

// End ends a token by its id (the Session of its actor).
func (t *Tokens) End(ctx context.Context, by store.Actor, id string) error {
	if by.Role != store.System && by.Role != store.Administrator {
		return issue.New(issue.Forbidden, "access.forbidden")
	}
	if err := t.exec(ctx, "ending a token", `update access_token set ended = ? where id = ? and ended = 0`, micro(t.now()), id); err != nil {
		return err
	}
	return t.note(ctx, by, ActToken, store.Labels{Type: "Token", ID: id}, true, "end")
}
