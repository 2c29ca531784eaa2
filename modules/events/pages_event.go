// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/figure"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tabs"
	"mach/web/components/tag"
	"mach/web/components/timeline"
	"mach/web/components/worklist"
)

// callsHref leads to the list of the day, for those who call.
func callsHref(p boardData) string {
	if !p.Signals {
		return ""
	}
	return "/su-kien/hom-nay?don-vi=" + p.Unit.Code
}

func boardURL(p boardData) string {
	url := "/su-kien/bang?don-vi=" + p.Unit.Code
	if p.Over {
		url += "&xem=xong"
	}
	return url
}

// focusTabs are the pages of a focus. Cases and contacts name people: they are
// for who works with them.
func focusTabs(ctx context.Context, p eventData, at string) []tabs.Tab {
	out := []tabs.Tab{{Text: web.T(ctx, "events.tab.event"), Href: path(p.ID), Current: at == ""}}
	if p.Works {
		out = append(out,
			tabs.Tab{Text: web.T(ctx, "events.tab.lines"), Href: path(p.ID) + "/ca-benh", Current: at == "ca-benh", Count: p.Tally.Cases()},
			tabs.Tab{Text: web.T(ctx, "events.tab.contacts"), Href: path(p.ID) + "/tiep-xuc", Current: at == "tiep-xuc", Count: p.Tally.Contacts})
	}
	return append(out, tabs.Tab{Text: web.T(ctx, "events.tab.daily"), Href: path(p.ID) + "/bao-cao", Current: at == "bao-cao", Count: len(p.Due)})
}

// facts is what is known of an event, in the order somebody asks.
func facts(ctx context.Context, p eventData) []stat.Item {
	out := []stat.Item{
		{Name: web.T(ctx, "events.fact.what"), Value: what(ctx, p.Event)},
		{Name: web.T(ctx, "events.fact.place"), Value: joined(p.Place, p.Unit.Full())},
		{Name: web.T(ctx, "events.fact.source"), Value: joined(web.T(ctx, "events.source."+p.Source), web.DateTime(ctx, p.Told)), Note: signals(ctx, p)},
		{Name: web.T(ctx, "events.fact.words"), Value: p.Event.Words},
	}
	add := func(key, value string) {
		if value != "" {
			out = append(out, stat.Item{Name: web.T(ctx, key), Value: value})
		}
	}
	if p.Since.Known() {
		add("events.fact.since", web.Date(ctx, p.Since))
	}
	add("events.fact.people", people(ctx, p.Sick, p.Dead))
	add("events.fact.phone", p.Phone)
	if p.Alert != "" {
		alert := stat.Item{Name: web.T(ctx, "events.fact.alert"), Value: alertWords(ctx, p.Alert)}
		if p.Works {
			alert.Of = link("/canh-bao/"+p.Alert, alert.Value)
		}
		out = append(out, alert)
	}
	if p.Risk != "" {
		out = append(out, stat.Item{Name: web.T(ctx, "events.fact.risk"), Of: tag.Tag(riskTone(p.Risk), web.T(ctx, "events.risk."+p.Risk)), Note: triggers(ctx, p.Triggers)})
	}
	if p.Event.Focus == "" {
		return out
	}
	verified := ""
	if !p.Rule.Verified {
		verified = web.T(ctx, "events.rule.unverified")
	}
	out = append(out, stat.Item{Name: web.T(ctx, "events.fact.opens"), Value: p.Rule.Opens.In(web.LangOf(ctx)), Note: joined(p.Rule.Source, verified)})
	out = append(out, stat.Item{Name: web.T(ctx, "events.fact.closes"), Value: web.T(ctx, "events.rule."+string(p.Rule.Closes), p.Rule.Days)})
	if p.Level != "" {
		level, article := levelOf(p.Findings)
		out = append(out, stat.Item{Name: web.T(ctx, "events.fact.level"), Of: tag.Tag(tag.Danger, web.T(ctx, "events.epidemic.level."+p.Level, article)),
			Note: web.T(ctx, "events.finding."+Findings[max(0, int(level)-1)])})
	}
	if p.Stage == IsEpidemic {
		add("events.fact.line", lineWords(ctx, p.Ends))
	}
	for _, form := range []struct{ key, id string }{{"events.fact.notice.01", p.Event.Notice}, {"events.fact.notice.02", p.Event.Ended}} {
		if form.id != "" {
			out = append(out, stat.Item{Name: web.T(ctx, form.key), Of: link("/dich/thong-bao/"+form.id, web.T(ctx, "events.notice.open"))})
		}
	}
	return out
}

// alertWords names an alert by its key, disease/unit/week: the disease and the
// week it opened; its unit is that of the event.
func alertWords(ctx context.Context, key string) string {
	parts := strings.Split(key, "/")
	week, err := vn.ParseWeek(parts[len(parts)-1])
	if len(parts) != 3 || err != nil {
		return key
	}
	return joined(diseaseName(ctx, parts[0]), web.T(ctx, "events.fact.alert.week", week.Number, strconv.Itoa(week.Year)))
}

func signals(ctx context.Context, p eventData) string {
	if p.Signals < 2 {
		return ""
	}
	return web.T(ctx, "events.signals", p.Signals)
}

func triggers(ctx context.Context, list []string) string {
	words := make([]string, len(list))
	for i, t := range list {
		words[i] = web.T(ctx, "events.trigger."+t)
	}
	return strings.Join(words, "; ")
}

// course is the steps, the newest first: who, when, with which words. Daily
// reports in a row are one line, their page lists them.
func course(ctx context.Context, p eventData) []timeline.Item {
	var out []timeline.Item
	reports := 0
	for _, s := range slices.Backward(p.Steps) {
		if s.Kind != Daily || slices.Contains(p.Void, s.ID) {
			reports = 0
		} else if reports++; reports > 1 {
			out[len(out)-1].Title = web.T(ctx, "events.step.dailies", reports)
			out[len(out)-1].Href = path(p.ID) + "/bao-cao"
			continue
		}
		i := timeline.Item{When: web.DateTime(ctx, s.At), Title: stepTitle(ctx, p, s), Text: joined(stepFigures(ctx, s), s.Words), Icon: stepIcon(s.Kind), Tone: stepTone(s)}
		i.Where = joined(s.Who, s.Office)
		if i.Where == "" && s.Kind == Told {
			i.Where = web.T(ctx, "events.told.by")
		} else if i.Where == "" {
			i.Where = web.T(ctx, "events.source.citizen")
		}
		if vn.DateOf(s.At) != vn.DateOf(s.Written) {
			i.Where = joined(i.Where, web.T(ctx, "events.written", web.DateTime(ctx, s.Written)))
		}
		if s.About != "" && (s.Kind == Declared || s.Kind == Contained) {
			i.Href = "/dich/thong-bao/" + s.About
		} else if s.About != "" {
			i.Href = path(s.About)
		}
		if slices.Contains(p.Void, s.ID) {
			i.Tone, i.Title = tag.Plain, web.T(ctx, "events.void", i.Title)
		}
		out = append(out, i)
	}
	return out
}

func stepTitle(ctx context.Context, p eventData, s Step) string {
	title := web.T(ctx, "events.step."+string(s.Kind))
	switch s.Kind {
	case Signal:
		if s.ID != p.ID {
			title = web.T(ctx, "events.step.attached")
		}
		return joined(title, web.T(ctx, "events.source."+s.Source))
	case Discarded:
		return joined(title, web.T(ctx, "events.reason."+s.Reason))
	case Risk:
		return joined(title, web.T(ctx, "events.risk."+s.Reason))
	case Focus:
		return joined(title, s.Name)
	case Level:
		_, article := levelOf(s.Marks)
		return web.T(ctx, "events.epidemic.level."+s.Reason, article)
	case Told:
		return web.T(ctx, "events.told."+s.Reason, web.T(ctx, "events.role."+s.To))
	}
	return title
}

// stepFigures are the numbers that a signal or a daily report says.
func stepFigures(ctx context.Context, s Step) string {
	if s.Kind == Daily {
		return web.T(ctx, "events.daily.line", max(s.Figures.Cases, 0), max(s.Figures.New, 0), max(s.Figures.Deaths, 0), max(s.Figures.Seen, 0), max(s.Figures.Contacts, 0))
	}
	return people(ctx, s.Figures.Cases, s.Figures.Deaths)
}

func stepIcon(k Kind) string {
	switch k {
	case Signal:
		return "megaphone"
	case Verified, Closed, Contained:
		return "check"
	case Discarded:
		return "x"
	}
	return ""
}

func stepTone(s Step) tag.Tone {
	switch s.Kind {
	case Focus, Declared, Level:
		return tag.Danger
	case Told:
		return tag.Warning
	case Risk:
		return riskTone(s.Reason)
	case Verified:
		return tag.Info
	case Closed, Contained:
		return tag.Good
	}
	return tag.Plain
}

// actName is what a step is called in the stage the event is in.
func actName(ctx context.Context, p eventData, k Kind) string {
	switch {
	case k == Focus && p.Stage.Active():
		return web.T(ctx, "events.act.focus.correct")
	case k == Focus && p.Stage == IsClosed:
		return web.T(ctx, "events.act.focus.again")
	}
	return web.T(ctx, "events.act."+string(k))
}

// actWords says what the step means, with the rule it rests on.
func actWords(ctx context.Context, p eventData) string {
	switch p.Act {
	case Focus:
		return web.T(ctx, "events.act.focus.words", p.Rule.Opens.In(web.LangOf(ctx)))
	case Closed:
		if p.Stage.Active() {
			if p.Ends.ByLine {
				return joined(web.T(ctx, "events.act.closed.line"), lineWords(ctx, p.Ends))
			}
			return web.T(ctx, "events.act.closed.focus", p.Rule.Days, web.Date(ctx, p.Ends.From))
		}
	}
	return web.T(ctx, "events.act."+string(p.Act)+".words")
}

func closingFigure(ctx context.Context, p eventData) figure.Props {
	f := figure.Props{Label: web.T(ctx, "events.number.closing"), Value: "–"}
	if !p.Stage.Active() {
		return f
	}
	over, today := p.Ends.From, vn.DateOf(web.Now(ctx))
	if line := lineWords(ctx, p.Ends); p.Ends.ByLine && line != "" {
		f.Label, f.Value, f.Compare = web.T(ctx, "events.number.line"), web.T(ctx, "events.closing."+string(p.Ends.Line.State)), line
		f.Good = p.Ends.Ready(today)
		return f
	}
	f.Value, f.Unit, f.Compare = number(max(int(over-today), 0)), web.T(ctx, "events.days"), web.T(ctx, "events.number.closing.on", web.Date(ctx, over))
	f.Good = over <= today
	return f
}

// discardReasons are those that can be: nothing is repeated where nothing else
// is.
func discardReasons(p eventData) []string {
	if len(p.Rivals) > 0 {
		return Reasons
	}
	return slices.DeleteFunc(slices.Clone(Reasons), func(r string) bool { return r == "duplicate" })
}

func rivalOptions(ctx context.Context, list []Event) []field.Option {
	out := make([]field.Option, len(list))
	for i, e := range list {
		out[i] = field.Option{Value: e.ID, Text: joined(nameOf(ctx, e), stageWord(ctx, e.Stage), web.DateTime(ctx, e.Told))}
	}
	return out
}

func noticeOptions(ctx context.Context, p eventData) []field.Option {
	form := "01"
	if p.Act == Contained {
		form = "02"
	}
	var out []field.Option
	for _, n := range p.Notices {
		if n.Form == form {
			out = append(out, field.Option{Value: n.ID, Text: web.T(ctx, "events.notice."+form, web.Date(ctx, n.Day))})
		}
	}
	return out
}

// dailyNow are the figures that a report sent now of the day in the form would
// hold.
func dailyNow(ctx context.Context, p eventData) []stat.Item {
	return []stat.Item{
		{Name: web.T(ctx, "events.q.day"), Value: web.Date(ctx, p.On)},
		{Name: web.T(ctx, "events.number.cases"), Value: web.Int(ctx, p.Counted.Cases)},
		{Name: web.T(ctx, "events.col.new"), Value: web.Int(ctx, p.Counted.New)},
		{Name: web.T(ctx, "events.col.confirmed"), Value: web.Int(ctx, p.Counted.Confirmed)},
		{Name: web.T(ctx, "events.number.deaths"), Value: web.Int(ctx, p.Counted.Deaths)},
		{Name: web.T(ctx, "events.col.seen"), Value: web.Int(ctx, p.Counted.Seen) + "/" + web.Int(ctx, p.Counted.Contacts)},
	}
}

func dailyTable(ctx context.Context, p eventData) table.Props {
	t := table.Props{Caption: web.T(ctx, "events.daily"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "events.daily.none"), Cols: []table.Col{
		{Head: web.T(ctx, "events.q.day")}, {Head: web.T(ctx, "events.number.cases"), Num: true}, {Head: web.T(ctx, "events.col.new"), Num: true},
		{Head: web.T(ctx, "events.col.confirmed"), Num: true}, {Head: web.T(ctx, "events.number.deaths"), Num: true}, {Head: web.T(ctx, "events.col.seen"), Num: true},
		{Head: web.T(ctx, "events.col.words"), Wide: true}, {Head: web.T(ctx, "events.col.who")}, {Head: web.T(ctx, "events.col.paper")}}}
	for _, s := range slices.Backward(p.Steps) {
		if s.Kind != Daily || slices.Contains(p.Void, s.ID) {
			continue
		}
		f := s.Figures
		t.Rows = append(t.Rows, []table.Cell{{Text: web.Date(ctx, vn.DateOf(s.At))}, {Text: said(ctx, f.Cases)}, {Text: said(ctx, f.New)}, {Text: said(ctx, f.Confirmed)},
			{Text: said(ctx, f.Deaths)}, {Text: said(ctx, f.Seen) + "/" + said(ctx, f.Contacts)}, {Text: s.Words}, {Text: joined(s.Who, web.DateTime(ctx, s.Written))},
			{Text: web.T(ctx, "events.daily.print"), Href: path(p.ID) + "/bao-cao/" + s.ID}})
	}
	return t
}

// said is a figure, a dash when nobody said.
func said(ctx context.Context, n int) string {
	if n < 0 {
		return "–"
	}
	return web.Int(ctx, n)
}

func daysWords(ctx context.Context, days []vn.Date) string {
	const most = 5
	var words []string
	for _, d := range days[:min(len(days), most)] {
		words = append(words, web.Date(ctx, d))
	}
	if len(days) > most {
		words = append(words, web.T(ctx, "events.daily.more", len(days)-most))
	}
	return strings.Join(words, ", ")
}

func dutyRows(ctx context.Context, p eventData) []worklist.Row {
	today := vn.DateOf(web.Now(ctx))
	rows := make([]worklist.Row, len(p.Duties))
	for i, d := range p.Duties {
		r := worklist.Row{ID: "d-" + d.ID, Name: d.What, Meta: d.Who, Why: web.T(ctx, "events.duty.due", web.Date(ctx, d.Due))}
		switch {
		case !d.Done.IsZero():
			r.State, r.Tone = web.T(ctx, "events.duty.done"), tag.Good
		case d.Due < today:
			r.State, r.Tone = web.T(ctx, "events.duty.late"), tag.Danger
		default:
			r.State, r.Tone = web.T(ctx, "events.duty.open"), tag.Info
		}
		if d.Done.IsZero() && p.Works {
			r.Post, r.Action.Text = path(p.ID)+"/viec/"+d.ID, web.T(ctx, "events.duty.finish")
		}
		rows[i] = r
	}
	return rows
}

// paperParent is the office above the one that wrote the report.
func paperParent(ctx context.Context, p paperData) string {
	if p.Above.Level == vn.LevelProvince {
		return web.T(ctx, "events.paper.department", p.Above.Name)
	}
	return web.T(ctx, "events.paper.parent", p.Above.Full())
}

// paperFacts is the head of a daily report on paper.
func paperFacts(ctx context.Context, p paperData) []stat.Item {
	out := []stat.Item{
		{Name: web.T(ctx, "events.fact.what"), Value: what(ctx, p.Event)},
		{Name: web.T(ctx, "events.q.name"), Value: p.Event.Focus},
		{Name: web.T(ctx, "events.fact.place"), Value: joined(p.Event.Place, p.Unit.Full())},
		{Name: web.T(ctx, "events.paper.day"), Value: web.Date(ctx, p.Day)},
		{Name: web.T(ctx, "events.q.began"), Value: web.Date(ctx, p.Event.Since)},
	}
	if p.Event.Stage == IsEpidemic {
		out = append(out, stat.Item{Name: web.T(ctx, "events.stage.epidemic"), Value: web.T(ctx, "events.paper.declared")})
	}
	return out
}

// paperFigures are the counts as the report was sent.
func paperFigures(ctx context.Context, p paperData) table.Props {
	f := p.Report.Figures
	t := table.Props{Caption: web.T(ctx, "events.paper.figures"), First: true, Cols: []table.Col{{Head: web.T(ctx, "events.paper.figure"), Wide: true}, {Head: web.T(ctx, "events.paper.count"), Num: true}}}
	for _, row := range []struct {
		key string
		n   int
	}{{"events.paper.cases", f.Cases}, {"events.paper.new", f.New}, {"events.paper.confirmed", f.Confirmed}, {"events.paper.deaths", f.Deaths},
		{"events.paper.contacts", f.Contacts}, {"events.paper.seen", f.Seen}} {
		t.Rows = append(t.Rows, []table.Cell{{Text: web.T(ctx, row.key)}, {Text: said(ctx, row.n)}})
	}
	return t
}

func paperDuties(ctx context.Context, p paperData) table.Props {
	t := table.Props{Caption: web.T(ctx, "events.duties"), First: true, Cols: []table.Col{{Head: web.T(ctx, "events.q.duty.what"), Wide: true}, {Head: web.T(ctx, "events.q.duty.who")},
		{Head: web.T(ctx, "events.q.duty.due")}, {Head: web.T(ctx, "events.paper.state")}}}
	for _, d := range p.Until {
		state := web.T(ctx, "events.duty.open")
		if !d.Done.IsZero() {
			state = web.T(ctx, "events.duty.done")
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: d.What}, {Text: d.Who}, {Text: web.Date(ctx, d.Due)}, {Text: state}})
	}
	return t
}
