// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mach/web"
)

// TestOwnName: where the operator said who we are, the header Host does not say
// otherwise: an assertion made for another server is not for us.
func TestOwnName(t *testing.T) {
	for url, want := range map[string]string{"": "http://localhost/", "https://mach.example.vn/": "https://mach.example.vn/"} {
		mux := web.New(web.Options{URL: url})
		New(nil, nil, nil, "/fhir", slog.New(slog.DiscardHandler), time.Now).Routes(mux)
		r := httptest.NewRequest(http.MethodGet, "/.well-known/smart-configuration", nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `"token_endpoint":"`+want+`smart/token"`) || !strings.Contains(w.Body.String(), `"issuer":"`+want+`fhir"`) {
			t.Errorf("%q: %d %s", url, w.Code, w.Body)
		}
	}
}
