// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"mach/issue"
	"mach/vn"
)

// Counts are what a scan looks at, period by period, all places in each. A
// purely spatial scan has one period.
type Counts struct {
	Periods int
	Cases   []int32 // [period][place]
	// Base is by model: ScanPoisson people or expected cases in any unit, and
	// ScanExpected the expected cases, both [period][place]; ScanBernoulli the
	// people, cases among them, [place]; ScanPermutation nil.
	Base []float64
	// People are what ScanOptions.MaxShare is a share of, [place]; nil: Base, or
	// the cases without one.
	People []float64
}

// ScanOptions are the settings of a scan.
type ScanOptions struct {
	Model Model
	// MaxPeriods is the longest window; all windows end with the last period
	// (prospective). 0: all periods.
	MaxPeriods int
	// MaxShare is the largest share of the people (see Counts.People) that a zone
	// may hold. 0: no bound.
	MaxShare   float64
	Clusters   int // at most so many; 0: 5
	Replicates int // random sets for the p-values; 0: none, and no p-values
	// StopEarly ends after 99 replicates when 5 or more of them reach the most
	// likely cluster: it cannot become significant at 5 % any more in earnest.
	StopEarly bool
	Seed      uint64 // see ScanSeed
	Threads   int    // 0: as many as there are processors. The result does not depend on it
}

// Nightly are the options of surveillance.md 5 for a scan over communes and
// days: space-time permutation, at most 7 days and half of the cases.
func Nightly(disease string, day vn.Date) ScanOptions {
	return ScanOptions{Model: ScanPermutation, MaxPeriods: 7, MaxShare: 0.5, Replicates: 999, StopEarly: true, Seed: ScanSeed(disease, day)}
}

// ScanSeed is the seed of a scan, so that the same night gives the same p for ever.
func ScanSeed(disease string, day vn.Date) uint64 {
	s := uint64(uint32(day))
	for _, b := range []byte(disease) {
		s = mix(s ^ uint64(b))
	}
	return mix(s)
}

// Cluster is a window with more cases than expected.
type Cluster struct {
	Places  []int32 // ascending
	Centre  int32   // the place that the circle is drawn around
	Radius  float64 // of the circle, in the unit of the distance; 0 when zones were given
	Periods int     // length; it ends with the last period

	Cases    int
	Expected float64
	LLR      float64 // logarithm of the likelihood ratio

	// P is (1 + random sets that reach it) / (1 + random sets), 0 without
	// replicates. Tail is the same by a Gumbel distribution fitted to the random
	// sets, which goes below 1/1000, at least 1e-12.
	P, Tail float64
	// Recurrence is how many periods pass until such a cluster comes by chance:
	// 1/P, and 1/Tail where fewer than 10 random sets reach it. 0 without
	// replicates.
	Recurrence float64
}

// ScanResult is what a scan found.
type ScanResult struct {
	Clusters   []Cluster // most likely first; no two share a place
	Zones      int       // distinct zones looked at
	Replicates int       // random sets drawn; fewer than asked when stopped early
	Null       []float64 // the highest LLR of each random set, ascending
}

// Scan looks for the windows with the highest likelihood ratio (Kulldorff). The
// same input gives the same result bit for bit, by any number of threads.
func Scan(z *Zones, c Counts, o ScanOptions) (ScanResult, error) {
	p, err := newPlan(z, c, o)
	if err != nil {
		return ScanResult{}, err
	}
	out := ScanResult{Zones: z.distinct(p.end)}
	taken := make([]bool, z.places)
	for len(out.Clusters) < max(o.Clusters, 1) || o.Clusters == 0 && len(out.Clusters) < 5 {
		best := p.best(p.observed, taken)
		if best.step < 0 {
			break
		}
		cluster := p.describe(best)
		for _, place := range cluster.Places {
			taken[place] = true
		}
		out.Clusters = append(out.Clusters, cluster)
	}
	if o.Replicates == 0 || len(out.Clusters) == 0 {
		return out, nil
	}
	out.Null = p.replicate(o, out.Clusters[0].LLR)
	out.Replicates = len(out.Null)
	slices.Sort(out.Null)
	fit := gumbelOf(out.Null)
	for i := range out.Clusters {
		out.Clusters[i].judge(out.Null, fit)
	}
	return out, nil
}

func (c *Cluster) judge(null []float64, fit gumbel) {
	reached := len(null) - reachedFrom(null, c.LLR)
	c.P = float64(1+reached) / float64(1+len(null))
	c.Tail = fit.above(c.LLR)
	c.Recurrence = 1 / c.P
	if reached < 10 {
		c.Recurrence = 1 / c.Tail
	}
}

// reachedFrom is the position of the first value that reaches llr; rounding
// must not tell equal sets apart.
func reachedFrom(null []float64, llr float64) int {
	at, _ := slices.BinarySearch(null, llr-tie(llr))
	return at
}

// tie is the difference below which two ratios are the same: what the table
// loses against the logarithms, far below what one case makes.
func tie(llr float64) float64 { return 1e-9 * (1 + llr) }

// Quantile is the q-quantile of the null maxima, interpolated as R's type 7.
func (r ScanResult) Quantile(q float64) float64 {
	if len(r.Null) == 0 {
		return 0
	}
	at := q * float64(len(r.Null)-1)
	lo := int(at)
	hi := min(lo+1, len(r.Null)-1)
	return r.Null[lo] + (at-float64(lo))*(r.Null[hi]-r.Null[lo])
}

// plan is a scan with everything computed that does not change from one random
// set to the next.
type plan struct {
	zones    *Zones
	model    Model
	days     int     // longest window
	end      []int32 // where each chain ends
	windows  []window
	table    *table
	observed recent
	lots     lots

	expected [][]float64 // [place][days before the last] cumulated over days; Bernoulli: people
	cases    float64
	people   float64
}

// recent are the cases of the last periods by place: n[place·days+k] on the kth
// period before the last, first[place] the smallest k with a case.
type recent struct {
	days  int
	n     []int32
	first []int8
}

func newRecent(places, days int) recent {
	return recent{days, make([]int32, places*days), slices.Repeat([]int8{int8(days)}, places)}
}

func (r *recent) clear() {
	clear(r.n)
	for i := range r.first {
		r.first[i] = int8(r.days)
	}
}

func (r *recent) add(place int32, day int16, cases int32) {
	r.n[int(place)*r.days+int(day)] += cases
	if int8(day) < r.first[place] {
		r.first[place] = int8(day)
	}
}

// found is a window: the chain and the step at which it ends, and its length.
type found struct {
	chain, step, days int
	ratio             float64
}

// best finds the window with the highest ratio that touches no taken place;
// step −1 when none has more cases than expected. Among equals the first in
// order of chains, sizes and lengths is taken.
//
// Adding a place without cases, or a day without cases in the zone, leaves the
// count and raises what is expected: such windows are never better than the one
// before and are passed over.
func (p *plan) best(r recent, taken []bool) found {
	best := found{step: -1}
	days := p.days
	sum := make([]int32, days)
	for c, end := range p.end {
		clear(sum)
		changed := days
		for s := int(p.zones.chain[c]); s < int(end); s++ {
			place := p.zones.member[s]
			if taken != nil && taken[place] {
				break
			}
			if f := int(r.first[place]); f < days {
				changed = min(changed, f)
				row := r.n[int(place)*days:][:days]
				for k, n := range row {
					sum[k] += n
				}
			}
			if changed == days || p.zones.zone != nil && !p.zones.zone[s] {
				continue
			}
			cases := int32(0)
			for _, n := range sum[:changed] {
				cases += n
			}
			for k := changed; k < days; k++ {
				if sum[k] == 0 {
					continue
				}
				cases += sum[k]
				w := &p.windows[s*days+k]
				if cases < w.least {
					continue
				}
				if v := p.table.ratio(cases, w); v > best.ratio+tie(best.ratio) {
					best = found{c, s, k + 1, v}
				}
			}
			changed = days
		}
	}
	return best
}

// describe computes a found window by the plain formula.
func (p *plan) describe(f found) Cluster {
	begin := p.zones.chain[f.chain]
	out := Cluster{Centre: p.zones.member[begin], Periods: f.days, Places: slices.Clone(p.zones.member[begin : f.step+1])}
	if p.zones.radius != nil {
		out.Radius = p.zones.radius[f.step]
	}
	people := 0.0
	for _, place := range out.Places {
		for _, n := range p.observed.n[int(place)*p.days:][:f.days] {
			out.Cases += int(n)
		}
		people += p.expected[place][f.days-1]
	}
	out.Expected = people
	if p.model == ScanBernoulli {
		out.Expected = people * p.cases / p.people
	}
	out.LLR = p.model.ratio(float64(out.Cases), out.Expected, people, p.cases, p.people)
	slices.Sort(out.Places)
	return out
}

// replicate draws the random sets and returns the highest ratio of each.
func (p *plan) replicate(o ScanOptions, observed float64) []float64 {
	null := make([]float64, o.Replicates)
	done := 0
	if o.StopEarly && o.Replicates > earlyLook {
		p.draw(o, null[:earlyLook], 0)
		done = earlyLook
		reached := 0
		for _, v := range null[:done] {
			if v >= observed-tie(observed) {
				reached++
			}
		}
		if reached >= earlyReached {
			return null[:done]
		}
	}
	p.draw(o, null[done:], done)
	return null
}

// When a scan looks whether it may stop (surveillance.md 5).
const (
	earlyLook    = 99
	earlyReached = 5
)

// draw fills in the replicates from first on. Each thread has its own lots.
func (p *plan) draw(o ScanOptions, null []float64, first int) {
	threads := o.Threads
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(threads, len(null)) {
		wait.Go(func() {
			l, r := p.lots, newRecent(p.zones.places, p.days)
			l.urn = slices.Clone(p.lots.urn)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(null) {
					return
				}
				l.seed(o.Seed, first+i)
				r.clear()
				l.draw(func(place int32, day int16) { r.add(place, day, 1) })
				null[i] = p.best(r, nil).ratio
			}
		})
	}
	wait.Wait()
}

// gumbel is the distribution of maxima: F(x) = exp(−exp(−(x−at)/scale)).
type gumbel struct{ at, scale float64 }

// gumbelOf fits by moments (Abrams, Kulldorff, Kleinman 2010).
func gumbelOf(x []float64) gumbel {
	n := float64(len(x))
	var mean, spread float64
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		spread += (v - mean) * (v - mean)
	}
	const euler = 0.57721566490153286
	scale := math.Sqrt(6*spread/max(n-1, 1)) / math.Pi
	return gumbel{mean - euler*scale, scale}
}

// above is the probability of x or more. A fit to a thousand sets says nothing
// below 1e-12.
func (g gumbel) above(x float64) float64 {
	if g.scale == 0 && x <= g.at {
		return 1
	}
	return max(-math.Expm1(-math.Exp(-(x-g.at)/g.scale)), 1e-12)
}

func (o ScanOptions) check() error {
	if o.Model > ScanExpected || o.MaxPeriods < 0 || o.MaxShare < 0 || o.MaxShare > 1 || o.Clusters < 0 ||
		o.Replicates < 0 || bits.Len(uint(o.Replicates)) > 24 {
		return issue.New(issue.Value, "outbreak.scan.options").At("options")
	}
	return nil
}
