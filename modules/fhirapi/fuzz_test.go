// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/store/storetest"
	"mach/web"
)

// FuzzBundle: whatever is posted, the answer is a resource, no fault of ours,
// and comes soon.
func FuzzBundle(f *testing.F) {
	cat, err := content.Catalogue()
	if err != nil {
		f.Fatal(err)
	}
	mux := web.New(web.Options{Catalogue: cat, Sessions: tokens{}, Log: quiet(), AppRate: 1 << 20})
	New(storetest.New(f), quiet(), time.Unix(0, 0)).Routes(mux)
	for _, kind := range []string{"batch", "transaction"} {
		for _, entry := range []string{
			`{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=a|b"}}`,
			`{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a","ifMatch":"W/\"1\""}},{"request":{"method":"DELETE","url":"Patient?identifier=x"}}`,
			`{"resource":{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.gender"}]}]},"request":{"method":"PATCH","url":"Patient?gender=male"}}`,
			`{"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10="},"request":{"method":"PATCH","url":"Patient/a"}}`,
			`{"request":{"method":"GET","url":"Patient/a/$everything?_count=1"}},{"request":{"method":"HEAD","url":"_history?_at=2026"}},{"request":{"method":"POST","url":"Patient/_search?_elements=id"}}`,
		} {
			f.Add(`{"resourceType":"Bundle","type":"` + kind + `","entry":[` + entry + `]}`)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "http://mach.test/fhir", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer app")
		r.Header.Set("Content-Type", jsonType)
		w := httptest.NewRecorder()
		began := time.Now()
		mux.ServeHTTP(w, r)
		if w.Code >= 500 || time.Since(began) > 10*time.Second {
			t.Fatalf("%d after %v: %s", w.Code, time.Since(began), w.Body)
		}
		if _, err := fhir.Parse(w.Body.Bytes()); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
	})
}
