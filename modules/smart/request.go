// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"mach/access"
	"mach/issue"
)

// request is what an application asks of a person (SMART App Launch 2.2,
// section 2.0.9).
type request struct {
	client    access.Client
	redirect  string
	state     string
	scopes    []string // that the client may have, in version 2's form
	launch    string
	challenge string
	nonce     string
	query     string // as it came, for the form
}

// refusal goes back to the application by its redirect address (RFC 6749,
// section 4.1.2.1).
type refusal struct{ code, why string }

func (r *refusal) Error() string { return r.code + ": " + r.why }

// asked are the parameters of a request; none may come twice.
var asked = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "aud", "launch", "code_challenge", "code_challenge_method", "nonce", "response_mode"}

// read takes a request apart. While client and redirect address are not both
// known nothing may be sent to that address: such a fault is an *issue.Error
// for the person to read. Any other is a *refusal.
func (m *Module) read(ctx context.Context, q url.Values, base string) (request, error) {
	r := request{redirect: q.Get("redirect_uri"), state: q.Get("state"), launch: q.Get("launch"), challenge: q.Get("code_challenge"), nonce: q.Get("nonce")}
	var err error
	if r.client, err = m.access.Clients.Find(ctx, q.Get("client_id")); err != nil {
		if issue.Is(err, issue.NotFound) {
			err = issue.New(issue.Invalid, "smart.request.client")
		}
		return r, err
	}
	if !slices.Contains(r.client.Redirects, r.redirect) || len(q["redirect_uri"]) != 1 || len(q["client_id"]) != 1 {
		return r, issue.New(issue.Invalid, "smart.request.redirect", r.client.Name)
	}
	own := url.Values{}
	for _, name := range asked {
		if len(q[name]) > 1 {
			return r, &refusal{"invalid_request", name + " stands twice"}
		}
		if q.Has(name) {
			own.Set(name, q.Get(name))
		}
	}
	r.query = own.Encode()
	method := q.Get("code_challenge_method")
	switch {
	case q.Get("response_type") != "code":
		return r, &refusal{"unsupported_response_type", "response_type must be code"}
	case r.client.Kind == access.ClientBackend:
		return r, &refusal{"unauthorized_client", "a backend service uses client_credentials"}
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		return r, &refusal{"invalid_request", "response_mode must be query"}
	case r.state == "" || len(r.state) > 1000:
		return r, &refusal{"invalid_request", "state is missing, or too long"}
	case strings.TrimRight(q.Get("aud"), "/") != base:
		return r, &refusal{"invalid_request", "aud must be " + base}
	case r.challenge == "":
		return r, &refusal{"invalid_request", "code_challenge is missing (PKCE)"}
	case method != "S256" || !access.Challenge(r.challenge):
		return r, &refusal{"invalid_request", "code_challenge_method must be S256"}
	}
	if r.scopes = m.allowed(r.client, q.Get("scope")); !slices.ContainsFunc(r.scopes, access.GivesSomething) {
		return r, &refusal{"invalid_scope", "nothing that this application is registered for"}
	}
	return r, nil
}

// allowed returns the scopes that the client may have, each once; the others,
// and queries by parameters that there are not, are left out, as the token answer
// then tells.
func (m *Module) allowed(c access.Client, text string) []string {
	var out []string
	for scope := range strings.FieldsSeq(text) {
		if s, err := access.ParseScope(scope); err == nil {
			if scope = s.String(); s.Query != "" && m.store.CheckCriteria(s.Type, s.Query) != nil {
				continue
			}
		}
		if c.May(scope) && !slices.Contains(out, scope) && len(out) < 60 {
			out = append(out, scope)
		}
	}
	return out
}

// implied are the scopes that only say how the application starts: nobody is
// asked about them one by one.
func implied(scope string) bool {
	return slices.Contains([]string{access.ScopeLaunch, access.ScopeLaunchPatient, access.ScopeLaunchVisit}, scope)
}

// back is the redirect address with further parameters.
func (r request) back(pairs ...string) string {
	u, err := url.Parse(r.redirect)
	if err != nil {
		return "/" // impossible: it was parsed when it was registered
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	q.Set("state", r.state)
	u.RawQuery = q.Encode()
	return u.String()
}

// source is what the content security policy calls the redirect address.
func (r request) source() string {
	u, err := url.Parse(r.redirect)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
