// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/demo"
	"mach/e2e/harness"
	"mach/store"
)

// What the two sides write.
const (
	question   = "Bệnh nhân sốt ngày thứ 3, có cần truyền dịch và chuyển tuyến không?"
	conclusion = "Chưa cần truyền dịch. Theo dõi tiểu cầu mỗi ngày, chuyển tuyến khi đau bụng hoặc nôn nhiều."
	partly     = "Theo dõi tiểu cầu cách ngày vì trạm không làm xét nghiệm cuối tuần."
)

// consults: the doctor asks with the record attached; the coordinator accepts
// and names an expert; both meet, sound and picture both ways; the expert
// concludes; the doctor follows in part and says why; both stand in the record.
func (st *story) consults() {
	vi, name := st.vi, st.person.Name
	coordinator := st.s.SignIn(st, "coordinator.province")
	expert := st.s.SignIn(st, "expert.province")
	c := st.desk("coordinator", coordinator).Go("/hoi-chan")
	e := st.desk("expert", expert).Go("/hoi-chan")

	d := st.treating.Go(st.visit).Follow(vi("telehealth.ask"))
	d.See(vi("telehealth.attached"), "A97.0", "39,2", "Paracetamol 500 mg")
	d.Select(vi("telehealth.hospital"), coordinator.Place)
	d.Fill(vi("telehealth.question"), question)
	d.Follow(vi("telehealth.ask.send")).See(vi("telehealth.asked"), vi("telehealth.state.asked"))
	at := d.Path()

	c.See(name)
	c.FollowNear(name, vi("telehealth.do.accept")).See(question)
	c.Select(vi("telehealth.expert"), expert.Name)
	c.Follow(vi("telehealth.accept.do")).See(vi("telehealth.state.accepted"))

	e.See(name)
	e.FollowNear(name, vi("telehealth.do.advise")).See(question, "A97.0")
	st.meet(d, e)

	e.Fill(vi("telehealth.advice"), conclusion)
	e.Follow(vi("telehealth.conclude.do")).See(conclusion, vi("telehealth.state.concluded"))
	d.Go(at).See(conclusion)
	d.Choose(vi("telehealth.decision.part"))
	d.Allow("422").Follow(vi("telehealth.decide.do")).See(vi("telehealth.reason"))
	d.Choose(vi("telehealth.decision.part"))
	d.Fill(vi("telehealth.decide.reason"), partly)
	d.Follow(vi("telehealth.decide.do")).See(conclusion, vi("telehealth.decision.part"), partly, vi("telehealth.state.decided"))
	d.Go(st.visit).See(coordinator.Place, vi("telehealth.state.decided"))
	st.phone.Go("/so").Follow(st.seen).See(vi("book.conclusion"), conclusion)
}

// meet brings both into the room and watches what each receives for 5 seconds.
func (st *story) meet(d, e *harness.Page) {
	for _, p := range []*harness.Page{d, e} {
		p.See(st.vi("telehealth.room.enter_link"))
		p.Follow(st.vi("telehealth.room.enter_link"))
		p.Until("camera and microphone", func() bool {
			return harness.Eval[bool](p, `!!window.__room && document.querySelector("[data-preview]").videoWidth > 0`)
		})
		p.ClickCSS("[data-enter]")
	}
	for _, p := range []*harness.Page{d, e} {
		p.Until("sound and picture of the other side", func() bool {
			f := received(p)
			return f.People == 1 && f.Frames > 0 && f.Energy > 0
		})
	}
	const seconds = 5
	sides := map[*harness.Page][]figures{}
	for range seconds + 1 {
		for _, p := range []*harness.Page{d, e} {
			sides[p] = append(sides[p], received(p))
		}
		time.Sleep(time.Second)
	}
	for p, list := range sides {
		for i := range seconds {
			if list[i+1].Frames <= list[i].Frames || list[i+1].Energy <= list[i].Energy {
				p.Fail("frames decoded and audio energy must rise every second, got %+v", list)
			}
		}
		first, last := list[0], list[seconds]
		st.Logf("%s received %d frames and %.5f of audio energy in %d s", p.Name, last.Frames-first.Frames, last.Energy-first.Energy, seconds)
	}
}

// figures are sums of getStats over everything a page receives.
type figures struct {
	People int     `json:"people"`
	Frames int     `json:"framesDecoded"`
	Energy float64 `json:"audioEnergy"`
}

func received(p *harness.Page) figures {
	return harness.Eval[figures](p, "window.__room.stats()")
}

// announces: the ministry announces to all nurses; one acknowledges; the
// ministry sees exact counts and who is missing, without a reload.
func (st *story) announces() {
	vi, nurse := st.vi, st.s.Of(st, store.Nurse)
	p := st.b.Desk(st.s, "announcing ministry").SignIn(st.s.Of(st, store.Ministry)).Go("/mang")
	n := st.nurse.Go("/mang")
	st.pages = append(st.pages, p)

	p.Follow(vi("peers.compose"))
	title := "Phác đồ mới về sốt xuất huyết Dengue " + time.Now().Format("150405")
	p.Fill(vi("peers.title"), title)
	p.Fill(vi("peers.body"), "Theo dõi dấu hiệu cảnh báo mỗi ngày.\nBáo cáo ca bệnh trong 48 giờ.")
	p.Choose(vi("role.nurse"))
	p.Follow(vi("peers.publish")).See(title)
	all := nurses(p)
	if all[1] != 0 || all[0] < 99 {
		p.Fail("%d of %d nurses acknowledged before any could; each of the 99 stations has one", all[1], all[0])
	}
	p.See(vi("peers.missing", all[0]), nurse.Name)

	n.See(title) // it came by itself
	n.FollowNear(title, vi("peers.read")).See("Theo dõi dấu hiệu cảnh báo mỗi ngày.")
	n.Follow(vi("peers.acknowledge")).See(vi("peers.acknowledged"))

	p.See(vi("peers.missing", all[0]-1))
	if now := nurses(p); now != [2]int{all[0], 1} {
		p.Fail("%d of %d acknowledged, want 1 of %d", now[1], now[0], all[0])
	}
	missing := p.Texts("tr")
	if slices.ContainsFunc(missing, func(line string) bool { return hasAll(line, []string{nurse.Place, nurse.Name}) }) {
		p.Fail("%s of %s acknowledged and is still missing", nurse.Name, nurse.Place)
	}
	st.row(p, "Tỉnh Bắc Ninh", strconv.Itoa(all[0]), "1", strconv.Itoa(all[0]-1))
}

// nurses reads how many were addressed and how many acknowledged, as the sum
// over units says and as the large figure says.
func nurses(p *harness.Page) [2]int {
	return harness.Eval[[2]int](p, `(() => {
		const n = (s) => Number(s.replace(/[^0-9]/g, ""));
		return [n(document.querySelector("#acks small").textContent), n(document.querySelector("#acks .figure-value span").textContent)];
	})()`)
}

// watches: the person reads who has read the record: when, where, in which
// role, why, and what.
func (st *story) watches() {
	vi := st.vi
	expert := st.s.SignIn(st, "expert.province")
	p := st.phone.Go("/so").FollowNear(vi("book.who.text"), vi("book.who.open")).See(today())
	lines := p.Texts("main li")
	for older := vi("book.who.older"); strings.Contains(p.Text(), older); {
		lines = append(lines, p.Follow(older).Texts("main li")...)
	}
	for _, want := range []struct {
		who demo.SignIn
		why string
	}{
		{st.doctor, vi("book.purpose.TREAT")}, {st.s.Of(st, store.Nurse), vi("book.purpose.TREAT")},
		{expert, vi("book.purpose.TREAT")}, {st.s.Of(st, store.CDC), vi("book.purpose.PUBHLTH")},
	} {
		words := []string{vi("role." + string(want.who.Role)), want.who.Name, want.who.Place, want.why, vi("book.part.diagnoses")}
		if want.who.Role == store.Nurse {
			words = words[:4]
		}
		if !slices.ContainsFunc(lines, func(line string) bool { return hasAll(line, words) }) {
			p.Fail("no line says %q; there are %q", words, lines)
		}
	}
}
