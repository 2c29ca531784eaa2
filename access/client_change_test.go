// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"mach/issue"
	"mach/store"
)

// scopesOf are those that a token has now.
func (w *world) scopesOf(token string) string {
	w.t.Helper()
	a, err := w.Tokens.Bearer(context.Background(), token)
	w.must(err)
	return strings.Join(a.Scopes, " ")
}

// with changes the scopes of the application.
func (s *start) with(scopes string) {
	s.t.Helper()
	c := s.app
	c.Scopes = strings.Fields(scopes)
	now, _, err := s.Clients.Change(context.Background(), system, c)
	s.must(err)
	s.app = now
}

// Scopes that are taken away end in tokens already given, in refresh tokens and
// in what works on without a token, and do not come back by registering them.
func TestScopesTakenAway(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientPublic)
		all := strings.Join(s.app.Scopes, " ")
		got := s.tokens("offline_access launch/patient patient/*.rs user/Patient.r")
		only := s.tokens("launch/patient user/Patient.r")
		s.with("launch/patient offline_access patient/*.r")
		if list, err := w.Apps.Mine(ctx, s.session.Actor); err != nil || len(list) != 0 {
			t.Errorf("grants that give nothing stand: %+v, %v", list, err)
		}
		if w.works(got.Access) || w.works(only.Access) {
			t.Error("a token of a grant that gives nothing works")
		}

		s.with(all)
		got = s.tokens("offline_access launch/patient patient/*.rs user/Patient.r")
		was, err := w.Tokens.Bearer(ctx, got.Access)
		w.must(err)
		s.with("launch/patient offline_access openid patient/*.rs")
		now, err := w.Tokens.Again(ctx, was)
		w.must(err)
		if has := w.scopesOf(got.Access); has != "patient/*.rs" || !slices.Equal(now.Scopes, []string{"patient/*.rs"}) {
			t.Errorf("after taking one away: the token has %q, a subscription %v", has, now.Scopes)
		}
		s.with(all)
		two, err := w.Apps.Refresh(ctx, s.app, got.Refresh, nil)
		w.must(err)
		if slices.Contains(two.Scopes, "user/Patient.r") || w.scopesOf(two.Access) != "patient/*.rs" {
			t.Errorf("what nobody agreed to anew came back: %v", two.Scopes)
		}
		s.with("launch/patient openid patient/*.rs")
		if !w.works(two.Access) {
			t.Error("the grant ends before its session")
		}
		w.must(w.Sessions.SignOut(ctx, s.session))
		if w.works(two.Access) {
			t.Error("offline access was taken away, and the token outlives the session")
		}
	})
}

func TestServiceScopesTakenAway(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		c, _, err := w.Clients.Register(ctx, system, Client{Name: "Kho", Kind: ClientBackend, KeysURL: "https://a.example/k", Scopes: []string{"system/Patient.rs", "system/Observation.rs"},
			Role: store.StationDirector, Facility: "t1", Unit: 21})
		w.must(err)
		got, err := w.Apps.Service(ctx, c, c.Scopes)
		w.must(err)
		c.Scopes, c.Role, c.Kind = []string{"system/Observation.r"}, store.System, ClientPublic
		now, secret, err := w.Clients.Change(ctx, system, c)
		w.must(err)
		if now.Kind != ClientBackend || now.Role != store.StationDirector || secret != "" {
			t.Errorf("what stays changed: %+v", now)
		}
		if has := w.scopesOf(got.Access); has != "" {
			t.Errorf("the token has %q", has)
		}
		if again, err := w.Tokens.Again(ctx, got.Actor); err != nil || len(again.Scopes) != 0 || again.Scopes == nil {
			t.Errorf("an export goes on with %v, %v", again.Scopes, err)
		}
	})
}

func TestChanging(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientConfidential)
		prove := func(secret string) error {
			_, err := w.Apps.Authenticate(ctx, Proof{ID: s.app.ID, Secret: secret, From: newID()})
			return err
		}
		c := s.app
		c.Name, c.Redirects = "Sổ Cam", []string{"https://new.example.vn/cb"}
		now, secret, err := w.Clients.Change(ctx, system, c)
		if err != nil || secret != "" || now.Name != "Sổ Cam" || prove(s.secret) != nil {
			t.Errorf("another name: %+v, a secret: %v, %v", now, secret != "", err)
		}
		if !w.audited(system.Account, "manage-client yes change name, redirects") {
			t.Error("no audit line says what was changed")
		}
		if read, err := w.Clients.Get(ctx, system, c.ID); err != nil || read.Redirects[0] != "https://new.example.vn/cb" || !read.HasSecret {
			t.Errorf("kept as %+v, %v", read, err)
		}
		if _, err := w.Apps.Approve(ctx, s.session, Approval{Client: now, Scopes: []string{"patient/*.rs"}, At: At{Patient: "p1"}, Redirect: answerTo, Challenge: challengeOf(verifier)}); err == nil {
			t.Error("an address that was taken away gets an answer")
		}
		// With keys the secret ends; without them there is another.
		c.KeysURL = "https://a.example/k"
		if now, secret, err = w.Clients.Change(ctx, system, c); err != nil || secret != "" || now.HasSecret || !errors.Is(prove(s.secret), DeniedClient) {
			t.Errorf("with keys: %+v, %v", now, err)
		}
		c.KeysURL = ""
		if now, secret, err = w.Clients.Change(ctx, system, c); err != nil || !now.HasSecret || prove(secret) != nil {
			t.Errorf("without keys: %+v, %v", now, err)
		}
		for name, spoil := range map[string]func(c *Client, by *store.Actor){
			"no name":       func(c *Client, _ *store.Actor) { c.Name = "" },
			"no address":    func(c *Client, _ *store.Actor) { c.Redirects = nil },
			"system scope":  func(c *Client, _ *store.Actor) { c.Scopes = []string{"system/*.rs"} },
			"unknown":       func(c *Client, _ *store.Actor) { c.ID = "nobody" },
			"a nurse":       func(_ *Client, by *store.Actor) { *by = s.session.Actor },
			"another place": func(_ *Client, by *store.Actor) { *by = store.Actor{Account: "x", Role: store.Administrator, Unit: 3} },
		} {
			bad, by := now, system
			spoil(&bad, &by)
			if _, _, err := w.Clients.Change(ctx, by, bad); err == nil {
				t.Errorf("%s: changed", name)
			}
		}
		w.must(w.Clients.SwitchOff(ctx, system, c.ID))
		if _, _, err := w.Clients.Change(ctx, system, c); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("one that was switched off: %v", err)
		}
	})
}
