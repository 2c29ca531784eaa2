// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"slices"

	"mach/content"
	"mach/vn"
)

// risen is an alert of a syndrome in a unit below that stands: it waits, or was
// answered and still cools down.
type risen struct {
	key            string
	unit, province vn.UnitID
	since          vn.Date
	waits          bool
}

// risenBelow lists the alerts of the syndrome below a unit that no other one is
// shown instead of; own is the key of the unit's own.
func (t *turn) risenBelow(ctx context.Context, p place, own string) ([]risen, error) {
	where, args := ``, []any{p.disease, int64(p.unit), own, t.c.At.UnixMicro(), t.c.At.AddDate(0, 0, -kidsDays).UnixMicro()}
	if p.level == vn.LevelProvince {
		where, args = ` and province = ?`, append(args, int64(p.unit))
	}
	var out []risen
	err := t.tx.Rows(ctx, `select alert, unit, province, since, answer = '' from detection_alert
		 where disease = ? and unit <> ? and parent in ('', ?) and (answer = '' and holds = 1 or cooled > ?) and opened >= ?`+where+` order by alert`, args,
		func(scan func(...any) error) error {
			var r risen
			var unit, province, since int64
			err := scan(&r.key, &unit, &province, &since, &r.waits)
			r.unit, r.province, r.since = vn.UnitID(unit), vn.UnitID(province), vn.Date(since)
			out = append(out, r)
			return err
		})
	return out, err
}

// explain sets what a unit shows against the alerts below it: communes, or
// provinces, that rise together are one alert of the unit; fewer that have most
// of the visits above the usual are shown instead of it.
func (t *turn) explain(ctx context.Context, x sighting, own string, rule content.DetectionRule, g ground) (ground, []kid, error) {
	kids, err := t.risenBelow(ctx, x.place, own)
	if err != nil {
		return g, nil, err
	}
	var together []vn.UnitID // units right below in which something waits
	since := g.since
	for _, k := range kids {
		right := k.unit
		if x.level == vn.LevelNation {
			right = k.province
		}
		if k.waits && !slices.Contains(together, right) {
			together = append(together, right)
		}
		if g.rule == "" || k.since < since {
			since = k.since
		}
	}
	if len(together) >= rule.ChildrenMany {
		if g.rule == "" {
			g = ground{p: 1, week: vn.ZeroDate}
		}
		g.rule, g.since, g.push = RuleGroup, since, PushEvidence // none is a case of a disease yet
		var behind []kid
		for _, k := range kids {
			behind = append(behind, kid{key: k.key})
		}
		return g, behind, nil
	}
	shownBy := ""
	if g.rule != "" && len(kids) > 0 {
		worst := slices.MinFunc(x.alarms, func(a, b SyndromeVerdict) int { return cmp.Compare(a.Chance, b.Chance) })
		have, err := t.excessOf(ctx, x.disease, worst.Day, kids)
		if err != nil {
			return g, nil, err
		}
		if have >= rule.ChildrenShare*(float64(worst.Cases)-worst.Expected) {
			g, shownBy = ground{}, kids[0].key
		}
	}
	return g, nil, t.tx.Exec(ctx, `update detection_alert set parent = ? where unit = ? and disease = ? and answer = '' and parent <> ?`,
		shownBy, int64(x.unit), x.disease, shownBy)
}

// excessOf is how many visits the units have on a day above what was expected
// there when they rose.
func (t *turn) excessOf(ctx context.Context, syndrome string, day vn.Date, kids []risen) (float64, error) {
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
		sum += float64(d.at(syndrome, day)) - expected
	}
	return sum, nil
}
