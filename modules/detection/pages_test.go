// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// page runs a handler as the actor, in a language, and returns what it wrote.
func (w *world) page(h web.Handler, lang i18n.Lang, a store.Actor, target string, values ...string) string {
	w.t.Helper()
	cat, err := content.Catalogue()
	if err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i+1 < len(values); i += 2 {
		r.SetPathValue(values[i], values[i+1])
	}
	rec := httptest.NewRecorder()
	if err := h(rec, r.WithContext(web.WithVisit(ctx, cat, lang, web.Session{Actor: a, Home: "/canh-bao"}, w.clock.Now()))); err != nil {
		w.t.Fatalf("%s: %v", target, err)
	}
	for _, fault := range webtest.Faults(rec.Body.String()) {
		w.t.Errorf("%s: %s", target, fault)
	}
	return rec.Body.String()
}

func (w *world) wantWords(page string, words ...string) {
	w.t.Helper()
	for _, x := range words {
		if !strings.Contains(page, x) {
			w.t.Errorf("the page does not say %q", x)
		}
	}
}

// Each page says what it must: with data, empty, silent and with a history too
// short to compare.
func TestPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		director, cdc := w.actor(store.StationDirector), w.actor(store.CDC)
		w.wantWords(w.page(w.inboxPage, "vi", director, "/canh-bao"), "Chưa có đơn vị nào gửi số liệu", "Chưa phân công ai trực hôm nay")
		w.report(report{id: "r1", icd: "B05.9", at: w.commune})
		w.history("h", "A97.0", w.commune, wavy(w.today(), 280, 2))
		w.flow(func() {
			for i := range 40 {
				w.report(report{id: fmt.Sprint("d", i), icd: "A97.0", at: w.commune})
			}
		})
		w.calm()
		week := vn.WeekOf(w.today()).String()
		w.wantWords(w.page(w.inboxPage, "vi", cdc, "/canh-bao"), "Sởi · "+w.commune.Full(), "một ca đã là cảnh báo", "còn 23 giờ", "Xem và trả lời")
		w.wantWords(w.page(w.waitingPart, "en", cdc, "/canh-bao/dang-cho"), "Outbreak alerts waiting for an answer: 2")
		if got := w.page(w.waitingPart, "en", w.actor(store.Receptionist), "/canh-bao/dang-cho"); strings.Contains(got, "alert") {
			t.Errorf("the desk is told %s", got)
		}
		measles := w.page(w.alertPage, "vi", director, "/x", "disease", "measles", "unit", w.commune.Code, "week", week)
		w.wantWords(measles, "Bệnh này phải báo cáo trong 24 giờ", "/su-kien/moi?benh=measles&amp;canh-bao=measles%2F", "Có thật: mở sự kiện", "Sai số liệu", "/dich/xa/"+w.commune.Code+"/measles")
		dengue := w.page(w.alertPage, "en", director, "/x", "disease", "dengue", "unit", w.commune.Code, "week", week)
		w.wantWords(dengue, "by past years about", "about once in", "Farrington flexible", "beside 5 years before")
		if err := w.Answer(ctx, director, "measles/"+w.commune.Code+"/"+week, Explained, "Ca từ nơi khác đến", "k"); err != nil {
			t.Fatal(err)
		}
		answered := w.page(w.alertPage, "vi", director, "/x", "disease", "measles", "unit", w.commune.Code, "week", week)
		w.wantWords(answered, "Đã giải thích được", "Ca từ nơi khác đến")
		if strings.Contains(answered, "Trả lời cảnh báo") {
			t.Error("an answered alert asks for an answer")
		}
		w.wantWords(w.page(w.donePage, "vi", cdc, "/canh-bao/da-tra-loi"), "Sởi · "+w.commune.Full(), "Đã giải thích được")
		w.wantWords(w.page(w.scorePage, "en", cdc, "/canh-bao/bang-diem"), "Scorecard of alerts", "1/")
		w.wantWords(w.page(w.scorePage, "vi", cdc, "/canh-bao/bang-diem?thang="+vn.MonthOf(w.today()).Add(-2).String()), "Tháng này không có cảnh báo nào")
		w.wantWords(w.page(w.dutyPage, "vi", director, "/canh-bao/truc"), "Phân công trực", "Chọn một người")
		if strings.Contains(w.page(w.dutyPage, "vi", w.actor(store.Nurse), "/canh-bao/truc"), "Phân công trực") {
			t.Error("a nurse may write the roster")
		}
		w.clock.Advance(36 * 24 * 3600e9)
		w.wantWords(w.page(w.inboxPage, "vi", cdc, "/canh-bao"), "Nơi im lặng", "quá hạn")
	})
}

// What was not checked is not said to be the same.
func TestNightWords(t *testing.T) {
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	now := vn.Date(20_000).Time()
	ctx := web.WithVisit(ctx, cat, "en", web.Session{}, now)
	for cells, want := range map[int]string{unchecked: "The sums were not checked", 0: "nothing differs", 3: "3 sums were wrong"} {
		if _, got := nightWords(ctx, &Night{At: now, Cells: cells}, now); !strings.Contains(got, want) {
			t.Errorf("%d: %q, want %q", cells, got, want)
		}
	}
}

// The verdict of an alert is computed again on a page, also when the content has
// other settings by then; a rule that counts nothing has none.
func TestReplayPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("h", "A97.0", w.commune, wavy(w.today(), 200, 3))
		for i := range 12 {
			w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune})
		}
		w.calm()
		path := []string{"disease", "dengue", "unit", w.commune.Code, "week", vn.WeekOf(w.today()).String()}
		w.wantWords(w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", path...), "Tính lại")
		for _, lang := range []string{"vi", "en"} {
			page := w.page(w.replayPage, i18n.Lang(lang), w.actor(store.CDC), "/x", path...)
			w.wantWords(page, map[string]string{"vi": "Tính lại ra đúng kết quả lúc kết luận", "en": "it gives exactly what was found"}[lang])
		}
		v, err := w.Verdicts(ctx, w.actor(store.CDC), "dengue", w.commune.ID, w.today()-7)
		if err != nil || len(v) == 0 {
			t.Fatal(v, err)
		}
		v[0].Expected++
		if again, err := w.Replay(ctx, w.actor(store.CDC), v[0]); err != nil || again == v[0] {
			t.Errorf("a verdict that was changed is the same: %+v, %v", again, err)
		}
		v[0].Settings = "another"
		if _, err := w.Replay(ctx, w.actor(store.CDC), v[0]); err == nil {
			t.Error("settings that nobody kept are replayed")
		}
	})
}

// A history too short for the picture of years says so.
func TestShortHistory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.report(report{id: "r1", icd: "B05.9", at: w.commune})
		page := w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", "disease", "measles", "unit", w.commune.Code, "week", vn.WeekOf(w.today()).String())
		w.wantWords(page, "Chưa đủ năm để so sánh", "Theo luật: chưa vượt ngưỡng")
	})
}

// In the first days of a year its line is empty, and the years before are shown;
// without any of these there is no picture.
func TestYearsOfANewYear(t *testing.T) {
	today := vn.Week{Year: 2027, Number: 1}.Start()
	p := alertData{Today: today, Weeks: []Week{{Start: today.AddDays(-14), Count: 4}}}
	out, ok := years(t.Context(), p)
	if !ok || len(out.Series) == 0 || !math.IsNaN(out.Series[0].Values[0]) || out.Band.High[51] != 4 {
		t.Errorf("%v: %+v", ok, out)
	}
	p.Weeks = nil
	if _, ok := years(t.Context(), p); ok {
		t.Error("a picture of nothing")
	}
}
