// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"context"
	"strings"

	"mach/casereport"
	"mach/content"
	"mach/i18n"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

// answerWords is an answer of the case form as people read it. Codes have their
// words in the catalogue, or in the lists of content; dates are written out.
func answerWords(ctx context.Context, id, value string) string {
	if value == "" {
		return ""
	}
	switch id {
	case "disease":
		return diseaseName(ctx, value)
	case "ethnic":
		return itemName(ctx, content.EthnicGroups(), value)
	case "occupation":
		return itemName(ctx, content.Occupations(), value)
	case "birth":
		if p, err := vn.ParsePartialDate(value); err == nil {
			return web.PartialDate(ctx, p)
		}
	case "class", "sex", "care", "outcome", "vaccinated", "sampled", "test", "result", "contact":
		return web.TOr(ctx, "events.answer."+value, value)
	}
	if d, err := vn.ParseDate(value); err == nil {
		return i18n.Date(web.LangOf(ctx), d)
	}
	return value
}

func itemName(ctx context.Context, list []content.Item, code string) string {
	for _, i := range list {
		if i.Code == code {
			return i.Name.In(web.LangOf(ctx))
		}
	}
	return code
}

// who is sex and age in a few words.
func who(ctx context.Context, l Line) string {
	words := answerWords(ctx, "sex", l.Answers["sex"])
	if b, err := vn.ParsePartialDate(l.Answers["birth"]); err == nil {
		if age, ok := vn.AgeOn(b, vn.DateOf(web.Now(ctx))); ok {
			words = joined(words, web.Age(ctx, age))
		}
	}
	return words
}

func classTone(c casereport.Class) tag.Tone {
	switch c {
	case casereport.Confirmed:
		return tag.Danger
	case casereport.Suspect, casereport.Probable:
		return tag.Warning
	}
	return tag.Plain
}

func casePath(report string) string { return "/dich/ca/" + report }

// nameOr is the name of a case, or that it cannot be read here.
func nameOr(ctx context.Context, l Line) string {
	if n := l.Answers["name"]; n != "" {
		return n
	}
	return web.T(ctx, "events.line.nameless")
}

// lineTable is the line list as a page shows it: what is asked first of a case;
// the file has every column.
func lineTable(ctx context.Context, p linesData) table.Props {
	t := table.Props{Caption: web.T(ctx, "events.lines"), Hidden: true, First: true, Stack: true, Cols: []table.Col{
		{Head: web.T(ctx, "events.line.name")}, {Head: web.T(ctx, "events.line.sex")}, {Head: web.T(ctx, "events.line.current_address"), Wide: true},
		{Head: web.T(ctx, "events.line.onset")}, {Head: web.T(ctx, "events.line.diagnosed")}, {Head: web.T(ctx, "events.line.class")},
		{Head: web.T(ctx, "events.line.outcome")}, {Head: web.T(ctx, "events.line.vaccinated")}, {Head: web.T(ctx, "events.line.workplace")}, {Head: web.T(ctx, "events.line.result")}, {Head: web.T(ctx, "events.line.linked")}}}
	for _, l := range p.Lines {
		address := l.Answers["current_address"]
		if address == "" {
			address = l.Answers["address"]
		}
		row := []table.Cell{{Text: nameOr(ctx, l), Href: casePath(l.Report)}, {Text: who(ctx, l)}, {Text: address}}
		for _, id := range []string{"onset", "diagnosed", "class", "outcome", "vaccinated", "workplace", "result"} {
			cell := table.Cell{Text: answerWords(ctx, id, l.Answers[id])}
			if id == "class" {
				cell = table.Cell{Of: tag.Tag(classTone(l.Class), cell.Text)}
			}
			if cell.Text == "" && cell.Of == nil {
				cell.Text = "–"
			}
			row = append(row, cell)
		}
		row = append(row, table.Cell{Text: cmp.Or(linkedWith(ctx, l, p.Lines), "–")})
		t.Rows = append(t.Rows, row)
	}
	return t
}

// nearRows are cases that may belong to the focus, with what they share with
// those that do.
func nearRows(ctx context.Context, p linesData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Near))
	for i, l := range p.Near {
		r := worklist.Row{ID: "n-" + l.Report, Name: nameOr(ctx, l), Href: casePath(l.Report), Meta: who(ctx, l),
			Why:   joined(l.Answers["current_address"], l.Answers["commune"], web.T(ctx, "events.near.day", web.Date(ctx, l.Day))),
			State: web.T(ctx, "events.near.apart"), Tone: tag.Plain,
			Post: path(p.ID) + "/ca-benh/" + l.Report}
		if len(l.Shared) > 0 {
			x := l.Shared[0]
			r.State, r.Tone, r.Values = web.T(ctx, "events.shared."+x.Kind), tag.Warning, [][2]string{{"with", x.Case}, {"kind", x.Kind}}
			r.Why = joined(web.T(ctx, "events.shared.with", nameIn(ctx, p.Lines, x.Case)), r.Why)
		}
		r.Action.Text = web.T(ctx, "events.near.join")
		rows[i] = r
	}
	return rows
}

// nameIn is the name of the case with the report.
func nameIn(ctx context.Context, lines []Line, report string) string {
	for _, l := range lines {
		if l.Report == report {
			return nameOr(ctx, l)
		}
	}
	return web.T(ctx, "events.line.nameless")
}

// linkedWith are the cases that a case is linked with, and by what.
func linkedWith(ctx context.Context, l Line, lines []Line) string {
	var out []string
	for _, x := range l.Exposed {
		out = append(out, nameIn(ctx, lines, x.Case)+" ("+web.T(ctx, "events.shared."+x.Kind)+")")
	}
	return strings.Join(out, ", ")
}

// pairRows are the links that are offered between cases of the focus.
func pairRows(ctx context.Context, p linesData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Pairs))
	for i, x := range p.Pairs {
		rows[i] = worklist.Row{ID: "p-" + x.Line.Report, Name: nameOr(ctx, x.Line), Meta: who(ctx, x.Line), Why: web.T(ctx, "events.shared.with", nameOr(ctx, x.With)),
			State: web.T(ctx, "events.shared."+x.Kind), Tone: tag.Info, Post: path(p.ID) + "/ca-benh/" + x.Line.Report,
			Values: [][2]string{{"with", x.With.Report}, {"kind", x.Kind}}}
		rows[i].Action.Text = web.T(ctx, "events.pair.link")
	}
	return rows
}

func caseOptions(ctx context.Context, lines []Line) []field.Option {
	out := make([]field.Option, len(lines))
	for i, l := range lines {
		out[i] = field.Option{Value: l.Report, Text: joined(nameOr(ctx, l), web.T(ctx, "events.near.day", web.Date(ctx, l.Day)))}
	}
	return out
}

// daysHint names the days of the rule, and that a disease without contacts from
// person to person asks for none.
func daysHint(ctx context.Context, p eventData) string {
	if p.Rule.ContactDays == 0 {
		return web.T(ctx, "events.contact.none_needed")
	}
	return web.T(ctx, "events.contact.rule", p.Rule.ContactDays)
}

// checkWords is the latest check of a contact.
func checkWords(ctx context.Context, c Contact) (words string, tone tag.Tone) {
	if len(c.Checks) == 0 {
		return web.T(ctx, "events.check.none"), tag.Plain
	}
	x := c.latest()
	tone = tag.Good
	switch x.Result {
	case "fever", "symptoms", "case":
		tone = tag.Danger
	case "unreached":
		tone = tag.Warning
	case "left":
		tone = tag.Plain
	}
	return web.T(ctx, "events.check."+x.Result), tone
}

// contactRow is a contact in a list; href leads to where the call is written.
func contactRow(ctx context.Context, c Contact, href string, day vn.Date) worklist.Row {
	words, tone := checkWords(ctx, c)
	r := worklist.Row{ID: "c-" + c.ID, Name: c.Name, Meta: joined(c.Phone, relation(ctx, c), c.Address), State: words, Tone: tone,
		Why: joined(web.T(ctx, "events.contact.until", web.Date(ctx, c.Last)), followedBy(ctx, c))}
	if x := c.latest(); x.Result != "" {
		r.Why = joined(web.T(ctx, "events.contact.last", web.Date(ctx, x.Day), x.Words), r.Why)
	}
	if c.DueOn(day) {
		r.Action, r.Why = web.Link{Text: web.T(ctx, "events.call"), Href: href}, joined(web.T(ctx, "events.contact.today"), r.Why)
	} else if c.Open && c.Last >= day {
		r.Action = web.Link{Text: web.T(ctx, "events.call.again"), Href: href}
	}
	return r
}

func relation(ctx context.Context, c Contact) string {
	if c.Relation == "" {
		return ""
	}
	return web.TOr(ctx, "events.relation."+c.Relation, c.Relation)
}

func contactRows(ctx context.Context, p contactsData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Contacts))
	for i, c := range p.Contacts {
		rows[i] = contactRow(ctx, c, path(p.ID)+"/tiep-xuc?goi="+c.ID+"#goi", vn.DateOf(web.Now(ctx)))
	}
	return rows
}

func todayRows(ctx context.Context, p todayData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Contacts))
	for i, c := range p.Contacts {
		rows[i] = contactRow(ctx, c, path(c.Event)+"/tiep-xuc?goi="+c.ID+"#goi", vn.DateOf(web.Now(ctx)))
		rows[i].Why = joined(nameOf(ctx, p.Events[c.Event]), rows[i].Why)
		rows[i].Primary = i == 0
	}
	return rows
}

// callTitle names whom to call; a contact who was handed on has no name here.
func callTitle(ctx context.Context, c Contact) string {
	if c.Name == "" {
		return web.T(ctx, "events.call.handed")
	}
	return web.T(ctx, "events.call.title", c.Name)
}

func contactFacts(ctx context.Context, c Contact) []stat.Item {
	out := []stat.Item{{Name: web.T(ctx, "events.q.contact.phone"), Value: c.Phone}, {Name: web.T(ctx, "events.q.contact.relation"), Value: relation(ctx, c)},
		{Name: web.T(ctx, "events.contact.days"), Value: web.T(ctx, "events.contact.span", web.Date(ctx, c.First), web.Date(ctx, c.Last))}}
	for _, x := range c.Checks {
		out = append(out, stat.Item{Name: web.Date(ctx, x.Day), Value: joined(web.T(ctx, "events.check."+x.Result), x.Words)})
	}
	return out
}

// followedBy names the village health worker who follows a contact.
func followedBy(ctx context.Context, c Contact) string {
	if c.Worker == "" {
		return ""
	}
	return web.T(ctx, "events.contact.by", c.WorkerName)
}

func workerOptions(list []Worker) []field.Option {
	out := make([]field.Option, len(list))
	for i, w := range list {
		out[i] = field.Option{Value: w.Practitioner, Text: w.Name}
	}
	return out
}

func villageRows(ctx context.Context, p villageData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Contacts))
	for i, c := range p.Contacts {
		c.Worker = "" // the reader
		rows[i] = contactRow(ctx, c, "/su-kien/thon?goi="+c.ID+"#goi", vn.DateOf(web.Now(ctx)))
		rows[i].Primary = i == 0 && c.DueOn(vn.DateOf(web.Now(ctx)))
	}
	return rows
}
