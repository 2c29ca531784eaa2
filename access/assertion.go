// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"mach/store"
)

// Denied is how the token endpoint refuses, in the words of RFC 6749, section
// 5.2. It tells the application what to do next and nobody why.
type Denied string

// The refusals.
const (
	DeniedRequest Denied = "invalid_request"
	DeniedClient  Denied = "invalid_client"
	DeniedGrant   Denied = "invalid_grant"
	DeniedScope   Denied = "invalid_scope"
	DeniedKind    Denied = "unauthorized_client"
	DeniedSlow    Denied = "slow_down" // too many wrong proofs
)

func (d Denied) Error() string { return "application refused: " + string(d) }

// AssertionType is the one kind of assertion that proves a client (RFC 7523).
const AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// AssertionAlgorithms are those of SMART Backend Services; none is no
// signature, and an HMAC would make a public key a password.
func AssertionAlgorithms() []string { return []string{string(jose.RS384), string(jose.ES384)} }

const (
	longestAssertion = 5 * time.Minute
	assertionLeeway  = 10 * time.Second // clocks differ
	maxAssertion     = 8 << 10
)

// Proof is how an application says who it is.
type Proof struct {
	ID        string
	Secret    string
	Assertion string
	Type      string // of the assertion
	Audience  string // the address of the token endpoint
	From      string // address of the asker, for its rate
}

// Authenticate returns the client that a proof proves. A public client has
// nothing to prove: it is only named. Error: [DeniedClient] whatever was wrong.
func (a *Apps) Authenticate(ctx context.Context, p Proof) (Client, error) {
	var parsed *jwt.JSONWebToken
	if p.Assertion != "" {
		var claims jwt.Claims
		var err error
		if parsed, err = jwt.ParseSigned(clip(p.Assertion, maxAssertion), []jose.SignatureAlgorithm{jose.RS384, jose.ES384}); err != nil || p.Type != AssertionType {
			return Client{}, DeniedClient
		}
		if parsed.UnsafeClaimsWithoutVerification(&claims) != nil || claims.Issuer == "" || p.ID != "" && p.ID != claims.Issuer || p.Secret != "" {
			return Client{}, DeniedClient
		}
		p.ID = claims.Issuer
	}
	key, from := "client "+clip(p.ID, 100), place(p.From, "")
	if a.accounts.slow.wait(key, from) > 0 {
		return Client{}, DeniedSlow
	}
	c, ok, err := a.clients.byID(ctx, p.ID)
	if err != nil {
		return Client{}, err
	}
	proven := false
	switch {
	case parsed != nil:
		if proven, err = a.asserted(ctx, c, parsed, p.Audience); err != nil {
			return Client{}, err
		}
	case c.Kind == ClientPublic:
		proven = p.Secret == ""
	default:
		proven = c.secretIs(p.Secret)
	}
	if !ok || !c.Open() || !proven {
		who := store.Actor{Account: clientAccount + c.ID, Name: c.Name}
		if err := a.note(ctx, who, ActToken, store.Labels{Type: "Client", ID: c.ID}, false, "proof"); err != nil {
			return Client{}, err
		}
		return Client{}, DeniedClient
	}
	a.accounts.slow.right(key, from)
	return c, nil
}

// asserted checks a signed assertion (SMART App Launch 2.2, section 5.1.3): a
// key of the client that the header names, the client as issuer and subject,
// this token endpoint, five minutes at most, and never seen before.
func (a *Apps) asserted(ctx context.Context, c Client, t *jwt.JSONWebToken, audience string) (bool, error) {
	if len(t.Headers) != 1 || t.Headers[0].KeyID == "" || c.Keys == "" && c.KeysURL == "" {
		return false, nil
	}
	kid := t.Headers[0].KeyID
	set, err := parseKeys([]byte(c.Keys))
	if c.KeysURL != "" {
		set, err = a.fetcher.keys(ctx, c.KeysURL, kid)
	}
	if err != nil {
		return false, nil
	}
	now := a.now()
	var claims jwt.Claims
	err = errors.New("no such key")
	for _, k := range set.Key(kid) {
		if err = t.Claims(k.Key, &claims); err == nil {
			break
		}
	}
	if err != nil || claims.Expiry == nil || claims.ID == "" || len(claims.ID) > 200 || claims.Expiry.Time().After(now.Add(longestAssertion+assertionLeeway)) {
		return false, nil
	}
	want := jwt.Expected{Issuer: c.ID, Subject: c.ID, AnyAudience: jwt.Audience{audience}, Time: now}
	if claims.ValidateWithLeeway(want, assertionLeeway) != nil {
		return false, nil
	}
	fresh := false
	err = a.db.In(ctx, func(tx store.Tx) error {
		if err := tx.Exec(ctx, `delete from access_assertion where expires < ?`, micro(now.Add(-assertionLeeway))); err != nil {
			return err
		}
		var one string
		var err error
		fresh, err = tx.Row(ctx, []any{&one}, `insert into access_assertion (client, jti, expires) values (?, ?, ?) on conflict (client, jti) do nothing returning jti`,
			c.ID, claims.ID, micro(claims.Expiry.Time().Add(assertionLeeway)))
		return err
	})
	return fresh, err
}
