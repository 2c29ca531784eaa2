// SPDX-License-Identifier: Apache-2.0

package access

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/content"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// world is access on a real store with a clock of its own.
type world struct {
	*Access
	t   *testing.T
	s   *store.Store
	mu  sync.Mutex
	now time.Time
}

var system = store.Actor{Account: "system", Name: "Mạch", Role: store.System, Purpose: store.Operations}

// each runs the test on every database.
func each(t *testing.T, test func(w *world)) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		w := &world{t: t, now: noon}
		policy := newPolicy(t)
		w.s = storetest.Open(t, p, storetest.Guarded(policy), storetest.Configure(func(c *store.Config) { c.Now = w.clock }))
		holidays, err := content.Holidays()
		if err != nil {
			t.Fatal(err)
		}
		w.Access, err = Open(context.Background(), w.s, Config{Key: bytes.Repeat([]byte{1}, keySize), Now: w.clock,
			Calendar: vn.NewCalendar(holidays), Policy: policy, Demo: true, Fetch: http.DefaultClient})
		if err != nil {
			t.Fatal(err)
		}
		test(w)
	})
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

const password = "mưa rơi trên mái lá"

// person adds an account with one role.
func (w *world) account(login string, role store.Role, n NewAccount) (Account, string) {
	w.t.Helper()
	n.Login, n.Name, n.Password = login, "Nguyễn "+login, password
	n.Code = w.Accounts.NeedsCode(role)
	acc, secret, err := w.Accounts.Add(context.Background(), system, n)
	w.must(err)
	s := Assignment{Account: acc.ID, Role: role, Facility: "t1", FacilityName: "Trạm 1", Unit: 21, Patient: n.Patient}
	_, err = w.Accounts.Assign(context.Background(), system, s)
	w.must(err)
	return acc, secret
}

func (w *world) attempt(login, pass, secret string, from Origin) Attempt {
	a := Attempt{Login: login, Password: pass, From: from}
	if secret != "" {
		a.Code, _ = CodeAt(secret, w.clock())
	}
	return a
}

// request is a request by hand that carries an opened session.
func request(o Opened) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: o.secret})
	if o.device != "" {
		r.AddCookie(&http.Cookie{Name: deviceCookie, Value: o.device})
	}
	return r
}

func (w *world) resolve(r *http.Request) Session {
	w.t.Helper()
	s, err := w.Sessions.Resolve(r)
	w.must(err)
	return s
}

// audited returns "action allowed reason" of the audit rows of an account,
// waiting for them to be numbered.
func (w *world) audited(account string, want string) bool {
	w.t.Helper()
	var lines []string
	for range 100 {
		lines = nil
		w.must(w.s.Seal(context.Background())) // on SQLite it waits beside the data until somebody looks
		err := w.Accounts.db.Rows(context.Background(), `select action, allowed, reason from audit where account = ? order by seq`, []any{account},
			func(scan func(...any) error) error {
				var action, reason string
				var allowed int
				err := scan(&action, &allowed, &reason)
				lines = append(lines, strings.Join([]string{action, map[int]string{0: "no", 1: "yes"}[allowed], reason}, " "))
				return err
			})
		w.must(err)
		if slices.Contains(lines, want) {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Errorf("audit of %q lacks %q: %q", account, want, lines)
	return false
}

func TestSignIn(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("Bác sĩ Lan", store.Doctor, NewAccount{Practitioner: "pr1", Lang: i18n.Vietnamese})
		o, err := w.Sessions.SignIn(ctx, w.attempt("bac si lan", password, "", Origin{Address: "10.0.0.1", Agent: "test"}))
		w.must(err)
		s := w.resolve(request(o))
		if s.Actor.Account != acc.ID || s.Actor.Role != store.Doctor || s.Actor.Facility != "t1" || s.Actor.Unit != 21 ||
			s.Actor.Practitioner != "pr1" || s.Actor.Purpose != store.Treatment || s.Actor.Session != s.ID || s.Home != "/tram" || !s.Shared || s.Locked {
			t := w.t
			t.Errorf("session: %+v", s)
		}
		w.audited(acc.ID, "sign-in yes password")
		w.must(w.Sessions.SignOut(ctx, s))
		if s := w.resolve(request(o)); s.ID != "" {
			w.t.Errorf("signed out, but still %+v", s)
		}
		w.audited(acc.ID, "sign-out yes session")
	})
}

func TestPrivilegedRolesNeedCodes(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, secret := w.account("bo y te", store.Ministry, NewAccount{})
		o, err := w.Sessions.SignIn(ctx, w.attempt("bo y te", password, secret, Origin{Address: "a"}))
		w.must(err)
		if o.How != "password+totp" || o.Home != "/bang" {
			w.t.Errorf("opened %+v", o.Session)
		}
		if _, err := w.Sessions.SignIn(ctx, w.attempt("bo y te", password, secret, Origin{Address: "b"})); !issue.Is(err, issue.Login) {
			w.t.Errorf("a code works twice: %v", err)
		}
		// A privileged role of an account without codes stays shut; its other
		// role opens.
		nurse, _ := w.account("hoa", store.Nurse, NewAccount{})
		_, err = w.Accounts.Assign(ctx, system, Assignment{Account: nurse.ID, Role: store.CDC, Facility: "c", Unit: 2, From: w.clock().Add(time.Microsecond)})
		w.must(err)
		w.pass(time.Second)
		o, err = w.Sessions.SignIn(ctx, w.attempt("hoa", password, "", Origin{Address: "c"}))
		w.must(err)
		if o.Actor.Role != store.Nurse {
			w.t.Errorf("without a code: %s", o.Actor.Role)
		}
		roles, err := w.Sessions.Roles(ctx, o.Session)
		w.must(err)
		if len(roles) != 1 {
			w.t.Errorf("may change to %v", roles)
		}
		if _, err := w.Sessions.ChangeRole(ctx, o.Session, acc.ID, "", Origin{}); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("changing to a stranger's role: %v", err)
		}
	})
}

// TestCodeRace: one code opens one of many simultaneous sign-ins.
func TestCodeRace(t *testing.T) {
	each(t, func(w *world) {
		_, secret := w.account("cdc", store.CDC, NewAccount{})
		a := w.attempt("cdc", password, secret, Origin{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		opened := 0
		for i := range 4 {
			wg.Go(func() {
				a := a
				a.From.Address = "10.9.0." + string(rune('1'+i))
				if _, err := w.Sessions.SignIn(context.Background(), a); err == nil {
					mu.Lock()
					opened++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if opened != 1 {
			w.t.Errorf("%d sessions were opened with one code", opened)
		}
	})
}

// TestSessionFixation: what the browser had before is worth nothing after, and
// cannot be chosen from outside.
func TestSessionFixation(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		w.account("lan", store.Doctor, NewAccount{})
		first, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a", Session: "planted", Device: "planted"}))
		w.must(err)
		if first.secret == "planted" || first.device == "planted" || first.device == "" {
			w.t.Error("a planted cookie was taken over")
		}
		second, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a", Session: first.secret, Device: first.device}))
		w.must(err)
		if second.secret == first.secret || second.ID == first.ID {
			w.t.Error("the secret did not change")
		}
		if s := w.resolve(request(first)); s.ID != "" {
			w.t.Error("the session before is still open")
		}
		if second.device != "" {
			w.t.Error("a known device was given a new cookie")
		}
	})
}

func TestForgedCookies(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Doctor, NewAccount{})
		o, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a"}))
		w.must(err)
		for _, v := range []string{"", "x", o.ID, acc.ID, hashSecret(o.secret), o.secret + "A", o.secret[1:], strings.Repeat("A", 43), "' or 1=1 --", strings.Repeat("x", 5000)} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", sessionCookie+"="+v)
			if s := w.resolve(r); s.ID != "" || s.Actor.Account != "" {
				w.t.Errorf("cookie %.20q opens %+v", v, s)
			}
		}
	})
}

func TestLockAndUnlock(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Doctor, NewAccount{PIN: "274915"})
		o, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a"}))
		w.must(err)
		from := Origin{Address: "a", Device: o.device}
		for range 4 { // four minutes apart, by hand: never locks
			w.pass(4 * time.Minute)
			if w.resolve(request(o)).Locked {
				w.t.Fatal("locked while in use")
			}
		}
		for range 4 { // background requests do not keep it open
			w.pass(2 * time.Minute)
			r := request(o)
			r.Header.Set("HX-Request", "true")
			w.resolve(r)
		}
		s := w.resolve(request(o))
		if !s.Locked {
			w.t.Fatal("not locked after eight idle minutes")
		}
		if w.pass(time.Second); !w.resolve(request(o)).Locked {
			w.t.Fatal("looking at the lock opened it")
		}
		if err := w.Sessions.Unlock(ctx, s, "111222", from); !issue.Is(err, issue.Login) {
			w.t.Errorf("a wrong PIN: %v", err)
		}
		w.must(w.Sessions.Unlock(ctx, s, "274915", from))
		if w.resolve(request(o)).Locked {
			w.t.Error("still locked")
		}
		w.must(w.Sessions.Lock(ctx, s))
		if !w.resolve(request(o)).Locked {
			w.t.Error("locking by hand does nothing")
		}
		w.must(w.Sessions.Unlock(ctx, s, password, from))
		w.audited(acc.ID, "unlock no wrong")
		w.audited(acc.ID, "unlock yes unlock")
		w.pass(staffAbsolute)
		if s := w.resolve(request(o)); s.ID != "" {
			w.t.Error("outlives the working day")
		}
	})
}

// TestPersonStaysSignedIn: a phone is not a shared computer.
func TestPersonStaysSignedIn(t *testing.T) {
	each(t, func(w *world) {
		w.account("079", store.Person, NewAccount{Patient: "p1"})
		o, err := w.Sessions.SignIn(context.Background(), w.attempt("079", password, "", Origin{Address: "a"}))
		w.must(err)
		w.pass(20 * time.Hour)
		s := w.resolve(request(o))
		if s.Locked || s.Shared || s.Actor.Patient != "p1" || s.Actor.Purpose != store.OwnRequest || s.Actor.Practitioner != "" {
			w.t.Errorf("%+v", s)
		}
		w.pass(25 * time.Hour)
		if s := w.resolve(request(o)); s.ID != "" {
			w.t.Error("open after a day without use")
		}
	})
}

func TestSwitchByPIN(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		lan, _ := w.account("lan", store.Doctor, NewAccount{PIN: "274915"})
		mai, _ := w.account("mai", store.Nurse, NewAccount{PIN: "830264"})
		strange, _ := w.account("xa", store.Nurse, NewAccount{PIN: "830264"})
		first, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a"}))
		w.must(err)
		device := first.device
		second, err := w.Sessions.SignIn(ctx, w.attempt("mai", password, "", Origin{Address: "a", Device: device, Session: first.secret}))
		w.must(err)
		recent, err := w.Sessions.Recents(ctx, device)
		w.must(err)
		if len(recent) != 2 || !recent[0].PIN || recent[0].Place != "Trạm 1" {
			w.t.Fatalf("recent: %+v", recent)
		}
		from := Origin{Address: "a", Device: device, Session: second.secret}
		start := time.Now()
		third, err := w.Sessions.Switch(ctx, lan.ID, "274915", from)
		w.must(err)
		if took := time.Since(start); took > time.Second {
			w.t.Errorf("switching took %v of 3 s", took)
		}
		if w.resolve(request(second)).ID != "" || w.resolve(request(third)).Actor.Account != lan.ID {
			w.t.Error("the one before is still there, or the new one is not")
		}
		w.audited(lan.ID, "switch-user yes pin")
		if _, err := w.Sessions.Switch(ctx, strange.ID, "830264", from); !issue.Is(err, issue.Expired) {
			w.t.Errorf("who never signed in here comes in by PIN: %v", err)
		}
		if _, err := w.Sessions.Switch(ctx, mai.ID, "830264", Origin{Device: "forged"}); !issue.Is(err, issue.Expired) {
			w.t.Errorf("a forged device: %v", err)
		}
		for i := range pinTries {
			_, err := w.Sessions.Switch(ctx, mai.ID, "999000", from)
			if want := map[bool]issue.Code{true: issue.Login, false: issue.Expired}[i < pinTries-1]; !issue.Is(err, want) {
				w.t.Errorf("try %d: %v", i+1, err)
			}
		}
		if _, err := w.Sessions.Switch(ctx, mai.ID, "830264", from); !issue.Is(err, issue.Expired) {
			w.t.Errorf("the right PIN after five wrong ones: %v", err)
		}
		// Here only: the password opens, and with it the PIN works again.
		again, err := w.Sessions.SignIn(ctx, w.attempt("mai", password, "", from))
		w.must(err)
		_, err = w.Sessions.Switch(ctx, mai.ID, "830264", Origin{Address: "a", Device: device, Session: again.secret})
		w.must(err)
		w.pass(pinWindow)
		if _, err := w.Sessions.Switch(ctx, mai.ID, "830264", from); !issue.Is(err, issue.Expired) {
			w.t.Errorf("a week later: %v", err)
		}
	})
}

// TestGuessersDoNotLockOut: while somebody guesses from elsewhere, the owner
// signs in.
func TestGuessersDoNotLockOut(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		w.account("lan", store.Doctor, NewAccount{})
		home, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "10.0.0.1"}))
		w.must(err)
		stopped := false
		for range 12 {
			_, err := w.Sessions.SignIn(ctx, w.attempt("lan", "sai rồi sai rồi", "", Origin{Address: "10.0.0.9"}))
			if issue.Is(err, issue.Throttled) {
				stopped = true
			}
		}
		if !stopped {
			w.t.Error("guessing is never slowed")
		}
		_, err = w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "10.0.0.7"}))
		w.must(err)
		// Even at the same address, on the own device.
		_, err = w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "10.0.0.9", Device: home.device}))
		w.must(err)
		if _, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "10.0.0.9"})); !issue.Is(err, issue.Throttled) {
			w.t.Errorf("the guesser's address: %v", err)
		}
	})
}

func TestEndingWorkEndsSessions(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		acc, _ := w.account("lan", store.Doctor, NewAccount{})
		token, err := w.Tokens.Issue(ctx, system, Grant{Scopes: "user/*.rs", Login: "lan", TTL: time.Hour})
		w.must(err)
		o, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a"}))
		w.must(err)
		list, err := w.Sessions.List(ctx, o.Actor)
		w.must(err)
		if len(list) != 1 || list[0].ID != o.ID || list[0].Address != "a" {
			w.t.Errorf("listed: %+v", list)
		}
		w.must(w.Accounts.EndAssignment(ctx, system, o.Assignment.ID))
		if w.resolve(request(o)).ID != "" {
			w.t.Error("the role ended, the session did not")
		}
		if _, err := w.Tokens.Bearer(ctx, token); !issue.Is(err, issue.Login) {
			w.t.Errorf("the role ended, its token did not: %v", err)
		}
		if _, err := w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "b"})); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("signing in without a role: %v", err)
		}
		w.audited(acc.ID, "sign-in no access.sign_in.no_role")
	})
}

func TestRevokeOneSession(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		w.account("lan", store.Doctor, NewAccount{})
		w.account("mai", store.Nurse, NewAccount{})
		var o [3]Opened
		for i := range o {
			var err error
			o[i], err = w.Sessions.SignIn(ctx, w.attempt("lan", password, "", Origin{Address: "a"}))
			w.must(err)
		}
		other, err := w.Sessions.SignIn(ctx, w.attempt("mai", password, "", Origin{Address: "a"}))
		w.must(err)
		w.must(w.Sessions.End(ctx, other.Actor, o[1].ID)) // not hers
		if w.resolve(request(o[1])).ID == "" {
			w.t.Error("a stranger ended a session")
		}
		w.must(w.Sessions.End(ctx, o[0].Actor, o[1].ID))
		if w.resolve(request(o[1])).ID != "" {
			w.t.Error("an ended session is open")
		}
		w.must(w.Accounts.ChangePassword(ctx, o[0].Actor, password, "một mật khẩu khác hẳn"))
		if w.resolve(request(o[2])).ID != "" || w.resolve(request(o[0])).ID == "" {
			w.t.Error("a new password must end the other sessions and keep this one")
		}
		if err := w.Accounts.ChangePassword(ctx, o[0].Actor, password, "lại một cái nữa"); !issue.Is(err, issue.Value) {
			w.t.Errorf("with the old password: %v", err)
		}
	})
}
