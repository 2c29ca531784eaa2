// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"mach/outbreak"
)

type rtCmd struct {
	File string `arg:"" help:"Golden file with incidence and runs, or with cases of serial intervals; - for standard input."`
}

// Run writes the file with the reproduction numbers of each run computed anew.
func (c *rtCmd) Run(_ context.Context, s Streams) error {
	return recompute(c.File, s, func(file *ordered) error {
		if file.has("cases") {
			return each(file, "cases", intervalCase)
		}
		q := rtQuestion{}
		for name, to := range map[string]any{"incidence": &q.incidence, "imported": &q.imported} {
			if err := file.get(name, to); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if q.imported != nil && len(q.imported) != len(q.incidence) {
			return fmt.Errorf("imported: %d days, incidence: %d", len(q.imported), len(q.incidence))
		}
		return each(file, "runs", q.run)
	})
}

// recompute reads a file, lets do write its results into it, and writes it on
// one line. What cannot be read or computed is refused.
func recompute(name string, s Streams, do func(*ordered) error) error {
	b, err := readFile(name, s.In)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	var file ordered
	if err := json.Unmarshal(b, &file); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if err := do(&file); err != nil {
		return inWords(err)
	}
	out := json.NewEncoder(s.Out)
	out.SetEscapeHTML(false)
	return out.Encode(file)
}

// each lets do rewrite every object of a list.
func each(file *ordered, list string, do func(*ordered) error) error {
	var all []*ordered
	if err := file.get(list, &all); err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	for i, o := range all {
		if o == nil {
			return fmt.Errorf("%s[%d]: null", list, i)
		}
		if err := do(o); err != nil {
			return fmt.Errorf("%s[%d]: %w", list, i, err)
		}
	}
	return file.set(list, all)
}

// intervalCase computes a serial interval on the days asked for.
func intervalCase(c *ordered) error {
	var mean, sd float64
	var days []int
	for name, to := range map[string]any{"mean": &mean, "sd": &sd, "k": &days} {
		if err := c.get(name, to); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	last := 0
	for _, k := range days {
		last = max(last, k)
	}
	all, err := outbreak.DiscreteInterval(mean, sd, last+1)
	if err != nil {
		return err
	}
	w := make([]float64, len(days))
	for i, k := range days {
		if k > 0 {
			w[i] = all[k]
		}
	}
	return c.set("w", w)
}

// rtQuestion is what all runs of a file share.
type rtQuestion struct{ incidence, imported []float64 }

// arrivals reads incidence as all cases, imported among them; where more were
// imported than there are cases, it holds the local ones alone, as the two
// columns that EpiEstim takes.
func (q rtQuestion) arrivals() outbreak.Incidence {
	all := append([]float64(nil), q.incidence...)
	for t, n := range q.imported {
		if n > q.incidence[t] {
			for i := range all {
				all[i] += q.imported[i]
			}
			break
		}
	}
	return outbreak.Arrivals(all, q.imported)
}

// rtRun is what one run asks.
type rtRun struct {
	run, method string
	window      int
	from, to    []int
	prior       outbreak.Prior
	mean, sd    outbreak.Spread
	interval    outbreak.SerialInterval
	count       int
}

func (q rtQuestion) run(o *ordered) error {
	r, err := readRtRun(o)
	if err != nil {
		return err
	}
	cases := q.arrivals()
	windows := outbreak.Windows(len(q.incidence), r.window)
	if r.window == 0 {
		if windows, err = r.windows(); err != nil {
			return err
		}
	}
	o.drop("t_start", "t_end")
	o.drop(rtResults()...)
	switch {
	case r.method == "wallinga_teunis" || strings.Contains(r.run, "wallinga"):
		return r.wallinga(o, cases, windows)
	case r.method == "parametric_si" || r.method == "" && r.mean.Mean > 0:
		r.interval, err = outbreak.DiscreteInterval(r.mean.Mean, r.sd.Mean, len(q.incidence))
		if err == nil {
			err = o.set("si_distr", append(r.interval, 0))
		}
	case r.method == "uncertain_si":
		return r.uncertain(o, cases, windows)
	case r.method != "" && r.method != "non_parametric_si":
		return o.set("passed_over", "not computed here")
	}
	if err != nil {
		return err
	}
	found, err := outbreak.Cori(cases, r.prior, windows, r.interval)
	if err != nil {
		return err
	}
	return writeRt(o, found)
}

func readRtRun(o *ordered) (rtRun, error) {
	r := rtRun{prior: outbreak.UsualPrior, count: 100}
	for name, to := range map[string]any{
		"run": &r.run, "method": &r.method, "window": &r.window, "t_start": &r.from, "t_end": &r.to,
		"mean_prior": &r.prior.Mean, "std_prior": &r.prior.SD, "si_distr": &r.interval, "n1": &r.count,
		"mean_si": &r.mean.Mean, "std_mean_si": &r.mean.SD, "min_mean_si": &r.mean.Min, "max_mean_si": &r.mean.Max,
		"std_si": &r.sd.Mean, "std_std_si": &r.sd.SD, "min_std_si": &r.sd.Min, "max_std_si": &r.sd.Max,
	} {
		if err := o.get(name, to); err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
	}
	if r.window == 0 && r.from == nil {
		r.window = 7
	}
	return r, nil
}

// windows are those listed, in days counted from 1.
func (r rtRun) windows() ([]outbreak.Window, error) {
	if len(r.from) != len(r.to) {
		return nil, fmt.Errorf("t_start: %d windows, t_end: %d", len(r.from), len(r.to))
	}
	out := make([]outbreak.Window, len(r.from))
	for i := range out {
		out[i] = outbreak.Window{From: r.from[i] - 1, To: r.to[i] - 1}
	}
	return out, nil
}

func (r rtRun) uncertain(o *ordered, c outbreak.Incidence, windows []outbreak.Window) error {
	intervals, err := outbreak.UncertainInterval(r.mean, r.sd, len(c.Local), r.count)
	if err != nil {
		return err
	}
	found, err := outbreak.Cori(c, r.prior, windows, intervals...)
	if err != nil {
		return err
	}
	return writeRt(o, found)
}

// wallinga lists the windows that hold a case and do not begin before the
// first one, as EpiEstim does.
func (r rtRun) wallinga(o *ordered, c outbreak.Incidence, windows []outbreak.Window) error {
	if r.interval == nil && r.mean.Mean > 0 {
		var err error
		if r.interval, err = outbreak.DiscreteInterval(r.mean.Mean, r.sd.Mean, len(c.Local)); err != nil {
			return err
		}
	}
	found, err := outbreak.WallingaTeunis(c, windows, r.interval)
	if err != nil {
		return err
	}
	first := 0
	for first < len(c.Local) && c.Local[first]+c.Imported[first] == 0 {
		first++
	}
	from, to, mean := []int{}, []int{}, []float64{}
	for _, x := range found {
		if x.Reason != outbreak.NoBaseline && x.From >= first {
			from, to, mean = append(from, x.From+1), append(to, x.To+1), append(mean, x.Mean)
		}
	}
	return setAll(o, result{"t_start", from}, result{"t_end", to}, result{"Mean(R)", mean})
}

// result is a member to write.
type result struct {
	name  string
	value any
}

func setAll(o *ordered, all ...result) error {
	for _, r := range all {
		if err := o.set(r.name, r.value); err != nil {
			return err
		}
	}
	return nil
}

// rtQuantiles are the quantiles of EpiEstim's table.
var rtQuantiles = []struct {
	name string
	p    float64
}{
	{"Quantile.0.025(R)", 0.025}, {"Quantile.0.05(R)", 0.05}, {"Quantile.0.25(R)", 0.25}, {"Median(R)", 0.5},
	{"Quantile.0.75(R)", 0.75}, {"Quantile.0.95(R)", 0.95}, {"Quantile.0.975(R)", 0.975},
}

func rtResults() []string {
	names := []string{"Mean(R)", "Std(R)", "few_cases"}
	for _, q := range rtQuantiles {
		names = append(names, q.name)
	}
	return names
}

// writeRt writes EpiEstim's table, null where a number is not known, and which
// windows hold too few cases for their numbers to be shown.
func writeRt(o *ordered, found []outbreak.Rt) error {
	n := len(found)
	from, to, few := make([]int, n), make([]int, n), []int{}
	mean, sd := make([]*float64, n), make([]*float64, n)
	for i, r := range found {
		from[i], to[i] = r.From+1, r.To+1
		if r.Reason == outbreak.TooFewCases {
			few = append(few, r.To+1)
		}
		if r.Known() {
			mean[i], sd[i] = &found[i].Mean, &found[i].SD
		}
	}
	if err := setAll(o, result{"t_start", from}, result{"t_end", to}, result{"Mean(R)", mean}, result{"Std(R)", sd}); err != nil {
		return err
	}
	for _, q := range rtQuantiles {
		values := make([]*float64, n)
		for i, r := range found {
			if r.Known() {
				values[i] = finite(r.Quantile(q.p))
			}
		}
		if err := o.set(q.name, values); err != nil {
			return err
		}
	}
	return o.set("few_cases", few)
}

// finite is nil for what JSON cannot say.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
