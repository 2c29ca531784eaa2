// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mach/outbreak"
)

// figures of the methods that follow counts step by step.
var controlFigures = []string{"ears", "cusum", "bayes", "glr", "rt"}

// compareControl sets every point beside R's.
func (b *bench) compareControl(folder string, series map[string]outbreak.Series, questions []control, detail string) error {
	t, higher, err := besideControl(folder, series, questions, say)
	if err != nil {
		return err
	}
	for _, figure := range controlFigures {
		said := "alarms, bounds and statistics of fresh series; " + detail
		if figure == "glr" {
			said = fmt.Sprintf("Poisson and negative binomial, mean given or fitted, dispersion known or estimated, size unknown or known; in %d steps R's search stops early or finds nothing, and ours is higher: nearly all of epidemic changes, where it is only asked not to be lower; %s", higher, said)
		}
		if err := b.tell("surveillance."+figure+".mismatches", float64(t.wrong[figure]), "values", t.values[figure], "%s", said); err != nil {
			return err
		}
	}
	return nil
}

// besideControl compares with R's answers; higher counts the steps where R's
// search stopped early.
func besideControl(folder string, series map[string]outbreak.Series, questions []control, say func(string, ...any)) (t agreement, higher int, err error) {
	t = agreement{map[string]int{}, map[string]int{}}
	rows, err := tsv(filepath.Join(folder, "answers.tsv"))
	if err != nil {
		return t, 0, err
	}
	theirs := map[int][][]float64{}
	for _, row := range rows {
		var v []float64
		for _, text := range row[1:] {
			v = append(v, number(text))
		}
		i := int(number(row[0])) - 1
		theirs[i] = append(theirs[i], v)
	}
	var w outbreak.Work
	for i, q := range questions {
		if q.timed > 0 || theirs[i] == nil {
			continue
		}
		points := make([]outbreak.Point, q.to-q.from+1)
		if err := q.detector.Eval(series[q.id], q.from, q.to+1, &w, points); err != nil {
			return t, higher, err
		}
		for k, p := range points {
			n, up, fault := q.differ(p, theirs[i][k])
			t.values[q.figure] += n
			higher += up
			if fault != "" {
				t.wrong[q.figure]++
				say("%s, %s(%.150s), step %d: %s", q.id, q.algorithm, q.settings, p.At+1, fault)
			}
			// After unlike alarms the two begin at unlike steps.
			if (q.onlyHigher || up > 0) && p.Alarm != (theirs[i][k][1] == 1) {
				break
			}
		}
	}
	return t, higher, nil
}

// differ compares a point with R's step, alarm, bound, statistic and mean.
func (q control) differ(p outbreak.Point, r []float64) (n, higher int, fault string) {
	r = r[1:] // the step
	near := func(ours, theirs float64) bool {
		return math.Abs(ours-theirs) <= q.near*max(1, math.Abs(theirs))
	}
	known := p.Reason == outbreak.Judged
	switch {
	case q.figure == "rt":
		if known != !math.IsNaN(r[2]) || known && !(near(p.Statistic, r[2]) && near(p.Expected, r[3])) {
			fault = fmt.Sprintf("Rt %v, at most %v; R has %v, %v", p.Statistic, p.Expected, r[2], r[3])
		}
		return 2, 0, fault
	case q.figure == "glr" && q.onlyHigher:
		if p.Statistic > r[2]+1e-6*max(1, r[2]) {
			higher = 1
		}
		if p.Statistic < r[2]-1e-6*max(1, r[2]) {
			fault = fmt.Sprintf("statistic %v, R found %v", p.Statistic, r[2])
		}
		return 1, higher, fault
	case q.algorithm == "glrnb" && r[2] == 0 && p.Statistic > 0.01: // R's search found no size at all
		return 1, 1, ""
	case q.figure == "glr":
		tie := math.Abs(p.Statistic-q.detector.(outbreak.GLR).Bar) <= q.near*10
		if p.Alarm != (r[0] == 1) && !tie || !near(p.Statistic, r[2]) || !near(p.Expected, r[3]) {
			fault = fmt.Sprintf("alarm %v, statistic %v, mean %v; R has %v", p.Alarm, p.Statistic, p.Expected, r)
		}
		return 3, 0, fault
	}
	bound := !math.IsNaN(r[1]) && !math.IsInf(r[1], 0)
	if p.Reason == outbreak.NoBaseline && q.figure == "cusum" { // R says 0 where there is no scale
		known = true
	}
	if p.Alarm != (r[0] == 1) || known != bound || known && !near(p.Bound, r[1]) {
		fault = fmt.Sprintf("alarm %v, bound %v (%v); R has %v", p.Alarm, p.Bound, p.Reason, r)
	}
	if n = 2; q.figure == "cusum" && !math.IsNaN(r[2]) {
		if n = 3; !near(p.Statistic, r[2]) {
			fault = fmt.Sprintf("statistic %v; R has %v", p.Statistic, r[2])
		}
	}
	return n, 0, fault
}

// timeControl prints the CPU of a series, medians of five, and their ratios.
func (b *bench) timeControl(folder string, series map[string]outbreak.Series, questions []control, version string) error {
	rows, err := tsv(filepath.Join(folder, "costs.tsv"))
	if err != nil {
		return err
	}
	theirs := map[int][]float64{}
	for _, row := range rows {
		i := int(number(row[0])) - 1
		theirs[i] = append(theirs[i], number(row[1])*1e6)
	}
	for i, q := range questions {
		if q.timed == 0 {
			continue
		}
		var ours []float64
		for range q.timed {
			ours = append(ours, q.cost(series))
		}
		n, what := controlSeries, fmt.Sprintf("a series, %d steps judged", q.to-q.from+1)
		if q.figure == "nowcast" {
			n, what = 1, "a triangle of 27 days and 16 delays; R reads the line list too"
		}
		mach := median(ours)
		if err := b.tell("surveillance."+q.figure+".cpu.mach", mach, "µs", q.timed, "CPU of %s; medians", what); err != nil {
			return err
		}
		if theirs[i] == nil {
			continue
		}
		r := median(theirs[i]) / float64(n)
		if err := b.tell("surveillance."+q.figure+".cpu.r", r, "µs", q.timed, "CPU of %s; medians; %s", what, version); err != nil {
			return err
		}
		if err := b.tell("surveillance."+q.figure+".ratio_vs_r", r/mach, "times", q.timed, "CPU of %s; medians; %s", what, version); err != nil {
			return err
		}
	}
	return nil
}

// cost is the CPU of one series in µs, over a tenth of a second.
func (q control) cost(series map[string]outbreak.Series) float64 {
	var w outbreak.Work
	var some []outbreak.Series
	for id, s := range series {
		if strings.HasPrefix(id, q.id) {
			some = append(some, s)
		}
	}
	out := make([]outbreak.Point, q.to-q.from+1)
	triangle := hospital()
	n, began := 0, ownCPU()
	for ownCPU()-began < 100*time.Millisecond {
		if q.figure == "nowcast" {
			if _, err := triangle.Nowcast(0.95); err != nil {
				return math.NaN()
			}
			n++
		}
		for _, s := range some {
			if err := q.detector.Eval(s, q.from, q.to+1, &w, out); err != nil {
				return math.NaN()
			}
			n++
		}
	}
	return float64((ownCPU() - began).Nanoseconds()) / 1000 / float64(max(n, 1))
}

// hospital is a reporting triangle as large as R's example.
func hospital() outbreak.Triangle {
	r := rand.New(rand.NewPCG(3, 3))
	tr := make(outbreak.Triangle, 27)
	for t := range tr {
		tr[t] = slices.Repeat([]int32{0}, 16)
		for d := range min(16, 27-t) {
			tr[t][d] = int32(r.IntN(1 + t/3))
		}
	}
	return tr
}
