// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// IdentityAlgorithm signs id tokens: the one that every OpenID Connect client
// understands.
const IdentityAlgorithm = string(jose.RS256)

const (
	identityBits = 2048
	identityLife = 5 * time.Minute // an id token is read once, at launch
)

// identity holds the signing key of this installation, made at its first use
// and shared by all processes on the database.
type identity struct {
	*core
	mu  sync.Mutex
	key *jose.JSONWebKey
}

func (i *identity) load(ctx context.Context) (*jose.JSONWebKey, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.key != nil {
		return i.key, nil
	}
	sealed, err := i.stored(ctx)
	if err == nil && sealed == "" {
		if err = i.make(ctx); err == nil {
			sealed, err = i.stored(ctx) // another process may have been first
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key of identities: %w", err)
	}
	der, err := unseal(i.cfg.Key, identityKey, sealed)
	if err != nil {
		return nil, fmt.Errorf("key of identities: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("key of identities: %w", err)
	}
	one := &jose.JSONWebKey{Key: key, Algorithm: IdentityAlgorithm, Use: "sig"}
	sum, err := one.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("key of identities: %w", err)
	}
	one.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	i.key = one
	return one, nil
}

const identityKey = "identity"

// stored reads the sealed key, "" when there is none.
func (i *identity) stored(ctx context.Context) (sealed string, err error) {
	_, err = i.db.Row(ctx, []any{&sealed}, `select sealed from access_identity where id = ?`, identityKey)
	return sealed, err
}

func (i *identity) make(ctx context.Context) error {
	key, err := rsa.GenerateKey(rand.Reader, identityBits)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	sealed, err := seal(i.cfg.Key, identityKey, der)
	if err != nil {
		return err
	}
	return i.db.Exec(ctx, `insert into access_identity (id, sealed, made) values (?, ?, ?) on conflict (id) do nothing`, identityKey, sealed, micro(i.now()))
}

// Keys returns the JWKS with which id tokens are verified.
func (a *Apps) Keys(ctx context.Context) ([]byte, error) {
	key, err := a.identity.load(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
}

// Identity says who somebody is to an application (OpenID Connect Core,
// section 2). FHIRUser is an absolute address, "" = none.
type Identity struct {
	Issuer, FHIRUser string
}

// IDToken signs who the token speaks for.
func (a *Apps) IDToken(ctx context.Context, t Issued, who Identity) (string, error) {
	key, err := a.identity.load(ctx)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(IdentityAlgorithm), Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("signing an identity: %w", err)
	}
	now := a.now()
	more := map[string]any{}
	if t.Nonce != "" {
		more["nonce"] = t.Nonce
	}
	if who.FHIRUser != "" {
		more["fhirUser"], more["profile"] = who.FHIRUser, who.FHIRUser
	}
	return jwt.Signed(signer).Claims(jwt.Claims{Issuer: who.Issuer, Subject: t.Account, Audience: jwt.Audience{t.Client},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(identityLife))}).Claims(more).Serialize()
}
