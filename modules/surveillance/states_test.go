// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"html"
	"strings"
	"testing"
	"time"

	"mach/outbreak"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// The pages of a province, of a commune and of a disease in it have their states:
// empty, where nobody has reported anything; too short a history; data; silent,
// where nothing comes any more. Each says so in words.
func TestEveryViewHasItsStates(t *testing.T) {
	states := []string{"empty", "short", "data", "silent"} // in the order that the world gets there
	each(t, func(t *testing.T, w *world) {
		begun, fallen := vn.ZeroDate, false // when the commune was first heard of; whether nothing comes any more
		w.Hear(func(_ context.Context, _ store.Actor, _ vn.UnitID, _ []vn.UnitID, _ [][2]vn.Date, on vn.Date) (func(vn.UnitID, vn.Date, vn.Date) bool, error) {
			return func(u vn.UnitID, from, to vn.Date) bool {
				return u == w.commune.ID && (!begun.Known() || to < begun || fallen && from > on.AddDays(-7*6))
			}, nil
		})
		cdc, director := w.actor(store.CDC), w.actor(store.StationDirector)
		views := []struct {
			name, path string
			who        store.Actor
			words      map[string]string // by state
		}{
			{"province", "/dich?benh=dengue", cdc, map[string]string{
				"empty": "Chưa có báo cáo ca bệnh nào", "short": "chưa đủ số liệu để tính theo Điều 16", "data": "> 9,2", "silent": " xã không có tin gì trong 4 tuần: gạch chéo, không phải số 0"}},
			{"commune", "/dich?benh=dengue", director, map[string]string{
				"empty": "Chưa có báo cáo ca bệnh nào", "short": "chưa đủ năm để so", "data": "trên mức trung bình + 2 độ lệch chuẩn", "silent": "chưa biết có ca hay không, không phải số 0"}},
			{"disease", "/dich/xa/" + w.commune.Code + "/dengue", director, map[string]string{
				"empty": "Chưa có báo cáo ca bệnh nào", "short": "nên không kết luận", "data": "trên mức trung bình + 2 độ lệch chuẩn", "silent": "im lặng: chưa biết"}},
		}
		for _, state := range states {
			switch state {
			case "short":
				begun = w.today() - 7
				w.history("few", "A97.9", w.commune, w.today()-1, 3)
			case "data":
				begun = w.today().AddDays(-366 * 6)
				w.novembers("A97.9", 5, 7, 4, 6, 8)
				w.history("now", "A97.9", w.commune, w.today(), 9)
			case "silent":
				w.clock.Advance(10 * 7 * 24 * time.Hour)
				fallen = true
			}
			w.calm()
			if list, err := w.States(ctx, director, w.commune.ID, []vn.UnitID{w.commune.ID}, "dengue", w.today()); state == "silent" && (err != nil || !list[0].MonthSilent || list[0].End.State == outbreak.StateBelow) {
				t.Errorf("an epidemic may be ended because nothing is heard: %+v, %v", list, err)
			}
			site := webtest.NewSite(w.t, w.now(), func(mux *web.Mux) { w.Routes(mux) })
			for _, v := range views {
				sep := "?"
				if strings.Contains(v.path, sep) {
					sep = "&"
				}
				got := site.Get(v.who, v.path+sep+"lang=vi")
				body := html.UnescapeString(got.Body.String())
				if got.Code != 200 || !strings.Contains(body, v.words[state]) {
					t.Errorf("%s, %s: %d, does not say %q", v.name, state, got.Code, v.words[state])
				}
				if empty := v.words["empty"]; state != "empty" && strings.Contains(body, empty) {
					t.Errorf("%s, %s, says %q", v.name, state, empty)
				}
			}
		}
	})
}

// Cases that are known to belong to the province and to no commune of it are counted
// beside the map, not lost from it.
func TestMapCountsUnknownAddresses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		site := webtest.NewSite(w.t, w.now(), func(mux *web.Mux) { w.Routes(mux) })
		ask := func() string {
			return html.UnescapeString(site.Get(w.actor(store.CDC), "/dich?benh=dengue&lang=vi").Body.String())
		}
		home, _ := w.units.ByCode(province, w.today())
		w.history("somewhere", "A97.9", home, w.today()-1, 2)
		if body := ask(); !strings.Contains(body, "2 ca trong 4 tuần, chưa rõ ở xã nào") || !strings.Contains(body, "2 ca chưa rõ xã") {
			t.Error("two cases of no commune are not counted")
		}
		w.history("here", "A97.9", w.commune, w.today()-1, 3)
		if body := ask(); !strings.Contains(body, "5 ca trong 4 tuần, nhiều nhất") || !strings.Contains(body, "2 ca chưa rõ xã") {
			t.Error("with three of a commune they are not counted")
		}
	})
}

// The form of a case without a visit begins with the disease and the commune of
// who leads to it, never with a labelled disease.
func TestToldBeginsWithWhatLedHere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		site := webtest.NewSite(w.t, w.now(), func(mux *web.Mux) { w.Routes(mux) })
		doctor := w.actor(store.Doctor)
		body := html.UnescapeString(site.Get(doctor, "/dich/bao-ca?benh=measles&xa="+w.commune.Code).Body.String())
		if !strings.Contains(body, `value="measles" selected`) || !strings.Contains(body, `value="`+w.commune.Full()+`"`) {
			t.Error("the form does not begin with the disease and the commune")
		}
		if body := html.UnescapeString(site.Get(doctor, "/dich/bao-ca?xa="+province).Body.String()); strings.Contains(body, `value="Tỉnh Bắc Ninh"`) {
			t.Error("a province is taken as a commune")
		}
		if body := site.Get(doctor, "/dich/bao-ca?benh=syphilis").Body.String(); strings.Contains(body, `value="syphilis"`) {
			t.Error("a labelled disease is offered")
		}
	})
}
