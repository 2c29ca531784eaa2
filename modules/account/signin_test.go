// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/access"
	"mach/store"
)

// TestContractSignIn is POST /sign-in as scripts use it.
func TestContractSignIn(t *testing.T) {
	w := newWorld(t)
	w.account("lan", access.Assignment{Role: store.Doctor}, "")
	w.account("cdc", access.Assignment{Role: store.CDC}, "")
	b := w.browser()
	b.page("/sign-in", "name=\"login\"", "name=\"password\"", "name=\"totp\"")
	rec := b.post("/sign-in", "login", "lan", "password", "sai hoàn toàn", "totp", "")
	if rec.Code != http.StatusUnprocessableEntity || strings.Contains(rec.Body.String(), "sai hoàn toàn") || !strings.Contains(rec.Body.String(), `value="lan"`) {
		t.Errorf("a wrong password: %d; the login must stay, the password must not\n%s", rec.Code, rec.Body)
	}
	w.faultless("/sign-in", rec.Body.String())
	if b.cookies["mach_session"] != "" {
		t.Error("a cookie for a wrong password")
	}
	w.as("lan", "/tram")
	w.as("cdc", "/dich")
	b = w.browser()
	rec = b.post("/sign-in", "login", "lan", "password", password, "next", "/tram/luot-kham/1")
	if to := rec.Header().Get("Location"); to != "/tram/luot-kham/1" {
		t.Errorf("back to %q", to)
	}
	for _, c := range rec.Result().Cookies() {
		if strings.HasPrefix(c.Name, "mach_session") && (!c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure) {
			t.Errorf("cookie on plain HTTP: %+v", c)
		}
	}
	for _, evil := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"} {
		b := w.browser()
		if to := b.post("/sign-in", "login", "lan", "password", password, "next", evil).Header().Get("Location"); to != "/tram" {
			t.Errorf("next=%s leads to %q", evil, to)
		}
	}
}

// TestCrossSite: no other site signs anybody in, out, or breaks a glass.
func TestCrossSite(t *testing.T) {
	w := newWorld(t)
	w.account("lan", access.Assignment{Role: store.Doctor}, "")
	b := w.as("lan", "/tram")
	for _, h := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}} {
		b.headers = h
		for _, path := range []string{"/sign-in", "/sign-out", "/khoa", "/tai-khoan/mat-khau", "/tai-khoan/khan-cap", "/tai-khoan/phien"} {
			if rec := b.post(path, "login", "lan", "password", password, "patient", "p", "reason", "một lý do đủ dài"); rec.Code != http.StatusForbidden {
				t.Errorf("%v POST %s: %d", h, path, rec.Code)
			}
		}
	}
	b.headers = nil
	b.page("/tai-khoan", "lan")
}

func TestForgedCookieIsNobody(t *testing.T) {
	w := newWorld(t)
	for _, v := range []string{"x", strings.Repeat("A", 43), "' or 1=1"} {
		b := w.browser()
		b.cookies["mach_session"] = v
		if rec := b.get("/tai-khoan"); rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/sign-in") {
			t.Errorf("%q: %d %q", v, rec.Code, rec.Header().Get("Location"))
		}
	}
	b := w.browser()
	b.headers["Authorization"] = "Bearer forged"
	if rec := b.get("/tai-khoan"); rec.Code != http.StatusUnauthorized {
		t.Errorf("a forged token: %d", rec.Code)
	}
}

func TestSharedComputer(t *testing.T) {
	w := newWorld(t)
	w.account("lan", access.Assignment{Role: store.Doctor}, "274915")
	mai := w.account("mai", access.Assignment{Role: store.Nurse}, "830264")
	b := w.as("lan", "/tram")
	b.goes("/tram", "/sign-in", "login", "mai", "password", password)
	b.page("/doi-nguoi", "Nguyễn Thị lan", "Nguyễn Thị mai")
	b.goes("/khoa", "/khoa", "next", "/tai-khoan")
	if rec := b.get("/tai-khoan"); !strings.HasPrefix(rec.Header().Get("Location"), "/khoa") {
		t.Errorf("locked, but %d", rec.Code)
	}
	b.page("/khoa?next=/tai-khoan", "Nguyễn Thị mai")
	rec := b.post("/khoa/mo", "pin", "111000", "next", "/tai-khoan")
	if rec.Code != http.StatusUnprocessableEntity || strings.Contains(rec.Body.String(), "111000") {
		t.Errorf("a wrong PIN: %d", rec.Code)
	}
	w.faultless("/khoa", rec.Body.String())
	b.goes("/tai-khoan", "/khoa/mo", "pin", "830264", "next", "/tai-khoan")
	b.page("/tai-khoan", "Nguyễn Thị mai")
	w.pass(access.LockAfter + time.Second)
	if rec := b.get("/tai-khoan"); !strings.HasPrefix(rec.Header().Get("Location"), "/khoa") {
		t.Errorf("five idle minutes, but %d", rec.Code)
	}
	lan, err := w.access.Accounts.ByLogin(context.Background(), "lan")
	w.must(err)
	b.page("/doi-nguoi?ai="+lan.ID, `name="pin"`)
	rec = b.post("/doi-nguoi", "account", lan.ID, "pin", "000111")
	if rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong PIN: %d", rec.Code)
	}
	w.faultless("/doi-nguoi", rec.Body.String())
	b.goes("/tram", "/doi-nguoi", "account", lan.ID, "pin", "274915")
	b.page("/tai-khoan", "Nguyễn Thị lan")
	b.goes("/doi-nguoi", "/doi-nguoi/quen", "account", mai.ID)
	if body := b.page("/doi-nguoi"); strings.Contains(body, "Nguyễn Thị mai") {
		t.Error("still on the list")
	}
	b.goes("/sign-in", "/sign-out")
	if rec := b.get("/tai-khoan"); rec.Code != http.StatusSeeOther {
		t.Errorf("signed out, but %d", rec.Code)
	}
}

func TestOwnAccount(t *testing.T) {
	w := newWorld(t)
	acc := w.account("lan", access.Assignment{Role: store.Doctor}, "")
	_, err := w.access.Accounts.Assign(context.Background(), system, access.Assignment{Account: acc.ID, Role: store.StationDirector, Facility: w.station, FacilityName: "Trạm y tế xã Liên Bão", Unit: w.commune})
	w.must(err)
	b, other := w.as("lan", "/tram"), w.as("lan", "/tram")
	roles, err := w.access.Accounts.Assignments(context.Background(), acc.ID)
	w.must(err)
	b.goes("/tram", "/tai-khoan/vai", "role", roles[0].ID)
	b.page("/tai-khoan", "Bác sĩ, y sĩ · Trạm y tế xã Liên Bão", "Giám đốc trạm y tế")
	b.goes("/tai-khoan", "/tai-khoan/ngon-ngu", "lang", "en")
	for _, path := range []string{"/tai-khoan/mat-khau", "/tai-khoan/ma-pin", "/tai-khoan/ma-mot-lan"} {
		b.page(path)
	}
	rec := b.post("/tai-khoan/ma-pin", "password", password, "pin", "123456")
	if rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("PIN 123456: %d", rec.Code)
	}
	w.faultless("/tai-khoan/ma-pin", rec.Body.String())
	b.goes("/tai-khoan", "/tai-khoan/ma-pin", "password", password, "pin", "274915")
	rec = b.post("/tai-khoan/mat-khau", "old", password, "password", "một câu dài mới", "again", "một câu khác")
	if rec.Code != http.StatusUnprocessableEntity || strings.Contains(rec.Body.String(), "một câu dài mới") {
		t.Errorf("two that differ: %d", rec.Code)
	}
	b.goes("/tai-khoan", "/tai-khoan/mat-khau", "old", password, "password", "một câu dài mới", "again", "một câu dài mới")
	if rec := other.get("/tai-khoan"); rec.Code != http.StatusSeeOther {
		t.Errorf("another session outlives the password: %d", rec.Code)
	}
	secret := "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	rec = b.post("/tai-khoan/ma-mot-lan", "password", "một câu dài mới", "secret", secret, "totp", "000000")
	if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), secret) {
		t.Errorf("a wrong code: %d; the secret must stay", rec.Code)
	}
	w.faultless("/tai-khoan/ma-mot-lan", rec.Body.String())
	code, err := access.CodeAt(secret, w.clock())
	w.must(err)
	b.goes("/tai-khoan", "/tai-khoan/ma-mot-lan", "password", "một câu dài mới", "secret", secret, "totp", code)
	if rec := w.browser().post("/sign-in", "login", "lan", "password", "một câu dài mới"); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("codes are set up, but signed in without: %d", rec.Code)
	}
}

// Who types on an open page is not locked out; who has gone is, and no page
// opens the lock by telling so. What was searched for stays out of the address.
func TestTypingKeepsTheSessionOpen(t *testing.T) {
	w := newWorld(t)
	w.account("lan", access.Assignment{Role: store.Doctor}, "")
	b := w.as("lan", "/tram")
	for range 3 {
		w.pass(4 * time.Minute)
		if rec := b.post("/khoa/dang-dung"); rec.Code != http.StatusNoContent {
			t.Fatalf("typing: %d", rec.Code)
		}
	}
	b.page("/tai-khoan")
	w.pass(6 * time.Minute)
	b.post("/khoa/dang-dung")
	if rec := b.get("/tai-khoan"); rec.Header().Get("Location") != "/khoa?next=%2Ftai-khoan" {
		t.Errorf("gone for six minutes: %d %q", rec.Code, rec.Header().Get("Location"))
	}
	b.goes("/khoa?next=%2Ftram", "/khoa", "next", "/tram?q=Ngo+Van+An&tu=Ly")
}

// From a health book to work the secret is asked: such a session never locks.
func TestFromBookToWork(t *testing.T) {
	w := newWorld(t)
	acc := w.account("lan", access.Assignment{Role: store.Doctor}, "")
	me, err := w.access.Accounts.Assign(context.Background(), system, access.Assignment{Account: acc.ID, Role: store.Person, Patient: w.patient(nil), FacilityName: "Ngô Văn An"})
	w.must(err)
	b := w.as("lan", "/so")
	roles, err := w.access.Accounts.Assignments(context.Background(), acc.ID)
	w.must(err)
	work := roles[slices.IndexFunc(roles, func(s access.Assignment) bool { return s.ID != me.ID })].ID
	for _, secret := range []string{"", "không phải"} {
		rec := b.post("/tai-khoan/vai", "role", work, "pin", secret)
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), work) {
			t.Errorf("to work with %q: %d", secret, rec.Code)
		}
		w.faultless("/tai-khoan/vai", rec.Body.String())
	}
	b.goes("/tram", "/tai-khoan/vai", "role", work, "pin", password)
}
