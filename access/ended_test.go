// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
)

// TestOldSecretsEnd: what was opened with a password that is gone stays shut:
// the PIN until the next full sign-in on the device, tokens for good.
func TestOldSecretsEnd(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Doctor, NewAccount{PIN: "274915"})
		in := func(pass, device string) Opened {
			w.t.Helper()
			o, err := w.Sessions.SignIn(ctx, w.attempt("lan", pass, "", Origin{Address: "a", Device: device}))
			w.must(err)
			return o
		}
		token := func() string {
			w.t.Helper()
			secret, err := w.Tokens.Issue(ctx, system, Grant{Scopes: "user/*.rs", Login: "lan", TTL: time.Hour})
			w.must(err)
			return secret
		}
		shut := func(when, device, secret string) {
			w.t.Helper()
			if _, err := w.Sessions.Switch(ctx, acc.ID, "274915", Origin{Device: device}); !issue.Is(err, issue.Expired) {
				w.t.Errorf("the PIN after %s: %v", when, err)
			}
			if _, err := w.Tokens.Bearer(ctx, secret); !issue.Is(err, issue.Login) {
				w.t.Errorf("a token after %s: %v", when, err)
			}
		}
		o, secret := in(password, ""), token()
		device := o.device
		_, err := w.Sessions.Switch(ctx, acc.ID, "274915", Origin{Device: device})
		w.must(err)
		w.must(w.Accounts.ChangePassword(ctx, o.Actor, password, "một mật khẩu khác hẳn"))
		shut("a new password", device, secret)
		in("một mật khẩu khác hẳn", device)
		_, err = w.Sessions.Switch(ctx, acc.ID, "274915", Origin{Device: device})
		w.must(err)
		secret = token()
		_, err = w.Accounts.Reset(ctx, system, acc.ID, "lại một cái khác nữa")
		w.must(err)
		in("lại một cái khác nữa", device)
		shut("a reset", device, secret)
	})
}

// TestChangingRole: to staff a person's session asks for the secret; no change
// makes a session longer, nor lets a PIN in on a device nobody signed in on.
func TestChangingRole(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Person, NewAccount{PIN: "274915", Patient: "p1"})
		w.pass(time.Second)
		nurse, err := w.Accounts.Assign(ctx, system, Assignment{Account: acc.ID, Role: store.Nurse, Facility: "t1", Unit: 21})
		w.must(err)
		o, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a"}))
		w.must(err)
		roles, err := w.Sessions.Roles(ctx, o.Session)
		w.must(err)
		me, err := w.Sessions.ChangeRole(ctx, o.Session, roles[0].ID, "", Origin{Address: "a"})
		w.must(err)
		if !me.Expires.Equal(o.Expires) || me.Actor.Role != store.Person {
			w.t.Errorf("a session until %s became one of %s until %s", o.Expires, me.Actor.Role, me.Expires)
		}
		if _, err := w.Sessions.Switch(ctx, acc.ID, "274915", Origin{Device: me.device}); !issue.Is(err, issue.Expired) {
			w.t.Errorf("the PIN on a device without a sign-in: %v", err)
		}
		w.pass(time.Hour)
		for secret, want := range map[string]issue.Code{"": issue.Required, "sai rồi sai rồi": issue.Login, "274915": issue.Expired} {
			if _, err := w.Sessions.ChangeRole(ctx, me.Session, nurse.ID, secret, Origin{Device: me.device}); !issue.Is(err, want) {
				w.t.Errorf("to staff with %q: %v", secret, err)
			}
		}
		for _, secret := range []string{password, "274915"} { // on the device of the sign-in the PIN will do
			again, err := w.Sessions.ChangeRole(ctx, me.Session, nurse.ID, secret, Origin{Device: o.device})
			w.must(err)
			if !again.Expires.Equal(o.Expires) {
				w.t.Errorf("until %s, not %s", again.Expires, o.Expires)
			}
		}
	})
}

// TestGuessingTheOwnPassword: whoever found an open session guesses no faster
// than at the door, in however many forms and sessions.
func TestGuessingTheOwnPassword(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Doctor, NewAccount{})
		by := func(n int) store.Actor { return store.Actor{Account: acc.ID, Session: string(rune('a' + n))} }
		for name, try := range map[string]func(store.Actor) error{
			"password": func(a store.Actor) error {
				return w.Accounts.ChangePassword(ctx, a, "sai", "một mật khẩu khác hẳn")
			},
			"pin":  func(a store.Actor) error { return w.Accounts.SetPIN(ctx, a, "sai", "274915") },
			"code": func(a store.Actor) error { return w.Accounts.ConfirmCode(ctx, a, "sai", "", "") },
		} {
			w.pass(forgetAfter + time.Minute)
			for i := range freeTries + 1 {
				if err := try(by(i)); !issue.Is(err, issue.Value) {
					w.t.Errorf("%s, try %d: %v", name, i, err)
				}
			}
			if err := try(by(9)); !issue.Is(err, issue.Throttled) {
				w.t.Errorf("%s: guessing is never slowed: %v", name, err)
			}
		}
		w.audited(acc.ID, "manage-account no wrong")
	})
}

// TestWhoseAccountItIs: the present work as staff decides whose an account is.
func TestWhoseAccountItIs(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		admin := store.Actor{Account: "ad", Role: store.Administrator, Unit: 2}
		past, here := Assignment{Role: store.Nurse, Facility: "far", Unit: 31, To: w.clock().Add(time.Hour)}, Assignment{Role: store.Nurse, Facility: "t1", Unit: 21}
		gone, me := here, Assignment{Role: store.Person, Patient: "p1"}
		gone.To = past.To
		far := past
		far.To = time.Time{}
		cases := []struct {
			name         string
			roles        []Assignment
			close, reset bool
		}{
			{"works here", []Assignment{here}, true, true},
			{"worked elsewhere before", []Assignment{past, here}, true, true},
			{"has a health book too", []Assignment{me, here}, true, false},
			{"worked here", []Assignment{gone}, true, true},
			{"works elsewhere too", []Assignment{far, here}, false, false},
			{"works elsewhere now", []Assignment{far, gone}, false, false},
			{"a citizen", []Assignment{me}, false, false},
		}
		ids := make([]string, len(cases))
		for i, c := range cases {
			acc, _, err := w.Accounts.Add(ctx, system, NewAccount{Login: c.name, Name: c.name, Password: password}, c.roles...)
			w.must(err)
			ids[i] = acc.ID
		}
		w.pass(2 * time.Hour)
		for i, c := range cases {
			if _, err := w.Accounts.Reset(ctx, admin, ids[i], "lại một cái khác nữa"); (err == nil) != c.reset {
				w.t.Errorf("resetting who %s: %v", c.name, err)
			}
			if err := w.Accounts.Close(ctx, admin, ids[i]); (err == nil) != c.close {
				w.t.Errorf("closing who %s: %v", c.name, err)
			}
		}
	})
}
