// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mach/store"
	"mach/vn"
	"mach/web/webtest"
)

func TestPages(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		long := s.draft(s.communes[0].Parent, store.Nurse, store.Doctor)
		long.Title, long.Body = strings.Repeat("Tăng cường giám sát sốt xuất huyết ", 5), "Đoạn một.\n\n  Đoạn hai: <b>không</b> phải thẻ.\n"
		s.clock.Advance(-30 * 24 * time.Hour)
		old := s.publish(s.actor(store.Ministry, "m", 0), s.draft(vn.Nation))
		s.clock.Advance(30 * 24 * time.Hour)
		cdc, be, chi := s.actor(store.CDC, "c", 0), s.actor(store.Nurse, "be", 0), s.actor(store.Nurse, "chi", 1)
		site := webtest.NewSite(s.t, s.clock.Now(), s.Routes)
		long.Due = s.clock.Now().Add(24 * time.Hour)
		id := s.publish(cdc, long)
		path := "/mang/thong-bao/" + id

		site.Page(be, "/mang", "Chờ xác nhận", "Quá hạn xác nhận", "Đọc và xác nhận")
		site.Page(be, "/mang/hop-thu", "Chờ xác nhận")
		site.Page(be, "/mang/chua-xac-nhan", strings.TrimSpace(long.Title))
		page := site.Page(be, path, "Đoạn hai: &lt;b&gt;không&lt;/b&gt;", "Tôi đã đọc")
		if strings.Contains(page, "Ai đã xác nhận") {
			s.t.Error("a reader sees who is missing")
		}
		if w := site.Get(be, path+"/tien-do"); w.Code == http.StatusOK {
			s.t.Error("a reader opens who is missing")
		}
		if w := site.Post(be, path+"/xac-nhan"); w.Code != http.StatusSeeOther {
			s.t.Errorf("acknowledging answers %d", w.Code)
		}
		site.Page(be, path, "Bạn đã xác nhận lúc")
		site.Page(be, "/mang", "Đã xác nhận")
		for _, who := range []store.Actor{cdc, s.actor(store.Ministry, "m", 0), s.actor(store.StationDirector, "g", 0)} {
			site.Page(who, path, "Ai đã xác nhận", "Nguyễn Văn An")
			site.Page(who, path+"/tien-do", "Nguyễn Văn An")
		}
		if page := site.Page(s.actor(store.StationDirector, "g", 0), path); strings.Contains(page, "Trạm Y tế "+s.communes[1].Full()) {
			s.t.Error("a director sees another commune")
		}
		site.Page(chi, "/mang/thong-bao/"+old)
		site.Page(s.actor(store.Nurse, "nobody", 0), "/mang", "Chưa có thông báo nào")
		for _, who := range []store.Actor{cdc, s.actor(store.Ministry, "m", 0), s.actor(store.StationDirector, "g", 1)} {
			site.Page(who, "/mang/thong-bao/moi", "Soạn thông báo")
		}
		if w := site.Get(s.actor(store.Nurse, "dung", 2), path); w.Code != http.StatusNotFound {
			s.t.Errorf("who is not addressed gets %d", w.Code)
		}
	})
}

func TestComposing(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		cdc := s.actor(store.CDC, "c", 0)
		site := webtest.NewSite(s.t, s.clock.Now(), s.Routes)
		w := site.Post(cdc, "/mang/thong-bao", "title", "Còn đây", "due", "32/13/2026", "roles", "nurse")
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `value="Còn đây"`) {
			s.t.Errorf("a form with faults answers %d and keeps what was typed: %v", w.Code, strings.Contains(body, "Còn đây"))
		}
		for _, fault := range webtest.Faults(body) {
			s.t.Error(fault)
		}
		w = site.Post(cdc, "/mang/thong-bao", "title", "Giám sát", "body", "Báo ngay", "unit", s.communes[0].Parent.String(), "due", "22/11/2026", "roles", "nurse")
		if w.Code != http.StatusSeeOther {
			s.t.Fatalf("publishing answers %d\n%s", w.Code, w.Body)
		}
		n, err := s.Read(s.t.Context(), cdc, strings.TrimPrefix(w.Header().Get("Location"), "/mang/thong-bao/"))
		if err != nil || n.Title != "Giám sát" || n.Addressed != 2 || !n.Due.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, vn.Zone)) {
			s.t.Errorf("published: %+v, %v", n, err)
		}
		if w = site.Post(s.actor(store.Nurse, "be", 0), "/mang/thong-bao", "title", "x"); w.Code == http.StatusSeeOther || w.Code == http.StatusUnprocessableEntity {
			s.t.Errorf("a nurse composing gets %d", w.Code)
		}
	})
}
