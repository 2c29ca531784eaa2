// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"mach/access"
	"mach/store"
	"mach/store/storetest"
)

// oneTimeCode is random text, in which any two letters may stand.
var oneTimeCode = regexp.MustCompile(`\bcode=[\w-]{43}`)

const answerTo = "https://app.example.vn/cb"

// asks is a good request of a public client.
func asks(c access.Client) url.Values {
	return url.Values{"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {answerTo}, "scope": {"launch/patient patient/*.rs"}, "state": {"s-1"},
		"aud": {"http://example.com/fhir"}, "code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"}}
}

// TestAuthorizationIsRefused: nothing goes to an address that was not
// registered for the client; every other fault is told to the application.
func TestAuthorizationIsRefused(t *testing.T) {
	w := newWorld(t, storetest.Place{Dir: t.TempDir()})
	c, _, err := w.app.Access.Clients.Register(t.Context(), system(), access.Client{Name: "Sổ Xanh", Kind: access.ClientPublic, Redirects: []string{answerTo}, Scopes: []string{"launch/patient", "patient/*.rs"}})
	w.ok(err)
	person := w.users["nguoi-alpha"]
	for name, x := range map[string]struct {
		set  func(q url.Values)
		want string // error at the application; "" = a page here that leads nowhere
	}{
		"unknown client":   {func(q url.Values) { q.Set("client_id", "nobody") }, ""},
		"another address":  {func(q url.Values) { q.Set("redirect_uri", answerTo+"/x") }, ""},
		"a prefix":         {func(q url.Values) { q.Set("redirect_uri", "https://app.example.vn") }, ""},
		"an open redirect": {func(q url.Values) { q.Set("redirect_uri", "https://evil.example/?"+answerTo) }, ""},
		"two addresses":    {func(q url.Values) { q.Add("redirect_uri", answerTo) }, ""},
		"wrong aud":        {func(q url.Values) { q.Set("aud", "https://elsewhere.example/fhir") }, "invalid_request"},
		"no aud":           {func(q url.Values) { q.Del("aud") }, "invalid_request"},
		"no state":         {func(q url.Values) { q.Del("state") }, "invalid_request"},
		"no PKCE":          {func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, "invalid_request"},
		"plain PKCE":       {func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request"},
		"a token at once":  {func(q url.Values) { q.Set("response_type", "token") }, "unsupported_response_type"},
		"only more":        {func(q url.Values) { q.Set("scope", "patient/*.cruds user/*.rs system/*.rs") }, "invalid_scope"},
		"two scopes":       {func(q url.Values) { q.Add("scope", "x") }, "invalid_request"},
		"a forged launch":  {func(q url.Values) { q.Set("launch", "forged") }, "invalid_request"},
	} {
		q := asks(c)
		x.set(q)
		got := w.get(person, "/smart/authorize?"+q.Encode())
		at := got.Header().Get("Location")
		if x.want == "" {
			if at != "" || got.Code < 400 {
				t.Errorf("%s: %d to %q", name, got.Code, at)
			}
		} else if u, err := url.Parse(at); err != nil || !strings.HasPrefix(at, answerTo+"?") || u.Query().Get("error") != x.want {
			t.Errorf("%s: %d to %q, want %s", name, got.Code, at, x.want)
		}
		if got := w.post(person, "/smart/authorize", url.Values{"request": {q.Encode()}, "do": {"allow"}, "scope": {"patient/*.rs"}}); strings.Contains(got.Header().Get("Location"), "code=") {
			t.Errorf("%s: the form gives a code: %q", name, got.Header().Get("Location"))
		}
	}
	// Somebody else's record, by a worker who may not see it, or by another's role.
	q := asks(c)
	for login, form := range map[string]url.Values{"bac-si-b": {"patient": {w.alpha.id}}, "nguoi-bravo": {"role": {"somebody's"}}} {
		form.Set("request", q.Encode())
		form.Set("do", "allow")
		form.Set("scope", "patient/*.rs")
		if got := w.post(w.users[login], "/smart/authorize", form); got.Code != http.StatusNotFound {
			t.Errorf("%s into another's record: %d to %q", login, got.Code, got.Header().Get("Location"))
		}
	}
	if got := w.get(person, "/smart/authorize?"+q.Encode()); !strings.Contains(got.Header().Get("Content-Security-Policy"), "form-action 'self' https://app.example.vn;") {
		t.Errorf("the form cannot lead back: %s", got.Header().Get("Content-Security-Policy"))
	}
	if got := w.post(person, "/smart/authorize", url.Values{"request": {q.Encode()}, "do": {"deny"}}); !strings.Contains(got.Header().Get("Location"), "error=access_denied") {
		t.Errorf("saying no leads to %q", got.Header().Get("Location"))
	}
}

// TestRefreshGivesNoMoreThanAsked: who asks for less never gets all, and a
// refused request costs no refresh token.
func TestRefreshGivesNoMoreThanAsked(t *testing.T) {
	w := newWorld(t, storetest.Place{Dir: t.TempDir()})
	const verifier = "a-verifier-of-more-than-forty-three-characters-000"
	sum := sha256.Sum256([]byte(verifier))
	person := w.users["nguoi-alpha"]
	c, _, err := w.app.Access.Clients.Register(t.Context(), system(), access.Client{Name: "Sổ Xanh", Kind: access.ClientPublic, Redirects: []string{answerTo},
		Scopes: []string{"launch/patient", "offline_access", "patient/*.rs", "patient/Observation.rs"}})
	w.ok(err)
	q := asks(c)
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("scope", "launch/patient offline_access patient/*.rs patient/Observation.rs")
	page := w.get(person, "/smart/authorize?"+q.Encode()).Body.String()
	role := regexp.MustCompile(`name="role"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="role"`).FindStringSubmatch(page)
	if role == nil {
		t.Fatal("no record to choose")
	}
	answer := w.post(person, "/smart/authorize", url.Values{"request": {q.Encode()}, "do": {"allow"}, "role": {role[1] + role[2]},
		"scope": {"offline_access", "patient/*.rs", "patient/Observation.rs"}})
	to, err := url.Parse(answer.Header().Get("Location"))
	w.ok(err)
	ask := func(form url.Values) map[string]any {
		form.Set("client_id", c.ID)
		got := w.send(nil, http.MethodPost, "/smart/token", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		var out map[string]any
		w.ok(json.Unmarshal(got.Body.Bytes(), &out))
		return out
	}
	first := ask(url.Values{"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {answerTo}, "code_verifier": {verifier}})
	token, _ := first["refresh_token"].(string)
	if token == "" {
		t.Fatalf("%d to %s: %v", answer.Code, to, first)
	}
	if out := ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {"user/*.rs nonsense"}}); out["error"] != "invalid_scope" {
		t.Errorf("nothing that may be had: %v", out)
	}
	if out := ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {"patient/Observation.rs"}}); out["scope"] != "patient/Observation.rs" {
		t.Errorf("fewer: %v", out)
	}
}

// TestBackendService: a service with a signed assertion reads what its role and
// its scope's query leave, and nothing else.
func TestBackendService(t *testing.T) {
	eachWorld(t, func(w *world) {
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		w.ok(err)
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k"}}})
		w.ok(err)
		a := w.commune(province, 0)
		c, _, err := w.app.Access.Clients.Register(w.Context(), system(), access.Client{Name: "Kho", Kind: access.ClientBackend, Keys: string(set), Scopes: []string{"system/*.rs"},
			Role: store.StationDirector, Facility: "tram-a", FacilityName: "Trạm A", Unit: a.ID})
		w.ok(err)
		ask := func(scope string) map[string]any {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES384, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
			w.ok(err)
			assertion, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: c.ID, Subject: c.ID, Audience: jwt.Audience{"http://example.com/smart/token"}, ID: store.NewID(),
				Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute))}).Serialize()
			w.ok(err)
			got := w.send(nil, http.MethodPost, "/smart/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {scope},
				"client_assertion_type": {access.AssertionType}, "client_assertion": {assertion}}.Encode()), "Content-Type", "application/x-www-form-urlencoded")
			var out map[string]any
			w.ok(json.Unmarshal(got.Body.Bytes(), &out))
			return out
		}
		if out := ask("user/*.rs"); out["error"] != "invalid_scope" {
			t.Errorf("a user scope for a service: %v", out)
		}
		read := func(scope, path string) (int, string) {
			out := ask(scope)
			token, _ := out["access_token"].(string)
			got := w.send(nil, http.MethodGet, path, nil, "Authorization", "Bearer "+token)
			return got.Code, got.Body.String()
		}
		if code, body := read("system/Patient.rs", "/fhir/Patient/"+w.alpha.id); code != http.StatusOK {
			t.Errorf("a resident of the station: %d %s", code, body)
		}
		if code, _ := read("system/Patient.rs?gender=unknown", "/fhir/Patient/"+w.alpha.id); code != http.StatusNotFound {
			t.Errorf("a resident whom the query leaves out: %d", code)
		}
		if code, body := read("system/Patient.rs?gender=unknown", "/fhir/Patient?_total=accurate"); code != http.StatusOK || regexp.MustCompile(`"total":\s*[1-9]`).MatchString(body) {
			t.Errorf("searching what the query leaves out: %d %s", code, body)
		}
		if code, _ := read("system/Observation.rs", "/fhir/Patient/"+w.alpha.id); code != http.StatusNotFound {
			t.Errorf("another type: %d", code)
		}
		if code, _ := read("system/Patient.rs", "/fhir/Patient/"+w.bravo.id); code == http.StatusOK {
			t.Errorf("somebody of another station: %d", code)
		}
	})
}
