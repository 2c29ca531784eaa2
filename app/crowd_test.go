// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"mach/store/storetest"
	"mach/web"
)

// TestManyAtOnce lets everybody open every page of theirs at once while
// tickets are drawn and visits signed. Nothing fails, every ticket is there
// once; with the race detector, nothing is shared that is not guarded.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, storetest.Place{Dir: t.TempDir()})
	var people []patient
	for i := range 12 {
		people = append(people, w.resident(fmt.Sprintf("dong-%d", i), fmt.Sprintf("Vũ Văn Zq%d", i), fmt.Sprintf("0240900001%02d", i), "1990-01-01", "tram-a", w.commune(province, 0)))
	}
	w.settle()
	var crowd sync.WaitGroup
	for _, login := range w.order {
		u := w.users[login]
		crowd.Go(func() { w.walk(u) })
	}
	opened := make([]string, len(people))
	for i, p := range people {
		crowd.Go(func() {
			got := w.post(w.users["bac-si-a"], "/tram/nguoi/"+p.id+"/so", url.Values{})
			opened[i] = got.Header().Get("Location")
			if !strings.HasPrefix(opened[i], "/tram/luot-kham/") {
				t.Errorf("no ticket for %s: %d", p.id, got.Code)
				return
			}
			if got := w.post(w.users["dieu-duong-a"], opened[i]+"/do", url.Values{"temperature": {"37,5"}}); got.Code != http.StatusSeeOther {
				t.Errorf("measuring %s: %d", p.id, got.Code)
			}
		})
	}
	crowd.Wait()
	w.settle()
	queue := w.get(w.users["dieu-duong-a"], "/tram").Body.String()
	for i, at := range opened {
		if n := strings.Count(queue, `href="`+at+`"`); n == 0 || at == "" {
			t.Errorf("the queue does not lead to the visit of %s", people[i].id)
		}
	}
	w.quiet()
}

// walk opens every page without a name in its path that u may open.
func (w *world) walk(u *user) {
	w.Helper()
	s := web.Session{}
	s.Actor.Role, s.Actor.Account = u.role, u.login
	for _, r := range w.mux.RouteList() {
		if r.Method != http.MethodGet || strings.Contains(r.Path, "{") || r.Path == "/live" || r.Path == "/smart/authorize" /* asks for an application */ || !r.Who.Allows(s) {
			continue
		}
		// Some ask for a visit or a person that nobody named here: 404.
		if got := w.get(u, r.Path); got.Code >= 400 && got.Code != http.StatusNotFound {
			w.Errorf("%s for %s: %d", r.Path, u.login, got.Code)
		}
	}
}
