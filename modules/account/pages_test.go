// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"mach/access"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

func TestEmergencyPages(t *testing.T) {
	w := newWorld(t)
	w.account("lan", access.Assignment{Role: store.Doctor}, "")
	w.account("thanh tra", access.Assignment{Role: store.AccessReviewer}, "")
	w.account("hoa", access.Assignment{Role: store.Receptionist}, "")
	b := w.as("lan", "/tram")
	b.page("/tai-khoan", "/tai-khoan/khan-cap")
	b.page("/tai-khoan/khan-cap", `name="number"`)
	if rec := b.post("/tai-khoan/khan-cap/tim", "number", "12", "year", ""); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("half a number: %d", rec.Code)
	}
	if rec := b.post("/tai-khoan/khan-cap/tim", "number", "027085001234", "year", "1984"); !strings.Contains(rec.Body.String(), "Không có ai khớp") {
		t.Errorf("the wrong year: %d", rec.Code)
	}
	rec := b.post("/tai-khoan/khan-cap/tim", "number", "027085001234", "year", "1985")
	w.faultless("/tai-khoan/khan-cap/tim", rec.Body.String())
	_, after, ok := strings.Cut(rec.Body.String(), `name="patient" value="`)
	if !ok {
		t.Fatalf("nobody found: %d\n%s", rec.Code, rec.Body)
	}
	patient, _, _ := strings.Cut(after, `"`)
	w.commit(map[string]any{"resourceType": "AllergyIntolerance", "patient": map[string]any{"reference": "Patient/" + patient}, "code": map[string]any{"text": "Dị ứng penicillin"},
		"clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active")})
	w.commit(map[string]any{"resourceType": "Encounter", "status": "finished", "subject": map[string]any{"reference": "Patient/" + patient},
		"class": map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}, "reasonCode": []any{map[string]any{"text": "Đau ngực trái"}}})
	if rec := b.post("/tai-khoan/khan-cap", "patient", patient, "reason", "gấp"); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("no reason: %d", rec.Code)
	}
	glass := b.goes("/tai-khoan/khan-cap/", "/tai-khoan/khan-cap", "patient", patient, "reason", "Bất tỉnh, cần biết dị ứng")
	if body := b.page(glass, "Ngô Văn An", "Dị ứng penicillin"); strings.Contains(body, "Đau ngực trái") {
		t.Error("the summary shows visits")
	}
	if rec := b.post(glass+"/day-du", "reason", ""); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("all without a reason: %d", rec.Code)
	}
	b.goes(glass, glass+"/day-du", "reason", "Cần xem lần khám tim trước")
	b.page(glass, "Đau ngực trái")
	b.page("/tai-khoan/khan-cap", "còn hiệu lực")

	id := glass[strings.LastIndex(glass, "/")+1:]
	inspector := w.as("thanh tra", "/tai-khoan/ra-soat")
	inspector.page("/tai-khoan/ra-soat", "Bất tỉnh, cần biết dị ứng")
	body := inspector.page("/tai-khoan/ra-soat/"+id, "Cần xem lần khám tim trước", "Dị ứng")
	if strings.Contains(body, "penicillin") || strings.Contains(body, "Ngô Văn An") {
		t.Error("the reviewer reads the record")
	}
	if rec := inspector.post("/tai-khoan/ra-soat/"+id, "verdict", "unjustified"); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("unjustified without a note: %d", rec.Code)
	}
	inspector.goes("/tai-khoan/ra-soat", "/tai-khoan/ra-soat/"+id, "verdict", "justified")
	inspector.page("/tai-khoan/ra-soat", "Không có lần nào đang chờ")
	inspector.page("/tai-khoan/ra-soat/"+id, "Có lý do chính đáng")

	for _, path := range []string{"/tai-khoan/khan-cap", glass, "/tai-khoan/ra-soat", "/tai-khoan/quan-ly"} {
		if rec := w.as("hoa", "/tram").get(path); rec.Code != http.StatusNotFound {
			t.Errorf("a receptionist gets %s: %d", path, rec.Code)
		}
	}
	me := w.account("an", access.Assignment{Role: store.Person, Patient: patient}, "")
	_ = me
	person := w.as("an", "/so")
	person.page("/tai-khoan", "Bất tỉnh, cần biết dị ứng", "Nguyễn Thị lan")
	person.headers["HX-Request"] = "true"
	if part := person.get("/tai-khoan/thong-bao").Body.String(); !strings.Contains(part, "Bất tỉnh") || strings.Contains(part, "<html") {
		t.Errorf("the part of the book: %q", part)
	}
	delete(person.headers, "HX-Request")
	person.page("/tai-khoan/thong-bao", "Bất tỉnh, cần biết dị ứng", "Có lý do chính đáng")
	w.pass(5 * time.Hour)
	w.as("lan", "/tram").page(glass, "Đã hết 4 giờ")
}

func coded(system, code string) map[string]any {
	return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
}

func TestConsentPages(t *testing.T) {
	w := newWorld(t)
	p := w.patient(nil)
	w.account("an", access.Assignment{Role: store.Person, Patient: p}, "")
	b := w.as("an", "/so")
	b.page("/tai-khoan")
	b.page("/tai-khoan/dong-y")
	body := b.page("/tai-khoan/dong-y?tim=Li%C3%AAn", "Trạm y tế xã Liên Bão", `name="purpose"`)
	if strings.Contains(body, "checked") {
		t.Error("a box is ticked beforehand")
	}
	rec := b.post("/tai-khoan/dong-y", "tim", "Liên", "facility", w.station, "until", "01/12/2026")
	if rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("without a purpose: %d", rec.Code)
	}
	w.faultless("/tai-khoan/dong-y", rec.Body.String())
	b.goes("/tai-khoan/dong-y", "/tai-khoan/dong-y", "tim", "Liên", "facility", w.station, "purpose", "treatment", "until", "01/12/2026")
	body = b.page("/tai-khoan/dong-y", "đến hết 01/12/2026")
	_, after, _ := strings.Cut(body, "/tai-khoan/dong-y/")
	id, _, _ := strings.Cut(after, "/rut")
	b.goes("/tai-khoan/dong-y", "/tai-khoan/dong-y/"+id+"/rut")
	b.page("/tai-khoan/dong-y", "đã rút lại")
}

func TestGuardianPages(t *testing.T) {
	w := newWorld(t)
	child := w.patient(map[string]any{"birthDate": "2018-01-10", "managingOrganization": map[string]any{"reference": "Organization/" + w.station}})
	far := w.patient(map[string]any{"birthDate": "2018-01-10"})
	w.account("hoa", access.Assignment{Role: store.Receptionist}, "")
	w.account("me", access.Assignment{Role: store.Person, Patient: w.patient(nil)}, "")
	b := w.as("hoa", "/tram")
	b.page("/tai-khoan/giam-ho", `name="number"`)
	if rec := b.post("/tai-khoan/giam-ho/tim", "number", "1", "year", "2018"); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("half a number: %d", rec.Code)
	}
	rec := b.post("/tai-khoan/giam-ho/tim", "number", "027085001234", "year", "1985")
	if !strings.Contains(rec.Body.String(), "/tai-khoan/giam-ho?nguoi=") {
		t.Errorf("nobody found: %d", rec.Code)
	}
	w.faultless("/tai-khoan/giam-ho/tim", rec.Body.String())
	b.page("/tai-khoan/giam-ho?nguoi="+child, "Ngô Văn An", "10/01/2018", `name="child_agrees"`)
	if rec := b.get("/tai-khoan/giam-ho?nguoi=" + far); rec.Code != http.StatusNotFound {
		t.Errorf("a child of another commune: %d", rec.Code)
	}
	form := []string{"patient", child, "login", "me", "kind", "mother", "proof", "Giấy khai sinh số 1"}
	rec = b.post("/tai-khoan/giam-ho", form...)
	if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "Trẻ từ 7 tuổi") {
		t.Errorf("the child was not asked: %d", rec.Code)
	}
	w.faultless("/tai-khoan/giam-ho", rec.Body.String())
	b.goes("/tai-khoan/giam-ho", "/tai-khoan/giam-ho", append(form, "child_agrees", "1")...)
	body := b.page("/tai-khoan/giam-ho?nguoi="+child, "xem được đến 10/01/2036")
	mother := w.as("me", "/so")
	mother.page("/tai-khoan", "Ngô Văn An", "Người giám hộ")
	mother.page("/tai-khoan/dong-y?tim=Li%C3%AAn", `name="child_agrees"`)
	_, after, _ := strings.Cut(body, `action="/tai-khoan/giam-ho/`)
	id, _, _ := strings.Cut(after, `"`)
	if rec := b.post("/tai-khoan/giam-ho/"+id, "patient", w.patient(map[string]any{"managingOrganization": map[string]any{"reference": "Organization/" + w.station}}), "do", "end"); rec.Code != http.StatusNotFound {
		t.Errorf("ended through another child: %d", rec.Code)
	}
	b.goes("/tai-khoan/giam-ho", "/tai-khoan/giam-ho/"+id, "patient", child, "do", "end")
	b.page("/tai-khoan/giam-ho?nguoi="+child, "đã kết thúc")
}

func TestAccountsPages(t *testing.T) {
	w := newWorld(t)
	w.account("quan tri", access.Assignment{Role: store.Administrator}, "")
	far := w.account("xa", access.Assignment{Role: store.Nurse, Facility: "f", FacilityName: "Nơi khác", Unit: vn.Nation}, "")
	b := w.as("quan tri", "/tai-khoan/quan-ly")
	b.page("/tai-khoan/quan-ly", "Quản trị hệ thống")
	b.page("/tai-khoan/quan-ly?tim=khong")
	b.page("/tai-khoan/quan-ly/moi")
	b.page("/tai-khoan/quan-ly/moi?tim=Li%C3%AAn", "Trạm y tế xã Liên Bão")
	if rec := b.post("/tai-khoan/quan-ly/moi", "tim", "Liên", "facility", w.station, "role", "nurse", "name", "", "login", ""); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("without a name: %d", rec.Code)
	}
	rec := b.post("/tai-khoan/quan-ly/moi", "tim", "Liên", "facility", w.station, "role", "nurse", "name", "Trần Thị Hoa", "login", "hoa")
	if rec.Code != http.StatusOK {
		t.Fatalf("making an account: %d\n%s", rec.Code, rec.Body)
	}
	w.faultless("handed over", rec.Body.String())
	_, after, _ := strings.Cut(rec.Body.String(), "Mật khẩu</dt>")
	_, after, _ = strings.Cut(after, "<code>")
	secret, _, _ := strings.Cut(after, "</code>")
	hoa := w.browser()
	hoa.goes("/tram", "/sign-in", "login", "hoa", "password", secret)
	acc, err := w.access.Accounts.ByLogin(context.Background(), "hoa")
	w.must(err)
	page := "/tai-khoan/quan-ly/" + acc.ID
	b.page(page+"?tim=Li%C3%AAn", "Trần Thị Hoa")
	b.goes(page, page+"/vai", "tim", "Liên", "facility", w.station, "role", "midwife", "until", "31/12/2026")
	b.page(page, "đến 01/01/2027", "Hộ sinh")
	rec = b.post(page + "/dat-lai")
	if rec.Code != http.StatusOK || strings.Contains(rec.Body.String(), secret) {
		t.Errorf("reset: %d", rec.Code)
	}
	if rec := hoa.get("/tai-khoan"); rec.Code != http.StatusSeeOther {
		t.Errorf("reset, but the session goes on: %d", rec.Code)
	}
	roles, err := w.access.Accounts.Assignments(context.Background(), acc.ID)
	w.must(err)
	b.goes(page, page+"/vai/"+roles[0].ID+"/ket-thuc")
	b.goes("/tai-khoan/quan-ly", page+"/dong")
	b.page(page, "Đã đóng")
	for _, path := range []string{"/tai-khoan/quan-ly/" + far.ID, "/tai-khoan/quan-ly/nobody"} {
		if rec := b.get(path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	if rec := b.post("/tai-khoan/quan-ly/" + far.ID + "/dong"); rec.Code != http.StatusForbidden && rec.Code != http.StatusNotFound {
		t.Errorf("closing a stranger's account: %d", rec.Code)
	}
}

// Who works at a sub-site belongs to its station, and has its queue.
func TestWorkAtASubSite(t *testing.T) {
	w := newWorld(t)
	w.account("quan tri", access.Assignment{Role: store.Administrator}, "")
	sub := w.commit(map[string]any{"resourceType": "Organization", "name": "Điểm trạm Liên Bão 1", "active": true,
		"type":    []any{fhir.Code(fhir.CSFacilityType, "substation", "")},
		"partOf":  fhir.Ref("Organization", w.station),
		"address": []any{fhir.Address{Extension: []fhir.Extension{fhir.Unit("09340", "2025-07-01", "")}}}})
	b := w.as("quan tri", "/tai-khoan/quan-ly")
	b.page("/tai-khoan/quan-ly/moi?tim=Li%C3%AAn", "Điểm trạm Liên Bão 1")
	if rec := b.post("/tai-khoan/quan-ly/moi", "tim", "Liên", "facility", sub, "role", "nurse", "name", "Lê Thị Điểm", "login", "diem"); rec.Code != http.StatusOK {
		t.Fatalf("making an account: %d\n%s", rec.Code, rec.Body)
	}
	acc, err := w.access.Accounts.ByLogin(t.Context(), "diem")
	w.must(err)
	roles, err := w.access.Accounts.Assignments(t.Context(), acc.ID)
	w.must(err)
	if len(roles) != 1 || roles[0].Facility != w.station || roles[0].Site != sub || roles[0].FacilityName != "Điểm trạm Liên Bão 1" {
		t.Fatalf("assigned %+v", roles)
	}
	token, err := w.access.Tokens.Issue(t.Context(), store.SystemActor(), access.Grant{Scopes: "user/*.rs", Login: "diem", TTL: time.Hour})
	w.must(err)
	a, err := w.access.Tokens.Bearer(t.Context(), token)
	w.must(err)
	if a.Facility != w.station || a.Site != sub {
		t.Errorf("acts at %s, site %q", a.Facility, a.Site)
	}
}

// An account signs as a practitioner who works where it works, and who has no
// other account.
func TestWhoseNameAnAccountSigns(t *testing.T) {
	w := newWorld(t)
	w.account("quan tri", access.Assignment{Role: store.Administrator}, "")
	elsewhere := w.commit(map[string]any{"resourceType": "Organization", "name": "Trạm khác", "active": true})
	works := func(at string, active bool) string {
		id := w.commit(map[string]any{"resourceType": "Practitioner"})
		w.commit(map[string]any{"resourceType": "PractitionerRole", "active": active, "practitioner": fhir.Ref("Practitioner", id), "organization": fhir.Ref("Organization", at)})
		return id
	}
	here := works(w.station, true)
	b := w.as("quan tri", "/tai-khoan/quan-ly")
	for i, c := range []struct {
		practitioner string
		want         int
	}{{"nobody", 422}, {works(elsewhere, true), 422}, {works(w.station, false), 422}, {"x," + here, 422}, {here, 200}, {here, 422}} {
		rec := b.post("/tai-khoan/quan-ly/moi", "tim", "Liên", "facility", w.station, "role", "nurse", "name", "Lê Thị Điểm", "login", "diem"+string(rune('a'+i)), "practitioner", c.practitioner)
		if rec.Code != c.want {
			t.Errorf("case %d: %d, want %d", i, rec.Code, c.want)
		}
	}
}

func TestDemoLinkSignsIn(t *testing.T) {
	w := newWorld(t)
	w.account("bo", access.Assignment{Role: store.Ministry}, "")
	path, err := w.access.Links.DemoLink(context.Background(), "bo")
	w.must(err)
	b := w.browser()
	if rec := b.get(path); rec.Header().Get("Location") != "/bang" {
		t.Fatalf("%d %q", rec.Code, rec.Header().Get("Location"))
	}
	b.page("/tai-khoan", "Bộ Y tế")
	if rec := w.browser().get(path); rec.Code != http.StatusUnauthorized {
		t.Errorf("twice: %d", rec.Code)
	}
}
