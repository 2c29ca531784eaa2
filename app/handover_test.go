// SPDX-License-Identifier: Apache-2.0

package app

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/store"
)

// TestCaseGoesToAnotherProvince: a hospital reports somebody who lives in
// another province. Its CDC hands the case to the CDC there, that one to the
// station of residence, each acknowledges, and what becomes of the case is told
// to the hospital. Nobody sees it before it was handed to them.
func TestCaseGoesToAnotherProvince(t *testing.T) {
	eachWorld(t, func(w *world) {
		home := w.commune(farProvince, 0)
		w.put(fhir.Organization{ID: "tram-xa", Name: "Cơ sở tram-xa", Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")}, Address: []fhir.Address{{Extension: unitExtension(home)}}})
		w.enter("bac-si-xa", store.Doctor, "tram-xa", home.ID, "")
		w.settle()
		hospital, near, far, doctor := w.users["bao-cao"], w.users["cdc"], w.users["cdc-xa"], w.users["bac-si-xa"]
		page := func(u *user, path string) string {
			w.settle()
			return html.UnescapeString(w.get(u, path).Body.String())
		}
		today := time.Now().Format(time.DateOnly)
		got := w.post(hospital, "/dich/bao-ca", url.Values{"name": {"Phạm Văn Xa"}, "number": {"001190123456"}, "birth": {"1990"}, "sex": {"male"}, "phone": {"0912345678"},
			"commune": {home.Code}, "disease": {"measles"}, "class": {"suspect"}, "diagnosed": {today}, "onset": {today}})
		report, ok := strings.CutPrefix(got.Header().Get("Location"), "/dich/ca/")
		if !ok {
			w.Fatalf("the hospital's report: %d %s", got.Code, got.Body)
		}
		at := "/dich/ca/" + report
		unseen := func(who string, u *user) {
			w.Helper()
			if got := w.get(u, at); got.Code != http.StatusNotFound || strings.Contains(page(u, "/dich/viec"), "Phạm Văn Xa") {
				w.Errorf("%s sees the case before it was handed on: %d", who, got.Code)
			}
		}
		step := func(who string, u *user, path string, form url.Values) {
			w.Helper()
			w.settle()
			if got := w.post(u, path, form); got.Code != http.StatusSeeOther {
				w.Fatalf("%s: %s %d\n%s", who, path, got.Code, got.Body)
			}
		}
		task := func(who string, u *user) string {
			w.Helper()
			found := regexp.MustCompile(`/dich/giao/([^"]+)"`).FindStringSubmatch(page(u, "/dich/viec"))
			if found == nil {
				w.Fatalf("%s was handed nothing", who)
			}
			return "/dich/giao/" + found[1]
		}
		unseen("the other CDC", far)
		unseen("the station", doctor)
		if !strings.Contains(page(near, "/dich/viec"), "Phạm Văn Xa") {
			w.Error("the hospital's CDC is not asked to hand it on")
		}
		step("the hospital's CDC hands on", near, at+"/giao", url.Values{})
		unseen("the station", doctor)
		step("the other CDC acknowledges", far, task("the other CDC", far), url.Values{})
		step("and hands on", far, at+"/giao", url.Values{})
		step("the station acknowledges", doctor, task("the station", doctor), url.Values{})
		if got := w.get(doctor, at); got.Code != http.StatusOK || !strings.Contains(page(doctor, at), "Phạm Văn Xa") {
			w.Errorf("the station cannot read what it was handed: %d", got.Code)
		}
		for who, u := range map[string]*user{"the hospital's CDC": near, "the other CDC": far} {
			if !strings.Contains(page(u, at), "Cán bộ "+map[*user]string{near: "cdc-xa", far: "bac-si-xa"}[u]) {
				w.Errorf("%s does not see who acknowledged", who)
			}
		}
		step("the other CDC refutes", far, at, url.Values{"version": {versionOn(page(far, at))}, "refute": {"1"}, "reason": {"Rubella, IgM sởi âm tính"}})
		if news := page(hospital, "/dich/viec"); !strings.Contains(news, "Phạm Văn Xa") || !strings.Contains(news, "Rubella, IgM sởi âm tính") {
			w.Error("the hospital is not told what became of its report")
		}
	})
}
