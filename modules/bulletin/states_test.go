// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// Every view has its states: data; empty, where nobody has reported anything;
// silent, where nothing comes any more from a place that was heard of; too short a
// history. Each says so in words, and none shows a zero that nobody counted.
func TestEveryViewHasItsStates(t *testing.T) {
	views := []struct {
		name, path string
		words      map[string]string // by state; "" = the view has no such state
	}{
		{"curve", pathCurve, map[string]string{
			"empty": "Chưa có báo cáo ca bệnh nào", "data": "nhiều hơn mức thường gặp", "silent": "chưa biết có ca hay không, không phải số 0", "short": "Chưa đủ 3 năm số liệu"}},
		{"channel", pathChannel, map[string]string{
			"empty": "Chưa có báo cáo ca bệnh nào", "data": "trong vùng dịch", "silent": "chưa biết có ca hay không, không phải số 0", "short": "Kênh dịch cần cùng tuần của ít nhất 3 năm"}},
		{"map", pathMap, map[string]string{
			"empty": "Chưa có báo cáo ca bệnh nào", "data": "ca không rõ địa chỉ xã", "silent": "gạch chéo, không phải số 0", "short": "trước đó chưa biết, không phải số 0"}},
		{"completeness", pathComplete, map[string]string{
			"empty": "Chưa có báo cáo ca bệnh nào", "data": "% số nơi có gửi mỗi tuần", "silent": "1 trong 1 xã im lặng", "short": "chưa từng gửi"}},
		{"Rt", pathSpread, map[string]string{
			"empty": "Chưa có báo cáo ca bệnh nào", "data": "Rt = 1", "silent": "Nơi này không còn gửi gì", "short": "Nơi này mới có báo cáo từ"}},
		{"bulletin", pathBulletin, map[string]string{
			"empty": "Chưa có báo cáo ca bệnh nào", "data": "nhiều hơn thường gặp", "silent": "nơi im lặng: ", "short": "chưa đủ năm để so"}},
	}
	states := []string{"empty", "short", "data", "silent"} // in the order that the world gets there
	each(t, func(t *testing.T, w *world) {
		site, cdc := w.site(), w.actor(store.CDC)
		for _, state := range states {
			query := "?benh=dengue"
			switch state {
			case "short": // three weeks of many cases, in the commune alone
				w.history("few", "B08.4", w.commune, 8, w.days(20)...)
				query = "?benh=hand-foot-mouth"
			case "data":
				w.filled()
			case "silent": // the commune saw patients, and then nothing came for five weeks
				w.person("p", "Nguyễn Thị Lan")
				w.put(visit("v", "p", w.today()-7))
				w.clock.Advance(5 * 7 * 24 * time.Hour)
				site = w.site()
			}
			for _, v := range views {
				query := query
				if state == "silent" && v.path != pathMap { // the map shows the commune among its neighbours
					query += "&don-vi=" + w.commune.Code
				}
				want := v.words[state]
				got := site.Get(cdc, v.path+query+"&lang=vi")
				body := html.UnescapeString(got.Body.String())
				if got.Code != 200 || want == "" || !strings.Contains(body, want) {
					t.Errorf("%s, %s: %d, does not say %q", v.name, state, got.Code, want)
				}
				for _, other := range states {
					if words := v.words[other]; state == "empty" && other != "empty" && strings.Contains(body, words) {
						t.Errorf("%s, empty, says %q as when %s", v.name, words, other)
					}
				}
			}
		}
	}, storetest.Guarded(policy(t)))
}

// days are the n days before yesterday.
func (w *world) days(n int) []vn.Date {
	out := make([]vn.Date, n)
	for i := range out {
		out[i] = w.today() - vn.Date(2+i)
	}
	slices.Reverse(out)
	return out
}
