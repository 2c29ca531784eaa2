// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mach/access"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// resent is a form that was sent and what came of it.
type resent struct {
	route, path string
	user        *user
	form        url.Values
	answer      *httptest.ResponseRecorder
}

// sender sends one form of each kind.
type sender struct {
	*world
	sent []resent
}

// TestFormsSentAgainAfterARestart sends every kind of form, stops the server
// while nobody knows that it had answered, and sends them all again: each leads
// where it led, and nothing is written twice.
func TestFormsSentAgainAfterARestart(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		s := &sender{world: newWorld(t, p)}
		s.reception()
		s.emergency()
		s.own()
		s.guardians()
		s.manage()
		s.applications()
		s.cases()
		s.reporting()
		s.events()
		s.alerts()
		s.settings()
		s.forecasts()
		s.consultations()
		s.rest()
		s.wantEveryForm()

		s.settle()
		before := s.written()
		s.restart()
		for _, r := range s.sent {
			got := s.post(r.user, r.path, r.form)
			if r.answer.Code == http.StatusOK { // a page that is shown once
				if got.Code != http.StatusConflict {
					t.Errorf("POST %s again: %d, want %d", r.route, got.Code, http.StatusConflict)
				}
				continue
			}
			if got.Code != r.answer.Code || got.Header().Get("Location") != r.answer.Header().Get("Location") {
				t.Errorf("POST %s led to %q (%d), again to %q (%d)", r.route, r.answer.Header().Get("Location"), r.answer.Code, got.Header().Get("Location"), got.Code)
			}
		}
		s.settle()
		after := s.written()
		for _, what := range slices.Sorted(maps.Keys(before)) {
			if !slices.Equal(before[what], after[what]) {
				t.Errorf("%s changed when forms were sent again:\n%q\nwas\n%q", what, after[what], before[what])
			}
		}
	})
}

// restart is another process on the same data: nothing is left in memory.
func (w *world) restart() {
	w.Helper()
	w.reopen()
	w.ok(w.app.Store.Start(w.Context()))
}

// reopen is a restart that does not follow the log yet.
func (w *world) reopen() {
	w.Helper()
	w.ok(w.app.Close())
	a, err := Open(w.Context(), w.app.Config, w.log)
	w.ok(err)
	w.Cleanup(func() { w.ok(a.Close()) })
	w.app, w.mux = a, a.routes()
}

// send sends a form once; it must be answered well. It returns the last part of
// the path it led to.
func (s *sender) send(login, route string, ids []string, pairs ...string) string {
	s.Helper()
	path := route
	for _, id := range ids {
		path = regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllLiteralString(path, "\x00")
		path = strings.Replace(path, "\x00", id, 1)
		path = strings.ReplaceAll(path, "\x00", "{x}")
	}
	r := resent{route: route, path: path, user: s.users[login], form: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.form.Add(pairs[i], pairs[i+1])
	}
	r.answer = s.post(r.user, path, r.form)
	if r.answer.Code != http.StatusSeeOther && r.answer.Code != http.StatusOK {
		s.Fatalf("POST %s as %s: %d %s\n%s", path, login, r.answer.Code, regexp.MustCompile(`field-error" id="([^"]+)"`).FindAllString(r.answer.Body.String(), -1), main(r.answer))
	}
	s.sent = append(s.sent, r)
	at, _, _ := strings.Cut(r.answer.Header().Get("Location"), "?")
	return at[strings.LastIndexByte(at, '/')+1:]
}

// main is the part of a page that says what is wrong.
func main(got *httptest.ResponseRecorder) string {
	_, body, _ := strings.Cut(got.Body.String(), "<main")
	return body[:min(len(body), 1500)]
}

// wantEveryForm fails for a form that is answered once and was not sent.
func (s *sender) wantEveryForm() {
	s.Helper()
	for _, r := range s.mux.RouteList() {
		if r.Once() && !slices.ContainsFunc(s.sent, func(sent resent) bool { return sent.route == r.Path }) {
			s.Errorf("POST %s was not sent: add it to the test", r.Path)
		}
	}
}

// hidden is the value of a field of a page.
func (s *sender) hidden(login, path, name string) string {
	s.Helper()
	found := regexp.MustCompile(`name="` + name + `"[^>]*value="([^"]*)"`).FindStringSubmatch(s.get(s.users[login], path).Body.String())
	if found == nil {
		s.Fatalf("%s has no field %s", path, name)
	}
	return found[1]
}

func (s *sender) reception() {
	today := time.Now()
	a := s.commune(province, 0)
	person := s.send("tiep-don-a", "/tram/nguoi", nil, "name", "Lê Thị Zqmới", "sex", "female", "birth", "01/02/1980", "address", "Thôn 1", "commune", fmt.Sprint(a.ID), "anyway", "1")
	visit := s.send("bac-si-a", "/tram/nguoi/{id}/so", []string{person})
	s.send("dieu-duong-a", "/tram/luot-kham/{id}/do", []string{visit}, "temperature", "37,2")
	at := "/tram/luot-kham/" + visit
	s.send("bac-si-a", "/tram/luot-kham/{id}/kham", []string{visit}, "version", s.hidden("bac-si-a", at, "version"), "reason", "Sốt", "diagnosis1", "A97.0 Sốt xuất huyết",
		"follow_up", today.AddDate(0, 0, 3).Format(time.DateOnly), "act", "sign")
	s.send("bac-si-a", "/tram/luot-kham/{id}/sua", []string{visit}, "condition", s.hidden("bac-si-a", at+"/sua", "condition"), "diagnosis", "A97.1 Sốt xuất huyết", "reason", "Thêm dấu hiệu")
	gone := s.send("bac-si-a", "/tram/nguoi/{id}/so", []string{person})
	s.send("tiep-don-a", "/tram/luot-kham/{id}/ve", []string{gone})
	s.send("thon-a", "/tram/thon/{id}/bao", []string{person}, "words", "Sốt cao ba ngày")
	s.settle()
	taken := regexp.MustCompile(`/tram/tin-hieu/([^"/]+)/nhan`).FindStringSubmatch(s.get(s.users["dieu-duong-a"], "/tram/tin-hieu").Body.String())
	if taken == nil {
		s.Fatal("no signal to take up")
	}
	s.send("dieu-duong-a", "/tram/tin-hieu/{id}/nhan", taken[1:])
}

func (s *sender) emergency() {
	glass := s.send("bac-si-b", "/tai-khoan/khan-cap", nil, "patient", s.alpha.id, "reason", "Bất tỉnh, không người thân")
	s.send("bac-si-b", "/tai-khoan/khan-cap/{id}/day-du", []string{glass}, "reason", "Cần biết thuốc đang dùng")
	s.send("ra-soat", "/tai-khoan/ra-soat/{id}", []string{glass}, "verdict", "justified", "note", "Đúng quy định")
}

const secret = "mưa rơi trên mái lá"

// own are the forms of one's own account.
func (s *sender) own() {
	acc, _, err := s.app.Access.Accounts.Add(s.Context(), system(), access.NewAccount{Login: "thu", Name: "Cán bộ thử", Password: secret})
	s.ok(err)
	a := s.commune(province, 0)
	for _, role := range []store.Role{store.Nurse, store.Midwife} {
		_, err = s.app.Access.Accounts.Assign(s.Context(), system(), access.Assignment{Account: acc.ID, Role: role, Facility: "tram-a", FacilityName: "Trạm A", Unit: a.ID})
		s.ok(err)
	}
	s.signIn("thu", store.Nurse)
	s.send("thu", "/tai-khoan/ngon-ngu", nil, "lang", "en")
	s.send("thu", "/tai-khoan/ma-pin", nil, "password", secret, "pin", "482913")
	offered := s.hidden("thu", "/tai-khoan/ma-mot-lan", "secret")
	code, err := access.CodeAt(offered, time.Now())
	s.ok(err)
	s.send("thu", "/tai-khoan/ma-mot-lan", nil, "password", secret, "secret", offered, "totp", code)
	s.send("thu", "/tai-khoan/mat-khau", nil, "old", secret, "password", secret+" và sân", "again", secret+" và sân")
	first := s.users["thu"].cookie
	s.signIn("thu", store.Nurse)
	page := s.get(s.users["thu"], "/tai-khoan").Body.String()
	other := regexp.MustCompile(`action="/tai-khoan/phien"[\s\S]*?name="id" value="([^"]+)"`).FindStringSubmatch(page)
	if other == nil {
		s.Fatal("no other session to end")
	}
	s.send("thu", "/tai-khoan/phien", nil, "id", other[1])
	if first == s.users["thu"].cookie {
		s.Fatal("signed in only once")
	}
	role := regexp.MustCompile(`name="role" value="([^"]+)"`).FindStringSubmatch(page)
	if role == nil {
		s.Fatal("no other role")
	}
	s.send("thu", "/tai-khoan/vai", nil, "role", role[1])
	for _, c := range s.sent[len(s.sent)-1].answer.Result().Cookies() {
		if c.Name == "mach_session" {
			s.users["thu"].cookie = c.Value
		}
	}
}

// signIn follows a one-time link.
func (s *sender) signIn(login string, role store.Role) {
	s.Helper()
	link, err := s.app.Access.Links.DemoLink(s.Context(), login)
	s.ok(err)
	if s.users[login] == nil {
		s.users[login] = &user{login: login, role: role}
	}
	for _, c := range s.follow(link).Result().Cookies() {
		if c.Name == "mach_session" {
			s.users[login].cookie = c.Value
		}
	}
}

func (s *sender) follow(link string) *httptest.ResponseRecorder {
	return s.world.send(nil, http.MethodGet, link, nil)
}

func (s *sender) guardians() {
	until := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	s.send("nguoi-alpha", "/tai-khoan/dong-y", nil, "facility", "phong-kham", "purpose", "treatment", "until", until)
	id := regexp.MustCompile(`/tai-khoan/dong-y/([^/"]+)/rut`).FindStringSubmatch(s.get(s.users["nguoi-alpha"], "/tai-khoan/dong-y").Body.String())
	if id == nil {
		s.Fatal("no consent to withdraw")
	}
	s.send("nguoi-alpha", "/tai-khoan/dong-y/{id}/rut", id[1:2])
	s.send("tiep-don-a", "/tai-khoan/giam-ho", nil, "patient", s.alpha.id, "login", "nguoi-bravo", "kind", "mother", "proof", "Giấy khai sinh số 12")
	id = regexp.MustCompile(`action="/tai-khoan/giam-ho/([^"]+)"`).FindStringSubmatch(s.get(s.users["tiep-don-a"], "/tai-khoan/giam-ho?nguoi="+s.alpha.id).Body.String())
	if id == nil {
		s.Fatal("no guardian to change")
	}
	s.send("tiep-don-a", "/tai-khoan/giam-ho/{id}", id[1:2], "patient", s.alpha.id, "do", "end")
}

func (s *sender) manage() {
	s.send("quan-tri", "/tai-khoan/quan-ly/moi", nil, "login", "nguoi.moi", "name", "Người Mới", "role", "nurse", "facility", "tram-a")
	acc, err := s.app.Access.Accounts.ByLogin(s.Context(), "nguoi.moi")
	s.ok(err)
	s.send("quan-tri", "/tai-khoan/quan-ly/{id}/vai", []string{acc.ID}, "role", "midwife", "facility", "tram-a")
	roles, err := s.app.Access.Accounts.Assignments(s.Context(), acc.ID)
	s.ok(err)
	s.send("quan-tri", "/tai-khoan/quan-ly/{id}/vai/{role}/ket-thuc", []string{acc.ID, roles[1].ID})
	s.send("quan-tri", "/tai-khoan/quan-ly/{id}/dat-lai", []string{acc.ID})
	s.send("quan-tri", "/tai-khoan/quan-ly/{id}/dong", []string{acc.ID})
}

// applications registers one, lets it into a record, takes that back and
// switches it off.
func (s *sender) applications() {
	s.send("quan-tri", "/ung-dung/quan-ly/moi", nil, "name", "Sổ Xanh", "kind", "confidential", "redirects", "https://app.example.vn/cb", "scopes", "launch/patient openid patient/*.rs")
	list, err := s.app.Access.Clients.List(s.Context(), system())
	s.ok(err)
	if len(list) != 1 {
		s.Fatalf("%d applications", len(list))
	}
	id := []string{list[0].ID}
	s.send("quan-tri", "/ung-dung/quan-ly/{id}/khoa", id)
	s.send("quan-tri", "/ung-dung/quan-ly/{id}/sua", id, "name", "Sổ Cam", "redirects", "https://app.example.vn/cb", "scopes", "launch/patient patient/*.rs")
	asks := asks(list[0])
	page := s.get(s.users["nguoi-alpha"], "/smart/authorize?"+asks.Encode()).Body.String()
	role := regexp.MustCompile(`name="role" value="([^"]+)"`).FindStringSubmatch(page)
	if role == nil {
		s.Fatalf("nothing to agree to: %s", page)
	}
	got := s.post(s.users["nguoi-alpha"], "/smart/authorize", url.Values{"request": {asks.Encode()}, "do": {"allow"}, "scope": {"patient/*.rs"}, "role": role[1:]})
	if !strings.HasPrefix(got.Header().Get("Location"), "https://app.example.vn/cb?code=") {
		s.Fatalf("agreeing leads to %q", got.Header().Get("Location"))
	}
	grant := regexp.MustCompile(`/ung-dung/([^/"]+)/rut`).FindStringSubmatch(s.get(s.users["nguoi-alpha"], "/ung-dung").Body.String())
	if grant == nil {
		s.Fatal("no application to take back")
	}
	s.send("nguoi-alpha", "/ung-dung/{id}/rut", grant[1:])
	s.send("quan-tri", "/ung-dung/quan-ly/{id}/dong", id)
}

// draft signs a visit for dengue and returns the condition that asks for a
// case report.
func (s *sender) draft(kind string, p patient) string {
	s.Helper()
	p.visits = map[string]string{}
	s.visit("bac-si-a", &p, kind, "A97.0")
	s.settle()
	cause := regexp.MustCompile(`/dich/ca-moi/([A-Za-z0-9-]+)`).FindStringSubmatch(s.get(s.users["bac-si-a"], "/dich/luot-kham/"+p.visits[kind]).Body.String())
	if cause == nil {
		s.Fatal("no draft of a case report")
	}
	return cause[1]
}

func (s *sender) cases() {
	a := s.commune(province, 0)
	today := time.Now().Format(time.DateOnly)
	first := s.resident("moi-1", "Phạm Văn Zqmột", "024090000011", "1990-01-01", "tram-a", a)
	second := s.resident("moi-2", "Phạm Văn Zqhai", "024090000022", "1990-01-01", "tram-a", a)
	report := s.send("bac-si-a", "/dich/ca-moi/{cause}", []string{s.draft("mot", first)}, "disease", "dengue", "class", "suspect", "onset", today)
	s.send("bac-si-a", "/dich/ca-moi/{cause}/khong-phai", []string{s.draft("hai", second)}, "reason", "Xét nghiệm âm tính")
	s.send("bac-si-a", "/dich/ca/{report}", []string{report}, "version", s.hidden("bac-si-a", "/dich/ca/"+report, "version"), "disease", "dengue", "class", "probable", "outcome", "recovered", "onset", today)
	notice := []string{"on", today, "place", "Toàn xã", "advice", "Diệt bọ gậy"}
	s.send("truong-tram-a", "/dich/xa/{commune}/{disease}/cong-bo", []string{a.Code, "dengue"}, notice...)
	s.settle()
	s.send("truong-tram-a", "/dich/xa/{commune}/{disease}/ket-thuc", []string{a.Code, "dengue"}, notice...)
}

// alerts answers an alert and keeps the duty roster.
func (s *sender) alerts() {
	a, today := s.commune(province, 0), vn.DateOf(time.Now())
	s.put(map[string]any{"resourceType": "Condition", "id": "ca-soi", "subject": map[string]any{"display": "Ca bệnh tối thiểu"},
		"extension": []any{fhir.Unit(a.Code, a.From.String(), a.Full())}, "category": []any{fhir.Code(fhir.CSCategory, "case-report", "")},
		"verificationStatus": fhir.Code(fhir.ConditionVerStatus, "provisional", ""), "recordedDate": today.String(),
		"clinicalStatus": fhir.Code(fhir.ConditionClinical, "active", ""),
		"code":           map[string]any{"coding": []any{map[string]any{"system": fhir.ICD10, "code": "B05.9"}}}})
	s.settle()
	s.send("truong-tram-a", "/canh-bao/{disease}/{unit}/{week}", []string{"measles", a.Code, vn.WeekOf(today).String()}, "answer", "explained", "words", "Ca từ nơi khác đến")
	s.send("truong-tram-a", "/canh-bao/truc", nil, "who", "cb-bac-si-a", "from", today.String(), "to", (today + 6).String())
	s.settle()
	line := regexp.MustCompile(`/canh-bao/truc/([^"/]+)"`).FindStringSubmatch(s.get(s.users["truong-tram-a"], "/canh-bao/truc").Body.String())
	if line == nil {
		s.Fatal("nobody on the duty roster")
	}
	s.send("truong-tram-a", "/canh-bao/truc/{schedule}", []string{line[1]})
}

// reporting sends each kind of form of a case without a visit, and of what is
// done about cases.
func (s *sender) reporting() {
	a, today := s.commune(province, 0), time.Now().Format(time.DateOnly)
	told := func(name, number string) []string {
		return []string{"name", name, "number", number, "birth", "1990", "sex", "female", "commune", a.Code, "disease", "dengue", "class", "suspect", "diagnosed", today}
	}
	first := s.send("bao-cao", "/dich/bao-ca", nil, told("Phạm Thị Zqbốn", "024190000044")...)
	s.settle()
	s.send("cdc", "/dich/ca/{report}/giao", []string{first})
	s.settle()
	task := regexp.MustCompile(`/dich/giao/([^"]+)"`).FindStringSubmatch(s.get(s.users["truong-tram-a"], "/dich/viec").Body.String())
	if task == nil {
		s.Fatal("no case to acknowledge")
	}
	s.send("truong-tram-a", "/dich/giao/{task}", []string{task[1]})
	second := s.send("bao-cao", "/dich/bao-ca", nil, append(told("Phạm Thị Zqbốn", ""), "another", "1")...)
	s.settle()
	pair := []string{first, second}
	at := "/dich/trung/" + first + "/" + second
	s.send("cdc", "/dich/trung/{report}/{other}", pair, "version", s.hidden("cdc", at, "version"), "what", "same", "reason", "cùng người")
	s.send("bao-cao", "/dich/danh-sach/ghi", nil, "rows", "name,birth,sex,commune,disease,diagnosed\nPhạm Thị Zqnăm,1990,nữ,"+a.Code+",A97,"+today+"\n")
	s.send("thon-a", "/dich/tin", nil, "who", "Phạm Thị Zqsáu", "where", "Thôn Đoài", "what", "sốt", "since", today)
	s.settle()
	message := regexp.MustCompile(`/dich/tin/([^"]+)"`).FindStringSubmatch(s.get(s.users["truong-tram-a"], "/dich/viec").Body.String())
	if message == nil {
		s.Fatal("no message to answer")
	}
	s.send("dieu-duong-a", "/dich/tin/{message}", []string{message[1]}, "reason", "Cảm lạnh")
}

// events sends each kind of form of a focus: a signal, a step, a case, contacts
// and what is to be done.
func (s *sender) events() {
	a, today := s.commune(province, 0), time.Now().Format(time.DateOnly)
	p := s.resident("moi-3", "Phạm Văn Zqba", "024090000033", "1990-01-01", "tram-a", a)
	report := s.send("bac-si-a", "/dich/ca-moi/{cause}", []string{s.draft("ba", p)}, "disease", "dengue", "class", "suspect", "onset", today)
	signal := []string{"source", "village", "disease", "dengue", "unit", a.Code, "place", "Thôn Đoài", "words", "Ba người sốt", "sick", "3"}
	id := s.send("truong-tram-a", "/su-kien", nil, signal...)
	s.send("truong-tram-a", "/su-kien/{id}/buoc/{step}", []string{id, "verified"}, "words", "Đã tới nơi")
	s.send("truong-tram-a", "/su-kien/{id}/buoc/{step}", []string{id, "focus"}, "words", "Cùng thôn", "name", "Thôn Đoài", "place", "Thôn Đoài", "since", today)
	s.send("truong-tram-a", "/su-kien/{id}/ca-benh/{report}", []string{id, report})
	s.send("truong-tram-a", "/su-kien/{id}/tiep-xuc", []string{id}, "case", report, "name", "Trần Văn Bình", "phone", "0987654321", "first", today, "days", "14")
	s.settle()
	contact := regexp.MustCompile(`goi=([^#"&]+)`).FindStringSubmatch(s.get(s.users["truong-tram-a"], "/su-kien/"+id+"/tiep-xuc").Body.String())
	if contact == nil {
		s.Fatal("no contact to call")
	}
	s.send("truong-tram-a", "/su-kien/{id}/tiep-xuc/{contact}", []string{id, contact[1]}, "result", "well")
	s.send("truong-tram-a", "/su-kien/{id}/tiep-xuc", []string{id}, "case", report, "name", "Trần Thị Cúc", "phone", "0987654322", "first", today, "days", "14", "worker", "cb-thon-a")
	s.settle()
	followed := regexp.MustCompile(`goi=([^#"&]+)`).FindStringSubmatch(s.get(s.users["thon-a"], "/su-kien/thon").Body.String())
	if followed == nil {
		s.Fatal("no contact for the village health worker")
	}
	s.send("thon-a", "/su-kien/thon/hoi/{contact}", []string{followed[1]}, "result", "well")
	s.send("truong-tram-a", "/su-kien/{id}/viec", []string{id}, "what", "Diệt bọ gậy", "who", "Trạm", "due", today)
	s.settle()
	task := regexp.MustCompile(`/viec/([^"/]+)"`).FindStringSubmatch(s.get(s.users["truong-tram-a"], "/su-kien/"+id).Body.String())
	if task == nil {
		s.Fatal("no task to finish")
	}
	s.send("truong-tram-a", "/su-kien/{id}/viec/{task}", []string{id, task[1]})
	s.send("nguoi-alpha", "/su-kien/nguoi-dan", nil, "syndrome", "Nhiều người sốt", "unit", a.Code, "place", "Thôn Đoài", "words", "Cả xóm sốt")
}

func (s *sender) consultations() {
	ask := func(kind string) string {
		p := s.alpha
		p.visits = map[string]string{}
		s.visit("bac-si-a", &p, kind, "J06.9")
		s.settle()
		id := s.send("bac-si-a", "/hoi-chan", nil, "encounter", p.visits[kind], "hospital", "vien-h", "urgency", "routine", "question", "Xin ý kiến")
		s.settle()
		return id
	}
	one := ask("hoi-1")
	s.send("dieu-phoi-h", "/hoi-chan/{id}/nhan", []string{one}, "expert", "cb-chuyen-gia-h")
	s.settle()
	s.send("chuyen-gia-h", "/hoi-chan/{id}/ket-luan", []string{one}, "conclusion", "Theo dõi tại trạm")
	s.settle()
	s.send("bac-si-a", "/hoi-chan/{id}/quyet-dinh", []string{one}, "decision", "follow")
	s.send("dieu-phoi-h", "/hoi-chan/{id}/tu-choi", []string{ask("hoi-2")}, "reason", "Không đúng chuyên khoa")
	s.send("bac-si-a", "/hoi-chan/{id}/huy", []string{ask("hoi-3")}, "reason", "Người bệnh đã chuyển viện")
}

func (s *sender) rest() {
	u := s.province(province)
	due := vn.DateOf(time.Now()).AddDays(2).String()
	notice := s.send("cdc", "/mang/thong-bao", nil, "unit", fmt.Sprint(u.ID), "roles", "nurse", "title", "Tăng cường giám sát", "body", "Báo trong 24 giờ.", "due", due)
	s.send("dieu-duong-a", "/mang/thong-bao/{id}/xac-nhan", []string{notice})
	s.send("bac-si-a", "/kit/bieu-mau", nil, "reason", "Sốt", "temperature", "38", "pulse", "80", "onset", "01/11/2026", "diagnosis", "A97")
	s.send("bac-si-a", "/kit/danh-thuc", nil)
}

// written is what stands in the tables that forms write, area by area.
func (w *world) written() map[string][]string {
	w.Helper()
	out := map[string][]string{"the log": {fmt.Sprint(w.head())}}
	tables, err := w.app.Store.Primary(w.Context(), "again", fstest.MapFS{})
	w.ok(err)
	for what, columns := range map[string]string{
		"access_account":    "id || password || pin || totp || lang || ' ' || cast(closed as text)",
		"access_assignment": "id || role || ' ' || cast(until as text)",
		"access_session":    "id || assignment || ' ' || cast(ended as text)",
		"access_emergency":  "id || full_reason || verdict || ' ' || cast(reviewed as text)",
		"access_consent":    "id || ' ' || cast(withdrawn as text)",
		"access_guardian":   "id || ' ' || cast(ended as text)",
		"access_client":     "id || secret || ' ' || cast(ended as text)",
		"access_grant":      "id || ' ' || cast(ended as text)",
		"peers_notice":      "id",
		"peers_ack":         "notice || practitioner",
		"relation":          "patient || kind || source || ' ' || cast(until as text)",
	} {
		lines := []string{}
		w.ok(tables.Rows(w.Context(), "select "+columns+" from "+what+" order by 1", nil, func(scan func(...any) error) error {
			var line string
			err := scan(&line)
			lines = append(lines, line)
			return err
		}))
		out[what] = lines
	}
	return out
}
