// SPDX-License-Identifier: Apache-2.0

package outbreaktest

import (
	"math"
	"math/rand/v2"
	"slices"

	"mach/outbreak"
)

// Scenarios is the number of scenarios of Noufaily et al. (Stat Med 32, 2013):
// 7 levels, without and with trend, with 0, 1 or 2 harmonics of a year.
const Scenarios = 42

// The weeks of a simulated series, 0-based: the current ones are judged, the
// others are their past.
const (
	SimWeeks   = 624
	SimCurrent = 575
	simPast    = 312 // the first week that a past outbreak may begin in
)

// sets are θ, β, γ1, γ2 and φ.
var sets = [7][5]float64{
	{0.1, 0.0025, 0.6, 0.6, 1.5}, {-2, 0.005, 0.1, 0.3, 2}, {1.5, 0.003, 0.2, -0.4, 1}, {0.5, 0.002, 0.5, 0.5, 5},
	{2.5, 0.001, 1, 0.1, 3}, {3.75, 0.001, 0.1, -0.1, 1.1}, {5, 0.0001, 0.05, 0.01, 1.2},
}

// Simulated is a weekly series with four outbreaks in its past and one among
// the current weeks.
type Simulated struct {
	outbreak.Series
	Scenario int
	Quiet    []int32 // the counts without any outbreak
	Size     int     // of the current outbreak, in standard deviations of its first week
	Cases    []int32 // of the current outbreak, a week
}

// Noufaily draws a series of a scenario, 1 to Scenarios. An outbreak of size k
// has a Poisson number of cases with mean k standard deviations of its first
// week, spread over weeks as a lognormal distribution with σ = 0.5.
func Noufaily(scenario int, r *rand.Rand) Simulated {
	set, trend, harmonics := sets[(scenario-1)/6], (scenario-1)%6/3, (scenario-1)%3
	theta, beta, gamma1, gamma2, phi := set[0], set[1]*float64(trend), set[2], set[3], set[4]
	s := Simulated{Series: outbreak.Series{Freq: 52, Count: make([]int32, SimWeeks)}, Scenario: scenario, Cases: make([]int32, SimWeeks)}
	sd := make([]float64, SimWeeks)
	for i := range s.Count {
		t := float64(i + 1)
		eta := theta + beta*t
		for j := 1; j <= harmonics; j++ {
			eta += gamma1*math.Cos(2*math.Pi*float64(j)*t/52) + gamma2*math.Sin(2*math.Pi*float64(j)*t/52)
		}
		mu := math.Exp(eta)
		sd[i] = math.Sqrt(phi * mu)
		if phi == 1 {
			s.Count[i] = int32(poisson(r, mu))
		} else {
			s.Count[i] = int32(count(r, mu, phi))
		}
	}
	s.Quiet = slices.Clone(s.Count)
	spread := func(from, before, size int, cases []int32) {
		start := from + r.IntN(before-from)
		for range poisson(r, float64(size)*sd[start]) {
			if week := start + int(math.Exp(0.5*r.NormFloat64())); week < SimWeeks {
				cases[week]++
			}
		}
	}
	for range 4 {
		spread(simPast, SimCurrent, []int{2, 3, 5, 10}[r.IntN(4)], s.Count)
	}
	s.Size = 1 + r.IntN(10)
	spread(SimCurrent, SimWeeks, s.Size, s.Cases)
	for i, n := range s.Cases {
		s.Count[i] += n
	}
	return s
}
