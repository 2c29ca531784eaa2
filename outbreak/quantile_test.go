// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// sumTail adds the probabilities of k and more one by one, by the recurrence of
// the distribution from 0.
func sumTail(d counts, k int) float64 {
	size := d.mean / (d.phi - 1)
	mass := math.Exp(-d.mean)
	if d.phi > 1 {
		mass = math.Exp(-size * math.Log(d.phi))
	}
	below := 0.0
	for i := range k {
		below += mass
		if d.phi == 1 {
			mass *= d.mean / float64(i+1)
		} else {
			mass *= (size + float64(i)) / float64(i+1) * (d.phi - 1) / d.phi
		}
	}
	return 1 - below
}

func TestTail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := counts{mean: rapid.Float64Range(1e-3, 200).Draw(t, "mean"), phi: 1}
		if rapid.Bool().Draw(t, "overdispersed") {
			d.phi = rapid.Float64Range(1.0001, 30).Draw(t, "phi")
		}
		k := rapid.IntRange(0, 600).Draw(t, "k")
		if got, want := d.atLeast(float64(k)), sumTail(d, k); math.Abs(got-want) > 1e-11 {
			t.Fatalf("%v: P(≥ %d) = %v, want %v", d, k, got, want)
		}
	})
}

// TestQuantile: the bound is the least count that is enough, over all sizes
// that counts of people have.
func TestQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := counts{mean: math.Exp(rapid.Float64Range(-20, 20).Draw(t, "ln mean")), phi: 1}
		if rapid.Bool().Draw(t, "overdispersed") {
			d.phi = 1 + math.Exp(rapid.Float64Range(-12, 12).Draw(t, "ln(phi-1)"))
		}
		alpha := rapid.Float64Range(1e-8, 0.9999).Draw(t, "alpha")
		q, ok := d.quantile(alpha)
		if !ok || q < 0 || q != math.Trunc(q) {
			t.Fatalf("%v: %v %v", d, q, ok)
		}
		const slack = 1e-9
		if above := d.atLeast(q + 1); above > alpha+slack {
			t.Errorf("%v: P(> %v) = %v, more than %v", d, q, above, alpha)
		}
		if q > 0 && d.atLeast(q) < alpha-slack {
			t.Errorf("%v: %v would do, not %v", d, q-1, q)
		}
	})
}

// The values are those of R 4.2: ppois, pnbinom with lower.tail = FALSE, and
// 2·pt(−|t|, df).
func TestAgainstR(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{counts{mean: 3, phi: 1}.atLeast(11), 0.0002923369506473428},
		{counts{mean: 70000, phi: 27}.atLeast(74000), 0.002098676112216447},
		{counts{mean: 0.01, phi: 1.5}.atLeast(2), 0.001463687206967812},
		{studentTwoSided(2.5, 19), 0.02174041116839744},
		{studentTwoSided(0.1, 233), 0.9204303135089082},
		{studentTwoSided(40, 3), 3.438068078915854e-05},
		{normalQuantile(0.995), 2.5758293035489004},
	} {
		if math.Abs(c.got-c.want) > 1e-12*c.want {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}

func FuzzQuantile(f *testing.F) {
	f.Add(3.0, 1.0, 0.01)
	f.Add(1e12, 5.0, 0.005)
	f.Add(1e-300, 1e6, 0.5)
	f.Fuzz(func(t *testing.T, mean, phi, alpha float64) {
		d := counts{mean: mean, phi: phi}
		q, ok := d.quantile(alpha)
		if ok && (math.IsNaN(q) || q < 0 || math.IsInf(q, 0)) {
			t.Errorf("%v at %v: %v", d, alpha, q)
		}
		if d.valid() {
			if p := d.atLeast(5); math.IsNaN(p) || p < 0 || p > 1 {
				t.Errorf("%v: P(≥ 5) = %v", d, p)
			}
		}
	})
}
