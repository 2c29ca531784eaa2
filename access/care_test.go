// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// patient commits a person who lives where nobody of these tests works.
func (w *world) patient() string {
	w.t.Helper()
	doc := fhir.MustNew(map[string]any{"resourceType": "Patient", "active": true})
	r, err := w.s.For(system).Commit(context.Background(), store.Create(doc))
	w.must(err)
	return r.Docs[0].ID()
}

// reads reports whether the actor may read the person.
func (w *world) reads(a store.Actor, patient string) bool {
	w.t.Helper()
	_, err := w.s.For(a).Read(context.Background(), "Patient", patient)
	if err != nil && !issue.Is(err, issue.NotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

func TestBreakGlass(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		p := w.patient()
		far, _, err := w.Accounts.Add(ctx, system, NewAccount{Login: "xa", Name: "Thanh tra Bộ", Password: password, Code: true})
		w.must(err)
		_, err = w.Accounts.Assign(ctx, system, Assignment{Account: far.ID, Role: store.AccessReviewer, Facility: "bo", FacilityName: "Bộ", Unit: 1})
		w.must(err)
		reviewer, _ := w.account("thanh tra", store.AccessReviewer, NewAccount{})
		doctor := store.Actor{Account: "d1", Name: "Bác sĩ Lan", Role: store.Doctor, Facility: "t1", FacilityName: "Trạm 1", Unit: 21, Purpose: store.Treatment}
		urgent := w.Emergency.As(doctor)
		if w.reads(doctor, p) || w.reads(urgent, p) {
			w.t.Fatal("a stranger is open before")
		}
		if _, err := w.Emergency.Break(ctx, doctor, p, "  gấp "); !issue.Is(err, issue.Required) {
			w.t.Errorf("without a reason: %v", err)
		}
		clerk := doctor
		clerk.Role = store.Receptionist
		if _, err := w.Emergency.Break(ctx, clerk, p, "không có lý do nào cả"); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("a receptionist breaks the glass: %v", err)
		}
		w.audited("d1", "break-glass no role")
		g, err := w.Emergency.Break(ctx, doctor, p, "Bất tỉnh ngoài đường, không giấy tờ")
		w.must(err)
		if g.Reviewer != reviewer.ID {
			w.t.Errorf("named reviewer: %q, want the nearest, %q", g.Reviewer, reviewer.ID)
		}
		// From Saturday 21 November 2026: Monday, then Wednesday, for the 24th
		// is the Day of Culture.
		if want, _ := vn.ParseDate("2026-11-25"); g.Due != want {
			w.t.Errorf("due %s, want %s", g.Due, want)
		}
		again, err := w.Emergency.Break(ctx, doctor, p, "Bất tỉnh ngoài đường, không giấy tờ")
		w.must(err)
		if again.ID != g.ID {
			w.t.Error("a second glass for the same person")
		}
		if !w.reads(urgent, p) {
			w.t.Error("the summary stays shut")
		}
		if w.reads(doctor, p) {
			w.t.Error("open without saying that it is an emergency")
		}
		other := urgent
		other.Account = "d2"
		if w.reads(other, p) {
			w.t.Error("open to a colleague")
		}
		if _, err := w.Emergency.Full(ctx, other, g.ID, "cũng muốn xem tất cả"); !issue.Is(err, issue.NotFound) {
			w.t.Errorf("a colleague opens the rest: %v", err)
		}
		if _, err := w.Emergency.Full(ctx, doctor, g.ID, ""); !issue.Is(err, issue.Required) {
			w.t.Errorf("the rest without a reason: %v", err)
		}
		_, err = w.Emergency.Full(ctx, doctor, g.ID, "Cần xem các lần khám tim mạch trước")
		w.must(err)
		notices, err := w.Emergency.Notices(ctx, store.Actor{Account: "me", Role: store.Person, Patient: p})
		w.must(err)
		if len(notices) != 1 || notices[0].Name != doctor.Name || notices[0].Reason == "" {
			w.t.Errorf("the person is told %+v", notices)
		}
		if n, _ := w.Emergency.Notices(ctx, doctor); n != nil {
			w.t.Error("a worker reads the person's notices")
		}
		w.tellsWhy(p, doctor.Account)
		w.review(ctx, g)
		w.pass(glassLife)
		if w.reads(urgent, p) {
			w.t.Error("open after four hours")
		}
		if _, err := w.Emergency.Full(ctx, doctor, g.ID, "thêm một lần nữa được không"); err == nil {
			w.t.Error("the rest opens after four hours")
		}
	})
}

// tellsWhy: the person's access log gives the reason beside the opening and
// beside each reading, which is numbered a moment later on PostgreSQL.
func (w *world) tellsWhy(patient, account string) {
	w.t.Helper()
	told := map[store.Action]bool{}
	for range 100 {
		lines, err := w.s.For(store.Actor{Account: "me", Role: store.Person, Patient: patient, Purpose: store.OwnRequest}).AccessLog(context.Background(), patient, time.Time{}, 0)
		w.must(err)
		for _, l := range lines {
			if l.Actor == account && l.Allowed && l.Purpose == store.Emergency {
				told[l.Action] = strings.Contains(l.Reason, "Cần xem các lần khám") || strings.Contains(l.Reason, "Bất tỉnh")
			} else if l.Reason != "" {
				w.t.Errorf("%s of %s has the reason %q", l.Action, l.Actor, l.Reason)
			}
		}
		if told[store.ActBreak] && told[store.ActRead] {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Errorf("the person is told why: %v", told)
}

// review walks the reviewer's part.
func (w *world) review(ctx context.Context, g Glass) {
	w.t.Helper()
	as := store.Actor{Account: g.Reviewer, Name: "Thanh tra", Role: store.AccessReviewer, Facility: "t1", Unit: 21, Purpose: store.AccessReview}
	queue, err := w.Emergency.Queue(ctx, as)
	w.must(err)
	if len(queue) != 1 || queue[0].Overdue(g.Due) || !queue[0].Overdue(g.Due.AddDays(1)) {
		w.t.Errorf("queue: %+v", queue)
	}
	stranger := as
	stranger.Account = "someone"
	if q, _ := w.Emergency.Queue(ctx, stranger); len(q) != 0 {
		w.t.Error("a reviewer who is not named sees it")
	}
	if w.reads(as, g.Patient) {
		w.t.Error("the reviewer reads the record")
	}
	lines, err := w.s.For(as).AccessLog(ctx, g.Patient, time.Time{}, 50)
	if err != nil {
		w.t.Errorf("the reviewer cannot read the lines: %v", err)
	}
	_ = lines
	if err := w.Emergency.Review(ctx, as, g.ID, "unjustified", ""); !issue.Is(err, issue.Required) {
		w.t.Errorf("unjustified without a note: %v", err)
	}
	if err := w.Emergency.Review(ctx, stranger, g.ID, "justified", ""); !issue.Is(err, issue.NotFound) {
		w.t.Errorf("judged by a stranger: %v", err)
	}
	w.must(w.Emergency.Review(ctx, as, g.ID, "justified", ""))
	if err := w.Emergency.Review(ctx, as, g.ID, "unjustified", "đổi ý kiến rồi nhé"); !issue.Is(err, issue.Conflict) {
		w.t.Errorf("judged twice: %v", err)
	}
	if _, err := w.s.For(as).AccessLog(ctx, g.Patient, time.Time{}, 50); !issue.Is(err, issue.NotFound) {
		w.t.Errorf("the lines stay open after the review: %v", err)
	}
	w.audited(g.Reviewer, "review-emergency yes justified")
}

func TestConsentOpensAndCloses(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		p := w.patient()
		me := store.Actor{Account: "me", Name: "Tôi", Role: store.Person, Patient: p, Purpose: store.OwnRequest}
		clinic := store.Actor{Account: "k", Role: store.PrivateClinic, Facility: "k1", Unit: 31, Purpose: store.Treatment}
		today := vn.DateOf(w.clock())
		for _, n := range []NewConsent{{Purpose: "treatment", Until: today}, {Facility: "k1", Until: today}, {Facility: "k1", Purpose: "marketing", Until: today},
			{Facility: "k1", Purpose: "treatment"}, {Facility: "k1", Purpose: "treatment", Until: today.AddDays(400)}, {Facility: "k1", Purpose: "treatment", Until: today.AddDays(-1)}} {
			if _, err := w.Consents.Give(ctx, me, vn.ZeroDate, n); err == nil {
				w.t.Errorf("accepted %+v", n)
			}
		}
		if _, err := w.Consents.Give(ctx, clinic, vn.ZeroDate, NewConsent{Facility: "k1", Purpose: "treatment", Until: today}); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("a clinic consents for itself: %v", err)
		}
		c, err := w.Consents.Give(ctx, me, vn.ZeroDate, NewConsent{Facility: "k1", FacilityName: "Phòng khám", Purpose: "treatment", Until: today.AddDays(3)})
		w.must(err)
		if !w.reads(clinic, p) {
			w.t.Fatal("consent opens nothing")
		}
		if again, err := w.Consents.Give(ctx, me, vn.ZeroDate, NewConsent{Facility: "k1", FacilityName: "Phòng khám", Purpose: "treatment", Until: today.AddDays(3)}); err != nil || again.ID != c.ID {
			w.t.Errorf("the same consent again: %+v, %v", again, err)
		}
		if err := w.Consents.Withdraw(ctx, store.Actor{Account: "x", Role: store.Person, Patient: "other"}, c.ID); !issue.Is(err, issue.NotFound) {
			w.t.Errorf("a stranger withdraws: %v", err)
		}
		w.pass(time.Minute)
		w.must(w.Consents.Withdraw(ctx, me, c.ID))
		if w.reads(clinic, p) {
			w.t.Error("withdrawn, but still open")
		}
		c, err = w.Consents.Give(ctx, me, vn.ZeroDate, NewConsent{Facility: "k1", Purpose: "treatment", Until: today})
		w.must(err)
		w.pass(20 * time.Hour) // past midnight in Viet Nam
		if w.reads(clinic, p) {
			w.t.Error("open after the last day")
		}
		list, err := w.Consents.List(ctx, me)
		w.must(err)
		if len(list) != 2 || list[0].ID != c.ID || list[1].Withdrawn.IsZero() {
			w.t.Errorf("list: %+v", list)
		}
		w.audited("me", "withdraw-consent yes treatment")
	})
}

func TestGuardianUntilSevenThenTheChildToo(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		p := w.patient()
		mother, _, err := w.Accounts.Add(ctx, system, NewAccount{Login: "me", Name: "Mẹ", Password: password})
		w.must(err)
		nurse := store.Actor{Account: "n", Role: store.Nurse, Facility: "t1", Unit: 21}
		birth := vn.DateOf(w.clock()).AddMonths(-12*7 + 1) // seven in a month
		n := NewGuardianship{Account: mother.ID, Patient: p, WardName: "Bé An", Kind: "mother", Birth: birth, Proof: "Giấy khai sinh"}
		if _, err := w.Guardians.Record(ctx, store.Actor{Account: "m", Role: store.Ministry, Unit: 1}, n); !issue.Is(err, issue.Forbidden) {
			w.t.Errorf("recorded by the ministry: %v", err)
		}
		self := nurse
		self.Account = mother.ID
		if _, err := w.Guardians.Record(ctx, self, n); !issue.Is(err, issue.BusinessRule) {
			w.t.Errorf("recorded for oneself: %v", err)
		}
		w.audited(mother.ID, "guardianship no self")
		g, err := w.Guardians.Record(ctx, nurse, n)
		w.must(err)
		if _, err := w.Guardians.Record(ctx, nurse, n); !issue.Is(err, issue.Duplicate) {
			w.t.Errorf("twice: %v", err)
		}
		o, err := w.Sessions.SignIn(ctx, w.attempt("me", password, "", Origin{Address: "a"}))
		w.must(err)
		if o.Actor.Role != store.Guardian || o.Actor.Patient != p || !w.reads(o.Actor, p) {
			w.t.Fatalf("the mother does not see: %+v", o.Actor)
		}
		if err := w.Guardians.ChildAgrees(ctx, nurse, g.ID); !issue.Is(err, issue.BusinessRule) {
			w.t.Errorf("a child of six agrees: %v", err)
		}
		clinic := store.Actor{Account: "k", Role: store.PrivateClinic, Facility: "k1", Unit: 31, Purpose: store.Treatment}
		consent := NewConsent{Facility: "k1", Purpose: "treatment", Until: birth.AddMonths(12*7 + 6), ChildAgrees: true}
		c, err := w.Consents.Give(ctx, o.Actor, birth, consent)
		w.must(err)
		if !c.To.Equal(birthday(birth, 7)) || !w.reads(clinic, p) {
			w.t.Errorf("a consent for a child of six until %s", c.To)
		}
		w.pass(32 * 24 * time.Hour)
		if w.reads(clinic, p) {
			w.t.Error("the parent's consent outlives the sixth year")
		}
		if w.reads(o.Actor, p) {
			w.t.Error("the child is seven and was not asked")
		}
		mine, err := w.Guardians.Mine(ctx, o.Actor)
		w.must(err)
		if len(mine) != 1 || !mine[0].WaitsForChild(w.clock()) {
			w.t.Errorf("wards: %+v", mine)
		}
		w.must(w.Guardians.ChildAgrees(ctx, nurse, g.ID))
		if !w.reads(o.Actor, p) {
			w.t.Error("the child agrees, but it stays shut")
		}
		w.pass(365 * 24 * time.Hour)
		if !w.reads(o.Actor, p) {
			w.t.Error("shut at eight")
		}
		consent.Until = vn.DateOf(w.clock()).AddDays(90)
		_, err = w.Consents.Give(ctx, o.Actor, birth, consent)
		w.must(err)
		if !w.reads(clinic, p) {
			w.t.Error("the consent of both opens nothing")
		}
		w.pass(time.Minute)
		w.must(w.Guardians.End(ctx, nurse, g.ID))
		if w.reads(o.Actor, p) || w.reads(clinic, p) {
			w.t.Error("ended, but open to her, or to whom she let in")
		}
		w.audited("n", "withdraw-consent yes treatment")
		w.audited("n", "guardianship yes end")
	})
}

// At eighteen nobody decides for somebody else any more.
func TestConsentsOfGuardiansEnd(t *testing.T) {
	birth, _ := vn.ParseDate("2015-03-10")
	day := func(s string) time.Time { d, _ := vn.ParseDate(s); return d.Time().UTC() }
	for _, c := range [][3]string{{"2021-12-01", "2022-06-01", "2022-03-10"}, {"2021-01-01", "2021-06-01", "2021-06-01"}, {"2022-03-10", "2023-03-09", "2023-03-09"},
		{"2033-01-01", "2033-12-01", "2033-03-10"}} {
		if got := whileGuarded(birth, day(c[0]), day(c[1])); !got.Equal(day(c[2])) {
			t.Errorf("given on %s until %s: ends %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestGuardianAges(t *testing.T) {
	today := vn.DateOf(noon)
	for _, c := range []struct {
		name   string
		birth  vn.Date
		agrees bool
		want   issue.Code
	}{
		{"a baby", today, false, ""},
		{"not born", today.AddDays(1), false, issue.Required},
		{"the day before seven", today.AddMonths(-84).AddDays(1), false, ""},
		{"seven today", today.AddMonths(-84), false, issue.BusinessRule},
		{"seven today, agrees", today.AddMonths(-84), true, ""},
		{"the day before eighteen", today.AddMonths(-216).AddDays(1), true, ""},
		{"eighteen today", today.AddMonths(-216), true, issue.BusinessRule},
		{"unknown", vn.ZeroDate, true, issue.Required},
	} {
		g, err := NewGuardianship{Account: "a", Patient: "p", Kind: "father", Birth: c.birth, ChildAgrees: c.agrees, Proof: "x"}.checked(noon)
		if c.want == "" && (err != nil || !g.ValidAt(noon)) || c.want != "" && !issue.Is(err, c.want) {
			t.Errorf("%s: %+v %v", c.name, g, err)
		}
	}
}
