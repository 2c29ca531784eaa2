// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

func diseaseName(ctx context.Context, id string) string {
	if d, ok := content.Diseases().ByID(id); ok {
		return d.Name.In(web.LangOf(ctx))
	}
	return id
}

// what is the disease of an event, or the syndrome in the words it was told in.
func what(ctx context.Context, e Event) string {
	if e.Disease != "" {
		return diseaseName(ctx, e.Disease)
	}
	return e.Syndrome
}

// nameOf is how people call an event: what and where.
func nameOf(ctx context.Context, e Event) string {
	if e.Focus != "" {
		return what(ctx, e) + " · " + e.Focus
	}
	return what(ctx, e) + " · " + e.Place
}

func stageWord(ctx context.Context, s Stage) string { return web.T(ctx, "events.stage."+string(s)) }

func stageTone(s Stage) tag.Tone {
	switch s {
	case IsSignal, IsTriaged:
		return tag.Warning
	case IsEvent:
		return tag.Info
	case IsFocus, IsEpidemic:
		return tag.Danger
	}
	return tag.Plain
}

func riskTone(level string) tag.Tone {
	switch level {
	case "very-high", "high":
		return tag.Danger
	case "medium":
		return tag.Warning
	}
	return tag.Info
}

// span is a time in the unit that matters.
func span(ctx context.Context, d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Hour:
		return web.T(ctx, "events.span.minutes", int(d.Minutes()))
	case d < 72*time.Hour:
		return web.T(ctx, "events.span.hours", int(d.Hours()))
	}
	return web.T(ctx, "events.span.days", int(d.Hours()/24))
}

// clock is where a signal stands before its limit of 24 hours.
func clock(ctx context.Context, e Event, now time.Time, rules []content.Escalation) (words string, tone tag.Tone) {
	left := e.Due().Sub(now)
	if left < 0 {
		return web.T(ctx, "events.clock.overdue", span(ctx, left)), tag.Danger
	}
	words, tone = web.T(ctx, "events.clock.left", span(ctx, left)), tag.Info
	for _, r := range rules {
		if now.Sub(e.Told) >= time.Duration(r.Share*float64(verifyWithin)) {
			words, tone = web.T(ctx, "events.clock.left", span(ctx, left))+" · "+web.T(ctx, "events.level."+r.To), tag.Warning
		}
	}
	return words, tone
}

// people is how many are ill and dead, as told; "" when nobody said.
func people(ctx context.Context, sick, dead int) string {
	var out []string
	if sick > 0 {
		out = append(out, web.T(ctx, "events.sick", sick))
	}
	if dead > 0 {
		out = append(out, web.T(ctx, "events.dead", dead))
	}
	return strings.Join(out, ", ")
}

// part of the board: events of one kind under a heading.
type group struct {
	key    string
	events []Event
}

func groups(p boardData) []group {
	out := []group{{key: "waiting"}, {key: "foci"}, {key: "events"}}
	for _, e := range p.Events {
		at := 2
		switch {
		case e.Stage.Waits():
			at = 0
		case e.Stage.Active():
			at = 1
		}
		out[at].events = append(out[at].events, e)
	}
	return out
}

func (p boardData) unitName(id vn.UnitID) string {
	if u, ok := p.units.Get(id); ok {
		return u.Full()
	}
	return ""
}

// eventRows are the lines of a board: what, where, why it stands there, and what
// comes next.
func eventRows(ctx context.Context, p boardData, list []Event) []worklist.Row {
	rows := make([]worklist.Row, len(list))
	for i, e := range list {
		r := worklist.Row{ID: "e-" + e.ID, Name: nameOf(ctx, e), Href: path(e.ID), Tone: stageTone(e.Stage), State: stageWord(ctx, e.Stage),
			Meta: joined(p.unitName(e.Unit), people(ctx, e.Sick, e.Dead))}
		t := p.Tallies[e.ID]
		switch {
		case e.Stage.Waits():
			r.Why, r.Tone = clock(ctx, e, web.Now(ctx), p.Rules)
			r.Why = joined(web.T(ctx, "events.source."+e.Source), r.Why, calledWords(ctx, e))
		case e.Stage.Active():
			r.Why = focusWhy(ctx, e, t)
		case e.Stage == IsEvent:
			r.Why = web.T(ctx, "events.why.event", web.DateTime(ctx, e.Checked))
			if e.Risk != "" {
				r.Why, r.Tone = web.T(ctx, "events.risk."+e.Risk), riskTone(e.Risk)
			}
		default:
			r.Why = web.T(ctx, "events.why.closed", web.DateTime(ctx, e.Closed))
		}
		if p.Signals {
			r.Action = web.Link{Text: web.T(ctx, "events.open."+string(e.Stage)), Href: path(e.ID)}
		}
		rows[i] = r
	}
	return rows
}

// focusWhy is a line of the focus board: cases, contacts due, report due, days
// to closing. Where the count of the month decides, the event's own page says how
// it stands: it is counted anew for each disease and commune.
func focusWhy(ctx context.Context, e Event, t Tally) string {
	today := vn.DateOf(web.Now(ctx))
	parts := []string{web.T(ctx, "events.cases.n", t.Cases())}
	if t.Due > 0 {
		parts = append(parts, web.T(ctx, "events.contacts.due", t.Due))
	}
	if len(e.Unreported(today)) > 0 {
		parts = append(parts, web.T(ctx, "events.daily.due", len(e.Unreported(today))))
	}
	switch rule := content.FocusRuleOn(e.Disease, today); {
	case rule.Closes == content.EndUnderLine:
	case e.Over(last(t), rule) > today:
		parts = append(parts, web.T(ctx, "events.closing.days", int(e.Over(last(t), rule)-today)))
	default:
		parts = append(parts, web.T(ctx, "events.closing.now"))
	}
	return strings.Join(parts, " · ")
}

// lineWords says where the count of the month stands (Article 16.3); "" when
// nobody can say.
func lineWords(ctx context.Context, c Closing) string {
	if c.Line == nil {
		return ""
	}
	switch v := c.Line; v.State {
	case outbreak.StateBelow:
		if c.ByLine && !c.Month {
			return web.T(ctx, "events.closing.under.from", web.Date(ctx, c.From))
		}
		return web.T(ctx, "events.closing.under")
	case outbreak.StateEpidemic:
		if v.Needed > 0 {
			return web.T(ctx, "events.closing.linked", v.Linked, v.Needed)
		}
		return web.T(ctx, "events.closing.above", v.Count, web.Number(ctx, v.Line, 1))
	}
	return ""
}

// last is the day of the latest case; vn.ZeroDate when there is none.
func last(t Tally) vn.Date {
	if t.Cases() == 0 {
		return vn.ZeroDate
	}
	return t.Last
}

func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}

// boardFigures are the four numbers on top of a board.
func boardFigures(p boardData, now time.Time) (waiting, overdue, foci, calls, reports int) {
	today := vn.DateOf(now)
	for _, e := range p.Events {
		switch {
		case e.Stage.Waits():
			waiting++
			if now.After(e.Due()) {
				overdue++
			}
		case e.Stage.Active():
			foci++
			if len(e.Unreported(today)) > 0 {
				reports++
			}
		}
		calls += p.Tallies[e.ID].Due
	}
	return waiting, overdue, foci, calls, reports
}

func trail(p boardData) []web.Link {
	var out []web.Link
	for _, u := range append(p.Path, p.Unit) {
		out = append(out, web.Link{Text: u.Full(), Href: "/su-kien?don-vi=" + u.Code})
	}
	return out
}

func diseaseOptions(ctx context.Context, list []content.Disease) []field.Option {
	out := make([]field.Option, len(list))
	for i, d := range list {
		out[i] = field.Option{Value: d.ID, Text: d.Name.In(web.LangOf(ctx))}
	}
	return out
}

func unitOptions(list []vn.Unit) []field.Option {
	out := make([]field.Option, len(list))
	for i, u := range list {
		out[i] = field.Option{Value: u.Code, Text: u.Full()}
	}
	return out
}

// codeOptions are codes with their words under a key.
func codeOptions(ctx context.Context, key string, codes []string) []field.Option {
	out := make([]field.Option, len(codes))
	for i, c := range codes {
		out[i] = field.Option{Value: c, Text: web.T(ctx, key+"."+c)}
	}
	return out
}

// alikeOptions are the events a signal may belong to, and that it is new.
func alikeOptions(ctx context.Context, list []Event) []field.Option {
	var out []field.Option
	for _, e := range list {
		out = append(out, field.Option{Value: e.ID, Text: web.T(ctx, "events.same.attach", nameOf(ctx, e)),
			Hint: joined(stageWord(ctx, e.Stage), web.DateTime(ctx, e.Told), people(ctx, e.Sick, e.Dead))})
	}
	return append(out, field.Option{Value: "new", Text: web.T(ctx, "events.same.new")})
}

func number(n int) string { return strconv.Itoa(n) }

// toldRows are what a person has told of, and what became of it.
func toldRows(ctx context.Context, list []Event) []worklist.Row {
	rows := make([]worklist.Row, len(list))
	for i, e := range list {
		rows[i] = worklist.Row{Name: nameOf(ctx, e), Meta: web.DateTime(ctx, e.Told), State: stageWord(ctx, e.Stage), Tone: stageTone(e.Stage)}
		if e.Reason != "" {
			rows[i].Why = web.T(ctx, "events.reason."+e.Reason)
		}
	}
	return rows
}

func overdueWords(ctx context.Context, n int) string {
	if n == 0 {
		return ""
	}
	return web.T(ctx, "events.figure.overdue", n)
}

// calledWords are the levels that were told of clocks of an event.
func calledWords(ctx context.Context, e Event) string {
	var out []string
	for _, c := range e.Calls {
		if words := web.T(ctx, "events.called."+string(c.To)); !slices.Contains(out, words) {
			out = append(out, words)
		}
	}
	return strings.Join(out, ", ")
}
