// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"mach/vn"
)

// BenjaminiHochberg returns the adjusted probabilities of m tests of which p are
// those below some line, in any order; the others are taken as 1. A test stands
// at the false discovery rate q when its adjusted probability is q or less. The
// result is in the order of p; it is exact up to that line (Benjamini and
// Hochberg 1995).
func BenjaminiHochberg(p []float64, m int) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	least := 1.0
	for rank := len(order); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, p[i]*float64(m)/float64(rank))
		out[i] = least
	}
	return out
}

// rank makes findings of the alarms of every week and says what becomes of
// them, the oldest week first, because what it opens stands in the next.
func (n *Nation) rank(o Options) Verdicts {
	r := ranking{Nation: n, Options: o, open: map[series]OpenAlert{}}
	for _, a := range o.Open {
		key := series{int32(a.Disease), int32(a.Place)}
		if was, ok := r.open[key]; !ok || was.Closed && !a.Closed || was.Closed == a.Closed && a.Raised > was.Raised {
			r.open[key] = a
		}
	}
	var weeks []Verdicts
	for at := o.Week; at >= o.Week-o.Back; at-- {
		weeks = append(weeks, r.week(at))
	}
	out := slices.Concat(weeks...)
	for from, to := len(out), len(out); from > 0; to = from {
		for from > 0 && out[from-1].Week == out[to-1].Week {
			from--
		}
		r.settle(out[from:to])
	}
	return out
}

// ranking is the state of one rank.
type ranking struct {
	*Nation
	Options
	open map[series]OpenAlert
}

// rule is what of the options the order of a week rests on.
type rule struct {
	share, explained float64
	group            int
}

// week orders the findings of one week and decides between places. The result is
// kept with the week until a count or the options change: what is left then is
// to settle it.
func (r *ranking) week(at int) Verdicts {
	w, by := r.weeks[at], rule{r.FalseShare, r.Explained, r.Options.Group}
	if w.ranked && w.by == by {
		return w.findings
	}
	found := r.alarms(at)
	all := make([]*Finding, len(found))
	for i := range found {
		all[i] = &found[i]
	}
	for from, to := 0, 0; from < len(found); from = to {
		for to < len(found) && found[to].Disease == found[from].Disease {
			to++
		}
		all = append(all, r.hierarchy(at, all[from:to:to])...)
	}
	slices.SortFunc(all, func(a, b *Finding) int {
		if first := a.Method == MethodRule; first != (b.Method == MethodRule) {
			if first {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Evidence, a.Evidence), cmp.Compare(a.Disease, b.Disease), cmp.Compare(a.Place, b.Place))
	})
	w.ranked, w.by, w.findings = true, by, make(Verdicts, len(all))
	for i, f := range all {
		w.findings[i] = *f
	}
	return w.findings
}

// alarms makes findings of the points above their bound, Pushed where they
// stand out among all monitored series of the week, gated ones counted as P = 1
// (surveillance.md 7.7: correcting over the tested ones alone gives three times
// as many false alerts). They come by disease and place.
func (r *ranking) alarms(at int) Verdicts {
	w := r.weeks[at]
	monitored := 0
	for d := range r.catalogue.Diseases {
		if !r.catalogue.Diseases[d].Daily {
			monitored += r.catalogue.Places()
		}
	}
	var chances []float64
	for _, list := range w.found {
		for i := range list {
			if r.tested(&list[i]) {
				chances = append(chances, list[i].Chance)
			}
		}
	}
	adjusted := BenjaminiHochberg(chances, monitored)
	var out Verdicts
	next := 0
	for d, list := range w.found {
		for i := range list {
			j := &list[i]
			q := 1.0
			if r.tested(j) {
				q = adjusted[next]
				next++
			}
			if !r.catalogue.Diseases[d].Alarms(j.Judgement, r.catalogue.Level(int(j.place))) {
				continue
			}
			f := r.finding(d, at, j)
			if j.Method == MethodRule {
				q = 0
			}
			if f.Adjusted = q; q <= r.FalseShare {
				f.Status = Pushed
			}
			out = append(out, f)
		}
	}
	return out
}

// tested says that a point is a test whose chance may stand out. A rule is none:
// its findings must not make room for those of others.
func (r *ranking) tested(j *judged) bool { return j.Method != MethodRule && j.Chance <= r.FalseShare }

func (r *ranking) finding(disease, at int, j *judged) Finding {
	return Finding{Disease: disease, Place: int(j.place), Week: at, Tier: j.Tier, Method: j.Method, Settings: r.settings[disease],
		Point: j.Point, Foci: int(j.foci), Complete: r.complete(disease, int(j.place), at), Chance: j.Chance, Window: j.Window,
		Evidence: Evidence(j.Chance, r.catalogue.Diseases[disease].Settings.Severity)}
}

// hierarchy decides between a place and those below it. It changes the findings
// of one disease, which stand in the order of places, and returns findings of
// provinces that it adds.
func (r *ranking) hierarchy(at int, found []*Finding) (added []*Finding) {
	below, above := map[int][]*Finding{}, map[int]*Finding{}
	for _, f := range found {
		above[f.Place] = f
		below[r.catalogue.Parent(f.Place)] = append(below[r.catalogue.Parent(f.Place)], f)
	}
	nation := r.catalogue.Nation()
	for _, province := range slices.Sorted(maps.Keys(below)) {
		if province < 0 || province == nation {
			continue
		}
		if f := r.province(at, province, above[province], below[province]); f != nil {
			added = append(added, f)
		}
	}
	if f := above[nation]; f != nil {
		r.explain(f, slices.Concat(below[nation], added))
	}
	return added
}

// province decides between a province and its communes. It returns a finding of
// the province when communes rise together and it has none.
func (r *ranking) province(at, place int, above *Finding, below []*Finding) (added *Finding) {
	group := r.group(below)
	switch {
	case len(group) >= r.Group:
		if above == nil {
			added = r.together(at, place, group)
			above = added
		}
		above.Status, above.Parts = Pushed, places(group)
		for _, f := range group {
			f.Status = Attached
		}
	case above == nil:
	case above.Tier == TierWave && above.Status == Pushed:
		above.Parts = places(below)
		for _, f := range below {
			if f.Status == Pushed {
				f.Status = Attached
			}
		}
	default:
		r.explain(above, below)
	}
	return added
}

// group gathers the communes of the province that rise together. Immediate cases
// stand for themselves.
func (r *ranking) group(below []*Finding) (out []*Finding) {
	rises := map[int32]*Finding{}
	for _, f := range below {
		if f.Method != MethodRule {
			rises[int32(f.Place)] = f
		}
	}
	for _, place := range Together(slices.Sorted(maps.Keys(rises)), func(place int32) []int32 { return r.catalogue.Communes[place].Near }, r.Options.Group) {
		out = append(out, rises[place])
	}
	return out
}

// Together picks of the places that rise those that hang together, each touching
// another of them, at least so many in one piece. Both lists are ascending.
func Together[P cmp.Ordered](rising []P, near func(P) []P, least int) (out []P) {
	rises, seen := map[P]bool{}, map[P]bool{}
	for _, p := range rising {
		rises[p] = true
	}
	for _, p := range rising {
		if seen[p] {
			continue
		}
		seen[p] = true
		piece := []P{p}
		for i := 0; i < len(piece); i++ {
			for _, q := range near(piece[i]) {
				if rises[q] && !seen[q] {
					seen[q] = true
					piece = append(piece, q)
				}
			}
		}
		if len(piece) >= least {
			out = append(out, piece...)
		}
	}
	slices.Sort(out)
	return out
}

// together is the finding of a province whose own count does not alarm, made of
// the communes that rise together; their probabilities are combined by Fisher.
func (r *ranking) together(at, province int, group []*Finding) *Finding {
	disease := group[0].Disease
	f := &Finding{Disease: disease, Place: province, Week: at, Tier: group[0].Tier, Method: MethodGroup, Settings: r.settings[disease],
		Point: Point{At: at, Alarm: true, Dispersion: 1}, Complete: r.complete(disease, province, at), Window: 1, Adjusted: 1}
	logs := 0.0
	for _, g := range group {
		f.Observed += g.Observed
		f.Expected += g.Expected
		f.Bound += g.Bound
		f.Foci += g.Foci
		f.Adjusted = min(f.Adjusted, g.Adjusted)
		f.Window = max(f.Window, g.Window)
		logs -= math.Log(g.Chance)
	}
	f.Chance = max(fisher(logs, len(group)), leastP)
	f.Evidence = Evidence(f.Chance, r.catalogue.Diseases[disease].Settings.Severity)
	return f
}

// fisher is the probability that −Σ ln p of k tests is logs or more: a χ² of 2k
// degrees of freedom at twice of it.
func fisher(logs float64, k int) float64 {
	term, sum := 1.0, 1.0
	for i := 1; i < k; i++ {
		term *= logs / float64(i)
		sum += term
	}
	return math.Exp(-logs + math.Log(sum))
}

// explain attaches a place to those below it that are told and have most of its
// excess: the same cases make one alert, where somebody can act.
func (r *ranking) explain(above *Finding, below []*Finding) {
	excess, theirs := float64(above.Observed)-above.Expected, 0.0
	var parts []*Finding
	for _, f := range below {
		if f.Status != Listed {
			theirs += max(0, float64(f.Observed)-f.Expected)
			parts = append(parts, f)
		}
	}
	if len(parts) > 0 && Explains(theirs, excess, r.Explained) {
		above.Status, above.Parts = Explained, places(parts)
	}
}

// Explains reports whether the excess of the places below is at least such a
// share of the excess above.
func Explains(below, above, share float64) bool { return below >= share*above }

func places(of []*Finding) []int32 {
	out := make([]int32, len(of))
	for i, f := range of {
		out[i] = int32(f.Place)
	}
	slices.Sort(out)
	return out
}

// settle gives findings their alerts, in the order of importance: those that
// stand are joined, others opened as far as the desk's budget goes.
func (r *ranking) settle(found Verdicts) {
	day := r.tensor.Start + vn.Date(7*found[0].Week)
	pushed := map[int]int{}
	alerts := map[series]Alert{}
	for i := range found {
		f := &found[i]
		if f.Status != Pushed {
			continue
		}
		key := series{int32(f.Disease), int32(f.Place)}
		stands, ok := r.open[key]
		desk := f.Place
		if r.catalogue.Level(f.Place) == vn.LevelCommune {
			desk = r.catalogue.Parent(f.Place)
		}
		switch {
		case ok && (!stands.Closed || day <= stands.Raised+vn.Date(r.CoolDown)):
			f.Status, f.Alert = Attached, stands.Alert
			stands.Raised = max(stands.Raised, day)
			r.open[key] = stands
		case pushed[desk] >= r.Budget || desk != f.Place && pushed[f.Place] >= r.Commune: // rules come first and cost nothing
			f.Status = Collapsed
			continue
		default:
			if f.Method != MethodRule {
				pushed[desk]++
				if desk != f.Place {
					pushed[f.Place]++
				}
			}
			f.Alert = Alert{f.Disease, f.Place, day}
			r.open[key] = OpenAlert{Alert: f.Alert, Raised: day}
		}
		alerts[key] = f.Alert
	}
	for i := range found { // communes gathered under their province's alert
		f := &found[i]
		if f.Status != Attached || f.Alert != (Alert{}) {
			continue
		}
		var ok bool
		if f.Alert, ok = alerts[series{int32(f.Disease), int32(r.catalogue.Parent(f.Place))}]; !ok {
			f.Status = Collapsed
		}
	}
}
