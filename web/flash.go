// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Flash shows the message of key, once, on the next page this browser opens:
// what the form just did. Call it before Redirect. Arguments should not name
// people: they stand in a cookie for a minute. A second message follows the
// first.
func Flash(w http.ResponseWriter, r *http.Request, key string, args ...string) {
	v := visitOf(r.Context())
	if v.mux == nil {
		return
	}
	said := append(v.said, append([]string{key}, args...))
	b, err := json.Marshal(said)
	if err != nil || len(b) > 1000 {
		return
	}
	v.said = said
	v.mux.cookie(w, r, cookieFlash, base64.RawURLEncoding.EncodeToString(b), time.Minute, false)
}

// flashLate says that a list does not show yet what the form wrote.
func (v *visit) flashLate(w http.ResponseWriter, r *http.Request) {
	if v.late == nil || !v.late.Swap(false) {
		return
	}
	if len(v.said) == 0 {
		Flash(w, r, "web.late.saved")
	}
	Flash(w, r, "web.late.soon")
}

// takeFlash returns the messages to show on this page, in words, and drops
// their cookie; "" when there is none.
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
	var said [][]string
	if json.Unmarshal(b, &said) != nil {
		return ""
	}
	var out []string
	for _, parts := range said {
		if len(parts) == 0 || !m.opt.Catalogue.Has(v.lang, parts[0]) {
			return ""
		}
		args := make([]any, len(parts)-1)
		for i, a := range parts[1:] {
			args[i] = a
		}
		out = append(out, m.opt.Catalogue.T(v.lang, parts[0], args...))
	}
	return strings.Join(out, " ")
}
