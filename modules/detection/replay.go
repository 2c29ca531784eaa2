// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"encoding/json"
	"fmt"

	"mach/content"
	"mach/issue"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// keepRule writes the settings down under their hash, once.
func (t *turn) keepRule(ctx context.Context, hash string, rule any) error {
	if t.rule == hash {
		return nil
	}
	t.rule = hash
	b, err := json.Marshal(rule)
	if err != nil {
		return fmt.Errorf("settings %s: %w", hash, err)
	}
	return t.tx.Exec(ctx, `insert into detection_rule (hash, rule) values (?, ?) on conflict (hash) do nothing`, hash, string(b))
}

// rule reads the settings of a hash.
// Errors: NotFound when nothing that stands names them.
func (l ledger) rule(ctx context.Context, hash string, rule any) error {
	text := ""
	if err := l.rows(ctx, `select rule from detection_rule where hash = ?`, []any{hash}, func(scan func(...any) error) error { return scan(&text) }); err != nil {
		return err
	}
	if text == "" {
		return issue.New(issue.NotFound, "detection.settings.gone")
	}
	if err := json.Unmarshal([]byte(text), rule); err != nil {
		return fmt.Errorf("settings %s: %w", hash, err)
	}
	return nil
}

// Replay judges again what an old verdict judged, from the ledger as it stood
// at the verdict's position and by the settings that it kept. It gives the same
// verdict, for ever: what is another is a fault of the program or of the data.
// Errors: Forbidden for who may not see figures of the unit; NotFound when the
// settings of the verdict are no more.
func (m *Module) Replay(ctx context.Context, a store.Actor, v Verdict) (Verdict, error) {
	l, rule := m.asked(a, v.Unit, v.Seq), content.DetectionRule{Hash: v.Settings}
	if err := l.rule(ctx, v.Settings, &rule); err != nil {
		return Verdict{}, fmt.Errorf("replay of a verdict: %w", err)
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

// ReplaySyndrome judges what a verdict on a syndrome judged, by the baseline and
// the settings that it kept. It gives the same, for ever.
// Errors: as Replay.
func (m *Module) ReplaySyndrome(ctx context.Context, a store.Actor, v SyndromeVerdict) (SyndromeVerdict, error) {
	rule := content.SyndromeRule{Hash: v.Settings}
	if err := m.asked(a, v.Unit, v.Seq).rule(ctx, v.Settings, &rule); err != nil {
		return v, fmt.Errorf("replay of a verdict on a syndrome: %w", err)
	}
	again := v
	again.Expected, again.Bound, again.Usual, again.Chance, again.Sources, again.Alarm = 0, 0, 0, 1, "", false
	if v.Basis == "" {
		return again, nil
	}
	b, err := baselineFrom(v.Basis)
	if err != nil {
		return v, err
	}
	return again, again.judge(b, rule, new(outbreak.Work))
}
