// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"cmp"
	"math"
	"slices"

	"mach/issue"
)

// Zones are the areas that a scan looks at: chains of places, of which every
// beginning is one zone (the nearest place, the two nearest …). They depend on
// the map only and are made once for each version of it.
type Zones struct {
	places int
	chain  []int32 // chain i is member[chain[i]:chain[i+1]]
	member []int32
	radius []float64 // distance of the member from the first of its chain; nil: not known
	zone   []bool    // the beginning that ends here is a zone; nil: every one is
}

// Position is where a place lies: degrees east and north on the globe, any unit
// of length on a plane.
type Position struct{ X, Y float64 }

// Distance measures between positions.
type Distance struct {
	// EarthRadius, in km, makes it the great circle (haversine); 0 a plane.
	EarthRadius float64
}

// EarthRadius is the mean radius in km.
const EarthRadius = 6371.0088

// Reach bounds the circles of zones; zero is no bound.
type Reach struct {
	Radius float64 // in the unit of the distance
	Places int
}

// NewZones makes the circles around every place: the place, with its nearest
// neighbour, with its two nearest and so on. Among equally near places the
// lower number is the nearer.
func NewZones(at []Position, d Distance, r Reach) *Zones {
	z := &Zones{places: len(at), chain: make([]int32, 1, len(at)+1)}
	m := newMeasure(at, d)
	type near struct {
		place    int32
		distance float64
	}
	var around []near
	for i := range at {
		around = around[:0]
		for j := range at {
			if r.Radius > 0 && m.surelyBeyond(i, j, r.Radius) {
				continue
			}
			if km := m.between(i, j); r.Radius <= 0 || km <= r.Radius || i == j {
				around = append(around, near{int32(j), km})
			}
		}
		slices.SortFunc(around, func(a, b near) int {
			return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.place, b.place))
		})
		if r.Places > 0 && len(around) > r.Places {
			around = around[:r.Places]
		}
		for _, n := range around {
			z.member = append(z.member, n.place)
			z.radius = append(z.radius, n.distance)
		}
		z.chain = append(z.chain, int32(len(z.member)))
	}
	return z
}

// ZonesOf takes zones as they are given, each a list of places, numbered from 0.
// Zones that grow from one to the next by adding places share a chain.
func ZonesOf(places int, zones [][]int) (*Zones, error) {
	z := &Zones{places: places, chain: make([]int32, 1, len(zones)+1)}
	in := make([]bool, places)
	held := 0
	for _, zone := range zones {
		known, distinct := 0, map[int]bool{}
		for _, p := range zone {
			if p < 0 || p >= places || distinct[p] {
				return nil, issue.New(issue.Value, "outbreak.scan.place").At("zones")
			}
			distinct[p] = true
			if in[p] {
				known++
			}
		}
		if known < held || len(zone) == known { // does not hold the one before: a new chain
			if held > 0 {
				z.chain = append(z.chain, int32(len(z.member)))
			}
			clear(in)
			held = 0
		}
		for _, p := range zone {
			if !in[p] {
				in[p] = true
				held++
				z.member, z.zone = append(z.member, int32(p)), append(z.zone, false)
			}
		}
		if len(zone) > 0 {
			z.zone[len(z.zone)-1] = true
		}
	}
	if held > 0 {
		z.chain = append(z.chain, int32(len(z.member)))
	}
	return z, nil
}

// Places is how many places the zones are made of.
func (z *Zones) Places() int { return z.places }

// Distinct counts the zones that hold different places: two circles may hold
// the same.
func (z *Zones) Distinct() int { return z.distinct(z.ends(nil, 0)) }

// distinct counts among the chains cut at their ends. Zones are told apart by
// the sum of 128 random bits of each place.
func (z *Zones) distinct(ends []int32) int {
	type mark struct{ a, b uint64 }
	seen := map[mark]struct{}{}
	for i, end := range ends {
		var m mark
		for s := z.chain[i]; s < end; s++ {
			p := uint64(z.member[s])
			m.a, m.b = m.a+mix(2*p+1), m.b+mix(mix(2*p+2))
			if z.zone == nil || z.zone[s] {
				seen[m] = struct{}{}
			}
		}
	}
	return len(seen)
}

// ends returns where each chain ends when no zone may hold more than limit of
// the weight; nil weight: where it ends.
func (z *Zones) ends(weight []float64, limit float64) []int32 {
	out := make([]int32, len(z.chain)-1)
	for i := range out {
		out[i] = z.chain[i+1]
		held := 0.0
		for s := z.chain[i]; weight != nil && s < z.chain[i+1]; s++ {
			if held += weight[z.member[s]]; held > limit*(1+1e-12) {
				out[i] = s
				break
			}
		}
	}
	return out
}

// measure holds what distances are computed from.
type measure struct {
	at      []Position // radians on the globe
	cosine  []float64
	radius  float64
	onGlobe bool
}

func newMeasure(at []Position, d Distance) measure {
	m := measure{at: at, radius: d.EarthRadius, onGlobe: d.EarthRadius > 0}
	if m.onGlobe {
		m.at, m.cosine = make([]Position, len(at)), make([]float64, len(at))
		for i, p := range at {
			m.at[i] = Position{p.X * math.Pi / 180, p.Y * math.Pi / 180}
			m.cosine[i] = math.Cos(m.at[i].Y)
		}
	}
	return m
}

// surelyBeyond is a quick no: the difference of latitudes alone is too much.
func (m measure) surelyBeyond(i, j int, limit float64) bool {
	apart := math.Abs(m.at[i].Y - m.at[j].Y)
	if m.onGlobe {
		apart *= m.radius
	}
	return apart > limit*(1+1e-9)
}

func (m measure) between(i, j int) float64 {
	a, b := m.at[i], m.at[j]
	if !m.onGlobe {
		// Not math.Hypot, whose last bit tells equal distances apart.
		return math.Sqrt((a.X-b.X)*(a.X-b.X) + (a.Y-b.Y)*(a.Y-b.Y))
	}
	y, x := math.Sin((a.Y-b.Y)/2), math.Sin((a.X-b.X)/2)
	h := y*y + m.cosine[i]*m.cosine[j]*x*x
	return 2 * m.radius * math.Asin(math.Min(1, math.Sqrt(h)))
}

// mix spreads the bits of a number (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
