// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mach/content"
	"mach/store"
	"mach/web"
	"mach/web/webtest"
)

func TestPages(t *testing.T) {
	pages := map[string]func(*web.Form) templComponent{
		"work": staffPage, "form": formPage, "figures": figurePage, "citizen": citizenPage,
		"paper": printPage, "states": statePage, "roles": rolePage,
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			webtest.Check(t, webtest.As(store.Doctor), page(&web.Form{}))
			webtest.Check(t, web.Session{}, page(&web.Form{}))
		})
	}
}

// A refused form keeps what was typed and names each fault at its field.
func TestRefusedForm(t *testing.T) {
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	mux := web.New(web.Options{Catalogue: cat})
	Routes(mux)
	body := url.Values{"temperature": {"99"}, "pulse": {"76,5"}, "onset": {"31/02/2026"}, "warn": {"blood"}, "_once": {"k1"}}
	r := httptest.NewRequest(http.MethodPost, "/kit/bieu-mau", strings.NewReader(body.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	page := w.Body.String()
	if w.Code != http.StatusUnprocessableEntity {
		t.Fatalf("status %d", w.Code)
	}
	for _, f := range webtest.Faults(page) {
		t.Error(f)
	}
	for _, want := range []string{`value="99"`, `value="76,5"`, `value="31/02/2026"`, `href="#f-reason"`,
		`href="#f-temperature"`, `name="_once"`, "Nhập một số từ 30 đến 45.", "Nhập một số nguyên.", "data-sent"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, `value="k1"`) { // mended it is another form
		t.Error("the refused form comes back with its old key")
	}
	if n := strings.Count(page, `aria-invalid="true"`); n != 5 {
		t.Errorf("%d fields are marked wrong, want 5", n)
	}
}
