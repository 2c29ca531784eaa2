// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// Ends says what Article 16.3 of TT 15/2026/TT-BYT answers of a disease in a
// commune on a day: below when the count of the month is back under the line
// that would have opened an epidemic. Surveillance counts, and knows the line.
type Ends func(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, on vn.Date) (outbreak.Verdict, error)

// Judged names who knows of lines. Call it before serving.
func (m *Module) Judged(e Ends) { m.ends = e }

// Closing is when a focus may be closed.
type Closing struct {
	From vn.Date // first day, by the days of the rule
	// Line is the verdict of Article 16.3, where the rule of the disease or a
	// declared epidemic asks for it; nil = not asked.
	Line *outbreak.Verdict
	// ByLine: the rule of the disease is the line, not days.
	ByLine bool
	// Month: the focus stood through the whole month before, which was under the
	// line as well.
	Month bool
}

// Ready reports whether the focus may be closed on the day. Every month begins
// under its line: the month so far is enough only together with a whole month
// before it, or with the days of the rule. Those stand in too where nobody can say
// whether the count is under the line.
func (c Closing) Ready(on vn.Date) bool {
	if c.ByLine && c.Line != nil {
		switch c.Line.State {
		case outbreak.StateBelow:
			return c.Month || on >= c.From
		case outbreak.StateEpidemic:
			return false
		}
	}
	return on >= c.From
}

// closing works out when the focus may be closed.
func (m *Module) closing(ctx context.Context, a store.Actor, e Event, t Tally, on vn.Date) (Closing, error) {
	rule := content.FocusRuleOn(e.Disease, on)
	c := Closing{From: e.Over(last(t), rule), ByLine: rule.Closes == content.EndUnderLine}
	if m.ends == nil || !c.ByLine && e.Stage != IsEpidemic {
		return c, nil
	}
	v, err := m.ends(ctx, a, e.Unit, e.Disease, on)
	if err != nil || v.Article == "" {
		return c, err
	}
	c.Line = &v
	stands := max(e.Since, e.watched()) // what began long before was not watched yet
	if before := vn.MonthOf(on).Add(-1); c.ByLine && v.State == outbreak.StateBelow && stands <= before.Start() {
		v, err := m.ends(ctx, a, e.Unit, e.Disease, before.End())
		c.Month = v.State == outbreak.StateBelow
		return c, err
	}
	return c, nil
}
