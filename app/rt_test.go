// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// answers are the members of a run, or of a file, that a command computes.
var answers = []string{"t_start", "t_end", "Mean(R)", "Std(R)", "Quantile.0.025(R)", "Quantile.0.05(R)", "Quantile.0.25(R)",
	"Median(R)", "Quantile.0.75(R)", "Quantile.0.95(R)", "Quantile.0.975(R)", "w",
	"median", "lower", "upper", "delay_cdf", "reverse_hazard", "cdf", "point_estimate"}

// TestRtGolden and TestNowcastGolden ask the golden files again, without their
// answers, and compare what EpiEstim and surveillance found.
func TestRtGolden(t *testing.T) {
	golden(t, "rt", func(s Streams) error { return (&rtCmd{File: "-"}).Run(t.Context(), s) })
}

func TestNowcastGolden(t *testing.T) {
	golden(t, "nowcast", func(s Streams) error { return (&nowcastCmd{File: "-"}).Run(t.Context(), s) })
}

func golden(t *testing.T, kind string, run func(Streams) error) {
	t.Helper()
	files := goldenFiles(t, kind)
	c := comparison{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want, ask, got ordered
		if err := errors.Join(json.Unmarshal(text, &want), json.Unmarshal(text, &ask), strip(&ask)); err != nil {
			t.Fatal(err)
		}
		question, err := json.Marshal(ask)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := run(Streams{In: bytes.NewReader(question), Out: &out, Err: io.Discard}); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if err := c.object(filepath.Base(file), &got, &want); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range c.faults[:min(20, len(c.faults))] {
		t.Error(fault)
	}
	fmt.Printf("surveillance %s: %d files, %d values, %d mismatches\n", kind, len(files), c.values, len(c.faults))
}

// strip takes the answers out of a file. What a given interval is stays: only
// a parametric one is computed.
func strip(o *ordered) error {
	o.drop(answers...)
	var method string
	if err := o.get("method", &method); err != nil {
		return err
	}
	if method == "parametric_si" {
		o.drop("si_distr")
	}
	for _, list := range []string{"runs", "cases"} {
		if o.has(list) {
			if err := each(o, list, strip); err != nil {
				return err
			}
		}
	}
	return nil
}

// object compares all answers of an object and of those it lists; the Bayes
// nowcasts are not asked.
func (c *comparison) object(name string, got, want *ordered) error {
	for _, list := range []string{"runs", "cases"} {
		var g, w []*ordered
		if err := errors.Join(got.get(list, &g), want.get(list, &w)); err != nil {
			return err
		}
		if len(g) != len(w) {
			return fmt.Errorf("%s: %d %s, want %d", name, len(g), list, len(w))
		}
		for i := range w {
			if err := c.object(fmt.Sprintf("%s %s %d", name, list, i), g[i], w[i]); err != nil {
				return err
			}
		}
	}
	var method string
	if err := want.get("method", &method); err != nil || strings.HasPrefix(method, "bayes") {
		return err
	}
	for _, a := range append(slices.Clone(answers), "si_distr") {
		var g, w []*float64
		if err := errors.Join(got.get(a, &g), want.get(a, &w)); err != nil {
			return err
		}
		c.column(name+" "+a, g, w, 1e-6, 1e-9)
	}
	return nil
}

// TestRt: what is asked in other ways, and what cannot be.
func TestRt(t *testing.T) {
	rt := func(ctx context.Context, s Streams) error { return (&rtCmd{File: "-"}).Run(ctx, s) }
	now := func(ctx context.Context, s Streams) error { return (&nowcastCmd{File: "-"}).Run(ctx, s) }
	for _, c := range []struct {
		run             func(context.Context, Streams) error
		in, want, fails string
	}{
		{run: rt, in: `{"incidence":[1,2,3,4,5],"runs":[{"run":"x","method":"si_from_data","window":2,"Mean(R)":[9]}]}`,
			want: `{"incidence":[1,2,3,4,5],"runs":[{"run":"x","method":"si_from_data","window":2,"passed_over":"not computed here"}]}`},
		// Windows by their ends; cases of before the window count; R = (1+5)/(1/5+Λ), Λ = 1+2.
		{run: rt, in: `{"incidence":[1,2,3],"runs":[{"si_distr":[0,1],"t_start":[2],"t_end":[3]}]}`, want: `"Mean(R)":[1.875]`},
		{run: rt, in: `{"incidence":[1,2,3],"runs":[{"si_distr":[0,1],"t_start":[2],"t_end":[3]}]}`, want: `"few_cases":[3]`},
		// Imported among all, or beside the local ones: the same question.
		{run: rt, in: `{"incidence":[1,2,3],"imported":[1,1,0],"runs":[{"si_distr":[0,1],"t_start":[2],"t_end":[3]}]}`, want: `"Mean(R)":[1.5625]`},
		{run: rt, in: `{"incidence":[0,1,3],"imported":[1,1,0],"runs":[{"si_distr":[0,1],"t_start":[2],"t_end":[3]}]}`, want: `"Mean(R)":[1.5625]`},
		{run: rt, in: `{"incidence":[1,2,3,5,8,13,8,5,3],"runs":[{"method":"uncertain_si","mean_si":3,"std_mean_si":0.5,"min_mean_si":2,"max_mean_si":4,"std_si":2,"std_std_si":0.2,"min_std_si":1,"max_std_si":3,"window":3,"n1":5}]}`,
			want: `"t_end":[4,5,6,7,8,9]`},
		{run: rt, in: `{"incidence":[1,2],"imported":[1],"runs":[]}`, fails: "imported"},
		{run: rt, in: `{"incidence":[1,-2,3],"runs":[{"si_distr":[0,1],"window":1}]}`, fails: "outbreak.rt.incidence"},
		{run: rt, in: `{"incidence":[1,2,3],"runs":[{"si_distr":[0.5,0.5],"window":1}]}`, fails: "outbreak.rt.interval"},
		{run: rt, in: `{"incidence":[1,2,3],"runs":[{"method":"parametric_si","mean_si":0.9,"std_si":1,"window":1}]}`, fails: "outbreak.rt.interval"},
		{run: rt, in: `{"incidence":[1,2,3],"runs":[{"si_distr":[0,1],"t_start":[1],"t_end":[2]}]}`, fails: "outbreak.rt.window"},
		{run: rt, in: `{"incidence":[1,2,3],"runs":[{"si_distr":[0,1],"window":1,"mean_prior":0}]}`, fails: "outbreak.rt.prior"},
		{run: rt, in: `{"incidence":[1,2,3],"runs":[null]}`, fails: "runs[0]"},
		{run: rt, in: `[1]`, fails: ErrUsage.Error()},
		// Days that can be seen: 2 of 4 within the day, so the last one stands for 2.
		{run: now, in: `{"now":"2026-03-03","triangle":[[2,2],[2,2],[1,0]],"runs":[{"method":"lawless","when":["2026-03-03","2026-03-09"]}]}`,
			want: `"runs":[{"method":"lawless","when":["2026-03-03","2026-03-09"],"median":[2,null],"lower":[1,null],"upper":[3,null],"delay_cdf":[0.5,1,1]}]`},
		{run: now, in: `{"now":"2026-03-03","triangle":[[0,2],[0,2],[0,null]],"runs":[]}`, want: `"reverse_hazard":[null,1],"cdf":[0,1],"point_estimate":[2,2,null]`},
		{run: now, in: `{"now":"2026-03-03","triangle":[[0,2],[0]],"runs":[]}`, fails: "outbreak.nowcast.triangle"},
		{run: now, in: `{"now":"2026-03-03","triangle":[[0,-2],[0,0]],"runs":[]}`, fails: "outbreak.nowcast.triangle"},
		{run: now, in: `{"now":"2026-03-03","triangle":[[1]],"runs":[{"method":"lawless","control":{"alpha":0}}]}`, fails: "outbreak.nowcast.level"},
	} {
		var out bytes.Buffer
		err := c.run(t.Context(), Streams{In: strings.NewReader(c.in), Out: &out, Err: io.Discard})
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want %s", c.in, err, c.fails)
			}
			continue
		}
		if err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.in, err, out.String(), c.want)
		}
	}
}
