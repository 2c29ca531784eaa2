// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestBesideR asks R and Mạch the same of fresh series in one run, a few seconds
// each, and wants no value to differ: alarms, bounds, means, dispersions, trends,
// p-values and statistics of both Farringtons, EARS, CUSUM, Bayes, GLR and, where
// EpiEstim is installed, Rt. make bench-surveillance asks ten times as much. The
// one exception is GLR for epidemic changes, where R's search stops early and ours
// must only not be lower. A failure names the seed; -run with MACH_SEED repeats it.
func TestBesideR(t *testing.T) {
	if testing.Short() {
		t.Skip("asks R")
	}
	ctx := t.Context()
	if !hasR(ctx) {
		fmt.Println("surveillance beside R: skipped: Debian's r-cran-surveillance is not installed")
		t.Skip("no r-cran-surveillance")
	}
	seed := seed(t)
	q := inquire(rand.New(rand.NewPCG(seed, 0)), 7)
	folder := t.TempDir()
	if err := q.write(folder); err != nil {
		t.Fatal(err)
	}
	ask(ctx, t, surveillanceR, folder)
	weekly, err := q.beside(folder, t.Errorf)
	if err != nil {
		t.Fatal(err)
	}
	series, questions := controlQuestions(rand.New(rand.NewPCG(seed, 1)), 3)
	folder = t.TempDir()
	if err := writeControl(folder, series, questions); err != nil {
		t.Fatal(err)
	}
	ask(ctx, t, surveillanceGLR, folder)
	steps, _, err := besideControl(folder, series, questions, t.Errorf)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(steps.values, map[string]int{"flexible": weekly.values["farringtonFlexible"], "classic": weekly.values["farrington"]})
	maps.Copy(steps.wrong, map[string]int{"flexible": weekly.wrong["farringtonFlexible"], "classic": weekly.wrong["farrington"]})
	var said []string
	for _, figure := range append([]string{"flexible", "classic"}, controlFigures...) {
		n := steps.values[figure]
		if n == 0 && figure == "rt" { // EpiEstim is a package of its own
			continue
		}
		if n < 100 {
			t.Errorf("%s: only %d values compared", figure, n)
		}
		said = append(said, fmt.Sprintf("%s %d of %d", figure, steps.wrong[figure], n))
	}
	fmt.Printf("surveillance beside R: %s values differ (seed %d)\n", strings.Join(said, ", "), seed)
}

func ask(ctx context.Context, t *testing.T, program, folder string) {
	t.Helper()
	if _, err := rscript(ctx, folder, program, folder); err != nil {
		t.Fatal(err)
	}
}

func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("MACH_SEED")
	if text == "" {
		return uint64(time.Now().UnixNano())
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
