// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// watched are the diseases that have anything here.
func (m *Module) watched() []content.Disease {
	return slices.DeleteFunc(m.diseases.List(lastList), func(d content.Disease) bool { return d.Closed })
}

// nation is what a night reads of the view: counts of every disease in every
// commune and week, what was judged, and what the full run says of them.
type nation struct {
	*Module
	l         ledger
	diseases  []content.Disease
	index     map[string]int
	commune   map[vn.UnitID]int
	provinces []vn.UnitID
	on        vn.Date
	tensor    *outbreak.Tensor
	catalogue *outbreak.Catalogue
	back      int

	found outbreak.Verdicts // what the run says
	stats outbreak.Stats
	held  map[key]Verdict // what the view does
}

// check runs the whole nation and holds it against the view: the sums against
// the cases and visits they are of, the alarms against those of outbreak.Nation,
// days of syndromes against their visits. What
// differs is confirmed from the ledger, because the view goes on meanwhile.
func (m *Module) check(ctx context.Context) (f findings, err error) {
	if f.Position, err = m.store.Position(ctx, "detection"); err != nil {
		return f, err
	}
	if f.Cells, err = m.mend(ctx); err != nil {
		return f, err
	}
	n, err := m.fullRun(ctx, f.Position)
	if err != nil {
		return f, err
	}
	if f.Again, err = n.differing(ctx); err != nil {
		return f, err
	}
	days, series, err := m.checkSyndromes(ctx)
	f.Days, f.Series = days, n.stats.Series+series
	if len(f.Again) > 0 || len(f.Days) > 0 || f.Cells > 0 {
		m.log.Warn("the full run of detection differs from the view", "series", len(f.Again), "syndromes", len(f.Days), "sums", f.Cells)
	}
	return f, err
}

// fullRun judges every series of the nation from the counts.
func (m *Module) fullRun(ctx context.Context, position int64) (*nation, error) {
	n := &nation{Module: m, l: m.asked(store.SystemActor(), vn.Nation, position), diseases: m.watched(), on: m.today(),
		index: map[string]int{}, commune: map[vn.UnitID]int{}}
	if err := n.read(ctx); err != nil {
		return nil, err
	}
	run, err := outbreak.NewNation(n.tensor, n.catalogue)
	if err != nil {
		return nil, err
	}
	o := outbreak.For(n.tensor.Weeks - 1)
	o.Back = n.back
	if o.Foci, err = n.foci(ctx); err != nil {
		return nil, err
	}
	if n.found, n.stats, err = run.Judge(o); err != nil {
		return nil, err
	}
	n.held, err = n.newest(ctx)
	return n, err
}

// read makes the tensor of the counts that the view holds.
func (n *nation) read(ctx context.Context) error {
	years, last := 0, vn.WeekOf(n.on).Start()
	n.catalogue = &outbreak.Catalogue{}
	for i, d := range n.diseases {
		settings, err := n.l.decided(ctx, d, n.on)
		if err != nil {
			return err
		}
		as := tier(d.ID, settings.base)
		n.index[d.ID], n.catalogue.Diseases = i, append(n.catalogue.Diseases, as)
		years, n.back = max(years, as.Settings.Span()), max(n.back, settings.base.BackWeeks)
	}
	n.back = min(n.back, 8)
	at := map[vn.UnitID]int{}
	for i, u := range n.land.communes {
		n.commune[u.ID] = i
		province := n.land.province(u.ID)
		if _, ok := at[province]; !ok {
			at[province] = len(n.provinces)
			n.provinces = append(n.provinces, province)
		}
		n.catalogue.Communes = append(n.catalogue.Communes, outbreak.Commune{Unit: u.ID, Province: at[province], People: n.land.people[u.ID]})
	}
	n.catalogue.Provinces = n.provinces
	for i, u := range n.land.communes {
		for _, near := range n.land.near[u.ID] {
			n.catalogue.Communes[i].Near = append(n.catalogue.Communes[i].Near, int32(n.commune[near]))
		}
	}
	weeks := years + n.back + 1
	n.tensor = outbreak.NewTensor(last.AddDays(-7*(weeks-1)), len(n.diseases), len(n.land.communes), weeks)
	if err := n.counts(ctx); err != nil {
		return err
	}
	return n.silence(ctx)
}

func (n *nation) counts(ctx context.Context) error {
	return n.l.rows(ctx, `select disease, unit, year, counts from detection_year where year >= ?`, []any{vn.WeekOf(n.tensor.Start).Year}, func(scan func(...any) error) error {
		var disease, text string
		var unit int64
		var of int
		if err := scan(&disease, &unit, &of, &text); err != nil {
			return err
		}
		d, known := n.index[disease]
		u, commune := n.commune[vn.UnitID(unit)]
		if !known || !commune {
			return nil
		}
		y, err := unpack(text)
		start := vn.Week{Year: of, Number: 1}.Start()
		for i, c := range y {
			if k := n.tensor.Week(start.AddDays(7 * i)); c > 0 && k >= 0 && k < n.tensor.Weeks {
				n.tensor.Set(d, u, k, c)
			}
		}
		return err
	})
}

// silence marks the weeks of communes that nobody reported.
func (n *nation) silence(ctx context.Context) error {
	heard := make([]*reported, len(n.land.communes))
	if err := n.l.rows(ctx, `select unit, week, visited from detection_reporting order by unit, week`, nil, func(scan func(...any) error) error {
		var unit, week, visited int64
		err := scan(&unit, &week, &visited)
		if u, ok := n.commune[vn.UnitID(unit)]; ok {
			if heard[u] == nil {
				heard[u] = newReported()
			}
			heard[u].add(vn.Date(week), visited != 0)
		}
		return err
	}); err != nil {
		return err
	}
	for u := range n.land.communes {
		for k := range n.tensor.Weeks {
			if heard[u] != nil && !heard[u].silent(n.tensor.Start.AddDays(7*k)) {
				continue
			}
			for d := range n.diseases {
				n.tensor.Set(d, u, k, outbreak.Missing)
			}
		}
	}
	return nil
}

// foci are the cases of open foci.
func (n *nation) foci(ctx context.Context) (out []outbreak.FocusCases, err error) {
	for d, disease := range n.diseases {
		open, err := n.l.foci(ctx, place{disease: disease.ID, unit: vn.Nation})
		if err != nil {
			return nil, err
		}
		for _, f := range open {
			u, ok := n.commune[f.unit]
			if !ok {
				continue
			}
			err := n.l.rows(ctx, `select day, sum(change) from detection_ledger where disease = ? and commune = ? and focus = ? and day >= ? group by day`,
				[]any{disease.ID, int64(f.unit), f.name, int64(n.tensor.Start)}, func(scan func(...any) error) error {
					var day, cases int64
					err := scan(&day, &cases)
					if k := n.tensor.Week(vn.Date(day)); cases > 0 && k < n.tensor.Weeks {
						out = append(out, outbreak.FocusCases{Disease: d, Commune: u, Week: k, Cases: int(cases)})
					}
					return err
				})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// key names a week of a series.
type key struct {
	disease string
	unit    vn.UnitID
	week    vn.Date
}

// newest are the newest verdicts of the weeks that may still be judged.
func (n *nation) newest(ctx context.Context) (map[key]Verdict, error) {
	out := map[key]Verdict{}
	err := n.l.rows(ctx, `select `+verdictColumns+` from detection_verdict where week >= ? order by disease, unit, week, seq`,
		[]any{int64(vn.WeekOf(n.on).Start().AddDays(-7 * n.back))}, func(scan func(...any) error) error {
			v, err := scanVerdict(scan)
			out[key{v.Disease, v.Unit, v.Week}] = v
			return err
		})
	return out, err
}

// mostAgain is how many weeks of series a night judges again; the next one goes on.
const mostAgain = 2000

// differing lists what the run found and the view does not hold so, or the
// other way about, as far as the ledger confirms it.
func (n *nation) differing(ctx context.Context) ([]again, error) {
	list := n.suspects()
	var out []again
	var w outbreak.Work
	for _, k := range list[:min(len(list), mostAgain)] {
		other, err := n.confirm(ctx, k, n.held[k], &w)
		if err != nil {
			return nil, err
		}
		if !other {
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last].Disease == k.disease && out[last].Unit == k.unit {
			out[last].Weeks = append(out[last].Weeks, k.week)
			continue
		}
		out = append(out, again{k.disease, k.unit, []vn.Date{k.week}})
	}
	return out, nil
}

// suspects are the weeks of which the run and the view do not say the same, by
// disease, units below first.
func (n *nation) suspects() []key {
	dates, suspects := n.tensor.Dates(), map[key]bool{}
	alarms := map[key]bool{}
	for _, f := range n.found {
		if f.Method == outbreak.MethodRule || f.Method == outbreak.MethodGroup {
			continue
		}
		k := key{n.diseases[f.Disease].ID, n.catalogue.Unit(f.Place), dates[f.Week]}
		alarms[k] = true
		v, ok := n.held[k]
		if !ok || !v.Alarm || v.Expected != f.Expected || v.Bound != f.Bound || v.Chance != f.Chance || v.Observed != int(f.Observed) {
			suspects[k] = true
		}
	}
	for k, v := range n.held {
		if v.Alarm && !alarms[k] {
			suspects[k] = true
		}
	}
	return slices.SortedFunc(maps.Keys(suspects), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.disease, b.disease), cmp.Compare(b.unit, a.unit), cmp.Compare(a.week, b.week))
	})
}

// confirm judges a week from the ledger and reports whether the view holds
// something else.
func (n *nation) confirm(ctx context.Context, k key, held Verdict, w *outbreak.Work) (bool, error) {
	if held.Seq > n.l.seq { // it was judged meanwhile
		return false, nil
	}
	d := n.diseases[n.index[k.disease]]
	settings, err := n.l.decided(ctx, d, n.on)
	if err != nil {
		return false, err
	}
	look, err := n.l.verdicts(ctx, place{disease: k.disease, unit: k.unit, level: n.levelOf(k.unit)}, settings.rule(k.unit), []vn.Date{k.week}, n.land.expecting[k.unit], w)
	if err != nil {
		return false, err
	}
	if len(look.list) == 0 {
		return held.Alarm, nil
	}
	is := look.list[0]
	return is.Alarm != held.Alarm || is.Alarm && (is.Expected != held.Expected || is.Bound != held.Bound || is.Chance != held.Chance || is.Observed != held.Observed), nil
}

// mend holds the sums against the cases and visits they are of, in every unit, and builds
// the view anew when any is wrong; it returns how many were, unchecked when the
// view never stood still.
func (m *Module) mend(ctx context.Context) (int, error) {
	for range 3 { // the view may go on between two questions
		before, err := m.store.Position(ctx, "detection")
		if err != nil {
			return 0, err
		}
		wrong, err := m.wrongSums(ctx)
		if err != nil || wrong == 0 {
			return 0, err
		}
		if after, err := m.store.Position(ctx, "detection"); err != nil || after != before {
			continue
		}
		m.log.Error("sums of detection are not those of its cases; the view is built anew", "sums", wrong)
		if err := m.store.Rebuild(ctx, "detection"); err != nil {
			return wrong, err
		}
		left, err := m.wrongSums(ctx)
		if err == nil && left > 0 {
			err = fmt.Errorf("sums of detection are wrong after they were built anew: %d", left)
		}
		return wrong, err
	}
	return unchecked, nil
}

// wrongSums counts the sums that are not those of the cases and visits.
func (m *Module) wrongSums(ctx context.Context) (int, error) {
	visits, err := m.wrongVisits(ctx)
	if err != nil {
		return 0, err
	}
	cases, err := m.wrongCases(ctx)
	return visits + cases, err
}

// wrongCases counts the sums of weeks that are not those of the cases.
func (m *Module) wrongCases(ctx context.Context) (int, error) {
	l := m.asked(store.SystemActor(), vn.Nation, 0)
	sums := map[key]int32{}
	err := l.rows(ctx, `select disease, commune, province, day, count(*) from detection_case where class in ('suspect', 'probable', 'confirmed') and disease <> ''
		 group by disease, commune, province, day`, nil, func(scan func(...any) error) error {
		var c counted
		var commune, province, day, n int64
		if err := scan(&c.disease, &commune, &province, &day, &n); err != nil {
			return err
		}
		c.commune, c.province = vn.UnitID(commune), vn.UnitID(province)
		for _, unit := range m.units.Above(c.unit()) {
			sums[key{c.disease, unit, vn.WeekOf(vn.Date(day)).Start()}] += int32(n)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	wrong := 0
	err = l.rows(ctx, `select disease, unit, year, counts from detection_year`, nil, func(scan func(...any) error) error {
		var disease, text string
		var unit int64
		var of int
		if err := scan(&disease, &unit, &of, &text); err != nil {
			return err
		}
		y, err := unpack(text)
		start := vn.Week{Year: of, Number: 1}.Start()
		for i, n := range y {
			if k := (key{disease, vn.UnitID(unit), start.AddDays(7 * i)}); n != 0 {
				wrong += flag(sums[k] != n)
				delete(sums, k)
			}
		}
		return err
	})
	return wrong + len(sums), err
}
