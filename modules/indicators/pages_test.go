// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// as answers every request as one actor.
type as struct{ who store.Actor }

func (s as) Resolve(*http.Request) (web.Session, error) {
	return web.Session{Actor: s.who, Home: "/bang"}, nil
}

// hurried is a clock so fast that nobody asks too often.
func hurried(c *storetest.Clock) func() time.Time {
	at := c.Now()
	return func() time.Time { at = at.Add(100 * time.Millisecond); return at }
}

func TestPages(t *testing.T) {
	words, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(s scene) {
		d := s.today()
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d), visit("w", "p", 0, "finished", d-7))
		s.put(caseReport("c", "p", "v", "A97.1", "confirmed", d, s.communes[0]))
		province, _ := s.units.Get(s.communes[0].Parent)
		s.put(caseReport("rest", "p", "v", "A97.1", "confirmed", d, province))
		who := storetest.Actor(store.Ministry, "moh")
		mux := web.New(web.Options{Catalogue: words, Sessions: as{who}, Now: hurried(s.clock), Log: slog.New(slog.DiscardHandler)})
		s.Routes(mux)
		defer mux.Close()
		get := func(path, lang string) *httptest.ResponseRecorder {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+sep+"lang="+lang, nil))
			return w
		}
		paths := map[string]string{"/dau-vet/indicators/v": "Lượt khám"}
		for _, u := range []vn.UnitID{vn.Nation, province.ID, s.communes[0].ID, s.communes[2].ID} {
			full, _ := s.units.Get(u)
			paths[boardPath(u)], paths[boardPath(u)+"/song"] = full.Full(), "Lượt khám"
			for _, f := range s.folds {
				paths[boardPath(u)+"/"+f.ID] = f.Vi
			}
		}
		for _, p := range []string{"2026-11-21", "2026-W47", "2026-11", "2026"} {
			paths[boardPath(s.communes[0].ID)+"/surv.dengue?ky="+p] = "Ca sốt xuất huyết Dengue"
		}
		paths[boardPath(province.ID)+"/surv.dengue"] = "Chưa rõ đơn vị bên dưới"
		paths[boardPath(province.ID)] = "Chưa rõ đơn vị bên dưới"
		for path, want := range paths {
			for _, lang := range i18n.Langs() {
				w := get(path, string(lang))
				if w.Code != http.StatusOK {
					s.t.Errorf("%s: %d", path, w.Code)
					continue
				}
				for _, fault := range webtest.Faults(w.Body.String()) {
					s.t.Errorf("%s in %s: %s", path, lang, fault)
				}
				if lang == i18n.Vietnamese && !strings.Contains(w.Body.String(), want) {
					s.t.Errorf("%s does not say %q", path, want)
				}
			}
		}
		for path, code := range map[string]int{
			"/bang": http.StatusSeeOther, boardPath(123): http.StatusNotFound, "/bang/x": http.StatusNotFound,
			boardPath(vn.Nation) + "/none": http.StatusNotFound, boardPath(vn.Nation) + "/surv.dengue?ky=x": http.StatusBadRequest,
			fmt.Sprint("/bang/", s.units.Predecessors(s.communes[0].ID, vn.Reform-1)[0].ID): http.StatusNotFound,
		} {
			if w := get(path, "vi"); w.Code != code {
				s.t.Errorf("%s answers %d, want %d", path, w.Code, code)
			}
		}
	})
}
