// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

const (
	verifier = "a-verifier-of-more-than-forty-three-characters-000"
	answerTo = "https://app.example.vn/cb"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// start is a nurse with a session and a registered application.
type start struct {
	*world
	app     Client
	session Session
	opened  Opened
	secret  string
}

func (w *world) start(kind string) *start {
	w.t.Helper()
	ctx := context.Background()
	app, secret, err := w.Clients.Register(ctx, system, Client{Name: "Sổ Xanh", Kind: kind, Redirects: []string{answerTo},
		Scopes: strings.Fields("launch launch/patient launch/encounter openid fhirUser offline_access online_access patient/*.rs user/Patient.r")})
	w.must(err)
	w.account("lan", store.Nurse, NewAccount{})
	opened, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{}))
	w.must(err)
	return &start{w, app, w.resolve(request(opened)), opened, secret}
}

func (s *start) approve(scopes string) string {
	s.t.Helper()
	code, err := s.Apps.Approve(context.Background(), s.session, Approval{Client: s.app, Scopes: strings.Fields(scopes), At: At{Patient: "p1"},
		Redirect: answerTo, Challenge: challengeOf(verifier)})
	s.must(err)
	return code
}

func (s *start) tokens(scopes string) Issued {
	s.t.Helper()
	t, err := s.Apps.Exchange(context.Background(), s.app, s.approve(scopes), answerTo, verifier)
	s.must(err)
	return t
}

func (w *world) works(token string) bool {
	_, err := w.Tokens.Bearer(context.Background(), token)
	if err != nil && !issue.Is(err, issue.Login) {
		w.t.Fatal(err)
	}
	return err == nil
}

func TestCodes(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientPublic)
		other, _, err := w.Clients.Register(ctx, system, Client{Name: "Khác", Kind: ClientPublic, Redirects: []string{answerTo}, Scopes: []string{"patient/*.rs"}})
		w.must(err)

		got := s.tokens("openid fhirUser launch/patient patient/*.rs")
		a, err := w.Tokens.Bearer(ctx, got.Access)
		w.must(err)
		if a.Role != store.Nurse || a.Facility != "t1" || a.Record != "p1" || !slices.Equal(a.Scopes, []string{"patient/*.rs"}) || got.At.Patient != "p1" || got.Refresh != "" || a.Name != "Nguyễn lan · Sổ Xanh" {
			t.Errorf("the token speaks for %+v, %+v", a, got)
		}
		for name, try := range map[string]func(code string) (Issued, error){
			"wrong redirect": func(c string) (Issued, error) { return w.Apps.Exchange(ctx, s.app, c, answerTo+"/", verifier) },
			"wrong verifier": func(c string) (Issued, error) { return w.Apps.Exchange(ctx, s.app, c, answerTo, verifier+"1") },
			"no verifier":    func(c string) (Issued, error) { return w.Apps.Exchange(ctx, s.app, c, answerTo, "") },
			"the challenge":  func(c string) (Issued, error) { return w.Apps.Exchange(ctx, s.app, c, answerTo, challengeOf(verifier)) },
			"another client": func(c string) (Issued, error) { return w.Apps.Exchange(ctx, other, c, answerTo, verifier) },
			"not a code":     func(string) (Issued, error) { return w.Apps.Exchange(ctx, s.app, got.Access, answerTo, verifier) },
			"too late": func(c string) (Issued, error) {
				w.pass(codeLife)
				return w.Apps.Exchange(ctx, s.app, c, answerTo, verifier)
			},
			"a refresh token": func(c string) (Issued, error) { return w.Apps.Refresh(ctx, s.app, c, nil) },
		} {
			if _, err := try(s.approve("patient/*.rs")); !errors.Is(err, DeniedGrant) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Who has a code and cannot prove that it is his stole it: the grant ends.
		if list, err := w.Apps.Mine(ctx, s.session.Actor); err != nil || len(list) != 5 {
			t.Errorf("%d grants stand, %v", len(list), err)
		}
		// A stolen code: what the first exchange gave ends.
		code := s.approve("offline_access patient/*.rs")
		first, err := w.Apps.Exchange(ctx, s.app, code, answerTo, verifier)
		w.must(err)
		if _, err := w.Apps.Exchange(ctx, s.app, code, answerTo, verifier); !errors.Is(err, DeniedGrant) || w.works(first.Access) {
			t.Errorf("a replayed code: %v, the token works: %v", err, w.works(first.Access))
		}
		if _, err := w.Apps.Refresh(ctx, s.app, first.Refresh, nil); !errors.Is(err, DeniedGrant) {
			t.Errorf("the refresh token of a replayed code: %v", err)
		}
		w.audited(s.session.Actor.Account, "issue-token no reused")
		if got := s.tokens("patient/*.rs"); !w.works(got.Access) {
			t.Error("another grant ended too")
		} else if w.pass(appToken); w.works(got.Access) {
			t.Error("an access token outlives its time")
		}
	})
}

func TestApprovalsAreChecked(t *testing.T) {
	each(t, func(w *world) {
		s := w.start(ClientConfidential) // it has a secret, and needs PKCE all the same
		for name, spoil := range map[string]func(x *Approval, by *Session){
			"wrong redirect":   func(x *Approval, _ *Session) { x.Redirect += "/../x" },
			"no PKCE":          func(x *Approval, _ *Session) { x.Challenge = "" },
			"plain PKCE":       func(x *Approval, _ *Session) { x.Challenge = verifier },
			"a scope too many": func(x *Approval, _ *Session) { x.Scopes = []string{"user/*.rs"} },
			"more rights":      func(x *Approval, _ *Session) { x.Scopes = []string{"patient/*.cruds"} },
			"system":           func(x *Approval, _ *Session) { x.Scopes = []string{"system/*.rs"} },
			"no patient":       func(x *Approval, _ *Session) { x.At = At{} },
			"no visit's":       func(x *Approval, _ *Session) { x.At, x.Scopes = At{}, []string{"launch/encounter", "user/Patient.r"} },
			"locked":           func(_ *Approval, by *Session) { by.Locked = true },
			"by a token":       func(_ *Approval, by *Session) { by.Actor.Scopes = []string{"user/*.rs"} },
			"nobody":           func(_ *Approval, by *Session) { *by = Session{} },
			"another's role":   func(x *Approval, _ *Session) { x.Assignment = "somebody's" },
			"a forged launch":  func(x *Approval, _ *Session) { x.Launch = "forged" },
			"switched off":     func(x *Approval, _ *Session) { x.Client.Ended = noon },
		} {
			x := Approval{Client: s.app, Scopes: []string{"patient/*.rs"}, At: At{Patient: "p1"}, Redirect: answerTo, Challenge: challengeOf(verifier)}
			by := s.session
			spoil(&x, &by)
			if code, err := w.Apps.Approve(context.Background(), by, x); err == nil {
				t.Errorf("%s: approved, %s", name, code)
			}
		}
	})
}

func TestLaunchesAreForOneStart(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientPublic)
		secret, err := w.Apps.Launch(ctx, s.session.Actor, s.app.ID, At{"p7", "e7"})
		w.must(err)
		stranger := s.session.Actor
		stranger.Account = "another"
		if _, err := w.Apps.Launched(ctx, stranger, s.app.ID, secret); !issue.Is(err, issue.NotFound) {
			t.Errorf("another's launch: %v", err)
		}
		if at, err := w.Apps.Launched(ctx, s.session.Actor, s.app.ID, secret); err != nil || at != (At{"p7", "e7"}) {
			t.Errorf("launched at %v, %v", at, err)
		}
		x := Approval{Client: s.app, Scopes: []string{"launch", "patient/*.rs"}, Launch: secret, At: At{Patient: "forged"}, Redirect: answerTo, Challenge: challengeOf(verifier)}
		code, err := w.Apps.Approve(ctx, s.session, x)
		w.must(err)
		got, err := w.Apps.Exchange(ctx, s.app, code, answerTo, verifier)
		w.must(err)
		if got.At != (At{"p7", "e7"}) {
			t.Errorf("the record at hand is %v", got.At)
		}
		if _, err := w.Apps.Approve(ctx, s.session, x); !issue.Is(err, issue.NotFound) {
			t.Errorf("a launch used twice: %v", err)
		}
		late, err := w.Apps.Launch(ctx, s.session.Actor, s.app.ID, At{"p7", ""})
		w.must(err)
		w.pass(launchLife)
		if _, err := w.Apps.Launched(ctx, s.session.Actor, s.app.ID, late); !issue.Is(err, issue.NotFound) {
			t.Errorf("an old launch: %v", err)
		}
	})
}

func TestRefreshTokensRotate(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientConfidential)
		one := s.tokens("offline_access patient/*.rs user/Patient.r")
		if _, err := w.Apps.Refresh(ctx, s.app, one.Refresh, []string{"patient/*.rs", "openid"}); !errors.Is(err, DeniedScope) {
			t.Errorf("more than was given: %v", err)
		}
		one = s.tokens("offline_access patient/*.rs user/Patient.r")
		two, err := w.Apps.Refresh(ctx, s.app, one.Refresh, []string{"patient/*.rs"})
		w.must(err)
		if two.Refresh == one.Refresh || !slices.Equal(two.Scopes, []string{"patient/*.rs"}) {
			t.Errorf("refreshed: %+v", two)
		}
		three, err := w.Apps.Refresh(ctx, s.app, two.Refresh, nil)
		w.must(err)
		if len(three.Scopes) != 3 {
			t.Errorf("fewer scopes once are fewer for ever: %v", three.Scopes)
		}
		// Signing out does not end what works offline.
		w.must(w.Sessions.SignOut(ctx, s.session))
		if !w.works(three.Access) {
			t.Error("offline access ends with the session")
		}
		if _, err := w.Apps.Refresh(ctx, s.app, one.Refresh, nil); !errors.Is(err, DeniedGrant) {
			t.Errorf("a spent refresh token: %v", err)
		}
		if _, err := w.Apps.Refresh(ctx, s.app, three.Refresh, nil); !errors.Is(err, DeniedGrant) || w.works(three.Access) || w.works(two.Access) {
			t.Errorf("the family of a copied refresh token lives: %v", err)
		}
	})
}

// Of many who refresh at once one gets tokens, and the grant ends: the others
// are taken for thieves.
func TestRefreshRace(t *testing.T) {
	each(t, func(w *world) {
		s := w.start(ClientPublic)
		one := s.tokens("offline_access patient/*.rs")
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 8 {
			wg.Go(func() {
				if _, err := w.Apps.Refresh(context.Background(), s.app, one.Refresh, nil); err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if won > 1 {
			t.Errorf("%d got tokens for one refresh token", won)
		}
	})
}

func TestOnlineAccessEndsWithTheSession(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientPublic)
		plain, online, offline := s.tokens("patient/*.rs"), s.tokens("online_access patient/*.rs"), s.tokens("offline_access patient/*.rs")
		if list, err := w.Apps.Mine(ctx, s.session.Actor); err != nil || len(list) != 3 {
			t.Errorf("%d have access, %v", len(list), err)
		}
		w.must(w.Sessions.SignOut(ctx, s.session))
		if w.works(plain.Access) || w.works(online.Access) || !w.works(offline.Access) {
			t.Error("signing out ended the wrong tokens")
		}
		if _, err := w.Apps.Refresh(ctx, s.app, online.Refresh, nil); !errors.Is(err, DeniedGrant) {
			t.Errorf("online access after signing out: %v", err)
		}
		list, err := w.Apps.Mine(ctx, s.session.Actor)
		w.must(err)
		if len(list) != 1 || !list[0].Offline || list[0].Used.IsZero() || list[0].Patient != "p1" {
			t.Fatalf("who has access: %+v", list)
		}
		stranger := s.session.Actor
		stranger.Account = "another"
		if err := w.Apps.Take(ctx, stranger, list[0].ID); !issue.Is(err, issue.NotFound) || !w.works(offline.Access) {
			t.Errorf("another takes it back: %v", err)
		}
		w.must(w.Apps.Take(ctx, s.session.Actor, list[0].ID))
		if w.works(offline.Access) {
			t.Error("taken back and still working")
		}
		if _, err := w.Apps.Refresh(ctx, s.app, offline.Refresh, nil); !errors.Is(err, DeniedGrant) {
			t.Errorf("refreshing after it was taken back: %v", err)
		}
	})
}

// What works on after its request, a subscription or an export, is the same
// application while the grant holds, whatever became of the token.
func TestApplicationsAgain(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientPublic)
		got := s.tokens("offline_access patient/*.rs")
		was, err := w.Tokens.Bearer(ctx, got.Access)
		w.must(err)
		online, err := w.Tokens.Bearer(ctx, s.tokens("patient/*.rs").Access)
		w.must(err)
		w.pass(3 * appToken)
		if now, err := w.Tokens.Again(ctx, was); err != nil || now.Record != "p1" || now.Role != store.Nurse || !slices.Equal(now.Scopes, was.Scopes) {
			t.Errorf("again: %+v, %v", now, err)
		}
		w.must(w.Sessions.SignOut(ctx, s.session))
		if _, err := w.Tokens.Again(ctx, online); !issue.Is(err, issue.Login) {
			t.Errorf("online access after signing out: %v", err)
		}
		w.must(w.Clients.SwitchOff(ctx, system, s.app.ID))
		if _, err := w.Tokens.Again(ctx, was); !issue.Is(err, issue.Login) {
			t.Errorf("a client that was switched off: %v", err)
		}
		forged := was
		forged.Session = "nothing"
		if _, err := w.Tokens.Again(ctx, forged); !issue.Is(err, issue.Login) {
			t.Errorf("an application that stands on nothing: %v", err)
		}
	})
}

// What ends the account, its role or the client ends the tokens.
func TestTokensEndWithWhatTheyStandOn(t *testing.T) {
	for name, end := range map[string]func(w *world, s *start) error{
		"client": func(w *world, s *start) error { return w.Clients.SwitchOff(context.Background(), system, s.app.ID) },
		"role": func(w *world, s *start) error {
			return w.Accounts.EndAssignment(context.Background(), system, s.session.Assignment.ID)
		},
		"account": func(w *world, s *start) error {
			return w.Accounts.Close(context.Background(), system, s.session.Actor.Account)
		},
		"password": func(w *world, s *start) error {
			return w.Accounts.ChangePassword(context.Background(), s.session.Actor, password, password+" và sân")
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				s := w.start(ClientPublic)
				got := s.tokens("offline_access patient/*.rs")
				w.must(end(w, s))
				if w.works(got.Access) {
					t.Error("the access token works on")
				}
				if _, err := w.Apps.Refresh(context.Background(), s.app, got.Refresh, nil); !errors.Is(err, DeniedGrant) {
					t.Errorf("refreshing: %v", err)
				}
			})
		})
	}
}

func TestSecretsAndRevocation(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientConfidential)
		prove := func(p Proof) error { _, err := w.Apps.Authenticate(ctx, p); return err }
		if err := prove(Proof{ID: s.app.ID, Secret: s.secret}); err != nil {
			t.Errorf("the right secret: %v", err)
		}
		for _, p := range []Proof{{ID: s.app.ID}, {ID: s.app.ID, Secret: s.secret + "x"}, {ID: s.app.ID, Secret: hashSecret(s.secret)}, {Secret: s.secret}, {ID: "nobody", Secret: s.secret}} {
			p.From = newID() // each from elsewhere: the limiter is not meant here
			if err := prove(p); !errors.Is(err, DeniedClient) {
				t.Errorf("%+v: %v", p, err)
			}
		}
		fresh, err := w.Clients.Rotate(ctx, system, s.app.ID)
		w.must(err)
		if prove(Proof{ID: s.app.ID, Secret: s.secret}) == nil || prove(Proof{ID: s.app.ID, Secret: fresh, From: "10.9.9.9"}) != nil {
			t.Error("rotating a secret does not replace it")
		}
		slowed := false
		for range 10 {
			slowed = slowed || errors.Is(prove(Proof{ID: s.app.ID, Secret: "guess", From: "10.1.1.1"}), DeniedSlow)
		}
		if !slowed {
			t.Error("guessing a secret is not slowed down")
		}

		got := s.tokens("offline_access patient/*.rs")
		other, _, err := w.Clients.Register(ctx, system, Client{Name: "Khác", Kind: ClientConfidential, Redirects: []string{answerTo}, Scopes: []string{"patient/*.rs"}})
		w.must(err)
		if _, ok, err := w.Apps.Introspect(ctx, other, got.Access); ok || err != nil {
			t.Errorf("another client reads what a token is: %v", err)
		}
		if x, ok, err := w.Apps.Introspect(ctx, s.app, got.Access); !ok || err != nil || x.At.Patient != "p1" || x.Life <= 0 {
			t.Errorf("introspection: %+v %v %v", x, ok, err)
		}
		w.must(w.Apps.Revoke(ctx, other, got.Access))
		w.must(w.Apps.Revoke(ctx, other, got.Refresh))
		if !w.works(got.Access) {
			t.Error("another client revokes a token")
		}
		w.must(w.Apps.Revoke(ctx, s.app, got.Refresh))
		if w.works(got.Access) {
			t.Error("revoking the refresh token leaves the access token")
		}
		if _, ok, _ := w.Apps.Introspect(ctx, s.app, got.Access); ok {
			t.Error("a revoked token is active")
		}
	})
}

func TestRegistering(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		good := Client{Name: "A", Kind: ClientPublic, Redirects: []string{answerTo}, Scopes: []string{"patient/*.rs"}}
		for name, spoil := range map[string]func(c *Client){
			"no name":           func(c *Client) { c.Name = " " },
			"no kind":           func(c *Client) { c.Kind = "" },
			"no redirect":       func(c *Client) { c.Redirects = nil },
			"plain http":        func(c *Client) { c.Redirects = []string{"http://app.example.vn/cb"} },
			"fragment":          func(c *Client) { c.Redirects = []string{answerTo + "#x"} },
			"javascript":        func(c *Client) { c.Redirects = []string{"javascript:alert(1)"} },
			"user in address":   func(c *Client) { c.Redirects = []string{"https://mach.vn@evil.example/"} },
			"policy in address": func(c *Client) { c.Redirects = []string{"https://a.example;script-src/*"} },
			"origin with path":  func(c *Client) { c.Origins = []string{"https://a.example/x"} },
			"any origin":        func(c *Client) { c.Origins = []string{"*"} },
			"no scope":          func(c *Client) { c.Scopes = nil },
			"bad scope":         func(c *Client) { c.Scopes = []string{"patient/*.rs?colour=red"} },
			"system scope":      func(c *Client) { c.Scopes = []string{"system/*.rs"} },
			"public with keys":  func(c *Client) { c.KeysURL = "https://a.example/jwks" },
			"service, no keys": func(c *Client) {
				c.Kind, c.Scopes, c.Role, c.Facility, c.Unit = ClientBackend, []string{"system/*.rs"}, store.Nurse, "t1", 21
			},
			"service as system": func(c *Client) {
				c.Kind, c.Scopes, c.KeysURL, c.Role, c.Unit = ClientBackend, []string{"system/*.rs"}, "https://a.example/k", store.System, 21
			},
			"private key": func(c *Client) { c.Kind, c.Keys = ClientConfidential, `{"keys":[{"kty":"oct","k":"AAAA","kid":"1"}]}` },
		} {
			c := good
			spoil(&c)
			if _, _, err := w.Clients.Register(ctx, system, c); err == nil {
				t.Errorf("%s: registered", name)
			}
		}
		for _, uri := range []string{answerTo, "http://localhost:9000/cb", "http://127.0.0.1:9000/cb", "vn.mach.app:/cb"} {
			c := good
			c.Redirects = []string{uri}
			if _, _, err := w.Clients.Register(ctx, system, c); err != nil {
				t.Errorf("%s: %v", uri, err)
			}
		}
		one, _, err := w.Clients.Register(ctx, store.Actor{Account: "ad", Role: store.Administrator, Unit: 2}, good)
		w.must(err)
		for _, by := range []store.Actor{{Account: "x", Role: store.Nurse, Unit: 2}, {Account: "x", Role: store.Administrator, Unit: 3}} {
			if err := w.Clients.SwitchOff(ctx, by, one.ID); err == nil {
				t.Errorf("%s of unit %d switches it off", by.Role, by.Unit)
			}
		}
		if _, _, err := w.Clients.Register(ctx, store.Actor{Account: "x", Role: store.Nurse, Unit: 2}, good); !issue.Is(err, issue.Forbidden) {
			t.Errorf("a nurse registers: %v", err)
		}
	})
}

// TestLaunchableWhereRegistered: an administrator puts applications before those
// of the own unit, not before the whole country.
func TestLaunchableWhereRegistered(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		for unit, name := range map[vn.UnitID]string{0: "all", 2: "province", 21: "commune", 3: "another"} {
			by := store.Actor{Account: "ad", Role: store.Administrator, Unit: unit}
			if unit == 0 {
				by = system
			}
			_, _, err := w.Clients.Register(ctx, by, Client{Name: name, Kind: ClientPublic, Redirects: []string{answerTo}, Launch: answerTo, Scopes: []string{"patient/*.rs"}})
			w.must(err)
		}
		for unit, want := range map[vn.UnitID]string{21: "all commune province", 2: "all province", 3: "all another", 0: "all"} {
			list, err := w.Clients.Launchable(ctx, store.Actor{Account: "n", Role: store.Nurse, Unit: unit})
			w.must(err)
			var names []string
			for _, c := range list {
				names = append(names, c.Name)
			}
			if slices.Sort(names); strings.Join(names, " ") != want {
				t.Errorf("in unit %d: %q, want %q", unit, names, want)
			}
		}
	})
}

func TestScopesWithinRegistration(t *testing.T) {
	c := Client{Kind: ClientPublic, Scopes: strings.Fields("openid patient/*.rs user/Observation.r user/Condition.rs?category=a")}
	for scope, want := range map[string]bool{
		"openid": true, "offline_access": false, "patient/Observation.rs": true, "patient/*.r": true, "patient/*.cruds": false, "patient/Observation.rs?category=b": true,
		"user/Observation.r": true, "user/Observation.rs": false, "user/*.r": false, "user/Condition.rs?category=a": true, "user/Condition.rs": false,
		"user/Condition.rs?category=b": false, "system/*.rs": false, "patient/Observation.read": true, "nonsense": false,
	} {
		if got := c.May(scope); got != want {
			t.Errorf("%s: %v", scope, got)
		}
	}
}
