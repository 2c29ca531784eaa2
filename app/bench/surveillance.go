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
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/outbreak"
	"mach/outbreak/outbreaktest"
	"mach/vn"
)

//go:embed surveillance.R
var surveillanceR string

// inquiry is what R and Mạch are asked alike: series and runs over them, some
// to compare and some to time.
type inquiry struct {
	ids    []string
	series map[string]outbreak.Series
	runs   []rRun
}

// rRun is one method on one series, or timed on all series whose ids match.
type rRun struct {
	id       string
	detector outbreak.Detector
	from, to int // 0-based, to is the last
	settings string
	timed    bool
}

const (
	timedSeries = 24
	timedWeeks  = 10
	repetitions = 5
)

// surveillanceR compares with R in one run: fresh series of the scenarios of
// Noufaily et al., verdicts week by week, and CPU a series and week.
func (b *bench) surveillanceR(ctx context.Context) error {
	seed := uint64(time.Now().UnixNano())
	say("surveillance: series drawn with seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	q := inquire(r, 1)
	q.toTime(r)
	folder := b.fresh("surveillance")
	if err := q.write(folder); err != nil {
		return err
	}
	version, err := b.runR(ctx, surveillanceR, folder)
	if err != nil {
		return err
	}
	// It says what did not converge before it says its version.
	version = strings.ReplaceAll(version[strings.LastIndex(version, "\n")+1:], "\t", ", ")
	if err := b.compareR(q, folder, fmt.Sprintf("surveillance %s, seed %d", version, seed)); err != nil {
		return err
	}
	return b.timeR(q, folder, version)
}

func (q *inquiry) add(id string, s outbreak.Series) string {
	q.ids, q.series[id] = append(q.ids, id), s
	return id
}

// inquire draws three series of each scenario, or of every few, by the week
// without dates, by the week with dates and population, and by the month.
func inquire(r *rand.Rand, every int) inquiry {
	q := inquiry{series: map[string]outbreak.Series{}}
	ask := func(id string, d outbreak.Detector, from int) {
		q.runs = append(q.runs, rRun{id: id, detector: d, from: from, to: from + 11, settings: rSettings(d)})
	}
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for n := 1 + r.IntN(every); n <= outbreaktest.Scenarios; n += every {
		weeks := outbreaktest.Noufaily(n, r).Series
		id := q.add(fmt.Sprintf("week%d", n), weeks)
		f := outbreak.Noufaily()
		f.Least, f.AsR = outbreak.Least{0, 4}, true
		ask(id, f, outbreaktest.SimCurrent+r.IntN(37))
		ask(id, classic(0.05, outbreak.Least{0, 4}, outbreak.PowerSkew), outbreaktest.SimCurrent+r.IntN(37))

		dated := outbreaktest.Noufaily(n, r).Series
		dated.Pop = make([]float64, len(dated.Count))
		first := vn.NewDate(2001, 1, 1).AddDays(7 * r.IntN(500))
		for i := range dated.Count {
			dated.Dates = append(dated.Dates, first.AddDays(7*i))
			dated.Pop[i] = math.Round(1e6 * math.Exp(0.0002*float64(i)))
		}
		id = q.add(fmt.Sprintf("dated%d", n), dated)
		f.BoundBy, f.Offset, f.Alpha, f.TrendP = pick(outbreak.BoundDelta, outbreak.BoundPlugin, outbreak.BoundMuan), r.IntN(2) == 0, 0.01, 0.05
		f.Years, f.Reweight = 3+r.IntN(3), r.IntN(4) > 0
		ask(id, f, 400+r.IntN(200))
		ask(id, classic(0.01, outbreak.Least{5, 4}, pick(outbreak.PowerVariance, outbreak.PowerNone)), 400+r.IntN(200))

		months := outbreaktest.Noufaily(n, r).Series
		months.Freq, months.Count = 12, months.Count[:150]
		for i := range months.Count {
			months.Dates = append(months.Dates, vn.NewDate(2001, 1, 1).AddMonths(i))
		}
		id = q.add(fmt.Sprintf("month%d", n), months)
		f = outbreak.Noufaily()
		f.AsR, f.Half, f.Levels, f.Skip, f.Alpha = true, 1, 4, 6, 0.01
		ask(id, f, 70+r.IntN(60))
	}
	return q
}

// toTime adds the series whose cost is measured, six years long, with every
// step fitted.
func (q *inquiry) toTime(r *rand.Rand) {
	for n := range timedSeries {
		s := outbreaktest.Noufaily(1+n*7%outbreaktest.Scenarios, r).Series
		s.Count = s.Count[:312]
		q.add(fmt.Sprintf("time%d", n), s)
	}
	flexible := outbreak.Noufaily()
	flexible.Least, flexible.AsR = outbreak.Least{0, 4}, true
	for range repetitions {
		for _, d := range []outbreak.Detector{flexible, classic(0.05, outbreak.Least{0, 4}, outbreak.PowerSkew)} {
			q.runs = append(q.runs, rRun{id: "time", detector: d, from: 312 - timedWeeks, to: 311, settings: rSettings(d), timed: true})
		}
	}
}

func classic(alpha float64, least outbreak.Least, power string) outbreak.Farrington {
	f := outbreak.ClassicFarrington()
	f.AsR, f.Alpha, f.Least, f.Power = true, alpha, least, power
	return f
}

// rSettings writes the settings of a detector as R reads them.
func rSettings(d outbreak.Detector) string {
	truth := func(is bool) string { return strings.ToUpper(strconv.FormatBool(is)) }
	switch f := d.(type) {
	case outbreak.Farrington:
		return fmt.Sprintf("list(b=%d,w=%d,reweight=%s,alpha=%v,trend=%s,limit54=c(%d,%d),powertrans='%s')",
			f.Years, f.Half, truth(f.Reweight), f.Alpha, truth(f.Trend), f.Least[0], f.Least[1], f.Power)
	case outbreak.FarringtonFlexible:
		return fmt.Sprintf("list(b=%d,w=%d,noPeriods=%d,pastWeeksNotIncluded=%d,reweight=%s,weightsThreshold=%v,alpha=%v,trend=%s,"+
			"pThresholdTrend=%v,limit54=c(%d,%d),powertrans='%s',populationOffset=%s,thresholdMethod='%s')",
			f.Years, f.Half, f.Levels, f.Skip, truth(f.Reweight), f.Threshold, f.Alpha, truth(f.Trend),
			f.TrendP, f.Least[0], f.Least[1], f.Power, truth(f.Offset), f.BoundBy)
	}
	return "list()"
}

// write puts the questions where the R program looks for them.
func (q inquiry) write(folder string) error {
	var series, runs strings.Builder
	for _, id := range q.ids {
		s, first, people := q.series[id], "-", "-"
		if s.Dates != nil {
			first = s.Dates[0].String()
		}
		if s.Pop != nil {
			people = strings.Trim(fmt.Sprint(s.Pop), "[]")
		}
		fmt.Fprintf(&series, "%s\t%d\t%s\t%s\t%s\n", id, s.Freq, first, strings.Trim(fmt.Sprint(s.Count), "[]"), people)
	}
	for _, r := range q.runs {
		timed := "0"
		if r.timed {
			timed = "1"
		}
		fmt.Fprintf(&runs, "%s\t%s\t%d\t%d\t%s\t%s\n", r.id, r.detector.Name(), r.from+1, r.to+1, r.settings, timed)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "series.tsv"), []byte(series.String()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "runs.tsv"), []byte(runs.String()), 0o600)
}

// timeR prints the CPU of a series and week, medians of five, and their ratio.
func (b *bench) timeR(q inquiry, folder, version string) error {
	rows, err := tsv(filepath.Join(folder, "costs.tsv"))
	if err != nil {
		return err
	}
	theirs := map[string][]float64{}
	for _, row := range rows {
		theirs[row[0]] = append(theirs[row[0]], number(row[1])*1e6/(timedSeries*timedWeeks))
	}
	ours := map[string][]float64{}
	for _, run := range q.runs {
		if run.timed {
			ours[run.detector.Name()] = append(ours[run.detector.Name()], q.cost(run))
		}
	}
	for algorithm, name := range map[string]string{"farringtonFlexible": "surveillance.flexible", "farrington": "surveillance.classic"} {
		r, mach := median(theirs[algorithm]), median(ours[algorithm])
		for _, f := range []struct {
			name  string
			value float64
			unit  string
		}{{".cpu.mach", mach, "µs"}, {".cpu.r", r, "µs"}, {".ratio_vs_r", r / mach, "times"}} {
			if err := b.tell(name+f.name, f.value, f.unit, repetitions, "CPU of a series and week, every week fitted: %d series of 312 weeks, %d weeks each; medians; surveillance %s", timedSeries, timedWeeks, version); err != nil {
				return err
			}
		}
	}
	return nil
}

// cost is the CPU of a series and week in µs, over a quarter of a second.
func (q inquiry) cost(run rRun) float64 {
	var w outbreak.Work
	out := make([]outbreak.Point, run.to-run.from+1)
	n, began := 0, ownCPU()
	for ownCPU()-began < 250*time.Millisecond {
		for _, id := range q.ids {
			if strings.HasPrefix(id, run.id) {
				if err := run.detector.Eval(q.series[id], run.from, run.to+1, &w, out); err != nil {
					return math.NaN()
				}
				n += len(out)
			}
		}
	}
	return float64((ownCPU() - began).Nanoseconds()) / 1000 / float64(n)
}

// tsv reads a file of rows.
func tsv(file string) ([][]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for line := range strings.Lines(string(b)) {
		rows = append(rows, strings.Split(strings.TrimSpace(line), "\t"))
	}
	return rows, nil
}

// number reads what R writes; NA is NaN.
func number(s string) float64 {
	switch s = strings.TrimSpace(s); s {
	case "TRUE":
		return 1
	case "FALSE":
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return math.NaN()
	}
	return v[len(v)/2]
}
