// SPDX-License-Identifier: Apache-2.0

package events

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

func (w *world) site() *webtest.Site {
	return webtest.NewSite(w.t, w.clock.Now(), func(mux *web.Mux) { w.Routes(mux) })
}

// villager is a village health worker of the station who is on its list.
func (w *world) villager() store.Actor {
	w.t.Helper()
	a, yes := w.as(store.VillageWorker), true
	w.put(fhir.Practitioner{ID: a.Practitioner, Active: &yes, Name: []fhir.HumanName{{Text: "Lò Thị Mai"}}},
		fhir.PractitionerRole{ID: a.Practitioner, Active: &yes, Practitioner: fhir.Ref("Practitioner", a.Practitioner), Organization: fhir.Ref("Organization", here),
			Code: []fhir.CodeableConcept{fhir.Code(fhir.CSRole, string(store.VillageWorker), "")}})
	return a
}

// What was found and typed is not lost when somebody was quicker: who called sees
// why it was refused and their own words, the station as well as the village.
func TestRefusedCallsAreKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director, worker := t.Context(), w.as(store.StationDirector), w.villager()
		id := w.focus("measles")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		report := w.report("p1", "B05.9", "Thôn Đoài A", "", w.today()-3)
		if err := w.Trace(ctx, director, id, Contact{Case: report, Name: "Người Một", Phone: "0901234567", First: w.today() - 1, Worker: worker.Practitioner}, 10, w.key()); err != nil {
			t.Fatal(err)
		}
		mine, err := w.Followed(ctx, worker)
		if err != nil || len(mine) != 1 {
			t.Fatal(mine, err)
		}
		if err := w.Ask(ctx, director, mine[0].ID, "left", "", 0, w.today(), w.key()); err != nil {
			t.Fatal(err)
		}
		site := w.site()
		for _, c := range []struct {
			who                store.Actor
			path, name, reason string
		}{
			{worker, "/su-kien/thon/hoi/" + mine[0].ID, "Người Một", "Đã thôi theo dõi người này."},
			{worker, "/su-kien/thon/hoi/nguoi-khac", "", "Người này không còn do bạn theo dõi"},
			{director, path(id) + "/tiep-xuc/" + mine[0].ID, "Người Một", "Đã thôi theo dõi người này."},
		} {
			got := site.Post(c.who, c.path, "result", "fever", "temperature", "39", "on", w.today().String(), "words", "Sốt cao, ho nhiều")
			for _, want := range []string{"Sốt cao, ho nhiều", `value="39"`, c.reason, c.name} {
				if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), want) {
					t.Errorf("%s: %d, and not %q", c.path, got.Code, want)
				}
			}
		}
	})
}

// The first day on which a focus may be closed is written as dates are, in the
// language of the reader.
func TestEarlyClosing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.focus("measles")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.report("p1", "B05.9", "Thôn Đoài A", "", w.today())
		from := w.event(id).Over(w.today(), content.FocusRuleOn("measles", w.today()))
		got := w.site().Post(w.as(store.StationDirector), path(id)+"/buoc/closed", "at", w.today().String(), "words", "Hết")
		if want := "đóng được từ " + i18n.Date("vi", from) + "."; !strings.Contains(got.Body.String(), want) {
			t.Errorf("%d, and not %q", got.Code, want)
		}
	})
}

// That a signal was for the closed desk is told to nobody: it was handed on,
// also where the step was written before it was called so.
func TestHandedOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		citizen, director := w.as(store.Person), w.as(store.StationDirector)
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		n := w.news("")
		n.Source, n.Syndrome, n.Words, n.Sick, n.Anew = "citizen", "Sốt kéo dài, sút cân", "Một người ở cuối thôn sút cân nhiều", 1, true
		now, before := w.signal(citizen, n), w.signal(citizen, n)
		w.take(director, now, Draft{Kind: Discarded, Reason: "handed-on"})
		wantRefused(t, w.Take(t.Context(), director, before, dated(Draft{Kind: Discarded, Reason: "closed-desk", Words: "x"}), w.key()), issue.Required, "reason")
		s := Step{ID: newID(), Event: before, Kind: Discarded, At: w.now(), Written: w.now(), Who: director.Name, Reason: "closed-desk", Since: vn.ZeroDate, Figures: unsaid, Tidings: n.Tidings}
		if err := w.write(t.Context(), director, s, "", w.key()); err != nil {
			t.Fatal(err)
		}
		told, err := w.Told(t.Context(), citizen)
		if err != nil || len(told) != 2 || told[0].Reason != "handed-on" || told[1].Reason != "handed-on" {
			t.Errorf("the citizen: %+v, %v", told, err)
		}
		site := w.site()
		said := func(who store.Actor, path string) {
			t.Helper()
			body := site.Get(who, path+"?lang=vi").Body.String()
			if strings.Contains(body, "bàn kín") || strings.Contains(body, "closed-desk") || !strings.Contains(body, "Đã chuyển nơi khác xử lý") {
				t.Errorf("%s is not told at %s that it was handed on, or is told more", who.Role, path)
			}
		}
		for _, id := range []string{now, before} {
			for _, role := range []store.Role{store.VillageWorker, store.Chairman, store.Ministry, store.StationDirector} {
				said(w.as(role), path(id))
			}
		}
		said(citizen, "/su-kien/nguoi-dan")
		w.rebuilt()
	})
}

var tags = regexp.MustCompile(`<[^>]*>`)

// The form of a daily report shows what the report of the day that it offers, or
// that was typed, would hold.
func TestDailyFormCountsItsDay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		director := w.as(store.StationDirector)
		id := w.focus("measles")
		day := w.today()
		w.wait(24 * time.Hour)
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.report("p1", "B05.9", "Thôn Đoài A", "", w.today())
		site := w.site()
		for _, c := range []struct {
			got  *httptest.ResponseRecorder
			on   vn.Date
			want string
		}{
			{site.Get(director, path(id)+"/bao-cao?lang=vi"), day, "0"},
			{site.Get(director, path(id)+"?buoc=daily&lang=vi"), day, "0"},
			{site.Post(director, path(id)+"/buoc/daily", "at", w.today().String()), w.today(), "1"}, // without words
		} {
			_, figures, _ := strings.Cut(c.got.Body.String(), `class="stat stat-row">`)
			figures, _, _ = strings.Cut(figures, "</dl>")
			words := strings.Join(strings.Fields(tags.ReplaceAllString(figures, " ")), " ")
			if want := "Ngày " + i18n.Date("vi", c.on) + " Ca bệnh " + c.want + " "; !strings.HasPrefix(words, want) {
				t.Errorf("%d: %q, want %q", c.got.Code, words, want)
			}
		}
	})
}
