// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/subtle"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Clients keeps the applications that people, or nobody, may use (RFC 6749,
// section 2). An administrator registers them; a client that is not here gets
// nothing.
type Clients struct {
	*core
	accounts *Accounts
}

// The kinds of client.
const (
	ClientPublic       = "public"       // in a browser or on a phone: it can keep no secret
	ClientConfidential = "confidential" // with a server of its own
	ClientBackend      = "backend"      // a service that works for no person
)

// ClientKinds are the kinds, in the order of a list.
func ClientKinds() []string { return []string{ClientPublic, ClientConfidential, ClientBackend} }

// Client is a registered application.
type Client struct {
	ID        string
	Name      string
	Vendor    string
	Kind      string
	HasSecret bool
	Redirects []string // compared whole, character by character
	Launch    string   // where a launch from here begins; "" = it only starts by itself
	Origins   []string // of its pages, for CORS
	Keys      string   // JWKS; "" = none
	KeysURL   string   // where they are fetched; "" = none
	Scopes    []string // the most that it may ask for
	// A backend service does what a role may do at a facility or in a unit.
	Role         store.Role
	Facility     string
	FacilityName string
	Unit         vn.UnitID
	Made, Ended  time.Time

	secret string
}

// Open reports whether it may be used.
func (c Client) Open() bool { return c.Ended.IsZero() }

// May reports whether a scope is within what the client was registered for:
// the same context, a type and rights that it has. A query only narrows.
func (c Client) May(text string) bool {
	if slices.Contains(otherScopes, text) {
		return slices.Contains(c.Scopes, text)
	}
	s, err := ParseScope(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.Scopes, func(allowed string) bool {
		a, err := ParseScope(allowed)
		return err == nil && a.Context == s.Context && (a.Type == "*" || a.Type == s.Type) &&
			(a.Query == "" || a.Query == s.Query) && !strings.ContainsFunc(s.Rights, func(r rune) bool { return !strings.ContainsRune(a.Rights, r) })
	})
}

// The scopes that are no resource's (SMART App Launch 2.2, sections 3.0.2 and
// 3.0.3; OpenID Connect).
const (
	ScopeOpenID        = "openid"
	ScopeFHIRUser      = "fhirUser"
	ScopeLaunch        = "launch"
	ScopeLaunchPatient = "launch/patient"
	ScopeLaunchVisit   = "launch/encounter"
	ScopeOffline       = "offline_access"
	ScopeOnline        = "online_access"
)

var otherScopes = []string{ScopeOpenID, ScopeFHIRUser, ScopeLaunch, ScopeLaunchPatient, ScopeLaunchVisit, ScopeOffline, ScopeOnline}

// IsContextScope reports whether a scope asks for no resource: who somebody
// is, the record at hand, a token that lasts.
func IsContextScope(text string) bool { return slices.Contains(otherScopes, text) }

// GivesSomething reports whether a scope gives anything by itself.
func GivesSomething(text string) bool { return text == ScopeOpenID || !IsContextScope(text) }

// NeedsPatient reports whether the scopes speak of one person's record.
func NeedsPatient(scopes []string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool {
		return s == ScopeLaunchPatient || s == ScopeLaunchVisit || strings.HasPrefix(s, "patient/")
	})
}

// Register adds a client and returns it, with its secret when it is
// confidential and has no keys: shown once. Errors: Forbidden, Required,
// CodeInvalid, Value, each at its field.
func (c *Clients) Register(ctx context.Context, by store.Actor, n Client) (Client, string, error) {
	if !c.accounts.Manages(by, by.Unit) && by.Role != store.System {
		return Client{}, "", c.refused(ctx, by, "")
	}
	if err := c.check(n); err != nil {
		return Client{}, "", err
	}
	if n.Kind == ClientBackend {
		if err := c.accounts.mayAssign(ctx, by, Assignment{Role: n.Role, Facility: n.Facility, Unit: n.Unit, From: c.now()}); err != nil {
			return Client{}, "", err
		}
	} else {
		n.Role, n.Facility, n.FacilityName, n.Unit = "", "", "", by.Unit
	}
	n.ID, n.Made, n.Ended = newID(), c.now(), time.Time{}
	n.secret = ""
	secret := n.proof()
	if err := c.note(ctx, by, ActClient, store.Labels{Type: "Client", ID: n.ID}, true, "register"); err != nil {
		return Client{}, "", err
	}
	return n, secret, c.insert(ctx, n, by.Account)
}

func (c *Clients) refused(ctx context.Context, by store.Actor, id string) error {
	if err := c.note(ctx, by, ActClient, store.Labels{Type: "Client", ID: id}, false, "role"); err != nil {
		return err
	}
	return issue.New(issue.Forbidden, "access.forbidden")
}

// check refuses what cannot be registered, with all that is wrong.
func (c *Clients) check(n Client) error {
	if len(n.Redirects) > 10 || len(n.Origins) > 10 || len(n.Scopes) > maxScopes || len(n.Keys) > maxKeys {
		return issue.New(issue.TooCostly, "access.client.many").At("scopes")
	}
	var wrong []issue.Issue
	refuse := func(bad bool, at string, code issue.Code, key string, args ...any) {
		if bad {
			wrong = append(wrong, issue.New(code, key, args...).At(at).Issues...)
		}
	}
	service := n.Kind == ClientBackend
	refuse(strings.TrimSpace(n.Name) == "", "name", issue.Required, "access.client.name")
	refuse(!slices.Contains(ClientKinds(), n.Kind), "kind", issue.CodeInvalid, "access.client.kind")
	refuse(len(n.Scopes) == 0, "scopes", issue.Required, "access.scope.none")
	for _, s := range n.Scopes {
		if err := n.mayHave(s, c.store); err != nil {
			wrong = append(wrong, issue.Of(err)...)
		}
	}
	refuse(!service && len(n.Redirects) == 0, "redirects", issue.Required, "access.client.redirect")
	for _, uri := range n.Redirects {
		refuse(!redirectURI(uri), "redirects", issue.Value, "access.client.address", clip(uri, 200))
	}
	refuse(n.Launch != "" && !webAddress(n.Launch), "launch", issue.Value, "access.client.address", clip(n.Launch, 200))
	for _, o := range n.Origins {
		u, err := url.Parse(o)
		refuse(err != nil || !webAddress(o) || o != u.Scheme+"://"+u.Host, "origins", issue.Value, "access.client.origin", clip(o, 200))
	}
	refuse(n.KeysURL != "" && !webAddress(n.KeysURL), "keys_url", issue.Value, "access.client.address", clip(n.KeysURL, 200))
	refuse(service && n.Keys == "" && n.KeysURL == "", "keys", issue.Required, "access.client.keys")
	refuse(n.Kind == ClientPublic && (n.Keys != "" || n.KeysURL != ""), "keys", issue.BusinessRule, "access.client.public_keys")
	if n.Keys != "" {
		_, err := parseKeys([]byte(n.Keys))
		refuse(err != nil, "keys", issue.Value, "access.client.jwks")
	}
	return issue.List(wrong)
}

// mayHave refuses scopes that a client of the kind cannot use: system scopes
// are for services, everything else for people's applications.
func (c Client) mayHave(text string, in *store.Store) error {
	if IsContextScope(text) && c.Kind != ClientBackend {
		return nil
	}
	s, err := ParseScope(text)
	if err != nil {
		return issue.New(issue.Invalid, "access.scope.format", clip(text, maxScope)).At("scopes")
	}
	if (s.Context == "system") != (c.Kind == ClientBackend) {
		return issue.New(issue.BusinessRule, "access.client.context", text).At("scopes")
	}
	return s.known(in)
}

// webAddress reports whether text is an https address, or an http one of this
// machine, without a fragment or a user.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > 500 || u.Host == "" || u.User != nil || strings.ContainsAny(text, "# \\\t\r\n\"'<>;,") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// redirectURI is a web address, or the private-use scheme of an application on
// a phone, which holds a dot (RFC 8252, section 7.1).
func redirectURI(text string) bool {
	if scheme, _, ok := strings.Cut(text, ":"); ok && strings.Contains(scheme, ".") {
		u, err := url.Parse(text)
		return err == nil && u.Scheme == scheme && u.Fragment == "" && len(text) <= 500 && !strings.ContainsAny(text, "# \\\t\r\n\"'<>;,")
	}
	return webAddress(text)
}

// Rotate gives a client with a secret another, shown once; the old one ends at
// once. Errors: Forbidden, NotFound, BusinessRule (it has none).
func (c *Clients) Rotate(ctx context.Context, by store.Actor, id string) (string, error) {
	one, err := c.Get(ctx, by, id)
	if err != nil {
		return "", err
	}
	if !one.HasSecret || !one.Open() {
		return "", issue.New(issue.BusinessRule, "access.client.no_secret")
	}
	if err := c.note(ctx, by, ActClient, store.Labels{Type: "Client", ID: id}, true, "rotate"); err != nil {
		return "", err
	}
	secret, hash := newSecret()
	return secret, c.exec(ctx, "rotating a secret", `update access_client set secret = ? where id = ?`, hash, id)
}

// SwitchOff ends a client, what people gave it and its tokens, at once.
func (c *Clients) SwitchOff(ctx context.Context, by store.Actor, id string) error {
	if _, err := c.Get(ctx, by, id); err != nil {
		return err
	}
	if err := c.note(ctx, by, ActClient, store.Labels{Type: "Client", ID: id}, true, "switch-off"); err != nil {
		return err
	}
	return c.end(ctx, id)
}

// Get returns a client to an administrator who may keep it. Errors: Forbidden,
// NotFound.
func (c *Clients) Get(ctx context.Context, by store.Actor, id string) (Client, error) {
	one, ok, err := c.byID(ctx, id)
	if err != nil {
		return Client{}, err
	}
	if !ok || !c.accounts.Manages(by, one.Unit) {
		return Client{}, issue.New(issue.NotFound, "access.not_found")
	}
	return one, nil
}

// List returns the clients that an administrator keeps, by name, those that
// were switched off last.
func (c *Clients) List(ctx context.Context, by store.Actor) ([]Client, error) {
	if by.Role != store.Administrator && by.Role != store.System {
		return nil, c.refused(ctx, by, "")
	}
	all, err := c.clients(ctx, "1 = 1")
	return slices.DeleteFunc(all, func(o Client) bool { return !c.accounts.Manages(by, o.Unit) }), err
}

// Launchable returns the clients that the actor can launch from a person's page:
// those that were registered for a unit in which he works, or for all.
func (c *Clients) Launchable(ctx context.Context, by store.Actor) ([]Client, error) {
	all, err := c.clients(ctx, "ended = 0 and launch <> ''")
	return slices.DeleteFunc(all, func(o Client) bool { return o.Unit != 0 && !c.cfg.Policy.within(by.Unit, o.Unit, c.now()) }), err
}

// Find returns an open client. Error: NotFound.
func (c *Clients) Find(ctx context.Context, id string) (Client, error) {
	one, ok, err := c.byID(ctx, id)
	if err == nil && (!ok || !one.Open()) {
		err = issue.New(issue.NotFound, "access.client.unknown")
	}
	return one, err
}

// Origin reports whether pages of an origin may speak to the FHIR service:
// those of open clients.
func (c *Clients) Origin(ctx context.Context, origin string) bool {
	if origin == "" || len(origin) > 500 || origin == "null" {
		return false
	}
	all, err := c.clients(ctx, "ended = 0 and origins <> ''")
	return err == nil && slices.ContainsFunc(all, func(o Client) bool { return slices.Contains(o.Origins, origin) })
}

// secretIs compares in constant time.
func (c Client) secretIs(secret string) bool {
	return c.secret != "" && subtle.ConstantTimeCompare([]byte(hashSecret(secret)), []byte(c.secret)) == 1
}
