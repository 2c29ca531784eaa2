// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"mach/vn"
)

// Nation is a tensor with its sums and the points computed so far: the
// incremental form of Run. Set tells it of a changed count; Judge computes only
// what changed since. Judge gives what Run gives over the same counts, bit for
// bit. It must not be used from two goroutines at once.
type Nation struct {
	tensor    *Tensor
	catalogue *Catalogue
	sums      *sums
	dates     []vn.Date
	settings  []string // hash of each disease's settings
	weeks     map[int]*week
	touched   map[series]int // the earliest week that changed since the last Judge
	foci      map[series][]focusWeek
}

// focusWeek are cases of open foci in a place in a week.
type focusWeek struct{ week, cases int32 }

// series names a disease in a place.
type series struct{ disease, place int32 }

// week is what is known of one week.
type week struct {
	class []class              // [disease][place]
	count [classFitted + 1]int // of each class
	found [][]judged           // [disease], in the order of places

	// What ranking made of found by a rule, until found changes.
	ranked   bool
	by       rule
	findings Verdicts
}

// NewNation sums the communes upward. The tensor and the catalogue are the
// Nation's from then on.
func NewNation(t *Tensor, c *Catalogue) (*Nation, error) {
	if err := c.check(t); err != nil {
		return nil, err
	}
	n := &Nation{tensor: t, catalogue: c, dates: t.Dates(), weeks: map[int]*week{}, touched: map[series]int{}}
	for _, d := range c.Diseases {
		n.settings = append(n.settings, d.Settings.Hash())
	}
	n.sums = newSums(t, c, 0)
	return n, nil
}

// Set writes the count of a disease in a commune in a week, Missing when the
// commune did not report, and carries it upward.
func (n *Nation) Set(disease, commune, week int, count int32) {
	from := n.tensor.At(disease, commune, week)
	n.tensor.Set(disease, commune, week, count)
	to := n.tensor.At(disease, commune, week)
	if from == to {
		return
	}
	first := len(n.catalogue.Communes)
	for place := n.catalogue.Parent(commune); place >= 0; place = n.catalogue.Parent(place) {
		n.sums.change(disease, place-first, week, from, to)
	}
	n.touch(disease, commune, week)
}

// touch marks a commune and what stands above it.
func (n *Nation) touch(disease, commune, week int) {
	for place := commune; place >= 0; place = n.catalogue.Parent(place) {
		n.mark(series{int32(disease), int32(place)}, week)
	}
}

func (n *Nation) mark(key series, week int) {
	if at, ok := n.touched[key]; !ok || week < at {
		n.touched[key] = week
	}
}

// Count is a cell of any place, Missing when nobody reported.
func (n *Nation) Count(disease, place, week int) int32 {
	if communes := len(n.catalogue.Communes); place >= communes {
		return n.sums.at(disease, place-communes, week)
	}
	return n.tensor.At(disease, place, week)
}

// Judge computes what changed since the last time and ranks all. The weeks may
// move on from call to call.
func (n *Nation) Judge(o Options) (Verdicts, Stats, error) {
	if err := o.check(n.tensor); err != nil {
		return nil, Stats{}, err
	}
	n.takeFoci(o.Foci)
	maps.DeleteFunc(n.weeks, func(at int, _ *week) bool { return at < o.Week-o.Back || at > o.Week })
	jobs := n.jobs(o)
	parallel(o.Threads, len(jobs), func(i int, w *scratch) { jobs[i].run(n, w) })
	computed := 0
	for at := o.Week - o.Back; at <= o.Week; at++ {
		computed += n.take(at, jobs)
	}
	clear(n.touched)
	out := n.rank(o)
	stats := n.stats(o.Week, out)
	stats.Computed = computed
	return out, stats, nil
}

// takeFoci replaces the cases of foci and marks the series that they change.
func (n *Nation) takeFoci(foci []FocusCases) {
	now := map[series][]focusWeek{}
	for _, f := range foci {
		for place := f.Commune; place >= 0; place = n.catalogue.Parent(place) {
			key := series{int32(f.Disease), int32(place)}
			now[key] = append(now[key], focusWeek{int32(f.Week), int32(f.Cases)})
		}
	}
	for _, list := range now {
		slices.SortFunc(list, func(a, b focusWeek) int {
			return cmp.Or(cmp.Compare(a.week, b.week), cmp.Compare(a.cases, b.cases))
		})
	}
	for _, pair := range [2][2]map[series][]focusWeek{{now, n.foci}, {n.foci, now}} {
		for key, list := range pair[0] {
			if !slices.Equal(list, pair[1][key]) {
				n.mark(key, int(list[0].week))
			}
		}
	}
	n.foci = now
}

// job is a part of the work: some places of one disease in one week.
type job struct {
	week, disease int
	places        []int32
	class         []class
	found         []judged
}

// share of the work that one thread takes at a time.
const jobPlaces = 128

// jobs lists what must be computed: everything in a week not seen yet, else the
// series that changed in it or before.
func (n *Nation) jobs(o Options) []job {
	all := make([]int32, n.catalogue.Places())
	for i := range all {
		all[i] = int32(i)
	}
	changed := slices.SortedFunc(maps.Keys(n.touched), func(a, b series) int {
		return cmp.Or(cmp.Compare(a.disease, b.disease), cmp.Compare(a.place, b.place))
	})
	var out []job
	for at := o.Week - o.Back; at <= o.Week; at++ {
		places := make([][]int32, len(n.catalogue.Diseases))
		if n.weeks[at] == nil {
			n.weeks[at] = &week{class: make([]class, len(places)*len(all)), count: [classFitted + 1]int{len(places) * len(all)}, found: make([][]judged, len(places))}
			for d := range places {
				places[d] = all
			}
		} else {
			for _, s := range changed {
				if n.touched[s] <= at {
					places[s.disease] = append(places[s.disease], s.place)
					places[s.disease] = append(places[s.disease], n.beside(at, s)...)
				}
			}
			for d := range places {
				slices.Sort(places[d])
				places[d] = slices.Compact(places[d])
			}
		}
		for d, list := range places {
			for part := range slices.Chunk(list, jobPlaces) {
				out = append(out, job{week: at, disease: d, places: part})
			}
		}
	}
	return out
}

// beside are the communes of a province that were set beside it in a week, or
// could have been: what they were compared with changed.
func (n *Nation) beside(at int, of series) (out []int32) {
	if n.catalogue.Level(int(of.place)) != vn.LevelProvince {
		return nil
	}
	w, short := n.weeks[at], map[int32]bool{}
	for _, j := range w.found[of.disease] {
		short[j.place] = j.Tier == TierShort
	}
	for u, c := range n.catalogue.Communes {
		if c.People <= 0 || n.catalogue.Parent(u) != int(of.place) {
			continue
		}
		if class := w.class[int(of.disease)*n.catalogue.Places()+u]; short[int32(u)] || class == classShort || class == classFailed {
			out = append(out, int32(u))
		}
	}
	return out
}

func (j *job) run(n *Nation, w *scratch) {
	j.class = make([]class, len(j.places))
	for i, place := range j.places {
		found, c := n.judge(j.disease, int(place), j.week, w)
		if j.class[i] = c; c == classFitted {
			j.found = append(j.found, found)
		}
	}
}

// take puts the results of jobs into a week and returns how many points they are.
func (n *Nation) take(at int, jobs []job) int {
	w, computed := n.weeks[at], 0
	for i := 0; i < len(jobs); i++ {
		if jobs[i].week != at {
			continue
		}
		disease := jobs[i].disease
		old := w.found[disease]
		fresh := make([]judged, 0, len(old)+len(jobs[i].found))
		for ; i < len(jobs) && jobs[i].week == at && jobs[i].disease == disease; i++ {
			computed += len(jobs[i].places)
			found := jobs[i].found
			for k, place := range jobs[i].places {
				is := &w.class[disease*n.catalogue.Places()+int(place)]
				w.count[*is]--
				*is = jobs[i].class[k]
				w.count[*is]++
				for len(old) > 0 && old[0].place < place {
					fresh, old = append(fresh, old[0]), old[1:]
				}
				if len(old) > 0 && old[0].place == place {
					old = old[1:]
				}
				if len(found) > 0 && found[0].place == place {
					fresh, found = append(fresh, found[0]), found[1:]
				}
			}
		}
		i--
		w.found[disease], w.ranked = append(fresh, old...), false
	}
	return computed
}

func (n *Nation) stats(at int, found Verdicts) Stats {
	w := n.weeks[at]
	s := Stats{Silent: w.count[classSilent], Gated: w.count[classGated], Short: w.count[classShort], Failed: w.count[classFailed], Fitted: w.count[classFitted]}
	s.Series = len(w.class) - w.count[classElsewhere]
	for _, f := range found {
		if f.Week != at {
			continue
		}
		s.Alarms++
		if f.Status == Pushed {
			s.Pushed++
		}
	}
	return s
}

// parallel calls do for 0 … n−1 from several goroutines, each with its own
// scratch.
func parallel(threads, n int, do func(i int, w *scratch)) {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(threads, n) {
		wait.Go(func() {
			var w scratch
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i, &w)
			}
		})
	}
	wait.Wait()
}
