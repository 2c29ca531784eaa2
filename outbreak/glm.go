// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"slices"
)

// glm is a quasi-Poisson regression with logarithmic link: an intercept for
// each level, at most one slope in time, and a factor of known size (the
// population). With these terms X'WX is an arrow, a diagonal with one full row,
// and a step of the iteration is one pass over the points: no matrices.
//
// The iteration is iteratively reweighted least squares with the start, the
// stop and the bounds of R's glm (McCullagh and Nelder 1989, 2.5), because the
// verdicts must equal R's to the last case.
type glm struct {
	points []glmPoint
	runs   []run     // the points in runs of one level and steps of one
	coef   []float64 // intercepts by level
	trend  bool
	slope  float64     // 0 without trend
	sums   []levelSums // sums for the next step
	used   []levelSums // sums that the last step was made from
	total  totals
	spread float64 // variation of time within levels in the last step
	rank   int
	// trendPhi is the dispersion that the slope is tested with.
	trendPhi float64
	logs     []countLogs // of the counts 0, 1, 2 …
}

// glmPoint is one count of the baseline.
type glmPoint struct {
	countLogs
	y, t        float64 // count; time in steps
	pop, logPop float64 // factor of known size; 1 without
	prior       float64 // prior weight
	mu, before  float64 // mean by the last step, and by the one before
}

// countLogs are what a fit needs of a count again and again.
type countLogs struct {
	log       float64 // ln y, 0 for 0
	logStart  float64 // ln(y + 0.1)
	twoThirds float64 // y^(2/3)
}

// run is a stretch of points [from, to) of one level whose times rise by one.
type run struct{ from, to, level int }

// levelSums are sums over a level, with w = prior·mu and r = prior·(y−mu).
type levelSums struct{ w, wt, r float64 }

// totals are sums over all points.
type totals struct{ wtt, rt float64 }

const (
	glmSteps = 25
	glmStop  = 1e-8
	leastMu  = 0x1p-52
)

// reset empties the regression and makes room for the levels.
func (g *glm) reset(levels int) {
	g.points, g.runs = g.points[:0], g.runs[:0]
	g.coef, g.sums, g.used = resize(g.coef, levels), resize(g.sums, levels), resize(g.used, levels)
	if g.logs == nil {
		g.logs = make([]countLogs, 256)
		for y := range g.logs {
			g.logs[y] = logsOf(float64(y))
		}
	}
}

func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

func logsOf(y float64) countLogs {
	l := countLogs{logStart: math.Log(y + 0.1), twoThirds: math.Cbrt(y * y)}
	if y > 0 {
		l.log = math.Log(y)
	}
	return l
}

// add takes in a count; times rise from call to call.
func (g *glm) add(level int, y int32, t, pop float64) {
	p := glmPoint{y: float64(y), t: t, pop: pop, prior: 1}
	if int(y) < len(g.logs) {
		p.countLogs = g.logs[y]
	} else {
		p.countLogs = logsOf(p.y)
	}
	if pop != 1 {
		p.logPop = math.Log(pop)
	}
	n := len(g.points)
	if last := len(g.runs) - 1; last >= 0 && g.runs[last].level == level && t == g.points[n-1].t+1 {
		g.runs[last].to++
	} else {
		g.runs = append(g.runs, run{n, n + 1, level})
	}
	g.points = append(g.points, p)
}

// fit estimates the intercepts, and the slope when wanted, under the points'
// prior weights. It reports whether it converged.
func (g *glm) fit(trend bool) bool {
	g.trend, g.slope = trend, 0
	clear(g.coef)
	old := g.start()
	for range glmSteps {
		if !g.solve() {
			return false
		}
		deviance := g.pass()
		switch change := math.Abs(deviance-old) / (math.Abs(deviance) + 0.1); {
		case math.IsNaN(change):
			return false
		case change < glmStop:
			return true
		}
		old = deviance
	}
	return false
}

// start takes the counts plus a tenth as means and gathers the sums of the
// first least squares, whose right side is the working response itself.
func (g *glm) start() (deviance float64) {
	clear(g.sums)
	g.total = totals{}
	for _, run := range g.runs {
		s := &g.sums[run.level]
		for i := run.from; i < run.to; i++ {
			p := &g.points[i]
			p.mu = p.y + 0.1
			deviance += p.prior * (p.y*(p.log-p.logStart) + 0.1)
			w, z := p.prior*p.mu, p.prior*(p.mu*(p.logStart-p.logPop)-0.1)
			s.w, s.wt, s.r = s.w+w, s.wt+w*p.t, s.r+z
			g.total.wtt += w * p.t * p.t
			g.total.rt += z * p.t
		}
	}
	return 2 * deviance
}

// solve adds to the coefficients what the sums say. It fails when a trend is
// wanted and no level holds two times.
func (g *glm) solve() bool {
	g.sums, g.used = g.used, g.sums
	g.rank, g.spread = 0, g.total.wtt
	top, step := g.total.rt, 0.0
	for _, s := range g.used {
		if s.w > 0 {
			g.rank++
			g.spread -= s.wt / s.w * s.wt
			top -= s.wt / s.w * s.r
		}
	}
	if g.trend {
		if g.spread <= 1e-11*g.total.wtt {
			return false
		}
		g.rank++
		step = top / g.spread
		g.slope += step
	}
	for j, s := range g.used {
		if s.w > 0 {
			g.coef[j] += (s.r - s.wt*step) / s.w
		}
	}
	return true
}

// pass computes the means from the coefficients and the sums for the next step,
// and returns the deviance. Within a run the mean grows by one factor a step.
func (g *glm) pass() (deviance float64) {
	clear(g.sums)
	g.total = totals{}
	growth := math.Exp(g.slope)
	for _, run := range g.runs {
		var s levelSums
		eta := g.coef[run.level] + g.slope*g.points[run.from].t
		mean := math.Exp(eta)
		for i := run.from; i < run.to; i++ {
			p := &g.points[i]
			mu, logMu := mean*p.pop, eta+p.logPop
			if mu < leastMu {
				mu, logMu = leastMu, math.Log(leastMu)
			}
			p.before, p.mu = p.mu, mu
			w, r := p.prior*mu, p.y-mu
			deviance += p.prior * (p.y*(p.log-logMu) - r)
			r *= p.prior
			s.w, s.wt, s.r = s.w+w, s.wt+w*p.t, s.r+r
			g.total.wtt += w * p.t * p.t
			g.total.rt += r * p.t
			mean *= growth
			eta += g.slope
		}
		sum := &g.sums[run.level]
		sum.w, sum.wt, sum.r = sum.w+s.w, sum.wt+s.wt, sum.r+s.r
	}
	return 2 * deviance
}

// dispersions returns Σ w·r²/(n−rank) with the working weights of the last
// step as w, and with the prior weights as w; r is (y−mu)/mu.
func (g *glm) dispersions() (working, prior float64) {
	for i := range g.points {
		p := &g.points[i]
		r := (p.y - p.mu) / p.mu
		r *= r * p.prior
		working += r * p.before
		prior += r
	}
	free := float64(len(g.points) - g.rank)
	return working / free, prior / free
}

// leverage is the variance of the linear predictor at time t in a level, for a
// dispersion of 1.
func (g *glm) leverage(level int, t float64) float64 {
	s := g.used[level]
	v := 1 / s.w
	if g.trend {
		d := t - s.wt/s.w
		v += d * d / g.spread
	}
	return v
}

// reweight sets the prior weights so that counts far above their means, which
// may be past outbreaks, weigh less: by their standardised Anscombe residuals
// above the threshold (Farrington et al. 1996, 3.6).
func (g *glm) reweight(phi, threshold float64) {
	total := 0.0
	for _, run := range g.runs {
		for i := run.from; i < run.to; i++ {
			p := &g.points[i]
			hat := p.prior * p.before * g.leverage(run.level, p.t)
			sixth := math.Sqrt(math.Cbrt(p.mu))
			s := 1.5 * (p.twoThirds/sixth - sixth*sixth*sixth) / math.Sqrt(phi*(1-hat))
			p.before = 1
			if s > threshold && hat < 1-1e-10 { // a count that is a level by itself is its own mean
				p.before = 1 / (s * s)
			}
			total += p.before
		}
	}
	scale := float64(len(g.points)) / total
	for i := range g.points {
		g.points[i].prior = g.points[i].before * scale
	}
}
