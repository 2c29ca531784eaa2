// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mach/i18n"
	"mach/store"
	"mach/web"
	"mach/web/webtest"
)

// sessions lets a test say who is asking.
type sessions struct{ who store.Actor }

func (s *sessions) Resolve(*http.Request) (web.Session, error) {
	return web.Session{Actor: s.who, Home: "/hoi-chan"}, nil
}

// site is the module behind the real router.
type site struct {
	scene
	mux  *web.Mux
	asks *sessions
}

func (s scene) site() site {
	s.t.Helper()
	asks := &sessions{}
	mux := web.New(web.Options{Catalogue: s.words, Sessions: asks, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler)})
	s.Routes(mux)
	s.t.Cleanup(mux.Close)
	return site{s, mux, asks}
}

func (s site) do(who store.Actor, method, path string, form url.Values) *httptest.ResponseRecorder {
	s.t.Helper()
	s.asks.who = who
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// page fetches a page in both languages, checks it, and returns it in
// Vietnamese.
func (s site) page(who store.Actor, path string, want ...string) string {
	s.t.Helper()
	body := ""
	for _, lang := range i18n.Langs() {
		at := path + "?lang=" + string(lang)
		if strings.Contains(path, "?") {
			at = path + "&lang=" + string(lang)
		}
		w := s.do(who, http.MethodGet, at, nil)
		if w.Code != http.StatusOK {
			s.t.Fatalf("%s for %s: %d\n%s", at, who.Role, w.Code, w.Body)
		}
		for _, fault := range webtest.Faults(w.Body.String()) {
			s.t.Errorf("%s for %s: %s", at, who.Role, fault)
		}
		if lang == i18n.Vietnamese {
			body = w.Body.String()
		}
	}
	for _, words := range want {
		if !strings.Contains(body, words) {
			s.t.Errorf("%s for %s does not say %q", path, who.Role, words)
		}
	}
	return body
}

// post sends a form and returns where it leads.
func (s site) post(who store.Actor, path string, pairs ...string) string {
	s.t.Helper()
	w := s.do(who, http.MethodPost, path, values(pairs))
	if w.Code != http.StatusSeeOther {
		s.t.Fatalf("POST %s by %s: %d\n%s", path, who.Role, w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

func values(pairs []string) url.Values {
	v := url.Values{"_once": {uuid.NewString()}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// The course on the pages, each in both languages, as the browser walks it.
func TestPages(t *testing.T) {
	each(t, func(t *testing.T, sc scene) {
		s := sc.site()
		s.page(doctor(), "/hoi-chan", "Mời hội chẩn")
		s.page(doctor(), "/hoi-chan/luot-kham/kham", "/hoi-chan/moi?encounter=kham")
		s.page(doctor(), "/hoi-chan/moi?encounter=kham", "Bệnh viện Đa khoa tỉnh", "A97.0", "38,9\u00a0°C", "kết luận trong 24 giờ")
		at := s.post(doctor(), "/hoi-chan", "encounter", "kham", "hospital", "bv-tinh", "urgency", "urgent", "question", "Có cần chuyển không?")
		id := strings.TrimPrefix(at, "/hoi-chan/")
		s.page(doctor(), at, "Chờ tiếp nhận", "còn 29 phút", "Có cần chuyển không?", "Rút lại")

		s.page(coordinator(), "/hoi-chan", "Nguyễn Văn An", "Xem và tiếp nhận", "còn 29 phút")
		if body := s.page(coordinator(), at, "Lê Quang Minh", "Từ chối"); strings.Contains(body, "A97.0") {
			t.Error("the coordinator reads the record")
		}
		s.post(coordinator(), at+"/nhan", "expert", "cg-minh")
		s.page(expert(), "/hoi-chan", "Vào hội chẩn")
		s.page(expert(), at, "A97.0", "Gửi kết luận", "Vào phòng hội chẩn")
		s.page(doctor(), "/hoi-chan/tinh-trang/"+id+"?o=asked", "Tải lại", "Lê Quang Minh")
		s.page(doctor(), "/hoi-chan/phong/"+id, "data-room", `data-join="`+at+`/phong/ve"`, "/static/room.")
		s.page(expert(), "/hoi-chan/phong/"+id, "Gửi kết luận", "A97.0")
		s.page(coordinator(), "/hoi-chan/danh-sach", "Đã tiếp nhận")

		s.post(expert(), at+"/ket-luan", "conclusion", "Chưa cần chuyển.")
		s.page(doctor(), "/hoi-chan", "Ghi quyết định")
		s.page(doctor(), at, "Chưa cần chuyển.", "Làm theo một phần")
		s.post(doctor(), at+"/quyet-dinh", "decision", "part", "reason", "Nhà xa")
		s.page(doctor(), at, "Chưa cần chuyển.", "Nhà xa", "Làm theo một phần", "Đã quyết định")
		s.page(expert(), at, "Nhà xa")
		s.page(doctor(), "/hoi-chan?xem=xong", "Nguyễn Văn An")
		s.page(doctor(), "/hoi-chan/nguoi/an", "Bệnh viện Đa khoa tỉnh")
		s.page(doctor(), "/dau-vet/telehealth/kham", "Hội chẩn với Bệnh viện Đa khoa tỉnh: Đã quyết định")
		nurse := actor(store.Nurse, "tram", "dd-mai", "Mai") // reads of it, opens nothing
		if body := s.page(nurse, "/hoi-chan/luot-kham/kham", "Bệnh viện Đa khoa tỉnh"); strings.Contains(body, "<a ") {
			t.Error("a nurse is led to a page that is closed to her")
		}
		if w := s.do(doctor(), http.MethodGet, "/hoi-chan/phong/"+id, nil); w.Code != http.StatusSeeOther {
			t.Errorf("a room after the end: %d", w.Code)
		}
		if body := s.page(strangers()[2], "/dau-vet/telehealth/kham"); strings.Contains(body, "Bệnh viện") {
			t.Error("a stranger sees the trace")
		}
	})
}

// What is wrong stands at its field and what was typed is kept.
func TestFormsKeepWhatWasTyped(t *testing.T) {
	each(t, func(t *testing.T, sc scene) {
		s := sc.site()
		refuse := func(who store.Actor, path string, want []string, pairs ...string) {
			t.Helper()
			w := s.do(who, http.MethodPost, path, values(pairs))
			body := w.Body.String()
			if w.Code != http.StatusUnprocessableEntity {
				t.Fatalf("POST %s: %d\n%s", path, w.Code, body)
			}
			for _, fault := range webtest.Faults(body) {
				t.Errorf("POST %s: %s", path, fault)
			}
			for _, words := range want {
				if !strings.Contains(body, words) {
					t.Errorf("POST %s does not say %q", path, words)
				}
			}
		}
		refuse(doctor(), "/hoi-chan", []string{"f-hospital-error", "Câu hỏi dài"}, "encounter", "kham", "urgency", "urgent", "question", "Câu hỏi dài")
		at := s.post(doctor(), "/hoi-chan", "encounter", "kham", "hospital", "bv-tinh", "urgency", "stat", "question", "?")
		refuse(doctor(), "/hoi-chan", []string{"đang có một ca hội chẩn"}, "encounter", "kham", "hospital", "bv-tinh", "urgency", "stat", "question", "?")
		refuse(coordinator(), at+"/nhan", []string{"f-expert-error"})
		refuse(coordinator(), at+"/tu-choi", []string{"f-reason-error"})
		s.post(coordinator(), at+"/nhan", "expert", "cg-minh")
		refuse(coordinator(), at+"/tu-choi", []string{"do người khác ghi"}, "reason", "muộn")
		refuse(expert(), at+"/ket-luan", []string{"f-conclusion-error"})
		s.post(expert(), at+"/ket-luan", "conclusion", "x")
		refuse(doctor(), at+"/quyet-dinh", []string{"f-reason-error"}, "decision", "decline")
	})
}

func TestTicket(t *testing.T) {
	each(t, func(t *testing.T, sc scene) {
		s := sc.site()
		id := s.ask()
		door := "/hoi-chan/" + id + "/phong/"
		if w := s.do(doctor(), http.MethodPost, door+"ve", url.Values{"device": {"00000001"}}); w.Code != http.StatusConflict {
			t.Errorf("a ticket before acceptance: %d", w.Code)
		}
		s.ok(s.Accept(t.Context(), coordinator(), id, uuid.NewString(), "cg-minh"))
		w := s.do(doctor(), http.MethodPost, door+"ve", url.Values{"device": {"00000001"}})
		var got struct {
			URL, Token string
			Names      map[string]string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if got.Token == "" || got.URL != "" || got.Names["bs-lan"] != "BS. Trần Thị Lan" || got.Names["cg-minh"] != "Lê Quang Minh" {
			t.Errorf("the ticket: %+v", got)
		}
		if strings.Contains(w.Body.String(), "An") {
			t.Errorf("the ticket names the person in care: %s", w.Body)
		}
		for _, g := range s.rooms.grants {
			if g.Room != "hc-"+id || !strings.HasPrefix(g.Identity, "bs-lan~") {
				t.Errorf("granted %+v", g)
			}
		}
		for _, who := range append(strangers(), coordinator()) {
			if w := s.do(who, http.MethodPost, door+"ve", url.Values{"device": {"00000001"}}); w.Code < 400 {
				t.Errorf("%s gets a ticket", who.Name)
			}
			if w := s.do(who, http.MethodGet, door+"nguoi", nil); w.Code < 400 {
				t.Errorf("%s learns who meets: %s", who.Name, w.Body)
			}
			if w := s.do(who, http.MethodGet, "/hoi-chan/phong/"+id, nil); w.Code < 400 {
				t.Errorf("%s finds the room: %d", who.Name, w.Code)
			}
		}
		s.rooms.down = true
		if w := s.do(expert(), http.MethodPost, door+"ve", url.Values{"device": {"00000001"}}); w.Code != http.StatusServiceUnavailable {
			t.Errorf("a media server that is down: %d", w.Code)
		}
		s.rooms.absent = true
		if w := s.do(expert(), http.MethodGet, "/hoi-chan/phong/"+id, nil); w.Code != http.StatusNotFound {
			t.Errorf("a site without rooms: %d", w.Code)
		}
		s.page(expert(), "/hoi-chan/"+id, "Gửi kết luận")
	})
}
