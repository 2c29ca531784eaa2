// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"

	"mach/outbreak"
	"mach/vn"
)

type nowcastCmd struct {
	File string `arg:"" help:"Golden file with a reporting triangle and runs; - for standard input."`
}

// lawlessSupport is the largest count that R's surveillance considers unless
// told otherwise (N.tInf.max).
const lawlessSupport = 300

// Run writes the file with delays, estimates and intervals computed anew.
func (c *nowcastCmd) Run(_ context.Context, s Streams) error {
	return recompute(c.File, s, func(file *ordered) error {
		var q nowcastQuestion
		if err := q.read(file); err != nil {
			return err
		}
		delays, err := q.triangle.Delays()
		if err != nil {
			return err
		}
		now, err := q.triangle.Lawless(0.95, 0)
		if err != nil {
			return err
		}
		hazard, estimate := make([]*float64, len(delays.Hazard)), make([]*float64, len(now))
		for d := range hazard {
			if delays.Known[d] {
				hazard[d] = &delays.Hazard[d]
			}
		}
		for i := range estimate {
			if now[i].Reason == outbreak.Judged {
				estimate[i] = &now[i].Estimate
			}
		}
		if err := setAll(file, result{"reverse_hazard", hazard}, result{"cdf", delays.Within}, result{"point_estimate", estimate}); err != nil {
			return err
		}
		return each(file, "runs", func(o *ordered) error { return q.run(o, delays) })
	})
}

// nowcastQuestion is what all runs of a file share.
type nowcastQuestion struct {
	triangle outbreak.Triangle
	first    vn.Date // day of the first row
}

func (q *nowcastQuestion) read(file *ordered) error {
	var first, now string
	var rows [][]*int32
	for name, to := range map[string]any{"first_event_date": &first, "now": &now, "triangle": &rows} {
		if err := file.get(name, to); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, row := range rows { // null: not known yet
		counts := make([]int32, len(row))
		for d, n := range row {
			if n != nil {
				counts[d] = *n
			}
		}
		q.triangle = append(q.triangle, counts)
	}
	var err error
	switch {
	case first != "":
		q.first, err = vn.ParseDate(first)
	case now != "":
		q.first, err = vn.ParseDate(now)
		q.first = q.first.AddDays(1 - len(rows))
	}
	return err
}

func (q *nowcastQuestion) run(o *ordered, delays outbreak.Delays) error {
	var method string
	control := struct {
		Alpha   float64 `json:"alpha"`
		Support int     `json:"N.tInf.max"`
	}{0.05, lawlessSupport}
	var when []string
	for name, to := range map[string]any{"method": &method, "when": &when, "control": &control} {
		if err := o.get(name, to); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	o.drop("median", "lower", "upper", "delay_cdf")
	var rows []outbreak.Now
	var err error
	switch method {
	case "lawless":
		rows, err = q.triangle.Lawless(1-control.Alpha, control.Support)
	case "predictive": // ours, the one that people see
		rows, err = q.triangle.Nowcast(1 - control.Alpha)
	default:
		return o.set("passed_over", "not computed here")
	}
	if err != nil {
		return err
	}
	if when == nil {
		for t := max(0, len(rows)-15); t < len(rows)-1; t++ {
			when = append(when, q.first.AddDays(t).String())
		}
	}
	median, lower, upper := make([]*float64, len(when)), make([]*float64, len(when)), make([]*float64, len(when))
	for i, day := range when {
		d, err := vn.ParseDate(day)
		if err != nil {
			return fmt.Errorf("when: %w", err)
		}
		if t := int(d - q.first); t >= 0 && t < len(rows) {
			median[i], lower[i], upper[i] = &rows[t].Median, &rows[t].Low, &rows[t].High
		}
	}
	cdf := make([]float64, len(rows))
	for d := range cdf {
		cdf[d] = 1
		if d < len(delays.Within) {
			cdf[d] = delays.Within[d]
		}
	}
	return setAll(o, result{"when", when}, result{"median", median}, result{"lower", lower}, result{"upper", upper}, result{"delay_cdf", cdf})
}
