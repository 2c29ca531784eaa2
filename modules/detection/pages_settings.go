// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mach/content"
	"mach/i18n"
	"mach/vn"
	"mach/web"
	"mach/web/components/chart"
	"mach/web/components/field"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tag"
	"mach/web/components/timeline"
	"mach/web/components/worklist"
)

func settingPath(disease string) string { return settingsPath + "/" + url.PathEscape(disease) }

func changePath(s Setting) string { return settingPath(s.Disease) + "/" + url.PathEscape(s.ID) }

func tierWords(ctx context.Context, t content.Tier) string {
	return web.T(ctx, "settings.tier."+tierName(t))
}

func fieldName(ctx context.Context, f content.DetectionField) string {
	return web.T(ctx, "settings.field."+string(f))
}

// amount writes a value with its unit.
func amount(ctx context.Context, b content.DetectionBound, v float64) string {
	s := i18n.Short(web.LangOf(ctx), v, 4)
	if unit := unitOf(ctx, b); unit != "" {
		return s + "\u00a0" + unit
	}
	return s
}

// unitOf is the unit of a setting; "" for a bare number.
func unitOf(ctx context.Context, b content.DetectionBound) string {
	if b.Percent {
		return "%"
	}
	return web.TOr(ctx, "settings.unit."+string(b.Field), "")
}

// lawItems are the numbers of TT 15/2026/TT-BYT Articles 16 and 22 with what the
// circular leaves open. They are content with a first day, not settings of a desk.
func lawItems(ctx context.Context, s content.SurveillanceSettings) []stat.Item {
	item := func(name, value string) stat.Item {
		return stat.Item{Name: web.T(ctx, "settings.law."+name), Value: value}
	}
	above := web.T(ctx, "detection.replay.no")
	if s.WarnAboveUpper {
		above = web.T(ctx, "detection.replay.yes")
	}
	return []stat.Item{
		item("years", web.T(ctx, "settings.law.years.value", s.BaselineYears, s.LookbackYears, s.MinValidYears)),
		item("divisor", s.Divisor),
		item("sd", web.T(ctx, "settings.law.sd.value", web.Number(ctx, s.WarningSD, 1), web.Number(ctx, s.EpidemicSD, 1))),
		item("above", above),
		item("linked", web.T(ctx, "settings.law.linked.value", s.LinkedWeek, s.LinkedMonth, s.LinkedGapDays)),
		item("confirmed", web.Int(ctx, s.ConfirmedA)),
		item("week53", web.Int(ctx, s.Week53)),
	}
}

// hint is what a setting does, with its bounds, what holds now and the default.
func hint(ctx context.Context, p settingData, b content.DetectionBound) string {
	lang := web.LangOf(ctx)
	return web.T(ctx, "settings.hint."+string(b.Field)) + " " + web.T(ctx, "settings.bounds", i18n.Short(lang, b.Least, 4), i18n.Short(lang, b.Most, 4),
		amount(ctx, b, p.Rule.Value(b.Field)), amount(ctx, b, p.Default.Value(b.Field)))
}

func tierOptions(ctx context.Context, tiers []content.Tier) []field.Option {
	var out []field.Option
	for _, t := range tiers {
		out = append(out, field.Option{Value: tierName(t), Text: tierWords(ctx, t), Hint: web.T(ctx, "settings.tier."+tierName(t)+".hint")})
	}
	return out
}

func spanOptions(ctx context.Context) []field.Option {
	var out []field.Option
	for _, n := range spans {
		out = append(out, field.Option{Value: strconv.Itoa(n), Text: web.T(ctx, "settings.span", n)})
	}
	return out
}

// differences says in words where a rule differs from another.
func differences(ctx context.Context, is, from content.DetectionRule) []string {
	var out []string
	if is.Tier != from.Tier {
		out = append(out, tierWords(ctx, is.Tier))
	}
	for _, b := range content.DetectionBounds() {
		if v := is.Value(b.Field); v != from.Value(b.Field) {
			out = append(out, web.T(ctx, "settings.differs", fieldName(ctx, b.Field), amount(ctx, b, v)))
		}
	}
	return out
}

// settingsTable lists the diseases with the settings in force.
func settingsTable(ctx context.Context, p settingsData) table.Props {
	t := table.Props{Caption: web.T(ctx, "settings.list"), Hidden: true, First: true, Stack: true, Cols: []table.Col{{Head: web.T(ctx, "settings.col.disease"), Wide: true}, {Head: web.T(ctx, "settings.col.tier")},
		{Head: web.T(ctx, "settings.col.commune"), Num: true}, {Head: web.T(ctx, "settings.col.above"), Num: true}, {Head: web.T(ctx, "settings.col.years"), Num: true},
		{Head: web.T(ctx, "settings.col.weight"), Num: true}, {Head: web.T(ctx, "settings.col.since")}, {Head: web.T(ctx, "settings.col.differs")}}}
	lang := web.LangOf(ctx)
	short := func(v float64) string { return i18n.Short(lang, v, 4) }
	for _, r := range p.Rows {
		since, differs := web.T(ctx, "settings.default"), ""
		if s := r.Latest; s != nil {
			since = web.T(ctx, "settings.since", web.Date(ctx, s.From), approver(*s))
			differs = cmp.Or(strings.Join(differences(ctx, r.Rule, r.Default), "; "), web.T(ctx, "settings.same.default"))
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: r.Disease.Name.In(lang), Href: settingPath(r.Disease.ID)}, {Text: tierWords(ctx, r.Rule.Tier)},
			{Text: short(r.Rule.Value(content.FieldAlphaCommune))}, {Text: short(r.Rule.Value(content.FieldAlphaAbove))}, {Text: web.Int(ctx, r.Rule.Years)},
			{Text: short(r.Rule.Weight)}, {Text: since}, {Text: differs, Strong: differs != ""}})
	}
	return t
}

// approver is who approved a change; "" while nobody has.
func approver(s Setting) string {
	for _, step := range s.Steps {
		if step.Kind == Approved {
			return step.Name
		}
	}
	return ""
}

// openRows are the changes that wait or are still to begin.
func openRows(ctx context.Context, p settingsData) []worklist.Row {
	var rows []worklist.Row
	for i, s := range p.Open {
		d, base := p.all[s.Disease].Disease, p.all[s.Disease].Default
		first := s.Steps[0]
		state := s.state(p.Today)
		rows = append(rows, worklist.Row{ID: "setting-" + s.ID, Name: d.Name.In(web.LangOf(ctx)) + " · " + unitName(ctx, p.names[s.Unit]), Href: changePath(s),
			Meta: web.T(ctx, "settings.by", first.Name, web.DateTime(ctx, s.Proposed)), Why: cmp.Or(strings.Join(differences(ctx, base.With(s.Change), base), "; "), web.T(ctx, "settings.same.default")),
			State: stateOfSetting(ctx, s, p.Today), Tone: toneOfSetting(state), Action: web.Link{Text: web.T(ctx, "settings.see"), Href: changePath(s)}, Primary: i == 0})
	}
	return rows
}

func stateOfSetting(ctx context.Context, s Setting, today vn.Date) string {
	return web.T(ctx, "settings.state."+string(s.state(today)), web.Date(ctx, s.From))
}

func toneOfSetting(s settingState) tag.Tone {
	switch s {
	case settingWaits:
		return tag.Warning
	case settingComes:
		return tag.Info
	case settingHolds:
		return tag.Good
	}
	return tag.Plain
}

// currentItems are the settings in force.
func currentItems(ctx context.Context, p settingData) []stat.Item {
	items := []stat.Item{{Name: web.T(ctx, "settings.field.tier"), Value: tierWords(ctx, p.Rule.Tier)}}
	for _, b := range content.DetectionBounds() {
		item := stat.Item{Name: fieldName(ctx, b.Field), Value: amount(ctx, b, p.Rule.Value(b.Field))}
		if d := p.Default.Value(b.Field); d != p.Rule.Value(b.Field) {
			item.Note = web.T(ctx, "settings.default.is", amount(ctx, b, d))
		}
		items = append(items, item)
	}
	return items
}

// cameItems are the alerts of the last year by what people answered.
func cameItems(ctx context.Context, p settingData) []stat.Item {
	all := 0
	for _, n := range p.Came {
		all += n
	}
	items := []stat.Item{{Name: web.T(ctx, "settings.came.all"), Value: web.Int(ctx, all)}}
	for _, k := range []Kind{Real, Explained, DataError, Duplicate} {
		items = append(items, stat.Item{Name: web.T(ctx, "detection.kind."+string(k)), Value: web.Int(ctx, p.Came[k])})
	}
	return append(items, stat.Item{Name: web.T(ctx, "settings.came.open"), Value: web.Int(ctx, p.Came[""])})
}

// decideSubmit is the verb of the form of a decision.
func decideSubmit(ctx context.Context, may []Decision) string {
	if len(may) == 1 {
		return web.T(ctx, "settings.decide."+string(may[0]))
	}
	return web.T(ctx, "settings.decide.submit")
}

// changeTable lays a change beside what holds and the default.
func changeTable(ctx context.Context, p changeData) table.Props {
	t := table.Props{Caption: web.T(ctx, "settings.change"), Hidden: true, First: true, Stack: true, Cols: []table.Col{{Head: web.T(ctx, "settings.col.setting"), Wide: true},
		{Head: web.T(ctx, "settings.col.old"), Num: true}, {Head: web.T(ctx, "settings.col.new"), Num: true}, {Head: web.T(ctx, "settings.col.default"), Num: true}}}
	if p.Setting.Change.Tier != nil {
		t.Rows = append(t.Rows, []table.Cell{{Text: web.T(ctx, "settings.field.tier")}, {Text: tierWords(ctx, p.Old.Tier)}, {Text: tierWords(ctx, p.New.Tier), Strong: p.Old.Tier != p.New.Tier}, {Text: tierWords(ctx, p.Default.Tier)}})
	}
	for _, b := range content.DetectionBounds() {
		if _, ok := p.Setting.Change.Values[b.Field]; ok {
			was, is := p.Old.Value(b.Field), p.New.Value(b.Field)
			t.Rows = append(t.Rows, []table.Cell{{Text: fieldName(ctx, b.Field)}, {Text: amount(ctx, b, was)}, {Text: amount(ctx, b, is), Strong: was != is}, {Text: amount(ctx, b, p.Default.Value(b.Field))}})
		}
	}
	return t
}

// history is every step of every change of the disease, the newest first.
func history(ctx context.Context, p settingData) []timeline.Item {
	type step struct {
		SettingStep
		of Setting
	}
	var steps []step
	for _, s := range p.History {
		for _, x := range s.Steps {
			steps = append(steps, step{x, s})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return b.At.Compare(a.At) })
	var out []timeline.Item
	for _, s := range steps {
		what := differences(ctx, p.Default.With(s.of.Change), p.Default)
		item := timeline.Item{When: web.DateTime(ctx, s.At), Title: web.T(ctx, "settings.step."+string(s.Kind), web.Date(ctx, s.of.From)), Href: changePath(s.of), Text: s.Words,
			Where: s.Name + " · " + unitName(ctx, p.names[s.of.Unit]) + " · " + cmp.Or(strings.Join(what, "; "), web.T(ctx, "settings.same.default")), Icon: "clipboard-list"}
		switch s.Kind {
		case Approved:
			item.Icon, item.Tone = "circle-check", tag.Good
		case Proposed:
			item.Tone = tag.Info
		}
		out = append(out, item)
	}
	return out
}

// sum counts alerts of a trial: all, those that somebody is told of, those that
// people found real, and those that they found to be nothing.
type sum struct{ all, pushed, real, not int }

func (s *sum) add(x TrialAlert, pushed bool) {
	s.all++
	s.pushed += flag(pushed)
	switch x.Answer {
	case Real:
		s.real++
	case Explained, DataError:
		s.not++
	}
}

// sums are the alerts of the settings in force and of the new ones, and those
// that only one of them brings.
type sums struct{ old, new, gone, added sum }

func (t Trial) sums() (s sums) {
	for _, x := range t.Alerts {
		if x.Old {
			s.old.add(x, x.Pushed.Old)
		}
		if x.New {
			s.new.add(x, x.Pushed.New)
		}
		if !x.New {
			s.gone.add(x, x.Pushed.Old)
		}
		if !x.Old {
			s.added.add(x, x.Pushed.New)
		}
	}
	return s
}

// trialLead is the finding of a trial.
func trialLead(ctx context.Context, p settingData) string {
	s := p.Trial.sums()
	switch {
	case p.Trial.Units == 0:
		return web.T(ctx, "settings.trial.empty", p.Span)
	case s.gone.all+s.added.all == 0:
		return web.T(ctx, "settings.trial.same", p.Span, s.new.all)
	}
	return web.T(ctx, "settings.trial.lead", p.Span, s.old.all, s.new.all)
}

func trialItems(ctx context.Context, p settingData) []stat.Item {
	s := p.Trial.sums()
	item := func(name string, n sum) stat.Item {
		return stat.Item{Name: web.T(ctx, name), Value: web.Int(ctx, n.all), Note: web.T(ctx, "settings.trial.real", n.pushed, n.real, n.not)}
	}
	gone := item("settings.trial.gone", s.gone)
	gone.Danger = s.gone.real > 0
	return []stat.Item{item("settings.trial.old", s.old), item("settings.trial.new", s.new), gone, item("settings.trial.added", s.added)}
}

// monthTable counts alerts by month.
func monthTable(ctx context.Context, p settingData) table.Props {
	t := table.Props{Caption: web.T(ctx, "settings.months"), Hidden: true, First: true, Cols: []table.Col{{Head: web.T(ctx, "settings.col.month"), Wide: true},
		{Head: web.T(ctx, "settings.col.old"), Num: true}, {Head: web.T(ctx, "settings.col.new"), Num: true}}}
	type pair struct{ old, new int }
	by := map[vn.Month]pair{}
	for _, x := range p.Trial.Alerts {
		m := vn.MonthOf(x.Week)
		by[m] = pair{by[m].old + flag(x.Old), by[m].new + flag(x.New)}
	}
	var total pair
	for m := vn.MonthOf(p.Trial.To); m.Start() >= vn.MonthOf(p.Trial.From).Start(); m = m.Add(-1) {
		n := by[m]
		total = pair{total.old + n.old, total.new + n.new}
		t.Rows = append(t.Rows, []table.Cell{{Text: monthName(ctx, m)}, {Text: web.Int(ctx, n.old)}, {Text: web.Int(ctx, n.new), Strong: n.old != n.new}})
	}
	t.Foot = []table.Cell{{Text: web.T(ctx, "settings.months.all")}, {Text: web.Int(ctx, total.old)}, {Text: web.Int(ctx, total.new)}}
	return t
}

// mostTried is how many alerts of a trial a page lists, openUpTo how many it
// shows without being asked.
const (
	mostTried = 150
	openUpTo  = 20
)

// tried are the alerts that a page lists: first those that only one of the
// settings brings.
func tried(t Trial) []TrialAlert {
	list := slices.Clone(t.Alerts)
	slices.SortStableFunc(list, func(x, y TrialAlert) int { return flag(x.Old && x.New) - flag(y.Old && y.New) })
	return list[:min(len(list), mostTried)]
}

func trialTable(ctx context.Context, p settingData) table.Props {
	t := table.Props{Caption: web.T(ctx, "settings.alerts"), Hidden: true, First: true, Stack: true, Empty: web.T(ctx, "settings.alerts.none"), Cols: []table.Col{
		{Head: web.T(ctx, "detection.col.unit"), Wide: true}, {Head: web.T(ctx, "settings.col.week")}, {Head: web.T(ctx, "detection.col.cases"), Num: true},
		{Head: web.T(ctx, "settings.col.expected"), Num: true}, {Head: web.T(ctx, "settings.col.bound"), Num: true}, {Head: web.T(ctx, "settings.col.rule")},
		{Head: web.T(ctx, "settings.col.which")}, {Head: web.T(ctx, "settings.col.answer")}}}
	number := func(v float64, decimals int) string {
		if math.IsNaN(v) {
			return "–"
		}
		return web.Number(ctx, v, decimals)
	}
	for _, x := range tried(*p.Trial) {
		which := "both"
		switch {
		case !x.New:
			which = "old"
		case !x.Old:
			which = "new"
		}
		answer := web.T(ctx, "settings.answer.none")
		switch {
		case x.Answer != "":
			answer = web.T(ctx, "detection.kind."+string(x.Answer))
		case x.Had:
			answer = web.T(ctx, "settings.answer.open")
		}
		rule := web.T(ctx, "detection.rule."+string(x.Rule))
		switch {
		case x.Within != 0:
			rule = web.T(ctx, "settings.rule.within", rule, unitName(ctx, p.names[x.Within]))
		case x.Pushed.New || !x.New && x.Pushed.Old:
			rule = web.T(ctx, "settings.rule.pushed", rule)
		}
		week := vn.WeekOf(x.Week)
		t.Rows = append(t.Rows, []table.Cell{{Text: unitName(ctx, p.names[x.Unit])}, {Text: web.T(ctx, "settings.week", week.Number, strconv.Itoa(week.Year), web.Date(ctx, x.Week))}, {Text: web.Int(ctx, x.Cases)},
			{Text: number(x.Expected, 1)}, {Text: number(x.Bound, 0)}, {Text: rule},
			{Text: web.T(ctx, "settings.which."+which), Strong: which != "both"}, {Text: answer}})
	}
	return t
}

// trialCurve draws the area's weeks with the alerts of the new settings.
func trialCurve(ctx context.Context, p settingData) chart.EpiProps {
	out := chart.EpiProps{ID: "trial", Title: curveLead(ctx, p), Unit: web.T(ctx, "detection.cases"), Period: web.T(ctx, "detection.week"),
		Foot: chart.Foot{Source: web.T(ctx, "detection.chart.source", unitName(ctx, p.Unit))}}
	for _, w := range p.Trial.Weeks {
		week := vn.WeekOf(w.Week)
		number := strconv.Itoa(week.Number)
		out.Labels = append(out.Labels, number)
		out.Heads = append(out.Heads, weekHead(ctx, w.Week))
		k := p.classes[w.Week]
		c := chart.Cases{Suspect: k.Suspect, Probable: k.Probable, Confirmed: k.Confirmed, Silent: w.Cases < 0, Alarm: w.New > 0}
		if c.Alarm {
			c.Mark = web.T(ctx, "settings.mark", w.New, w.Old)
		}
		out.Cases, out.Expected, out.Bound = append(out.Cases, c), append(out.Expected, w.Expected), append(out.Bound, w.Bound)
	}
	return out
}

func curveLead(ctx context.Context, p settingData) string {
	n := 0
	for _, w := range p.Trial.Weeks {
		n += flag(w.New > 0)
	}
	return web.T(ctx, "settings.curve", diseaseName(ctx, p.Disease.ID), unitName(ctx, p.Unit), n, len(p.Trial.Weeks))
}

func decisionOptions(ctx context.Context, may []Decision) []field.Option {
	var out []field.Option
	for _, d := range may {
		out = append(out, field.Option{Value: string(d), Text: web.T(ctx, "settings.decide."+string(d))})
	}
	return out
}

// sent are the values of the form as they were typed, to be sent along.
func sent(p settingData) [][2]string {
	var out [][2]string
	for _, b := range p.Bounds {
		out = append(out, [2]string{string(b.Field), p.Form.Value(string(b.Field))})
	}
	if len(p.Tiers) > 0 {
		out = append(out, [2]string{"tier", p.Form.Value("tier")})
	}
	return append(out, [2]string{"ky", strconv.Itoa(p.Span)})
}

// scopeNote says whom a proposal is for, and who approves it.
func scopeNote(ctx context.Context, p settingData) string {
	if p.Unit.ID == vn.Nation {
		return web.T(ctx, "settings.scope.nation")
	}
	return web.T(ctx, "settings.scope.province")
}

// listNote says when the list of a trial is not whole.
func listNote(ctx context.Context, t Trial) string {
	if len(t.Alerts) > mostTried {
		return web.T(ctx, "settings.alerts.cut", mostTried, len(t.Alerts))
	}
	return web.T(ctx, "settings.alerts.note")
}

// settingsLink leads from an alert to the settings that brought it, for who may
// see them.
func settingsLink(ctx context.Context, disease string) web.Link {
	if _, ok := content.Diseases().ByID(disease); !ok || !settingsReaders.Allows(web.SessionOf(ctx)) { // a syndrome has none
		return web.Link{}
	}
	return web.Link{Text: web.T(ctx, "settings.link"), Href: settingPath(disease)}
}
