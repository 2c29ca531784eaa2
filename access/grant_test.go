// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
)

func TestTokens(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Doctor, NewAccount{})
		issueOne := func(g Grant) store.Actor {
			g.TTL = time.Hour
			secret, err := w.Tokens.Issue(ctx, system, g)
			w.must(err)
			r := httptest.NewRequest(http.MethodGet, "/fhir/Patient", nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			return w.resolve(r).Actor
		}
		issueOne(Grant{Scopes: "system/Observation.rs?category=laboratory"})
		if a := issueOne(Grant{Scopes: "system/*.cruds"}); a.Role != store.System || !slices.Equal(a.Scopes, []string{"system/*.cruds"}) || a.Account == "system" {
			w.t.Errorf("system token: %+v", a)
		}
		if a := issueOne(Grant{Name: "Sổ Xanh", Scopes: "user/*.rs", Login: "Lan"}); a.Role != store.Doctor || a.Account != acc.ID || a.Name != "Nguyễn lan · Sổ Xanh" || a.Scopes == nil {
			w.t.Errorf("user token: %+v", a)
		}
		if a := issueOne(Grant{Scopes: "patient/*.rs", Patient: "Patient/p7"}); a.Role != store.Person || a.Patient != "p7" || a.Scopes == nil {
			w.t.Errorf("patient token: %+v", a)
		}
		for _, g := range []Grant{{Scopes: "user/*.rs", TTL: time.Hour}, {Scopes: "user/*.rs", Login: "nobody", TTL: time.Hour},
			{Scopes: "patient/*.rs", TTL: time.Hour}, {Scopes: "nonsense", TTL: time.Hour}, {Scopes: "system/Observation.rs?colour=red", TTL: time.Hour}, {Scopes: "system/*.rs?colour=red", TTL: time.Hour}, {Scopes: "system/*.r"}, {Scopes: "system/*.r", TTL: 10000 * time.Hour}} {
			if _, err := w.Tokens.Issue(ctx, system, g); err == nil {
				w.t.Errorf("issued %+v", g)
			}
		}
		if _, err := w.Tokens.Issue(ctx, store.Actor{Account: "a", Role: store.Doctor}, Grant{Scopes: "system/*.r", TTL: time.Hour}); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("a doctor issues tokens: %v", err)
		}
		secret, err := w.Tokens.Issue(ctx, system, Grant{Scopes: "system/*.r", TTL: time.Minute})
		w.must(err)
		a, err := w.Tokens.Bearer(ctx, secret)
		w.must(err)
		for _, bad := range []string{"", "x", secret + "A", hashSecret(secret), a.Session} {
			if _, err := w.Tokens.Bearer(ctx, bad); !issue.Is(err, issue.Login) {
				w.t.Errorf("token %.10q: %v", bad, err)
			}
		}
		w.pass(2 * time.Minute)
		if _, err := w.Tokens.Bearer(ctx, secret); !issue.Is(err, issue.Login) {
			w.t.Errorf("an expired token: %v", err)
		}
		secret, err = w.Tokens.Issue(ctx, system, Grant{Scopes: "system/*.r", TTL: time.Hour})
		w.must(err)
		a, err = w.Tokens.Bearer(ctx, secret)
		w.must(err)
		w.must(w.Tokens.End(ctx, system, a.Session))
		if _, err := w.Tokens.Bearer(ctx, secret); !issue.Is(err, issue.Login) {
			w.t.Errorf("an ended token: %v", err)
		}
		w.audited("system", "issue-token yes system/*.r")
	})
}

func TestDemoLinks(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("bo", store.Ministry, NewAccount{})
		link := func() string {
			path, err := w.Links.DemoLink(ctx, "bo")
			w.must(err)
			return strings.TrimPrefix(path, "/sign-in/link/")
		}
		here := Origin{Address: "127.0.0.1"}
		secret := link()
		o, err := w.Sessions.Follow(ctx, secret, false, here)
		w.must(err)
		if o.Actor.Account != acc.ID || o.Shared {
			w.t.Errorf("%+v", o.Session)
		}
		if _, err := w.Sessions.Follow(ctx, secret, false, here); !issue.Is(err, issue.Expired) {
			w.t.Errorf("twice: %v", err)
		}
		for address, lan := range map[string]bool{"192.168.1.5": false, "8.8.8.8": true, "": true, "2001:db8::1": true} {
			if _, err := w.Sessions.Follow(ctx, link(), lan, Origin{Address: address}); !issue.Is(err, issue.Forbidden) {
				w.t.Errorf("from %s: %v", address, err)
			}
		}
		_, err = w.Sessions.Follow(ctx, link(), true, Origin{Address: "192.168.1.5"})
		w.must(err)
		late := link()
		w.pass(linkLife + time.Second)
		if _, err := w.Sessions.Follow(ctx, late, false, here); !issue.Is(err, issue.Expired) {
			w.t.Errorf("late: %v", err)
		}
		fresh := link()
		w.Sessions.cfg.Demo = false
		if _, err := w.Links.DemoLink(ctx, "bo"); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("made outside a demonstration: %v", err)
		}
		if _, err := w.Sessions.Follow(ctx, fresh, false, here); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("followed outside a demonstration: %v", err)
		}
		w.audited(acc.ID, "demo-link yes link")
	})
}

func TestAdministratorsKeepTheirUnit(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		admin := store.Actor{Account: "ad", Role: store.Administrator, Facility: "sở", Unit: 2}
		acc, _, err := w.Accounts.Add(ctx, admin, NewAccount{Login: "moi", Name: "Mới", Password: password})
		w.must(err)
		for _, s := range []Assignment{
			{Account: acc.ID, Role: store.Nurse, Facility: "f", Unit: 31},
			{Account: acc.ID, Role: store.Ministry, Facility: "f", Unit: 1},
			{Account: acc.ID, Role: store.System, Facility: "f", Unit: 21},
			{Account: acc.ID, Role: store.Person, Patient: "p"},
		} {
			if _, err := w.Accounts.Assign(ctx, admin, s); !issue.Is(err, issue.Forbidden) {
				w.t.Errorf("%s of unit %d: %v", s.Role, s.Unit, err)
			}
		}
		_, err = w.Accounts.Assign(ctx, admin, Assignment{Account: acc.ID, Role: store.Nurse, Facility: "f", Unit: 21})
		w.must(err)
		_, err = w.Accounts.Assign(ctx, admin, Assignment{Account: acc.ID, Role: store.Nurse, Facility: "f", Unit: 21})
		w.must(err)
		if roles, err := w.Accounts.Assignments(ctx, acc.ID); err != nil || len(roles) != 1 {
			w.t.Errorf("the same role twice: %+v, %v", roles, err)
		}
		if _, err := w.Accounts.Assign(ctx, store.Actor{Account: "x", Role: store.StationDirector, Unit: 21}, Assignment{Account: acc.ID, Role: store.Nurse, Facility: "f", Unit: 21}); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("a director assigns: %v", err)
		}
		w.account("xa", store.Nurse, NewAccount{}) // unit 21 too
		list, err := w.Accounts.List(ctx, admin, "mơi", 10)
		w.must(err)
		if len(list) != 1 || list[0].Account.ID != acc.ID {
			w.t.Errorf("found %+v", list)
		}
		list, err = w.Accounts.List(ctx, store.Actor{Account: "ad2", Role: store.Administrator, Unit: 3}, "", 10)
		w.must(err)
		if len(list) != 0 {
			w.t.Errorf("another province lists %+v", list)
		}
		if _, _, err := w.Accounts.Add(ctx, admin, NewAccount{Login: "MỚI", Name: "Khác", Password: password}); !issue.Is(err, issue.Duplicate) {
			w.t.Errorf("the same login: %v", err)
		}
	})
}
