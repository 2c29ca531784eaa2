// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"mach/issue"
	"mach/outbreak"
	"mach/vn"
)

type detectCmd struct {
	File string `arg:"" help:"Golden file with observed counts and runs; - for standard input."`
}

// Run writes the file with the verdicts of each run computed anew. A run whose
// method is not known keeps what was asked and says so.
func (c *detectCmd) Run(_ context.Context, s Streams) error {
	return recompute(c.File, s, func(file *ordered) error {
		series, err := readSeries(file)
		if err != nil {
			return err
		}
		var w outbreak.Work
		return each(file, "runs", func(run *ordered) error { return detect(series, run, &w, s) })
	})
}

// detection is how a method is named in golden files: its settings from the
// control of a run, and the results it is asked for.
type detection struct {
	detector func(control json.RawMessage) (outbreak.Detector, error)
	results  func(outbreak.Detector) []column
}

// column is one array of a run. Of gives the value of a point, nil for null.
type column struct {
	name string
	of   func(outbreak.Point) any
}

// detections are the methods by their names in R.
func detections() map[string]detection {
	return map[string]detection{
		"farrington":         {readFarrington, farringtonResults},
		"farringtonFlexible": {readFlexible, flexibleResults},
		"earsC":              {readEARS, boundResults},
		"algo.cusum":         {readCUSUM, cusumResults},
		"algo.bayes":         {readBayes, boundResults},
		"algo.glrpois":       {readGLR, glrResults},
		"algo.glrnb":         {readGLR, glrResults},
	}
}

// detect computes one run anew: `alarm` lists the alarms as positions from 1,
// the other results have an entry for each step of from..to.
func detect(series outbreak.Series, run *ordered, w *outbreak.Work, s Streams) error {
	var algo string
	var from, to int
	for name, into := range map[string]any{"algo": &algo, "from": &from, "to": &to} {
		if err := run.get(name, into); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUsage, name, err)
		}
	}
	method, known := detections()[algo]
	if !known {
		fmt.Fprintf(s.Err, "%s: not computed here, passed over\n", algo)
		run.names = keep(run.names, "algo", "control", "from", "to")
		return run.set("passed_over", "not computed here")
	}
	detector, err := method.detector(run.values["control"])
	if err != nil {
		return fmt.Errorf("%w: %s: control: %w", ErrUsage, algo, err)
	}
	if from < 1 || to < from {
		return issue.New(issue.Value, "outbreak.series.range").At("from")
	}
	points := make([]outbreak.Point, to-from+1)
	if err := detector.Eval(series, from-1, to, w, points); err != nil {
		return err
	}
	return putResults(run, points, method.results(detector))
}

func putResults(run *ordered, points []outbreak.Point, results []column) error {
	alarms := []int{}
	for _, p := range points {
		if p.Alarm {
			alarms = append(alarms, p.At+1)
		}
	}
	if err := run.set("alarm", alarms); err != nil {
		return err
	}
	for _, r := range results {
		values := make([]any, len(points))
		for i, p := range points {
			values[i] = r.of(p)
		}
		if err := run.set(r.name, values); err != nil {
			return err
		}
	}
	return nil
}

// readSeries reads the series of a golden file. Without dates but with the
// first of them, steps are weeks, months or days by the frequency.
func readSeries(file *ordered) (outbreak.Series, error) {
	var observed []*float64
	var first *string
	var dates []string
	s := outbreak.Series{Freq: 52}
	for name, into := range map[string]any{"freq": &s.Freq, "observed": &observed, "population": &s.Pop, "first_date": &first, "dates": &dates} {
		if err := file.get(name, into); err != nil {
			return s, fmt.Errorf("%w: %s: %w", ErrUsage, name, err)
		}
	}
	for i, y := range observed {
		switch {
		case y == nil:
			s.Count = append(s.Count, outbreak.Missing)
		case *y < 0 || *y > math.MaxInt32 || *y != math.Trunc(*y):
			return s, fmt.Errorf("%w: observed %d: %v is no count", ErrUsage, i+1, *y)
		default:
			s.Count = append(s.Count, int32(*y))
		}
	}
	for _, text := range dates {
		d, err := vn.ParseDate(text)
		if err != nil {
			return s, fmt.Errorf("%w: dates: %w", ErrUsage, err)
		}
		s.Dates = append(s.Dates, d)
	}
	if dates == nil && first != nil {
		d, err := vn.ParseDate(*first)
		if err != nil {
			return s, fmt.Errorf("%w: first_date: %w", ErrUsage, err)
		}
		s.Dates = regularDates(d, s.Freq, len(s.Count))
	}
	return s, nil
}

// regularDates are the first days of n steps; nil for a frequency that is no
// week, month or day.
func regularDates(first vn.Date, freq, n int) []vn.Date {
	dates := make([]vn.Date, n)
	for i := range dates {
		switch freq {
		case 52:
			dates[i] = first.AddDays(7 * i)
		case 12:
			dates[i] = first.AddMonths(i)
		case 365:
			dates[i] = first.AddDays(i)
		default:
			return nil
		}
	}
	return dates
}

func keep(names []string, wanted ...string) []string {
	kept := names[:0]
	for _, n := range names {
		for _, w := range wanted {
			if n == w {
				kept = append(kept, n)
			}
		}
	}
	return kept
}
