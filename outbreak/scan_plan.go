// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"

	"mach/issue"
)

// mostPeople bounds the urn of a Bernoulli scan: one lot for each person.
const mostPeople = 1 << 24

// newPlan checks the data and prepares windows and lots.
func newPlan(z *Zones, c Counts, o ScanOptions) (*plan, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := c.check(z, o.Model); err != nil {
		return nil, err
	}
	days := c.Periods
	if o.MaxPeriods > 0 {
		days = min(days, o.MaxPeriods)
	}
	p := &plan{zones: z, model: o.Model, days: days, observed: newRecent(z.places, days)}
	for t := range c.Periods {
		for place, n := range c.Cases[t*z.places : (t+1)*z.places] {
			p.cases += float64(n)
			if back := c.Periods - 1 - t; back < days && n > 0 {
				p.observed.add(int32(place), int16(back), n)
			}
		}
	}
	switch o.Model {
	case ScanBernoulli:
		p.bernoulli(c)
	case ScanPermutation:
		p.permutation(c)
	default:
		p.poisson(c)
	}
	p.cut(c, o.MaxShare)
	p.table = newTable(p.model, p.cases, p.people)
	p.prepare()
	return p, nil
}

// prepare computes slope and level of every window.
func (p *plan) prepare() {
	p.windows = make([]window, len(p.zones.member)*p.days)
	sum := make([]float64, p.days)
	for i, end := range p.end {
		clear(sum)
		for s := p.zones.chain[i]; s < end; s++ {
			for k, e := range p.expected[p.zones.member[s]] {
				sum[k] += e
				n := sum[k]
				if p.model == ScanBernoulli {
					p.windows[int(s)*p.days+k] = p.model.window(n*p.cases/p.people, n, p.cases)
				} else {
					p.windows[int(s)*p.days+k] = p.model.window(n, n, p.cases)
				}
			}
		}
	}
}

// cut ends the chains where a zone would hold too much.
func (p *plan) cut(c Counts, most float64) {
	if most == 0 {
		p.end = p.zones.ends(nil, 0)
		return
	}
	weight, sum := make([]float64, p.zones.places), 0.0
	add := func(i int, w float64) {
		weight[i%p.zones.places] += w
		sum += w
	}
	switch {
	case c.People != nil:
		for i, w := range c.People {
			add(i, w)
		}
	case c.Base != nil:
		for i, w := range c.Base {
			add(i, w)
		}
	default:
		for i, n := range c.Cases {
			add(i, float64(n))
		}
	}
	p.end = p.zones.ends(weight, most*sum)
}

// cumulate turns what is expected on each day into sums over the last days.
func (p *plan) cumulate() {
	for _, row := range p.expected {
		for k := 1; k < len(row); k++ {
			row[k] += row[k-1]
		}
	}
}

func (p *plan) rows() {
	all := make([]float64, p.zones.places*p.days)
	p.expected = make([][]float64, p.zones.places)
	for i := range p.expected {
		p.expected[i] = all[i*p.days : (i+1)*p.days]
	}
}

// permutation: of the cases of a place as many fall on a day as of all cases.
// Under the null every case of the last days draws its place from all cases'
// places, without putting back.
func (p *plan) permutation(c Counts) {
	p.rows()
	byPlace, byDay := make([]float64, p.zones.places), make([]float64, p.days)
	for i, n := range c.Cases {
		place, back := i%p.zones.places, c.Periods-1-i/p.zones.places
		byPlace[place] += float64(n)
		if back < p.days {
			byDay[back] += float64(n)
		}
	}
	p.lots.urn = make([]int32, 0, int(p.cases))
	for place, n := range byPlace {
		for k, m := range byDay {
			p.expected[place][k] = m
			if k > 0 {
				p.expected[place][k] += p.expected[place][k-1]
			}
		}
		for k := range byDay { // one rounding, of whole numbers
			p.expected[place][k] = n * p.expected[place][k] / p.cases
		}
		for range int(n) {
			p.lots.urn = append(p.lots.urn, int32(place))
		}
	}
	for k, n := range byDay {
		for range int(n) {
			p.lots.day = append(p.lots.day, int16(k))
		}
	}
}

// bernoulli: the cases are drawn from the people.
func (p *plan) bernoulli(c Counts) {
	p.rows()
	for place, n := range c.Base {
		p.expected[place][0] = n
		p.people += n
	}
	p.lots.urn = make([]int32, 0, int(p.people))
	for place, n := range c.Base {
		for range int(n) {
			p.lots.urn = append(p.lots.urn, int32(place))
		}
	}
	p.lots.day = make([]int16, int(p.cases))
}

// poisson: ScanPoisson scales the base to all cases and draws all of them;
// ScanExpected takes it as it is and draws a Poisson number for the last days.
func (p *plan) poisson(c Counts) {
	p.rows()
	sum := 0.0
	for _, b := range c.Base {
		sum += b
	}
	scale := 1.0
	if p.model == ScanPoisson {
		scale = p.cases / sum
	}
	var weight []float64
	var place []int32
	var day []int16
	outside := 0.0
	for i, b := range c.Base {
		at, back := i%p.zones.places, c.Periods-1-i/p.zones.places
		if back >= p.days {
			outside += b
			continue
		}
		p.expected[at][back] = b * scale
		if b > 0 {
			weight, place, day = append(weight, b), append(place, int32(at)), append(day, int16(back))
		}
	}
	p.cumulate()
	if p.model == ScanExpected {
		p.lots.mean = sum - outside
	} else {
		p.lots.draws = int(p.cases)
		if outside > 0 {
			weight, place, day = append(weight, outside), append(place, -1), append(day, 0)
		}
	}
	p.lots.alias = newAlias(weight, place, day)
}

// check refuses data that contradict each other.
func (c Counts) check(z *Zones, m Model) error {
	shape := issue.New(issue.Invariant, "outbreak.scan.shape")
	base := len(c.Cases)
	if m == ScanPermutation {
		base = 0
	}
	if c.Periods < 1 || c.Periods > math.MaxInt8 || z.places < 1 || len(c.Cases) != c.Periods*z.places || len(c.Base) != base ||
		c.People != nil && len(c.People) != z.places || m == ScanBernoulli && c.Periods != 1 {
		return shape.At("counts")
	}
	bad := issue.New(issue.Value, "outbreak.scan.counts")
	for _, n := range c.People {
		if !(n >= 0) || math.IsInf(n, 0) {
			return bad.At("people")
		}
	}
	var cases, sum float64
	for i, n := range c.Cases {
		if n < 0 {
			return bad.At("cases")
		}
		cases += float64(n)
		if c.Base == nil {
			continue
		}
		b := c.Base[i]
		if !(b >= 0) || math.IsInf(b, 0) {
			return bad.At("base")
		}
		sum += b
		if m == ScanBernoulli && (b != math.Trunc(b) || float64(n) > b) {
			return issue.New(issue.Value, "outbreak.scan.bernoulli").At("base")
		}
	}
	switch {
	case !(cases > 0) || cases > math.MaxInt32/2 || c.Base != nil && !(sum > 0) || math.IsInf(sum, 0) || sum > 1e15:
		return bad.At("cases")
	case m == ScanBernoulli && (sum > mostPeople || sum == cases):
		return issue.New(issue.Value, "outbreak.scan.bernoulli").At("base")
	}
	return nil
}
