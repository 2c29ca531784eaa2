// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goldenRun is a run of R in a golden file; null is nil.
type goldenRun struct {
	Algo    string `json:"algo"`
	Control struct {
		ThresholdMethod string `json:"thresholdMethod"`
	} `json:"control"`
	From      int        `json:"from"`
	Alarm     []int      `json:"alarm"`
	Expected  []*float64 `json:"expected"`
	Upper     []*float64 `json:"upper"`
	Phi       []*float64 `json:"phi"`
	Mu0       []*float64 `json:"mu0"`
	Statistic []*float64 `json:"statistic"`
	PValue    []*float64 `json:"pvalue"`
	Trend     []*float64 `json:"trend"`
	Slope     []*float64 `json:"trend_coef"`
}

type goldenSeries struct {
	ID   string      `json:"id"`
	Runs []goldenRun `json:"runs"`
}

// goldenFiles are those of a kind beside the public suites, or the test is
// skipped.
func goldenFiles(t *testing.T, kind string) []string {
	t.Helper()
	root := os.Getenv("MACH_SUITES")
	if root == "" {
		root = "../../shared/suites"
	}
	files, err := filepath.Glob(filepath.Join(root, "../golden/surveillance", kind, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("skipped: no golden data of surveillance")
	}
	return files
}

// TestDetectGolden runs mach detect over what R found: alarms, trends and
// bounds that are counts are equal, real numbers to a part in a million.
func TestDetectGolden(t *testing.T) {
	for _, kind := range []string{"temporal", "sim"} {
		files := goldenFiles(t, kind)
		c := comparison{}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want, got goldenSeries
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(detected(t, questions(t, text)), &got); err != nil {
				t.Fatal(err)
			}
			c.series(want, got)
		}
		for _, fault := range c.faults[:min(20, len(c.faults))] {
			t.Error(fault)
		}
		fmt.Printf("surveillance %s: %d files, %d values, %d mismatches\n", kind, len(files), c.values, len(c.faults))
	}
}

// questions leaves of a golden file what is asked, so that no answer can be
// carried over.
func questions(t *testing.T, text []byte) []byte {
	t.Helper()
	var file ordered
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	err := each(&file, "runs", func(run *ordered) error {
		run.names = keep(run.names, "algo", "control", "from", "to")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func detected(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	cmd := detectCmd{File: "-"}
	if err := cmd.Run(t.Context(), Streams{In: bytes.NewReader(text), Out: &out, Err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// comparison counts values and collects those that differ.
type comparison struct {
	values int
	faults []string
}

func (c *comparison) series(want, got goldenSeries) {
	for i, w := range want.Runs {
		g, name := got.Runs[i], fmt.Sprintf("%s#%d %s", want.ID, i, w.Algo)
		if w.Algo == "algo.rki" { // not asked
			continue
		}
		c.values++
		slices.Sort(w.Alarm)
		if !slices.Equal(g.Alarm, w.Alarm) {
			c.faults = append(c.faults, fmt.Sprintf("%s: alarms %v, want %v", name, g.Alarm, w.Alarm))
		}
		// An all-zero baseline does not converge in R.
		if want.ID == "edge@zero" && w.Algo == "farringtonFlexible" {
			continue
		}
		quantile := w.Control.ThresholdMethod == "nbPlugin" || w.Control.ThresholdMethod == "muan"
		c.column(name+" expected", g.Expected, w.Expected, 1e-6, 1e-9)
		if quantile {
			c.column(name+" upper", g.Upper, w.Upper, 0, 0)
		} else {
			c.column(name+" upper", g.Upper, w.Upper, 1e-6, 1e-9)
		}
		if w.Control.ThresholdMethod != "muan" {
			c.column(name+" mu0", g.Mu0, w.Mu0, 1e-6, 1e-9)
		}
		c.column(name+" phi", g.Phi, w.Phi, 1e-6, 1e-9)
		c.column(name+" statistic", g.Statistic, w.Statistic, 1e-6, 1e-9)
		c.column(name+" pvalue", g.PValue, w.PValue, 1e-6, 1e-12)
		if want.ID != "edge@const5" { // its forecast ties with its highest count
			c.trends(name, g, w)
		}
	}
}

// trends compares the flags where the slope is more than rounding.
func (c *comparison) trends(name string, g, w goldenRun) {
	if len(g.Trend) != len(w.Trend) || len(g.Slope) != len(w.Slope) {
		c.faults = append(c.faults, fmt.Sprintf("%s: %d trends and %d slopes, want %d and %d", name, len(g.Trend), len(g.Slope), len(w.Trend), len(w.Slope)))
		return
	}
	var got, want, slope, wantSlope []*float64
	for i, flag := range w.Trend {
		if w.Slope[i] == nil || math.Abs(*w.Slope[i]) >= 1e-12 {
			got, want = append(got, g.Trend[i]), append(want, flag)
			slope, wantSlope = append(slope, g.Slope[i]), append(wantSlope, w.Slope[i])
		}
	}
	c.column(name+" trend", got, want, 0, 0)
	c.column(name+" trend_coef", slope, wantSlope, 1e-6, 1e-9)
}

func (c *comparison) column(name string, got, want []*float64, rel, abs float64) {
	if want == nil {
		return
	}
	if len(got) != len(want) {
		c.faults = append(c.faults, fmt.Sprintf("%s: %d values, want %d", name, len(got), len(want)))
		return
	}
	for i, w := range want {
		c.values++
		g := got[i]
		if g == nil && w == nil || g != nil && w != nil && math.Abs(*g-*w) <= max(abs, rel*math.Abs(*w)) {
			continue
		}
		c.faults = append(c.faults, fmt.Sprintf("%s[%d]: %s, want %s", name, i, shown(g), shown(w)))
	}
}

func shown(v *float64) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(*v)
}

// TestDetect: what is not known is passed over with a word, what cannot be is
// refused, and the file keeps its order and everything that is not asked.
func TestDetect(t *testing.T) {
	const head = `{"format":"golden-temporal/1","id":"x","freq":12,"observed":[1,2,null,3,4,5,6,7,8,9,1,2,3],"note":{"kept":[1.50]},"runs":[`
	for _, c := range []struct{ run, want, fails string }{
		{run: `{"algo":"algo.rki","control":{"b":0},"from":5,"to":6,"upper":[1,2]}`,
			want: `{"algo":"algo.rki","control":{"b":0},"from":5,"to":6,"passed_over":"not computed here"}`},
		{run: `{"algo":"farrington","control":{"b":1,"w":0},"from":13,"to":13}`,
			want: `{"algo":"farrington","control":{"b":1,"w":0},"from":13,"to":13,"alarm":[],"upper":[null]}`},
		{run: `{"algo":"farrington","from":14,"to":14}`, fails: "outbreak.series.range"},
		{run: `{"algo":"farrington","from":3,"to":2}`, fails: "outbreak.series.range"},
		{run: `{"algo":"farrington","control":{"alpha":1.5},"from":13,"to":13}`, fails: "outbreak.setting"},
		{run: `{"algo":"farringtonFlexible","control":{"thresholdMethod":"magic"},"from":13,"to":13}`, fails: "outbreak.setting"},
		{run: `{"algo":"farringtonFlexible","control":{"b":"five"},"from":13,"to":13}`, fails: ErrUsage.Error()},
	} {
		var out, errs bytes.Buffer
		cmd := detectCmd{File: "-"}
		err := cmd.Run(t.Context(), Streams{In: strings.NewReader(head + c.run + "]}"), Out: &out, Err: &errs})
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want %s", c.run, err, c.fails)
			}
			continue
		}
		if want := head + c.want + "]}\n"; err != nil || out.String() != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.run, err, out.String(), want)
		}
	}
	var out bytes.Buffer
	cmd := detectCmd{File: "-"}
	for _, text := range []string{`{`, `[]`, `{"observed":[1.5],"runs":[]}`, `{"observed":[-3],"runs":[]}`} {
		if err := cmd.Run(t.Context(), Streams{In: strings.NewReader(text), Out: &out, Err: &out}); !errors.Is(err, ErrUsage) {
			t.Errorf("%s: %v, want wrong use", text, err)
		}
	}
}
