// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/web"
	"mach/web/webtest"
)

// callers gives a request the session its header names.
type callers struct{}

func (callers) Resolve(r *http.Request) (web.Session, error) {
	switch as := r.Header.Get("As"); as {
	case "forged":
		return web.Session{}, issue.New(issue.Login, "web.fail.form")
	case "token-1", "token-2": // lent by the nurse
		s := webtest.As(store.Nurse)
		s.Actor.Session, s.Actor.Scopes = as, []string{"user/*.rs"}
		return s, nil
	case "nurse":
		return webtest.As(store.Nurse), nil
	}
	return web.Session{}, nil
}

// An application may ask fast, each token by itself; people's pages, strangers
// and who guesses tokens keep their own pace.
func TestHowFastEachMayAsk(t *testing.T) {
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ set, rate int }{{0, 200}, {5, 5}} {
		now := webtest.Now
		mux := web.New(web.Options{Catalogue: cat, Sessions: callers{}, AppRate: c.set, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
		mux.Get("/x", web.Public, func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusNoContent); return nil })
		// passed counts the answers before the first that says to wait.
		passed := func(as string) (n int) {
			t.Helper()
			for ; n < 1000; n++ {
				r := httptest.NewRequest(http.MethodGet, "/x", nil)
				r.Header.Set("As", as)
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, r)
				if w.Code == http.StatusTooManyRequests {
					if w.Header().Get("Retry-After") == "" {
						t.Errorf("%s is not told how long to wait", as)
					}
					return n
				}
			}
			return n
		}
		for _, want := range []struct {
			as string
			n  int
		}{{"token-1", 2 * c.rate}, {"token-2", 2 * c.rate}, {"nurse", 150}, {"nobody", 150}, {"forged", 0}} {
			if got := passed(want.as); got != want.n {
				t.Errorf("set to %d, %s asks %d times at once, want %d", c.set, want.as, got, want.n)
			}
		}
		now = now.Add(time.Second)
		for _, want := range []struct {
			as string
			n  int
		}{{"token-1", c.rate}, {"nurse", 30}, {"forged", 30}, {"nobody", 0}} { // who forges is nobody
			if got := passed(want.as); got != want.n {
				t.Errorf("set to %d, %s asks %d times a second, want %d", c.set, want.as, got, want.n)
			}
		}
	}
}
