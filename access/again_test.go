// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
)

// TestAgain: what works on after its request acts as who stands there now;
// whoever ended a token, a grant, an application or an account ended that too.
func TestAgain(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		gone := func(when string, a store.Actor, want bool) {
			w.t.Helper()
			now, err := w.Tokens.Again(ctx, a)
			if want && !issue.Is(err, issue.Login) || !want && (err != nil || now.Account != a.Account || len(now.Scopes) != len(a.Scopes)) {
				w.t.Errorf("%s: %+v, %v", when, now, err)
			}
		}
		bearer := func(g Grant) store.Actor {
			w.t.Helper()
			secret, err := w.Tokens.Issue(ctx, system, g)
			w.must(err)
			a, err := w.Tokens.Bearer(ctx, secret)
			w.must(err)
			return a
		}
		acc, _ := w.account("bac", store.Doctor, NewAccount{})
		all, own := bearer(Grant{Scopes: "system/*.rs", TTL: time.Hour}), bearer(Grant{Scopes: "user/*.rs", Login: "bac", TTL: time.Hour})
		gone("a token of the system", all, false)
		gone("a token of an account", own, false)
		w.must(w.Tokens.End(ctx, system, all.Session))
		gone("an ended token", all, true)
		_, err := w.Accounts.Reset(ctx, system, acc.ID, "một mật khẩu khác nữa")
		w.must(err)
		gone("a token of before the reset", own, true)
		late := bearer(Grant{Scopes: "user/*.rs", Login: "bac", TTL: time.Hour})
		w.pass(2 * time.Hour)
		gone("a token that ran out", late, true)

		// An application: its access token runs out, its grant stays.
		s := w.start("public")
		grant := store.Actor{Account: s.session.Actor.Account, Role: store.Nurse, Session: "grant-1", Scopes: []string{"user/Patient.r"}}
		w.must(w.Tokens.exec(ctx, "test", `insert into access_grant (id, client, account, assignment, session, offline, patient, encounter, scopes, made, used, ended)
			select 'grant-1', ?, account, id, '', 1, '', '', 'user/Patient.r', 0, 0, 0 from access_assignment where account = ?`, s.app.ID, s.session.Actor.Account))
		gone("a grant", grant, false)
		w.must(w.Tokens.exec(ctx, "test", `update access_grant set ended = 1 where id = 'grant-1'`))
		gone("an ended grant", grant, true)
	})
}

// Without offline_access an application ends when the session runs out, though
// nobody signs out of a session that lies idle.
func TestOnlineAccessRunsOutWithTheSession(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientPublic)
		actor := func(scopes string) store.Actor {
			a, err := w.Tokens.Bearer(ctx, s.tokens(scopes).Access)
			w.must(err)
			return a
		}
		online, offline := actor("online_access patient/*.rs"), actor("offline_access patient/*.rs")
		if _, err := w.Tokens.Again(ctx, online); err != nil {
			t.Errorf("while the session is open: %v", err)
		}
		w.pass(idle(s.session.Actor.Role) + time.Minute)
		if _, err := w.Tokens.Again(ctx, online); !issue.Is(err, issue.Login) {
			t.Errorf("online access after the session ran out: %v", err)
		}
		if _, err := w.Tokens.Again(ctx, offline); err != nil {
			t.Errorf("offline access after the session ran out: %v", err)
		}
	})
}
