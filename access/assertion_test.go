// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"mach/store"
)

// signed makes an assertion.
func signed(t *testing.T, key any, alg jose.SignatureAlgorithm, kid string, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAssertions(t *testing.T) {
	ec, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rs, _ := rsa.GenerateKey(rand.Reader, 2048)
	foreign, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &ec.PublicKey, KeyID: "ec"}, {Key: &rs.PublicKey, KeyID: "rs"}}})
	if err != nil {
		t.Fatal(err)
	}
	const here = "https://mach.example.vn/smart/token"
	served := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.Write(set) }))
	t.Cleanup(served.Close)
	each(t, func(w *world) {
		ctx := context.Background()
		c, _, err := w.Clients.Register(ctx, system, Client{Name: "Kho dữ liệu", Kind: ClientBackend, Keys: string(set), Scopes: []string{"system/*.rs"}, Role: store.StationDirector, Facility: "t1", Unit: 21})
		w.must(err)
		byURL, _, err := w.Clients.Register(ctx, system, Client{Name: "Kho khác", Kind: ClientBackend, KeysURL: served.URL, Scopes: []string{"system/*.rs"}, Role: store.StationDirector, Facility: "t1", Unit: 21})
		w.must(err)
		good := func(id string) jwt.Claims {
			return jwt.Claims{Issuer: id, Subject: id, Audience: jwt.Audience{here}, ID: newID(), Expiry: jwt.NewNumericDate(w.clock().Add(4 * time.Minute))}
		}
		prove := func(assertion string) error {
			_, err := w.Apps.Authenticate(ctx, Proof{Assertion: assertion, Type: AssertionType, Audience: here, From: newID()})
			return err
		}
		for name, assertion := range map[string]string{
			"ES384": signed(t, ec, jose.ES384, "ec", good(c.ID)), "RS384": signed(t, rs, jose.RS384, "rs", good(c.ID)), "jwks_uri": signed(t, ec, jose.ES384, "ec", good(byURL.ID)),
		} {
			if err := prove(assertion); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := prove(assertion); !errors.Is(err, DeniedClient) {
				t.Errorf("%s again: %v", name, err)
			}
		}
		with := func(change func(x *jwt.Claims)) jwt.Claims { x := good(c.ID); change(&x); return x }
		public, _ := json.Marshal(jose.JSONWebKey{Key: &rs.PublicKey, KeyID: "rs"})
		none := func(claims jwt.Claims) string {
			b, _ := json.Marshal(claims)
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"ec"}`)) + "." + base64.RawURLEncoding.EncodeToString(b) + "."
		}
		for name, assertion := range map[string]string{
			"expired":          signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.Expiry = jwt.NewNumericDate(w.clock().Add(-time.Minute)) })),
			"too long":         signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.Expiry = jwt.NewNumericDate(w.clock().Add(6 * time.Minute)) })),
			"for ever":         signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.Expiry = nil })),
			"no jti":           signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.ID = "" })),
			"another audience": signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.Audience = jwt.Audience{"https://elsewhere.example/token"} })),
			"no audience":      signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.Audience = nil })),
			"another subject":  signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.Subject = byURL.ID })),
			"another client":   signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.Issuer, x.Subject = "nobody", "nobody" })),
			"foreign key":      signed(t, foreign, jose.ES384, "ec", good(c.ID)),
			"unknown kid":      signed(t, ec, jose.ES384, "other", good(c.ID)),
			"no kid":           signed(t, ec, jose.ES384, "", good(c.ID)),
			"weaker hash":      signed(t, rs, jose.RS256, "rs", good(c.ID)),
			"HMAC of the key":  signed(t, public, jose.HS384, "rs", good(c.ID)),
			"none":             none(good(c.ID)),
			"garbage":          "a.b.c",
			"not yet":          signed(t, ec, jose.ES384, "ec", with(func(x *jwt.Claims) { x.NotBefore = jwt.NewNumericDate(w.clock().Add(time.Minute)) })),
		} {
			if err := prove(assertion); !errors.Is(err, DeniedClient) {
				t.Errorf("%s: %v", name, err)
			}
		}
		got, err := w.Apps.Service(ctx, c, []string{"system/Patient.rs", "system/*.cruds", "user/*.rs"})
		w.must(err)
		if !slices.Equal(got.Scopes, []string{"system/Patient.rs"}) {
			t.Errorf("scopes %v", got.Scopes)
		}
		a, err := w.Tokens.Bearer(ctx, got.Access)
		w.must(err)
		if a.Role != store.StationDirector || a.Facility != "t1" || a.Account != clientAccount+c.ID {
			t.Errorf("the service is %+v", a)
		}
		if _, err := w.Apps.Service(ctx, c, []string{"user/*.rs"}); !errors.Is(err, DeniedScope) {
			t.Errorf("a user scope for a service: %v", err)
		}
		w.must(w.Clients.SwitchOff(ctx, system, c.ID))
		if w.works(got.Access) || prove(signed(t, ec, jose.ES384, "ec", good(c.ID))) == nil {
			t.Error("a client that was switched off works on")
		}
	})
}

// Keys are fetched from the open internet only.
func TestFetchedKeysAreBounded(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(strings.Repeat("x", maxKeys*2))) }))
	defer endless.Close()
	f := newKeyFetcher(time.Now, http.DefaultClient)
	if _, err := f.keys(context.Background(), endless.URL, "k"); err == nil {
		t.Error("a large answer is read")
	}
	if _, ok := f.kept[endless.URL]; !ok {
		t.Error("a failure is not remembered: it would be asked again and again")
	}
	if _, err := newKeyFetcher(time.Now, nil).keys(context.Background(), endless.URL, "k"); err == nil {
		t.Error("fetched without a client")
	}
}

func TestIdentityTokens(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		s := w.start(ClientPublic)
		got := s.tokens("openid fhirUser patient/*.rs")
		got.Nonce = "n-1"
		token, err := w.Apps.IDToken(ctx, got, Identity{Issuer: "https://mach.example.vn/fhir", FHIRUser: "https://mach.example.vn/fhir/Practitioner/1"})
		w.must(err)
		published, err := w.Apps.Keys(ctx)
		w.must(err)
		if strings.Contains(string(published), `"d"`) {
			t.Fatal("the private key is published")
		}
		set, err := parseKeys(published)
		w.must(err)
		parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
		w.must(err)
		var claims jwt.Claims
		more := map[string]any{}
		w.must(parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &claims, &more))
		if claims.Subject != s.session.Actor.Account || !claims.Audience.Contains(s.app.ID) || more["nonce"] != "n-1" || more["fhirUser"] == "" {
			t.Errorf("identity %+v %v", claims, more)
		}
		again := &identity{core: w.Apps.core}
		key, err := again.load(ctx)
		w.must(err)
		if key.KeyID != set.Keys[0].KeyID {
			t.Error("another process signs with another key")
		}
	})
}
