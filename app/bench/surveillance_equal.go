// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"path/filepath"

	"mach/outbreak"
)

// agreement is how many values were compared, and how many differ, by what is
// compared. Each of those is said.
type agreement struct{ values, wrong map[string]int }

// compareR sets every verdict of Mạch beside R's.
func (b *bench) compareR(q inquiry, folder, detail string) error {
	t, err := q.beside(folder, say)
	if err != nil {
		return err
	}
	for algorithm, name := range map[string]string{"farringtonFlexible": "surveillance.flexible", "farrington": "surveillance.classic"} {
		if err := b.tell(name+".mismatches", float64(t.wrong[algorithm]), "values", t.values[algorithm], "alarms, bounds, means, dispersions, trends and p-values of fresh series, by the week, dated and not, with population, and by the month; %s", detail); err != nil {
			return err
		}
	}
	return nil
}

// beside compares with R's answers: alarms and bounds that are counts must be
// equal, real numbers to a part in a million.
func (q inquiry) beside(folder string, say func(string, ...any)) (agreement, error) {
	t := agreement{map[string]int{}, map[string]int{}}
	rows, err := tsv(filepath.Join(folder, "answers.tsv"))
	if err != nil {
		return t, err
	}
	points := map[int][]outbreak.Point{}
	for _, row := range rows {
		i, k := int(number(row[0]))-1, int(number(row[1]))-1
		run := q.runs[i]
		if points[i] == nil {
			points[i] = make([]outbreak.Point, run.to-run.from+1)
			if err := run.detector.Eval(q.series[run.id], run.from, run.to+1, &outbreak.Work{}, points[i]); err != nil {
				return t, err
			}
		}
		theirs := make([]float64, 0, 6)
		for _, text := range row[2:] {
			theirs = append(theirs, number(text))
		}
		n, faults := differ(run.detector, points[i][k-run.from], theirs)
		t.values[run.detector.Name()] += n
		t.wrong[run.detector.Name()] += len(faults)
		for _, f := range faults {
			say("%s, %s, step %d: %s", run.id, run.settings, k+1, f)
		}
	}
	return t, nil
}

// differ compares a point with R's alarm, bound, mean, dispersion, slope and
// probability, and counts what it compared.
func differ(d outbreak.Detector, p outbreak.Point, r []float64) (n int, faults []string) {
	check := func(what string, known bool, ours, theirs, rel float64) {
		n++
		if known != !math.IsNaN(theirs) || known && math.Abs(ours-theirs) > rel*max(1e-3, math.Abs(theirs)) {
			faults = append(faults, fmt.Sprintf("%s %v (%s), R has %v", what, ours, p.Reason, theirs))
		}
	}
	n++
	if p.Alarm != (r[0] == 1) {
		faults = append(faults, fmt.Sprintf("alarm %v, R has %v", p.Alarm, r[0]))
	}
	judged := p.Reason == outbreak.Judged
	f, flexible := d.(outbreak.FarringtonFlexible)
	if !flexible {
		check("bound", judged || p.Reason == outbreak.TooFewCases, bound(p), r[1], 1e-6)
		return n, faults
	}
	fitted := p.Dispersion > 0
	if far := r[1] > 1e12; !far { // the upper limit of a mean without cases
		rel := 1e-6
		if f.BoundBy != outbreak.BoundDelta {
			rel = 0
		}
		check("bound", judged, p.Bound, r[1], rel)
	}
	if fitted {
		check("mean", judged || p.Plugin > 0 && p.Reason == outbreak.OutOfRange, p.Expected, r[2], 1e-6)
		check("dispersion", true, p.Dispersion, r[3], 1e-6)
		check("p", p.HasP, p.P, r[5], 1e-6)
		if math.IsNaN(r[4]) || math.Abs(r[4]) > 1e-12 {
			check("slope", p.Trend, p.Slope, r[4], 1e-6)
		}
	}
	return n, faults
}

// bound is the bound as R's classic method gives it: 0 where it does not judge.
func bound(p outbreak.Point) float64 {
	if p.Reason == outbreak.TooFewCases {
		return 0
	}
	return p.Bound
}
