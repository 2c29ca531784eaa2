// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"maps"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// kid is an alert of a unit below that stands.
type kid struct {
	key      string
	unit     vn.UnitID
	province vn.UnitID
	since    vn.Date
	excess   float64 // cases above what was expected
}

// kidsDays is how far back an alert below still belongs to what rises now.
const kidsDays = 28

// kids lists the alerts of the disease below that wait: those of the units right
// below, and for the nation those of the communes that are shown instead of
// their province. One case of a grave disease is its own alert wherever it is: it
// gathers nothing.
func (t *turn) kids(ctx context.Context, p place) ([]kid, error) {
	where, args := ` a.province = ? and a.unit <> ?`, []any{int64(p.unit), int64(p.unit)}
	if p.level == vn.LevelNation {
		where, args = ` a.province <> 0`, nil
	}
	args = append(args, p.disease, t.c.At.AddDate(0, 0, -kidsDays).UnixMicro())
	var out []kid
	err := t.tx.Rows(ctx, `
		select a.alert, a.unit, a.province, a.since, coalesce(v.observed - v.expected, a.cases)
		  from detection_alert a
		  left join detection_verdict v on v.disease = a.disease and v.unit = a.unit and v.week = a.week and v.seq = a.verdict
		 where `+where+` and a.disease = ? and a.answer = '' and a.holds = 1 and a.opened >= ? and a.rule not in ('immediate', 'death')
		 order by a.alert`, args, func(scan func(...any) error) error {
		var k kid
		var unit, province, since int64
		err := scan(&k.key, &unit, &province, &since, &k.excess)
		k.unit, k.province, k.since = vn.UnitID(unit), vn.UnitID(province), vn.Date(since)
		out = append(out, k)
		return err
	})
	if err != nil || p.level != vn.LevelNation {
		return out, err
	}
	return foremost(out), nil
}

// foremost leaves of alerts those of provinces, and those of communes whose
// province has none: they are shown instead of it.
func foremost(kids []kid) []kid {
	own := map[vn.UnitID]bool{}
	for _, k := range kids {
		own[k.province] = own[k.province] || k.unit == k.province
	}
	return slices.DeleteFunc(kids, func(k kid) bool { return k.unit != k.province && own[k.province] })
}

// explained is how many cases above the expected alerts below a unit stand for.
// Communes that are shown instead of their province stand for all that it has:
// of gives that.
func explained(p place, rule content.DetectionRule, kids []kid, of func(province vn.UnitID) (float64, error)) (float64, error) {
	sum, communes := 0.0, map[vn.UnitID]float64{}
	for _, k := range kids {
		if p.level == vn.LevelNation && k.unit != k.province {
			communes[k.province] += max(0, k.excess)
		} else {
			sum += max(0, k.excess)
		}
	}
	for _, province := range slices.Sorted(maps.Keys(communes)) {
		have, all := communes[province], 0.0
		var err error
		if all, err = of(province); err != nil {
			return 0, err
		}
		if outbreak.Explains(have, all, rule.ChildrenShare) {
			have = max(have, all)
		}
		sum += have
	}
	return sum, nil
}

// stance is how a unit stands against the alerts below it.
type stance struct {
	ground          // what is left to show
	gathered []kid  // they are shown behind it
	shownBy  string // key of the one that is shown instead of it; "" = none
}

// against sets what a unit shows against the alerts below it, as the national
// run does: communes that touch and rise together are one alert of their
// province, and so are those in a seasonal wave of it; others that explain most
// of a unit's excess are shown instead of it, of the nation's too. Sum is how many
// cases above the expected they stand for.
func (l *land) against(p place, rule content.DetectionRule, g ground, excess float64, kids []kid, sum func() (float64, error)) (stance, error) {
	if together := l.together(p, rule, kids); len(together) > 0 {
		group := sure(RuleGroup, together[0].since)
		for _, k := range together {
			group.since = min(group.since, k.since)
		}
		return stance{ground: graver(group, g), gathered: together}, nil
	}
	if g.rule == "" || len(kids) == 0 {
		return stance{ground: g}, nil
	}
	if p.level == vn.LevelProvince && rule.Tier == content.TierWave {
		return stance{ground: g, gathered: kids}, nil
	}
	have, err := sum()
	if err == nil && outbreak.Explains(have, excess, rule.ChildrenShare) {
		return stance{shownBy: kids[0].key}, nil
	}
	return stance{ground: g}, err
}

// against sets what a unit shows against the alerts below it. One of its own that
// was open before they rose stands behind them, as long as one of them waits.
func (t *turn) against(ctx context.Context, p place, rule content.DetectionRule, g ground, excess float64) (ground, []kid, error) {
	kids, err := t.kids(ctx, p)
	if err != nil {
		return g, nil, err
	}
	s, err := t.land.against(p, rule, g, excess, kids, func() (float64, error) {
		return explained(p, rule, kids, func(province vn.UnitID) (float64, error) {
			held, err := t.held(ctx, place{disease: p.disease, unit: province}, []vn.Date{g.week})
			v := held[g.week]
			return float64(v.Observed) - v.Expected, err
		})
	})
	if err != nil || len(s.gathered) > 0 {
		return s.ground, s.gathered, err
	}
	where, args := ``, []any{s.shownBy, int64(p.unit), p.disease, s.shownBy}
	if g.rule == "" && len(kids) > 0 {
		where = ` and parent not in (` + marks(len(kids)) + `)`
		for _, k := range kids {
			args = append(args, k.key)
		}
	}
	return s.ground, nil, t.tx.Exec(ctx, `update detection_alert set parent = ? where unit = ? and disease = ? and answer = '' and parent <> ?`+where, args...)
}

// together are the alerts of the communes of a province that touch, enough of
// them in one piece.
func (l *land) together(p place, rule content.DetectionRule, kids []kid) (out []kid) {
	if p.level != vn.LevelProvince {
		return nil
	}
	var rising []vn.UnitID
	for _, k := range kids {
		rising = append(rising, k.unit)
	}
	slices.Sort(rising)
	piece := outbreak.Together(slices.Compact(rising), func(u vn.UnitID) []vn.UnitID { return l.near[u] }, rule.ChildrenMany)
	for _, k := range kids {
		if slices.Contains(piece, k.unit) {
			out = append(out, k)
		}
	}
	return out
}

// gather puts alerts under the one of the unit above that shows them.
func (t *turn) gather(ctx context.Context, p place, kids []kid) error {
	if len(kids) == 0 {
		return nil
	}
	a, _, found, err := t.latest(ctx, p.disease, p.unit)
	if err != nil || !found {
		return err
	}
	for _, k := range kids {
		if err := t.tx.Exec(ctx, `update detection_alert set parent = ? where alert = ?`, a.Key, k.key); err != nil {
			return err
		}
	}
	return nil
}

// stand pushes the alerts of a week that stand out among all series, by
// Benjamini and Hochberg: corrected over every series that is watched, those too
// that had no alarm. It never takes a push back: people were told.
func (t *turn) stand(ctx context.Context, week vn.Date, rule content.DetectionRule) error {
	var ps []float64
	if err := t.tx.Rows(ctx, `select p from detection_alert where week = ? and p < 1`, []any{int64(week)}, func(scan func(...any) error) error {
		var p float64
		err := scan(&p)
		ps = append(ps, p)
		return err
	}); err != nil {
		return err
	}
	bound := farthest(ps, t.monitored, rule.FalseShare)
	if bound == 0 {
		return nil
	}
	return t.tx.Exec(ctx, `update detection_alert set pushed = 1 where week = ? and p <= ? and pushed = 0`, int64(week), bound)
}

// farthest is the greatest of the probabilities that may be called true so that
// at most a share of all such calls is false, among n tests of which the others
// gave 1; 0 when none may.
func farthest(ps []float64, n int, share float64) float64 {
	bound := 0.0
	for i, adjusted := range outbreak.BenjaminiHochberg(ps, n) {
		if adjusted <= share {
			bound = max(bound, ps[i])
		}
	}
	return bound
}
