// SPDX-License-Identifier: Apache-2.0

package station

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/web/webtest"
)

const longName = "Nguyễn Thị Hoàng Bảo Ngọc Trâm"

// real runs the test under the real policies.
func real(t *testing.T, test func(t *testing.T, m *Module)) {
	t.Helper()
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	each(t, test, storetest.Guarded(policy))
}

// here is somebody of the role at the station, which stands in its commune.
func here(t *testing.T, m *Module, role store.Role) store.Actor {
	a := storetest.Actor(role, station)
	a.Unit = m.units.Communes(province(t, m.units), m.today())[0].ID
	a.FacilityName = "Trạm Y tế xã Liên Bão"
	return a
}

func resident(t *testing.T, m *Module, n int, name, birth, number string) fhir.Patient {
	p := person(n, name, birth, number)
	u := m.units.Communes(province(t, m.units), m.today())[0]
	p.Address = []fhir.Address{{Use: "home", Text: "Thôn Hoài Thượng, " + u.Full(), Extension: []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Full())}}}
	return p
}

// stranger lives in another commune and belongs to another station.
func stranger(t *testing.T, m *Module) fhir.Patient {
	p := person(9, "Trần Văn Lạ", "1975-02-03", "001075000009")
	u := m.units.Communes(province(t, m.units), m.today())[5]
	p.ManagingOrganization = fhir.Ref("Organization", "tram-xa")
	p.Telecom = []fhir.ContactPoint{{System: "phone", Value: "+84912345678"}}
	p.Address = []fhir.Address{{Use: "home", Text: "Số 1 ngõ Kín", Extension: []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Full())}}}
	return p
}

func TestWhoIsOnlyRecognisedShowsNoMore(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		put(t, m, fhir.Organization{ID: "tram-xa", Name: "Trạm xa"}, stranger(t, m), resident(t, m, 1, longName, "1990-05-04", "027090001234"))
		found, err := m.Identify(t.Context(), here(t, m, store.Receptionist), "001075000009", 1975)
		if err != nil || len(found) != 1 {
			t.Fatalf("%+v, %v", found, err)
		}
		p := found[0]
		u, _ := m.units.Get(p.Unit)
		if !p.Stranger || p.Birth != "1975" || p.Phone != "" || p.Insurance != "" || p.Address != u.Full() || p.Name != "Trần Văn Lạ" {
			t.Errorf("of a stranger it tells %+v", p)
		}
		found, err = m.Identify(t.Context(), here(t, m, store.Receptionist), "027090001234", 1990)
		if err != nil || len(found) != 1 || found[0].Stranger || found[0].Birth != "1990-05-04" {
			t.Errorf("of a resident it tells %+v, %v", found, err)
		}
	})
}

func TestPages(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		site := webtest.NewSite(t, clock, m.Routes)
		reception, nurse, doctor, pharmacist := here(t, m, store.Receptionist), here(t, m, store.Nurse), here(t, m, store.Doctor), here(t, m, store.Pharmacist)
		for _, who := range []store.Actor{reception, nurse, doctor, pharmacist} {
			site.Page(who, "/tram")
		}
		put(t, m, fhir.Organization{ID: "tram-xa", Name: "Trạm xa"}, stranger(t, m),
			resident(t, m, 1, longName, "1990-05-04", "027090001234"), resident(t, m, 2, "Đỗ Bé", "2026-11-01", ""), resident(t, m, 3, "Cụ Già", "1931", ""))
		site.Page(reception, "/tram/tiep-don", "Tìm")
		site.Page(reception, "/tram/tiep-don?q=hoang+tram", longName)
		site.Page(reception, "/tram/tiep-don?q=khongco", "khongco")
		site.Page(reception, "/tram/tiep-don?q=001075000009")
		if page := site.Page(reception, "/tram/tiep-don?q=001075000009&year=1975", "Trần Văn Lạ"); strings.Contains(page, "ngõ Kín") || strings.Contains(page, "03/02/1975") || strings.Contains(page, `href="/tram/nguoi/p9"`) {
			t.Error("reception learns more of a stranger than who it is")
		}
		site.Page(reception, "/tram/nguoi/moi?name="+strings.ReplaceAll(longName, " ", "+"), longName)
		site.Page(reception, "/tram/nguoi/p1", longName)
		site.Page(nurse, "/tram/nguoi/p3", "Cụ Già")

		// Reception gives a number and goes back to the list.
		if w := site.Post(reception, "/tram/nguoi/p1/so"); w.Header().Get("Location") != "/tram" {
			t.Fatalf("a number: %d %s", w.Code, w.Header().Get("Location"))
		}
		w := site.Post(nurse, "/tram/nguoi/p9/so")
		if w.Code != http.StatusSeeOther {
			t.Fatalf("a stranger arrives: %d", w.Code)
		}
		site.Page(nurse, w.Header().Get("Location"), "Trần Văn Lạ")
		rows, err := m.Today(t.Context(), nurse, m.today())
		if err != nil || len(rows) != 2 {
			t.Fatalf("today: %+v, %v", rows, err)
		}
		id := rows[0].Encounter
		path := "/tram/luot-kham/" + id
		for _, who := range []store.Actor{reception, nurse, doctor, pharmacist} {
			site.Page(who, "/tram", longName)
			site.Page(who, "/tram/hang-doi", longName)
		}
		site.Page(nurse, path, longName)
		site.Page(doctor, path, longName)

		// Forms keep what was typed and say what is wrong.
		refused := func(who store.Actor, path string, want string, pairs ...string) {
			t.Helper()
			w := site.Post(who, path, pairs...)
			if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s answers %d, and does not say %q", path, w.Code, want)
			}
			for _, fault := range webtest.Faults(w.Body.String()) {
				t.Errorf("%s refused: %s", path, fault)
			}
		}
		refused(nurse, path+"/do", `value="118"`, "systolic", "118")
		refused(nurse, path+"/do", `value="99"`, "temperature", "99")
		refused(doctor, path+"/kham", "bệnh lạ lùng", "diagnosis1", "bệnh lạ lùng", "reason", "Sốt", "version", "1")
		refused(reception, "/tram/nguoi", "Xã Cũ", "name", "", "number", "12", "address", "Xã Cũ, huyện Tiên Du", "birth", "99/99/9999")
		refused(reception, "/tram/the", "khong phai the", "card", "khong phai the")
		for card, want := range map[string]string{
			"027090001234|123456789|" + longName + "|04051990|Nữ|Thôn 1, Liên Bão, Tiên Du, Bắc Ninh|01012021": "/tram/nguoi/p1",
			"001075000777||Trần Văn Mới|03021975|Nam|Xã Liên Bão, huyện Tiên Du, tỉnh Bắc Ninh|01012021":       `value="Trần Văn Mới"`,
		} {
			w := site.Post(reception, "/tram/the", "card", card)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
				t.Errorf("the card %q answers %d and does not say %q", card, w.Code, want)
			}
			for _, fault := range webtest.Faults(w.Body.String()) {
				t.Errorf("the card %q: %s", card, fault)
			}
		}
		site.Page(nurse, "/tram/chan-doan?diagnosis1=sot+xuat", "A97.0")
		site.Page(doctor, "/tram/chan-doan?q=", "")

		if w := site.Post(nurse, path+"/do", "temperature", "39,2", "systolic", "118", "diastolic", "76"); w.Code != http.StatusSeeOther {
			t.Fatalf("measuring answers %d", w.Code)
		}
		site.Page(nurse, path, "39,2")
		v, err := m.Visit(t.Context(), doctor, id)
		if err != nil {
			t.Fatal(err)
		}
		if w := site.Post(doctor, path+"/kham", "version", strconv.FormatInt(v.Version, 10), "reason", "Sốt cao ngày thứ 3", "diagnosis1", "A97.0 Sốt xuất huyết Dengue",
			"diagnosis2", "thieu mau", "medicine1", "Paracetamol 500 mg", "dose1", "uống 1 viên", "advice", "Uống nhiều nước", "follow_up", "23/11/2026"); w.Code == http.StatusSeeOther {
			site.Page(doctor, path, "A97.0")
		} else if v, err = m.Visit(t.Context(), doctor, id); err == nil { // the words name several diagnoses
			w = site.Post(doctor, path+"/kham", "version", strconv.FormatInt(v.Version, 10), "reason", "Sốt cao ngày thứ 3", "diagnosis1", "A97.0", "medicine1", "Paracetamol 500 mg", "follow_up", "23/11/2026")
			if w.Code != http.StatusSeeOther {
				t.Fatalf("signing answers %d", w.Code)
			}
		}
		site.Page(doctor, path, "Sốt xuất huyết Dengue", "39,2", "Paracetamol 500 mg", "23/11/2026")
		site.Page(nurse, path)
		site.Page(doctor, path+"/sua", "A97.0")
		refused(doctor, path+"/sua", "J10.1", "condition", "x", "diagnosis", "J10.1", "reason", "")
		for _, who := range []store.Actor{nurse, doctor} {
			site.Page(who, path+"/dong", longName)
			site.Page(who, "/dau-vet/station/"+id, "A1")
		}
		for _, who := range []store.Actor{reception, nurse, doctor} {
			site.Page(who, "/tram", longName)
		}
		site.Page(doctor, "/tram/so-a1", longName)
		site.Page(doctor, "/tram/so-a1?ngay=2020-01-01")
		site.Page(doctor, "/tram/nguoi/p1", longName)

		// Others do not get in.
		away := storetest.Actor(store.Doctor, "tram-xa")
		away.Unit = m.units.Communes(province(t, m.units), m.today())[7].ID
		for _, p := range []string{path, "/tram/nguoi/p1", path + "/dong"} {
			if w := site.Get(away, p); w.Code != http.StatusNotFound {
				t.Errorf("%s for another station: %d", p, w.Code)
			}
		}
		if rows, err := m.Today(t.Context(), away, m.today()); err != nil || len(rows) != 0 {
			t.Errorf("another station's day: %+v, %v", rows, err)
		}
		if rows, err := m.Today(t.Context(), doctor, m.today()+1); err != nil || len(rows) != 1 || rows[0].Patient != "p9" {
			t.Errorf("the day after, when only the stranger's visit is unsigned: %+v, %v", rows, err)
		}
	})
}
