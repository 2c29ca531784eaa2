// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"
	"testing"
	"time"

	"mach/fhir"
)

// TestPagesSayThatTheyAreBehind: while nothing follows the log, the pages that
// show views say so, in both languages; afterwards they are silent.
func TestPagesSayThatTheyAreBehind(t *testing.T) {
	eachWorld(t, func(w *world) {
		a := w.commune(province, 0)
		pages := map[string]string{ // path → login
			"/tram": "dieu-duong-a", "/tram/so-a1": "dieu-duong-a", "/hoi-chan": "bac-si-a", "/dich": "cdc", "/dich/xa/" + a.Code + "/dengue": "cdc",
			"/bang": "truong-tram-a", "/so": "nguoi-alpha", "/so/tiem-chung": "nguoi-alpha",
		}
		words := map[string]string{"vi": "Số liệu đang cập nhật, tính đến ", "en": "Figures are being updated, as of "}
		look := func(want bool) {
			w.Helper()
			for path, login := range pages {
				for lang, say := range words {
					got := w.get(w.users[login], path+"?lang="+lang)
					for got.Code == 303 { // a board leads to one's own unit
						to := got.Header().Get("Location")
						got = w.get(w.users[login], to+"?lang="+lang)
					}
					if n := strings.Count(got.Body.String(), say); got.Code != 200 || n > 1 || n == 1 != want {
						w.Errorf("%s (%s): %d, says it %d times, want %v", path, lang, got.Code, n, want)
					}
				}
			}
		}
		look(false)
		w.reopen()
		w.put(fhir.Observation{ID: "con-sot", Status: "final", Code: fhir.Code("http://loinc.org", "8310-5", ""), Subject: fhir.Ref("Patient", w.alpha.id)})
		time.Sleep(2100 * time.Millisecond)
		look(true)
		w.ok(w.app.Store.Start(w.Context()))
		w.settle()
		look(false)
	})
}
