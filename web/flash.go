// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// Flash shows the message of key, once, on the next page this browser opens:
// what the form just did. Call it before Redirect. Arguments should not name
// people: they stand in a cookie for a minute.
func Flash(w http.ResponseWriter, r *http.Request, key string, args ...string) {
	v := visitOf(r.Context())
	if v.mux == nil {
		return
	}
	b, err := json.Marshal(append([]string{key}, args...))
	if err != nil || len(b) > 1000 {
		return
	}
	v.mux.cookie(w, r, cookieFlash, base64.RawURLEncoding.EncodeToString(b), time.Minute, false)
}

// takeFlash returns the message to show on this page, in words, and drops its
// cookie; "" when there is none.
func (m *Mux) takeFlash(w http.ResponseWriter, r *http.Request) string {
	v := visitOf(r.Context())
	if r.Method != http.MethodGet || v.partial || v.pattern == pathLive {
		return ""
	}
	c, err := r.Cookie(cookieFlash)
	if err != nil {
		return ""
	}
	m.cookie(w, r, cookieFlash, "", -time.Second, false)
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return ""
	}
	var parts []string
	if json.Unmarshal(b, &parts) != nil || len(parts) == 0 || !m.opt.Catalogue.Has(v.lang, parts[0]) {
		return ""
	}
	args := make([]any, len(parts)-1)
	for i, a := range parts[1:] {
		args[i] = a
	}
	return m.opt.Catalogue.T(v.lang, parts[0], args...)
}
