// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"time"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
	"mach/web"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tabs"
	"mach/web/components/tag"
	"mach/web/components/timeline"
	"mach/web/components/worklist"
)

func diseaseName(ctx context.Context, id string) string {
	if s, ok := syndrome(id); ok {
		return syndromeName(ctx, s)
	}
	d, _ := content.Diseases().ByID(id)
	return d.Name.In(web.LangOf(ctx))
}

// unitName is the name of a unit with its kind, the nation's in words.
func unitName(ctx context.Context, u vn.Unit) string {
	if u.ID == vn.Nation {
		return web.T(ctx, "detection.nation")
	}
	return u.Full()
}

// span writes a time in the unit that matters.
func span(ctx context.Context, d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Hour:
		return web.T(ctx, "detection.span.minutes", int(d.Minutes()))
	case d < 72*time.Hour:
		return web.T(ctx, "detection.span.hours", int(d.Hours()))
	}
	return web.T(ctx, "detection.span.days", int(d.Hours()/24))
}

// stateWords says where the alert stands: its clock, or what came of it.
func stateWords(ctx context.Context, a Alert, c Clock) string {
	switch a.State() {
	case Answered:
		return web.T(ctx, "detection.kind."+string(a.Answer))
	case Withdrawn:
		return web.T(ctx, "detection.withdrawn")
	}
	if c.Overdue {
		return web.T(ctx, "detection.clock.overdue", span(ctx, c.Left))
	}
	left := web.T(ctx, "detection.clock.left", span(ctx, c.Left))
	if c.Level != "" {
		return left + " · " + web.T(ctx, "detection.level."+c.Level)
	}
	return left
}

func stateTone(a Alert, c Clock) tag.Tone {
	switch {
	case a.State() == Withdrawn:
		return tag.Plain
	case a.Answer == Real:
		return tag.Warning
	case a.State() == Answered:
		return tag.Good
	case c.Overdue:
		return tag.Danger
	case c.Level != "":
		return tag.Warning
	}
	return tag.Info
}

// period says which days an alert covers.
func period(ctx context.Context, a Alert) string {
	last := vn.DateOf(a.Last)
	if a.Since >= last {
		return web.T(ctx, "detection.period.day", web.Date(ctx, last))
	}
	return web.T(ctx, "detection.period.days", web.Date(ctx, a.Since), web.Date(ctx, last))
}

// short is the reason in a list.
func short(ctx context.Context, a Alert) string {
	if a.Syndrome() {
		return shortSyndrome(ctx, a)
	}
	return web.T(ctx, "detection.short."+string(a.Rule), a.Cases, period(ctx, a))
}

// title is the finding of an alert.
func title(ctx context.Context, a Alert, place vn.Unit) string {
	return web.T(ctx, "detection.alert.title", diseaseName(ctx, a.Disease), unitName(ctx, place))
}

func (p inboxData) name(ctx context.Context, a Alert) string {
	u, ok := p.names[a.Unit]
	if !ok {
		u = p.Unit
	}
	return title(ctx, a, u)
}

func alertRows(ctx context.Context, p inboxData, list []Alert) []worklist.Row {
	var rows []worklist.Row
	for i, a := range list {
		c := a.ClockAt(p.Now, p.Rules)
		row := worklist.Row{
			ID: "alert-" + strconv.FormatInt(a.Seq, 10) + "-" + strconv.Itoa(int(a.Unit)), Name: p.name(ctx, a), Href: a.Path(),
			Meta: web.T(ctx, "detection.opened", web.DateTime(ctx, a.Opened)), Why: short(ctx, a), Tone: stateTone(a, c), State: stateWords(ctx, a, c),
			Action: web.Link{Text: web.T(ctx, "detection.open"), Href: a.Path()}, Primary: i == 0,
		}
		if p.Answers && a.State() == Open {
			row.Action.Text = web.T(ctx, "detection.open.answer")
		}
		rows = append(rows, row)
	}
	return rows
}

// leadOf is the finding of the inbox.
func leadOf(ctx context.Context, p inboxData) string {
	n, overdue := len(p.Desk.Shown), 0
	for _, a := range p.Desk.Shown {
		if a.ClockAt(p.Now, p.Rules).Overdue {
			overdue++
		}
	}
	switch {
	case n == 0:
		return web.T(ctx, "detection.lead.none")
	case overdue > 0:
		return web.T(ctx, "detection.lead.overdue", n, overdue)
	}
	return web.T(ctx, "detection.lead", n)
}

func trail(ctx context.Context, p inboxData) []web.Link {
	var out []web.Link
	for _, u := range p.Path {
		out = append(out, web.Link{Text: unitName(ctx, u), Href: "/canh-bao?don-vi=" + queryCode(u)})
	}
	return append(out, web.Link{Text: unitName(ctx, p.Unit)})
}

// queryCode is the code of a unit in a query.
func queryCode(u vn.Unit) string {
	if u.ID == vn.Nation {
		return codeNation
	}
	return u.Code
}

func silentTable(ctx context.Context, p inboxData) table.Props {
	t := table.Props{Caption: web.T(ctx, "detection.silent"), Hidden: true, First: true, Stack: true,
		Cols: []table.Col{{Head: web.T(ctx, "detection.col.unit"), Wide: true}, {Head: web.T(ctx, "detection.col.last")}}}
	for _, q := range p.Silent {
		t.Rows = append(t.Rows, []table.Cell{{Text: unitName(ctx, p.names[q.Unit])}, {Text: web.DateTime(ctx, q.Last)}})
	}
	return t
}

func doneTable(ctx context.Context, p doneData) table.Props {
	t := table.Props{Caption: web.T(ctx, "detection.done"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "detection.done.none"),
		Cols: []table.Col{{Head: web.T(ctx, "detection.col.alert"), Wide: true}, {Head: web.T(ctx, "detection.col.opened")},
			{Head: web.T(ctx, "detection.col.cases"), Num: true}, {Head: web.T(ctx, "detection.col.answer")}, {Head: web.T(ctx, "detection.col.hours"), Num: true}}}
	for _, a := range p.Alerts {
		hours := "–"
		if !a.Answered.IsZero() {
			hours = web.Number(ctx, a.Answered.Sub(a.Opened).Hours(), 1)
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: title(ctx, a, p.names[a.Unit]), Href: a.Path()}, {Text: web.DateTime(ctx, a.Opened)},
			{Text: web.Int(ctx, a.Cases)}, {Text: stateWords(ctx, a, Clock{})}, {Text: hours}})
	}
	return t
}

// behindTable lists the alerts that one is shown instead of.
func behindTable(ctx context.Context, p alertData) table.Props {
	t := table.Props{Caption: web.T(ctx, "detection.behind"), Hidden: true, First: true,
		Cols: []table.Col{{Head: web.T(ctx, "detection.col.unit"), Wide: true}, {Head: web.T(ctx, "detection.col.cases"), Num: true}, {Head: web.T(ctx, "detection.col.opened")}}}
	for _, a := range p.Behind {
		t.Rows = append(t.Rows, []table.Cell{{Text: unitName(ctx, p.names[a.Unit]), Href: a.Path()}, {Text: web.Int(ctx, a.Cases)}, {Text: web.DateTime(ctx, a.Opened)}})
	}
	return t
}

// why answers "why this alert" in sentences: what was seen, against what, over
// which days, how complete.
func why(ctx context.Context, p alertData) []string {
	if p.Sighted != nil {
		return whySyndrome(ctx, p)
	}
	disease, place := diseaseName(ctx, p.Alert.Disease), unitName(ctx, p.Place)
	var out []string
	switch v := p.Verdict; {
	case p.Alert.Rule == RuleImmediate && p.Disease.Group == "A":
		out = append(out, web.T(ctx, "detection.why.group-a", p.Cases, disease, place, period(ctx, p.Alert)))
	case p.Alert.Rule == RuleLinkedWeek:
		out = append(out, web.T(ctx, "detection.why.linked-week", p.Cases, disease, place, period(ctx, p.Alert), p.Rule.LinkedGapDays, p.Rule.LinkedWeek))
	case p.Alert.Rule == RuleLinkedMonth:
		out = append(out, web.T(ctx, "detection.why.linked-month", p.Cases, disease, place, period(ctx, p.Alert), p.Rule.LinkedGapDays, p.Rule.LinkedMonth))
	case p.Alert.Rule == RuleCluster && p.Cluster != nil:
	case p.Alert.Rule == RuleDeath, p.Alert.Rule == RuleImmediate, p.Alert.Rule == RuleGroup, v == nil:
		out = append(out, web.T(ctx, "detection.why."+string(p.Alert.Rule), p.Cases, disease, place, period(ctx, p.Alert)))
	}
	if v := p.Verdict; v != nil {
		key := "detection.why.excess"
		switch v.Method {
		case outbreak.MethodGLR:
			key = "detection.why.slow"
		case outbreak.MethodProvince:
			key = "detection.why.beside"
		}
		out = append(out, web.T(ctx, key, vn.WeekOf(v.Week).Number, web.Date(ctx, v.Week), web.Date(ctx, v.Week.AddDays(6)), v.Observed, disease, place,
			web.Number(ctx, v.Expected, 1), web.Number(ctx, v.Bound, 0)))
		if v.Chance < 1 {
			out = append(out, web.T(ctx, "detection.why.p", chance(ctx, v.Chance)))
		}
		if v.Foci > 0 {
			out = append(out, web.T(ctx, "detection.why.foci", v.Foci))
		}
	}
	if c := p.Cluster; c != nil {
		out = append(out, clusterWords(ctx, *c, p.names)+" "+rarity(ctx, *c), clusterMembers(ctx, *c, p.names))
	}
	return append(out, complete(ctx, p))
}

// chance writes a small probability as people say it: 1 in n.
func chance(ctx context.Context, p float64) string {
	if p <= 1e-6 {
		return web.Int(ctx, 1_000_000)
	}
	n := 1 / p
	scale := math.Pow(10, math.Floor(math.Log10(n))-1)
	return web.Int(ctx, int(math.Round(n/scale)*scale))
}

// complete says how complete the reports are that the alert rests on.
func complete(ctx context.Context, p alertData) string {
	switch {
	case !p.Heard.Since.Known():
		return web.T(ctx, "detection.complete.none")
	case p.Heard.Silent:
		return web.T(ctx, "detection.complete.silent", web.DateTime(ctx, p.Heard.Last))
	case p.Place.Level == vn.LevelCommune:
		return web.T(ctx, "detection.complete.commune", web.DateTime(ctx, p.Heard.Last))
	}
	return web.T(ctx, "detection.complete", p.Heard.Reporting, p.Heard.Expecting, web.DateTime(ctx, p.Heard.Last))
}

func facts(ctx context.Context, p alertData) []stat.Item {
	items := []stat.Item{
		{Name: web.T(ctx, "detection.fact.rule"), Value: web.T(ctx, "detection.rule."+string(p.Alert.Rule))},
		{Name: web.T(ctx, "detection.fact.cases"), Value: web.Int(ctx, p.Cases), Note: period(ctx, p.Alert)},
	}
	if v := p.Verdict; v != nil {
		item := stat.Item{Name: web.T(ctx, "detection.fact.expected"), Value: web.Number(ctx, v.Expected, 1)}
		if v.Method != outbreak.MethodGLR { // it has no bound for a week
			item.Note = web.T(ctx, "detection.fact.bound", web.Number(ctx, v.Bound, 0))
		}
		items = append(items, item)
	}
	if p.Sighted != nil {
		items[1].Name = web.T(ctx, "detection.syndrome.cases")
		items = append(items, factsOfSyndrome(ctx, p)...)
	}
	items = append(items, stat.Item{Name: web.T(ctx, "detection.fact.opened"), Value: web.DateTime(ctx, p.Opened), Note: web.T(ctx, "detection.fact.reports", p.Reports)})
	if p.Alert.State() == Open {
		items = append(items, stat.Item{Name: web.T(ctx, "detection.fact.due"), Value: web.DateTime(ctx, p.Due), Note: stateWords(ctx, p.Alert, p.Clock), Danger: p.Clock.Overdue})
	}
	return items
}

func basis(ctx context.Context, p alertData) []stat.Item {
	method, settings, position := web.T(ctx, "detection.method.rule"), p.Settings, p.Alert.Verdict
	switch {
	case p.Verdict != nil:
		method = web.T(ctx, "detection.method."+p.Verdict.Method)
	case p.Cluster != nil:
		method, settings, position = web.T(ctx, "detection.method.scan"), p.Cluster.Settings, p.Cluster.Position
	}
	if p.Sighted != nil {
		method = web.T(ctx, "detection.syndrome.method")
	}
	return []stat.Item{
		{Name: web.T(ctx, "detection.basis.method"), Value: method},
		{Name: web.T(ctx, "detection.basis.settings"), Value: settings},
		{Name: web.T(ctx, "detection.basis.position"), Value: web.Int(ctx, position)},
		{Name: web.T(ctx, "detection.basis.complete"), Value: complete(ctx, p)},
	}
}

// eventPath opens the form of a signal with what the alert knows: no person.
func (p alertData) eventPath() string {
	of := url.Values{"xa": {p.Place.Code}, "canh-bao": {p.Key}}
	if p.Sighted != nil { // no disease has a name yet
		of.Set("hoi-chung", p.Sighted.Picture.Name.Vi)
	} else {
		of.Set("benh", p.Alert.Disease)
	}
	return "/su-kien/moi?" + of.Encode()
}

// lines leads to the list of cases, or to the days of a syndrome.
func (p alertData) lines(ctx context.Context) web.Link {
	if p.Sighted != nil {
		return web.Link{Text: web.T(ctx, "detection.syndrome.open"), Href: syndromesPath(p.Place)}
	}
	return web.Link{Text: web.T(ctx, "detection.lines"), Href: "/dich?" + url.Values{"don-vi": {p.Place.Code}, "benh": {p.Alert.Disease}}.Encode()}
}

// lawPath is the page of the legal state; "" above communes and of a syndrome.
func (p alertData) lawPath() string {
	if p.Place.Level != vn.LevelCommune || p.Sighted != nil {
		return ""
	}
	return "/dich/xa/" + url.PathEscape(p.Place.Code) + "/" + url.PathEscape(p.Alert.Disease)
}

// lawWords is the legal flag beside the alert.
func lawWords(ctx context.Context, f *LegalFlag) string {
	if f == nil || f.Level == 0 {
		return web.T(ctx, "detection.law.none")
	}
	return web.T(ctx, "detection.law."+strconv.Itoa(f.Level), f.Article)
}

func lawTone(f *LegalFlag) tag.Tone {
	switch {
	case f == nil || f.Level == 0:
		return tag.Plain
	case f.Level == 1:
		return tag.Warning
	}
	return tag.Danger
}

func dutyWords(ctx context.Context, list []OnDuty) string {
	if len(list) == 0 {
		return web.T(ctx, "detection.duty.nobody")
	}
	names := list[0].Name
	for _, o := range list[1:] {
		names += ", " + o.Name
	}
	return web.T(ctx, "detection.duty.now", names)
}

// tabsOf are the pages of the early warning.
func tabsOf(ctx context.Context, at string, unit vn.Unit) []tabs.Tab {
	var out []tabs.Tab
	for _, t := range [][2]string{{"/canh-bao", "detection.tab.waiting"}, {"/canh-bao/da-tra-loi", "detection.tab.done"}, {"/canh-bao/hoi-chung", "detection.tab.syndromes"},
		{"/canh-bao/bang-diem", "detection.tab.score"}, {"/canh-bao/truc", "detection.tab.duty"}} {
		if !readers.Allows(web.SessionOf(ctx)) { // an institute reads settings alone
			break
		}
		out = append(out, tabs.Tab{Text: web.T(ctx, t[1]), Href: t[0] + "?don-vi=" + queryCode(unit), Current: t[0] == at})
	}
	if settingsReaders.Allows(web.SessionOf(ctx)) {
		out = append(out, tabs.Tab{Text: web.T(ctx, "settings.tab"), Href: settingsPath, Current: at == settingsPath})
	}
	return out
}

// course is what came of an alert: answers and events, the newest first.
func course(ctx context.Context, p alertData) []timeline.Item {
	var out []timeline.Item
	for _, e := range p.Events {
		out = append(out, timeline.Item{When: web.DateTime(ctx, e.At), Title: web.T(ctx, "detection.kind.real"), Href: "/su-kien/" + url.PathEscape(e.First),
			Text: web.T(ctx, "detection.event"), Icon: "siren", Tone: tag.Warning})
	}
	for _, r := range p.Replies {
		out = append(out, timeline.Item{When: web.DateTime(ctx, r.At), Title: web.T(ctx, "detection.kind."+string(r.Kind)), Text: r.Words, Where: r.Author, Icon: "circle-check", Tone: tag.Good})
	}
	return out
}

// historyFrom says since when anything is known of the unit.
func historyFrom(ctx context.Context, h Heard) string {
	if !h.Since.Known() {
		return "–"
	}
	return web.Date(ctx, h.Since)
}
