// SPDX-License-Identifier: Apache-2.0

package access

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"mach/issue"
	"mach/store"
)

// The test values of RFC 4226, appendix D, and RFC 6238, appendix B (SHA-1).
func TestCodesOfTheRFCs(t *testing.T) {
	secret := []byte("12345678901234567890")
	for n, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") {
		if got := hotp(secret, int64(n), 6); got != want {
			t.Errorf("HOTP %d = %s, want %s", n, got, want)
		}
	}
	for at, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130"} {
		if got := hotp(secret, stepAt(time.Unix(at, 0)), 8); got != want {
			t.Errorf("TOTP at %d = %s, want %s", at, got, want)
		}
	}
}

func TestCodeIsSpentOnce(t *testing.T) {
	secret := newCodeSecret()
	code := hotp(secret, stepAt(noon), 6)
	step, ok := checkCode(secret, code, noon, 0)
	if !ok {
		t.Fatal("a right code is refused")
	}
	if _, ok := checkCode(secret, code, noon, step); ok {
		t.Error("a code works twice")
	}
	for _, c := range []struct {
		off  time.Duration
		want bool
	}{{codeStep, true}, {-codeStep, true}, {2 * codeStep, false}, {-2 * codeStep, false}} {
		if _, ok := checkCode(secret, code, noon.Add(c.off), 0); ok != c.want {
			t.Errorf("%v away: %v", c.off, ok)
		}
	}
	for _, bad := range []string{"", "12345", "abcdef", code + "0", "000000\x00"} {
		if _, ok := checkCode(secret, bad, noon, 0); ok && bad != code {
			t.Errorf("%q is accepted", bad)
		}
	}
	text, err := CodeAt(base32Secret.EncodeToString(secret), noon)
	if err != nil || text != code {
		t.Errorf("CodeAt = %s %v, want %s", text, err, code)
	}
}

func TestSealBindsTheAccount(t *testing.T) {
	key := bytes.Repeat([]byte{7}, keySize)
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "secret")
		sealed, err := seal(key, "a", secret)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := unseal(key, "a", sealed); err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("opened %x %v, want %x", got, err, secret)
		}
		if _, err := unseal(key, "b", sealed); err == nil {
			t.Fatal("another account opens it")
		}
		if _, err := unseal(bytes.Repeat([]byte{8}, keySize), "a", sealed); err == nil {
			t.Fatal("another key opens it")
		}
	})
}

func TestPasswordHash(t *testing.T) {
	ctx, h := context.Background(), newHasher(2)
	phc, err := h.hash(ctx, realCost, canonical("mật khẩu dài"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("parameters are not stored: %s", phc)
	}
	again, _ := h.hash(ctx, realCost, canonical("mật khẩu dài"))
	if phc == again {
		t.Error("two hashes of one password are equal: no salt")
	}
	for text, want := range map[string]bool{"mật khẩu dài": true, norm.NFD.String("mật khẩu dài"): true, "mat khau dai": false, "": false, "mật khẩu dài ": false} {
		if ok, err := h.verify(ctx, phc, canonical(text)); err != nil || ok != want {
			t.Errorf("%q: %v %v, want %v", text, ok, err, want)
		}
	}
	for _, bad := range []string{"", "$", "$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43), "$argon2i$v=19$m=8,t=1,p=1$$", strings.Replace(phc, "argon2id", "argon2d", 1)} {
		if ok, err := h.verify(ctx, bad, canonical("mật khẩu dài")); ok || err != nil {
			t.Errorf("%q verifies: %v %v", bad, ok, err)
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		c, _, sum, ok := parsePHC(s)
		if ok && (c.memory > 1<<20 || c.passes > 16 || c.threads > 8 || len(sum) != 32) {
			t.Fatalf("unreasonable work accepted: %+v", c)
		}
	})
}

func TestWeakSecrets(t *testing.T) {
	for _, pin := range []string{"", "12345", "1234567", "12345a", "123456", "654321", "000000", "123123", "١٢٣٤٥٦"} {
		if checkPIN(pin) == nil {
			t.Errorf("PIN %q is accepted", pin)
		}
	}
	if err := checkPIN("274915"); err != nil {
		t.Errorf("a good PIN is refused: %v", err)
	}
	for _, p := range []string{"", "short", "aaaaaaaaaaaa", "bacsi.thanh.k1", strings.Repeat("x y", 100)} {
		if checkPassword(p, "bacsi.thanh.k1") == nil {
			t.Errorf("password %q is accepted", p)
		}
	}
	if err := checkPassword("trời xanh mây trắng", "a"); err != nil {
		t.Errorf("a good password is refused: %v", err)
	}
}

func TestScopes(t *testing.T) {
	for text, want := range map[string]string{
		"system/*.cruds": "system/*.cruds", "user/Patient.rs": "user/Patient.rs", "patient/Observation.r": "patient/Observation.r",
		"user/Patient.read": "user/Patient.rs", "user/*.write": "user/*.cud", "system/*.*": "system/*.cruds",
		"user/Patient.sr": "", "user/Patient.": "", "user/Patient": "", "admin/*.r": "", "user/patient.r": "", "user/*.rr": "",
		"patient/Observation.rs?category=laboratory": "patient/Observation.rs?category=laboratory", "patient/Observation.read?category=http://x|a": "patient/Observation.rs?category=http://x|a",
		"user/*.rs?_security=http://x|R": "user/*.rs?_security=http://x|R", "patient/Observation.rs?": "", "patient/Observation.rs?colour=red": "patient/Observation.rs?colour=red", "patient/Observation.rs?_colour=red": "", "patient/Observation.rs?patient.name=Lan": "",
		"patient/Observation.rs?category=laboratory&_count=1": "", "user/Patient.rs?name=" + strings.Repeat("a", 300): "", "/": "", "": "", "user/Pat*.r": "", "launch": "", "openid": "",
	} {
		s, err := ParseScope(text)
		if (err == nil) != (want != "") || err == nil && s.String() != want {
			t.Errorf("%q = %q %v, want %q", text, s, err, want)
		}
	}
	if _, err := ParseScopes("user/*.r system/*.r"); !issue.Is(err, issue.Invalid) {
		t.Errorf("mixed contexts: %v", err)
	}
	if _, err := ParseScopes("  "); !issue.Is(err, issue.Required) {
		t.Errorf("no scopes: %v", err)
	}
}

func made(patient string) store.Labels {
	return store.Labels{Type: "Observation", Patient: patient, Facility: "f1"}
}

// TestScopeQueries: which queries a row must match.
func TestScopeQueries(t *testing.T) {
	p := newPolicy(t)
	for scopes, want := range map[string]string{
		"user/*.rs": "[]", "user/Observation.rs?category=a": "[category=a]",
		"user/Observation.rs?category=a user/Observation.r?category=b": "[category=a category=b]",
		"user/Observation.rs?category=a user/*.rs":                     "[]",
		"user/Observation.rs?category=a user/*.s user/*.c":             "[category=a]",
		"user/Observation.rs?category=a patient/Observation.rs":        "[category=a]", // of another
	} {
		a := store.Actor{Account: "n", Role: store.Nurse, Facility: "f1", Record: "p1", Scopes: strings.Fields(scopes)}
		if d := p.Judge(a, store.ActRead, made("p2"), nil, noon); !d.Allow || fmt.Sprint(d.Only) != want {
			t.Errorf("%s: %v %s %v, want %s", scopes, d.Allow, d.Reason, d.Only, want)
		}
	}
	a := store.Actor{Account: "n", Role: store.Nurse, Facility: "f1", Record: "p1", Scopes: []string{"patient/Observation.rs?category=a", "patient/Organization.r", "user/Patient.rs"}}
	for typ, want := range map[string]string{
		"Observation": "{All:false Patient:p1 Facility: Account: Worker: Units:[] Open:false Only:[category=a]}",
		"Condition":   "{All:false Patient: Facility: Account: Worker: Units:[] Open:false Only:[]}",
	} {
		if got := fmt.Sprintf("%+v", p.Reach(a, store.ActRead, typ)); got != want {
			t.Errorf("reach of %s: %s, want %s", typ, got, want)
		}
	}
	if r := p.Reach(a, store.ActRead, "Patient"); r.Facility != "f1" {
		t.Errorf("a user scope reaches %+v", r)
	}
}

// TestScopeDecides: what a token may do beside what its actor may.
func TestScopeDecides(t *testing.T) {
	p := newPolicy(t)
	own := store.Labels{Type: "Observation", Patient: "p1"}
	other := store.Labels{Type: "Observation", Patient: "p2"}
	person := store.Actor{Account: "t", Role: store.Person, Patient: "p1"}
	system := store.Actor{Account: "t", Role: store.System}
	for _, c := range []struct {
		name  string
		a     store.Actor
		scope string
		act   store.Action
		l     store.Labels
		want  bool
	}{
		{"own record", person, "patient/*.rs", store.ActRead, own, true},
		{"another's", person, "patient/*.rs", store.ActRead, other, false},
		{"other type", person, "patient/Patient.rs", store.ActRead, own, false},
		{"no search right", person, "patient/*.r", store.ActSearch, own, false},
		{"writing is not opened", person, "patient/*.cruds", store.ActCreate, own, false},
		{"system", system, "system/*.cruds", store.ActDelete, own, true},
		{"system, reading only", system, "system/*.rs", store.ActCreate, own, false},
		{"system scopes make no system", person, "system/*.cruds", store.ActRead, other, false},
		{"patient scope narrows the system", system, "patient/*.cruds", store.ActRead, own, false},
		{"two scopes", system, "system/Patient.rs system/Observation.c", store.ActCreate, own, true},
		{"the directory around", person, "patient/*.rs", store.ActRead, store.Labels{Type: "Practitioner"}, true},
		{"another's household", store.Actor{Account: "n", Role: store.Nurse, Facility: "f1", Record: "p1"}, "patient/*.rs", store.ActRead, store.Labels{Type: "Group", Facility: "f1"}, false},
		{"the household for a nurse", store.Actor{Account: "n", Role: store.Nurse, Facility: "f1", Record: "p1"}, "user/*.rs", store.ActRead, store.Labels{Type: "Group", Facility: "f1"}, true},
		{"a nurse's app, the patient at hand", store.Actor{Account: "n", Role: store.Nurse, Facility: "f1", Record: "p1"}, "patient/*.rs", store.ActRead, made("p1"), true},
		{"a nurse's app, another", store.Actor{Account: "n", Role: store.Nurse, Facility: "f1", Record: "p1"}, "patient/*.rs", store.ActRead, made("p2"), false},
		{"a nurse's app, nobody at hand", store.Actor{Account: "n", Role: store.Nurse, Facility: "f1"}, "patient/*.rs", store.ActRead, made("p2"), false},
		{"beside a user scope", store.Actor{Account: "n", Role: store.Nurse, Facility: "f1", Record: "p1"}, "patient/*.rs user/Observation.r", store.ActRead, made("p2"), true},
		{"a service of its own", store.Actor{Account: clientAccount + "1", Role: store.Nurse, Facility: "f1"}, "system/*.rs", store.ActRead, made("p2"), true},
		{"a service does what its role may", store.Actor{Account: clientAccount + "1", Role: store.Nurse, Facility: "f1"}, "system/*.rs", store.ActRead, other, false},
		{"system scopes are no person's", store.Actor{Account: "n", Role: store.Nurse, Facility: "f1"}, "system/*.rs", store.ActRead, made("p2"), false},
		{"counts need everything", system, "system/Patient.rs", store.ActFigures, store.Labels{Unit: 2}, false},
	} {
		c.a.Scopes = strings.Fields(c.scope)
		if d := p.Judge(c.a, c.act, c.l, nil, noon); d.Allow != c.want {
			t.Errorf("%s: %v %s", c.name, d.Allow, d.Reason)
		}
	}
}

func TestLimiter(t *testing.T) {
	now := noon
	l := newLimiter(func() time.Time { return now })
	a, b, dev := place("10.0.0.1", ""), place("10.0.0.2", ""), place("10.0.0.1", "device")
	for i := range freeTries + 1 {
		if w := l.wait("lan", a); w > 0 {
			t.Fatalf("try %d waits %v", i, w)
		}
	}
	if l.wait("lan", a) == 0 {
		t.Fatal("the fifth try does not wait")
	}
	if l.wait("lan", b) > 0 || l.wait("lan", dev) > 0 || l.wait("mai", a) > 0 {
		t.Error("a guesser slows the owner elsewhere, a known device, or somebody else")
	}
	waits := time.Duration(0)
	for range 20 {
		w := l.wait("lan", a)
		waits = max(waits, w)
		now = now.Add(w + time.Millisecond)
	}
	if waits > longestWait {
		t.Errorf("waits %v: nobody may be locked out longer than %v", waits, longestWait)
	}
	now = now.Add(forgetAfter + time.Second)
	if l.wait("lan", a) > 0 {
		t.Error("silence is not forgotten")
	}
}

// TestSprayingIsSlowed: one address trying many logins is stopped, and a known
// device behind the same address is not.
func TestSprayingIsSlowed(t *testing.T) {
	l := newLimiter(func() time.Time { return noon })
	a := place("2001:db8::1", "")
	if a != place("2001:db8::ffff", "") {
		t.Fatal("addresses of one /64 are two places")
	}
	tries := 0
	for ; tries < 1000; tries++ {
		if l.wait(strings.Repeat("x", tries+1), a) > 0 {
			break
		}
	}
	if tries != addressTries {
		t.Errorf("%d logins were tried from one address", tries)
	}
	if l.wait("lan", place("2001:db8::1", "device")) > 0 {
		t.Error("a known device is stopped")
	}
}

func TestLoginsAreShort(t *testing.T) {
	for login, want := range map[string]string{" Bác sĩ Lan ": "bac si lan", strings.Repeat("ạ", 5000): strings.Repeat("a", 100), strings.Repeat("x", 1<<20): strings.Repeat("x", 100)} {
		if got := loginKey(login); got != want {
			t.Errorf("%.20q is kept as %q (%d)", login, got, len(got))
		}
	}
}

func TestLimiterIsBounded(t *testing.T) {
	now := noon
	l := newLimiter(func() time.Time { return now })
	for i := range 2 * limiterSize {
		now = now.Add(time.Millisecond)
		l.wait("lan", place("", string(rune(i))+"x"))
	}
	if len(l.m) > limiterSize+2 {
		t.Errorf("%d entries are kept", len(l.m))
	}
}
