// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/access"
	"mach/issue"
	"mach/store"
	"mach/web"
)

// capabilities are what SMART App Launch 2.2, section 4, calls what we do.
var capabilities = []string{"launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
	"sso-openid-connect", "context-banner", "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient", "context-standalone-encounter",
	"permission-offline", "permission-online", "permission-patient", "permission-user", "permission-v1", "permission-v2"}

// configuration tells an application where everything is.
func (m *Module) configuration(w http.ResponseWriter, r *http.Request) {
	at := web.OwnAddress(r)
	w.Header().Set("Cache-Control", "max-age=300")
	reply(w, http.StatusOK, map[string]any{
		"issuer": m.base(r), "jwks_uri": at + pathKeys, "authorization_endpoint": at + pathAuthorize, "token_endpoint": at + pathToken,
		"introspection_endpoint": at + pathIntrospect, "revocation_endpoint": at + pathRevoke, "management_endpoint": at + "/ung-dung",
		"grant_types_supported":                            []string{"authorization_code", "refresh_token", "client_credentials"},
		"response_types_supported":                         []string{"code"},
		"response_modes_supported":                         []string{"query"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"token_endpoint_auth_methods_supported":            []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"token_endpoint_auth_signing_alg_values_supported": access.AssertionAlgorithms(),
		"subject_types_supported":                          []string{"public"},
		"id_token_signing_alg_values_supported":            []string{access.IdentityAlgorithm},
		"scopes_supported": []string{access.ScopeOpenID, access.ScopeFHIRUser, access.ScopeLaunch, access.ScopeLaunchPatient, access.ScopeLaunchVisit,
			access.ScopeOffline, access.ScopeOnline, "patient/*.cruds", "user/*.cruds", "system/*.cruds"},
		"capabilities": capabilities,
	})
}

// keys publishes the keys that verify id tokens.
func (m *Module) keys(w http.ResponseWriter, r *http.Request) {
	set, err := m.access.Apps.Keys(r.Context())
	if err != nil {
		m.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "max-age=300")
	reply(w, http.StatusOK, json.RawMessage(set))
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader went away: nobody to tell
}

// fail answers as RFC 6749, section 5.2. What is nobody's business is logged.
func (m *Module) fail(w http.ResponseWriter, r *http.Request, err error) {
	var no access.Denied
	status, code := http.StatusBadRequest, string(access.DeniedRequest)
	switch {
	case errors.As(err, &no):
		code = string(no)
		switch no {
		case access.DeniedClient:
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", `Basic realm="Mach"`)
		case access.DeniedSlow:
			status = http.StatusTooManyRequests
			w.Header().Set("Retry-After", "60")
		}
	default:
		status = issue.Status(err)
		if status == http.StatusUnauthorized {
			code = string(access.DeniedClient)
		}
		if status >= http.StatusInternalServerError {
			m.log.ErrorContext(r.Context(), "application request failed", "request", web.Actor(r).Request, "error", err)
			code = "server_error"
		}
		var e *issue.Error
		if errors.As(err, &e) && e.Retry > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	reply(w, status, map[string]string{"error": code})
}

// form reads the body of a service and proves the client. No parameter may
// come twice, nor in the address, where logs would keep it.
func (m *Module) form(w http.ResponseWriter, r *http.Request) (url.Values, access.Client, error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || media != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" || r.ParseForm() != nil {
		return nil, access.Client{}, access.DeniedRequest
	}
	f := r.PostForm
	for _, values := range f {
		if len(values) > 1 {
			return nil, access.Client{}, access.DeniedRequest
		}
	}
	p := access.Proof{ID: f.Get("client_id"), Secret: f.Get("client_secret"), Assertion: f.Get("client_assertion"), Type: f.Get("client_assertion_type"),
		Audience: web.OwnAddress(r) + r.URL.Path, From: access.OriginOf(r).Address}
	if id, secret, ok := r.BasicAuth(); ok {
		id, err1 := url.QueryUnescape(id)
		secret, err2 := url.QueryUnescape(secret)
		if err1 != nil || err2 != nil || p.Secret != "" || p.Assertion != "" || p.ID != "" && p.ID != id {
			return nil, access.Client{}, access.DeniedClient
		}
		p.ID, p.Secret = id, secret
	}
	if f.Get("grant_type") == "refresh_token" && p.ID == "" && p.Assertion == "" {
		var err error
		if p.ID, err = m.access.Apps.Public(r.Context(), f.Get("refresh_token")); err != nil {
			return nil, access.Client{}, err
		}
	}
	c, err := m.access.Apps.Authenticate(r.Context(), p)
	return f, c, err
}

func (m *Module) token(w http.ResponseWriter, r *http.Request) {
	f, c, err := m.form(w, r)
	if err != nil {
		m.fail(w, r, err)
		return
	}
	ctx := r.Context()
	var t access.Issued
	switch f.Get("grant_type") {
	case "authorization_code":
		t, err = m.access.Apps.Exchange(ctx, c, f.Get("code"), f.Get("redirect_uri"), f.Get("code_verifier"))
	case "refresh_token":
		var scopes []string
		if s := f.Get("scope"); s != "" {
			if scopes = m.allowed(c, s); scopes == nil { // nil would be all
				m.fail(w, r, access.DeniedScope)
				return
			}
		}
		t, err = m.access.Apps.Refresh(ctx, c, f.Get("refresh_token"), scopes)
	case "client_credentials":
		t, err = m.access.Apps.Service(ctx, c, m.allowed(c, f.Get("scope")))
	default:
		err = access.Denied("unsupported_grant_type")
	}
	if err != nil {
		m.fail(w, r, err)
		return
	}
	answer := map[string]any{"access_token": t.Access, "token_type": "Bearer", "expires_in": int(t.Life / time.Second), "scope": strings.Join(t.Scopes, " ")}
	if t.Account != "" {
		m.context(answer, t)
	}
	if t.Refresh != "" {
		answer["refresh_token"] = t.Refresh
	}
	if slices.Contains(t.Scopes, access.ScopeOpenID) {
		who := access.Identity{Issuer: m.base(r)}
		if slices.Contains(t.Scopes, access.ScopeFHIRUser) {
			if who.FHIRUser, err = m.fhirUser(r, t); err == nil && who.FHIRUser != "" {
				answer["fhirUser"] = who.FHIRUser
			}
		}
		if err == nil {
			answer["id_token"], err = m.access.Apps.IDToken(ctx, t, who)
		}
		if err != nil {
			m.fail(w, r, err)
			return
		}
	}
	reply(w, http.StatusOK, answer)
}

// context adds the record at hand (SMART App Launch 2.2, section 3.0.5). The
// application stands alone in its window, so it shows whose record it is.
func (m *Module) context(answer map[string]any, t access.Issued) {
	if t.At.Patient != "" {
		answer["patient"], answer["need_patient_banner"] = t.At.Patient, true
	}
	if t.At.Encounter != "" {
		answer["encounter"] = t.At.Encounter
	}
}

// fhirUser is the address of the resource of who uses the application, "" when
// there is none.
func (m *Module) fhirUser(r *http.Request, t access.Issued) (string, error) {
	switch a := t.Actor; {
	case a.Practitioner != "":
		return m.base(r) + "/Practitioner/" + a.Practitioner, nil
	case a.Role == store.Person && a.Patient != "":
		return m.base(r) + "/Patient/" + a.Patient, nil
	}
	acc, err := m.access.Accounts.Get(r.Context(), t.Account)
	if err != nil || acc.Patient == "" {
		return "", err
	}
	return m.base(r) + "/Patient/" + acc.Patient, nil
}

func (m *Module) introspect(w http.ResponseWriter, r *http.Request) {
	f, c, err := m.form(w, r)
	if err == nil && c.Kind == access.ClientPublic { // it has proved nothing
		err = access.DeniedClient
	}
	if err != nil {
		m.fail(w, r, err)
		return
	}
	t, ok, err := m.access.Apps.Introspect(r.Context(), c, f.Get("token"))
	if err != nil {
		m.fail(w, r, err)
		return
	}
	if !ok {
		reply(w, http.StatusOK, map[string]any{"active": false})
		return
	}
	answer := map[string]any{"active": true, "client_id": c.ID, "scope": strings.Join(t.Scopes, " "), "token_type": "Bearer",
		"exp": m.now().Add(t.Life).Unix(), "iss": m.base(r), "sub": t.Actor.Account}
	if t.Account != "" {
		m.context(answer, t)
		if user, err := m.fhirUser(r, t); err == nil && user != "" {
			answer["fhirUser"] = user
		}
	}
	reply(w, http.StatusOK, answer)
}

func (m *Module) revoke(w http.ResponseWriter, r *http.Request) {
	f, c, err := m.form(w, r)
	if err == nil {
		err = m.access.Apps.Revoke(r.Context(), c, f.Get("token"))
	}
	if err != nil {
		m.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
