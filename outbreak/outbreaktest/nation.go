// SPDX-License-Identifier: Apache-2.0

// Package outbreaktest makes nations to try detection on: counts of many
// diseases in many communes over years, with seasons, trends and more variance
// than Poisson, and outbreaks put in where they are known. The same shape and
// seed give the same nation.
package outbreaktest

import (
	"math"
	"math/rand/v2"
	"slices"

	"mach/outbreak"
	"mach/vn"
)

// Shape says how large a nation is.
type Shape struct {
	Diseases, Provinces, Communes, Weeks int
	// Rarest and Commonest are cases a week in the whole nation; the diseases
	// lie between, each so many times as common as the one before.
	Rarest, Commonest float64
	Dispersion        float64 // variance / mean, above 1
}

// Full is a country as large as Viet Nam: 45 diseases, 3,321 communes in 34
// provinces, six years. About one series in nine has 5 cases in 4 weeks.
func Full() Shape { return Shape{45, 34, 3321, 312, 0.5, 6000, 1.6} }

// Monday is the first day of the first week.
const Monday = vn.Date(18630)

// Quiet makes a nation without outbreaks.
func Quiet(s Shape, seed uint64) (*outbreak.Tensor, *outbreak.Catalogue) {
	r := rand.New(rand.NewPCG(seed, 7))
	c := &outbreak.Catalogue{Communes: make([]outbreak.Commune, s.Communes)}
	for p := range s.Provinces {
		c.Provinces = append(c.Provinces, vn.UnitID(100+p))
	}
	people := make([]float64, s.Communes)
	sum := 0.0
	side := int(math.Ceil(math.Sqrt(float64(s.Communes))))
	for i := range c.Communes {
		c.Communes[i] = outbreak.Commune{Unit: vn.UnitID(1000 + i), Province: i * s.Provinces / s.Communes, Near: around(i, side, s.Communes)}
		people[i] = gamma(r, 2)
		sum += people[i]
	}
	t := outbreak.NewTensor(Monday, s.Diseases, s.Communes, s.Weeks)
	step := 1.0
	if s.Diseases > 1 {
		step = math.Pow(s.Commonest/s.Rarest, 1/float64(s.Diseases-1))
	}
	for d := range s.Diseases {
		c.Diseases = append(c.Diseases, outbreak.Disease{Code: string(rune('A'+d%26)) + string(rune('a'+d/26)), Settings: outbreak.Usual()})
		weekly := seasons(r, s.Weeks, s.Rarest*math.Pow(step, float64(d)))
		local := make([]float64, s.Provinces)
		for p := range local {
			local[p] = math.Exp(0.4 * r.NormFloat64())
		}
		for u := range s.Communes {
			share := people[u] / sum * local[c.Communes[u].Province]
			row := t.Row(d, u)
			for w, mean := range weekly {
				row[w] = uint16(count(r, mean*share, s.Dispersion))
			}
		}
	}
	return t, c
}

// seasons is the mean of each week: a level, a trend of at most 10 % a year, a
// season.
func seasons(r *rand.Rand, weeks int, level float64) []float64 {
	trend, swing, peak := 0.2*r.Float64()-0.1, 0.8*r.Float64(), 52*r.Float64()
	out := make([]float64, weeks)
	for w := range out {
		t := float64(w)
		out[w] = level * math.Exp(trend*t/52+swing*math.Cos(2*math.Pi*(t-peak)/52.18))
	}
	return out
}

// around are the communes that touch commune i on a board of the given side.
func around(i, side, n int) (out []int32) {
	x, y := i%side, i/side
	for _, d := range [][2]int{{0, -1}, {-1, 0}, {1, 0}, {0, 1}} {
		if k := (y+d[1])*side + x + d[0]; x+d[0] >= 0 && x+d[0] < side && k >= 0 && k < n {
			out = append(out, int32(k))
		}
	}
	return out
}

// count draws a negative binomial: a Poisson number of bunches whose sizes
// follow the logarithmic series.
func count(r *rand.Rand, mean, dispersion float64) int {
	if mean > 50 {
		return poisson(r, mean*(dispersion-1)/mean*gamma(r, mean/(dispersion-1)))
	}
	sum := 0
	for range poisson(r, mean/(dispersion-1)*math.Log(dispersion)) {
		sum += bunch(r, 1-1/dispersion)
	}
	return sum
}

func bunch(r *rand.Rand, p float64) int {
	u, k := r.Float64(), 1
	for term := -p / math.Log1p(-p); u > term && k < 1000; k++ {
		u -= term
		term *= p * float64(k) / float64(k+1)
	}
	return k
}

func poisson(r *rand.Rand, mean float64) int {
	if mean > 500 { // far from zero, where whole numbers hardly show
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	n := 0
	for left := mean; ; n++ {
		if left -= r.ExpFloat64(); left < 0 {
			return n
		}
	}
}

// gamma draws with the given shape and scale 1 (Marsaglia and Tsang 2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for {
		x := r.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v = v * v * v; v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// Outbreak is one that was put in.
type Outbreak struct{ Disease, Commune, Cases int }

// Inject puts n outbreaks of least to most cases into the last two weeks, in
// different series.
func Inject(t *outbreak.Tensor, n, least, most int, seed uint64) []Outbreak {
	r := rand.New(rand.NewPCG(seed, 8))
	var out []Outbreak
	for len(out) < n {
		o := Outbreak{r.IntN(t.Diseases), r.IntN(t.Communes), least + r.IntN(most-least+1)}
		if slices.ContainsFunc(out, func(was Outbreak) bool { return was.Disease == o.Disease && was.Commune == o.Commune }) {
			continue
		}
		for range o.Cases {
			t.Row(o.Disease, o.Commune)[t.Weeks-1-r.IntN(2)]++
		}
		out = append(out, o)
	}
	return out
}

// Score says how findings meet what was put in.
type Score struct {
	Pushed, True int // pushes, and those of them that are about an outbreak
	Top          int // outbreaks among the first 200 findings
}

// Judge compares the findings of the last week with what was put in. A finding
// of a province is about an outbreak when it gathers its commune, or when one
// of the disease lies in the province.
func Judge(v outbreak.Verdicts, c *outbreak.Catalogue, in []Outbreak) Score {
	var s Score
	seen := make([]bool, len(in))
	for i, f := range v {
		about := false
		for k, o := range in {
			if o.Disease != f.Disease {
				continue
			}
			if f.Place == o.Commune || slices.Contains(f.Parts, int32(o.Commune)) {
				about = true
				if !seen[k] && i < 200 {
					seen[k] = true
					s.Top++
				}
			}
			about = about || f.Place == c.Parent(o.Commune)
		}
		if f.Status == outbreak.Pushed {
			s.Pushed++
			if about {
				s.True++
			}
		}
	}
	return s
}
