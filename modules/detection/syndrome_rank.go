// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// risen lists the alerts of the syndrome below a unit that stand and that no
// other one is shown instead of: those that wait, and those that were answered
// and still cool down. Own is the key of the unit's own.
func (t *turn) risen(ctx context.Context, p place, own string) (waiting, standing []kid, err error) {
	where, args := ``, []any{p.disease, int64(p.unit), own, t.c.At.UnixMicro(), t.c.At.AddDate(0, 0, -kidsDays).UnixMicro()}
	if p.level == vn.LevelProvince {
		where, args = ` and province = ?`, append(args, int64(p.unit))
	}
	err = t.tx.Rows(ctx, `select alert, unit, since, answer from detection_alert
		 where disease = ? and unit <> ? and parent in ('', ?) and (answer = '' and holds = 1 or cooled > ?) and opened >= ?`+where+` order by alert`, args,
		func(scan func(...any) error) error {
			var k kid
			var unit, since int64
			var answer string
			err := scan(&k.key, &unit, &since, &answer)
			k.unit, k.since = vn.UnitID(unit), vn.Date(since)
			standing = append(standing, k)
			if answer == "" {
				waiting = append(waiting, k)
			}
			return err
		})
	return waiting, standing, err
}

// explain sets what a unit shows against the alerts below it, as for diseases:
// communes that touch and rise together are one alert of their province; others
// that have most of the visits above the usual are shown instead of it.
func (t *turn) explain(ctx context.Context, x sighting, own string, rule content.DetectionRule, g ground) (ground, []kid, error) {
	waiting, standing, err := t.risen(ctx, x.place, own)
	if err != nil {
		return g, nil, err
	}
	if together := t.land.together(x.place, rule, waiting); len(together) > 0 {
		if g.rule == "" {
			g = ground{p: 1, week: vn.ZeroDate, since: together[0].since}
		}
		for _, k := range together {
			g.since = min(g.since, k.since)
		}
		g.rule, g.push = RuleGroup, PushEvidence // none is a case of a disease yet
		return g, together, nil
	}
	shownBy := ""
	if g.rule != "" && len(standing) > 0 {
		worst := slices.MinFunc(x.alarms, func(a, b SyndromeVerdict) int { return cmp.Compare(a.Chance, b.Chance) })
		have, err := t.excessOf(ctx, x.disease, worst.Day, standing)
		if err != nil {
			return g, nil, err
		}
		if outbreak.Explains(have, float64(worst.Cases)-worst.Expected, rule.ChildrenShare) {
			g, shownBy = ground{}, standing[0].key
		}
	}
	return g, nil, t.tx.Exec(ctx, `update detection_alert set parent = ? where unit = ? and disease = ? and answer = '' and parent <> ?`,
		shownBy, int64(x.unit), x.disease, shownBy)
}

// excessOf is how many visits the units have on a day above what was expected
// there when they rose.
func (t *turn) excessOf(ctx context.Context, syndrome string, day vn.Date, kids []kid) (float64, error) {
	sum := 0.0
	for _, k := range kids {
		d, err := t.ledger().daily(ctx, k.unit, day.Year(), day.Year(), day.Year())
		if err != nil {
			return 0, err
		}
		var expected float64
		if _, err := t.tx.Row(ctx, []any{&expected}, `select expected from detection_syndrome where unit = ? and syndrome = ? and day >= ? order by seq desc, day desc limit 1`,
			int64(k.unit), syndrome, int64(k.since)); err != nil {
			return 0, err
		}
		sum += max(0, float64(d.at(syndrome, day))-expected)
	}
	return sum, nil
}
