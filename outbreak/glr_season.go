// SPDX-License-Identifier: Apache-2.0

package outbreak

import "math"

// maxWaves bounds the yearly waves of a Season, maxTerms its coefficients.
const (
	maxWaves = 8
	maxTerms = 2 + 2*maxWaves
)

// Season is a mean that swings over the year: the logarithm is an intercept, a
// slope with Trend, and a cosine and sine for each wave of a year, half a year,
// a third …
type Season struct {
	Waves int  `json:"S"`
	Trend bool `json:"trend"`
}

func (m Season) check() error {
	if m.Waves < 0 || m.Waves > maxWaves {
		return badSetting("S", m.Waves)
	}
	return nil
}

func (m Season) terms() int {
	if m.Trend {
		return 2 + 2*m.Waves
	}
	return 1 + 2*m.Waves
}

// row writes the terms of step k.
func (m Season) row(k, freq int, x []float64) {
	x[0] = 1
	i := 1
	if m.Trend {
		x[i] = float64(k) / float64(freq)
		i++
	}
	for wave := 1; wave <= m.Waves; wave++ {
		x[i+1], x[i] = math.Sincos(2 * math.Pi * float64(wave) * float64(k) / float64(freq))
		i += 2
	}
}

// seasonFit is a fitted Season.
type seasonFit struct {
	Season
	freq  int
	alpha float64 // variance µ + alpha·µ²
	coef  [maxTerms]float64
}

// at is the mean of step k.
func (f *seasonFit) at(k int) float64 {
	var x [maxTerms]float64
	f.row(k, f.freq, x[:])
	return f.mean(x[:f.terms()])
}

func (f *seasonFit) mean(x []float64) float64 {
	eta := 0.0
	for i, v := range x {
		eta += v * f.coef[i]
	}
	return math.Exp(eta)
}

// fit fits the steps before until by maximum likelihood: Poisson for alpha 0,
// negative binomial with that alpha, or alpha estimated when it is nil. With
// waves it needs a year.
func (m Season) fit(s Series, until int, alpha *float64, w *Work) (seasonFit, Reason) {
	f := seasonFit{Season: m, freq: s.Freq}
	if m.Waves > 0 && until < s.Freq {
		return f, ShortHistory
	}
	p := m.terms()
	b := seasonData{terms: p, x: w.floats(until * (p + 2))}
	cases := 0.0
	for k, c := range s.Count[:until] {
		if c >= 0 {
			b.add(m, k, s.Freq, float64(c))
			cases += float64(c)
		}
	}
	switch {
	case b.n <= p:
		return f, NoBaseline
	case cases == 0:
		return f, NotConverged
	}
	if alpha != nil {
		f.alpha = *alpha
		return f, f.iterate(b)
	}
	if r := f.iterate(b); r != Judged {
		return f, r
	}
	for range 100 {
		before := f.alpha
		if f.alpha = b.dispersion(); math.Abs(f.alpha-before) <= 1e-10*f.alpha {
			return f, Judged
		}
		if r := f.iterate(b); r != Judged {
			return f, r
		}
	}
	return f, NotConverged
}

// seasonData are the known steps, each with its terms, its count and its mean.
type seasonData struct {
	terms, n int
	x        []float64
}

func (b *seasonData) add(m Season, k, freq int, y float64) {
	x, _, _ := b.row(b.n)
	m.row(k, freq, x)
	b.x[b.n*(b.terms+2)+b.terms], b.x[b.n*(b.terms+2)+b.terms+1] = y, y+0.1
	b.n++
}

// row gives terms and count of a step, and where its mean stands.
func (b *seasonData) row(i int) (x []float64, y float64, mu *float64) {
	r := b.x[i*(b.terms+2) : (i+1)*(b.terms+2)]
	return r[:b.terms], r[b.terms], &r[b.terms+1]
}

// iterate fits the coefficients under the present alpha, from the present means.
func (f *seasonFit) iterate(b seasonData) Reason {
	before := math.Inf(1)
	for range 50 {
		if !f.solve(b) {
			return NotConverged
		}
		deviance := 0.0
		for i := range b.n {
			x, y, mu := b.row(i)
			*mu = f.mean(x)
			if !(*mu > 0 && *mu <= farMean) {
				return NotConverged
			}
			deviance += f.deviance(y, *mu)
		}
		if math.Abs(deviance-before) <= 1e-13*(math.Abs(deviance)+0.1) {
			return Judged
		}
		before = deviance
	}
	return NotConverged
}

func (f *seasonFit) deviance(y, mu float64) float64 {
	d := 0.0
	if y > 0 {
		d = y * math.Log(y/mu)
	}
	if f.alpha == 0 {
		return 2 * (d - (y - mu))
	}
	return 2 * (d - (y+1/f.alpha)*math.Log((1+f.alpha*y)/(1+f.alpha*mu)))
}

// solve takes one step of iteratively reweighted least squares by Cholesky's
// decomposition; false when the terms cannot be told apart.
func (f *seasonFit) solve(b seasonData) bool {
	var a [maxTerms][maxTerms]float64
	var v [maxTerms]float64
	p := b.terms
	for n := range b.n {
		x, y, mu := b.row(n)
		w := *mu / (1 + f.alpha**mu)
		z := math.Log(*mu) + (y-*mu) / *mu
		for i := range p {
			v[i] += w * x[i] * z
			for j := range i + 1 {
				a[i][j] += w * x[i] * x[j]
			}
		}
	}
	for i := range p {
		for j := range i + 1 {
			sum := a[i][j]
			for k := range j {
				sum -= a[i][k] * a[j][k]
			}
			if i != j {
				a[i][j] = sum / a[j][j]
				continue
			}
			if sum <= 1e-11*a[i][i] {
				return false
			}
			a[i][i] = math.Sqrt(sum)
		}
		for k := range i {
			v[i] -= a[i][k] * v[k]
		}
		v[i] /= a[i][i]
	}
	for i := p - 1; i >= 0; i-- {
		for k := i + 1; k < p; k++ {
			v[i] -= a[k][i] * f.coef[k]
		}
		f.coef[i] = v[i] / a[i][i]
	}
	return true
}

// dispersion is the alpha of the greatest likelihood under the present means;
// 0 when the counts vary no more than Poisson's. It is sought by its logarithm
// from the estimate by moments.
func (b seasonData) dispersion() float64 {
	var over, square float64
	for i := range b.n {
		_, y, mu := b.row(i)
		over += (y-*mu)*(y-*mu) - y
		square += *mu * *mu
	}
	if !(over > 0) {
		return 0
	}
	low := math.Log(square / over)
	high := low
	for ; b.score(low) < 0; low -= 1 {
		if low < -14 {
			return math.Exp(-low)
		}
	}
	for ; b.score(high) > 0; high += 1 {
		if high > 14 {
			return 0
		}
	}
	return math.Exp(-root(b.score, low, high))
}

// score is the derivative of the likelihood by the size 1/alpha, of which the
// logarithm is given.
func (b seasonData) score(logSize float64) float64 {
	size := math.Exp(logSize)
	sum := 0.0
	for i := range b.n {
		_, y, mu := b.row(i)
		sum += digammaRise(size, y) - math.Log1p(*mu/size) + (*mu-y)/(size+*mu)
	}
	return sum
}

// digammaRise is ψ(x+n) − ψ(x) for a whole number n.
func digammaRise(x, n float64) float64 {
	if n > 64 {
		return digamma(x+n) - digamma(x)
	}
	sum := 0.0
	for j := 0.0; j < n; j++ {
		sum += 1 / (x + j)
	}
	return sum
}

// digamma is the derivative of ln Γ for x > 0: upward to where the asymptotic
// series holds (DLMF 5.11.2).
func digamma(x float64) float64 {
	shift := 0.0
	for ; x < 12; x++ {
		shift -= 1 / x
	}
	v := 1 / (x * x)
	return shift + math.Log(x) - 1/(2*x) - v*(1.0/12-v*(1.0/120-v*(1.0/252-v*(1.0/240-v*(1.0/132-v*691.0/32760)))))
}

// root finds where f changes its sign between a and b, by the method of
// Ridders with bisection where that fails.
func root(f func(float64) float64, a, b float64) float64 {
	fa, fb := f(a), f(b)
	for range 100 {
		mid := a + (b-a)/2
		fm := f(mid)
		if fm == 0 || math.Abs(b-a) <= 1e-12*(math.Abs(a)+math.Abs(b)) {
			return mid
		}
		x := mid
		if s := math.Sqrt(fm*fm - fa*fb); s > 0 {
			x = mid + (mid-a)*math.Copysign(1, fa-fb)*fm/s
		}
		fx := f(x)
		switch {
		case fx == 0:
			return x
		case (fm > 0) != (fx > 0):
			a, fa, b, fb = mid, fm, x, fx
		case (fa > 0) != (fx > 0):
			b, fb = x, fx
		default:
			a, fa = x, fx
		}
	}
	return a + (b-a)/2
}
