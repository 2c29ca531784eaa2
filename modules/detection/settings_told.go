// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// shown is what a unit shows in a week by itself, before it is set against
// others.
type shown struct {
	TrialAlert
	at int // week of the trial
	ground
	excess float64
	push   bool
}

// trying is what one of the settings shows.
type trying struct {
	decided
	shown map[vn.UnitID][]shown // ascending
}

// show lists the weeks in which a unit has grounds for an alert by a rule.
func (t *trial) show(unit vn.UnitID, rule content.DetectionRule) (out []shown) {
	p := place{disease: t.disease.ID, unit: unit, level: t.levelOf(unit)}
	x := outbreak.Watched{Series: t.series(unit), Level: p.level}
	if own := t.land.people[unit]; p.level == vn.LevelCommune && own > 0 && t.around.People != nil {
		x.Around = func() outbreak.Around {
			return outbreak.Around{Count: t.around.Count, People: t.around.People, Own: own}
		}
	}
	for k := t.first; k < t.weeks; k++ {
		if x.Count[k] <= 0 { // nothing new
			continue
		}
		if x := t.week(x, k, p, rule); x.rule != "" {
			out = append(out, x)
		}
	}
	return out
}

// week judges one week of a unit as the follower does: the cases themselves in a
// commune, and statistics where there are enough.
func (t *trial) week(s outbreak.Watched, k int, p place, rule content.DetectionRule) shown {
	x := shown{TrialAlert: TrialAlert{Unit: p.unit, Week: s.Dates[k], Cases: int(s.Count[k]), Expected: math.NaN(), Bound: math.NaN()}, at: k,
		excess: float64(s.Count[k])}
	commune, d := p.level == vn.LevelCommune, tier(p.disease, rule)
	frequent := d.Fits(s.Series, k, p.level)
	switch {
	case commune && rule.Tier == content.TierImmediate:
		x.ground = sure(RuleImmediate, x.Week)
	case commune && !frequent:
		if linked := linkedIn(s.Series, k, rule); linked != "" {
			x.ground = sure(linked, x.Week)
		}
		if rule.Tier == content.TierWave {
			x.ground.push = PushNever
		}
	}
	if commune && (!frequent || t.area.ID == vn.Nation) {
		return x
	}
	t.fits++
	j, ok := d.Judge(s, k, &t.work)
	if !ok {
		return x
	}
	x.Expected, x.Bound = j.Expected, j.Bound
	if d.Alarms(j, p.level) {
		x.ground = graver(x.ground, ground{rule: ruleOf(j.Method), since: x.Week, p: j.Chance, week: x.Week})
		x.excess = float64(j.Observed) - j.Expected
	}
	return x
}

// tell walks through the weeks: what a unit shows is set against what those below
// it show, joins an alert that still cools down, and is pushed when it stands out
// among all.
func (t *trial) tell(of trying) (out []TrialAlert, err error) {
	units := make([]vn.UnitID, 0, len(of.shown))
	for u := range of.shown {
		units = append(units, u)
	}
	for _, u := range units { // a province may show communes without a case of its own
		if p := t.provinceOf(u); p != 0 && t.units.Within(p, t.area.ID) && !slices.Contains(units, p) {
			units = append(units, p)
		}
	}
	slices.SortFunc(units, func(a, b vn.UnitID) int { return cmp.Or(cmp.Compare(t.levelOf(b), t.levelOf(a)), cmp.Compare(a, b)) })
	next := map[vn.UnitID]vn.Date{} // no new alert before
	for k := t.first; k < t.weeks; k++ {
		var week []shown
		all := map[vn.UnitID]float64{} // excess of units that others are shown instead of
		for _, unit := range units {
			x := shown{TrialAlert: TrialAlert{Unit: unit, Week: t.begin.AddDays(7 * k), Expected: math.NaN(), Bound: math.NaN()}}
			if i, found := slices.BinarySearchFunc(of.shown[unit], k, func(x shown, k int) int { return x.at - k }); found {
				x = of.shown[unit][i]
			}
			if week, err = t.set(x, of.rule(unit), week, all); err != nil {
				return nil, err
			}
		}
		for _, x := range t.stand(week, of.base.FalseShare) {
			if x.Week >= next[x.Unit] {
				next[x.Unit] = x.Week.AddDays(of.rule(x.Unit).CoolDownDays)
				out = append(out, x.TrialAlert)
			}
		}
	}
	return out, nil
}

// set adds what a unit shows to a week, against what those below it show.
func (t *trial) set(x shown, rule content.DetectionRule, week []shown, all map[vn.UnitID]float64) ([]shown, error) {
	p := place{disease: t.disease.ID, unit: x.Unit, level: t.levelOf(x.Unit)}
	if p.level != vn.LevelCommune {
		var kids []kid
		for i, y := range week {
			if y.rule.immediate() || !t.units.Within(y.Unit, p.unit) {
				continue
			}
			kids = append(kids, kid{key: fmt.Sprint(i), unit: y.Unit, province: t.provinceOf(y.Unit), since: y.since, excess: y.excess})
		}
		if p.level == vn.LevelNation {
			kids = foremost(kids)
		}
		s, err := t.land.against(p, rule, x.ground, x.excess, kids, func() (float64, error) {
			return explained(p, rule, kids, func(province vn.UnitID) (float64, error) { return all[province], nil })
		})
		if err != nil {
			return nil, err
		}
		for _, k := range s.gathered {
			for i := range week {
				if week[i].Unit == k.unit {
					week[i].Within = p.unit
				}
			}
		}
		if s.rule == RuleGroup && x.Cases == 0 {
			for _, y := range week {
				x.Cases += y.Cases * flag(y.Within == p.unit)
			}
		}
		if s.shownBy != "" {
			all[x.Unit] = x.excess
		}
		x.ground = s.ground
	}
	if x.rule == "" {
		return week, nil
	}
	x.Rule = x.rule
	return append(week, x), nil
}

// stand marks which of the alerts of a week are pushed: those that are sure, and
// those that stand out among all series that are watched.
func (t *trial) stand(week []shown, share float64) []shown {
	if len(week) == 0 {
		return nil
	}
	ps := slices.Clone(t.others[week[0].Week])
	for _, x := range week {
		if x.p < 1 {
			ps = append(ps, x.p)
		}
	}
	bound := farthest(ps, t.monitored, share)
	for i, x := range week {
		week[i].push = x.ground.push == PushAlways || x.ground.push != PushNever && x.p <= bound
		week[i].Pushed.Old, week[i].Pushed.New = week[i].push, week[i].push
	}
	return week
}

// both lays the alerts of two settings side by side.
func both(before, after []TrialAlert) (out []TrialAlert) {
	type at struct {
		unit vn.UnitID
		week vn.Date
	}
	found := map[at]int{}
	for _, x := range after {
		x.New, x.Pushed.Old = true, false
		found[at{x.Unit, x.Week}], out = len(out), append(out, x)
	}
	for _, x := range before {
		if i, ok := found[at{x.Unit, x.Week}]; ok {
			out[i].Old, out[i].Pushed.Old = true, x.Pushed.Old
			continue
		}
		x.Old, x.Pushed.New = true, false
		out = append(out, x)
	}
	return out
}
