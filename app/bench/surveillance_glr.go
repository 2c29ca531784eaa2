// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mach/outbreak"
	"mach/outbreak/outbreaktest"
)

//go:embed surveillance_glr.R
var surveillanceGLR string

// control is one question to R and Mạch about a method that follows counts
// step by step.
type control struct {
	figure     string // figures are named after it
	id         string // series, or the beginning of the names of those timed
	algorithm  string // as the R program calls it
	detector   outbreak.Detector
	from, to   int // 0-based, to is the last
	settings   string
	timed      int
	near       float64 // how near a statistic must be
	onlyHigher bool    // R's search may stop early: ours must not be lower
}

const (
	controlSeries = 20 // of each kind
	controlFrom   = 260
	controlSteps  = 52
	rtDays        = 60
)

// surveillanceControl compares EARS, CUSUM, Bayes, GLR and Rt with R in one
// run on fresh series, and their CPU.
func (b *bench) surveillanceControl(ctx context.Context) error {
	seed := uint64(time.Now().UnixNano())
	say("surveillance: series drawn with seed %d", seed)
	series, questions := controlQuestions(rand.New(rand.NewPCG(seed, 1)), controlSeries)
	questions = append(questions, controlTimes()...)
	folder := b.fresh("control")
	if err := writeControl(folder, series, questions); err != nil {
		return err
	}
	version, err := b.runR(ctx, surveillanceGLR, folder)
	if err != nil {
		return err
	}
	version = version[strings.LastIndex(version, "\n")+1:]
	if err := b.compareControl(folder, series, questions, fmt.Sprintf("surveillance %s, seed %d", version, seed)); err != nil {
		return err
	}
	return b.timeControl(folder, series, questions, "surveillance "+version)
}

// controlQuestions draws series of the scenarios of Noufaily et al. and asks
// every method about each, with settings drawn too.
func controlQuestions(r *rand.Rand, many int) (map[string]outbreak.Series, []control) {
	series, all := map[string]outbreak.Series{}, []control(nil)
	for n := range many {
		id := fmt.Sprintf("week%d", n)
		s := outbreaktest.Noufaily(1+(n*11+r.IntN(11))%outbreaktest.Scenarios, r).Series
		s.Count = s.Count[outbreaktest.SimCurrent+controlSteps-controlFrom-controlSteps-3 : outbreaktest.SimCurrent+controlSteps-3]
		series[id] = s
		all = append(all, plainQuestions(id, r)...)
		all = append(all, glrQuestions(id, s, r)...)
		id = fmt.Sprintf("days%d", n)
		days := outbreak.Series{Freq: 365}
		for t := range rtDays {
			days.Count = append(days.Count, s.Count[t]+1)
		}
		series[id] = days
		mean, sd := 1.5+10*r.Float64(), 0.5+4*r.Float64()
		all = append(all, control{figure: "rt", id: id, algorithm: "cori", detector: cori{mean, sd, 7}, from: 1, to: rtDays - 7, near: 1e-6,
			settings: fmt.Sprintf("list(mean_si=%v,std_si=%v)", mean, sd)})
	}
	return series, all
}

// controlTimes are the questions whose cost is measured.
func controlTimes() (all []control) {
	for _, q := range []control{
		{figure: "ears", id: "week", algorithm: "ears", detector: outbreak.DefaultEARS(outbreak.EARSC3), settings: "list(method='C3',alpha=0.025)"},
		{figure: "cusum", id: "week", algorithm: "cusum", detector: outbreak.CUSUM{K: 1.04, H: 2.26, Transform: outbreak.CUSUMRossi}, settings: "list(k=1.04,h=2.26,trans='rossi')"},
		{figure: "bayes", id: "week", algorithm: "bayes", detector: outbreak.DefaultBayesNB(), settings: "list(b=0,w=6,actY=TRUE,alpha=0.05)"},
		{figure: "glr", id: "week", algorithm: "glrnb", detector: estimated(outbreak.Season{Waves: 1}), settings: "list(c.ARL=5,mu0=list(S=1,trend=FALSE),alpha=NULL,dir='inc',ret='value')"},
		{figure: "rt", id: "days", algorithm: "cori", detector: cori{5, 3, 7}, settings: "list(mean_si=5,std_si=3)"},
		{figure: "nowcast", id: "none", algorithm: "nowcast", settings: "list()"},
	} {
		q.from, q.to, q.timed = controlFrom, controlFrom+controlSteps-1, repetitions
		if q.algorithm == "cori" {
			q.from, q.to = 1, rtDays-7
		}
		all = append(all, q)
	}
	return all
}

func plainQuestions(id string, r *rand.Rand) []control {
	var all []control
	for _, m := range []outbreak.EARSMethod{outbreak.EARSC1, outbreak.EARSC2, outbreak.EARSC3} {
		e := outbreak.EARS{Method: m, Baseline: 5 + r.IntN(20), MinSigma: float64(r.IntN(3)) / 2, Alpha: 0.001 + 0.1*r.Float64()}
		all = append(all, control{figure: "ears", algorithm: "ears", detector: e, near: 1e-6,
			settings: fmt.Sprintf("list(method='%s',baseline=%d,minSigma=%v,alpha=%v)", m, e.Baseline, e.MinSigma, e.Alpha)})
	}
	for _, tr := range []outbreak.CUSUMTransform{outbreak.CUSUMStandard, outbreak.CUSUMRossi, outbreak.CUSUMAnscombe} {
		c := outbreak.CUSUM{K: 0.3 + r.Float64(), H: 2 + 3*r.Float64(), Transform: tr}
		all = append(all, control{figure: "cusum", algorithm: "cusum", detector: c, near: 1e-6,
			settings: fmt.Sprintf("list(k=%v,h=%v,trans='%s')", c.K, c.H, tr)})
	}
	y := outbreak.BayesNB{Years: r.IntN(4), Half: 1 + r.IntN(8), Current: true, Alpha: 0.01 + 0.04*r.Float64()}
	all = append(all, control{figure: "bayes", algorithm: "bayes", detector: y, near: 0,
		settings: fmt.Sprintf("list(b=%d,w=%d,actY=TRUE,alpha=%v)", y.Years, y.Half, y.Alpha)})
	for i := range all {
		all[i].id, all[i].from, all[i].to = id, controlFrom, controlFrom+controlSteps-1
	}
	return all
}

// glrQuestions asks for Poisson and negative binomial ratios, of a mean that is
// given and of one that is fitted, of changes of unknown and of known size. R
// stops fitting at a part in 10⁸ of the deviance, so that its statistic is
// known to about 10⁻⁴.
func glrQuestions(id string, s outbreak.Series, r *rand.Rand) []control {
	zero, known, theta := 0.0, 0.05+r.Float64()/2, 0.3+r.Float64()
	mean := make([]float64, controlSteps)
	for i := range mean {
		for _, c := range s.Count[:controlFrom] {
			mean[i] += float64(c) / controlFrom
		}
		mean[i] = math.Round(100*(mean[i]+0.1)*(1+0.3*math.Sin(float64(i)/8))) / 100
	}
	given := "mu0=c(" + strings.ReplaceAll(strings.Trim(fmt.Sprint(mean), "[]"), " ", ",") + ")"
	waves, trend := 1+r.IntN(2), r.IntN(2) == 0
	fitted := fmt.Sprintf("mu0=list(S=%d,trend=%s)", waves, strings.ToUpper(fmt.Sprint(trend)))
	season := outbreak.Season{Waves: waves, Trend: trend}
	var all []control
	add := func(algorithm, settings string, near float64, change func(*outbreak.GLR)) {
		g := outbreak.DefaultGLR()
		g.Cases, g.Alpha, g.Season = false, &zero, season
		change(&g)
		all = append(all, control{figure: "glr", id: id, algorithm: algorithm, detector: g, from: controlFrom, to: controlFrom + controlSteps - 1,
			settings: "list(c.ARL=5,ret='value',dir='inc'," + settings + ")", near: near, onlyHigher: g.Change == outbreak.GLREpidemic})
	}
	alpha := fmt.Sprintf(",alpha=%v", known)
	add("glrpois", given, 1e-6, func(g *outbreak.GLR) { g.Mean = mean })
	add("glrpois", fitted, 1e-6, func(*outbreak.GLR) {})
	add("glrpois", given+",change='epi'", 1e-6, func(g *outbreak.GLR) { g.Mean, g.Change = mean, outbreak.GLREpidemic })
	add("glrpois", fmt.Sprintf("%s,theta=%v", given, theta), 1e-6, func(g *outbreak.GLR) { g.Mean, g.Theta = mean, &theta })
	add("glrnb", given+alpha, 1e-6, func(g *outbreak.GLR) { g.Mean, g.Alpha = mean, &known })
	add("glrnb", fitted+alpha, 1e-3, func(g *outbreak.GLR) { g.Alpha = &known })
	add("glrnb", given+alpha+",change='epi'", 1e-6, func(g *outbreak.GLR) { g.Mean, g.Alpha, g.Change = mean, &known, outbreak.GLREpidemic })
	add("glrnb", fmt.Sprintf("%s,theta=%v", given+alpha, theta), 1e-6, func(g *outbreak.GLR) { g.Mean, g.Alpha, g.Theta = mean, &known, &theta })
	if overdispersed(s.Count[:controlFrom]) { // else R's own fit does not converge
		add("glrnb", fitted+",alpha=NULL", 1e-3, func(g *outbreak.GLR) { g.Alpha = nil })
	}
	return all
}

// overdispersed says whether counts vary so much more than Poisson's that no
// season explains it.
func overdispersed(y []int32) bool {
	var mean, square float64
	for _, c := range y {
		mean += float64(c) / float64(len(y))
		square += float64(c) * float64(c) / float64(len(y))
	}
	return mean > 1 && square-mean*mean > 3*mean
}

func estimated(s outbreak.Season) outbreak.GLR {
	g := outbreak.DefaultGLR()
	g.Season, g.Cases = s, false
	return g
}

// cori lets Rt be asked as the other methods are: the statistic is its mean,
// the expected value its upper quantile.
type cori struct {
	mean, sd float64
	window   int
}

func (cori) Name() string { return "cori" }

func (c cori) Eval(s outbreak.Series, from, to int, _ *outbreak.Work, out []outbreak.Point) error {
	si, err := outbreak.DiscreteInterval(c.mean, c.sd, len(s.Count))
	if err != nil {
		return err
	}
	all := make([]float64, len(s.Count))
	for t, n := range s.Count {
		all[t] = float64(n)
	}
	var windows []outbreak.Window
	for t := from; t < to; t++ {
		windows = append(windows, outbreak.Window{From: t, To: t + c.window - 1})
	}
	found, err := outbreak.Cori(outbreak.Arrivals(all, nil), outbreak.UsualPrior, windows, si)
	for i, r := range found {
		out[i] = outbreak.Point{At: from + i, Reason: outbreak.Judged, Statistic: r.Mean, Expected: r.Quantile(0.975)}
		if !r.Known() {
			out[i].Reason = outbreak.ShortHistory
		}
	}
	return err
}

func writeControl(folder string, series map[string]outbreak.Series, questions []control) error {
	var lines, runs strings.Builder
	for id, s := range series {
		fmt.Fprintf(&lines, "%s\t%s\n", id, strings.Trim(fmt.Sprint(s.Count), "[]"))
	}
	for _, q := range questions {
		fmt.Fprintf(&runs, "%s\t%s\t%d\t%d\t%s\t%d\n", q.id, q.algorithm, q.from+1, q.to+1, q.settings, q.timed)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "series.tsv"), []byte(lines.String()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "runs.tsv"), []byte(runs.String()), 0o600)
}
