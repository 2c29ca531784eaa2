// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"slices"

	"mach/issue"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// faults gathers what is wrong with a step.
type faults []issue.Issue

func (f *faults) add(path string, code issue.Code, key string, args ...any) {
	*f = append(*f, issue.Issue{Severity: issue.SeverityError, Code: code, Key: key, Args: args, Path: path})
}

func (f *faults) need(path, value string) {
	if value == "" {
		f.add(path, issue.Required, "web.field.required")
	}
}

func (f *faults) choice(path, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		f.add(path, issue.Required, "web.field.choice")
	}
}

// checkStep refuses a step that lacks its evidence. Every step needs words but
// those that name a form.
func (m *Module) checkStep(ctx context.Context, a store.Actor, e Event, d Draft) error {
	var f faults
	if d.At.Known() && d.At > m.today() {
		f.add("at", issue.BusinessRule, "events.future")
	}
	switch d.Kind {
	case Declared, Contained:
		if err := m.checkNotice(ctx, a, e, d, &f); err != nil {
			return err
		}
	case Focus:
		if err := m.checkFocus(ctx, a, e, d, &f); err != nil {
			return err
		}
	case Closed:
		if err := m.checkClosing(ctx, a, e, d, &f); err != nil {
			return err
		}
	case Discarded:
		f.choice("reason", d.Reason, Reasons)
		if d.Reason == "duplicate" {
			f.need("about", d.About)
		}
		f.need("words", d.Words)
	case Risk:
		f.choice("level", d.Reason, Levels)
		for _, t := range d.Marks {
			f.choice("triggers", t, Triggers)
		}
		f.need("words", d.Words)
	case Level:
		for _, x := range d.Marks {
			f.choice("findings", x, Findings)
		}
		if level, _ := levelOf(d.Marks); level == 0 || int(level) != len(d.Marks) {
			f.add("findings", issue.BusinessRule, "events.level.order")
		}
		f.need("words", d.Words)
	case Daily:
		if d.At.Known() && d.At < vn.DateOf(e.Opened) {
			f.add("at", issue.BusinessRule, "events.daily.before")
		}
		f.need("words", d.Words)
	default:
		if x, ok := m.diseases.ByID(d.Disease); d.Disease != "" && (!ok || x.Closed) {
			f.add("disease", issue.BusinessRule, "events.disease.closed")
		}
		f.need("words", d.Words)
	}
	return issue.List(f)
}

// levelOf judges findings about a declared epidemic by Articles 17 to 20.
func levelOf(findings []string) (outbreak.Level, string) {
	found := func(i int) bool { return slices.Contains(findings, Findings[i]) }
	return outbreak.LevelOf(outbreak.Containment{Epidemic: true, ForcesShort: found(0), CommuneCannot: found(1), ProvinceCannot: found(2), CountryCannot: found(3)})
}

// checkNotice wants the form of the same disease and commune.
func (m *Module) checkNotice(ctx context.Context, a store.Actor, e Event, d Draft, f *faults) error {
	form := "01"
	if d.Kind == Contained {
		form = "02"
	}
	list, err := m.Notices(ctx, a, e)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(n Notice) bool { return n.ID == d.About && n.Form == form }) {
		f.add("about", issue.Required, "events.notice.needed."+form)
	}
	return nil
}

func (m *Module) checkFocus(ctx context.Context, a store.Actor, e Event, d Draft, f *faults) error {
	f.need("name", d.Name)
	f.need("place", d.Place)
	f.need("words", d.Words)
	if !d.Since.Known() {
		f.need("since", "")
	} else if d.Since > m.today() {
		f.add("since", issue.BusinessRule, "events.future")
	}
	if e.Disease == "" {
		f.add("name", issue.BusinessRule, "events.focus.disease")
		return nil
	}
	taken, err := m.named(ctx, a, e, d.Name)
	if taken {
		f.add("name", issue.BusinessRule, "events.focus.taken")
	}
	return err
}

// checkClosing wants the disease's rule to allow it: days over, or the count back
// under the line.
func (m *Module) checkClosing(ctx context.Context, a store.Actor, e Event, d Draft, f *faults) error {
	f.need("words", d.Words)
	if !e.Stage.Active() {
		return nil
	}
	on := d.At
	if !on.Known() {
		on = m.today()
	}
	tally, err := m.tally(ctx, a, e)
	if err != nil {
		return err
	}
	c, err := m.closing(ctx, a, e, tally, on)
	switch {
	case err != nil || c.Ready(on):
	case c.ByLine && c.Line != nil && c.Line.State == outbreak.StateEpidemic:
		f.add("at", issue.BusinessRule, "events.close.line")
	default:
		f.add("at", issue.BusinessRule, "events.close.early", c.From)
	}
	return err
}
