// SPDX-License-Identifier: Apache-2.0

package outbreak

import "math"

// counts is the distribution of a count with the given mean and variance
// phi·mean: Poisson for phi = 1, negative binomial with size mean/(phi−1) and
// probability 1/phi above.
type counts struct{ mean, phi float64 }

// farMean bounds the means whose quantiles are computed: beyond it a count is
// no count of people any more, and neighbouring counts are hardly two numbers.
const farMean = 1e15

// farPhi bounds the dispersion in the same way: beyond it the probability of
// nothing, 1/phi, is too small to be told from none, and its sums no longer end.
const farPhi = 1e12

// valid reports whether the distribution is one.
func (d counts) valid() bool {
	return d.mean >= 0 && d.phi >= 1 && !math.IsInf(d.mean, 1) && !math.IsInf(d.phi, 1)
}

// atLeast returns the probability of k or more.
func (d counts) atLeast(k float64) float64 {
	if k <= 0 {
		return 1
	}
	if d.mean == 0 {
		return 0
	}
	if k <= d.mean {
		return 1 - d.below(k)
	}
	return min(1, d.mass(k)*d.upward(k))
}

// below returns the probability of fewer than k, for 0 < k ≤ mean.
func (d counts) below(k float64) float64 {
	return min(1, d.mass(k-1)*d.downward(k-1))
}

// quantile returns the least count that is not exceeded with a probability of
// 1−alpha, and whether it was computed. A probability of 1−alpha that is missed
// by rounding alone counts as reached.
func (d counts) quantile(alpha float64) (float64, bool) {
	const fuzz = 64 * 0x1p-52
	if !d.valid() || d.mean > farMean || d.phi > farPhi || !(alpha > 0 && alpha < 1) {
		return 0, false
	}
	tail := alpha + fuzz*(1-alpha)
	within := func(k float64) bool { return d.atLeast(k+1) <= tail }
	high := d.guess(alpha)
	low, step := high, 1.0
	for ; !within(high); step *= 2 {
		low, high = high, high+step
	}
	for low == high || within(low) { // low is the highest count known to be too low
		if low < 0 {
			break
		}
		high, low, step = low, low-step, step*2
	}
	low = max(low, -1)
	for high-low > 1 {
		if mid := math.Floor(low + (high-low)/2); within(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high, true
}

// guess starts the search at the expansion of Cornish and Fisher to the skewness.
func (d counts) guess(alpha float64) float64 {
	z, sd := normalQuantile(1-alpha), math.Sqrt(d.mean*d.phi)
	if sd == 0 {
		return 0
	}
	skew := (2*d.phi - 1) / sd
	return max(0, math.Round(d.mean+sd*(z+skew*(z*z-1)/6)))
}

// mass returns the probability of exactly k by Loader's saddle point expansion
// (C. Loader, Fast and accurate computation of binomial probabilities, 2000),
// which loses no digits where the logarithms of factorials would.
func (d counts) mass(k float64) float64 {
	if d.phi == 1 {
		if k == 0 {
			return math.Exp(-d.mean)
		}
		return math.Exp(-stirling(k)-deviation(k, d.mean)) / math.Sqrt(2*math.Pi*k)
	}
	size := d.mean / (d.phi - 1)
	if k == 0 {
		return math.Exp(-size * math.Log(d.phi))
	}
	n := size + k
	e := stirling(n) - stirling(size) - stirling(k) - deviation(size, n/d.phi) - deviation(k, n*(d.phi-1)/d.phi)
	// The binomial probability of size successes among n; its last trial is one.
	return math.Exp(e) * math.Sqrt(size/(2*math.Pi*n*k))
}

// upward returns P(≥ k) / P(k) for k > 0 above the mean.
func (d counts) upward(k float64) float64 {
	if d.phi > 1 {
		return betaFraction(k, d.mean/(d.phi-1), (d.phi-1)/d.phi)
	}
	sum, term := 1.0, 1.0
	for term > sum*1e-17 {
		k++
		term *= d.mean / k
		sum += term
	}
	return sum
}

// downward returns P(≤ k) / P(k) for k below the mean.
func (d counts) downward(k float64) float64 {
	if d.phi > 1 {
		size, q := d.mean/(d.phi-1), (d.phi-1)/d.phi
		return q * (1 + k/size) * betaFraction(size, k+1, 1/d.phi)
	}
	sum, term := 1.0, 1.0
	for ; k > 0 && term > sum*1e-17; k-- {
		term *= k / d.mean
		sum += term
	}
	return sum
}

// betaFraction is a·B(a,b)·I_x(a,b) / (x^a·(1−x)^b), the continued fraction of
// the incomplete beta function (DLMF 8.17.22) by the method of Lentz. It needs
// x not far above a/(a+b), and then about √max(a,b) steps.
func betaFraction(a, b, x float64) float64 {
	const tiny = 1e-300
	guard := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/guard(1-(a+b)*x/(a+1))
	h := d
	for m := 1.0; m < 1e8; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/guard(1+even*d), guard(1+even/c)
		h *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/guard(1+odd*d), guard(1+odd/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return h
}

// stirling is ln n! − ln(√(2πn)·(n/e)^n), for any n > 0.
func stirling(n float64) float64 {
	if n < 15 {
		return lgamma(n+1) - (n+0.5)*math.Log(n) + n - math.Log(2*math.Pi)/2
	}
	v := 1 / (n * n)
	return (1.0/12 - v*(1.0/360-v*(1.0/1260-v*(1.0/1680-v*(1.0/1188-v*691.0/360360))))) / n
}

// deviation is x·ln(x/m) + m − x without loss of digits where x is near m.
func deviation(x, m float64) float64 {
	if math.Abs(x-m) >= 0.1*(x+m) {
		return x*math.Log(x/m) + m - x
	}
	v := (x - m) / (x + m)
	sum, term := (x-m)*v, 2*x*v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// normalQuantile and normalAbove are the quantile and the upper tail of the
// standard normal distribution.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }
func normalAbove(z float64) float64    { return math.Erfc(z/math.Sqrt2) / 2 }
