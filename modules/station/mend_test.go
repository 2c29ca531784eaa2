// SPDX-License-Identifier: Apache-2.0

package station

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"mach/fhir"
	"mach/store"
	"mach/vn"
	"mach/web/webtest"
)

// A form that was refused is mended on the page that says what is wrong.
func TestMendedFormsAreTaken(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		put(t, m, resident(t, m, 1, longName, "1990-05-04", "027090001234"))
		site := webtest.NewSite(t, clock, m.Routes)
		mend := func(what string, who store.Actor, page, action string, wrong, right []string) {
			t.Helper()
			w := site.Send(who, page, action, wrong...)
			if w.Code != http.StatusUnprocessableEntity {
				t.Fatalf("%s with a mistake answers %d", what, w.Code)
			}
			if w = site.Send(who, w.Body.String(), action, right...); w.Code != http.StatusSeeOther {
				t.Errorf("%s mended answers %d: %s", what, w.Code, w.Body.String())
			}
		}
		reception, doctor := here(t, m, store.Receptionist), here(t, m, store.Doctor)
		mend("a number that is taken", reception, site.Page(reception, "/tram/nguoi/moi"), "/tram/nguoi",
			[]string{"name", "Lê Văn Mới", "sex", "male", "birth", "1990", "number", "027090001234", "commune", commune(t, m)},
			[]string{"number", "027090001235", "sex", "male", "commune", commune(t, m)})

		id, err := m.Arrive(t.Context(), doctor, "p1", "a")
		ok(t, err)
		path := "/tram/luot-kham/" + id
		mend("signing", doctor, site.Page(doctor, path), path+"/kham", []string{"diagnosis1", "A97.0"}, []string{"reason", "Sốt cao"})
		v := visit(t, m, id)
		if !v.Signed() || v.Version != 2 || len(v.Diagnoses) != 1 {
			t.Errorf("not signed in one commit: %+v", v)
		}
		mend("a correction", doctor, site.Page(doctor, path+"/sua"), path+"/sua",
			[]string{"condition", v.Conditions[0], "diagnosis", "bệnh lạ", "reason", "NS1 âm tính"}, []string{"condition", v.Conditions[0], "diagnosis", "J10.1"})
	})
}

func commune(t *testing.T, m *Module) string {
	return strconv.Itoa(int(m.units.Communes(province(t, m.units), m.today())[0].ID))
}

// A number may disagree with sex and with birth: reception is told of both.
func TestAllWarningsOfANumberAreShown(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		reception := here(t, m, store.Receptionist)
		site := webtest.NewSite(t, clock, m.Routes)
		w := site.Send(reception, site.Page(reception, "/tram/nguoi/moi"), "/tram/nguoi",
			"name", "Lê Văn Mới", "sex", "male", "birth", "1985", "number", "027190001235", "commune", commune(t, m))
		cookies := w.Result().Cookies()
		var said []byte
		for _, c := range cookies {
			if b, err := base64.RawURLEncoding.DecodeString(c.Value); err == nil && strings.Contains(string(b), "personal_id.") {
				said = b
			}
		}
		want := vn.PersonalID("027190001235").Warnings(vn.Male, vn.PartialDate{Year: 1985})
		if len(want) < 2 {
			t.Fatalf("the number gives %v", want)
		}
		for _, warning := range want {
			if !strings.Contains(string(said), warning.Key) {
				t.Errorf("not said: %s, only %s", warning.Key, said)
			}
		}
	})
}

// Who treats is warned of what holds, not of what was refuted or is over.
func TestTheBannerWarns(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		put(t, m, resident(t, m, 1, longName, "1990-05-04", ""))
		allergy := func(words, clinical, verification string) map[string]any {
			code := func(system, c string) map[string]any {
				return map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-" + system, "code": c}}}
			}
			return map[string]any{"resourceType": "AllergyIntolerance", "id": "a-" + clinical + "-" + verification, "patient": map[string]any{"reference": "Patient/p1"}, "code": map[string]any{"text": words},
				"clinicalStatus": code("clinical", clinical), "verificationStatus": code("verification", verification)}
		}
		put(t, m, allergy("Dị ứng penicillin", "active", "confirmed"), allergy("Dị ứng tôm", "active", "refuted"), allergy("Dị ứng sữa", "resolved", "confirmed"))
		doctor := here(t, m, store.Doctor)
		id, err := m.Arrive(t.Context(), doctor, "p1", "a")
		ok(t, err)
		page := webtest.NewSite(t, clock, m.Routes).Page(doctor, "/tram/luot-kham/"+id, "Dị ứng penicillin")
		if strings.Contains(page, "Dị ứng tôm") || strings.Contains(page, "Dị ứng sữa") {
			t.Error("it warns of what is no danger")
		}
	})
}

// The register keeps the visits of who died or was merged; nobody finds them.
func TestVisitsOfInactivePeopleStay(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		p, doctor, none := resident(t, m, 1, longName, "1990-05-04", "027090001234"), here(t, m, store.Doctor), false
		put(t, m, p)
		id, err := m.Arrive(t.Context(), doctor, "p1", "a")
		ok(t, err)
		ok(t, m.Sign(t.Context(), doctor, id, 1, "s", exam))
		p.Active = &none
		put(t, m, p)
		lines, err := m.A1(t.Context(), doctor, m.today())
		if err != nil || len(lines) != 1 || lines[0].Name != longName {
			t.Errorf("register A1: %+v, %v", lines, err)
		}
		found, err := m.Find(t.Context(), doctor, "tram", 10)
		known, err2 := m.Identify(t.Context(), doctor, "027090001234", 1990)
		if err != nil || err2 != nil || len(found)+len(known) != 0 {
			t.Errorf("found: %v %v, %v %v", found, known, err, err2)
		}
	})
}

// What contradicts itself is refused with the field and the rule; what a form
// of three lines cannot hold is not lost.
func TestExamination(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		put(t, m, resident(t, m, 1, longName, "1990-05-04", ""))
		doctor := here(t, m, store.Doctor)
		id, err := m.Arrive(t.Context(), doctor, "p1", "a")
		ok(t, err)
		site, path := webtest.NewSite(t, clock, m.Routes), "/tram/luot-kham/"+id
		for _, c := range []struct{ action, field, value, says string }{
			{"/kham", "diagnosis1", "J02.9 Sốt xuất huyết Dengue", "Mã và chữ không khớp"},
			{"/kham", "diagnosis1", "J02.9 Viêm họng do lạnh", ""},
			{"/kham", "diagnosis1", "A97.0 sốt xuất huyết dengue ngày 4", ""},
			{"/do", "systolic", "76", "phải lớn hơn"},
			{"/do", "systolic", "118", ""},
		} {
			w := site.Send(doctor, site.Page(doctor, path), path+c.action, "reason", "Sốt", "act", "save", c.field, c.value, "diastolic", "76")
			if want := map[bool]int{true: http.StatusSeeOther, false: http.StatusUnprocessableEntity}[c.says == ""]; w.Code != want || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%q answers %d, want %d and %q", c.value, w.Code, want, c.says)
			}
		}
		many := exam
		for i := range 5 {
			many.Medicines = append(many.Medicines, Medicine{"Thuốc " + strconv.Itoa(i), "sáng 1 viên"})
		}
		ok(t, m.Examine(t.Context(), doctor, id, versionOf(t, m, doctor, id), "e", many))
		page := site.Page(doctor, path, `name="medicine7"`)
		if w := site.Send(doctor, page, path+"/kham", "act", "save", "medicine7", "Oresol"); w.Code != http.StatusSeeOther {
			t.Fatalf("saving answers %d", w.Code)
		}
		if v := visit(t, m, id); len(v.Medicines) != 7 {
			t.Errorf("%d medicines are left of 7: %+v", len(v.Medicines), v.Medicines)
		}
	})
}

// A private clinic has one pair of hands: who writes there signs and corrects.
func TestPrivateClinicSignsAndCorrects(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		ctx, clinic := t.Context(), here(t, m, store.PrivateClinic)
		clinic.Facility = "phong-kham"
		put(t, m, fhir.Organization{ID: clinic.Facility, Name: "Phòng khám tư", Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "clinic", "")}})
		p := resident(t, m, 1, longName, "1990-05-04", "027090001234")
		p.ManagingOrganization = fhir.Ref("Organization", clinic.Facility)
		put(t, m, p)
		id, err := m.Arrive(ctx, clinic, "p1", "a")
		ok(t, err)
		ok(t, m.Sign(ctx, clinic, id, versionOf(t, m, clinic, id), "s", exam))
		v, err := m.Visit(ctx, clinic, id)
		ok(t, err)
		ok(t, m.Correct(ctx, clinic, id, v.Conditions[0], "c", Diagnosis{"J10.1", "Cúm"}, "NS1 âm tính"))
		if v, err = m.Visit(ctx, clinic, id); err != nil || !v.Signed() || v.Diagnoses[0].Code != "J10.1" {
			t.Errorf("the clinic's visit: %+v, %v", v, err)
		}
	})
}

// A diagnosis that was closed for a while tells nothing of it afterwards.
func TestTwiceCorrectedDiagnosisKeepsTheClosedTimeToItself(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		doctor := here(t, m, store.Doctor)
		put(t, m, resident(t, m, 1, longName, "1990-05-04", ""))
		id, err := m.Arrive(t.Context(), doctor, "p1", "a")
		ok(t, err)
		ok(t, m.Sign(t.Context(), doctor, id, 1, "s", exam))
		condition := visit(t, m, id).Conditions[0]
		for i, d := range []struct{ code, words, why string }{
			{"A97.9", "Sốt xuất huyết", "không có dấu hiệu cảnh báo"}, {"B20.4", "Bệnh HIV", "khẳng định dương tính"}, {"J02.9", "Viêm họng", "nhầm phiếu"},
		} {
			ok(t, m.Correct(t.Context(), doctor, id, condition, strconv.Itoa(i), Diagnosis{d.code, d.words}, d.why))
		}
		doc, err := m.store.For(doctor).Read(t.Context(), "Condition", condition)
		ok(t, err)
		text := string(doc.Bytes())
		for _, word := range []string{"HIV", "khẳng định", "nhầm phiếu"} {
			if strings.Contains(text, word) {
				t.Errorf("the open diagnosis says %q: %s", word, text)
			}
		}
		if !strings.Contains(text, "cảnh báo") || !strings.Contains(text, "→ Viêm họng") {
			t.Errorf("the open notes are gone: %s", text)
		}
	})
}

// An unsigned visit stays on the list after midnight, until it is signed or the
// person is known to have left.
func TestUnsignedVisitsStayOnTheList(t *testing.T) {
	real(t, func(t *testing.T, m *Module) {
		reception, doctor := here(t, m, store.Receptionist), here(t, m, store.Doctor)
		put(t, m, resident(t, m, 1, longName, "1990-05-04", ""), resident(t, m, 2, "Đỗ Bé", "2026-11-01", ""), resident(t, m, 3, "Cụ Già", "1931", ""))
		ids := map[string]string{}
		for _, p := range []string{"p1", "p2", "p3"} {
			id, err := m.Arrive(t.Context(), reception, p, "a"+p)
			ok(t, err)
			ids[p] = id
		}
		ok(t, m.Sign(t.Context(), doctor, ids["p3"], 1, "s", exam))
		site := webtest.NewSite(t, clock, m.Routes)
		if w := site.Post(reception, "/tram/luot-kham/"+ids["p3"]+"/ve"); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("who was seen leaves unseen: %d", w.Code)
		}
		next := webtest.NewSite(t, clock.AddDate(0, 0, 1), m.Routes)
		next.Page(reception, "/tram", longName, "21/11/2026", "Đỗ Bé")
		if w := next.Post(reception, "/tram/luot-kham/"+ids["p2"]+"/ve"); w.Code != http.StatusSeeOther {
			t.Fatalf("leaving answers %d: %s", w.Code, w.Body.String())
		}
		next.Page(doctor, "/tram/luot-kham/"+ids["p2"], "Đã đóng")
		rows, err := m.Today(t.Context(), doctor, m.today()+1)
		if err != nil || len(rows) != 1 || rows[0].Patient != "p1" {
			t.Errorf("the day after: %+v, %v", rows, err)
		}
		task, err := m.ticket(t.Context(), doctor, ids["p2"])
		if err != nil || task.Get("status").String() != "cancelled" {
			t.Errorf("the ticket of who left: %v, %v", task.Get("status"), err)
		}
	})
}
