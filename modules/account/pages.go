// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"strings"
	"time"

	"mach/access"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/plain"
	"mach/web/components/table"
)

// switchTo is where pressing somebody's name leads: to the PIN, or to the
// password when the PIN will not do.
func switchTo(p access.Recent) string {
	if p.PIN {
		return "/doi-nguoi?ai=" + p.Account
	}
	return "/sign-in?login=" + strings.ReplaceAll(p.Login, " ", "+")
}

func isCitizen(ctx context.Context) bool { return citizens.Allows(web.SessionOf(ctx)) }

func backToSelf(ctx context.Context) web.Link {
	return web.Link{Text: web.T(ctx, "account.self"), Href: "/tai-khoan"}
}

// tasks are the pages of this module that belong to a role's work.
func tasks(ctx context.Context) []web.Link {
	var out []web.Link
	for _, t := range []struct {
		who       web.Who
		key, href string
	}{
		{reviewers, "account.review", "/tai-khoan/ra-soat"},
		{admins, "account.manage", "/tai-khoan/quan-ly"},
		{admins, "smart.manage", "/ung-dung/quan-ly"},
		{overseers, "account.crowd", "/tai-khoan/nhieu-nguoi"},
		{breakers, "account.emergency", "/tai-khoan/khan-cap"},
		{desk, "account.guardian", "/tai-khoan/giam-ho"},
		{web.SignedIn, "smart.mine", "/ung-dung"},
	} {
		if t.who.Allows(web.SessionOf(ctx)) {
			out = append(out, web.Link{Text: web.T(ctx, t.key), Href: t.href})
		}
	}
	return out
}

func backToManage(ctx context.Context) web.Link {
	return web.Link{Text: web.T(ctx, "account.manage"), Href: "/tai-khoan/quan-ly"}
}

func selfLead(ctx context.Context, d selfData) string {
	return d.Account.Name + " · " + roleAt(ctx, d.Now.Assignment)
}

// roleAt is "Điều dưỡng · Trạm y tế xã Liên Bão".
func roleAt(ctx context.Context, s access.Assignment) string {
	if s.FacilityName == "" {
		return web.RoleName(ctx, s.Role)
	}
	return web.RoleName(ctx, s.Role) + " · " + s.FacilityName
}

func roleDates(ctx context.Context, s access.Assignment) string {
	from := web.Date(ctx, vn.DateOf(s.From))
	if s.To.IsZero() {
		return web.T(ctx, "account.roles.from", from)
	}
	return web.T(ctx, "account.roles.between", from, web.Date(ctx, vn.DateOf(s.To)))
}

func setOrNot(ctx context.Context, set bool) string {
	if set {
		return web.T(ctx, "account.set")
	}
	return web.T(ctx, "account.not_set")
}

// agent is the device in a word or two; browsers' own names are unreadable.
func agent(ctx context.Context, s access.Session) string {
	for _, a := range []struct{ part, key string }{{"iPhone", "phone"}, {"Android", "phone"}, {"iPad", "tablet"}, {"Windows", "computer"}, {"Macintosh", "computer"}, {"Linux", "computer"}} {
		if strings.Contains(s.Agent, a.part) {
			return web.T(ctx, "account.device."+a.key)
		}
	}
	return web.T(ctx, "account.device.other")
}

// grouped writes a secret in fours, to be typed by hand.
func grouped(s string) string {
	var parts []string
	for ; len(s) > 4; s = s[4:] {
		parts = append(parts, s[:4])
	}
	return strings.Join(append(parts, s), " ")
}

func wardLines(ctx context.Context, wards []access.Guardianship) []plain.Line {
	var out []plain.Line
	for _, g := range wards {
		out = append(out, plain.Line{Icon: "baby", Text: g.WardName, Note: guardianSentence(ctx, g)})
	}
	return out
}

func guardianSentence(ctx context.Context, g access.Guardianship) string {
	now := web.Now(ctx)
	switch {
	case !g.Ended.IsZero():
		return web.T(ctx, "account.guardian.ended_on", web.Date(ctx, vn.DateOf(g.Ended)))
	case g.WaitsForChild(now):
		return web.T(ctx, "account.guardian.waits")
	case !g.ValidAt(now):
		return web.T(ctx, "account.guardian.adult")
	}
	return web.T(ctx, "account.guardian.until", web.Date(ctx, vn.DateOf(g.To)))
}

func guardianLead(ctx context.Context, d guardianData) string {
	if d.Patient == "" {
		return web.T(ctx, "account.guardian.lead")
	}
	if !d.Birth.Known() {
		return d.Name
	}
	return web.T(ctx, "account.guardian.of", d.Name, web.Date(ctx, d.Birth))
}

func guardianKinds(ctx context.Context) []field.Option {
	var out []field.Option
	for _, k := range access.GuardianKinds() {
		out = append(out, field.Option{Value: k, Text: web.T(ctx, "account.guardian."+k)})
	}
	return out
}

func consentSentence(ctx context.Context, c access.Consent) string {
	purpose := web.T(ctx, "account.purpose."+c.Purpose)
	switch {
	case !c.Withdrawn.IsZero():
		return web.T(ctx, "account.consent.was_withdrawn", purpose, web.Date(ctx, vn.DateOf(c.Withdrawn)))
	case !c.ValidAt(web.Now(ctx)):
		return web.T(ctx, "account.consent.is_over", purpose, lastDay(ctx, c.To))
	}
	return web.T(ctx, "account.consent.holds", purpose, lastDay(ctx, c.To))
}

// lastDay is the day before an end at midnight.
func lastDay(ctx context.Context, end time.Time) string {
	return web.Date(ctx, vn.DateOf(end.Add(-time.Second)))
}

func purposes(ctx context.Context) []field.Option {
	var out []field.Option
	for _, p := range access.ConsentPurposes() {
		out = append(out, field.Option{Value: p, Text: web.T(ctx, "account.purpose."+p), Hint: web.T(ctx, "account.purpose."+p+".hint")})
	}
	return out
}

func placeOptions(places []place) []field.Option {
	var out []field.Option
	for _, p := range places {
		out = append(out, field.Option{Value: p.ID, Text: p.Name, Hint: p.Where})
	}
	return out
}

func roleOptions(ctx context.Context) []field.Option {
	out := []field.Option{{Text: web.T(ctx, "account.role.choose")}}
	for _, r := range assignable {
		out = append(out, field.Option{Value: string(r), Text: web.RoleName(ctx, r)})
	}
	return out
}

func stranger(ctx context.Context, s Stranger) string {
	return strings.Join([]string{s.Name, web.TOr(ctx, "account.sex."+s.Sex, s.Sex), s.Year, s.Place}, " · ")
}

func glassTitle(ctx context.Context, d glassData) string {
	if d.Name == "" {
		return web.T(ctx, "account.emergency")
	}
	return strings.Join([]string{d.Name, web.TOr(ctx, "account.sex."+d.Sex, d.Sex), dayWord(ctx, d.Birth)}, " · ")
}

func glassWho(ctx context.Context, g access.Glass) string {
	return strings.Join([]string{web.RoleName(ctx, g.Role), g.FacilityName, web.DateTime(ctx, g.From)}, " · ")
}

// glassSentence tells the person.
func glassSentence(ctx context.Context, g access.Glass) string {
	return web.T(ctx, "account.notices.line", web.DateTime(ctx, g.From), g.Name, web.RoleName(ctx, g.Role), g.FacilityName, g.Reason)
}

func noticeLines(ctx context.Context, list []access.Glass) []plain.Line {
	var out []plain.Line
	for _, g := range list {
		note := web.T(ctx, "account.notices.waits", web.Date(ctx, g.Due))
		if !g.Reviewed.IsZero() {
			note = web.T(ctx, "account.review.given", web.T(ctx, "account.verdict."+g.Verdict), g.ReviewerName)
		}
		out = append(out, plain.Line{Icon: "siren", Text: glassSentence(ctx, g), Note: note})
	}
	return out
}

func sectionRows(ctx context.Context, s section) [][]table.Cell {
	var out [][]table.Cell
	for _, l := range s.Lines {
		out = append(out, table.Text(dayWord(ctx, l.On), l.Text))
	}
	return out
}

// dayWord writes a FHIR date as people do; what cannot be read stays as it is.
func dayWord(ctx context.Context, iso string) string {
	p, err := vn.ParsePartialDate(iso)
	if err != nil || !p.Known() {
		return iso
	}
	return web.PartialDate(ctx, p)
}

func crowdCols(ctx context.Context) []table.Col {
	return []table.Col{{Head: web.T(ctx, "account.crowd.who"), Wide: true}, {Head: web.T(ctx, "account.crowd.at")}, {Head: web.T(ctx, "account.crowd.limit")}}
}

func crowdRows(ctx context.Context, list []access.Crowded) [][]table.Cell {
	var out [][]table.Cell
	for _, c := range list {
		who := c.Name + " · " + web.RoleName(ctx, c.Role)
		if c.FacilityName != "" {
			who += " · " + c.FacilityName
		}
		out = append(out, []table.Cell{{Text: who}, {Text: web.DateTime(ctx, c.At)}, {Text: web.T(ctx, "account.crowd.people", c.People)}})
	}
	return out
}

func reviewCols(ctx context.Context) []table.Col {
	return []table.Col{{Head: web.T(ctx, "account.review.who"), Wide: true}, {Head: web.T(ctx, "account.review.opened_at")},
		{Head: web.T(ctx, "account.review.reason"), Wide: true}, {Head: web.T(ctx, "account.review.due")}}
}

func reviewRows(ctx context.Context, queue []access.Glass) [][]table.Cell {
	today := vn.DateOf(web.Now(ctx))
	var out [][]table.Cell
	for _, g := range queue {
		due := web.Date(ctx, g.Due)
		if g.Overdue(today) {
			due = web.T(ctx, "account.review.late", due)
		}
		out = append(out, []table.Cell{{Text: g.Name + " · " + web.RoleName(ctx, g.Role) + " · " + g.FacilityName, Href: "/tai-khoan/ra-soat/" + g.ID},
			{Text: web.DateTime(ctx, g.From)}, {Text: g.Reason}, {Text: due, Strong: g.Overdue(today)}})
	}
	return out
}

func lineRows(ctx context.Context, lines []store.Access) [][]table.Cell {
	var out [][]table.Cell
	for _, l := range lines {
		var types []string
		for _, t := range l.Types {
			types = append(types, web.TOr(ctx, "account.type."+t, t))
		}
		out = append(out, table.Text(web.DateTime(ctx, l.At), web.TOr(ctx, "account.action."+string(l.Action), string(l.Action)), strings.Join(types, ", ")))
	}
	return out
}

func verdicts(ctx context.Context) []field.Option {
	return []field.Option{{Value: "justified", Text: web.T(ctx, "account.verdict.justified")}, {Value: "unjustified", Text: web.T(ctx, "account.verdict.unjustified")}}
}

func staffedCols(ctx context.Context) []table.Col {
	return []table.Col{{Head: web.T(ctx, "account.name"), Wide: true}, {Head: web.T(ctx, "account.login")}, {Head: web.T(ctx, "account.role"), Wide: true}, {Head: web.T(ctx, "account.manage.state")}}
}

func staffedRows(ctx context.Context, list []access.Staffed) [][]table.Cell {
	var out [][]table.Cell
	for _, s := range list {
		state := web.T(ctx, "account.manage.active")
		switch {
		case !s.Account.Closed.IsZero():
			state = web.T(ctx, "account.manage.is_closed")
		case !s.Assignment.ValidAt(web.Now(ctx)):
			state = web.T(ctx, "account.manage.role_over")
		}
		out = append(out, []table.Cell{{Text: s.Account.Name, Href: "/tai-khoan/quan-ly/" + s.Account.ID}, {Text: s.Account.Login}, {Text: roleAt(ctx, s.Assignment)}, {Text: state}})
	}
	return out
}

func accountLead(ctx context.Context, a access.Account) string {
	if !a.Closed.IsZero() {
		return web.T(ctx, "account.manage.is_closed")
	}
	return a.Login
}
