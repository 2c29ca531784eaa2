// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// Model is what a scan holds to be true when nothing happens, and with it the
// likelihood ratio.
type Model uint8

// The models.
const (
	// ScanPoisson: cases fall in proportion to Base, their number given
	// (Kulldorff 1997; over several periods "population-based Poisson").
	ScanPoisson Model = iota
	// ScanBernoulli: of the people in Base some are cases; one period.
	ScanBernoulli
	// ScanPermutation: where and when do not depend on each other (Kulldorff
	// 2005). It needs cases only: right where denominators are poor.
	ScanPermutation
	// ScanExpected: counts are Poisson with the means in Base
	// (expectation-based; Neill 2006).
	ScanExpected
)

// xlogx is x ln x, 0 at 0.
func xlogx(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(x)
}

// ratio is the logarithm of the likelihood ratio of a window with c cases where
// e are expected (Bernoulli: of n people), of C cases in all (N people).
// One-sided: 0 unless there are more cases than expected.
func (m Model) ratio(c, e, n, C, N float64) float64 {
	if c <= e {
		return 0
	}
	switch m {
	case ScanExpected:
		return c*math.Log(c/e) + e - c
	case ScanBernoulli:
		return xlogx(c) + xlogx(n-c) - xlogx(n) + xlogx(C-c) + xlogx(N-n-C+c) - xlogx(N-n) -
			(xlogx(C) + xlogx(N-C) - xlogx(N))
	}
	out := c * math.Log(c/e)
	if c < C {
		out += (C - c) * math.Log((C-c)/(C-e))
	}
	return out
}

// window is a zone and a length in time, prepared so that the ratio of c cases
// costs a table and a multiplication: for the Poisson models and the permutation
// it is f(c) + slope·c + level, f(c) = c ln c + (C−c) ln(C−c).
type window struct {
	slope, level float64
	least        int32 // fewer cases are not more than expected
}

func (m Model) window(e, n, C float64) window {
	w := window{least: int32(min(math.Floor(e)+1, math.MaxInt32))}
	switch {
	case m == ScanBernoulli:
		w.level = n
	case !(e > 0): // nobody lives there by the data: a case says that they are wrong, no more
		w.least = math.MaxInt32
	case m == ScanExpected:
		w.slope, w.level = -math.Log(e)-1, e
	case e < C:
		w.slope, w.level = math.Log(C-e)-math.Log(e), -C*math.Log(C-e)
	default: // the window holds everything
		w.least = math.MaxInt32
	}
	return w
}

// table gives f(c), and for Bernoulli x ln x, of whole numbers.
type table struct {
	model Model
	f     []float64
	c     float64 // all cases, for the fixed-total models
	n     float64 // all people
	none  float64 // ratio of the null
}

func newTable(m Model, C, N float64) *table {
	t := &table{model: m, c: C, n: N}
	size := int(min(C, 1<<21)) + 1
	switch m {
	case ScanExpected:
		size = min(2*size+64, 1<<21)
	case ScanBernoulli:
		size = int(min(N, 1<<21)) + 1
		t.none = xlogx(C) + xlogx(N-C) - xlogx(N)
	}
	t.f = make([]float64, size)
	for i := range t.f {
		t.f[i] = t.direct(float64(i))
	}
	return t
}

func (t *table) direct(c float64) float64 {
	switch t.model {
	case ScanExpected, ScanBernoulli:
		return xlogx(c)
	}
	return xlogx(c) + xlogx(t.c-c)
}

func (t *table) at(c int) float64 {
	if c < len(t.f) {
		return t.f[c]
	}
	return t.direct(float64(c))
}

// ratio is Model.ratio by table; c is at least w.least.
func (t *table) ratio(c int32, w *window) float64 {
	if t.model != ScanBernoulli {
		return t.at(int(c)) + w.slope*float64(c) + w.level
	}
	n, in, all, C := int(w.level), int(c), int(t.n), int(t.c)
	return t.at(in) + t.at(n-in) - t.at(n) + t.at(C-in) + t.at(all-n-C+in) - t.at(all-n) - t.none
}

// lots draws one set of counts under the null: for every draw a place and a day
// before the last. It has its own random numbers, so that replicate r is the
// same whoever computes it.
type lots struct {
	random rand.PCG
	// An urn of fixed lots, drawn without putting back: cases with their place
	// (permutation), people (Bernoulli). Day of draw k is day[k].
	urn  []int32
	day  []int16
	back []int32 // what was swapped, to be undone
	// Or cells drawn with putting back by Walker's alias method.
	alias *alias
	mean  float64 // draws of ScanExpected; else draws
	draws int
}

// seed begins replicate r.
func (l *lots) seed(seed uint64, r int) {
	l.random.Seed(mix(seed+uint64(r)), mix(^seed+mix(uint64(r))))
}

// below is a whole number in [0, n): the upper half of a product, whose bias is
// less than n/2^64.
func (l *lots) below(n int) int {
	hi, _ := bits.Mul64(l.random.Uint64(), uint64(n))
	return int(hi)
}

func (l *lots) unit() float64 { return (float64(l.random.Uint64()>>11) + 0.5) / (1 << 53) }

// draw calls put for each case of the replicate and leaves the urn as it was.
func (l *lots) draw(put func(place int32, day int16)) {
	if l.urn != nil {
		l.back = l.back[:0]
		for k, day := range l.day {
			j := k + l.below(len(l.urn)-k)
			l.urn[k], l.urn[j] = l.urn[j], l.urn[k]
			l.back = append(l.back, int32(j))
			put(l.urn[k], day)
		}
		for k := len(l.back) - 1; k >= 0; k-- {
			j := l.back[k]
			l.urn[k], l.urn[j] = l.urn[j], l.urn[k]
		}
		return
	}
	n := l.draws
	if l.mean > 0 {
		n = l.poisson(l.mean)
	}
	for range n {
		cell := l.alias.cell(l)
		if p := l.alias.place[cell]; p >= 0 {
			put(p, l.alias.day[cell])
		}
	}
}

// poisson draws by multiplying uniforms below 30, else by transformed rejection
// (Hörmann 1993, PTRS).
func (l *lots) poisson(mean float64) int {
	if mean < 30 {
		n, p, limit := 0, l.unit(), math.Exp(-mean)
		for p > limit {
			p *= l.unit()
			n++
		}
		return n
	}
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	inv, vr := 1.1239+1.1328/(b-3.4), 0.9277-3.6224/(b-2)
	for {
		u, v := l.unit()-0.5, l.unit()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && v <= vr {
			return int(k)
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		g, _ := math.Lgamma(k + 1)
		if math.Log(v)+math.Log(inv)-math.Log(a/(us*us)+b) <= k*math.Log(mean)-mean-g {
			return int(k)
		}
	}
}

// alias draws a cell in proportion to its weight in constant time (Vose 1991).
type alias struct {
	keep  []float64
	other []int32
	place []int32 // −1: outside the windows
	day   []int16
}

func newAlias(weight []float64, place []int32, day []int16) *alias {
	n, sum := len(weight), 0.0
	for _, w := range weight {
		sum += w
	}
	a := &alias{make([]float64, n), make([]int32, n), place, day}
	var small, large []int32
	for i, w := range weight {
		a.keep[i], a.other[i] = w*float64(n)/sum, int32(i)
		if a.keep[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, g := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.other[s] = g
		if a.keep[g] -= 1 - a.keep[s]; a.keep[g] < 1 {
			large, small = large[:len(large)-1], append(small, g)
		}
	}
	for _, i := range append(small, large...) { // what rounding left
		if weight[i] > 0 {
			a.keep[i] = 1
		}
	}
	return a
}

func (a *alias) cell(l *lots) int32 {
	i := int32(l.below(len(a.keep)))
	if l.unit() < a.keep[i] {
		return i
	}
	return a.other[i]
}
