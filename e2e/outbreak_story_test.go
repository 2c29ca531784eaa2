// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/demo"
	"mach/e2e/harness"
	"mach/i18n"
	"mach/store"
)

// outbreak is the story of one focus: what it is about, and who does what.
type outbreak struct {
	*testing.T
	s     *harness.Server
	b     *harness.Browser
	axe   string
	vi    func(key string, args ...any) string
	seen  map[string]bool // shapes of pages that axe has seen
	names []string        // of the three who are ill
	focus string
	event string // address of the event
}

// TestOutbreakStory goes from three visits in one hamlet to drafts, reports, the
// alert that they raise, the signal that answers it, verification within 24 hours,
// focus, contacts, declaration, daily report, closing and end form, as the commune,
// the province and the ministry see it. Nobody tells of it before: the village
// worker's message comes later and is offered to the event that is there. The
// visits are of sixteen days ago, signed on paper and entered today, so that the
// focus can close today; meningococcal disease, because one case raises an alert
// however late it comes.
func TestOutbreakStory(t *testing.T) {
	o := &outbreak{T: t, s: server(t), b: harness.Open(t), axe: harness.Axe(t), vi: says(t, i18n.Vietnamese), seen: map[string]bool{}, focus: "Xóm Mới, tổ 3"}
	director := o.desk("director", o.s.Of(t, store.StationDirector))
	o.visits()
	o.drafts(director)
	o.alerts(director)
	o.signal(director)
	o.again()
	o.verify(director)
	o.cases(director)
	o.contacts(director)
	o.declare(director)
	o.above("cdc", store.CDC, o.vi("events.stage.epidemic"))
	o.above("ministry", store.Ministry, o.vi("events.stage.epidemic"))
	o.closes(director)
	o.above("cdc after", store.CDC, o.vi("events.stage.closed"))
	o.above("ministry after", store.Ministry, o.vi("events.stage.closed"))
}

func (o *outbreak) desk(name string, a demo.SignIn) *harness.Page {
	return o.b.Desk(o.s, name).Become(a)
}

// look checks the page that lies open: nothing sticks out, axe finds nothing.
func (o *outbreak) look(p *harness.Page) {
	o.Helper()
	for _, width := range []int64{390, 1440} {
		p.Whole(width)
		if by, what := p.Overflow(); by > 0 {
			o.Errorf("%s: %s sticks out by %d px at %d px: %s", p.Name, p.Path(), by, width, what)
		}
		if shape := strings.Join(p.Shape(), " "); !o.seen[shape] {
			o.seen[shape] = true
			for _, v := range p.Violations(o.axe) {
				o.Errorf("%s: %s at %d px: %s", p.Name, p.Path(), width, v)
			}
		}
	}
	p.Resize(1440, 900)
}

// ill is the disease of the story.
const (
	ill     = "meningococcal"
	illCode = "A39.2"
	illName = "Bệnh do não mô cầu"
)

// visits writes three signed visits for meningococcal disease of residents of the director's commune, as another system would.
func (o *outbreak) visits() {
	token := strings.TrimSpace(o.s.Run(o, "token", "--scope", "system/*.cruds"))
	client := o.s.Client(o, o.s.Of(o, store.StationDirector))
	at := time.Now().AddDate(0, 0, -16).Format(time.RFC3339)
	code := func(system, code string) map[string]any {
		return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
	}
	person := path.Base(link(o.T, client.Get(o, "/tram/tiep-don?q=nguyen").Body, `/tram/nguoi/[0-9a-f-]{36}`))
	station := o.s.FHIR(o, token, "GET", "/Patient/"+person, nil)["managingOrganization"]
	found := o.s.FHIR(o, token, "GET", "/Patient?_count=60&organization="+url.QueryEscape(station.(map[string]any)["reference"].(string)), nil)
	entries, _ := found["entry"].([]any)
	if len(entries) < 10 {
		o.Fatalf("%d people live in the commune", len(entries))
	}
	for i, e := range entries[len(entries)-3:] {
		p := e.(map[string]any)["resource"].(map[string]any)
		id, subject := "outbreak-"+string(rune('a'+i)), map[string]any{"reference": "Patient/" + p["id"].(string)}
		name := p["name"].([]any)[0].(map[string]any)
		o.names = append(o.names, name["text"].(string))
		o.s.FHIR(o, token, "PUT", "/Encounter/"+id, map[string]any{"resourceType": "Encounter", "id": id, "status": "finished",
			"class": map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}, "subject": subject,
			"period": map[string]any{"start": at, "end": at}, "serviceProvider": station})
		o.s.FHIR(o, token, "PUT", "/Condition/"+id, map[string]any{"resourceType": "Condition", "id": id, "subject": subject, "recordedDate": at,
			"encounter":          map[string]any{"reference": "Encounter/" + id},
			"clinicalStatus":     code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
			"verificationStatus": code("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
			"category":           []any{code("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")},
			"code":               code("http://hl7.org/fhir/sid/icd-10", illCode)})
	}
}

// drafts: each visit has become a draft by itself; the director sends them.
func (o *outbreak) drafts(p *harness.Page) {
	client := o.s.Client(o, o.s.Of(o, store.StationDirector))
	for _, name := range o.names {
		for end := time.Now().Add(time.Minute); !strings.Contains(client.Get(o, "/dich/cho-gui").Body, name); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				o.Fatalf("no draft of a report on %s", name)
			}
		}
		p.Go("/dich").FollowNear(name, o.vi("surveillance.draft.open")).See(name)
		p.Fill(o.vi("surveillance.q.onset"), inDays(-17))
		p.Follow(o.vi("surveillance.form.send")).See(o.vi("surveillance.sent"))
	}
}

// alerts: the three reports stand in one alert before station, CDC and ministry.
func (o *outbreak) alerts(p *harness.Page) {
	for name, role := range map[string]store.Role{"CDC at the alert": store.CDC, "ministry at the alert": store.Ministry} {
		above := o.desk(name, o.s.Of(o, role)).Go("/canh-bao").See(illName + " ·").Never(o.names...)
		o.look(above)
	}
	p.Go("/canh-bao")
	p.Until("three cases in one alert", func() bool {
		lines := slices.DeleteFunc(p.Texts(".work-row"), func(line string) bool { return !strings.Contains(line, illName+" ·") })
		return len(lines) == 1 && strings.Contains(lines[0], "3 ca")
	})
	o.look(p)
	p.Follow(illName+" ·").See(o.vi("detection.why"), o.vi("detection.answer.real"))
	o.look(p)
}

// signal: the director answers the alert with a signal, which its link fills in
// and which names nobody who is ill.
func (o *outbreak) signal(p *harness.Page) {
	vi := o.vi
	p.Follow(vi("detection.answer.real")).See(vi("events.new.lead"))
	if !strings.HasPrefix(p.Path(), "/su-kien/moi?") || !strings.Contains(p.Path(), "canh-bao="+ill) || !strings.Contains(p.Path(), "benh="+ill) {
		p.Fail("the alert leads to %s", p.Path())
	}
	o.look(p)
	p.Allow("422").Follow(vi("events.new.send")).See(vi("web.field.required"))
	p.Fill(vi("events.q.place"), "Xóm Mới")
	p.Fill(vi("events.q.words"), "Ba người cùng xóm sốt cao, nổi ban xuất huyết")
	p.Fill(vi("events.q.since"), inDays(-18))
	p.Fill(vi("events.q.sick"), "3")
	p.Fill(vi("events.q.phone"), "0912345678")
	p.Follow(vi("events.new.send")).See(vi("events.signalled"), vi("events.stage.signal"), vi("events.fact.alert"), vi("events.source.alert"), vi("events.act.verified.do"))
	o.event = p.Path()
	o.look(p)
	p.Go("/canh-bao").Never(illName+" ·").Go("/canh-bao/da-tra-loi").See(illName+" ·", vi("detection.kind.real"))
	o.above("CDC before", store.CDC, vi("events.stage.signal"))
	o.above("ministry before", store.Ministry, vi("events.stage.signal"))
}

// again: what the village worker tells of the same is offered to the event that
// is there; the village worker sees no telephone and verifies nothing.
func (o *outbreak) again() {
	vi := o.vi
	p := o.desk("village worker", o.s.Of(o, store.VillageWorker)).Go("/su-kien/moi?benh=" + ill).See(vi("events.new.lead"))
	o.look(p)
	p.Select(vi("events.q.source"), vi("events.source.village"))
	p.Fill(vi("events.q.place"), "Xóm Mới")
	p.Fill(vi("events.q.words"), "Thêm một người sốt")
	p.Allow("422").Follow(vi("events.new.send")).See(vi("events.same.choose"))
	o.look(p)
	p.Go(o.event).See(vi("events.next.others")).Never("0912345678", vi("events.act.verified.do"))
	o.look(p)
}

// verify: within the 24 hours, then the risk, then the focus.
func (o *outbreak) verify(p *harness.Page) {
	vi := o.vi
	p.Go("/su-kien").See(vi("events.group.waiting"), "Xóm Mới", vi("events.clock.left", vi("events.span.hours", 23)))
	o.look(p)
	p.Go(o.event).See("0912345678", vi("events.act.verified.words"))
	p.Fill(vi("events.q.verified.words"), "Trạm đã đến: ba người có ban xuất huyết, cùng chơi một sân")
	p.Follow(vi("events.act.verified.do")).See(vi("events.done.verified"), vi("events.stage.event"))
	o.look(p)
	p.Choose(vi("events.level.risk.medium"))
	p.Choose(vi("events.trigger.unusual"))
	p.Fill(vi("events.q.risk.words"), "Ba ca trong hai ngày ở một xóm")
	p.Follow(vi("events.act.risk.do")).See(vi("events.done.risk"), vi("events.risk.medium"))
	p.Fill(vi("events.q.name"), o.focus)
	p.Fill(vi("events.q.began"), inDays(-18))
	p.Fill(vi("events.q.focus.words"), "Chung sân chơi, chung nhà văn hóa")
	p.Follow(vi("events.act.focus.do")).See(vi("events.done.focus"), vi("events.stage.focus"), vi("events.rule.no-new-case", 14))
	o.look(p)
}

// cases: the three reports are offered, and join by a new version of each.
func (o *outbreak) cases(p *harness.Page) {
	vi := o.vi
	p.Go(o.event+"/ca-benh").See(vi("events.lines.none"), vi("events.near"))
	o.look(p)
	for _, name := range o.names {
		p.FollowNear(name, vi("events.near.join")).See(vi("events.case.joined"), name)
	}
	for _, name := range o.names {
		if !slices.ContainsFunc(p.Texts("tr"), func(line string) bool { return strings.Contains(line, name) }) {
			p.Fail("%s is not in the line list", name)
		}
	}
	o.look(p)
	file := o.s.Client(o, o.s.Of(o, store.StationDirector)).Get(o, o.event+"/ca-benh.csv")
	if file.Status != 200 || strings.Count(file.Body, "\n") != 4 || !strings.Contains(file.Body, o.names[0]) || !strings.Contains(file.Body, o.focus) {
		o.Errorf("the file of the line list: status %d, %d lines", file.Status, strings.Count(file.Body, "\n"))
	}
	for _, role := range []store.Role{store.Ministry, store.Chairman, store.VillageWorker} {
		if a := o.s.Client(o, o.s.Of(o, role)).Get(o, o.event+"/ca-benh"); a.Status != 404 {
			o.Errorf("%s gets the line list: status %d", role, a.Status)
		}
	}
}

// contacts: one is added and called, with fever.
func (o *outbreak) contacts(p *harness.Page) {
	vi := o.vi
	p.Go(o.event + "/tiep-xuc").See(vi("events.none.contacts"))
	p.Select(vi("events.q.contact.case"), o.names[0])
	p.Fill(vi("events.q.contact.name"), "Nguyễn Thị Hoàng Bảo Ngọc Trâm")
	p.Fill(vi("events.q.contact.phone"), "0987654321")
	p.Follow(vi("events.contact.add.do")).See(vi("events.contact.added"), "Nguyễn Thị Hoàng Bảo Ngọc Trâm")
	o.look(p)
	p.Go("/su-kien/hom-nay").FollowNear("Nguyễn Thị Hoàng Bảo Ngọc Trâm", vi("events.call")).See("0987654321")
	o.look(p)
	p.Choose(vi("events.check.well"))
	p.Fill(vi("events.q.call.temperature"), "38,4")
	p.Follow(vi("events.call.do")).See(vi("events.check.fever"), vi("events.contact.ill.words", "Nguyễn Thị Hoàng Bảo Ngọc Trâm"))
	o.look(p)
	o.village(p)
}

// village: another contact is handed to the village health worker, who sees this
// one alone, asks and writes.
func (o *outbreak) village(p *harness.Page) {
	vi, worker := o.vi, o.s.Of(o, store.VillageWorker)
	p.Go(o.event + "/tiep-xuc")
	p.Select(vi("events.q.contact.case"), o.names[1])
	p.Fill(vi("events.q.contact.name"), "Lò Văn Pánh")
	p.Fill(vi("events.q.contact.address"), "Xóm Mới, nhà cuối ngõ")
	p.Select(vi("events.q.contact.worker"), worker.Name)
	p.Follow(vi("events.contact.add.do")).See(vi("events.contact.added"), vi("events.contact.by", worker.Name))
	home := o.desk("village worker at home", worker).Go("/su-kien").Follow(vi("events.village")).See("Lò Văn Pánh").Never("Ngọc Trâm")
	o.look(home)
	home.FollowNear("Lò Văn Pánh", vi("events.call")).See("nhà cuối ngõ")
	home.Choose(vi("events.check.well"))
	home.Follow(vi("events.call.do")).See(vi("events.contact.asked"), vi("events.check.well"))
	o.look(home)
}

// declare: form 01 is surveillance's; the event names it.
func (o *outbreak) declare(p *harness.Page) {
	vi := o.vi
	p.Go(o.event).Follow(vi("events.declare.01")).See(vi("surveillance.epidemic.declare"))
	p.Fill(vi("surveillance.notice.place"), o.focus)
	p.Fill(vi("surveillance.notice.advice"), "Người tiếp xúc gần uống thuốc dự phòng, người sốt đến trạm ngay")
	p.Follow(vi("surveillance.epidemic.declare")).See(vi("surveillance.notice.form.01"), o.focus)
	p.Go(o.event).See(vi("events.act.declared.words")).Follow(vi("events.act.declared.do")).See(vi("events.done.declared"), vi("events.stage.epidemic"), vi("events.fact.notice.01"))
	o.look(p)
	p.Fill(vi("events.q.daily.words"), "Đã khử khuẩn sân chơi, không ca mới")
	p.Follow(vi("events.act.daily.do")).See(vi("events.done.daily"), "Đã khử khuẩn sân chơi")
	o.look(p)
	p.Follow(vi("events.daily.print")).See(vi("events.paper.basis"), o.focus, "Đã khử khuẩn sân chơi").Never(o.names...)
	o.look(p)
	o.level(p)
}

// level: the commune's forces do not suffice (Article 17).
func (o *outbreak) level(p *harness.Page) {
	vi := o.vi
	p.Go(o.event + "?buoc=level").See(vi("events.act.level.words"))
	o.look(p)
	p.Choose(vi("events.finding.forces-short"))
	p.Fill(vi("events.q.level.words"), "Cần đội cơ động của tỉnh")
	p.Follow(vi("events.act.level.do")).See(vi("events.done.level"), vi("events.epidemic.level.1", "17"))
}

// above is what who leads the place sees: the event, its state, its course; no
// name of who is ill or was near.
func (o *outbreak) above(name string, role store.Role, stage string) {
	p := o.desk(name, o.s.Of(o, role)).Go("/su-kien")
	if stage == o.vi("events.stage.closed") {
		p.Go("/su-kien?xem=xong")
	}
	p.See("Xóm Mới", stage).Never(o.names...)
	o.look(p)
	p.Go(o.event).See("Xóm Mới", stage, o.vi("events.step.signal")).Never(append([]string{"Ngọc Trâm"}, o.names...)...)
	o.look(p)
}

// closes: the days without a case have passed; then form 02, and what was
// learnt.
func (o *outbreak) closes(p *harness.Page) {
	vi := o.vi
	p.Go(o.event + "?buoc=closed")
	p.Fill(vi("events.q.closed.words"), "Đủ 14 ngày không có ca mới")
	p.Follow(vi("events.act.closed.do")).See(vi("events.done.closed"), vi("events.stage.closed"))
	o.look(p)
	p.Follow(vi("events.declare.02")).See(vi("surveillance.epidemic.end"))
	p.Fill(vi("surveillance.notice.place"), o.focus)
	p.Fill(vi("surveillance.notice.advice"), "Tiếp tục theo dõi người sốt")
	p.Follow(vi("surveillance.epidemic.end")).See(vi("surveillance.notice.form.02"))
	p.Go(o.event).Follow(vi("events.act.contained.do")).See(vi("events.done.contained"), vi("events.fact.notice.02"))
	p.Fill(vi("events.q.review.words"), "Cảnh báo đến trước lời báo; sân chơi cần thoáng hơn")
	p.Follow(vi("events.act.review.do")).See(vi("events.done.review"), "sân chơi cần thoáng hơn")
	o.look(p)
}
