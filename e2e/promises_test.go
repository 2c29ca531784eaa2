// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mach/e2e/harness"
	"mach/i18n"
	"mach/store"
)

// arrived is the page of a visit that a new ticket opened, for somebody who
// does not wait yet: each story has its own person.
func arrived(t *testing.T, s *harness.Server, letters string) (visit string) {
	t.Helper()
	c := s.Client(t, s.Of(t, store.Doctor))
	person := link(t, c.Get(t, "/tram/tiep-don?q="+letters).Body, `/tram/nguoi/[0-9a-f-]{36}`)
	a := c.Post(t, person+"/so")
	if !strings.HasPrefix(a.Path, "/tram/luot-kham/") {
		t.Fatalf("a ticket led to %s", a.Path)
	}
	return a.Path
}

// TestWithoutJavaScript goes from reception to the signature with scripts
// switched off.
func TestWithoutJavaScript(t *testing.T) {
	s, vi := server(t), says(t, i18n.Vietnamese)
	p := harness.Open(t).Desk(s, "without scripts").WithoutJavaScript()
	p.SignIn(s.Of(t, store.Doctor)).Go("/tram").Follow(vi("station.reception"))
	p.Fill(vi("station.find.label"), "pham")
	p.Follow(vi("station.find.do"))
	name := p.Texts("#people .work-name")[0]
	p.FollowNear(name, vi("station.arrive")).See(vi("station.arrived"), name)
	p.Fill(vi("station.vital.temperature"), "38,4")
	p.Follow(vi("station.vitals.save")).See(vi("station.measured"), "38,4")
	p.Fill(vi("station.diagnosis.main"), "khong co benh nao nhu the")
	p.Allow("422").Follow(vi("station.sign")).See(vi("station.diagnosis.unknown", "khong co benh nao nhu the"))
	p.Fill(vi("station.reason"), "Ho, sốt nhẹ")
	p.Fill(vi("station.diagnosis.main"), "J06.9")
	p.Follow(vi("station.sign")).See(vi("station.signed"), "J06.9", "Ho, sốt nhẹ")
	p.Follow(vi("station.once.book")).See(vi("book.trace.page")) // a panel is a link here
}

// TestKeyboardOnly fills and signs a visit without touching the mouse: the
// focus is always to be seen, the order is that of the page.
func TestKeyboardOnly(t *testing.T) {
	s, vi := server(t), says(t, i18n.Vietnamese)
	visit := arrived(t, s, "tran")
	p := harness.Open(t).Desk(s, "keyboard").Become(s.Of(t, store.Doctor)).Go(visit)
	tabTo(p, vi("station.vital.temperature"))
	p.Press("38,1")
	tabTo(p, vi("station.vitals.save"))
	p.FollowKey(kb.Enter).See(vi("station.measured"), "38,1")

	tabTo(p, vi("station.reason"))
	p.Press("Ho 3 ngay")
	tabTo(p, vi("station.diagnosis.main"))
	p.Press("hen phe quan")
	p.See("J45")
	p.Press(kb.ArrowDown)
	p.Press(kb.Enter)
	if got := p.Value(vi("station.diagnosis.main")); !strings.HasPrefix(got, "J45") {
		p.Fail("the keyboard took %q from the suggestions", got)
	}
	p.FollowKey("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)).See("J45", vi("station.signed"))
}

// tabTo presses Tab until the control with the name has the focus, and checks
// on the way that the focus can be seen.
func tabTo(p *harness.Page, name string) {
	for range 80 {
		p.Press(kb.Tab)
		at := harness.Eval[struct {
			Name  string `json:"name"`
			Seen  bool   `json:"seen"`
			Where string `json:"where"`
		}](p, `(() => {
			const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
			const text = (x) => { const c = x.cloneNode(true); c.querySelectorAll(".field-need, .hidden, svg").forEach((d) => d.remove()); return c.textContent.replace(/\s+/g, " ").trim(); };
			const label = e.labels && e.labels[0] ? text(e.labels[0]) : text(e);
			const ring = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none";
			return {name: label, where: e.outerHTML.slice(0, 150), seen: ring && r.width > 0 && r.bottom > 0 && r.top < innerHeight};
		})()`)
		if at.Name != "" && !at.Seen {
			p.Fail("the focus cannot be seen on %s", at.Where)
		}
		if at.Name == name {
			return
		}
	}
	p.Fail("80 presses of Tab do not reach %q", name)
}

// TestDraftSurvives types into a visit and ends the window as a power cut does:
// what was typed is there again, and gone once it is saved.
func TestDraftSurvives(t *testing.T) {
	s, vi := server(t), says(t, i18n.Vietnamese)
	visit := arrived(t, s, "hoang")
	b := harness.Open(t)
	first := b.Desk(s, "doctor").Become(s.Of(t, store.Doctor))
	p := first.Again(b).Go(visit)
	p.Fill(vi("station.reason"), "Đau bụng từ đêm qua")
	p.Fill(vi("station.advice"), "Ăn nhẹ, uống đủ nước")
	p.See(strings.SplitN(vi("web.js.draft_saved", "|"), "|", 2)[0])
	p.Kill()

	q := first.Again(b).Go(visit)
	q.See(strings.SplitN(vi("web.js.draft_restored", "|"), "|", 2)[0])
	for label, want := range map[string]string{"station.reason": "Đau bụng từ đêm qua", "station.advice": "Ăn nhẹ, uống đủ nước"} {
		if got := q.Value(vi(label)); got != want {
			q.Fail("%s came back as %q, want %q", vi(label), got, want)
		}
	}
	q.Follow(vi("station.exam.save")).See(vi("station.saved"))
	if left := harness.Eval[int](q, `Object.keys(localStorage).filter((k) => k.startsWith("draft:")).length`); left != 0 {
		q.Fail("%d drafts are left on the device after saving", left)
	}
}

// TestSharedComputer locks a shared computer, keeps the draft, and changes the
// user by PIN within three seconds.
func TestSharedComputer(t *testing.T) {
	s, vi := server(t), says(t, i18n.Vietnamese)
	visit := arrived(t, s, "le")
	nurse, doctor := s.Of(t, store.Nurse), s.Of(t, store.Doctor)
	p := harness.Open(t).Desk(s, "shared").SignIn(doctor).Go(visit)
	p.Fill(vi("station.reason"), "Chóng mặt khi đứng dậy")
	p.See(strings.SplitN(vi("web.js.draft_saved", "|"), "|", 2)[0])
	p.SignIn(nurse).Go("/tram").See(nurse.Name)

	p.Click(nurse.Name)
	p.Follow(vi("web.menu.lock"))
	p.Go("/tram").Never(vi("station.queue")) // locked: nothing opens
	began := time.Now()
	p.Go("/doi-nguoi").Follow(doctor.Name + " " + vi("role.doctor"))
	p.Fill(vi("account.switch.pin", doctor.Name), doctor.PIN)
	p.Submit().See(doctor.Name)
	if took := time.Since(began); took > 3*time.Second {
		p.Fail("changing the user took %s, want 3 s or less", took.Round(10*time.Millisecond))
	}
	if got := p.Go(visit).Value(vi("station.reason")); got != "Chóng mặt khi đứng dậy" {
		p.Fail("the doctor's draft came back as %q", got)
	}
	p.Go("/doi-nguoi").Follow(nurse.Name + " " + vi("role.nurse"))
	p.Fill(vi("account.switch.pin", nurse.Name), wrongPIN(nurse.PIN))
	p.Allow("status of 4").Submit().Never(vi("station.queue"))
}

// wrongPIN is a PIN that is not the one.
func wrongPIN(pin string) string {
	if pin == "135792" {
		return "246813"
	}
	return "135792"
}
