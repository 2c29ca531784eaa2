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
// export, acts as whom this returns. The scopes stay those of then, less what the
// application is no longer registered for; relations, consents and policies are
// asked anew at each decision anyway.
//
// A token of a registered application may have run out meanwhile: what counts
// is that its grant, or the application, still stands, and without offline_access
// the session too. Error: Login when nobody stands there any more: the account
// is closed, the role, the grant, its session or the application has ended, the
// token was ended or, issued by hand, has run out.
func (t *Tokens) Again(ctx context.Context, a store.Actor) (store.Actor, error) {
	bad := issue.New(issue.Login, "access.token.invalid")
	if a.Account == store.SystemActor().Account {
		return a, nil
	}
	if id, client := strings.CutPrefix(a.Account, clientAccount); client {
		c, ok, err := t.clients.byID(ctx, id)
		if err != nil {
			return store.Actor{}, err
		}
		if !ok || !c.Open() {
			return store.Actor{}, bad
		}
		now := c.actor(tokenRow{account: a.Account, scopes: c.within(a.Scopes)})
		now.Request = a.Request
		return now, nil
	}
	row := tokenRow{grant: a.Session, patient: a.Record, scopes: a.Scopes}
	var offline int
	var seen int64
	var registered string
	granted, err := t.db.Row(ctx, []any{&row.account, &row.assignment, &offline, &seen, &registered}, `select g.account, g.assignment, g.offline, coalesce(s.seen, 0), c.scopes
		from access_grant g join access_client c on c.id = g.client left join access_session s on s.id = g.session
		where g.id = ? and g.ended = 0 and (g.offline = 1 or s.ended = 0 and s.expires > ?)`, a.Session, micro(t.now()))
	if err != nil {
		return store.Actor{}, err
	}
	var expires, ended int64
	issued, err := t.db.Row(ctx, []any{&row.account, &row.assignment, &expires, &ended},
		`select account, assignment, expires, ended from access_token where id = ? and app_grant = ''`, a.Session)
	switch {
	case err != nil:
		return store.Actor{}, err
	case issued && (ended != 0 || !t.now().Before(fromMicro(expires))):
		return store.Actor{}, bad
	case issued && row.account == "": // of no account
		return a, nil
	case !issued && !granted && a.Scopes != nil: // its grant has ended
		return store.Actor{}, bad
	case !issued && !granted:
		return t.seated(ctx, a)
	}
	if granted {
		row.scopes = Client{Scopes: strings.Fields(registered)}.within(row.scopes)
	}
	now, err := t.lent(ctx, row)
	if err == nil && granted && offline == 0 && t.now().Sub(fromMicro(seen)) > idle(now.Role) {
		return store.Actor{}, bad // nobody is there, though nobody signed out
	}
	now.Name, now.Session, now.Request = a.Name, a.Session, a.Request
	return now, err
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
