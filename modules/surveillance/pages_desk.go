// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"mach/casereport"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

func pairPath(report, other string) string {
	return "/dich/trung/" + url.PathEscape(report) + "/" + url.PathEscape(other)
}

func messagePath(id string) string { return "/dich/tin/" + url.PathEscape(id) }

// home is where a reader of case reports comes from.
func home(ctx context.Context) web.Link {
	if closers.Allows(web.SessionOf(ctx)) {
		return web.Link{Text: web.T(ctx, "reporting.closed"), Href: "/dich/ban-kin"}
	}
	return web.Link{Text: web.T(ctx, "surveillance.title"), Href: "/dich"}
}

// deskOf is where the reader looks after cases.
func deskOf(ctx context.Context) web.Link {
	if closers.Allows(web.SessionOf(ctx)) {
		return home(ctx)
	}
	return web.Link{Text: web.T(ctx, "reporting.desk"), Href: "/dich/viec"}
}

// quiet reports whether nothing waits and nothing is new.
func (p deskData) quiet() bool {
	return len(p.In)+len(p.Out)+len(p.Messages)+len(p.Deaths)+len(p.Results)+len(p.Pairs)+len(p.ToHand)+len(p.News) == 0
}

func inRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, h := range p.In {
		row := worklist.Row{ID: "in-" + h.Task, Name: h.Name, Meta: birthWord(ctx, h.Birth), Href: casePath(h.Report),
			Why:  web.T(ctx, "reporting.handover.why", diseaseName(ctx, h.Disease), h.FromName, web.DateTime(ctx, h.At)),
			Tone: tag.Warning, State: web.T(ctx, "reporting.handover.state.open"),
			Post: "/dich/giao/" + h.Task, Action: web.Link{Text: web.T(ctx, "reporting.handover.take")}}
		if !h.Seen.IsZero() {
			row.Post, row.Action = "", web.Link{}
			row.Tone, row.State = tag.Good, web.T(ctx, "reporting.handover.state.done")
			row.Why += ". " + web.T(ctx, "reporting.handover.state.seen", h.By, web.DateTime(ctx, h.Seen))
		}
		rows = append(rows, row)
	}
	return rows
}

func outRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, h := range p.Out {
		row := worklist.Row{ID: "out-" + h.Task, Name: h.Name, Meta: birthWord(ctx, h.Birth), Href: casePath(h.Report),
			Why:  diseaseName(ctx, h.Disease) + " · " + web.T(ctx, "reporting.handover.to", h.ToName, web.DateTime(ctx, h.At)),
			Tone: tag.Warning, State: web.T(ctx, "reporting.handover.state.open")}
		if !h.Seen.IsZero() {
			row.Tone, row.State = tag.Good, web.T(ctx, "reporting.handover.state.done")
			row.Why += ". " + web.T(ctx, "reporting.handover.state.seen", h.By, web.DateTime(ctx, h.Seen))
		}
		rows = append(rows, row)
	}
	return rows
}

func handRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, c := range p.ToHand {
		rows = append(rows, worklist.Row{ID: "hand-" + c.Report, Name: c.Name, Meta: who(ctx, c.Sex, c.Birth), Href: casePath(c.Report),
			Why:  web.T(ctx, "reporting.to_hand.why", diseaseName(ctx, c.Disease), p.unit(c.Unit), web.DateTime(ctx, c.Reported)),
			Tone: classTone(c.Class), State: className(ctx, c.Class),
			Post: casePath(c.Report) + "/giao", Action: web.Link{Text: web.T(ctx, "reporting.handover.do")}})
	}
	return rows
}

func deathRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, d := range p.Deaths {
		c := Clock{Left: d.Due.Sub(p.Now), Overdue: p.Now.After(d.Due)}
		rows = append(rows, worklist.Row{ID: "death-" + d.Report, Name: d.Name, Meta: who(ctx, d.Sex, d.Birth), Href: casePath(d.Report),
			Why:  web.T(ctx, "reporting.deaths.why", diseaseName(ctx, d.Disease), web.DateTime(ctx, d.At)),
			Tone: tag.Danger, State: clockWords(ctx, c), Action: web.Link{Text: web.T(ctx, "reporting.deaths.do"), Href: casePath(d.Report)}})
	}
	return rows
}

func resultRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, r := range p.Results {
		rows = append(rows, worklist.Row{ID: "result-" + r.Report + "-" + r.Sampled.String() + "-" + r.Test, Name: r.Name, Meta: who(ctx, r.Sex, r.Birth), Href: casePath(r.Report),
			Why:  diseaseName(ctx, r.Disease) + " · " + r.Words,
			Tone: classTone(r.Proposes), State: web.T(ctx, "reporting.results.proposes", className(ctx, r.Proposes)),
			Action: web.Link{Text: web.T(ctx, "reporting.results.do"), Href: casePath(r.Report)}})
		if r.ByNumber {
			rows[len(rows)-1].Why += " · " + web.T(ctx, "reporting.results.number")
		}
	}
	return rows
}

func pairRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, x := range p.Pairs {
		rows = append(rows, worklist.Row{ID: "pair-" + x.A.Report + "-" + x.B.Report, Name: x.B.Name, Meta: who(ctx, x.B.Sex, x.B.Birth), Href: pairPath(x.A.Report, x.B.Report),
			Why:  web.T(ctx, "reporting.pairs.why", diseaseName(ctx, x.B.Disease), web.DateTime(ctx, x.A.Reported), web.DateTime(ctx, x.B.Reported)),
			Tone: tag.Plain, Action: web.Link{Text: web.T(ctx, "reporting.pairs.do"), Href: pairPath(x.A.Report, x.B.Report)}})
	}
	return rows
}

func newsRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, n := range p.News {
		why := []string{web.T(ctx, "reporting.news.why", diseaseName(ctx, n.Disease), className(ctx, n.Was), web.DateTime(ctx, n.At))}
		if n.Of != n.Report {
			why = append(why, web.T(ctx, "reporting.news.other"))
		}
		if n.Becomes != "" {
			why = append(why, web.T(ctx, "reporting.news.becomes", diseaseName(ctx, n.Becomes)))
		}
		if n.Reason != "" {
			why = append(why, web.T(ctx, "reporting.news.reason", n.Reason))
		}
		state := web.T(ctx, "reporting.news.gone")
		if n.Class != "" {
			state = className(ctx, n.Class)
		}
		row := worklist.Row{ID: strings.Join([]string{"news", n.Report, n.Of, strconv.FormatInt(n.Version, 10)}, "-"), Name: n.Name,
			Why: strings.Join(why, ". "), Tone: classTone(n.Class), State: state}
		if n.Class != "" || n.Of != n.Report { // it can be opened
			row.Href = casePath(n.Report)
		}
		rows = append(rows, row)
	}
	return rows
}

func messageRows(ctx context.Context, p deskData) []worklist.Row {
	var rows []worklist.Row
	for _, t := range p.Messages {
		row := messageRow(ctx, t)
		row.Href = messagePath(t.ID)
		if t.Waits() {
			c := Clock{Left: t.Due().Sub(p.Now), Overdue: p.Now.After(t.Due())}
			row.Tone, row.State = clockTone(c), clockWords(ctx, c)
			row.Action = web.Link{Text: web.T(ctx, "reporting.message.open"), Href: messagePath(t.ID)}
		}
		rows = append(rows, row)
	}
	return rows
}

func messageRow(ctx context.Context, t Message) worklist.Row {
	row := worklist.Row{ID: "message-" + t.ID, Name: t.Who, Meta: t.Where, Why: t.What + " · " + t.Sender + ", " + web.DateTime(ctx, t.At), Tone: tag.Info, State: web.T(ctx, "reporting.message.state.open")}
	if t.Report != "" {
		row.Tone, row.State = tag.Good, web.T(ctx, "reporting.message.state.case")
	} else if t.Answer != "" {
		row.Tone, row.State = tag.Plain, web.T(ctx, "surveillance.class.refuted")
		row.Why += ". " + web.T(ctx, "reporting.message.state.no", t.Answer)
	}
	return row
}

// mineRows are a village worker's own messages with what became of them.
func mineRows(ctx context.Context, list []Message) []worklist.Row {
	var rows []worklist.Row
	for _, t := range list {
		rows = append(rows, messageRow(ctx, t))
	}
	return rows
}

func messageFacts(ctx context.Context, t Message) []stat.Item {
	out := []stat.Item{{Name: web.T(ctx, "reporting.message.who"), Value: t.Who}, {Name: web.T(ctx, "reporting.message.where"), Value: t.Where}, {Name: web.T(ctx, "reporting.message.what"), Value: t.What}}
	add := func(key, value string) {
		if value != "" {
			out = append(out, stat.Item{Name: web.T(ctx, key), Value: value})
		}
	}
	if t.Born > 0 {
		add("reporting.message.born", strconv.Itoa(t.Born))
	}
	add("surveillance.q.phone", t.Phone)
	if t.Sex != "" {
		add("surveillance.q.sex", sexWord(ctx, t.Sex))
	}
	if t.Since.Known() {
		add("reporting.message.since", web.Date(ctx, t.Since))
	}
	if t.Disease != "" {
		add("reporting.message.disease", diseaseName(ctx, t.Disease))
	}
	return out
}

func birthWord(ctx context.Context, birth string) string {
	if b, err := vn.ParsePartialDate(birth); err == nil && b.Known() {
		return web.PartialDate(ctx, b)
	}
	return ""
}

func alikeWords(ctx context.Context, c Case) string {
	return web.T(ctx, "reporting.alike.line", c.Name, who(ctx, c.Sex, c.Birth), web.Date(ctx, c.Day), web.DateTime(ctx, c.Reported))
}

// pairTable sets two reports side by side; what differs is marked in words.
func pairTable(ctx context.Context, p pairData) table.Props {
	t := table.Props{Caption: web.T(ctx, "reporting.pairs"), Hidden: true, First: true, Stack: true, Cols: []table.Col{
		{Head: web.T(ctx, "reporting.alike.field")}, {Head: web.T(ctx, "reporting.alike.first"), Wide: true}, {Head: web.T(ctx, "reporting.alike.second"), Wide: true}, {Head: web.T(ctx, "reporting.alike.equal")}}}
	row := func(name, a, b string) {
		if a == "" && b == "" {
			return
		}
		mark := table.Cell{Of: tag.Tag(tag.Good, web.T(ctx, "reporting.alike.yes"))}
		if vn.Fold(a) != vn.Fold(b) {
			mark = table.Cell{Of: tag.Tag(tag.Warning, web.T(ctx, "reporting.alike.no"))}
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: name}, {Text: a}, {Text: b}, mark})
	}
	row(web.T(ctx, "surveillance.q.name"), p.A.Name, p.B.Name)
	row(web.T(ctx, "surveillance.q.birth"), birthWord(ctx, p.A.Birth), birthWord(ctx, p.B.Birth))
	row(web.T(ctx, "surveillance.q.sex"), sexWord(ctx, p.A.Sex), sexWord(ctx, p.B.Sex))
	for _, id := range []string{"number", "phone", "address"} {
		row(web.T(ctx, "surveillance.q."+id), p.A.Answers[id], p.B.Answers[id])
	}
	row(web.T(ctx, "surveillance.q.commune"), p.unit(p.A.Unit), p.unit(p.B.Unit))
	row(web.T(ctx, "surveillance.col.class"), className(ctx, p.A.Class), className(ctx, p.B.Class))
	row(web.T(ctx, "surveillance.col.day"), web.Date(ctx, p.A.Day), web.Date(ctx, p.B.Day))
	row(web.T(ctx, "surveillance.q.onset"), dayWord(ctx, p.A.Onset), dayWord(ctx, p.B.Onset))
	row(web.T(ctx, "surveillance.q.reporter_unit"), p.A.Answers["reporter_unit"], p.B.Answers["reporter_unit"])
	row(web.T(ctx, "surveillance.col.sent"), web.DateTime(ctx, p.A.Reported), web.DateTime(ctx, p.B.Reported))
	return t
}

func dayWord(ctx context.Context, d vn.Date) string {
	if !d.Known() {
		return ""
	}
	return web.Date(ctx, d)
}

func sexOptions(ctx context.Context) []field.Option {
	var out []field.Option
	for _, sex := range []string{"male", "female", "unknown"} {
		out = append(out, field.Option{Value: sex, Text: sexWord(ctx, sex)})
	}
	return out
}

// told leaves out the questions that the form of a case without a visit asks
// elsewhere, or answers by itself.
func told(row []question) []question {
	var out []question
	for _, q := range row {
		if q.id != "phone" && q.id != "reporter" && q.id != "reporter_unit" {
			out = append(out, q)
		}
	}
	return out
}

// fresh is how many lines would be written if nothing more were said.
func (p listData) fresh() int {
	n := 0
	for _, l := range p.Lines {
		if len(l.Alike) == 0 {
			n++
		}
	}
	return n
}

// again are the lines that may be reported already, to be ticked when they are
// other cases.
func (p listData) again(ctx context.Context) []field.Option {
	var out []field.Option
	for _, l := range p.Lines {
		if len(l.Alike) > 0 {
			out = append(out, field.Option{Value: strconv.Itoa(l.Row), Text: web.T(ctx, "reporting.list.row", l.Row) + ": " + l.Name, Hint: alikeWords(ctx, l.Alike[0])})
		}
	}
	return out
}

// upload is the form of the file; what is wrong with the rows is not its.
func (p listData) upload() *web.Form {
	if p.Lines != nil {
		return &web.Form{}
	}
	return p.Form
}

func listTable(ctx context.Context, p listData) table.Props {
	t := table.Props{Caption: web.T(ctx, "reporting.list"), Hidden: true, First: true, Stack: true, Cols: []table.Col{
		{Head: web.T(ctx, "reporting.list.col.row"), Num: true}, {Head: web.T(ctx, "surveillance.col.person")}, {Head: web.T(ctx, "surveillance.col.commune")},
		{Head: web.T(ctx, "surveillance.col.disease")}, {Head: web.T(ctx, "surveillance.col.day")}, {Head: web.T(ctx, "reporting.list.col.state"), Wide: true}}}
	for _, l := range p.Lines {
		state := table.Cell{Of: tag.Tag(tag.Good, web.T(ctx, "reporting.list.ok"))}
		switch {
		case len(l.Issues) > 0:
			var words []string
			for _, i := range l.Issues {
				words = append(words, columnName(ctx, i.Path)+": "+web.T(ctx, i.Key, i.Args...))
			}
			state = table.Cell{Text: strings.Join(words, " ")}
		case len(l.Alike) > 0:
			state = table.Cell{Of: tag.Tag(tag.Warning, web.T(ctx, "reporting.list.alike"))}
		}
		disease := ""
		if l.Disease != "" {
			disease = diseaseName(ctx, l.Disease) + " · " + className(ctx, l.Class)
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: strconv.Itoa(l.Row)}, {Text: l.Name + " · " + who(ctx, l.Sex, l.Birth.String())}, {Text: p.unit(l.Commune)},
			{Text: disease}, {Text: dayWord(ctx, l.Day)}, state})
	}
	return t
}

func columnName(ctx context.Context, id string) string { return web.T(ctx, "reporting.column."+id) }

func columnWords(ctx context.Context) string {
	var out []string
	for _, id := range casereport.Columns() {
		out = append(out, columnName(ctx, id))
	}
	return strings.Join(out, "; ")
}
