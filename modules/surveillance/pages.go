// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"mach/casereport"
	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

func named(ctx context.Context, w content.Words) string { return w.In(web.LangOf(ctx)) }

// diseaseName is the name of a disease by its id; the id for one that is
// unknown.
func diseaseName(ctx context.Context, id string) string {
	if d, ok := content.Diseases().ByID(id); ok {
		return named(ctx, d.Name)
	}
	return id
}

func sexWord(ctx context.Context, sex string) string {
	return web.TOr(ctx, "surveillance.sex."+sex, web.T(ctx, "surveillance.sex.unknown"))
}

// who is sex and age in a few words.
func who(ctx context.Context, sex, birth string) string {
	s := sexWord(ctx, sex)
	if b, err := vn.ParsePartialDate(birth); err == nil {
		if age, ok := vn.AgeOn(b, vn.DateOf(web.Now(ctx))); ok {
			s += " · " + web.Age(ctx, age)
		}
	}
	return s
}

// span writes a time in the unit that matters: minutes, hours, from three days
// on days.
func span(ctx context.Context, d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Hour:
		return web.T(ctx, "surveillance.span.minutes", int(d.Minutes()))
	case d < 72*time.Hour:
		return web.T(ctx, "surveillance.span.hours", int(d.Hours()))
	}
	return web.T(ctx, "surveillance.span.days", int(d.Hours()/24))
}

// clockWords says how long is left, or since when it is overdue.
func clockWords(ctx context.Context, c Clock) string {
	if c.Overdue {
		return web.T(ctx, "surveillance.clock.overdue", span(ctx, c.Left))
	}
	return web.T(ctx, "surveillance.clock.left", span(ctx, c.Left))
}

func clockTone(c Clock) tag.Tone {
	switch {
	case c.Overdue:
		return tag.Danger
	case c.Level != "":
		return tag.Warning
	}
	return tag.Info
}

// clockState is the clock with what it has set off.
func clockState(ctx context.Context, c Clock) string {
	if c.Level == "" || c.Overdue {
		return clockWords(ctx, c)
	}
	return clockWords(ctx, c) + " · " + web.T(ctx, "surveillance.level."+c.Level)
}

// foci is where the names of open foci of the disease are suggested for the
// question that asks for one; "" for other questions and for those who see no
// foci (policy events.see).
func foci(ctx context.Context, p formData, q question) string {
	switch web.SessionOf(ctx).Actor.Role {
	case store.Doctor, store.Midwife, store.StationDirector, store.CDC:
		if q.id == "focus" {
			return "/su-kien/o-dich?benh=" + url.QueryEscape(p.Disease.ID)
		}
	}
	return ""
}

func draftPath(cause string) string { return "/dich/ca-moi/" + url.PathEscape(cause) }

func draftRows(ctx context.Context, d draftsData) []worklist.Row {
	var rows []worklist.Row
	for i, x := range d.Drafts {
		c := clockOf(x.Since, x.Due, d.Now, d.Rules)
		if c.Level != "" && x.Closed() { // nobody else is called (Late)
			c.Level = string(store.ClosedDesk)
		}
		row := worklist.Row{
			ID: "draft-" + x.Cause, Name: x.Name, Meta: who(ctx, x.Sex, x.Birth),
			Why:  web.T(ctx, "surveillance.draft.why", diseaseName(ctx, x.Disease), x.Code, web.DateTime(ctx, x.At)),
			Tone: clockTone(c), State: clockState(ctx, c), Primary: i == 0,
		}
		if d.Sends {
			row.Href, row.Action = draftPath(x.Cause), web.Link{Text: web.T(ctx, "surveillance.draft.open"), Href: draftPath(x.Cause)}
		}
		rows = append(rows, row)
	}
	return rows
}

func className(ctx context.Context, c casereport.Class) string {
	return web.T(ctx, "surveillance.class."+string(c))
}

func classTone(c casereport.Class) tag.Tone {
	switch c {
	case casereport.Confirmed:
		return tag.Danger
	case casereport.Suspect, casereport.Probable, casereport.Changed:
		return tag.Warning
	}
	return tag.Plain
}

func caseTable(ctx context.Context, p homeData, units func(vn.UnitID) string) table.Props {
	t := table.Props{
		Caption: web.T(ctx, "surveillance.cases"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "surveillance.cases.none"),
		Cols: []table.Col{
			{Head: web.T(ctx, "surveillance.col.person")}, {Head: web.T(ctx, "surveillance.col.disease"), Wide: true},
			{Head: web.T(ctx, "surveillance.col.class")}, {Head: web.T(ctx, "surveillance.col.commune")},
			{Head: web.T(ctx, "surveillance.col.day")}, {Head: web.T(ctx, "surveillance.col.sent")}, {Head: web.T(ctx, "surveillance.col.clock")},
		},
	}
	for _, c := range p.Cases[:p.shown(len(p.Cases))] {
		person := table.Cell{Text: c.Name + " · " + who(ctx, c.Sex, c.Birth), Href: casePath(c.Report)}
		if c.Patient == "" {
			person = table.Cell{Text: web.T(ctx, "surveillance.case.nameless")}
		}
		clock := table.Cell{Of: tag.Tag(tag.Good, web.T(ctx, "surveillance.clock.in_time"))}
		if c.Late() {
			clock = table.Cell{Of: tag.Tag(tag.Danger, web.T(ctx, "surveillance.clock.late", span(ctx, c.Reported.Sub(c.Due))))}
		}
		t.Rows = append(t.Rows, []table.Cell{
			person, {Text: diseaseName(ctx, c.Disease)},
			{Of: tag.Tag(classTone(c.Class), className(ctx, c.Class))}, {Text: units(c.Unit)},
			{Text: web.Date(ctx, c.Day)}, {Text: web.DateTime(ctx, c.Reported)}, clock,
		})
	}
	return t
}

// unitNames names the communes of the page.
func unitNames(p homeData) func(vn.UnitID) string {
	names := map[vn.UnitID]string{p.Unit.ID: p.Unit.Full()}
	for _, s := range p.Map {
		names[s.Unit.ID] = s.Unit.Full()
	}
	for _, s := range p.States {
		names[s.Unit.ID] = s.Unit.Full()
	}
	return func(id vn.UnitID) string { return names[id] }
}

// monthWords and weekWords are the verdicts of Articles 16 and 22 in a few
// words.
func monthWords(ctx context.Context, v outbreak.Verdict) string {
	return web.T(ctx, "surveillance.article16."+string(v.State))
}

func weekWords(ctx context.Context, v outbreak.Verdict) string {
	return web.T(ctx, "surveillance.article22."+string(v.State))
}

func verdictTone(v outbreak.Verdict) tag.Tone {
	switch v.State {
	case outbreak.StateEpidemic:
		return tag.Danger
	case outbreak.StateWarning:
		return tag.Warning
	case outbreak.StateBelow:
		return tag.Good
	}
	return tag.Plain
}

// lineWords is the number that would have to be passed.
func lineWords(ctx context.Context, v outbreak.Verdict) string {
	switch {
	case v.State == outbreak.StateShort:
		return web.T(ctx, "surveillance.line.short")
	case v.Needed > 0:
		return web.T(ctx, "surveillance.line.cases", v.Needed)
	}
	return "> " + web.Number(ctx, v.Line, 1)
}

func stateTable(ctx context.Context, p homeData) table.Props {
	t := table.Props{
		Caption: web.T(ctx, "surveillance.states"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "surveillance.states.none"),
		Cols: []table.Col{
			{Head: web.T(ctx, "surveillance.col.commune")}, {Head: web.T(ctx, "surveillance.col.disease"), Wide: true},
			{Head: web.T(ctx, "surveillance.col.month", int(p.Month.Month)), Num: true}, {Head: web.T(ctx, "surveillance.col.line"), Num: true},
			{Head: web.T(ctx, "surveillance.col.article16")}, {Head: web.T(ctx, "surveillance.col.week"), Num: true},
			{Head: web.T(ctx, "surveillance.col.article22")}, {Head: web.T(ctx, "surveillance.col.declared")},
		},
	}
	for _, s := range p.States[:p.shown(len(p.States))] {
		declared := ""
		if s.Open() {
			declared = web.T(ctx, "surveillance.declared.since", web.Date(ctx, s.Declared.From))
		}
		t.Rows = append(t.Rows, []table.Cell{
			{Text: s.Unit.Full(), Href: statePath(s.Unit, s.Disease)}, {Text: named(ctx, s.Disease.Name)},
			{Text: counted(ctx, s.MonthN, s.MonthSilent)}, {Text: lineWords(ctx, s.Month)},
			{Of: verdictTag(ctx, s.Month, s.MonthSilent, monthWords)}, {Text: counted(ctx, s.WeekN, s.WeekSilent)},
			{Of: verdictTag(ctx, s.Week, s.WeekSilent, weekWords)}, {Text: declared},
		})
	}
	return t
}

// counted is a count, or a dash where nothing is known.
func counted(ctx context.Context, n int, silent bool) string {
	if silent {
		return "–"
	}
	return web.Int(ctx, n)
}

// verdictTag is what the law says, or that nothing is known: no case from a silent
// commune is not below a line.
func verdictTag(ctx context.Context, v outbreak.Verdict, silent bool, words func(context.Context, outbreak.Verdict) string) templ.Component {
	if silent && v.State == outbreak.StateBelow {
		return tag.Tag(tag.Plain, web.T(ctx, "surveillance.silent"))
	}
	return tag.Tag(verdictTone(v), words(ctx, v))
}

func unsentTable(ctx context.Context, p homeData) table.Props {
	t := table.Props{
		Caption: web.T(ctx, "surveillance.unsent"), Hidden: true, First: true, Empty: web.T(ctx, "surveillance.unsent.none"),
		Cols: []table.Col{{Head: web.T(ctx, "surveillance.col.commune"), Wide: true},
			{Head: web.T(ctx, "surveillance.col.unsent"), Num: true}, {Head: web.T(ctx, "surveillance.col.overdue"), Num: true}},
	}
	for _, u := range p.Unsent {
		t.Rows = append(t.Rows, []table.Cell{{Text: u.Unit.Full(), Href: "/dich?don-vi=" + u.Unit.Code}, {Text: web.Int(ctx, u.Warned)}, {Text: web.Int(ctx, u.Overdue)}})
	}
	return t
}

// findings count what the list of states says.
func findings(ctx context.Context, p homeData) string {
	over, warned := 0, 0
	for _, s := range p.States {
		switch s.Alarm() {
		case 2:
			over++
		case 1:
			warned++
		}
	}
	if over+warned == 0 {
		return web.T(ctx, "surveillance.finding.quiet")
	}
	return web.T(ctx, "surveillance.finding", over, warned)
}

// whyMonth and whyWeek explain a verdict with its numbers, in a sentence.
func whyMonth(ctx context.Context, s State) string {
	if s.MonthSilent {
		return why(ctx, s.Month, web.T(ctx, "surveillance.why.month.silent", int(s.MonthOf.Month), strconv.Itoa(s.MonthOf.Year)))
	}
	return why(ctx, s.Month, web.T(ctx, "surveillance.why.month", int(s.MonthOf.Month), strconv.Itoa(s.MonthOf.Year), s.MonthN))
}

func whyWeek(ctx context.Context, s State) string {
	if s.WeekSilent {
		return why(ctx, s.Week, web.T(ctx, "surveillance.why.week.silent", s.WeekOf.Number, strconv.Itoa(s.WeekOf.Year)))
	}
	return why(ctx, s.Week, web.T(ctx, "surveillance.why.week", s.WeekOf.Number, strconv.Itoa(s.WeekOf.Year), s.WeekN))
}

func why(ctx context.Context, v outbreak.Verdict, count string) string {
	switch {
	case v.State == outbreak.StateShort:
		return count + " " + web.T(ctx, "surveillance.why.short", len(v.Used), v.NeedYear)
	case v.Note == outbreak.NoteNever && v.Risk != "":
		return count + " " + web.T(ctx, "surveillance.why.risk", web.T(ctx, "surveillance.risk."+string(v.Risk)))
	case v.Note == outbreak.NoteNever:
		return count + " " + web.T(ctx, "surveillance.why.unassessed")
	case v.Article == "16.1a" || v.Article == "22" && v.Needed == 1:
		return count + " " + web.T(ctx, "surveillance.why.confirmed", v.Confirmed, v.Needed)
	case v.Needed > 0:
		return count + " " + web.T(ctx, "surveillance.why.linked", v.Linked, v.Needed)
	case v.Used == nil:
		return count
	}
	return count + " " + web.T(ctx, "surveillance.why.baseline", len(v.Used), web.Number(ctx, v.Mean, 2), web.Number(ctx, v.SD, 2),
		web.Number(ctx, v.Warn, 2), web.Number(ctx, v.Line, 2))
}

// notes are the readings of the law that a verdict rests on.
func notes(ctx context.Context, s State) []string {
	var out []string
	for _, v := range []outbreak.Verdict{s.Month, s.Week} {
		if v.Note == outbreak.NoteNone {
			continue
		}
		if text := web.T(ctx, "surveillance.note."+string(v.Note)); len(out) == 0 || out[len(out)-1] != text {
			out = append(out, text)
		}
	}
	if s.Linked > 0 && s.LinkedAssumed && (s.Month.Needed > 1 || s.Week.Needed > 1) {
		out = append(out, web.T(ctx, "surveillance.note.linked", s.LinkedGapDays))
	}
	if last := s.Week53; s.WeekOf.Number == 53 && s.Week.Used != nil && last > 0 {
		out = append(out, web.T(ctx, "surveillance.note.week53", last))
	}
	return out
}

// yearTable shows the years behind a verdict, used and left out.
func yearTable(ctx context.Context, caption string, v outbreak.Verdict) table.Props {
	t := table.Props{Caption: caption, First: true, Empty: web.T(ctx, "surveillance.years.none"),
		Cols: []table.Col{{Head: web.T(ctx, "surveillance.col.year")}, {Head: web.T(ctx, "surveillance.col.cases"), Num: true}, {Head: web.T(ctx, "surveillance.col.use")}}}
	for _, y := range v.Used {
		t.Rows = append(t.Rows, table.Text(strconv.Itoa(y.Year), web.Int(ctx, y.Count), web.T(ctx, "surveillance.year.used")))
	}
	for _, y := range v.LeftOut {
		if y.Epidemic {
			t.Rows = append(t.Rows, table.Text(strconv.Itoa(y.Year), web.Int(ctx, y.Count), web.T(ctx, "surveillance.year.epidemic")))
		} else {
			t.Rows = append(t.Rows, table.Text(strconv.Itoa(y.Year), "–", web.T(ctx, "surveillance.year.missing")))
		}
	}
	return t
}

// basisWords names the decision behind the endemicity, or says that it is our
// default.
func basisWords(ctx context.Context, s State) string {
	if s.Basis == "" || s.Basis == content.EndemicDefault {
		return web.T(ctx, "surveillance.endemic.default")
	}
	return s.Basis
}

func stateFacts(ctx context.Context, s State) []stat.Item {
	endemic := web.T(ctx, "surveillance.endemic.no")
	if s.Endemic {
		endemic = web.T(ctx, "surveillance.endemic.yes")
	}
	group := s.Disease.Group
	if !s.Disease.GroupVerified {
		group = web.T(ctx, "surveillance.group.unverified", group)
	}
	return []stat.Item{
		{Name: web.T(ctx, "surveillance.fact.group"), Value: group},
		{Name: web.T(ctx, "surveillance.fact.clock"), Value: web.T(ctx, "surveillance.clock."+string(s.Disease.Clock))},
		{Name: web.T(ctx, "surveillance.fact.endemic"), Value: endemic},
		{Name: web.T(ctx, "surveillance.fact.first"), Value: web.Int(ctx, s.First)},
		{Name: web.T(ctx, "surveillance.fact.divisor"), Value: s.SettingsDivide},
	}
}

func diseaseOptions(ctx context.Context, list []content.Disease) []field.Option {
	out := make([]field.Option, len(list))
	for i, d := range list {
		out[i] = field.Option{Value: d.ID, Text: named(ctx, d.Name)}
	}
	return out
}

func trail(p homeData) []web.Link {
	var out []web.Link
	for _, u := range p.Path {
		out = append(out, web.Link{Text: u.Full(), Href: "/dich?don-vi=" + u.Code})
	}
	return append(out, web.Link{Text: p.Unit.Full()})
}

// choice is the form in which the reader chooses a disease, as it stands.
func choice(p homeData) *web.Form {
	f := &web.Form{}
	f.Set("benh", p.Disease.ID)
	return f
}

func findingsOf(ctx context.Context, p homeData) string {
	if !p.Figures || p.Unit.Level == vn.LevelNation {
		return ""
	}
	if p.Unit.Level == vn.LevelRegion {
		return p.Unit.Name
	}
	return p.Unit.Full() + ": " + findings(ctx, p)
}
