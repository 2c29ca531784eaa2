// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"

	"mach/issue"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// Replay judges again what an old verdict judged, from the ledger as it stood
// at the verdict's position and by the settings of that day. It gives the same
// verdict, for ever: what is another is a fault of the program or of the data.
// Errors: Forbidden for who may not see figures of the unit; NotFound when the
// settings of the verdict are no more.
func (m *Module) Replay(ctx context.Context, a store.Actor, v Verdict) (Verdict, error) {
	d, _ := m.diseases.ByID(v.Disease)
	l := m.asked(a, v.Unit, v.Seq)
	settings, err := l.decided(ctx, d, vn.DateOf(v.At))
	if err != nil {
		return Verdict{}, fmt.Errorf("replay of a verdict: %w", err)
	}
	rule := settings.rule(v.Unit)
	if rule.Hash != v.Settings {
		return Verdict{}, issue.New(issue.NotFound, "detection.settings.gone")
	}
	p := place{disease: v.Disease, unit: v.Unit, level: m.levelOf(v.Unit)}
	look, err := l.verdicts(ctx, p, rule, []vn.Date{v.Week}, m.land.expecting[v.Unit], new(outbreak.Work))
	if err != nil {
		return Verdict{}, fmt.Errorf("replay of a verdict: %w", err)
	}
	out := look.list
	if len(out) == 0 {
		none, err := l.none(ctx, p, rule, v.Week, m.land.expecting[v.Unit])
		if err != nil {
			return Verdict{}, fmt.Errorf("replay of a verdict: %w", err)
		}
		out = append(out, none)
	}
	out[0].Seq, out[0].At = v.Seq, v.At
	return out[0], nil
}
