// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"net/http"
	"testing"

	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web/webtest"
)

func TestPages(t *testing.T) {
	each(t, func(s scene) {
		d := s.today()
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d), visit("w", "p", 0, "finished", d-7))
		s.put(caseReport("c", "p", "v", "A97.1", "confirmed", d, s.communes[0]))
		province, _ := s.units.Get(s.communes[0].Parent)
		s.put(caseReport("rest", "p", "v", "A97.1", "confirmed", d, province))
		who, site := storetest.Actor(store.Ministry, "moh"), webtest.NewSite(s.t, s.clock.Now(), s.Routes)
		site.Page(who, "/dau-vet/indicators/v", "Lượt khám")
		for _, u := range []vn.UnitID{vn.Nation, province.ID, s.communes[0].ID, s.communes[2].ID} {
			full, _ := s.units.Get(u)
			site.Page(who, boardPath(u), full.Full())
			site.Page(who, boardPath(u)+"/song", "Lượt khám")
			for _, f := range s.folds {
				site.Page(who, boardPath(u)+"/"+f.ID, f.Vi)
			}
		}
		for _, p := range []string{"2026-11-21", "2026-W47", "2026-11", "2026"} {
			site.Page(who, boardPath(s.communes[0].ID)+"/surv.dengue?ky="+p, "Ca sốt xuất huyết Dengue")
		}
		shares, err := s.Shares(s.t.Context(), who, "surv.dengue", vn.Nation, Day(d-100))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, one := range shares { // nothing that day: zero where cases are counted, unknown elsewhere
			if one.Value != 0 || one.Silent != (one.Unit.ID != province.ID) {
				s.t.Errorf("%s: %d, silent %t", one.Unit.Full(), one.Value, one.Silent)
			}
		}
		site.Page(who, boardPath(vn.Nation)+"/surv.dengue", "33 trên 34 đơn vị bên dưới")
		site.Page(who, boardPath(province.ID)+"/surv.dengue", "Chưa rõ đơn vị bên dưới")
		site.Page(who, boardPath(province.ID)+"/surv.dengue?ky="+Day(d).String(), "Tử số", "trừ ca đã loại", "Mẫu số", "hồ sơ sáp nhập năm 2025", "chưa đủ: ngày", "chưa hết")
		site.Page(who, boardPath(s.communes[0].ID)+"/surv.dengue?ky="+Day(d-1).String(), "đủ đến hết "+"20/11/2026")
		site.Page(who, boardPath(s.communes[0].ID)+"/care.follow_up?ky="+Day(d-1).String(), "không có: đây là số đếm")
		site.Page(who, boardPath(s.communes[0].ID), "chưa hết, số còn tăng")
		site.Page(who, boardPath(province.ID), "Chưa rõ đơn vị bên dưới")
		old := s.units.Predecessors(s.communes[0].ID, vn.Reform-1)[0]
		for path, code := range map[string]int{
			"/bang": http.StatusSeeOther, boardPath(123): http.StatusNotFound, "/bang/x": http.StatusNotFound, boardPath(old.ID): http.StatusNotFound,
			boardPath(vn.Nation) + "/none": http.StatusNotFound, boardPath(vn.Nation) + "/surv.dengue?ky=x": http.StatusBadRequest,
		} {
			if w := site.Get(who, path); w.Code != code {
				s.t.Errorf("%s answers %d, want %d", path, w.Code, code)
			}
		}
	})
}
