// SPDX-License-Identifier: Apache-2.0

package outbreak

import "math"

// gammaDist is the gamma distribution.
type gammaDist struct{ shape, scale float64 }

func (d gammaDist) mean() float64     { return d.shape * d.scale }
func (d gammaDist) variance() float64 { return d.shape * d.scale * d.scale }

// below returns the probability of x or less.
func (d gammaDist) below(x float64) float64 { return lowerGamma(d.shape, x/d.scale) }

// quantile returns the value that is not exceeded with probability p, for
// 0 < p < 1: Newton's steps on the probability, kept between the bounds that
// it has shown.
func (d gammaDist) quantile(p float64) float64 {
	x := d.wilsonHilferty(p)
	if x == 0 {
		return 0 // nearer to 0 than any number
	}
	low, high := 0.0, math.Inf(1)
	for range 200 {
		miss := lowerGamma(d.shape, x) - p
		if miss > 0 {
			high = x
		} else {
			low = x
		}
		next := x - miss*x/gammaFront(d.shape, x)
		switch {
		case next > low && next < high:
		case math.IsInf(high, 1):
			next = 2*x + 1
		default:
			next = low + (high-low)/2
		}
		if math.Abs(next-x) <= 1e-15*x {
			return next * d.scale
		}
		x = next
	}
	return x * d.scale
}

// wilsonHilferty starts the search: the cube root of a gamma variable is
// nearly normal; where that fails, the first term of the series decides.
func (d gammaDist) wilsonHilferty(p float64) float64 {
	c := 1 / (9 * d.shape)
	root := 1 - c + normalQuantile(p)*math.Sqrt(c)
	if root > 0.1 {
		return d.shape * root * root * root
	}
	return math.Exp((math.Log(p) + lgamma(d.shape+1)) / d.shape)
}

// gammaFront is xᵃ·e⁻ˣ/Γ(a), by the saddle point as counts.mass is.
func gammaFront(a, x float64) float64 {
	return math.Sqrt(a/(2*math.Pi)) * math.Exp(-stirling(a)-deviation(a, x))
}

// lowerGamma is the regularised lower incomplete gamma function P(a, x): its
// series below a+1, the continued fraction of its complement above.
func lowerGamma(a, x float64) float64 {
	if !(x > 0) {
		return 0
	}
	if math.IsInf(x, 1) {
		return 1
	}
	front := gammaFront(a, x)
	if x < a+1 {
		term := 1 / a
		sum := term
		for n := a + 1; term > sum*0x1p-54; n++ {
			term *= x / n
			sum += term
		}
		return min(1, front*sum)
	}
	return max(0, 1-front*upperFraction(a, x))
}

// upperFraction is the continued fraction of Γ(a, x)·eˣ·x⁻ᵃ, by Lentz's method.
func upperFraction(a, x float64) float64 {
	const tiny = 1e-300
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	f := d
	for i := 1.0; i < 1e6; i++ {
		an := i * (a - i)
		b += 2
		if d = an*d + b; math.Abs(d) < tiny {
			d = tiny
		}
		if c = b + an/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		f *= d * c
		if math.Abs(d*c-1) < 0x1p-52 {
			break
		}
	}
	return f
}
