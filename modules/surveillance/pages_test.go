// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// request is a GET as the actor, as the mux would hand it on.
func (w *world) request(a store.Actor, target string, values ...string) *http.Request {
	w.t.Helper()
	cat, err := content.Catalogue()
	if err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i+1 < len(values); i += 2 {
		r.SetPathValue(values[i], values[i+1])
	}
	return r.WithContext(web.WithVisit(context.Background(), cat, "vi", web.Session{Actor: a, Home: "/dich"}, w.now()))
}

// page runs a handler and returns what it wrote.
func (w *world) page(h web.Handler, req *http.Request) string {
	w.t.Helper()
	rec := httptest.NewRecorder()
	if err := h(rec, req); err != nil {
		w.t.Fatalf("%s: %v", req.URL, err)
	}
	for _, fault := range webtest.Faults(rec.Body.String()) {
		w.t.Errorf("%s: %s", req.URL, fault)
	}
	return rec.Body.String()
}

func wantWords(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, x := range words {
		if !strings.Contains(page, x) {
			t.Errorf("the page does not say %q", x)
		}
	}
}

// The pages of station, province and nation say what they must, in words.
func TestPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.novembers("A97.9", 5, 7, 4, 6, 8)
		w.history("now", "A97.9", w.commune, w.today(), 10)
		for _, p := range []string{"p1", "p2", "p3"} {
			w.person(p, "Nguyễn Thị Hoàng Bảo Ngọc "+p, w.commune)
			w.visit(visit{id: "v" + p, patient: p, icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		}
		director, cdc := w.actor(store.StationDirector), w.actor(store.CDC)
		_, form, err := w.Filled(ctx, director, "c-vp2")
		if err != nil {
			t.Fatal(err)
		}
		report, err := w.Send(ctx, director, "c-vp2", "k", form)
		if err != nil {
			t.Fatal(err)
		}

		w.calm()
		home := w.page(w.homePage, w.request(director, "/dich"))
		wantWords(t, home, "vượt ngưỡng theo Điều 16", "Ngọc p1", "Mở báo cáo", "bàn kín")
		if strings.Contains(home, "/dich/ca-moi/c-vp2") {
			t.Error("the case that was sent still waits")
		}
		wantWords(t, w.page(w.draftPage, w.request(director, "/dich/ca-moi/c-vp1", "cause", "c-vp1")),
			"Lập từ chẩn đoán A97.0", "mục từ hồ sơ", "Còn thiếu: ", "Gửi báo cáo ca bệnh", "Không phải ca bệnh?", "không tự gửi")
		wantWords(t, w.page(w.casePage, w.request(cdc, "/dich/ca/"+report, "report", report)), "Đúng hạn", "Ngọc p2", "Lưu phiên bản mới")
		wantWords(t, w.page(w.casePage, w.request(w.actor(store.Nurse), "/dich/ca/"+report, "report", report)), "Nội dung báo cáo")
		box := w.page(w.boxPart, w.request(director, "/dich/luot-kham/vp1", "encounter", "vp1"))
		wantWords(t, box, "Mở báo cáo", "còn ")
		wantWords(t, w.page(w.boxPart, w.request(director, "/dich/luot-kham/vp2", "encounter", "vp2")), "Nghi ngờ", casePath(report))
		wantWords(t, w.page(w.trace, w.request(director, "/dau-vet/surveillance/vp2", "encounter", "vp2")), "Số mắc tuần 47", "Điều 16")
		wantWords(t, w.page(w.trace, w.request(director, "/dau-vet/surveillance/none", "encounter", "none")), "Không có bệnh phải báo cáo")

		w.clock.Advance(40 * time.Hour)
		cdcPage := w.page(w.homePage, w.request(cdc, "/dich?benh=dengue"))
		wantWords(t, cdcPage, "vượt ngưỡng theo Điều 16", "Chưa gửi", report, "nhiều nhất "+w.commune.Full())
		if strings.Contains(cdcPage, "Ngọc p1") {
			t.Error("the CDC reads the name of a case that was not sent")
		}
		ministry := w.actor(store.Ministry)
		ministry.Unit = vn.Nation
		wantWords(t, w.page(w.homePage, w.request(ministry, "/dich?benh=dengue")), "theo tỉnh, thành", "/dich?don-vi="+province)
		wantWords(t, w.page(w.homePage, w.request(ministry, "/dich?don-vi="+province)), "vượt ngưỡng theo Điều 16")

		at := []string{"commune", w.commune.Code, "disease", "dengue"}
		wantWords(t, w.page(w.statePage, w.request(director, "/dich/xa", at...)), "Công bố có dịch", "trung bình 6,00", "ngưỡng dịch trên 9,16")
		state := w.page(w.statePage, w.request(cdc, "/dich/xa", at...))
		if strings.Contains(state, "/cong-bo") {
			t.Error("the CDC is offered to declare")
		}
		id, err := w.Declare(ctx, director, Notice{Disease: "dengue", Unit: w.commune.ID, On: w.today(), Place: "Thôn Đoài", Advice: "Diệt loăng quăng"}, "d")
		if err != nil {
			t.Fatal(err)
		}
		w.calm()
		wantWords(t, w.page(w.statePage, w.request(director, "/dich/xa", at...)), "đã công bố có dịch", "Công bố hết dịch", "Điều 16 khoản 3")
		wantWords(t, w.page(w.noticePage, w.request(director, "/dich/thong-bao/"+id, "notice", id)), "Thông tin có dịch", "Thôn Đoài", "Mẫu 01")
	})
}

// A unit that is not below the reader's is not found.
func TestPagesStayWithinReach(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		elsewhere, _ := w.units.Get(w.other.Parent)
		rec := httptest.NewRecorder()
		if err := w.homePage(rec, w.request(w.actor(store.CDC), "/dich?don-vi="+elsewhere.Code)); err == nil {
			t.Error("the CDC opened another province")
		}
		if err := w.statePage(rec, w.request(w.actor(store.StationDirector), "/dich/xa", "commune", w.other.Code, "disease", "dengue")); err == nil {
			t.Error("the station opened another commune")
		}
		if err := w.statePage(rec, w.request(w.actor(store.StationDirector), "/dich/xa", "commune", w.commune.Code, "disease", "hiv")); err == nil {
			t.Error("a closed disease has a page")
		}
	})
}

// Every page in both languages, with data and without.
func TestPagesInBothLanguages(t *testing.T) {
	dengue, _ := content.Diseases().ByID("dengue")
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := units.ByCode(province, vn.DateOf(webtest.Now))
	commune := units.Communes(p.ID, vn.DateOf(webtest.Now))[0]
	m := New(nil, units, content.Diseases(), content.OurLaw(), func() time.Time { return webtest.Now })
	draft := Draft{Cause: "c", Disease: "dengue", Code: "A97.0", Words: "Sốt xuất huyết", At: webtest.Now.Add(-50 * time.Hour),
		Due: webtest.Now.Add(-2 * time.Hour), Name: "Nguyễn Thị Hoàng Bảo Ngọc Trâm", Sex: "female", Birth: "1990", Triggers: 2}
	sent := Sent{Case: Case{Report: "r", Disease: "dengue", Class: casereport.Changed, Reported: webtest.Now, Due: webtest.Now.Add(-time.Hour), Day: vn.DateOf(webtest.Now)},
		Answers: Report{"class": "suspect", "name": "Trâm"}, Notes: []fhir.Annotation{{Text: "âm tính", Time: fhir.Instant(webtest.Now)}}}
	b := book{years: 5, on: vn.DateOf(webtest.Now), settings: content.SurveillanceOn(vn.DateOf(webtest.Now)), unheard: before(vn.ZeroDate)}
	states := func(disease string) State {
		s, ok := m.judge(b, illnessIn{disease, commune.ID})
		if !ok {
			t.Fatal(disease)
		}
		return s
	}
	drafts := draftsData{Drafts: []Draft{draft}, Rules: b.settings.Escalation, Now: webtest.Now, Sends: true, Closed: 1}
	form := formData{Draft: &draft, Report: Report{}, Disease: dengue, Choices: []content.Disease{dengue}, Others: content.Diseases().List(b.on), Updates: true,
		Form: &web.Form{}, Refusing: &web.Form{}}
	update, readOnly := form, form
	update.Draft, update.Sent, readOnly.Updates, readOnly.Report = nil, &sent, false, Report{"class": "suspect", "onset": "2026-11-20", "test": "pcr"}
	for name, page := range map[string]struct {
		who store.Role
		of  templ.Component
	}{
		"empty home":    {store.StationDirector, homePage(homeData{Drafts: &draftsData{Now: webtest.Now}})},
		"home":          {store.StationDirector, homePage(homeData{Drafts: &drafts, Figures: true, Unit: commune, Now: webtest.Now, States: []State{states("dengue"), states("cholera"), states("plague")}, Disease: dengue, Curve: &Curve{Year: 2026}, ShowCases: true, Cases: []Case{sent.Case}})},
		"form":          {store.Doctor, formPage(form)},
		"update":        {store.CDC, formPage(update)},
		"read only":     {store.Nurse, formPage(readOnly)},
		"state":         {store.StationDirector, statePage(stateData{State: states("dengue"), Declares: true, Form: &web.Form{}})},
		"group A state": {store.CDC, statePage(stateData{State: states("plague"), Form: &web.Form{}})},
		"box":           {store.Doctor, box(boxData{Drafts: []Draft{draft}, Alone: []Case{sent.Case}, Rules: b.settings.Escalation, Now: webtest.Now, Sends: true})},
		"trace":         {store.Doctor, traces(boxData{Drafts: []Draft{draft}, Alone: []Case{{Class: casereport.Suspect, Day: b.on, Disease: "dengue"}}})},
		"notice 02":     {store.CDC, noticePage(noticeData{Notice: Notice{Form: "02", On: b.on}, Disease: dengue, Unit: commune, Agency: "Trạm y tế"})},
	} {
		t.Run(name, func(t *testing.T) { webtest.Check(t, webtest.As(page.who), page.of) })
	}
}
