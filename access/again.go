// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"strings"

	"mach/issue"
	"mach/store"
)

// Again returns who stands behind an actor of before, with the rights of now:
// what works on after its request has ended, such as a subscription or an
// export, acts as whom this returns. The scopes stay those of then; relations,
// consents and policies are asked anew at each decision anyway.
//
// Error: Login when nobody stands there any more: the account is closed, the
// role has ended, the token was ended or has run out.
func (t *Tokens) Again(ctx context.Context, a store.Actor) (store.Actor, error) {
	bad := issue.New(issue.Login, "access.token.invalid")
	if a.Account == store.SystemActor().Account {
		return a, nil
	}
	var row tokenRow
	var scopes string
	var expires, ended int64
	ok, err := t.db.Row(ctx, []any{&row.id, &row.name, &scopes, &row.account, &row.assignment, &row.patient, &expires, &ended},
		`select id, name, scopes, account, assignment, patient, expires, ended from access_token where id = ?`, a.Session)
	if err != nil {
		return store.Actor{}, err
	}
	if ok {
		if ended != 0 || !t.now().Before(fromMicro(expires)) {
			return store.Actor{}, bad
		}
		row.scopes = strings.Fields(scopes)
		if row.account == "" {
			return a, nil
		}
		now, err := t.lent(ctx, row)
		now.Record, now.Request = a.Record, a.Request
		return now, err
	}
	if a.Scopes != nil {
		return t.given(ctx, a)
	}
	return t.seated(ctx, a)
}

// given is an application by what it stands on, which outlives its short tokens:
// the grant of a person, or a service's registration.
func (t *Tokens) given(ctx context.Context, a store.Actor) (store.Actor, error) {
	bad := issue.New(issue.Login, "access.token.invalid")
	row := tokenRow{id: a.Session, grant: a.Session, scopes: a.Scopes}
	ok, err := t.db.Row(ctx, []any{&row.name, &row.account, &row.assignment, &row.patient}, `select c.name, g.account, g.assignment, g.patient
		from access_grant g join access_client c on c.id = g.client left join access_session s on s.id = g.session and g.offline = 0
		where g.id = ? and g.ended = 0 and c.ended = 0 and coalesce(s.ended, 0) = 0`, a.Session)
	if err != nil {
		return store.Actor{}, err
	}
	if ok {
		now, err := t.lent(ctx, row)
		now.Request = a.Request
		return now, err
	}
	c, ok, err := t.clients.byID(ctx, a.Session)
	if err != nil {
		return store.Actor{}, err
	}
	row.account = clientAccount + c.ID
	if !ok || !c.Open() || a.Account != row.account {
		return store.Actor{}, bad
	}
	now := c.actor(row)
	now.Request = a.Request
	return now, nil
}

// seated is the account of a session, in the role it had there.
func (t *Tokens) seated(ctx context.Context, a store.Actor) (store.Actor, error) {
	bad := issue.New(issue.Login, "access.token.invalid")
	acc, ok, err := t.accounts.byID(ctx, a.Account)
	if err != nil {
		return store.Actor{}, err
	}
	if !ok || !acc.Closed.IsZero() {
		return store.Actor{}, bad
	}
	roles, err := t.accounts.current(ctx, acc.ID)
	if err != nil {
		return store.Actor{}, err
	}
	for _, role := range roles {
		now := actorOf(acc.Account, role, a.Session)
		if now.Role == a.Role && now.Facility == a.Facility && now.Patient == a.Patient {
			now.Scopes, now.Record, now.Request, now.Name = a.Scopes, a.Record, a.Request, a.Name
			return now, nil
		}
	}
	return store.Actor{}, bad
}
